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
import re
from functools import partial

import jax
import matplotlib as mpl
import numpy as np
from course import coursemap
from course.pictures import (
    axes,
    compiling,
    keys,
    memory,
    platforms,
    shards,
    trees,
    vector,
)
from slides import qr, stopwatch

jax.config.update("jax_num_cpu_devices", 8)  # simulated; before the first JAX operation
vector.show(larger=1.6)

# %% [markdown]
# # NumPy & JAX NumPy
#
# Numerical computing with Python: the key differences, and why they matter

# %%
import jax
import jax.numpy as jnp
import numpy as np

print("JAX", jax.__version__, "NumPy", np.__version__)
print(jax.device_count(), "simulated devices:", jax.default_backend())

# %% tags=["hide", "corner"]
qr.show()

# %% [markdown] tags=["notes"]
# Every output, picture and time on these slides was computed by the code beside it when the deck
# was built. The lines above name the versions. The eight devices are simulated, for `shard_map`.
#
# Keys: S opens these notes, D switches between dark and light, ? lists the rest. Plan about two
# minutes for each slide.
#
# Questions for the audience: who has used NumPy? PyTorch? Who has been bitten by a view?

# %% [markdown]
# ## What we will see

# %% [markdown] tags=["agenda"]
# 1. **The same API, another engine**: what JAX does with code that looks like NumPy
# 2. **How fast is it?** A fair comparison
# 3. **Arrays that do not change**, and what happens to memory
# 4. **Random numbers** with explicit keys
# 5. **Transformations**: `vmap`, pytrees, `grad`
# 6. **Many devices**: `shard_map`, and the compiler's own ways
# 7. **Any hardware**: CPU, GPU, TPU
# 8. **Where to go on**: debugging, training a model, and the course behind this talk

# %% [markdown] tags=["notes"]
# One minute. Each part ends with the lesson that teaches it. If time is short, leave out part 6.

# %% [markdown]
# ## Familiar API, powerful new engine
#
# The same functions, axes, broadcasting and methods. One function, either library:


# %%
def standardize(xp, table):
    table = xp.asarray(table)
    return (table - table.mean(axis=0)) / table.std(axis=0)


rows = [[1.0, 10.0], [2.0, 30.0], [3.0, 20.0]]
in_numpy, in_jax = standardize(np, rows), standardize(jnp, rows)
print("same values:", np.allclose(in_numpy, in_jax, atol=1e-6))
print("NumPy:", in_numpy.dtype, "  JAX:", in_jax.dtype)

# %% [markdown] tags=["fragment"]
# NumPy runs each line on the CPU as Python reaches it. JAX can also **trace** the function: record
# it as a program that can be compiled, differentiated, batched and spread over devices.

# %% [markdown] tags=["notes"]
# Do not skip the last line of output: JAX computes in 32 bits unless you ask for more. The talk's
# timing depends on it. `JAX_ENABLE_X64=1` brings float64 back.
#
# Taught in lesson 1, together with the differences that raise no error: dtypes, indices out of
# bounds, lists.

# %% [markdown]
# ## NumPy and PyTorch run eagerly, JAX compiles


# %% tags=["left", "tall"]
def wave(x):
    print("Python is here:", x)
    return jnp.sin(x) * jnp.tanh(x)


fast = jax.jit(wave)
fast(jnp.arange(3.0))
fast(jnp.ones(3))
print(fast(jnp.zeros(3)))

# %% [markdown] tags=["right"]
# How many lines are printed?

# %% [markdown] tags=["right", "fragment"]
# 1. **Trace.** Python runs once, with a stand-in that has a shape and a dtype but no numbers.

# %% [markdown] tags=["right", "fragment"]
# <ol start="2"><li><strong>Compile.</strong> XLA optimizes the traced program and fuses its operations.</li></ol>

# %% [markdown] tags=["right", "fragment"]
# <ol start="3"><li><strong>Run.</strong> Every later call with the same shape and dtype runs without Python.</li></ol>

