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
# # 2. Arrays that do not change: `.at`, copies and donation
#
# > **After this lesson you can**
# > rewrite any in-place NumPy line with `.at`, say what becomes of repeated indices and of
# > indices outside, write masks that survive `jit`, tell a view from a copy, see which copies
# > the compiler removes, donate memory, and notice a side effect before it bites.
# >
# > **Time** about 25 minutes. **Read before** `01_numpy_to_jax`.
# >
# > **How it works** Each question has a line `my_... = ...`. Replace the dots with your
# > guess before you run on. A wrong guess costs nothing and is remembered better than a
# > right one. Leave the dots and the answer waits in a fold.

# %%
import warnings

import jax
import jax.numpy as jnp
import numpy as np

from autograder import predicted
from course import explore
from course.pictures import memory
from course.pictures.play import play

# %% [markdown]
# ## A name and a value
#
# From the slides: a NumPy array can be changed where it lies.

# %%
a_np = np.arange(4.0)
print("Original:", a_np)
a_np[0] = 100.0  # in place
print("Modified:", a_np)

# %% [markdown]
# A JAX array cannot.

# %% tags=["raises-exception"]
a_jnp = jnp.arange(4.0)
a_jnp[0] = 100.0

# %% [markdown]
# The message says what to write instead. `a_jnp.at[0].set(100.0)` reads like an assignment, but
# it is an expression: its value is a **new** array.
#
# **Predict.** The next cell has that expression on a line of its own. What is `a_jnp[0]`
# afterwards?

# %%
# Your prediction: replace the dots with a number
my_first = ...

# %%
a_jnp.at[0].set(100.0)
first = float(a_jnp[0])
print(a_jnp)

# %%
predicted(
    my_first,
    first,
    why="A new array was made, nobody gave it a name, and it was thrown away. No error, no "
    "warning: the commonest slip of people who come from NumPy.",
)

# %%
b_jnp = a_jnp.at[0].set(100.0)  # a new array, with a name
print(f"{a_jnp is b_jnp = }")
print("a_jnp:", a_jnp)
print("b_jnp:", b_jnp)

# %% [markdown]
# The same slip hides in methods. In NumPy, `.sort()` sorts the array and returns nothing. In JAX
# it returns the sorted array and leaves the other alone.

# %%
unsorted_np, unsorted_jnp = np.array([3, 1, 2]), jnp.array([3, 1, 2])
print("returned:  ", unsorted_np.sort(), "and", unsorted_jnp.sort())
print("afterwards:", unsorted_np, "and", unsorted_jnp)

# %% [markdown]
# ## The side effects that lurk
#
# Why would anyone want arrays that cannot change? Here is an innocent function. It is the same
# text for NumPy and for JAX.


# %%
def spread(values):
    values -= values.mean()
    return (values**2).mean()


prices_np = np.array([1.0, 2.0, 6.0])
prices_jnp = jnp.array([1.0, 2.0, 6.0])

# %% [markdown]
# **Predict.** Both are handed to `spread`. Whose prices are different afterwards: `"numpy"`,
# `"jax"`, `"both"` or `"neither"`?

# %%
# Your prediction: replace the dots with "numpy", "jax", "both" or "neither"
my_changed = ...

# %%
print("spread:", spread(prices_np), spread(prices_jnp))
print("NumPy:", prices_np)
print("JAX:  ", prices_jnp)

numpy_changed = bool(prices_np[0] != 1.0)
jax_changed = bool(prices_jnp[0] != 1.0)
changed = {(1, 0): "numpy", (0, 1): "jax", (1, 1): "both", (0, 0): "neither"}
who_changed = changed[numpy_changed, jax_changed]

# %%
predicted(
    my_changed,
    who_changed,
    why="NumPy's -= writes into the caller's memory. For a JAX array Python falls back to "
    "values = values - ..., which only moves the local name to a new array.",
)

