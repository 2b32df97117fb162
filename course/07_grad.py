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
# # 7. The derivative of a program: `grad`
#
# > **After this lesson you can**
# > differentiate a function of pytrees and keep its value and its by-products, tell when a
# > gradient is wrong or about to be NaN, choose between forward and reverse, multiply by a
# > Hessian without building it, write a gradient rule of your own, and trade work for memory.
# >
# > **Time** about 30 minutes. **Read before** `06_pytrees`.
# >
# > **How it works** Each question has a line `my_... = ...`. Replace the dots with your
# > guess before you run on. A wrong guess costs nothing and is remembered better than a
# > right one. Leave the dots and the answer waits in a fold.

# %%
import math

import jax
import jax.numpy as jnp
import numpy as np
from jax.test_util import check_grads

from autograder import predicted
from course import explore
from course.pictures import slopes
from course.pictures.play import play

# %% [markdown]
# ## A function in, its derivative out
#
# NumPy leaves derivatives to you or to another library. In JAX they are built in, and machine
# learning rests on them: `jax.grad` takes a function and returns the function of its slope.


# %%
def f(x):
    return jnp.sin(2 * x) + 0.3 * x**2


slope = jax.grad(f)
print("jax.grad:", slope(1.0))
print("by hand: ", 2 * jnp.cos(2.0) + 0.6)

# %%
play(
    lambda at: slopes.draw_slope(f, at, (-3.0, 3.0)),
    at=(-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0),
)

# %% [markdown]
# In the picture: the lower curve is `jax.grad(f)`. At each x its height is the slope of the
# dashed tangent above. Where the upper curve turns, the lower one crosses zero. (With a kernel,
# the slider moves the point.)
#
# No formula was handed over, and no step size. JAX traces the program into primitives, knows the
# derivative of each, and joins them by the chain rule. So it follows whatever your Python did.


# %%
def power(x):
    for _ in range(3):
        x = x * x
    return x


# %% [markdown]
# **Predict.** What is `jax.grad(power)(1.0)`?

# %%
# Your prediction: replace the dots with a number
my_slope = ...

# %%
power_slope = float(jax.grad(power)(1.0))
power_slope

# %%
predicted(
    my_slope,
    power_slope,
    why="Squaring three times makes x**8, whose slope at 1 is 8. grad differentiates the "
    "operations that ran, and the Python loop ran three of them.",
)

# %% [markdown]
# `grad` needs an input that can move a little, and an output that is one number. Each refusal
# names the one it misses.

# %% tags=["raises-exception"]
jax.grad(power)(1)

# %% tags=["raises-exception"]
jax.grad(power)(jnp.ones(3))

# %% [markdown]
# For the first, write `1.0`. For the second, decide what you want: one slope for each entry is
# `jax.vmap(jax.grad(power))`; the gradient of a total needs a `.sum()` in the function; the
# derivative of every output by every input is a Jacobian, further down.
#
# And it needs to see the primitives. NumPy's functions have none to show.

# %% tags=["raises-exception"]
jax.grad(lambda x: np.sin(x) * x)(1.0)

# %% [markdown]
# That error is a kind one. A cast to an integer is worse: a constant as far as slopes go, and
# nothing complains.

# %%
jax.grad(lambda x: x * x.astype(int))(2.5)

# %% [markdown]
# ## With respect to what
#
# A gradient is taken with respect to the first argument, and has the form of that argument: a
# pytree in, a pytree out.


# %%
def loss(params, x, y):
    guess = params["W"] @ x + params["b"]
    return ((guess - y) ** 2).sum()


key_w, key_x, key_y = jax.random.split(jax.random.key(0), 3)
params = {"W": jax.random.normal(key_w, (3, 4)), "b": jnp.zeros(3)}
x = jax.random.normal(key_x, (4,))
y = jax.random.normal(key_y, (3,))

jax.tree.map(jnp.shape, jax.grad(loss)(params, x, y))

# %% [markdown]
# `argnums` chooses other arguments; a tuple of numbers gives a tuple of gradients.
#
# **Predict.** `jax.grad(loss, argnums=(0, 1))(params, x, y)` is a tuple of two. What is the
# shape of its second entry?

# %%
# Your prediction: replace the dots, e.g. (2, 5)
my_shape = ...

# %%
both = jax.grad(loss, argnums=(0, 1))(params, x, y)
jax.tree.map(jnp.shape, both)

