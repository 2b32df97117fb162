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
# # 1. The same words, another engine: from NumPy to JAX
#
# > **After this lesson you can**
# > read `jax.numpy` as you read NumPy, say which dtype comes out of an expression and why,
# > know what an index outside the array finds and where it writes, spot the NumPy habits that
# > fail (lists, masks, `if`, float64), tell when a result is there and where it lives, and
# > name the eight key differences that the rest of the course is about.
# >
# > **Time** about 30 minutes. **Read before**: nothing. You know NumPy.
# >
# > **How it works** Each question has a line `my_... = ...`. Replace the dots with your
# > guess before you run on. A wrong guess costs nothing and is remembered better than a
# > right one. Leave the dots and the answer waits in a fold.

# %%
import time
import warnings

import jax
import jax.numpy as jnp
import numpy as np

from autograder import predicted
from course.pictures import arrays

# %% [markdown]
# ## The words you know
#
# Here is a small piece of NumPy: bring the columns of a table to mean 0 and deviation 1. The
# function is told which library to use, so that we can run it with both.


# %%
def standardized(xp, table):
    table = xp.asarray(table)
    return (table - table.mean(axis=0)) / table.std(axis=0)


rows = [[1.0, 10.0], [2.0, 30.0], [3.0, 20.0]]
in_numpy, in_jax = standardized(np, rows), standardized(jnp, rows)
print(in_numpy, in_jax, sep="\n\n")
print("\nthe same, up to rounding:", np.allclose(in_numpy, in_jax, rtol=1e-4, atol=1e-5))

# %% [markdown]
# Names, axes, broadcasting, slices, methods: all as you know them. This lesson is about the
# rest. NumPy runs your code line by line in the processor's memory. JAX turns it into
# programs for a compiler, which may run them on a CPU, a GPU or a TPU, and each difference
# below follows from that. The first is in plain sight:
#
# **Predict.** Which dtype has `in_jax`?

# %%
# Your prediction: replace the dots with a dtype's name, e.g. "int8"
my_dtype = ...

# %%
print("NumPy:", in_numpy.dtype, " JAX:", in_jax.dtype)

# %%
predicted(
    my_dtype,
    str(in_jax.dtype),
    why="JAX computes with 32 bits unless you ask for more: accelerators are built for that, "
    "and there are half as many bytes to move.",
)

# %% [markdown]
# ## Thirty-two bits
#
# Asking in the call is not enough. You get 32 bits and a warning, which is worth reading.

# %%
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    asked = jnp.zeros(3, dtype="float64")
print("got:", asked.dtype, "and:", str(caught[0].message).split(". ")[0])

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    narrowed = jnp.asarray(np.zeros(3))
print("got:", narrowed.dtype, "and", len(caught), "warnings")

# %% [markdown]
# A NumPy array of float64 is narrowed in silence. Does it matter? A float keeps a fixed number
# of digits, so the larger the number, the larger the gap to its neighbour.

# %%
nmant = {name: int(jnp.finfo(name).nmant) for name in ("float64", "float32", "bfloat16")}
arrays.draw_gaps(nmant.items())

# %% [markdown]
# In the picture: each line is one dtype. Where a line crosses "gap 1", whole numbers begin to
# fall through. For float32 this happens at sixteen million, a size that a sum or a counter
# reaches in practice.
#
# **Predict.** What is `big + 1 - big` in float32?

# %%
# Your prediction: replace the dots with a number
my_lost = ...

# %%
big = jnp.array(2.0**24)
lost = float(big + 1 - big)
print("JAX float32:  ", lost)
print("NumPy float64:", float(np.array(2.0**24) + 1 - np.array(2.0**24)))

# %%
predicted(
    my_lost,
    lost,
    why="2**24 + 1 has no float32 of its own and is rounded back to 2**24. Subtracting two "
    "large numbers leaves what the rounding has left.",
)

# %% [markdown]
# Formulas that are right on paper and subtract two large numbers are the ones to look for when
# NumPy code moves to JAX. Integers have 32 bits too, and they do not round: they wrap.

# %%
side = 50_000
print("NumPy:", np.array(side) ** 2)
print("JAX:  ", jnp.array(side) ** 2)

# %% [markdown]
# No error, no warning. When 64 bits are what you need, say so once, before anything else runs:
# `jax.config.update("jax_enable_x64", True)`, or `JAX_ENABLE_X64=1` in the environment. For one
# block there is a context, under a name that has moved.

# %%
try:
    enable_x64 = jax.enable_x64
except AttributeError:  # JAX 0.7
    from jax.experimental import enable_x64

