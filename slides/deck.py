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

# %% tags=["skip"]
import time
from functools import partial

import jax
import numpy as np
from course.pictures import (
    axes,
    compiling,
    keys,
    measured,
    memory,
    platforms,
    shards,
    trees,
    vector,
)

jax.config.update("jax_num_cpu_devices", 8)  # simulated; before the first JAX operation
vector.show(larger=1.4)

# %% [markdown]
# # NumPy & JAX NumPy
#
# Numerical computing with Python: the key differences, and what they buy

# %%
import jax
import jax.numpy as jnp
import numpy as np

print("JAX", jax.__version__, "NumPy", np.__version__)
print(jax.device_count(), "simulated devices of kind", jax.default_backend())

# %% [markdown] tags=["notes"]
# Every output, picture and time on these slides was computed by the code beside it when the deck
# was built; the line above says with what. The eight devices are simulated, for `shard_map`.
#
# Keys: S opens these notes, D changes dark and light, ? lists the rest. About two minutes a slide.
#
# Questions for the room: who has used NumPy? PyTorch? Who has been bitten by a view?

# %% [markdown]
# ## Familiar API, powerful new engine
#
# The same words, axes, broadcasting and methods. One function, either library:


# %%
def standardized(xp, table):
    table = xp.asarray(table)
    return (table - table.mean(axis=0)) / table.std(axis=0)


rows = [[1.0, 10.0], [2.0, 30.0], [3.0, 20.0]]
in_numpy, in_jax = standardized(np, rows), standardized(jnp, rows)
print(in_jax, "same values:", np.allclose(in_numpy, in_jax, atol=1e-6))
print("NumPy:", in_numpy.dtype, "  JAX:", in_jax.dtype)

# %% [markdown]
# NumPy runs it line by line on the CPU. JAX can also **trace** it: turn it into a program that is
# compiled, differentiated, batched, and spread over devices.

# %% [markdown] tags=["notes"]
# Do not pass over the last line: JAX computes in 32 bits unless asked. The talk's timing will turn
# on it. `JAX_ENABLE_X64=1` brings float64 back.
#
# Taught in lesson 1, with what differs in silence: dtypes, indices outside, lists.

# %% [markdown]
# ## NumPy and PyTorch run eagerly, JAX compiles


# %% tags=["left"]
def wave(x):
    print("Python is here:", x)
    return jnp.sin(x) * jnp.tanh(x)


fast = jax.jit(wave)
fast(jnp.arange(3.0))
fast(jnp.ones(3))
print(fast(jnp.zeros(3)))

# %% [markdown] tags=["right"]
# 1. **Trace.** Python runs once, with a stand-in that has a shape and a dtype and no numbers.
# 2. **Compile.** XLA optimises what was traced, and fuses it.
# 3. **Run.** Every later call with that shape and dtype, without Python.
#
# A new shape or dtype: from the top.
#
# `jax.numpy` without `jit` is eager too, an operation at a time.

# %% [markdown] tags=["notes"]
# Three calls, one line printed: Python was in the function once. What it saw is a tracer.
#
# The talk says "JAX = JIT compiled". More exactly: JAX is eager until you ask for `jit`, and each
# eager operation is itself a small compiled program.
#
# Taught in lesson 3.

# %% [markdown]
# ## What the compiler makes of it

# %% tags=["small"]
deck = lambda x: jnp.sin(jnp.cos(x)) * jnp.tanh(x)
traced = jax.jit(deck).trace(jnp.ones((1000, 1000)))
kernels = compiling.read_kernels(traced.lower().compile().as_text())
compiling.draw_kernels([eqn.primitive.name for eqn in traced.jaxpr.eqns], kernels)

# %% [markdown] tags=["notes"]
# Above: one primitive after another, each with a trip to memory. Below: the kernels read off the
# program that was just compiled. Fusion saves the trips, which often cost more than the arithmetic.

# %% [markdown]
# ## The stopwatch of the talk


# %% tags=["small"]
def np_function(x):
    return np.sin(np.cos(x)) * np.tanh(x)


jit_function = jax.jit(deck)  # the same with jnp
x_np, x_jnp = np.ones((1000, 1000)), jnp.ones((1000, 1000))


