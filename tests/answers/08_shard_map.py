# %% [markdown]
# Answers to the exercises of 08_shard_map that the master does not list.

# %% wrong="fast_track_shard_map" reason="answer" about="keeps both axes cut" misconception="gives the shape of the block, before `out_specs`"
fast_track_shard_map = (2, 8)

# %% right="fast_track_shard_map" about="as a list"
fast_track_shard_map = [2, 16]

# %% wrong="block_by_hand" reason="answer" about="cuts the columns by y only"
x, y, rows, columns = numbers("block_by_hand")
block_by_hand = (rows, columns // y)

# %% right="block_by_hand" about="as an array"
x, y, rows, columns = numbers("block_by_hand")
block_by_hand = jnp.array([rows // y, columns // x])


# %% wrong="shard_rows" reason="sharding" about="cuts the rows by both axes" misconception="does not cut the rows, or cuts more than the rows"
def shard_rows(mesh, A):
    return jax.device_put(A, NamedSharding(mesh, P(("x", "y"), None)))


# %% wrong="shard_rows" reason="sharding" about="copies everywhere" misconception="does not cut the rows, or cuts more than the rows"
def shard_rows(mesh, A):
    return jax.device_put(A, NamedSharding(mesh, P()))


# %% wrong="shard_rows" reason="sharding" about="cuts the columns by y too" misconception="none"
def shard_rows(mesh, A):
    return jax.device_put(A, NamedSharding(mesh, P("x", "y")))


# %% wrong="shard_rows" reason="sharding" about="uses the last axis of the mesh" misconception="none"
def shard_rows(mesh, A):
    return jax.device_put(A, NamedSharding(mesh, P(mesh.axis_names[-1], None)))


# %% wrong="shard_rows" reason="values" about="sorts the rows first"
def shard_rows(mesh, A):
    return jax.device_put(jnp.sort(A, axis=0), NamedSharding(mesh, P("x", None)))


# %% wrong="shard_rows" reason="structure" about="gives back the sharding as well"
def shard_rows(mesh, A):
    where = NamedSharding(mesh, P("x", None))
    return jax.device_put(A, where), A


# %% right="shard_rows" about="a spec of one entry"
def shard_rows(mesh, A):
    return jax.device_put(A, NamedSharding(mesh, P("x")))


# %% right="shard_rows" about="a shard_map that computes nothing"
def shard_rows(mesh, A):
    rows = P("x", None)
    return jax.shard_map(lambda block: block, mesh=mesh, in_specs=rows, out_specs=rows)(A)


# %% right="shard_rows" about="out_shardings of a jit"
def shard_rows(mesh, A):
    return jax.jit(lambda A: A, out_shardings=NamedSharding(mesh, P("x", None)))(A)


# %% right="shard_rows" about="the first axis of the mesh by its place"
def shard_rows(mesh, A):
    first, *_ = mesh.axis_names
    return lax.with_sharding_constraint(A, NamedSharding(mesh, P(first, None)))


# %% wrong="psum_matmul" reason="operation" about="leaves everything to jit, in the exercise about writing the psum" misconception="leaves the sum to the compiler"
def psum_matmul(mesh, A, B):
    return A @ B


# %% wrong="psum_matmul" reason="operation" about="a jit with out_shardings" misconception="leaves the sum to the compiler"
def psum_matmul(mesh, A, B):
    return jax.jit(jnp.matmul, out_shardings=NamedSharding(mesh, P("x", None)))(A, B)


# %% wrong="psum_matmul" reason="values" about="adds over x"
def psum_matmul(mesh, A, B):
    def block(a, b):
        return lax.psum(a @ b, "x")

    specs = (P("x", "y"), P("y", None))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P("x", None), check_vma=False)(
        A, B
    )


# %% wrong="psum_matmul" reason="sharding" about="leaves the result whole on every device"
def psum_matmul(mesh, A, B):
    def block(a, b):
        return lax.all_gather_invariant(lax.psum(a @ b, "y"), "x", tiled=True)

    try:
        lax.all_gather_invariant
    except AttributeError:
        block = lambda a, b: lax.all_gather(lax.psum(a @ b, "y"), "x", tiled=True)
    specs = (P("x", "y"), P("y", None))
    return jax.shard_map(
        block, mesh=mesh, in_specs=specs, out_specs=P(None, None), check_vma=False
    )(A, B)


# %% wrong="psum_matmul" reason="communication" about="adds twice and halves"
def psum_matmul(mesh, A, B):
    def block(a, b):
        return lax.psum(lax.psum(a @ b, "y") / mesh.shape["y"], "y")

    specs = (P("x", "y"), P("y", None))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P("x", None), check_vma=False)(
        A, B
    )


# %% wrong="psum_matmul" reason="dtype" about="adds in half precision"
def psum_matmul(mesh, A, B):
    def block(a, b):
        return lax.psum((a @ b).astype(jnp.bfloat16), "y")

    specs = (P("x", "y"), P("y", None))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P("x", None))(A, B)


