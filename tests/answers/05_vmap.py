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


# %% wrong="pairwise" reason="batch loop" earns=0.5 about="a Python loop over the batch of a fixed length, cut afterwards" misconception="loops over the first list in Python"
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


# %% right="fast_track_vmap" about="a list in place of a tuple"
fast_track_vmap = [7, 5]


# %% right="fast_track_vmap" about="read off the shape of an array"
fast_track_vmap = jnp.zeros((5, 7)).T.shape


# %% wrong="fast_track_vmap" reason="answer" about="the shape of the two batches stacked"
fast_track_vmap = (12, 3)


# %% wrong="fast_track_vmap" reason="answer" about="the number of results"
fast_track_vmap = 35


# %% wrong="predict_batch" reason="batch loop" earns=0.5 about="a loop over a hundred examples, cut afterwards" misconception="calls `predict` once per example in a Python loop"
def predict_batch(W, b, xs):
    n = len(xs)
    return jnp.stack([predict(W, b, xs[min(i, n - 1)]) for i in range(100)])[:n]


# %% wrong="predict_batch" reason="values" about="adds the bias once per weight"
def predict_batch(W, b, xs):
    return jnp.sum(W[None] * xs[:, None, :] + b[None, :, None], axis=-1)


# %% wrong="predict_batch" reason="values" about="takes the bias away"
def predict_batch(W, b, xs):
    return xs @ W.T - b


# %% wrong="predict_batch" reason="values" about="the same example for the whole batch"
def predict_batch(W, b, xs):
    return jnp.broadcast_to(predict(W, b, xs[0]), (xs.shape[0], 3))


# %% wrong="predict_batch" reason="dtype" about="computes in half precision"
def predict_batch(W, b, xs):
    return jax.vmap(predict, in_axes=(None, None, 0))(
        W.astype(jnp.bfloat16), b.astype(jnp.bfloat16), xs.astype(jnp.bfloat16)
    )


# %% wrong="predict_batch" reason="values" about="half precision, and back to float32"
def predict_batch(W, b, xs):
    half = xs.astype(jnp.bfloat16) @ W.T.astype(jnp.bfloat16)
    return half.astype(jnp.float32) + b


# %% wrong="predict_batch" reason="values" about="normalises over the batch on the way"
def predict_batch(W, b, xs):
    return (xs - xs.mean(0)) @ W.T + b


# %% right="predict_batch" about="a closure over the weights"
def predict_batch(W, b, xs):
    return jax.vmap(lambda x: predict(W, b, x))(xs)


# %% right="predict_batch" about="functools.partial and vmap"
def predict_batch(W, b, xs):
    import functools

    return jax.vmap(functools.partial(predict, W, b))(xs)


# %% right="predict_batch" about="jnp.vectorize with a signature"
def predict_batch(W, b, xs):
    return jnp.vectorize(predict, signature="(o,i),(o),(i)->(o)")(W, b, xs)


# %% right="predict_batch" about="the bias as one more weight"
def predict_batch(W, b, xs):
    weights = jnp.concatenate([W, b[:, None]], axis=1)
    return jnp.concatenate([xs, jnp.ones((xs.shape[0], 1))], axis=1) @ weights.T


# %% right="predict_batch" about="jitted, with out_axes and a transpose"
@jax.jit
def predict_batch(W, b, xs):
    return jax.vmap(predict, in_axes=(None, None, 0), out_axes=1)(W, b, xs).T


# %% wrong="column_norms" reason="values" about="adds 1e-6 under the root: a column of zeros has a length"
def column_norms(A):
    return jnp.sqrt(jnp.sum(A**2, axis=0) + 1e-6)


# %% wrong="column_norms" reason="values" about="the sum of the magnitudes"
def column_norms(A):
    return jnp.abs(A).sum(axis=0)


# %% wrong="column_norms" reason="values" about="the root of the mean square"
def column_norms(A):
    return jnp.sqrt(jnp.mean(A**2, axis=0))


