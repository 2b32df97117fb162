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
# > one device, choose a collective and say what it costs, notice the collective that is missing,
# > and choose between the three ways to cut a program: auto, explicit and manual.
# >
# > **Time** about 35 minutes, and 10 more for the two sections that begin with *Further*, which
# > only exercises 7 and 8 need. **Read before** `05_vmap` and `07_grad`.
# >
# > **How it works** Each question has a line `my_... = ...`. Replace the dots with your
# > guess before you run on. If you leave the dots, the answer stays folded.

# %%
import importlib.util
import math
import re
from collections import Counter
from functools import partial

import jax
import jax.numpy as jnp
import matplotlib
from jax.sharding import AxisType, NamedSharding, reshard
from jax.sharding import PartitionSpec as P

from autograder import predicted
from course import explore
from course.pictures import shards

jax.config.update("jax_num_cpu_devices", 8)  # before the first JAX operation
devices = jax.devices("cpu")
jax.config.update("jax_default_device", devices[0])
devices

# %% [markdown]
# These eight devices are simulated: one processor plays all eight. Nothing in this lesson gets
# **faster**, and no cell measures time. The layout of the data, the program of each device and the
# messages that it sends are real. The messages that you write yourself would be the same on eight
# GPUs or TPUs.
# (The number of devices must be set before JAX first uses a device. If the cell complains that it
# comes too late, restart the kernel. The last line keeps everything on the simulated devices,
# even where there is a GPU.)
#
# ## A mesh gives the devices an order
#
# The example of the slides arranges the eight devices in four rows, along `x`, and two columns,
# along `y`.


# %%
def make_mesh(shape, names, kind=AxisType.Auto):
    """A mesh of the first simulated devices, all of whose axes are of this kind."""
    kinds = (kind,) * len(shape)
    return jax.make_mesh(shape, names, axis_types=kinds, devices=devices[: math.prod(shape)])


mesh = make_mesh((4, 2), ("x", "y"))
print(mesh.shape)
for row in mesh.devices:
    print([device.id for device in row])

# %% [markdown]
# Each axis of a mesh has a type, which says who decides how arrays are cut: the compiler (`Auto`)
# or the program (`Explicit`). The slide writes `jax.make_mesh((4, 2), ('x', 'y'))` and does not say
# which. The default was `Auto` when the slide was written. Since JAX 0.9 it is `Explicit`.

# %%
talk_mesh = jax.make_mesh((4, 2), ("x", "y"), devices=devices)
print("JAX", jax.__version__, "makes", talk_mesh.axis_types)

# %% [markdown]
# The lesson begins with `Auto` meshes, and comes to `Explicit` ones near its end.
#
# ## A spec cuts an array
#
# A `PartitionSpec`, `P` for short, has one entry for each axis **of the array**. The entry names
# the axis **of the mesh** that cuts it, or is `None` if nothing does. `P("x", "y")` cuts
# the rows of a matrix in four and its columns in two.

# %%
a = jnp.arange(8 * 16.0).reshape(8, 16)
b = jnp.arange(16 * 4.0).reshape(16, 4)

# %% [markdown]
# **Predict.** `a` has shape `(8, 16)`. With `P("x", "y")`, what is the shape of the block that one
# device gets?

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
# To you, `a_cut` is still one array of shape `(8, 16)`: on an `Auto` mesh, printing, indexing and
# `jnp` functions work as before. JAX can draw where the parts are, if the package `rich` is
# installed.


# %%
def visualize(array):
    if importlib.util.find_spec("rich"):
        pale = matplotlib.colormaps["Pastel1"]  # letters are easy to read on it
        jax.debug.visualize_array_sharding(array, color_map=pale)
    else:
        print("jax.debug.visualize_array_sharding needs the package rich, which is not here.")


visualize(a_cut)

# %% [markdown]
# Below the next question you can choose among six specs, and see which device holds which part of
# the array.
#
# **Predict.** Along a mesh axis that the spec does not name, the devices hold **copies**. With
# `P("x", None)`, how many devices hold row 0?

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
    why="The spec does not name y, so both devices along y hold the same two rows.",
)

# %% [markdown]
# Choose other specs above, and guess each of them before you look. `P(("x", "y"), None)` cuts one
# axis by both mesh axes, into eight.
#
# All blocks must have the same size. Six rows cannot be divided among four devices:

