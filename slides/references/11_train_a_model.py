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
# # 11 · Train a model
#
# Training is a function from state to state. Optax computes the step, NNX holds layers, Orbax saves the state.

# %% tags=["skip"]
import tempfile
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import orbax.checkpoint as ocp
from flax import nnx
from jax import lax
from jax.experimental import pallas as pl
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

key = jax.random.key(0)
xs = jax.random.normal(key, (64, 2))
ys = (xs[:, 0] * xs[:, 1] > 0).astype(jnp.float32)
folder = Path(tempfile.mkdtemp())

# %% [markdown]
# ## Data and batches


# %%
def batches(key, xs, ys, size):
    order = jax.random.permutation(key, len(xs))
    order = order.reshape(-1, size)
    return xs[order], ys[order]


batches(key, xs, ys, 16)[0].shape

# %% [markdown]
# Points and labels use the same order. The key of an epoch is `fold_in(key, number)`.

# %% [markdown]
# ## A loss, and a step by hand


# %%
def loss(params, xs, ys):
    h = jnp.tanh(xs @ params["w"])
    scores = h @ params["v"]
    each = jnp.logaddexp(0, scores) - ys * scores
    return each.mean()


def step(params, batch):
    value_and_grad = jax.value_and_grad(loss)
    value, grads = value_and_grad(params, *batch)
    move = lambda p, g: p - 0.1 * g
    return jax.tree.map(move, params, grads), value


params = {"w": jnp.eye(2, 8), "v": jnp.zeros(8)}
loss(params, xs, ys)  # log(2), as for a guess
epoch = batches(key, xs, ys, 16)
params, losses = lax.scan(step, params, epoch)
losses.shape

# %% [markdown]
# One epoch is one program: `scan` carries the state.

# %% [markdown]
# ## Optax

# %%
optimizer = optax.adam(1e-2)
memory = optimizer.init(params)
[leaf.size for leaf in jax.tree.leaves(memory)]
grads = jax.grad(loss)(params, xs, ys)
updates, memory = optimizer.update(grads, memory)
params = optax.apply_updates(params, updates)

# %% [markdown]
# | part | what it does |
# | --- | --- |
# | `sgd`, `adam`, `adamw` | optimizers |
# | `warmup_cosine_decay_schedule` | a rate for each step |
# | `clip_by_global_norm(1.0)` | limits the whole gradient |
# | `chain(a, b)` | first `a`, then `b` |
#
# The state is a pytree: carry it, donate it, shard it, save it.

# %% [markdown]
# ## Flax NNX

# %%
model = nnx.Linear(2, 3, rngs=nnx.Rngs(0))
graph, weights = nnx.split(model)
jax.tree.map(jnp.shape, nnx.to_pure_dict(weights))


def nnx_loss(weights, xs):
    model = nnx.merge(graph, weights)
    return (model(xs) ** 2).mean()


grads = jax.grad(nnx_loss)(weights, xs)

# %% [markdown]
# `nnx.jit` and `nnx.value_and_grad` split and merge for you; then `nnx.Optimizer(model, optimizer,
# wrt=nnx.Param)` changes the model in place.

# %% [markdown]
# ## Orbax: save, and resume

# %%
state = {"params": params, "memory": memory, "n": 30}
checkpointer = ocp.StandardCheckpointer()
checkpointer.save(folder / "epoch_30", state)
checkpointer.wait_until_finished()
back = checkpointer.restore(folder / "epoch_30", state)
back["n"]

# %% [markdown]
# | save | without it, after a restart |
# | --- | --- |
# | parameters | training starts again from the beginning |
# | optimizer state | the first steps have other lengths |
# | number of the step | a schedule starts again |
# | key | batches have another order |
#
# If you save all of them, the resumed run has the same numbers.

# %% [markdown]
# ## Cut the batch

# %%
auto = (AxisType.Auto,)
mesh = jax.make_mesh((8,), ("data",), axis_types=auto)
cut = NamedSharding(mesh, P("data"))
copy = NamedSharding(mesh, P())
copied = jax.device_put(params, copy)
batch = jax.device_put((xs, ys), cut)
new, value = jax.jit(step)(copied, batch)
bool(jnp.allclose(value, step(params, (xs, ys))[1]))

# %% [markdown]
# The step is unchanged. The compiler adds an all-reduce of the gradients.

# %% [markdown]
# ## Cut the parameters too

# %%
explicit = (AxisType.Explicit,) * 2
names = ("data", "model")
grid = jax.make_mesh((4, 2), names, axis_types=explicit)
on = lambda *axes: NamedSharding(grid, P(*axes))
with jax.set_mesh(grid):
    x = jax.device_put(xs, on("data", None))
    w = jax.device_put(params["w"], on(None, "model"))
    v = jax.device_put(params["v"], on("model"))
    h = x @ w
    s = jnp.dot(h, v, out_sharding=P("data"))
jax.typeof(h)
jax.typeof(s)

# %% [markdown]
# With explicit axes, the sharding is part of the type. Where the result is ambiguous, pass `out_sharding`.

# %% [markdown]
# ## Time, neighbours, kernels

# %% [markdown]
# Time compiling separately, warm up, `block_until_ready`, repeat. Simulated devices say nothing about speed.

# %%
seen = np.from_dlpack(params["v"])  # no copy
seen.flags.writeable


def kernel(x_ref, out_ref):
    out_ref[...] = jnp.tanh(x_ref[...])


rows = pl.BlockSpec((16, 2), lambda i: (i, 0))
blocks = dict(in_specs=[rows], out_specs=rows)
like = jax.ShapeDtypeStruct(xs.shape, xs.dtype)
# interpret: anywhere, slowly
tanh = pl.pallas_call(
    kernel, like, grid=(4,), interpret=True, **blocks
)
bool(jnp.allclose(tanh(xs), jnp.tanh(xs)))