# %%
predicted(
    my_shape,
    both[1].shape,
    why="Entry 1 belongs to x, which is (4,). A gradient always has the shape of what it is "
    "taken for.",
)

# %% [markdown]
# To train, you want the loss as well, and often something else that was computed on the way.
# `value_and_grad` keeps the value. `has_aux=True` says: my function returns a pair, differentiate
# the first and hand me the second as it is.


# %%
def loss_and_guess(params, x, y):
    guess = params["W"] @ x + params["b"]
    return ((guess - y) ** 2).sum(), guess


# %% [markdown]
# **Predict.** What does `jax.value_and_grad(loss_and_guess, has_aux=True)(params, x, y)` return?
#
# - a: `(value, gradient, guess)`
# - b: `((value, guess), gradient)`
# - c: `(value, (gradient, guess))`

# %%
# Your prediction: replace the dots with "a", "b" or "c"
my_order = ...

# %%
result = jax.value_and_grad(loss_and_guess, has_aux=True)(params, x, y)
print(jax.tree.map(jnp.shape, result))
order = "a" if len(result) == 3 else "b" if isinstance(result[0], tuple) else "c"

# %%
predicted(
    my_order,
    order,
    why="The function's own result comes first, as it returned it: a pair. Then the gradient.",
)

# %% [markdown]
# ## Downhill
#
# Minus the gradient points downhill. A step of gradient descent is `p - rate * gradient`, leaf by
# leaf: `jax.tree.map(lambda p, g: p - rate * g, params, gradient)`. Here `p` is one array of two
# numbers, so that we can watch.


# %%
def bowl(p):
    return p[0] ** 2 + 5 * p[1] ** 2


def descend(rate, steps=20):
    p = jnp.array([-2.0, 0.3])
    path = [p]
    for _ in range(steps):
        p = p - rate * jax.grad(bowl)(p)
        path.append(p)
    return jnp.stack(path)


view = (-2.4, 0.6, -1.0, 1.0)
slopes.draw_descent(bowl, descend(0.08), view, 0.08)

# %% [markdown]
# In the picture: arrows are minus the gradient, longer where it is steeper, and they cross the
# level lines at right angles. The path crosses the steep direction in a few steps and crawls along
# the flat one. A larger step would help it along.
#
# **Predict.** Twenty steps of size 0.21: is `bowl` at the end `"lower"` or `"higher"` than at the
# start?

# %%
# Your prediction: replace the dots with "lower" or "higher"
my_descent = ...

# %%
path = descend(0.21)
print("start:", bowl(path[0]), " end:", bowl(path[-1]))
descent_outcome = "lower" if bowl(path[-1]) < bowl(path[0]) else "higher"

# %%
predicted(
    my_descent,
    descent_outcome,
    why="Along p[1] the gradient is 10 p[1], so a step multiplies it by 1 - 10 · 0.21 = -1.1: "
    "each step jumps across the valley and lands a little higher.",
)

# %%
play(
    lambda rate: slopes.draw_descent(bowl, descend(rate), view, rate),
    {"rate": 0.21},
    rate=(0.02, 0.05, 0.1, 0.15, 0.19, 0.2, 0.21),
)

# %% [markdown]
# In the picture: the flat direction does well, while the steep one zigzags outwards and
# leaves the picture. The steepest direction sets the limit for the step, and a gradient alone does
# not tell how steep the next place is. Second derivatives would; we come to them.
#
# ## Is it right? Finite differences
#
# The oldest check of a derivative is to move a little and look:
# `(f(x + step) - f(x - step)) / (2 * step)`. How little?
#
# **Predict.** In float32, which step gives `sin` the best slope: `1e-1`, `1e-2`, `1e-4` or `1e-6`?

# %%
# Your prediction: replace the dots with one of the four
my_step = ...

# %%
points = jnp.linspace(0.0, 3.0, 200)
truth = np.cos(np.asarray(points, np.float64))


def worst(slopes_found):
    """The largest error over all points, against NumPy's float64 cosine."""
    return np.abs(np.asarray(slopes_found, np.float64) - truth).max()


def central(step):
    return (jnp.sin(points + step) - jnp.sin(points - step)) / (2 * step)


def one_sided(step):
    return (jnp.sin(points + step) - jnp.sin(points)) / step


for step in (1e-1, 1e-2, 1e-4, 1e-6):
    print(f"step {step:.0e}: worst error {worst(central(step)):.1e}")
