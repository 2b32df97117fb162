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

# %% [markdown] assignment="06_pytrees" points=20
# # Exercises: pytrees
#
# The lesson is [course/06_pytrees](../../course/06_pytrees.ipynb). In most exercises you do not
# know the form of the pytree: your answer has to work for any nesting of dicts, lists, tuples and
# `None`.
#
# Write your answer in the cell that says so, run it, then run the `check` cell below it. You may
# check as often as you like: nothing is handed in until you submit.

# %%
import copy

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from autograder import check, hint, reset

### BEGIN HIDDEN TESTS
from autograder import (
    exercise,
    grows_with_batch,
    lowers_everywhere,
    matches_gradient,
    matches_reference,
    mistake,
    question,
    static,
    wrong,
)


def layer(rng, n, m):
    return {"w": rng.normal(size=(n, m)), "b": rng.normal(size=m)}


def held(tree, n):
    """The tree as it is, or at odd sizes in more containers: no leaf is added."""
    return {"all": (tree, None), "none": ()} if n % 2 else tree


# Right results earn half if a Python loop finds them, unless that is what the exercise is about.
HALF_FOR_A_LOOP = (matches_reference(), grows_with_batch(share=0.5))
### END HIDDEN TESTS

# %% [markdown] exercise="fast_track_pytrees" stars=1 importance=1 minutes=1 points=0
# ## 0 · Know it already?
#
# One question for those who have used pytrees before, without points. If you are sure of your
# answer and it is right, read only the sections of the lesson on classes of your own, and begin
# with exercise 6.
#
# How many leaves does this pytree have? Answer with a number, without running it.
#
# ```python
# {"shape": (2, 3), "bias": None, "weights": np.zeros((2, 3)), "tags": ["a", {"b"}]}
# ```

# %% solution="fast_track_pytrees"
### BEGIN SOLUTION
fast_track_pytrees = 5
### END SOLUTION

