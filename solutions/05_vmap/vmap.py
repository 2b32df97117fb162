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

# %% [markdown] assignment="05_vmap" points=20
# # Exercises: `vmap`
#
# The lesson is [course/05_vmap](../../course/05_vmap.ipynb). Each exercise gives you a function
# that handles **one** thing and asks for one that handles **many**.
#
# Write your answer in the cell that says so, run it, then run the `check` cell below it. You may
# check as often as you like: nothing is handed in until you submit. No answer needs a Python loop.

# %%
import jax
import jax.numpy as jnp

from autograder import check, hint, reset

### BEGIN HIDDEN TESTS
from autograder import (
    exercise,
    grows_with_batch,
    matches_reference,
    memory_within,
    mistake,
    question,
    uses,
    wrong,
)

# Right results earn half if a Python loop finds them, unless that is what the exercise is about.
HALF_FOR_A_LOOP = (matches_reference(), grows_with_batch(share=0.5))
### END HIDDEN TESTS

# %% [markdown] exercise="fast_track_vmap" stars=1 importance=1 minutes=1 points=0
# ## 0 · Know it already?
#
# `f` takes two vectors and returns a number. `xs` has shape `(5, 3)` and `ys` has shape `(7, 3)`.
# What is the shape of
#
# ```python
# jax.vmap(jax.vmap(f, in_axes=(None, 0), out_axes=0), in_axes=(0, None), out_axes=1)(xs, ys)
# ```
#
# Answer with a tuple. If you know without running it, you may skip the lesson.

# %% solution="fast_track_vmap"
### BEGIN SOLUTION
fast_track_vmap = (7, 5)
### END SOLUTION

