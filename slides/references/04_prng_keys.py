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
# # 4 · Random numbers from keys
#
# A key is a value: same key, same numbers, on every device and in any order. One key, one use.

# %% tags=["skip"]
import jax
import jax.numpy as jnp
import numpy as np
from course.pictures import keys as pictures
from jax import random

# %% [markdown]
# ## Make and use

# %%
key = random.key(0)
random.normal(key), random.normal(key)  # the same
key, sub = random.split(key)
random.normal(sub, (3,))
key + 1  # raises

# %% [markdown]
# Older code has `random.PRNGKey(0)`, a raw `uint32[2]`. It gives the same numbers, but `key + 1`
# raises no error there, and is a mistake.

# %% [markdown]
# ## Split, or fold in

# %%
key = random.key(8)
w, b = random.split(key)  # a known number of uses
k0, k1, k2 = random.split(w, 3)
rows = random.split(b, 10)  # one per row
rows.shape
for step in range(2):  # a counter in a loop
    at_step = random.fold_in(k0, step)

# %% [markdown]
# Do not split **and** fold into the same key: child i of a split is `fold_in(key, i)`.

# %% tags=["hide"]
keys = random.split(random.key(8), 4)
tree = {"key(8)": random.key(8)}
names = ["w", "b", "data", "dropout"]
tree |= dict(zip(names, keys, strict=True))
made = dict.fromkeys(names, ("key(8)", "split"))
pictures.draw_tree(tree, made)

# %% [markdown]
# ## Draw
#
# | NumPy | JAX |
# | --- | --- |
# | `rng.normal(size=s)` | `random.normal(key, s)` |
# | `rng.uniform(a, b, s)` | `random.uniform(key, s, minval=a, maxval=b)` |
# | `rng.integers(a, b, s)` | `random.randint(key, s, a, b)` |
# | `rng.choice(x, s)` | `random.choice(key, x, s)` |
# | `rng.permutation(x)` | `random.permutation(key, x)` |
# | `rng.random(s) < p` | `random.bernoulli(key, p, s)` |
# | `rng.choice(n, p=p)` | `random.categorical(key, log_p)` |
# | `rng.bytes(4)` | `random.bits(key)` |

# %%
random.randint(key, (5,), 0, 10)
random.permutation(key, jnp.arange(5))
random.bernoulli(key, 0.3, (4,))
random.uniform(key, (2,), "bfloat16").dtype

# %% [markdown]
# ## A longer draw begins with the shorter one

# %%
random.normal(key, (2,))
random.normal(key, (3,))  # so use two keys

# %% [markdown]
# ## Many at once

# %%
draw = lambda key: random.normal(key, (2,))
batch = jax.vmap(draw)(random.split(key, 3))
batch.shape
same = jax.vmap(lambda x: x + random.normal(key))
same(jnp.zeros(3))  # one key for all: the same noise

# %% [markdown]
# ## In a loop: carry the key


# %%
def walk(carry, _):
    key, x = carry
    key, sub = random.split(key)
    x = x + random.normal(sub)
    return (key, x), x


(key, _), path = jax.lax.scan(
    walk, (key, 0.0), None, length=4
)
path

# %% [markdown]
# ## One key for each leaf

# %%
shapes = {"w": (4, 3), "b": (3,)}
is_shape = lambda s: isinstance(s, tuple)
flat, tree = jax.tree.flatten(shapes, is_leaf=is_shape)
ks = random.split(key, len(flat))
net = [random.normal(k, s) for k, s in zip(ks, flat)]
net = jax.tree.unflatten(tree, net)
jax.tree.map(jnp.shape, net)

# %% [markdown]
# ## Under `jit`

# %%
noisy = jax.jit(lambda key, x: x + random.normal(key))
noisy(random.key(1), 0.0)  # pass the key
frozen = jax.jit(lambda x: x + np.random.normal())
bool(frozen(0.0) == frozen(0.0))  # drawn once

# %% [markdown]
# ## Find a key used twice


# %%
def careless(key):
    return random.normal(key) + random.uniform(key)


with jax.debug_key_reuse(True):
    jax.jit(careless)(random.key(0))  # raises

# %% [markdown]
# It needs typed keys. It does not see a repeated `fold_in`, or a closed-over key under `vmap`.
#
# ## Habits
#
# - A function that draws takes a key, and does not return it.
# - The caller splits. The function that receives a key owns it.
# - Name keys by their use: `key_w`, `key_dropout`.
# - Keep the tree wide, not deep.
# - Save the root key with the results.
