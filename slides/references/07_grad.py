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
# # 7 · Derivatives of programs
#
# `jax.grad` takes a function and returns its derivative: exact, of any order, of the code that ran.

# %% tags=["skip"]
import jax
import jax.numpy as jnp
from course.pictures import slopes
from jax.test_util import check_grads

# %% [markdown]
# ## A function in, its derivative out

# %%
jax.grad(jnp.sin)(0.0), jax.grad(jax.grad(jnp.sin))(0.0)
jax.grad(lambda x: x**2)(3)  # raises
jax.grad(lambda x: x**2)(jnp.ones(2))  # raises
jax.grad(lambda x: (x**2).sum())(jnp.ones(2))

# %% [markdown]
# The input is a float, the output **one** number.

# %% [markdown]
# ## For which argument


# %%
def loss(params, x, y):
    miss = params["w"] @ x + params["b"] - y
    return (miss**2).sum(), {"miss": miss}


params = {"w": jnp.ones(2), "b": 0.5}
x, y = jnp.ones(2), 1.0
g = jax.grad(loss, has_aux=True)(params, x, y)
g[0]  # the structure of params
f = jax.value_and_grad(loss, has_aux=True)
(value, aux), g = f(params, x, y)
value, aux["miss"]
jax.grad(lambda a, b: a * b, argnums=(0, 1))(2.0, 3.0)

# %% [markdown]
# ## One step of descent

# %%
step = lambda p, g: p - 0.1 * g
params = jax.tree.map(step, params, g)
params["w"]

# %% [markdown]
# ## Check it


# %%
def wave(x):
    return jnp.sin(x) * x


check_grads(wave, (1.0,), 2)  # no error: they agree
h = 1e-2  # smaller is not better in float32
slope = (wave(1 + h) - wave(1 - h)) / (2 * h)
slope, jax.grad(wave)(1.0)

# %% [markdown]
# ## Two directions
#
# | | computes | cheap for |
# | --- | --- | --- |
# | `jvp`, `jacfwd` | a column: `J @ v` | few inputs |
# | `vjp`, `jacrev`, `grad` | a row: `v @ J` | few outputs |

# %%
M = jnp.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
mix = lambda x: jnp.tanh(M @ x / 9)
x3 = jnp.array([1.0, -1.0, 0.5])
push, pull = jnp.eye(3)[2], jnp.eye(2)[1]
y2, column = jax.jvp(mix, (x3,), (push,))
y2, back = jax.vjp(mix, x3)
column, back(pull)[0]

# %% tags=["hide"]
slopes.draw_jacobian(jax.jacobian(mix)(x3), 2, 1)

# %% [markdown]
# ## Never build the Hessian


# %%
def energy(x):
    return (jnp.tanh(x) ** 2).sum()


def hvp(f, x, v):  # forward over reverse
    return jax.jvp(jax.grad(f), (x,), (v,))[1]


hvp(energy, x3, push)
jax.hessian(energy)(x3) @ push  # n × n entries

# %% [markdown]
# ## NaN behind `where`

# %%
root = lambda x: jnp.where(x > 0, jnp.sqrt(x), 0.0)
root(0.0), jax.grad(root)(0.0)


def safe(x):
    inside = jnp.where(x > 0, x, 1.0)  # a second where
    return jnp.where(x > 0, jnp.sqrt(inside), 0.0)


jax.grad(safe)(0.0)
jax.grad(jnp.linalg.norm)(jnp.zeros(2))

# %% [markdown]
# Both branches are computed, and in the backward pass 0 · inf is NaN. Find the place with
# `jax.debug_nans(True)`.

# %% [markdown]
# ## Stop a gradient

# %%
stop = jax.lax.stop_gradient
jax.grad(lambda x: x * stop(x))(3.0)

# %% [markdown]
# ## A rule of your own


# %%
@jax.custom_vjp
def straight_round(x):
    return jnp.round(x)


forward = lambda x: (jnp.round(x), None)  # and kept
backward = lambda kept, ct: (ct,)  # per argument
straight_round.defvjp(forward, backward)
jax.grad(lambda x: (straight_round(x) - 3) ** 2)(1.6)
jax.jvp(straight_round, (1.6,), (1.0,))  # raises

# %% [markdown]
# JAX does not check your rule. `jax.custom_jvp` gives both directions.

# %% [markdown]
# ## Loops

# %%
turn = lambda x, _: (0.5 * (x + 2.0 / x), None)
scan = lambda x: jax.lax.scan(turn, x, None, 9)[0]
jax.grad(scan)(2.0)
more = lambda x: jax.lax.while_loop(
    lambda x: x < 9, lambda x: 2 * x, x
)
jax.jvp(more, (1.0,), (1.0,))[1], "forward"
jax.grad(more)(1.0)  # raises

# %% [markdown]
# ## Trade work for memory


# %%
@jax.checkpoint  # keep h, recompute the rest
def layer(h):
    return jnp.sin(jnp.tanh(jnp.cos(h)) * h)


jax.grad(lambda h: layer(layer(h)))(1.0)

# %% [markdown]
# `compiled.memory_analysis()` says how much memory a program needs.

# %% [markdown]
# ## One gradient for each example

# %%
one = lambda w, x: ((w @ x) ** 2).sum()
each = jax.vmap(jax.grad(one), in_axes=(None, 0))
each(jnp.ones(2), jnp.ones((5, 2))).shape
