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
# # 11. Train a model on the JAX AI stack
#
# > **After this lesson you can**
# > write a training loop with what this course has taught, replace its parts by Optax and Flax NNX
# > and say what each of them does, stop a run and resume it with the same numbers, spread it over
# > eight devices in two ways, time it honestly, and hand arrays to other libraries.
# >
# > **Time** about 35 minutes. **Read before** `08_shard_map` and `09_portability`.
# >
# > **How it works** Each question has a line `my_... = ...`. Replace the dots with your
# > guess before you run on. A wrong guess costs nothing and is remembered better than a
# > right one. Leave the dots and the answer waits in a fold.

# %%
import importlib.util

packages = {"flax": "flax", "optax": "optax", "orbax": "orbax-checkpoint"}
missing = " ".join(packages[name] for name in packages if not importlib.util.find_spec(name))
if missing:
    raise SystemExit(f"Run `%pip install {missing}` in a new cell, then run this cell again.")

# %%
import math
import re
import tempfile
import time
from collections import Counter
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import orbax.checkpoint as ocp
from flax import nnx
from jax.experimental import pallas as pl
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

from autograder import predicted
from course.pictures import shards, training
from course.pictures.play import play

jax.config.update("jax_num_cpu_devices", 8)  # simulated; before the first JAX operation
devices = jax.devices("cpu")
jax.config.update("jax_default_device", devices[0])

# %% [markdown]
# JAX itself has no layers, no optimizers and no files. It has arrays and transformations, and
# small libraries add the rest. This lesson trains one network from beginning to end, first
# with nothing but JAX. Then each library of the *JAX AI stack* takes over one part: Optax the step,
# Flax NNX the layers, and Orbax the files.
#
# ## Data and batches
#
# The data are points on two spirals. The network should learn which spiral a point belongs to. No
# straight line separates the spirals, and a picture shows how much the network has learned.


# %%
def make_spirals(key, count):
    """Points (count, 2), and for each the number of its spiral, 0 or 1."""
    key_way, key_noise = jax.random.split(key)
    spiral = jnp.arange(count) % 2
    way = jnp.sqrt(jax.random.uniform(key_way, (count,), minval=0.02))  # from the middle outwards
    angle = 3 * jnp.pi * way + jnp.pi * spiral
    points = 2 * way[:, None] * jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=1)
    noise = 0.06 * jax.random.normal(key_noise, (count, 2))
    return points + noise, spiral.astype(jnp.float32)


key_train, key_test, key_params, key_shuffle = jax.random.split(jax.random.key(0), 4)
xs, ys = make_spirals(key_train, 512)
test_xs, test_ys = make_spirals(key_test, 256)  # never used for training
training.draw_examples(xs, ys)

# %% [markdown]
# One step of training uses one **batch** of examples. One **epoch** uses every example once. All
# batches of an epoch fit into one array with one more axis in front.


# %%
def batches(key, xs, ys, size=64):
    """Shuffle the examples and cut them into batches."""
    order = jax.random.permutation(key, len(xs)).reshape(-1, size)
    return xs[order], ys[order]


# %% [markdown]
# **Predict.** `xs` has shape `(512, 2)`. What is the shape of the points that
# `batches(key_shuffle, xs, ys)` returns?

# %%
# Your prediction: replace the dots, e.g. (3, 5, 7)
my_batches = ...

# %%
batch_xs, batch_ys = batches(key_shuffle, xs, ys)
print("points:", batch_xs.shape, " labels:", batch_ys.shape)

# %%
predicted(
    my_batches,
    batch_xs.shape,
    why="512 examples make 8 batches of 64, and each example has 2 numbers. Points and labels use "
    "the same order, so each point keeps its label.",
)

# %% [markdown]
# ## Parameters and a loss
#
# The parameters are a pytree: a list of layers, each with a matrix and a vector. The network is a
# function of this pytree and of a batch.

# %%
WIDTHS = (2, 32, 32, 1)


