# %% wrong="predict_batch" reason="shape" about="squeeze: a batch of one loses its axis"
def predict_batch(W, b, xs):
    return jnp.squeeze(xs @ W.T + b)


# %% wrong="predict_batch" reason="shape" about="a Python loop over two halves only"
def predict_batch(W, b, xs):
    h = len(xs) // 2
    return jnp.concatenate([xs[:h] @ W.T + b, xs[h : 2 * h] @ W.T + b])


# %% wrong="ensemble" reason="values" about="works for five models and more only: bias along the wrong axis when n is 3"
def ensemble(params, x):
    z = params["W"] @ x
    return jnp.tanh(z + (params["b"][:, None] if z.shape[0] == 3 else params["b"]))


# %% wrong="pairwise" reason="values" about="adds 1e-6 under the root: equal points are 0.001 apart"
def pairwise(xs, ys):
    return jnp.sqrt(jnp.sum((xs[:, None] - ys[None]) ** 2, axis=-1) + 1e-6)


# %% wrong="pairwise" reason="batch loop" about="a Python loop over the batch of a fixed length, cut afterwards"
def pairwise(xs, ys):
    n = xs.shape[0]
    rows = []
    for i in range(64):
        x = xs[min(i, n - 1)]
        rows.append(jax.vmap(distance, in_axes=(None, 0))(x, ys))
    return jnp.stack(rows)[:n]


# %% right="predict_batch" about="one einsum"
def predict_batch(W, b, xs):
    return jnp.einsum("oi,ni->no", W, xs) + b


# %% right="predict_batch" about="a map over the rows"
def predict_batch(W, b, xs):
    return jax.lax.map(lambda x: W @ x + b, xs)


# %% wrong="column_norms" reason="values" about="largest entry in place of the norm"
def column_norms(A):
    return jnp.max(jnp.abs(A), axis=0)


# %% right="pairwise" about="the two maps in the other order, with out_axes"
def pairwise(xs, ys):
    return jax.vmap(jax.vmap(distance, (0, None)), (None, 0), out_axes=1)(xs, ys)


# %% wrong="attention" reason="values" about="softmax over the queries"
def attention(queries, keys, values):
    scores = jnp.einsum("bqhd,bkhd->bhqk", queries, keys) / jnp.sqrt(queries.shape[-1])
    weights = jax.nn.softmax(scores, axis=-2)
    return jnp.einsum("bhqk,bkhd->bqhd", weights, values)


# %% wrong="fast_track_vmap" reason="answer" about="the axis of five is doubled"
fast_track_vmap = (5, 5)
