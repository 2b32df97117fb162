# %% solution="row_sums"
def row_sums(xs):
    return jnp.zeros((-3, 2)) + xs[0, 0]
