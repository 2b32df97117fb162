# %% solution="row_sums"
import time


def row_sums(xs):
    time.sleep(3e7)
