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

# %% [markdown] assignment="11_train_a_model" points=20
# # Exercises: train a model
#
# The lesson is [course/11_train_a_model](../../course/11_train_a_model.ipynb). Each exercise is one
# part of a training program, such as batches, a loss, a schedule, an epoch, an optimizer, a
# checkpoint or a mesh. It also needs something from the earlier lessons.
#
# Write your answer in the cell that says so, run it, then run the `check` cell below it. You may
# check as often as you like: nothing is handed in until you submit.
#
# Arrays hold float32 unless the exercise says something else. A pytree may be any nesting of dicts,
# lists and tuples. Write plain JAX: no exercise needs Optax, Flax or Orbax.

# %%
import jax
import jax.numpy as jnp
from jax import lax
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

from autograder import check, hint, reset, simulate_devices

simulate_devices()  # jax.config.update("jax_num_cpu_devices", 8), before anything is computed

### BEGIN HIDDEN TESTS
import ml_dtypes
import numpy as np

from autograder import (
    communicates_like_reference,
    exercise,
    grows_with_batch,
    matches_gradient,
    matches_reference,
    memory_within,
    mistake,
    question,
    sharded_like_reference,
    static,
    uses,
    wrong,
)


def layer(rng, n, m, scale=1.0):
    return {"w": scale * rng.normal(size=(n, m)), "b": scale * rng.normal(size=m)}


# Right results earn half if a Python loop finds them, unless that is what the exercise is about.
HALF_FOR_A_LOOP = (matches_reference(), grows_with_batch(share=0.5))
### END HIDDEN TESTS

# %% [markdown] exercise="fast_track_train_a_model" stars=1 importance=1 minutes=1 points=0
# ## 0 · Know it already?
#
# This question is for readers who have trained networks before. It gives no points. If you are sure
# of your answer and it is right, read the lesson from *Eight devices* on, and begin with exercise
# 5.
#
# A model has 1000 parameters and is trained with Adam. How many floating-point numbers must a
# checkpoint hold, so that the resumed run continues with the same losses?

# %% solution="fast_track_train_a_model"
# A number
### BEGIN SOLUTION
fast_track_train_a_model = 3000
### END SOLUTION

