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
# > say what an index outside the array reads and where it writes, spot the NumPy habits that
# > fail (lists, masks, `if`, float64), tell when a result is ready and where it is stored, and
# > name the eight key differences that the rest of the course is about.
# >
# > **Time** about 30 minutes. **Read before**: nothing. You know NumPy.
# >
# > **How it works** Each question has a line `my_... = ...`. Replace the dots with your
# > guess before you run on. A wrong guess costs nothing, and you will remember it better than a
# > right one. If you leave the dots, the answer stays folded.

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
# Here is a small NumPy function. It gives each column of a table the mean 0 and the standard
# deviation 1. The library is its first argument, so that we can run it with both.


# %%
def standardized(xp, table):
    table = xp.asarray(table)
    return (table - table.mean(axis=0)) / table.std(axis=0)


rows = [[1.0, 10.0], [2.0, 30.0], [3.0, 20.0]]
in_numpy, in_jax = standardized(np, rows), standardized(jnp, rows)
print(in_numpy, in_jax, sep="\n\n")
print("\nequal up to rounding:", np.allclose(in_numpy, in_jax, rtol=1e-4, atol=1e-5))

# %% [markdown]
# Names, axes, broadcasting, slices and methods work as you know them. This lesson is about what is
# different. NumPy runs your code line by line on the CPU. JAX turns it into programs for a
# compiler, and these run on a CPU, a GPU or a TPU. Most of the differences below follow from that.
# You can see the first one in the output above.
#
# **Predict.** What is the dtype of `in_jax`?

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
# It is not enough to ask for float64 in the call. You get 32 bits, and a warning that is worth
# reading.

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
# A NumPy array of float64 is narrowed without a warning. Does it matter? A float keeps a fixed
# number of digits, so the larger a number is, the larger is the gap to its neighbour.

# %%
nmant = {name: int(jnp.finfo(name).nmant) for name in ("float64", "float32", "bfloat16")}
arrays.draw_gaps(nmant.items())

# %% [markdown]
# In the picture: each line is one dtype. Where a line crosses "gap 1", some whole numbers can no
# longer be stored. For float32 this happens at sixteen million. Sums and counters reach that size
# in practice.
#
# **Predict.** Let `big` be 2**24, as in the picture. What is `big + 1 - big` in float32?

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
    why="No float32 is equal to 2**24 + 1, so the sum is rounded back to 2**24. The subtraction "
    "then gives what is left after the rounding.",
)

# %% [markdown]
# When you move NumPy code to JAX, look for formulas that subtract two large numbers. They can be
# right on paper and wrong in float32. Integers have 32 bits too. They do not round: they wrap
# around.

# %%
side = 50_000
print("NumPy:", np.array(side) ** 2)
print("JAX:  ", jnp.array(side) ** 2)

# %% [markdown]
# There is no error and no warning. If you need 64 bits, say so once, before anything else runs:
# `jax.config.update("jax_enable_x64", True)`, or `JAX_ENABLE_X64=1` in the environment. For a
# single block of code there is a context manager. Its name depends on the version of JAX.

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
# NumPy would have turned the list into an array. JAX refuses, because a list is expensive: each of
# its numbers becomes a separate argument of the program.


# %%
def from_list(xs):
    return jnp.array(xs)


hundred = jax.make_jaxpr(from_list)([1.0] * 100)
print("arguments: ", len(hundred.jaxpr.invars))
print("primitives:", len(hundred.eqns))
print("arguments of an array:", len(jax.make_jaxpr(from_list)(np.ones(100)).jaxpr.invars))

# %% [markdown]
# `jax.make_jaxpr` shows the program that JAX makes from a function. A primitive is one step of that
# program. A hundred numbers became a hundred arguments and more than a hundred steps, while an
# array is a single argument. So make the array yourself, once, where the data comes in:
# `jnp.array([...])`.
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
# Add 32-bit integers to 32-bit floats. NumPy is careful: float32 cannot hold every int32, so the
# result is float64.
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
    why="In JAX an integer never widens a float. float16 + int32 is float16 too: JAX prefers "
    "memory and speed to the last digits of the integer.",
)

# %% [markdown]
# Python's own numbers have even less influence. The number `2.0` does not say how many bits it has,
# so JAX calls it **weakly typed**: beside an array of floats it takes the dtype of that array. A
# NumPy scalar does have a dtype, and NumPy scalars appear where you may not expect them.

# %%
half = jnp.ones(3, dtype="bfloat16")  # half the bits of float32; popular for neural networks
print("half * 2.0          ", (half * 2.0).dtype)
print("half * jnp.sqrt(2.0)", (half * jnp.sqrt(2.0)).dtype)

# %% [markdown]
# **Predict.** What is the dtype of `half * np.sqrt(2.0)`?

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
    why="np.sqrt returns a NumPy float64, which is not a Python number and not weak. JAX narrows "
    "it to float32, and float32 outranks bfloat16. float(np.sqrt(2.0)) is weak again.",
)