# %% right="psum_matmul" about="divides by the mean's count"
def psum_matmul(mesh, A, B):
    def block(a, b):
        return mesh.shape["y"] * lax.pmean(jnp.dot(a, b), "y")

    specs = (P("x", "y"), P("y", None))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P("x", None))(A, B)


# %% right="psum_matmul" about="the check switched off, and the psum there"
def psum_matmul(mesh, A, B):
    def block(a, b):
        return jax.lax.psum(a @ b, axis_name="y")

    specs = (P("x", "y"), P("y"))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P("x"), check_vma=False)(A, B)


# %% right="psum_matmul" about="broadcasting, then a sum over both"
def psum_matmul(mesh, A, B):
    def block(a, b):
        return lax.psum((a[:, :, None] * b[None]).sum(axis=1), ("y",))

    specs = (P("x", "y"), P("y", None))
    return jax.jit(jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P("x", None)))(A, B)


# %% wrong="sharded_standardize" reason="operation" about="plain jnp on the cut array" misconception="leaves the messages to the compiler"
def sharded_standardize(mesh, xs):
    return (xs - jnp.mean(xs, axis=0)) / jnp.std(xs, axis=0)


# %% wrong="sharded_standardize" reason="values" about="divides by the variance"
def sharded_standardize(mesh, xs):
    def block(rows):
        centred = rows - lax.pmean(rows.mean(axis=0), "x")
        return centred / lax.pmean((centred**2).mean(axis=0), "x")

    return jax.shard_map(block, mesh=mesh, in_specs=P("x", None), out_specs=P("x", None))(xs)


# %% wrong="sharded_standardize" reason="values" about="divides by n - 1"
def sharded_standardize(mesh, xs):
    n = xs.shape[0]

    def block(rows):
        centred = rows - lax.pmean(rows.mean(axis=0), "x")
        return centred / jnp.sqrt(lax.psum((centred**2).sum(axis=0), "x") / (n - 1))

    return jax.shard_map(block, mesh=mesh, in_specs=P("x", None), out_specs=P("x", None))(xs)


# %% wrong="sharded_standardize" reason="values" about="one mean for all columns"
def sharded_standardize(mesh, xs):
    def block(rows):
        centred = rows - lax.pmean(rows.mean(), "x")
        return centred / jnp.sqrt(lax.pmean((centred**2).mean(), "x"))

    return jax.shard_map(block, mesh=mesh, in_specs=P("x", None), out_specs=P("x", None))(xs)


# %% wrong="sharded_standardize" reason="values" about="only centres"
def sharded_standardize(mesh, xs):
    def block(rows):
        return rows - lax.pmean(rows.mean(axis=0), "x")

    return jax.shard_map(block, mesh=mesh, in_specs=P("x", None), out_specs=P("x", None))(xs)


# %% wrong="sharded_standardize" reason="values" about="the root of each device's variance, averaged"
def sharded_standardize(mesh, xs):
    def block(rows):
        centred = rows - lax.pmean(rows.mean(axis=0), "x")
        return centred / lax.pmean(jnp.sqrt((centred**2).mean(axis=0)), "x")

    return jax.shard_map(block, mesh=mesh, in_specs=P("x", None), out_specs=P("x", None))(xs)


# %% right="sharded_standardize" about="mean of the squares less the squared mean, both in one message"
def sharded_standardize(mesh, xs):
    def block(rows):
        first = lax.pmean(rows.mean(axis=0), "x")
        centred = rows - first
        square = lax.pmean(jnp.mean(jnp.square(centred), axis=0), "x")
        return centred / square**0.5

    return jax.shard_map(block, mesh=mesh, in_specs=P("x", None), out_specs=P("x", None))(xs)


# %% right="sharded_standardize" about="sums and a count that travels with them"
def sharded_standardize(mesh, xs):
    def block(rows):
        total, count = lax.psum((rows.sum(axis=0), rows.shape[0]), "x")
        centred = rows - total / count
        return centred / jnp.sqrt(lax.psum((centred**2).sum(axis=0), "x") / count)

    return jax.shard_map(block, mesh=mesh, in_specs=P("x", None), out_specs=P("x", None))(xs)


# %% right="sharded_standardize" about="vmap over the columns, with the collective inside"
def sharded_standardize(mesh, xs):
    def column(x):
        centred = x - lax.pmean(x.mean(), "x")
        return centred / jnp.sqrt(lax.pmean((centred**2).mean(), "x"))

    block = jax.vmap(column, in_axes=1, out_axes=1)
    return jax.shard_map(block, mesh=mesh, in_specs=P("x", None), out_specs=P("x", None))(xs)


