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
# # 9 · One script on CPU, GPU and TPU
#
# What runs everywhere, what does not, and how to find out without the hardware.

# %% tags=["skip"]
import jax
import jax.numpy as jnp
import numpy as np

# %% [markdown]
# ## Where am I?

# %%
jax.default_backend() == jax.devices()[0].platform
x = jnp.arange(4.0)
x.devices() == {jax.devices()[0]}
cpus = jax.devices("cpu")  # on every machine
y = jax.device_put(x, cpus[3])  # committed to a device
(x + y).devices() == {cpus[3]}  # computation follows it
jax.device_put(x, cpus[1]) + y  # raises

# %% [markdown]
# Do not name a device in a function. Choose from outside: `JAX_PLATFORMS=cpu python script.py`.

# %% [markdown]
# ## A TPU program without a TPU


# %%
def lower_for(platform, f, *args):
    traced = jax.jit(f).trace(*args)
    return traced.lower(lowering_platforms=(platform,))


layer = lambda W, xs: jnp.tanh(xs @ W)
W, xs = jnp.ones((8, 8)), jnp.ones((16, 8))
program = lower_for("tpu", layer, W, xs).as_text()
"stablehlo.tanh" in program
lower_for("tpu", jnp.linalg.eigvals, W)  # raises

# %% [markdown]
# **If it lowers**, every primitive has a rule for that platform, no callback ties it to this process,
# and shapes and dtypes agree. **It does not say** that it compiles, fits into memory, is fast, or gives
# the same digits.

# %% [markdown]
# ## Ship a program

# %%
from jax import export

made = export.export(
    jax.jit(layer), platforms=("cpu", "cuda", "tpu")
)(W, xs)
data = made.serialize()
export.deserialize(data).call(W, xs).shape

# %% [markdown]
# Read it with the same JAX or a newer one.

# %% [markdown]
# ## What does not run everywhere
#
# | what | why | instead |
# | --- | --- | --- |
# | `eigvals`, `schur` | no rule on TPU | `eigh`, iterate |
# | `pure_callback` | lives in this process | write it in `jnp` |
# | `np.f(traced)` | needs numbers now | `jnp.f` |
# | `precision="TF32…"` | one vendor only | `"high"` |
# | float64 | no TPU unit, slow on GPUs | float32, summed well |
# | `jax.devices("gpu")` | names a device | `JAX_PLATFORMS` |

# %% [markdown]
# ## The order of a sum is part of its result

# %%
big, one = jnp.float32(1e8), jnp.float32(1)
(big + one) - big, (big - big) + one
v = jnp.ones(300, "bfloat16")
v.sum()  # adds in float32, rounds once
jax.lax.scan(lambda s, x: (s + x, None), v[0] * 0, v)[0]

# %% [markdown]
# Store in few bits, **accumulate in many**. Convert to float32, reduce, convert back to `x.dtype`.


# %%
def mean_square(x):
    wide = x.astype(jnp.float32)
    return (wide**2).mean().astype(x.dtype)


mean_square(v).dtype

# %% [markdown]
# ## Fewer digits on purpose
#
# | factors of a float32 product | bits of fraction |
# | --- | --- |
# | `"highest"`: float32 | 23 |
# | GPU by default: TF32 | 10 |
# | TPU by default: bfloat16 | 7 |

# %%
A = jax.random.normal(jax.random.key(0), (64, 64))
exact = jnp.dot(A, A, precision="highest")


def error(bits):
    B = jax.lax.reduce_precision(A, 8, bits)
    off = jnp.dot(B, B, precision="highest") - exact
    return jnp.linalg.norm(off) / jnp.linalg.norm(exact)


[f"{float(error(bits)):.0e}" for bits in (23, 10, 7)]
with jax.default_matmul_precision("highest"):
    y = A @ A

# %% [markdown]
# ## Compare with a tolerance that has a reason


# %%
def agree(got, want, terms, dtype=jnp.float32):
    got, want = (
        np.array(got, float),
        np.array(want, float),
    )
    eps = float(jnp.finfo(dtype).eps)
    allowed = 8 * eps * terms**0.5 * np.abs(want).max()
    return bool(np.abs(got - want).max() <= allowed)


want = np.asarray(A, float) @ np.asarray(A, float)
agree(exact, want, 64)
B = A.astype("bfloat16")
agree(B @ B, want, 64), agree(B @ B, want, 64, B.dtype)

# %% [markdown]
# `==` tests the order of additions. A tolerance that is too wide tests nothing: see it fail once.

# %% [markdown]
# ## Same key, same bits

# %%
bits = jax.random.bits(jax.random.key(0), (2,))
bits  # the same everywhere: integers do not round

# %% [markdown]
# ## How portable, in numbers
#
# | per cent that pass | GPU | TPU |
# | --- | --- | --- |
# | TensorFlow | 78 | 71 |
# | PyTorch | 92 | 57 |
# | JAX | 98 | 97 |
#
# *The Grand Illusion* (Mince, Dinh, Kgomo, Thompson, Hooker; 2023, arXiv:2309.07181): a sample of
# each framework's own functions, in the versions of 2023. Measure your own program.
#
# ## Before you ship
#
# - Lower for `"cpu"`, `"cuda"`, `"tpu"` in a test: it costs nothing.
# - Run once on the device, and compare with `"highest"` on the CPU.
# - Look at `memory_analysis()` of the compiled program.
# - Time it there: warm up, and wait for the result.
# - Report the JAX version with the numbers.