# %% [markdown] tags=["right", "fragment"]
# A new shape or dtype starts again at step 1.

# %% [markdown] tags=["notes"]
# Three calls, and Python printed one line: it was inside the function once. What it saw is a
# tracer.
#
# The talk says "JAX = JIT compiled". More exactly: JAX is eager until you ask for `jit`, and each
# eager operation is itself a small compiled program.
#
# Taught in lesson 3.

# %% [markdown]
# ## What the compiler makes of it

# %%
deck = lambda x: jnp.sin(jnp.cos(x)) * jnp.tanh(x)
traced = jax.jit(deck).trace(jnp.ones((1000, 1000)))
kernels = compiling.read_kernels(traced.lower().compile().as_text())
compiling.draw_kernels(traced.jaxpr, kernels)

# %% [markdown] tags=["notes"]
# Above: one primitive after another, and each of them reads from memory and writes to it. `tanh`
# reads `x` again, and the product reads two results. Below: the kernels of the program that was
# just compiled. Fusion saves the trips to memory, which often cost more than the arithmetic.

# %% [markdown]
# ## Compare like with like

# %% tags=["skip"]
vector.show(larger=1.9)


def deck(xp, x):
    return xp.sin(xp.cos(x)) * xp.tanh(x)


def chain(xp, x):
    for _ in range(50):
        x = x * 1.01 + 0.1
    return x


panels = {"sin(cos(x)) * tanh(x)": deck, "50 times x * 1.01 + 0.1": chain}

# %% tags=["hide", "big"]
stopwatch.draw({name: stopwatch.times(f) for name, f in panels.items()})

# %% [markdown] tags=["notes"]
# Read the bars within one dtype, and never across the two. `slides/stopwatch.py` measures them: it
# warms up, waits with `block_until_ready`, repeats, and takes the fastest run.
#
# For the talk's function NumPy has vectorized float32 kernels, and on a CPU it may well win. A
# long chain of operations is where `jit` wins: one kernel replaces a hundred trips to memory. A
# compiled call has a fixed cost, so give each call enough to do. On a GPU the chart looks quite
# different: run it there.

# %% [markdown]
# ## Where the talk's 18× came from

# %% [markdown]
# The talk measured **178 ms ± 132 ms** for NumPy and **9.63 ms ± 21.9 µs** for JAX.

# %% [markdown] tags=["fragment"]
# - **The dtype**: `np.ones` makes float64 and `jnp.ones` makes float32. Half the bytes, and other
#   kernels: the chart before shows what this alone is worth.

# %% [markdown] tags=["fragment"]
# - **The mean**: ± 132 ms around 178 ms says that at least one run was far off. One slow run
#   among seven is enough. Report the median or the fastest run.

# %% [markdown] tags=["fragment"]
# - **The machine**: a time belongs to one machine. So do the times in this deck: run it on yours.

# %% [markdown] tags=["fragment"]
# Compare one thing at a time. Warm up, wait, repeat, and say which number you report.

# %% [markdown] tags=["notes"]
# One slow run among seven explains the talk's ± exactly: six runs of 124 ms and one of 501 ms. That
# is a story that fits, not a proof. Lesson 3 computes it, in the sections Measuring, and The 18×.

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

# %% tags=["fragment"]
try:
    a_jnp[0] = 100.0
except TypeError as error:
    print("TypeError:", str(error).split(". ")[0])

a_jnp.at[0].set(7.0)  # the result has no name, so it is lost
print("afterwards:", a_jnp)

# %% [markdown] tags=["notes"]
# `set`, `add`, `multiply`, `min`, `max`, `apply`, `get`. The most common slip of people who come
# from NumPy: a line with `.at` but without `a =` in front. It raises no error and does nothing.
#
# `add` adds every update, where NumPy's `+=` on repeated indices keeps only one. Out of bounds,
# reads are clamped and writes are dropped, without a word. Taught in lesson 2.

# %% [markdown]
# ## Memory: NumPy's views, JAX's copies