# %% wrong="scatter_matmul" reason="communication" about="leaves it to the compiler" misconception="none"
def scatter_matmul(mesh, A, B):
    return lax.with_sharding_constraint(A @ B, NamedSharding(mesh, P("x", None)))


# %% wrong="scatter_matmul" reason="communication" about="gathers both and keeps its rows"
def scatter_matmul(mesh, A, B):
    def block(a, b):
        a = lax.all_gather(a, "x", axis=1, tiled=True)
        b = lax.all_gather(b, "x", axis=0, tiled=True)
        rows = a.shape[0] // mesh.shape["x"]
        return lax.dynamic_slice_in_dim(a, lax.axis_index("x") * rows, rows) @ b

    specs = (P(None, "x"), P("x", None))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P("x", None))(A, B)


# %% wrong="scatter_matmul" reason="values" about="divides the sum by the number of devices"
def scatter_matmul(mesh, A, B):
    def block(a, b):
        part = lax.psum_scatter(a @ b, "x", scatter_dimension=0, tiled=True)
        return part / mesh.shape["x"]

    specs = (P(None, "x"), P("x", None))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P("x", None))(A, B)


# %% wrong="scatter_matmul" reason="values" about="deals the rows out in turns"
def scatter_matmul(mesh, A, B):
    def block(a, b):
        n = mesh.shape["x"]
        partial = (a @ b).reshape(-1, n, b.shape[1]).swapaxes(0, 1).reshape(-1, b.shape[1])
        return lax.psum_scatter(partial, "x", scatter_dimension=0, tiled=True)

    specs = (P(None, "x"), P("x", None))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P("x", None))(A, B)


# %% wrong="scatter_matmul" reason="sharding" about="gathers the pieces again" misconception="leaves the whole product on every device"
def scatter_matmul(mesh, A, B):
    def block(a, b):
        part = lax.psum_scatter(a @ b, "x", scatter_dimension=0, tiled=True)
        return lax.all_gather(part, "x", tiled=True)

    specs = (P(None, "x"), P("x", None))
    return jax.shard_map(
        block, mesh=mesh, in_specs=specs, out_specs=P(None, None), check_vma=False
    )(A, B)


# %% right="scatter_matmul" about="the default dimension, positional"
def scatter_matmul(mesh, A, B):
    def block(a, b):
        return lax.psum_scatter(jnp.einsum("nk,km->nm", a, b), "x", tiled=True)

    specs = (P(None, "x"), P("x"))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P("x"))(A, B)


# %% right="scatter_matmul" about="scatters the columns of the transposed product"
def scatter_matmul(mesh, A, B):
    def block(a, b):
        return lax.psum_scatter(b.T @ a.T, "x", scatter_dimension=1, tiled=True).T

    specs = (P(None, "x"), P("x", None))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P("x", None))(A, B)


# %% right="scatter_matmul" about="in a jit, the check switched off"
def scatter_matmul(mesh, A, B):
    def block(a, b):
        return lax.psum_scatter(a @ b, "x", scatter_dimension=0, tiled=True)

    specs = (P(None, "x"), P("x", None))
    return jax.jit(
        jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P("x", None), check_vma=False)
    )(A, B)


# %% wrong="data_parallel_step" reason="operation" about="grad of the whole loss, left to the compiler"
def data_parallel_step(mesh, w, xs, ys):
    return w - 0.1 * jax.grad(batch_loss)(w, xs, ys)


# %% wrong="data_parallel_step" reason="values" about="pmean of the gradients with the check off and on at once: adds where it should average" misconception="steps along the sum of the devices' gradients, and not along their mean"
def data_parallel_step(mesh, w, xs, ys):
    def block(w, xs, ys):
        return w - 0.1 * lax.psum(jax.grad(batch_loss)(w, xs, ys), "x")

    specs = (P(), P("x", None), P("x"))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P(), check_vma=False)(
        w, xs, ys
    )


# %% wrong="data_parallel_step" reason="values" about="steps uphill"
def data_parallel_step(mesh, w, xs, ys):
    def block(w, xs, ys):
        return w + 0.1 * jax.grad(lambda w: lax.pmean(batch_loss(w, xs, ys), "x"))(w)

    specs = (P(), P("x", None), P("x"))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P())(w, xs, ys)


# %% wrong="data_parallel_step" reason="values" about="another step size"
def data_parallel_step(mesh, w, xs, ys):
    def block(w, xs, ys):
        return w - 0.01 * jax.grad(lambda w: lax.pmean(batch_loss(w, xs, ys), "x"))(w)

    specs = (P(), P("x", None), P("x"))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P())(w, xs, ys)


# %% wrong="data_parallel_step" reason="values" about="pmean inside the loss, with check_vma=False" misconception="lets every device follow its own examples"
def data_parallel_step(mesh, w, xs, ys):
    def block(w, xs, ys):
        return w - 0.1 * jax.grad(lambda w: lax.pmean(batch_loss(w, xs, ys), "x"))(w)

    specs = (P(), P("x", None), P("x"))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P(), check_vma=False)(
        w, xs, ys
    )