def seconds(function, x):  # warmed up, waited for, the fastest of seven
    taken = []
    for _ in range(1 + 7):
        begin = time.perf_counter()
        jax.block_until_ready(function(x))
        taken.append(time.perf_counter() - begin)
    return min(taken[1:])


slow, fast = seconds(np_function, x_np), seconds(jit_function, x_jnp)
print(f"NumPy {1e3 * slow:.1f} ms, jit {1e3 * fast:.1f} ms, ratio {slow / fast:.1f}")
print("but what was compared?", x_np.dtype, "with", x_jnp.dtype)

# %% [markdown] tags=["notes"]
# The talk reports 178 ms ± 132 ms for NumPy, 9.63 ms ± 21.9 µs for JAX: "an 18X speedup".
#
# An honest clock warms up, waits with `block_until_ready`, repeats, and tells a number that one
# slow run cannot move. This one does all that, and the comparison is still not fair: `np.ones`
# makes float64, `jnp.ones` float32. Next slide.

# %% [markdown]
# ## The fair table: keep the dtype, change the library

# %% tags=["small"]
times = {}
jax.config.update("jax_enable_x64", True)  # without it JAX has no float64
for dtype in ("float64", "float32"):
    x_np = np.ones((1000, 1000), dtype)
    x_jnp = jnp.asarray(x_np)
    calls = (np_function, x_np), (deck, x_jnp), (jit_function, x_jnp)
    times[dtype] = [1e3 * seconds(*call) for call in calls]
jax.config.update("jax_enable_x64", False)

print("milliseconds   NumPy   eager     jit   NumPy / jit")
for dtype, (numpy, eager, jit) in times.items():
    print(f"{dtype:12} {numpy:7.1f} {eager:7.1f} {jit:7.1f} {numpy / jit:13.2f}")
(numpy64, *_), (numpy32, _, jit32) = times.values()
print(f"the talk's way: NumPy float64 / jit float32 {numpy64 / jit32:7.2f}")
print(f"the dtype alone: float64 / float32, both NumPy {numpy64 / numpy32:4.2f}")

# %% [markdown]
# Below 1, NumPy is the faster one. The last line is what the number of bits alone is worth here.

# %% [markdown] tags=["notes"]
# Read it by rows, never across them. On two CPU cores NumPy in float32 has vectorised kernels for
# these very functions, and may well win. On a GPU this table looks quite different: run it there.

# %% [markdown]
# ## Where the 18× came from

# %% tags=["small"]
mean, spread, runs, jax_ms = 178, 132, 7, 9.63  # as on the talk's slide
print(f"{mean / jax_ms:.1f} times, the slide's ratio")
gap = spread * runs / (runs - 1) ** 0.5  # if one run was slow and the others alike
usual = mean - gap / runs
others = f"{runs - 1} runs of {usual:.0f} ms, one of {usual + gap:.0f} ms"
print(others, f"give {mean} ± {spread} ms too")
print(f"{usual / jax_ms:.1f} times, with the median of these")
measured.print_times(1000)  # on a GPU, if it was measured

# %% [markdown]
# - **The dtype**: float64 NumPy against float32 JAX.
# - **The mean**: ± 132 ms on 178 ms says that some run was far off. Tell the median, or the fastest.
# - **The machine**: it belongs to one, and so do the numbers of this deck. Run it on yours.
#
# Compare one thing at a time; warm up, wait, repeat; say which number you tell.

# %% [markdown] tags=["notes"]
# One slow run among seven is a story that fits the slide's ± exactly, not a proof. Taught in
# lesson 3: the sections Measuring, and The 18×.

# %% [markdown]
# ## Where `jit` earns its keep


# %% tags=["small"]
def chain(x):
    for _ in range(50):
        x = x * 1.01 + 0.1
    return x


fast_chain, table = jax.jit(chain), []
for n in (10, 100, 500):
    x32 = np.ones((n, n), np.float32)
    numpy, jit = seconds(chain, x32), seconds(fast_chain, jnp.asarray(x32))
    table.append((n, 1e6 * numpy, 1e6 * jit, numpy / jit))

