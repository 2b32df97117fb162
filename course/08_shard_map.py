# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 8. One program, many devices: `shard_map`
#
# > **After this lesson you can**
# > say which block of an array each device holds, write a function from the point of view of
# > one device, choose the collective that makes the blocks agree, notice the one that is
# > missing, and tell when to leave it all to `jit`.
# >
# > **Time** about 30 minutes. **Read before** `05_vmap` and `07_grad`.
# >
# > **How it works** Each question has a line `my_... = ...`. Replace the dots with your
# > guess before you run on. Leave the dots and the answer waits in a fold.

# %%
import importlib.util
import math
import re
from collections import Counter
from functools import partial

import jax
import jax.numpy as jnp
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

from autograder import predicted
from course import explore
from course.pictures import shards

jax.config.update("jax_num_cpu_devices", 8)  # before the first JAX operation
devices = jax.devices("cpu")
jax.config.update("jax_default_device", devices[0])
devices

# %% [markdown]
# These eight devices are a simulation: one processor answers to eight names. Nothing in this
# lesson gets **faster**, and no cell measures time. What is real is the layout of the data, the
# program of each device, and the messages that it asks for. These are the same on eight GPUs or
# TPUs.
# (The number of devices must be set before JAX does anything. If the cell complains that it
# comes too late, restart the kernel. The last line keeps everything on the simulated devices,
# even where there is a GPU.)
#
# ## A mesh gives the devices an order
#
# The example of the slides wants the eight devices as four rows, along `x`, of two, along `y`.


# %%
def make_mesh(shape, names):
    """A mesh of the first simulated devices."""
    auto = (AxisType.Auto,) * len(shape)
    return jax.make_mesh(shape, names, axis_types=auto, devices=devices[: math.prod(shape)])


mesh = make_mesh((4, 2), ("x", "y"))
print(mesh.shape)
for row in mesh.devices:
    print([device.id for device in row])

# %% [markdown]
# The slide writes `jax.make_mesh((4, 2), ('x', 'y'))`. Which type of axis that makes depends on
# the version of JAX, so we ask for `Auto`, for which the slide was written. The code then runs
# on old and new versions alike.
#
# ## A spec cuts an array
#
# A `PartitionSpec`, for short `P`, has one entry for each axis **of the array**. The entry names
# the axis **of the mesh** that cuts it, or is `None` where nothing does. `P("x", "y")` cuts
# the rows of a matrix in four and its columns in two.

# %%
a = jnp.arange(8 * 16.0).reshape(8, 16)
b = jnp.arange(16 * 4.0).reshape(16, 4)

# %% [markdown]
# **Predict.** `a` has shape `(8, 16)`. Which shape has the block that one device gets under
# `P("x", "y")`?

# %%
# Your prediction: replace the dots, e.g. (3, 5)
my_block = ...

# %%
a_cut = jax.device_put(a, NamedSharding(mesh, P("x", "y")))
first_block = a_cut.addressable_shards[0]
print("device", first_block.device.id, "holds", first_block.index)
first_block.data.shape

# %%
predicted(
    my_block,
    first_block.data.shape,
    why="8 rows over the 4 devices along x, 16 columns over the 2 along y.",
)

# %% [markdown]
# To you, `a_cut` is still one array of shape `(8, 16)`: printing, indexing and `jnp` functions
# work as before. JAX can draw where the parts are, if the package `rich` is there.


# %%
def visualize(array):
    if importlib.util.find_spec("rich"):
        jax.debug.visualize_array_sharding(array)
    else:
        print("jax.debug.visualize_array_sharding needs the package rich, which is not here.")


visualize(a_cut)

# %% [markdown]
# The next cell shows it for six specs, as the arrays themselves say where their blocks are.
#
# **Predict.** A mesh axis that the spec does not name **copies**. Under `P("x", None)`, how many
# devices hold row 0?

# %%
# Your prediction: replace the dots with a number
my_holders = ...

# %%
specs = [P("x", None), P("x", "y"), P("y", "x"), P(None, "y"), P(("x", "y"), None), P()]
explore.mesh(a, mesh, specs, collectives=())

# %%
rows_cut = jax.device_put(a, NamedSharding(mesh, P("x", None)))
holders = [part.device.id for part in rows_cut.addressable_shards if part.index[0].start == 0]
holders