with enable_x64(True):
    print(jnp.asarray(rows).dtype, "and", jnp.array(side) ** 2)

# %% [markdown]
# ## Lists stay lists

# %% tags=["raises-exception"]
jnp.sum([1.0, 2.0, 3.0])

# %% [markdown]
# NumPy would have made an array of the list without asking. JAX does not, because the price
# is not small: each number of a list enters the program as an argument of its own.


# %%
def from_list(xs):
    return jnp.array(xs)


hundred = jax.make_jaxpr(from_list)([1.0] * 100)
print("arguments: ", len(hundred.jaxpr.invars))
print("primitives:", len(hundred.eqns))
print("arguments of an array:", len(jax.make_jaxpr(from_list)(np.ones(100)).jaxpr.invars))

# %% [markdown]
# `jax.make_jaxpr` shows the program that JAX makes of a function; a primitive is one step of
# it. A hundred numbers became a hundred arguments and more than a hundred steps; an array is
# one argument. So say where an array is made: `jnp.array([...])`, once, at the edge.
#
# **Predict.** Which of these raise? Answer with the letters in order, such as `"AD"`.
#
# - A: `jnp.mean((1.0, 2.0))`
# - B: `jnp.mean(np.array([1.0, 2.0]))`
# - C: `jnp.arange(5)[[0, 2]]`
# - D: `jnp.arange(2) - [1, 2]`

# %%
# Your prediction: replace the dots, e.g. "AD"
my_raising = ...

# %%
attempts = {
    "A": lambda: jnp.mean((1.0, 2.0)),
    "B": lambda: jnp.mean(np.array([1.0, 2.0])),
    "C": lambda: jnp.arange(5)[[0, 2]],
    "D": lambda: jnp.arange(2) - [1, 2],
}
raising = ""
for letter, attempt in attempts.items():
    try:
        print(letter, "gives", attempt())
    except TypeError as error:
        print(letter, "raises:", str(error).split(";")[0])
        raising += letter

# %%
predicted(
    my_raising,
    raising,
    why="Lists and tuples are not arrays: not as an argument, not as an index, not as an "
    "operand. NumPy's arrays are welcome everywhere.",
)

# %% [markdown]
# ## Which dtype comes out
#
# Add 32-bit integers to 32-bit floats. NumPy is careful: no float32 holds every int32, so
# it goes up to float64.
#
# **Predict.** And JAX?

# %%
# Your prediction: replace the dots with a dtype's name, e.g. "int8"
my_sum_dtype = ...

# %%
whole, real = np.arange(3, dtype="int32"), np.ones(3, dtype="float32")
sum_dtype = (jnp.asarray(whole) + jnp.asarray(real)).dtype
print("NumPy:", (whole + real).dtype, " JAX:", sum_dtype)

# %%
predicted(
    my_sum_dtype,
    str(sum_dtype),
    why="In JAX an integer never widens a float. float16 + int32 is float16 too: memory and "
    "speed are worth more there than the last digits of the integer.",
)

# %% [markdown]
# Python's own numbers go further still. `2.0` has no opinion on how many bits it should
# have, so JAX calls it **weakly typed**: it takes the dtype of its partner. A NumPy scalar has
# an opinion, and it can come from where you do not expect one.

# %%
half = jnp.ones(3, dtype="bfloat16")  # half the bits of float32; popular for neural networks
print("half * 2.0          ", (half * 2.0).dtype)
print("half * jnp.sqrt(2.0)", (half * jnp.sqrt(2.0)).dtype)

# %% [markdown]
# **Predict.** Which dtype has `half * np.sqrt(2.0)`?

# %%
# Your prediction: replace the dots with a dtype's name, e.g. "int8"
my_half_dtype = ...

# %%
half_dtype = (half * np.sqrt(2.0)).dtype
print("np.sqrt(2.0) is a", type(np.sqrt(2.0)).__name__, "and the product is", half_dtype)
print("bytes:", half.nbytes, "before,", (half * np.sqrt(2.0)).nbytes, "after")
print("half * float(np.sqrt(2.0)) is", (half * float(np.sqrt(2.0))).dtype)

# %%
predicted(
    my_half_dtype,
    str(half_dtype),
    why="np.sqrt returns a NumPy float64, which is no weak Python number. JAX narrows it to "
    "float32, and float32 outranks bfloat16. float(np.sqrt(2.0)) is weak again.",
)

# %% [markdown]
# One such constant in a first layer, and all that is computed from it is float32. An array can
# be weak too, when it was made of Python numbers alone; `repr` tells.