best_step = min((1e-1, 1e-2, 1e-4, 1e-6), key=lambda step: worst(central(step)))
exact = worst(jax.vmap(jax.grad(jnp.sin))(points))
print(f"jax.grad:   worst error {exact:.1e}")

# %%
predicted(
    my_step,
    best_step,
    why="A smaller step follows the curve better, but the two values then agree in nearly all "
    "of their digits, and the subtraction leaves the rounding errors.",
)

# %%
steps = 10.0 ** np.arange(-7, 0.1, 0.25)
errors = {
    "one-sided": np.array([worst(one_sided(step)) for step in steps]),
    "central": np.array([worst(central(step)) for step in steps]),
}
slopes.draw_steps(steps, errors, exact)

# %% [markdown]
# In the picture: going left the error falls while the curve looks straighter, and then rises while
# rounding takes over. `grad` has no step, so it has no U.
#
# Use differences to *check*. `check_grads` compares both directions of differentiation, up to
# the order you ask for, with differences of sensible steps. Silence means agreement.

# %%
check_grads(f, (1.0,), order=2)

# %% [markdown]
# ## Two directions
#
# A function of four numbers that returns three has twelve derivatives, its Jacobian. The two
# products with it are what JAX really computes.


# %%
M = jax.random.normal(jax.random.key(1), (3, 4)) / 2


def mix(x):
    return jnp.tanh(M @ x)


push = jnp.array([0.0, 0.0, 1.0, 0.0])  # a direction among the four inputs
outputs, column = jax.jvp(mix, (x,), (push,))

pull = jnp.array([0.0, 1.0, 0.0])  # a weight for each of the three outputs
outputs, pull_back = jax.vjp(mix, x)
(row,) = pull_back(pull)

J = jax.jacobian(mix)(x)
print("jvp gives column 2:", bool(jnp.allclose(column, J[:, 2], atol=0.02)))
print("vjp gives row 1:   ", bool(jnp.allclose(row, J[1], atol=0.02)))

# %%
slopes.draw_jacobian(J, column=2, row=1)

# %% [markdown]
# In the picture: each column is how all outputs answer one input, each row how one output depends
# on all inputs. **Forward**, `jvp` carries a direction along with the values, and one run gives
# `J @ push`. **Reverse**, `vjp` runs the program, keeps what it needs, and walks back: one run
# gives `pull @ J`.
#
# `jacfwd` collects columns and `jacrev` collects rows. To compare them, count the arithmetic of
# the programs before they are compiled.


# %%
def flops(function, *args):
    return jax.jit(function).lower(*args).cost_analysis()["flops"]


wide = jax.random.normal(jax.random.key(2), (100, 100)) / 10


def summary(x):
    """A hundred numbers in, two out."""
    h = jnp.tanh(wide @ x)
    return jnp.stack([h.sum(), (h**2).sum()])


# %% [markdown]
# **Predict.** For the 2 × 100 Jacobian of `summary`, which does less: `"jacfwd"` or `"jacrev"`?

# %%
# Your prediction: replace the dots with "jacfwd" or "jacrev"
my_mode = ...

# %%
at = jnp.linspace(-1.0, 1.0, 100)
counts = {jac.__name__: flops(jac(summary), at) for jac in (jax.jacfwd, jax.jacrev)}
once = flops(summary, at)
for name, count in counts.items():
    print(f"{name}: {count / once:.0f} times the arithmetic of summary itself")
cheaper = min(counts, key=counts.get)

# %%
predicted(
    my_mode,
    cheaper,
    why="Reverse needs one walk back for each of the 2 outputs; forward needs one run for each "
    "of the 100 inputs.",
)

# %% [markdown]
# Here is a walk back with all its numbers. Press **Next →**: values go down through the
# operations, and then cotangents come up the same way. `x` is read twice, by `cos` and by `tanh`.
# So two cotangents come back to it, and their sum is the slope.


# %%
def deck(x):
    return jnp.sin(jnp.cos(x)) * jnp.tanh(x)


print("jax.grad:", jax.grad(deck)(1.0))
explore.tape(deck, 1.0)

# %% [markdown]
# `explore.tape(f, *args)` does the same for your own functions, if they are short.

# %% [markdown]
# A loss is the extreme case: a million parameters in, one number out. One walk back gives all the
# slopes, and that is what `grad` is.
#
# ## Never build the Hessian
#
# The Hessian holds all second derivatives, *n* × *n* of them. For a million parameters:

# %%
print("entries:", 1_000_000**2, " terabytes in float32:", 4 * 1_000_000**2 / 1e12)