# %% [markdown]
# One such constant in the first layer of a network makes everything after it float32. A JAX array can be weak too, if it was made from a single Python number. An array that
# was made from a list is not weak. `repr` tells.

# %%
for made in (
    jnp.asarray(2.0),
    jnp.full(3, 2.0),  # a single number, three times
    jnp.asarray([2.0, 2.0, 2.0]),  # a list
    jnp.asarray(2.0, dtype=jnp.float32),
):
    print(f"half * {made!r} is {(half * made).dtype}")

# %% [markdown]
# This table has more sums. It shows an array on the left plus an array, or a scalar, on top.


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
    why="In practice a read is clamped to the nearest entry. The index may be computed on an "
    "accelerator in the middle of a program, and a program cannot raise a Python exception there.",
)

# %% [markdown]
# What about a write? Arrays cannot be changed in place, so `tens.at[7].set(99)` returns a new array
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
    why="A write outside is dropped. Clamping it would overwrite an entry that you did not name.",
)

# %% [markdown]
# If you want something else, name it: `mode="clip"`, `"fill"` or `"drop"`. `tens.at[i].get(...)` is
# a read that takes these options. Suppose that -1 marks a missing index, and that you ask for
# `mode="fill"` to get zeros there.
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
    "that is filled.",
)

# %% [markdown]
# There are two ways out. Mark missing entries with an index that is too large, such as the length
# of the array. Or say that negative indices do not count from the end.

# %%
ids = jnp.array([2, -1, 5])
tens.at[ids].get(mode="fill", fill_value=0, wrap_negative_indices=False)

# %% [markdown]
# Here is what every way to read or write does with every index from -7 to 7.

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


# %%
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
# In the picture: the hatched indices are outside. A dotted answer is an entry that you did not ask
# for, given without a warning. `nan` and `gone` at least leave a trace. The last row names the
# position that a write changes.
#
# ## Shapes first, numbers later
#
# To make a program from your function, JAX **traces** it: it calls the function once with
# stand-ins, which have a shape and a dtype but no numbers yet. `jax.jit` (lesson 3) does this, and
# so does the `check` in every exercise. Code that needs the numbers *while the program is being
# made* fails. A boolean mask is an example, because its numbers decide the shape of the result.


# %% tags=["raises-exception"]
def mean_of_positive(x):
    return x[x > 0].mean()


x = jnp.array([3.0, -1.0, 0.0, 5.0])
print("line by line:", mean_of_positive(x))
jax.jit(mean_of_positive)(x)

# %% [markdown]
# Line by line it worked, because the numbers were there. The way out is to keep the shape and to
# say which entries count.

# %%
print(jax.jit(lambda x: x.mean(where=x > 0))(x))
print(jax.jit(lambda x: jnp.where(x > 0, x, 0.0))(x))

# %% [markdown]
# `if` is another example: it needs a truth value immediately.


# %% tags=["raises-exception"]
def discount(price):
    if price > 100.0:
        return 0.9 * price
    return price


jax.jit(discount)(120.0)

# %%
jax.jit(lambda price: jnp.where(price > 100.0, 0.9 * price, price))(jnp.array([80.0, 120.0]))

# %% [markdown]
# `jnp.where` computes both sides and picks one for each entry, so it also works for a whole batch.
#
# For some functions, such as `nonzero` and `unique`, the numbers decide how long the result is.
# These functions take a `size=`. You choose the length, and they cut or pad the result to it.
#
# **Predict.** Only positions 0 and 3 of `x` are positive. What is `jnp.nonzero(x > 0, size=4)[0]`?

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
    why="The result is padded with 0, which is also the position of a real entry. With "
    "fill_value=-1, or the length of x, you can tell the padding apart.",
)

# %% [markdown]
# ## When a result is there
#
# When a NumPy call returns, its result has been computed. Is that true for JAX?
#
# **Predict.** `powers` below multiplies large matrices eight times. Of the time until the numbers of
# the result are there, does the call itself take `"most"` or `"little"`?

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
    why="Python handed eight products to the device and went on. It waits only in "
    "block_until_ready, or where something needs the numbers: print, float(), np.asarray, an if.",
)

# %% [markdown]
# A call into JAX hands the work to the device and returns at once, with an array whose numbers may
# not be computed yet. This is **asynchronous dispatch**. So a stopwatch around a JAX call measures
# only how long it takes to hand over the work, unless it waits for the result. Lesson 3 shows how
# to measure honestly.
#
# ## Where an array lives

# %%
print("devices here:", jax.devices())
print("x lives on:  ", x.devices())