# %%
predicted(
    my_holders,
    len(holders),
    why="The spec is silent about y, so both devices along y hold the same two rows.",
)

# %% [markdown]
# Choose other specs above, and guess each of them before you look. `P(("x", "y"), None)` cuts one
# axis by both mesh axes, into eight.
#
# Blocks must come out equal. Six rows cannot be dealt to four devices:

# %% tags=["raises-exception"]
jax.device_put(jnp.zeros((6, 16)), NamedSharding(mesh, P("x", None)))

# %% [markdown]
# Choose sizes that divide, or pad.
#
# ## The program of one device
#
# `jax.shard_map` runs a function on every device at once. Inside, you see **your own block**
# and nothing else: single program, multiple data. `in_specs` says how the arguments are cut,
# `out_specs` how the blocks that come back are put together.
#
# The slide imports it like this, in a way that fails in each version of JAX that this course
# is tested with:

# %% tags=["raises-exception"]
from jax.shard_map import shard_map

print("imported", shard_map)

# %% [markdown]
# The function is `jax.shard_map`. But for that, here is the slide's example.

# %%
seen = []


@partial(jax.shard_map, mesh=mesh, in_specs=(P("x", "y"), P("y", None)), out_specs=P("x", None))
def matmul_basic(a_block, b_block):
    seen.append((a_block.shape, b_block.shape))
    c_partials = jnp.dot(a_block, b_block)
    c_block = jax.lax.psum(c_partials, "y")
    return c_block


# %% [markdown]
# **Predict.** Eight devices will run it. How often does Python enter its body?

# %%
# Your prediction: replace the dots with a number
my_entries = ...

# %%
c = matmul_basic(a, b)
seen

# %%
predicted(
    my_entries,
    len(seen),
    why="As with vmap, Python runs the body once, with a stand-in for the block of any device.",
)


# %%
def allclose(a, b):
    return bool(jnp.allclose(a, b, atol=1e-2, rtol=1e-2))


print("c:", c.shape, " equals jnp.dot(a, b):", allclose(c, jnp.dot(a, b)))
visualize(c)

# %% [markdown]
# `vmap` takes the mapped axis away; `shard_map` keeps it and makes it shorter. The block of
# `a`, of shape `(8, 16)`, has shape `(2, 8)`.
#
# Without `jit`, a `print` inside even shows the values of every device. That is what the slide
# means by debuggable.


# %%
@partial(jax.shard_map, mesh=mesh, in_specs=P("x", "y"), out_specs=P("x", "y"))
def peek(a_block):
    print(a_block[0, :3])
    return a_block


peek(a).shape

# %% [markdown]
# ## Half a sum on each device
#
# Why the `psum`? Look at the blocks before it. We take it out, and let `out_specs` lay
# the partial products of all devices beside each other.
#
# **Predict.** Each device computes a `(2, 8)` block times an `(8, 4)` block. With
# `out_specs=P("x", "y")`, what is the shape of the whole?

# %%
# Your prediction: replace the dots, e.g. (3, 5)
my_partials_shape = ...

# %%
specs_ab = (P("x", "y"), P("y", None))
partials = jax.shard_map(jnp.dot, mesh=mesh, in_specs=specs_ab, out_specs=P("x", "y"))(a, b)
partials.shape

# %%
predicted(
    my_partials_shape,
    partials.shape,
    why="A block is (2, 4). Four of them stand along x and two along y.",
)

# %%
b_cut = jax.device_put(b, NamedSharding(mesh, P("y", None)))
shards.draw_layouts(("dot", "→", "psum\nover y"), a=a_cut, b=b_cut, partials=partials, c=c)

# %% [markdown]
# In the picture: device 0 multiplies its left half of two rows of `a` with the upper half of
# `b`; its neighbour along `y`, device 1, the right half with the lower half. Each has
# **half of every sum**. `psum` over `y` adds the two, and afterwards both hold the same block
# of `c`.

# %%
left, right = partials[:, :4], partials[:, 4:]
print("the two halves add up:", allclose(left + right, c))

# %% [markdown]
# ## The forgotten `psum`
#
# Now leave it out, and still promise `out_specs=P("x", None)`.


# %%
def forgetful(a_block, b_block):
    return jnp.dot(a_block, b_block)


# %% tags=["raises-exception"]
jax.shard_map(forgetful, mesh=mesh, in_specs=specs_ab, out_specs=P("x", None))(a, b)

