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
# # 6. Many arrays under one name: pytrees
#
# > **After this lesson you can**
# > tell leaves from containers, map over one pytree or several, read the error
# > when they do not fit, choose leaves by their path, measure, clip and average whole pytrees,
# > stack many into one, and make a class of your own a pytree.
# >
# > **Time** about 40 minutes. **Read before** `05_vmap`.
# >
# > **How it works** Each question has a line `my_... = ...`. Replace the dots with your
# > guess before you run on. A wrong guess costs nothing and is remembered better than a
# > right one. Leave the dots and the answer waits in a fold.

# %%
import dataclasses
from collections import OrderedDict
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from autograder import predicted
from course import explore
from course.pictures import trees
from course.pictures.play import play

# %% [markdown]
# ## What is a leaf?
#
# A model consists of many arrays. So do its gradients, its metrics and the state of its optimizer.
# In JAX you can keep each of these in nested Python containers. Such a nesting is called a
# **pytree**. An object that JAX can open, such as a dict, a list or a tuple, is a **container**. Every
# other object is a **leaf**. Here are the parameters from the slides.

# %%
params = {
    "layer1": {"w": [1, 1], "b": 2},
    "layer2": {"w": 3, "b": 4},
}

# %% [markdown]
# `jax.tree.map` works like Python's `map`, but over the leaves of a pytree. The result has the
# same containers.

# %%
jax.tree.map(lambda x: x * 2, params)

# %% [markdown]
# Look at `"w"` in `"layer1"`. In Python, `[1, 1] * 2` is `[1, 1, 1, 1]`. So what was `x` there?
#
# **Predict.** How many leaves does `params` have?

# %%
# Your prediction: replace the dots with a number
my_leaves = ...

# %%
leaves = jax.tree.leaves(params)
leaves

# %%
predicted(
    my_leaves,
    len(leaves),
    why="The list [1, 1] is a container, so it holds two leaves. The function saw 1 and 1, "
    "never the list.",
)

# %% [markdown]
# The order may surprise you: the first leaf is 2, which is a `"b"`. JAX visits the keys of a plain
# dict in **sorted** order, not in the order in which you wrote them. The picture is drawn from
# `params` itself.

# %%
trees.draw(params, names=("params",))

# %% [markdown]
# In the picture: the grey boxes are containers, and the names on the lines are keys or
# positions. The bottom row holds the leaves, numbered as in `jax.tree.leaves`.
#
# ## In which order?
#
# Python has a second kind of dict, `OrderedDict`.
#
# **Predict.** What is `jax.tree.leaves(OrderedDict(b=1, a=2))`?

# %%
# Your prediction: replace the dots with a list, e.g. [5, 7]
my_ordered = ...

# %%
ordered = OrderedDict(b=1, a=2)
ordered_leaves = jax.tree.leaves(ordered)
print("OrderedDict:", ordered_leaves)
print("dict:       ", jax.tree.leaves({"b": 1, "a": 2}))

# %%
predicted(
    my_ordered,
    ordered_leaves,
    why="JAX sorts the keys of a plain dict, so two dicts with the same keys have the same form. The "
    "order of an OrderedDict is part of its value, so JAX keeps it.",
)

# %% [markdown]
# So two `OrderedDict`s whose keys are in different orders have different forms. And a plain dict that
# comes back from JAX has sorted keys, in whatever order you wrote them.

# %%
turned = OrderedDict(a=2, b=1)
print("same form:  ", jax.tree.structure(ordered) == jax.tree.structure(turned))
print("after a map:", jax.tree.map(lambda x: x, {"b": 1, "a": 2}))

# %% [markdown]
# Sorting needs keys that can be compared. Python can compare two strings, or two numbers, but not a
# string with a number.

# %% tags=["raises-exception"]
jax.tree.leaves({"a": 1, 2: 3})

# %% [markdown]
# ## One leaf or more?
#
# **Predict.** Each of these is a pytree. Which of them are exactly **one** leaf? Answer with the
# letters in order, such as `"AF"`.
#
# - A: the tuple `(1, 2)`
# - B: the array `np.array([1, 2])`
# - C: `None`
# - D: the set `{1, 2}`
# - E: the string `"weights"`
# - F: the empty list `[]`

# %%
# Your prediction: replace the dots, e.g. "AF"
my_single_leaves = ...