def init_params(key, widths=WIDTHS):
    keys = jax.random.split(key, len(widths) - 1)
    return [
        {"w": jax.random.normal(k, (i, o)) / math.sqrt(i), "b": jnp.zeros(o)}
        for k, i, o in zip(keys, widths, widths[1:], strict=False)
    ]


def score(params, xs):
    """Positive scores mean spiral 1: xs (n, 2) -> (n,)."""
    *hidden, last = params
    for layer in hidden:
        xs = jnp.tanh(xs @ layer["w"] + layer["b"])
    return (xs @ last["w"] + last["b"])[:, 0]


# %%
def cross_entropy(scores, ys):
    """The mean of -log(the probability that the scores give to the right spiral)."""
    return jnp.mean(jnp.logaddexp(0, scores) - ys * scores)


def loss(params, xs, ys):
    return cross_entropy(score(params, xs), ys)


params = init_params(key_params)
count = sum(leaf.size for leaf in jax.tree.leaves(params))
print(count, "numbers in", len(jax.tree.leaves(params)), "arrays")

# %% [markdown]
# Before you train, check the loss of a network that knows nothing. If all its scores are 0, it
# gives each spiral the probability 1/2.
#
# **Predict.** What is the loss then, rounded to two digits?

# %%
# Your prediction: replace the dots with a number such as 0.25
my_first_loss = ...

# %%
knows_nothing = jax.tree.map(jnp.zeros_like, params)
first_loss = round(float(loss(knows_nothing, xs, ys)), 2)
print("knows nothing:", first_loss, " random parameters:", round(float(loss(params, xs, ys)), 2))

# %%
predicted(
    my_first_loss,
    first_loss,
    why="-log(1/2) is log(2), about 0.69. If the loss of a new network with two classes is far "
    "above that, look for a bug first.",
)

# %% [markdown]
# ## A training step by hand
#
# One step of gradient descent uses three functions, and each was the subject of a lesson:
# `value_and_grad` (lesson 7), `tree.map` (lesson 6), and `jit` around both (lesson 3).


# %%
@jax.jit
def sgd_step(params, batch):
    value, grads = jax.value_and_grad(loss)(params, *batch)
    return jax.tree.map(lambda p, g: p - 0.1 * g, params, grads), value


@jax.jit
def sgd_epoch(params, key):
    params, losses = jax.lax.scan(sgd_step, params, batches(key, xs, ys))
    return params, losses.mean()


def accuracy(scores, ys):
    return float(((scores > 0) == (ys > 0)).mean())


EPOCHS = 60
sgd_losses, sgd_snapshots = [], [params]
for number in range(EPOCHS):
    trained, value = sgd_epoch(sgd_snapshots[-1], jax.random.fold_in(key_shuffle, number))
    sgd_snapshots.append(trained)
    sgd_losses.append(float(value))

# %% [markdown]
# `scan` carries the parameters from batch to batch, so a whole epoch is one program. `fold_in` gives
# each epoch its own key, made from the number of the epoch.
#
# **Predict.** After 60 epochs, for which share of the test points is the network right? Choose the
# nearest of `0.5`, `0.75` and `1.0`.

# %%
# Your prediction: replace the dots with 0.5, 0.75 or 1.0
my_share = ...

# %%
share = accuracy(score(sgd_snapshots[-1], test_xs), test_ys)
nearest_share = min((0.5, 0.75, 1.0), key=lambda choice: abs(choice - share))
print(f"the first loss {sgd_losses[0]:.2f}, the last {sgd_losses[-1]:.2f}, {share:.0%} right")

# %%
predicted(
    my_share,
    nearest_share,
    why="The network is much better than guessing, but it cannot follow the spirals yet. With one "
    "step size for all directions, training is slow.",
)

# %% [markdown]
# ## Optax: optimizers
#
# Lesson 7 showed why plain gradient descent is slow: along a flat direction, its steps are short. The
# optimizer *Adam* divides each step by a running estimate of the gradient's size, separately for every
# parameter. So Adam has to remember something from step to step. A pure function has no hidden memory.
# So an Optax optimizer is a pair of functions:
#
# - `init(params)` returns the first state;
# - `update(grads, state, params)` returns what to add to the parameters, and the next state.
#
# **Predict.** Adam's state holds arrays of floats. How many numbers do they hold for each parameter
# of the network?