print("100 operations on float32, microseconds")
for row in table:
    print("{0:4}×{0:<4}  NumPy {1:8.1f}   jit {2:7.1f}   ratio {3:5.2f}".format(*row))

# %% [markdown]
# One kernel in place of a hundred trips to memory. A call of a compiled function has a price of its
# own, the same for every size: give each call enough to do.

# %% [markdown] tags=["notes"]
# This, and what NumPy cannot do at all: gradients, batches, devices. And `jit` traces and compiles
# once before any of it: worth it when the function is called again.

# %% [markdown]
# ## NumPy arrays change, JAX arrays do not

# %% [markdown] tags=["left"]
# ### NumPy: in place

# %% tags=["left"]
a_np = np.arange(4.0)
print("Original:", a_np)
a_np[0] = 100.0
print("Modified:", a_np)

# %% [markdown] tags=["right"]
# ### JAX: a new array

# %% tags=["right"]
a_jnp = jnp.arange(4.0)
b_jnp = a_jnp.at[0].set(100.0)
print(a_jnp, b_jnp)
print(f"{a_jnp is b_jnp = }")

# %%
try:
    a_jnp[0] = 100.0
except TypeError as error:
    print("TypeError:", str(error).split(". ")[0])

a_jnp.at[0].set(7.0)  # an expression: nobody gave its value a name
print("afterwards:", a_jnp)

# %% [markdown] tags=["notes"]
# `set`, `add`, `multiply`, `min`, `max`, `apply`, `get`. The commonest slip of people who come from
# NumPy: an `.at` line without `a =` in front. It is legal and does nothing.
#
# `add` adds every update, where NumPy's `+=` on repeated indices writes only one. Indices outside:
# reads are clamped, writes dropped, without a word. Taught in lesson 2.

# %% [markdown]
# ## Memory: views here, copies there


# %% tags=["small", "low"]
def relatives(grid):
    return {"grid": grid, "grid[1]": grid[1], "grid.T": grid.T}


in_np, in_jnp = (relatives(xp.arange(12.0).reshape(3, 4)) for xp in (np, jnp))
addresses = {x.unsafe_buffer_pointer() for x in in_jnp.values()}
print("JAX: arrays", len(in_jnp), "blocks of memory", len(addresses))
memory.draw_memory({"NumPy": memory.where(in_np)})

# %% [markdown]
# NumPy: one block of memory, and a write through one name is seen by all. JAX: copies. Wasteful?

# %% [markdown] tags=["notes"]
# Drawn from the arrays' own addresses. Seems less memory efficient, the talk says of JAX. Next slide.
# Taught in lesson 2.

# %% [markdown]
# ## The compiler takes the copies out again


# %% tags=["small"]
def hundred_sets(v):
    for i in range(100):
        v = v.at[i].set(i / 2)
    return v


def copies(function, v, **options):
    text = jax.jit(function, **options).lower(v).compile().as_text()
    return sum(" copy(" in line for line in text.splitlines())


v = jnp.arange(1000.0)
print("copies:", copies(hundred_sets, v), "with v donated:", end=" ")
print(copies(hundred_sets, v, donate_argnums=0))

new = jax.jit(hundred_sets, donate_argnums=0)(v)  # takes over the memory of v
print("v is deleted:", v.is_deleted())

# %% [markdown]
# A hundred `.at[].set`, and what is left is the copy that keeps **your** `v` alive. **Donation**
# gives that one away too: `donate_argnums`, for what nobody needs again.

# %% [markdown] tags=["notes"]
# The talk: "jit often optimizes away intermediate copies". Often: it is the compiler's choice, so
# look when it matters, as here, in the text of the compiled program.
#
# A training step is the classic use: `params = step(params)` holds the parameters once, not twice.
# Using a donated array raises, on every device. Donation is used where a result has the same shape
# and dtype. Taught in lesson 2.

# %% [markdown]
# ## No lurking side effects


# %%
def spread_of(values):
    values -= values.mean()
    return (values**2).mean()


