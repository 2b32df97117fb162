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
# # 8 · One program, many devices
#
# `shard_map`: write the program of one device on its own block. Collectives move data between devices.

# %% tags=["skip"]
from functools import partial

import jax
import jax.numpy as jnp
from course.pictures import shards
from jax import lax
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

# %% [markdown]
# ## Eight devices on one machine

# %% [markdown]
# Before the first JAX operation: `jax.config.update("jax_num_cpu_devices", 8)`. Simulated devices
# compute the right numbers, but not fast.

# %%
len(jax.devices("cpu"))

# %% [markdown]
# ## A mesh, and specs

# %%
auto = (AxisType.Auto,) * 2
mesh = jax.make_mesh(
    (4, 2), ("x", "y"), axis_types=auto
)
a = jnp.arange(8 * 16.0).reshape(8, 16)
a = jax.device_put(a, NamedSharding(mesh, P("x", "y")))
a.shape, a.addressable_shards[0].data.shape

# %% [markdown]
# Without `axis_types` a mesh is Auto up to JAX 0.8, Explicit since 0.9.
#
# | spec | axis 0, axis 1 of the array |
# | --- | --- |
# | `P("x", "y")` | cut by x, cut by y |
# | `P("x", None)`, `P("x")` | cut by x, whole; **copied** along y |
# | `P(("x", "y"))` | cut by both, into eight |
# | `P()` | copied to all |
#
# Blocks have equal sizes. `jax.debug.visualize_array_sharding` draws them.

# %% [markdown]
# ## The program of one device

# %%
b = jnp.arange(16 * 4.0).reshape(16, 4)
b = jax.device_put(b, NamedSharding(mesh, P("y", None)))
specs = P("x", "y"), P("y", None)
cut = dict(mesh=mesh, in_specs=specs)


@partial(jax.shard_map, out_specs=P("x", None), **cut)
def matmul(a_block, b_block):  # (2, 8), (8, 4)
    return lax.psum(a_block @ b_block, "y")


c = matmul(a, b)
c.shape, bool(jnp.allclose(c, a @ b))

# %% [markdown]
# `in_specs` cuts the arguments, `out_specs` puts the blocks of the result together. `vmap` takes the mapped axis
# away; `shard_map` makes it shorter.

# %% tags=["hide"]
halves = jax.shard_map(
    jnp.dot, out_specs=P("x", "y"), **cut
)
four = dict(a=a, b=b, partials=halves(a, b), c=c)
shards.draw_layouts(("dot", "→", "psum"), **four)

# %% [markdown]
# ## Collectives

# %%
line = jax.sharding.Mesh(jax.devices()[:4], "x")
one = dict(mesh=line, in_specs=P("x"), out_specs=P("x"))
on = partial(jax.shard_map, **one)
r = jnp.arange(4.0) + 1  # one number per device
on(lambda x: lax.psum(x, "x") + 0 * x)(r)
right = [(i, (i + 1) % 4) for i in range(4)]
on(lambda x: lax.ppermute(x, "x", right))(r)
on(lambda x: lax.ppermute(x, "x", right[:3]))(r)
on(lambda x: x * 0 + lax.axis_index("x"))(r)
everyone = lambda x: lax.all_gather(x, "x", tiled=True)
on(everyone)(r).shape

# %%
scatter = lambda x: lax.psum_scatter(x, "x", tiled=True)
on(scatter)(jnp.arange(16.0))

# %% [markdown]
# | collective | each device gets |
# | --- | --- |
# | `psum`, `pmean`, `pmax` | the whole sum, mean, maximum |
# | `psum_scatter` | its slice of the sum |
# | `all_gather` | everyone's blocks |
# | `ppermute` | what was sent to it, else zeros |
# | `all_to_all` | a piece from everyone |
#
# `psum` is `psum_scatter` followed by `all_gather`. If a slice is enough, use the first alone.

# %% [markdown]
# ## The forgotten `psum`

# %%
copied = dict(out_specs=P("x", None), **cut)
jax.shard_map(jnp.dot, **copied)(a, b)  # raises
loose = dict(check_vma=False, **copied)
wrong = jax.shard_map(jnp.dot, **loose)
bool(jnp.allclose(wrong(a, b), a @ b))  # no error

# %% [markdown]
# The error says over which axis the result still varies.

# %% [markdown]
# ## Gradients of the whole batch


# %%
def loss(w, xs):  # xs: this device's examples
    return lax.pmean(((xs @ w) ** 2).mean(), "x")


split = dict(mesh=line, in_specs=(P(), P("x")))
split["out_specs"] = P()
step = jax.shard_map(jax.grad(loss), **split)
w, xs = jnp.ones(3), jnp.arange(24.0).reshape(8, 3) / 9
alone = jax.grad(lambda w: ((xs @ w) ** 2).mean())
bool(jnp.allclose(step(w, xs), alone(w)))

# %% [markdown]
# Differentiate the averaged loss: for a shared `w`, `grad` adds over the devices.

# %% [markdown]
# ## Neighbours: a halo


# %%
def smooth(u):
    right = [(i, i + 1) for i in range(3)]
    left = [(i + 1, i) for i in range(3)]
    before = lax.ppermute(u[-1:], "x", right)
    after = lax.ppermute(u[:1], "x", left)
    u = jnp.concatenate([before, u, after])
    return (u[:-2] + u[1:-1] + u[2:]) / 3


on(smooth)(jnp.arange(8.0))

# %% [markdown]
# ## Or let `jit` do it

# %%
text = jax.jit(jnp.dot).lower(a, b).compile().as_text()
text.count(" all-reduce(")  # the compiler's psum
jax.jit(jnp.dot)(a, b).sharding.spec

# %% [markdown]
# Place the inputs, write plain code, count the collectives. Use `shard_map` when the algorithm is
# about devices, or when the compiler sends too many messages.

# %% [markdown]
# ## Or let the types say it: Explicit axes

# %%
types = (AxisType.Explicit,) * 2
grid = jax.make_mesh(
    (4, 2), ("x", "y"), axis_types=types
)
put = lambda *spec: jax.device_put(
    jnp.ones((8, 8)), NamedSharding(grid, P(*spec))
)
jax.typeof(put("x", None) @ put(None, "y"))
put("x", "y") @ put("y", None)  # raises
rows = NamedSharding(grid, P("x", None))
c = jnp.dot(
    put("x", "y"), put("y", None), out_sharding=rows
)
jax.typeof(c)