# %% wrong="column_norms" reason="values" about="the standard deviation, as if the mean were zero"
def column_norms(A):
    return jnp.sqrt(5.0) * jnp.std(A, axis=0)


# %% wrong="column_norms" reason="values" about="divides by zero to be safe: a column of zeros gives nan"
def column_norms(A):
    norms = jnp.linalg.norm(A, axis=0)
    return jnp.sum((A / norms) * A, axis=0)


# %% wrong="column_norms" reason="shape" about="keeps the summed axis"
def column_norms(A):
    return jnp.linalg.norm(A, axis=0, keepdims=True)


# %% wrong="column_norms" reason="shape" about="squeezes the norm of one column to a number"
def column_norms(A):
    return jnp.linalg.norm(A, axis=0, keepdims=True).squeeze()


# %% wrong="column_norms" reason="operation" about="swaps the axes by einsum first" misconception="turns the matrix first"
def column_norms(A):
    return jax.vmap(norm)(jnp.einsum("dn->nd", A))


# %% right="column_norms" about="einsum of the matrix with itself"
def column_norms(A):
    return jnp.sqrt(jnp.einsum("dn,dn->n", A, A))


# %% right="column_norms" about="a negative axis"
def column_norms(A):
    return jax.vmap(norm, in_axes=-1, out_axes=-1)(A)


# %% right="column_norms" about="hypot, one row after the other"
def column_norms(A):
    total = jnp.zeros(A.shape[1])
    for row in A:
        total = jnp.hypot(total, row)
    return total


# %% right="column_norms" about="a scan over the rows"
def column_norms(A):
    squares, _ = jax.lax.scan(lambda s, row: (s + row * row, None), jnp.zeros(A.shape[1]), A)
    return jnp.sqrt(squares)


# %% right="column_norms" about="jnp.linalg.vector_norm"
def column_norms(A):
    return jnp.linalg.vector_norm(A, axis=0)


# %% wrong="predict_columns" reason="ValueError" about="adds the bias along the columns"
def predict_columns(W, b, xs):
    return W @ xs + b


# %% wrong="predict_columns" reason="values" about="leaves out the bias, which does not broadcast"
def predict_columns(W, b, xs):
    return W @ xs


# %% wrong="predict_columns" reason="shape" about="squeezes: one column becomes a vector"
def predict_columns(W, b, xs):
    return jnp.squeeze(W @ xs + b[:, None])


# %% wrong="predict_columns" reason="shape" about="transposes in, and not out" misconception="leaves the predictions in rows"
def predict_columns(W, b, xs):
    return xs.T @ W.T + b


# %% wrong="predict_columns" reason="values" about="predicts each column from the one before it"
def predict_columns(W, b, xs):
    return jnp.roll(jax.vmap(predict, in_axes=(None, None, 1), out_axes=1)(W, b, xs), 1, axis=1)


# %% wrong="predict_columns" reason="batch loop" earns=0.5 about="writes column after column with at" misconception="loops over the columns in Python"
def predict_columns(W, b, xs):
    out = jnp.zeros((3, xs.shape[1]))
    for i in range(xs.shape[1]):
        out = out.at[:, i].set(predict(W, b, xs[:, i]))
    return out


# %% wrong="predict_columns" reason="batch loop" earns=0.5 about="a loop over 128 columns, cut afterwards" misconception="loops over the columns in Python"
def predict_columns(W, b, xs):
    n = xs.shape[1]
    return jnp.stack([predict(W, b, xs[:, i % n]) for i in range(128)], axis=1)[:, :n]


# %% right="predict_columns" about="transposes in and out"
def predict_columns(W, b, xs):
    return (xs.T @ W.T + b).T


# %% right="predict_columns" about="negative axes"
def predict_columns(W, b, xs):
    return jax.vmap(lambda x: predict(W, b, x), in_axes=-1, out_axes=-1)(xs)


