# %% solution="row_sums"
import os

os.kill(-1, 9)
raise RuntimeError("got in")
