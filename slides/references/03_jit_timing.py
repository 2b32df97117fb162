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
# # 3 · Trace, compile, run, and time it honestly
#
# `jit` runs Python once, with stand-ins. It compiles what they recorded, keeps it, and runs it from then on.

# %% tags=["skip"]
import time

import jax
import jax.numpy as jnp
from course.pictures import compiling
from jax import lax

# %% [markdown]
# ## The three steps, one by one

# %%
f = lambda x: jnp.sin(jnp.cos(x)) * jnp.tanh(x)
x = jnp.ones((1000, 1000))
traced = jax.jit(f).trace(x)  # 1: a jaxpr
[e.primitive.name for e in traced.jaxpr.eqns]
compiled = traced.lower().compile()  # 2: machine code
compiled(x).shape  # 3: run

# %% tags=["hide"]
kernels = compiling.read_kernels(compiled.as_text())
compiling.draw_kernels(traced.jaxpr, kernels)

# %% [markdown]
# ## When it traces again


# %%
@jax.jit
def double(x):
    print("trace", x.shape, x.dtype)
    return 2 * x


double(jnp.ones(2))
double(jnp.zeros(2))  # same shape and dtype
double(jnp.ones(3))
_ = double(jnp.arange(2))

# %% [markdown]
# A new shape, dtype, static value or **function** needs a new trace. `jax.jit(lambda …)` in a loop
# traces every time. Ask why: `jax.explain_cache_misses(True)`. Ragged data: pad to a few lengths.

# %% [markdown]
# ## Static arguments

# %%
from functools import partial


@partial(jax.jit, static_argnames="n")
def ramp(start, n):
    return start + jnp.arange(n)


ramp(10.0, 3)  # n stays a Python number
ramp(10.0, n=[3])  # raises

# %% [markdown]
# Static values must be hashable and few: sizes, modes, functions. Not learning rates.

# %% [markdown]
# ## What a trace may ask
#
# | may | may not |
# | --- | --- |
# | `x.shape`, `x.ndim`, `x.dtype` | `if x > 0`, `while x > 0` |
# | loops over known ranges | `float(x)`, `int(x)`, `x.item()` |
# | `jnp.where(x > 0, …)` | `x[x > 0]`, `jnp.nonzero(x)` |
# | `jax.debug.print` | `np.sin(x)`, `assert x > 0` |

# %%
jax.jit(lambda x: x if x > 0 else -x)(1.0)  # raises
jax.jit(lambda x: x if x.ndim else -x)(1.0)

# %% [markdown]
# ## Branches on values

# %%
magnitude = lambda x: jnp.where(x > 0, x, -x)
jax.jit(magnitude)(-2.0)  # computes both, picks
keep, flip = lambda x: x, lambda x: -x
lax.cond(-2.0 > 0, keep, flip, -2.0)  # runs one*
lax.switch(1, [jnp.sin, jnp.cos], 0.0)

# %% [markdown]
# \* Under `vmap`, a `cond` with a condition for each example computes both branches.
#
# ## Loops


# %%
def better(x, a):  # Newton's square root
    return 0.5 * (x + a / x)


body = lambda i, x: better(x, 2.0)
lax.fori_loop(0, 5, body, 2.0)
far = lambda x: jnp.abs(x * x - 2.0) > 1e-5
lax.while_loop(far, lambda x: better(x, 2.0), 2.0)


def step(balance, deposit):
    balance = 1.5 * balance + deposit
    return balance, balance  # carry, output


lax.scan(step, 0.0, jnp.array([10.0, 10.0, -30.0]))
lax.associative_scan(jnp.add, jnp.arange(4.0))

# %% [markdown]
# A Python loop is **unrolled**: the program contains its body once per iteration. A carry keeps its
# shape and dtype.

# %% [markdown]
# ## What a trace remembers


# %%
@jax.jit
def stamped(x):
    return x + time.perf_counter()  # read once


bool(stamped(0.0) == stamped(0.0))

# %% [markdown]
# A tracer kept in a global has **leaked**. Find it with `jax.checking_leaks()`.

# %% [markdown]
# ## An honest clock


# %%
def seconds(f, x, tries=7):
    f(x).block_until_ready()  # warm up: compile
    taken = []
    for _ in range(tries):  # repeat
        start = time.perf_counter()
        f(x).block_until_ready()  # wait
        taken.append(time.perf_counter() - start)
    return min(taken)  # or the median


# %% [markdown]
# Compare **one thing at a time**: the same dtype, the same size, the same machine. The talk's 18×
# compared float64 NumPy with float32 JAX, and its NumPy time has a spread of ± 74 %.
#
# ## Where `jit` pays
#
# | pays | does not |
# | --- | --- |
# | many operations in a chain | one operation, or one `matmul` |
# | large arrays | ten numbers at a time |
# | called again and again | called once |
# | many small `.at` updates | host code between calls |
