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
# # 1 · The same words, another engine
#
# Read `jax.numpy` as you read NumPy, and know where it differs without an error.

# %% tags=["skip"]
import jax
import jax.numpy as jnp
import numpy as np

# %% [markdown]
# ## The same

# %%
table = jnp.array([[1.0, 10.0], [2.0, 30.0]])
table.mean(axis=0), table[:, None].shape
jnp.einsum("ij,kj->ik", table, table)
jnp.allclose(np.sin(np.ones(3)), jnp.sin(jnp.ones(3)))

# %% [markdown]
# Names, axes, broadcasting, slices, methods. **Not the same:** no `out=`, no in-place writes, no
# object or string arrays, no lists as arrays.

# %% [markdown]
# ## Thirty-two bits

# %%
jnp.asarray(np.ones(2)).dtype  # narrowed, no error
big = jnp.array(2.0**24)
big + 1 - big  # float32 has 24 bits
jnp.array(50_000) ** 2  # int32 wraps

# %% [markdown]
# 64 bits, before anything else runs: `jax.config.update("jax_enable_x64", True)` or
# `JAX_ENABLE_X64=1`.

# %% [markdown]
# ## Which dtype comes out

# %%
half = jnp.ones(2, "bfloat16")
(jnp.arange(2) + jnp.ones(2)).dtype  # NumPy: float64
(half * 2.0).dtype  # weak
(half * np.sqrt(2.0)).dtype  # a NumPy float64 is not
(half * float(np.sqrt(2.0))).dtype
(jnp.arange(3) / 2).dtype
jnp.asarray(2.0).weak_type

# %% [markdown]
# An integer never widens a float. A Python float takes the dtype of an array of floats.

# %% [markdown]
# ## Lists stay lists

# %%
jnp.sum([1.0, 2.0])  # raises
jnp.arange(5)[[0, 2]]  # raises
jnp.arange(5)[jnp.array([0, 2])]
jnp.arange(2) - np.array([1, 2])  # NumPy is welcome

# %% [markdown]
# Make the array once: `jnp.array([…])`. Otherwise each number of the list would become an argument
# of its own in the program.

# %% [markdown]
# ## Out of bounds

# %%
x = jnp.array([10, 20, 30])
x[7], x[-9]  # a read is clamped
x.at[7].set(99)  # a write is dropped
x.at[7].get(mode="fill", fill_value=0)
x.at[-1].get(mode="fill", fill_value=0)  # in bounds
fill = dict(mode="fill", fill_value=0)
x.at[-1].get(wrap_negative_indices=False, **fill)
jnp.take(x * 1.0, 7)  # fills
x.at[7].set(99, mode="clip")

# %% [markdown]
# | mode | reads | writes |
# | --- | --- | --- |
# | (none) | in practice clamped | dropped |
# | `"clip"` | clamped | clamped |
# | `"fill"`, `"drop"` | `fill_value`, NaN | dropped |
# | `"promise_in_bounds"` | undefined | undefined |

# %% [markdown]
# ## Shapes first, numbers later
#
# In `jit`, `vmap` or `grad` a function is **traced**: shape and dtype are known, numbers are not.

# %%
x = jnp.array([3.0, -1.0, 0.0, 5.0])
jax.jit(lambda x: x[x > 0])(x)  # raises
jax.jit(lambda x: x.mean(where=x > 0))(x)
jax.jit(lambda x: jnp.where(x > 0, x, 0.0))(x)

# %%
positive = lambda x: jnp.nonzero(
    x > 0, size=3, fill_value=-1
)[0]
jax.jit(positive)(x)  # a length fixed by you

# %% [markdown]
# `nonzero`, `unique`, `argwhere`, `flatnonzero`, `where` take `size=`: they pad or cut to it.

# %% [markdown]
# ## `if` on numbers


# %%
def discount(price):
    if price > 100.0:
        return 0.9 * price
    return price


jax.jit(discount)(120.0)  # raises
where = lambda p: jnp.where(p > 100.0, 0.9 * p, p)
jax.jit(where)(jnp.array([80.0, 120.0]))

# %% [markdown]
# ## A result may not be ready yet

# %%
y = x @ x  # returns at once
y.block_until_ready()  # waits
x.devices() == {jax.devices()[0]}
type(np.sin(x)).__name__  # back on the host
np.asarray(x)  # on purpose

# %% [markdown]
# These wait too: `print`, `float()`, `np.asarray`, an `if`. A forgotten `np.` works until it is traced:
# `TracerArrayConversionError`.
#
# ## The eight key differences
#
# | | NumPy | JAX | lesson |
# | --- | --- | --- | --- |
# | arrays | mutable | immutable, `.at` | 2 |
# | slices | views | copies | 2 |
# | execution | eager | eager, `jit` | 3 |
# | random | global state | keys | 4 |
# | batches | broadcasting | `vmap` | 5 |
# | derivatives | other libraries | `grad` | 7 |
# | many devices | other libraries | `shard_map` | 8 |
# | hardware | CPU | CPU, GPU, TPU | 9 |
