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

# %% [markdown] assignment="07_grad" points=20
# # Exercises: `grad`
#
# The lesson is [course/07_grad](../../course/07_grad.ipynb). Each exercise gives you a function and
# asks for something about its slope. You may derive formulas by hand, but you do not have to.
#
# Write your answer in the cell that says so, run it, then run the `check` cell below it. You may
# check as often as you like: nothing is handed in until you submit.

# %%
import jax
import jax.numpy as jnp
import numpy as np

from autograder import check, hint, reset

### BEGIN HIDDEN TESTS
from autograder import (
    exercise,
    grows_with_batch,
    matches_gradient,
    matches_reference,
    memory_within,
    mistake,
    question,
    uses,
    uses_primitive,
    work_within,
    wrong,
)

# Right results earn half if a Python loop finds them, unless that is what the exercise is about.
HALF_FOR_A_LOOP = (matches_reference(), grows_with_batch(share=0.5))
### END HIDDEN TESTS

# %% [markdown] exercise="fast_track_grad" stars=1 importance=1 minutes=1 points=0
# ## 0 · Know it already?
#
# One question, without points. If you can explain the answer, begin with exercise 4.
#
# ```python
# def surprise(p):
#     return jnp.where(p > 0, -p * jnp.log(p), 0.0)
#
# jax.grad(surprise)(0.0)
# ```
#
# What comes back? Choose `"a"`, `"b"` or `"c"`.
#
# - a: `0.0`, the slope of the branch that was chosen
# - b: `inf`, the slope of `-p log p` as p falls to 0
# - c: `nan`

# %% solution="fast_track_grad"
### BEGIN SOLUTION
fast_track_grad = "c"
### END SOLUTION