# %% [markdown]
# JAX keeps account of the mesh axes along which a value *varies*. The product varies along `y`;
# a spec that is silent about `y` promises that it does not. The message ends with an offer:
# disable the check.
#
# **Predict.** What happens with `check_vma=False`? Choose `"raises"`, `"right"` or `"wrong"`.

# %%
# Your prediction: replace the dots with "raises", "right" or "wrong"
my_unchecked = ...

# %%
unchecked = jax.shard_map(
    forgetful, mesh=mesh, in_specs=specs_ab, out_specs=P("x", None), check_vma=False
)
try:
    wrong_c = unchecked(a, b)
    outcome = "right" if allclose(wrong_c, jnp.dot(a, b)) else "wrong"
except ValueError:
    outcome = "raises"
outcome

# %%
predicted(
    my_unchecked,
    outcome,
    why="With the check gone, nothing notices that one half of every sum is missing.",
)

# %% [markdown]
# Worse, which wrong number you get depends on who is asked. The array claims that devices 0 and
# 1 hold copies of the same two rows:

# %%
for part in wrong_c.addressable_shards[:2]:
    print("device", part.device.id, "rows", part.index[0], "first row:", part.data[0])
print("jnp.dot(a, b) has there:", jnp.dot(a, b)[0])
print("what you were shown is the left half:", allclose(wrong_c, left))

# %% [markdown]
# One array with two different contents. So treat that error as a question: *which collective is
# missing?* Switch the check off only when you can prove the copies equal.
#
# ## Four collectives
#
# Take four devices in a line, each with a row of four numbers. The tens say whose number it
# was, the ones which.

# %%
line = make_mesh((4,), ("x",))
start = jnp.arange(1.0, 5.0)[:, None] * 10 + jnp.arange(4.0)
print(start)
on_line = partial(jax.shard_map, mesh=line, in_specs=P("x", None), out_specs=P("x", None))


@on_line
def sum_all(row):
    return jax.lax.psum(row, "x")


@on_line
def sum_and_scatter(row):
    return jax.lax.psum_scatter(row, "x", scatter_dimension=1, tiled=True)


@on_line
def gather(row):
    return jax.lax.all_gather(row, "x", axis=1, tiled=True)


@on_line
def pass_right(row):
    return jax.lax.ppermute(row, "x", [(0, 1), (1, 2), (2, 3)])


# %% [markdown]
# - `psum`: add over the devices, and everyone gets the whole sum.
# - `psum_scatter`: add over the devices, and everyone gets **one slice** of the sum.
# - `all_gather`: everyone gets everyone's block.
# - `ppermute`: send your block along the pairs *(from, to)*.
#
# **Predict.** Which number does device 2 hold after `sum_and_scatter(start)`?

# %%
# Your prediction: replace the dots with a number
my_scattered = ...

# %%
scattered = sum_and_scatter(start)
scattered

# %%
predicted(
    my_scattered,
    float(scattered[2, 0]),
    why="The sum over the devices is a row of four. Slice 2 of it is the sum of column 2.",
)

# %% [markdown]
# **Predict.** In `pass_right`, nobody sends to device 0. What does it hold afterwards? Choose
# `"its own"`, `"zeros"` or `"nan"`.

# %%
# Your prediction: replace the dots with "its own", "zeros" or "nan"
my_first = ...

# %%
passed = pass_right(start)
if bool((passed[0] == start[0]).all()):
    first_holds = "its own"
else:
    first_holds = "zeros" if bool((passed[0] == 0).all()) else "nan"
passed

# %%
predicted(
    my_first,
    first_holds,
    why="Who is sent nothing gets zeros, without an error. A pair that you forgot shows as zeros.",
)

# %%
gathered = gather(scattered)
shards.draw_collectives(
    {
        "start": start,
        "psum_scatter": scattered,
        "then all_gather": gathered,
        "ppermute of start": passed,
    }
)

# %% [markdown]
# In the picture: a row is what one device holds, and a colour is whose number it was. Sums, made of
# everyone's, are white.
#
# Choose a collective, and press **Next →** to see the blocks move. Other specs change what a
# collective does: what is `psum` of copies? The last sentence counts the bytes, as a model does in
# which the devices stand in a ring.

# %%
explore.mesh(start, line, [P("x", None), P(None, "x"), P()])

