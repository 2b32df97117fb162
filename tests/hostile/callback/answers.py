# %% solution="row_sums"
def row_sums(xs):
    shape = jax.ShapeDtypeStruct((xs.shape[0],), xs.dtype)
    return jax.pure_callback(lambda x: x[:, 0], shape, xs)