# %%
candidates = {"A": (1, 2), "B": np.array([1, 2]), "C": None, "D": {1, 2}, "E": "weights", "F": []}
single_leaves = ""
for letter, candidate in candidates.items():
    count = len(jax.tree.leaves(candidate))
    print(letter, repr(candidate), "-> leaves:", count)
    single_leaves += letter if count == 1 else ""

# %%
predicted(
    my_single_leaves,
    single_leaves,
    why="The tuple, the empty list and None are containers: the tuple holds two leaves, the other "
    "two hold none. JAX cannot open an array, a set or a string, so each of them is one leaf.",
)

# %% [markdown]
# ## Take apart, put together
#
# To initialise a model you need its shapes and random numbers. Here the shapes are the entries of
# a dict.

# %%
shapes = {
    "layer1": {"w": (4, 3), "b": (3,)},
    "layer2": {"w": (3, 1), "b": (1,)},
}

# %% [markdown]
# **Predict.** What is `jax.tree.map(jnp.zeros, shapes)["layer1"]["w"]`? Choose `"matrix"`
# (an array of shape (4, 3)), `"tuple"` (of two arrays) or `"raises"`.

# %%
# Your prediction: replace the dots with "matrix", "tuple" or "raises"
my_zeros = ...

# %%
try:
    zeros = jax.tree.map(jnp.zeros, shapes)["layer1"]["w"]
    zeros_kind = "tuple" if isinstance(zeros, tuple) else "matrix"
    print(zeros)
except TypeError:
    zeros_kind = "raises"

# %%
predicted(
    my_zeros,
    zeros_kind,
    why="A shape is a tuple, and a tuple is a container. So jnp.zeros was called with 4, and then "
    "with 3. This is a common mistake.",
)

# %% [markdown]
# `is_leaf` says where to stop opening containers. With it we can take `shapes` apart.


# %%
def is_shape(node):
    return isinstance(node, tuple)


flat_shapes, treedef = jax.tree.flatten(shapes, is_leaf=is_shape)
print(flat_shapes)
print(treedef)

# %% [markdown]
# We get a flat list of leaves and a **treedef**: the containers, with a star in the place of each
# leaf. Any list of the same length can be put into this form. We fill it with random keys, one per
# leaf, and then map over shapes and keys together.

# %%
keys = jax.tree.unflatten(treedef, jax.random.split(jax.random.key(0), treedef.num_leaves))


def initialise(shape, key):
    return jax.random.normal(key, shape)


net = jax.tree.map(initialise, shapes, keys, is_leaf=is_shape)
jax.tree.map(jnp.shape, net)

# %% [markdown]
# These lines work for a model of any form. Here each `w` is one array, so it is one leaf.
#
# ## Two pytrees at once
#
# A step of an optimizer needs each parameter together with its gradient. Here are invented gradients
# for the parameters from the slides.

# %%
grads = {
    "layer1": {"w": [10, 20], "b": 30},
    "layer2": {"w": 40, "b": 50},
}


def step(p, g):
    return p - 0.1 * g


jax.tree.map(step, params, grads)

# %% [markdown]
# How does this result come about? Press **Next →** to follow `jax.tree.map` from leaf to leaf. A click
# on a container folds it.

# %%
explore.tree(params, grads, map=step, names=("params", "grads"))

# %% [markdown]
# The function gets leaf 0 of `params` with leaf 0 of `grads`, then leaf 1 with leaf 1, and so on.
# The two pytrees have to fit together. They do not if a layer is missing.

# %% tags=["raises-exception"]
forgotten = {"layer1": {"w": [10, 20], "b": 30}}
jax.tree.map(step, params, forgotten)

# %% [markdown]
# In such a message, look for two things: the place, and what each pytree has there. Here the place
# is the root of the pytrees, and the key `layer2` is missing. Version 0.7, which Colab has, prints
# only the keys and not the place.
#
# **Predict.** The first pytree is `{"w": [1, 2], "b": 3}`. With which of these second pytrees does
# `jax.tree.map` **raise** an error? Answer with the letters in order.
#
# - A: `{"w": (1, 2), "b": 3}`
# - B: `{"b": 3, "w": [1, 2]}`
# - C: `{"w": 5, "b": 3}`
# - D: `{"w": [1, 2], "b": [3, 4]}`

# %%
# Your prediction: replace the dots, e.g. "BD"
my_misfits = ...