# %% tags=["raises-exception"]
jax.device_put(jnp.zeros((6, 16)), NamedSharding(mesh, P("x", None)))

# %% [markdown]
# Choose sizes that can be divided, or pad the array.
#
# ## The program of one device
#
# `jax.shard_map` runs a function on every device at once. Inside, you see **your own block**
# and nothing else: single program, multiple data. `in_specs` says how the arguments are cut, and
# `out_specs` says how the returned blocks are put together.
#
# The slide imports it like this, which fails in every version of JAX that this course is tested
# with:

# %% tags=["raises-exception"]
from jax.shard_map import shard_map

print("imported", shard_map)

# %% [markdown]
# The function is `jax.shard_map`. Otherwise this is the slide's example.

# %%
seen = []


@partial(jax.shard_map, mesh=mesh, in_specs=(P("x", "y"), P("y", None)), out_specs=P("x", None))
def matmul_basic(a_block, b_block):
    seen.append((a_block.shape, b_block.shape))
    c_partials = jnp.dot(a_block, b_block)
    c_block = jax.lax.psum(c_partials, "y")
    return c_block


# %% [markdown]
# **Predict.** Eight devices will run it. How many times does Python run its body?

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
    why="As with vmap, Python runs the body once, with a tracer that stands for the block of every "
    "device.",
)


# %%
def allclose(a, b):
    return bool(jnp.allclose(a, b, atol=1e-2, rtol=1e-2))


print("c:", c.shape, " equals jnp.dot(a, b):", allclose(c, jnp.dot(a, b)))
visualize(c)

# %% [markdown]
# `vmap` takes the mapped axis away. `shard_map` keeps it and makes it shorter: `a` has shape
# `(8, 16)`, and its block has shape `(2, 8)`.
#
# What does the slide's own call do, with the mesh that it makes?

# %%
on_talk_mesh = jax.shard_map(
    lambda a_block, b_block: jax.lax.psum(a_block @ b_block, "y"),
    mesh=talk_mesh,
    in_specs=(P("x", "y"), P("y", None)),
    out_specs=P("x", None),
)
try:
    print("the call of the slide returns", on_talk_mesh(a, b).shape)
except ValueError as error:
    print("the call of the slide raises:", error)

a_there = jax.device_put(a, NamedSharding(talk_mesh, P("x", "y")))
b_there = jax.device_put(b, NamedSharding(talk_mesh, P("y", None)))
print("with placed arguments it returns", on_talk_mesh(a_there, b_there).shape)

# %% [markdown]
# On an `Auto` mesh, `in_specs` is an **order**: `shard_map` cuts the arguments like that, wherever
# they were. On an `Explicit` mesh, it is a **claim** about arguments that are cut already, and
# since JAX 0.9.1 `shard_map` checks it. `a` and `b` were not cut, so newer versions refuse the
# slide's call. Once the arguments are placed, the call works in all versions.
#
# Without `jit`, a `print` inside the function even shows the values of every device. That is what
# the slide means by debuggable.


# %%
@partial(jax.shard_map, mesh=mesh, in_specs=P("x", "y"), out_specs=P("x", "y"))
def peek(a_block):
    print(a_block[0, :3])
    return a_block


peek(a).shape

# %% [markdown]
# ## Half a sum on each device
#
# Why is the `psum` there? Look at the blocks before it. We take it out, and let `out_specs` put
# the partial products of all devices side by side.
#
# **Predict.** Each device computes a `(2, 8)` block times an `(8, 4)` block. With
# `out_specs=P("x", "y")`, what is the shape of the whole result?

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
# In the picture: device 0 multiplies the left half of two rows of `a` by the upper half of `b`. Its
# neighbour along `y`, device 1, multiplies the right half by the lower half. Each has **half of
# every sum**. `psum` over `y` adds the two, and afterwards both hold the same block of `c`.

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
# Inside `shard_map`, the type of a value says along which mesh axes it *varies*, that is, may
# differ from device to device. `jax.typeof` shows it, as `V` with the names of the axes (JAX 0.7
# writes the names alone).


# %%
@partial(jax.shard_map, mesh=mesh, in_specs=specs_ab, out_specs=P("x", None))
def with_types(a_block, b_block):
    product = jnp.dot(a_block, b_block)
    total = jax.lax.psum(product, "y")
    print("before psum:", jax.typeof(product))
    print("after psum: ", jax.typeof(total))
    return total