# %%
print(repr(jnp.asarray(2.0)))
print(repr(jnp.asarray(2.0, dtype=jnp.float32)))

# %% [markdown]
# Here is the whole story in one table: an array on the left plus an array, or a scalar, on top.


# %%
def sum_dtypes(xp):
    """The dtype of every sum, as names; NumPy learns bfloat16 from JAX's dtype."""
    names = ["bool", "uint8", "int32", "float16", "bfloat16", "float32"]
    scalars = {"2": 2, "2.0": 2.0, "np.float64(2)": np.float64(2.0)}
    operands = {n: xp.ones(2, jnp.dtype(n)) for n in names}
    return [
        [str((operands[row] + other).dtype) for other in [*operands.values(), *scalars.values()]]
        for row in names
    ], (names, [*names, *scalars])


(jax_sums, (left, top)), (numpy_sums, _) = sum_dtypes(jnp), sum_dtypes(np)
arrays.draw_promotion(left, top, jax_sums, numpy_sums)

# %% [markdown]
# In the picture: each cell names the dtype of the sum in JAX, and a framed cell adds what NumPy
# gives. Look along the row of float16: an integer beside it changes nothing. Then compare the
# columns `2.0` and `np.float64(2)`. Where NumPy says float64 or int64, JAX has nothing so wide.
#
# ## Outside the array
#
# NumPy raises IndexError when an index is too large.

# %%
tens = jnp.array([0, 10, 20, 30, 40])

# %% [markdown]
# **Predict.** What is `tens[7]` in JAX? A number, or `"raises"`.

# %%
# Your prediction: replace the dots with a number or "raises"
my_outside = ...

# %%
try:
    outside = int(tens[7])
except IndexError:
    outside = "raises"
outside

# %%
predicted(
    my_outside,
    outside,
    why="A read is clamped to the nearest entry. The index may be computed on an accelerator "
    "in the middle of a program, and from there nothing can raise a Python exception.",
)

# %% [markdown]
# And a write? Arrays cannot be changed in place, so `tens.at[7].set(99)` returns a new array
# with that entry set (lesson 2).
#
# **Predict.** What is the largest number in `tens.at[7].set(99)`?

# %%
# Your prediction: replace the dots with a number
my_largest = ...

# %%
written = tens.at[7].set(99)
print(written)

# %%
predicted(
    my_largest,
    int(written.max()),
    why="A write outside is dropped: clamping it would overwrite an entry that nobody named.",
)

# %% [markdown]
# If neither suits, say what you want: `mode="clip"`, `"fill"` or `"drop"`. `tens.at[i].get(...)`
# is a read with room for such words.

# %%
tries = list(range(-7, 8))


def found(read):
    """What `read(i)` gives for every index: an entry, or "nan" where it is not a number."""
    return ["nan" if np.isnan(value) else int(value) for value in map(read, tries)]


def numpy_read(i):
    try:
        return int(np.asarray(tens)[i])
    except IndexError:
        return "raises"


def landed(i):
    """Which entry of the array a write at index i changes."""
    changed = np.flatnonzero(np.asarray(tens.at[i].set(99) != tens))
    return int(changed[0]) if changed.size else "dropped"


real_tens = tens.astype(jnp.float32)  # integers have no NaN
at = {
    "NumPy x[i]": [numpy_read(i) for i in tries],
    "x[i]": found(lambda i: tens[i]),
    'x.at[i].get(mode="clip")': found(lambda i: tens.at[i].get(mode="clip")),
    'x.at[i].get(mode="fill")': found(lambda i: real_tens.at[i].get(mode="fill")),
    "jnp.take(x, i)": found(lambda i: jnp.take(real_tens, i)),
    "x.at[i].set(…) changes": [landed(i) for i in tries],
}
arrays.draw_bounds(tens.tolist(), tries, at)

# %% [markdown]
# In the picture: the hatched indices are outside. A dotted answer is an entry that you did not
# ask for, handed over in silence; `nan` and `gone` at least leave a trace. The last row names
# the position that a write changes.
#
# The middle of the picture is a trap of its own. Someone marks a missing index with -1 and asks
# for `mode="fill"`, to get zeros where there is nothing.
#
# **Predict.** What does `tens.at[-1].get(mode="fill", fill_value=0)` give?

# %%
# Your prediction: replace the dots with a number
my_missing = ...

# %%
missing = int(tens.at[-1].get(mode="fill", fill_value=0))
print("index -1:", missing, " index 5:", tens.at[5].get(mode="fill", fill_value=0))