# %%
first = {"w": [1, 2], "b": 3}
seconds = {
    "A": {"w": (1, 2), "b": 3},
    "B": {"b": 3, "w": [1, 2]},
    "C": {"w": 5, "b": 3},
    "D": {"w": [1, 2], "b": [3, 4]},
}
misfits = ""
for letter, second in seconds.items():
    try:
        print(letter, "returns", jax.tree.map(lambda *pair: pair, first, second))
    except ValueError as error:
        print(letter, "raises:", str(error).splitlines()[0])
        misfits += letter

# %%
predicted(
    my_misfits,
    misfits,
    why="A: a tuple is not a list. B: the order of the keys of a dict does not matter. C: the first "
    "has a list and the second a number. D: where the first pytree has a leaf, the second may have "
    "anything.",
)

# %% [markdown]
# Remember D. The **first** pytree decides how far `jax.tree.map` goes down. Where it has a leaf, the
# function gets what the other pytree has there, even if that is a whole subtree. You know this rule
# from lesson 5: `in_axes` may be a prefix of the arguments.
#
# ## A leaf that is missing: `None`
#
# **Predict.** This layer has no bias. What does `jax.tree.map(lambda x: x * 2, no_bias)` do?
# Choose `"raises"`, `"drops"` (the key `"b"` is gone) or `"keeps"` (`"b"` is still `None`).

# %%
no_bias = {"w": 3, "b": None}

# %%
# Your prediction: replace the dots with "raises", "drops" or "keeps"
my_none = ...

# %%
try:
    mapped_none = jax.tree.map(lambda x: x * 2, no_bias)
    none_outcome = "keeps" if "b" in mapped_none else "drops"
    print(mapped_none)
except TypeError:
    none_outcome = "raises"

# %%
predicted(
    my_none,
    none_outcome,
    why="None is a container with nothing in it. The function is not called for it, and the "
    "container comes back as it was.",
)

# %% [markdown]
# `None` is a container, so the second pytree needs a `None` in the same place: with `no_bias` first, a
# number at `"b"` in the second pytree does not fit. If the *first* pytree has a leaf in a place where
# the second has `None`, the function gets the `None`. And with `is_leaf` you can make `None` a leaf.

# %%
try:
    jax.tree.map(lambda x, y: (x, y), no_bias, {"w": 3, "b": 4})
except ValueError as error:
    print("raises:", str(error).splitlines()[0])
print(jax.tree.map(lambda x, y: (x, y), {"w": 3, "b": 4}, no_bias))
print(jax.tree.map(lambda x: "none" if x is None else "leaf", no_bias, is_leaf=lambda x: x is None))

# %% [markdown]
# ## One number from many leaves
#
# **Predict.** `net` has weights of shapes (4, 3) and (3, 1) and biases of shapes (3,) and (1,).
# How many numbers does it hold?

# %%
# Your prediction: replace the dots with a number
my_count = ...

# %%
parameter_count = sum(leaf.size for leaf in jax.tree.leaves(net))
print("parameters:", parameter_count, "in", len(jax.tree.leaves(net)), "leaves")

# %%
predicted(
    my_count,
    parameter_count,
    why="12 + 3 + 3 + 1. The sizes follow from the shapes. No number in an array was read.",
)

# %% [markdown]
# Any other sum over all parameters is computed in the same way, for instance the **global norm**:
# the length of the vector that you get if you join all leaves. `ravel_pytree` joins them, and also
# returns a function that splits the vector again. The two norms agree up to rounding.


# %%
def global_norm(tree):
    return jnp.sqrt(sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(tree)))


vector, back = ravel_pytree(net)
print("vector:", vector.shape)
print("norms agree:", bool(jnp.allclose(global_norm(net), jnp.linalg.norm(vector), rtol=0.01)))

same = jax.tree.map(partial(jnp.allclose, atol=1e-2, rtol=1e-2), net, back(vector))
print("and back:   ", jax.tree.map(bool, same))
print("all leaves: ", bool(jax.tree.all(same)))

# %% [markdown]
# The last lines are the `allclose` of the slides. There, `jax.tree.all` and `jax.tree.map` have their
# longer names `tree_all` and `tree_map` from `jax.tree_util`.
#
# A step along a very long gradient can ruin a model, so gradients are often **clipped**. There are two
# obvious ways: shorten the pytree as a whole, or limit each leaf on its own.