# %% check="fast_track_vmap"
check("fast_track_vmap")
### BEGIN HIDDEN TESTS
question(
    "fast_track_vmap",
    answer=(7, 5),
    hints=[
        "Each `vmap` adds one axis. Which argument does each of the two slice?",
        "The inner one slices `ys` and returns a vector of 7. The outer one slices `xs`.",
        "`out_axes=1` of the outer one makes the axis of size 5 the second axis.",
    ],
    explanation="The inner `vmap` turns `f` into a function from one `x` to 7 numbers. The outer "
    "one maps this function over 5 rows, and puts the results along axis 1.",
    mistakes=[
        mistake(
            (5, 7),
            "thinks that the outer axis always comes first",
            advice="It comes first unless `out_axes` says otherwise. Here `out_axes` is 1.",
        ),
        mistake(
            (5,),
            "maps over both arguments together",
            advice="A `None` in `in_axes` shares an argument, so there is a result for every pair.",
        ),
        mistake(
            (7, 5, 3),
            "keeps the axis of the vectors",
            advice="`f` returns one number for two vectors, so their axis is gone.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="predict_batch" stars=1 importance=3 minutes=1 points=1
# ## 1 · A whole batch at once
#
# `predict` handles one example. Write `predict_batch`, which applies it to every row of `xs`.


# %% given="predict"
def predict(W, b, x):
    """One example: W (3, 4), b (3,), x (4,) -> (3,)."""
    return jnp.dot(W, x) + b


# %% solution="predict_batch"
def predict_batch(W, b, xs):
    """A batch: W (3, 4), b (3,), xs (n, 4) -> (n, 3)."""
    ### BEGIN SOLUTION
    return jax.vmap(predict, in_axes=(None, None, 0))(W, b, xs)
    ### END SOLUTION


# %% check="predict_batch"
check(predict_batch)
### BEGIN HIDDEN TESTS
exercise(
    predict_batch,
    inputs=lambda rng, n: (rng.normal(size=(3, 4)), rng.normal(size=3), rng.normal(size=(n, 4))),
    requires=HALF_FOR_A_LOOP,
    hints=[
        "Only one of the three arguments has a batch axis.",
        "`in_axes` takes one entry per argument: an axis number, or `None` for an argument that "
        "every example shares.",
        "`jax.vmap(predict, in_axes=(None, None, ...))` with the right number in place of the "
        "dots, called with `W, b, xs`.",
    ],
    explanation="`None` means that every call gets the whole array. `0` means that each call gets "
    "one slice along axis 0. `vmap` turned the product of a matrix and a vector into a product of "
    "two matrices.",
    another="def predict_batch(W, b, xs):\n    return xs @ W.T + b",
    wrong_answers=[
        wrong(
            lambda W, b, xs: jnp.stack([predict(W, b, x) for x in xs]),
            "calls `predict` once per example in a Python loop",
            rejected_by="batch loop",
            earns=0.5,
            advice="Tracing unrolls the loop: the program has one dot product per example. Use "
            "`jax.vmap` instead of the loop.",
        ),
        wrong(
            lambda W, b, xs: jax.vmap(predict)(W, b, xs),
            "maps over the weights and the bias as well",
            rejected_by="ValueError",
            advice="Without `in_axes`, vmap slices every argument along axis 0. `W` and `b` are "
            "shared: their entry is `None`.",
        ),
        wrong(
            lambda W, b, xs: xs @ W.T,
            "forgets the bias",
            rejected_by="values",
            advice="Compare your formula with the last line of `predict`.",
        ),
        wrong(
            lambda W, b, xs: jax.vmap(predict, in_axes=(None, None, 0), out_axes=1)(W, b, xs),
            "puts the batch on the last axis",
            rejected_by="shape",
            advice="Without `out_axes`, the batch is axis 0 of the result, as it should be here.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="column_norms" stars=1 importance=3 minutes=3 points=2
# ## 2 · Another axis
#
# Here the vectors are the **columns** of a matrix. Write `column_norms`, which returns the norm of
# each column, without transposing the matrix. The norm of a column of zeros is 0.


# %% given="norm"
def norm(v):
    """One vector: v (d,) -> ()."""
    return jnp.sqrt(jnp.sum(v**2))


# %% solution="column_norms"
def column_norms(A):
    """The norm of every column: A (d, n) -> (n,)."""
    ### BEGIN SOLUTION
    return jax.vmap(norm, in_axes=1)(A)
    ### END SOLUTION


# %% check="column_norms"
check(column_norms)


### BEGIN HIDDEN TESTS
def _columns(rng, n):
    """Columns of which the last is zero; at size 0 three zero ones, where only 0 is near enough."""
    A = rng.normal(size=(5, n or 3))
    return A if n == 1 else A * [column < n - 1 for column in range(n or 3)]


exercise(
    column_norms,
    sizes=(range(5, 10), 1, 0, range(61, 101)),
    public_sizes=(4, 1, 0, 10),
    inputs=lambda rng, n: (_columns(rng, n),),
    requires=[
        matches_reference(),
        grows_with_batch(share=0.5),
        uses("transpose", at_most=0, instead="`in_axes=1` slices the columns without it."),
    ],
    hints=[
        "`norm` should see one column at a time. Which axis counts the columns?",
        "`in_axes` may be a plain number if there is only one argument.",
        "Map `norm` with `in_axes=1`: then each call gets one column.",
    ],
    explanation="`in_axes` names the axis that disappears inside the function. Axis 1 of `A` "
    "counts columns, so `norm` sees one column of length `d` at a time.",
    another="def column_norms(A):\n    return jnp.linalg.norm(A, axis=0)",
    wrong_answers=[
        wrong(
            lambda A: jax.vmap(norm)(A.T),
            "turns the matrix first",
            rejected_by="operation",
            advice="`vmap` can slice the matrix along axis 1 as it is: `in_axes=1`.",
        ),
        wrong(
            lambda A: jax.vmap(norm)(A),
            "takes the norm of every row",
            rejected_by="shape",
            advice="vmap slices along axis 0 unless `in_axes` says otherwise, and axis 0 counts "
            "the rows.",
        ),
        wrong(
            lambda A: jnp.sum(A**2, axis=0),
            "leaves out the square root",
            rejected_by="values",
            advice="Use `norm` itself instead of writing its formula again.",
        ),
        wrong(
            lambda A: jnp.stack([norm(A[:, i]) for i in range(A.shape[1])]),
            "loops over the columns in Python",
            rejected_by="batch loop",
            earns=0.5,
            advice="`in_axes=1` takes `A[:, i]` for every `i`, without unrolling a loop.",
        ),
        wrong(
            lambda A: norm(A),
            "takes one norm of the whole matrix",
            rejected_by="shape",
            advice="Map `norm` over the columns: called on `A` itself, it sums over both axes.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="predict_columns" stars=2 importance=2 minutes=5 points=2
# ## 3 · In through one axis, out through another
#
# Some libraries keep examples in columns. Write `predict_columns`: the examples are the columns
# of `xs`, and the predictions should be the columns of the result. `predict` is still the one from
# exercise 1. Neither `xs` nor the result needs a transpose.


# %% solution="predict_columns"
def predict_columns(W, b, xs):
    """Examples in columns: W (3, 4), b (3,), xs (4, n) -> (3, n)."""
    ### BEGIN SOLUTION
    return jax.vmap(predict, in_axes=(None, None, 1), out_axes=1)(W, b, xs)
    ### END SOLUTION


# %% check="predict_columns"
check(predict_columns)
### BEGIN HIDDEN TESTS
exercise(
    predict_columns,
    inputs=lambda rng, n: (rng.normal(size=(3, 4)), rng.normal(size=3), rng.normal(size=(4, n))),
    requires=HALF_FOR_A_LOOP,
    hints=[
        "The batch axis has a place in the input and a place in the output. You can choose both.",
        "`in_axes` says where the batch axis of each argument is, and `out_axes` where it is in "
        "the result.",
        "`in_axes=(None, None, 1)` and `out_axes=1`.",
    ],
    explanation="One call returns three numbers. `out_axes=1` puts the calls along axis 1, so each "
    "prediction is a column.",
    another="def predict_columns(W, b, xs):\n    return W @ xs + b[:, None]",
    wrong_answers=[
        wrong(
            lambda W, b, xs: jax.vmap(predict, in_axes=(None, None, 1))(W, b, xs),
            "leaves the predictions in rows",
            rejected_by="shape",
            advice="The batch is the first axis of the result unless `out_axes` says otherwise.",
        ),
        wrong(
            lambda W, b, xs: jax.vmap(predict, in_axes=(None, None, 1))(W, b, xs).reshape(3, -1),
            "reshapes instead of transposing",
            rejected_by="values",
            advice="`reshape` keeps the order of the numbers in memory, so it does not swap axes. "
            "`out_axes=1` puts the batch on axis 1.",
        ),
        wrong(
            lambda W, b, xs: jax.vmap(predict, in_axes=(None, None, 0), out_axes=1)(W, b, xs),
            "maps over the rows of `xs`",
            rejected_by="TypeError",
            advice="The examples are columns: axis 1 of `xs` counts them.",
        ),
        wrong(
            lambda W, b, xs: jnp.stack(
                [predict(W, b, xs[:, i]) for i in range(xs.shape[1])], axis=1
            ),
            "loops over the columns in Python",
            rejected_by="batch loop",
            earns=0.5,
            advice="`in_axes` and `out_axes` do both the slicing and the stacking.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="ensemble" stars=2 importance=3 minutes=8 points=3
# ## 4 · A pytree with one batched leaf
#
# An ensemble of `n` models keeps its parameters in one dictionary. Each model has its own weights,
# which are stacked along the first axis. The bias is **shared** by all models. Write `ensemble`,
# which returns the prediction of every model for the same `x`.


# %% given="apply_model"
def apply_model(params, x):
    """One model: params {"W": (3, 4), "b": (3,)}, x (4,) -> (3,)."""
    return jnp.tanh(x @ params["W"].T + params["b"])


# %% solution="ensemble"
def ensemble(params, x):
    """Every model: params {"W": (n, 3, 4), "b": (3,)}, x (4,) -> (n, 3)."""
    ### BEGIN SOLUTION
    return jax.vmap(apply_model, in_axes=({"W": 0, "b": None}, None))(params, x)
    ### END SOLUTION


# %% check="ensemble"
check(ensemble)
### BEGIN HIDDEN TESTS
exercise(
    ensemble,
    # Size 0 stands for three models: as many as each of them has outputs.
    sizes=(range(5, 10), 1, 0, range(61, 101)),
    public_sizes=(4, 1, 0, 10),
    inputs=lambda rng, n: (
        {"W": rng.normal(size=(n or 3, 3, 4)), "b": rng.normal(size=3)},
        rng.normal(size=4),
    ),
    requires=HALF_FOR_A_LOOP,
    hints=[
        "An entry of `in_axes` may be a pytree, with one entry for each leaf of the argument.",
        "The first entry of `in_axes` is a dictionary with the keys of `params`.",
        '`in_axes=({"W": 0, "b": None}, None)`.',
    ],
    explanation="`in_axes` has the form of the arguments: a tuple with one entry per argument, and "
    "here the first entry is a dictionary with the keys of `params`. `None` shares a leaf.",
    another='def ensemble(params, x):\n    return jnp.tanh(params["W"] @ x + params["b"])',
    wrong_answers=[
        wrong(
            lambda params, x: jax.vmap(apply_model, in_axes=(0, None))(params, x),
            "maps over the shared bias as well",
            rejected_by="ValueError",
            advice="One number for a whole dictionary holds for every leaf in it. Write a "
            "dictionary with one entry for each leaf.",
        ),
        wrong(
            lambda params, x: jnp.tanh(params["W"] @ x),
            "forgets the bias",
            rejected_by="values",
            advice="Map `apply_model` itself instead of a formula of your own.",
        ),
        wrong(
            lambda params, x: jnp.mean(
                jax.vmap(apply_model, in_axes=({"W": 0, "b": None}, None))(params, x), axis=0
            ),
            "averages over the models",
            rejected_by="shape",
            advice="Return the prediction of every model, without taking a mean.",
        ),
        wrong(
            lambda params, x: jnp.stack(
                [apply_model({"W": W, "b": params["b"]}, x) for W in params["W"]]
            ),
            "takes the models one by one in a Python loop",
            rejected_by="batch loop",
            earns=0.5,
            advice="`in_axes` can slice `W` along axis 0 and share `b`, without a loop.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="pairwise" stars=2 importance=3 minutes=8 points=3
# ## 5 · All pairs
#
# `distance` compares two points. Write `pairwise`, which compares every point of `xs` with every
# point of `ys`: entry `[i, j]` is the distance from `xs[i]` to `ys[j]`. Some points are in both
# lists. The distance between equal points is 0.


# %% given="distance"
def distance(x, y):
    """Two points: x (3,), y (3,) -> ()."""
    return jnp.sqrt(jnp.sum((x - y) ** 2))


# %% solution="pairwise"
def pairwise(xs, ys):
    """All pairs: xs (n, 3), ys (m, 3) -> (n, m)."""
    ### BEGIN SOLUTION
    from_one = jax.vmap(distance, in_axes=(None, 0))
    return jax.vmap(from_one, in_axes=(0, None))(xs, ys)
    ### END SOLUTION


# %% check="pairwise"
check(pairwise)


### BEGIN HIDDEN TESTS
def _two_lists(rng, n):
    """Two lists that share points; at size 0 one point over and over, where only 0 is enough.

    All are far from the origin, so that a difference of squares has too few digits.
    """
    xs, ys = 300 + rng.normal(size=(n or 3, 3)), 300 + rng.normal(size=(n + 2, 3))
    ys[-1] = xs[-1]
    ys[: n // 2] = xs[: n // 2]
    return (xs, ys) if n else (xs[:1].repeat(3, axis=0), xs[:1].repeat(2, axis=0))


exercise(
    pairwise,
    sizes=(range(5, 10), 1, 0, range(24, 41)),
    public_sizes=(4, 1, 0, 10),
    inputs=_two_lists,
    requires=HALF_FOR_A_LOOP,
    hints=[
        "First write a function for one point and all of `ys`. One vmap is enough for that.",
        "A vmapped function is a function: vmap it again, over the other argument.",
        "The inner one has `in_axes=(None, 0)`, the outer one `in_axes=(0, None)`.",
    ],
    explanation="The inner vmap adds the axis of `ys`, the outer one puts the axis of `xs` in "
    "front of it. The outermost vmap makes the first axis of the result.",
    another="def pairwise(xs, ys):\n"
    "    return jnp.sqrt(jnp.sum((xs[:, None, :] - ys[None, :, :]) ** 2, axis=-1))",
    wrong_answers=[
        wrong(
            lambda xs, ys: jax.vmap(distance)(xs, ys),
            "maps over both lists together",
            rejected_by="ValueError",
            advice="One vmap over both arguments pairs the first with the first, like `zip`. For "
            "all pairs you need two vmaps, each over one argument.",
        ),
        wrong(
            lambda xs, ys: jax.vmap(jax.vmap(distance, in_axes=(0, None)), in_axes=(None, 0))(
                xs, ys
            ),
            "has rows and columns swapped",
            rejected_by="shape",
            advice="The outer vmap makes the first axis, so it should map over `xs`.",
        ),
        wrong(
            lambda xs, ys: jnp.sum((xs[:, None, :] - ys[None, :, :]) ** 2, axis=-1),
            "gives the squared distance",
            rejected_by="values",
            advice="Map `distance` itself: your formula leaves out the square root.",
        ),
        wrong(
            lambda xs, ys: jnp.stack([jax.vmap(distance, in_axes=(None, 0))(x, ys) for x in xs]),
            "loops over the first list in Python",
            rejected_by="batch loop",
            earns=0.5,
            advice="The inner vmap is right. Write a second one instead of the loop.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="per_example_gradients" stars=3 importance=3 minutes=8 points=2
# ## 6 · One gradient for each example
#
# `jax.grad(loss)` computes the gradient for one example, as a pytree like `params`. Write
# `per_example_gradients`, which returns a gradient for each example.


# %% given="loss"
def loss(params, x, y):
    """The squared error of one example: params {"w": (4,), "b": ()}, x (4,), y () -> ()."""
    return (jnp.dot(params["w"], x) + params["b"] - y) ** 2


# %% solution="per_example_gradients"
def per_example_gradients(params, xs, ys):
    """xs (n, 4), ys (n,) -> {"w": (n, 4), "b": (n,)}, a gradient per example."""
    ### BEGIN SOLUTION
    return jax.vmap(jax.grad(loss), in_axes=(None, 0, 0))(params, xs, ys)
    ### END SOLUTION


# %% check="per_example_gradients"
check(per_example_gradients)
### BEGIN HIDDEN TESTS
exercise(
    per_example_gradients,
    # Large losses of small inputs: a difference of two losses has too few digits for a slope.
    inputs=lambda rng, n: (
        {"w": rng.normal(size=4), "b": rng.normal()},
        0.1 * rng.normal(size=(n, 4)),
        100 * rng.normal(size=n),
    ),
    requires=HALF_FOR_A_LOOP,
    hints=[
        "`jax.grad(loss)` is a function of one example. How do you map it over many?",
        "Transformations nest: vmap of grad. `params` is shared, and the examples are not.",
        "Map the function `jax.grad(loss)` with `in_axes=(None, 0, 0)`.",
    ],
    explanation="The gradient of a mean loss mixes the examples. vmap of grad keeps one gradient "
    "per example. You need these to clip each example's gradient, or to find out which example "
    "has the most influence.",
    another="def per_example_gradients(params, xs, ys):\n"
    "    losses = lambda p: jax.vmap(loss, in_axes=(None, 0, 0))(p, xs, ys)\n"
    "    return jax.jacrev(losses)(params)",
    wrong_answers=[
        wrong(
            lambda params, xs, ys: jax.grad(
                lambda p: jnp.mean(jax.vmap(loss, in_axes=(None, 0, 0))(p, xs, ys))
            )(params),
            "differentiates the mean loss",
            rejected_by="shape",
            advice="Your mean comes before the gradient, so the examples are mixed. Take the "
            "gradient of one example first, then vmap it.",
        ),
        wrong(
            lambda params, xs, ys: jax.tree.map(
                lambda g: g / xs.shape[0],
                jax.vmap(jax.grad(loss), in_axes=(None, 0, 0))(params, xs, ys),
            ),
            "divides by the size of the batch",
            rejected_by="values",
            advice="Return the gradient of each example itself, not its part of a mean.",
        ),
        wrong(
            lambda params, xs, ys: jax.vmap(jax.grad(loss, argnums=1), in_axes=(None, 0, 0))(
                params, xs, ys
            ),
            "differentiates with respect to `x`",
            rejected_by="structure",
            advice="`jax.grad` differentiates with respect to the first argument unless `argnums` "
            "says otherwise. Here the first argument is `params`.",
        ),
        wrong(
            lambda params, xs, ys: jax.tree.map(
                lambda *gs: jnp.stack(gs),
                *[jax.grad(loss)(params, x, y) for x, y in zip(xs, ys, strict=True)],
            ),
            "loops over the examples in Python",
            rejected_by="batch loop",
            earns=0.5,
            advice="`jax.grad(loss)` is a function like any other: vmap it.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="middle_distances" stars=2 importance=2 minutes=8 points=2
# ## 7 · A few at a time
#
# `middle_distance` looks at one point and at a cloud of 512 points. Write `middle_distances`, which
# does this for every row of `xs`, with **at most 16 rows at a time**: all distances at once would
# need too much memory. The memory of your program is measured. The number of rows does not have to
# be a multiple of 16.


# %% given="middle_distance"
def middle_distance(x, cloud):
    """The median of the distances from a point to a cloud: x (3,), cloud (512, 3) -> ()."""
    return jnp.median(jnp.sqrt(jnp.sum((cloud - x) ** 2, axis=1)))


# %% solution="middle_distances"
def middle_distances(xs, cloud):
    """The median distance of every point: xs (n, 3), cloud (512, 3) -> (n,)."""
    ### BEGIN SOLUTION
    return jax.lax.map(lambda x: middle_distance(x, cloud), xs, batch_size=16)
    ### END SOLUTION


# %% check="middle_distances"
check(middle_distances)


### BEGIN HIDDEN TESTS
def _whole_batches(xs, cloud, size=16):
    """The rows in batches of this size; those that are left over are lost."""
    batches = xs[: len(xs) // size * size].reshape(-1, size, 3)
    batched = jax.vmap(middle_distance, in_axes=(0, None))
    return jax.lax.map(lambda batch: batched(batch, cloud), batches).reshape(-1)


exercise(
    middle_distances,
    # Growth and memory are judged between sizes that 16 divides: the rest is a program of its own.
    sizes=(range(64, 129, 16), 1, 23, range(960, 1025, 16)),
    public_sizes=(48, 1, 21, 512),
    inputs=lambda rng, n: (rng.normal(size=(n, 3)), rng.normal(size=(512, 3))),
    requires=[
        matches_reference(),
        grows_with_batch("not at all"),
        memory_within(4, allowance=150_000),
    ],
    equal_mutants={
        "16 → anything (line 2)": "a few rows more or less at a time",
        "batch_size=16 → nothing (line 2)": "one row at a time needs even less memory",
        "x, cloud → swapped (line 2)": "a distance is the same in both directions",
    },
    hints=[
        "`vmap` computes every step for all rows at once. Which function of `jax.lax` takes them "
        "one after another, or a few at a time?",
        "`jax.lax.map(f, xs, batch_size=16)` runs `f` on 16 rows at a time, and also on the rows "
        "that are left over.",
        "`f` gets one row, but `middle_distance` needs `cloud` too. Write a `lambda` of one row "
        "that calls it with both, and give this function to `jax.lax.map`.",
    ],
    explanation="`jax.lax.map` is a loop over batches, with a `vmap` inside. The memory depends "
    "on the size of a batch, not on the number of rows. `jax.lax.map` without `batch_size` needs "
    "the least memory and is the slowest, since it handles one row at a time.",
    another="def middle_distances(xs, cloud):\n"
    "    missing = -len(xs) % 16\n"
    "    batches = jnp.pad(xs, ((0, missing), (0, 0))).reshape(-1, 16, 3)\n"
    "    batched = jax.vmap(middle_distance, in_axes=(0, None))\n"
    "    _, found = jax.lax.scan(lambda _, batch: (None, batched(batch, cloud)), None, batches)\n"
    "    return found.reshape(-1)[: len(xs)]",
    wrong_answers=[
        wrong(
            lambda xs, cloud: jax.vmap(middle_distance, in_axes=(0, None))(xs, cloud),
            "computes all distances at once",
            rejected_by="memory",
            advice="`vmap` makes a table with 512 distances for every row of `xs`. `jax.lax.map` "
            "with a `batch_size` makes a small part of the table at a time.",
        ),
        wrong(
            lambda xs, cloud: _whole_batches(xs, cloud),
            "loses the rows that are left over",
            rejected_by="shape",
            advice="After the last whole batch of 16, some rows may be left over. `jax.lax.map` "
            "with `batch_size=16` computes them, too.",
        ),
        wrong(
            lambda xs, cloud: jnp.concatenate(
                [
                    jax.vmap(middle_distance, in_axes=(0, None))(xs[i : i + 16], cloud)
                    for i in range(0, len(xs), 16)
                ]
            ),
            "goes through the batches in a Python loop",
            rejected_by="batch loop",
            advice="Tracing writes every batch into the program. `jax.lax.map` keeps one copy and "
            "loops when the program runs.",
        ),
        wrong(
            lambda xs, cloud: jax.lax.map(
                lambda point: middle_distance(point, xs), cloud, batch_size=16
            ),
            "maps over the cloud",
            rejected_by="shape",
            advice="There should be one result for each row of `xs`: map over `xs`, and use "
            "`cloud` as a whole in each call.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="attention" stars=3 importance=2 minutes=15 points=3
# ## 8 · A puzzle: attention, three times over
#
# `attend` lets **one** query look at the keys of one sequence. A transformer does this for every
# position, of every head, of every sequence in the batch. Write `attention`. All arrays have the
# axes *(batch, time, head, feature)*.
#
# Any right answer passes. The puzzle is to do it with `attend` and three vmaps, without a
# transpose, a reshape or an einsum of your own.


# %% given="attend"
def attend(query, keys, values):
    """One query: query (d,), keys (t, d), values (t, d) -> (d,)."""
    weights = jax.nn.softmax(keys @ query / jnp.sqrt(query.shape[0]))
    return weights @ values


# %% solution="attention"
def attention(queries, keys, values):
    """Every query: three arrays (b, t, h, d) -> (b, t, h, d)."""
    ### BEGIN SOLUTION
    over_time = jax.vmap(attend, in_axes=(0, None, None))
    over_heads = jax.vmap(over_time, in_axes=1, out_axes=1)
    over_batch = jax.vmap(over_heads)
    return over_batch(queries, keys, values)
    ### END SOLUTION


# %% check="attention"
check(attention)


### BEGIN HIDDEN TESTS
def _sequences(rng, n):
    """Queries, keys and values, whose four axes all differ and depend on the size.

    Queries and keys are eighths, so that their products are exact on any device. The first queries
    are so large that the exponential of a score overflows.
    """
    queries, keys, values = (rng.normal(size=(n, n + 1, n + 2, 3 + n % 2)) for _ in range(3))
    queries, keys = (8 * queries).round() / 8, (8 * keys).round() / 8
    queries[:, 0] *= 256
    return queries, keys, values


exercise(
    attention,
    sizes=(range(5, 9), 1, range(19, 25)),
    public_sizes=(4, 1, 10),
    inputs=_sequences,
    requires=HALF_FOR_A_LOOP,
    hints=[
        "Work from the inside out. First handle all queries of one sequence and one head.",
        "Then the heads. Without the batch axis, the axes are (time, head, feature). Which of them "
        "counts the heads, in the arguments and in the result?",
        "From the inside: `in_axes=(0, None, None)`; then `in_axes=1, out_axes=1`; then a plain "
        "vmap over the batch.",
    ],
    explanation="Each vmap removes one axis from the arrays that the function inside gets. The "
    "queries are mapped over time, and the keys and values are shared: that is attention. From the "
    "outside in, the vmaps are over batch, head and time.",
    another="def attention(queries, keys, values):\n"
    '    scores = jnp.einsum("bqhd,bkhd->bhqk", queries, keys) / jnp.sqrt(queries.shape[-1])\n'
    '    return jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(scores), values)',
    wrong_answers=[
        wrong(
            lambda q, k, v: jax.vmap(
                jax.vmap(jax.vmap(attend, in_axes=(0, None, None)), in_axes=1)
            )(q, k, v),
            "leaves the head axis in front of time",
            rejected_by="shape",
            advice="The heads are the first axis of the result unless `out_axes` puts them back.",
        ),
        wrong(
            lambda q, k, v: jax.vmap(jax.vmap(jax.vmap(attend, in_axes=(0, None, None))))(q, k, v),
            "lets the heads look at each other instead of the times",
            rejected_by="values",
            advice="Without the batch axis, axis 0 is time. The middle vmap should map over the "
            "heads, which are axis 1.",
        ),
        wrong(
            lambda q, k, v: jnp.stack(
                [
                    jax.vmap(jax.vmap(attend, in_axes=(0, None, None)), in_axes=1, out_axes=1)(*one)
                    for one in zip(q, k, v, strict=True)
                ]
            ),
            "loops over the batch in Python",
            rejected_by="batch loop",
            earns=0.5,
            advice="The two inner vmaps are right. Write a third one for the batch.",
        ),
        wrong(
            lambda q, k, v: jax.vmap(jax.vmap(attend, in_axes=1, out_axes=1))(q, k, v),
            "forgets to map over the queries",
            rejected_by="TypeError",
            advice="`attend` takes one query of shape (d,) and all keys (t, d). Map the queries "
            "over time, and share the keys and values.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown]
# ## 9 · In your own words
#
# In two to four sentences: name one computation for which you would use plain broadcasting without
# `vmap`, and one for which you would use `vmap`. Give a reason for each. A person reads this.

# %% [markdown] written="when_to_vmap" minutes=5 points=2
# ### BEGIN SOLUTION
# Broadcasting: standardising the columns of a table, `(x - x.mean(0)) / x.std(0)`. The operations
# are elementwise, and the formula already reads like the mathematics. vmap would make the code
# longer and the program the same. vmap: a loss with a gradient per example, or any function whose
# one-example version has several steps and axes. Written for one example, it is easy to read, and
# no axis has to be tracked by hand.
#
# Rubric:
#
# - 1: a computation for broadcasting, with a reason that fits it
# - 1: a computation for `vmap`, with a reason that fits it
# - 0: a computation without a reason earns nothing
# - 0: `vmap` is not faster because it is `vmap`
# ### END SOLUTION
