# %% solution="row_sums"
import os

left = [one for one in os.listdir(os.environ.get("HOME", "/")) if one != "profile_default"]
if left:
    raise RuntimeError(f"got in: {left}")
raise LookupError("the folder is empty")