# %%
print("psum_scatter, then all_gather, is psum:", allclose(gathered, sum_all(start)))

# %% [markdown]
# That last line is worth remembering. A `psum` is the two others in a row, so if each device
# goes on with only its slice of the sum, stop after `psum_scatter` and save the gathering.
#
# ## Gradients, with the examples cut
#
# Data parallelism: each device has all weights and an eighth of the examples. The mean gradient
# over all examples is asked for. Two ideas: average the gradients, or differentiate the
# averaged loss. (`pmean` is `psum` divided by the number of devices.)

# %%
ring = make_mesh((8,), ("x",))
key_x, key_w = jax.random.split(jax.random.key(0))
xs = jax.random.normal(key_x, (64, 3))
ys = xs @ jnp.array([1.0, 2.0, 3.0])
w = jax.random.normal(key_w, (3,))


def loss(w, xs, ys):
    return jnp.mean((xs @ w - ys) ** 2)


def mean_of_gradients(w, xs, ys):
    return jax.lax.pmean(jax.grad(loss)(w, xs, ys), "x")


def gradient_of_mean(w, xs, ys):
    return jax.grad(lambda w: jax.lax.pmean(loss(w, xs, ys), "x"))(w)


# %% [markdown]
# **Predict.** Which of the two gives the gradient that one device would compute from all 64
# examples? Choose `"first"` (`mean_of_gradients`), `"second"`, `"both"` or `"neither"`.

# %%
# Your prediction: replace the dots
my_right_gradient = ...


# %%
def compare(function, check):
    """What a function computes inside shard_map, in words."""
    cut = (P(), P("x", None), P("x"))
    inside = jax.shard_map(function, mesh=ring, in_specs=cut, out_specs=P(), check_vma=check)
    got, wanted = inside(w, xs, ys), jax.grad(loss)(w, xs, ys)
    kinds = {
        "right": wanted,
        "8 times too large": 8 * wanted,
        "device 0's own": jax.grad(loss)(w, xs[:8], ys[:8]),
    }
    return next((words for words, like in kinds.items() if allclose(got, like)), "none of these")


verdicts = {}
for function in (mean_of_gradients, gradient_of_mean):
    for check in (True, False):
        verdicts[function, check] = compare(function, check)
        print(f"{function.__name__:18} check_vma={check!s:6}", verdicts[function, check])

# %%
first_is_right = verdicts[mean_of_gradients, True] == "right"
second_is_right = verdicts[gradient_of_mean, True] == "right"
names = {(1, 0): "first", (0, 1): "second", (1, 1): "both", (0, 0): "neither"}
predicted(
    my_right_gradient,
    names[first_is_right, second_is_right],
    why="w does not vary, so its gradient may not vary either: grad already adds over the devices. "
    "A pmean of that sum changes nothing.",
)

# %% [markdown]
# Two of the four lines are wrong, and none raised an error. With the check on, as it is by
# default, JAX knows that all devices share `w`, and the gradient of something shared collects
# from everyone who used it: a sum. With the check off it knows nothing of the kind, and the other
# spelling is the right one. Older tutorials average the gradients, as one did in `pmap`. Here,
# **write the loss of the whole batch, `pmean` included, and differentiate that**, with the check
# on.
#
# ## Neighbours: a halo exchange
#
# A rod is cut into eight pieces. Heat flows between neighbouring points, so a piece needs one
# number from each neighbour: its halo.


# %%
def spread(u, from_left, from_right):
    """One step: u (n,), and the points beside it, each (1,) -> (n,)."""
    padded = jnp.concatenate([from_left, u, from_right])
    return u + 0.25 * (padded[:-2] - 2 * u + padded[2:])


ZERO = jnp.zeros(1)  # the ends of the rod are kept cold


def whole_rod(u):
    return spread(u, ZERO, ZERO)


def piece(u):
    to_right = [(i, i + 1) for i in range(7)]
    to_left = [(i + 1, i) for i in range(7)]
    from_left = jax.lax.ppermute(u[-1:], "x", to_right)
    from_right = jax.lax.ppermute(u[:1], "x", to_left)
    return spread(u, from_left, from_right)


def lonely_piece(u):
    return spread(u, ZERO, ZERO)


on_ring = partial(jax.shard_map, mesh=ring, in_specs=P("x"), out_specs=P("x"))