# %% tags=["skip"]
vector.show(larger=2.5)


# %% tags=["left"]
def relatives(grid):
    return {
        "grid": grid,
        "grid[1]": grid[1],
        "grid.T": grid.T,
    }


six = np.arange(6.0)
grid_np = six.reshape(2, 3)
grid_jnp = jnp.array(grid_np)

# %% tags=["skip"]
here = {"NumPy": relatives(grid_np), "JAX": relatives(grid_jnp)}
here = {name: memory.where(arrays) for name, arrays in here.items()}

# %% tags=["right", "tall", "hide", "drawn"]
memory.draw_memory(here)

# %% [markdown] tags=["left", "fragment"]
# NumPy: one block of memory, so a write through one name shows up under all of them. JAX: three
# blocks. Is that wasteful?

# %% [markdown] tags=["notes"]
# Drawn from the arrays' own addresses. "Seems less memory efficient", the talk says of JAX. The
# next slide answers. Taught in lesson 2.

# %% [markdown]
# ## The compiler removes the copies again

# %% tags=["skip"]
vector.show(larger=1.6)


# %%
def hundred_sets(v):
    for i in range(100):
        v = v.at[i].set(i / 2)
    return v


def copies(function, v, **options):
    program = jax.jit(function, **options).lower(v).compile()
    return program.as_text().count(" copy(")


v = jnp.arange(1000.0)
print("copies:", copies(hundred_sets, v))
print("copies with v donated:", copies(hundred_sets, v, donate_argnums=0))

# %% [markdown] tags=["fragment"]
# A hundred `.at[].set`, and one copy is left: the one that keeps **your** `v` alive. **Donation**
# removes that one too: with `donate_argnums` you give `v` away, and may not use it again.

# %% [markdown] tags=["notes"]
# The talk: "jit often optimizes away intermediate copies". Often means that the compiler decides.
# Where it matters, look at the text of the compiled program, as here.
#
# A training step is the classic use: with donation, `params = step(params)` holds the parameters
# once and not twice. Using a donated array raises an error, on every device. JAX can reuse the
# memory only where a result has the same shape and dtype. Taught in lesson 2.

# %% [markdown]
# ## No lurking side effects


# %%
def spread_of(values):
    values -= values.mean()
    return (values**2).mean()


prices = [1.0, 2.0, 6.0]
prices_np, prices_jnp = np.array(prices), jnp.array(prices)
print("spread:", spread_of(prices_np), spread_of(prices_jnp))
print("NumPy's prices afterwards:", prices_np)
print("JAX's prices afterwards:  ", prices_jnp)

# %% [markdown] tags=["fragment"]
# The same code. In NumPy, `-=` writes into the caller's memory. In JAX, it gives the local name a
# new array.

# %% [markdown] tags=["fragment"]
# Unless you **donate** it, no function can change an array that you pass. This is what lets JAX
# trace, reorder, batch and differentiate the function.

# %% [markdown] tags=["notes"]
# Ask for a show of hands before the outputs: whose prices have changed?
#
# The other side of the coin: a Python side effect inside `jit`, such as `print` or appending to a
# list, happens once, while JAX traces. Taught in lesson 2, in the sections The side effects that
# lurk, and Side effects in a compiled function. State that has to change has its own tool, `jax.new_ref`,
# in newer versions of JAX: also lesson 2.

# %% [markdown]
# ## Random numbers need a key

# %% [markdown] tags=["left"]
# ### NumPy: hidden state

# %% tags=["left"]
np.random.seed(0)
print(np.random.normal())
print(np.random.normal())

# %% [markdown] tags=["right"]
# ### JAX: a key you pass

# %% tags=["right"]
key = jax.random.key(0)
print(jax.random.normal(key))
print(jax.random.normal(key))

# %% tags=["fragment"]
key, noise, dropout = jax.random.split(key, 3)  # one key for each use
print(jax.random.normal(noise), jax.random.normal(dropout))

# %% [markdown] tags=["fragment"]
# The same key gives the same number, on every device and in any order. **One key, one use:** split
# first, then draw.