# %%
# Your prediction: replace the dots with a number
my_multiple = ...

# %%
optimizer = optax.adam(1e-2)
for path, leaf in jax.tree.leaves_with_path(optimizer.init(params)):
    print(f"{jax.tree_util.keystr(path):22} {leaf.dtype}{leaf.shape}")

remembered = sum(
    leaf.size
    for leaf in jax.tree.leaves(optimizer.init(params))
    if jnp.issubdtype(leaf.dtype, jnp.floating)
)
multiple = remembered // count

# %%
predicted(
    my_multiple,
    multiple,
    why="`mu` averages the gradients and `nu` their squares. Both have the form of the "
    "parameters. So with Adam, parameters and state need three times the memory of the model.",
)

# %% [markdown]
# The state is a pytree like any other: `scan` can carry it, `jit` can donate it, a mesh can shard
# it and a checkpoint can store it. We put everything that changes during training into one pytree.


# %%
def fresh_state():
    params = init_params(key_params)
    return {"params": params, "optimizer": optimizer.init(params), "epoch": jnp.int32(0)}


def step(state, batch, loss=loss):
    """One step on one batch -> the next state, the loss before the step."""
    value, grads = jax.value_and_grad(loss)(state["params"], *batch)
    updates, memory = optimizer.update(grads, state["optimizer"], state["params"])
    params = optax.apply_updates(state["params"], updates)
    return {**state, "params": params, "optimizer": memory}, value


@jax.jit
def epoch(state):
    """One epoch -> the next state, the mean loss."""
    key = jax.random.fold_in(key_shuffle, state["epoch"])
    state, losses = jax.lax.scan(step, state, batches(key, xs, ys))
    return {**state, "epoch": state["epoch"] + 1}, losses.mean()


# %%
def train(state, until, after_epoch=lambda state: None):
    """Train up to this epoch -> the state, the loss of every epoch."""
    losses = []
    while state["epoch"] < until:
        state, value = epoch(state)
        losses.append(value)
        after_epoch(state)
    return state, np.array(losses)


adam_snapshots = [params]
state, adam_losses = train(
    fresh_state(), EPOCHS, lambda state: adam_snapshots.append(state["params"])
)
share = accuracy(score(state["params"], test_xs), test_ys)
print(f"the first loss {adam_losses[0]:.2f}, the last {adam_losses[-1]:.2f}, {share:.0%} right")


# %%
def draw_after(epochs):
    snapshots = {"by hand": sgd_snapshots[epochs], "Adam": adam_snapshots[epochs]}
    scores = {name: lambda points, at=at: score(at, points) for name, at in snapshots.items()}
    losses = {"by hand": sgd_losses, "Adam": adam_losses}
    return training.draw_training(test_xs, test_ys, scores, losses, epochs)


play(draw_after, epochs=(20, 30, 40, 50, 60))

# %% [markdown]
# In the picture: each network divides the plane into two coloured parts. After 20 epochs, the border
# of the network that Adam trains has begun to wind around the spirals. The other network is far
# behind. The vertical line on the right marks the epoch that is shown. (With a kernel, move the slider
# to see later epochs.)
#
# Optax has many optimizers, and parts that you can combine:
# `optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule))` is one optimizer, whose state is
# a tuple of the states of its parts.
#
# ## Flax NNX: layers
#
# Writing `{"w": ..., "b": ...}` for every layer becomes tedious for larger networks. Flax has the
# usual layers. In NNX, its current interface, a model is a Python object that holds its
# parameters.