prices_np, prices_jnp = np.array([1.0, 2.0, 6.0]), jnp.array([1.0, 2.0, 6.0])
print("spread:", spread_of(prices_np), spread_of(prices_jnp))
print("NumPy's prices afterwards:", prices_np)
print("JAX's prices afterwards:  ", prices_jnp)

# %% [markdown]
# The same text. In NumPy `-=` writes into the caller's memory; in JAX it moves a local name.
#
# **The array you pass is the array you keep**, whatever the function does. That is what lets JAX
# trace, reorder, batch and differentiate it.

# %% [markdown] tags=["notes"]
# Ask for a show of hands before the outputs: whose prices have changed?
#
# The other side of the coin: a Python side effect inside `jit`, such as `print` or appending to a
# list, happens once, while tracing. Taught in lesson 2, sections The side effects that lurk, and
# The function that prints once.

# %% [markdown]
# ## Random numbers need a key

# %% [markdown] tags=["left"]
# ### NumPy: a state that you do not see

# %% tags=["left"]
np.random.seed(0)
print(np.random.normal())
print(np.random.normal())

# %% [markdown] tags=["right"]
# ### JAX: a key that you hand over

# %% tags=["right"]
key = jax.random.key(0)
print(jax.random.normal(key))
print(jax.random.normal(key))

# %%
key, noise, dropout = jax.random.split(key, 3)  # one key for each use
print(jax.random.normal(noise), jax.random.normal(dropout))

# %% [markdown]
# Same key, same number, on every device and in any order of execution. **One key, one use:** split
# first, then draw.

# %% [markdown] tags=["notes"]
# The talk writes `random.PRNGKey(0)`, which still works and gives the same numbers: a raw array of
# two uint32. `jax.random.key` makes a typed key: `key + 1` raises instead of quietly making another
# key. Documentation has used it since JAX 0.4.26, in 2024.
#
# Taught in lesson 4.

# %% [markdown]
# ## A tree of keys, each used once

# %% tags=["small"]
root = jax.random.key(2026)
names = ("w", "b", "data", "dropout")
tree = {"root": root} | dict(zip(names, jax.random.split(root, 4), strict=True))
draws = {name: jax.random.normal(tree[name]) for name in names}
keys.draw_tree(tree, dict.fromkeys(names, ("root", "split")), draws)

# %% [markdown] tags=["notes"]
# Each square is a key: its own 64 bits. Below it, what it draws. `split` for a known number of uses, `fold_in` for a loop
# with a counter. Keep the tree wide rather than deep.

# %% [markdown]
# ## Write for one, run for many


# %% tags=["left"]
def predict(W, b, x):
    """One example: (4,) -> (3,)."""
    return jnp.dot(W, x) + b


W, b = jnp.ones((3, 4)), jnp.ones(3)
batch_x = jnp.ones((10, 4))

axes_in = (None, None, 0)
batch_predict = jax.vmap(predict, axes_in)
print(batch_predict(W, b, batch_x).shape)

# %% [markdown] tags=["right"]
# **NumPy**: broadcasting, and where does the `.T` go?
#
# **JAX**: `jax.vmap` turns a function of one data point into one of a batch.
#
# - `0`: map over that axis
# - `None`: the same for every call

# %%
loop = lambda xs: jnp.stack([predict(W, b, x) for x in xs])
mapped = lambda xs: batch_predict(W, b, xs)
print("primitives:", [len(jax.make_jaxpr(f)(batch_x).eqns) for f in (loop, mapped)])

# %% [markdown] tags=["notes"]
# There is no loop in the mapped program: one `dot_general` with a bigger shape. It stays that long
# for a batch of a million.
#
# It composes: twice for all pairs, around `grad` for one gradient for each example. Taught in
# lesson 5.

# %% [markdown]
# ## What `vmap` slices, and where it stacks

# %%
x = jnp.arange(40.0).reshape(10, 4)
result = batch_predict(W, b, x)
axes.draw_vmap(axes_in, (W, b, x), result, names=("W", "b", "x"), call="predict")

# %% [markdown] tags=["notes"]
# Drawn from the shapes. Cells with the number i belong to call i. W and b are shared by all ten.

# %% [markdown]
# ## Pytrees: many arrays under one name