# %% [markdown] tags=["notes"]
# The talk writes `random.PRNGKey(0)`, which still works and gives the same numbers: a raw array of
# two uint32. `jax.random.key` makes a typed key: `key + 1` raises an error where a raw key quietly
# becomes another key. JAX's documentation has used typed keys since JAX 0.4.26, in 2024.
#
# Taught in lesson 4.

# %% [markdown]
# ## A tree of keys, each used once

# %%
root = jax.random.key(2026)
names = ("w", "b", "data", "dropout")
tree = {"root": root} | dict(zip(names, jax.random.split(root, 4)))
draws = {name: jax.random.normal(tree[name]) for name in names}
keys.draw_tree(tree, dict.fromkeys(names, ("root", "split")), draws)

# %% [markdown] tags=["notes"]
# Each square is a key, drawn from its own 64 bits. Below it stands the number that it draws. Use
# `split` for a known number of uses, and `fold_in` in a loop with a counter. Keep the tree wide
# rather than deep.

# %% [markdown]
# ## Write for one, run for many


# %% tags=["left"]
def predict(W, b, x):
    return jnp.dot(W, x) + b


W, b = jnp.ones((3, 4)), jnp.ones(3)
batch_x = jnp.ones((10, 4))

axes_in = (None, None, 0)
batched = jax.vmap(predict, axes_in)
print(batched(W, b, batch_x).shape)

# %% [markdown] tags=["right"]
# **NumPy**: broadcasting, and where does the `.T` go?
#
# **JAX**: `jax.vmap` takes a function of one data point and returns a function of a batch.
#
# - `0`: map over this axis
# - `None`: the same value for every call

# %% tags=["fragment"]
loop = lambda xs: jnp.stack([predict(W, b, x) for x in xs])
mapped = lambda xs: batched(W, b, xs)
count = lambda f: len(jax.make_jaxpr(f)(batch_x).eqns)
print("primitives:", count(loop), "in the loop,", count(mapped), "mapped")

# %% [markdown] tags=["notes"]
# The mapped program has no loop: it has one `dot_general` with a bigger shape. It has the same
# length for a batch of a million.
#
# `vmap` composes: twice for all pairs, around `grad` for one gradient per example. Taught in
# lesson 5.

# %% [markdown]
# ## What `vmap` slices, and where it stacks

# %%
x = jnp.arange(40.0).reshape(10, 4)
result = batched(W, b, x)
labels = {"names": ("W", "b", "x"), "call": "predict"}
axes.draw_vmap(axes_in, (W, b, x), result, **labels)

# %% [markdown] tags=["notes"]
# Drawn from the shapes. The cells with the number i belong to call i. All ten calls share W and b.

# %% [markdown]
# ## Pytrees: many arrays under one name

# %% tags=["left"]
params = {
    "layer1": {"w": [1, 1], "b": 2},
    "layer2": {"w": 3, "b": 4},
}
print(jax.tree.leaves(params))

# %% tags=["skip"]
vector.show(larger=1.4)  # the names of the branches stand close

# %% tags=["right", "tall", "hide"]
trees.draw(params, names=("params",))

# %% [markdown] tags=["left"]
# Dicts, lists, tuples and your own classes are **containers**. What they hold are the **leaves**.

# %% [markdown] tags=["left", "fragment"]
# Parameters, gradients, metrics and optimizer states are all pytrees.

# %% [markdown] tags=["notes"]
# The list [1, 1] holds two leaves: a list is a container, never an array. A dict's keys are visited
# in sorted order. `None` is a container with nothing in it. Taught in lesson 6.

# %% [markdown]
# ## Working with pytrees


# %%
def loss(params, x):
    inner = jnp.tanh(params["layer1"]["b"] * x)
    return (params["layer2"]["w"] * inner) ** 2


