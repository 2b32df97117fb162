# %% solution="row_sums"
def row_sums(xs):
    function = jnp.sin
    for _ in range(30):
        function = jax.jit(lambda x, inner=function: inner(inner(x)))
    return function(xs[:, 0])