# %% tags=["left"]
params = {
    "layer1": {"w": [1, 1], "b": 2},
    "layer2": {"w": 3, "b": 4},
}
print(jax.tree.leaves(params))

# %% tags=["right", "tall"]
trees.draw(params, names=("params",))

# %% [markdown] tags=["left"]
# Dicts, lists, tuples and your own classes are **containers**; what is in them are the **leaves**.
#
# Parameters, gradients, metrics, optimizer states: pytrees, all of them.

# %% [markdown] tags=["notes"]
# The list [1, 1] holds two leaves: a list is a container, never an array. Keys are visited in
# sorted order. `None` is a container with nothing in it. Taught in lesson 6.

# %% [markdown]
# ## Working with pytrees

# %%
doubled = jax.tree.map(lambda x: x * 2, params)
print(doubled)


def loss(params, x):
    return (params["layer2"]["w"] * jnp.tanh(params["layer1"]["b"] * x)) ** 2


floats = jax.tree.map(float, params)
slopes = jax.grad(loss)(floats, 0.5)
step = jax.tree.map(lambda p, g: p - 0.1 * g, floats, slopes)
print("before:", loss(floats, 0.5), " after one step:", loss(step, 0.5))
print(jax.tree.structure(slopes) == jax.tree.structure(params))

# %% [markdown]
# `jit`, `grad`, `vmap` and optimizers take pytrees and give pytrees. `jax.tree.map` is Python's
# `map`, over leaves: of one tree, or of several that fit.

# %% [markdown] tags=["notes"]
# One step of gradient descent on every parameter, whatever the nesting. That line is the whole
# optimizer.
#
# Older code says `jax.tree_map` or `jax.tree_util.tree_map`; `jax.tree` exists since 0.4.25.

# %% [markdown]
# ## One more: derivatives of programs


# %%
def height(x):
    for _ in range(3):  # loops, branches, calls: whatever ran
        x = jnp.sin(x) * x
    return x


slope, curve = jax.grad(height), jax.grad(jax.grad(height))
print("value ", height(2.0), " slope", slope(2.0), " curvature", curve(2.0))

h = 1e-2
print("check:", (height(2.0 + h) - height(2.0 - h)) / (2 * h), "by a finite difference")
print("each of four:", jax.vmap(slope)(jnp.linspace(0.0, 1.0, 4)))

# %% [markdown]
# NumPy needs another library here. In JAX `grad` takes a function and gives a function, so it
# **composes**: with itself, with `vmap`, with `jit`, with pytrees.

# %% [markdown] tags=["notes"]
# In the talk this is one row of the table of key differences; it is the reason why most people
# come. Taught in lesson 7, with both directions, NaN behind `where`, rules of your own and
# checkpointing.

# %% [markdown]
# ## Explicit parallelism: `shard_map`, aka "shmap"
#
# - **Manual control.** `jit` partitions by itself; with `shard_map` you say how.
# - **SPMD.** You write the program of *one* device; all run it, each on its own block.
# - **Explicit communication.** Blocks meet only where you write a collective: `psum`, `all_gather`.
# - **Debuggable.** It also runs eagerly, so a `print` shows what each device holds:


# %% tags=["small"]
def peek(block):
    print(block)
    return 10 * block


pair, spec = jax.sharding.Mesh(jax.devices()[:2], "x"), jax.P("x")
print(jax.shard_map(peek, mesh=pair, in_specs=spec, out_specs=spec)(jnp.arange(6.0)))

# %% [markdown] tags=["notes"]
# `vmap` takes the mapped axis away, `shard_map` keeps it and makes it shorter.
#
# The eight devices here are simulated on one processor. Layout, program and messages are real;
# speed is not, and nothing here is timed. Taught in lesson 8.

# %% [markdown]
# ## `shard_map`: a mesh of 4 × 2 devices

# %% tags=["skip"]
vector.show(larger=1.7)  # the tiles have room

# %% tags=["small", "middle"]
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

mesh = jax.make_mesh((4, 2), ("x", "y"), axis_types=(AxisType.Auto,) * 2)  # 8 devices
a = jnp.arange(8 * 16.0).reshape(8, 16)
a_cut = jax.device_put(a, NamedSharding(mesh, P("x", "y")))
shards.draw_layouts(a=a_cut)

