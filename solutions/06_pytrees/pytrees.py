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
# The lesson is [course/06_pytrees](../../course/06_pytrees.ipynb). In most exercises the form of
# the pytree is not told: an answer has to work for any nesting of dicts, lists, tuples and `None`.
#
# Write your answer in the cell that says so, run it, then run the `check` cell below it. You may
# check as often as you like: nothing is handed in until you submit.

# %%
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
    wrong,
)


def layer(rng, n, m):
    return {"w": rng.normal(size=(n, m)), "b": rng.normal(size=m)}


def held(tree, n):
    """The tree as it is, or at odd sizes in more containers: no leaf is added."""
    return {"all": (tree, None), "none": ()} if n % 2 else tree


### END HIDDEN TESTS

# %% [markdown] exercise="fast_track_pytrees" stars=1 importance=1 minutes=1 points=0
# ## 0 · Know it already?
#
# One question for those who have used pytrees before; it gives no points. If you are sure of your
# answer and it is right, read the lesson's last section and begin with exercise 6.
#
# How many leaves does this pytree have? Give a number, without running it.
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
        "Four entries, and each is either a container to be opened or a leaf.",
        "dict, list, tuple and `None` are opened. Arrays, strings and sets are not.",
        "The tuple has two leaves, `None` has none, the array is one. Count the list yourself.",
    ],
    explanation="Two in the tuple, none in `None`, one array, and in the list a string and a set, "
    "one leaf each.",
    mistakes=[
        mistake(
            4,
            "takes the tuple for one leaf",
            advice="A shape is a tuple, and a tuple is a container: its numbers are the leaves.",
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
            advice="Lists and tuples are containers; what they hold are the leaves.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="scale_leaves" stars=1 importance=3 minutes=1 points=1
# ## 1 · Every leaf
#
# Write `scale_leaves`, which multiplies every leaf of `tree` by the number `factor` and leaves
# the containers as they are.


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
    hints=[
        "You need not know the form of `tree`. Which function visits every leaf?",
        "`jax.tree.map` takes a function of one leaf, and a pytree.",
        "`jax.tree.map(lambda leaf: ..., tree)` with the product in place of the dots.",
    ],
    explanation="`jax.tree.map` opens every container, calls the function on each leaf and closes "
    "the containers again. `None` holds no leaf, so it comes back as it was.",
    another="def scale_leaves(tree, factor):\n"
    "    leaves, treedef = jax.tree.flatten(tree)\n"
    "    return jax.tree.unflatten(treedef, [factor * leaf for leaf in leaves])",
    wrong_answers=[
        wrong(
            lambda tree, factor: {key: factor * part for key, part in tree.items()},
            "multiplies a container",
            rejected_by="TypeError",
            advice="A container cannot be multiplied, its leaves can. The values of a dict may be "
            "containers again; `jax.tree.map` goes all the way down.",
        ),
        wrong(
            lambda tree, factor: [factor * leaf for leaf in jax.tree.leaves(tree)],
            "returns a flat list of leaves",
            rejected_by="structure",
            advice="The leaves are right, but their containers are gone. `jax.tree.map` gives "
            "them back.",
        ),
        wrong(
            lambda tree, factor: jax.tree.map(
                lambda x: factor * (jnp.zeros(()) if x is None else x),
                tree,
                is_leaf=lambda x: x is None,
            ),
            "puts a number where there was `None`",
            rejected_by="structure",
            advice="`None` means that there is nothing; leave it so. Without `is_leaf`, "
            "`jax.tree.map` does.",
        ),
        wrong(
            lambda tree, factor: jax.tree.map(
                lambda x: factor * jnp.asarray(x), tree, is_leaf=lambda x: isinstance(x, list)
            ),
            "makes one array of a list",
            rejected_by="structure",
            advice="A list is a container. Its entries are leaves of their own and stay in a list.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="sgd_step" stars=1 importance=3 minutes=3 points=2
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
    hints=[
        "`jax.tree.map` takes more than one pytree.",
        "With two pytrees, the function gets two leaves from the same place.",
        "`jax.tree.map(lambda p, g: ..., params, grads)`.",
    ],
    explanation="`jax.tree.map` walks down both pytrees together. Your model may grow as it likes: "
    "this line stays.",
    another="def sgd_step(params, grads, rate):\n"
    "    vector, back = ravel_pytree(params)\n"
    "    return back(vector - rate * ravel_pytree(grads)[0])",
    wrong_answers=[
        wrong(
            lambda params, grads, rate: jax.tree.map(lambda p, g: p + rate * g, params, grads),
            "climbs in place of descending",
            rejected_by="values",
            advice="The gradient points uphill. Go against it.",
        ),
        wrong(
            lambda params, grads, rate: jax.tree.map(lambda p, g: -rate * g, params, grads),
            "returns the step rather than where it leads",
            rejected_by="values",
            advice="The new parameters are asked for: `p` belongs in the sum.",
        ),
        wrong(
            lambda params, grads, rate: jax.tree.map(lambda p: p - rate * grads, params),
            "computes with a container of gradients",
            rejected_by="TypeError",
            advice="What meets `rate` there is a container, not an array. Hand `grads` to "
            "`jax.tree.map` as a second pytree, and the function gets one leaf of each.",
        ),
        wrong(
            lambda params, grads, rate: [
                p - rate * g
                for p, g in zip(jax.tree.leaves(params), jax.tree.leaves(grads), strict=True)
            ],
            "returns a flat list of leaves",
            rejected_by="structure",
            advice="The numbers are right, but the containers are gone. `jax.tree.map` with two "
            "pytrees keeps them.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="parameter_mean" stars=2 importance=2 minutes=5 points=2
# ## 3 · Every number counts
#
# Write `parameter_mean`: the mean of all the numbers in a pytree, each counting the same, whichever
# leaf it is in. There are many leaves of different sizes.


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
    hints=[
        "A mean is a sum divided by a count. Take each over all leaves.",
        "`jax.tree.leaves` gives a list; every array knows its `.size`.",
        "`sum(jnp.sum(leaf) for leaf in leaves)` divided by `sum(leaf.size for leaf in leaves)`.",
    ],
    explanation="The count comes from the shapes, so it is a Python number while tracing, and the "
    "program divides by a constant. The same sum of sizes answers how many parameters a model has.",
    another="def parameter_mean(params):\n    return jnp.mean(ravel_pytree(params)[0])",
    wrong_answers=[
        wrong(
            lambda params: jnp.mean(
                jnp.stack([jnp.mean(leaf) for leaf in jax.tree.leaves(params)])
            ),
            "takes the mean of the leaves' means",
            rejected_by="values",
            advice="A bias of two numbers would count as much as a large matrix. Add up first, "
            "divide once.",
        ),
        wrong(
            lambda params: (
                sum(jnp.sum(leaf) for leaf in jax.tree.leaves(params))
                / len(jax.tree.leaves(params))
            ),
            "divides by the number of leaves",
            rejected_by="values",
            advice="`len` counts the leaves. The numbers in them are counted by `.size`.",
        ),
        wrong(
            lambda params: jax.tree.map(jnp.mean, params),
            "gives a mean for each leaf",
            rejected_by="structure",
            advice="One number is asked for. `jax.tree.leaves` gives a list to add up.",
        ),
        wrong(
            lambda params: (
                sum(jnp.sum(leaf) for leaf in jax.tree.leaves(params))
                / sum(len(leaf) for leaf in jax.tree.leaves(params))
            ),
            "counts the rows of each leaf",
            rejected_by="TypeError",
            advice="`len` of an array is its first axis only, and one number has no axis. "
            "`.size` counts all entries.",
        ),
        wrong(
            lambda params: jnp.mean(params),
            "asks `jnp` for the mean of a container",
            rejected_by="TypeError",
            advice="`jnp.mean` takes one array. `jax.tree.leaves` gives you the arrays of the "
            "pytree.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="ema_update" stars=2 importance=2 minutes=6 points=2
# ## 4 · A moving average that keeps count
#
# Write `ema_update`, which moves a running average a little towards the newest state:
# `decay * a + (1 - decay) * s`. This is for **floating** leaves only. Any other leaf, such as a
# counter of steps or a switch, is taken from `state` as it is. Both pytrees have the same form.


# %% solution="ema_update"
def ema_update(average, state, decay):
    """Two pytrees of one form; float32, int32 and bool leaves; decay () float32 -> one such."""

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
    hints=[
        "The function that is mapped may look at the leaf it gets, for instance at its `dtype`.",
        "A dtype is known while tracing, so an ordinary `if` may ask for it: "
        "`jnp.issubdtype(leaf.dtype, jnp.floating)`.",
        "`decay * a + (1 - decay) * s` if `s` is floating, else `s`, mapped over both pytrees.",
    ],
    explanation="Shape and dtype of a leaf are facts of the program, so Python's `if` can use "
    "them. Had the counter been averaged too, its dtype would have changed, and with it "
    "the form that a jitted training step sees: it would be traced again.",
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
            advice="A float times a counter is a float. Look at each leaf's dtype first.",
        ),
        wrong(
            lambda average, state, decay: jax.tree.map(
                lambda a, s: (decay * a + (1 - decay) * s).astype(a.dtype), average, state
            ),
            "averages the counters and cuts off the digits",
            rejected_by="values",
            advice="The dtypes are right now, but an averaged counter lags behind. Take it from "
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
            advice="`decay` is how much of the average stays; it is close to 1.",
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

# %% [markdown] exercise="clip_gradients" stars=2 importance=3 minutes=8 points=3
# ## 5 · Not too fast
#
# The global norm of a pytree is the square root of the sum of the squares of all its numbers. Write
# `clip_gradients`: if the global norm of `grads` is larger than `limit`, scale all of `grads` by
# one factor so that the norm is `limit`. Otherwise leave them as they are, also if all are zero.
# `limit` is above 0.


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
    hints=[
        "First one norm for the whole pytree, then one factor for every leaf.",
        "The values are not known while tracing, so ask with `jnp.where` or `jnp.minimum`, not "
        "with `if`.",
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
            advice="That bends the direction, as in the lesson's picture. Compute one norm first, "
            "outside of the map.",
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
            advice="A gradient that is short enough should stay as it is: the factor is never "
            "larger than 1.",
        ),
        wrong(
            lambda grads, limit: jax.tree.map(lambda g: jnp.clip(g, -limit, limit), grads),
            "clips each number on its own",
            rejected_by="values",
            advice="`jnp.clip` limits single numbers. The length of the whole is to be limited.",
        ),
        wrong(
            lambda grads, limit: (
                jax.tree.map(lambda g: g * limit / jnp.linalg.norm(ravel_pytree(grads)[0]), grads)
                if jnp.linalg.norm(ravel_pytree(grads)[0]) > limit
                else grads
            ),
            "compares with `if` or Python's `min`",
            rejected_by="TracerBoolConversionError",
            advice="While tracing, the norm has no value yet. `jnp.minimum` or `jnp.where` put the "
            "question into the program.",
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
            advice="Lengths do not add up; squares do. Sum the squares of all leaves, and take "
            "one square root at the end.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="decay_weights" stars=2 importance=3 minutes=8 points=3
# ## 6 · Only the weights
#
# Write `decay_weights`, which multiplies by `1 - rate` those leaves that stand under the key `"w"`:
# it is the last step on the way to the leaf. All other leaves stay as they are. Some stand in a
# list, even in one under `"w"`: their last step is a position. And some keys only look like `"w"`.


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
    hints=[
        "`jax.tree.map_with_path` calls the function with the path and the leaf.",
        "The last step is `path[-1]`. In a dict it has a `.key`; in a list it has none.",
        '`getattr(path[-1], "key", None) == "w"` is true for the leaves in question, and for no '
        "other.",
    ],
    explanation="A path is a tuple of steps: `DictKey` for a dict, `SequenceKey` for a list or "
    "tuple, `GetAttrKey` for a registered class. Rules by name are how decay, freezing and "
    "per-layer learning rates are set up in practice.",
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
            advice='Nothing has changed. If you compare a step of the path with `"w"`, they are '
            "never equal: a step is a `DictKey`. Compare its `.key`.",
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
            advice='In a list under `"w"`, the last step is a position. Those leaves stay.',
        ),
        wrong(
            lambda params, rate: jax.tree.map_with_path(
                lambda path, p: (1 - rate) * p if path[-1].key == "w" else p, params
            ),
            "asks every last step for its `.key`",
            rejected_by="AttributeError",
            advice="A step into a list is a `SequenceKey`, which has no `.key`. "
            '`getattr(step, "key", None)` asks carefully.',
        ),
        wrong(
            lambda params, rate: jax.tree.map(
                lambda p: (1 - rate) * p if p.ndim == 2 else p, params
            ),
            "goes by the shape: matrices decay",
            rejected_by="values",
            advice='Here one `"w"` is a vector and one `"b"` a matrix. Only the path tells.',
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
# makes one pytree of them, of the form of a single one: each leaf has a new **first** axis that
# counts the pytrees of the list, be it one.


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
    hints=[
        "`jax.tree.map` takes any number of pytrees, and the function as many leaves.",
        "A star hands over the list's entries as arguments of their own: "
        "`jax.tree.map(f, *trees)`. Inside, `*leaves` collects them.",
        "`jax.tree.map(lambda *leaves: ..., *trees)` with `jnp.stack` in place of the dots.",
    ],
    explanation="A list of dicts has become a dict of stacks: what `vmap` and `lax.scan` want. The "
    "way back takes `leaf[i]` of every leaf.",
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
            advice="A list is a container, so the function got one leaf at a time and there was "
            "nothing to stack it on. Put a star before `trees`.",
        ),
        wrong(
            lambda trees: jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *trees),
            "joins the leaves without a new axis",
            rejected_by="shape",
            advice="`jnp.concatenate` makes an axis longer, `jnp.stack` adds one.",
        ),
        wrong(
            lambda trees: jax.tree.map(lambda *leaves: list(leaves), *trees),
            "makes lists of arrays in place of arrays",
            rejected_by="structure",
            advice="Lists are containers, so this pytree has as many leaves as before. "
            "`jnp.stack` makes one array of each list.",
        ),
        wrong(
            lambda trees: jax.tree.map(lambda *leaves: jnp.stack(leaves, axis=-1), *trees),
            "puts the new axis last",
            rejected_by="shape",
            advice="The new axis should be the first, which is where `jnp.stack` puts it unasked.",
        ),
        wrong(
            lambda trees: {key: jnp.stack([tree[key] for tree in trees]) for key in trees[0]},
            "stacks dicts in place of leaves",
            rejected_by="TypeError",
            advice="A dict cannot be stacked, its leaves can. `jax.tree.map` goes all the way down "
            "to them.",
        ),
        wrong(
            lambda trees: jax.tree.map(jnp.stack, *trees),
            "calls `jnp.stack` with each leaf as an argument of its own",
            rejected_by="NotImplementedError",
            advice="`jnp.stack` wants one list of arrays and took the third for `out`. Collect "
            "them first: `lambda *leaves: jnp.stack(leaves)`.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="through_layers" stars=3 importance=2 minutes=8 points=2
# ## 8 · A hundred layers, one program
#
# `apply_layer` is one layer. A deep network has `n` of them, and their parameters come stacked, as
# from exercise 7. Write `through_layers`: `x` goes through the first layer, the result through the
# second, and so on to the last. However many layers there are, the program must not get longer, so
# a Python loop will not do. The network is to be trained, so `jax.grad` must be able to go through.


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
        "`vmap` gives every layer the same `x`. Here each layer needs what the one before made.",
        "`jax.lax.scan(f, carry, stacked)` calls `f(carry, one_slice)` for slice after slice; `f` "
        "returns the new carry and something to keep, which may be `None`.",
        "Carry `x`. The function returns `apply_layer(params, x), None`, and `scan` returns the "
        "last carry first.",
    ],
    explanation="`scan` takes a slice of every leaf at a time, so a stack of layers is its natural "
    "food. The layer is traced and compiled once: this is how deep models keep their compile times "
    "short. And the gradient of a scan is a scan again.",
    another="def through_layers(stacked, x):\n"
    "    def one(i, x):\n"
    "        return apply_layer(jax.tree.map(lambda leaf: leaf[i], stacked), x)\n"
    '    return jax.lax.fori_loop(0, stacked["b"].shape[0], one, x)',
    wrong_answers=[
        wrong(
            lambda stacked, x: jax.vmap(apply_layer, in_axes=(0, None))(stacked, x),
            "sends the same `x` through every layer",
            rejected_by="shape",
            advice="`vmap` runs the layers beside each other. They should run one after another, "
            "so carry `x` with `jax.lax.scan`.",
        ),
        wrong(
            lambda stacked, x: jax.lax.scan(
                lambda x, params: (apply_layer(params, x),) * 2, x, stacked
            )[1],
            "returns what every layer made",
            rejected_by="shape",
            advice="`scan` returns the last carry and the pile of kept results. The first of the "
            "two is asked for.",
        ),
        wrong(
            lambda stacked, x: jax.lax.scan(
                lambda x, params: (apply_layer(params, x), None), x, stacked
            ),
            "returns both results of `scan`",
            rejected_by="structure",
            advice="`scan` returns a pair, the last carry and what was kept. Take the first.",
        ),
        wrong(
            lambda stacked, x: jax.lax.scan(
                lambda x, params: (apply_layer(params, x), None), x, stacked, reverse=True
            )[0],
            "begins with the last layer",
            rejected_by="values",
            advice="The first slice of the stack is the first layer; without `reverse`, `scan` "
            "begins there.",
        ),
        wrong(
            lambda stacked, x: jax.lax.scan(apply_layer, x, stacked)[0],
            "gives `apply_layer` to `scan` as it is",
            rejected_by="TypeError",
            advice="`scan` calls its function with what is carried first, then the slice, and "
            "wants a pair back. Write such a function around `apply_layer`.",
        ),
        wrong(
            looped_layers,
            "loops over the layers in Python",
            rejected_by="batch loop",
            advice="The numbers are right, but tracing wrote every layer into the program. "
            "`jax.lax.scan` keeps one.",
        ),
        wrong(
            while_layers,
            "walks through the layers with `while_loop`",
            rejected_by="gradient",
            advice="A `while_loop` may run any number of times, so JAX does not know what to keep "
            "for the way back. The number of layers is known: `jax.lax.scan` can be "
            "differentiated.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] exercise="merge_adapters" stars=3 importance=2 minutes=12 points=3
# ## 9 · A puzzle: a large model, fine-tuned on the side
#
# LoRA (low-rank adaptation) fine-tunes a large model without touching its weights. Beside some of
# the matrices `w` it trains two small ones, `up` and `down`, and for use they are merged: the new
# matrix is `w + up @ down`.
#
# In `adapters`, each leaf of `params` has become either such a dict `{"up": ..., "down": ...}`, or
# `None` where nothing was trained. Otherwise the two pytrees have the same form, which is not told.
# Write `merge_adapters`.
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
    hints=[
        "The pytrees do not have the same leaves. Which of them decides how far `jax.tree.map` "
        "goes down?",
        "The first one decides. Where it has a leaf, the function gets whatever the second has "
        "there, a whole dict or `None`.",
        "`jax.tree.map(merge, params, adapters)`, where `merge(w, adapter)` returns `w` if the "
        'adapter is `None`, and else adds `adapter["up"] @ adapter["down"]`.',
    ],
    explanation="`params` comes first, so the map stops at its leaves and hands over the subtrees "
    "of `adapters` whole. The form of one pytree is a prefix of that of the other. The same rule "
    "lets `vmap` read `in_axes`, and now it has merged a fine-tuned model in one line.",
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
                lambda w, adapter: None if adapter is None else w + adapter["up"] @ adapter["down"],
                params,
                adapters,
            ),
            "loses the leaves that have no adapter",
            rejected_by="structure",
            advice="The whole model is asked for: where there is no adapter, return `w`.",
        ),
        wrong(
            lambda params, adapters: jax.tree.map(
                lambda w, adapter: w if adapter is None else adapter["up"] @ adapter["down"],
                params,
                adapters,
            ),
            "replaces the matrix by its correction",
            rejected_by="values",
            advice="`up @ down` is what is added to `w`.",
        ),
        wrong(
            lambda params, adapters: jax.tree.map(
                lambda w, adapter: w if adapter is None else w + adapter["down"] @ adapter["up"],
                params,
                adapters,
            ),
            "multiplies the two in the wrong order",
            rejected_by="TypeError",
            advice="`up` is tall and `down` is wide. `up @ down` has the shape of `w`; the other "
            "order has not.",
        ),
        wrong(
            lambda params, adapters: jax.tree.map(
                lambda adapter, w: w if adapter is None else w + adapter["up"] @ adapter["down"],
                adapters,
                params,
            ),
            "lets the adapters decide how far to go down",
            rejected_by="ValueError",
            advice="The first pytree is opened all the way, and `adapters` goes on where `params` "
            "has a leaf. Put `params` first.",
        ),
    ],
)
### END HIDDEN TESTS
