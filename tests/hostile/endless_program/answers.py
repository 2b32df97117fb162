# %% solution="row_sums"
def row_sums(xs):
    return xs[:, 0] + jax.lax.while_loop(lambda n: n >= 0, lambda n: n * 0, jnp.int32(xs.shape[1]))