with_types(a, b).shape

# %% [markdown]
# The product varies along `y`. A spec that does not name `y` promises that the value does not vary
# along it. The error message ends with an offer: disable the check.
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
    why="Without the check, nothing notices that one half of every sum is missing.",
)

# %% [markdown]
# Worse, the wrong numbers depend on which device you ask. The array claims that devices 0 and 1
# hold copies of the same two rows:

# %%
for part in wrong_c.addressable_shards[:2]:
    print("device", part.device.id, "rows", part.index[0], "first row:", part.data[0])
print("jnp.dot(a, b) has there:", jnp.dot(a, b)[0])
print("wrong_c as a whole is the left half of partials:", allclose(wrong_c, left))

# %% [markdown]
# This is one array with two different contents. So read that error as a question: *which collective
# is missing?* Switch the check off only when you can prove that the copies are equal.
#
# ## Four collectives, and what they cost
#
# Take four devices in a line, each with a row of four numbers. Device 0 begins with 10, 11, 12 and
# 13, device 1 with 20, 21, 22 and 23, and so on. So each number tells where it began.

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
# - `psum`: add over the devices, and every device gets the whole sum.
# - `psum_scatter`: add over the devices, and every device gets **one slice** of the sum.
# - `all_gather`: every device gets the blocks of all.
# - `ppermute`: each device sends its block along the pairs *(from, to)*.
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
# **Predict.** In `pass_right`, no device sends to device 0. What does it hold afterwards? Choose
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
    why="A device that receives nothing gets zeros, without an error. So a forgotten pair shows as "
    "zeros.",
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
# In the picture: a row shows what one device holds, and a colour shows where a number began. Sums
# come from all devices, and are white.
#
# Is the sum that was scattered and then gathered the same as `psum`?

# %%
print("psum_scatter, then all_gather, is psum:", allclose(gathered, sum_all(start)))

# %% [markdown]
# Remember that line. A `psum` is a `psum_scatter` and an `all_gather`. So if each device needs
# only its slice of the sum, stop after `psum_scatter` and save the gathering.
#
# Messages take time, and the time depends on the bytes. Let eight devices have a block of 8 MB
# each.
#
# **Predict.** With which collective does a device send the most bytes: `"psum"`, `"psum_scatter"`,
# `"all_gather"` or `"ppermute"`?

# %%
# Your prediction: replace the dots
my_most_sent = ...

# %%
sent = shards.sent_bytes(8e6, devices=8)
for name, size in sent.items():
    print(f"{name:13} {size / 1e6:4.0f} MB")

# %%
predicted(
    my_most_sent,
    max(sent, key=sent.get),
    why="In all_gather each device sends its block to 7 others. In psum the blocks are added on "
    "the way, so a device sends less than two blocks, however many devices there are.",
)

# %%
shards.draw_costs(8e6, devices=8)

# %% [markdown]
# In the picture: the plain bar is what one device sends, the hatched bar is what it holds
# afterwards. Lines divide the bars into blocks. `all_to_all` is new here: each device cuts its
# block into eight slices, and sends one to each device. It turns an array that is cut by rows into
# one that is cut by columns. With more devices the bars of `all_gather` keep growing. The others
# stay below two blocks. (This counts a `psum` as a ring of devices does it. Some networks can add
# on the way, and then a device sends less.)
#
# To see the blocks move, choose a collective and press **Next →**. Other specs change what a
# collective does: what is `psum` of copies? The last sentences count the bytes, as above. Here
# `ppermute` sends from the last device to the first too, so nobody gets zeros.

# %%
explore.mesh(start, line, [P("x", None), P(None, "x"), P()])

# %% [markdown]
# ## Gradients, with the examples cut
#
# Data parallelism: each device has all weights and an eighth of the examples, and we want the mean
# gradient over all examples. Here are two ideas: average the gradients, or differentiate the
# averaged loss. (`pmean` is `psum` divided by the number of devices along the axis.)

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
# Two of the four lines are wrong, and none of them raised an error. With the check on, as it is by
# default, JAX knows that all devices share `w`. The gradient of a shared value is the sum over all
# devices that used it. With the check off, JAX does not know this, and only `mean_of_gradients` is
# right. Older tutorials average the gradients in this way, which was right in `pmap`.
#
# You can average the gradients with the check on too, if you first say that `w` may vary.
# `jax.lax.pcast` changes only the type, and sends nothing. Each device then gets a gradient of its
# own.


