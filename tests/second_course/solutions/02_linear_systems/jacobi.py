# %% [markdown] assignment="02_linear_systems" points=4
# # Sheet 2: many small systems
#
# Hand in by Thursday.

# %%
import jax
import jax.numpy as jnp

from autograder import check, hint, reset

### BEGIN HIDDEN TESTS
from autograder import exercise, wrong


def gauss_seidel(A, b, x):
    for row in range(b.size):
        rest = A[row] @ x - A[row, row] * x[row]
        x = x.at[row].set((b[row] - rest) / A[row, row])
    return x


### END HIDDEN TESTS

# %% [markdown] exercise="jacobi_sweeps" stars=2 importance=3 minutes=10 points=4
# ## 1 · One sweep of each
#
# `sweep` does one sweep of Jacobi's method for one system. Write `jacobi_sweeps`, which does one
# sweep for each of `n` systems.


# %% given="sweep"
def sweep(A, b, x):
    """One system: A (5, 5), b (5,), x (5,) -> (5,)."""
    diagonal = jnp.diag(A)
    return (b - (A @ x - diagonal * x)) / diagonal


# %% solution="jacobi_sweeps"
def jacobi_sweeps(A, b, x):
    """Many systems: A (n, 5, 5), b (n, 5), x (n, 5) -> (n, 5)."""
    ### BEGIN SOLUTION
    return jax.vmap(sweep)(A, b, x)
    ### END SOLUTION


# %% check="jacobi_sweeps"
check(jacobi_sweeps)
### BEGIN HIDDEN TESTS
exercise(
    jacobi_sweeps,
    inputs=lambda rng, n: (
        rng.normal(size=(n, 5, 5)) + 8 * jnp.eye(5),
        rng.normal(size=(n, 5)),
        rng.normal(size=(n, 5)),
    ),
    hints=[
        "Every argument has one more axis than `sweep` wants.",
        "`jax.vmap` adds that axis to all arguments, unless you say otherwise.",
        "`jax.vmap(sweep)(...)`.",
    ],
    another="def jacobi_sweeps(A, b, x):\n"
    "    diagonal = jnp.diagonal(A, axis1=1, axis2=2)\n"
    "    return (b - jnp.einsum('nij,nj->ni', A, x)) / diagonal + x",
    wrong_answers=[
        wrong(
            lambda A, b, x: jax.vmap(gauss_seidel)(A, b, x),
            "uses the new values in the same sweep, as Gauss and Seidel do",
            rejected_by="values",
            advice="Jacobi computes every new value from the old ones alone.",
        ),
        wrong(
            lambda A, b, x: jax.vmap(sweep, in_axes=(None, 0, 0))(A, b, x),
            "shares one matrix among all systems",
            rejected_by="ValueError",
            advice="A `None` in `in_axes` shares the array, but every system has its own matrix.",
        ),
    ],
)
### END HIDDEN TESTS