# %%
class Net(nnx.Module):
    def __init__(self, rngs):
        self.first = nnx.Linear(2, 32, rngs=rngs)
        self.second = nnx.Linear(32, 32, rngs=rngs)
        self.third = nnx.Linear(32, 1, rngs=rngs)

    def __call__(self, xs):
        xs = jnp.tanh(self.first(xs))
        xs = jnp.tanh(self.second(xs))
        return self.third(xs)[:, 0]


model = Net(nnx.Rngs(0))
for layer, ours in zip((model.first, model.second, model.third), params, strict=True):
    layer.kernel = nnx.Param(ours["w"])  # to compare: begin with our parameters
    layer.bias = nnx.Param(ours["b"])
print("the same scores:", bool(jnp.allclose(model(xs), score(params, xs), atol=1e-5)))

# %% [markdown]
# JAX transforms functions of pytrees. So `nnx.split` splits the model into a *graph definition*,
# which is static, and a pytree of its parameters. `nnx.merge` puts the two together again. So the
# loss is a function of a pytree, as before.


# %%
graph, weights = nnx.split(model)


def nnx_loss(weights, xs, ys):
    return cross_entropy(nnx.merge(graph, weights)(xs), ys)


for path, leaf in jax.tree.leaves_with_path(weights):
    print(f"{jax.tree_util.keystr(path):30} {leaf.shape}")

# %% [markdown]
# **Predict.** We trace `nnx_loss` and our own `loss`. Compared with our program, does the NNX program
# have `"fewer"`, `"as many"` or `"more"` matrix products and calls of `tanh`?

# %%
# Your prediction: replace the dots with "fewer", "as many" or "more"
my_programs = ...


# %%
def primitives(function, *args):
    """How often each primitive occurs in the jaxpr."""
    found = Counter(eqn.primitive.name for eqn in jax.make_jaxpr(function)(*args).eqns)
    return {name: found[name] for name in ("dot_general", "tanh")}


ours = primitives(loss, params, xs, ys)
theirs = primitives(nnx_loss, weights, xs, ys)
print("ours:", ours)
print("NNX: ", theirs)
more = sum(theirs.values()) - sum(ours.values())
comparison = "more" if more > 0 else "fewer" if more < 0 else "as many"

# %%
predicted(
    my_programs,
    comparison,
    why="The object exists only in Python. The jaxpr holds the operations on its arrays, and they "
    "are the same ones that you would have written.",
)

# %% [markdown]
# So our `step` trains the NNX model without a change:

# %%
nnx_state = {"params": weights, "optimizer": optimizer.init(weights), "epoch": jnp.int32(0)}
mine = fresh_state()
first_batch = batch_xs[0], batch_ys[0]
for _ in range(5):
    mine, my_value = step(mine, first_batch)
    nnx_state, nnx_value = step(nnx_state, first_batch, nnx_loss)
print("the losses agree after 5 steps:", bool(jnp.allclose(my_value, nnx_value, atol=1e-4)))

# %% [markdown]
# NNX also has its own `nnx.jit` and `nnx.value_and_grad`. They split and merge for you, so the model
# may change in place, as in PyTorch. Here is the same step in that style.

# %%
nnx_optimizer = nnx.Optimizer(model, optimizer, wrt=nnx.Param)


@nnx.jit
def nnx_step(model, nnx_optimizer, xs, ys):
    value, grads = nnx.value_and_grad(lambda model: cross_entropy(model(xs), ys))(model)
    nnx_optimizer.update(model, grads)  # changes the model and the state
    return value


for _ in range(5):
    value = nnx_step(model, nnx_optimizer, *first_batch)
print("the losses agree after 5 steps:", bool(jnp.allclose(value, nnx_value, atol=1e-4)))

# %% [markdown]
# NNX adds layers with sensible first values, names for parameters, and a place for other state, such
# as the key of a dropout layer or the running mean of a batch norm. It does not add another way to
# differentiate, to compile or to shard. All of that is still JAX.
#
# ## Orbax: stop, and resume
#
# Sooner or later, a long run is interrupted. A checkpoint is a folder that holds the state, and Orbax
# writes it. We save a checkpoint every ten epochs, and let the power fail after epoch 37.