# %% [markdown]
# The caller of `spread` asked for a number and got its prices ruined. With JAX that cannot
# happen, whatever the function does: the array you pass is the array you keep, unless you give it
# away on purpose: see donation, below.
#
# ## Every in-place line has an `.at`
#
# | NumPy, in place | JAX, a new array |
# | --- | --- |
# | `a[i] = v` | `a = a.at[i].set(v)` |
# | `a[i] += v` | `a = a.at[i].add(v)` |
# | `a[i] *= v` | `a = a.at[i].multiply(v)` |
# | `a[i] = np.minimum(a[i], v)` | `a = a.at[i].min(v)`, likewise `.max` |
# | `a[i] = f(a[i])` | `a = a.at[i].apply(f)` |
# | `a[i]` (a read, with a say about indices outside) | `a.at[i].get(mode=…)` |
#
# The index may be anything that NumPy takes: a number, a slice, an array, several axes.

# %%
ladder = jnp.arange(6.0)
print(ladder.at[1:-1].set(0.0))
print(ladder.at[::2].add(10.0))
print(ladder.at[jnp.array([1, 4])].multiply(-1.0))
print(ladder.at[3:].min(4.0))
print(ladder.at[:2].apply(jnp.cos))
print(jnp.zeros((2, 3)).at[1, :2].set(7.0))

# %% [markdown]
# One habit from NumPy fails loudly: a list as an index is refused. One fails softly: the array's
# dtype wins, so a float put into an array of integers is cut off, with a warning at most.

# %%
try:
    ladder.at[[1, 4]].set(0.0)
except TypeError as error:
    print("list:", str(error).split(";")[0])

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print("1.9 into integers:", jnp.arange(3).at[0].set(1.9))
print(*(str(one.message).split(":")[0] for one in caught))

# %% [markdown]
# ## The same index twice
#
# Counting is where `.at` differs from NumPy in its *values*. Three of these labels are 2.

# %%
labels = np.array([2, 0, 2, 4, 2])

# %% [markdown]
# **Predict.** Starting from zeros, NumPy runs `counts[labels] += 1` and JAX runs
# `counts.at[labels].add(1)`. What is `counts[2]` in each? Answer with a pair,
# `(NumPy's, JAX's)`.

# %%
# Your prediction: replace the dots, e.g. (5, 5)
my_twos = ...

# %%
counts_np = np.zeros(6, int)
counts_np[labels] += 1
counts_jnp = jnp.zeros(6, int).at[labels].add(1)

print("NumPy:", counts_np)
print("JAX:  ", counts_jnp)
twos = (int(counts_np[2]), int(counts_jnp[2]))

# %%
predicted(
    my_twos,
    twos,
    why="NumPy reads all the entries first, adds 1 to each, and writes 0 + 1 three times to one "
    "place. .at[].add adds every update.",
)

# %% [markdown]
# NumPy can do it too, by another name.

# %%
recounted = np.zeros(6, int)
np.add.at(recounted, labels, 1)
print("np.add.at:", recounted)

# %% [markdown]
# So a histogram is one line and no loop. This writing to computed places is called a
# **scatter**. Here is one with values, drawn from what JAX returned.

# %%
before = jnp.full(6, 10.0)
where_to = np.array([2, 0, 2, 4, 2, 9])
updates = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])

play(
    lambda how: memory.draw_scatter(before, where_to, updates, how),
    how=("add", "set", "max", "min", "multiply"),
)

# %% [markdown]
# In the picture: three arrows meet in entry 2, and all three updates count. The last update is
# for entry 9 of 6, and is dropped. Where a kernel runs there is a slider: try `"max"`,
# then `"set"`.

# %%
memory.draw_scatter(before, where_to, updates, "set")

# %% [markdown]
# `add`, `multiply`, `min` and `max` do not care, but for rounding, in which order the updates
# arrive. `set` does, and JAX leaves it **undefined which one stays**: on an accelerator they may be
# written in any order.
# You may see the last one win on your machine, for years. Do not build on it.
#
# ## Indices outside
#
# NumPy raises an `IndexError`. A compiled program on an accelerator has no good way to raise in
# the middle, so JAX had to choose something else.
#
# **Predict.** `ladder` has 6 entries. What does `ladder.at[10].set(9.0)` do: `"raises"`,
# `"dropped"` (nothing is written) or `"last"` (entry 5 is written)?

