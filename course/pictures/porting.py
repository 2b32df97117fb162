"""Twelve functions as the lessons wrote them, with arguments, and the same in NumPy.

Lesson 9 lowers each for every platform, runs it on the device at hand, and draws the table.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType
from jax.sharding import PartitionSpec as P


def layer(W, xs):
    """One layer of a network."""
    return jnp.tanh(xs @ W)


def ten_steps(W, xs):
    """The layer, ten times, as one loop."""
    return jax.lax.scan(lambda carry, _: (layer(W, carry), None), xs, length=10)[0]


def ten_steps_in_numpy(W, xs):
    """The same in NumPy."""
    for _ in range(10):
        xs = np.tanh(xs @ W)
    return xs


def distances(xs, ys):
    """The distance of each row of xs from each row of ys."""
    one_to_all = jax.vmap(lambda x, y: jnp.sqrt(((x - y) ** 2).sum()), in_axes=(None, 0))
    return jax.vmap(one_to_all, in_axes=(0, None))(xs, ys)


def product_on_mesh(devices):
    """The matrix product of lesson 8, on a mesh of eight of these devices."""
    auto = (AxisType.Auto, AxisType.Auto)
    return jax.shard_map(
        lambda a, b: jax.lax.psum(a @ b, "y"),
        mesh=jax.make_mesh((4, 2), ("x", "y"), axis_types=auto, devices=devices[:8]),
        in_specs=(P("x", "y"), P("y", None)),
        out_specs=P("x", None),
    )


def summed_on_host(xs):
    """The sum of each row, by a call back into NumPy."""
    result = jax.ShapeDtypeStruct(xs.shape[:1], jnp.float32)
    return jax.pure_callback(lambda a: np.asarray(a).sum(axis=1), result, xs)


def twelve(x, batch, W, S, key, devices):
    """The twelve functions.

    Args:
        x: a vector.
        batch: examples, a row each.
        W: a square matrix, which a layer multiplies a row of the batch by.
        S: a symmetric matrix of the same shape.
        key: a typed key.
        devices: eight devices for the mesh.

    Returns:
        By lesson and name: the function, its arguments, and the same function in NumPy or None.
    """
    return {
        "1 sin(cos x) tanh x": (
            lambda x: jnp.sin(jnp.cos(x)) * jnp.tanh(x),
            (batch,),
            lambda x: np.sin(np.cos(x)) * np.tanh(x),
        ),
        "2 x.at[0].set(100)": (lambda x: x.at[0].set(100.0), (x,), lambda x: np.r_[100.0, x[1:]]),
        "3 a fused chain": (lambda x: (x + x) * x - x / 3, (x,), lambda x: (x + x) * x - x / 3),
        "4 random bits": (lambda key: jax.random.bits(key, (16,)), (key,), None),
        "5 all distances": (
            distances,
            (batch, W),
            lambda p, q: np.sqrt(((p[:, None] - q[None]) ** 2).sum(-1)),
        ),
        "6 a pytree, doubled": (
            lambda x: jax.tree.map(lambda leaf: 2 * leaf, {"w": x})["w"],
            (W,),
            lambda x: 2 * x,
        ),
        "7 grad of a sum": (
            jax.grad(lambda x: jnp.tanh(x).sum()),
            (batch,),
            lambda x: 1 / np.cosh(x) ** 2,
        ),
        "8 shard_map matmul": (product_on_mesh(devices), (batch, W), lambda a, b: a @ b),
        "9 layer, ten times": (ten_steps, (W, batch), ten_steps_in_numpy),
        "9 linalg.solve": (jnp.linalg.solve, (S, W), np.linalg.solve),
        "9 eigvals": (
            lambda S: jnp.sort(jnp.linalg.eigvals(S).real),
            (S,),
            lambda S: np.sort(np.linalg.eigvals(S).real),
        ),
        "9 a callback": (summed_on_host, (batch,), lambda xs: xs.sum(axis=1)),
    }