# %% wrong="data_parallel_step" reason="communication" about="averages the gradients of every example"
def data_parallel_step(mesh, w, xs, ys):
    def block(w, xs, ys):
        each = jax.vmap(jax.grad(lambda w, x, y: (x @ w - y) ** 2), (None, 0, 0))(w, xs, ys)
        return w - 0.1 * lax.pmean(each, "x").mean(axis=0)

    specs = (P(), P("x", None), P("x"))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P(), check_vma=False)(
        w, xs, ys
    )


# %% right="data_parallel_step" about="the automatic sum, divided by the devices"
def data_parallel_step(mesh, w, xs, ys):
    def block(w, xs, ys):
        return w - 0.1 / mesh.shape["x"] * jax.grad(batch_loss)(w, xs, ys)

    specs = (P(), P("x", None), P("x"))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P())(w, xs, ys)


# %% right="data_parallel_step" about="psum of the gradients divided by the devices, check off"
def data_parallel_step(mesh, w, xs, ys):
    def block(w, xs, ys):
        gradient = lax.psum(jax.grad(batch_loss)(w, xs, ys), "x") / mesh.shape["x"]
        return w - 0.1 * gradient

    specs = (P(), P("x", None), P("x"))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P(), check_vma=False)(
        w, xs, ys
    )


# %% right="data_parallel_step" about="the gradient of the shard_mapped loss"
def data_parallel_step(mesh, w, xs, ys):
    def loss(w):
        mean = jax.shard_map(
            lambda w, xs, ys: lax.pmean(batch_loss(w, xs, ys), "x"),
            mesh=mesh,
            in_specs=(P(), P("x", None), P("x")),
            out_specs=P(),
        )
        return mean(w, xs, ys)

    return w - 0.1 * jax.grad(loss)(w)


# %% right="data_parallel_step" about="the gradient written by hand"
def data_parallel_step(mesh, w, xs, ys):
    def block(w, xs, ys):
        return w - 0.2 * lax.pmean((xs @ w - ys) @ xs / len(ys), "x")

    specs = (P(), P("x", None), P("x"))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P())(w, xs, ys)


# %% wrong="halo_smooth" reason="communication" about="smooth on the cut array, left to the compiler"
def halo_smooth(mesh, u):
    return lax.with_sharding_constraint(smooth(u), NamedSharding(mesh, P("x")))


# %% wrong="halo_smooth" reason="values" about="divides by two at the ends"
def halo_smooth(mesh, u):
    n = mesh.shape["x"]

    def block(u):
        left = lax.ppermute(u[-1:], "x", [(i, i + 1) for i in range(n - 1)])
        right = lax.ppermute(u[:1], "x", [(i + 1, i) for i in range(n - 1)])
        padded = jnp.concatenate([left, u, right])
        me = lax.axis_index("x")
        places = me * u.size + jnp.arange(u.size)
        ends = (places == 0) | (places == n * u.size - 1)
        return (padded[:-2] + u + padded[2:]) / jnp.where(ends, 2, 3)

    return jax.shard_map(block, mesh=mesh, in_specs=P("x"), out_specs=P("x"))(u)


# %% wrong="halo_smooth" reason="values" about="takes the second number from the end"
def halo_smooth(mesh, u):
    n = mesh.shape["x"]

    def block(u):
        left = lax.ppermute(u[-2:-1] if u.size > 1 else u, "x", [(i, i + 1) for i in range(n - 1)])
        right = lax.ppermute(u[:1], "x", [(i + 1, i) for i in range(n - 1)])
        padded = jnp.concatenate([left, u, right])
        return (padded[:-2] + u + padded[2:]) / 3

    return jax.shard_map(block, mesh=mesh, in_specs=P("x"), out_specs=P("x"))(u)


# %% wrong="halo_smooth" reason="values" about="works for two numbers a device and more only"
def halo_smooth(mesh, u):
    n = mesh.shape["x"]

    def block(u):
        left = lax.ppermute(u[-1], "x", [(i, i + 1) for i in range(n - 1)])
        right = lax.ppermute(u[0], "x", [(i + 1, i) for i in range(n - 1)])
        inner = smooth(u)
        inner = inner.at[-1].set((u[max(u.size - 2, 0)] + u[-1] + right) / 3)
        return inner.at[0].set((left + u[0] + u[min(1, u.size - 1)]) / 3)

    return jax.shard_map(block, mesh=mesh, in_specs=P("x"), out_specs=P("x"))(u)


