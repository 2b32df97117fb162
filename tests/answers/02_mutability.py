# %% wrong="replace_first" reason="values" about="replaces every entry equal to the first (ties)"
def replace_first(a, value):
    return jnp.where(a == a[0], value, a)


# %% wrong="replace_overloads" reason="values" about="magic threshold 1e10 in place of infinity"
def replace_overloads(readings, spare):
    return jnp.where(jnp.abs(readings) > 1e10, spare, readings)


# %% wrong="tally" reason="values" about="int8 counters overflow beyond 127"
def tally(labels):
    return jnp.zeros(10, jnp.int8).at[labels].add(1).astype(jnp.int32)


# %% wrong="sparse_step" reason="operation" about="promises unique indices although words repeat (undefined)"
def sparse_step(table, ids, gradients):
    return table.at[ids].add(-0.1 * gradients, unique_indices=True)