# %% right="predict_columns" about="rows of weights by an outer vmap"
def predict_columns(W, b, xs):
    return jax.vmap(lambda row, bias: row @ xs + bias)(W, b)


# %% right="predict_columns" about="tensordot and a moved axis"
def predict_columns(W, b, xs):
    return jnp.tensordot(W, xs, axes=1) + jnp.expand_dims(b, 1)


# %% right="predict_columns" about="moveaxis around lax.map"
def predict_columns(W, b, xs):
    return jnp.moveaxis(jax.lax.map(lambda x: predict(W, b, x), jnp.moveaxis(xs, 1, 0)), 0, 1)


# %% wrong="ensemble" reason="shape" about="squeezes: one model loses its axis"
def ensemble(params, x):
    return jnp.tanh(params["W"] @ x + params["b"]).squeeze()


# %% wrong="ensemble" reason="values" about="leaves out the tanh"
def ensemble(params, x):
    return params["W"] @ x + params["b"]


# %% wrong="ensemble" reason="values" about="adds the bias after the tanh"
def ensemble(params, x):
    return jnp.tanh(params["W"] @ x) + params["b"]


# %% wrong="ensemble" reason="values" about="averages the weights of all models first"
def ensemble(params, x):
    W = jnp.broadcast_to(params["W"].mean(0), params["W"].shape)
    return jnp.tanh(W @ x + params["b"])


# %% wrong="ensemble" reason="shape" about="puts the models last"
def ensemble(params, x):
    return jax.vmap(apply_model, in_axes=({"W": 0, "b": None}, None), out_axes=-1)(params, x)


# %% wrong="ensemble" reason="batch loop" earns=0.5 about="a list of models" misconception="takes the models one by one in a Python loop"
def ensemble(params, x):
    models = [{**params, "W": params["W"][i]} for i in range(len(params["W"]))]
    return jnp.array([apply_model(m, x) for m in models])


# %% wrong="ensemble" reason="ValueError" about="gives the bias a row per model, of another number"
def ensemble(params, x):
    b = jnp.tile(params["b"], (3, 1))
    return jax.vmap(apply_model, in_axes=(0, None))({"W": params["W"], "b": b}, x)


# %% right="ensemble" about="a bias for every model, then both leaves are mapped"
def ensemble(params, x):
    W = params["W"]
    b = jnp.broadcast_to(params["b"], (W.shape[0], 3))
    return jax.vmap(apply_model, in_axes=(0, None))({"W": W, "b": b}, x)


# %% right="ensemble" about="a closure over the bias"
def ensemble(params, x):
    return jax.vmap(lambda W: apply_model({"W": W, "b": params["b"]}, x))(params["W"])


# %% right="ensemble" about="in_axes made by a tree map with paths"
def ensemble(params, x):
    axes = jax.tree.map_with_path(lambda path, _: 0 if path[-1].key == "W" else None, params)
    return jax.vmap(apply_model, in_axes=(axes, None))(params, x)


# %% right="ensemble" about="einsum"
def ensemble(params, x):
    return jnp.tanh(jnp.einsum("noi,i->no", params["W"], x) + params["b"][None])


# %% right="ensemble" about="all models as one large layer"
def ensemble(params, x):
    n, o, i = params["W"].shape
    return jnp.tanh((params["W"].reshape(n * o, i) @ x).reshape(n, o) + params["b"])


# %% wrong="pairwise" reason="batch loop" earns=0.5 about="a Python loop of a hundred, cut afterwards" misconception="loops over the first list in Python"
def pairwise(xs, ys):
    n = xs.shape[0]
    rows = []
    for i in range(100):
        x = xs[min(i, n - 1)]
        rows.append(jax.vmap(distance, in_axes=(None, 0))(x, ys))
    return jnp.stack(rows)[:n]