# %%
place = tempfile.TemporaryDirectory()  # deleted when the kernel ends
folder = Path(place.name)
checkpointer = ocp.StandardCheckpointer()


def save_until_the_power_fails(state):
    if state["epoch"] % 10 == 0:
        checkpointer.save(folder / f"epoch_{state['epoch']}", state)
    if state["epoch"] == 37:
        raise InterruptedError


try:
    train(fresh_state(), EPOCHS, save_until_the_power_fails)
except InterruptedError:
    checkpointer.wait_until_finished()  # it writes in the background
print(sorted(path.name for path in folder.iterdir()))

# %% [markdown]
# Orbax first writes to a folder with a temporary name, and renames it when everything is written. So
# if the power fails in the middle of writing, no incomplete checkpoint looks like a complete one.
#
# To restore, say which form you expect: a pytree of shapes and dtypes. `jax.eval_shape` finds it
# without computing anything.

# %%
form = jax.eval_shape(fresh_state)
restored = checkpointer.restore(folder / "epoch_30", form)
print("epoch", restored["epoch"])

resumed, resumed_losses = train(restored, EPOCHS)
print("the same losses, to the last bit:", bool((resumed_losses == adam_losses[30:]).all()))

# %% [markdown]
# The key of an epoch comes from its number, so the batches of the resumed run are the same too.
#
# **Predict.** Suppose that you save only the parameters, and resume with a new optimizer state. Are
# the losses after epoch 30 then `"the same"` or `"different"`?

# %%
# Your prediction: replace the dots with "the same" or "different"
my_forgetful = ...

# %%
forgetful = {**restored, "optimizer": optimizer.init(restored["params"])}
_, forgetful_losses = train(forgetful, EPOCHS)
outcome = "the same" if (forgetful_losses == adam_losses[30:]).all() else "different"
print(f"epoch 31: never stopped {adam_losses[30]:.4f}, new optimizer {forgetful_losses[0]:.4f}")

# %%
predicted(
    my_forgetful,
    outcome,
    why="The new optimizer does not know how large the gradients were, so its first steps have "
    "other lengths. The state of the optimizer is part of the state of the run.",
)

# %%
training.draw_losses(
    {
        "never stopped": (20, adam_losses[20:]),
        "resumed from all of the state": (30, resumed_losses),
        "resumed from the parameters": (30, forgetful_losses),
    }
)

# %% [markdown]
# In the picture: the second line lies on the first, because all their numbers are equal. The third
# line begins at epoch 31, and its numbers differ.
#
# ## Eight devices: cut the batch
#
# Data parallelism needs **no change in `step`**. Put a copy of the parameters on every device, cut
# each batch along its examples, and call the same `step`. With axes of type `Auto`, the compiler adds
# every message that is needed.

# %%
mesh = jax.make_mesh((8,), ("data",), axis_types=(AxisType.Auto,), devices=devices)
everywhere = NamedSharding(mesh, P())
cut_examples = NamedSharding(mesh, P("data"))

copied = jax.device_put(fresh_state(), everywhere)
cut_batch = jax.device_put(first_batch, cut_examples)
for name, array in (("points", cut_batch[0]), ("w", copied["params"][0]["w"])):
    print(f"{name:6} {array.shape}, on each device {array.addressable_shards[0].data.shape}")

# %% [markdown]
# Each device holds 8 of the 64 examples, and a copy of every parameter.
#
# **Predict.** What do the devices send to each other in a step?
#
# - a: their examples
# - b: their gradients
# - c: nothing

# %%
# Your prediction: replace the dots with "a", "b" or "c"
my_messages = ...

# %%
KINDS = "all-reduce|all-gather|reduce-scatter|collective-permute|all-to-all"


def numbers_sent(function, *args):
    """How many numbers each kind of collective handles in the compiled program."""
    text = jax.jit(function).lower(*args).compile().as_text()
    sent = Counter()
    for shapes, kind in re.findall(rf"= (.*?) ({KINDS})(?:-start)?\(", text):
        for shape in re.findall(r"\w+\[([\d,]*)\]", shapes):
            sent[kind] += math.prod(int(n) for n in shape.split(",") if n)
    return dict(sent)