# %%
# Your prediction: replace the dots with "raises", "dropped" or "last"
my_outside = ...

# %%
try:
    written = ladder.at[10].set(9.0)
    outside = "dropped" if bool((written == ladder).all()) else "last"
    print("written:", written)
except IndexError:
    outside = "raises"

print("ladder[10] reads", ladder[10])

# %%
predicted(
    my_outside,
    outside,
    why="Writes outside are dropped. Reads outside are clamped to the nearest entry: "
    "ladder[10] is the last one. Both without a word.",
)

# %% [markdown]
# `mode` lets you choose. Index 1 lies inside, 10 and -7 outside.

# %%
probe = jnp.array([1, 10, -7])
print("get:")
for mode in ("clip", "fill"):
    print(f"  {mode:5}", ladder.at[probe].get(mode=mode))
print("  fill ", ladder.at[probe].get(mode="fill", fill_value=0.0), "with fill_value=0.0")
print("  fill ", jnp.arange(6).at[probe].get(mode="fill"), "for integers")
print("set(9.0):")
for mode in ("clip", "drop"):
    print(f"  {mode:5}", ladder.at[probe].set(9.0, mode=mode))

# %% [markdown]
# - `"clip"` moves an index outside to the nearest edge.
# - `"drop"` leaves such a write out. It is what writing does anyway.
# - `"fill"` reads such entries as NaN (integers as an extreme value), or as `fill_value`.
# - `"promise_in_bounds"` is not a way to handle them. It is **your promise** that there are none,
#   and lets the compiler leave the check out. Break it and the result is undefined.
#
# **Predict.** Which does `ladder.at[-1].set(9.0, mode="drop")` do: `"drops"` the write, or
# `"writes"` the last entry?

# %%
# Your prediction: replace the dots with "drops" or "writes"
my_minus_one = ...

# %%
from_end = ladder.at[-1].set(9.0, mode="drop")
print(from_end)
minus_one = "drops" if bool((from_end == ladder).all()) else "writes"

# %%
predicted(
    my_minus_one,
    minus_one,
    why="-1 is not outside: negative indices count from the end, in every mode. If -1 means "
    "'nowhere' in your data, turn it into a large index first.",
)

# %% [markdown]
# ## Masks
#
# `a[a > 3] = 0` becomes `a.at[a > 3].set(0)`, and a mask may be an index as in NumPy.

# %%
print(ladder.at[ladder > 3].set(0.0))
print(ladder[ladder > 3])

# %% [markdown]
# That works until somebody compiles the function.
#
# `jax.jit(f)` is the subject of the next lesson. All you need here: it returns a compiled `f`,
# made for arguments of a known shape and dtype, whose **values are not known** yet.

# %% tags=["raises-exception"]
jax.jit(lambda a: a[a > 3])(ladder)

# %% [markdown]
# How long is `a[a > 3]`? That depends on values, and a compiled program needs all its shapes
# beforehand.
#
# **Predict.** Which of these raise inside `jit`? Answer with the letters in order, e.g. `"AC"`.
#
# - A: `a.at[a > 3].set(0.0)`
# - B: `a.at[a > 3].set(a[a > 3] * 2)`
# - C: `jnp.where(a > 3, a * 2, a)`
# - D: `jnp.where(a > 3, a, 0).sum()`

# %%
# Your prediction: replace the dots, e.g. "AC"
my_masked = ...

# %%
masked = {
    "A": lambda a: a.at[a > 3].set(0.0),
    "B": lambda a: a.at[a > 3].set(a[a > 3] * 2),
    "C": lambda a: jnp.where(a > 3, a * 2, a),
    "D": lambda a: jnp.where(a > 3, a, 0).sum(),
}
raising = ""
for letter, function in masked.items():
    try:
        print(letter, "returns", jax.jit(function)(ladder))
    except jax.errors.NonConcreteBooleanIndexError as error:
        print(letter, "raises ", type(error).__name__)
        raising += letter

# %%
predicted(
    my_masked,
    raising,
    why="A mask used as an index is first turned into a list of positions, and the length of that "
    "list is unknown, in A as well. where needs no positions: it has the shape of a.",
)

