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
# # 6 · Many arrays under one name
#
# A pytree is a nesting of containers. Whatever JAX cannot open is a leaf.

# %% tags=["skip"]
import dataclasses

import jax
import jax.numpy as jnp
from course.pictures import trees
from jax.flatten_util import ravel_pytree

# %% [markdown]
# ## Containers and leaves

# %%
params = {"l1": {"w": [1, 1], "b": 2}, "l2": {"w": 3}}
jax.tree.leaves(params)  # a dict: in sorted order
jax.tree.map(lambda x: 2 * x, params)["l1"]

# %% tags=["hide"]
trees.draw(params, names=("params",))

# %% [markdown]
# | a container | a leaf |
# | --- | --- |
# | `dict`, `list`, `tuple` | an array, a number |
# | named tuple, `OrderedDict` (its own order) | a string, a set |
# | `None`: with nothing in it | any other object |
# | a registered class | |

# %%
leaves = jax.tree.leaves
[len(leaves(tree)) for tree in ((1, 2), None, "ab")]

# %% [markdown]
# ## Map over several

# %%
g = {"l1": {"w": [10, 20], "b": 30}, "l2": {"w": 40}}
step = lambda p, d: p - 0.1 * d
jax.tree.map(step, params, g)["l1"]
jax.tree.map(step, params, {"l1": 0})  # raises

# %% [markdown]
# The **first** tree decides how deep to go. Where it has a leaf, the others may have a subtree.

# %%
jax.tree.map(lambda a, b: b, {"w": 0}, {"w": [1, 2]})

# %% [markdown]
# ## Where to stop: `is_leaf`

# %%
shapes = {"w": (4, 3), "b": (3,)}
is_shape = lambda node: isinstance(node, tuple)
net = jax.tree.map(jnp.zeros, shapes, is_leaf=is_shape)
jax.tree.map(jnp.shape, net)

# %% [markdown]
# Without it, `jnp.zeros` gets 4 and then 3, because a tuple is a container.

# %% [markdown]
# ## `None` is nothing

# %%
layer = {"w": 3, "b": None}
jax.tree.map(lambda x: 2 * x, layer)
missing = lambda x: x is None
jax.tree.map(missing, layer, is_leaf=missing)

# %% [markdown]
# ## Take apart, put together

# %%
flat, treedef = jax.tree.flatten(net)
treedef
again = jax.tree.unflatten(treedef, flat)
jax.tree.structure(again) == treedef
keys = jax.tree.unflatten(
    treedef,
    jax.random.split(jax.random.key(0), len(flat)),
)

# %% [markdown]
# ## One number from many leaves

# %%
sum(leaf.size for leaf in jax.tree.leaves(net))
jax.tree.reduce(jnp.add, {"a": 1, "b": [2, 3]})
jax.tree.all(jax.tree.map(jnp.allclose, net, again))
vector, back = ravel_pytree(net)  # one long vector
vector.shape, back(vector)["w"].shape


def norm(tree):
    return jnp.sqrt(
        sum((x**2).sum() for x in leaves(tree))
    )


norm({"a": jnp.array([3.0]), "b": jnp.array(4.0)})

# %% [markdown]
# Clip a gradient by the norm of the **whole** tree: one factor for all leaves keeps its direction.

# %% [markdown]
# ## Paths

# %%
for path, leaf in jax.tree.leaves_with_path(net):
    print(jax.tree_util.keystr(path), leaf.shape)


def is_weight(path, leaf):
    return getattr(path[-1], "key", None) == "w"


jax.tree.map_with_path(is_weight, net)

# %% [markdown]
# `path[-1]` is a `DictKey` (`.key`), `SequenceKey` (`.idx`) or `GetAttrKey` (`.name`), never a
# string.

# %% [markdown]
# ## A list of trees, and back

# %%
add = lambda i: jax.tree.map(lambda x: x + i, net)
nets = [add(0), add(1), add(2)]
stacked = jax.tree.map(lambda *xs: jnp.stack(xs), *nets)
stacked["w"].shape  # ready for vmap
second = jax.tree.map(lambda x: x[1], stacked)
second["w"].shape

# %% [markdown]
# ## Your own class


# %%
@jax.tree_util.register_dataclass
@dataclasses.dataclass
class Layer:
    w: jax.Array
    name: str = dataclasses.field(
        metadata={"static": True}
    )


first = Layer(jnp.ones(2), "first")
jax.tree.map(lambda x: 5 * x, first).w
jax.jit(lambda layer: layer.w.sum())(first)

# %% [markdown]
# A static field is part of the structure: it must be hashable, is never traced, and a new value
# needs a new trace.
#
# ## They go everywhere
#
# `jit` (arguments and results), `grad` (the structure of the first argument), `vmap` (`in_axes` is a
# prefix), `scan` (carry and rows), `device_put`, `shard_map` (specs are a prefix).