# %%
predicted(
    my_missing,
    missing,
    why="-1 is inside: it counts from the end, as in NumPy. Only what is still outside after "
    "that is filled. Mark missing entries with the length of the array, which is outside.",
)

# %% [markdown]
# ## Shapes first, numbers later
#
# To make a program of your function, JAX **traces** it: it calls the function once with
# stand-ins that have a shape and a dtype and no numbers yet. `jax.jit` (lesson 3) does so, and
# so does the `check` in every exercise. Whatever needs the numbers *while the program is being
# made* fails. A boolean mask is one such thing, as the mask's numbers decide the shape.


# %% tags=["raises-exception"]
def mean_of_positive(x):
    return x[x > 0].mean()


x = jnp.array([3.0, -1.0, 0.0, 5.0])
print("line by line:", mean_of_positive(x))
jax.jit(mean_of_positive)(x)

# %% [markdown]
# Line by line it worked, since the numbers were there. The way out keeps the shape and says
# which entries count.

# %%
print(jax.jit(lambda x: x.mean(where=x > 0))(x))
print(jax.jit(lambda x: jnp.where(x > 0, x, 0.0))(x))

# %% [markdown]
# `if` is another: it wants one truth value now.


# %% tags=["raises-exception"]
def discount(price):
    if price > 100.0:
        return 0.9 * price
    return price


jax.jit(discount)(120.0)

# %%
jax.jit(lambda price: jnp.where(price > 100.0, 0.9 * price, price))(jnp.array([80.0, 120.0]))

# %% [markdown]
# `jnp.where` computes both sides and picks, entry by entry, so it takes a whole batch too.
#
# Functions whose result has as many entries as the numbers decide, such as `nonzero` and
# `unique`, take a `size=`: you promise a length, and they cut or pad to it.
#
# **Predict.** Only positions 0 and 3 of `x` are positive. What is
# `jnp.nonzero(x > 0, size=4)[0]`?

# %%
# Your prediction: replace the dots with a list of four numbers
my_positions = ...

# %%
positions = jax.jit(lambda x: jnp.nonzero(x > 0, size=4)[0])(x)
print(positions)
print(jnp.nonzero(x > 0, size=4, fill_value=-1)[0], "with fill_value=-1")

# %%
predicted(
    my_positions,
    positions.tolist(),
    why="It is padded with 0, which is also the position of a real entry. Give "
    "fill_value=-1, or the length of x, and the padding can be told apart.",
)

# %% [markdown]
# ## When a result is there
#
# A call into JAX hands the work to the device and returns at once, with an array whose numbers
# may still be on their way. This is **asynchronous dispatch**.
#
# **Predict.** Of the time until eight products of large matrices are ready, does the call itself
# take `"most"` or `"little"`?

# %%
# Your prediction: replace the dots with "most" or "little"
my_share = ...

# %%
matrix = jnp.full((1200, 1200), 1 / 1200)


def powers(matrix):
    product = matrix
    for _ in range(8):
        product = matrix @ product
    return product


powers(matrix).block_until_ready()  # the first call also compiles
start = time.perf_counter()
result = powers(matrix)
returned = time.perf_counter() - start
result.block_until_ready()
ready = time.perf_counter() - start

arrays.draw_wait(returned, ready)

# %%
predicted(
    my_share,
    "little" if returned < ready / 2 else "most",
    why="Python queued eight products and came back. It waits only for block_until_ready, or "
    "when something needs the numbers: print, float(), np.asarray, an if.",
)

# %% [markdown]
# So a stopwatch around a JAX call measures the queueing, unless it waits for the result. Lesson
# 3 is about measuring honestly.
#
# ## Where an array lives

# %%
print("devices here:", jax.devices())
print("x lives on:  ", x.devices())

# %% [markdown]
# A NumPy array is in the memory of the host, the machine that Python runs on. A JAX array is on
# a device, which may have memory of its own. The two libraries meet politely:
#
# **Predict.** Of what kind are `np.ones(4) + x` and `np.sin(x)`? Answer with two words out of
# `"numpy"` and `"jax"`.

# %%
# Your prediction: replace the dots, e.g. ("numpy", "numpy")
my_kinds = ...


# %%
def kind(value):
    return "jax" if isinstance(value, jax.Array) else "numpy"


kinds = kind(np.ones(4) + x), kind(np.sin(x))
kinds

# %%
predicted(
    my_kinds,
    kinds,
    why="In an operator the JAX array takes over. A function from np fetches the numbers back "
    "to the host and answers there. It is silent, slow from an accelerator, and an error "
    "while tracing.",
)