# %% [markdown]
# A NumPy array is in the memory of the host, the machine that Python runs on. A JAX array is on a
# device, which may have memory of its own. The two libraries work together.
#
# **Predict.** Are `np.ones(4) + x` and `np.sin(x)` arrays of NumPy or of JAX? Answer with a pair of
# the words `"numpy"` and `"jax"`.

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
    why="With an operator, the JAX array decides. A function from np copies the numbers to the "
    "host and computes there. That gives no warning, it is slow if the array is on an "
    "accelerator, and it is an error while tracing.",
)

# %% [markdown]
# So a forgotten `np.` is hard to notice: the numbers are right until the function is traced.

# %% tags=["raises-exception"]
jax.jit(lambda x: np.sin(x))(x)

# %% [markdown]
# You will meet this error again. Read it as "an `np.` where a `jnp.` belongs". To bring numbers
# back on purpose, write `np.asarray(x)`. Lesson 9 says more about devices.
#
# ## The key differences at a glance
#
# This is the table from the talk, with one cell per row. The number in brackets is the lesson that
# explains it.
#
# **Mutability.** NumPy: arrays are mutable. JAX: arrays are immutable, and every transformation of
# the later lessons relies on that. (Lesson 2)

# %% tags=["raises-exception"]
a_np = np.arange(4.0)
a_np[0] = 100.0
print("NumPy:", a_np)

a = jnp.arange(4.0)
a[0] = 100.0

# %% [markdown]
# **In-place operations.** NumPy: `a[i] = x`. JAX: `a.at[i].set(x)`, which is a new array. (Lesson
# 2)

# %%
b = a.at[0].set(100.0)
print("a:", a, " b:", b, " the same object:", a is b)

# %% [markdown]
# `a += 1` raises no error.
#
# **Predict.** `a[0]` is 0, and `alias` is a second name of `a`. What is `alias[0]` after `a += 1`?

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
    why="Python made a new array and gave it the name a. The old array has not changed, and "
    "alias still names it. In NumPy both names see the change.",
)

# %% [markdown]
# **Views and copies.** NumPy: slices and transposes are often views. JAX: they behave like copies,
# and the compiler often removes the copies that are not needed. (Lesson 2)

# %%
view_np, part = a_np[:2], a[:2]
a_np[0] = -5.0
a = a.at[0].set(-5.0)
print("NumPy's slice has changed:", view_np, " JAX's has not:", part)

# %% [markdown]
# **Execution.** NumPy: eager. JAX: eager too, one operation at a time, until you ask for `jax.jit`.
# Then Python runs the function once for each new shape or dtype, and all other calls run the
# program that XLA compiled. This is where the speed comes from. (Lesson 3)

# %%
entered = []


@jax.jit
def cubed(x):
    entered.append("Python was here")
    return x**3


print([float(cubed(number)) for number in (1.0, 2.0, 3.0)], entered)

# %% [markdown]
# **Random numbers.** NumPy: a global state. JAX: explicit keys. The same key gives the same number,
# whatever else the program does. (Lesson 4)

# %%
np.random.seed(0)
print("NumPy:", np.random.normal(), np.random.normal())
key = jax.random.key(0)
print("JAX:  ", jax.random.normal(key), jax.random.normal(key))

# %% [markdown]
# **Vectorising.** NumPy: by hand, with broadcasting. JAX: `jax.vmap` turns a function of one
# example into a function of many. (Lesson 5)

# %%
jax.vmap(jnp.dot)(jnp.ones((10, 4)), jnp.ones((10, 4))).shape

# %% [markdown]
# **Derivatives.** NumPy: only with other libraries. JAX: `jax.grad`, which machine learning is
# built on. (Lesson 7. Lesson 6 is about pytrees, the nested containers of arrays that `grad` takes
# and returns.)

# %%
print("slope of sin at 0:", jax.grad(jnp.sin)(0.0))
print(jax.tree.map(lambda leaf: leaf * 2, {"layer1": {"w": [1, 1], "b": 2}}))

# %% [markdown]
# **Hardware.** NumPy: only the CPU. JAX: CPU, GPU and TPU with the same code (lesson 9), and many
# devices at once (lesson 8).

# %%
print(jax.default_backend(), "and", jax.local_device_count(), "device(s) of that kind here")

# %% [markdown]
# > **In three lines**
# > 1. The names are NumPy's. The numbers have 32 bits, lists are not arrays, Python's numbers are
# >    weak, and `np.` on a JAX array computes on the host.
# > 2. An index outside an array raises no error: in practice reads are clamped and writes are
# >    dropped. `mode=` changes that.
# > 3. Shapes are known when the program is made, numbers only when it runs. So use `jnp.where`,
# >    `where=` and `size=`.
# >
# > **Now you**: [`exercises/01_numpy_to_jax`](../exercises/01_numpy_to_jax/numpy_to_jax.ipynb).
# > **Next**: `02_mutability`, how to work without `a[i] = x`.
