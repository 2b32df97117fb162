# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] assignment="08_shard_map" points=20
# # Exercises: `shard_map`
#
# The lesson is [course/08_shard_map](../../course/08_shard_map.ipynb). In exercises 2 to 9, each
# function gets a `mesh` as its first argument, and your answer has to work on meshes of several
# shapes. It is judged by its values, by where they lie, and by the data that the devices send each
# other.
#
# Write your answer in the cell that says so, run it, then run the `check` cell below it. You may
# check as often as you like: nothing is handed in until you submit.
#
# In exercises 3 to 9 you write the messages yourself, with `jax.shard_map` and the collectives of
# `jax.lax`. An answer that leaves them to the compiler does not pass. Exercises 10 and 11 are about
# explicit mode. Arrays are float32 unless the text says otherwise. To try something by hand, here
# is a mesh:
#
# ```python
# from jax.sharding import AxisType
#
# auto = (AxisType.Auto, AxisType.Auto)
# mesh = jax.make_mesh((4, 2), ("x", "y"), axis_types=auto, devices=jax.devices("cpu"))
# ```

# %%
import jax
import jax.numpy as jnp
from jax import lax
from jax.sharding import NamedSharding, reshard
from jax.sharding import PartitionSpec as P

from autograder import check, hint, numbers, reset, simulate_devices

simulate_devices()  # jax.config.update("jax_num_cpu_devices", 8), before anything is computed

### BEGIN HIDDEN TESTS
import numpy as np

from autograder import (
    SIZES,
    communicates_like_reference,
    exercise,
    matches_reference,
    mistake,
    question,
    sharded_like_reference,
    uses,
    wrong,
)

ON_MESH = (matches_reference(), sharded_like_reference(), communicates_like_reference())


def writes(operation, collective):
    """The program has the collective, before the compiler adds any."""
    return uses(
        operation,
        instead=f"Write the message yourself: `{collective}`, in a function that `jax.shard_map` "
        "runs on every device.",
    )


def cut(mesh, block, in_specs, out_specs, check=True):
    return jax.shard_map(block, mesh=mesh, in_specs=in_specs, out_specs=out_specs, check_vma=check)


def mesh_and_array(rng):
    """A mesh with two different axes, and the shape of an array that it divides in any order."""
    x, y = rng.permutation([2, 3, 4, 5, 6])[:2]
    along_rows, along_columns = rng.integers(2, 7, size=2)
    return {"x": x, "y": y, "rows": x * y * along_rows, "columns": x * y * along_columns}


### END HIDDEN TESTS

# %% [markdown] exercise="fast_track_shard_map" stars=1 importance=1 minutes=1 points=0
# ## 0 · Know it already?
#
# Here is one question, if you think that you do. The mesh has 4 devices along `"x"` and 2 along
# `"y"`, and `a` has shape `(8, 16)`. What is the shape of the result?
#
# ```python
# jax.shard_map(
#     lambda block: jax.lax.psum(block, "x"),
#     mesh=mesh, in_specs=P("x", "y"), out_specs=P(None, "y"),
# )(a)
# ```
#
# Answer with a tuple such as `(3, 5)`. If it was easy, begin with exercise 5.

# %% solution="fast_track_shard_map"
### BEGIN SOLUTION
fast_track_shard_map = (2, 16)
### END SOLUTION