params = jax.tree.map(float, params)
slopes = jax.grad(loss)(params, 0.5)
step = jax.tree.map(lambda p, g: p - 0.1 * g, params, slopes)
print("before:", loss(params, 0.5), " after:", loss(step, 0.5))
print(jax.tree.structure(slopes) == jax.tree.structure(params))

# %% [markdown] tags=["fragment"]
# `jit`, `grad`, `vmap` and optimizers take pytrees and return pytrees. `jax.tree.map` is Python's
# `map` over the leaves of one pytree, or of several that have the same structure.

# %% [markdown] tags=["notes"]
# One step of gradient descent on every parameter, whatever the nesting. The line with `tree.map` is
# the whole optimizer.
#
# Older code says `jax.tree_map` or `jax.tree_util.tree_map`. `jax.tree` exists since 0.4.25.

# %% [markdown]
# ## One more: derivatives of programs


# %%
def height(x):
    for _ in range(3):  # loops, branches and calls are fine
        x = jnp.sin(x) * x
    return x


slope, curve = jax.grad(height), jax.grad(jax.grad(height))
print("slope", slope(2.0), " curvature", curve(2.0))

h = 1e-2
print("finite difference", (height(2 + h) - height(2 - h)) / (2 * h))
print("four slopes:", jax.vmap(slope)(jnp.linspace(0.0, 1.0, 4)))

# %% [markdown] tags=["fragment"]
# NumPy needs another library here. In JAX, `grad` takes a function and returns a function, so it
# **composes**: with itself, with `vmap`, with `jit`, with pytrees.

# %% [markdown] tags=["notes"]
# In the talk this is one row of the table of key differences. It is the reason why most people
# come. Taught in lesson 7, with both directions, the NaN behind `where`, your own derivative rules
# and checkpointing.

# %% [markdown]
# ## Explicit parallelism: `shard_map`, aka "shmap"

# %% [markdown]
# - **Manual control, SPMD.** You write the program of *one* device. All run it, each on its block.
# - **Explicit communication.** Blocks meet only in a collective: `psum`, `all_gather`.
# - **Debuggable.** It also runs eagerly, so `print` shows what each device holds:


# %%
def peek(block):
    print(block)
    return block


pair, spec = jax.sharding.Mesh(jax.devices()[:2], "x"), jax.P("x")
on_two = partial(jax.shard_map, mesh=pair, in_specs=spec, out_specs=spec)
same = on_two(peek)(jnp.arange(6.0))

# %% [markdown] tags=["notes"]
# `jit` can partition a program by itself. With `shard_map` you decide.
#
# `vmap` takes the mapped axis away, `shard_map` keeps it and makes it shorter.
#
# The eight devices here are simulated on one processor. Layout, program and messages are real.
# Speed is not, and nothing here is timed. Taught in lesson 8.

# %% [markdown]
# ## `shard_map`: a mesh of 4 × 2 devices

# %% tags=["skip"]
vector.show(larger=1.7)  # the tiles have room

# %% tags=["middle"]
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

auto = (AxisType.Auto, AxisType.Auto)
mesh = jax.make_mesh((4, 2), ("x", "y"), axis_types=auto)  # 8 devices
a = jnp.arange(8 * 16.0).reshape(8, 16)
a_cut = jax.device_put(a, NamedSharding(mesh, P("x", "y")))
shards.draw_layouts(a=a_cut)

# %% [markdown] tags=["source"]
# The spec has one entry for each axis of the array: the **mesh** axis that cuts it. Each tile names its device.

# %% [markdown] tags=["notes"]
# `None` in a spec means that this axis is not cut. A mesh axis that the spec does not name holds
# copies.
#
# What changed since the talk, and since when:
#
# The talk imports `from jax.shard_map import shard_map`. That has never worked. The function is
# `jax.shard_map` since JAX 0.6.1 (May 2025), and was `jax.experimental.shard_map.shard_map` before,
# which still works, with a warning. Its `check_rep` is now called `check_vma`.
#
# The talk calls `jax.make_mesh((4, 2), ('x', 'y'))`. Up to 0.8 that makes Auto axes, for which the
# code was written. Since 0.9.0 it makes Explicit ones. With `axis_types=` as here, the same code
# runs on every JAX that the course is tested with, 0.7.2 to 0.12.0.

