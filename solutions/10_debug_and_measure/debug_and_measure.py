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

# %% [markdown] assignment="10_debug_and_measure" points=20
# # Exercises: debug and measure
#
# The lesson is [course/10_debug_and_measure](../../course/10_debug_and_measure.ipynb). Most
# exercises give you a program that gives a wrong result, wastes time or memory, or hides a mistake.
# Use the tools of the lesson to find out why, and then mend it.
#
# Write your answer in the cell that says so, run it, then run the `check` cell below it. You may
# check as often as you like: nothing is handed in until you submit.

# %%
import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import checkify

from autograder import check, hint, reset

### BEGIN HIDDEN TESTS
from autograder import (
    exercise,
    grows_with_batch,
    matches_gradient,
    matches_reference,
    matches_when_called,
    memory_within,
    mistake,
    question,
    static,
    uses,
    work_grows,
    work_within,
    wrong,
)

# Right results earn half if a Python loop finds them, unless that is what the exercise is about.
HALF_FOR_A_LOOP = (matches_reference(), grows_with_batch(share=0.5))
### END HIDDEN TESTS

# %% [markdown] exercise="fast_track_debug_and_measure" stars=1 importance=1 minutes=1 points=0
# ## 0 · Know it already?
#
# One question, no points. If you are right without running it, begin with exercise 4.
#
# ```python
# @jax.jit
# def look(x, i):
#     print("tracing", x)
#     jax.debug.print("running {}", x)
#     return x[i]
#
# first = look(jnp.arange(3.0), 5)
# second = look(jnp.arange(3.0), 1)
# ```
#
# How many lines do the two calls print together, and what is `first`? Set
# `fast_track_debug_and_measure` to a tuple of the two numbers. If you expect an error, set it to
# `"error"`.

# %% solution="fast_track_debug_and_measure"
### BEGIN SOLUTION
fast_track_debug_and_measure = (3, 2.0)
### END SOLUTION