# %%
def as_varying(w):
    """The same `w`, of a type that may differ from device to device."""
    if hasattr(jax.lax, "pcast"):
        return jax.lax.pcast(w, "x", to="varying")
    print("JAX", jax.__version__, "has no jax.lax.pcast yet, and calls it jax.lax.pvary.")
    return jax.lax.pvary(w, "x")


def mean_of_own_gradients(w, xs, ys):
    return jax.lax.pmean(jax.grad(loss)(as_varying(w), xs, ys), "x")


print("mean_of_own_gradients:", compare(mean_of_own_gradients, check=True))

# %% [markdown]
# Both ways are right. Prefer the one in which there is less to forget: **write the loss of the
# whole batch, `pmean` included, and differentiate that**, with the check on.
#
# ## Auto: let the compiler do it
#
# All of this was **manual**. The other way is to place the inputs, write plain NumPy-like code, and
# let `jit` cut the program. On an `Auto` mesh, the compiler decides how the results are cut, and
# adds the collectives. We count them in the text of the compiled program.

# %%
KINDS = r"\b(all-reduce|all-gather|reduce-scatter|collective-permute|all-to-all)(?:-start)?\("


def collectives(function, *args):
    """Count the collectives in the compiled program."""
    text = jax.jit(function).lower(*args).compile().as_text()
    return dict(Counter(re.findall(KINDS, text)))


print("matmul_basic:", collectives(matmul_basic, a_cut, b_cut))

# %% [markdown]
# `all-reduce` is the compiler's name for `psum`.
#
# **Predict.** Now plain `jnp.dot(a_cut, b_cut)`, with inputs cut like those of `matmul_basic`.
# Which kind of collective does the compiler add: `"all-reduce"`, `"all-gather"`, `"all-to-all"` or
# `"none"`?

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
    why="The axis that is summed over is cut, so the devices have to add. You wrote psum; the "
    "compiler found it by itself.",
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
# You can also tell `jit` how to cut its arguments and results. It then places arrays that you did
# not place. It refuses an array that was placed differently, since moving it would be a message
# that you did not ask for.

# %%
by_x, everywhere = NamedSharding(mesh, P("x", None)), NamedSharding(mesh, P())
cut_dot = jax.jit(jnp.dot, in_shardings=(by_x, everywhere), out_shardings=everywhere)
print("result:", cut_dot(a, b).sharding.spec)
print("messages:", dict(Counter(re.findall(KINDS, cut_dot.lower(a, b).compile().as_text()))))
try:
    cut_dot(a_cut, b)
except ValueError as error:
    print("a_cut:", str(error).split(". ")[0])

# %% [markdown]
# Inside a function, `jax.lax.with_sharding_constraint` says how a value should be cut. Here it asks
# for a copy on every device.


# %%
def copied(a):
    return jax.lax.with_sharding_constraint(2 * a, everywhere)


print(jax.jit(copied)(a_cut).sharding.spec, collectives(copied, a_cut))

# %% [markdown]
# ## Explicit: the type says how an array is cut
#
# In auto mode you see what the compiler chose only after it has compiled. On an `Explicit` mesh,
# which newer versions make by default, the cut is a part of the array's **type**. `jax.set_mesh`
# makes a mesh the current one. Inside it, `reshard` takes an array and a spec, and returns the array
# cut in this way. (Newer versions call it `jax.reshard` too. `jax.sharding.reshard` works in all.)

# %%
explicit_mesh = make_mesh((4, 2), ("x", "y"), AxisType.Explicit)
with jax.set_mesh(explicit_mesh):
    a_typed = reshard(a, P("x", "y"))
    b_typed = reshard(b, P("y", None))
print("auto:    ", jax.typeof(a_cut))
print("explicit:", jax.typeof(a_typed), jax.typeof(b_typed))

# %% [markdown]
# Read `8@x` as "8 entries, cut by `x`". The types of the arguments decide the type of every result,
# before anything is compiled.
#
# **Predict.** `a_typed` has the type `float32[8@x,16@y]`. What is the type of `jnp.sin(a_typed).T`?

# %%
# Your prediction: replace the dots with text such as "float32[8@x,16@y]"
my_type = ...