# %% check="fast_track_grad"
check("fast_track_grad")
### BEGIN HIDDEN TESTS
question(
    "fast_track_grad",
    answer="c",
    hints=[
        "`jnp.where` chooses between two values. How many of them are computed?",
        "On the way back the branch that was not chosen takes part too, with the cotangent 0.",
        "This branch has a logarithm at 0. What is 0 times infinity?",
    ],
    explanation="Both branches are computed, and both take part in the gradient. The branch that "
    "was not chosen gets the cotangent 0. The logarithm at 0 is infinite, and 0 · inf is nan. A "
    "second `where` around the argument of the logarithm cures it.",
    mistakes=[
        mistake(
            "a",
            "expects `where` to skip the branch that is not chosen",
            advice="`where` chooses between two arrays. It is not an `if`: both branches are "
            "computed, and both take part in the gradient.",
        ),
        mistake(
            "b",
            "takes the slope of the other branch",
            advice="At 0 the other branch is chosen, but the branch that was not chosen still "
            "takes part in the gradient. What does it contribute?",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="force" stars=1 importance=3 minutes=1 points=1
# ## 1 · Which way is down?
#
# Beads on a ring are tied to their neighbours and held near 0. `energy` computes the energy of
# their positions. The force on the beads is **minus** the gradient of the energy. Write `force`.


# %% given="energy"
def energy(x):
    """Positions x (n,) float32 -> () float32. A ring without beads has an energy of 1000."""
    return jnp.sum((x - jnp.roll(x, 1)) ** 2) / 2 + jnp.sum(x**4) / 4 + 1000


# %% solution="force"
def force(x):
    """The force on every bead: x (n,) float32 -> (n,) float32."""
    ### BEGIN SOLUTION
    return -jax.grad(energy)(x)
    ### END SOLUTION


# %% check="force"
check(force)
### BEGIN HIDDEN TESTS
exercise(
    force,
    inputs=lambda rng, n: (rng.normal(size=n),),
    requires=HALF_FOR_A_LOOP,
    hints=[
        "One transformation turns `energy` into a function that computes its slopes.",
        "`jax.grad(energy)` is a function of `x`: call it.",
        "A force points downhill, and a gradient uphill. Which sign does the result need?",
    ],
    explanation="`energy` maps n numbers to one number, so one walk back gives all n slopes, in an "
    "array of the shape of `x`.",
    another="def force(x):\n    return jnp.roll(x, 1) + jnp.roll(x, -1) - 2 * x - x**3",
    wrong_answers=[
        wrong(
            lambda x: jax.grad(energy)(x),
            "points uphill",
            rejected_by="values",
            advice="The gradient points in the direction in which the energy grows. A force "
            "points in the opposite direction.",
        ),
        wrong(
            lambda x: -jax.vmap(jax.grad(energy))(x),
            "takes each bead's energy as if it were alone",
            rejected_by="values",
            advice="`vmap` gives `energy` one bead at a time, so the ties to the neighbours are "
            "lost. `energy` and its gradient need all beads at once.",
        ),
        wrong(
            lambda x: -(jax.vmap(lambda d: energy(x + 0.1 * d))(jnp.eye(x.size)) - energy(x)) / 0.1,
            "takes differences with a step of 0.1",
            rejected_by="values",
            advice="A difference is only an approximation, and a smaller step has larger rounding "
            "errors. `jax.grad` has no step.",
        ),
        wrong(
            lambda x: (
                -jnp.stack(
                    [
                        jax.grad(lambda one, i=i: energy(x.at[i].set(one)))(x[i])
                        for i in range(x.size)
                    ]
                )
            ),
            "takes one slope at a time in a Python loop",
            rejected_by="batch loop",
            earns=0.5,
            advice="One call of `jax.grad(energy)` computes all slopes in one walk back.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="descent_step" stars=1 importance=3 minutes=5 points=2
# ## 2 · A step, with everything that belongs to it
#
# Write `descent_step`: one step of gradient descent. It returns a tuple of three: the new
# parameters, `p - rate * gradient` in every leaf; the loss; and the predictions. Return the loss
# and the predictions from **before** the step. Run `squared_error` only once, not once for each of
# them.


# %% given="squared_error"
def squared_error(params, xs, ys):
    """params {"w": (4,), "b": ()}, xs (n, 4), ys (n,) -> the pair loss (), predictions (n,)."""
    predictions = xs @ params["w"] + params["b"]
    return jnp.mean((predictions - ys) ** 2), predictions


# %% solution="descent_step"
def descent_step(params, xs, ys, rate):
    """params and xs, ys as above, rate () -> (params like before, loss (), predictions (n,))."""
    ### BEGIN SOLUTION
    (loss, predictions), gradient = jax.value_and_grad(squared_error, has_aux=True)(params, xs, ys)
    return jax.tree.map(lambda p, g: p - rate * g, params, gradient), loss, predictions
    ### END SOLUTION


# %% check="descent_step"
check(descent_step)


### BEGIN HIDDEN TESTS
def _step(params, xs, ys, rate):
    (loss, predictions), slopes = jax.value_and_grad(squared_error, has_aux=True)(params, xs, ys)
    return jax.tree.map(lambda p, g: p - rate * g, params, slopes), loss, predictions


exercise(
    descent_step,
    inputs=lambda rng, n: (
        {"w": rng.normal(size=4), "b": rng.normal()},
        rng.normal(size=(n, 4)),
        rng.normal(size=n),
        rng.uniform(0.1, 0.3),
    ),
    # 1.43 times where the function runs twice; 1.29 at size 1 for a gradient of one long vector.
    requires=[matches_reference(), work_within(1.32), grows_with_batch(share=0.5)],
    hints=[
        "`squared_error` returns a pair. Which option tells JAX to differentiate only the first "
        "entry?",
        "`jax.value_and_grad(squared_error, has_aux=True)` returns a pair, and its first entry is "
        "a pair too.",
        "`(loss, predictions), gradient = ...`, and then "
        "`jax.tree.map(lambda p, g: p - rate * g, params, gradient)`.",
    ],
    explanation="The forward pass computes the loss and the predictions anyway. `value_and_grad` "
    "returns the loss, and `has_aux` returns the predictions, without extra work.",
    another="def descent_step(params, xs, ys, rate):\n"
    "    loss, pull, predictions = jax.vjp(\n"
    "        lambda p: squared_error(p, xs, ys), params, has_aux=True\n"
    "    )\n"
    "    (gradient,) = pull(jnp.ones_like(loss))\n"
    "    new = {name: params[name] - rate * gradient[name] for name in params}\n"
    "    return new, loss, predictions",
    wrong_answers=[
        wrong(
            lambda params, xs, ys, rate: _step(params, xs, ys, -rate),
            "steps uphill",
            rejected_by="values",
            advice="The gradient points in the direction in which the loss grows: subtract it.",
        ),
        wrong(
            lambda params, xs, ys, rate: jax.value_and_grad(squared_error)(params, xs, ys),
            "does not say that the function returns a pair",
            rejected_by="TypeError",
            advice="`grad` needs a function that returns one number. `has_aux=True` says: "
            "differentiate the first entry, and return the second as it is.",
        ),
        wrong(
            lambda params, xs, ys, rate: (
                jax.tree.map(
                    lambda p, g: p - rate * g,
                    params,
                    jax.grad(squared_error, has_aux=True)(params, xs, ys)[0],
                ),
                *squared_error(params, xs, ys),
            ),
            "runs the function more than once",
            rejected_by="work",
            advice="One call of `jax.value_and_grad` returns the loss, the predictions and the "
            "gradients of all parameters.",
        ),
        wrong(
            lambda params, xs, ys, rate: _step(params, xs, ys, 1.0),
            "takes the whole gradient, whatever the rate",
            rejected_by="values",
            advice="The gradient gives the direction, and `rate` says how far to go: multiply "
            "them.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="push_and_pull" stars=2 importance=2 minutes=6 points=2
# ## 3 · Two products, no matrix
#
# `neighbours` maps n numbers to n - 1. Its Jacobian J has the shape (n - 1, n). Write
# `push_and_pull`, which returns the tuple of `J @ v` and `w @ J` **without** building J. It should
# not do much more arithmetic than `neighbours` does.


# %% given="neighbours"
def neighbours(x):
    """x (n,) float32 -> (n - 1,) float32."""
    return jnp.sin(x[:-1]) * x[1:]


# %% solution="push_and_pull"
def push_and_pull(x, v, w):
    """x (n,), v (n,), w (n - 1,) -> (J @ v of shape (n - 1,), w @ J of shape (n,))."""
    ### BEGIN SOLUTION
    _, pushed = jax.jvp(neighbours, (x,), (v,))
    _, pull = jax.vjp(neighbours, x)
    (pulled,) = pull(w)
    return pushed, pulled
    ### END SOLUTION


# %% check="push_and_pull"
check(push_and_pull)
### BEGIN HIDDEN TESTS
exercise(
    push_and_pull,
    # Far out a difference of two values has too few digits for a slope.
    inputs=lambda rng, n: (
        100 * rng.normal(size=4 * n),
        rng.normal(size=4 * n),
        rng.normal(size=4 * n - 1),
    ),
    requires=[matches_reference(), work_within(2), grows_with_batch(share=0.5)],
    hints=[
        "One product is computed together with the values, the other on a walk back.",
        "`jax.jvp(f, (x,), (v,))` returns a pair: the value and `J @ v`. `jax.vjp(f, x)` also "
        "returns a pair: the value and a function.",
        "The function from `jax.vjp` takes `w` and returns a tuple with one entry for each "
        "argument of `neighbours`: `(pulled,) = pull(w)`.",
    ],
    explanation="`jvp` pushes a direction in the inputs forward, and `vjp` pulls weights on the "
    "outputs back. Each costs about as much as the function itself, however many entries J has.",
    another="def push_and_pull(x, v, w):\n"
    "    _, push = jax.linearize(neighbours, x)\n"
    "    (pulled,) = jax.linear_transpose(push, x)(w)\n"
    "    return push(v), pulled",
    wrong_answers=[
        wrong(
            lambda x, v, w: (
                lambda J: (jnp.dot(J, v, precision="highest"), jnp.dot(w, J, precision="highest"))
            )(jax.jacobian(neighbours)(x)),
            "builds the Jacobian and multiplies by it",
            rejected_by="work",
            advice="The Jacobian needs one walk for each of its rows. Each of the two products "
            "needs only one walk: `jax.jvp` and `jax.vjp`.",
        ),
        wrong(
            lambda x, v, w: (jax.jvp(neighbours, (x,), (v,))[1], jax.vjp(neighbours, x)[1](w)),
            "returns the pullback's tuple as it is",
            rejected_by="structure",
            advice="The function from `jax.vjp` returns a tuple with one entry for each argument. "
            "Here it has one entry: return that entry.",
        ),
        wrong(
            lambda x, v, w: (jax.jvp(neighbours, (x,), (v,))[0], jax.vjp(neighbours, x)[1](w)[0]),
            "returns the value of the function instead of the product",
            rejected_by="values",
            advice="`jax.jvp` returns a pair: first the value, then the product.",
        ),
        wrong(
            lambda x, v, w: (
                jax.jvp(neighbours, (x,), (v,))[1],
                jax.grad(lambda x: neighbours(x).sum())(x),
            ),
            "gives every output the weight 1",
            rejected_by="values",
            advice="The gradient of a sum pulls back ones. Pull back `w` instead.",
        ),
        wrong(
            lambda x, v, w: (jax.vjp(neighbours, x)[1](w)[0], jax.jvp(neighbours, (x,), (v,))[1]),
            "returns the two products in the other order",
            rejected_by="shape",
            advice="`J @ v` comes first. It has one entry for each output.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="hessian_times" stars=2 importance=3 minutes=8 points=3
# ## 4 · A product with the Hessian, without the Hessian
#
# `coupling` couples every angle with every other angle. Write `hessian_times`, which multiplies its
# Hessian at `x` by the vector `v`. The Hessian itself would need about n times the arithmetic of a
# gradient. Your function may need a few times the arithmetic of a gradient.


# %% given="coupling"
def coupling(x):
    """Angles x (n,) float32 -> () float32."""
    return jnp.sum(jnp.cos(x[:, None] - 2 * x[None, :]))


# %% solution="hessian_times"
def hessian_times(x, v):
    """The Hessian of `coupling` at x, times v: x (n,), v (n,) -> (n,)."""
    ### BEGIN SOLUTION
    return jax.jvp(jax.grad(coupling), (x,), (v,))[1]
    ### END SOLUTION


# %% check="hessian_times"
check(hessian_times)
### BEGIN HIDDEN TESTS
exercise(
    hessian_times,
    # Far out a difference of two gradients has too few digits for a slope.
    inputs=lambda rng, n: (60 * rng.normal(size=2 * n), rng.normal(size=2 * n)),
    requires=[matches_reference(), work_within(3), grows_with_batch(share=0.5)],
    hints=[
        "The Hessian is the Jacobian of another function. Which one?",
        "It is the Jacobian of the gradient. In exercise 3 you multiplied a Jacobian by a vector "
        "without building it.",
        "`jax.jvp(jax.grad(coupling), (x,), (v,))` returns a pair: the gradient and the product.",
    ],
    explanation="Forward over reverse: the gradient is a function of `x`, and one `jvp` computes "
    "how it changes along `v`. It returns the gradient as well, which Newton and "
    "conjugate-gradient methods also need.",
    another="def hessian_times(x, v):\n"
    "    return jax.grad(lambda x: jnp.sum(jax.grad(coupling)(x) * v))(x)",
    wrong_answers=[
        wrong(
            lambda x, v: jnp.dot(jax.hessian(coupling)(x), v, precision="highest"),
            "builds the Hessian and multiplies by it",
            rejected_by="work",
            advice="This needs one walk for every column of the Hessian, and then you add them up. "
            "One `jvp` of the gradient gives the sum directly.",
        ),
        wrong(
            lambda x, v: jax.jvp(coupling, (x,), (v,))[1],
            "computes the slope along `v`, not the change of the slopes",
            rejected_by="shape",
            advice="A `jvp` of `coupling` is a first derivative. Take the `jvp` of its gradient.",
        ),
        wrong(
            lambda x, v: jnp.vdot(v, jax.jvp(jax.grad(coupling), (x,), (v,))[1]),
            "multiplies by `v` from both sides",
            rejected_by="shape",
            advice="Multiply by the vector once, from one side. The result has n numbers.",
        ),
        wrong(
            lambda x, v: jax.jvp(jax.grad(coupling), (x,), (v,))[0],
            "returns the gradient",
            rejected_by="values",
            advice="`jax.jvp` returns first the value, which is the gradient here, and then the "
            "product.",
        ),
        wrong(
            lambda x, v: jax.vmap(jax.grad(jax.grad(lambda t: coupling(t[None]))))(x) * v,
            "uses each angle's own second derivative alone",
            rejected_by="values",
            advice="The Hessian is not diagonal: every angle changes the slope of every other.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="lengths" stars=2 importance=3 minutes=6 points=2
# ## 5 · A length that survives zero
#
# Write `lengths`, the Euclidean length of every row of `xs`. Some rows are zero. Their length is
# exactly 0, and its gradient should be 0 too. For all other rows, even very short ones, the
# gradient is the usual one.


# %% solution="lengths"
def lengths(xs):
    """xs (n, 3) float32, some rows zero -> (n,) float32, with a finite gradient."""
    ### BEGIN SOLUTION
    squares = jnp.sum(xs**2, axis=1)
    zero = squares == 0
    return jnp.where(zero, 0.0, jnp.sqrt(jnp.where(zero, 1.0, squares)))
    ### END SOLUTION


# %% check="lengths"
check(lengths)


### BEGIN HIDDEN TESTS
def _with_zeros(rng, n):
    """Rows of which some are zero, begin with a zero, are short, or add up to zero.

    Size 1 is a zero row, where nothing but 0 is near enough. At size 0 there are three tiny rows,
    for a threshold in place of 0.
    """
    if n == 0:
        return 1e-9 * rng.uniform(1, 2, size=(3, 3))
    kind = rng.permutation(n) % 4
    xs = rng.normal(size=(n, 3))
    xs[kind == 0] = 0
    xs[kind == 1, 0] = 0
    xs[kind == 2] = rng.choice([-1, 1], size=3) * [0.01, 0.02, 0.01]
    xs[kind == 3] = xs[kind == 3, :1] * [1, -1, 0]
    return xs


def _safe_rows(xs, is_zero):
    """The lengths with 0 where `is_zero` says so, and ones in place of all zeros elsewhere."""
    whole = jnp.linalg.norm(jnp.where(xs == 0, 1.0, xs), axis=1)
    return jnp.where(is_zero(xs), 0.0, whole)


exercise(
    lengths,
    sizes=(range(5, 10), 1, 0, range(61, 101)),
    public_sizes=(4, 1, 0, 10),
    inputs=lambda rng, n: (_with_zeros(rng, n),),
    equal_mutants={
        f"1.0 → {other} (line 4)": "the stand-in for zero is a constant that the outer where drops"
        for other in ("2.0", "0.0", "1.01", "1.05", "1.1", "0.9")
    },
    requires=[matches_reference(), matches_gradient(), grows_with_batch(share=0.5)],
    hints=[
        "The slope of a square root at 0 is infinite. Which other argument can you give the root?",
        "A `where` around the root is too late: the root of 0 was computed. Put one inside.",
        "`zero = squares == 0`, then `jnp.where(zero, 0.0, jnp.sqrt(jnp.where(zero, 1.0, "
        "squares)))`.",
    ],
    explanation="The inner `where` keeps 0 away from the root, and the outer one puts the right "
    "value back. In other programs it may not matter if every length changes a little. Then you "
    "can also add a tiny number under the root. With 1e-12, the length of a zero row becomes a "
    "millionth.",
    another="def lengths(xs):\n"
    "    zero = (xs == 0).all(axis=1)\n"
    "    safe = jnp.where(zero[:, None], 1.0, xs)\n"
    "    return jnp.where(zero, 0.0, jnp.linalg.norm(safe, axis=1))",
    wrong_answers=[
        wrong(
            lambda xs: jnp.sqrt(jnp.sum(xs**2, axis=1)),
            "takes the root of zero",
            rejected_by="gradient",
            advice="The gradient of a zero row is nan, and a `where` outside the root cannot "
            "change that: 0 · inf is nan. Keep the zero away from the root.",
        ),
        wrong(
            lambda xs: (lambda s: jnp.sqrt(jnp.where(s == 0, 1.0, s)))(jnp.sum(xs**2, axis=1)),
            "leaves the stand-in for zero in the result",
            rejected_by="values",
            advice="The inner `where` makes the root safe. An outer `where` has to put the 0 back.",
        ),
        wrong(
            lambda xs: jnp.sqrt(jnp.sum(xs**2, axis=1) + 0.01),
            "adds so much under the root that the lengths change",
            rejected_by="values",
            advice="The length of a zero row is 0, not 0.1. Choose with `where` instead of adding "
            "a number.",
        ),
        wrong(
            lambda xs: _safe_rows(xs, lambda xs: (xs == 0).all(axis=1)),
            "replaces single zeros, not zero rows",
            rejected_by="values",
            advice="A row such as (0, 3, 4) has a zero in it but is not a zero row: its length is "
            "5. Ask whether the sum of the squares is 0.",
        ),
        wrong(
            lambda xs: (lambda z: jnp.where(z, 0.0, jnp.sqrt(jnp.where(z, 1.0, (xs**2).sum(1)))))(
                xs.sum(axis=1) == 0
            ),
            "treats a row whose entries cancel as a zero row",
            rejected_by="values",
            advice="The entries of (1, -1, 0) add up to 0, but its length is not 0. Ask whether "
            "the *squares* add up to 0.",
        ),
        wrong(
            lambda xs: jax.lax.stop_gradient(jnp.sqrt(jnp.sum(xs**2, axis=1))),
            "stops the gradient everywhere",
            rejected_by="gradient",
            advice="Only zero rows have the gradient 0. All other rows have the usual gradient.",
        ),
        wrong(
            lambda xs: jnp.stack(
                [
                    jnp.where((x == 0).all(), 0.0, jnp.sqrt(jnp.where((x == 0).all(), 1.0, x @ x)))
                    for x in xs
                ]
            ),
            "goes through the rows in Python",
            rejected_by="batch loop",
            earns=0.5,
            advice="The idea is right. Sum along `axis=1`, or `vmap` the function of one row.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="td_gradient" stars=2 importance=2 minutes=6 points=2
# ## 6 · Chasing a target that holds still
#
# An agent learns the worth of a state from a target that it computes itself: `rewards + 0.9 *
# worth(params, next_states)`. The loss is the mean of `(target - worth(params, states)) ** 2`. The
# agent should move its guess towards the target, not the target towards its guess. So the target
# counts as a **constant**. Write `td_gradient`, the gradient of this loss with respect to `params`.


# %% given="worth"
def worth(params, states):
    """params {"w": (4,), "b": ()}, states (n, 4) -> (n,)."""
    return jnp.tanh(states @ params["w"] + params["b"])


# %% solution="td_gradient"
def td_gradient(params, states, rewards, next_states):
    """states (n, 4), rewards (n,), next_states (n, 4) -> {"w": (4,), "b": ()}."""

    ### BEGIN SOLUTION
    def loss(params):
        target = jax.lax.stop_gradient(rewards + 0.9 * worth(params, next_states))
        return jnp.mean((target - worth(params, states)) ** 2)

    return jax.grad(loss)(params)
    ### END SOLUTION


# %% check="td_gradient"
check(td_gradient)


### BEGIN HIDDEN TESTS
def _td(rewards, next_states, states, params, keep_target, keep_guess, discount=0.9):
    """The gradient of the loss, with or without a gradient through each end."""

    def loss(params):
        target = rewards + discount * worth(params, next_states)
        guess = worth(params, states)
        target = target if keep_target else jax.lax.stop_gradient(target)
        guess = guess if keep_guess else jax.lax.stop_gradient(guess)
        return jnp.mean((target - guess) ** 2)

    return jax.grad(loss)(params)


exercise(
    td_gradient,
    inputs=lambda rng, n: (
        {"w": rng.normal(size=4), "b": rng.normal()},
        rng.normal(size=(n, 4)),
        rng.normal(size=n),
        rng.normal(size=(n, 4)),
    ),
    equal_mutants={
        "target - worth(params, states) → worth(params, states) - target (line 5)": "it is squared",
    },
    requires=HALF_FOR_A_LOOP,
    hints=[
        "The parameters appear twice in the loss. In one of the two places they should be "
        "constants.",
        "`jax.lax.stop_gradient(a)` has the value of `a` and counts as a constant.",
        "Write the loss as a function of `params`, with `jax.lax.stop_gradient` around the target, "
        "and take `jax.grad` of it.",
    ],
    explanation="`stop_gradient` makes the target a constant. A target that you compute before, "
    "outside of the function that you differentiate, is a constant too. The result is not the "
    "gradient of the loss, and finite differences of the loss would not agree with it.",
    another="def td_gradient(params, states, rewards, next_states):\n"
    "    target = rewards + 0.9 * worth(params, next_states)\n"
    "    return jax.grad(lambda p: jnp.mean((target - worth(p, states)) ** 2))(params)",
    wrong_answers=[
        wrong(
            lambda params, s, r, t: _td(r, t, s, params, True, True),
            "lets the gradient flow through the target",
            rejected_by="values",
            advice="The parameters are in the target as well. Put `jax.lax.stop_gradient` around "
            "it.",
        ),
        wrong(
            lambda params, s, r, t: _td(r, t, s, params, True, False),
            "holds the guess still and moves the target",
            rejected_by="values",
            advice="It is the other way round: the guess `worth(params, states)` should move.",
        ),
        wrong(
            lambda params, s, r, t: _td(r, t, s, params, False, False),
            "stops both ends",
            rejected_by="values",
            advice="Now all slopes are 0, because both ends are constants. Stop only the target.",
        ),
        wrong(
            lambda params, s, r, t: _td(r, t, s, params, False, True, 1.0),
            "leaves out the 0.9",
            rejected_by="values",
            advice="The next state counts a little less: multiply its worth by 0.9.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="binarize" stars=2 importance=2 minutes=10 points=2
# ## 7 · A slope for a cliff
#
# Networks with weights of one bit need the sign of a number, but a sign has slope 0 everywhere. So
# they pretend that it has another slope. Write `binarize` with a rule of your own, with
# `jax.custom_vjp`:
#
# - forward: 1.0 where `x >= 0`, otherwise -1.0;
# - backward: the cotangent passes unchanged where `|x| <= 1`, and is 0 elsewhere.
#
# You may define the rule inside `binarize`.


# %% solution="binarize"
def binarize(x):
    """x (n,) float32 -> (n,) float32, with the slopes of a straight line from -1 to 1."""

    ### BEGIN SOLUTION
    @jax.custom_vjp
    def signs(x):
        return jnp.where(x >= 0, 1.0, -1.0)

    def forward(x):
        return signs(x), x

    def backward(x, cotangent):
        return (jnp.where(jnp.abs(x) <= 1, cotangent, 0.0),)

    signs.defvjp(forward, backward)
    return signs(x)
    ### END SOLUTION


# %% check="binarize"
check(binarize)


### BEGIN HIDDEN TESTS
def _binarized(x, backward, sign=lambda x: jnp.where(x >= 0, 1.0, -1.0)):
    """The signs of x, with this backward function of x and the cotangent."""
    signs = jax.custom_vjp(sign)
    signs.defvjp(lambda x: (signs(x), x), lambda x, cotangent: (backward(x, cotangent),))
    return signs(x)


def _about_the_cliff(rng, n):
    """Numbers on the ramp and off it, both zeros, and on both sides its end and the next number."""
    beyond = np.nextafter(np.float32(1), np.float32(2))
    some = [-0.0, 0.0, 1.0, -1.0, beyond, -beyond, np.inf, -np.inf, 0.5, -0.5, 1.5, -1.5]
    numbers = np.concatenate([some, rng.uniform(-2, 2, size=n)])[:n]
    return rng.permutation(numbers)


exercise(
    binarize,
    sizes=(range(13, 18), 1, range(61, 101)),
    public_sizes=(18, 1, 24),
    inputs=lambda rng, n: (_about_the_cliff(rng, n),),
    requires=[
        matches_reference(),
        matches_gradient(),
        grows_with_batch(share=0.5),
        uses_primitive("custom_vjp_call", instead="Write the rule with `jax.custom_vjp`."),
    ],
    hints=[
        "You need three functions: the plain one, a forward function that also returns what to "
        "keep, and a backward function.",
        "The backward function gets what was kept and the cotangent, and returns a tuple with one "
        "entry for each argument. Keep `x`.",
        "`signs.defvjp(lambda x: (signs(x), x), lambda x, c: (jnp.where(jnp.abs(x) <= 1, c, "
        "0.0),))` for a `signs` decorated with `@jax.custom_vjp`.",
    ],
    explanation="The forward pass computes the sign, and the backward pass pretends that the "
    "cliff is a ramp from -1 to 1. Beyond the ramp the slope is 0, so a weight that is far out "
    "stays as it is.",
    another="def binarize(x):\n"
    "    signs = jax.custom_vjp(lambda x: jnp.where(x < 0, -1.0, 1.0))\n"
    "    keep = lambda x: (signs(x), jnp.abs(x) > 1)\n"
    "    signs.defvjp(keep, lambda far, cotangent: (jnp.where(far, 0.0, cotangent),))\n"
    "    return signs(x)",
    wrong_answers=[
        wrong(
            lambda x: jnp.where(x >= 0, 1.0, -1.0),
            "leaves the slope at 0",
            rejected_by="gradient",
            advice="The values are right, but nothing flows back. Give the function a rule.",
        ),
        wrong(
            lambda x: _binarized(x, lambda x, cotangent: cotangent),
            "lets the cotangent through everywhere",
            rejected_by="gradient",
            advice="Beyond 1 and -1 the slope is 0, so the backward function needs `x`. Keep `x` "
            "in the forward function.",
        ),
        wrong(
            lambda x: _binarized(x, lambda x, cotangent: jnp.where(jnp.abs(x) <= 1, 1.0, 0.0)),
            "returns the slope and forgets the cotangent",
            rejected_by="gradient",
            advice="The backward function is one part of a chain: multiply the slope by the "
            "cotangent that it gets.",
        ),
        wrong(
            lambda x: _binarized(x, lambda x, cotangent: jnp.where(jnp.abs(x) < 1, cotangent, 0.0)),
            "leaves out the ends of the ramp",
            rejected_by="gradient",
            advice="At 1 and -1 the cotangent still passes: `|x| <= 1`.",
        ),
        wrong(
            lambda x: _binarized(x, lambda x, cotangent: jnp.clip(cotangent, -1.0, 1.0) * x),
            "multiplies the cotangent by `x`",
            rejected_by="gradient",
            advice="The cotangent passes unchanged where `|x| <= 1`; `x` only decides where.",
        ),
        wrong(
            lambda x: (
                lambda ramp: ramp + jax.lax.stop_gradient(jnp.where(x >= 0, 1.0, -1.0) - ramp)
            )(jnp.where(jnp.abs(x) <= 1, x, 0.0)),
            "has no `jax.custom_vjp` of its own",
            rejected_by="primitive",
            earns=0.75,
            advice="The gradient is right. But here you should write a backward rule of your own "
            "with `jax.custom_vjp`, not a trick with `stop_gradient` and not a `custom_jvp`.",
        ),
        wrong(
            lambda x: _binarized(
                x, lambda x, cotangent: jnp.where(jnp.abs(x) <= 1, cotangent, 0.0), jnp.sign
            ),
            "is 0 at 0",
            rejected_by="values",
            advice="`jnp.sign(0.0)` is 0, but a weight of one bit has only two values: "
            "`jnp.where(x >= 0, 1.0, -1.0)`.",
        ),
        wrong(
            lambda x: jnp.clip(x, -1.0, 1.0),
            "returns the ramp itself",
            rejected_by="values",
            advice="The ramp is only for the backward pass. Forward, the result is 1 or -1.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="deep_gradient" stars=2 importance=2 minutes=8 points=3
# ## 8 · Compute it again
#
# The loss of a deep network is `jnp.sum(h**2)`, where `h` is `x` after 50 applications of `layer`,
# all with the same `W`. Write `deep_gradient`, the gradient of this loss with respect to `W`. Of
# each layer, keep only its input for the way back. Repeat the layer with `jax.lax.scan`: fifty
# separate layers would compile slowly and need more memory. The memory of your program is measured.


# %% given="layer"
def layer(h, W):
    """One layer: h (n, 16), W (16, 16) -> (n, 16)."""
    for _ in range(4):
        h = jnp.sin(jnp.tanh(h @ W))
    return h


# %% solution="deep_gradient"
def deep_gradient(W, x):
    """The gradient with respect to W: W (16, 16), x (n, 16) -> (16, 16)."""

    ### BEGIN SOLUTION
    def loss(W):
        light = jax.checkpoint(layer)
        h, _ = jax.lax.scan(lambda h, _: (light(h, W), None), x, None, length=50)
        return jnp.sum(h**2)

    return jax.grad(loss)(W)
    ### END SOLUTION


# %% check="deep_gradient"
check(deep_gradient)


### BEGIN HIDDEN TESTS
def _deep(W, x, layer=layer, total=jnp.sum, argnums=0):
    """The gradient of the loss, for a layer and a way to sum up."""

    def loss(W, x):
        h, _ = jax.lax.scan(lambda h, _: (layer(h, W), None), x, None, length=50)
        return total(h**2)

    return jax.grad(loss, argnums)(W, x)


def _turning(rng, size):
    """A rotation, a little enlarged, so that 200 products neither explode nor fade."""
    return 1.1 * np.linalg.qr(rng.normal(size=(size, size)))[0]


exercise(
    deep_gradient,
    inputs=lambda rng, n: (_turning(rng, 16), rng.normal(size=(n, 16))),
    requires=[matches_reference(), memory_within(2), grows_with_batch("not at all")],
    hints=[
        "Use `jax.lax.scan` for the fifty layers. What does its gradient keep of each turn?",
        "`jax.checkpoint(layer)` does the same as `layer`, but keeps only its inputs. Use it in "
        "the scan.",
        "Inside a function of `W`: `h, _ = jax.lax.scan(lambda h, _: (jax.checkpoint(layer)(h, W), "
        "None), x, None, length=50)`.",
    ],
    explanation="Without `checkpoint` the scan keeps every intermediate array of all fifty "
    "layers. With it, the scan keeps fifty inputs, and computes the inside of one layer at a time "
    "again. The other solution does the same by hand.",
    another="def deep_gradient(W, x):\n"
    "    last, inputs = jax.lax.scan(lambda h, _: (layer(h, W), h), x, None, length=50)\n"
    "\n"
    "    def back(carry, h):\n"
    "        pulled, total = carry\n"
    "        _, pull = jax.vjp(layer, h, W)\n"
    "        pulled, more = pull(pulled)\n"
    "        return (pulled, total + more), None\n"
    "\n"
    "    start = (2 * last, jnp.zeros_like(W))\n"
    "    (_, total), _ = jax.lax.scan(back, start, inputs, reverse=True)\n"
    "    return total",
    wrong_answers=[
        wrong(
            lambda W, x: _deep(W, x),
            "keeps the insides of every layer",
            rejected_by="memory",
            advice="Wrap `layer` with `jax.checkpoint`, inside the scan. Around the whole loss it "
            "would not help: then everything would be kept when it is computed again.",
        ),
        wrong(
            lambda W, x: _deep(W, x, jax.checkpoint(layer), argnums=1),
            "differentiates with respect to `x`",
            rejected_by="shape",
            advice="Return the gradient with respect to `W`. It has the shape of `W`.",
        ),
        wrong(
            lambda W, x: _deep(W, x, jax.checkpoint(layer), total=jnp.mean),
            "takes the mean instead of the sum",
            rejected_by="values",
            advice="The loss is the sum of the squares.",
        ),
        wrong(
            lambda W, x: _deep(W, x, lambda h, W: layer(jax.lax.stop_gradient(h), W)),
            "cuts the chain between the layers",
            rejected_by="values",
            advice="`stop_gradient` cuts off the earlier layers. `jax.checkpoint` changes only "
            "what is kept, and never the result.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="eccentric_anomaly" stars=3 importance=2 minutes=15 points=3
# ## 9 · A puzzle: the slope of an answer that was searched for
#
# Where is a planet at a given time? To find out, astronomers have solved Kepler's equation `E - e *
# sin(E) = M` for E since 1609. There is no formula for E, so `solve_kepler` searches for E with a
# `while_loop`. Therefore it has no reverse mode.
#
# Write `eccentric_anomaly`: it returns the values of `solve_kepler` **and** has the right gradient
# with respect to `M` and to `e`. The puzzle: the gradient does not need the search. If you know E,
# you can compute its slopes, however E was found: if `M` or `e` changes a little, E has to change
# so that the equation still holds. So use `solve_kepler` for the search, and do not write a search
# of your own: the loops and the work of your program are counted.


# %% given="solve_kepler"
def solve_kepler(M, e):
    """The E with E - e * sin(E) = M: M (n,) in [0, 6], e (n,) in [0.1, 0.7] -> (n,)."""

    def newton(state):
        turn, E, _ = state
        change = (E - e * jnp.sin(E) - M) / (1 - e * jnp.cos(E))
        return turn + 1, E - change, jnp.max(jnp.abs(change))

    def unfinished(state):
        turn, _, change = state
        return (change > 1e-5) & (turn < 30)

    return jax.lax.while_loop(unfinished, newton, (0, M + e * jnp.sin(M), jnp.inf))[1]


# %% solution="eccentric_anomaly"
def eccentric_anomaly(M, e):
    """M (n,), e (n,) -> E (n,), differentiable with respect to M and e."""

    ### BEGIN SOLUTION
    @jax.custom_vjp
    def solved(M, e):
        return solve_kepler(M, e)

    def forward(M, e):
        E = solve_kepler(M, e)
        return E, (E, e)

    def backward(kept, cotangent):
        E, e = kept
        by_M = cotangent / (1 - e * jnp.cos(E))
        return by_M, by_M * jnp.sin(E)

    solved.defvjp(forward, backward)
    return solved(M, e)
    ### END SOLUTION


# %% check="eccentric_anomaly"
check(eccentric_anomaly)


### BEGIN HIDDEN TESTS
def _three_turns(M, e):
    E = M
    for _ in range(3):
        E = M + e * jnp.sin(E)
    return E


def _newton(M, e):
    E = M + e * jnp.sin(M)
    for _ in range(10):
        E = E - (E - e * jnp.sin(E) - M) / (1 - e * jnp.cos(E))
    return E


def _found(M, e):
    """The solution, as a constant."""
    return solve_kepler(jax.lax.stop_gradient(M), jax.lax.stop_gradient(e))


def _newton_once(M, e, fixed_e):
    """One Newton step from the solution, with a gradient through M, and e unless it is fixed."""
    E = _found(M, e)
    e = jax.lax.stop_gradient(e) if fixed_e else e
    return E - (E - e * jnp.sin(E) - M) / jax.lax.stop_gradient(1 - e * jnp.cos(E))


def _orbits(rng, n):
    """Times and eccentricities; the first has the steepest slope, the second lies at the start."""
    M, e = rng.uniform(0, 6, size=n), rng.uniform(0.1, 0.7, size=n)
    M[0], e[0] = rng.uniform(0.05, 0.1), 0.7
    M[1:2] = 0
    return M, e


exercise(
    eccentric_anomaly,
    inputs=_orbits,
    requires=[
        matches_reference(),
        matches_gradient(),
        work_within(2),
        uses("while", at_most=1, instead="Leave the search to `solve_kepler`, once."),
        grows_with_batch(share=0.5),
    ],
    hints=[
        "Differentiate both sides of `E - e * sin(E) = M`. E is a function of M and of e.",
        "`dE (1 - e cos E) = dM + sin(E) de`. Solve this for dE to get both slopes.",
        "In a `custom_vjp`, keep `E` and `e`. Backward, the cotangent of `M` is the given "
        "cotangent divided by `1 - e * jnp.cos(E)`. The cotangent of `e` is this, times "
        "`jnp.sin(E)`.",
    ],
    explanation="This is implicit differentiation: the slopes of a solution follow from the "
    "equation, not from the search. No turn of the loop is kept, so even a search of a million "
    "turns would cost nothing on the way back. The other solution needs no `custom_vjp`: it takes "
    "**one** Newton step from the finished answer. The step does not change the value, but it has "
    "the right slope.",
    another="def eccentric_anomaly(M, e):\n"
    "    hold = jax.lax.stop_gradient\n"
    "    E = solve_kepler(hold(M), hold(e))\n"
    "    return E - (E - e * jnp.sin(E) - M) / hold(1 - e * jnp.cos(E))",
    wrong_answers=[
        wrong(
            lambda M, e: solve_kepler(M, e),
            "returns the search unchanged",
            rejected_by="gradient",
            advice="Reverse mode cannot walk back through a `while_loop`. Write a rule for the "
            "solution: it follows from the equation.",
        ),
        wrong(
            lambda M, e: _found(M, e),
            "treats the solution as a constant",
            rejected_by="gradient",
            advice="Now all slopes are 0. But the solution depends on `M` and `e`: differentiate "
            "the equation to see how.",
        ),
        wrong(
            lambda M, e: M + e * jnp.sin(_found(M, e)),
            "forgets that E changes on both sides",
            rejected_by="gradient",
            advice="In `E = M + e sin(E)` the E on the right changes too. Bring both to one side: "
            "`dE (1 - e cos E) = dM + sin(E) de`.",
        ),
        wrong(
            lambda M, e: _newton_once(M, e, fixed_e=True),
            "has a slope with respect to `M` only",
            rejected_by="gradient",
            advice="E depends on `e` too: that slope is `sin(E) / (1 - e cos E)`.",
        ),
        wrong(
            lambda M, e: _newton(M, e),
            "unrolls the search into ten turns",
            rejected_by="work",
            advice="Values and slopes are right, but every turn is computed, kept and walked "
            "back. For the slopes you need only the answer: take it from `solve_kepler`.",
        ),
        wrong(
            lambda M, e: _three_turns(M, e),
            "stops after three turns of `E = M + e sin(E)`",
            rejected_by="values",
            advice="JAX can differentiate a fixed number of turns, but three are too few. Use "
            "`solve_kepler` for the values, and the equation for the slopes.",
        ),
    ],
)
### END HIDDEN TESTS
