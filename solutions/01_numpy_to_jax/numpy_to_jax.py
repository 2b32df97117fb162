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

# %% [markdown] assignment="01_numpy_to_jax" points=20
# # Exercises: from NumPy to JAX
#
# The lesson is [course/01_numpy_to_jax](../../course/01_numpy_to_jax.ipynb). Each exercise shows a
# NumPy function that is correct and well written. If you only replace `np` by `jnp`, it fails or
# gives other numbers. Write a JAX version that gives what NumPy gives.
#
# Write your answer in the cell that says so, run it, then run the `check` cell below it. You may
# check as often as you like: nothing is handed in until you submit. `check` traces your function,
# so inside it the arrays have shapes and dtypes, and no numbers yet.

# %%
import jax
import jax.numpy as jnp
import numpy as np

from autograder import check, hint, reset

### BEGIN HIDDEN TESTS
from autograder import (
    exercise,
    grows_with_batch,
    matches_reference,
    mistake,
    question,
    stays_in_32_bits,
    wrong,
)

# Right results earn half if a Python loop finds them, unless that is what the exercise is about.
HALF_FOR_A_LOOP = (matches_reference(), grows_with_batch(share=0.5))
IN_32_BITS = (*HALF_FOR_A_LOOP, stays_in_32_bits())
### END HIDDEN TESTS

# %% [markdown] exercise="fast_track_numpy_to_jax" stars=1 importance=1 minutes=1 points=0
# ## 0 · Know it already?
#
# One question, worth no points. If you can answer it without running the code, exercises 1 to 4
# will not surprise you much.
#
# ```python
# x = jnp.arange(4, dtype=jnp.bfloat16)
# y = x.at[6].add(10.0) * np.float64(2)
# z = y[6]
# ```
#
# What is `z`? Choose `"a"`, `"b"`, `"c"` or `"d"`.
#
# - a: 6, in bfloat16
# - b: 6, in float32
# - c: 26, in float32
# - d: nothing, because an IndexError is raised

# %% solution="fast_track_numpy_to_jax"
### BEGIN SOLUTION
fast_track_numpy_to_jax = "b"
### END SOLUTION