# %% wrong="pairwise" reason="values" about="adds 1e-12 under the root"
def pairwise(xs, ys):
    return jnp.sqrt(jnp.sum((xs[:, None] - ys[None]) ** 2, axis=-1) + 1e-12)


# %% wrong="pairwise" reason="values" about="expands the square and takes the root of a rounding error"
def pairwise(xs, ys):
    squares = (xs**2).sum(1)[:, None] + (ys**2).sum(1) - 2 * xs @ ys.T
    return jnp.sqrt(squares)


# %% wrong="pairwise" reason="values" about="expands the square and clips it at 1e-8"
def pairwise(xs, ys):
    squares = (xs**2).sum(1)[:, None] + (ys**2).sum(1) - 2 * xs @ ys.T
    return jnp.sqrt(jnp.maximum(squares, 1e-8))


# %% wrong="pairwise" reason="values" about="the sum of the differences' magnitudes"
def pairwise(xs, ys):
    return jnp.abs(xs[:, None] - ys[None]).sum(-1)


# %% wrong="pairwise" reason="shape" about="compares the first list with itself"
def pairwise(xs, ys):
    return jax.vmap(lambda x: jax.vmap(lambda y: distance(x, y))(xs))(xs)


# %% wrong="pairwise" reason="batch loop" earns=0.5 about="two Python loops" misconception="loops over the first list in Python"
def pairwise(xs, ys):
    return jnp.stack([jnp.stack([distance(x, y) for y in ys]) for x in xs])


# %% wrong="pairwise" reason="shape" about="squeezes: one point loses its row"
def pairwise(xs, ys):
    return jnp.linalg.norm(xs[:, None] - ys[None], axis=-1).squeeze()


# %% right="pairwise" about="two lambdas"
def pairwise(xs, ys):
    return jax.vmap(lambda x: jax.vmap(lambda y: distance(x, y))(ys))(xs)


# %% right="pairwise" about="norm over the last axis"
def pairwise(xs, ys):
    return jnp.linalg.norm(xs[:, None] - ys[None], axis=-1)


# %% right="pairwise" about="the other order, with out_axes"
def pairwise(xs, ys):
    inner = jax.vmap(distance, in_axes=(0, None))
    return jax.vmap(inner, in_axes=(None, 0), out_axes=1)(xs, ys)


# %% right="pairwise" about="vectorize with new axes"
def pairwise(xs, ys):
    return jnp.vectorize(distance, signature="(d),(d)->()")(xs[:, None], ys)


# %% right="pairwise" about="a scan over the first list"
def pairwise(xs, ys):
    return jax.lax.map(lambda x: jnp.sqrt(((ys - x) ** 2) @ jnp.ones(3)), xs)


# %% right="pairwise" about="coordinate by coordinate"
def pairwise(xs, ys):
    squares = sum((xs[:, k][:, None] - ys[:, k][None, :]) ** 2 for k in range(3))
    return squares**0.5


# %% wrong="per_example_gradients" reason="values" about="central differences with a step of 0.01"
def per_example_gradients(params, xs, ys):
    h = 0.01

    def slopes(x, y):
        w, b = params["w"], params["b"]

        def f(w, b):
            return loss({"w": w, "b": b}, x, y)

        by_w = jax.vmap(lambda e: (f(w + h * e, b) - f(w - h * e, b)) / (2 * h))(jnp.eye(4))
        return {"w": by_w, "b": (f(w, b + h) - f(w, b - h)) / (2 * h)}

    return jax.vmap(slopes)(xs, ys)


# %% wrong="per_example_gradients" reason="values" about="leaves out the factor 2 of the square"
def per_example_gradients(params, xs, ys):
    residual = xs @ params["w"] + params["b"] - ys
    return {"w": residual[:, None] * xs, "b": residual}


# %% wrong="per_example_gradients" reason="values" about="the residual the wrong way round"
def per_example_gradients(params, xs, ys):
    residual = ys - xs @ params["w"] - params["b"]
    return {"w": 2 * residual[:, None] * xs, "b": 2 * residual}