# %%
def clip_whole(tree, limit):
    factor = jnp.minimum(1.0, limit / global_norm(tree))
    return jax.tree.map(lambda leaf: factor * leaf, tree)


def clip_apart(tree, limit):
    return jax.tree.map(lambda leaf: clip_whole(leaf, limit), tree)


steep = {"a": jnp.array(6.0), "b": jnp.array(2.0)}

# %% [markdown]
# (`clip_apart` calls `clip_whole` on one array. An array alone is a pytree too: a single leaf.)
#
# **Predict.** Which way still points where the gradient pointed: `"whole"`, `"apart"` or
# `"both"`?

# %%
# Your prediction: replace the dots with "whole", "apart" or "both"
my_direction = ...


# %%
def cosine(one, other):
    """1 where two pytrees, as vectors, point the same way."""
    products = jax.tree.map(lambda x, y: jnp.sum(x * y), one, other)
    return float(jax.tree.reduce(jnp.add, products) / (global_norm(one) * global_norm(other)))


whole, apart = (cosine(steep, clip(steep, 2.0)) for clip in (clip_whole, clip_apart))
print(f"cosine to the gradient: whole {whole:.2f}, apart {apart:.2f}")
straight = [name for name, c in (("whole", whole), ("apart", apart)) if c > 0.999]
direction = "both" if len(straight) == 2 else straight[0]

# %%
predicted(
    my_direction,
    direction,
    why="The same factor for all leaves shortens the vector. Different factors turn it.",
)


# %%
def drawn_clip(limit):
    return trees.draw_clip(steep, clip_whole(steep, limit), clip_apart(steep, limit), limit)


play(drawn_clip, {"limit": 2.0}, limit=(1.0, 2.0, 4.0, 5.0, 7.0))

# %% [markdown]
# In the picture, with a limit of 2: the blue arrow lies on the gradient. The dashed orange arrow has
# turned towards the corner of the square, because only one leaf was shortened. If you run the
# notebook, you can change the limit. Which limits are so large that nothing is clipped?
#
# ## Which leaf is it? Paths
#
# Sometimes a rule holds for some leaves only. Weight decay, for instance, shrinks the weights but
# not the biases. A weight and a bias differ in the way from the root to the leaf: the **path**.

# %%
for path, leaf in jax.tree.leaves_with_path(net):
    print(f"{jax.tree_util.keystr(path)} {leaf.shape!s:7} last step: {path[-1]!r}")

# %% [markdown]
# `jax.tree.map_with_path` calls the function with the path and the leaf. (In older code it is
# `jax.tree_util.tree_map_with_path`.)
#
# **Predict.** How many of the four leaves does `marked = path[-1] == "w"` mark?

# %%
# Your prediction: replace the dots with a number
my_marked = ...

# %%
marks = jax.tree.map_with_path(lambda path, leaf: path[-1] == "w", net)
marked_count = sum(jax.tree.leaves(marks))
marks

# %%
predicted(
    my_marked,
    marked_count,
    why="A step of a path is an object, DictKey(key='w'), which is never equal to a string. Its "
    "attribute .key is the string.",
)

# %% [markdown]
# There was no error, and nothing would decay. With `.key` it works, as long as every last step is a
# key of a dict. In a list, the last step is a position.

# %% tags=["raises-exception"]
jax.tree.map_with_path(lambda path, leaf: path[-1].key == "w", params)

# %% [markdown]
# A step into a list is a `SequenceKey`. It has an `.idx` and no `.key`. `getattr` with a default
# handles both.


# %%
def is_weight(path, leaf):
    return getattr(path[-1], "key", None) == "w"


decayed = jax.tree.map_with_path(lambda path, p: 0.99 * p if is_weight(path, p) else p, net)
print("changed:", jax.tree.map(lambda new, old: bool((new != old).any()), decayed, net))

trees.draw(net, names=("net",), marked=is_weight)

# %% [markdown]
# In the picture: the hatched leaves are the ones that decay. They were chosen by their paths, not by
# their shapes.
#
# ## A list of pytrees
#
# If you train the same net from three starting points, you get a list of three pytrees. A list is a
# container, so this list is a pytree too. But `vmap` needs a different one: **one** net whose
# leaves have one more axis. `jax.tree.map` takes any number of pytrees, so one line makes this net.


# %%
def new_net(key):
    keys = jax.tree.unflatten(treedef, jax.random.split(key, treedef.num_leaves))
    return jax.tree.map(initialise, shapes, keys, is_leaf=is_shape)