# %% wrong="halo_smooth" reason="communication" about="sends whole blocks to the neighbours"
def halo_smooth(mesh, u):
    n = mesh.shape["x"]

    def block(u):
        left = lax.ppermute(u, "x", [(i, i + 1) for i in range(n - 1)])
        right = lax.ppermute(u, "x", [(i + 1, i) for i in range(n - 1)])
        return smooth(jnp.concatenate([left, u, right]))[u.size : 2 * u.size]

    return jax.shard_map(block, mesh=mesh, in_specs=P("x"), out_specs=P("x"))(u)


# %% right="halo_smooth" about="smooth on the padded block, cut to its own part"
def halo_smooth(mesh, u):
    n = mesh.shape["x"]

    def block(u):
        left = lax.ppermute(u[-1:], "x", [(i, i + 1) for i in range(n - 1)])
        right = lax.ppermute(u[:1], "x", [(i + 1, i) for i in range(n - 1)])
        return smooth(jnp.concatenate([left, u, right]))[1:-1]

    return jax.shard_map(block, mesh=mesh, in_specs=P("x"), out_specs=P("x"))(u)


# %% right="halo_smooth" about="a convolution of the padded block"
def halo_smooth(mesh, u):
    n = mesh.shape["x"]

    def block(u):
        left = lax.ppermute(u[-1:], "x", [(i, i + 1) for i in range(n - 1)])
        right = lax.ppermute(u[:1], "x", [(i + 1, i) for i in range(n - 1)])
        padded = jnp.concatenate([left, u, right])
        return jnp.convolve(padded, jnp.full(3, 1 / 3), mode="valid", precision="highest")

    return jax.shard_map(block, mesh=mesh, in_specs=P("x"), out_specs=P("x"))(u)


# %% right="halo_smooth" about="the messages go all the way round, and the ends are set to zero"
def halo_smooth(mesh, u):
    n = mesh.shape["x"]

    def block(u):
        me = lax.axis_index("x")
        left = lax.ppermute(u[-1:], "x", [(i, (i + 1) % n) for i in range(n)]) * (me > 0)
        right = lax.ppermute(u[:1], "x", [(i, (i - 1) % n) for i in range(n)]) * (me < n - 1)
        total = jnp.convolve(u, jnp.ones(3), mode="same") if u.size >= 3 else None
        padded = jnp.concatenate([left, u, right])
        return (padded[:-2] + padded[1:-1] + padded[2:]) / 3.0

    return jax.shard_map(block, mesh=mesh, in_specs=P("x"), out_specs=P("x"))(u)


# %% wrong="ring_product" reason="communication" about="sends its result round instead of B"
def ring_product(mesh, A, B):
    def block(a, b):
        return lax.psum_scatter(
            jnp.zeros((a.shape[1], b.shape[1])).at[: a.shape[0]].set(0) + 0 * a.sum() * b.sum(),
            "x",
            tiled=True,
        ) + a @ lax.all_gather(b, "x", tiled=True)

    rows = P("x", None)
    return jax.shard_map(block, mesh=mesh, in_specs=(rows, rows), out_specs=rows)(A, B)


# %% wrong="ring_product" reason="communication" about="plain product, left to the compiler" misconception="none"
def ring_product(mesh, A, B):
    return lax.with_sharding_constraint(A @ B, NamedSharding(mesh, P("x", None)))


# %% wrong="ring_product" reason="values" about="passes to the left and counts as if to the right" misconception="counts the owners in the wrong direction"
def ring_product(mesh, A, B):
    n = mesh.shape["x"]

    def block(a, b):
        me, rows, total = lax.axis_index("x"), b.shape[0], 0
        for step in range(n):
            owner = (me - step) % n
            total += lax.dynamic_slice_in_dim(a, owner * rows, rows, axis=1) @ b
            if step < n - 1:
                b = lax.ppermute(b, "x", [(i, (i - 1) % n) for i in range(n)])
        return total

    rows = P("x", None)
    return jax.shard_map(block, mesh=mesh, in_specs=(rows, rows), out_specs=rows)(A, B)


# %% wrong="ring_product" reason="values" about="does not close the ring"
def ring_product(mesh, A, B):
    n = mesh.shape["x"]

    def block(a, b):
        me, rows, total = lax.axis_index("x"), b.shape[0], 0
        for step in range(n):
            owner = (me - step) % n
            total += lax.dynamic_slice_in_dim(a, owner * rows, rows, axis=1) @ b
            if step < n - 1:
                b = lax.ppermute(b, "x", [(i, i + 1) for i in range(n - 1)])
        return total

    rows = P("x", None)
    return jax.shard_map(block, mesh=mesh, in_specs=(rows, rows), out_specs=rows)(A, B)


