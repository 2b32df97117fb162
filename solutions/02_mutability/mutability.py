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

# %% [markdown] assignment="02_mutability" points=20
# # Exercises: arrays that do not change
#
# The lesson is [course/02_mutability](../../course/02_mutability.ipynb). Each exercise shows
# something that NumPy does in place, and asks for the same result without changing an array.
#
# Write your answer in the cell that says so, run it, then run the `check` cell below it. You may
# check as often as you like: nothing is handed in until you submit. Every answer is compiled, as
# `jax.jit` does it, and no answer needs a Python loop.

# %%
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from autograder import check, hint, reset

### BEGIN HIDDEN TESTS
from autograder import (
    donates_like_reference,
    exercise,
    grows_with_batch,
    is_pure,
    matches_reference,
    mistake,
    question,
    uses,
    work_grows,
    wrong,
)

no_false_promise = uses(
    "scatter with unique_indices",
    at_least=0,
    at_most=0,
    instead="Indices that repeat are not unique. With a false promise the result is undefined, "
    "even if it happens to be right on a CPU.",
)
no_promise_of_order = uses(
    "scatter with indices_are_sorted",
    at_least=0,
    at_most=0,
    instead="The indices are not sorted. With a false promise the result is undefined, even if it "
    "happens to be right on a CPU.",
)

# Right results earn half if a Python loop finds them, unless that is what the exercise is about.
HALF_FOR_A_LOOP = (matches_reference(), grows_with_batch(share=0.5))
### END HIDDEN TESTS

# %% [markdown] exercise="fast_track_mutability" stars=1 importance=1 minutes=1 points=0
# ## 0 · Know it already?
#
# One question, no points. If the answer is clear to you, start at exercise 4.
#
# ```python
# x = jnp.zeros(4)
# x.at[jnp.array([1, 1, -1, 9])].add(1.0)
# ```
#
# What is the value of the second line? Choose `"a"`, `"b"`, `"c"` or `"d"`.
#
# - a: `[0, 1, 0, 1]`
# - b: `[0, 2, 0, 1]`
# - c: `[0, 2, 0, 2]`
# - d: it raises an `IndexError`

# %% solution="fast_track_mutability"
### BEGIN SOLUTION
fast_track_mutability = "b"
### END SOLUTION