sent = numbers_sent(step, copied, cut_batch)
print(sent, "in a program for", count, "parameters")
all_reduced = sent.get("all-reduce", 0)
messages = "c" if not sent else "b" if count <= all_reduced < count + 64 else "a"

# %%
predicted(
    my_messages,
    messages,
    why="Each device computes the gradients of its own examples. An all-reduce adds them: one "
    "number for each parameter, and one for the loss. The examples stay where they are.",
)

# %%
jit_step = jax.jit(step)
alone, alone_value = jit_step(fresh_state(), first_batch)
together, together_value = jit_step(copied, cut_batch)
agree = jax.tree.map(lambda a, b: bool(np.allclose(a, b, atol=1e-4)), alone, together)
print("every leaf of the state agrees:", all(jax.tree.leaves(agree)))

# %% [markdown]
# They agree up to rounding and not to the last bit, because eight partial sums are added in another
# order.
#
# ## Eight devices: cut the parameters too
#
# If a model does not fit on one device, you cut the parameters as well. Here the mesh has two axes.
# Along `data`, the examples are divided among four groups of devices. Along `model`, the hidden units
# are divided between the two devices of a group. Both axes are of type `Explicit`: the sharding is
# part of an array's type, and JAX finds the sharding of every result while it traces.

# %%
grid = jax.make_mesh(
    (4, 2), ("data", "model"), axis_types=(AxisType.Explicit,) * 2, devices=devices
)
specs = [
    {"w": P(None, "model"), "b": P("model")},  # cut what comes out of the first layer
    {"w": P("model", None), "b": P()},  # and so what goes into the second
    {"w": P(), "b": P()},
]


def on_grid(tree, specs):
    return jax.tree.map(
        lambda leaf, spec: jax.device_put(leaf, NamedSharding(grid, spec)), tree, specs
    )


cut_params = on_grid(params, specs)
grid_batch = on_grid(first_batch, (P("data", None), P("data")))

# %% [markdown]
# **Predict.** The second matrix has shape `(32, 32)`. How many of its 1024 numbers does one device
# hold?

# %%
# Your prediction: replace the dots with a number
my_held = ...

# %%
held = cut_params[1]["w"].addressable_shards[0].data.size
print(jax.typeof(cut_params[1]["w"]), "has", held, "numbers on each device")

# %%
predicted(
    my_held,
    held,
    why="The rows are divided between the two devices along `model`. The spec does not name `data`, "
    "so each of the four groups has a copy.",
)

# %%
shards.draw_layouts(w0=cut_params[0]["w"], w1=cut_params[1]["w"])

# %% [markdown]
# In the picture: `w0` is the first matrix and `w1` is the second. The columns of `w0` and the rows of
# `w1` are cut in two. Devices 0, 2, 4 and 6 hold copies of one half, and the others hold copies of the
# other half.
#
# The first layer is easy: its columns are cut, so each device computes its own hidden units. The
# second layer adds over the hidden units, and these are on two devices. Should each device get the
# whole sum or a part of it? JAX does not guess.

# %% tags=["raises-exception"]
with jax.set_mesh(grid):
    score(cut_params, grid_batch[0])

# %% [markdown]
# `out_sharding` says how the result should be laid out. JAX then adds over the two devices.


# %%
def cut_score(params, xs):
    first, second, third = params
    h = jnp.tanh(xs @ first["w"] + first["b"])  # float32[64@data,32@model]
    total = jnp.dot(h, second["w"], out_sharding=P("data", None))  # adds over "model"
    h = jnp.tanh(total + second["b"])
    return (h @ third["w"] + third["b"])[:, 0]


def cut_loss(params, xs, ys):
    return cross_entropy(cut_score(params, xs), ys)