# %% [markdown]
# ## `shard_map`: the program of one device

# %%
b = jnp.arange(16 * 4.0).reshape(16, 4)
specs = {"in_specs": (P("x", "y"), P("y")), "out_specs": P("x")}


@partial(jax.shard_map, mesh=mesh, **specs)
def matmul_basic(a_block, b_block):
    # a_block: f32[2, 8], b_block: f32[8, 4]
    c_partials = jnp.dot(a_block, b_block)
    return jax.lax.psum(c_partials, "y")  # f32[2, 4]


c = matmul_basic(a, b)  # f32[8, 4]
print("equals jnp.dot(a, b):", jnp.allclose(c, jnp.dot(a, b), atol=1e-2))

# %% [markdown] tags=["fragment"]
# Each device computes **half of every sum**, and `psum` over `y` adds the two halves. If you forget
# it, JAX raises an error, unless you switch `check_vma` off.

# %% [markdown] tags=["notes"]
# Apart from the import and `make_mesh`, this is the talk's code. One array does not need the talk's
# `allclose` over pytrees, with `tree_all` and `tree_map`.
#
# With `check_vma=False` and no `psum`, the result is wrong and nothing says so. That is a fine
# exercise of lesson 8.

# %% [markdown]
# ## `shard_map`: the result, drawn

# %% tags=["skip"]
pale = mpl.colormaps["Pastel1"]  # letters are easy to read on it

# %% tags=["large", "left"]
draw = jax.debug.visualize_array_sharding
draw(c, color_map=pale)

# %% [markdown] tags=["right"]
# `c` has shape (8, 4) and its layout is `P("x")`.
#
# - The rows are cut in four, along `x`.
# - The two devices along `y` hold **copies** of the same block.
#
# For you it is one array: print it, index it, pass it to `jnp`.

# %% [markdown] tags=["notes"]
# This is JAX's own drawing, which needs the package `rich`. Each tile names the devices that hold
# it.

# %% [markdown]
# ## `shard_map`: half of every sum, and `psum`

# %% tags=["skip"]
vector.show(larger=1.25)  # the names stand close

# %%
specs["out_specs"] = P("x", "y")  # without psum: partial sums side by side
partials = jax.shard_map(jnp.dot, mesh=mesh, **specs)(a, b)
b_cut = jax.device_put(b, NamedSharding(mesh, P("y")))
steps = ("dot", "→", "psum")
shards.draw_layouts(steps, a=a_cut, b=b_cut, partials=partials, c=c)

# %% [markdown] tags=["notes"]
# Drawn from what each array says about its own layout. Follow device 0: its block of a, its half of
# b, its half of the sums, and after `psum` the whole of its two rows.

# %% [markdown]
# ## Who decides where the data go?

# %% [markdown]
# | mode | who decides | you write | what happens at a clash |
# | --- | --- | --- | --- |
# | **Auto** | the compiler | `in_shardings`, and a hint here and there | it moves data, and tells nobody |
# | **Explicit** | the types | `A @ B`: each type has a layout | an error, before anything runs |
# | **Manual** | you | `shard_map` and collectives | an error, or a wrong sum |

# %% tags=["fragment"]
explicit = (AxisType.Explicit, AxisType.Explicit)
grid = jax.make_mesh((4, 2), ("x", "y"), axis_types=explicit)
rows, columns = (
    jax.device_put(jnp.ones((8, 8)), NamedSharding(grid, spec))
    for spec in (P("x", None), P(None, "y"))
)
print(jax.typeof(rows), "@", jax.typeof(columns))
print("=", jax.typeof(rows @ columns))