# %% check="fast_track_mutability"
check("fast_track_mutability")
### BEGIN HIDDEN TESTS
question(
    name="fast_track_mutability",
    answer="b",
    hints=[
        "Three things happen here: an index occurs twice, one is negative, one is outside.",
        "`.at[].add` counts every update, and negative indices count from the end.",
        "A write outside the array is dropped, without an error.",
    ],
    explanation="Index 1 gets both of its updates, -1 is the last entry, and the update for index "
    "9 is dropped.",
    mistakes=[
        mistake(
            "a",
            "counts a repeated index once, as NumPy's `x[i] += 1` does",
            advice="`.at[].add` adds every update, like `np.add.at`.",
        ),
        mistake(
            "c",
            "moves the write outside to the last entry",
            advice="That is how JAX *reads* outside. Writes outside are dropped.",
        ),
        mistake(
            "d",
            "expects NumPy's error",
            advice="A compiled program cannot raise in the middle, so JAX drops writes outside.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="replace_first" stars=1 importance=3 minutes=1 points=1
# ## 1 · A new first entry
#
# NumPy writes `a[0] = value`. Write `replace_first`, which returns an array like `a` with `value`
# as its first entry.


# %% solution="replace_first"
def replace_first(a, value):
    """a (n,) float32, value () float32 -> (n,) float32."""
    ### BEGIN SOLUTION
    return a.at[0].set(value)
    ### END SOLUTION


# %% check="replace_first"
check(replace_first)
### BEGIN HIDDEN TESTS


def assigns_in_place(a, value):
    a[0] = value
    return a


def throws_the_new_array_away(a, value):
    a.at[0].set(value)
    return a


def replaces_and_keeps_it(a, value):
    a = a.at[0].set(value)


def with_a_tie(rng, n):
    """n numbers and a value for the first, at the largest size above it, else below.

    The last is the same as the first, which is neither the least nor the most.
    """
    a = rng.normal(size=n)
    if n >= 4:
        a[1], a[2], a[-1] = a[0] - 1, a[0] + 1, a[0]
    return a, a[0] + rng.uniform(0.2, 0.8) * (1 if n >= 10 else -1)


exercise(
    replace_first,
    inputs=with_a_tie,
    requires=HALF_FOR_A_LOOP,
    hints=[
        "The array cannot be changed. Which expression has the changed array as its value?",
        "`a.at[index]` stands for the entry. Its methods say what to do there.",
        "Return what `a.at[0].set` gives back.",
    ],
    explanation="`a.at[0].set` is an expression: it makes a new array and does not change `a`. You "
    "have to return the result or give it a name.",
    another="def replace_first(a, value):\n    return jnp.concatenate([value[None], a[1:]])",
    wrong_answers=[
        wrong(
            assigns_in_place,
            "assigns in place",
            rejected_by="TypeError",
            advice="JAX arrays cannot be written to. Use `.at[0].set(value)` and return what it "
            "gives back.",
        ),
        wrong(
            throws_the_new_array_away,
            "throws the new array away",
            rejected_by="values",
            advice="`a.at[0].set` does not change `a`. Return its value, or give it a name.",
        ),
        wrong(
            replaces_and_keeps_it,
            "returns nothing",
            rejected_by="structure",
            advice="The new array has a name inside the function only. Return it.",
        ),
        wrong(
            lambda a, value: a.at[0].add(value),
            "adds where it should replace",
            rejected_by="values",
            advice="`a[0] = value` is `.set`. `.add` is `a[0] += value`.",
        ),
        wrong(
            lambda a, value: a.at[0].get() * 0 + value,
            "returns only the new entry",
            rejected_by="shape",
            advice="You need the whole array: `.set` returns it, `.get` only reads one entry.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="replace_overloads" stars=1 importance=3 minutes=4 points=2
# ## 2 · Under a mask
#
# Where a sensor was overloaded, it gives plus or minus infinity. Every other number is a reading,
# even a very large one. NumPy repairs the readings in place, with those of a second sensor:
#
# ```python
# gaps = np.isinf(readings)
# readings[gaps] = spare[gaps]
# ```
#
# Write `replace_overloads`, which returns the repaired readings.


# %% solution="replace_overloads"
def replace_overloads(readings, spare):
    """readings (n,) float32, some infinite, spare (n,) float32, all finite -> (n,) float32."""
    ### BEGIN SOLUTION
    return jnp.where(jnp.isinf(readings), spare, readings)
    ### END SOLUTION


# %% check="replace_overloads"
check(replace_overloads)
### BEGIN HIDDEN TESTS


def with_gaps(rng, n):
    """n readings, infinite each way at least once; a single one is large, and no overload."""
    if n == 1:
        return np.float32([rng.choice([-1, 1])]) * np.finfo(np.float32).max
    readings = rng.normal(size=n)
    readings[rng.random(n) < 0.3] = np.inf
    readings[:3] = 0, np.inf, -np.inf
    return rng.permutation(readings)


def multiplies_with_the_mask(readings, spare):
    gaps = jnp.isinf(readings).astype(jnp.float32)
    return (1 - gaps) * readings + gaps * spare


exercise(
    replace_overloads,
    inputs=lambda rng, n: (with_gaps(rng, n), rng.normal(size=n)),
    requires=HALF_FOR_A_LOOP,
    hints=[
        "How many gaps are there? The compiled program does not know, and does not need to know.",
        "Choose for every entry: the spare value if there is a gap, and otherwise the reading.",
        "`jnp.where(mask, value_where_true, value_where_false)`, with the mask from `jnp.isinf`.",
    ],
    explanation="`readings[gaps]` has as many entries as there are gaps, and a compiled program "
    "cannot have a shape that depends on values. `where` keeps the full shape and picks.",
    another="def replace_overloads(readings, spare):\n"
    "    return jax.lax.select(jnp.abs(readings) < jnp.inf, readings, spare)",
    wrong_answers=[
        wrong(
            lambda readings, spare: readings.at[jnp.isinf(readings)].set(
                spare[jnp.isinf(readings)]
            ),
            "uses the mask as an index",
            rejected_by="NonConcreteBooleanIndexError",
            advice="`spare[gaps]` has as many entries as there are gaps, which a compiled program "
            "cannot know. `jnp.where` keeps every shape.",
        ),
        wrong(
            lambda readings, spare: jnp.nan_to_num(readings),
            "puts the largest float where the infinities were",
            rejected_by="values",
            advice="A gap should get the entry of `spare` at the same place.",
        ),
        wrong(
            lambda readings, spare: jnp.where(readings == jnp.inf, spare, readings),
            "overlooks minus infinity",
            rejected_by="values",
            advice="A reading may be plus or minus infinity. `jnp.isinf` finds both.",
        ),
        wrong(
            lambda readings, spare: jnp.where(jnp.isinf(readings), readings, spare),
            "has the two branches of `where` swapped",
            rejected_by="values",
            advice="The second argument of `jnp.where` is for the entries where the mask is true.",
        ),
        wrong(
            multiplies_with_the_mask,
            "multiplies with the mask",
            rejected_by="values",
            advice="Infinity times zero is not zero but NaN. `jnp.where` only picks, and computes "
            "nothing with the entries that it leaves out.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="tally" stars=1 importance=3 minutes=4 points=2
# ## 3 · A histogram in one line
#
# `labels` contains digits from 0 to 9. Many of them occur more than once, some perhaps hundreds of
# times. Write `tally`, which counts how often each digit occurs.


# %% solution="tally"
def tally(labels):
    """labels (n,) int32, each 0 to 9 -> (10,) int32, the number of times each occurs."""
    ### BEGIN SOLUTION
    return jnp.zeros(10, jnp.int32).at[labels].add(1)
    ### END SOLUTION


# %% check="tally"
check(tally)
### BEGIN HIDDEN TESTS


def digits(rng, n):
    """n digits, 0 and 9 among them and two the same; of the largest size 260 and more."""
    found = rng.integers(0, 10, size=n)
    if n >= 4:
        found[:4] = 0, 9, found[-1], found[-1]
    if n > 260:
        found[-260:] = found[-1]
    return rng.permutation(found).astype(np.int32)


def counts_like_numpy(labels):
    counts = jnp.zeros(10, jnp.int32)
    return counts.at[labels].set(counts[labels] + 1)


def counts_one_by_one(labels):
    counts = jnp.zeros(10, jnp.int32)
    for label in labels:
        counts = counts.at[label].add(1)
    return counts


def counts_in_numpy(labels):
    counts = np.zeros(10, np.int32)
    np.add.at(counts, labels, 1)
    return jnp.array(counts)


exercise(
    tally,
    inputs=lambda rng, n: (digits(rng, n),),
    sizes=(range(5, 10), 1, range(321, 401)),
    public_sizes=(4, 1, 300),
    requires=[matches_reference(), grows_with_batch(share=0.5), no_false_promise],
    hints=[
        "Start from ten zeros. Each label says which of them to increase by one.",
        "You can use all labels as one index: `.at[labels]`. Which method counts repeats?",
        "Make ten zeros of dtype int32, then use `.at[labels].add` with the number 1.",
    ],
    explanation="In a scatter with `add` every update counts, even if an index occurs often. "
    "NumPy's `counts[labels] += 1` would have counted each digit once at most.",
    another="def tally(labels):\n    return (labels[:, None] == jnp.arange(10)).sum(axis=0)",
    wrong_answers=[
        wrong(
            counts_like_numpy,
            "counts repeats once, like NumPy's `+=`",
            rejected_by="values",
            advice="Reading the old counts, adding one and setting them writes 0 + 1 for every "
            "repeat. `.at[labels].add(1)` adds each.",
        ),
        wrong(
            lambda labels: jnp.zeros(10).at[labels].add(1),
            "counts in floats",
            rejected_by="dtype",
            advice="The result has the dtype of the zeros: ask for `jnp.zeros(10, jnp.int32)`.",
        ),
        wrong(
            counts_one_by_one,
            "counts one label after another in Python",
            rejected_by="batch loop",
            earns=0.5,
            advice="The loop is unrolled into one update per label. All of `labels` can be the "
            "index of a single `.add`.",
        ),
        wrong(
            counts_in_numpy,
            "leaves the counting to NumPy",
            rejected_by="TracerArrayConversionError",
            advice="NumPy would need the labels' values, and a compiled program has none yet. "
            "`.at[labels].add(1)` is JAX's `np.add.at`.",
        ),
        wrong(
            lambda labels: jnp.bincount(labels),
            "lets the largest label decide how long the result is",
            rejected_by="ConcretizationTypeError",
            advice="The largest label is not known while the program is made. There are always ten "
            "digits, so pass `length=10`.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="light_up" stars=2 importance=2 minutes=8 points=2
# ## 4 · Stars outside the picture
#
# Each star adds 1 to its pixel of `sky`: star k adds to `sky[rows[k], cols[k]]`. The telescope
# shows only a part of the sky, so many stars are outside the picture: left or right of it, above or
# below. Such stars must add nothing **anywhere**. Write `light_up`, which returns the sky with the
# stars that can be seen.


# %% solution="light_up"
def light_up(sky, rows, cols):
    """sky (12, 16) float32, rows and cols (n,) int32, any integers -> (12, 16) float32."""
    ### BEGIN SOLUTION
    height, width = sky.shape
    seen = (rows >= 0) & (rows < height) & (cols >= 0) & (cols < width)
    return sky.at[jnp.where(seen, rows, height), cols].add(1.0)
    ### END SOLUTION


# %% check="light_up"
check(light_up)
### BEGIN HIDDEN TESTS


def stars(rng, n):
    """Rows and columns of n stars: one on each side of the picture, in two corners, far away.

    From five on the last two are alike.
    """
    row, col = rng.integers(12), rng.integers(16)
    special = [(-1 - rng.integers(6), col), (row, 16), (12, col), (row, -1), (0, 0), (11, 15)]
    special += [(-(2**31), 5), (5, 2**31 - 1), (-40, 5), (5, -40), (12, 16), (-1, -1)]
    places = np.stack([rng.integers(-6, 18, size=n), rng.integers(-8, 24, size=n)], axis=1)
    places[: len(special)] = special[:n]
    if n >= 5:
        places[-2:] = rng.integers(12), rng.integers(16)
    rows, cols = rng.permutation(places).astype(np.int32).T
    return rows, cols


def keeps_the_seen_ones(sky, rows, cols):
    seen = (rows >= 0) & (rows < 12) & (cols >= 0) & (cols < 16)
    return sky.at[rows[seen], cols[seen]].add(1.0)


def tests_each_star(sky, rows, cols):
    for row, col in zip(rows, cols, strict=True):
        if 0 <= row < 12 and 0 <= col < 16:
            sky = sky.at[row, col].add(1.0)
    return sky


exercise(
    light_up,
    equal_mutants={
        "< → <= (line 3)": "row 12 is outside, so that a write there is dropped",
        "(rows >= 0) & (rows < height) → without rows < height (line 3)": "rows from 12 on are "
        "outside, and dropped as they are",
        "(rows >= 0) & (rows < height) … < width) → without cols < width (line 3)": "columns from "
        "16 on are outside, and dropped as they are",
        "< → <= (line 3, place 2)": "column 16 is outside, so that a write there is dropped",
    },
    inputs=lambda rng, n: (rng.random(size=(12, 16)), *stars(rng, n)),
    requires=[matches_reference(), grows_with_batch(share=0.5), no_false_promise],
    hints=[
        "Writes outside are dropped without your help. But is row -1 outside?",
        "Negative indices count from the end, unless you pass `wrap_negative_indices=False`. Or "
        "you replace them by an index that is too large.",
        "If `seen` is the mask of stars inside, `jnp.where(seen, rows, 12)` gives all other stars "
        "a row that is dropped.",
    ],
    explanation="A write past the end is dropped. A negative index counts from the end, unless "
    "you say `wrap_negative_indices=False`. The usual way to say 'nowhere' is an index past the "
    "end.",
    another="def light_up(sky, rows, cols):\n"
    "    seen = (rows >= 0) & (rows < 12) & (cols >= 0) & (cols < 16)\n"
    "    return sky.at[rows, cols].add(jnp.where(seen, 1.0, 0.0))",
    wrong_answers=[
        wrong(
            lambda sky, rows, cols: sky.at[rows, cols].add(1.0, mode="drop"),
            "lets ghosts in at the opposite edge",
            rejected_by="values",
            advice="`drop` drops only what is past the end. Negative indices count from the end, "
            "so a star left of the picture appears on the right.",
        ),
        wrong(
            lambda sky, rows, cols: sky.at[jnp.clip(rows, 0, 11), jnp.clip(cols, 0, 15)].add(1.0),
            "piles up the stars outside along the edges",
            rejected_by="values",
            advice="Clipping moves a star to the nearest pixel of the picture. But it must add "
            "nothing anywhere.",
        ),
        wrong(
            lambda sky, rows, cols: sky.at[rows, cols].add(1.0, mode="clip"),
            "asks for `clip`, which moves stars to the edge",
            rejected_by="values",
            advice="`clip` moves stars past the end to the last pixel, and negative indices still "
            "count from the end. Both add light where there is no star.",
        ),
        wrong(
            keeps_the_seen_ones,
            "picks out the stars inside with a mask",
            rejected_by="NonConcreteBooleanIndexError",
            advice="`rows[seen]` has as many entries as there are stars inside, which a compiled "
            "program cannot know. Keep all the stars, and send the others nowhere.",
        ),
        wrong(
            tests_each_star,
            "asks `if` for every star",
            rejected_by="TracerBoolConversionError",
            advice="`if` needs a value, and a compiled program has none yet. Compute a mask for "
            "all stars at once.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="sparse_step" stars=2 importance=3 minutes=6 points=3
# ## 5 · A few rows of a large table
#
# A language model keeps one row of `table` for each word, and a batch of text uses only a few.
# `gradients[k]` belongs to row `ids[k]`. Write `sparse_step`, which subtracts 0.1 times its
# gradient from each of these rows and returns the whole table. A word that occurs twice gets
# **both** of its gradients. The `ids` repeat and come in any order, so do not promise the compiler
# `unique_indices` or `indices_are_sorted`. A real table has 100,000 rows, so work of *words times
# rows* is too much.


# %% solution="sparse_step"
def sparse_step(table, ids, gradients):
    """table (v, 4) float32, ids (n,) int32, gradients (n, 4) float32 -> (v, 4) float32."""
    ### BEGIN SOLUTION
    return table.at[ids].add(-0.1 * gradients)
    ### END SOLUTION


# %% check="sparse_step"
check(sparse_step)
### BEGIN HIDDEN TESTS


def word_ids(rng, n):
    """n rows out of 5 n, in no order: the last row, and one that occurs three times."""
    ids = rng.integers(0, 5 * n, size=n)
    ids[0] = 5 * n - 1
    ids[-3:] = ids[-1]
    return rng.permutation(ids).astype(np.int32)


def steps_in_numpy(table, ids, gradients):
    table = np.array(table)
    np.subtract.at(table, ids, 0.1 * gradients)
    return jnp.array(table)


exercise(
    sparse_step,
    inputs=lambda rng, n: (
        rng.normal(size=(5 * n, 4)),
        word_ids(rng, n),
        rng.normal(size=(n, 4)),
    ),
    requires=[
        matches_reference(),
        grows_with_batch(share=0.5),
        work_grows("linear"),
        no_false_promise,
        no_promise_of_order,
    ],
    hints=[
        "An index array on axis 0 picks whole rows: `table[ids]` has shape (n, 4).",
        "To subtract is to add the negative, and `.at[ids].add` counts repeats.",
        "Use `table.at[ids].add` with the gradients times -0.1.",
    ],
    explanation="The updates have the shape of `table[ids]`, one row per id. A row that occurs "
    "twice gets both updates. Nothing is computed for rows that are not used.",
    another="def sparse_step(table, ids, gradients):\n"
    "    total = jax.ops.segment_sum(gradients, ids, num_segments=table.shape[0])\n"
    "    return table - 0.1 * total",
    wrong_answers=[
        wrong(
            lambda table, ids, gradients: table.at[ids].set(table[ids] - 0.1 * gradients),
            "sets the rows, so that of a repeated word one gradient remains",
            rejected_by="values",
            advice="Every repeat starts from the old row, and it is undefined which one stays. "
            "`.add` counts all of them.",
        ),
        wrong(
            lambda table, ids, gradients: table[ids] - 0.1 * gradients,
            "returns only the rows that were used",
            rejected_by="shape",
            advice="You need the whole table. A method of `.at[ids]` returns it with changed rows.",
        ),
        wrong(
            lambda table, ids, gradients: (
                table - 0.1 * jax.nn.one_hot(ids, table.shape[0]).T @ gradients
            ),
            "multiplies with a one-hot matrix",
            rejected_by="work",
            advice="The one-hot matrix has a column for each row of the table, used or not. "
            "A scatter changes only the rows in `ids`.",
        ),
        wrong(
            steps_in_numpy,
            "changes a NumPy copy in place",
            rejected_by="TracerArrayConversionError",
            advice="NumPy would need the values, and a compiled program has none yet. "
            "`.at[ids].add` is JAX's `np.add.at`.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="cool" stars=2 importance=3 minutes=10 points=3
# ## 6 · In place after all: donation
#
# A flame heats a metal plate. In each step, every inner point gets the mean of its four neighbours,
# plus the heat of the flame there. The points on the edge keep their temperature. In NumPy:
#
# ```python
# mean = (plate[:-2, 1:-1] + plate[2:, 1:-1] + plate[1:-1, :-2] + plate[1:-1, 2:]) / 4
# plate[1:-1, 1:-1] = mean + flame[1:-1, 1:-1]
# ```
#
# Write `cool` as a **compiled** function that returns the new plate and **donates** the old one, so
# that it may be written in place. `flame` is the same in every step and must not be donated. Below
# the function, add a line `cool = jax.jit(cool, ...)` with the right option in place of the dots.
# Note the order of the arguments.


# %% solution="cool"
def cool(flame, plate):
    """flame (n, n + 2) float32, plate (n, n + 2) float32, donated -> (n, n + 2) float32."""
    ### BEGIN SOLUTION
    inside = (plate[:-2, 1:-1] + plate[2:, 1:-1] + plate[1:-1, :-2] + plate[1:-1, 2:]) / 4
    return plate.at[1:-1, 1:-1].set(inside + flame[1:-1, 1:-1])


cool = jax.jit(cool, donate_argnums=1)
### END SOLUTION


# %% check="cool"
check(cool)
### BEGIN HIDDEN TESTS


def neighbours(plate):
    """The mean of the four neighbours of every point inside: (n, m) -> (n - 2, m - 2)."""
    return (plate[:-2, 1:-1] + plate[2:, 1:-1] + plate[1:-1, :-2] + plate[1:-1, 2:]) / 4


def cools_without_donating(flame, plate):
    return plate.at[1:-1, 1:-1].set(neighbours(plate) + flame[1:-1, 1:-1])


def cools_in_place(flame, plate):
    plate[1:-1, 1:-1] = neighbours(plate) + flame[1:-1, 1:-1]
    return plate


@partial(jax.jit, donate_argnums=1)
def cools_around_the_edge(flame, plate):
    sums = sum(jnp.roll(plate, shift, axis) for shift in (1, -1) for axis in (0, 1))
    return sums / 4 + flame


@partial(jax.jit, donate_argnums=1)
def cools_the_inside_only(flame, plate):
    return neighbours(plate) + flame[1:-1, 1:-1]


@partial(jax.jit, donate_argnums=1)
def adds_to_the_old(flame, plate):
    return plate.at[1:-1, 1:-1].add(neighbours(plate) + flame[1:-1, 1:-1])


exercise(
    cool,
    inputs=lambda rng, n: (rng.normal(size=(n, n + 2)), rng.normal(size=(n, n + 2))),
    sizes=(range(5, 10), 3, range(31, 61)),
    public_sizes=(4, 10),
    requires=[
        matches_reference(),
        grows_with_batch(share=0.5),
        donates_like_reference(),
    ],
    hints=[
        "First the arithmetic: the right-hand side can stay as it is, and the left-hand side "
        "becomes one `.at[].set`.",
        "Then the memory: `jax.jit(f, donate_argnums=...)` takes the position of the argument that "
        "is donated, counted from 0.",
        "`plate.at[1:-1, 1:-1].set(mean + flame[1:-1, 1:-1])` in the function, and below it "
        "`jax.jit(cool, donate_argnums=1)`, under the name `cool`.",
    ],
    explanation="The result has the shape and dtype of `plate`, so the donated memory can hold it, "
    "and a loop `plate = cool(flame, plate)` uses the same memory again and again. `flame` is "
    'needed later, so it is not donated. `donate_argnames="plate"` names the argument instead of '
    "counting. Loops that write in place can mix up old and new values. Here the right-hand side "
    "only uses the old plate.",
    another='@partial(jax.jit, donate_argnames="plate")\ndef cool(flame, plate):\n'
    "    rows, cols = (jnp.arange(size) for size in plate.shape)\n"
    "    edge = (rows % (rows.size - 1) == 0)[:, None] | (cols % (cols.size - 1) == 0)\n"
    "    sums = sum(jnp.roll(plate, shift, axis) for shift in (1, -1) for axis in (0, 1))\n"
    "    return jnp.where(edge, plate, sums / 4 + flame)",
    wrong_answers=[
        wrong(
            cools_without_donating,
            "gives no memory away",
            rejected_by="donation",
            advice="The arithmetic is right. Put `jax.jit` around it and donate the plate, which "
            "is argument 1.",
        ),
        wrong(
            jax.jit(cools_without_donating, donate_argnums=0),
            "gives the flame's memory away",
            rejected_by="donation",
            advice="The flame is needed again. Donate the plate, which is argument 1, and nothing "
            "else.",
        ),
        wrong(
            cools_in_place,
            "assigns in place",
            rejected_by="TypeError",
            advice="Donation lets the *compiler* write in place. Your code still needs `.at`: "
            "`plate.at[1:-1, 1:-1].set(...)`.",
        ),
        wrong(
            cools_around_the_edge,
            "lets the left edge be the neighbour of the right one",
            rejected_by="values",
            advice="`jnp.roll` wraps around, but the edge should keep its temperature: change only "
            "`[1:-1, 1:-1]`.",
        ),
        wrong(
            cools_the_inside_only,
            "returns the plate without its edge",
            rejected_by="shape",
            advice="You need the whole plate: put the inside back with `.at[1:-1, 1:-1].set`.",
        ),
        wrong(
            adds_to_the_old,
            "adds the mean to the old temperature",
            rejected_by="values",
            advice="`plate[...] = inside` is `.set`. `.add` is `+=`.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="decayed_step" stars=2 importance=3 minutes=8 points=3
# ## 7 · The counter that stops
#
# This training step writes in place. It counts its calls in a global variable, because the rate is
# halved after every thousand steps:
#
# ```python
# steps = 0
#
# def step_in_place(weights, gradient):
#     global steps
#     rate = 0.1 * 0.5 ** (steps // 1000)
#     weights -= rate * gradient
#     steps += 1
# ```
#
# Under `jit` its counter would stop after the first call. Write `decayed_step`, which does the same
# as a pure function: `steps` is an argument, and the result is the tuple `(new weights, new
# steps)`.


# %% solution="decayed_step"
def decayed_step(weights, steps, gradient):
    """weights (n,) float32, steps () int32, gradient (n,) float32 -> ((n,) float32, () int32)."""
    ### BEGIN SOLUTION
    halvings = steps // 1000
    return weights - 0.1 * 0.5**halvings * gradient, steps + 1
    ### END SOLUTION


# %% check="decayed_step"
check(decayed_step)
### BEGIN HIDDEN TESTS

taken = [0]


def counts_in_a_global(weights, steps, gradient):
    taken[0] += 1
    rate = 0.1 * 0.5 ** (taken[0] // 1000)
    return weights - rate * gradient, steps + 1


def stepped(steps, weights, gradient):
    """The new weights at the rate of that step."""
    return weights - 0.1 * 0.5 ** (steps // 1000) * gradient


def taken_before(rng, n):
    """Just before the rate is halved, in the middle of a thousand, just after it was halved."""
    return np.int32((1600 if n == 1 else 2999) if n < 10 else 1000 * rng.integers(3, 6))


exercise(
    decayed_step,
    inputs=lambda rng, n: (rng.normal(size=n), taken_before(rng, n), rng.normal(size=n)),
    requires=[matches_reference(), grows_with_batch(share=0.5), is_pure()],
    hints=[
        "Which two things does the in-place step change? Both have to be returned.",
        "Use the argument `steps` in place of the global. You need nothing outside the function.",
        "`return weights - rate * gradient, steps + 1`, with the rate computed from `steps`.",
    ],
    explanation="State that is an argument and a result is part of the program. State in a global "
    "variable is read once, while tracing, and becomes a constant. Optimisers for JAX work like "
    "this one: they take their state as an argument and return it.",
    another="def decayed_step(weights, steps, gradient):\n"
    "    change = -0.1 * gradient * jnp.exp2(-jnp.floor(steps / 1000))\n"
    "    return weights.at[:].add(change), steps.at[...].add(1)",
    wrong_answers=[
        wrong(
            counts_in_a_global,
            "goes on counting in a global",
            rejected_by="values",
            advice="The global is read while tracing and becomes a constant of the program, so "
            "the rate never changes. Compute it from the argument `steps`.",
        ),
        wrong(
            lambda weights, steps, gradient: stepped(steps, weights, gradient),
            "returns the weights alone",
            rejected_by="structure",
            advice="The caller needs the new count as well: return the tuple "
            "`(new weights, new steps)`.",
        ),
        wrong(
            lambda weights, steps, gradient: (stepped(steps, weights, gradient), steps),
            "forgets to count",
            rejected_by="values",
            advice="The second result is the count for the next call, which is `steps + 1`.",
        ),
        wrong(
            lambda weights, steps, gradient: (stepped(steps, weights, gradient), steps + 1.0),
            "makes the count a float",
            rejected_by="dtype",
            advice="`1.0` turns the integer into a float, and the next call would have to be "
            "compiled again. Add `1`.",
        ),
        wrong(
            lambda weights, steps, gradient: (stepped(steps + 1, weights, gradient), steps + 1),
            "counts first, and takes the rate of the next step",
            rejected_by="values",
            advice="`step_in_place` reads `steps` before it adds 1. In the thousandth step, when "
            "`steps` is 999, the rate is still the old one.",
        ),
        wrong(
            lambda weights, steps, gradient: (
                weights - 0.1 * 0.5 ** (steps / 1000) * gradient,
                steps + 1,
            ),
            "lets the rate sink at every step",
            rejected_by="values",
            advice="The rate stays the same for a thousand steps: `steps // 1000` counts how often "
            "it was halved, and `steps / 1000` has a fraction too.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="sort_by_counting" stars=3 importance=2 minutes=15 points=3
# ## 8 · A puzzle: sort without comparing
#
# `x` contains integers from 0 to 49 in any order. Write `sort_by_counting`, which returns them in
# ascending order. The rules: use no sort of any kind, never compare two entries of `x`, and do not
# let the work grow like the square of their number. Two scatters and two cumulative sums are
# enough.
#
# To start: if you know that there are two 0s, no 1 and three 2s, you can write down the answer,
# `[0, 0, 2, 2, 2]`. At which positions does it go *up*, and by how much?


# %% solution="sort_by_counting"
def sort_by_counting(x):
    """x (n,) int32, each 0 to 49 -> (n,) int32, the same numbers in ascending order."""
    ### BEGIN SOLUTION
    counts = jnp.zeros(50, jnp.int32).at[x].add(1)
    # Value v + 1 begins where the numbers up to v end: there the answer goes up by one.
    ends = jnp.cumsum(counts)[:-1]
    # Values that do not occur end at the same place, so the rises add up.
    rises = jnp.zeros(x.shape, jnp.int32).at[ends].add(1)
    return jnp.cumsum(rises)
    ### END SOLUTION


# %% check="sort_by_counting"
check(sort_by_counting)
### BEGIN HIDDEN TESTS


def up_to_49(rng, n):
    """n even integers above 0 and below 49, one repeated; of the largest size one 260 times.

    There the ends, 0 and 49, occur too.
    """
    x = 2 * rng.integers(2, 24, size=n)
    x[-2:] = x[0]
    if n > 260:
        x[-260:] = x[0]
        x[1:3] = 0, 49
    return rng.permutation(x).astype(np.int32)


def rises_by_one_at_most(x):
    counts = jnp.zeros(50, jnp.int32).at[x].add(1)
    ends = jnp.cumsum(counts)[:-1]
    return jnp.cumsum(jnp.zeros(x.shape, jnp.int32).at[ends].set(1))


def ranks_all_pairs(x):
    places = jnp.arange(x.size)
    before = (x[None, :] < x[:, None]) | (
        (x[None, :] == x[:, None]) & (places[None, :] < places[:, None])
    )
    return jnp.zeros_like(x).at[before.sum(axis=1)].set(x)


def repeats_without_a_length(x):
    counts = jnp.zeros(50, jnp.int32).at[x].add(1)
    return jnp.repeat(jnp.arange(50, dtype=jnp.int32), counts)


exercise(
    sort_by_counting,
    equal_mutants={
        ":-1 → without -1 (line 3)": "the last end is n, which is outside and dropped",
        "jnp.cumsum(counts)[:-1] → jnp.cumsum(counts) (line 3)": "the last end is n, which is "
        "outside and dropped",
        "50 → 51 (line 2)": "no entry is 50, and the one end more is n, which is dropped",
    },
    inputs=lambda rng, n: (up_to_49(rng, n),),
    requires=[
        matches_reference(),
        grows_with_batch(share=0.5),
        uses("sort", at_least=0, at_most=0, instead="Count the values with `.at[x].add(1)`."),
        uses("top_k", at_least=0, at_most=0, instead="Count the values with `.at[x].add(1)`."),
        uses("ApproxTopK", at_least=0, at_most=0, instead="Count the values with `.at[x].add(1)`."),
        work_grows("linear"),
        no_false_promise,
    ],
    public_sizes=(36, 1, 300),
    sizes=(range(37, 61), 1, range(321, 401)),
    hints=[
        "Count how often each value occurs, as in exercise 3. The cumulative sum of the counts "
        "says where each value ends in the answer.",
        "The answer goes up by one where a value ends. A value that does not occur ends at the "
        "same place as the value before it, and there the answer goes up by more. What counts "
        "repeats?",
        "The ends are `jnp.cumsum(counts)[:-1]`. Start from n zeros and add 1 at each end. The "
        "answer is the cumulative sum of that. Ends at n are outside and are dropped.",
    ],
    explanation="No two entries were compared: they were used as *indices*. The answer is the "
    "cumulative sum of its own rises, and the rises are a histogram of the places where values "
    "end. Repeats and writes outside do exactly what is needed: repeats add up, and the ends past "
    "the last entry are dropped. `jnp.repeat` with a fixed length works in the same way.",
    another="def sort_by_counting(x):\n"
    "    counts = jnp.zeros(50, jnp.int32).at[x].add(1)\n"
    "    values = jnp.arange(50, dtype=jnp.int32)\n"
    "    return jnp.repeat(values, counts, total_repeat_length=x.size)",
    wrong_answers=[
        wrong(
            lambda x: jnp.sort(x),
            "sorts",
            rejected_by="operation",
            advice="The result is right, but the puzzle forbids a sort. Begin by counting each "
            "value.",
        ),
        wrong(
            ranks_all_pairs,
            "compares all pairs to find each entry's place",
            rejected_by="work",
            advice="All pairs are n times n comparisons. Counting uses each entry only once.",
        ),
        wrong(
            rises_by_one_at_most,
            "goes up by one where it should go up by more",
            rejected_by="values",
            advice="Values that do not occur end at the same place as the value before them. "
            "`.set(1)` counts such repeats once; `.add(1)` counts all.",
        ),
        wrong(
            repeats_without_a_length,
            "repeats each value without saying how long the answer is",
            rejected_by="ConcretizationTypeError",
            advice="The length of `jnp.repeat` depends on the counts, which a compiled program "
            "does not know. You do: it is `x.size`.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown]
# ## 9 · In your own words
#
# A colleague trains a model with a compiled step, `params = step(params, batch)`. The parameters
# fill 60 % of the GPU's memory, and the first step stops because memory runs out. Explain why the
# step needs so much memory. Then name one way to cure it, and say what your colleague has to pay
# attention to with this cure. A person reads this.

# %% [markdown] written="one_step_too_large" minutes=4 points=1
# ### BEGIN SOLUTION
# An array cannot be changed, so the step writes the new parameters to memory of their own while the
# caller still holds the old ones. Both together do not fit. One cure is to donate `params`
# (`donate_argnums`): then each new parameter needs the shape and dtype of an old one, and no code
# may use the old parameters afterwards, under any name. Another one is to keep the parameters in
# references (`jax.new_ref`) and to write into them: then the step is no longer pure.
#
# Rubric:
#
# - 0.5: the reason: arrays cannot be changed, so old and new parameters are in memory together
# - 0.5: a cure together with its condition, such as donating `params`, or references
# - 0: a smaller model or batch is not a cure for this reason
# ### END SOLUTION