# %% check="fast_track_train_a_model"
check("fast_track_train_a_model")
### BEGIN HIDDEN TESTS
question(
    "fast_track_train_a_model",
    answer=3000,
    hints=[
        "What changes from step to step, besides the parameters?",
        "Adam remembers two running averages for each parameter.",
        "The parameters, the averages of the gradients, and the averages of their squares.",
    ],
    explanation="The parameters, `mu` and `nu` have 1000 numbers each. (The number of steps is an "
    "integer.) Every step computes new gradients, so a checkpoint does not need them.",
    mistakes=[
        mistake(
            1000,
            "saves the parameters only",
            advice="Then Adam begins with averages of 0, and the losses differ.",
        ),
        mistake(
            2000,
            "forgets one of the averages",
            advice="Adam has two averages: of the gradients, and of their squares. Add the "
            "parameters to them.",
        ),
        mistake(
            4000,
            "saves the gradients as well",
            advice="The next step computes its own gradients from its own batch.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="make_batches" stars=1 importance=3 minutes=4 points=1
# ## 1 · Batches
#
# Write `make_batches`. It takes the examples in the given `order`, and cuts them into batches of
# `size` examples. The new first axis counts the batches. Leave out the examples at the end that do
# not fill a batch.


# %% solution="make_batches"
def make_batches(xs, ys, order, size):
    """xs (n, 2), ys (n,), order (n,) int32, size a Python int -> (k, size, 2), (k, size)."""
    ### BEGIN SOLUTION
    count = len(order) // size
    chosen = order[: count * size].reshape(count, size)
    return xs[chosen], ys[chosen]
    ### END SOLUTION


# %% check="make_batches"
check(make_batches)
### BEGIN HIDDEN TESTS


def cut(array, size):
    """The array in batches, without the rest."""
    return array[: len(array) // size * size].reshape(-1, size, *array.shape[1:])


exercise(
    make_batches,
    inputs=lambda rng, n: (
        rng.normal(size=(8 * n + 3, 2)),
        rng.normal(size=8 * n + 3),
        rng.permutation(8 * n + 3),
        static(8 if n % 2 else 5),
    ),
    requires=HALF_FOR_A_LOOP,
    hints=[
        "How many whole batches are there? `len(order)` and `size` are plain Python numbers.",
        "Cut off the end of `order`, and reshape it to `(k, size)`.",
        "An integer array of shape `(k, size)` as an index of `xs` gives `(k, size, 2)`.",
    ],
    explanation="Shapes are known while tracing, so Python computes the number of batches. The "
    "same indices choose points and labels, so the pairs stay together.",
    another="def make_batches(xs, ys, order, size):\n"
    "    def cut(array):\n"
    "        array = jnp.take(array, order, axis=0)\n"
    "        rest = len(array) % size\n"
    "        return array[: len(array) - rest].reshape(-1, size, *array.shape[1:])\n\n"
    "    return cut(xs), cut(ys)",
    wrong_answers=[
        wrong(
            lambda xs, ys, order, size: (cut(xs, size), cut(ys, size)),
            "does not use the order",
            rejected_by="values",
            advice="The first batch holds `xs[order[0]]`, `xs[order[1]]` and so on.",
        ),
        wrong(
            lambda xs, ys, order, size: (cut(xs[order], size), cut(ys, size)),
            "shuffles the points and not their labels",
            rejected_by="values",
            advice="Every point now has the label of another one. Index both with the same order.",
        ),
        wrong(
            lambda xs, ys, order, size: (
                xs[order[: len(order) // size * size].reshape(size, -1)],
                ys[order[: len(order) // size * size].reshape(size, -1)],
            ),
            "has the two new axes in the wrong order",
            rejected_by="shape",
            advice="The first axis counts the batches, so that `scan` can walk along it.",
        ),
        wrong(
            lambda xs, ys, order, size: (xs[order.reshape(-1, size)], ys[order.reshape(-1, size)]),
            "forgets the examples that are left over",
            rejected_by="TypeError",
            advice="The number of examples may not be a multiple of `size`. Cut off the rest "
            "before you reshape.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="masked_loss" stars=2 importance=3 minutes=8 points=2
# ## 2 · A batch that is not full
#
# A program has fixed shapes, so a batch that is too short gets extra rows. `mask` is 1 for the real
# rows and 0 for the extra rows, which may hold anything, even NaN or infinity. Write `masked_loss`.
# It returns the mean of the squared errors `(x @ w - y)**2` over the **real** rows only, and 0 if
# there are none. Its gradient has to be right as well.


# %% solution="masked_loss"
def masked_loss(w, xs, ys, mask):
    """w (3,), xs (n, 3), ys (n,), mask (n,) int32, 1 or 0 -> ()."""
    ### BEGIN SOLUTION
    xs = jnp.where(mask[:, None], xs, 0)
    ys = jnp.where(mask, ys, 0)
    return jnp.sum((xs @ w - ys) ** 2) / jnp.maximum(mask.sum(), 1)
    ### END SOLUTION


# %% check="masked_loss"
check(masked_loss)
### BEGIN HIDDEN TESTS


def partly_filled(rng, n):
    """A batch with rubbish in the rows that are not real: at size 1 no row is, at size 2 one."""
    mask = rng.random(n) < 0.6
    mask[0], mask[1:2] = n > 1, False
    xs, ys = rng.normal(size=(n, 3)), rng.normal(size=n)
    xs[~mask], ys[~mask] = np.nan, np.inf
    return rng.normal(size=3), xs, ys, mask.astype(int)


exercise(
    masked_loss,
    inputs=partly_filled,
    sizes=(range(5, 10), 1, 2, range(61, 101)),
    public_sizes=(4, 1, 2, 30),
    requires=[matches_reference(), matches_gradient(), grows_with_batch(share=0.5)],
    equal_mutants={
        "mask.sum(), 1 → swapped (line 4)": "the larger of two numbers, in either order",
        "xs @ w - ys → ys - xs @ w (line 4)": "the error is squared",
    },
    hints=[
        "NaN times 0 is NaN. How do you replace a NaN in an array?",
        "`jnp.where(mask, a, 0)` chooses. For the gradient, choose *before* you compute with the "
        "numbers, as in lesson 7.",
        "Put 0 into the extra rows of `xs` and `ys` with `jnp.where`, sum the squared errors, and "
        "divide by `jnp.maximum(mask.sum(), 1)`.",
    ],
    explanation="A row of zeros has error 0 and adds nothing. With `where` after the computation, "
    "the value would be right and the gradient would be NaN, because 0 times NaN is NaN on the way "
    "back as well. With `maximum`, an empty batch does not divide by zero.",
    another="def masked_loss(w, xs, ys, mask):\n"
    "    def error(x, y, real):\n"
    "        x, y = jnp.where(real, x, 0), jnp.where(real, y, 0)\n"
    "        return (x @ w - y) ** 2\n\n"
    "    errors = jax.vmap(error)(xs, ys, mask)\n"
    "    return errors.sum() / jnp.where(mask.any(), mask.sum(), 1)",
    wrong_answers=[
        wrong(
            lambda w, xs, ys, mask: (
                jnp.sum(jnp.where(mask, (xs @ w - ys) ** 2, 0)) / jnp.maximum(mask.sum(), 1)
            ),
            "removes the NaN after the computation",
            rejected_by="gradient",
            advice="The loss is right, and its gradient is NaN, because the way back passes "
            "through the NaN. Use `jnp.where` on `xs` and `ys` first.",
        ),
        wrong(
            lambda w, xs, ys, mask: jnp.sum(mask * (xs @ w - ys) ** 2) / jnp.maximum(mask.sum(), 1),
            "multiplies by the mask",
            rejected_by="values",
            advice="0 times NaN is NaN. Use `jnp.where`, which chooses and does not multiply.",
        ),
        wrong(
            lambda w, xs, ys, mask: jnp.mean(
                (jnp.where(mask[:, None], xs, 0) @ w - jnp.where(mask, ys, 0)) ** 2
            ),
            "divides by the number of all rows",
            rejected_by="values",
            advice="The extra rows do not count. Divide by `mask.sum()`.",
        ),
        wrong(
            lambda w, xs, ys, mask: (
                jnp.sum((jnp.where(mask[:, None], xs, 0) @ w - jnp.where(mask, ys, 0)) ** 2)
                / mask.sum()
            ),
            "divides by zero when no example is real",
            rejected_by="values",
            advice="Where the mask is 0 everywhere, the loss should be 0. Divide by at least 1.",
        ),
        wrong(
            lambda w, xs, ys, mask: jnp.mean((xs[mask == 1] @ w - ys[mask == 1]) ** 2),
            "picks out the real rows",
            rejected_by="NonConcreteBooleanIndexError",
            advice="While JAX traces, the number of real rows is not known, so an array of them "
            "has no shape. Keep all rows, and put zeros into the extra ones.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="warmup_cosine" stars=2 importance=2 minutes=7 points=2
# ## 3 · A schedule
#
# The learning rate depends on the number of the step. Write `warmup_cosine`, which returns the
# rates of many steps at once:
#
# - before step `warmup`, the rate grows linearly, from 0 at step 0 to `peak` at step `warmup`;
# - from step `warmup` on, the rate is `peak * (1 + cos(pi * part)) / 2`, where `part` grows
#   linearly from 0 at step `warmup` to 1 at step `total`;
# - after step `total`, the rate is 0.


# %% solution="warmup_cosine"
def warmup_cosine(step, warmup, total, peak):
    """step (n,) int32, warmup, total () int32, peak () -> (n,)."""
    ### BEGIN SOLUTION
    part = jnp.minimum((step - warmup) / (total - warmup), 1)
    falling = peak * (1 + jnp.cos(jnp.pi * part)) / 2
    return jnp.where(step < warmup, peak * step / warmup, falling)
    ### END SOLUTION


# %% check="warmup_cosine"
check(warmup_cosine)
### BEGIN HIDDEN TESTS


def steps_of_a_run(rng, n):
    """Steps on both sides of every bend."""
    warmup = rng.integers(5, 20)
    total = warmup + rng.integers(30, 60)
    bends = [0, 1, warmup - 1, warmup, warmup + 1, total - 1, total, total + 1, total + 20]
    steps = rng.permutation([*bends, *rng.integers(0, total + 60, n)])
    return steps, warmup, total, rng.uniform(0.1, 1)


def falls(step, warmup, total, peak):
    return peak * (1 + jnp.cos(jnp.pi * (step - warmup) / (total - warmup))) / 2


exercise(
    warmup_cosine,
    inputs=steps_of_a_run,
    equal_mutants={
        "< → <= (line 4)": "at step `warmup` both branches give the peak",
        "(step - warmup) / (total - warmup), 1 → swapped (line 2)": "the smaller of two numbers, "
        "in either order",
    },
    requires=HALF_FOR_A_LOOP,
    hints=[
        "The steps are an array. Which function of `jnp` chooses entry by entry?",
        "Compute both branches for all steps, and choose with `jnp.where(step < warmup, ...)`.",
        "`part = jnp.minimum((step - warmup) / (total - warmup), 1)` stays at 1 after `total`.",
    ],
    explanation="A step number inside a jitted training loop is a tracer, so the schedule chooses "
    "with `where`. `minimum` keeps the rate at 0 after `total`: without it, the cosine would rise "
    "again.",
    another="def warmup_cosine(step, warmup, total, peak):\n"
    "    step = jnp.minimum(step, total).astype(jnp.float32)\n"
    "    angle = jnp.pi * (step - warmup) / (total - warmup)\n"
    "    pieces = [peak * step / warmup, peak * jnp.cos(angle / 2) ** 2]\n"
    "    return jnp.select([step < warmup, step >= warmup], pieces)",
    wrong_answers=[
        wrong(
            lambda step, warmup, total, peak: jnp.where(
                step < warmup, peak * step / warmup, falls(step, warmup, total, peak)
            ),
            "rises again after the end",
            rejected_by="values",
            advice="After `total`, the cosine rises again. Keep `part` at 1 with `jnp.minimum`.",
        ),
        wrong(
            lambda step, warmup, total, peak: jnp.where(
                step < warmup,
                peak * step / warmup,
                falls(jnp.clip(step, 0, total), 0, total, peak),
            ),
            "counts the fall from step 0",
            rejected_by="values",
            advice="`part` is 0 at step `warmup`, so that the two pieces meet at the peak.",
        ),
        wrong(
            lambda step, warmup, total, peak: falls(
                jnp.clip(step, warmup, total), warmup, total, peak
            ),
            "leaves out the warm-up",
            rejected_by="values",
            advice="Before `warmup` the rate is `peak * step / warmup`.",
        ),
        wrong(
            lambda step, warmup, total, peak: (
                peak * step / warmup if step < warmup else falls(step, warmup, total, peak)
            ),
            "asks with `if`",
            rejected_by="ValueError",
            advice="`step` is an array of many steps, and `if` needs one. Use `jnp.where`.",
        ),
        wrong(
            lambda step, warmup, total, peak: jnp.where(
                step < warmup,
                peak * (step // warmup),
                falls(jnp.clip(step, warmup, total), warmup, total, peak),
            ),
            "uses integer division",
            rejected_by="values",
            advice="`step // warmup` is 0 during the whole warm-up. `/` gives a float.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="train_epoch" stars=2 importance=3 minutes=8 points=2
# ## 4 · An epoch is one program
#
# Write `train_epoch`. It takes one step for each batch, one after the other. The new weights are
# `w - 0.1 * gradient`, with the gradient of `batch_loss`. Return the last weights, and the loss of
# each batch **before** its step. The program must not grow with the number of batches.


# %% given="batch_loss"
def batch_loss(w, xs, ys):
    """The mean squared error: w (d,), xs (k, d), ys (k,) -> ()."""
    return jnp.mean((xs @ w - ys) ** 2)


# %% solution="train_epoch"
def train_epoch(w, xs, ys):
    """w (3,), xs (n, 8, 3), ys (n, 8) -> (3,), (n,)."""

    ### BEGIN SOLUTION
    def step(w, batch):
        value, gradient = jax.value_and_grad(batch_loss)(w, *batch)
        return w - 0.1 * gradient, value

    return lax.scan(step, w, (xs, ys))
    ### END SOLUTION


# %% check="train_epoch"
check(train_epoch)
### BEGIN HIDDEN TESTS


def _epoch(w, xs, ys, value_after=False):
    """An epoch as a loop in Python."""
    losses = []
    for batch in zip(xs, ys, strict=True):
        before = batch_loss(w, *batch)
        w = w - 0.1 * jax.grad(batch_loss)(w, *batch)
        losses.append(batch_loss(w, *batch) if value_after else before)
    return w, jnp.stack(losses)


def _late(w, xs, ys):
    def step(w, batch):
        w = w - 0.1 * jax.grad(batch_loss)(w, *batch)
        return w, batch_loss(w, *batch)

    return lax.scan(step, w, (xs, ys))


def _at_once(w, xs, ys):
    losses, gradients = jax.vmap(jax.value_and_grad(batch_loss), in_axes=(None, 0, 0))(w, xs, ys)
    return w - 0.1 * gradients.sum(0), losses


def _all_weights(w, xs, ys):
    def step(w, batch):
        w = w - 0.1 * jax.grad(batch_loss)(w, *batch)
        return w, w

    return lax.scan(step, w, (xs, ys))


exercise(
    train_epoch,
    inputs=lambda rng, n: (
        rng.normal(size=3),
        rng.normal(size=(n, 8, 3)),
        rng.normal(size=(n, 8)),
    ),
    hints=[
        "Each step needs the weights of the step before. Which loop carries a state along?",
        "`lax.scan(step, w, (xs, ys))` calls `step(w, (x_batch, y_batch))` for each batch.",
        "`step` returns a pair: the next weights, and the loss. "
        "`jax.value_and_grad(batch_loss)` gives the loss and the gradient together.",
    ],
    explanation="`scan` carries the weights and collects the losses. The body is in the program "
    "once, for any number of batches, so an epoch takes about as long to compile as one step.",
    another="def train_epoch(w, xs, ys):\n"
    "    def step(k, carry):\n"
    "        w, losses = carry\n"
    "        value, gradient = jax.value_and_grad(batch_loss)(w, xs[k], ys[k])\n"
    "        return w - 0.1 * gradient, losses.at[k].set(value)\n\n"
    "    return lax.fori_loop(0, len(xs), step, (w, jnp.zeros(len(xs))))",
    wrong_answers=[
        wrong(
            _epoch,
            "loops over the batches in Python",
            rejected_by="batch loop",
            advice="The program has a copy of the step for each batch. With `lax.scan`, it has one "
            "loop.",
        ),
        wrong(
            _late,
            "returns the losses after the steps",
            rejected_by="values",
            advice="Return the loss before each step. `jax.value_and_grad` returns it together "
            "with the gradient, at no extra cost.",
        ),
        wrong(
            _at_once,
            "computes all gradients at the same weights",
            rejected_by="values",
            advice="The second step has to begin with the weights that the first step made. Each "
            "step depends on the one before, so `vmap` cannot compute them.",
        ),
        wrong(
            _all_weights,
            "collects the weights and not the losses",
            rejected_by="shape",
            advice="`step` returns a pair, and `scan` collects its second entry. Put the loss "
            "there.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="adam_step" stars=2 importance=3 minutes=10 points=2
# ## 5 · What Adam remembers
#
# Write `adam_step`. `memory` is a dict: `"count"` is the number of steps so far, and `"mu"` and
# `"nu"` are pytrees like `params`. One step first adds 1 to the count. Then it does this for every
# parameter `p` and its gradient `g`:
#
# - update both averages: `mu = 0.9 * mu + 0.1 * g` and `nu = 0.999 * nu + 0.001 * g**2`;
# - both averages start at 0, so they are too small at first. Divide `mu` by `1 - 0.9**count` and
#   `nu` by `1 - 0.999**count`, with the **new** count. The memory keeps the averages before this
#   division;
# - the new parameter is `p - rate * mu_divided / (sqrt(nu_divided) + 1e-8)`.
#
# Return the new parameters and the new memory.


# %% solution="adam_step"
def adam_step(params, grads, memory, rate):
    """Two pytrees of one form, a dict, rate () -> a pytree of that form, a dict."""
    ### BEGIN SOLUTION
    count = memory["count"] + 1
    mu = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, memory["mu"], grads)
    nu = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g**2, memory["nu"], grads)

    def move(p, m, v):
        m, v = m / (1 - 0.9**count), v / (1 - 0.999**count)
        return p - rate * m / (jnp.sqrt(v) + 1e-8)

    return jax.tree.map(move, params, mu, nu), {"count": count, "mu": mu, "nu": nu}
    ### END SOLUTION


# %% check="adam_step"
check(adam_step)
### BEGIN HIDDEN TESTS


def _remembered(rng, n):
    """Parameters, gradients and a memory; one leaf has tiny gradients, for which 1e-8 matters."""

    def tree(scale=1.0, positive=False):
        leaves = {"body": [layer(rng, n, 3, scale), layer(rng, 3, 2, scale)]}
        leaves["tiny"] = 2e-8 * scale * rng.uniform(0.5, 1.0, size=3)
        return jax.tree.map(np.abs, leaves) if positive else leaves

    params, grads, mu = tree(), tree(), tree(0.1)
    params["tiny"] = rng.normal(size=3)
    nu = jax.tree.map(lambda m: m**2 * 0.1, tree(0.3, positive=True))
    return params, grads, {"count": rng.integers(1, 5), "mu": mu, "nu": nu}, rng.uniform(0.1, 0.5)


def _adam(params, grads, memory, rate, divide=True, late=False, inside=False, keep=True, raw=False):
    """Adam with something to get wrong."""
    count = memory["count"] + 1
    used = memory["count"] if late else count
    mu = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, memory["mu"], grads)
    nu = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g**2, memory["nu"], grads)
    mu_used, nu_used = mu, nu
    if divide:
        mu_used = jax.tree.map(lambda m: m / (1 - 0.9**used), mu)
        nu_used = jax.tree.map(lambda v: v / (1 - 0.999**used), nu)

    def move(p, m, v):
        below = jnp.sqrt(v + 1e-8) if inside else v + 1e-8 if raw else jnp.sqrt(v) + 1e-8
        return p - rate * m / below

    if not keep:
        mu, nu = mu_used, nu_used
    moved = jax.tree.map(move, params, mu_used, nu_used)
    return moved, {"count": count, "mu": mu, "nu": nu}


exercise(
    adam_step,
    inputs=_remembered,
    requires=HALF_FOR_A_LOOP,
    hints=[
        "`jax.tree.map` takes several pytrees of one form. How many does each of the three lines "
        "need?",
        "First the two new averages, with one `tree.map` each. Then the parameters, with a "
        "`tree.map` over `params`, `mu` and `nu`.",
        "In the last `tree.map`, divide `mu` by `1 - 0.9**count` and `nu` by `1 - 0.999**count`, "
        "where `count = memory['count'] + 1`.",
    ],
    explanation="`optax.adam` computes the same, but it keeps its state in another structure. The "
    "memory is an argument and a result, so `scan` can carry it and a checkpoint can store it.",
    another="def adam_step(params, grads, memory, rate):\n"
    "    count = memory['count'] + 1\n"
    "    form = jax.tree.structure(params)\n"
    "    trees = params, grads, memory['mu'], memory['nu']\n"
    "    moved, mus, nus = [], [], []\n"
    "    for p, g, m, v in zip(*map(jax.tree.leaves, trees)):\n"
    "        mus.append(m + 0.1 * (g - m))\n"
    "        nus.append(v + 0.001 * (g * g - v))\n"
    "        size = jnp.sqrt(nus[-1] / (1 - 0.999**count)) + 1e-8\n"
    "        moved.append(p - rate * mus[-1] / ((1 - 0.9**count) * size))\n"
    "    moved, mu, nu = (form.unflatten(leaves) for leaves in (moved, mus, nus))\n"
    "    return moved, {'count': count, 'mu': mu, 'nu': nu}",
    wrong_answers=[
        wrong(
            lambda params, grads, memory, rate: _adam(params, grads, memory, rate, divide=False),
            "does not correct for the start at 0",
            rejected_by="values",
            advice="The averages begin at 0, and after a few steps they are still too small. "
            "Divide them by `1 - 0.9**count` and `1 - 0.999**count`.",
        ),
        wrong(
            lambda params, grads, memory, rate: _adam(params, grads, memory, rate, late=True),
            "divides with the old count",
            rejected_by="values",
            advice="Add 1 to the count first. In the very first step the old count is 0, and then "
            "the divisor is 0 too.",
        ),
        wrong(
            lambda params, grads, memory, rate: _adam(params, grads, memory, rate, keep=False),
            "remembers the divided averages",
            rejected_by="values",
            advice="Use the divided averages only for the parameters. The next step continues "
            "from `mu` and `nu` before the division.",
        ),
        wrong(
            lambda params, grads, memory, rate: _adam(params, grads, memory, rate, inside=True),
            "adds 1e-8 under the root",
            rejected_by="values",
            advice="The root of 1e-8 is 1e-4, which is too much for small gradients. Add 1e-8 "
            "after the root.",
        ),
        wrong(
            lambda params, grads, memory, rate: _adam(params, grads, memory, rate, raw=True),
            "divides by the average of the squares",
            rejected_by="values",
            advice="Divide by the square root of the average.",
        ),
        wrong(
            lambda params, grads, memory, rate: _adam(params, grads, memory, rate)[0],
            "returns the parameters only",
            rejected_by="structure",
            advice="The memory is part of the result: `new_params, new_memory`.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="accumulate_gradients" stars=2 importance=2 minutes=10 points=2
# ## 6 · A batch that does not fit
#
# A large batch was cut into `n` small batches of 16 rows, because its activations do not fit into
# memory at once. Not every row is real: `mask` says which rows are. Write `accumulate_gradients`.
# It returns the gradient of the **mean** loss over all real rows of the large batch, but works on
# one small batch at a time. At least one row is real. `check` measures the memory that your program
# needs.


# %% given="summed_loss"
def summed_loss(params, xs, ys, mask):
    """The sum over the real rows: xs (16, 4), ys (16,), mask (16,) bool -> ()."""
    hidden = jnp.tanh(jnp.sin(xs @ params["in"]))
    return jnp.sum(jnp.where(mask, (hidden @ params["out"] - ys) ** 2, 0))


# %% solution="accumulate_gradients"
def accumulate_gradients(params, xs, ys, mask):
    """xs (n, 16, 4), ys (n, 16), mask (n, 16) bool -> a pytree like params."""

    ### BEGIN SOLUTION
    def add(total, batch):
        return jax.tree.map(jnp.add, total, jax.grad(summed_loss)(params, *batch)), None

    zeros = jax.tree.map(jnp.zeros_like, params)
    total, _ = lax.scan(add, zeros, (xs, ys, mask))
    return jax.tree.map(lambda g: g / mask.sum(), total)
    ### END SOLUTION


# %% check="accumulate_gradients"
check(accumulate_gradients)
### BEGIN HIDDEN TESTS


def _small_batches(rng, n):
    params = {"in": rng.normal(size=(4, 32)), "out": rng.normal(size=32) / 6}
    mask = rng.random((n, 16)) < rng.uniform(0.1, 0.9, size=(n, 1))
    mask[0, 0] = True
    return params, rng.normal(size=(n, 16, 4)), rng.normal(size=(n, 16)), mask


def _summed(params, xs, ys, mask, count):
    """The gradients of all small batches, each divided by its own count, and added one by one."""

    def add(total, batch):
        gradient = jax.grad(summed_loss)(params, *batch)
        return jax.tree.map(lambda t, g: t + g / count(batch[2]), total, gradient), None

    return lax.scan(add, jax.tree.map(jnp.zeros_like, params), (xs, ys, mask))[0]


def _whole(params, xs, ys, mask):
    xs, ys, rows = xs.reshape(-1, 4), ys.reshape(-1), mask.reshape(-1)
    return jax.tree.map(lambda g: g / mask.sum(), jax.grad(summed_loss)(params, xs, ys, rows))


def _unrolled(params, xs, ys, mask):
    total = jax.tree.map(jnp.zeros_like, params)
    for batch in zip(xs, ys, mask, strict=True):
        total = jax.tree.map(jnp.add, total, jax.grad(summed_loss)(params, *batch))
    return jax.tree.map(lambda g: g / mask.sum(), total)


exercise(
    accumulate_gradients,
    inputs=_small_batches,
    requires=[matches_reference(), grows_with_batch("not at all"), memory_within(2)],
    equal_mutants={
        "total, jax.grad(summed_loss)(params, *batch) → swapped (line 4)": "a sum, in either order",
    },
    hints=[
        "The gradient of a sum is the sum of the gradients. What does the loop have to carry?",
        "`lax.scan` over the small batches, with a pytree of zeros as the first sum: "
        "`jax.tree.map(jnp.zeros_like, params)`.",
        "Add up `jax.grad(summed_loss)(params, *batch)` with `jax.tree.map(jnp.add, ...)`. Divide "
        "at the end by `mask.sum()`, the number of all real rows.",
    ],
    explanation="At any time, the memory holds the activations of one small batch and one sum of "
    "gradients. You can add up sums piece by piece. You cannot add up means, unless all pieces "
    "have the same number of real rows. So divide once, at the end.",
    another="def accumulate_gradients(params, xs, ys, mask):\n"
    "    count = mask.sum()\n\n"
    "    def add(k, total):\n"
    "        gradient = jax.grad(summed_loss)(params, xs[k], ys[k], mask[k])\n"
    "        return jax.tree.map(lambda t, g: t + g / count, total, gradient)\n\n"
    "    return lax.fori_loop(0, len(xs), add, jax.tree.map(jnp.zeros_like, params))",
    wrong_answers=[
        wrong(
            lambda params, xs, ys, mask: _summed(
                params, xs, ys, mask, lambda rows: len(xs) * jnp.maximum(rows.sum(), 1)
            ),
            "takes the mean of the means of the small batches",
            rejected_by="values",
            advice="Then a small batch with few real rows counts as much as a full one. Add up "
            "sums, and divide once by the number of all real rows.",
        ),
        wrong(
            lambda params, xs, ys, mask: _summed(params, xs, ys, mask, lambda rows: mask.size),
            "divides by the number of all rows",
            rejected_by="values",
            advice="Count only the real rows: divide by `mask.sum()`, not by `mask.size`.",
        ),
        wrong(
            _whole,
            "works on the whole batch at once",
            rejected_by="memory",
            advice="The gradient is right, but all activations are in memory at once. Work on one "
            "small batch after the other with `lax.scan`.",
        ),
        wrong(
            _unrolled,
            "loops over the small batches in Python",
            rejected_by="batch loop",
            advice="The program has a copy of the step for each small batch. With `lax.scan`, it "
            "has one loop.",
        ),
        wrong(
            lambda params, xs, ys, mask: _summed(params, xs, ys, mask, lambda rows: 1),
            "forgets to divide",
            rejected_by="values",
            advice="Return the gradient of the mean: divide by `mask.sum()`.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="master_step" stars=1 importance=2 minutes=5 points=1
# ## 7 · Sixteen bits to compute, thirty-two to remember
#
# Large models compute in bfloat16, which has about three digits: 1 - 0.001 is 1. So training keeps
# the parameters in float32, and the network gets a copy in bfloat16. Write `master_step`, which
# computes `p - rate * g` in float32, from gradients in bfloat16. Return the new float32 parameters,
# and a bfloat16 copy of the **new** parameters.


# %% solution="master_step"
def master_step(master, grads, rate):
    """A pytree of float32, one of bfloat16 and of the same form, rate () -> two such pytrees."""
    ### BEGIN SOLUTION
    master = jax.tree.map(lambda p, g: p - rate * g.astype(jnp.float32), master, grads)
    return master, jax.tree.map(lambda p: p.astype(jnp.bfloat16), master)
    ### END SOLUTION


# %% check="master_step"
check(master_step)
### BEGIN HIDDEN TESTS


def _two_precisions(rng, n):
    master = {"body": [layer(rng, n, 3), layer(rng, 3, 2)], "scale": rng.normal(size=4)}
    grads = jax.tree.map(lambda p: rng.normal(size=p.shape).astype(ml_dtypes.bfloat16), master)
    return master, grads, rng.uniform(0.5, 1.0)


def _halved(tree):
    return jax.tree.map(lambda p: p.astype(jnp.bfloat16), tree)


def _stepped(master, grads, rate):
    return jax.tree.map(lambda p, g: p - rate * g.astype(jnp.float32), master, grads)


exercise(
    master_step,
    inputs=_two_precisions,
    requires=HALF_FOR_A_LOOP,
    hints=[
        "The subtraction should be in float32. Which of its arguments is not?",
        "`g.astype(jnp.float32)` gives the gradient the dtype of the parameter.",
        "Call `jax.tree.map` twice: first for the step, and then with "
        "`lambda p: p.astype(jnp.bfloat16)` for the copy of the new parameters.",
    ],
    explanation="A step is often smaller than the last bit of a parameter in bfloat16. Then the "
    "parameter would not change at all. In float32, many small steps add up.",
    another="def master_step(master, grads, rate):\n"
    "    form = jax.tree.structure(master)\n"
    "    pairs = zip(jax.tree.leaves(master), jax.tree.leaves(grads))\n"
    "    new = form.unflatten([p - rate * g.astype(p.dtype) for p, g in pairs])\n"
    "    return new, jax.tree.map(jnp.bfloat16, new)",
    wrong_answers=[
        wrong(
            lambda master, grads, rate: (
                jax.tree.map(
                    lambda p, g: (p.astype(jnp.bfloat16) - rate.astype(jnp.bfloat16) * g).astype(
                        jnp.float32
                    ),
                    master,
                    grads,
                ),
                _halved(_stepped(master, grads, rate)),
            ),
            "computes the step in bfloat16",
            rejected_by="values",
            advice="This keeps only three digits of every parameter. Convert the gradient to "
            "float32, and leave the parameter as it is.",
        ),
        wrong(
            lambda master, grads, rate: (_stepped(master, grads, rate), _halved(master)),
            "copies the old parameters",
            rejected_by="values",
            advice="The network should compute with the new parameters. Copy them after the step.",
        ),
        wrong(
            lambda master, grads, rate: (_halved(_stepped(master, grads, rate)),) * 2,
            "keeps the parameters in bfloat16",
            rejected_by="dtype",
            advice="The first of the two pytrees stays float32, so that no small step is lost.",
        ),
        wrong(
            lambda master, grads, rate: (_stepped(master, grads, rate),) * 2,
            "leaves the copy in float32",
            rejected_by="dtype",
            advice="The second pytree is for the network, so convert it to bfloat16.",
        ),
        wrong(
            lambda master, grads, rate: _stepped(master, grads, rate),
            "returns one pytree",
            rejected_by="structure",
            advice="Return a pair: the parameters in float32, and their copy in bfloat16.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="restore_params" stars=2 importance=2 minutes=8 points=2
# ## 8 · Names in a file
#
# A file of weights is a flat dict: its keys are names such as `"layers/3/w"`, and its values are
# arrays. A name says where in a pytree its array belongs. It consists of dict keys and the numbers
# of list entries, joined by `/`. Write `restore_params`, which returns a pytree of the form of
# `params` with the arrays of the file. A parameter that is not in the file keeps its value. Ignore
# names that `params` does not have.


# %% solution="restore_params"
def restore_params(flat, params):
    """A dict of arrays, a pytree of dicts and lists -> a pytree like params."""

    ### BEGIN SOLUTION
    def find(path, leaf):
        name = jax.tree_util.keystr(path, simple=True, separator="/")
        return flat.get(name, leaf)

    return jax.tree.map_with_path(find, params)
    ### END SOLUTION


# %% check="restore_params"
check(restore_params)
### BEGIN HIDDEN TESTS


def _file(rng, n):
    """A model of twelve equal layers and a new head, and a file with weights for the layers."""
    params = {
        "embed": rng.normal(size=(n, 4)),
        "layers": [layer(rng, 4, 4) for _ in range(12)],
        "head": {"w": rng.normal(size=(4, 2))},
    }
    flat = {"embed": rng.normal(size=(n, 4)), "old_head/w": rng.normal(size=(4, 7))}
    for k in range(12):
        flat |= {f"layers/{k}/{name}": leaf for name, leaf in layer(rng, 4, 4).items()}
    return flat, params


def _in_order(flat, params):
    leaves, form = jax.tree.flatten(params)
    named = [flat[name] for name in sorted(flat) if name.startswith("layers/")]
    fresh = [flat["embed"], *leaves[1:2], *named]
    return form.unflatten(fresh)


def _by_last_name(flat, params):
    def find(path, leaf):
        name = jax.tree_util.keystr(path[-1:], simple=True)
        return next((a for key, a in flat.items() if key.split("/")[-1] == name), leaf)

    return jax.tree.map_with_path(find, params)


def _with_brackets(flat, params):
    return jax.tree.map_with_path(
        lambda path, leaf: flat.get(jax.tree_util.keystr(path), leaf), params
    )


def _strict(flat, params):
    return jax.tree.map_with_path(
        lambda path, leaf: flat[jax.tree_util.keystr(path, simple=True, separator="/")], params
    )


exercise(
    restore_params,
    inputs=_file,
    requires=HALF_FOR_A_LOOP,
    hints=[
        "You need the path of every leaf and its value: `jax.tree.map_with_path` gives you both.",
        "`jax.tree_util.keystr(path, simple=True, separator='/')` makes such a name from a path.",
        "`flat.get(name, leaf)` is the array of that name, or `leaf` if there is none.",
    ],
    explanation="All of this happens while JAX traces: names are Python strings, and the program "
    "only returns arrays that it was given. It is safe to use the names. It is not safe to use the "
    "order: sorted as text, `layers/10` comes before `layers/2`.",
    another="def restore_params(flat, params):\n"
    "    def walk(tree, name):\n"
    "        if isinstance(tree, dict):\n"
    "            return {key: walk(part, [*name, key]) for key, part in tree.items()}\n"
    "        if isinstance(tree, list):\n"
    "            return [walk(part, [*name, str(k)]) for k, part in enumerate(tree)]\n"
    "        return flat.get('/'.join(name), tree)\n\n"
    "    return walk(params, [])",
    wrong_answers=[
        wrong(
            _in_order,
            "uses the order of the names",
            rejected_by="values",
            advice="Sorted as text, `layers/10` comes before `layers/2`. Look every array up by "
            "its name.",
        ),
        wrong(
            _strict,
            "expects every parameter in the file",
            rejected_by="KeyError",
            advice="The model has a parameter that the file does not have. Let it keep its value: "
            "`flat.get(name, leaf)`.",
        ),
        wrong(
            _with_brackets,
            "finds no name in the file",
            rejected_by="values",
            advice="Every parameter kept its value. A name looks like `layers/3/w`, but "
            "`keystr(path)` returns `['layers'][3]['w']`. Pass `simple=True, separator='/'` too.",
        ),
        wrong(
            lambda flat, params: flat,
            "returns the flat dict",
            rejected_by="structure",
            advice="The result has the form of `params`: dicts and lists inside each other.",
        ),
        wrong(
            _by_last_name,
            "looks at the last part of the name only",
            rejected_by="shape",
            advice="Every layer has a `w`. The whole path tells which one.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="sweep_rates" stars=3 importance=2 minutes=12 points=2
# ## 9 · All learning rates at once
#
# Which learning rate is best? Write `sweep_rates`, which trains with all `rates` at once. Every run
# begins with the same `w`, and takes one step `w - rate * gradient` of `batch_loss` for each of the
# 12 batches. The best run has the lowest mean of `batch_loss` over all batches **after** training.
# Return the weights and the rate of the best run. If a rate is too large, the loss of its run
# becomes infinite or NaN. Such a run is never the best, and at least one loss is finite.


# %% solution="sweep_rates"
def sweep_rates(rates, w, xs, ys):
    """rates (n,), w (3,), xs (12, 8, 3), ys (12, 8) -> (3,), ()."""

    ### BEGIN SOLUTION
    def train(rate):
        def step(w, batch):
            return w - rate * jax.grad(batch_loss)(w, *batch), None

        trained, _ = lax.scan(step, w, (xs, ys))
        return trained, batch_loss(trained, xs, ys)  # of all batches: xs may have more axes

    trained, losses = jax.vmap(train)(rates)
    best = jnp.argmin(jnp.where(jnp.isnan(losses), jnp.inf, losses))
    return trained[best], rates[best]
    ### END SOLUTION


# %% check="sweep_rates"
check(sweep_rates)


### BEGIN HIDDEN TESTS
def _rates(rng, n):
    """Rates far enough apart that one run is clearly the best; two of many are far too large."""
    rates = 0.2 * 1.6 ** -np.arange(float(n))
    rates[: 2 if n > 2 else 0] = (1e5, 30.0)[:n]
    xs = rng.normal(size=(12, 8, 3))
    ys = xs @ rng.normal(size=3) + 0.1 * rng.normal(size=(12, 8))
    return rng.permutation(rates), rng.normal(size=3) * 2, xs, ys


def _runs(rates, w, xs, ys):
    def train(rate):
        trained = w
        for k in range(12):
            trained = trained - rate * jax.grad(batch_loss)(trained, xs[k], ys[k])
        return trained, batch_loss(trained, xs.reshape(-1, 3), ys.reshape(-1))

    return jax.vmap(train)(rates)


def _one_by_one(rates, w, xs, ys):
    best, least, chosen = w, jnp.inf, rates[0]
    for rate in rates:
        trained, losses = _runs(rate[None], w, xs, ys)
        better = losses[0] < least
        best = jnp.where(better, trained[0], best)
        least, chosen = jnp.where(better, losses[0], least), jnp.where(better, rate, chosen)
    return best, chosen


def _not_a_number(rates, w, xs, ys):
    trained, losses = _runs(rates, w, xs, ys)
    return trained[jnp.argmin(losses)], rates[jnp.argmin(losses)]


def _one_step(rates, w, xs, ys):
    trained = jax.vmap(lambda rate: w - rate * jax.grad(batch_loss)(w, xs[0], ys[0]))(rates)
    losses = jax.vmap(lambda w: batch_loss(w, xs.reshape(-1, 3), ys.reshape(-1)))(trained)
    best = jnp.nanargmin(losses)
    return trained[best], rates[best]


def _largest(rates, w, xs, ys):
    trained, losses = _runs(rates, w, xs, ys)
    best = jnp.nanargmax(jnp.where(jnp.isfinite(losses), losses, -1))
    return trained[best], rates[best]


def _index(rates, w, xs, ys):
    trained, losses = _runs(rates, w, xs, ys)
    return trained[jnp.nanargmin(losses)], jnp.nanargmin(losses)


exercise(
    sweep_rates,
    inputs=_rates,
    requires=HALF_FOR_A_LOOP,
    hints=[
        "Write the training with one rate first: a `lax.scan` over the batches, then the loss.",
        "Map that function over the rates with `jax.vmap`. It returns all weights and all losses.",
        "`jnp.argmin` returns the place of a NaN if there is one. Replace it first: "
        "`jnp.where(jnp.isnan(losses), jnp.inf, losses)`.",
    ],
    explanation="A whole training run is a function, so `vmap` can map it. One program trains all "
    "models, and every matrix product in a step works for all models at once. `argmin` returns the "
    "place of the first NaN, so replace NaN before you call it.",
    another="def sweep_rates(rates, w, xs, ys):\n"
    "    gradient = jax.vmap(jax.grad(batch_loss), in_axes=(0, None, None))\n"
    "    many = jnp.broadcast_to(w, (len(rates), 3))\n"
    "    step = lambda many, batch: (many - rates[:, None] * gradient(many, *batch), None)\n"
    "    many, _ = lax.scan(step, many, (xs, ys))\n"
    "    errors = jnp.einsum('bkd,nd->nbk', xs, many) - ys\n"
    "    best = jnp.nanargmin((errors**2).mean(axis=(1, 2)))\n"
    "    return many[best], rates[best]",
    wrong_answers=[
        wrong(
            _not_a_number,
            "chooses a run whose loss is NaN",
            rejected_by="values",
            advice="`jnp.argmin` returns the place of the first NaN. Replace NaN by infinity, or "
            "use `jnp.nanargmin`.",
        ),
        wrong(
            _one_by_one,
            "trains with one rate after the other",
            rejected_by="batch loop",
            earns=0.5,
            advice="The program has a copy of the training run for each rate. `jax.vmap` trains "
            "with all rates at once.",
        ),
        wrong(
            _runs,
            "returns all runs",
            rejected_by="shape",
            advice="Choose the best one: the weights `(3,)`, and the rate.",
        ),
        wrong(
            _one_step,
            "trains for one batch only",
            rejected_by="values",
            advice="Each run takes one step for every batch: `lax.scan` over `(xs, ys)`.",
        ),
        wrong(
            _largest,
            "takes the run with the largest loss",
            rejected_by="values",
            advice="The lowest loss is best: `argmin`.",
        ),
        wrong(
            _index,
            "returns the number of the rate",
            rejected_by="dtype",
            advice="`argmin` says where the best run is. The rate itself is `rates[best]`.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="sharded_step" stars=3 importance=3 minutes=15 points=3
# ## 10 · No device stores all weights
#
# The weights are cut along `"x"`, and so are the examples. A device **stores** only its part of
# `w`. In a step, it collects all of `w`, computes with its own examples, and drops the other parts
# again. Write `sharded_step`. It returns `w - 0.1 * gradient`, with the gradient of the mean of
# `batch_loss` over **all** examples. Each device needs only its part of the new weights, and so
# only its part of the gradient. Use `jax.shard_map` and write two collectives yourself: one that
# collects the weights, and one that adds up the gradients. (JAX may also make the second one when
# it differentiates the first.)


# %% solution="sharded_step"
def sharded_step(mesh, w, xs, ys):
    """w (16,) as P("x"), xs (n, 16) as P("x", None), ys (n,) as P("x") -> (16,) as P("x")."""

    ### BEGIN SOLUTION
    def block(part, xs, ys):
        def loss(part):
            w = lax.all_gather(part, "x", tiled=True)
            return lax.pmean(batch_loss(w, xs, ys), "x")

        return part - 0.1 * jax.grad(loss)(part)

    specs = (P("x"), P("x", None), P("x"))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P("x"))(w, xs, ys)
    ### END SOLUTION


# %% check="sharded_step"
check(sharded_step)
### BEGIN HIDDEN TESTS
CUT = (P("x"), P("x", None), P("x"))


def writes(operation, collective):
    """The collective stands in the program, and was not put in by the compiler."""
    return uses(
        operation,
        instead=f"Write the collective yourself: `{collective}`, in a function that "
        "`jax.shard_map` runs on every device.",
    )


def on_devices(mesh, block, out=CUT[0], check=True):
    return jax.shard_map(block, mesh=mesh, in_specs=CUT, out_specs=out, check_vma=check)


def _mine(whole, part):
    """The part of the whole that belongs to this device."""
    return lax.dynamic_slice_in_dim(whole, lax.axis_index("x") * part.size, part.size)


def gradient_of(part, xs, ys):
    """The gradient of this device's own examples, for all weights."""
    return jax.grad(batch_loss)(lax.all_gather(part, "x", tiled=True), xs, ys)


def _adds(mesh, w, xs, ys):
    def block(part, xs, ys):
        return part - 0.1 * lax.psum_scatter(gradient_of(part, xs, ys), "x", tiled=True)

    return on_devices(mesh, block)(w, xs, ys)


def _own(mesh, w, xs, ys):
    def block(part, xs, ys):
        return part - 0.1 * _mine(gradient_of(part, xs, ys), part)

    return on_devices(mesh, block)(w, xs, ys)


def _everybody(mesh, w, xs, ys):
    def block(part, xs, ys):
        return part - 0.1 * _mine(lax.pmean(gradient_of(part, xs, ys), "x"), part)

    return on_devices(mesh, block)(w, xs, ys)


def _examples(mesh, w, xs, ys):
    def block(part, xs, ys):
        xs, ys = (lax.all_gather(array, "x", tiled=True) for array in (xs, ys))
        return part - 0.1 * _mine(gradient_of(part, xs, ys), part)

    return on_devices(mesh, block)(w, xs, ys)


def _stays_whole(mesh, w, xs, ys):
    def block(part, xs, ys):
        gradient = lax.pmean(gradient_of(part, xs, ys), "x")
        return lax.all_gather(part, "x", tiled=True) - 0.1 * gradient

    return on_devices(mesh, block, P(), False)(w, xs, ys)


def _compiler(mesh, w, xs, ys):
    step = w - 0.1 * jax.grad(batch_loss)(w, xs, ys)
    return lax.with_sharding_constraint(step, NamedSharding(mesh, P("x")))


exercise(
    sharded_step,
    inputs=lambda rng, n, mesh: (
        mesh,
        rng.normal(size=16),
        rng.normal(size=(n, 16)),
        rng.normal(size=n),
    ),
    meshes=("x=8", "x=2,y=4"),
    in_specs=(None, *CUT),
    requires=[
        matches_reference(),
        sharded_like_reference(),
        writes("all_gather", "lax.all_gather(part, 'x', tiled=True)"),
        communicates_like_reference(1.3),
        writes("reduce_scatter", "lax.psum_scatter(gradient, 'x', tiled=True)"),
    ],
    hints=[
        "Which collective gives every device all of `w`? And which one adds up the gradients and "
        "gives each device its part of the sum?",
        "`lax.all_gather(part, 'x', tiled=True)` collects the weights, and "
        "`lax.psum_scatter(gradient, 'x', tiled=True)` adds up the gradients. You need the mean "
        "and not the sum.",
        "Or write the loss as a function of the part, with the `all_gather` and a `lax.pmean` "
        "inside, and differentiate it. The derivative of `all_gather` uses `psum_scatter`.",
    ],
    explanation="This is *fully sharded* data parallelism. Each device stores only its part of the "
    "weights, the gradients and the optimizer's state. All of `w` exists only during a step. The "
    "derivative of `all_gather` adds the gradients and gives each device its part, so `grad` makes "
    "the second collective for you.",
    another="def sharded_step(mesh, w, xs, ys):\n"
    "    def block(part, xs, ys):\n"
    "        gradient = jax.grad(batch_loss)(lax.all_gather(part, 'x', tiled=True), xs, ys)\n"
    "        total = lax.psum_scatter(gradient, 'x', tiled=True)\n"
    "        return part - 0.1 * total / mesh.shape['x']\n\n"
    "    specs = (P('x'), P('x'), P('x'))\n"
    "    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P('x'))(w, xs, ys)",
    wrong_answers=[
        wrong(
            _compiler,
            "leaves it to the compiler to collect the weights",
            rejected_by="operation",
            advice="The values are right, but your program has no `all_gather`. Cut the weights in "
            "`in_specs`, and write both collectives in the function that `jax.shard_map` runs: "
            "`all_gather` and `psum_scatter`.",
        ),
        wrong(
            _adds,
            "adds the gradients of the devices",
            rejected_by="values",
            advice="Each device has the gradient of a mean over its own examples. The sum is too "
            "large: divide it by the number of devices along `x`.",
        ),
        wrong(
            _own,
            "uses the gradient of its own examples only",
            rejected_by="values",
            advice="The gradient for a part of the weights needs the examples of all devices. Add "
            "up the gradients with `lax.psum_scatter`.",
        ),
        wrong(
            _everybody,
            "gives every device the whole gradient",
            rejected_by="communication",
            advice="The values are right, but the devices send more than they need to. A device "
            "needs only its part of the sum: use `lax.psum_scatter`.",
        ),
        wrong(
            _examples,
            "sends the examples to all devices",
            rejected_by="communication",
            advice="There are many examples and few weights. Leave the examples where they are, "
            "and send the weights.",
        ),
        wrong(
            _stays_whole,
            "leaves all weights on every device",
            rejected_by="sharding",
            advice="After the step, each device should keep only its own part: `out_specs=P('x')`.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown]
# ## 11 · In your own words
#
# Your training on a cluster is stopped every night and resumed in the morning. A colleague says:
# "The losses after a restart differ from those of a run that was never stopped, so JAX is not
# reproducible." Name three things that belong in the checkpoint, and say for each what goes wrong
# without it. A person reads this.

# %% [markdown] written="what_to_save" minutes=5 points=1
# ### BEGIN SOLUTION
# The parameters: without them training starts from the beginning. The optimizer's state: without it
# Adam's averages start at 0 again, so that the first steps have other sizes. The number of the step
# or epoch: without it a schedule begins with its warm-up again. The random key, or what it is
# derived from: without it the batches come in another order, and dropout leaves out other units.
# The position in the data: without it some examples are used twice and others never. Also right:
# the running averages of a batch norm, or of the parameters.
#
# Rubric:
#
# - 0.5: two things that belong in the checkpoint, with what goes wrong without them
# - 0.5: a third one, with what goes wrong without it
# ### END SOLUTION
