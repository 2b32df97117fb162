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
# # 5 · Write for one, run for many
#
# `jax.vmap` turns a function of one example into a function of a batch, without a loop.

# %% tags=["skip"]
import jax
import jax.numpy as jnp
from course.pictures import axes

# %% [markdown]
# ## The idea


# %%
def predict(W, b, x):
    """One example: (4,) -> (3,)."""
    return W @ x + b


W, b = jnp.ones((3, 4)), jnp.ones(3)
xs = jnp.ones((6, 4))
many = jax.vmap(predict, in_axes=(None, None, 0))
many(W, b, xs).shape

# %% tags=["hide"]
axes.draw_vmap(
    (None, None, 0),
    (W, b, xs),
    many(W, b, xs),
    names=("W", "b", "x"),
    call="predict",
)

# %% [markdown]
# ## `in_axes`, one entry per argument
#
# | entry | means |
# | --- | --- |
# | `0` | call i gets slice i of axis 0 (the default) |
# | `1`, `-1` | slices of another axis |
# | `None` | shared: every call gets all of it |
# | `{"W": None, "b": 0}` | leaf by leaf, or a prefix of it |

# %%
columns = jax.vmap(predict, in_axes=(None, None, 1))
columns(W, b, xs.T).shape
many(W, b, xs[:0]).shape
jax.vmap(predict)(W, b, xs)  # raises

# %% [markdown]
# Mapped axes advance **in step**, like `zip`, so all of them have the same size.

# %% [markdown]
# ## `out_axes`: where the batch comes back

# %%
back = jax.vmap(predict, (None, None, 0), out_axes=1)
back(W, b, xs).shape


# %%
def stats(x):
    return {"mean": x.mean(), "row": x}


out = jax.vmap(stats, out_axes={"mean": 0, "row": 1})
jax.tree.map(jnp.shape, out(xs))

# %% [markdown]
# ## Pytrees as arguments

# %%
params = {"W": W, "b": b}
score = lambda p, x: predict(p["W"], p["b"], x)
jax.vmap(score, in_axes=(None, 0))(params, xs).shape
pile = lambda p: jnp.stack([p] * 5)
five = jax.tree.map(pile, params)
jax.vmap(score, in_axes=(0, None))(five, xs[0]).shape

# %% [markdown]
# ## Nest it: all pairs


# %%
def distance(p, q):
    return jnp.sqrt(((p - q) ** 2).sum())


to_all = jax.vmap(distance, in_axes=(None, 0))
table = jax.vmap(to_all, in_axes=(0, None))
homes, shops = jnp.zeros((4, 2)), jnp.ones((7, 2))
table(homes, shops).shape  # outer first

# %%
inner = jax.vmap(score, in_axes=(None, 0))
every = jax.vmap(inner, in_axes=(0, None))
every(five, xs).shape  # members, examples, scores

# %% [markdown]
# ## It composes


# %%
def loss(params, x, y):
    return ((score(params, x) - y) ** 2).sum()


ys = jnp.zeros((6, 3))
per_example = jax.vmap(jax.grad(loss), (None, 0, 0))
per_example(params, xs, ys)["W"].shape
fast = jax.jit(per_example)  # jit outside
keys = jax.random.split(jax.random.key(0), 3)
jax.vmap(jax.random.normal)(keys).shape

# %% [markdown]
# ## What changes in the program


# %%
def size(f, *args):
    return len(jax.make_jaxpr(f)(*args).eqns)


loop = lambda xs: [predict(W, b, x) for x in xs]
size(loop, xs), size(loop, jnp.ones((60, 4)))
of_many = lambda xs: many(W, b, xs)
size(of_many, xs), size(of_many, jnp.ones((60, 4)))

# %% [markdown]
# There is no loop: the primitives are the same, with bigger shapes. The batch size changes the shapes,
# not the length of the program.

# %% [markdown]
# ## A collective over the batch

# %%
centre = lambda x: x - jax.lax.pmean(x, "batch")
jax.vmap(centre, axis_name="batch")(jnp.arange(3.0))

# %% [markdown]
# ## Broadcast, or `vmap`?
#
# | broadcasting is good for | `vmap` is good for |
# | --- | --- |
# | elementwise functions | functions that are not yours |
# | an `axis=` argument | a second inserted `None` |
# | one inserted `None` | an `einsum` that is hard to read |
# | | pytrees, gradients, `convolve` |

# %%
jnp.convolve(xs, jnp.ones(3))  # raises
smooth = jax.vmap(jnp.convolve, in_axes=(0, None))
smooth(xs, jnp.ones(3)).shape

# %% [markdown]
# ## When it raises
#
# - *inconsistent sizes for array axes*: two mapped axes differ. Is one of them shared?
# - *vmap in_axes must be …*: one entry for each positional argument.
# - a shape inside the function has the size of your batch: the wrong axis was mapped.
# - `if` on a mapped value: as in `jit`, use `jnp.where`.
# - `lax.cond` under `vmap` computes **both** branches, and `while_loop` runs until the last is done.