# %% [markdown] tags=["source"]
# One entry for each axis of the array: the axis of the **mesh** that cuts it. On a tile: its device.

# %% [markdown] tags=["notes"]
# `None` in a spec: this axis is not cut. A mesh axis that the spec does not name copies.
#
# What changed since the talk, and since when.
#
# The talk imports `from jax.shard_map import shard_map`. That has never worked. The function is
# `jax.shard_map` since JAX 0.6.1 (May 2025), and was `jax.experimental.shard_map.shard_map` before,
# which still works, with a warning. Its `check_rep` is now called `check_vma`.
#
# The talk calls `jax.make_mesh((4, 2), ('x', 'y'))`. Up to 0.8 that makes Auto axes, for which the
# code was written; since 0.9.0 it makes Explicit ones. With `axis_types=` as here the same code
# runs on every JAX that the course is tested with, 0.7.2 to 0.12.0.

# %% [markdown]
# ## `shard_map`: the program of one device

# %%
b = jnp.arange(16 * 4.0).reshape(16, 4)
specs = {"in_specs": (P("x", "y"), P("y", None)), "out_specs": P("x", None)}


@partial(jax.shard_map, mesh=mesh, **specs)
def matmul_basic(a_block, b_block):
    # a_block: f32[2, 8], b_block: f32[8, 4]
    c_partials = jnp.dot(a_block, b_block)
    c_block = jax.lax.psum(c_partials, "y")  # c_block: f32[2, 4]
    return c_block


c = matmul_basic(a, b)  # c: f32[8, 4]
close = jnp.allclose(c, jnp.dot(a, b), atol=1e-2, rtol=1e-2)
print(c.shape, "equals jnp.dot(a, b):", close)

# %% [markdown]
# Each device has **half of every sum**; `psum` over `y` adds the two halves. Forget it, and JAX
# says so, unless you switch `check_vma` off.

# %% [markdown] tags=["notes"]
# Apart from the import and `make_mesh`, this is the talk's code. Its `allclose` over pytrees, with
# `tree_all` and `tree_map`, is not needed for one array.
#
# With `check_vma=False` and no `psum` the result is silently wrong. A fine exercise of lesson 8.

# %% [markdown]
# ## `shard_map`: the result, drawn

# %% tags=["large", "left"]
jax.debug.visualize_array_sharding(c)

# %% [markdown] tags=["right"]
# `c` has shape (8, 4) and is laid out as `P("x", None)`.
#
# - The rows are cut in four, along `x`.
# - The two devices along `y` hold **copies** of the same block.
#
# To you it is one array: print it, index it, hand it to `jnp`.

# %% [markdown] tags=["notes"]
# JAX's own drawing (it needs the package `rich`). Slice by slice: each tile names its devices.

# %% [markdown]
# ## `shard_map`: half of every sum, and `psum`

# %% tags=["skip"]
vector.show(larger=1.2)  # the names stand close

# %% tags=["small"]
specs["out_specs"] = P("x", "y")  # without psum, partial products side by side
partials = jax.shard_map(jnp.dot, mesh=mesh, **specs)(a, b)
b_cut = jax.device_put(b, NamedSharding(mesh, P("y", None)))
shards.draw_layouts(("dot", "→", "psum"), a=a_cut, b=b_cut, partials=partials, c=c)

# %% [markdown] tags=["notes"]
# Drawn from what each array says of itself. Follow device 0: its block of a, its half of b, its half of the sums, and after `psum` the
# whole of its two rows.

# %% [markdown]
# ## CPU, GPU, TPU: write once, run anywhere

# %% [markdown]
# NumPy stays on the CPU. JAX compiles the same code for the hardware that it finds. You can look
# at the program for a TPU **without having one**:


# %% tags=["small"]
def layer(W, xs):
    return jnp.tanh(xs @ W)


W, xs = jnp.ones((8, 8)), jnp.ones((16, 8))
for platform in ("cpu", "cuda", "tpu"):
    lowered = jax.jit(layer).trace(W, xs).lower(lowering_platforms=(platform,))
    print(f"{platform:5} {len(lowered.as_text().splitlines())} lines of StableHLO")

