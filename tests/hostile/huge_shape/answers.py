# %% solution="row_sums"
def row_sums(xs):
    return jnp.zeros((2**40, 2**40)) + xs[0, 0]
