# %% solution="row_sums"
def row_sums(xs):
    return xs[:, 0] + np.ones(2**37)[0]