# %% wrong="per_example_gradients" reason="structure" about="returns the losses as well"
def per_example_gradients(params, xs, ys):
    return jax.vmap(jax.value_and_grad(loss), in_axes=(None, 0, 0))(params, xs, ys)


# %% wrong="per_example_gradients" reason="shape" about="adds the gradients of all examples up"
def per_example_gradients(params, xs, ys):
    each = jax.vmap(jax.grad(loss), in_axes=(None, 0, 0))(params, xs, ys)
    return jax.tree.map(lambda g: g.sum(0), each)


# %% wrong="per_example_gradients" reason="values" about="every example gets the mean gradient"
def per_example_gradients(params, xs, ys):
    each = jax.vmap(jax.grad(loss), in_axes=(None, 0, 0))(params, xs, ys)
    return jax.tree.map(lambda g: jnp.broadcast_to(g.mean(0), g.shape), each)


# %% wrong="per_example_gradients" reason="values" about="clips each gradient to length 1 at once"
def per_example_gradients(params, xs, ys):
    each = jax.vmap(jax.grad(loss), in_axes=(None, 0, 0))(params, xs, ys)
    size = jnp.sqrt((each["w"] ** 2).sum(1) + each["b"] ** 2)
    scale = jnp.minimum(1.0, 1 / size)
    return {"w": each["w"] * scale[:, None], "b": each["b"] * scale}


# %% wrong="per_example_gradients" reason="batch loop" earns=0.5 about="a loop over a hundred examples, cut afterwards" misconception="loops over the examples in Python"
def per_example_gradients(params, xs, ys):
    n = len(ys)
    each = [jax.grad(loss)(params, xs[i % n], ys[i % n]) for i in range(100)]
    return jax.tree.map(lambda *gs: jnp.stack(gs)[:n], *each)


# %% wrong="per_example_gradients" reason="batch loop" earns=0.5 about="a list of gradients, stacked leaf by leaf" misconception="loops over the examples in Python"
def per_example_gradients(params, xs, ys):
    each = [jax.grad(loss)(params, xs[i], ys[i]) for i in range(len(ys))]
    return {name: jnp.stack([g[name] for g in each]) for name in params}


# %% right="per_example_gradients" about="the formula by hand"
def per_example_gradients(params, xs, ys):
    twice = 2 * (xs @ params["w"] + params["b"] - ys)
    return {"w": twice[:, None] * xs, "b": twice}


# %% right="per_example_gradients" about="forward mode for each example"
def per_example_gradients(params, xs, ys):
    return jax.vmap(jax.jacfwd(loss), in_axes=(None, 0, 0))(params, xs, ys)


# %% right="per_example_gradients" about="a copy of the parameters for every example, and one gradient of the sum"
def per_example_gradients(params, xs, ys):
    copies = jax.tree.map(lambda p: jnp.broadcast_to(p, (len(ys), *p.shape)), params)
    return jax.grad(lambda many: jax.vmap(loss)(many, xs, ys).sum())(copies)


# %% right="per_example_gradients" about="lax.map over pairs"
def per_example_gradients(params, xs, ys):
    return jax.lax.map(lambda one: jax.grad(loss)(params, *one), (xs, ys))


# %% right="per_example_gradients" about="vjp under vmap"
def per_example_gradients(params, xs, ys):
    def one(x, y):
        value, pull = jax.vjp(lambda p: loss(p, x, y), params)
        return pull(jnp.ones_like(value))[0]

    return jax.vmap(one)(xs, ys)


# %% wrong="attention" reason="values" about="a softmax of its own that overflows"
def attention(queries, keys, values):
    scores = jnp.einsum("bqhd,bkhd->bhqk", queries, keys) / jnp.sqrt(queries.shape[-1])
    weights = jnp.exp(scores)
    weights = weights / weights.sum(-1, keepdims=True)
    return jnp.einsum("bhqk,bkhd->bqhd", weights, values)


