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
# > Hessian without building it, ask for the shape of a result without computing it, write a
# > gradient rule of your own, say what reverse mode keeps, and trade work for memory.
# >
# > **Time** about 40 minutes. **Read before** `06_pytrees`.
# >
# > **How it works** Each question has a line `my_... = ...`. Replace the dots with your
# > guess before you run on. A wrong guess costs nothing and is remembered better than a
# > right one. Leave the dots and the answer waits in a fold.

# %%
import contextlib
import io
import math
import re
import traceback

import jax
import jax.numpy as jnp
import numpy as np
from jax.ad_checkpoint import checkpoint_name, print_saved_residuals
from jax.test_util import check_grads

from autograder import predicted
from course import explore
from course.pictures import slopes
from course.pictures.play import play

# %% [markdown]
# ## A function in, its derivative out
#
# NumPy leaves derivatives to you or to another library. In JAX they are built in, and machine
# learning depends on them. `jax.grad` takes a function and returns another function, which computes
# the slope of the first.


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
# dashed tangent above. Where the upper curve turns, the lower one crosses zero. (If you run the
# notebook, a slider moves the point.)
#
# We gave JAX neither a formula nor a step size. JAX traces the program into primitives, knows the
# derivative of each of them, and combines these by the chain rule. So it follows everything that
# your Python code did.


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
    why="Squaring three times gives x**8, whose slope at 1 is 8. grad differentiates the "
    "operations that ran, and the Python loop ran three of them.",
)

# %% [markdown]
# `grad` needs an input that can change a little, and an output that is one number. Each message
# says which of the two is missing.

# %% tags=["raises-exception"]
jax.grad(power)(1)

# %% tags=["raises-exception"]
jax.grad(power)(jnp.ones(3))

# %% [markdown]
# For the first, write `1.0`. For the second, decide what you want:
#
# - one slope for each entry: `jax.vmap(jax.grad(power))`;
# - the gradient of a total: a `.sum()` in the function;
# - the derivative of every output by every input: a Jacobian, further down.
#
# `grad` also needs to see the primitives. The functions of NumPy have no primitives.

# %% tags=["raises-exception"]
jax.grad(lambda x: np.sin(x) * x)(1.0)

# %% [markdown]
# That mistake is easy to find. A cast to an integer is worse: its result, here 2, counts as a constant,
# and nothing complains.

# %%
jax.grad(lambda x: x * x.astype(int))(2.5)

# %% [markdown]
# ## With respect to what
#
# A gradient is taken with respect to the first argument, and has the same form as that argument: a
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
    why="Entry 1 belongs to x, whose shape is (4,). A gradient always has the shape of the "
    "argument that it belongs to.",
)

# %% [markdown]
# For training you also want the loss, and often something else that was computed on the way.
# `value_and_grad` returns the value too. `has_aux=True` says: my function returns a pair.
# Differentiate its first entry, and return the second as it is.


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
    why="First comes what the function itself returned, which is a pair. Then comes the gradient.",
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
# In the picture: the arrows show minus the gradient. They are longer where the bowl is steeper, and
# they cross the level lines at right angles. The path gets to the bottom of the steep direction in a
# few steps, and moves slowly along the flat one. A larger step would be faster there.
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
# In the picture: along the flat direction the path gets closer to the bottom. Along the steep one it
# zigzags outwards and leaves the picture. The steepest direction limits the step. A gradient alone does
# not tell how quickly the slope changes. Second derivatives do, and they come below.
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
    why="A smaller step follows the curve better, but then the two values agree in nearly all of "
    "their digits, and the difference is mostly rounding error.",
)

# %%
steps = 10.0 ** np.arange(-7, 0.1, 0.25)
errors = {
    "one-sided": np.array([worst(one_sided(step)) for step in steps]),
    "central": np.array([worst(central(step)) for step in steps]),
}
slopes.draw_steps(steps, errors, exact)