# %% [markdown]
# So a forgotten `np.` is hard to see: the numbers are right, until the function is traced.

# %% tags=["raises-exception"]
jax.jit(lambda x: np.sin(x))(x)

# %% [markdown]
# You will meet this error again; read it as "an `np.` where a `jnp.` belongs". To bring numbers
# back on purpose, write `np.asarray(x)`. Lesson 9 says more about devices.
#
# ## The key differences at a glance
#
# This is the table of the talk, a cell a row. Each row has its own lesson.
#
# **Mutability.** NumPy: mutable. JAX: immutable, which every transformation of the later lessons
# relies on. (Lesson 2)

# %% tags=["raises-exception"]
a_np = np.arange(4.0)
a_np[0] = 100.0
print("NumPy:", a_np)

a = jnp.arange(4.0)
a[0] = 100.0

# %% [markdown]
# **In-place operations.** NumPy: `a[i] = x`. JAX: `a.at[i].set(x)`, a new array. (Lesson 2)

# %%
b = a.at[0].set(100.0)
print("a:", a, " b:", b, " the same object:", a is b)

# %% [markdown]
# `a += 1` works, though: Python makes a new array and gives it the old name.
#
# **Predict.** `alias` is a second name of `a`. What is `alias[0]` after `a += 1`?

# %%
# Your prediction: replace the dots with a number
my_alias = ...

# %%
alias_np, alias = a_np, a
a_np += 1
a += 1
print("NumPy:", a_np[0], "and by its other name", alias_np[0])
print("JAX:  ", a[0], "  and by its other name", alias[0])

# %%
predicted(
    my_alias,
    float(alias[0]),
    why="The old array is as it was, and alias still names it. In NumPy both names see the change.",
)

# %% [markdown]
# **Views and copies.** NumPy: slices and transposes are often views. JAX: they behave as copies,
# and the compiler removes those that nobody needs. (Lesson 2)

# %%
view_np, part = a_np[:2], a[:2]
a_np[0] = -5.0
a = a.at[0].set(-5.0)
print("NumPy's slice has changed:", view_np, " JAX's has not:", part)

# %% [markdown]
# **Execution.** NumPy: eager. JAX: eager too, an operation at a time, until you ask for
# `jax.jit`; then Python runs once and the program that XLA compiled runs ever after. This is
# where the speed comes from. (Lesson 3)

# %%
entered = []


@jax.jit
def cubed(x):
    entered.append("Python was here")
    return x**3


print([float(cubed(number)) for number in (1.0, 2.0, 3.0)], entered)

# %% [markdown]
# **Random numbers.** NumPy: a global state. JAX: explicit keys, so the same key gives the same
# number, whatever else runs beside it. (Lesson 4)

# %%
np.random.seed(0)
print("NumPy:", np.random.normal(), np.random.normal())
key = jax.random.key(0)
print("JAX:  ", jax.random.normal(key), jax.random.normal(key))

# %% [markdown]
# **Vectorising.** NumPy: by hand, with broadcasting. JAX: `jax.vmap`, from a function of one
# to a function of many. (Lesson 5)

# %%
jax.vmap(jnp.dot)(jnp.ones((10, 4)), jnp.ones((10, 4))).shape

# %% [markdown]
# **Derivatives.** NumPy: other libraries. JAX: `jax.grad`, on which machine learning stands.
# (Lesson 7; lesson 6 is about pytrees, the nested containers of arrays that it takes and gives.)

# %%
print("slope of sin at 0:", jax.grad(jnp.sin)(0.0))
print(jax.tree.map(lambda leaf: leaf * 2, {"layer1": {"w": [1, 1], "b": 2}}))

# %% [markdown]
# **Hardware.** NumPy: the CPU, mostly. JAX: CPU, GPU and TPU with the same code (lesson 9), and
# many devices at once with `shard_map` (lesson 8).

# %%
print(jax.default_backend(), "and", jax.local_device_count(), "device(s) of that kind here")

# %% [markdown]
# > **In three lines**
# > 1. The words are NumPy's; the numbers have 32 bits, lists are not arrays, Python's numbers
# >    are weak, and `np.` on a JAX array goes back to the host.
# > 2. Nothing raises outside an array: reads are clamped, writes dropped, `mode=` says otherwise.
# > 3. Shapes are known when the program is made, numbers when it runs: `jnp.where`, `where=`,
# >    `size=`.
# >
# > **Now you**: [`exercises/01_numpy_to_jax`](../exercises/01_numpy_to_jax/numpy_to_jax.ipynb).
# > **Next**: `02_mutability`, how to live well without `a[i] = x`.