# %%
turned = jnp.sin(a_typed).T
print("sin and T:  ", jax.typeof(turned))
print("sum(axis=0):", jax.typeof(a_typed.sum(axis=0)))
jax.jit(lambda x: print("inside jit: ", jax.typeof(x)))(a_typed)

# %%
predicted(
    my_type,
    str(jax.typeof(turned)),
    why="sin changes no axis, and T swaps the two axes together with their cuts.",
)

# %% [markdown]
# **Predict.** In auto mode, `a_cut @ b_cut` worked. What does `a_typed @ b_typed` do: `"works"` or
# `"raises"`?

# %%
# Your prediction: replace the dots with "works" or "raises"
my_product = ...

# %%
try:
    a_typed @ b_typed
    product_outcome = "works"
except Exception as error:
    product_outcome = "raises"
    print(type(error).__name__, error, sep=": ")

# %%
predicted(
    my_product,
    product_outcome,
    why="The result could be whole along y, or be cut by y in one of two ways, or stay in parts that "
    "are not added yet. These cost different messages, so JAX asks you.",
)

# %% [markdown]
# The answer to the question is `out_sharding=`. Where two arrays are cut differently, `reshard` one
# of them. So each message has a place in your program. The compiler still writes the messages
# themselves.


# %%
def answered(a, b):
    return jnp.dot(a, b, out_sharding=P("x", None))


with jax.set_mesh(explicit_mesh):
    print("dot: ", jax.typeof(answered(a_typed, b_typed)), collectives(answered, a_typed, b_typed))
    other = reshard(a, P("y", "x"))
    try:
        a_typed + other
    except Exception as error:
        print("add: ", error)
    moved = reshard(other, P("x", "y"))
    print("add: ", jax.typeof(a_typed + moved))

# %% [markdown]
# JAX asks in more places than you may expect, for example when you index. In this mode,
# `with_sharding_constraint` moves nothing: it only checks the type, and raises an error if the type
# is different. If you do not want to decide everything, `jax.sharding.auto_axes` runs a function in
# auto mode.


# %%
@partial(jax.sharding.auto_axes, out_sharding=P("x", None))
def compiler_decides(a, b):
    print("the types inside:", jax.typeof(a), jax.typeof(b))
    return a @ b


attempts = {
    "a_typed[0]": lambda: a_typed[0],
    "with_sharding_constraint": lambda: jax.lax.with_sharding_constraint(a_typed, P("y", "x")),
    "auto_axes": lambda: compiler_decides(a_typed, b_typed),
}
with jax.set_mesh(explicit_mesh):
    for name, attempt in attempts.items():
        try:
            print(f"{name}:", jax.typeof(attempt()))
        except Exception as error:
            print(f"{name}: {type(error).__name__}")

# %% [markdown]
# ## Who decides? Three modes
#
# | | Auto | Explicit | Manual |
# | --- | --- | --- | --- |
# | you see | whole arrays | whole arrays, with the cut in the type | the block of one device |
# | who decides how results are cut | the compiler | the types, or you where they leave it open | you |
# | who writes the collectives | the compiler | the compiler | you |
# | a mistake shows as | a message that you did not expect | an error while tracing | an error from `check_vma`, or a wrong number |
# | you write | `device_put`, `in_shardings`, `out_shardings`, `with_sharding_constraint` | `jax.set_mesh`, `reshard`, `out_sharding` | `jax.shard_map`, `psum`, `ppermute`, … |
# | the axes of the mesh are | `AxisType.Auto` | `AxisType.Explicit` | either; `Manual` inside `shard_map` |
#
# - Begin with **auto** when a program exists and its inputs can be placed well. Count its messages.
# - Go to **explicit** when layouts matter in many places, or when a count surprised you: errors
#   then tell you the line.
# - Go to **manual** when the algorithm *is* about devices, as a ring or a halo is, or when you can
#   do without a message that the compiler adds.
#
# The modes mix. Here is one jitted function with all three:


# %%
def show(where):
    print(f"{where:11}", jax.sharding.get_abstract_mesh().axis_types)


@partial(jax.sharding.auto_axes, out_sharding=P("x", None))
def in_auto_axes(a, b):
    show("auto_axes:")
    return a @ b


def in_shard_map(a_block, b_block):
    show("shard_map:")
    return jax.lax.psum(a_block @ b_block, "y")