# %% check="fast_track_debug_and_measure"
check("fast_track_debug_and_measure")
### BEGIN HIDDEN TESTS
question(
    "fast_track_debug_and_measure",
    answer=(3, 2.0),
    hints=[
        "Which of the two prints belongs to Python, and which one to the program?",
        "Python runs the function when JAX traces it: once for both calls. The program runs twice.",
        "An index outside the array does not raise an exception in JAX. Which entry is read?",
    ],
    explanation="`print` runs while JAX traces, and the second call uses the program that the "
    "first call made. `jax.debug.print` is part of the program, so it prints in each of the two "
    "runs. The index 5 is outside, and JAX reads the last entry, 2.0, without a warning.",
    mistakes=[
        mistake(
            (4, 2.0),
            "expects `print` to run in every call",
            advice="The second call has the same shapes and dtypes, so Python does not run the "
            "function again.",
        ),
        mistake(
            (2, 2.0),
            "expects `jax.debug.print` to run once, as `print` does",
            advice="`jax.debug.print` is an operation of the program. It prints in every run.",
        ),
        mistake(
            "error",
            "expects an exception for the index",
            advice="A compiled program cannot raise an exception in the middle. JAX reads the "
            "entry at the nearest index instead.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="misread" stars=1 importance=3 minutes=3 points=1
# ## 1 · Read a jaxpr
#
# A function should return `jax.nn.softmax(jnp.tanh(W @ x))`. The sum of the entries should be 1,
# but it is not. This is the jaxpr of the function:
#
# ```
# { lambda ; a:f32[3,4] b:f32[4]. let
#     c:f32[3] = dot_general[dimension_numbers=(([1], [0]), ([], []))] a b
#     d:f32[3] = tanh c
#     e:f32[] = reduce_max[axes=(0,)] d
#     f:f32[3] = sub d e
#     g:f32[3] = exp f
#     h:f32[] = reduce_sum[axes=(0,)] d
#     i:f32[3] = div g h
#   in (i,) }
# ```
#
# One equation reads a wrong variable. Set `misread` to a tuple of two names: the variable that
# this equation computes, and the variable that it should read instead of the wrong one, for example
# `("f", "a")`.

# %% solution="misread"
### BEGIN SOLUTION
misread = ("h", "g")
### END SOLUTION

# %% check="misread"
check("misread")
### BEGIN HIDDEN TESTS
question(
    "misread",
    answer=("h", "g"),
    hints=[
        "The result of an equation is on the left of `=`. The arguments follow the primitive.",
        "A softmax divides exponentials by their sum. Which variable holds the exponentials, and "
        "which one holds the sum?",
        "The sum is `h`. Look at what it adds up, and at what it should add up.",
    ],
    explanation="`g` holds the exponentials, and `h` should be their sum. It adds up `d` instead, "
    "the numbers before the exponential. Subtracting the maximum first is right: the result stays "
    "the same, and nothing can overflow.",
    mistakes=[
        mistake(
            ("h", "d"),
            "names the variable that is read by mistake",
            advice="You found the equation. The second name is the variable that it should read.",
        ),
        mistake(
            ("i", "d"),
            "blames the division",
            advice="The division of `g` by a sum is right. Look at how the sum was computed.",
        ),
        mistake(
            ("g", "d"),
            "thinks that subtracting the maximum is the mistake",
            advice="`exp(d - max)` divided by its sum is the same softmax, and cannot overflow.",
        ),
        mistake(
            ("h", "f"),
            "adds up the numbers before the exponential",
            advice="The sum should be over the exponentials.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="silently_wrong" stars=1 importance=3 minutes=3 points=1
# ## 2 · Which of these say nothing?
#
# JAX computes with 32 bits unless you ask for more. Which of these lines give a **wrong number
# without a warning and without an exception**? Answer with the letters in order, such as `"BD"`.
#
# - A: `jnp.asarray(np.array([2**40 + 5]))`
# - B: `jnp.asarray(2**40 + 5)`
# - C: `jnp.arange(100_000).sum()`
# - D: `jnp.zeros(3, jnp.float64)`
# - E: `np.arange(100_000).sum()`
#
# You may run them.

# %% solution="silently_wrong"
### BEGIN SOLUTION
silently_wrong = "AC"
### END SOLUTION

# %% check="silently_wrong"
check("silently_wrong")
### BEGIN HIDDEN TESTS
question(
    "silently_wrong",
    answer="AC",
    hints=[
        "Ask two questions about each line: does it warn or raise, and is the number right?",
        "The sum of the numbers below 100,000 is about 5 billion. The largest int32 is about 2.1 "
        "billion.",
        "JAX converts a NumPy array to 32 bits without a warning. It refuses a Python number that "
        "is too large.",
    ],
    explanation="A drops the upper bits of an int64 array, and C overflows. Neither of them warns. "
    "B raises an OverflowError. D warns that it makes float32, and its zeros are right. E is "
    "NumPy, which has 64 bits. Switch on `jax_enable_x64` if your program has such numbers.",
    mistakes=[
        mistake(
            "ABC",
            "expects JAX to cut off the large Python number as well",
            advice="JAX refuses a Python integer that does not fit. Run line B.",
        ),
        mistake(
            "A",
            "overlooks the overflow of the sum",
            advice="The sum is an int32 too, and it is larger than an int32 can be.",
        ),
        mistake(
            "C",
            "expects a warning when a NumPy array is cut off",
            advice="Run line A, and compare the result with the number in the NumPy array.",
        ),
        mistake(
            "ACD",
            "counts a dtype that is not the one in the call",
            advice="Line D does warn, and zeros are zeros in every dtype.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="result_bytes" stars=1 importance=2 minutes=5 points=2
# ## 3 · How large would it be?
#
# Before you run `features` on a billion images, you want to know how much memory its results need.
# Write `result_bytes`, which returns the number of bytes of **all** arrays that `features` returns
# for `n` images. `n` can be so large that neither the images nor the results fit into any memory,
# so your function must not compute any array. Do not count by hand either: `features` will change
# next week.


# %% given="features"
def features(images):
    """images (n, 64, 64) float32 -> a dict with an array for each kind of feature."""
    blocks = images.reshape(-1, 8, 8, 8, 8).mean(axis=(2, 4))
    return {
        "blocks": blocks.astype(jnp.bfloat16),
        "edges": jnp.abs(jnp.diff(images, axis=1)) > 0.5,
        "spectrum": jnp.fft.rfft2(images),
    }


# %% solution="result_bytes"
def result_bytes(n):
    """n, a Python int -> the bytes of all arrays that `features` returns for n images, an int."""
    ### BEGIN SOLUTION
    images = jax.ShapeDtypeStruct((n, 64, 64), jnp.float32)
    leaves = jax.tree.leaves(jax.eval_shape(features, images))
    return sum(leaf.size * leaf.dtype.itemsize for leaf in leaves)
    ### END SOLUTION


# %% check="result_bytes"
check(result_bytes)


### BEGIN HIDDEN TESTS
def _shapes(n, function=features):
    """What `features` returns for n images, as shapes and dtypes."""
    images = jax.ShapeDtypeStruct((n, 64, 64), jnp.float32)
    return jax.tree.leaves(jax.eval_shape(function, images))


exercise(
    result_bytes,
    inputs=lambda rng, n: (static(2_000_000_000 * n),),
    equal_mutants={
        "float32 → float64 (line 2)": "without 64 bits the images are float32 all the same",
        "float32 → int32 (line 2)": "the features of integers take as many bytes",
    },
    requires=[matches_when_called()],
    hints=[
        "Tracing needs only shapes and dtypes. Which function traces and then stops?",
        "`jax.eval_shape(features, jax.ShapeDtypeStruct(shape, dtype))` returns the same dict as "
        "`features`, with a shape and a dtype in the place of each array.",
        "Each leaf has `.size` and `.dtype.itemsize`: add up their products, over "
        "`jax.tree.leaves(...)`.",
    ],
    explanation="`jax.eval_shape` traces the function and returns the structure, the shapes and "
    "the dtypes of its results. It allocates nothing, so it works for sizes that no machine has. "
    "Use it to plan memory, and to find a wrong shape before a long run.",
    another="def result_bytes(n):\n"
    "    images = jax.ShapeDtypeStruct((n, 64, 64), np.float32)\n"
    "    traced = jax.make_jaxpr(features)(images)\n"
    "    return sum(int(np.prod(a.shape, dtype=object)) * a.dtype.itemsize for a in "
    "traced.out_avals)",
    wrong_answers=[
        wrong(
            lambda n: sum(4 * leaf.size for leaf in _shapes(n)),
            "counts four bytes for every number",
            rejected_by="values",
            advice="A bfloat16 has 2 bytes, a boolean 1, and a complex64 8. `dtype.itemsize` is "
            "this number.",
        ),
        wrong(
            lambda n: sum(leaf.size for leaf in _shapes(n)),
            "counts the entries and not their bytes",
            rejected_by="values",
            advice="Multiply the size of each leaf by the bytes of its dtype.",
        ),
        wrong(
            lambda n: max(leaf.size * leaf.dtype.itemsize for leaf in _shapes(n)),
            "counts the largest array only",
            rejected_by="values",
            advice="All three arrays take memory: add them up.",
        ),
        wrong(
            lambda n: n * 64 * 64 * 4,
            "counts the images",
            rejected_by="values",
            advice="The images are the argument of `features`. Count the bytes of its results.",
        ),
        wrong(
            lambda n: sum(leaf.size * leaf.dtype.itemsize for leaf in _shapes(1)),
            "counts the result for one image",
            rejected_by="values",
            advice="Trace with `n` images: `jax.ShapeDtypeStruct((n, 64, 64), jnp.float32)`.",
        ),
        wrong(
            lambda n: [leaf.size * leaf.dtype.itemsize for leaf in _shapes(n)],
            "returns the bytes of each array",
            rejected_by="structure",
            advice="Return one number: the sum.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="mended_slopes" stars=2 importance=3 minutes=6 points=2
# ## 4 · Two bad indices, and no error
#
# `slopes` estimates the slope of a curve at each of its points, from the neighbour on the left and
# the one on the right. In NumPy it raises an `IndexError`. In JAX it runs, and **both ends are
# wrong**. Find out what it reads there, and write `mended_slopes`. The first and the last point
# have only one neighbour. The slope there is the difference between the two points, right minus
# left. Everywhere else it stays `(y[i + 1] - y[i - 1]) / 2`.


# %% given="slopes"
def slopes(y):
    """y (n,) float32, at least two points -> (n,) float32."""
    return jax.vmap(lambda i: (y[i + 1] - y[i - 1]) / 2)(jnp.arange(y.size))


# %% solution="mended_slopes"
def mended_slopes(y):
    """The slopes with both ends mended: y (n,) float32, at least two points -> (n,) float32."""
    ### BEGIN SOLUTION
    i = jnp.arange(y.size)
    left, right = jnp.maximum(i - 1, 0), jnp.minimum(i + 1, y.size - 1)
    return (y[right] - y[left]) / (right - left)
    ### END SOLUTION


# %% check="mended_slopes"
check(mended_slopes)


### BEGIN HIDDEN TESTS
def _with_ends(y, first, last):
    """The slopes, with these functions of y for both ends."""
    inside = (y[2:] - y[:-2]) / 2
    return jnp.concatenate([first(y)[None], inside, last(y)[None]])


exercise(
    mended_slopes,
    inputs=lambda rng, n: (rng.normal(size=n),),
    equal_mutants={
        "jnp.maximum(i - 1, 0), jnp.minimum(i + 1, y.size - 1) → swapped (line 3)": "both "
        "differences change their sign",
        "i - 1, 0 → swapped (line 3)": "the larger of two is the same in any order",
        "i + 1, y.size - 1 → swapped (line 3)": "the smaller of two is the same in any order",
    },
    sizes=(range(5, 10), 2, range(61, 101)),
    public_sizes=(4, 2, 30),
    requires=HALF_FOR_A_LOOP,
    hints=[
        "What is `y[-1]`, and what does JAX read at `y[y.size]`? Try both, with small numbers.",
        "At the left end, the index -1 counts from the end, so JAX reads the last point. At the "
        "right end, the index is out of bounds, so JAX reads the last point again. "
        "`checkify.index_checks` reports only the right end.",
        "Keep the indices inside with `jnp.maximum` and `jnp.minimum`, and divide by the distance "
        "between them: 1 at the ends, 2 elsewhere.",
    ],
    explanation="The left index is -1, which is legal and means the last point. The right index is "
    "outside, and JAX clamps it. Neither raises an exception. `checkify` with `index_checks` finds "
    "the right one, and you find the left one only if you look at the values. `jnp.gradient` "
    "computes these slopes too.",
    another="def mended_slopes(y):\n    return jnp.gradient(y)",
    wrong_answers=[
        wrong(
            lambda y: slopes(y),
            "leaves both ends as they are",
            rejected_by="values",
            advice="Print `slopes(jnp.array([0.0, 1.0, 2.0, 3.0]))`: all slopes should be 1.",
        ),
        wrong(
            lambda y: _with_ends(y, lambda y: (y[1] - y[-1]) / 2, lambda y: y[-1] - y[-2]),
            "mends the right end only",
            rejected_by="values",
            advice="`checkify` reports only the right end. At the left end, `y[-1]` is a legal "
            "index, but it means the last point.",
        ),
        wrong(
            lambda y: _with_ends(y, lambda y: y[1] - y[0], lambda y: (y[-1] - y[-2]) / 2),
            "mends the left end only",
            rejected_by="values",
            advice="At the right end, JAX reads the last point in place of a neighbour, so the "
            "slope is half as large as it should be.",
        ),
        wrong(
            lambda y: _with_ends(y, lambda y: (y[1] - y[0]) / 2, lambda y: (y[-1] - y[-2]) / 2),
            "keeps the indices inside and divides by 2 everywhere",
            rejected_by="values",
            advice="At the ends the distance between the two points is 1, not 2.",
        ),
        wrong(
            lambda y: _with_ends(y, lambda y: 0 * y[0], lambda y: 0 * y[0]),
            "puts 0 at both ends",
            rejected_by="values",
            advice="Each end has one neighbour. The slope is the difference between the two "
            "points.",
        ),
        wrong(
            lambda y: (y[2:] - y[:-2]) / 2,
            "leaves the ends out",
            rejected_by="shape",
            advice="Return a slope for each point, also for the first and the last point.",
        ),
        wrong(
            lambda y: jnp.append(jnp.diff(y), y[-1] - y[-2]),
            "takes the difference to the right neighbour everywhere",
            rejected_by="values",
            advice="Between the ends, compute the slope from both neighbours.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="mended_energy" stars=2 importance=3 minutes=10 points=3
# ## 5 · Find the NaN
#
# The energy of beads in a plane has three parts. Its value is right, but `jax.grad(energy)(x)` is
# NaN everywhere. Find the part that makes the NaN, for example with `jax.debug_nans(True)`, and
# write `mended_energy`. It returns the **same values**, and its gradient is right. No two beads are
# in the same place.


# %% given="energy_of_beads"
def stretch(x):
    """How far the steps from bead to bead are from length 1."""
    steps = x[1:] - x[:-1]
    return jnp.sum((jnp.sqrt(jnp.sum(steps**2, axis=1)) - 1) ** 2)


def repel(x):
    """How close the beads are to one another; no bead repels itself."""
    gaps = x[:, None] - x[None, :]
    distances = jnp.sqrt(jnp.sum(gaps**2, axis=2))
    itself = jnp.eye(x.shape[0], dtype=bool)
    return jnp.sum(jnp.where(itself, 0.0, jnp.exp(-distances)))


def centre(x):
    """How far the beads are from the middle."""
    return jnp.sum(jnp.log1p(jnp.sum(x**2, axis=1)))


def energy(x):
    """Beads at x (n, 2) float32 -> () float32."""
    return stretch(x) + repel(x) + centre(x)


# %% solution="mended_energy"
def mended_energy(x):
    """Beads at x (n, 2) float32 -> () float32, with a gradient that is not NaN."""
    ### BEGIN SOLUTION
    squares = jnp.sum((x[:, None] - x[None, :]) ** 2, axis=2)
    itself = jnp.eye(x.shape[0], dtype=bool)
    distances = jnp.sqrt(jnp.where(itself, 1.0, squares))
    return stretch(x) + jnp.sum(jnp.where(itself, 0.0, jnp.exp(-distances))) + centre(x)
    ### END SOLUTION


# %% check="mended_energy"
check(mended_energy)


### BEGIN HIDDEN TESTS
def _beads(rng, n):
    """Beads about one step apart from each other, whatever the seed."""
    angle = np.cumsum(rng.uniform(-1, 1, size=n))
    return 0.8 * np.cumsum(np.stack([np.cos(angle), np.sin(angle)], axis=1), axis=0)


def _repelled(x, under, outside=0.0):
    """The energy, for what is put under the root in place of the squares."""
    gaps = x[:, None] - x[None, :]
    itself = jnp.eye(x.shape[0], dtype=bool)
    distances = jnp.sqrt(under(itself, jnp.sum(gaps**2, axis=2)))
    pairs = jnp.where(itself, outside, jnp.exp(-distances))
    return stretch(x) + jnp.sum(pairs) + centre(x)


def _masked_outside(x):
    gaps = x[:, None] - x[None, :]
    itself = jnp.eye(x.shape[0], dtype=bool)
    distances = jnp.where(itself, 1.0, jnp.sqrt(jnp.sum(gaps**2, axis=2)))
    return stretch(x) + jnp.sum(jnp.where(itself, 0.0, jnp.exp(-distances))) + centre(x)


def _by_loop(x):
    total = stretch(x) + centre(x)
    for k in range(x.shape[0]):
        others = jnp.concatenate([x[:k], x[k + 1 :]])
        total += jnp.sum(jnp.exp(-jnp.sqrt(jnp.sum((others - x[k]) ** 2, axis=1))))
    return total


exercise(
    mended_energy,
    inputs=lambda rng, n: (_beads(rng, n),),
    requires=[matches_reference(), matches_gradient(), grows_with_batch(share=0.5)],
    equal_mutants={
        "1.0 → anything (line 4)": "the stand-in is a constant, and the outer where drops it",
        "dtype=bool → nothing (line 3)": "where takes 1.0 for true",
        "x[:, None] - x[None, :] → x[None, :] - x[:, None] (line 2)": "it is squared",
    },
    hints=[
        "Compute the gradient of each part separately. Which one is NaN?",
        "It is `repel`. The distance of a bead to itself is 0, and the slope of the root at 0 is "
        "infinite. The `where` comes too late, after the root of 0.",
        "Put a second `where` **inside** the root: `jnp.sqrt(jnp.where(itself, 1.0, squares))`. "
        "Keep the outer one.",
    ],
    explanation="On the way back, the `where` sends 0 to the diagonal, and 0 times the infinite "
    "slope of the root is NaN. Every bead has a place on the diagonal, so every entry of the "
    "gradient is NaN. An inner `where` keeps 0 away from the root. The second solution does not "
    "compute the diagonal at all. Where that is possible, it is the simplest solution.",
    another="def mended_energy(x):\n"
    "    i, j = np.triu_indices(x.shape[0], 1)  # each pair once\n"
    "    distances = jnp.sqrt(jnp.sum((x[i] - x[j]) ** 2, axis=1))\n"
    "    return stretch(x) + 2 * jnp.sum(jnp.exp(-distances)) + centre(x)",
    wrong_answers=[
        wrong(
            _masked_outside,
            "still takes the root of 0",
            rejected_by="gradient",
            advice="The gradient of `repel` is NaN: the slope of the root at 0 is infinite. A "
            "`where` around the root comes too late, and so does `jnp.nan_to_num`. Change what "
            "goes **into** the root.",
        ),
        wrong(
            lambda x: stretch(x) + jax.lax.stop_gradient(repel(x)) + centre(x),
            "stops the gradient of the whole part",
            rejected_by="gradient",
            advice="Now the gradient has no part from beads that repel each other. Only the "
            "diagonal should have no gradient.",
        ),
        wrong(
            lambda x: stretch(x) + centre(x),
            "leaves the part out",
            rejected_by="values",
            advice="The values have to stay the same, so all three parts are needed.",
        ),
        wrong(
            lambda x: _repelled(x, lambda itself, squares: jnp.where(itself, 1.0, squares), 1.0),
            "lets every bead repel itself",
            rejected_by="values",
            advice="Keep the outer `where`, which puts 0 on the diagonal.",
        ),
        wrong(
            lambda x: _repelled(x, lambda itself, squares: squares + 0.01),
            "adds so much under the root that the distances change",
            rejected_by="values",
            advice="The values have to stay the same. Under the root, change the diagonal only.",
        ),
        wrong(
            _by_loop,
            "goes through the beads in Python",
            rejected_by="batch loop",
            earns=0.5,
            advice="The gradient is right. Keep the table of all pairs, and mend its diagonal.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="checked_walk" stars=2 importance=3 minutes=10 points=3
# ## 6 · Add a check
#
# `walk` follows a table. Its state is an index. In each step, the entry `table[state]` becomes the
# next state. If a state is beyond the end of the table, JAX reads the last entry, and the walk goes
# on without an error. Write `checked_walk`. It returns the same last state, but raises a
# `checkify.JaxRuntimeError` if it would **read** beyond the end of the table. Entries that the walk
# never reads do not matter.
#
# Use a loop that is part of the program, such as `jax.lax.fori_loop`. JAX traces its body, so
# Python cannot raise an exception in it.


# %% given="walk"
def walk(table, start, steps):
    """table (m,) int32, none negative, start () int32, steps () int32 -> the last state ()."""
    table, start = jnp.asarray(table), jnp.asarray(start)
    return jax.lax.fori_loop(0, steps, lambda _, state: table[state], start)


# %% solution="checked_walk"
def checked_walk(table, start, steps):
    """table (m,) int32, start () int32, steps () int32 -> the last state () int32, or an error."""
    table, start = jnp.asarray(table), jnp.asarray(start)

    ### BEGIN SOLUTION
    def move(_, state):
        checkify.check(state < table.size, "the state {} is beyond the table", state)
        return table[state]

    def walked(start):
        return jax.lax.fori_loop(0, steps, move, start)

    error, state = checkify.checkify(walked)(start)
    error.throw()
    return state
    ### END SOLUTION


# %% check="checked_walk"
check(checked_walk)


### BEGIN HIDDEN TESTS
def _paths(rng, n):
    """A table of 12 places, a start and a number of steps.

    The walk visits the places in the order of a permutation. Which entry leads beyond the table,
    and whether it is read and followed, is up to n.
    """
    order = np.insert(rng.permutation(11), 6, 11)  # what a read beyond the table gives, late
    table = np.zeros(12, np.int32)
    table[order] = np.roll(order, -1)
    place, leads_to = {
        0: (8, 12),  # never read
        1: (2, 12),  # read in the third step, and followed in the fourth
        2: (4, 12),  # read in the last step, and not followed
        3: (3, 40),
        4: (8, order[9]),  # no entry leads beyond the table
    }[n % 5]
    table[order[place]] = leads_to
    return table, np.int32(order[0]), np.int32(5)


def _checked(check, throw=True, result=lambda error, state: state):
    """An answer with this check in the loop."""

    def answer(table, start, steps):
        table = jnp.asarray(table)

        def move(_, state):
            check(table, state)
            return table[state]

        def walked(start):
            return jax.lax.fori_loop(0, steps, move, start)

        error, state = checkify.checkify(walked)(start)
        if throw:
            error.throw()
        return result(error, state)

    return answer


def _inside(table, state):
    checkify.check(state < table.size, "outside")


def _python_asks(table, start, steps):
    table = jnp.asarray(table)

    def move(_, state):
        if state >= table.size:
            raise IndexError("outside")
        return table[state]

    return jax.lax.fori_loop(0, steps, move, start)


def _whole_table(table, start, steps):
    checkify.check(jnp.all(jnp.asarray(table) < len(table)), "outside")
    return walk(table, start, steps)


def _unchecked(table, start, steps):
    table = jnp.asarray(table)

    def move(_, state):
        checkify.check(state < table.size, "outside")
        return table[state]

    return jax.lax.fori_loop(0, steps, move, start)


def _last_state(table, start, steps):
    state = walk(table, start, steps)
    checkify.check(state < table.size, "outside")
    return state


exercise(
    checked_walk,
    inputs=_paths,
    equal_mutants={
        f"{line} → stop_gradient of it (line {number})": "nobody differentiates a state"
        for line, number in (
            ("return table[state]", 6),
            ("return jax.lax.fori_loop(0, steps, move, start)", 9),
            ("return state", 12),
        )
    }
    | {
        "asarray(…) → its first argument (line 2, place 2)": "a NumPy number is as good a start",
    },
    sizes=(range(21, 32, 5), 2, 3, 4, 5, range(61, 100, 5)),
    public_sizes=(6, 7, 8, 9, 10),
    requires=[matches_when_called()],
    hints=[
        "What has to be true before each read? Put a check of it inside the loop.",
        "`checkify.check(condition, message)` goes into the body of the loop. "
        "`checkify.checkify(function)` makes a function that returns a pair: an error, and the "
        "result.",
        "Put the loop into a function `walked` of `start`. Then write "
        "`error, state = checkify.checkify(walked)(start)`, and `error.throw()` raises if a check "
        "failed.",
    ],
    explanation="`checkify` turns a check into data. The program carries the error along, through "
    "loops and branches, and `error.throw()` raises it outside, in Python. The second solution has "
    "no check of its own: `errors=checkify.index_checks` adds one to every indexing operation.",
    another="def checked_walk(table, start, steps):\n"
    "    checked = checkify.checkify(walk, errors=checkify.index_checks)\n"
    "    error, state = jax.jit(checked)(table, start, steps)\n"
    "    error.throw()\n"
    "    return state",
    wrong_answers=[
        wrong(
            _checked(_inside, throw=False),
            "walks on and raises nothing",
            rejected_by="structure",
            advice="Put a `checkify.check` before the read. `checkify.checkify` only returns the "
            "error, so call `error.throw()` to raise it.",
        ),
        wrong(
            _checked(_inside, throw=False, result=lambda error, state: (error.get() or "", state)),
            "returns the error's message with the state",
            rejected_by="structure",
            advice="Return only the state. Raise the error with `error.throw()`.",
        ),
        wrong(
            _unchecked,
            "leaves out `checkify.checkify`",
            rejected_by="ValueError",
            advice="A `check` inside traced code needs `checkify.checkify` around the function, "
            "which carries the error out.",
        ),
        wrong(
            _python_asks,
            "uses a Python `if` and `raise` inside the loop",
            rejected_by="TracerBoolConversionError",
            advice="In the body of the loop, the state is a tracer and has no value. "
            "`checkify.check` makes the check a part of the program.",
        ),
        wrong(
            _whole_table,
            "checks all entries of the table before the loop",
            rejected_by="JaxRuntimeError",
            advice="An entry that is never read does not matter. Check the state before each read.",
        ),
        wrong(
            _checked(lambda table, state: checkify.check(state >= table.size, "outside")),
            "has the condition the wrong way round",
            rejected_by="JaxRuntimeError",
            advice="Give `checkify.check` the condition that has to be **true**, as in `assert`.",
        ),
        wrong(
            _last_state,
            "checks the last state only",
            rejected_by="structure",
            advice="After a wrong read, the walk can come back into the table. Then the last state "
            "looks right. Check before each read.",
        ),
        wrong(
            _checked(lambda table, state: checkify.check(state <= table.size, "outside")),
            "lets the first place beyond the table pass",
            rejected_by="structure",
            advice="A table of m entries has the indices 0 to m - 1: `state < table.size`.",
        ),
        wrong(
            _checked(lambda table, state: checkify.check(table[state] < table.size, "outside")),
            "checks the next state and not the one that it reads at",
            rejected_by="JaxRuntimeError",
            advice="The last state may be outside, because the walk does not read there. Check the "
            "state before the read.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="lean_run" stars=2 importance=2 minutes=6 points=2
# ## 7 · Shrink a jaxpr
#
# Print `jax.make_jaxpr(run)(W, h, xs)` for a `W` of shape (8, 8), an `h` of shape (8,) and `xs` of
# shape (5, 8). Look at the jaxpr inside the `scan`. All of its equations run in **every** turn, and
# some of them compute the same thing each time. Write `lean_run`, which has the same result, but
# computes these things only once. The loop stays a `jax.lax.scan`.


# %% given="run"
def unit(W):
    """W with columns of length 1."""
    return W / jnp.sqrt(jnp.sum(W**2, axis=0))


def run(W, h, xs):
    """W (8, 8), h (8,), xs (n, 8), all float32 -> the last state (8,)."""

    def turn(h, x):
        return jnp.tanh(unit(W) @ h / 2 + unit(W.T) @ x), None

    return jax.lax.scan(turn, h, xs)[0]


# %% solution="lean_run"
def lean_run(W, h, xs):
    """W (8, 8), h (8,), xs (n, 8), all float32 -> the last state (8,)."""
    ### BEGIN SOLUTION
    by_state, by_input = unit(W), unit(W.T)

    def turn(h, x):
        return jnp.tanh(by_state @ h / 2 + by_input @ x), None

    return jax.lax.scan(turn, h, xs)[0]
    ### END SOLUTION


# %% check="lean_run"
check(lean_run)


### BEGIN HIDDEN TESTS
def _run(W, h, xs, by_state=None, by_input=None, last=lambda h: h):
    """The run, with these functions for the two matrices of a turn."""
    by_state = by_state or (lambda: unit(W))
    by_input = by_input or (lambda: unit(W.T))

    def turn(h, x):
        return jnp.tanh(by_state() @ h / 2 + by_input() @ x), None

    return last(jax.lax.scan(turn, h, xs)[0])


def _unrolled_run(W, h, xs):
    by_state, by_input = unit(W), unit(W.T)
    for x in xs:
        h = jnp.tanh(by_state @ h / 2 + by_input @ x)
    return h


def _fixed(matrix):
    return lambda: matrix


exercise(
    lean_run,
    inputs=lambda rng, n: (rng.normal(size=(8, 8)), rng.normal(size=8), rng.normal(size=(n, 8))),
    requires=[
        matches_reference(),
        uses(
            "sqrt",
            at_least=0,
            at_most=2,
            instead="What does not depend on `h` or `x` can be computed once, before the loop.",
        ),
        work_within(1.5),
        grows_with_batch(share=0.5),
    ],
    hints=[
        "Which equations of the inner jaxpr depend neither on the state nor on the row?",
        "`unit(W)` and `unit(W.T)` are the same in every turn, but the body computes them.",
        "Compute both before the loop, and let `turn` close over them.",
    ],
    explanation="The body of a `scan` is in the program once and runs in every turn. If a part of "
    "it depends only on `W`, compute that part before the loop. XLA sometimes moves it there for "
    "you, and sometimes does not. The second solution goes further: it computes one matrix product "
    "for all rows, before the loop.",
    another="def lean_run(W, h, xs):\n"
    "    by_state = unit(W)\n"
    "    turn = lambda h, row: (jnp.tanh(by_state @ h / 2 + row), None)\n"
    "    return jax.lax.scan(turn, h, xs @ unit(W.T).T)[0]",
    wrong_answers=[
        wrong(
            lambda W, h, xs: _run(W, h, xs),
            "computes the lengths of the columns in every turn",
            rejected_by="operation",
            advice="`unit(W)` and `unit(W.T)` are the same in every turn. Compute them before the "
            "loop.",
        ),
        wrong(
            _unrolled_run,
            "writes the loop out in Python",
            rejected_by="batch loop",
            earns=0.5,
            advice="Now the program grows with every row. Keep the `scan`.",
        ),
        wrong(
            lambda W, h, xs: _run(W, h, xs, _fixed(W), _fixed(W.T)),
            "leaves `unit` out",
            rejected_by="values",
            advice="The columns must have length 1. Call `unit`, but only once for each matrix.",
        ),
        wrong(
            lambda W, h, xs: _run(W, h, xs, _fixed(unit(W)), _fixed(unit(W).T)),
            "transposes after the division",
            rejected_by="values",
            advice="`unit(W.T)` has columns of length 1. `unit(W).T` has rows of length 1.",
        ),
        wrong(
            lambda W, h, xs: _run(W, h, xs[:1], _fixed(unit(W)), _fixed(unit(W.T))),
            "takes one turn only",
            rejected_by="values",
            advice="The loop uses all rows of `xs`, one in each turn.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="log_totals" stars=2 importance=3 minutes=12 points=3
# ## 8 · Halve the memory, again and again
#
# The loss of a language model needs, for each position, the logarithm of the sum of `exp(score)`
# over all words. `log_totals_at_once` first makes a table of all scores, with a row for each
# position and a column for each word. This table is often the largest array of the whole training.
# Write `log_totals`, which returns the same numbers, but needs **at most a tenth of the memory**
# for its temporaries. Compare both with `.lower(...).compile().memory_analysis()`, for a few
# thousand words.
#
# The number of words is a multiple of 50.


# %% given="log_totals_at_once"
def log_totals_at_once(hidden, words):
    """hidden (8, 4), words (m, 4), float32 -> (8,) float32."""
    return jax.nn.logsumexp(hidden @ words.T, axis=1)


# %% solution="log_totals"
def log_totals(hidden, words):
    """hidden (8, 4), words (m, 4) with m a multiple of 50, float32 -> (8,) float32."""

    ### BEGIN SOLUTION
    def more(total, part):
        of_part = jax.nn.logsumexp(hidden @ part.T, axis=1)
        return jnp.logaddexp(total, of_part), None

    nothing = jnp.full(8, -jnp.inf)
    return jax.lax.scan(more, nothing, words.reshape(-1, 50, 4))[0]
    ### END SOLUTION


# %% check="log_totals"
check(log_totals)


### BEGIN HIDDEN TESTS
def _over_parts(hidden, words, of_part, join, start=-jnp.inf):
    """A scan over parts of 50 words, which joins what each part gives."""

    def more(total, part):
        return join(total, of_part(hidden @ part.T)), None

    return jax.lax.scan(more, jnp.full(8, start), words.reshape(-1, 50, 4))[0]


def _log_total(scores):
    return jax.nn.logsumexp(scores, axis=1)


def _parts_in_python(hidden, words):
    total = jnp.full(8, -jnp.inf)
    for part in words.reshape(-1, 50, 4):
        total = jnp.logaddexp(total, _log_total(hidden @ part.T))
    return total


exercise(
    log_totals,
    # Scores of some tens: with larger ones the sum of the exponentials overflows.
    inputs=lambda rng, n: (20 * rng.normal(size=(8, 4)), rng.normal(size=(50 * n, 4))),
    equal_mutants={
        "total, of_part → swapped (line 5)": "they are joined in the same way in any order",
    },
    requires=[
        matches_reference(),
        memory_within(2, allowance=8192),
        grows_with_batch("not at all"),
        work_within(2),
    ],
    hints=[
        "Take 50 words at a time. What do you have to remember about the words before them?",
        "One number for each position is enough: the logarithm of the sum so far. "
        "`jnp.logaddexp(a, b)` joins two of them, and `-jnp.inf` stands for no words at all.",
        "`jax.lax.scan` over `words.reshape(-1, 50, 4)`, with the logarithms so far as the carry. "
        "In each turn join them with `jax.nn.logsumexp(hidden @ part.T, axis=1)`.",
    ],
    explanation="You can compute the logarithm of a sum part by part, so only 50 columns of the "
    "table exist at a time. The second solution keeps a running maximum and a running sum instead, "
    "as fast attention kernels do. To map over the positions would not be enough, because a single "
    "row of the table grows with the number of words.",
    another="def log_totals(hidden, words):\n"
    "    def more(carry, part):\n"
    "        most, total = carry\n"
    "        scores = hidden @ part.T\n"
    "        top = jnp.maximum(most, scores.max(axis=1))\n"
    "        new = jnp.exp(scores - top[:, None]).sum(axis=1)\n"
    "        return (top, total * jnp.exp(most - top) + new), None\n"
    "    start = jnp.full(8, -jnp.inf), jnp.zeros(8)\n"
    "    (top, total), _ = jax.lax.scan(more, start, words.reshape(-1, 25, 4))\n"
    "    return top + jnp.log(total)",
    wrong_answers=[
        wrong(
            lambda hidden, words: log_totals_at_once(hidden, words),
            "keeps a score for every word",
            rejected_by="memory",
            advice="Take the words in parts, with `jax.lax.scan` over `words.reshape(-1, 50, 4)`, "
            "and carry only the logarithms so far. `jax.lax.map` over the positions is not enough, "
            "because one row of scores grows with the words too.",
        ),
        wrong(
            _parts_in_python,
            "goes through the parts in Python",
            rejected_by="batch loop",
            advice="The idea is right. `jax.lax.scan` puts the loop into the program, once.",
        ),
        wrong(
            lambda hidden, words: _over_parts(
                hidden, words, lambda scores: jnp.exp(scores).sum(axis=1), jnp.add, 0.0
            ),
            "adds up the exponentials and forgets the logarithm",
            rejected_by="values",
            advice="Return the logarithm of the sum. The sum itself can overflow, so use "
            "`jax.nn.logsumexp` and `jnp.logaddexp`.",
        ),
        wrong(
            lambda hidden, words: jnp.log(
                _over_parts(hidden, words, lambda scores: jnp.exp(scores).sum(axis=1), jnp.add, 0.0)
            ),
            "adds up exponentials that overflow",
            rejected_by="values",
            advice="`exp(100)` is infinite in float32. Join logarithms with `jnp.logaddexp`, which "
            "subtracts the larger one first.",
        ),
        wrong(
            lambda hidden, words: _over_parts(hidden, words, _log_total, jnp.add, 0.0),
            "adds up the logarithms of the parts",
            rejected_by="values",
            advice="A sum of logarithms is the logarithm of a product. Join two of them with "
            "`jnp.logaddexp`.",
        ),
        wrong(
            lambda hidden, words: _over_parts(
                hidden, words, lambda scores: scores.max(axis=1), jnp.maximum
            ),
            "takes the largest score",
            rejected_by="values",
            advice="The other words count too: `jax.nn.logsumexp` adds up all of them.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="busy_share" stars=3 importance=2 minutes=15 points=2
# ## 9 · A puzzle: how busy was the device?
#
# A profile lists operations, each with the time when it began and the time when it ended. The
# operations are in no order. On several cores they overlap, and one may even begin and end while
# another one runs. Look at the time from the first beginning to the last end. Write `busy_share`,
# which returns the share of this time in which **at least one** operation ran.
#
# Profiles are long, so use no loop: the program must not have a `while`, and its work must be far
# less than `n * n`.


# %% solution="busy_share"
def busy_share(begin, end):
    """begin (n,), end (n,) float32, seconds, in no order -> () float32, between 0 and 1."""
    ### BEGIN SOLUTION
    order = jnp.argsort(begin)
    begin, end = begin[order], end[order]
    reached = jax.lax.associative_scan(jnp.maximum, end)  # the last end so far
    idle = jnp.maximum(begin[1:] - reached[:-1], 0.0).sum()
    return 1 - idle / (reached[-1] - begin[0])
    ### END SOLUTION


# %% check="busy_share"
check(busy_share)


### BEGIN HIDDEN TESTS
def _operations(rng, n):
    """n operations: gaps between groups, overlaps in them, and in each a long one over the rest."""
    group = np.arange(n) // 4
    begin = 3.0 * group + rng.uniform(0.2, 0.5, size=n)
    end = begin + rng.uniform(0.1, 0.3, size=n)
    first = np.arange(n) % 4 == 0
    begin[first] = 3.0 * group[first] + rng.uniform(0, 0.2, size=first.sum())
    end[first] = begin[first] + rng.uniform(1.2, 2.2, size=first.sum())
    last = np.arange(n) % 4 == 3  # beyond the long one, so that a gap lies in the group too
    begin[last] += 2.1
    end[last] += 2.1
    order = rng.permutation(n)
    return begin[order], end[order]


def _neighbours_only(begin, end):
    order = jnp.argsort(begin)
    begin, end = begin[order], end[order]
    idle = jnp.maximum(begin[1:] - end[:-1], 0.0).sum()
    return 1 - idle / (end.max() - begin[0])


def _unsorted(begin, end):
    reached = jax.lax.associative_scan(jnp.maximum, end)
    idle = jnp.maximum(begin[1:] - reached[:-1], 0.0).sum()
    return 1 - idle / (end.max() - begin.min())


def _by_scan(begin, end):
    order = jnp.argsort(begin)
    begin, end = begin[order], end[order]

    def turn(reached, operation):
        begins, ends = operation
        return jnp.maximum(reached, ends), jnp.maximum(begins - reached, 0.0)

    last, gaps = jax.lax.scan(turn, begin[0], (begin, end))
    return 1 - gaps.sum() / (last - begin[0])


def _every_pair_of_operations(begin, end):
    covered = (begin[None, :] <= end[:, None]) & (end[None, :] > end[:, None])
    later = jnp.where(begin[None, :] > end[:, None], begin[None, :], jnp.inf).min(axis=1)
    idle = jnp.where(covered.any(axis=1) | jnp.isinf(later), 0.0, later - end).sum()
    return 1 - idle / (end.max() - begin.min())


exercise(
    busy_share,
    inputs=_operations,
    equal_mutants={
        "begin[1:] - reached[:-1], 0.0 → swapped (line 5)": "the larger of two is the same in any "
        "order",
    },
    sizes=(range(61, 80), 1, range(241, 280)),
    public_sizes=(32, 1, 130),
    requires=[
        matches_reference(),
        uses(
            "while",
            at_least=0,
            at_most=0,
            instead="Sort by the beginning. The last end so far is a running maximum.",
        ),
        work_grows("n log n"),
        grows_with_batch("not at all"),
    ],
    hints=[
        "Count the time in which nothing runs. When does such a gap begin, and when does it end?",
        "Sort the operations by their beginning. A gap ends when an operation begins. It begins at "
        "the last end so far, which may not be the end of the operation just before.",
        "The last end so far is a running maximum: `jax.lax.cummax`, or `jax.lax.associative_scan` "
        "with `jnp.maximum`. A gap is `begin[1:] - reached[:-1]`, where this is positive.",
    ],
    explanation="A sum of the durations counts overlaps twice: two busy cores would give a share "
    "of 2. You need the length of the union of the intervals. After sorting, a running maximum is "
    "enough for it. The second solution goes through all beginnings and ends in order, and counts "
    "how many operations run.",
    another="def busy_share(begin, end):\n"
    "    times = jnp.concatenate([begin, end])\n"
    "    change = jnp.concatenate([jnp.ones_like(begin), -jnp.ones_like(end)])\n"
    "    order = jnp.argsort(times)\n"
    "    running = jax.lax.associative_scan(jnp.add, change[order])\n"
    "    busy = jnp.where(running[:-1] > 0.5, jnp.diff(times[order]), 0.0).sum()\n"
    "    return busy / (end.max() - begin.min())",
    wrong_answers=[
        wrong(
            lambda begin, end: jnp.sum(end - begin) / (end.max() - begin.min()),
            "adds up the durations",
            rejected_by="values",
            advice="Operations that overlap are counted twice. Count the time when nothing runs.",
        ),
        wrong(
            _neighbours_only,
            "compares each beginning with the end of the operation just before",
            rejected_by="values",
            advice="An earlier operation may still be running. Take the last end so far: a running "
            "maximum.",
        ),
        wrong(
            _unsorted,
            "forgets that the operations are in no order",
            rejected_by="values",
            advice="Sort both arrays by the beginning first. `jnp.argsort` gives the order.",
        ),
        wrong(
            lambda begin, end: 1 - busy_share(begin, end),
            "returns the share of the time in which nothing ran",
            rejected_by="values",
            advice="Return the share of the time in which at least one operation ran.",
        ),
        wrong(
            _by_scan,
            "goes through the operations one after another",
            rejected_by="operation",
            advice="The last end so far is a running maximum, and `jax.lax.cummax` computes it "
            "without a loop.",
        ),
        wrong(
            _every_pair_of_operations,
            "compares every operation with every other one",
            rejected_by="work",
            advice="A table of n times n is too much for a long profile. Sort first: then only "
            "the last end so far matters.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown]
# ## 10 · In your own words
#
# After twelve thousand steps of a training loop under `jit`, the loss becomes NaN. Until then
# everything looked right. A run takes an hour. Say which tool of the lesson you would use first,
# and what you would learn from it. Then name one tool of the lesson that would not help here, and
# say why. A person reads this.

# %% [markdown] written="which_tool" minutes=4 points=1
# ### BEGIN SOLUTION
# Tools that help, for example: save the parameters and the batch of the last good step, and repeat
# that one step under `jax.debug_nans(True)`, which names the operation that makes the first NaN; or
# `checkify` with `float_checks` around the step, which can stay on in the compiled program; or
# `jax.debug.print` of the loss and the size of the gradient, to see whether they grow first. Tools
# that do not help, for example: `print`, which runs only while tracing; `disable_jit` or
# `debug_nans` for the whole run, which would take far too long; `eval_shape` or a jaxpr, which know
# shapes and no values; a profile, which tells where time goes; a breakpoint, which would stop in
# every step.
#
# Rubric:
#
# - 0.5: a tool that helps, with what it tells
# - 0.5: a tool that does not help, with the reason
# ### END SOLUTION
