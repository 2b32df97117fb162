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
# > rewrite any in-place NumPy line with `.at`, say what happens to repeated indices and to
# > indices outside, write masks that work under `jit`, tell a view from a copy, see which copies
# > the compiler removes, donate memory, notice a side effect before it does harm, and say what a
# > reference is for.
# >
# > **Time** about 30 minutes. **Read before** `01_numpy_to_jax`.
# >
# > **How it works** Each question has a line `my_... = ...`. Replace the dots with your
# > guess before you run on. A wrong guess costs nothing, and you will remember it better than a
# > right one. If you leave the dots, the answer stays folded.

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
# This example is from the slides. A NumPy array can be changed in place.

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
# The message says what to write instead. `a_jnp.at[0].set(100.0)` reads like an assignment, but it
# is an expression. Its value is a **new** array.
#
# **Predict.** In the next cell this expression stands alone on a line. What is `a_jnp[0]`
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
    why="A new array was made, but it got no name and was thrown away. There is no error and no "
    "warning. This is the most common slip of people who come from NumPy.",
)

# %%
b_jnp = a_jnp.at[0].set(100.0)  # a new array, with a name
print(f"{a_jnp is b_jnp = }")
print("a_jnp:", a_jnp)
print("b_jnp:", b_jnp)

# %% [markdown]
# The same slip is possible with methods. In NumPy, `.sort()` sorts the array and returns nothing.
# In JAX it returns a sorted array and does not change the old one.

# %%
unsorted_np, unsorted_jnp = np.array([3, 1, 2]), jnp.array([3, 1, 2])
print("returned:  ", unsorted_np.sort(), "and", unsorted_jnp.sort())
print("afterwards:", unsorted_np, "and", unsorted_jnp)

# %% [markdown]
# ## The side effects that lurk
#
# Why would anyone want arrays that cannot change? This function looks harmless. Its code is the
# same for NumPy and for JAX.


# %%
def spread(values):
    values -= values.mean()
    return (values**2).mean()


prices_np = np.array([1.0, 2.0, 6.0])
prices_jnp = jnp.array([1.0, 2.0, 6.0])

# %% [markdown]
# **Predict.** We call `spread` with both. Which prices are different afterwards: `"numpy"`,
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
    why="NumPy's -= writes into the caller's memory. For a JAX array Python runs values = values "
    "- ... instead, which only gives the local name to a new array.",
)

# %% [markdown]
# The caller of `spread` asked for a number, and its prices were overwritten. That cannot happen to
# a JAX array: no function can change the numbers in it. A function can only take the whole array
# away from you, if it was compiled to do so. That is donation, which comes later in this lesson.
#
# ## Every in-place line has an `.at`
#
# | NumPy, in place | JAX, a new array |
# | --- | --- |
# | `a[i] = v` | `a = a.at[i].set(v)` |
# | `a[i] += v` | `a = a.at[i].add(v)` |
# | `a[i] *= v` | `a = a.at[i].multiply(v)` |
# | `a[i] = np.minimum(a[i], v)` | `a = a.at[i].min(v)`, likewise `.max` |
# | `f.at(a, i)`, for an `f` of one argument such as `np.negative` | `a = a.at[i].apply(f)` |
# | `a[i]` (a read, where you choose what an index outside gives) | `a.at[i].get(mode=…)` |
#
# The index may be a number, a slice, an array, or several of these for several axes. The next
# section is about arrays in which an index occurs twice.

# %%
ladder = jnp.arange(6.0)
print(ladder.at[1:-1].set(0.0))
print(ladder.at[::2].add(10.0))
print(ladder.at[jnp.array([1, 4])].multiply(-1.0))
print(ladder.at[3:].min(4.0))
print(ladder.at[:2].apply(jnp.cos))
print(jnp.zeros((2, 3)).at[1, :2].set(7.0))

# %% [markdown]
# A list as an index raises an error, unlike in NumPy. A float that is put into an array of integers
# is cut off, as in NumPy, because the array keeps its dtype. There is at most a warning.

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
# We want to count how often each label occurs. Three of these labels are 2.

# %%
labels = np.array([2, 0, 2, 4, 2])

# %% [markdown]
# **Predict.** Starting from zeros, NumPy runs `counts[labels] += 1` and JAX runs
# `counts.at[labels].add(1)`. What is `counts[2]` in each? Answer with a pair, `(NumPy's, JAX's)`.

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
    why="NumPy reads all the entries first, adds 1 to each, and writes 0 + 1 three times to the "
    "same place. .at[].add adds every update.",
)

# %% [markdown]
# NumPy has this operation too, under another name.

# %%
recounted = np.zeros(6, int)
np.add.at(recounted, labels, 1)
print("np.add.at:", recounted)