# %% check="fast_track_pytrees"
check("fast_track_pytrees")
### BEGIN HIDDEN TESTS
question(
    "fast_track_pytrees",
    answer=5,
    hints=[
        "There are four entries. Each is either a leaf or a container with leaves in it.",
        "dicts, lists, tuples and `None` are containers. Arrays, strings and sets are leaves.",
        "The tuple has two leaves, `None` has none, and the array is one. Count the list yourself.",
    ],
    explanation="The tuple has two leaves and `None` has none. The array is one leaf. The list "
    "has two: a string and a set.",
    mistakes=[
        mistake(
            4,
            "takes the tuple for one leaf",
            advice="A shape is a tuple, and a tuple is a container. Its numbers are the leaves.",
        ),
        mistake(
            6,
            "counts `None` as a leaf",
            advice="`None` is a container with nothing in it.",
        ),
        mistake(
            10,
            "counts the numbers in the array",
            advice="An array is one leaf, whatever its size.",
        ),
        mistake(
            3,
            "takes the list and the tuple for leaves",
            advice="Lists and tuples are containers. The leaves are inside them.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="scale_leaves" stars=1 importance=3 minutes=1 points=1
# ## 1 · Every leaf
#
# Write `scale_leaves`, which multiplies every leaf of `tree` by the number `factor` and keeps the
# containers as they are.


# %% solution="scale_leaves"
def scale_leaves(tree, factor):
    """Any pytree of float32 arrays, factor () float32 -> a pytree of the same form and shapes."""
    ### BEGIN SOLUTION
    return jax.tree.map(lambda leaf: factor * leaf, tree)
    ### END SOLUTION


# %% check="scale_leaves"
check(scale_leaves)
### BEGIN HIDDEN TESTS
exercise(
    scale_leaves,
    inputs=lambda rng, n: (
        held(
            {
                "layer1": {"w": [rng.normal(size=n), rng.normal(size=n)], "b": None},
                "layer2": (rng.normal(size=(n, 3)), rng.normal()),
            },
            n,
        ),
        (-1) ** n * rng.uniform(0.5, 2.0),
    ),
    requires=HALF_FOR_A_LOOP,
    hints=[
        "You do not have to know the form of `tree`. Which function visits every leaf?",
        "`jax.tree.map` takes a function of one leaf, and a pytree.",
        "`jax.tree.map(lambda leaf: ..., tree)`, with the product instead of the dots.",
    ],
    explanation="`jax.tree.map` opens every container, calls the function with each leaf, and "
    "builds the same containers around the results. `None` holds no leaf, so it stays `None`.",
    another="def scale_leaves(tree, factor):\n"
    "    leaves, treedef = jax.tree.flatten(tree)\n"
    "    return jax.tree.unflatten(treedef, [factor * leaf for leaf in leaves])",
    wrong_answers=[
        wrong(
            lambda tree, factor: {key: factor * part for key, part in tree.items()},
            "multiplies a container",
            rejected_by="TypeError",
            advice="You cannot multiply a container, only its leaves. The values of a dict may be "
            "containers themselves. `jax.tree.map` goes down to the leaves.",
        ),
        wrong(
            lambda tree, factor: [factor * leaf for leaf in jax.tree.leaves(tree)],
            "returns a flat list of leaves",
            rejected_by="structure",
            advice="The leaves are right, but their containers are missing. `jax.tree.map` keeps "
            "them.",
        ),
        wrong(
            lambda tree, factor: jax.tree.map(
                lambda x: factor * (jnp.zeros(()) if x is None else x),
                tree,
                is_leaf=lambda x: x is None,
            ),
            "puts a number where there was `None`",
            rejected_by="structure",
            advice="`None` means that there is no leaf, so it should stay `None`. Without "
            "`is_leaf`, `jax.tree.map` keeps it.",
        ),
        wrong(
            lambda tree, factor: jax.tree.map(
                lambda x: factor * jnp.asarray(x), tree, is_leaf=lambda x: isinstance(x, list)
            ),
            "makes one array of a list",
            rejected_by="structure",
            advice="A list is a container. Each of its entries is a leaf, and they stay in a list.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="sgd_step" stars=1 importance=3 minutes=3 points=1
# ## 2 · A step downhill
#
# Write `sgd_step`: one step of gradient descent, `p - rate * g` for every parameter `p` and its
# gradient `g`. The pytrees `params` and `grads` have the same form.


# %% solution="sgd_step"
def sgd_step(params, grads, rate):
    """Two pytrees of one form, with float32 leaves, rate () float32 -> a pytree of that form."""
    ### BEGIN SOLUTION
    return jax.tree.map(lambda p, g: p - rate * g, params, grads)
    ### END SOLUTION


# %% check="sgd_step"
check(sgd_step)
### BEGIN HIDDEN TESTS
exercise(
    sgd_step,
    inputs=lambda rng, n: (
        held({"body": [layer(rng, n, 3), layer(rng, 3, 3)], "head": (rng.normal(size=3), None)}, n),
        held({"body": [layer(rng, n, 3), layer(rng, 3, 3)], "head": (rng.normal(size=3), None)}, n),
        rng.uniform(0.1, 1.0),
    ),
    requires=HALF_FOR_A_LOOP,
    hints=[
        "`jax.tree.map` can take more than one pytree.",
        "With two pytrees, the function gets two leaves, one from the same place in each.",
        "`jax.tree.map(lambda p, g: ..., params, grads)`.",
    ],
    explanation="`jax.tree.map` goes down both pytrees together. The line stays the same, however "
    "large the model becomes.",
    another="def sgd_step(params, grads, rate):\n"
    "    vector, back = ravel_pytree(params)\n"
    "    return back(vector - rate * ravel_pytree(grads)[0])",
    wrong_answers=[
        wrong(
            lambda params, grads, rate: jax.tree.map(lambda p, g: p + rate * g, params, grads),
            "goes uphill instead of downhill",
            rejected_by="values",
            advice="The gradient points uphill, so subtract it.",
        ),
        wrong(
            lambda params, grads, rate: jax.tree.map(lambda p, g: -rate * g, params, grads),
            "returns the step instead of the new parameters",
            rejected_by="values",
            advice="Return the new parameters: add `p` to your step.",
        ),
        wrong(
            lambda params, grads, rate: jax.tree.map(lambda p: p - rate * grads, params),
            "computes with a container of gradients",
            rejected_by="TypeError",
            advice="`rate * grads` multiplies a container, not an array. Give `grads` to "
            "`jax.tree.map` as a second pytree. Then the function gets one leaf of each.",
        ),
        wrong(
            lambda params, grads, rate: [
                p - rate * g
                for p, g in zip(jax.tree.leaves(params), jax.tree.leaves(grads), strict=True)
            ],
            "returns a flat list of leaves",
            rejected_by="structure",
            advice="The numbers are right, but the containers are missing. `jax.tree.map` with two "
            "pytrees keeps them.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="parameter_mean" stars=2 importance=2 minutes=5 points=2
# ## 3 · Every number counts
#
# Write `parameter_mean`: the mean of all numbers in a pytree. Each number counts the same, whatever
# the size of its leaf is. There are many leaves of different sizes.


# %% solution="parameter_mean"
def parameter_mean(params):
    """Any pytree of float32 arrays -> () float32."""
    ### BEGIN SOLUTION
    leaves = jax.tree.leaves(params)
    return sum(jnp.sum(leaf) for leaf in leaves) / sum(leaf.size for leaf in leaves)
    ### END SOLUTION


# %% check="parameter_mean"
check(parameter_mean)
### BEGIN HIDDEN TESTS
exercise(
    parameter_mean,
    inputs=lambda rng, n: (
        held(
            {
                "embed": rng.normal(size=(n, 5)) + 1,
                "blocks": [layer(rng, 5, 3), layer(rng, 3, 2)],
                "temperature": rng.normal() + 3,
                "mask": None,
            },
            n,
        ),
    ),
    requires=HALF_FOR_A_LOOP,
    hints=[
        "A mean is a sum divided by a count. Compute both over all leaves.",
        "`jax.tree.leaves` returns a list, and every array has a `.size`.",
        "`sum(jnp.sum(leaf) for leaf in leaves)` divided by `sum(leaf.size for leaf in leaves)`.",
    ],
    explanation="The count comes from the shapes, so it is a Python number while JAX traces, and "
    "the program divides by a constant. The same sum of sizes is the number of parameters of a "
    "model.",
    another="def parameter_mean(params):\n    return jnp.mean(ravel_pytree(params)[0])",
    wrong_answers=[
        wrong(
            lambda params: jnp.mean(
                jnp.stack([jnp.mean(leaf) for leaf in jax.tree.leaves(params)])
            ),
            "takes the mean of the leaves' means",
            rejected_by="values",
            advice="A bias of two numbers would count as much as a large matrix. Add up everything "
            "first, and divide once.",
        ),
        wrong(
            lambda params: (
                sum(jnp.sum(leaf) for leaf in jax.tree.leaves(params))
                / len(jax.tree.leaves(params))
            ),
            "divides by the number of leaves",
            rejected_by="values",
            advice="`len` counts the leaves. `.size` counts the numbers in each of them.",
        ),
        wrong(
            lambda params: jax.tree.map(jnp.mean, params),
            "gives a mean for each leaf",
            rejected_by="structure",
            advice="Return one number. `jax.tree.leaves` returns a list that you can add up.",
        ),
        wrong(
            lambda params: (
                sum(jnp.sum(leaf) for leaf in jax.tree.leaves(params))
                / sum(len(leaf) for leaf in jax.tree.leaves(params))
            ),
            "counts the rows of each leaf",
            rejected_by="TypeError",
            advice="`len` of an array is the size of its first axis, and a single number has no "
            "axis. `.size` counts all entries.",
        ),
        wrong(
            lambda params: jnp.mean(params),
            "asks `jnp` for the mean of a container",
            rejected_by="TypeError",
            advice="`jnp.mean` takes one array. `jax.tree.leaves` returns the arrays of the "
            "pytree.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="ema_update" stars=2 importance=2 minutes=6 points=2
# ## 4 · A moving average that keeps count
#
# Write `ema_update`, which moves a running average a little towards the newest state: `decay * a +
# (1 - decay) * s`. Do this for **floating** leaves only. Take every other leaf, such as a counter
# of steps or a switch, from `state` as it is. Both pytrees have the same form.


# %% solution="ema_update"
def ema_update(average, state, decay):
    """Two pytrees of one form, decay () float32 -> a pytree of that form.

    The leaves are float32, int32 and bool.
    """

    ### BEGIN SOLUTION
    def move(a, s):
        floating = jnp.issubdtype(s.dtype, jnp.floating)
        return decay * a + (1 - decay) * s if floating else s

    return jax.tree.map(move, average, state)
    ### END SOLUTION


# %% check="ema_update"
check(ema_update)
### BEGIN HIDDEN TESTS
exercise(
    ema_update,
    inputs=lambda rng, n: (
        *(
            held(
                {
                    "params": [layer(rng, n, 3), layer(rng, 3, 2)],
                    "norm": {"mean": rng.normal(size=3), "seen": rng.integers(2**30, 2**31, 3)},
                    "scale": rng.normal(),
                    "tokens": rng.integers(2**30, 2**31),
                    "step": 2**31 - 1 - old,
                    "frozen": [old, not old],
                },
                n,
            )
            for old in (True, False)
        ),
        rng.uniform(0.6, 0.9),
    ),
    requires=HALF_FOR_A_LOOP,
    hints=[
        "The function that you map can look at the leaf that it gets, for instance at its `dtype`.",
        "The dtype is known while JAX traces, so an ordinary `if` can use it: "
        "`jnp.issubdtype(leaf.dtype, jnp.floating)`.",
        "`decay * a + (1 - decay) * s` if `s` is floating, else `s`, mapped over both pytrees.",
    ],
    explanation="The shape and the dtype of a leaf are known while JAX traces, so Python's `if` "
    "can use them. If you average the counter too, its dtype changes from integer to float, and a "
    "jitted training step is traced again.",
    another="def ema_update(average, state, decay):\n"
    "    def move(a, s):\n"
    "        return (decay * a + (1 - decay) * s) if s.dtype == jnp.float32 else s\n"
    "    pairs = zip(jax.tree.leaves(average), jax.tree.leaves(state))\n"
    "    return jax.tree.unflatten(jax.tree.structure(state), [move(a, s) for a, s in pairs])",
    wrong_answers=[
        wrong(
            lambda average, state, decay: jax.tree.map(
                lambda a, s: decay * a + (1 - decay) * s, average, state
            ),
            "averages the counters as well",
            rejected_by="dtype",
            advice="A float times a counter is a float. Look at the dtype of each leaf first.",
        ),
        wrong(
            lambda average, state, decay: jax.tree.map(
                lambda a, s: (decay * a + (1 - decay) * s).astype(a.dtype), average, state
            ),
            "averages the counters and rounds them down",
            rejected_by="values",
            advice="Now the dtypes are right, but an averaged counter is too small. Take it from "
            "`state`.",
        ),
        wrong(
            lambda average, state, decay: jax.tree.map(
                lambda a, s: (
                    (1 - decay) * a + decay * s if jnp.issubdtype(a.dtype, jnp.floating) else s
                ),
                average,
                state,
            ),
            "has the two weights swapped",
            rejected_by="values",
            advice="`decay` is the part of the old average that stays. It is close to 1.",
        ),
        wrong(
            lambda average, state, decay: jax.tree.map(
                lambda a, s: (
                    decay * a + (1 - decay) * s if jnp.issubdtype(a.dtype, jnp.floating) else a
                ),
                average,
                state,
            ),
            "keeps the old counters",
            rejected_by="values",
            advice="The counters should be those of `state`, the newer of the two.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="clip_gradients" stars=2 importance=3 minutes=8 points=2
# ## 5 · Not too fast
#
# The global norm of a pytree is the square root of the sum of the squares of all its numbers. Write
# `clip_gradients`: if the global norm of `grads` is larger than `limit`, scale all of `grads` by
# one factor so that the norm becomes `limit`. Otherwise return them unchanged, even if all of them
# are zero. `limit` is above 0.


# %% solution="clip_gradients"
def clip_gradients(grads, limit):
    """Any pytree of float32 arrays, limit () float32 -> a pytree of the same form and shapes."""
    ### BEGIN SOLUTION
    norm = jnp.sqrt(sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(grads)))
    factor = jnp.minimum(1.0, limit / norm)
    return jax.tree.map(lambda leaf: factor * leaf, grads)
    ### END SOLUTION


# %% check="clip_gradients"
check(clip_gradients)


### BEGIN HIDDEN TESTS
def _gradients(rng, n):
    """Gradients, and a limit below their norm at odd sizes, a little above it at even ones.

    At size 1 they are short, so that something tiny that is added to the norm shows. At size 0 all
    of them are zero.
    """
    scale = {0: 0.0, 1: 1e-3}.get(n, 1.0)
    arrays = rng.normal(size=(n or 2, 3)), rng.normal(size=3), rng.normal(size=(3, 3))
    w, b, v = (scale * array for array in arrays)
    norm = sum((array**2).sum() for array in (w, b, v)) ** 0.5
    limit = norm * rng.uniform(0.2, 0.5) if n % 2 else norm * 1.02 if n else 0.5
    return held({"body": [{"w": w, "b": b}, {"w": v}], "none": (None,)}, n), limit


exercise(
    clip_gradients,
    sizes=(range(5, 10), 1, 0, range(61, 101)),
    public_sizes=(4, 1, 0, 10),
    inputs=_gradients,
    equal_mutants={
        "1.0, limit / norm → swapped (line 3)": "the smaller of two numbers, in either order"
    },
    requires=HALF_FOR_A_LOOP,
    hints=[
        "First compute one norm for the whole pytree, then one factor for all leaves.",
        "The values are not known while JAX traces, so use `jnp.where` or `jnp.minimum`, not `if`.",
        "The factor is `jnp.minimum(1.0, limit / norm)`.",
    ],
    explanation="One factor for all leaves keeps the direction of the step. The smaller of 1 and "
    "`limit / norm` needs no `if`, so the same program serves both cases.",
    another="def clip_gradients(grads, limit):\n"
    "    norm = jnp.linalg.norm(ravel_pytree(grads)[0])\n"
    "    return jax.tree.map(lambda g: jnp.where(norm > limit, g / norm * limit, g), grads)",
    wrong_answers=[
        wrong(
            lambda grads, limit: jax.tree.map(
                lambda g: g * jnp.minimum(1.0, limit / jnp.linalg.norm(g)), grads
            ),
            "clips each leaf by its own norm",
            rejected_by="values",
            advice="This changes the direction, as in the picture of the lesson. First compute one "
            "norm, outside of the map.",
        ),
        wrong(
            lambda grads, limit: jax.tree.map(
                lambda g: (
                    g * limit / jnp.sqrt(sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(grads)))
                ),
                grads,
            ),
            "stretches short gradients too",
            rejected_by="values",
            advice="A gradient that is short enough should stay as it is, so the factor must not "
            "be larger than 1.",
        ),
        wrong(
            lambda grads, limit: jax.tree.map(lambda g: jnp.clip(g, -limit, limit), grads),
            "clips each number on its own",
            rejected_by="values",
            advice="`jnp.clip` limits single numbers. Limit the length of the whole pytree "
            "instead.",
        ),
        wrong(
            lambda grads, limit: (
                jax.tree.map(lambda g: g * limit / jnp.linalg.norm(ravel_pytree(grads)[0]), grads)
                if jnp.linalg.norm(ravel_pytree(grads)[0]) > limit
                else grads
            ),
            "compares with `if` or Python's `min`",
            rejected_by="TracerBoolConversionError",
            advice="While JAX traces, the norm has no value yet. `jnp.minimum` and `jnp.where` "
            "make the choice when the program runs.",
        ),
        wrong(
            lambda grads, limit: jax.tree.map(
                lambda g: (
                    g
                    * jnp.minimum(
                        1.0,
                        limit / sum(jnp.linalg.norm(leaf) for leaf in jax.tree.leaves(grads)),
                    )
                ),
                grads,
            ),
            "adds up the norms of the leaves",
            rejected_by="values",
            advice="The norm of the whole is not the sum of the norms. Sum the squares of all "
            "leaves, and take one square root at the end.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="decay_weights" stars=2 importance=3 minutes=8 points=2
# ## 6 · Only the weights
#
# Write `decay_weights`. It multiplies a leaf by `1 - rate` if the last step of its path is the key
# `"w"`. All other leaves stay as they are. Some leaves are in a list, even in a list under `"w"`:
# the last step of their path is a position. And some keys only look like `"w"`.


# %% solution="decay_weights"
def decay_weights(params, rate):
    """Any pytree of float32 arrays, rate () float32 -> a pytree of the same form and shapes."""

    ### BEGIN SOLUTION
    def decay(path, leaf):
        return (1 - rate) * leaf if getattr(path[-1], "key", None) == "w" else leaf

    return jax.tree.map_with_path(decay, params)
    ### END SOLUTION


# %% check="decay_weights"
check(decay_weights)
### BEGIN HIDDEN TESTS
exercise(
    decay_weights,
    inputs=lambda rng, n: (
        held(
            {
                "embed": {"w": rng.normal(size=(n, 3)), "W": rng.normal(size=3)},
                "window": {
                    "w": rng.normal(size=3),
                    "b": rng.normal(size=(3, 3)),
                    "width": rng.normal(),
                    "raw": rng.normal(),
                },
                "blocks": [layer(rng, 3, 3), layer(rng, 3, 2)],
                "scales": [rng.normal(), rng.normal(size=3)],
                "mixture": {"w": [rng.normal(size=3), rng.normal()]},
                "mask": [{"w": {"scale": rng.normal(size=3), "w": rng.normal()}}, None],
            },
            n,
        ),
        rng.uniform(0.1, 0.5),
    ),
    requires=HALF_FOR_A_LOOP,
    hints=[
        "`jax.tree.map_with_path` calls the function with the path and the leaf.",
        "The last step is `path[-1]`. In a dict it has a `.key`. In a list it does not.",
        '`getattr(path[-1], "key", None) == "w"` is true for these leaves, and for no others.',
    ],
    explanation="A path is a tuple of steps: `DictKey` for a dict, `SequenceKey` for a list or "
    "tuple, `GetAttrKey` for a registered class. In practice, decay, frozen layers and learning "
    "rates per layer are all chosen by name in this way.",
    another="def decay_weights(params, rate):\n"
    "    def decay(path, leaf):\n"
    "        name = jax.tree_util.keystr(path)\n"
    "        return leaf * (1 - rate) if name.endswith(\"['w']\") else leaf\n"
    "    return jax.tree_util.tree_map_with_path(decay, params)",
    wrong_answers=[
        wrong(
            lambda params, rate: jax.tree.map_with_path(
                lambda path, p: (1 - rate) * p if path[-1] == "w" else p, params
            ),
            'finds no `"w"` at all',
            rejected_by="values",
            advice="Nothing has changed. A step of the path is a `DictKey`, which never equals a "
            "string. Compare its `.key`.",
        ),
        wrong(
            lambda params, rate: jax.tree.map_with_path(
                lambda path, p: (1 - rate) * p if "w" in jax.tree_util.keystr(path) else p, params
            ),
            'looks for the letter "w" anywhere in the path',
            rejected_by="values",
            advice='The bias under `"window"` has a "w" in its path as well. Look at the last '
            "step only.",
        ),
        wrong(
            lambda params, rate: jax.tree.map_with_path(
                lambda path, p: (
                    (1 - rate) * p if any(getattr(s, "key", None) == "w" for s in path) else p
                ),
                params,
            ),
            'looks for the key "w" in every step of the path',
            rejected_by="values",
            advice='In a list under `"w"`, the last step is a position: those leaves do not decay.',
        ),
        wrong(
            lambda params, rate: jax.tree.map_with_path(
                lambda path, p: (1 - rate) * p if path[-1].key == "w" else p, params
            ),
            "asks every last step for its `.key`",
            rejected_by="AttributeError",
            advice="A step into a list is a `SequenceKey`, which has no `.key`. "
            '`getattr(step, "key", None)` works for both.',
        ),
        wrong(
            lambda params, rate: jax.tree.map(
                lambda p: (1 - rate) * p if p.ndim == 2 else p, params
            ),
            "chooses by shape: matrices decay",
            rejected_by="values",
            advice='Here one `"w"` is a vector and one `"b"` a matrix. Look at the path instead.',
        ),
        wrong(
            lambda params, rate: jax.tree.map(lambda p: (1 - rate) * p, params),
            "decays every leaf",
            rejected_by="values",
            advice="`jax.tree.map` does not know which leaf it is at. "
            "`jax.tree.map_with_path` does.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="stack_trees" stars=2 importance=3 minutes=5 points=2
# ## 7 · From a list to a stack
#
# You have a list of pytrees that all have the same form and shapes. Write `stack_trees`, which
# makes one pytree of them. It has the form of a single one, and each leaf has a new **first** axis
# that counts the pytrees of the list, even if there is only one.


# %% solution="stack_trees"
def stack_trees(trees):
    """A list of k pytrees of one form -> one pytree; a leaf (a, b) has become (k, a, b)."""
    ### BEGIN SOLUTION
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)
    ### END SOLUTION


# %% check="stack_trees"
check(stack_trees)
### BEGIN HIDDEN TESTS
exercise(
    stack_trees,
    inputs=lambda rng, n: (
        [
            held(
                {
                    "body": layer(rng, n, 2),
                    "head": layer(rng, 2, 3),
                    "seen": rng.integers(2**30, 2**31, 3),
                },
                n,
            )
            for _ in range(1 if n == 1 else 4 - (n > 9))
        ],
    ),
    requires=HALF_FOR_A_LOOP,
    hints=[
        "`jax.tree.map` takes any number of pytrees, and the function gets one leaf of each.",
        "A star passes the entries of the list as separate arguments: "
        "`jax.tree.map(f, *trees)`. Inside, `*leaves` collects them.",
        "`jax.tree.map(lambda *leaves: ..., *trees)`, with `jnp.stack` instead of the dots.",
    ],
    explanation="A list of dicts has become a dict of stacks, which `vmap` and `lax.scan` can "
    "use. To get one pytree back, take `leaf[i]` of every leaf.",
    another="def stack_trees(trees):\n"
    "    lists = jax.tree.transpose(\n"
    "        jax.tree.structure([0] * len(trees)), jax.tree.structure(trees[0]), trees\n"
    "    )\n"
    "    return jax.tree.map(jnp.stack, lists, is_leaf=lambda node: isinstance(node, list))",
    wrong_answers=[
        wrong(
            lambda trees: jax.tree.map(jnp.stack, trees),
            "maps over the list as if it were one pytree",
            rejected_by="structure",
            advice="A list is a container, so the function got one leaf at a time, with nothing to "
            "stack it with. Put a star before `trees`.",
        ),
        wrong(
            lambda trees: jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *trees),
            "joins the leaves without a new axis",
            rejected_by="shape",
            advice="`jnp.concatenate` makes an axis longer. `jnp.stack` adds a new axis.",
        ),
        wrong(
            lambda trees: jax.tree.map(lambda *leaves: list(leaves), *trees),
            "makes lists of arrays instead of arrays",
            rejected_by="structure",
            advice="Lists are containers, so this pytree has as many leaves as before. "
            "`jnp.stack` makes one array of each list.",
        ),
        wrong(
            lambda trees: jax.tree.map(lambda *leaves: jnp.stack(leaves, axis=-1), *trees),
            "puts the new axis last",
            rejected_by="shape",
            advice="The new axis should be the first one. `jnp.stack` puts it there without "
            "`axis`.",
        ),
        wrong(
            lambda trees: {key: jnp.stack([tree[key] for tree in trees]) for key in trees[0]},
            "stacks dicts instead of leaves",
            rejected_by="TypeError",
            advice="You cannot stack dicts, only their leaves. `jax.tree.map` goes down to the "
            "leaves.",
        ),
        wrong(
            lambda trees: jax.tree.map(jnp.stack, *trees),
            "calls `jnp.stack` with each leaf as a separate argument",
            rejected_by="NotImplementedError",
            advice="`jnp.stack` takes one list of arrays. It took your third array for its "
            "argument `out`. Collect the arrays first: `lambda *leaves: jnp.stack(leaves)`.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="through_layers" stars=3 importance=2 minutes=8 points=2
# ## 8 · A hundred layers, one program
#
# `apply_layer` is one layer. A deep network has `n` layers, and their parameters are stacked, as in
# exercise 7. Write `through_layers`: `x` goes through the first layer, the result goes through the
# second, and so on to the last. The program must not become longer with more layers, so do not use
# a Python loop. The network will be trained, so `jax.grad` has to work.


# %% given="apply_layer"
def apply_layer(params, x):
    """One layer: params {"w": (3, 3), "b": (3,)}, x (3,) -> (3,)."""
    return jnp.tanh(x @ params["w"] + params["b"])


# %% solution="through_layers"
def through_layers(stacked, x):
    """All layers: stacked {"w": (n, 3, 3), "b": (n, 3)}, x (3,) -> (3,)."""

    ### BEGIN SOLUTION
    def one(x, params):
        return apply_layer(params, x), None

    return jax.lax.scan(one, x, stacked)[0]
    ### END SOLUTION


# %% check="through_layers"
check(through_layers)
### BEGIN HIDDEN TESTS


def looped_layers(stacked, x):
    for w, b in zip(stacked["w"], stacked["b"], strict=True):
        x = apply_layer({"w": w, "b": b}, x)
    return x


def while_layers(stacked, x):
    def one(state):
        i, x = state
        return i + 1, apply_layer(jax.tree.map(lambda leaf: leaf[i], stacked), x)

    return jax.lax.while_loop(lambda state: state[0] < stacked["b"].shape[0], one, (0, x))[1]


exercise(
    through_layers,
    requires=[
        matches_reference(),
        grows_with_batch("not at all"),
        matches_gradient(),
        lowers_everywhere(),
    ],
    inputs=lambda rng, n: (
        {"w": rng.normal(size=(n, 3, 3)) / 2, "b": rng.normal(size=(n, 3))},
        rng.normal(size=3),
    ),
    # Growth is judged between sizes that 16 divides: a scan may be unrolled in part.
    sizes=(range(16, 49, 16), 1, 7, range(96, 145, 16)),
    public_sizes=(64, 1, 5, 160),
    hints=[
        "`vmap` gives every layer the same `x`. Here each layer needs the result of the layer "
        "before.",
        "`jax.lax.scan(f, carry, stacked)` calls `f(carry, one_slice)` for slice after slice; `f` "
        "returns the new carry and a result to keep, which may be `None`.",
        "Carry `x`. The function returns `apply_layer(params, x), None`, and `scan` returns the "
        "last carry first.",
    ],
    explanation="`scan` takes one slice of every leaf at a time, so a stack of layers is just "
    "what it needs. The layer is traced and compiled once, which keeps the compile time of deep "
    "models short. The gradient of a scan is a scan again.",
    another="def through_layers(stacked, x):\n"
    "    def one(i, x):\n"
    "        return apply_layer(jax.tree.map(lambda leaf: leaf[i], stacked), x)\n"
    '    return jax.lax.fori_loop(0, stacked["b"].shape[0], one, x)',
    wrong_answers=[
        wrong(
            lambda stacked, x: jax.vmap(apply_layer, in_axes=(0, None))(stacked, x),
            "sends the same `x` through every layer",
            rejected_by="shape",
            advice="`vmap` gives each layer the same `x`. The layers should run one after "
            "another, so carry `x` with `jax.lax.scan`.",
        ),
        wrong(
            lambda stacked, x: jax.lax.scan(
                lambda x, params: (apply_layer(params, x),) * 2, x, stacked
            )[1],
            "returns the results of all layers",
            rejected_by="shape",
            advice="`scan` returns the last carry and the stacked results. Return the first of the "
            "two.",
        ),
        wrong(
            lambda stacked, x: jax.lax.scan(
                lambda x, params: (apply_layer(params, x), None), x, stacked
            ),
            "returns both results of `scan`",
            rejected_by="structure",
            advice="`scan` returns a pair: the last carry and the stacked results. Return the "
            "first.",
        ),
        wrong(
            lambda stacked, x: jax.lax.scan(
                lambda x, params: (apply_layer(params, x), None), x, stacked, reverse=True
            )[0],
            "begins with the last layer",
            rejected_by="values",
            advice="The first slice of the stack is the first layer. Without `reverse`, `scan` "
            "begins with it.",
        ),
        wrong(
            lambda stacked, x: jax.lax.scan(apply_layer, x, stacked)[0],
            "gives `apply_layer` to `scan` as it is",
            rejected_by="TypeError",
            advice="`scan` calls its function with the carry first and then the slice, and the "
            "function has to return a pair. Write such a function around `apply_layer`.",
        ),
        wrong(
            looped_layers,
            "writes every layer into the program",
            rejected_by="batch loop",
            advice="The numbers are right, but a Python loop, or a scan with `unroll=True`, writes "
            "every layer into the program. A plain `jax.lax.scan` keeps one.",
        ),
        wrong(
            while_layers,
            "goes through the layers with `while_loop`",
            rejected_by="gradient",
            advice="A `while_loop` may run any number of times, so JAX does not know how much to "
            "keep for the way back. Here the number of layers is known. Use `jax.lax.scan`, which "
            "can be differentiated.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="running_summary" stars=3 importance=2 minutes=12 points=2
# ## 9 · A container of your own
#
# A `Summary` keeps the mean or the largest of all numbers that it has seen. Its `rule` says which
# of the two it keeps. `followed` carries a summary through a `jax.lax.scan`. For this, JAX has to
# know how to take a summary apart. But `Summary` is not registered.
#
# Write `running_summary`, which starts with a summary of the number `first` and calls `followed`.
# Define a subclass of `Summary`, inside the function or above it in the same cell, and register the
# subclass as a pytree. (JAX registers a class only once. If you register `Summary` itself, your
# cell raises an error when you run it again.) Look at the constructor before you write
# `tree_unflatten`.


# %% given="Summary"
class Summary:
    """The mean of some numbers if `rule` is "mean", the largest of them if it is "largest"."""

    def __init__(self, first, rule):
        self.value, self.count, self.rule = first, 1.0, rule

    def __repr__(self):
        return f"Summary(rule={self.rule!r})"

    def include(self, x):
        """This summary with one more number in it."""
        new = copy.copy(self)
        new.count = self.count + 1
        if self.rule == "mean":
            new.value = self.value + (x - self.value) / new.count
        else:
            new.value = jnp.maximum(self.value, x)
        return new


def followed(summary, xs):
    """The value of a summary after each of the numbers xs (n,) -> (n,)."""

    def step(summary, x):
        summary = summary.include(x)
        return summary, summary.value

    return jax.lax.scan(step, summary, xs)[1]


# %% solution="running_summary"
def running_summary(first, xs, rule):
    """first () float32, xs (n,) float32, rule "mean" or "largest" -> (n,) float32."""

    ### BEGIN SOLUTION
    @jax.tree_util.register_pytree_node_class
    class Opened(Summary):
        def tree_flatten(self):
            return (self.value, self.count), self.rule

        @classmethod
        def tree_unflatten(cls, rule, data):
            made = object.__new__(cls)
            made.value, made.count = data
            made.rule = rule
            return made

    return followed(Opened(first, rule), xs)
    ### END SOLUTION


# %% check="running_summary"
check(running_summary)


### BEGIN HIDDEN TESTS
def _followed(first, xs, rule, flatten, unflatten):
    """`followed` with a subclass that is taken apart and put together in this way."""

    class Opened(Summary):
        pass

    def put_together(meta, data):
        made = object.__new__(Opened)
        made.__dict__.update(unflatten(meta, data))
        return made

    jax.tree_util.register_pytree_node(Opened, flatten, put_together)
    return followed(Opened(first, rule), xs)


def _by_constructor(first, xs, rule):
    """`followed` with a subclass that is put together by its constructor."""

    @jax.tree_util.register_pytree_node_class
    class Opened(Summary):
        def tree_flatten(self):
            return (self.value, self.count), self.rule

        @classmethod
        def tree_unflatten(cls, rule, data):
            return cls(data[0], rule)

    return followed(Opened(first, rule), xs)


def _all_to_constructor(first, xs, rule):
    """`followed` with a subclass whose constructor gets all fields."""

    @jax.tree_util.register_pytree_node_class
    class Opened(Summary):
        def tree_flatten(self):
            return (self.value, self.count), self.rule

        @classmethod
        def tree_unflatten(cls, rule, data):
            return cls(*data, rule)

    return followed(Opened(first, rule), xs)


exercise(
    running_summary,
    inputs=lambda rng, n: (
        rng.normal(),
        rng.normal(size=n),
        static("mean" if n % 2 else "largest"),
    ),
    sizes=(8, 1, 5, 24),
    public_sizes=(6, 3, 16),
    requires=HALF_FOR_A_LOOP,
    hints=[
        "Three fields: which of them change from step to step, and which of them is a setting?",
        "The value and the count are data, and the rule is meta: `tree_flatten` returns "
        "`(self.value, self.count), self.rule`.",
        "The constructor sets the count to 1 again, so `tree_unflatten` must not call it. "
        "`object.__new__(cls)` makes an object without it; then set the three fields.",
    ],
    explanation="`scan` takes the summary apart after each step and puts it together before the "
    "next one, so every field has to come back as it was. The rule is a word, which a program "
    "cannot compute with: as a meta field it is a part of the form, and Python's `if` can use it.",
    another="def running_summary(first, xs, rule):\n"
    "    class Opened(Summary):\n"
    "        def __init__(self, value, count, rule):\n"
    "            self.value, self.count, self.rule = value, count, rule\n"
    "\n"
    '    jax.tree_util.register_dataclass(Opened, ["value", "count"], ["rule"])\n'
    "    return followed(Opened(first, 1.0, rule), xs)",
    wrong_answers=[
        wrong(
            _by_constructor,
            "calls the constructor, which starts to count again",
            rejected_by="values",
            advice="`Summary(first, rule)` sets the count to 1. Put the object together without "
            "the constructor: `object.__new__(cls)`, and then the fields.",
        ),
        wrong(
            _all_to_constructor,
            "gives the constructor a field that it does not take",
            rejected_by="TypeError",
            advice="The constructor takes the first number and the rule, not the count. Put the "
            "object together without it: `object.__new__(cls)`, and then the fields.",
        ),
        wrong(
            lambda first, xs, rule: followed(Summary(first, rule), xs),
            "uses a class that is not registered",
            rejected_by="TypeError",
            advice="JAX cannot open a `Summary`, so `scan` takes it for a leaf, and it is not an "
            "array. Register a subclass.",
        ),
        wrong(
            lambda first, xs, rule: _followed(
                first,
                xs,
                rule,
                lambda s: ((s.value, s.count, s.rule), None),
                lambda meta, data: dict(zip(("value", "count", "rule"), data, strict=True)),
            ),
            "makes the rule data",
            rejected_by="TypeError",
            advice="A leaf has to be an array or a number, and the rule is a word. It belongs to "
            "the meta, the second thing that `tree_flatten` returns.",
        ),
        wrong(
            lambda first, xs, rule: _followed(
                first,
                xs,
                rule,
                lambda s: ((s.value,), (s.count, s.rule)),
                lambda meta, data: {"value": data[0], "count": meta[0], "rule": meta[1]},
            ),
            "makes the count meta",
            rejected_by="TypeError",
            advice="The count changes from step to step, so it is data. Meta fields have to be the "
            "same before and after each step.",
        ),
        wrong(
            lambda first, xs, rule: _followed(
                first,
                xs,
                rule,
                lambda s: ((s.value, s.count), s.rule),
                lambda meta, data: {"count": data[0], "value": data[1], "rule": meta},
            ),
            "puts the fields together in another order",
            rejected_by="values",
            advice="`tree_unflatten` gets the data in the order in which `tree_flatten` returned "
            "it.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="merge_adapters" stars=3 importance=2 minutes=12 points=2
# ## 10 · A puzzle: a large model, fine-tuned on the side
#
# LoRA (low-rank adaptation) fine-tunes a large model without changing its weights. For some of the
# matrices `w` it trains two small matrices, `up` and `down`. Afterwards they are merged: the new
# matrix is `w + up @ down`.
#
# In `adapters`, there is a dict `{"up": ..., "down": ...}` in the place of each leaf of `params`
# that was trained, and `None` in the place of each other leaf. Otherwise the two pytrees have the
# same form. Your answer has to work for any form. Write `merge_adapters`.
#
# Any right answer passes. The puzzle is to do it with one `jax.tree.map` and no `is_leaf`.


# %% solution="merge_adapters"
def merge_adapters(params, adapters):
    """params: any pytree; adapters: the same with {"up": (a, r), "down": (r, b)} or None in place
    of each leaf (a, b) -> a pytree of the form and shapes of params."""

    ### BEGIN SOLUTION
    def merge(w, adapter):
        return w if adapter is None else w + adapter["up"] @ adapter["down"]

    return jax.tree.map(merge, params, adapters)
    ### END SOLUTION


# %% check="merge_adapters"
check(merge_adapters)
### BEGIN HIDDEN TESTS
exercise(
    merge_adapters,
    inputs=lambda rng, n: (
        held(
            {
                "embed": rng.normal(size=(n, 5)),
                "mask": None,
                "mlp": {"up": rng.normal(size=(5, n)), "down": rng.normal(size=(n, 5))},
                "blocks": [
                    {"query": rng.normal(size=(5, n)), "norm": rng.normal(size=5)},
                    {"query": rng.normal(size=(5, n)), "norm": rng.normal(size=5)},
                ],
                "head": (rng.normal(size=(n, 3)), rng.normal(size=3)),
            },
            n,
        ),
        held(
            {
                "embed": None,
                "mask": None,
                "mlp": {
                    "up": {"up": rng.normal(size=(5, 2)), "down": rng.normal(size=(2, n))},
                    "down": None,
                },
                "blocks": [
                    {
                        "query": {"up": rng.normal(size=(5, 2)), "down": rng.normal(size=(2, n))},
                        "norm": None,
                    },
                    {
                        "query": {"up": rng.normal(size=(5, 1)), "down": rng.normal(size=(1, n))},
                        "norm": None,
                    },
                ],
                "head": ({"up": rng.normal(size=(n, 2)), "down": rng.normal(size=(2, 3))}, None),
            },
            n,
        ),
    ),
    requires=HALF_FOR_A_LOOP,
    hints=[
        "The pytrees do not have the same leaves. Which of them decides how far `jax.tree.map` "
        "goes down?",
        "The first one decides. Where it has a leaf, the function gets what the second one has "
        "there: a whole dict, or `None`.",
        "`jax.tree.map(merge, params, adapters)`, where `merge(w, adapter)` returns `w` if the "
        'adapter is `None`, and else adds `adapter["up"] @ adapter["down"]`.',
    ],
    explanation="`params` comes first, so the map stops at its leaves, and the function gets "
    "whole subtrees of `adapters`. The form of `params` is a prefix of the form of `adapters`. "
    "`in_axes` of `vmap` follows the same rule.",
    another="def merge_adapters(params, adapters):\n"
    "    leaves, treedef = jax.tree.flatten(params)\n"
    "    merged = []\n"
    "    for w, adapter in zip(leaves, treedef.flatten_up_to(adapters)):\n"
    "        if adapter is not None:\n"
    '            w = w + adapter["up"] @ adapter["down"]\n'
    "        merged.append(w)\n"
    "    return treedef.unflatten(merged)",
    wrong_answers=[
        wrong(
            lambda params, adapters: jax.tree.map(
                lambda w, adapter: w + adapter["up"] @ adapter["down"], params, adapters
            ),
            "forgets that an adapter may be missing",
            rejected_by="TypeError",
            advice="Where nothing was trained, the function gets `None`, which has no keys. "
            "Return `w` there.",
        ),
        wrong(
            lambda params, adapters: jax.tree.map(
                lambda w, adapter: w if adapter is None else w + adapter["up"] @ adapter["down"],
                params,
                adapters,
                is_leaf=lambda node: isinstance(node, dict) and "up" in node,
            ),
            "knows an adapter by its keys, which a part of the model has too",
            rejected_by="TypeError",
            advice="`params` has a dict with the key `up` itself, and `is_leaf` looks at `params`. "
            "You do not need `is_leaf`: `tree.map` stops at the leaves of `params`, and your "
            "function gets whatever `adapters` has in the same place.",
        ),
        wrong(
            lambda params, adapters: jax.tree.map(
                lambda w, adapter: None if adapter is None else w + adapter["up"] @ adapter["down"],
                params,
                adapters,
            ),
            "loses the leaves that have no adapter",
            rejected_by="structure",
            advice="Return the whole model: where there is no adapter, return `w`.",
        ),
        wrong(
            lambda params, adapters: jax.tree.map(
                lambda w, adapter: w if adapter is None else adapter["up"] @ adapter["down"],
                params,
                adapters,
            ),
            "replaces the matrix by its correction",
            rejected_by="values",
            advice="Add `up @ down` to `w`.",
        ),
        wrong(
            lambda params, adapters: jax.tree.map(
                lambda w, adapter: w if adapter is None else w + adapter["down"] @ adapter["up"],
                params,
                adapters,
            ),
            "multiplies the two in the wrong order",
            rejected_by="TypeError",
            advice="`up` is tall and `down` is wide. `up @ down` has the shape of `w`. The other "
            "order does not.",
        ),
        wrong(
            lambda params, adapters: jax.tree.map(
                lambda adapter, w: w if adapter is None else w + adapter["up"] @ adapter["down"],
                adapters,
                params,
            ),
            "lets the adapters decide how far to go down",
            rejected_by="ValueError",
            advice="The first pytree is opened down to its leaves, and `adapters` goes deeper than "
            "`params`. Put `params` first.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown]
# ## 11 · In your own words
#
# A class `TrainingState` has four fields: `params`, a pytree of arrays; `rate`, the learning rate,
# which becomes smaller after every step; `activation`, the name of a function; and `layers`, the
# number of layers, which a Python loop uses. It is an argument of a jitted training step.
#
# For each field say whether it should be data or meta, and why. Also say what would go wrong if it
# were of the other kind. Two sentences for each field are enough. A person reads this.

# %% [markdown] written="data_or_meta" minutes=8 points=2
# ### BEGIN SOLUTION
# `params`: data. The arrays are what the step computes with, and `grad` and `tree.map` have to find
# them. As meta they cannot be hashed and compared, so `jit` raises an error. `rate`: data. It
# changes at every step. As meta it would be a constant of the program, and the step would be traced
# and compiled again for every new value. `activation`: meta. It is a string, which cannot be an
# input of a program, and another function means another program. As data, `jit` raises an error,
# because a string is not an array. `layers`: meta. A Python loop needs its value while the function
# is traced. As data it would be a tracer, and `range` would raise an error.
#
# A field needs both parts: the right kind with a reason that fits (a value that changes, an array,
# a setting, a value that Python needs), and what would go wrong otherwise (an error, or a new trace
# for each value). Accept `rate` as meta only if the answer says that every new rate is compiled
# again and why that would be acceptable.
#
# Rubric:
#
# - 0.5: `params` is data, with a reason and what would go wrong otherwise
# - 0.5: `rate` is data, with a reason and what would go wrong otherwise
# - 0.5: `activation` is meta, with a reason and what would go wrong otherwise
# - 0.5: `layers` is meta, with a reason and what would go wrong otherwise
# ### END SOLUTION
