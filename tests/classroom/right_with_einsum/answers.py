# %% solution="predict_batch"
def predict_batch(W, b, xs):
    return jnp.einsum("ij,nj->ni", W, xs) + b


# %% solution="column_norms"
def column_norms(A):
    return jnp.sqrt(jnp.einsum("dn,dn->n", A, A))


# %% solution="predict_columns"
def predict_columns(W, b, xs):
    return W @ xs + b[:, None]


# %% solution="ensemble"
def ensemble(params, x):
    return jnp.tanh(jnp.einsum("nij,j->ni", params["W"], x) + params["b"])


# %% solution="attention"
def attention(queries, keys, values):
    scores = jnp.einsum("bqhd,bkhd->bhqk", queries, keys) / jnp.sqrt(queries.shape[-1])
    return jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(scores), values)
