# %% solution="row_sums"
import sys

sys.setrecursionlimit(10**8)


def row_sums(xs):
    return max([xs], key=row_sums)
