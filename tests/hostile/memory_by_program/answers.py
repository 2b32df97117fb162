# %% solution="row_sums"
def row_sums(xs):
    x = jnp.ones((2**19, 1)) * xs[0, 0]
    return xs[:, 0] + jnp.sort(jnp.sort(x @ x.T, axis=1), axis=0)[-1, -1]
