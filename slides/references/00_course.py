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
# # NumPy → JAX: the key differences
#
# The functions look like NumPy's. The engine behind them is another one. Every value after → was computed.

# %% tags=["skip"]
# %% [markdown]
# ## Start
# %%
import jax
import jax.numpy as jnp
import numpy as np

jnp.linspace(0, 1, 3) + np.ones(3)

# %% [markdown]
# ## At a glance
#
# | | NumPy | JAX | page |
# | --- | --- | --- | --- |
# | dtypes | 64 bits | 32 bits unless asked | 1 |
# | arrays | mutable | immutable, `.at[i].set(v)` | 2 |
# | slices | often views | copies, removed by `jit` | 2 |
# | execution | eager | eager, or compiled by `jit` | 3 |
# | random | a global state | explicit keys | 4 |
# | batches | broadcasting | `vmap` | 5 |
# | many arrays | your own loops | pytrees | 6 |
# | derivatives | other libraries | `grad` | 7 |
# | devices | one CPU | many, by `shard_map` or `jit` | 8 |
# | hardware | CPU | CPU, GPU, TPU | 9 |
# | debugging | `print`, `pdb` | `jax.debug`, `checkify` | 10 |
# | training | other libraries | Optax, Flax, Orbax | 11 |

# %% [markdown]
# ## 1 · Dtypes: 32 bits unless asked

# %%
np.ones(2).dtype, jnp.ones(2).dtype
(jnp.arange(2) + jnp.ones(2, "float16")).dtype
jnp.sum([1.0, 2.0])  # raises

# %% [markdown]
# Lists are not arrays. Python's numbers are **weak**: they take the dtype of the other operand.
# For 64 bits, begin with `jax.config.update("jax_enable_x64", True)`.

# %% [markdown]
# ## 1 · Out of bounds, nothing raises

# %%
x = jnp.array([10, 20, 30])
x[7]  # reads are clamped
x.at[7].set(0)  # writes are dropped
x.at[7].get(mode="fill", fill_value=-1)

# %% [markdown]
# ## 2 · Arrays do not change
#
# | NumPy | JAX |
# | --- | --- |
# | `a[i] = v` | `a = a.at[i].set(v)` |
# | `a[i] += v` | `a = a.at[i].add(v)` (each of repeated `i`) |
# | `a[a > 3] = 0` | `a = jnp.where(a > 3, 0, a)` |
# | `a.sort()` | `a = a.sort()` |
# | `out=a` | `jax.jit(f, donate_argnums=0)` |

# %%
x[0] = 1  # raises
x.at[0].set(1)

# %% [markdown]
# ## 3 · Trace, compile, run


# %%
@jax.jit
def f(x):
    print("tracing", x.shape)  # once for each shape
    return jnp.where(x > 0, x, 0.0)


f(jnp.array([-1.0, 2.0]))
f(jnp.array([-3.0, 4.0]))

# %% [markdown]
# While JAX traces, it knows shapes but no numbers: `if x > 0`, `x[x > 0]`, `float(x)` and
# `np.sin(x)` fail. Use `jnp.where`, `lax.cond`, `lax.scan`, `static_argnames`.

# %% [markdown]
# ## 3 · Time it honestly

# %% [markdown]
# **Warm up** (the first call compiles), **wait** (`.block_until_ready()`), **repeat** (take the fastest
# or the median), and keep the dtype the same on both sides.

# %% [markdown]
# ## 4 · Random numbers from keys

# %%
key = jax.random.key(0)
key, sub = jax.random.split(key)  # one key, one use
jax.random.normal(sub, (3,))

# %% [markdown]
# ## 5 · Write for one, run for many


# %%
def predict(W, x):
    return W @ x


W, xs = jnp.ones((3, 4)), jnp.ones((10, 4))
jax.vmap(predict, in_axes=(None, 0))(W, xs).shape

# %% [markdown]
# ## 6 · Pytrees: many arrays, one name

# %%
params = {"w": jnp.ones(2), "b": 0.5}
jax.tree.leaves(params)
params = jax.tree.map(lambda p: 0.9 * p, params)

# %% [markdown]
# ## 7 · Derivatives


# %%
def loss(params, x):
    return (params["w"] @ x + params["b"]) ** 2


value, g = jax.value_and_grad(loss)(params, jnp.ones(2))
g["w"]  # the structure of params

# %% [markdown]
# ## 8 · Many devices

# %%
mesh = jax.sharding.Mesh(jax.devices(), "x")
how = dict(in_specs=jax.P("x"), out_specs=jax.P())
add = lambda block: jax.lax.psum(block.sum(), "x")
jax.shard_map(add, mesh=mesh, **how)(jnp.arange(16.0))

# %% [markdown]
# ## 9 · One script, any hardware

# %%
tpu = jax.jit(loss).trace(params, jnp.ones(2))
tpu = tpu.lower(lowering_platforms=("tpu",))  # no TPU

# %% [markdown]
# Do not name a device in a function. Compare with a tolerance, never with `==`.
#
# ## When it goes wrong
#
# | you see | look for |
# | --- | --- |
# | `TracerBoolConversionError` | an `if` or `while` on values |
# | `ConcretizationTypeError` | a shape or an `int()` from values |
# | `TracerArrayConversionError` | an `np.` where `jnp.` belongs |
# | `NonConcreteBooleanIndexError` | a mask as an index |
# | `UnexpectedTracerError` | a traced value kept in a global |
# | nothing changed | a line with `.at` but without `a =` |
# | equal random numbers | a key used twice |
# | slow, every time | a new shape, or `jit` in a loop |
# | `nan` in a gradient | a `jnp.where` with a bad branch |