models = [new_net(key) for key in jax.random.split(jax.random.key(1), 3)]
stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *models)

# %% [markdown]
# **Predict.** What is the shape of `stacked["layer1"]["w"]`?

# %%
# Your prediction: replace the dots, e.g. (2, 5, 7)
my_stacked_shape = ...

# %%
stacked["layer1"]["w"].shape

# %%
predicted(
    my_stacked_shape,
    stacked["layer1"]["w"].shape,
    why="The function got three arrays of shape (4, 3), and stack added an axis of size 3 in front.",
)

# %%
heads = [model["layer1"] for model in models]
trees.draw(heads, stacked["layer1"], names=("three pytrees", "one pytree"), between=("stack →",))

# %% [markdown]
# The picture shows only `"layer1"`: a list of dicts has become a dict of stacks. To get one model
# back, index every leaf.

# %%
unstacked = jax.tree.map(lambda leaf: leaf[1], stacked)
print("model 1 again:", jax.tree.all(jax.tree.map(jnp.array_equal, unstacked, models[1])))

# %% [markdown]
# Now `vmap` can run all models at once, and `jax.lax.scan` can walk over the slices one after
# another.


# %%
def forward(net, x):
    hidden = jnp.tanh(x @ net["layer1"]["w"] + net["layer1"]["b"])
    return (hidden @ net["layer2"]["w"] + net["layer2"]["b"])[0]


x = jnp.ones(4)
print("vmap:", jax.vmap(forward, in_axes=(0, None))(stacked, x).shape)


def add_opinion(total, model):
    opinion = forward(model, x)
    return total + opinion, opinion


total, opinions = jax.lax.scan(add_opinion, 0.0, stacked)
print("scan:", total.shape, opinions.shape)

# %% [markdown]
# `scan` calls its function with the carry and one slice. The function returns the new carry and a
# result to keep. Both `total` and `stacked` could be any pytree. A deep network of equal layers
# is often written in this way: stack the layers, and carry `x` through them.
#
# The same `*` works for results. Here are the metrics of three steps, and their means.

# %%
metrics = [{"loss": 0.9, "hits": 3}, {"loss": 0.6, "hits": 5}, {"loss": 0.3, "hits": 7}]
jax.tree.map(lambda *steps: sum(steps) / len(steps), *metrics)

# %% [markdown]
# ## Pytrees in, pytrees out
#
# `jit`, `grad` and `vmap` take pytrees and return pytrees, and so do optimizers. `jax.grad` is the
# subject of lesson 7. Here you need to know only this: `jax.grad(f)` returns a pytree of the same form
# as the first argument of `f`. A training step then needs only a few `tree.map`s, however large the
# model is. The step below also keeps an **exponential moving average** (EMA) of the parameters, which
# follows them slowly and smoothly.

# %%
traces = []


def squared_error(net, x, y):
    return (forward(net, x) - y) ** 2


@jax.jit
def train(net, average, x, y):
    traces.append("traced")
    grads = jax.grad(squared_error)(net, x, y)
    net = jax.tree.map(lambda p, g: p - 0.05 * g, net, grads)
    average = jax.tree.map(lambda a, p: 0.9 * a + 0.1 * p, average, net)
    return net, average


trained, average = train(net, net, x, 1.0)
print("same form:", jax.tree.structure(trained) == jax.tree.structure(net))
print("loss:", squared_error(net, x, 1.0), "->", squared_error(trained, x, 1.0))

# %% [markdown]
# **Predict.** `rewritten` holds the same arrays, but its keys are written in another order. The
# function has been traced once. How many traces are there after a call with `rewritten`?

# %%
rewritten = {"layer2": net["layer2"], "layer1": {"w": net["layer1"]["w"], "b": net["layer1"]["b"]}}

# %%
# Your prediction: replace the dots with a number
my_traces = ...

# %%
train(rewritten, net, x, 1.0)
len(traces)

# %%
predicted(
    my_traces,
    len(traces),
    why="jit compares the treedefs. The keys of a dict are sorted, so both treedefs are the same.",
)

# %% [markdown]
# A different form needs a different program, even if the arrays are the same.

# %%
with_none = {**net, "layer3": None}
train(with_none, with_none, x, 1.0)
print("traces:", len(traces))