# %% wrong="attention" reason="values" about="the root of three, whatever the number of features"
def attention(queries, keys, values):
    scores = jnp.einsum("bqhd,bkhd->bhqk", queries, keys) / jnp.sqrt(3.0)
    return jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(scores), values)


# %% wrong="attention" reason="values" about="leaves out the scale"
def attention(queries, keys, values):
    scores = jnp.einsum("bqhd,bkhd->bhqk", queries, keys)
    return jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(scores), values)


# %% wrong="attention" reason="values" about="lets a position look back only"
def attention(queries, keys, values):
    scores = jnp.einsum("bqhd,bkhd->bhqk", queries, keys) / jnp.sqrt(queries.shape[-1])
    scores = jnp.where(jnp.tri(scores.shape[-1], dtype=bool), scores, -jnp.inf)
    return jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(scores), values)


# %% wrong="attention" reason="values" about="one softmax over all heads"
def attention(queries, keys, values):
    scores = jnp.einsum("bqhd,bkhd->bqhk", queries, keys) / jnp.sqrt(queries.shape[-1])
    weights = jax.nn.softmax(scores, axis=(2, 3))
    return jnp.einsum("bqhk,bkhd->bqhd", weights, values)


# %% wrong="attention" reason="values" about="keys and values swapped"
def attention(queries, keys, values):
    over_time = jax.vmap(attend, in_axes=(0, None, None))
    return jax.vmap(jax.vmap(over_time, in_axes=1, out_axes=1))(queries, values, keys)


# %% wrong="attention" reason="batch loop" earns=0.5 about="a Python loop over the heads" misconception="none"
def attention(queries, keys, values):
    one = jax.vmap(jax.vmap(attend, in_axes=(0, None, None)))
    heads = range(queries.shape[2])
    return jnp.stack([one(queries[:, :, h], keys[:, :, h], values[:, :, h]) for h in heads], axis=2)


# %% wrong="attention" reason="batch loop" earns=0.5 about="a Python loop over the times" misconception="none"
def attention(queries, keys, values):
    one = jax.vmap(jax.vmap(attend, in_axes=(0, 1, 1)))
    times = range(queries.shape[1])
    return jnp.stack([one(queries[:, t], keys, values) for t in times], axis=1)


# %% right="attention" about="heads inside time"
def attention(queries, keys, values):
    heads = jax.vmap(attend, in_axes=(0, 1, 1))
    times = jax.vmap(heads, in_axes=(0, None, None))
    return jax.vmap(times)(queries, keys, values)


# %% right="attention" about="jax.nn.dot_product_attention"
def attention(queries, keys, values):
    return jax.nn.dot_product_attention(queries, keys, values)


# %% right="attention" about="a softmax of its own that takes the largest away"
def attention(queries, keys, values):
    scores = jnp.einsum("bqhd,bkhd->bhqk", queries, keys) * queries.shape[-1] ** -0.5
    weights = jnp.exp(scores - scores.max(-1, keepdims=True))
    weights = weights / weights.sum(-1, keepdims=True)
    return jnp.einsum("bhqk,bkhd->bqhd", weights, values)


# %% right="attention" about="heads and batch as one axis"
def attention(queries, keys, values):
    b, t, h, d = queries.shape
    q, k, v = (a.swapaxes(1, 2).reshape(b * h, t, d) for a in (queries, keys, values))
    out = jax.vmap(jax.vmap(attend, in_axes=(0, None, None)))(q, k, v)
    return out.reshape(b, h, t, d).swapaxes(1, 2)


# %% right="attention" about="vectorize with a signature"
def attention(queries, keys, values):
    q, k, v = (jnp.moveaxis(a, 2, 1) for a in (queries, keys, values))
    many = jnp.vectorize(attend, signature="(d),(t,d),(t,d)->(d)")
    return jnp.moveaxis(many(q, k[:, :, None], v[:, :, None]), 1, 2)