# %% [markdown]
# Yet most uses, such as how fast the slope changes along your step, ask only for its product with
# a vector. The Hessian is the Jacobian of the gradient, and a Jacobian times a vector is one `jvp`:
# forward over reverse.


# %%
A = jax.random.normal(jax.random.key(3), (200, 200)) / 14


def energy(x):
    return (jnp.tanh(A @ x) ** 2).sum()


def hvp(x, v):
    return jax.jvp(jax.grad(energy), (x,), (v,))[1]


def through_hessian(x, v):
    return jax.hessian(energy)(x) @ v


# %% [markdown]
# **Predict.** With 200 variables the Hessian has 40,000 entries. The arithmetic of `hvp` is nearest
# to how many times that of one gradient: `2`, `200` or `40000`?

# %%
# Your prediction: replace the dots with one of the three numbers
my_cost = ...

# %%
x200, v200 = jnp.linspace(-1.0, 1.0, 200), jnp.cos(jnp.arange(200.0))
one_gradient = flops(jax.grad(energy), x200)
ratio = flops(hvp, x200, v200) / one_gradient
cost = min((2, 200, 40_000), key=lambda times: abs(math.log(ratio / times)))

print(f"hvp:             {ratio:.1f} gradients")
print(f"through_hessian: {flops(through_hessian, x200, v200) / one_gradient:.0f} gradients")
same = jnp.allclose(hvp(x200, v200), through_hessian(x200, v200), rtol=0.05, atol=0.05)
print("same result:    ", bool(same))

# %%
predicted(
    my_cost,
    cost,
    why="A jvp costs a small multiple of what it differentiates, here the gradient, however "
    "many variables there are. The full Hessian is one such jvp for each variable.",
)

# %% [markdown]
# ## Where gradients turn into NaN
#
# A square root that shall be 0 for negative numbers:


# %%
def half_root(x):
    return jnp.where(x > 0, jnp.sqrt(x), 0.0)


print("value at 0:", half_root(0.0))

# %% [markdown]
# **Predict.** What is `jax.grad(half_root)(0.0)`: `"zero"`, `"inf"` or `"nan"`?

# %%
# Your prediction: replace the dots with "zero", "inf" or "nan"
my_root = ...

# %%
at_zero = float(jax.grad(half_root)(0.0))
print(at_zero)
root_outcome = "nan" if math.isnan(at_zero) else "inf" if math.isinf(at_zero) else "zero"

# %%
predicted(
    my_root,
    root_outcome,
    why="where computes both branches. On the way back the branch not taken gets cotangent 0, "
    "and the slope of sqrt at 0 is infinite: 0 · inf is nan.",
)

# %% [markdown]
# `where` chooses between values that were both computed. It does not prevent either. So keep the
# dangerous operation away from the dangerous input with a second `where`, **inside**.


# %%
def safe_half_root(x):
    fine = x > 0
    return jnp.where(fine, jnp.sqrt(jnp.where(fine, x, 1.0)), 0.0)


print("slopes at 0 and 4:", jax.grad(safe_half_root)(0.0), jax.grad(safe_half_root)(4.0))

# %% [markdown]
# The same trap waits in the length of a zero vector.

# %%
print(jax.grad(jnp.linalg.norm)(jnp.zeros(2)))

# %% [markdown]
# In a long program, find the place with `jax.debug_nans`: it raises where the first NaN is made.

# %% tags=["raises-exception"]
with jax.debug_nans(True):
    jax.grad(half_root)(0.0)

# %% [markdown]
# ## A gradient that you choose
#
# `jax.lax.stop_gradient(x)` is `x` going forward and a constant going back.
#
# **Predict.** What is the gradient of `x * stop_gradient(x)` at 3.0?

# %%
# Your prediction: replace the dots with a number
my_stopped = ...

# %%
stopped = float(jax.grad(lambda x: x * jax.lax.stop_gradient(x))(3.0))
stopped

# %%
predicted(
    my_stopped,
    stopped,
    why="The second factor counts as the constant 3, so one of the two terms of the product "
    "rule is gone.",
)

# %% [markdown]
# It holds a target still while something else moves towards it.
#
# With `custom_vjp` you write the whole rule: a forward function, which returns the result and
# what to keep, and a backward one, which turns the cotangent of the result into one cotangent for
# each argument. First a formula that is right on paper and not in float32:


# %%
def naive_log1pexp(x):
    return jnp.log(1 + jnp.exp(x))