# %% [markdown]
# ## Your own class
#
# A dict has only data. A class can also have settings and methods.


# %%
@dataclasses.dataclass
class Average:
    params: dict
    decay: float

    def update(self, params):
        def mix(a, p):
            return self.decay * a + (1 - self.decay) * p

        return dataclasses.replace(self, params=jax.tree.map(mix, self.params, params))


unknown = Average(net, 0.9)
print("leaves:", len(jax.tree.leaves(unknown)))

# %% [markdown]
# JAX cannot open it, so the whole object is one leaf. But `jit` takes only leaves that are arrays or
# numbers.

# %% tags=["raises-exception"]
jax.jit(Average.update)(unknown, net)

# %% [markdown]
# Tell JAX which fields hold arrays or other pytrees (`data_fields`), and which fields belong to the
# form (`meta_fields`). The meta fields become part of the treedef. (JAX registers a class only once.
# To run the next cell again, first run the cell that defines the class.)

# %%
jax.tree_util.register_dataclass(Average, data_fields=["params"], meta_fields=["decay"])
known = Average(net, 0.9)
known.update(trained)  # the methods still work
print(jax.tree.structure(jax.jit(Average.update)(known, trained)))

# %%
trees.draw(known, names=("known",))

# %% [markdown]
# In the picture: `Average` is a container like the others. `decay` does not appear, because it is not
# a leaf. So what happens when it changes?
#
# **Predict.** The function `update` below is jitted. It is called with a decay of 0.9, then 0.99, then
# 0.9 again. How often is it traced?

# %%
# Your prediction: replace the dots with a number
my_meta_traces = ...

# %%
decays = []


@jax.jit
def update(state, params):
    decays.append(state.decay)
    return state.update(params)


for decay in (0.9, 0.99, 0.9):
    update(Average(net, decay), trained)
decays

# %%
predicted(
    my_meta_traces,
    len(decays),
    why="A meta field is a constant of the program: each new value needs a new program. For a "
    "value that was seen before, jit finds the old program.",
)

# %% [markdown]
# If the decay is data, it is an input of the program, and one trace is enough for all values.


# %%
@dataclasses.dataclass
class Adjustable(Average):
    pass


jax.tree_util.register_dataclass(Adjustable, data_fields=["params", "decay"], meta_fields=[])

decays.clear()
for decay in (0.9, 0.99, 0.9):
    update(Adjustable(net, decay), trained)
print("traces:", len(decays))

# %% [markdown]
# So **data** is for values that change while you compute, and **meta** is for settings: names,
# sizes, activation functions. To find a program that it already has, `jit` compares the meta fields
# with those of earlier calls, and needs a yes or no. Comparing two arrays gives an array.

# %% tags=["raises-exception"]
for _ in range(2):
    update(Average(net, jnp.array([0.9, 0.99])), trained)

# %% [markdown]
# (The loop makes sure that there is an earlier call to compare with.) Such a field belongs to the data.
#
# You can also write the fields and the registration in one place: `"static": True` marks a meta field.


# %%
@jax.tree_util.register_dataclass
@dataclasses.dataclass
class Dense:
    w: jax.Array
    b: jax.Array
    activation: str = dataclasses.field(default="tanh", metadata={"static": True})


jax.tree.structure(Dense(jnp.ones((2, 3)), jnp.zeros(3)))

# %% [markdown]
# A `NamedTuple` needs no registration, but it has no meta fields: every field is data, even a name.


# %%
class Town(NamedTuple):
    name: str
    people: float


jax.tree.leaves(Town("Basel", 180_000.0))

# %% [markdown]
# ## A class that is not a dataclass
#
# Any class can say how it is taken apart and put together. `tree_flatten` returns the data and the
# meta, and `tree_unflatten` makes an object from them.


# %%
@jax.tree_util.register_pytree_node_class
class Line:
    def __init__(self, slope, offset):
        self.slope, self.offset = slope, offset

    def __call__(self, x):
        return self.slope * x + self.offset

    def tree_flatten(self):
        return (self.slope, self.offset), None  # the data, and the meta

    @classmethod
    def tree_unflatten(cls, meta, data):
        return cls(*data)


line = Line(2.0, 1.0)
slope_matters = jax.grad(lambda line: line(3.0))(line)
print(type(slope_matters).__name__, slope_matters.slope, slope_matters.offset)
for path, _ in jax.tree.leaves_with_path(line):
    print("a leaf at", jax.tree_util.keystr(path))