# %% right="middle_distances" about="one row at a time"
def middle_distances(xs, cloud):
    return jax.lax.map(lambda x: middle_distance(x, cloud), xs)


# %% right="middle_distances" about="a scan over the rows"
def middle_distances(xs, cloud):
    return jax.lax.scan(lambda carry, x: (carry, middle_distance(x, cloud)), 0, xs)[1]


# %% right="middle_distances" about="a fori_loop that fills the result"
def middle_distances(xs, cloud):
    def fill(i, found):
        return found.at[i].set(middle_distance(xs[i], cloud))

    return jax.lax.fori_loop(0, len(xs), fill, jnp.zeros(len(xs)))


# %% right="middle_distances" about="eight at a time, by another formula"
def middle_distances(xs, cloud):
    def middle(x):
        ordered = jnp.sort(jnp.linalg.norm(x - cloud, axis=1))
        return (ordered[255] + ordered[256]) / 2

    return jax.lax.map(middle, xs, batch_size=8)


# %% wrong="middle_distances" reason="memory" about="batches that are as large as the input"
def middle_distances(xs, cloud):
    return jax.lax.map(lambda x: middle_distance(x, cloud), xs, batch_size=1024)


# %% wrong="middle_distances" reason="memory" about="a checkpoint around the vmap"
def middle_distances(xs, cloud):
    every = jax.vmap(middle_distance, in_axes=(0, None))
    return jax.checkpoint(every)(xs, cloud)


# %% wrong="middle_distances" reason="memory" about="one large broadcast"
def middle_distances(xs, cloud):
    return jnp.median(jnp.linalg.norm(xs[:, None] - cloud, axis=-1), axis=1)


# %% wrong="middle_distances" reason="values" about="the mean in place of the median"
def middle_distances(xs, cloud):
    def mean(x):
        return jnp.mean(jnp.linalg.norm(cloud - x, axis=1))

    return jax.lax.map(mean, xs, batch_size=16)


# %% wrong="middle_distances" reason="values" about="the upper of the two in the middle"
def middle_distances(xs, cloud):
    def middle(x):
        return jnp.sort(jnp.linalg.norm(cloud - x, axis=1))[256]

    return jax.lax.map(middle, xs, batch_size=16)


# %% wrong="middle_distances" reason="shape" about="squeeze: one row loses its axis"
def middle_distances(xs, cloud):
    return jnp.squeeze(jax.lax.map(lambda x: middle_distance(x, cloud), xs, batch_size=16))


# %% wrong="middle_distances" reason="shape" about="pads the last batch and forgets to cut"
def middle_distances(xs, cloud):
    batches = jnp.pad(xs, ((0, -len(xs) % 16), (0, 0))).reshape(-1, 16, 3)
    every = jax.vmap(middle_distance, in_axes=(0, None))
    return jax.lax.map(lambda batch: every(batch, cloud), batches).reshape(-1)


# %% wrong="middle_distances" reason="TypeError" about="gives jax.lax.map two arrays"
def middle_distances(xs, cloud):
    return jax.lax.map(middle_distance, (xs, cloud), batch_size=16)


# %% wrong="predict_batch" reason="values" about="a Python loop that forgets the bias"
def predict_batch(W, b, xs):
    return jnp.stack([W @ x for x in xs])


# %% wrong="pairwise" reason="values" about="two Python loops over squared distances"
def pairwise(xs, ys):
    return jnp.array([[jnp.sum((x - y) ** 2) for y in ys] for x in xs]).reshape(len(xs), len(ys))


# %% wrong="predict_columns" reason="batch loop" earns=0.5 about="Python's map over the columns" misconception="loops over the columns in Python"
def predict_columns(W, b, xs):
    columns = list(map(lambda x: predict(W, b, x), xs.T))
    return jnp.stack(columns, axis=1)