# %% [markdown] tags=["notes"]
# `jax.make_mesh` makes Explicit axes since JAX 0.9 and made Auto axes before. With Explicit axes
# the layout is part of an array's type, and `jax.typeof` shows it: `float32[8@x,8]`. Where the
# layouts do not determine the result, JAX raises an error, and `reshard` or `out_sharding=` says
# what you want. Use Auto for a program that exists, Explicit for a new one, Manual where you know
# better which messages are needed. Taught in lesson 8.

# %% [markdown]
# ## CPU, GPU, TPU: write once, run anywhere

# %% [markdown]
# NumPy stays on the CPU. JAX compiles the same code for the hardware that it finds. You can read
# the program for a TPU **without having one**:


# %%
def operations(function, platform):
    traced = jax.jit(function).trace(jnp.ones((8, 8)))
    program = traced.lower(lowering_platforms=(platform,)).as_text()
    return re.findall(r"dot_general|tanh|(?<=custom_call @)\w+", program)


for platform in ("cpu", "cuda", "tpu"):
    layer = operations(lambda x: jnp.tanh(x @ x), platform)
    solver = operations(jnp.linalg.eigh, platform)
    print(f"{platform:5}", *layer, " eigh:", *solver)

# %% [markdown] tags=["fragment"]
# Most operations are the same everywhere. `eigh` is LAPACK on a CPU, cuSOLVER on a GPU, and XLA's
# own algorithm on a TPU: same code, and the last digits may differ.

# %% [markdown] tags=["notes"]
# Lowering needs no device. Compiling and running do.
#
# Leave device names out of functions; `JAX_PLATFORMS` chooses from outside. What does not travel:
# callbacks into Python, a few factorizations such as `eig` on TPU, and what only one vendor has.
# Taught in lesson 9, which lowers a dozen of the course's functions for all three.

# %% [markdown]
# ## Hardware portability: failure rates

# %% tags=["skip"]
vector.show(larger=1.7)

# %% tags=["hide", "wide"]
# Per cent that pass, fail partly, fail completely.
gpu = {"TensorFlow": (78, 8, 14), "PyTorch": (92, 3, 5), "JAX": (98, 0, 2)}
tpu = {"TensorFlow": (71, 15, 14), "PyTorch": (57, 27, 17), "JAX": (97, 0, 3)}
study = {(n, on): of[n] for n in gpu for on, of in (("GPU", gpu), ("TPU", tpu))}
platforms.draw_study(study, "")

# %% [markdown] tags=["source"]
# Source: Mince, Dinh, Kgomo, Thompson and Hooker, *The Grand Illusion: The Myth of Software
# Portability and Implications for ML Progress*, NeurIPS 2023, [arXiv:2309.07181](https://arxiv.org/abs/2309.07181)

# %% [markdown] tags=["notes"]
# The numbers of the talk's table. PyTorch's TPU row adds up to 101, because the source rounds.
#
# Read it with care: one sample of functions, versions of 2023, and each framework was tested on its
# own functions. It does not say that your program ports. docs/portability.md says it for every
# exercise of this course.

# %% [markdown]
# ## When it goes wrong: ask the stage that knows

# %% tags=["left"]
from jax.experimental import checkify

prices = jnp.array([10.0, 20.0])
price = lambda i: prices[i]
print(price(7), "and no error")

kinds = checkify.index_checks
safe = checkify.checkify(price, kinds)
error, _ = safe(7)
message = error.get().split(": ")[1]
print(message.split(" for ")[0])

# %% [markdown] tags=["right"]
# | you look for | ask |
# | --- | --- |
# | shapes | `jax.eval_shape` |
# | operations | `jax.make_jaxpr` |
# | values | `jax.debug.print` |
# | the first NaN | `jax.debug_nans` |
# | a bad index | `checkify` |
# | lost time | `jax.profiler.trace` |
# | bytes | `memory_analysis` |

# %% [markdown] tags=["right", "fragment"]
# While JAX traces there are **no values**. While the program runs there is **no Python**.

# %% [markdown] tags=["notes"]
# Most confusion comes from asking the wrong stage. An index outside the array raises nothing in JAX,
# so a check has to be a part of the program.
#
# Taught in lesson 10, which also opens a profile and reads the memory of a compiled program.