# %% [markdown]
# The gradient of a `Line` is a `Line`. But its paths have numbers instead of names.
# `register_pytree_with_keys_class` asks for a step of the path for each field. A `GetAttrKey` has the
# name of the field as its `.name`.


# %%
@jax.tree_util.register_pytree_with_keys_class
class NamedLine(Line):
    def tree_flatten_with_keys(self):
        slope = (jax.tree_util.GetAttrKey("slope"), self.slope)
        offset = (jax.tree_util.GetAttrKey("offset"), self.offset)
        return (slope, offset), None


for path, _ in jax.tree.leaves_with_path(NamedLine(2.0, 1.0)):
    print("a leaf at", jax.tree_util.keystr(path))

# %% [markdown]
# ## What `tree_unflatten` is given
#
# `Line.tree_unflatten` calls the constructor. That is fine as long as the constructor only stores its
# arguments. The constructor of the next class checks them.


# %%
@jax.tree_util.register_pytree_node_class
class Interval:
    def __init__(self, low, high):
        if low > high:
            raise ValueError(f"{low} is above {high}")
        self.low, self.high = low, high

    def width(self):
        return self.high - self.low

    def tree_flatten(self):
        return (self.low, self.high), None

    @classmethod
    def tree_unflatten(cls, meta, data):
        return cls(*data)


# %% [markdown]
# **Predict.** `interval` is `Interval(1.0, 3.0)`. Which of these raise an error? Answer with the letters
# in order, such as `"AD"`.
#
# - A: `jax.tree.map(lambda x: x + 1, interval)`
# - B: `jax.tree.map(lambda x: -x, interval)`
# - C: `jax.jit(Interval.width)(interval)`
# - D: `jax.tree.map(str, Interval(9.0, 10.0))`

# %%
# Your prediction: replace the dots, e.g. "AD"
my_unflatten = ...

# %%
interval = Interval(1.0, 3.0)
attempts = {
    "A": lambda: jax.tree.map(lambda x: x + 1, interval),
    "B": lambda: jax.tree.map(lambda x: -x, interval),
    "C": lambda: jax.jit(Interval.width)(interval),
    "D": lambda: jax.tree.map(str, Interval(9.0, 10.0)),
}
refused = ""
for letter, attempt in attempts.items():
    try:
        attempt()
        print(letter, "returns")
    except (ValueError, TypeError) as error:
        print(letter, f"raises {type(error).__name__}:", str(error).splitlines()[0])
        refused += letter

# %%
predicted(
    my_unflatten,
    refused,
    why="JAX calls tree_unflatten with whatever the leaves have become. B: -1 is above -3. C: tracers, "
    "which have no value to compare. D: strings, and '9.0' comes after '10.0'.",
)

# %% [markdown]
# JAX itself also calls `tree_unflatten` with placeholders, for instance with shapes in the place of
# arrays. So `tree_unflatten` should only store what it gets. It should not check, convert or compute
# anything. `object.__new__` makes an object without calling the constructor. (A class can be
# registered only once, so the better `tree_unflatten` goes into a subclass.)


# %%
@jax.tree_util.register_pytree_node_class
class StoredInterval(Interval):
    @classmethod
    def tree_unflatten(cls, meta, data):
        made = object.__new__(cls)  # does not call __init__
        made.low, made.high = data
        return made


stored = StoredInterval(1.0, 3.0)
flipped = jax.tree.map(lambda x: -x, stored)
print("B:", flipped.low, flipped.high)
print("C:", jax.jit(StoredInterval.width)(stored))
print("a placeholder:", jax.eval_shape(lambda interval: interval, stored).low)

# %% [markdown]
# > **In three lines**
# > 1. dict, list, tuple, named tuple, `None` and registered classes are containers. Everything else
# >    is a leaf.
# > 2. `jax.tree.map` goes as deep as its **first** pytree. A path says where a leaf is.
# > 3. `jit`, `grad`, `vmap` and `scan` take pytrees and return pytrees, your own classes among them.
# >    Values that change are data, settings are meta, and `tree_unflatten` only stores.
# >
# > **Now you**: [`exercises/06_pytrees/pytrees.ipynb`](../exercises/06_pytrees/pytrees.ipynb).
# > **Next**: `07_grad`, whose gradients are pytrees of the same form as your parameters.