print("naive at 100:", naive_log1pexp(100.0), " slope:", jax.grad(naive_log1pexp)(100.0))


@jax.custom_vjp
def log1pexp(x):
    return jnp.maximum(x, 0) + jnp.log1p(jnp.exp(-jnp.abs(x)))


def log1pexp_forward(x):
    return log1pexp(x), x  # the result, and what the backward rule will need


def log1pexp_backward(kept, cotangent):
    return (cotangent * jax.nn.sigmoid(kept),)  # one entry for each argument


log1pexp.defvjp(log1pexp_forward, log1pexp_backward)

print("rule  at 100:", log1pexp(100.0), " slope:", jax.grad(log1pexp)(100.0))
check_grads(log1pexp, (1.0,), order=2, modes=["rev"])

# %% [markdown]
# A rule may also state a slope that is no derivative at all. Rounding is flat, so nothing can be
# learnt through it. The **straight-through estimator** rounds on the way forward and
# looks away on the way back.


# %%
@jax.custom_vjp
def straight_round(x):
    return jnp.round(x)


straight_round.defvjp(
    lambda x: (jnp.round(x), None),
    lambda kept, cotangent: (cotangent,),
)

print("slope of jnp.round:", jax.grad(jnp.round)(1.6))

# %% [markdown]
# **Predict.** What is the gradient of `(straight_round(x) - 3) ** 2` at `x = 1.6`?

# %%
# Your prediction: replace the dots with a number
my_straight = ...

# %%
straight = float(jax.grad(lambda x: (straight_round(x) - 3) ** 2)(1.6))
straight

# %%
predicted(
    my_straight,
    straight,
    why="Forward, 1.6 becomes 2, and the square has slope 2 · (2 - 3) there. Backward, the "
    "rounding passes that on unchanged.",
)

# %% [markdown]
# The third classic changes nothing going forward and limits what goes back: gradient clipping,
# at the place where you put it.


# %%
@jax.custom_vjp
def clip_gradient(x):
    return x


clip_gradient.defvjp(
    lambda x: (x, None),
    lambda kept, cotangent: (jnp.clip(cotangent, -1.0, 1.0),),
)

print("without:", jax.grad(lambda x: 100 * x**2)(3.0))
print("with:   ", jax.grad(lambda x: 100 * clip_gradient(x) ** 2)(3.0))

# %% [markdown]
# Two prices. JAX believes your rule, so check it where it claims to be a derivative; here it does
# not.

# %% tags=["raises-exception"]
check_grads(straight_round, (1.6,), order=1, modes=["rev"])

# %% [markdown]
# And a `custom_vjp` function has lost its forward direction, so it cannot be inside an `hvp`.
# (`jax.custom_jvp` gives both directions from one linear rule, if you can write it that way.)

# %% tags=["raises-exception"]
jax.jvp(log1pexp, (1.0,), (1.0,))

# %% [markdown]
# ## Loops
#
# Newton's method for a square root, until it is good enough:


# %%
def newton_root(a):
    def unfinished(x):
        return jnp.abs(x * x - a) > 1e-4 * a

    return jax.lax.while_loop(unfinished, lambda x: 0.5 * (x + a / x), a)


def ten_steps_scan(a):
    def turn(x, _):
        return 0.5 * (x + a / x), None

    return jax.lax.scan(turn, a, None, length=10)[0]


def ten_steps_fori(a):
    return jax.lax.fori_loop(0, 10, lambda _, x: 0.5 * (x + a / x), a)


# %% [markdown]
# **Predict.** Which of these raise? Answer with the letters in order, such as `"AD"`.
#
# - A: `jax.grad(ten_steps_scan)(2.0)`
# - B: `jax.grad(ten_steps_fori)(2.0)`
# - C: `jax.grad(newton_root)(2.0)`
# - D: `jax.jvp(newton_root, (2.0,), (1.0,))[1]`

# %%
# Your prediction: replace the dots, e.g. "AD"
my_raising = ...

# %%
calls = {
    "A": lambda: jax.grad(ten_steps_scan)(2.0),
    "B": lambda: jax.grad(ten_steps_fori)(2.0),
    "C": lambda: jax.grad(newton_root)(2.0),
    "D": lambda: jax.jvp(newton_root, (2.0,), (1.0,))[1],
}
raising = ""
for letter, call in calls.items():
    try:
        print(letter, "gives", float(call()))
    except ValueError:
        print(letter, "raises")
        raising += letter