print("runs here, on", jax.default_backend(), "and gives", jax.jit(layer)(W, xs).shape)

# %% [markdown]
# To lower needs no device; to compile and run does. Last digits may differ.

# %% [markdown] tags=["notes"]
# Leave device names out of functions; `JAX_PLATFORMS` chooses from outside. What does not travel:
# callbacks into Python, a few factorisations such as `eig` on TPU, and what only one vendor has.
# Taught in lesson 9, which runs a dozen of the course's functions through all three.

# %% [markdown]
# ## Hardware portability: failure rates

# %% tags=["skip"]
vector.show(larger=1.6)

# %% tags=["small", "middle"]
# Per cent that pass, fail partly, fail completely.
gpu = {"TensorFlow": (78, 8, 14), "PyTorch": (92, 3, 5), "JAX": (98, 0, 2)}
tpu = {"TensorFlow": (71, 15, 14), "PyTorch": (57, 27, 17), "JAX": (97, 0, 3)}
study = {(n, on): of[n] for n in gpu for on, of in (("GPU", gpu), ("TPU", tpu))}
platforms.draw_study(study, "")

# %% [markdown] tags=["source"]
# Source: Mince, Dinh, Kgomo, Thompson and Hooker, *The Grand Illusion: The Myth of Software
# Portability and Implications for ML Progress*, NeurIPS 2023, [arXiv:2309.07181](https://arxiv.org/abs/2309.07181)

# %% [markdown] tags=["notes"]
# The numbers of the talk's table. PyTorch's TPU row adds up to 101: rounded in the source.
#
# Read with care: one sample of functions, versions of 2023, and each framework was asked for its
# own functions. It does not say that your program ports. docs/portability.md says it of every
# exercise of this course.

# %% [markdown]
# ## Key differences at a glance
#
# | | NumPy | JAX NumPy | why it matters | lesson |
# | --- | --- | --- | --- | --- |
# | Mutability | mutable, in place | immutable | every transformation relies on it | 2 |
# | Execution | eager | eager, or compiled with `jit` | speed, above all on accelerators | 3 |
# | In-place | `a[i] = x` | `a.at[i].set(x)`, a new array | how to write, all the same | 2 |
# | Views, copies | often views | copies | `jit` takes unneeded ones out | 2 |
# | Random | a global state | explicit keys | reproducible, also in parallel | 4 |
# | Derivatives | other libraries | `jax.grad` | what learning stands on | 7 |
# | Vectorising | broadcasting | `jax.vmap` | write for one, run for many | 5 |
# | Hardware | CPU, mostly | CPU, GPU, TPU, many at once | scale without another version | 8, 9 |
# | Dtypes | 64 bits | 32 bits unless asked | half the memory, fewer digits | 1 |

# %% [markdown] tags=["notes"]
# The eight rows of the talk and one more, which the timing has taught us. Every row is executed in
# lesson 1, section The key differences at a glance.

# %% [markdown]
# ## The course behind the talk

# %% tags=["hide", "big"]
from course import coursemap

vector.show()
coursemap.draw(coursemap.modules())

# %% [markdown] tags=["notes"]
# Nine modules, each a lesson to run and an assignment that answers at once. Drawn from the masters:
# a square is an exercise, the fuller the harder.

# %% [markdown]
# ## Learning resources, community and docs
#
# | | |
# | --- | --- |
# | This course | lessons, exercises that answer at once, quick references, and these slides |
# | The talk's own exercises and slides | [goo.gle/learning-jax](https://goo.gle/learning-jax) |
# | Community | [goo.gle/jax-community](https://goo.gle/jax-community) |
# | JAX | [jax.dev](https://jax.dev), and its sharp bits |
# | JAX AI stack | [jaxstack.ai](https://jaxstack.ai) |
# | Flax NNX, for networks | [flax.readthedocs.io](https://flax.readthedocs.io) |
#
# One thing to take home: **write plain functions of arrays, and let the transformations do the rest.**

# %% [markdown] tags=["notes"]
# The quick references, one page a module, are beside this deck: print the one for the whole course
# and leave it on the desk.