# %% [markdown]
# So a histogram is one line without a loop. Writing to computed places is called a **scatter**.
# Here is one with values, drawn from what JAX returned.

# %%
before = jnp.full(6, 10.0)
where_to = np.array([2, 0, 2, 4, 2])
updates = np.array([1.0, 2.0, 3.0, 4.0, 5.0])

play(
    lambda how: memory.draw_scatter(before, where_to, updates, how),
    how=("add", "set", "max", "min", "multiply"),
)

# %% [markdown]
# In the picture: three arrows meet in entry 2, and all three updates count. If a kernel is running,
# there is a slider: try `"max"`, then `"set"`.

# %%
memory.draw_scatter(before, where_to, updates, "set")

# %% [markdown]
# For `add`, `multiply`, `min` and `max` the order of the updates makes no difference, except for
# rounding. For `set` it does, and JAX leaves **undefined which update stays**, because an
# accelerator may write them in any order. On your machine you may see the last one win for years.
# Do not rely on it.
#
# `apply` corresponds to NumPy's `f.at`: it applies the function once for each time that an index
# occurs. It has no derivative. If you need one, use `set` with indices that do not repeat.

# %%
twice = np.array([1, 1, 4])
negated = np.arange(6.0)
np.negative.at(negated, twice)
print("np.negative.at:", negated)
print("apply:         ", ladder.at[twice].apply(jnp.negative))
print("set:           ", ladder.at[twice].set(-ladder[twice]))
try:
    jax.grad(lambda a: a.at[twice].apply(jnp.sin).sum())(ladder)
except NotImplementedError as error:
    print("derivative of apply:", error)

# %% [markdown]
# `np.negative.at` and `apply` have negated entry 1 twice.
#
# ## Indices outside
#
# NumPy raises an `IndexError`. Lesson 1 had this question for JAX, so you may remember the answer.
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
    why="A compiled program on an accelerator cannot raise an exception. So writes outside are "
    "dropped, and in practice reads outside are clamped to the nearest entry: ladder[10] is the "
    "last one. Neither gives a warning.",
)

# %% [markdown]
# With `mode` you can choose. Index 1 is inside, 10 and -7 are outside.

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
# - `"clip"` moves an index outside to the nearest entry.
# - `"drop"` drops such a write. A write without a `mode` does the same.
# - `"fill"` reads such entries as NaN (integers as an extreme value), or as `fill_value`.
# - `"promise_in_bounds"` is **your promise** that all indices are inside, and JAX does not check it.
#   A read without a `mode` makes this promise for you. In practice a read outside is then clamped,
#   but JAX does not guarantee that.
#
# The difference between `"clip"` and a promise is real. Both reads below give the same number, but
# only the second has the derivative of a clamped read. (`jax.grad` computes derivatives. Lesson 7
# is about it.)

# %%
beyond = jnp.array([10])


def promised(a):
    return a[beyond].sum()


def clipped(a):
    return a.at[beyond].get(mode="clip").sum()


modes = [eqn.params.get("mode") for eqn in jax.make_jaxpr(promised)(ladder).eqns]
print("a[beyond] has the mode", *(mode for mode in modes if mode is not None))
for read in (promised, clipped):
    print(f"{read.__name__:9} value {read(ladder)}  derivative {jax.grad(read)(ladder)}")

# %% [markdown]
# **Predict.** What does `ladder.at[-1].set(9.0, mode="drop")` do: does it drop the write
# (`"drops"`), or does it write the last entry (`"writes"`)?

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
    why="-1 is not outside: negative indices count from the end, in every mode.",
)

# %% [markdown]
# If -1 means "nowhere" in your data, say so: with `wrap_negative_indices=False` negative indices
# are outside, and the mode decides what happens.

# %%
print(ladder.at[-1].set(9.0, mode="drop", wrap_negative_indices=False))
print(ladder.at[-1].get(mode="fill", fill_value=0.0, wrap_negative_indices=False))

# %% [markdown]
# ## Masks
#
# `a[a > 3] = 0` becomes `a.at[a > 3].set(0)`. A mask can be an index, as in NumPy.

# %%
print(ladder.at[ladder > 3].set(0.0))
print(ladder[ladder > 3])

# %% [markdown]
# That works until somebody compiles the function.
#
# `jax.jit(f)` is the subject of the next lesson. Here you need to know only this: it returns a
# compiled `f`, made for arguments of a known shape and dtype, whose **values are not known** yet.

# %% tags=["raises-exception"]
jax.jit(lambda a: a[a > 3])(ladder)

# %% [markdown]
# How long is `a[a > 3]`? That depends on values, but a compiled program needs to know all its
# shapes in advance.
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
    why="A mask that is used as an index is first turned into a list of positions, and the length "
    "of that list is unknown. This happens in A as well. where needs no positions: its result has "
    "the shape of a.",
)

