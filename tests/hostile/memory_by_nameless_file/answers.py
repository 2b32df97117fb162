# %% solution="row_sums"
import os


def row_sums(xs):
    file = os.memfd_create("memory")
    os.truncate(file, 2**20)
    raise RuntimeError("got in")