# %%
predicted(
    my_raising,
    raising,
    why="Walking back needs what every turn computed. scan and a fori_loop of fixed length "
    "know how much room that takes; a while_loop does not. Forward keeps nothing.",
)

# %% tags=["raises-exception"]
jax.grad(newton_root)(2.0)

# %% [markdown]
# The message offers two ways out: a fixed number of turns, or forward mode. The exercises
# end with a third, which needs no turn at all.
#
# ## Work for memory: `jax.checkpoint`
#
# What reverse mode keeps is memory, and it grows with the length of the program.
# `jax.checkpoint`, also called remat, wraps a piece of it: keep only the inputs of the piece, and
# compute the rest again on the way back.


# %%
def layer(h, W):
    for _ in range(4):
        h = jnp.sin(jnp.tanh(h @ W) * h)
    return h


def deep_loss(layer, W, h):
    def turn(h, _):
        return layer(h, W), None

    h, _ = jax.lax.scan(turn, h, None, length=100)
    return (h**2).sum()


def plain_loss(W, h):
    return deep_loss(layer, W, h)


def checkpointed_loss(W, h):
    return deep_loss(jax.checkpoint(layer), W, h)


def temporaries(function, *args):
    """Bytes that the compiled program needs besides its arguments and results."""
    return jax.jit(function).lower(*args).compile().memory_analysis().temp_size_in_bytes


W64, h64 = jnp.eye(64) + 0.01, jnp.ones((32, 64))

# %% [markdown]
# **Predict.** With `checkpoint` the gradient needs less memory. Does it do `"less"`, `"the
# same"` or `"more"` arithmetic?

# %%
# Your prediction: replace the dots with "less", "the same" or "more"
my_work = ...

# %%
plain, checked = jax.grad(plain_loss), jax.grad(checkpointed_loss)
memory_ratio = temporaries(plain, W64, h64) / temporaries(checked, W64, h64)
work_ratio = flops(checked, W64, h64) / flops(plain, W64, h64)
print(f"temporaries: {memory_ratio:.1f} times smaller with checkpoint")
print(f"arithmetic:  {work_ratio:.2f} times that without")
print("same result:", bool(jnp.allclose(plain(W64, h64), checked(W64, h64), rtol=0.05, atol=0.05)))
work_outcome = "more" if work_ratio > 1.01 else "less" if work_ratio < 0.99 else "the same"

# %%
predicted(
    my_work,
    work_outcome,
    why="The insides of every layer are computed twice: once going forward, once more on the "
    "way back. That is the price of not keeping them.",
)

# %% [markdown]
# ## One gradient for each example
#
# From lesson 5, and worth saying again here: `grad` of the mean loss mixes the examples, `vmap` of
# `grad` keeps them apart.


# %%
def mean_loss(params, xs, ys):
    return jax.vmap(loss, in_axes=(None, 0, 0))(params, xs, ys).mean()


xs, ys = jax.random.normal(key_x, (10, 4)), jax.random.normal(key_y, (10, 3))
mixed = jax.grad(mean_loss)(params, xs, ys)
each = jax.vmap(jax.grad(loss), in_axes=(None, 0, 0))(params, xs, ys)
print("mixed:", jax.tree.map(jnp.shape, mixed))
print("each: ", jax.tree.map(jnp.shape, each))
print("mixed is the mean of each:", bool(jnp.allclose(each["W"].mean(0), mixed["W"], atol=0.05)))

sizes = jnp.sqrt(sum((leaf.reshape(10, -1) ** 2).sum(1) for leaf in jax.tree.leaves(each)))
print(f"longest over shortest gradient: {sizes.max() / sizes.min():.1f}")

# %% [markdown]
# The last line is what the mean hides: some examples pull much harder than others.

# %% [markdown]
# > **In three lines**
# > 1. `grad` follows the program that ran and returns what has the form of its input;
# >    `value_and_grad(..., has_aux=True)` keeps the rest.
# > 2. Forward (`jvp`) is cheap for few inputs, reverse (`vjp`, `grad`) for few outputs, and
# >    `jvp` of `grad` gives the Hessian's products without the Hessian.
# > 3. Look for NaN behind `where`, choose a slope by `stop_gradient` or `custom_vjp`, and buy
# >    memory with `checkpoint`.
# >
# > **Now you**: [`exercises/07_grad/grad.ipynb`](../exercises/07_grad/grad.ipynb).
# > **Next**: `08_shard_map`, one program on many devices.