with jax.set_mesh(grid):
    cut_state = {"params": cut_params, "optimizer": optimizer.init(cut_params)}
    cut_step = jax.jit(lambda state, batch: step(state, batch, cut_loss))
    cut_after, cut_value = cut_step(cut_state, grid_batch)
memory = cut_after["optimizer"][0].mu[1]["w"]
print("Adam's mu of the second matrix:", jax.typeof(memory))
print("the loss agrees:", bool(np.allclose(cut_value, alone_value, atol=1e-4)))

# %% [markdown]
# `optimizer.init` makes its arrays like the parameters, so Adam's state is cut in the same way. We did
# not have to ask for that. Now we train for a whole epoch with three layouts of the same model:

# %%
one, eight = fresh_state(), copied
for batch in zip(batch_xs, batch_ys, strict=True):
    one, _ = jit_step(one, batch)
    eight, _ = jit_step(eight, jax.device_put(batch, cut_examples))
    with jax.set_mesh(grid):
        cut_state, _ = cut_step(cut_state, on_grid(batch, (P("data", None), P("data"))))

for name, params_now in (
    ("one device", one["params"]),
    ("batch cut", eight["params"]),
    ("parameters cut", jax.device_get(cut_state["params"])),
):
    print(f"{name:15} {loss(params_now, xs, ys):.3f}")

# %% [markdown]
# ## How fast is it, honestly?
#
# The rules of lesson 3 hold for training as well: time compiling separately, warm up, wait for the
# result, and repeat. We compare two times and do not print seconds, because those depend on the
# machine.


# %%
def seconds(function, *args, tries=7):
    """The seconds of one call: warmed up, waited for, the fastest of several tries."""
    jax.block_until_ready(function(*args))
    samples = []
    for _ in range(tries):
        begin = time.perf_counter()
        jax.block_until_ready(function(*args))
        samples.append(time.perf_counter() - begin)
    return min(samples)


def compiled_in(function, *args):
    """The compiled function, and the seconds to trace and compile it."""
    begin = time.perf_counter()
    compiled = jax.jit(function).lower(*args).compile()
    return compiled, time.perf_counter() - begin


fast_epoch, compile_time = compiled_in(lambda state: epoch(state), fresh_state())
epoch_time = seconds(fast_epoch, fresh_state())

# %% [markdown]
# **Predict.** How many times longer does it take to compile an epoch than to run it:
# `"less than 2"`, `"2 to 10"` or `"more than 10"`?
#
# Is one step on 8 **simulated** devices `"faster"` or `"slower"` than one step on one device?

# %%
# Your predictions: replace the dots with "less than 2", "2 to 10" or "more than 10"
my_compile_ratio = ...
# and with "faster" or "slower"
my_eight = ...

# %%
ratio = compile_time / epoch_time
compile_ratio = "less than 2" if ratio < 2 else "2 to 10" if ratio < 10 else "more than 10"
print("compiling takes", compile_ratio, "times as long as an epoch")

# %%
predicted(
    my_compile_ratio,
    compile_ratio,
    why="A small network runs for milliseconds, and its program takes much longer to compile.",
)

# %%
step_time = seconds(jit_step, fresh_state(), first_batch)
eight_time = seconds(jit_step, copied, cut_batch)
speed = "faster" if eight_time < step_time else "slower"
print("eight simulated devices:", speed)

# %%
predicted(
    my_eight,
    speed,
    why="Eight simulated devices share the cores of one CPU, and they also have to send messages.",
)

# %% [markdown]
# A benchmark that includes the first call measures the compiler. A benchmark on simulated devices
# says nothing about real devices. More real devices help when a step spends more time on computing
# than on sending.
#
# ## Neighbours: NumPy and PyTorch
#
# DLPack is a standard that many array libraries follow. With it, one library can hand over an array
# to another.
#
# **Predict.** Does `np.from_dlpack(w)` use the `"same"` bytes in memory as `w`, or a `"copy"`?

# %%
# Your prediction: replace the dots with "same" or "copy"
my_bytes = ...