# %% [markdown]
# `jnp.where(mask, new, old)` computes `new` everywhere and then picks. It is the answer whenever
# a mask is in the way: C writes under a mask, and D sums under one by adding zeros.
#
# ## Views and copies
#
# NumPy avoids copies by handing out **views**: new arrays that look into old memory. We make the
# same arrays from `grid` in both libraries and ask where they lie.


# %%
def relatives(grid):
    return {
        "grid": grid,
        "grid[1]": grid[1],
        "grid[:, ::2]": grid[:, ::2],
        "grid.T": grid.T,
        "grid.ravel()": grid.ravel(),
        "grid[rows]": grid[np.array([0, 2])],
    }


grid_np = np.arange(12.0).reshape(3, 4)
family_np = relatives(grid_np)

# %% [markdown]
# **Predict.** Of the five relatives below `grid`, how many share memory with `grid_np`?

# %%
# Your prediction: replace the dots with a number
my_shared = ...

# %%
shared = 0
for name, relative in family_np.items():
    if name != "grid":
        print(f"{name:13}", np.shares_memory(grid_np, relative))
        shared += np.shares_memory(grid_np, relative)

# %%
predicted(
    my_shared,
    shared,
    why="Slices, transposes and ravels can be described as a start and a step per axis. Rows "
    "picked by an array cannot, so NumPy copies them.",
)

# %%
memory.draw_memory({"NumPy": memory.where(family_np)})

# %% [markdown]
# In the picture: each strip is one block of memory, with its address. Below it are the arrays that
# live there. The small marks count an array's entries in reading order, so `grid.T` uses
# all the cells in another order. Write through any of these names and all names above and below
# see it:

# %%
row = family_np["grid[1]"]
row[:] = 0
print(grid_np)

# %% [markdown]
# Whether that was the intention, the code does not say. Now JAX, with pointers to its real buffers.
#
# **Predict.** How many of the five lie in the memory of the JAX `grid`?

# %%
# Your prediction: replace the dots with a number
my_jax_shared = ...

# %%
family_jnp = relatives(jnp.arange(12.0).reshape(3, 4))
home = family_jnp["grid"].unsafe_buffer_pointer()
others = [one for name, one in family_jnp.items() if name != "grid"]
jax_shared = sum(one.unsafe_buffer_pointer() == home for one in others)

# %%
predicted(
    my_jax_shared,
    jax_shared,
    why="Each of these operations writes its result to a buffer of its own. (Where nothing is to "
    "be done, as in grid[:], JAX may return the same array. Nobody can write, so nobody can tell.)",
)

# %%
memory.draw_memory({"JAX": memory.where(family_jnp)})

# %% [markdown]
# In the picture: six arrays, six blocks. You can never change one through another. Is that not
# wasteful?
#
# ## What `jit` makes of the copies
#
# Outside `jit`, yes: each `.at` call copies the whole array to change one entry. Inside, the
# compiler sees the whole function, knows which array is needed later, and may write in place. The
# compiled program is a text that can be read. We count its copies.


# %%
def copies(function, *args, **options):
    """How many times the compiled program copies an array."""
    text = jax.jit(function, **options).lower(*args).compile().as_text()
    return sum(" copy(" in line for line in text.splitlines())


def one_set(v):
    return v.at[3].set(100.0)


def double_and_set(v):
    return (v * 2).at[3].set(100.0)


def hundred_sets(v):
    for i in range(100):
        v = v.at[i].set(i / 2)
    return v


v = jnp.arange(1000.0)

# %% [markdown]
# **Predict.** How many copies are in the compiled `one_set`, `double_and_set` and
# `hundred_sets`? Answer with three numbers.

# %%
# Your prediction: replace the dots, e.g. (5, 5, 5)
my_copies = ...

# %%
counted = tuple(copies(function, v) for function in (one_set, double_and_set, hundred_sets))
counted

# %%
predicted(
    my_copies,
    counted,
    why="The argument v belongs to the caller and has to survive, so it is copied once. v * 2 is "
    "nobody's but the program's: it is written in place, like the results of 99 of the 100 sets.",
)

