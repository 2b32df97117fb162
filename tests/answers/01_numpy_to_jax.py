# %% wrong="first_three_positive" reason="values" about="wrong only when all are positive or x is short: uses len(x) - 1 as the filler"
def first_three_positive(x):
    i = jnp.nonzero(x > 0, size=3, fill_value=x.size - 1)[0]
    return jnp.where(x[i] > 0, i, -1)


# %% wrong="compact_positive" reason="shape" about="squeeze: an array of one entry loses its axis"
def compact_positive(x):
    order = jnp.argsort(x <= 0)
    return jnp.maximum(x[order], 0.0).squeeze()


# %% right="compact_positive" about="places by associative_scan in place of cumsum (its work is n log n, its length log n)"
def compact_positive(x):
    keep = x > 0
    place = jax.lax.associative_scan(jnp.add, keep.astype(jnp.int32)) - 1
    return jnp.zeros_like(x).at[jnp.where(keep, place, x.size)].set(x, mode="drop")


# %% right="first_three_positive" about="counts by associative_scan"
def first_three_positive(x):
    c = jax.lax.associative_scan(jnp.add, (x > 0).astype(jnp.int32))
    hit = (c[None] == jnp.arange(1, 4)[:, None]) & (x > 0)
    return jnp.where(hit.any(1), hit.argmax(1), -1)
