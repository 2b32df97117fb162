# %% solution="row_sums"
import os


def row_sums(xs):
    while True:
        os.write(2, b"x" * 2**16)