# %% check="fast_track_numpy_to_jax"
check("fast_track_numpy_to_jax")
### BEGIN HIDDEN TESTS
question(
    name="fast_track_numpy_to_jax",
    answer="b",
    hints=[
        "Three things happen: a write outside, a product with a NumPy scalar, a read outside.",
        "A write outside is dropped. A read outside is clamped to the last entry.",
        "The write does nothing, the last entry is 3, and only Python's own numbers are weak.",
    ],
    explanation="The write outside was dropped, the read outside was clamped to the last entry, "
    "3, and a NumPy float64 is not weak: it is narrowed to float32, which outranks bfloat16.",
    mistakes=[
        mistake(
            "a",
            "takes a NumPy scalar for a Python number",
            advice="`2.0` would have left the dtype alone. `np.float64(2)` has a dtype of its own.",
        ),
        mistake(
            "c",
            "clamps the write as well as the read",
            advice="A write outside the array is dropped. Only a read is clamped.",
        ),
        mistake(
            "d",
            "expects NumPy's IndexError",
            advice="A compiled program cannot raise, so JAX gives every index a meaning.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="append_total" stars=1 importance=3 minutes=1 points=1
# ## 1 · A list among arrays
#
# `np_append_total` appends the sum of `x` to `x`. Port it to JAX, and call your function
# `append_total`.


# %% given="np_append_total"
def np_append_total(x):
    """x (n,) -> (n + 1,)."""
    return np.concatenate([x, [x.sum()]])


# %% solution="append_total"
def append_total(x):
    """x (n,) float32 -> (n + 1,) float32."""
    ### BEGIN SOLUTION
    return jnp.concatenate([x, jnp.array([x.sum()])])
    ### END SOLUTION


# %% check="append_total"
check(append_total)
### BEGIN HIDDEN TESTS
exercise(
    append_total,
    inputs=lambda rng, n: (rng.normal(size=n),),
    requires=HALF_FOR_A_LOOP,
    hints=[
        "Which of the two things that are concatenated is not an array?",
        "NumPy made an array there for you. In JAX you have to make it yourself.",
        "`jnp.array([x.sum()])` is an array of one entry.",
    ],
    explanation="jax.numpy does not turn a list into an array by itself. A list *of arrays*, as "
    "`concatenate` takes it, is fine: it is a container, not an array.",
    another="def append_total(x):\n    return jnp.append(x, jnp.sum(x))",
    wrong_answers=[
        wrong(
            lambda x: jnp.concatenate([x, [x.sum()]]),
            "gives `jnp.concatenate` a list of numbers",
            rejected_by="TypeError",
            advice="NumPy makes an array of a list such as `[x.sum()]`, and JAX does not. Make it "
            "yourself with `jnp.array`.",
        ),
        wrong(
            lambda x: jnp.concatenate([x, x.sum()]),
            "concatenates a number without an axis",
            rejected_by="TypeError",
            advice="`x.sum()` has shape (). To be concatenated it needs an axis, so shape (1,).",
        ),
        wrong(
            lambda x: np.append(x, x.sum()),
            "leaves the work to NumPy",
            rejected_by="TracerArrayConversionError",
            advice="A function from `np` needs the numbers, and while tracing there are none. Use "
            "the function from `jnp`.",
        ),
        wrong(
            lambda x: jnp.array([*x, x.sum()]),
            "takes the array apart into a list",
            rejected_by="batch loop",
            earns=0.5,
            advice="`*x` makes a separate array from each entry, and then all are joined again. "
            "Keep `x` whole and concatenate.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="postage" stars=1 importance=3 minutes=5 points=2
# ## 2 · An `if` for every entry
#
# Port `np_postage` to `postage`. A letter that weighs less than 1 costs 3. From 1 to below 5 it
# costs 5, and all heavier letters cost 9. Do not use a Python loop.


# %% given="np_postage"
def np_postage(weights):
    """weights (n,) -> (n,), the price of each letter."""
    prices = np.empty(len(weights), dtype=np.float32)
    for i, weight in enumerate(weights):
        if weight < 1:
            prices[i] = 3
        elif weight < 5:
            prices[i] = 5
        else:
            prices[i] = 9
    return prices


# %% solution="postage"
def postage(weights):
    """weights (n,) float32 -> (n,) float32, the price of each letter."""
    ### BEGIN SOLUTION
    return jnp.where(weights < 1, 3.0, jnp.where(weights < 5, 5.0, 9.0))
    ### END SOLUTION


# %% check="postage"
check(postage)


### BEGIN HIDDEN TESTS
def _looped_postage(weights):
    return jnp.stack([jnp.where(w < 1, 3.0, jnp.where(w < 5, 5.0, 9.0)) for w in weights])


def _letters(rng, n):
    """The two limits and the numbers just below them, then nothing at all, then what may come."""
    below = np.nextafter(np.float32([1, 5]), np.float32(0))
    special = np.array([5, 1, *below, 0, 1e4])[:n]
    return rng.permutation(np.concatenate([special, rng.uniform(0, 8, size=n - len(special))]))


exercise(
    postage,
    inputs=lambda rng, n: (_letters(rng, n),),
    requires=HALF_FOR_A_LOOP,
    hints=[
        "What decides between two arrays, entry by entry?",
        "`jnp.where(condition, this, that)`, and `that` may be a `jnp.where` itself.",
        "`jnp.where(weights < 1, 3.0, jnp.where(weights < 5, ..., ...))`.",
    ],
    explanation="`jnp.where` computes all the prices and picks one for each entry, so nothing has "
    "to be known while tracing. Write the prices as floats: `3` and `5` would give integers.",
    another="def postage(weights):\n"
    "    step = jnp.searchsorted(jnp.array([1.0, 5.0]), weights, side='right')\n"
    "    return jnp.array([3.0, 5.0, 9.0])[step]",
    wrong_answers=[
        wrong(
            lambda weights: 3.0 if weights < 1 else (5.0 if weights < 5 else 9.0),
            "asks Python about a whole array",
            rejected_by="ValueError",
            advice="`if`, `and` and a chain such as `1 <= x < 5` need one truth value immediately. "
            "`jnp.where` and `&` decide entry by entry, when the program runs.",
        ),
        wrong(
            lambda weights: np.where(weights < 1, 3.0, np.where(weights < 5, 5.0, 9.0)),
            "uses NumPy's `where`",
            rejected_by="TracerArrayConversionError",
            advice="Only one letter is wrong: write `jnp.where`.",
        ),
        wrong(
            lambda weights: jnp.where(weights < 1, 3, jnp.where(weights < 5, 5, 9)),
            "returns integers",
            rejected_by="dtype",
            advice="NumPy's prices went into a float32 array. Here the dtype comes from the "
            "numbers that you write: `3.0`, not `3`.",
        ),
        wrong(
            lambda weights: jnp.where(weights <= 1, 3.0, jnp.where(weights <= 5, 5.0, 9.0)),
            "puts the limits into the cheaper class",
            rejected_by="values",
            advice="A letter of exactly 1 costs 5: the comparison is `<`.",
        ),
        wrong(
            _looped_postage,
            "keeps the loop over the letters",
            rejected_by="batch loop",
            earns=0.5,
            advice="`jnp.where` takes the whole array. The loop only makes the program longer.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="fill_gaps" stars=2 importance=3 minutes=6 points=3
# ## 3 · A mask in place of a shape
#
# Where a sensor has measured nothing, it writes some arbitrary number, such as 2 or -1e30.
# `present` says which entries are real. Port `np_fill_gaps` to `fill_gaps`: all other entries
# become the mean of the real ones.


# %% given="np_fill_gaps"
def np_fill_gaps(x, present):
    """x (n,), present (n,) bool -> (n,)."""
    filled = x.copy()
    filled[~present] = x[present].mean()
    return filled


# %% solution="fill_gaps"
def fill_gaps(x, present):
    """x (n,) float32, present (n,) bool -> (n,) float32. At least one entry is present."""
    ### BEGIN SOLUTION
    return jnp.where(present, x, x.mean(where=present))
    ### END SOLUTION


# %% check="fill_gaps"
check(fill_gaps)


### BEGIN HIDDEN TESTS
def _gaps(rng, n):
    """n numbers with a gap, but for n = 1; of two gaps one cannot be told by its number."""
    present = np.concatenate([[True, True, True, False, False][:n], rng.random(n)[5:] < 0.6])
    wild = np.where(np.arange(n) % 2, -1e30, 2.0) - rng.random(n)
    order = rng.permutation(n)
    return np.where(present, rng.normal(size=n), wild)[order], present[order]


def _filled_in_place(x, present):
    filled = x.copy()
    filled[~present] = x.mean(where=present)
    return filled


exercise(
    fill_gaps,
    inputs=_gaps,
    requires=HALF_FOR_A_LOOP,
    hints=[
        "`x[present]` has as many entries as `present` has True ones: a shape that depends on "
        "numbers. Keep the shape and say which entries count.",
        "`mean`, `sum`, `max` and others take `where=`. And which function picks between two "
        "arrays, entry by entry?",
        "`x.mean(where=present)` is the mean; `jnp.where(present, x, ...)` does the filling.",
    ],
    explanation="The mask does two jobs in NumPy: it picks what to read and where to write. "
    "`where=` does the first and `jnp.where` the second, and no shape depends on a number.",
    another="def fill_gaps(x, present):\n"
    "    mean = jnp.where(present, x, 0.0).sum() / present.sum()\n"
    "    return present * x + ~present * mean",
    wrong_answers=[
        wrong(
            lambda x, present: jnp.where(present, x, x[present].mean()),
            "indexes with the mask",
            rejected_by="NonConcreteBooleanIndexError",
            advice="How many entries a mask picks is not known while tracing. Leave `x` whole: "
            "give the mask to `mean(where=...)`, and to `jnp.where`.",
        ),
        wrong(
            _filled_in_place,
            "assigns into the array",
            rejected_by="TypeError",
            advice="The mean is right. In place of the assignment, pick with `jnp.where`.",
        ),
        wrong(
            lambda x, present: jnp.where(present, x, x.mean()),
            "takes the mean of all entries, wild ones included",
            rejected_by="values",
            advice="The mask is needed twice: the mean must include only the real entries, too.",
        ),
        wrong(
            lambda x, present: jnp.where(present, x, jnp.where(present, x, 0.0).mean()),
            "counts the gaps as zeros in the mean",
            rejected_by="values",
            advice="The sum is right, but it is divided by all of n. Divide by the number of real "
            "entries.",
        ),
        wrong(
            lambda x, present: jnp.where(present, x.mean(where=present), x),
            "fills the real entries and leaves the gaps",
            rejected_by="values",
            advice="`jnp.where(condition, a, b)` takes `a` where the condition is True.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="integer_rms" stars=2 importance=2 minutes=4 points=2
# ## 4 · Integers that overflow
#
# `np_integer_rms` computes the root of the mean square of integers, some as large as 200,000.
# NumPy's integers have 64 bits. Here they are int32. Port the function to `integer_rms`, with a
# float32 result, without switching to 64 bits.


# %% given="np_integer_rms"
def np_integer_rms(counts):
    """counts (n,) int64 -> (), the root of the mean square."""
    return np.sqrt(np.mean(counts**2))


# %% solution="integer_rms"
def integer_rms(counts):
    """counts (n,) int32 -> () float32, the root of the mean square."""
    ### BEGIN SOLUTION
    return jnp.sqrt(jnp.mean(counts.astype(jnp.float32) ** 2))
    ### END SOLUTION


# %% check="integer_rms"
check(integer_rms)
### BEGIN HIDDEN TESTS


def _in_float64(counts):
    x64 = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64
    with x64(True):
        return jnp.sqrt(jnp.mean(counts.astype("float64") ** 2)).astype("float32")


def _counts(rng, n):
    """At the usual size numbers whose squares fit and whose sum does not, and 0; else larger."""
    fits = 1 < n < 10
    counts = rng.integers(40_000, 46_000, size=n) if fits else rng.integers(70_000, 200_000, size=n)
    counts[0] = 0 if fits else 200_000
    return rng.permutation(counts * rng.choice([-1, 1], size=n))


exercise(
    integer_rms,
    requires=IN_32_BITS,
    inputs=lambda rng, n: (_counts(rng, n),),
    hints=[
        "Which intermediate result is larger than an int32 can be?",
        "A float32 has about 7 digits, but it reaches up to 1e38. Which step should get floats?",
        "`counts.astype(jnp.float32)` before the square, not after it.",
    ],
    explanation="The square of 50,000 is larger than 2**31, and int32 wraps around without a "
    "warning. After that no cast brings the number back, so the cast has to come first.",
    another="def integer_rms(counts):\n"
    "    return jnp.linalg.norm(counts * 1.0) / jnp.sqrt(counts.size)",
    wrong_answers=[
        wrong(
            _in_float64,
            "switches to 64 bits inside",
            rejected_by="64 bits",
            advice="A GPU has few units for 64 bits, and a TPU has none. Floats of 32 bits reach "
            "far enough.",
        ),
        wrong(
            lambda counts: jnp.sqrt(jnp.mean((counts**2).astype(jnp.float32))),
            "squares in int32",
            rejected_by="values",
            advice="The squares have already wrapped around before they become floats. Make floats "
            "first.",
        ),
        wrong(
            lambda counts: jnp.sqrt(jnp.sum(counts**2) / counts.size),
            "squares and sums in int32",
            rejected_by="values",
            advice="Both the squares and their sum wrap around. Make floats before you square.",
        ),
        wrong(
            lambda counts: jnp.sqrt(jnp.mean(counts.astype(jnp.float16) ** 2)),
            "makes floats that are too small",
            rejected_by="dtype",
            advice="The largest float16 is 65,504. Use float32.",
        ),
        wrong(
            lambda counts: jnp.mean(jnp.abs(counts)),
            "avoids the square with absolute values",
            rejected_by="values",
            advice="The mean of the absolute values is not the root of the mean square.",
        ),
        wrong(
            lambda counts: jnp.sqrt(jnp.mean(np.asarray(counts, dtype=np.int64) ** 2)),
            "goes back to NumPy for its 64 bits",
            rejected_by="TracerArrayConversionError",
            advice="NumPy needs the numbers, and while tracing there are none. float32 reaches "
            "far enough here.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="gelu_any_dtype" stars=2 importance=3 minutes=6 points=3
# ## 5 · The constant that doubles the memory
#
# `np_gelu` is a function that many neural networks use. Port it to `gelu_any_dtype`: the result has
# **the dtype of `x`**, whichever of float32 and bfloat16 that is.


# %% given="np_gelu"
def np_gelu(x):
    """x (n, 3) -> (n, 3)."""
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


# %% solution="gelu_any_dtype"
def gelu_any_dtype(x):
    """x (n, 3), float32 or bfloat16 -> (n, 3) of the same dtype."""
    ### BEGIN SOLUTION
    scale = float(np.sqrt(2 / np.pi))
    return 0.5 * x * (1 + jnp.tanh(scale * (x + 0.044715 * x**3)))
    ### END SOLUTION


# %% check="gelu_any_dtype"
check(gelu_any_dtype)


### BEGIN HIDDEN TESTS
def _activations(rng, n):
    """Around zero, and far off in the last; where n is 1 below zero, so that results are small."""
    if n == 1:
        return rng.uniform(-3, -2, size=(n, 3))
    x = 1.5 * rng.normal(size=(n, 3))
    if n >= 10:
        x[:2] = [-40, 0, 40], [-1e20, -0.0, 1e4]
    return x


exercise(
    gelu_any_dtype,
    inputs=lambda rng, n: (_activations(rng, n),),
    dtypes=("float32", "bfloat16"),
    requires=HALF_FOR_A_LOOP,
    hints=[
        "There are several constants. Which one is not a Python number?",
        "`np.sqrt` returns a NumPy float64, which has a dtype of its own. Python's numbers, and "
        "jnp functions of them, are weak.",
        "`float(np.sqrt(2 / np.pi))` is weak again; so is `jnp.sqrt(2 / jnp.pi)`.",
    ],
    explanation="A NumPy scalar is narrowed to float32 and then outranks bfloat16. Python's "
    "numbers are weak: they take the dtype of their partner.",
    another="def gelu_any_dtype(x):\n    return jax.nn.gelu(x, approximate=True)",
    wrong_answers=[
        wrong(
            lambda x: 0.5 * x * (1 + jnp.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
            "lets a float32 into the formula",
            rejected_by="dtype",
            advice="`np.sqrt(2 / np.pi)` is not a Python number: JAX treats it as a float32, which "
            "outranks bfloat16. Write `float(np.sqrt(2 / np.pi))`, and no dtype anywhere.",
        ),
        wrong(
            lambda x: 0.5 * x * (1 + np.tanh(float(np.sqrt(2 / np.pi)) * (x + 0.044715 * x**3))),
            "leaves `np.tanh` in the formula",
            rejected_by="TracerArrayConversionError",
            advice="`np` is fine for constants. A function that gets `x` must come from `jnp`.",
        ),
        wrong(
            lambda x: gelu_any_dtype(x.astype(jnp.float16)),
            "takes one half precision for the other",
            rejected_by="dtype",
            advice="float16 and bfloat16 split their 16 bits differently. No cast is needed here.",
        ),
        wrong(
            lambda x: gelu_any_dtype(x).astype(jnp.bfloat16),
            "casts the result to bfloat16, whatever came in",
            rejected_by="dtype",
            advice="float32 in, float32 out. If you write no dtype at all, the dtype of `x` stays.",
        ),
        wrong(
            lambda x: 0.5 * x * (1 + jnp.tanh(x + 0.044715 * x**3)),
            "leaves the constant out",
            rejected_by="values",
            advice="The dtype is right. The factor in front of the bracket is still needed.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="rows_or_zeros" stars=2 importance=3 minutes=6 points=2
# ## 6 · Outside the table
#
# Port `np_rows_or_zeros` to `rows_or_zeros`. It returns the rows of `table` that `ids` names, and a
# row of zeros for every id outside 0 to 4. A **negative** id is outside, too.


# %% given="np_rows_or_zeros"
def np_rows_or_zeros(table, ids):
    """table (5, 3), ids (n,) -> (n, 3)."""
    rows = np.zeros((len(ids), 3), dtype=table.dtype)
    known = (ids >= 0) & (ids < len(table))
    rows[known] = table[ids[known]]
    return rows


# %% solution="rows_or_zeros"
def rows_or_zeros(table, ids):
    """table (5, 3) float32, ids (n,) int32 -> (n, 3) float32."""
    ### BEGIN SOLUTION
    known = (ids >= 0) & (ids < table.shape[0])
    return jnp.where(known[:, None], jnp.take(table, ids, axis=0), 0.0)
    ### END SOLUTION


# %% check="rows_or_zeros"
check(rows_or_zeros)


### BEGIN HIDDEN TESTS
def _ids(rng, n):
    """The two next to the table and one far below it, then its ends, then the farthest."""
    special = [-1, 5, -7, 2, 0, 4, 258, 2**31 - 1, -(2**31)][:n]
    more = rng.integers(-8, 9, size=n - len(special))
    return rng.permutation(np.concatenate([special, more]))


exercise(
    rows_or_zeros,
    inputs=lambda rng, n: (rng.normal(size=(5, 3)), _ids(rng, n)),
    requires=HALF_FOR_A_LOOP,
    hints=[
        "`table[ids]` never raises: an id outside gives some row. Which rows must be replaced?",
        'Either pick with a mask and `jnp.where`, or read with `mode="fill"`. In the second '
        "case, think of -1.",
        "`jnp.where(known[:, None], table[ids], 0.0)`: the mask needs a second axis to broadcast "
        "with rows.",
    ],
    explanation="A read outside does no harm if a mask replaces its result. With "
    '`mode="fill"` an id of -1 still counts from the end, unless you say '
    "`wrap_negative_indices=False`.",
    another="def rows_or_zeros(table, ids):\n"
    "    return table.at[ids].get(\n"
    '        mode="fill", fill_value=0.0, wrap_negative_indices=False\n'
    "    )",
    wrong_answers=[
        wrong(
            lambda table, ids: table[ids],
            "takes clamped rows for real ones",
            rejected_by="values",
            advice="An id outside gives the row at the nearest end, and -1 gives the last row. "
            "Replace these rows by zeros.",
        ),
        wrong(
            lambda table, ids: jnp.take(table, ids, axis=0),
            "fills with NaN",
            rejected_by="values",
            advice="`jnp.take` gives NaN for ids outside, and -1 still gives the last row. Both "
            "should be zeros.",
        ),
        wrong(
            lambda table, ids: table.at[ids].get(mode="fill", fill_value=0.0),
            "lets negative ids count from the end",
            rejected_by="values",
            advice="Ids that are too large or far too small are right. -1 to -5 count from the "
            "end, so they are not filled: mask them, or pass `wrap_negative_indices=False`.",
        ),
        wrong(
            lambda table, ids: jnp.where(ids < table.shape[0], table[ids].T, 0.0).T,
            "forgets the negative ids in the mask",
            rejected_by="values",
            advice="Your mask finds the ids that are too large. It must also find those below 0.",
        ),
        wrong(
            lambda table, ids: table.at[jnp.where(ids < 0, len(table), ids)].get(mode="fill"),
            "sends the negative ids outside and fills with NaN",
            rejected_by="values",
            advice="The right rows are filled, with NaN. `fill_value=` says what to fill with.",
        ),
        wrong(
            lambda table, ids: (
                jnp.zeros((len(ids), 3))
                .at[(ids >= 0) & (ids < len(table))]
                .set(table[ids[(ids >= 0) & (ids < len(table))]])
            ),
            "indexes with the mask",
            rejected_by="NonConcreteBooleanIndexError",
            advice="How many ids are known depends on numbers. Read a row for every id, and let "
            "`jnp.where` replace some of them by zeros.",
        ),
        wrong(
            lambda table, ids: jnp.where((ids >= 0) & (ids < table.shape[0]), table[ids], 0.0),
            "gives a mask of shape (n,) to rows of shape (n, 3)",
            rejected_by="ValueError",
            advice="The mask is right. `known[:, None]` broadcasts with rows.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="first_three_positive" stars=2 importance=2 minutes=5 points=2
# ## 7 · A promise of length
#
# Port `np_first_three_positive` to `first_three_positive`: the positions of the first three
# positive entries, with -1 where there are fewer. `x` may have fewer than three entries.


# %% given="np_first_three_positive"
def np_first_three_positive(x):
    """x (n,) -> (3,)."""
    found = np.nonzero(x > 0)[0][:3]
    return np.concatenate([found, np.full(3 - len(found), -1)])


# %% solution="first_three_positive"
def first_three_positive(x):
    """x (n,) float32 -> (3,) int32."""
    ### BEGIN SOLUTION
    return jnp.nonzero(x > 0, size=3, fill_value=-1)[0]
    ### END SOLUTION


# %% check="first_three_positive"
check(first_three_positive)


### BEGIN HIDDEN TESTS
def _signed(rng, n):
    """A positive one alone; none of two or three; then two, the last among them; then six.

    From four on with zeros of both signs; one positive entry is tiny, and two are equal.
    """
    sizes = rng.uniform(0.01, 2.0, size=n)
    if n < 4:
        return (sizes * (1 if n == 1 else np.array([-1, 0, -1])[:n]),)
    positive, last = (1, 1) if n < 10 else (6, -1)
    signs = rng.permutation([1] * positive + [0.0, -0.0] + [-1] * (n - 3 - positive))
    x = sizes * np.append(signs, last)
    where = np.flatnonzero(x > 0)
    x[where[0]], x[where[1]] = 1e-30, x[where[-1]]
    return (x,)


exercise(
    first_three_positive,
    inputs=_signed,
    public_sizes=(4, 1, 2, 30),
    sizes=(range(5, 10), 1, 3, range(61, 101)),
    requires=HALF_FOR_A_LOOP,
    hints=[
        "How many entries `nonzero` gives depends on the numbers. Can you fix the length?",
        "`size=` cuts or pads to that length. `fill_value=` says what to pad with.",
        "`jnp.nonzero(x > 0, size=3, fill_value=-1)` is a tuple, as in NumPy.",
    ],
    explanation="`size=` makes the shape known while tracing: a longer result is cut, and a "
    "shorter one is padded. The default padding is 0, which looks like a position.",
    another="def first_three_positive(x):\n"
    "    places = jnp.searchsorted(jnp.cumsum(x > 0), jnp.arange(1, 4))\n"
    "    return jnp.where(places < x.shape[0], places, -1)",
    wrong_answers=[
        wrong(
            lambda x: jnp.nonzero(x >= 0, size=3, fill_value=-1)[0],
            "counts zero as positive",
            rejected_by="values",
            advice="Zero is not positive: `x > 0`.",
        ),
        wrong(
            lambda x: jnp.nonzero(x > 0)[0][:3],
            "cuts when the shape is already lost",
            rejected_by="ConcretizationTypeError",
            advice="The cut comes too late: `nonzero` itself has to know the length. Give it "
            "`size=3`.",
        ),
        wrong(
            lambda x: jnp.nonzero(x > 0, size=3)[0],
            "pads with 0, which is a position",
            rejected_by="values",
            advice="With fewer than three positive entries the rest must be -1: use `fill_value`.",
        ),
        wrong(
            lambda x: jnp.nonzero(x > 0, size=3, fill_value=-1),
            "returns the tuple",
            rejected_by="structure",
            advice="`nonzero` gives a tuple with one array per axis. Take the first.",
        ),
        wrong(
            lambda x: jnp.argwhere(x > 0, size=3, fill_value=-1),
            "returns a column",
            rejected_by="shape",
            advice="`argwhere` gives a row for each position. `nonzero` gives a flat array.",
        ),
        wrong(
            lambda x: jnp.argsort(-x)[:3],
            "takes the three largest",
            rejected_by="values",
            advice="You need the first three positive entries in the order of `x`, not the "
            "largest.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="variance_far_from_zero" stars=3 importance=2 minutes=8 points=2
# ## 8 · Right on paper
#
# `np_variance` computes the mean of the squares minus the square of the mean. Some sensors report
# numbers a little above 8192, others a little above 16384. In float64 the result is right. In
# float32 the variance of 8192 and 8193 comes out as 0: try `np_variance(jnp.array([[8192.0,
# 8193.0]]))`. Write `variance_far_from_zero`, which is right **in float32**.


# %% given="np_variance"
def np_variance(x):
    """x (n, 64) float64 -> (n,)."""
    return np.mean(x**2, axis=1) - np.mean(x, axis=1) ** 2


# %% solution="variance_far_from_zero"
def variance_far_from_zero(x):
    """x (n, 64) float32 -> (n,) float32."""
    ### BEGIN SOLUTION
    centred = x - x.mean(axis=1, keepdims=True)
    return (centred**2).mean(axis=1)
    ### END SOLUTION


# %% check="variance_far_from_zero"
check(variance_far_from_zero)


### BEGIN HIDDEN TESTS
def _in_numpy(x):
    return np.asarray(np_variance(np.asarray(x, dtype=np.float64)), dtype=np.float32)


def _readings(rng, n):
    """Rows above 8192 and above 16384 in turn; from four on one of equal numbers."""
    rows = 8192.0 * (1 + np.arange(n)[:, None] % 2) + rng.integers(0, 64, size=(n, 64))
    if n >= 4:
        rows[2] = rows[2, 0]
    return rng.permutation(rows)


exercise(
    variance_far_from_zero,
    equal_mutants={
        "x - x.mean(axis=1, keepdims=True) → x.mean(axis=1, keepdims=True) - x (line 2)": "it is "
        "squared"
    },
    requires=IN_32_BITS,
    inputs=lambda rng, n: (_readings(rng, n),),
    hints=[
        "The squares are near 67,000,000 or 268,000,000, and float32 keeps about seven digits of "
        "them. How many are left for a variance of a few hundred?",
        "Make the numbers small before you square them, so that no digits are lost.",
        "Subtract each row's mean first (`keepdims=True` lets it broadcast with the row), then "
        "take the mean of the squares.",
    ],
    explanation="The difference of two large numbers that are nearly equal is mostly rounding "
    "error. If you subtract the mean first, the squares are small and keep their digits. `jnp.var` "
    "does the same.",
    another="def variance_far_from_zero(x):\n    return jnp.var(x, axis=1)",
    wrong_answers=[
        wrong(
            lambda x: jnp.mean(x**2, axis=1) - jnp.mean(x, axis=1) ** 2,
            "subtracts two large numbers",
            rejected_by="values",
            advice="The digits that differ were rounded away in the squares. Subtract the mean "
            "before you square.",
        ),
        wrong(
            lambda x: jnp.var(x, axis=1, ddof=1),
            "divides by one less than the count",
            rejected_by="values",
            advice="That is the estimate from a sample. You need the plain mean of the squares.",
        ),
        wrong(
            lambda x: jnp.std(x, axis=1),
            "returns the standard deviation",
            rejected_by="values",
            advice="You need the variance, without a root.",
        ),
        wrong(
            lambda x: ((x - x.mean(axis=1)) ** 2).mean(axis=1),
            "subtracts means that do not line up with the rows",
            rejected_by="ValueError",
            advice="The means have shape (n,), which broadcasts along columns. `keepdims=True` "
            "makes it (n, 1).",
        ),
        wrong(
            lambda x: jax.pure_callback(
                _in_numpy, jax.ShapeDtypeStruct(x.shape[:1], jnp.float32), x
            ),
            "calls back into NumPy for its float64",
            rejected_by="NotImplementedError",
            advice="A callback leaves the program and computes on the host. Such a program cannot "
            "be saved or sent to a device. With another formula float32 is enough.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="compact_positive" stars=3 importance=2 minutes=15 points=3
# ## 9 · A puzzle: close the gaps
#
# `np_compact_positive` moves the positive entries of `x` to the front, in their order, and fills
# the rest with zeros. Port it to `compact_positive`. The length of the result is always n, so you
# can do it with known shapes and without a loop.
#
# Any right answer passes. One of them writes outside the array on purpose.


# %% given="np_compact_positive"
def np_compact_positive(x):
    """x (n,) -> (n,)."""
    kept = x[x > 0]
    return np.concatenate([kept, np.zeros(len(x) - len(kept), dtype=x.dtype)])


# %% solution="compact_positive"
def compact_positive(x):
    """x (n,) float32 -> (n,) float32."""
    ### BEGIN SOLUTION
    keep = x > 0
    target = jnp.where(keep, jnp.cumsum(keep) - 1, x.shape[0])
    return jnp.zeros_like(x).at[target].set(x)
    ### END SOLUTION


# %% check="compact_positive"
check(compact_positive)


### BEGIN HIDDEN TESTS
def _compacted_to(x, elsewhere):
    """Write what is kept to its place, and what is not to `elsewhere`."""
    keep = x > 0
    target = jnp.where(keep, jnp.cumsum(keep) - 1, elsewhere)
    return jnp.zeros_like(x).at[target].set(x)


def _compacted_late(x):
    keep = x > 0
    target = jnp.where(keep, jnp.cumsum(keep), x.shape[0])
    return jnp.zeros_like(x).at[target].set(x)


def _scattered(rng, n):
    """A positive one alone; none of two or three; then some, one of them tiny.

    The last is positive at the usual size and negative at the largest, the first the other way.
    """
    sizes = rng.uniform(0.5, 2.0, size=n)
    if n < 4:
        return sizes * (1 if n == 1 else np.array([-1, 0, -1])[:n])
    signs = np.concatenate([[-1, 1, 0], rng.choice([-1, 1], size=n - 4), [1]])
    x = sizes * signs * (1 if n < 10 else -1)
    kept = np.flatnonzero(x > 0)
    x[kept[0]] = 1e-30
    x[kept[2:4]] = x[kept[1]]
    return x


exercise(
    compact_positive,
    equal_mutants={"set → add (line 4)": "into zeros, and no place is written twice"},
    inputs=lambda rng, n: (_scattered(rng, n),),
    public_sizes=(4, 1, 2, 30),
    sizes=(range(5, 10), 1, 3, range(61, 101)),
    requires=HALF_FOR_A_LOOP,
    hints=[
        "The new position of a kept entry is the number of kept entries before it. `jnp.cumsum` "
        "of a mask counts.",
        "The others must go where they do no harm. What does `.at[i].set(...)` do if `i` is too "
        "large?",
        "`target = jnp.where(keep, jnp.cumsum(keep) - 1, n)`, then write `x` into zeros at "
        "`target`.",
    ],
    explanation="Writes outside the array are dropped, so position n is where unwanted entries "
    "can go. On parallel machines this is called stream compaction. A stable sort by the mask does "
    "the same with more work.",
    another="def compact_positive(x):\n"
    "    order = jnp.argsort(x <= 0, stable=True)\n"
    "    return jnp.maximum(x[order], 0.0)",
    wrong_answers=[
        wrong(
            lambda x: jnp.concatenate([x[x > 0], jnp.zeros_like(x)])[: x.shape[0]],
            "indexes with the mask",
            rejected_by="NonConcreteBooleanIndexError",
            advice="The length of `x[x > 0]` is not known while tracing, though the length of the "
            "result is. Compute where each entry goes.",
        ),
        wrong(
            lambda x: jnp.where(x > 0, x, 0.0),
            "leaves the gaps open",
            rejected_by="values",
            advice="The zeros belong behind the last positive entry, not between them.",
        ),
        wrong(
            lambda x: jnp.sort(jnp.maximum(x, 0.0))[::-1],
            "sorts by size",
            rejected_by="values",
            advice="The entries must stay in the order of `x`. Sort positions, or count them.",
        ),
        wrong(
            lambda x: x[jnp.nonzero(x > 0, size=x.shape[0])[0]],
            "pads with the first entry",
            rejected_by="values",
            advice="`nonzero` pads with position 0, and `x` has an entry there. The padding must "
            "become zeros.",
        ),
        wrong(
            lambda x: x[jnp.nonzero(x > 0, size=x.shape[0], fill_value=x.shape[0])[0]],
            "pads with the last entry",
            rejected_by="values",
            advice="Position n is outside, and a read outside is clamped. Read with "
            '`.at[...].get(mode="fill", fill_value=0.0)`.',
        ),
        wrong(
            lambda x: _compacted_to(x, 0),
            "sends what is not kept to position 0",
            rejected_by="values",
            advice="There it collides with the first entry that is kept. Send it to a position "
            "where writes are dropped.",
        ),
        wrong(
            lambda x: _compacted_to(x, -1),
            "sends what is not kept to position -1",
            rejected_by="values",
            advice="-1 is not outside: it is the last entry. Position n is outside.",
        ),
        wrong(
            _compacted_late,
            "counts from one",
            rejected_by="values",
            advice="`cumsum` counts the entry itself, so the first kept entry goes to position 1.",
        ),
    ],
)
### END HIDDEN TESTS