# %% [markdown]
# In the picture, from right to left: the error first falls, because a shorter piece of the curve is
# straighter. Then it rises, because of rounding. `grad` has no step, so its error is one flat line.
#
# Use differences to *check*. `check_grads` compares forward and reverse mode with differences of
# a good step, up to the order that you ask for. If it raises no error, they agree.

# %%
check_grads(f, (1.0,), order=2)

# %% [markdown]
# ## Two directions
#
# A function of four numbers that returns three numbers has twelve derivatives. Together they are its
# Jacobian. JAX itself only computes products with the Jacobian. There are two kinds of them.


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
# In the picture: each column says how all outputs depend on one input, and each row how one output
# depends on all inputs. **Forward mode**, `jvp`, computes the values and the change in a direction
# together: one run gives `J @ push`. **Reverse mode**, `vjp`, runs the program, keeps what it
# needs, and walks back: one run gives `pull @ J`.
#
# `jacfwd` collects columns, and `jacrev` collects rows. To compare them, we count the arithmetic in
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
# **Predict.** Which needs less arithmetic for the 2 × 100 Jacobian of `summary`: `"jacfwd"` or
# `"jacrev"`?

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
    why="Reverse mode needs one walk back for each of the 2 outputs. Forward mode needs one run "
    "for each of the 100 inputs.",
)

# %% [markdown]
# What happens on such a walk back? Here is one with all its numbers, for a function from the slides.
# Press **Next →**: values go down through the operations, and then numbers come up the same way. A
# number that comes up is called a **cotangent**.


# %%
def wave(x):
    return jnp.sin(jnp.cos(x)) * jnp.tanh(x)


print("jax.grad:", jax.grad(wave)(1.0))
explore.tape(wave, 1.0)

# %% [markdown]
# `x` is read twice, by `cos` and by `tanh`. So two cotangents come back to it, and their sum is the
# slope. `explore.tape(f, *args)` does the same for your own functions, if they are short.
#
# A loss is the extreme case: a million parameters in, one number out. One walk back gives all
# slopes, and this is what `grad` does.
#
# ## Never build the Hessian
#
# The Hessian holds all second derivatives, *n* × *n* of them. How large is it for a million
# parameters? `jax.eval_shape(f, x)` answers with the shape and the dtype of `f(x)`.
#
# **Predict.** What does `jax.eval_shape(jax.hessian(valley), million)` do? Choose `"returns"` or
# `"runs out of memory"`.


# %%
def valley(x):
    return (jnp.tanh(x) ** 2).sum()


million = jnp.zeros(1_000_000)

# %%
# Your prediction: replace the dots with "returns" or "runs out of memory"
my_eval = ...

# %%
try:
    hessian = jax.eval_shape(jax.hessian(valley), million)
    eval_outcome = "returns"
    print(hessian)
    print("terabytes:", hessian.size * hessian.dtype.itemsize / 1e12)
except (MemoryError, RuntimeError):
    eval_outcome = "runs out of memory"

# %%
predicted(
    my_eval,
    eval_outcome,
    why="eval_shape only traces: no number of the result is computed, and no array is made for it. So "
    "you can ask for the size of a model, of its gradient or of its optimizer state before you buy the "
    "memory.",
)

# %% [markdown]
# Even the argument does not have to exist. A `ShapeDtypeStruct` has only a shape and a dtype.

# %%
no_array = jax.ShapeDtypeStruct((1_000_000,), jnp.float32)
print("the same answer:", jax.eval_shape(jax.hessian(valley), no_array) == hessian)

# %% [markdown]
# So never build the Hessian of a large model. Fortunately, most uses need only its product with a
# vector, for instance to know how fast the slope changes along your step. The Hessian is the
# Jacobian of the gradient, and one `jvp` multiplies a Jacobian by a vector. This is called forward
# over reverse.


# %%
A = jax.random.normal(jax.random.key(3), (200, 200)) / 14


def energy(x):
    return (jnp.tanh(A @ x) ** 2).sum()


