# %% [markdown] assignment="01_roots" points=5
# # Sheet 1: roots
#
# The lesson is [course/01_roots](../../course/01_roots.ipynb). Hand in by Thursday.

# %%
import jax
import jax.numpy as jnp

from autograder import check, hint, reset

### BEGIN HIDDEN TESTS
from autograder import exercise, wrong

### END HIDDEN TESTS

# %% [markdown] exercise="newton_step" stars=1 importance=3 minutes=8 points=3
# ## 1 · One step from many guesses
#
# Write `newton_step`, which takes one step of Newton's method for `f` from every guess in `x`.


# %% given="f"
def f(x):
    """Newton's own example; it has one real root."""
    return x**3 - 2 * x - 5


# %% solution="newton_step"
def newton_step(x):
    """Guesses (n,) -> better guesses (n,)."""
    ### BEGIN SOLUTION
    return x - f(x) / jax.vmap(jax.grad(f))(x)
    ### END SOLUTION


# %% check="newton_step"
check(newton_step)
### BEGIN HIDDEN TESTS
exercise(
    newton_step,
    inputs=lambda rng, n: (rng.uniform(2, 4, size=n),),
    hints=[
        "Where does the tangent at `x` cross the axis?",
        "`jax.grad(f)` is the derivative at one number. You have many numbers.",
        "`x - f(x) / jax.vmap(...)(x)`.",
    ],
    another="def newton_step(x):\n"
    "    slopes = jax.grad(lambda x: jnp.sum(f(x)))(x)\n"
    "    return x - f(x) / slopes",
    wrong_answers=[
        wrong(
            lambda x: x + f(x) / jax.vmap(jax.grad(f))(x),
            "climbs along the tangent",
            rejected_by="values",
            advice="Draw the tangent for a guess that is too large: which way is the axis?",
        ),
        wrong(
            lambda x: x - f(x) / jax.grad(f)(x),
            "asks for the derivative at all guesses in one call",
            rejected_by="TypeError",
            advice="`jax.grad` wants a function with one number as its result.",
        ),
        wrong(
            lambda x: jnp.stack([guess - f(guess) / jax.grad(f)(guess) for guess in x]),
            "goes through the guesses in a Python loop",
            rejected_by="batch loop",
            advice="`jax.vmap` turns the derivative at one number into one at many.",
        ),
    ],
)
### END HIDDEN TESTS

# %% [markdown] written="why_quadratic" minutes=5 points=2
# ## 2 · Why so fast?
#
# Explain in two sentences why the number of right digits doubles in each step.
