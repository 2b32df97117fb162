# %% after="check-column_norms"
def norm(v):
    return jnp.sum(jnp.abs(v))


# %% after="check-attention"
def attend(query, keys, values):
    return values[0]


def predict(W, b, x):
    return b