def hvp(x, v):
    return jax.jvp(jax.grad(energy), (x,), (v,))[1]


def through_hessian(x, v):
    return jax.hessian(energy)(x) @ v


# %% [markdown]
# **Predict.** With 200 variables the Hessian has 40,000 entries. How many times the arithmetic of one
# gradient does `hvp` need? Choose the nearest: `2`, `200` or `40000`.

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
    why="A jvp costs a small multiple of the function that it differentiates, here the gradient, "
    "whatever the number of variables is. The full Hessian needs one such jvp per variable.",
)

# %% [markdown]
# ## At the edge of a square root
#
# This square root should be 0 for negative numbers.


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
    why="where computes both branches. On the way back the branch that was not chosen gets the "
    "cotangent 0, and the slope of sqrt at 0 is infinite: 0 · inf is nan.",
)

# %% [markdown]
# `where` chooses between two values, and both were computed before. So keep the dangerous input away
# from the dangerous operation with a second `where`, **inside**.


# %%
def safe_half_root(x):
    fine = x > 0
    return jnp.where(fine, jnp.sqrt(jnp.where(fine, x, 1.0)), 0.0)


print("slopes at 0 and 4:", jax.grad(safe_half_root)(0.0), jax.grad(safe_half_root)(4.0))

# %% [markdown]
# `jax.lax.cond` has no such problem: the branch that was not chosen takes no part in the gradient.
# Under `vmap` both branches run (lesson 5), and the gradient is still right.


# %%
def cond_root(x):
    return jax.lax.cond(x > 0, jnp.sqrt, jnp.zeros_like, x)


print("slope at 0:           ", jax.grad(cond_root)(0.0))
print("slopes at 0 and 4:    ", jax.vmap(jax.grad(cond_root))(jnp.array([0.0, 4.0])))
total = jax.grad(lambda xs: jax.vmap(cond_root)(xs).sum())
print("and through the vmap: ", total(jnp.array([0.0, 4.0])))

# %% [markdown]
# The length of a zero vector has the same problem as the square root.

# %%
print(jax.grad(jnp.linalg.norm)(jnp.zeros(2)))

# %% [markdown]
# In a long program, `jax.debug_nans` finds the place: it raises an error when the first NaN appears. The
# error was caused by another one, whose traceback ends at your line. It is long, so we print only its
# end.

# %%
try:
    with jax.debug_nans(True):
        jax.grad(half_root)(0.0)
except FloatingPointError as error:
    print("raises:", str(error).splitlines()[0])
    *_, place = traceback.extract_tb(error.__cause__.__traceback__)
    print(f"in {place.name}:", place.line)

# %% [markdown]
# ## A gradient that you choose
#
# `jax.lax.stop_gradient(x)` has the value of `x` and counts as a constant for every derivative.
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
    "rule is missing.",
)

# %% [markdown]
# Use it for a target that should stay fixed while something else moves towards it.
#
# With `custom_vjp` you write the whole rule: a forward function, which returns the result and
# what to keep, and a backward function, which turns the cotangent of the result into one cotangent
# for each argument. Here is a formula that is right on paper but not in float32, and then a function
# with a rule.


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
# The exponential of 100 is too large for float32, so the naive formula gives inf, and its slope is nan.
# The rule computes the slope without this exponential.
#
# A rule may also return something that is not a derivative at all. The slope of rounding is 0, so a
# model cannot learn through it. The **straight-through estimator** rounds on the way forward and
# passes the cotangent on unchanged on the way back.


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
    why="Forward, 1.6 becomes 2, where the square has the slope 2 · (2 - 3). Backward, the "
    "rounding passes this on unchanged.",
)

# %% [markdown]
# A third classic changes nothing on the way forward, and limits the cotangent on the way back:
# gradient clipping in the middle of a program.


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
# Rules of your own have two disadvantages. First, JAX trusts your rule, so check every rule that should
# be a derivative. The rule of `straight_round` is not a derivative, and the check says so.