# %% [markdown]
# `jnp.where(mask, new, old)` computes `new` everywhere and then picks. It helps whenever a mask
# causes trouble: C writes under a mask, and D sums under one by adding zeros.
#
# ## Views and copies
#
# NumPy avoids copies by returning **views**: new arrays that use the memory of old ones. We make
# the same arrays from `grid` in both libraries and ask where in memory they are.


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
# **Predict.** How many of the other five arrays share memory with `grid_np`?

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
    why="Slices, transposes and ravels can be described by a start and a step for each axis. "
    "Rows that are picked by an array cannot, so NumPy copies them.",
)

# %%
memory.draw_memory({"NumPy": memory.where(family_np)})

# %% [markdown]
# In the picture: each strip is one block of memory, with its address. Below it are the arrays that
# use it. The small marks count an array's entries in reading order, so `grid.T` uses all the cells
# in another order. If you write through one of these names, all the others under the same strip see
# it:

# %%
row = family_np["grid[1]"]
row[:] = 0
print(grid_np)

# %% [markdown]
# The code does not say whether that was intended. Now we do the same with JAX, and ask for pointers
# to its real buffers.
#
# **Predict.** How many of the other five arrays use the memory of the JAX `grid`?

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
    why="Each of these operations writes its result to a buffer of its own. (If there is nothing "
    "to do, as in grid[:], JAX may return the same array. Nobody can write into it, so you cannot "
    "notice.)",
)

# %%
memory.draw_memory({"JAX": memory.where(family_jnp)})

# %% [markdown]
# In the picture: six arrays, six blocks. You can never change one array through another. But is
# that not wasteful?
#
# ## What `jit` makes of the copies
#
# Outside `jit` it is: each `.at` call copies the whole array to change one entry. Inside `jit`, the
# compiler sees the whole function, knows which arrays are needed later, and can write in place. You
# can read the compiled program as text. We count its copies.


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
# **Predict.** How many copies are in the compiled `one_set`, `double_and_set` and `hundred_sets`?
# Answer with three numbers.

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
    why="The argument v belongs to the caller and must not change, so it is copied once. v * 2 "
    "belongs to the program alone, so it is written in place. So are the results of 99 of the 100 "
    "sets.",
)

# %% [markdown]
# Here is the program of `one_set`, reduced to its operations. It has a copy, then a
# `dynamic-update-slice` (which newer versions wrap in a `fusion`). That is the compiler's name for
# writing into an array.

# %%
program = jax.jit(one_set).lower(v).compile().as_text()
for line in program[program.index("ENTRY") :].splitlines():
    print(line.split(", metadata")[0])

# %% [markdown]
# Intermediate arrays disappear in the same way. Step by step, this function would make a transposed
# copy, then a sum, then a slice of the sum. How much memory does the compiled function need besides
# its argument and its result?


# %%
def every_other_column(table):
    return (table.T + 1)[::2]


table = jnp.ones((300, 400))
needs = jax.jit(every_other_column).lower(table).compile().memory_analysis()
print("argument: ", needs.argument_size_in_bytes, "bytes")
print("result:   ", needs.output_size_in_bytes, "bytes")
print("temporary:", needs.temp_size_in_bytes, "bytes")

# %% [markdown]
# This is what the slide means by "jit often optimizes away intermediate copies". It says *often*
# because the compiler decides. So look at the program when it matters.
#
# ## Donation: giving the last copy away
#
# One copy was left in `one_set`, because the caller might still need `v`. If the caller does not
# need it, it can **donate** `v`. The program may then reuse its memory for a result.

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
# In the picture, look at the address: the new array is where the old one was. This is NumPy's
# in-place write, but safe, because the old array can no longer be used:

# %% tags=["raises-exception"]
short + 1

# %% [markdown]
# The next program has views, copies and donation. Press **Next →** to run it line by line, and
# watch which names see which block of memory.

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
# The NumPy line `part[0] = 100.0` changes what two names see. Each JAX line makes a new block, until
# `donating_set` reuses an old one. Try your own lines in `explore.memory`, too.
#
# A loop that trains a model runs `params = step(params, …)`, and the old parameters are never
# needed again. Without donation both the old and the new parameters are in memory during the step.
# With donation only one of them is.
#
# Donation only helps if a result can take the place of the donated array.
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
    why="A and D return an array like v. B's result is too small to take over v's memory, and "
    "C's is a single number. There JAX warns, and v is not deleted.",
)

# %% [markdown]
# "Like v" meant the same shape and dtype for a long time, and still does in JAX 0.7.2. For newer
# versions it is enough that the result has as many bytes. See what your version does:

# %%
print("JAX", jax.__version__)
print("another shape:", is_used(lambda v: v.reshape(10, 100) * 2)[0])
print("another dtype:", is_used(lambda v: v.astype(jnp.int32))[0])