# %% [markdown]
# ## The JAX AI stack: train a model

# %% [markdown]
# | library | what it adds | what JAX sees |
# | --- | --- | --- |
# | Optax | optimizers | a pair of functions, and a pytree |
# | Flax NNX | layers | a pytree, after `nnx.split` |
# | Orbax | checkpoints | a pytree in a folder |


# %% tags=["skip"]
import optax

xs, ys = jnp.linspace(-2, 2, 64), jnp.tanh(jnp.linspace(-6, 6, 64))
params = {"w": jnp.array(0.5), "b": jnp.array(1.0)}


def loss(params):
    return jnp.mean((jnp.tanh(params["w"] * xs + params["b"]) - ys) ** 2)


# %%
optimizer = optax.adam(0.1)
memory = optimizer.init(params)  # a count, and two averages for each parameter


@jax.jit
def step(params, memory):
    grads = jax.grad(loss)(params)
    updates, memory = optimizer.update(grads, memory)
    return optax.apply_updates(params, updates), memory


print(len(jax.tree.leaves(memory)), "leaves for", len(params), "parameters")

# %% [markdown] tags=["notes"]
# Training is a function from state to state. The state is one pytree: the parameters and the memory of
# the optimizer. So `scan` can carry it, `jit` can donate it, a mesh can cut it and a checkpoint can
# store it.
#
# Lesson 11 trains one network without any of the three libraries, and then with each of them. It stops
# a run, resumes it with the same numbers to the last bit, and spreads it over eight devices.

# %% [markdown]
# ## Key differences at a glance
#
# | | NumPy | JAX NumPy | why it matters | lesson |
# | --- | --- | --- | --- | --- |
# | Mutability | in place | immutable | transformations rely on it | 2 |
# | Execution | eager | eager, or `jit` | speed on accelerators | 3 |
# | In-place | `a[i] = x` | `a.at[i].set(x)` | how to write anyway | 2 |
# | Views, copies | often views | copies | `jit` removes most of them | 2 |
# | Random | global state | explicit keys | reproducible, also in parallel | 4 |
# | Derivatives | other libraries | `jax.grad` | learning is built on it | 7 |
# | Vectorizing | broadcasting | `jax.vmap` | write for one, run for many | 5 |
# | Hardware | mostly CPU | CPU, GPU, TPU | scale without a second version | 8, 9 |
# | Dtypes | 64 bits | 32 bits unless asked | half the memory, fewer digits | 1 |

# %% [markdown] tags=["notes"]
# The eight rows of the talk, and one more that the timing has taught us. Lesson 1 executes every
# row, in the section The key differences at a glance.

# %% [markdown]
# ## The course behind the talk

# %% tags=["hide", "big"]
vector.show()
coursemap.draw(coursemap.modules())

# %% [markdown] tags=["notes"]
# Each module has a lesson to run and an assignment that answers at once. The map is drawn from the
# masters: a square is an exercise, and the darker it is, the harder.

# %% [markdown]
# ## Learning resources, community and docs

# %% [markdown]
# | where | what you find there |
# | --- | --- |
# | This course | lessons, exercises that answer at once, quick references, these slides |
# | [goo.gle/learning-jax](https://goo.gle/learning-jax) | the talk's own exercises and slides |
# | [goo.gle/jax-community](https://goo.gle/jax-community) | the community |
# | [jax.dev](https://jax.dev) | JAX's documentation, and its sharp bits |
# | [jaxstack.ai](https://jaxstack.ai) | the JAX AI stack |
# | [flax.readthedocs.io](https://flax.readthedocs.io) | Flax NNX, for neural networks |

# %% [markdown] tags=["fragment"]
# One thing to take home: **write plain functions of arrays, and let the transformations do the rest.**

# %% tags=["hide", "corner"]
qr.show()

# %% [markdown] tags=["notes"]
# The quick references, one page for each module, lie beside this deck. Print the one for the whole
# course and leave it on the desk.