# %% tags=["raises-exception"]
check_grads(straight_round, (1.6,), order=1, modes=["rev"])

# %% [markdown]
# The second disadvantage: a `custom_vjp` function no longer has a forward mode.

# %% tags=["raises-exception"]
jax.jvp(log1pexp, (1.0,), (1.0,))

# %% [markdown]
# Does forward over reverse, as in `hvp`, still work? Compare `log1pexp_forward` above with the forward
# function of `straight_square`.
#
# **Predict.** For which of the two does `jax.jvp(jax.grad(f), (1.0,), (1.0,))` work: `"both"`,
# `"log1pexp"`, `"straight_square"` or `"neither"`?


# %%
@jax.custom_vjp
def straight_square(x):
    return jnp.round(x) ** 2


straight_square.defvjp(
    lambda x: (jnp.round(x) ** 2, x),
    lambda x, cotangent: (cotangent * 2 * x,),
)

# %%
# Your prediction: replace the dots with one of the four
my_hvp = ...

# %%
works = []
for function in (log1pexp, straight_square):
    try:
        print(function.__name__, jax.jvp(jax.grad(function), (1.0,), (1.0,))[1])
        works.append(function.__name__)
    except TypeError as error:
        print(function.__name__, "raises:", str(error).splitlines()[0])
hvp_outcome = "both" if len(works) == 2 else works[0] if works else "neither"

# %%
predicted(
    my_hvp,
    hvp_outcome,
    why="grad replaces the function by its rule, and jvp then differentiates the rule. The rule of "
    "log1pexp calls log1pexp again, which is a custom_vjp function and has no forward mode.",
)

# %% [markdown]
# So write the formula into the forward function instead of calling the function. Or use
# `jax.custom_jvp`: you write only the rule for `jvp`, and JAX derives both directions from it. The rule
# has to be linear in the direction.


# %%
@jax.custom_jvp
def log1pexp_both(x):
    return jnp.maximum(x, 0) + jnp.log1p(jnp.exp(-jnp.abs(x)))


log1pexp_both.defjvps(lambda direction, result, x: direction * jax.nn.sigmoid(x))

print("forward:", jax.jvp(log1pexp_both, (100.0,), (1.0,))[1])
print("reverse:", jax.grad(log1pexp_both)(100.0))
check_grads(log1pexp_both, (1.0,), order=2)  # forward and reverse

# %% [markdown]
# ## Loops
#
# Newton's method computes a square root. It stops when the result is good enough:


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
    except ValueError as error:
        print(letter, "raises:", error)
        raising += letter

# %%
predicted(
    my_raising,
    raising,
    why="The walk back needs what every turn computed. For a scan, and for a fori_loop of fixed "
    "length, JAX knows how many turns there are. For a while_loop it does not. Forward mode keeps "
    "nothing for a walk back.",
)

# %% [markdown]
# The message of C names one way out: a fixed number of turns. D shows another one: forward mode. The
# last exercise shows a third one: a gradient that does not need the loop at all.
#
# ## What the walk back needs
#
# Reverse mode keeps arrays from the way forward, because the slopes depend on them. Which ones? They are
# in the function that `jax.vjp` returns. This function is a pytree, and the arrays are its leaves.


# %%
def kept(function, *args):
    """The shapes of the arrays that reverse mode keeps for the way back."""
    _, pull_back = jax.vjp(function, *args)
    return [leaf.shape for leaf in jax.tree.leaves(pull_back)]


p, q = jnp.linspace(0.1, 1.0, 5), jnp.ones(5)
(array,) = jax.tree.leaves(jax.vjp(jnp.sin, p)[1])
print("jnp.sin(p) keeps", kept(jnp.sin, p))
print("it is the cosine:", bool(jnp.allclose(array, jnp.cos(p), atol=0.02)))