# %% [markdown]
# The same shape and dtype work everywhere.
#
# ## A gap in immutability
#
# No JAX operation writes into a JAX array. But a JAX array may use memory that belongs to
# **NumPy**, and NumPy can write there. `jax.device_put` copies a NumPy array to the device. If the
# device is the CPU, it may leave the copy out. It checks whether the memory starts at a multiple of
# 64 bytes.

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
# If your first line says 100, an "immutable" array has changed. It depends on the device, the
# version and the address, so never rely on either outcome. If you want to keep writing into the
# NumPy array, use `jnp.array`, which always copies. In the other direction there is no gap: NumPy's
# view of a JAX array is read-only.

# %% tags=["raises-exception"]
np.asarray(ladder)[0] = 100.0

# %% [markdown]
# ## Side effects in a compiled function
#
# Arrays cannot change, but other things in Python can: globals, lists, files, the screen. What
# happens to such side effects in a compiled function?
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
    why="Python ran the body once, to trace it, with a stand-in for x instead of 1.0. The "
    "compiled program has only the addition.",
)

# %% [markdown]
# A missing line of output is harmless. The next function counts its calls in a global variable.

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
# The cure is the idea of this whole lesson: what changes goes **in as an argument and out as a
# result**. Such a function is called *pure*. It does the same with `jit` and without it.


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
# ## References: memory that can change
#
# There is one exception. `jax.new_ref(x)` makes a **reference**: a piece of memory that starts as a
# copy of `x` and that you can write into. `ref[...]` reads all of it, `ref[i] = v` writes an entry.
# A reference is not an array, so all that this lesson says about arrays stays true.
#
# **Predict.** `ref_tick` counts in a reference. What do three calls of `ref_tick(count_ref, 10.0)`
# return?

# %%
# Your prediction: replace the dots, e.g. [1, 2, 3]
my_ref_ticks = ...


# %%
@jax.jit
def ref_tick(count_ref, x):
    count_ref[...] += 1
    return x + count_ref[...]


count_ref = jax.new_ref(0)
ref_ticks = [float(ref_tick(count_ref, 10.0)) for _ in range(3)]
print(ref_ticks, "and the reference is", count_ref)

# %%
predicted(
    my_ref_ticks,
    ref_ticks,
    why="Reading and writing a reference are steps of the compiled program, so they happen in "
    "every call. A Python global is read and written only while tracing.",
)

# %% [markdown]
# You can see these steps in the program: an arrow from `a` reads the reference, and an arrow to `a`
# writes it. What you read is an ordinary array, and later writes do not change it. With repeated
# indices `+=` does what NumPy does, not what `.at[].add` does.

# %%
print(jax.make_jaxpr(ref_tick.__wrapped__)(count_ref, 10.0))

counts_ref = jax.new_ref(jnp.zeros(6))
read_before, address = counts_ref[...], counts_ref.unsafe_buffer_pointer()
counts_ref[labels] += 1.0
print("read before: ", read_before)
print("read after:  ", counts_ref[...])
print("same address:", counts_ref.unsafe_buffer_pointer() == address)

# %% [markdown]
# A reference can do little else. It is not accepted where an array is expected, a jitted function
# cannot return it, and `vmap` (lesson 5) refuses a function that writes into a reference from
# outside.


# %%
def write(x):
    counts_ref[...] += x
    return x


attempts = {
    "jnp.sin(ref)": lambda: jnp.sin(counts_ref),
    "jax.jit(lambda ref: ref)(ref)": lambda: jax.jit(lambda ref: ref)(counts_ref),
    "jax.vmap(write)(jnp.ones(3))": lambda: jax.vmap(write)(jnp.ones(3)),
}
for words, attempt in attempts.items():
    try:
        attempt()
    except Exception as error:
        print(f"{words:29} raises {type(error).__name__}")

# %% [markdown]
# Use a reference when state has to pass through many functions, or when a large array must be
# updated in place. Otherwise prefer arguments and results: they work with every transformation of
# the lessons to come, and they are what most libraries for JAX use.
#
# > **In three lines**
# > 1. `a = a.at[i].add(v)` is `a[i] += v` with a new array. Repeated updates all add up. Of
# >    repeated `set`s any one may stay. Writes outside are dropped; reads are clamped in practice.
# > 2. Arrays have no views, so there are no surprises. Under `jit` most copies disappear, and
# >    donation removes the last one.
# > 3. State goes in as an argument and comes out as a result, or it is in a reference. Any other
# >    side effect happens only once, while tracing.
# >
# > **Now you**:
# > [`exercises/02_mutability/mutability.ipynb`](../exercises/02_mutability/mutability.ipynb).
# > **Next**: `03_jit_timing`, what tracing and compiling cost, and how to measure it.