# %% [markdown]
# Here is the program of `one_set`, cut to its operations. It is a copy, then a
# `dynamic-update-slice`, the compiler's word for writing into an array.

# %%
program = jax.jit(one_set).lower(v).compile().as_text()
for line in program[program.index("ENTRY") :].splitlines():
    print(line.split(", metadata")[0])

# %% [markdown]
# Intermediate arrays vanish in the same way. Step by step, this function would make a transposed
# copy, then a sum, then a slice of it. How much memory does the compiled one need besides its
# argument and its result?


# %%
def every_other_column(table):
    return (table.T + 1)[::2]


table = jnp.ones((300, 400))
needs = jax.jit(every_other_column).lower(table).compile().memory_analysis()
print("argument: ", needs.argument_size_in_bytes, "bytes")
print("result:   ", needs.output_size_in_bytes, "bytes")
print("temporary:", needs.temp_size_in_bytes, "bytes")

# %% [markdown]
# This is what the slide means by "jit often optimizes away intermediate copies". *Often*: it is
# the compiler's choice, so look when it matters.
#
# ## Donation: giving the last copy away
#
# One copy was left in `one_set`, because the caller might still want `v`. If the caller does not,
# it can **donate** `v`: the program may then reuse its memory for a result.

# %%
print("copies:", copies(one_set, v, donate_argnums=0))

donating_set = jax.jit(one_set, donate_argnums=0)
short = jnp.arange(8.0)
seen_before = memory.where({"short": short})
fresh = donating_set(short)
seen_after = memory.where({"fresh": fresh, "short": short})

print("short is deleted:", short.is_deleted())

# %%
memory.draw_memory({"before the call": seen_before, "after it": seen_after})

# %% [markdown]
# In the picture, look at the address: the new array lies where the old one lay. It is NumPy's
# in-place write, made safe. Safe, because the old name is dead:

# %% tags=["raises-exception"]
short + 1

# %% [markdown]
# Views, copies and donation in one program. Press **Next →** to run it line by line, and watch
# which names see which block of memory.

# %%
explore.memory(
    """
    a = np.arange(6.0)
    part = a[1:4]
    part[0] = 100.0
    x = jnp.arange(6.0)
    y = x[1:4]
    x.at[0].set(100.0)
    x = x.at[0].set(100.0)
    z = donating_set(x)
    x + 1
    """,
    donating_set=donating_set,
)

# %% [markdown]
# A line that NumPy writes changes what two names see. Each line of JAX makes a new block, until
# `donating_set` hands on the old one. Put your own lines into `explore.memory`, too.
#
# A loop that trains a model writes `params = step(params, …)`: the old parameters are never
# needed again. Without donation it holds both in memory; with it, one.
#
# A donated array is of use only if a result can take its place.
#
# **Predict.** For which of these functions is a donated `v` of 1,000 floats used, so that it is
# deleted? Answer with the letters in order.
#
# - A: `v + 1`
# - B: `v[:500]`
# - C: `v.sum()`
# - D: `(v.sum(), v[::-1])`

# %%
# Your prediction: replace the dots, e.g. "BC"
my_usable = ...

# %%
candidates = {
    "A": lambda v: v + 1,
    "B": lambda v: v[:500],
    "C": lambda v: v.sum(),
    "D": lambda v: (v.sum(), v[::-1]),
}