# %% [markdown]
# `sin` keeps one array of five numbers: its slopes, the cosine.
#
# **Predict.** Which of these keep **nothing**? Answer with the letters in order, such as `"BC"`.
#
# - A: `p + q`
# - B: `p * q`
# - C: `p.sum()`
# - D: `jnp.exp(p)`
# - E: `p[::-1]`

# %%
# Your prediction: replace the dots, e.g. "BC"
my_kept = ...

# %%
operations = {
    "A": lambda p, q: p + q,
    "B": lambda p, q: p * q,
    "C": lambda p, q: p.sum(),
    "D": lambda p, q: jnp.exp(p),
    "E": lambda p, q: p[::-1],
}
keeps_nothing = ""
for letter, operation in operations.items():
    print(letter, "keeps", kept(operation, p, q))
    keeps_nothing += "" if kept(operation, p, q) else letter

# %%
predicted(
    my_kept,
    keeps_nothing,
    why="The slopes of a sum, and of moving entries, are the same everywhere. The slopes of a "
    "product are the two factors, and the slope of exp is its result: these have to be kept.",
)

# %% [markdown]
# So memory grows with the number of operations between the input and the loss. For a large model, what
# is kept can need far more memory than the parameters. Here is one layer with four steps.


# %%
def layer(h, W):
    for _ in range(4):
        h = jnp.sin(jnp.tanh(h @ W) * h)
    return h


W64, h64 = jnp.eye(64) + 0.01, jnp.ones((32, 64))
arrays = kept(layer, h64, W64)
print("parameters:", W64.shape)
print("one layer keeps", len(arrays), "arrays. The first three:", arrays[:3])

# %% [markdown]
# *Residuals* is JAX's word for the arrays that are kept. `print_saved_residuals` prints one line for each
# of them: its shape, the operation that made it, and where this operation stands in your code. Here we
# leave out the last part.

# %%
with contextlib.redirect_stdout(io.StringIO()) as printed:
    print_saved_residuals(layer, h64, W64)
where = re.compile(r" from (?!the argument).*")
residuals = [where.sub("", line) for line in printed.getvalue().splitlines()]
print(f"{len(residuals)} residuals. The first five:", *residuals[:5], sep="\n  ")

# %% [markdown]
# ## Work for memory: `jax.checkpoint`
#
# `jax.checkpoint`, also called remat, wraps a part of a program: only the inputs of this part are kept,
# and everything else in it is computed again on the way back.

# %%
print("kept by layer:                ", len(kept(layer, h64, W64)), "arrays")
print("kept by jax.checkpoint(layer):", kept(jax.checkpoint(layer), h64, W64))

# %% [markdown]
# Now put many layers one after another, and measure what the compiled gradient needs.


# %%
def deep_loss(layer, depth):
    """The loss of a network of `depth` equal layers, as a function of W and h."""

    def loss(W, h):
        h, _ = jax.lax.scan(lambda h, _: (layer(h, W), None), h, None, length=depth)
        return (h**2).sum()

    return loss


def temporaries(function, *args):
    """Bytes that the compiled program needs besides its arguments and results."""
    return jax.jit(function).lower(*args).compile().memory_analysis().temp_size_in_bytes


plain = jax.grad(deep_loss(layer, 100))
checked = jax.grad(deep_loss(jax.checkpoint(layer), 100))

# %% [markdown]
# **Predict.** With `checkpoint` the gradient needs less memory, but more arithmetic. How many times the
# arithmetic without `checkpoint` does it need? Choose the nearest: `1.1`, `1.33` or `2`.

# %%
# Your prediction: replace the dots with one of the three numbers
my_work = ...

# %%
memory_ratio = temporaries(plain, W64, h64) / temporaries(checked, W64, h64)
work_ratio = flops(checked, W64, h64) / flops(plain, W64, h64)
print(f"temporaries: {memory_ratio:.1f} times smaller with checkpoint")
print(f"arithmetic:  {work_ratio:.2f} times that without")
print("same result:", bool(jnp.allclose(plain(W64, h64), checked(W64, h64), rtol=0.05, atol=0.05)))
nearest = min((1.1, 1.33, 2), key=lambda times: abs(times - work_ratio))

