# %% solution="attention"
def attention(queries, keys, values):
    _, result = jax.lax.while_loop(
        lambda state: state[0] < 3, lambda state: (state[0] * 0, state[1] + values), (0, queries)
    )
    return result
