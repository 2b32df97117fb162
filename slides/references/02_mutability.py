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
# # 2 · Arrays that do not change
#
# `.at` replaces in-place writes, the compiler removes copies, and donation reuses memory.

# %% tags=["skip"]
import jax
import jax.numpy as jnp
import numpy as np
from course.pictures import memory

# %% [markdown]
# ## Every in-place line has an `.at`
#
# | NumPy, in place | JAX, a new array |
# | --- | --- |
# | `a[i] = v` | `a = a.at[i].set(v)` |
# | `a[i] += v` | `a = a.at[i].add(v)` |
# | `a[i] -= v` | `a = a.at[i].subtract(v)` |
# | `a[i] *= v` | `a = a.at[i].multiply(v)` |
# | `a[i] /= v` | `a = a.at[i].divide(v)` |
# | `a[i] **= v` | `a = a.at[i].power(v)` |
# | `np.minimum.at(a, i, v)` | `a = a.at[i].min(v)`, `.max` |
# | `np.exp.at(a, i)` | `a = a.at[i].apply(jnp.exp)` |
# | `a[i]`, and what out of bounds means | `a.at[i].get(mode=…)` |
#
# The index may be a number, a slice, an array, or several of them. If an index repeats, the columns
# can differ: see *The same index twice*.

# %%
a = jnp.arange(5.0)
a.at[1:-1].set(0.0)
a.at[jnp.array([0, 4])].multiply(-1.0)
jnp.zeros((2, 3)).at[1, :2].set(7.0)
a[0] = 1.0  # raises
a.at[[0, 4]].set(0.0)  # raises

# %% [markdown]
# ## Slips

# %%
a.at[0].set(9.0)  # the result is lost
a  # as before
a = a.at[0].set(9.0)  # this is how
a.sort() is a  # returns, does not change
jnp.arange(3).at[0].set(1)  # the array's dtype wins

# %% [markdown]
# ## The same index twice

# %%
i = np.array([2, 0, 2, 2])
counts = np.zeros(3, int)
counts[i] += 1
counts  # NumPy: once
jnp.zeros(3, int).at[i].add(1)  # JAX: every time

# %% [markdown]
# With `set`, it is **undefined which update stays**. For `add`, `multiply`, `min` and `max` the order
# does not matter. `apply(f)` applies `f` once for each repetition.

# %% tags=["hide"]
memory.draw_scatter(
    jnp.full(6, 10.0),
    np.array([2, 0, 2, 4, 2, 9]),
    np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
)

# %% [markdown]
# ## Indices out of bounds

# %%
a = jnp.arange(6.0)
a[10]  # clamped
a.at[10].set(9.0).max()  # dropped
a.at[-1].set(9.0)  # counts from the end
a.at[10].get(mode="fill", fill_value=0.0)

# %% [markdown]
# ## Masks under `jit`


# %%
@jax.jit
def clipped(a):
    return jnp.where(a > 3, 3.0, a)  # not a[a > 3]


clipped(a)
jax.jit(lambda a: a.at[a > 3].set(0.0))(a)  # raises
jax.jit(lambda a: a[a > 3])(a)  # raises
jax.jit(lambda a: jnp.where(a > 3, a, 0).sum())(a)

# %% [markdown]
# ## Views and copies

# %%
grid = np.arange(6.0).reshape(2, 3)
np.shares_memory(grid, grid.T)  # a view
grid = jnp.arange(6.0).reshape(2, 3)
here = grid.unsafe_buffer_pointer()
here == grid.T.unsafe_buffer_pointer()  # a copy

# %% [markdown]
# In NumPy, slices, transposes and most reshapes are views. JAX behaves as if everything were a copy.

# %% [markdown]
# ## What the compiler makes of the copies


# %%
def hundred(v):
    for i in range(100):
        v = v.at[i].set(1.0)
    return v


def copies(f, v, **how):
    c = jax.jit(f, **how).lower(v).compile()
    return c.as_text().count(" copy(")


v = jnp.zeros(1000)
copies(hundred, v)  # keeps the caller's v
copies(hundred, v, donate_argnums=0)

# %% [markdown]
# ## Donation

# %%
step = jax.jit(lambda v: 0.9 * v, donate_argnums=0)
new = step(v)  # takes over the memory of v
v.is_deleted()
v + 1  # raises

# %% [markdown]
# JAX reuses the memory where a result has the same shape and dtype. In a loop: `params = step(params, batch)`.

# %% [markdown]
# ## Side effects


# %%
def spread(x):
    x -= x.mean()  # rebinds a local name in JAX
    return (x**2).mean()


prices = jnp.array([1.0, 2.0, 6.0])
spread(prices), prices

# %% [markdown]
# Inside `jit`, `print` and `append` happen **once**, while tracing. To print numbers in every run:
# `jax.debug.print("{}", x)`.

# %% [markdown]
# ## References: memory that can change

# %%
ref = jax.new_ref(jnp.zeros(3))
jax.jit(lambda ref: ref.set(ref[...] + 1))(ref)
ref[0] = 7.0
ref[...]