# %%
predicted(
    my_work,
    nearest,
    why="Here the way back costs about twice as much as the way forward, together three units. With "
    "checkpoint the inside of every layer is computed once more on the way back: four units, and 4/3 "
    "is 1.33.",
)

# %% [markdown]
# With `checkpoint`, each layer still keeps its input. To keep even less, put a checkpoint around each
# group of layers, too. Then only the input of each group is kept.


# %%
def grouped_loss(size, depth):
    """As `deep_loss`, with a checkpoint around each layer and around each group of `size` layers."""

    def group(h, W):
        light = jax.checkpoint(layer)
        return jax.lax.scan(lambda h, _: (light(h, W), None), h, None, length=size)[0]

    return deep_loss(jax.checkpoint(group), depth // size)


depths = (16, 64, 100)
memory = {
    "no checkpoint": [deep_loss(layer, depth) for depth in depths],
    "each layer": [deep_loss(jax.checkpoint(layer), depth) for depth in depths],
    "layers and groups": [grouped_loss(math.isqrt(depth), depth) for depth in depths],
}
memory = {
    name: [temporaries(jax.grad(loss), W64, h64) for loss in losses]
    for name, losses in memory.items()
}
slopes.draw_kept(depths, memory)

# %% [markdown]
# In the picture: every line grows with the number of layers, since each layer or each group keeps
# something. Without a checkpoint, a layer keeps everything inside it. With a checkpoint, it keeps only
# its input. For 100 layers there are 10 groups of 10 layers. If the groups are chosen in this way,
# memory grows only like the square root of the depth. But now the inside of each layer is computed
# three times, and this costs another third.

# %%
losses = deep_loss(layer, 100), deep_loss(jax.checkpoint(layer), 100), grouped_loss(10, 100)
arithmetic = [flops(jax.grad(loss), W64, h64) for loss in losses]
for name, count in zip(memory, arithmetic, strict=True):
    print(f"{name}: {count / arithmetic[0]:.2f} times the arithmetic")

# %% [markdown]
# You can also choose by name. Here each matrix product is kept, because it is expensive to compute, and
# the cheap `tanh` and `sin` are computed again.


# %%
def named_layer(h, W):
    for _ in range(4):
        product = checkpoint_name(h @ W, "product")
        h = jnp.sin(jnp.tanh(product) * h)
    return h


keep_products = jax.checkpoint_policies.save_only_these_names("product")
chosen_layer = jax.checkpoint(named_layer, policy=keep_products)
print("everything:         ", len(kept(layer, h64, W64)), "arrays")
print("inputs and products:", len(kept(chosen_layer, h64, W64)), "arrays")
print("only the inputs:    ", len(kept(jax.checkpoint(layer), h64, W64)), "arrays")

# %% [markdown]
# ## One gradient for each example
#
# You know this from lesson 5: `grad` of the mean loss mixes the examples, and `vmap` of `grad` keeps
# them apart.


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
# The last line shows something that the mean hides: some examples pull much harder than others.

# %% [markdown]
# > **In three lines**
# > 1. `grad` differentiates the program that ran. Its result has the form of the first argument.
# >    `value_and_grad(..., has_aux=True)` returns the value and by-products as well.
# > 2. Forward mode (`jvp`) is cheap for few inputs, reverse mode (`vjp`, `grad`) for few outputs.
# >    `jvp` of `grad` gives products with the Hessian, without the Hessian.
# > 3. Look for NaN behind `where`, choose a slope with `stop_gradient` or `custom_vjp`, and save
# >    memory with `checkpoint`, which computes some things twice.
# >
# > **Now you**: [`exercises/07_grad/grad.ipynb`](../exercises/07_grad/grad.ipynb).
# > **Next**: `08_shard_map`, one program on many devices.