def is_used(function):
    """Whether a donated v is used by the compiled function, and what JAX says about it."""
    v = jnp.arange(1000.0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        jax.jit(function, donate_argnums=0)(v)
    said = str(caught[0].message).splitlines()[0] if caught else ""
    return v.is_deleted(), said


usable = ""
for letter, function in candidates.items():
    used, said = is_used(function)
    print(letter, "used" if used else "not used:", said)
    usable += letter if used else ""

# %%
predicted(
    my_usable,
    usable,
    why="A and D return an array just like v. B's result is too small for v's memory to be "
    "handed on, and C's is one number. JAX warns, and v stays alive.",
)

# %% [markdown]
# "Just like" meant the same shape and dtype for a long time, and does on Colab's JAX 0.7.2.
# Newer versions ask only for as many bytes. See what yours does:

# %%
print("JAX", jax.__version__)
print("another shape:", is_used(lambda v: v.reshape(10, 100) * 2)[0])
print("another dtype:", is_used(lambda v: v.astype(jnp.int32))[0])

# %% [markdown]
# Same shape and dtype is the rule that holds everywhere.
#
# ## Immutable has a hole
#
# No JAX operation writes into a JAX array. But memory that **NumPy** owns can change under one.
# `jax.device_put` copies a NumPy array to the device, and where the device is the CPU it may find
# the copy unnecessary. It looks at whether the memory starts at a multiple of 64 bytes.

# %%
raw = np.zeros(1040, np.float32)
skip = (-raw.ctypes.data // 4) % 16
aligned = raw[skip : skip + 1024]  # starts at a multiple of 64 bytes

shifted = raw[skip + 1 : skip + 1025]  # does not

cases = {
    "device_put, aligned": (jax.device_put, aligned),
    "device_put, shifted": (jax.device_put, shifted),
    "jnp.array,  aligned": (jnp.array, aligned),
}
for name, (convert, theirs) in cases.items():
    theirs[:] = 0
    ours = convert(theirs)
    theirs[0] = 100  # NumPy's array, not ours
    print(f"{name}: the JAX array begins with", ours[0])

# %% [markdown]
# If your first line says 100, an "immutable" array has changed. It depends on device, version and
# luck with the address, so never rely on it either way. If you mean to go on writing into the
# NumPy array, use `jnp.array`, which always copies. The other way round there is no hole: NumPy's
# view of a JAX array is read-only.

# %% tags=["raises-exception"]
np.asarray(ladder)[0] = 100.0

# %% [markdown]
# ## The function that prints once
#
# Arrays cannot change, but Python can: globals, lists, files, the screen. What becomes of those
# side effects in a compiled function?
#
# **Predict.** `shout` is called three times, with three different numbers. How many lines does it
# print?

# %%
lines = []


@jax.jit
def shout(x):
    line = f"x is {x}"
    print(line)
    lines.append(line)
    return x + 1


# %%
# Your prediction: replace the dots with a number
my_lines = ...

# %%
results = [float(shout(x)) for x in (1.0, 2.0, 3.0)]
print(results)

# %%
predicted(
    my_lines,
    len(lines),
    why="Python ran the body once, to trace it: with a stand-in for x, not with 1.0. The "
    "compiled program has only the addition.",
)

# %% [markdown]
# A print that is missing is harmless. A counter that stops is not.

# %%
calls = 0


@jax.jit
def tick(x):
    global calls
    calls += 1
    return x + calls


# %% [markdown]
# **Predict.** What do three calls of `tick(10.0)` return?

# %%
# Your prediction: replace the dots, e.g. [1, 2, 3]
my_ticks = ...

# %%
ticks = [float(tick(10.0)) for _ in range(3)]
print(ticks, "calls:", calls)

# %%
predicted(
    my_ticks,
    ticks,
    why="While tracing, calls was the plain number 1. It was written into the program as a "
    "constant, and nothing in the program counts.",
)

# %% [markdown]
# The cure is the thought of this whole lesson. What changes goes **in as an argument and out as a
# result**. Such a function is called *pure*, and means the same with `jit` and without.


# %%
@jax.jit
def pure_tick(calls, x):
    calls = calls + 1
    return calls, x + calls


count = 0
for _ in range(3):
    count, ticked = pure_tick(count, 10.0)
    print(int(count), float(ticked))

# %% [markdown]
# > **In three lines**
# > 1. `a = a.at[i].add(v)` is `a[i] += v` with a new name for a new array. Repeats all add up; of
# >    repeated `set`s any may stay; writes outside are dropped, reads clamped.
# > 2. No views, so no surprises. Under `jit` most copies vanish, and donation removes the last one.
# > 3. State goes in as an argument and comes out as a result. All else happens once, at tracing.
# >
# > **Now you**:
# > [`exercises/02_mutability/mutability.ipynb`](../exercises/02_mutability/mutability.ipynb).
# > **Next**: `03_jit_timing`, what tracing and compiling cost, and how to measure it.