# %% [markdown]
# My **last** point goes right, my **first** goes left. Devices 0 and 7 are sent
# nothing from outside, get zeros, and zero is what the cold ends ask for.
#
# **Predict.** `lonely_piece` forgets its neighbours. The rod has 64 points, eight a device. How
# many of them are wrong after **one** step, if it starts warm everywhere?

# %%
# Your prediction: replace the dots with a number
my_wrong_points = ...

# %%
warm = 1 + jnp.sin(jnp.arange(64) * 0.15) ** 2
one_step = whole_rod(warm)
wrong_points = int((jnp.abs(on_ring(lonely_piece)(warm) - one_step) > 1e-3).sum())
print("wrong, without neighbours:", wrong_points)
print("wrong, with the exchange: ", int((jnp.abs(on_ring(piece)(warm) - one_step) > 1e-3).sum()))

# %%
predicted(
    my_wrong_points,
    wrong_points,
    why="One point on either side of each of the 7 seams. The two ends of the rod are right.",
)


# %%
def repeat(step, u, times=30):
    return jax.jit(lambda u: jax.lax.fori_loop(0, times, lambda _, u: step(u), u))(u)


shards.draw_seams(
    8,
    whole_rod=repeat(whole_rod, warm),
    with_halo=repeat(on_ring(piece), warm),
    without_halo=repeat(on_ring(lonely_piece), warm),
)

# %% [markdown]
# In the picture, after thirty steps: with the exchange the pieces follow the whole rod; without it
# every seam has become a cold end. No error was raised, and the shapes are right.
#
# ## Round the ring: multiply what you cannot hold
#
# Let `A` and `B` both be cut by rows. Every device needs all of `B`. It may gather `B`, and then
# hold all of it at once. Or the blocks go round, and each device uses the one it has.

# %%
RIGHT = [(i, (i + 1) % 8) for i in range(8)]


def gather_matmul(a_block, b_block):
    return a_block @ jax.lax.all_gather(b_block, "x", tiled=True)


def ring_matmul(a_block, b_block):
    me, rows = jax.lax.axis_index("x"), b_block.shape[0]

    def product(step, b_block):
        owner = (me - step) % 8  # whose block of B I have in hand
        columns = jax.lax.dynamic_slice_in_dim(a_block, owner * rows, rows, axis=1)
        return columns @ b_block

    def pass_on(step, carry):
        total, b_block = carry
        b_block = jax.lax.ppermute(b_block, "x", RIGHT)
        return total + product(step, b_block), b_block

    return jax.lax.fori_loop(1, 8, pass_on, (product(0, b_block), b_block))[0]


# %% [markdown]
# `axis_index` is the device's own number along `x`, the one thing that differs between devices
# that run the same program.
#
# **Predict.** Every device passes its block to the right, from `i` to `i + 1`. After **two**
# steps, which block does device 0 have in hand?

# %%
# Your prediction: replace the dots with a number
my_block_in_hand = ...


# %%
@partial(jax.shard_map, mesh=ring, in_specs=P("x"), out_specs=P("x", None))
def blocks_in_hand(number):
    hands = [number]
    for _ in range(7):
        hands.append(jax.lax.ppermute(hands[-1], "x", RIGHT))
    return jnp.stack(hands, axis=1)


owners = blocks_in_hand(jnp.arange(8))
shards.draw_ring(owners)

# %%
predicted(
    my_block_in_hand,
    int(owners[0, 2]),
    why="What I have after s steps set out s places to my left: (0 - 2) % 8. Hence the owner in "
    "the code.",
)

# %%
by_rows = NamedSharding(ring, P("x", None))
key_a, key_b = jax.random.split(jax.random.key(1))
A = jax.device_put(jax.random.normal(key_a, (256, 256)), by_rows)
B = jax.device_put(jax.random.normal(key_b, (256, 256)), by_rows)

temporaries = {}
for function in (gather_matmul, ring_matmul):
    cut = jax.shard_map(
        function, mesh=ring, in_specs=(P("x", None), P("x", None)), out_specs=P("x", None)
    )
    compiled = jax.jit(cut).lower(A, B).compile()
    temporaries[function] = compiled.memory_analysis().temp_size_in_bytes
    print(function.__name__, "is right:", allclose(compiled(A, B), A @ B))
ratio = temporaries[ring_matmul] / temporaries[gather_matmul]
print(f"the ring needs {ratio:.2f} of the temporary memory")