# %% check="fast_track_shard_map"
check("fast_track_shard_map")
### BEGIN HIDDEN TESTS
question(
    "fast_track_shard_map",
    answer=(2, 16),
    hints=[
        "What is the shape of `block`?",
        "`psum` adds blocks; the sum has the shape of a block.",
        "The blocks of the result are put side by side along `y` only.",
    ],
    explanation="A block has shape (2, 8). The sum over `x` is a block of shape (2, 8) too, the "
    "same for all devices along `x`. `P(None, 'y')` puts the two blocks along `y` side by side: "
    "(2, 16).",
    mistakes=[
        mistake(
            (8, 16),
            "expects `psum` to return an array of the whole shape",
            advice="Inside there is only a block, and a sum of blocks has the shape of a block.",
        ),
        mistake(
            (2, 8),
            "gives the shape of the block, before `out_specs`",
            advice="That is what one device holds. `out_specs` puts the blocks together.",
        ),
        mistake(
            (1, 16),
            "adds up the rows of the array",
            advice="`psum` adds over devices, entry by entry. It does not add the rows of a block.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="block_by_hand" stars=1 importance=3 minutes=1 points=1
# ## 1 · One device's share
#
# The mesh has `x` devices along `"x"` and `y` along `"y"`. An array of shape `(rows, columns)` is
# placed with `P("y", "x")`. What is the shape of the block of one device? Answer with a tuple such
# as `(3, 5)`. Your neighbours have other numbers: run the cell to see yours.

# %% solution="block_by_hand"
x, y, rows, columns = numbers("block_by_hand")
### BEGIN SOLUTION
block_by_hand = (rows // y, columns // x)
### END SOLUTION

# %% check="block_by_hand"
check("block_by_hand")
### BEGIN HIDDEN TESTS
question(
    "block_by_hand",
    numbers=mesh_and_array,
    answer=lambda x, y, rows, columns: (rows // y, columns // x),
    hints=[
        "The first entry of a spec belongs to the first axis of the *array*.",
        "The rows are cut by `y`, and there are {y} devices along `y`.",
        "Divide the {rows} rows by {y}, and the {columns} columns by {x}.",
    ],
    explanation="The entries of a spec follow the array's axes. The order of the mesh's axes does "
    "not matter. `y` cuts the {rows} rows in {y}, and `x` cuts the {columns} columns in {x}.",
    mistakes=[
        mistake(
            lambda x, y, rows, columns: (rows // x, columns // y),
            "reads the spec in the order of the mesh",
            advice="That would be `P('x', 'y')`. Here the rows are cut by `y`.",
        ),
        mistake(
            lambda x, y, rows, columns: (y, x),
            "gives the number of blocks along each axis",
            advice="That is how many blocks there are. Divide the array's shape by it.",
        ),
        mistake(
            lambda x, y, rows, columns: (rows // (x * y), columns),
            "cuts the rows by all devices",
            advice="That would be `P(('y', 'x'), None)`. Here, two entries cut two axes.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="shard_rows" stars=1 importance=3 minutes=3 points=1
# ## 2 · Cut the rows
#
# Write `shard_rows`, which returns `A` unchanged, with its **rows** cut along the mesh axis
# `"x"`. Its columns are not cut. If the mesh has an axis `"y"` too, the devices along it hold
# copies.


# %% solution="shard_rows"
def shard_rows(mesh, A):
    """A (n, 12) -> A, placed as P("x", None) on the mesh."""
    ### BEGIN SOLUTION
    return jax.device_put(A, NamedSharding(mesh, P("x", None)))
    ### END SOLUTION


# %% check="shard_rows"
check(shard_rows)
### BEGIN HIDDEN TESTS
exercise(
    shard_rows,
    inputs=lambda rng, n, mesh: (mesh, rng.normal(size=(n, 12))),
    meshes=("x=4,y=2", "x=2,y=4"),
    requires=[matches_reference(), sharded_like_reference()],
    hints=[
        "No `shard_map` is needed: nothing is computed, only placed.",
        "`NamedSharding(mesh, spec)` says where; `jax.device_put(A, sharding)` puts it there.",
        "The spec is `P('x', None)`, or `P('x')`: an axis without an entry is not cut.",
    ],
    explanation="A sharding is a mesh and a spec. Along a mesh axis that the spec does not name, "
    "the devices hold copies: here each block of rows lies on all devices along `y`.",
    another="def shard_rows(mesh, A):\n"
    "    return jax.lax.with_sharding_constraint(A, NamedSharding(mesh, P('x')))",
    wrong_answers=[
        wrong(
            lambda mesh, A: jax.device_put(A, NamedSharding(mesh, P(None, "x"))),
            "does not cut the rows, or cuts more than the rows",
            rejected_by="sharding",
            advice="The first entry of the spec is for axis 0, the rows: `'x'`. The second is "
            "`None`. Do not name `y`, since the devices along `y` hold copies.",
        ),
        wrong(
            lambda mesh, A: jax.device_put(A.T, NamedSharding(mesh, P("x", None))),
            "transposes the matrix, so that another axis comes first",
            rejected_by="shape",
            advice="Return the matrix as it is. A spec has an entry for each axis, so any axis "
            "can be cut without moving it.",
        ),
        wrong(
            lambda mesh, A: jax.device_put(A, NamedSharding(mesh, P("rows", None))),
            "leaves out the mesh, or names an axis that it does not have",
            rejected_by="ValueError",
            advice="`NamedSharding` takes a mesh and a spec. The position in the spec says which "
            "axis of the array is cut. The entry is the name of a *mesh* axis: `'x'` or `'y'`.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="psum_matmul" stars=2 importance=3 minutes=8 points=2
# ## 3 · The product of the slides
#
# Write `psum_matmul`, the product of `A`, which is cut as `P("x", "y")`, and `B`, which is cut as
# `P("y", None)`. The result is cut as `P("x", None)`. Use `jax.shard_map` and write the `psum`
# yourself: `A @ B` alone would leave it to the compiler. It has to work on every mesh with axes
# `"x"` and `"y"`, even if there is one device along `"x"`. `A` and `B` are too large to be
# gathered.


# %% solution="psum_matmul"
def psum_matmul(mesh, A, B):
    """A (n, 16) as P("x", "y"), B (16, 4) as P("y", None) -> (n, 4) as P("x", None)."""

    ### BEGIN SOLUTION
    def block(a, b):
        return lax.psum(a @ b, "y")

    return jax.shard_map(
        block, mesh=mesh, in_specs=(P("x", "y"), P("y", None)), out_specs=P("x", None)
    )(A, B)
    ### END SOLUTION


# %% check="psum_matmul"
check(psum_matmul)
### BEGIN HIDDEN TESTS
MATMUL = (P("x", "y"), P("y", None))

exercise(
    psum_matmul,
    inputs=lambda rng, n, mesh: (mesh, rng.normal(size=(n, 16)), rng.normal(size=(16, 4))),
    meshes=("x=4,y=2", "x=2,y=4", "x=1,y=8"),
    in_specs=(None, P("x", "y"), P("y", None)),
    requires=[*ON_MESH, writes("all_reduce", "lax.psum(a @ b, 'y')")],
    hints=[
        "A device has some columns of `A` and the rows of `B` with the same numbers. What is "
        "missing in the product of the two?",
        "Each device along `y` has a part of every sum. `lax.psum` adds over a mesh axis.",
        "Inside: `lax.psum(a @ b, 'y')`. Outside: `in_specs=(P('x', 'y'), P('y', None))`, "
        "`out_specs=P('x', None)`.",
    ],
    explanation="The axis that is summed over is cut along `y`, so each device along `y` has a "
    "part of every sum. They add n × 4 numbers over the devices, however long that axis is.",
    another="def psum_matmul(mesh, A, B):\n"
    "    def block(a, b):\n"
    "        return lax.psum(jnp.einsum('nk,km->nm', a, b), 'y')\n\n"
    "    specs = (P('x', 'y'), P('y'))\n"
    "    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P('x'))(A, B)",
    wrong_answers=[
        wrong(
            lambda mesh, A, B: lax.with_sharding_constraint(
                A @ B, NamedSharding(mesh, P("x", None))
            ),
            "leaves the sum to the compiler",
            rejected_by="operation",
            advice="Here the compiler adds the message, and you should write it. Multiply the "
            "blocks inside `jax.shard_map`, and add the products with `lax.psum`.",
        ),
        wrong(
            lambda mesh, A, B: cut(mesh, lambda a, b: a @ b, MATMUL, P("x", None))(A, B),
            "forgets the `psum`",
            rejected_by="ValueError",
            advice="The product varies along `y`, and `out_specs` promises that it does not: "
            "add over `y` first.",
        ),
        wrong(
            lambda mesh, A, B: cut(mesh, lambda a, b: a @ b, MATMUL, P("x", None), False)(A, B),
            "switches the check off, and forgets the `psum`",
            rejected_by="values",
            advice="`check_vma=False` hides the error, and the mistake is still there: every "
            "device has only its part of the sums.",
        ),
        wrong(
            lambda mesh, A, B: cut(
                mesh, lambda a, b: lax.psum(a @ b, ("x", "y")), MATMUL, P(None, None)
            )(A, B),
            "adds over both axes of the mesh",
            rejected_by="shape",
            advice="Along `x` the devices have different rows. Only those along `y` have parts "
            "of the same sums.",
        ),
        wrong(
            lambda mesh, A, B: cut(mesh, lambda a, b: lax.pmean(a @ b, "y"), MATMUL, P("x", None))(
                A, B
            ),
            "takes the mean of the partial products",
            rejected_by="values",
            advice="The devices have parts of a sum. To get the sum, add them: `psum`.",
        ),
        wrong(
            lambda mesh, A, B: cut(
                mesh,
                lambda a, b: (
                    lax.all_gather(a, "y", axis=1, tiled=True) @ lax.all_gather(b, "y", tiled=True)
                ),
                MATMUL,
                P("x", None),
                False,
            )(A, B),
            "gathers both matrices",
            rejected_by="communication",
            advice="Multiply the blocks where they are, and send the small product, not the large "
            "factors.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="sharded_standardize" stars=2 importance=3 minutes=8 points=2
# ## 4 · Everyone's mean
#
# The rows of `xs` are cut along `"x"`. Write `sharded_standardize`, which gives each
# column of the **whole** array mean 0 and standard deviation 1 (as `jnp.std` computes it), and
# leaves the rows where they are. Do not send rows: a few numbers per column are enough. Write the
# collectives that add them yourself. Do not use `all_gather`, and leave nothing to the compiler.


# %% solution="sharded_standardize"
def sharded_standardize(mesh, xs):
    """xs (n, 3) as P("x", None) -> (n, 3) as P("x", None)."""

    ### BEGIN SOLUTION
    def block(rows):
        centred = rows - lax.pmean(rows.mean(axis=0), "x")
        return centred / jnp.sqrt(lax.pmean((centred**2).mean(axis=0), "x"))

    return jax.shard_map(block, mesh=mesh, in_specs=P("x", None), out_specs=P("x", None))(xs)
    ### END SOLUTION


# %% check="sharded_standardize"
check(sharded_standardize)
### BEGIN HIDDEN TESTS
ROWS = P("x", None)


def spread_out(rng, n):
    """Rows whose mean and scale change from row to row, so that all blocks differ."""
    rows = np.arange(1.0, n + 1)[:, None]
    return rows * rng.uniform(0.5, 2, size=(1, 3)) + rows * rng.normal(size=(n, 3))


exercise(
    sharded_standardize,
    inputs=lambda rng, n, mesh: (mesh, spread_out(rng, 2 * n)),
    meshes=("x=8", "x=2,y=4"),
    in_specs=(None, P("x", None)),
    requires=[
        matches_reference(),
        sharded_like_reference(),
        communicates_like_reference(2.0),
        writes("all_reduce", "lax.pmean(rows.mean(axis=0), 'x')"),
    ],
    hints=[
        "Each device can compute the mean of its block. All blocks have the same number of rows.",
        "`lax.pmean` is the mean over the devices. All blocks have the same size, so the mean of "
        "the means is the mean of all rows.",
        "Centre with the mean of *all* rows first. The variance is then "
        "`lax.pmean((centred**2).mean(axis=0), 'x')`; take its root last.",
    ],
    explanation="All blocks have the same size, so the mean of their means is the mean of all "
    "rows. But the mean of their standard deviations is not the standard deviation. Average the "
    "squares, measured from the mean of all rows, and take the root afterwards. Each device sends "
    "three numbers, twice, however many rows there are.",
    another="def sharded_standardize(mesh, xs):\n"
    "    count = xs.shape[0]\n\n"
    "    def block(rows):\n"
    "        mean = lax.psum(rows.sum(axis=0), 'x') / count\n"
    "        spread = lax.psum(((rows - mean) ** 2).sum(axis=0), 'x') / count\n"
    "        return (rows - mean) * lax.rsqrt(spread)\n\n"
    "    return jax.shard_map(block, mesh=mesh, in_specs=P('x'), out_specs=P('x'))(xs)",
    wrong_answers=[
        wrong(
            lambda mesh, xs: lax.with_sharding_constraint(
                (xs - xs.mean(axis=0)) / xs.std(axis=0), NamedSharding(mesh, ROWS)
            ),
            "leaves the messages to the compiler",
            rejected_by="operation",
            advice="The result is right, but the compiler wrote the messages. Compute on the rows "
            "of one device inside `jax.shard_map`, and average over the devices with `lax.pmean`.",
        ),
        wrong(
            lambda mesh, xs: cut(mesh, lambda r: (r - r.mean(0)) / r.std(0), ROWS, ROWS)(xs),
            "standardizes every block by itself",
            rejected_by="values",
            advice="Inside, `mean` sees the rows of one device only. `lax.pmean` averages over "
            "all.",
        ),
        wrong(
            lambda mesh, xs: cut(
                mesh,
                lambda r: (r - lax.pmean(r.mean(0), "x")) / lax.pmean(r.std(0), "x"),
                ROWS,
                ROWS,
            )(xs),
            "takes the mean of the devices' standard deviations",
            rejected_by="values",
            advice="Each of them is measured from the mean of its own block. Subtract the mean of "
            "all rows, average the squares, and take the root of that.",
        ),
        wrong(
            lambda mesh, xs: cut(
                mesh,
                lambda r: (
                    (r - lax.psum(r.mean(0), "x"))
                    / jnp.sqrt(lax.pmean(((r - lax.psum(r.mean(0), "x")) ** 2).mean(0), "x"))
                ),
                ROWS,
                ROWS,
            )(xs),
            "adds the means of the blocks",
            rejected_by="values",
            advice="The sum of eight means is eight times the mean: use `pmean`, not `psum`.",
        ),
        wrong(
            lambda mesh, xs: cut(
                mesh,
                lambda r: (
                    (r - lax.all_gather(r, "x", tiled=True).mean(0))
                    / lax.all_gather(r, "x", tiled=True).std(0)
                ),
                ROWS,
                ROWS,
            )(xs),
            "gathers all rows on every device",
            rejected_by="communication",
            advice="The other devices need the mean of a block, not its rows.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="scatter_matmul" stars=2 importance=2 minutes=8 points=2
# ## 5 · Stop half-way
#
# Now the axis that is *summed over* is cut along `"x"`, and the result should be cut along `"x"`
# too. Write `scatter_matmul`: `A` is cut as `P(None, "x")`, `B` as `P("x", None)`, and `A @ B` as
# `P("x", None)`. No device needs the whole product, so do not send it to any: there is one
# collective that adds and gives each device its slice. Write it yourself.


# %% solution="scatter_matmul"
def scatter_matmul(mesh, A, B):
    """A (n, 16) as P(None, "x"), B (16, 8) as P("x", None) -> (n, 8) as P("x", None)."""

    ### BEGIN SOLUTION
    def block(a, b):
        return lax.psum_scatter(a @ b, "x", scatter_dimension=0, tiled=True)

    return jax.shard_map(
        block, mesh=mesh, in_specs=(P(None, "x"), P("x", None)), out_specs=P("x", None)
    )(A, B)
    ### END SOLUTION


# %% check="scatter_matmul"
check(scatter_matmul)
### BEGIN HIDDEN TESTS
INNER = (P(None, "x"), P("x", None))


def adds_then_takes_its_part(mesh, A, B):
    def block(a, b):
        whole = lax.psum(a @ b, "x")
        rows = whole.shape[0] // mesh.shape["x"]
        return lax.dynamic_slice_in_dim(whole, lax.axis_index("x") * rows, rows)

    return cut(mesh, block, INNER, P("x", None))(A, B)


def takes_its_part_of_the_product(mesh, A, B):
    def block(a, b):
        partial = a @ b
        rows = partial.shape[0] // mesh.shape["x"]
        return lax.dynamic_slice_in_dim(partial, lax.axis_index("x") * rows, rows)

    return cut(mesh, block, INNER, P("x", None))(A, B)


exercise(
    scatter_matmul,
    inputs=lambda rng, n, mesh: (mesh, rng.normal(size=(n, 16)), rng.normal(size=(16, 8))),
    meshes=("x=8", "x=4,y=2"),
    in_specs=(None, P(None, "x"), P("x", None)),
    requires=[*ON_MESH, writes("reduce_scatter", "lax.psum_scatter")],
    hints=[
        "Every device has a part of *every* sum. It needs *some* of the sums, but whole.",
        "`lax.psum` would give it all of the sums. There is a collective that adds, and gives "
        "every device a slice.",
        "`lax.psum_scatter(a @ b, 'x', scatter_dimension=0, tiled=True)`.",
    ],
    explanation="`psum` is `psum_scatter` followed by `all_gather`. If a slice is enough, leave "
    "out the second half, and send half of the bytes. With `tiled=True` the axis is cut into "
    "blocks. Without it, the size of the axis has to be the number of devices, and the axis "
    "disappears.",
    another="def scatter_matmul(mesh, A, B):\n"
    "    def block(a, b):\n"
    "        partial = (a @ b).reshape(mesh.shape['x'], -1, b.shape[1])\n"
    "        return lax.psum_scatter(partial, 'x', scatter_dimension=0)\n\n"
    "    specs = (P(None, 'x'), P('x', None))\n"
    "    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P('x', None))(A, B)",
    wrong_answers=[
        wrong(
            adds_then_takes_its_part,
            "sends the whole sum to every device, and cuts it afterwards",
            rejected_by="communication",
            advice="The result is right, but twice the bytes are sent: `lax.psum_scatter` adds and "
            "gives each device its slice.",
        ),
        wrong(
            lambda mesh, A, B: cut(mesh, lambda a, b: lax.psum(a @ b, "x"), INNER, P())(A, B),
            "leaves the whole product on every device",
            rejected_by="sharding",
            advice="The rows of the result have to be cut along `x`: use `lax.psum_scatter`.",
        ),
        wrong(
            takes_its_part_of_the_product,
            "slices its own partial product, without adding",
            rejected_by="values",
            advice="A slice of the partial product has only this device's part of each sum. The "
            "parts of the other devices are missing.",
        ),
        wrong(
            lambda mesh, A, B: cut(
                mesh,
                lambda a, b: lax.psum_scatter(a @ b, "x", scatter_dimension=1, tiled=True),
                INNER,
                P("x", None),
            )(A, B),
            "scatters the columns",
            rejected_by="shape",
            advice="`scatter_dimension` is the axis of the sum that is cut: the rows, 0.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="data_parallel_step" stars=2 importance=3 minutes=10 points=3
# ## 6 · One step, with the batch cut
#
# `batch_loss` is the mean over the examples that it gets. The examples are cut along `"x"`, and
# every device has a copy of the weights. Write `data_parallel_step`: one step of gradient descent,
# `w - 0.1 * gradient`, with the gradient of the mean loss over **all** examples. At the end, every
# device should have the new weights. Do not send examples. Write the collective that adds over the
# devices yourself: do not use `all_gather`, and leave nothing to the compiler.


# %% given="batch_loss"
def batch_loss(w, xs, ys):
    """The mean squared error: w (3,), xs (k, 3), ys (k,) -> ()."""
    return jnp.mean((xs @ w - ys) ** 2)


# %% solution="data_parallel_step"
def data_parallel_step(mesh, w, xs, ys):
    """w (3,) as P(), xs (n, 3) as P("x", None), ys (n,) as P("x") -> (3,) as P()."""

    ### BEGIN SOLUTION
    def block(w, xs, ys):
        gradient = jax.grad(lambda w: lax.pmean(batch_loss(w, xs, ys), "x"))(w)
        return w - 0.1 * gradient

    return jax.shard_map(block, mesh=mesh, in_specs=(P(), P("x", None), P("x")), out_specs=P())(
        w, xs, ys
    )
    ### END SOLUTION


# %% check="data_parallel_step"
check(data_parallel_step)
### BEGIN HIDDEN TESTS
BATCH = (P(), P("x", None), P("x"))


def averages_a_sum(mesh, w, xs, ys):
    def block(w, xs, ys):
        return w - 0.1 * lax.pmean(jax.grad(batch_loss)(w, xs, ys), "x")

    return cut(mesh, block, BATCH, P())(w, xs, ys)


def keeps_its_own(mesh, w, xs, ys):
    def block(w, xs, ys):
        return w - 0.1 * jax.grad(batch_loss)(w, xs, ys)

    return cut(mesh, block, BATCH, P(), False)(w, xs, ys)


def gathers_the_batch(mesh, w, xs, ys):
    def block(w, xs, ys):
        xs, ys = (lax.all_gather(one, "x", tiled=True) for one in (xs, ys))
        return w - 0.1 * jax.grad(batch_loss)(w, xs, ys)

    return cut(mesh, block, BATCH, P(), False)(w, xs, ys)


def stops_at_the_gradient(mesh, w, xs, ys):
    def block(w, xs, ys):
        return jax.grad(lambda w: lax.pmean(batch_loss(w, xs, ys), "x"))(w)

    return cut(mesh, block, BATCH, P())(w, xs, ys)


exercise(
    data_parallel_step,
    inputs=lambda rng, n, mesh: (
        mesh,
        rng.normal(size=3),
        rng.normal(size=(2 * n, 3)),
        rng.normal(size=2 * n),
    ),
    meshes=("x=8", "x=2,y=4"),
    in_specs=(None, P(), P("x", None), P("x")),
    requires=[*ON_MESH, writes("all_reduce", "lax.pmean(batch_loss(w, xs, ys), 'x')")],
    hints=[
        "Write the mean loss of the whole batch first. Which collective makes one mean of the "
        "means of all devices?",
        "Differentiate *that*: a function of `w` with the `pmean` inside.",
        "`jax.grad(lambda w: lax.pmean(batch_loss(w, xs, ys), 'x'))(w)`.",
    ],
    explanation="All devices share `w`, so `grad` adds the gradients of all of them. With the "
    "`pmean` in the loss, each gradient is divided by the number of devices, so their sum is the "
    "mean. With `check_vma=False` `grad` adds nothing, and there `lax.pmean` of the gradients is "
    "right. It is right with the check on too, if you first say that `w` may vary: "
    "`lax.pcast(w, 'x', to='varying')`.",
    another="def data_parallel_step(mesh, w, xs, ys):\n"
    "    def block(w, xs, ys):\n"
    "        return w - 0.1 * lax.pmean(jax.grad(batch_loss)(w, xs, ys), 'x')\n\n"
    "    specs = (P(), P('x', None), P('x'))\n"
    "    return jax.shard_map(\n"
    "        block, mesh=mesh, in_specs=specs, out_specs=P(), check_vma=False\n"
    "    )(w, xs, ys)",
    wrong_answers=[
        wrong(
            averages_a_sum,
            "steps along the sum of the devices' gradients, and not along their mean",
            rejected_by="values",
            advice="`w` does not vary, so `grad` already adds over all devices, and a `pmean` "
            "after it changes nothing: put the `pmean` into the loss. With `check_vma=False`, "
            "`grad` adds nothing: there, take the `pmean` of the gradients, not the `psum`.",
        ),
        wrong(
            keeps_its_own,
            "lets every device follow its own examples",
            rejected_by="values",
            advice="With `check_vma=False`, `grad` does not add over the devices, even if the loss "
            "has a `pmean`, and the copies of `w` drift apart. Leave the check on, or take the "
            "`pmean` of the gradients.",
        ),
        wrong(
            gathers_the_batch,
            "sends the examples to all devices, and not the gradient",
            rejected_by="communication",
            advice="Do not send examples: three numbers from each device are enough.",
        ),
        wrong(
            stops_at_the_gradient,
            "returns the gradient",
            rejected_by="values",
            advice="The gradient is right. Return the new weights.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="halo_smooth" stars=3 importance=2 minutes=12 points=2
# ## 7 · Good neighbours
#
# `smooth` replaces each number by the mean of itself and its two neighbours. Beyond the ends
# there are zeros. Write `halo_smooth`, which does the same for a `u` that is cut along `"x"`. Write
# the messages between neighbours yourself. Each device needs to send two numbers only. A device may
# hold just one number.


# %% given="smooth"
def smooth(u):
    """u (k,) -> (k,)."""
    padded = jnp.pad(u, 1)
    return (padded[:-2] + u + padded[2:]) / 3


# %% solution="halo_smooth"
def halo_smooth(mesh, u):
    """u (n,) as P("x") -> (n,) as P("x")."""

    ### BEGIN SOLUTION
    last = mesh.shape["x"] - 1

    def block(u):
        from_left = lax.ppermute(u[-1:], "x", [(i, i + 1) for i in range(last)])
        from_right = lax.ppermute(u[:1], "x", [(i + 1, i) for i in range(last)])
        padded = jnp.concatenate([from_left, u, from_right])
        return (padded[:-2] + u + padded[2:]) / 3

    return jax.shard_map(block, mesh=mesh, in_specs=P("x"), out_specs=P("x"))(u)
    ### END SOLUTION


# %% check="halo_smooth"
check(halo_smooth)
### BEGIN HIDDEN TESTS


def with_neighbours(mesh, exchange):
    def block(u):
        from_left, from_right = exchange(u, mesh.shape["x"])
        padded = jnp.concatenate([from_left, u, from_right])
        return (padded[:-2] + u + padded[2:]) / 3

    return cut(mesh, block, P("x"), P("x"))


def wraps(u, n):
    return (
        lax.ppermute(u[-1:], "x", [(i, (i + 1) % n) for i in range(n)]),
        lax.ppermute(u[:1], "x", [((i + 1) % n, i) for i in range(n)]),
    )


def sends_the_wrong_ends(u, n):
    return (
        lax.ppermute(u[:1], "x", [(i, i + 1) for i in range(n - 1)]),
        lax.ppermute(u[-1:], "x", [(i + 1, i) for i in range(n - 1)]),
    )


def swaps_left_and_right(u, n):
    return (
        lax.ppermute(u[:1], "x", [(i + 1, i) for i in range(n - 1)]),
        lax.ppermute(u[-1:], "x", [(i, i + 1) for i in range(n - 1)]),
    )


def gathers_everything(mesh, u):
    def block(u):
        smoothed = smooth(lax.all_gather(u, "x", tiled=True))
        return lax.dynamic_slice_in_dim(smoothed, lax.axis_index("x") * u.size, u.size)

    return cut(mesh, block, P("x"), P("x"))(u)


exercise(
    halo_smooth,
    inputs=lambda rng, n, mesh: (mesh, rng.normal(size=n)),
    meshes=("x=8", "x=2,y=4"),
    in_specs=(None, P("x")),
    requires=[*ON_MESH, writes("collective_permute", "lax.ppermute(u[-1:], 'x', pairs)")],
    hints=[
        "A block needs one number from each neighbour. Which number of a device does its right "
        "neighbour need?",
        "`lax.ppermute(value, 'x', pairs)` sends along pairs (from, to). Use it twice: once to the "
        "right, once to the left.",
        "`from_left = lax.ppermute(u[-1:], 'x', [(i, i + 1) for i in range(n - 1)])`, and the same "
        "in the other direction. A device that receives nothing gets zeros.",
    ],
    explanation="Each device sends its last number to the right and its first number to the left. "
    "The pairs do not form a ring, so the two ends get zeros, as the exercise asks. The cost does "
    "not depend on the length of a block, so this works for arrays of any length.",
    another="def halo_smooth(mesh, u):\n"
    "    n = mesh.shape['x']\n\n"
    "    def block(u):\n"
    "        me = lax.axis_index('x')\n"
    "        right = [(i, (i + 1) % n) for i in range(n)]\n"
    "        left = [(i, (i - 1) % n) for i in range(n)]\n"
    "        before = jnp.where(me == 0, 0, lax.ppermute(u[-1], 'x', right))\n"
    "        after = jnp.where(me == n - 1, 0, lax.ppermute(u[0], 'x', left))\n"
    "        total = u + jnp.roll(u, 1).at[0].set(before) + jnp.roll(u, -1).at[-1].set(after)\n"
    "        return total / 3\n\n"
    "    return jax.shard_map(block, mesh=mesh, in_specs=P('x'), out_specs=P('x'))(u)",
    wrong_answers=[
        wrong(
            lambda mesh, u: with_neighbours(mesh, wraps)(u),
            "makes a ring of the line",
            rejected_by="values",
            advice="The last device is not a neighbour of the first. Leave that pair out, and both "
            "ends get the zeros that they need.",
        ),
        wrong(
            lambda mesh, u: cut(mesh, smooth, P("x"), P("x"))(u),
            "smooths every block by itself",
            rejected_by="values",
            advice="Inside, a device cannot see the neighbours of the ends of its block. Send them "
            "with `lax.ppermute`.",
        ),
        wrong(
            lambda mesh, u: with_neighbours(mesh, sends_the_wrong_ends)(u),
            "sends its first number to the right",
            rejected_by="values",
            advice="The right neighbour needs the *last* number of a block, and the left neighbour "
            "the first.",
        ),
        wrong(
            lambda mesh, u: with_neighbours(mesh, swaps_left_and_right)(u),
            "puts the number from the left on the right",
            rejected_by="values",
            advice="The right numbers are sent, and each is put at the wrong end of the block.",
        ),
        wrong(
            gathers_everything,
            "sends more than two numbers per device",
            rejected_by="communication",
            advice="The result is right, but the bytes grow with `u`. Slice first, and send "
            "`u[-1:]` and `u[:1]` only, without `all_gather`.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="ring_product" stars=3 importance=2 minutes=15 points=2
# ## 8 · Round the ring
#
# `A` and `B` are both cut by rows. Every device needs every row of `B`, but must never hold all
# of `B` at once. Write `ring_product`, which returns `A @ B`: multiply by the rows of `B` that
# are there, pass them on to a neighbour, and repeat until every device has used all rows.
# `all_gather` is not allowed.


# %% solution="ring_product"
def ring_product(mesh, A, B):
    """A (n, n) as P("x", None), B (n, 4) as P("x", None) -> (n, 4) as P("x", None)."""

    ### BEGIN SOLUTION
    n = mesh.shape["x"]
    to_right = [(i, (i + 1) % n) for i in range(n)]

    def block(a, b):
        me, rows = lax.axis_index("x"), b.shape[0]

        def product(step, b):
            owner = (me - step) % n
            return lax.dynamic_slice_in_dim(a, owner * rows, rows, axis=1) @ b

        def turn(step, carry):
            total, b = carry
            b = lax.ppermute(b, "x", to_right)
            return total + product(step, b), b

        return lax.fori_loop(1, n, turn, (product(0, b), b))[0]

    specs = (P("x", None), P("x", None))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P("x", None))(A, B)
    ### END SOLUTION


# %% check="ring_product"
check(ring_product)
### BEGIN HIDDEN TESTS


def ring(mesh, A, B, owner=lambda me, step: me - step, passes=True, turns=0):
    """The ring as a Python loop, with options for mistakes."""
    n = mesh.shape["x"]

    def block(a, b):
        me, rows, total = lax.axis_index("x"), b.shape[0], 0
        for step in range(n - turns):
            if step and passes:
                b = lax.ppermute(b, "x", [(i, (i + 1) % n) for i in range(n)])
            total += lax.dynamic_slice_in_dim(a, owner(me, step) % n * rows, rows, axis=1) @ b
        return total

    return cut(mesh, block, (ROWS, ROWS), ROWS)(A, B)


def collects_the_blocks(mesh, A, B):
    n = mesh.shape["x"]

    def block(a, b):
        blocks = [b]
        for _ in range(n - 1):
            blocks.append(lax.ppermute(blocks[-1], "x", [(i, (i + 1) % n) for i in range(n)]))
        order = (lax.axis_index("x") - jnp.arange(n)) % n
        return a @ jnp.stack(blocks)[order].reshape(-1, b.shape[1])

    return cut(mesh, block, (ROWS, ROWS), ROWS)(A, B)


exercise(
    ring_product,
    inputs=lambda rng, n, mesh: (mesh, rng.normal(size=(n, n)), rng.normal(size=(n, 4))),
    meshes=("x=8", "x=4,y=2"),
    in_specs=(None, P("x", None), P("x", None)),
    # A turn too many at the end is not worth a point.
    requires=[
        matches_reference(),
        sharded_like_reference(),
        communicates_like_reference(1.5, same_kinds=True),
        uses("dot_general", at_least=4, instead="Multiply by each block while it is there."),
    ],
    equal_mutants={
        "(me - step) % n → without n (line 9)": "dynamic_slice counts a negative start from the "
        "end, and finds the same columns",
    },
    hints=[
        "The rows of `B` that a device has belong to the *columns* of its `A` with the same "
        "numbers. On which device did these rows begin, after `step` passes to the right?",
        "After `step` passes from `i` to `i + 1`, device `me` holds the block that began on device "
        "`(me - step) % n`. `lax.dynamic_slice_in_dim(a, owner * rows, rows, axis=1)` takes the "
        "columns.",
        "Begin with the product of the blocks that are there. Then, n - 1 times: pass `b` with "
        "`lax.ppermute`, multiply, add. Use `lax.fori_loop(1, n, turn, (first, b))`, or a Python "
        "loop over the ring.",
    ],
    explanation="All of `B` passes through every device, and no device ever holds more than one "
    "or two blocks of it. While one block is multiplied, the next can already be on its way. "
    "Attention over very long sequences is computed on many devices in this way.",
    another="def ring_product(mesh, A, B):\n"
    "    n = mesh.shape['x']\n"
    "    to_left = [(i, (i - 1) % n) for i in range(n)]\n\n"
    "    def block(a, b):\n"
    "        columns = a.reshape(a.shape[0], n, -1)\n"
    "        total = 0\n"
    "        for step in range(n):\n"
    "            if step:\n"
    "                b = lax.ppermute(b, 'x', to_left)\n"
    "            total += jnp.take(columns, (lax.axis_index('x') + step) % n, axis=1) @ b\n"
    "        return total\n\n"
    "    specs = (P('x', None), P('x', None))\n"
    "    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P('x', None))(A, B)",
    wrong_answers=[
        wrong(
            lambda mesh, A, B: cut(
                mesh, lambda a, b: a @ lax.all_gather(b, "x", tiled=True), (ROWS, ROWS), ROWS
            )(A, B),
            "gathers `B` on every device",
            rejected_by="communication",
            advice="The product is right, but every device held all of `B`. Pass the blocks round "
            "the ring with `lax.ppermute`.",
        ),
        wrong(
            collects_the_blocks,
            "collects all of `B` before it multiplies",
            rejected_by="operation",
            advice="The blocks go round the ring, but in the end every device holds all of `B`. "
            "Multiply by each block while it is there, add, and pass it on.",
        ),
        wrong(
            lambda mesh, A, B: ring(mesh, A, B, owner=lambda me, step: me + step),
            "counts the owners in the wrong direction",
            rejected_by="values",
            advice="If blocks go to the right, a device gets its blocks from the left: "
            "`(me - step) % n`.",
        ),
        wrong(
            lambda mesh, A, B: ring(mesh, A, B, passes=False),
            "multiplies by its own rows again and again",
            rejected_by="values",
            advice="`lax.ppermute` returns the block that arrived. Use it in the next step "
            "instead of the old block.",
        ),
        wrong(
            lambda mesh, A, B: ring(mesh, A, B, turns=1),
            "stops one block too early",
            rejected_by="values",
            advice="There are n blocks, so there are n products, with n - 1 passes between them.",
        ),
        wrong(
            lambda mesh, A, B: ring(mesh, A, B, owner=lambda me, step: me),
            "always takes its own columns of `A`",
            rejected_by="values",
            advice="The columns have to belong to the rows of `B` that the device has, and these "
            "change in each step.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="sharded_cross_entropy" stars=3 importance=2 minutes=15 points=2
# ## 9 · A puzzle: the word that one device knows
#
# A language model gives every word of its vocabulary a score. The vocabulary is so large that the
# scores are cut over the devices: `logits` is cut as `P(None, "x")`. Write `sharded_cross_entropy`:
# for every row, `-log_softmax(logits)` at the row's label.
#
# The scores are large, so `exp` overflows unless the row's maximum is subtracted first. The
# label is a number in the *whole* vocabulary, and only one device has its score. Do not send the
# scores: three numbers per row are enough. Write their messages yourself.


# %% solution="sharded_cross_entropy"
def sharded_cross_entropy(mesh, logits, labels):
    """logits (n, 40) as P(None, "x"), labels (n,) int32 as P() -> (n,) as P()."""

    ### BEGIN SOLUTION
    def block(logits, labels):
        top = lax.pmax(logits.max(axis=1), "x")
        total = lax.psum(jnp.exp(logits - top[:, None]).sum(axis=1), "x")
        words = logits.shape[1]
        here = labels - lax.axis_index("x") * words
        score = jnp.take_along_axis(logits, jnp.clip(here, 0, words - 1)[:, None], axis=1)[:, 0]
        score = lax.psum(jnp.where((here >= 0) & (here < words), score, 0), "x")
        return jnp.log(total) + top - score

    specs = (P(None, "x"), P())
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P())(logits, labels)
    ### END SOLUTION


# %% check="sharded_cross_entropy"
check(sharded_cross_entropy)
### BEGIN HIDDEN TESTS
WORDS = (P(None, "x"), P())


def entropy(mesh, logits, labels, top, score):
    """The cross entropy from a way to find the maximum and one to find the label's score."""

    def block(logits, labels):
        most = top(logits)
        total = lax.psum(jnp.exp(logits - most[:, None]).sum(axis=1), "x")
        return jnp.log(total) + lax.pmax(most, "x") - score(logits, labels)

    return cut(mesh, block, WORDS, P(), False)(logits, labels)


def everyones_top(logits):
    return lax.pmax(logits.max(axis=1), "x")


def label_score(logits, labels):
    words = lax.axis_index("x") * logits.shape[1] + jnp.arange(logits.shape[1])
    return lax.psum(jnp.where(labels[:, None] == words, logits, 0).sum(axis=1), "x")


def score_of_remainder(logits, labels):
    here = labels % logits.shape[1]
    return lax.psum(jnp.take_along_axis(logits, here[:, None], axis=1)[:, 0], "x")


def score_without_offset(logits, labels):
    words = jnp.arange(logits.shape[1])
    return lax.psum(jnp.where(labels[:, None] == words, logits, 0).sum(axis=1), "x")


def gathers_the_scores(mesh, logits, labels):
    def block(logits, labels):
        whole = jax.nn.log_softmax(lax.all_gather(logits, "x", axis=1, tiled=True))
        return -jnp.take_along_axis(whole, labels[:, None], axis=1)[:, 0]

    return cut(mesh, block, WORDS, P(), False)(logits, labels)


def scored(rng, n):
    """Large scores of 40 words in n rows, and labels: the first and the last word among them.

    In every second row two words on different devices share the highest score.
    """
    logits = rng.normal(size=(n, 40)) * 60 + rng.uniform(-500, 500, size=(n, 1))
    logits[::2, [3, 31]] = logits[::2].max(axis=1, keepdims=True) + 1
    labels = rng.integers(0, 40, size=n)
    labels[-2:] = (0, 39)[-n:]
    return logits, labels


exercise(
    sharded_cross_entropy,
    inputs=lambda rng, n, mesh: (mesh, *scored(rng, n)),
    # The rows are not cut, so there may be any number of them.
    sizes=SIZES[1],
    public_sizes=SIZES[0],
    meshes=("x=8", "x=4,y=2"),
    in_specs=(None, P(None, "x"), P()),
    # The compiler joins two sums into one, but not if they are written in another order.
    requires=[
        matches_reference(),
        sharded_like_reference(),
        communicates_like_reference(1.5),
        writes("all_reduce", "lax.psum(…, 'x')"),
    ],
    equal_mutants={
        line: "a label of another device is clipped to any word, and `where` ignores its score"
        for line in (
            "clip(…) → its first argument (line 8)",
            "here, 0 → swapped (line 8)",
            "0 → -1 (line 8, place 2)",
            "- → + (line 8)",
            "words - 1 → without 1 (line 8)",
            "1 → 0 (line 8, place 2)",
        )
    }
    | {"0 → 1 (line 8)": "the axis has one entry, and an index beyond it is clamped"},
    hints=[
        "Divide the problem: the row's maximum, the sum of exponentials, the label's score. Each "
        "comes from all devices, and each is one number per row.",
        "Use `lax.pmax` for the maximum and `lax.psum` for the sum. For the score, all devices but "
        "one contribute zero, so `lax.psum` works too.",
        "If `words` is the width of a block, device `lax.axis_index('x')` holds the words from "
        "number `lax.axis_index('x') * words` on. Compare `labels[:, None]` with those numbers, "
        "and use `jnp.where`.",
    ],
    explanation="The loss is log Σ exp(s - m) + m - s[label]. The maximum m has to be the same "
    "on all devices, or their sums could not be added. For the score, one device has the value and "
    "no other device knows which one: a `psum` in which all others add zero brings it to all. "
    "For plain `jax.nn.log_softmax` on the cut scores the compiler adds the same messages.",
    another="def sharded_cross_entropy(mesh, logits, labels):\n"
    "    def block(logits, labels):\n"
    "        words = lax.axis_index('x') * logits.shape[1] + jnp.arange(logits.shape[1])\n"
    "        hit = labels[:, None] == words\n"
    "        shifted = logits - lax.pmax(logits.max(axis=1, keepdims=True), 'x')\n"
    "        both = jnp.stack([jnp.exp(shifted).sum(1), jnp.where(hit, shifted, 0).sum(1)])\n"
    "        total, score = lax.psum(both, 'x')\n"
    "        return jnp.log(total) - score\n\n"
    "    specs = (P(None, 'x'), P())\n"
    "    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P())(logits, labels)",
    wrong_answers=[
        wrong(
            gathers_the_scores,
            "gathers the scores of the whole vocabulary",
            rejected_by="communication",
            advice="The result is right, but every device now holds all scores, and they were cut "
            "because they are large. Send a maximum, a sum and a score.",
        ),
        wrong(
            lambda mesh, logits, labels: entropy(
                mesh, logits, labels, lambda logits: jnp.zeros(logits.shape[0]), label_score
            ),
            "does not subtract the maximum",
            rejected_by="values",
            advice="`exp` of a large score is infinite. Subtract the row's maximum first, and add "
            "it to the logarithm.",
        ),
        wrong(
            lambda mesh, logits, labels: entropy(
                mesh, logits, labels, lambda logits: logits.max(axis=1), label_score
            ),
            "subtracts each device's own maximum",
            rejected_by="values",
            advice="Sums that were shifted by different numbers cannot be added. First find the "
            "maximum over all devices: `lax.pmax`.",
        ),
        wrong(
            lambda mesh, logits, labels: entropy(
                mesh, logits, labels, everyones_top, score_of_remainder
            ),
            "takes a score from every device",
            rejected_by="values",
            advice="Only one device holds the label's word. The others have to add zero: use "
            "`jnp.where`.",
        ),
        wrong(
            lambda mesh, logits, labels: entropy(
                mesh, logits, labels, everyones_top, score_without_offset
            ),
            "numbers the words of each block from zero",
            rejected_by="values",
            advice="The label counts in the whole vocabulary. A block's first word has the number "
            "`lax.axis_index('x') * words`.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="typed_matmul" stars=1 importance=3 minutes=4 points=1
# ## 10 · Explicit mode: name the layout of a sum
#
# Now the axes of the mesh are `Explicit`, and the mesh is set, as by `jax.set_mesh(mesh)`. So the
# function gets no mesh, and the type of each array says how it is cut. Write `typed_matmul`, the
# product of exercise 3 in this mode: `A` has the type `float32[n@x,16@y]`, `B` has
# `float32[16@y,4]`, and the result has to have `float32[n@x,4]`. `A` and `B` stay where they are.
#
# You write no collective here: you say where the result should lie, and JAX finds the messages. To
# try it by hand:
#
# ```python
# explicit = (AxisType.Explicit, AxisType.Explicit)
# mesh = jax.make_mesh((4, 2), ("x", "y"), axis_types=explicit, devices=jax.devices("cpu"))
# with jax.set_mesh(mesh):
#     A = reshard(jnp.ones((8, 16)), P("x", "y"))
#     B = reshard(jnp.ones((16, 4)), P("y", None))
#     print(jax.typeof(A), jax.typeof(typed_matmul(A, B)))
# ```


# %% solution="typed_matmul"
def typed_matmul(A, B):
    """A float32[n@x,16@y], B float32[16@y,4] -> float32[n@x,4]."""
    ### BEGIN SOLUTION
    return jnp.matmul(A, B, out_sharding=P("x", None))
    ### END SOLUTION


# %% check="typed_matmul"
check(typed_matmul)
### BEGIN HIDDEN TESTS
exercise(
    typed_matmul,
    inputs=lambda rng, n, mesh: (rng.normal(size=(n, 16)), rng.normal(size=(16, 4))),
    meshes=("x=4,y=2 explicit", "x=2,y=4 explicit"),
    in_specs=MATMUL,
    requires=[matches_reference(), sharded_like_reference(), communicates_like_reference(1.5)],
    hints=[
        "Write `A @ B` first and read the error: which argument does it ask for?",
        "The operator `@` takes no arguments, but `jnp.matmul` and `jnp.dot` do.",
        "`jnp.matmul(A, B, out_sharding=P(...))`. The spec has one entry for each axis of the "
        "result: the rows are cut by `x`, the columns by nothing.",
    ],
    explanation="The axis that is summed over is cut along `y`. So the result could be whole along "
    "`y`, or be cut by `y` in one of two ways, or stay in parts that are not added yet. In "
    "explicit mode JAX does not choose: `A @ B` raises a `ShardingTypeError`, and `out_sharding` "
    "is your answer. The compiler still adds the `psum`.",
    another="def typed_matmul(A, B):\n"
    "    product = jax.sharding.auto_axes(lambda a, b: a @ b, out_sharding=P('x', None))\n"
    "    return product(A, B)  # inside, the compiler decides",
    wrong_answers=[
        wrong(
            lambda A, B: A @ B,
            "does not say how the sum is cut",
            rejected_by="ShardingTypeError",
            advice="The message asks for `out_sharding`. `jnp.matmul` takes it; `@` cannot.",
        ),
        wrong(
            lambda A, B: jnp.matmul(A, B, out_sharding=P()),
            "copies the whole product to every device",
            rejected_by="sharding",
            advice="`P()` names no mesh axis, so nothing is cut. The rows stay cut by `x`.",
        ),
        wrong(
            lambda A, B: jnp.matmul(A, B, out_sharding=P("x", "y")),
            "cuts the columns of the product too",
            rejected_by="sharding",
            advice="The type that the text asks for has no `@` at the second axis: `P('x', None)`.",
        ),
        wrong(
            lambda A, B: A @ reshard(B, P()),
            "copies `B` to every device before it multiplies",
            rejected_by="communication",
            advice="With a whole `B` the types are clear, so nothing is raised. But `B` was sent "
            "for that. Leave it, and give `out_sharding`.",
        ),
        wrong(
            lambda A, B: reshard(A, P("x", None)) @ reshard(B, P()),
            "gathers the factors so that no sum is cut",
            rejected_by="communication",
            advice="The factors are larger than the product. Let the sum be cut, and give "
            "`out_sharding`.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="scaled_layer" stars=2 importance=2 minutes=6 points=1
# ## 11 · Explicit mode: move the small one
#
# This is the same mode, with a mesh that has axes `"x"` and `"y"`. A layer multiplies the examples
# `xs`, of type `float32[n@x,8]`, by the weights `W`, of type `float32[8,16@y]`, and then multiplies
# each column of the product by its number in `scale`. But `scale` comes from elsewhere, and has the
# type `float32[16@x]`.
#
# Write `scaled_layer`, which returns `(xs @ W) * scale` with the type `float32[n@x,16@y]`. Written
# like that, it raises an error, because two types do not fit. The 16 numbers of `scale` may
# move. `xs`, `W` and the product may not.


# %% solution="scaled_layer"
def scaled_layer(xs, W, scale):
    """xs float32[n@x,8], W float32[8,16@y], scale float32[16@x] -> float32[n@x,16@y]."""
    ### BEGIN SOLUTION
    return (xs @ W) * reshard(scale, P("y"))
    ### END SOLUTION


# %% check="scaled_layer"
check(scaled_layer)
### BEGIN HIDDEN TESTS
exercise(
    scaled_layer,
    inputs=lambda rng, n, mesh: (
        rng.normal(size=(n, 8)),
        rng.normal(size=(8, 16)),
        rng.normal(size=16),
    ),
    meshes=("x=4,y=2 explicit", "x=2,y=4 explicit"),
    in_specs=(P("x", None), P(None, "y"), P("x")),
    # A copy of `scale` on every device costs at most twice the bytes, and is right too.
    requires=[matches_reference(), sharded_like_reference(), communicates_like_reference(2.0)],
    equal_mutants={
        mutant: "a copy of `scale` on every device is right too"
        for mutant in ("P('y') → P() (line 2)", "'y' → None (line 2)")
    },
    hints=[
        "What is the type of `xs @ W`? Compare the axis that `scale` belongs to with `scale`'s own "
        "type.",
        "The product is `float32[n@x,16@y]`, so its columns are cut by `y`, and `scale` is cut by "
        "`x`. One of them has to change, and one of them is small.",
        "`reshard(scale, P(...))` returns the same numbers in another layout. Which mesh axis cuts "
        "the columns?",
    ],
    explanation="The axis that is summed over is not cut, so `xs @ W` needs no message and has the "
    "type `float32[n@x,16@y]`. For `*`, an axis has to be cut in the same way in both arrays, or "
    "cut in one of them only. `reshard` is the message: here of 16 numbers. The error is useful: "
    "in auto mode the compiler would have chosen what moves, and you would not have noticed.",
    another="def scaled_layer(xs, W, scale):\n"
    "    return xs @ (W * reshard(scale, P()))  # scales the weights, with a copy of `scale`",
    wrong_answers=[
        wrong(
            lambda xs, W, scale: (xs @ W) * scale,
            "multiplies arrays whose types do not fit",
            rejected_by="ShardingTypeError",
            advice="The columns of the product are cut by `y`, `scale` is cut by `x`. Give `scale` "
            "the layout of the columns: `reshard`.",
        ),
        wrong(
            lambda xs, W, scale: reshard(xs @ W, P(None, "x")) * scale,
            "moves the product to where `scale` is",
            rejected_by="sharding",
            advice="The types fit now, and the result is not cut as the text asks. Move `scale`.",
        ),
        wrong(
            lambda xs, W, scale: reshard(
                reshard(xs @ W, P(None, "x")) * scale,
                P("x", "y"),
            ),
            "moves the product to `scale` and back",
            rejected_by="communication",
            advice="The result is right, but the product was sent twice. It grows with the "
            "batch, and `scale` does not.",
        ),
        wrong(
            lambda xs, W, scale: reshard((xs @ reshard(W, P())) * reshard(scale, P()), P("x", "y")),
            "copies the weights to every device",
            rejected_by="communication",
            advice="The result is right, but all of `W` was sent. It can stay: only `scale` does "
            "not fit.",
        ),
        wrong(
            lambda xs, W, scale: (xs @ W) * reshard(scale, P(None)).sum(),
            "multiplies by one number",
            rejected_by="values",
            advice="Each column has its own number.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown]
# ## 12 · In your own words
#
# A colleague trains a model on eight GPUs with `jit` and placed inputs (auto mode). A profile
# shows one `all-gather` of the activations in every layer, and nobody knows where it comes from. In
# three to five sentences: how would explicit mode help to find the line, what would you write
# there, and what would make you go on to `jax.shard_map` for this layer? A person reads this.

# %% [markdown] written="which_mode" minutes=5 points=1
# ### BEGIN SOLUTION
# Explicit mode makes the layout a part of the type, and `jax.typeof` shows it at every line, also
# while tracing. Where two layouts do not fit, or a sum over a cut axis leaves the layout of the
# result open, the line raises a `ShardingTypeError`, and no message is added silently. There you
# write `out_sharding=` for the result, or `reshard` for the smaller of the two arrays. `shard_map`
# is for messages that a layout of results cannot express: a ring, a halo, a collective that should
# overlap with computation, or a number of collectives that is still too high.
#
# Rubric:
#
# - 0.5: types or errors find the line, and what is written there
# - 0.5: a sound reason to go on to `shard_map`
# - 0: "because it is faster", without a message to save, is not a sound reason
# ### END SOLUTION