# %% wrong="ring_product" reason="values" about="forgets its own block"
def ring_product(mesh, A, B):
    n = mesh.shape["x"]

    def block(a, b):
        me, rows, total = lax.axis_index("x"), b.shape[0], 0
        for step in range(1, n):
            b = lax.ppermute(b, "x", [(i, (i + 1) % n) for i in range(n)])
            owner = (me - step) % n
            total += lax.dynamic_slice_in_dim(a, owner * rows, rows, axis=1) @ b
        return total

    rows = P("x", None)
    return jax.shard_map(block, mesh=mesh, in_specs=(rows, rows), out_specs=rows)(A, B)


# %% right="ring_product" about="a Python loop that passes on before it multiplies"
def ring_product(mesh, A, B):
    n = mesh.shape["x"]

    def block(a, b):
        me, rows = lax.axis_index("x"), b.shape[0]
        total = lax.dynamic_slice_in_dim(a, me * rows, rows, axis=1) @ b
        for step in range(1, n):
            b = lax.ppermute(b, "x", [(i, (i + 1) % n) for i in range(n)])
            owner = (me - step) % n
            total += lax.dynamic_slice_in_dim(a, owner * rows, rows, axis=1) @ b
        return total

    rows = P("x", None)
    return jax.shard_map(block, mesh=mesh, in_specs=(rows, rows), out_specs=rows)(A, B)


# %% right="ring_product" about="a scan over the steps"
def ring_product(mesh, A, B):
    n = mesh.shape["x"]
    to_left = [(i, (i - 1) % n) for i in range(n)]

    def block(a, b):
        me, rows = lax.axis_index("x"), b.shape[0]

        def part(step, b):
            owner = (me + step) % n
            return lax.dynamic_slice_in_dim(a, owner * rows, rows, axis=1) @ b

        def turn(carry, step):
            total, b = carry
            b = lax.ppermute(b, "x", to_left)
            return (total + part(step, b), b), None

        return lax.scan(turn, (part(0, b), b), jnp.arange(1, n))[0][0]

    rows = P("x", None)
    return jax.shard_map(block, mesh=mesh, in_specs=(rows, rows), out_specs=rows)(A, B)


# %% right="ring_product" about="passes once more than it has to"
def ring_product(mesh, A, B):
    n = mesh.shape["x"]

    def block(a, b):
        me, rows = lax.axis_index("x"), b.shape[0]
        total = lax.pcast(jnp.zeros((a.shape[0], b.shape[1])), ("x",), to="varying")

        def turn(step, carry):
            total, b = carry
            owner = (me - step) % n
            total += lax.dynamic_slice_in_dim(a, owner * rows, rows, axis=1) @ b
            return total, lax.ppermute(b, "x", [(i, (i + 1) % n) for i in range(n)])

        return lax.fori_loop(0, n, turn, (total, b))[0]

    rows = P("x", None)
    return jax.shard_map(block, mesh=mesh, in_specs=(rows, rows), out_specs=rows, check_vma=False)(
        A, B
    )


# %% wrong="sharded_cross_entropy" reason="operation" about="log_softmax on the cut scores, left to the compiler"
def sharded_cross_entropy(mesh, logits, labels):
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1)[:, 0]


# %% wrong="sharded_cross_entropy" reason="values" about="the sign is turned"
def sharded_cross_entropy(mesh, logits, labels):
    def block(logits, labels):
        top = lax.pmax(logits.max(axis=1), "x")
        total = lax.psum(jnp.exp(logits - top[:, None]).sum(axis=1), "x")
        words = lax.axis_index("x") * logits.shape[1] + jnp.arange(logits.shape[1])
        score = lax.psum(jnp.where(labels[:, None] == words, logits, 0).sum(axis=1), "x")
        return score - top - jnp.log(total)

    return jax.shard_map(block, mesh=mesh, in_specs=(P(None, "x"), P()), out_specs=P())(
        logits, labels
    )


# %% wrong="sharded_cross_entropy" reason="values" about="forgets to add the maximum again"
def sharded_cross_entropy(mesh, logits, labels):
    def block(logits, labels):
        top = lax.pmax(logits.max(axis=1), "x")
        total = lax.psum(jnp.exp(logits - top[:, None]).sum(axis=1), "x")
        words = lax.axis_index("x") * logits.shape[1] + jnp.arange(logits.shape[1])
        score = lax.psum(jnp.where(labels[:, None] == words, logits, 0).sum(axis=1), "x")
        return jnp.log(total) - score

    return jax.shard_map(block, mesh=mesh, in_specs=(P(None, "x"), P()), out_specs=P())(
        logits, labels
    )


# %% wrong="sharded_cross_entropy" reason="shape" about="the mean over the rows"
def sharded_cross_entropy(mesh, logits, labels):
    def block(logits, labels):
        top = lax.pmax(logits.max(axis=1), "x")
        total = lax.psum(jnp.exp(logits - top[:, None]).sum(axis=1), "x")
        words = lax.axis_index("x") * logits.shape[1] + jnp.arange(logits.shape[1])
        score = lax.psum(jnp.where(labels[:, None] == words, logits, 0).sum(axis=1), "x")
        return (jnp.log(total) + top - score).mean()

    return jax.shard_map(block, mesh=mesh, in_specs=(P(None, "x"), P()), out_specs=P())(
        logits, labels
    )