# %% [markdown]
# Both send every block to every device, but the ring never holds more than a few blocks. On real
# devices the sending can also go on while the product is computed; simulated ones cannot show
# that.
#
# ## Or let the compiler do it
#
# All of this was **manual**. The other way: place the inputs, write plain NumPy-like code, and
# let `jit` cut the program. The compiler puts in the collectives that the layout needs. We count
# them in the text of the compiled program.

# %%
KINDS = r"\b(all-reduce|all-gather|reduce-scatter|collective-permute|all-to-all)(?:-start)?\("


def collectives(function, *args):
    """Count the collectives in the compiled program."""
    text = jax.jit(function).lower(*args).compile().as_text()
    return dict(Counter(re.findall(KINDS, text)))


print("matmul_basic:", collectives(matmul_basic, a_cut, b_cut))

# %% [markdown]
# An `all-reduce` is the compiler's word for `psum`.
#
# **Predict.** Which one kind does it insert into plain `jnp.dot(a_cut, b_cut)`, whose inputs are
# cut like those of `matmul_basic`? Choose `"all-reduce"`, `"all-gather"`, `"all-to-all"` or
# `"none"`.

# %%
# Your prediction: replace the dots
my_inserted = ...

# %%
found = collectives(jnp.dot, a_cut, b_cut)
automatic = jax.jit(jnp.dot)(a_cut, b_cut)
print(found)
print("the same values:", allclose(automatic, c), " the same layout:", automatic.sharding.spec)

# %%
predicted(
    my_inserted,
    "none" if not found else next(iter(found)),
    why="The contracted axis is cut, so somebody has to add. You wrote psum; the compiler found "
    "it by itself.",
)

# %% [markdown]
# Other layouts need other messages, and some need none:

# %%
for spec_a, spec_b in [
    (P("x", None), P()),
    (P("x", "y"), P("y", None)),
    (P("x", None), P("x", None)),
    (P(None, "x"), P("x", None)),
]:
    placed_a = jax.device_put(a, NamedSharding(mesh, spec_a))
    placed_b = jax.device_put(b, NamedSharding(mesh, spec_b))
    print(f"{tuple(spec_a)!s:14} @ {tuple(spec_b)!s:14}", collectives(jnp.dot, placed_a, placed_b))

# %% [markdown]
# Does the compiler always find what you would have written? Do not believe; count. Here is the
# rod, whole and by pieces, and a product whose rows are wanted in slices.

# %%
warm_cut = jax.device_put(warm, NamedSharding(ring, P("x")))
print("rod, by hand:      ", collectives(on_ring(piece), warm_cut))
print("rod, by jit:       ", collectives(whole_rod, warm_cut))

inner = jax.device_put(A, NamedSharding(ring, P(None, "x"))), B


def slice_of_sum(a_block, b_block):
    return jax.lax.psum_scatter(a_block @ b_block, "x", scatter_dimension=0, tiled=True)


def sliced(a, b):
    return jax.lax.with_sharding_constraint(a @ b, by_rows)


in_specs = (P(None, "x"), P("x", None))
by_hand = jax.shard_map(slice_of_sum, mesh=ring, in_specs=in_specs, out_specs=P("x", None))
print("product, by hand:  ", collectives(by_hand, *inner))
print("product, by jit:   ", collectives(sliced, *inner))

# %% [markdown]
# (`with_sharding_constraint` is how a jitted function says where a value shall lie. This is the
# compiler for CPUs; the one for your machine may choose otherwise, and the cell will tell.)
#
# Begin with `jit` and well-placed inputs. Take `shard_map` when the algorithm *is* about
# devices, as a ring or a halo, or when counting shows messages that you can do without. The two
# mix: a `shard_map` may stand inside a jitted function, as above.
#
# > **In three lines**
# > 1. A spec says which mesh axis cuts which array axis; a mesh axis that it does not name copies.
# > 2. In `shard_map` you write one device's program on its block; collectives make blocks agree,
# >    and `check_vma`, left on, notices the one you forgot.
# > 3. Differentiate the loss of the whole batch; stop at `psum_scatter` when a slice is enough;
# >    let `jit` do what it does well.
# >
# > **Now you**:
# > [`exercises/08_shard_map/shard_map.ipynb`](../exercises/08_shard_map/shard_map.ipynb).
# > **Next**: `09_portability`, the same code on other machines.