# %%
w = state["params"][1]["w"]
seen_by_numpy = np.from_dlpack(w)
bytes_outcome = "same" if seen_by_numpy.ctypes.data == w.unsafe_buffer_pointer() else "copy"
print("NumPy may write into it:", seen_by_numpy.flags.writeable)

# %%
predicted(
    my_bytes,
    bytes_outcome,
    why="JAX passes only a pointer, a shape and a dtype. JAX arrays do not change, so NumPy gets "
    "an array that it must not write into.",
)

# %% [markdown]
# PyTorch supports DLPack too. So a training loop in JAX can read batches from a PyTorch loader.

# %%
if importlib.util.find_spec("torch"):
    import torch

    theirs = torch.from_dlpack(w)
    print("to PyTorch and back:", bool((jnp.from_dlpack(theirs) == w).all()))
else:
    print("PyTorch is not installed here. With it: torch.from_dlpack(w), jnp.from_dlpack(theirs).")

# %% [markdown]
# (Some libraries do not know that JAX arrays must not change, and let you write into them. Do not.)
#
# ## Where Pallas begins
#
# The compiler decides how an operation runs: which blocks it loads, in which order, and what it
# fuses. Usually it decides well. Sometimes you know better, for example in attention over long
# sequences. Then *Pallas* lets you write the kernel yourself. A kernel is a program that runs on one
# block of an array, and the block is in fast memory. Here is one layer, in blocks of 16 rows.


# %%
seen = []


def layer_kernel(x_ref, w_ref, b_ref, out_ref):
    seen.append(x_ref.shape)
    out_ref[...] = jnp.tanh(x_ref[...] @ w_ref[...] + b_ref[...])


def pallas_layer(xs, w, b, rows=16):
    return pl.pallas_call(
        layer_kernel,
        out_shape=jax.ShapeDtypeStruct((len(xs), w.shape[1]), xs.dtype),
        grid=(len(xs) // rows,),
        in_specs=[
            pl.BlockSpec((rows, xs.shape[1]), lambda i: (i, 0)),  # block i of the rows
            pl.BlockSpec(w.shape, lambda i: (0, 0)),  # all of w, for every block
            pl.BlockSpec(b.shape, lambda i: (0,)),
        ],
        out_specs=pl.BlockSpec((rows, w.shape[1]), lambda i: (i, 0)),
        interpret=True,  # run it without a GPU or TPU, slowly
    )(xs, w, b)


# %% [markdown]
# **Predict.** The batch has shape `(64, 2)`. What is the shape of `x_ref` inside the kernel?

# %%
# Your prediction: replace the dots, e.g. (3, 5)
my_ref = ...

# %%
trained = state["params"][0]
by_kernel = pallas_layer(batch_xs[0], trained["w"], trained["b"])
by_jax = jnp.tanh(batch_xs[0] @ trained["w"] + trained["b"])
ref_shape = seen[0]
print("the same result:", bool(jnp.allclose(by_kernel, by_jax, atol=1e-5)))

# %%
predicted(
    my_ref,
    ref_shape,
    why="The kernel runs 4 times, and the BlockSpec gives it 16 of the 64 rows each time.",
)

# %% [markdown]
# You can read and write a `ref` with brackets, like a NumPy array. With `interpret=True`, a kernel
# runs on every machine, so you can test it. Without that argument, Pallas compiles the kernel for a
# GPU or a TPU. Write a kernel only after a profile has shown which operation is too slow.
#
# > **In three lines**
# > 1. Training is a function from state to state; parameters, optimizer state and epoch are one
# >    pytree, so `scan`, `jit`, a mesh and a checkpoint can all take it.
# > 2. Optax computes the step, NNX holds the layers, and Orbax saves the state. What runs is still a
# >    JAX program that you can read.
# > 3. Cut the batch first, and cut the parameters when they do not fit. Measure on real devices, and
# >    time compiling separately.
# >
# > **Now you**:
# > [`exercises/11_train_a_model/train_a_model.ipynb`](../exercises/11_train_a_model/train_a_model.ipynb).