# %% wrong="sharded_cross_entropy" reason="values" about="misses the last word of each block"
def sharded_cross_entropy(mesh, logits, labels):
    def block(logits, labels):
        top = lax.pmax(logits.max(axis=1), "x")
        total = lax.psum(jnp.exp(logits - top[:, None]).sum(axis=1), "x")
        words = logits.shape[1]
        here = labels - lax.axis_index("x") * words
        score = jnp.take_along_axis(logits, jnp.clip(here, 0, words - 1)[:, None], axis=1)[:, 0]
        score = lax.psum(jnp.where((here >= 0) & (here < words - 1), score, 0), "x")
        return jnp.log(total) + top - score

    return jax.shard_map(block, mesh=mesh, in_specs=(P(None, "x"), P()), out_specs=P())(
        logits, labels
    )


# %% wrong="sharded_cross_entropy" reason="values" about="lets every device that clips its label add a score"
def sharded_cross_entropy(mesh, logits, labels):
    def block(logits, labels):
        top = lax.pmax(logits.max(axis=1), "x")
        total = lax.psum(jnp.exp(logits - top[:, None]).sum(axis=1), "x")
        words = logits.shape[1]
        here = jnp.clip(labels - lax.axis_index("x") * words, 0, words - 1)
        score = lax.psum(jnp.take_along_axis(logits, here[:, None], axis=1)[:, 0], "x")
        return jnp.log(total) + top - score

    return jax.shard_map(block, mesh=mesh, in_specs=(P(None, "x"), P()), out_specs=P())(
        logits, labels
    )


# %% wrong="sharded_cross_entropy" reason="values" about="counts words that share the highest score once"
def sharded_cross_entropy(mesh, logits, labels):
    def block(logits, labels):
        top = lax.pmax(logits.max(axis=1), "x")
        rest = jnp.where(logits < top[:, None], jnp.exp(logits - top[:, None]), 0)
        total = 1 + lax.psum(rest.sum(axis=1), "x")
        words = lax.axis_index("x") * logits.shape[1] + jnp.arange(logits.shape[1])
        score = lax.psum(jnp.where(labels[:, None] == words, logits, 0).sum(axis=1), "x")
        return jnp.log(total) + top - score

    return jax.shard_map(block, mesh=mesh, in_specs=(P(None, "x"), P()), out_specs=P())(
        logits, labels
    )


# %% right="sharded_cross_entropy" about="a one-hot product finds the score"
def sharded_cross_entropy(mesh, logits, labels):
    def block(logits, labels):
        words = logits.shape[1]
        top = lax.pmax(jnp.max(logits, axis=1), "x")
        total = lax.psum(jnp.sum(jnp.exp(logits - top[:, None]), axis=1), "x")
        hot = jax.nn.one_hot(labels - lax.axis_index("x") * words, words)
        score = lax.psum(jnp.sum(hot * logits, axis=1), "x")
        return top + jnp.log(total) - score

    return jax.shard_map(block, mesh=mesh, in_specs=(P(None, "x"), P()), out_specs=P())(
        logits, labels
    )


# %% right="sharded_cross_entropy" about="the score travels as a maximum"
def sharded_cross_entropy(mesh, logits, labels):
    def block(logits, labels):
        words = lax.axis_index("x") * logits.shape[1] + jnp.arange(logits.shape[1])
        mine = jnp.where(labels[:, None] == words, logits, -jnp.inf).max(axis=1)
        top, score = lax.pmax((logits.max(axis=1), mine), "x")
        total = lax.psum(jnp.exp(logits - top[:, None]).sum(axis=1), "x")
        return jnp.log(total) + top - score

    return jax.shard_map(block, mesh=mesh, in_specs=(P(None, "x"), P()), out_specs=P())(
        logits, labels
    )


# %% right="sharded_cross_entropy" about="vmap over the rows, the collectives inside"
def sharded_cross_entropy(mesh, logits, labels):
    def row(scores, label):
        words = lax.axis_index("x") * scores.size + jnp.arange(scores.size)
        top = lax.pmax(scores.max(), "x")
        total = lax.psum(jnp.exp(scores - top).sum(), "x")
        score = lax.psum(jnp.where(words == label, scores, 0).sum(), "x")
        return jnp.log(total) + top - score

    return jax.shard_map(jax.vmap(row), mesh=mesh, in_specs=(P(None, "x"), P()), out_specs=P())(
        logits, labels
    )


# %% right="typed_matmul" about="dot and a longer spec"
def typed_matmul(A, B):
    return jnp.dot(A, B, out_sharding=jax.P("x", None))


