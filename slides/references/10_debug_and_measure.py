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
# # 10 · Debug and measure
#
# Ask the stage that knows: tracing has shapes, running has values, the compiled program knows bytes.

# %% tags=["skip"]
import tempfile

import jax
import jax.numpy as jnp
import numpy as np
from course.pictures import debugging
from jax.experimental import checkify
from jax.profiler import TraceAnnotation

temporary = tempfile.TemporaryDirectory()
folder = temporary.name

# %% [markdown]
# ## Read the error
#
# | you see | look for |
# | --- | --- |
# | `… incompatible shapes`, `… contracting dimensions` | two shapes in the last line; then go up to your own lines |
# | `ConcretizationTypeError` | "the value of the argument …": make it static, or use `where` |
# | `UnexpectedTracerError` | "created on line …": return the value, do not store it |

# %% [markdown]
# ## Read the program


# %%
def mean(x):
    jnp.sqrt(x)  # nothing reads it: _
    return x.sum() / x.size


x = jnp.ones(4)
jaxpr = jax.make_jaxpr(mean)(x)
[e.primitive.name for e in jaxpr.eqns]
text = jax.jit(mean).lower(x).compile().as_text()
"sqrt(" in text  # it was removed

# %% [markdown]
# The jaxpr shows what you asked for, and the compiled text shows what is left.

# %% [markdown]
# ## Shapes without computing

# %%
big = jax.ShapeDtypeStruct((10**6,), "float32")
jax.eval_shape(jnp.outer, big, big).shape

# %% [markdown]
# ## Look at values


# %%
@jax.jit
def noisy(x):
    print("tracing", x.shape)  # once
    jax.debug.print("x is {x}", x=x)  # every run
    return 2 * x


_ = noisy(3.0)
_ = noisy(4.0)
jax.effects_barrier()  # wait for the output

# %% [markdown]
# Do not write an f-string. `ordered=True` keeps the order. Under `vmap` it prints for each example,
# under `grad` on the way forward. `jax.debug.callback(f, x)` calls your `f`.
# `jax.debug.breakpoint()` opens a debugger.

# %%
sign = jax.jit(lambda x: 1 if x > 0 else -1)
with jax.disable_jit():
    at_two = sign(2.0)
at_two
sign(2.0)  # raises

# %% [markdown]
# ## Find the NaN


# %%
e = jax.lax.exp(jnp.array([1000.0, 0.0]))
e, e / e.sum()
jax.config.update("jax_debug_nans", True)
jax.lax.div(e, e)  # raises
jax.config.update("jax_debug_nans", False)

# %% [markdown]
# The error names `div`. The cause is often one step earlier: here `exp` made an infinity. If only the
# gradient is NaN, look for a `where` around a bad branch.

# %% [markdown]
# ## A check inside the program


# %%
def safe_log(x):
    checkify.check(x > 0, "log of {}", x)
    return jnp.log(x)


f = jax.jit(checkify.checkify(safe_log))
error, y = f(-1.0)  # it runs to the end
error.get()
error.throw()  # raises

# %% [markdown]
# `errors=` adds checks for you: `nan_checks`, `div_checks`, `index_checks`, or `float_checks` for the
# first two. The default is `user_checks`, your own.

# %% [markdown]
# ## Outside of the array

# %%
p = jnp.array([10.0, 20.0, 30.0])
p[7], p.at[7].set(0.0)  # clamped, dropped
p.at[7].get(mode="fill")
read = checkify.checkify(
    lambda i: p[i], checkify.index_checks
)
[bool(read(i)[0].get()) for i in (2, 3, -1, -4)]

# %% [markdown]
# ## 32 bits, without a warning

# %%
jnp.asarray(np.array([2**31 + 7]))
int(jnp.arange(100_000).sum())
jnp.asarray(2**31)  # raises

# %% [markdown]
# To have 64 bits, begin with `jax.config.update("jax_enable_x64", True)`, or write
# `with jax.enable_x64(True):` (in older versions in `jax.experimental`).

# %% [markdown]
# ## Compiling is not running

# %%
lowered = jax.jit(mean).lower(x)  # traced
compiled = lowered.compile()  # time this
compiled(x)  # and this; wait for the result
compiled(jnp.ones(5))  # raises
compiled.memory_analysis().argument_size_in_bytes

# %% [markdown]
# ## A profile

# %%
with (
    jax.profiler.trace(folder),
    TraceAnnotation("step"),
):
    _ = noisy(5.0).block_until_ready()
seen = debugging.read_profile(folder, ["step"])
sorted({event.lane for event in seen})

# %% [markdown]
# Open the file with XProf or Perfetto. In a gap, the device waits for Python.

# %% [markdown]
# ## Keep compiled programs
#
# Set `JAX_COMPILATION_CACHE_DIR=~/.cache/jax`, and for small programs set
# `jax_persistent_cache_min_compile_time_secs` to 0. Then the next process need not compile them again.

# %% [markdown]
# ## Memory in use

# %%
sum(a.nbytes for a in jax.live_arrays()) < 10**9
jax.devices()[0].memory_stats() is None  # on a CPU