@jax.jit
def mixed(a, b):
    show("jit:")
    by_hand = jax.shard_map(in_shard_map, in_specs=specs_ab, out_specs=P("x", None))
    return in_auto_axes(a, b) - by_hand(a, b)


with jax.set_mesh(explicit_mesh):
    print("difference:", float(jnp.abs(mixed(a_typed, b_typed)).max()))

# %% [markdown]
# That is the main part of the lesson. The rest is about two algorithms that *are* about devices.
#
# ## Further: neighbours, a halo exchange
#
# A rod is cut into eight pieces. Heat flows between neighbouring points, so a piece needs one
# number from each neighbouring piece. These numbers are its halo.


# %%
def spread(u, from_left, from_right):
    """One step: u (n,), and the points beside it, each (1,) -> (n,)."""
    padded = jnp.concatenate([from_left, u, from_right])
    return u + 0.25 * (padded[:-2] - 2 * u + padded[2:])


ZERO = jnp.zeros(1)  # the ends of the rod are kept cold


def whole_rod(u):
    return spread(u, ZERO, ZERO)


# %%
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
# Each device sends its **last** point to the right and its **first** point to the left. Nobody
# sends to the left side of device 0 or to the right side of device 7, so they get zeros there. The
# ends of the rod are cold, so zero is right.
#
# **Predict.** `lonely_piece` forgets its neighbours. The rod has 64 points, eight on each device.
# It starts warm everywhere. How many points are wrong after **one** step?

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
    why="One point on each side of each of the 7 seams. The two ends of the rod are right.",
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
# In the picture, after thirty steps: with the exchange, the pieces follow the whole rod. Without
# it, every seam has become a cold end. No error was raised, and the shapes are right.
#
# ## Further: round the ring, multiply what you cannot hold
#
# Let `A` and `B` both be cut by rows. Every device needs all of `B`. If it gathers `B`, it holds all
# of `B` at once. Instead, the blocks can go round the ring: each device multiplies by the block that
# it has, and passes it on.

# %%
RIGHT = [(i, (i + 1) % 8) for i in range(8)]


def gather_matmul(a_block, b_block):
    return a_block @ jax.lax.all_gather(b_block, "x", tiled=True)


def ring_matmul(a_block, b_block):
    me, rows = jax.lax.axis_index("x"), b_block.shape[0]

    def product(step, b_block):
        owner = (me - step) % 8  # the device on which this block of B began
        columns = jax.lax.dynamic_slice_in_dim(a_block, owner * rows, rows, axis=1)
        return columns @ b_block

    def pass_on(step, carry):
        total, b_block = carry
        b_block = jax.lax.ppermute(b_block, "x", RIGHT)
        return total + product(step, b_block), b_block

    return jax.lax.fori_loop(1, 8, pass_on, (product(0, b_block), b_block))[0]


# %% [markdown]
# `axis_index` is the device's own number along `x`. All devices run the same program, and this
# number tells them apart.
#
# **Predict.** Every device passes its block to the right, from `i` to `i + 1`. After **two**
# steps, which block does device 0 have?

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
    why="A block that arrives after s steps began s places to the left: (0 - 2) % 8. That is the "
    "owner in the code.",
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
# With both functions, every block reaches every device. But a device of the ring never holds more
# than a few blocks. Real devices can also send a block while they multiply by another one. Simulated
# devices cannot show that.
#
# Does the compiler find these messages too, if you leave the choice to it? Count them: first for the
# rod, then for a product of which each device needs only some rows.

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
# By hand, you send only what is needed. For the rod, the compiler adds an `all-gather`. For the
# product, it sends the whole sum to every device. (This is the compiler for CPUs in the versions that
# this course is tested with. The compilers for GPUs and TPUs may choose otherwise.)
#
# > **In three lines**
# > 1. A spec says which mesh axis cuts which array axis. Along a mesh axis that it does not name,
# >    devices hold copies.
# > 2. In `shard_map` you write the program of one device for its block. Collectives make blocks
# >    agree, and `check_vma` notices the one that you forgot.
# > 3. Auto: the compiler decides. Explicit: the types decide, or ask you. Manual: you decide.
# >
# > **Now you**:
# > [`exercises/08_shard_map/shard_map.ipynb`](../exercises/08_shard_map/shard_map.ipynb).
# > **Next**: `09_portability`, the same code on other machines.