# %% right="typed_matmul" about="einsum"
def typed_matmul(A, B):
    return jnp.einsum("nk,km->nm", A, B, out_sharding=P("x"))


# %% right="typed_matmul" about="shard_map infers the specs of its arguments"
def typed_matmul(A, B):
    return jax.shard_map(lambda a, b: lax.psum(a @ b, "y"), out_specs=P("x", None))(A, B)


# %% right="typed_matmul" about="the mesh of the argument"
def typed_matmul(A, B):
    mesh = jax.typeof(A).sharding.mesh
    return jnp.matmul(A, B, out_sharding=NamedSharding(mesh, P("x", None)))


# %% right="typed_matmul" about="scatters first, then gathers the small product"
def typed_matmul(A, B):
    return reshard(jnp.matmul(A, B, out_sharding=P("x", "y")), P("x", None))


# %% wrong="typed_matmul" reason="ShardingTypeError" about="constrains what is already open"
def typed_matmul(A, B):
    return jax.lax.with_sharding_constraint(A @ B, P("x", None))


# %% wrong="typed_matmul" reason="sharding" about="cuts the columns only"
def typed_matmul(A, B):
    return jnp.matmul(A, B, out_sharding=P(None, "y"))


# %% wrong="typed_matmul" reason="sharding" about="right, and then copied everywhere"
def typed_matmul(A, B):
    return reshard(jnp.matmul(A, B, out_sharding=P("x", None)), P())


# %% wrong="typed_matmul" reason="shape" about="multiplies the other way round"
def typed_matmul(A, B):
    return jnp.matmul(B.T, A.T, out_sharding=P(None, "x"))


# %% wrong="typed_matmul" reason="communication" about="gathers everything everywhere"
def typed_matmul(A, B):
    return reshard(reshard(A, P()) @ reshard(B, P()), P("x", None))


# %% wrong="typed_matmul" reason="values" about="forgets psum with the check off"
def typed_matmul(A, B):
    block = lambda a, b: a @ b
    return jax.shard_map(block, out_specs=P("x", None), check_vma=False)(A, B)


# %% right="scaled_layer" about="a copy of scale on every device"
def scaled_layer(xs, W, scale):
    return (xs @ W) * reshard(scale, P())


# %% right="scaled_layer" about="scales the weights"
def scaled_layer(xs, W, scale):
    return xs @ (W * reshard(scale, P("y")))


# %% right="scaled_layer" about="device_put to a spec"
def scaled_layer(xs, W, scale):
    return jnp.dot(xs, W) * jax.device_put(scale, P("y"))


# %% right="scaled_layer" about="leaves it to the compiler"
def scaled_layer(xs, W, scale):
    layer = jax.sharding.auto_axes(
        lambda xs, W, scale: (xs @ W) * lax.with_sharding_constraint(scale, P("y")),
        out_sharding=P("x", "y"),
    )
    return layer(xs, W, scale)


# %% wrong="scaled_layer" reason="ShardingTypeError" about="a row does not help"
def scaled_layer(xs, W, scale):
    return (xs @ W) * scale[None, :]


# %% wrong="scaled_layer" reason="ShardingTypeError" about="names the axis that is there already"
def scaled_layer(xs, W, scale):
    return (xs @ W) * reshard(scale, P("x"))


# %% wrong="scaled_layer" reason="sharding" about="copies the result everywhere"
def scaled_layer(xs, W, scale):
    return reshard((xs @ W) * reshard(scale, P("y")), P())


# %% wrong="scaled_layer" reason="sharding" about="copies the weights, and leaves the columns whole"
def scaled_layer(xs, W, scale):
    return (xs @ reshard(W, P())) * reshard(scale, P())


# %% wrong="scaled_layer" reason="values" about="forgets the scale"
def scaled_layer(xs, W, scale):
    return xs @ W


# %% wrong="scaled_layer" reason="values" about="divides"
def scaled_layer(xs, W, scale):
    return (xs @ W) / reshard(scale, P("y"))


# %% right="data_parallel_step" about="says that w may vary, then averages the gradients"
def data_parallel_step(mesh, w, xs, ys):
    def block(w, xs, ys):
        if hasattr(lax, "pcast"):
            own = lax.pcast(w, "x", to="varying")
        else:
            own = lax.pvary(w, "x")
        return w - 0.1 * lax.pmean(jax.grad(batch_loss)(own, xs, ys), "x")

    specs = (P(), P("x", None), P("x"))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P())(w, xs, ys)


# %% right="psum_matmul" about="sets the mesh itself"
def psum_matmul(mesh, A, B):
    specs = (P("x", "y"), P("y", None))
    with jax.set_mesh(mesh):
        block = lambda a, b: lax.psum(a @ b, "y")
        return jax.shard_map(block, in_specs=specs, out_specs=P("x", None))(A, B)
