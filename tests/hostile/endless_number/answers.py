# %% solution="row_sums"
def row_sums(xs):
    return xs[:, 0] * (9**9**9 % 7)
