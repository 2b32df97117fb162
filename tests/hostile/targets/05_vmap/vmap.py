# %% [markdown] assignment="05_vmap" points=10
# # What the hostile class is set
#
# It stands in the place of an assignment of the course, so that a hundred submissions can be
# graded in minutes. The last exercise is the one that is attacked.

# %%
import jax
import jax.numpy as jnp
import numpy as np
from autograder import check

### BEGIN HIDDEN TESTS
from autograder import exercise, matches_reference, matches_when_called, wrong

WHAT_NOBODY_MAY_READ = "the-secret-of-the-master"
SPEC = {"hints": ["Try.", "Try it.", "Try harder."], "explanation": "So it is.", "another": "pass"}

### END HIDDEN TESTS

# %% [markdown] exercise="square" stars=1 importance=1 minutes=1 points=2
# ## 1 · The square of each entry


# %% solution="square"
def square(xs):
    """xs (n,) -> (n,)."""
    ### BEGIN SOLUTION
    return xs * xs
    ### END SOLUTION


# %% check="square"
check(square)
### BEGIN HIDDEN TESTS
exercise(
    square,
    inputs=lambda rng, n: (rng.normal(size=n),),
    requires=[matches_reference()],
    wrong_answers=[
        wrong(lambda xs: 2 * xs, "doubles", rejected_by="values", advice="Square."),
        wrong(lambda xs: xs, "does nothing", rejected_by="values", advice="Square."),
        wrong(lambda xs: xs**3, "cubes", rejected_by="values", advice="Square."),
    ],
    **SPEC,
)
### END HIDDEN TESTS

# %% [markdown] exercise="ladder" stars=1 importance=1 minutes=1 points=4
# ## 2 · The sum of all entries so far, with a NumPy array in and out


# %% solution="ladder"
def ladder(xs):
    """xs (n,) -> (n,)."""
    ### BEGIN SOLUTION
    return np.cumsum(xs)
    ### END SOLUTION


# %% check="ladder"
check(ladder)
### BEGIN HIDDEN TESTS
exercise(
    ladder,
    inputs=lambda rng, n: (rng.normal(size=n),),
    requires=[matches_when_called()],
    wrong_answers=[
        wrong(lambda xs: np.sort(xs), "sorts", rejected_by="values", advice="Add."),
        wrong(lambda xs: xs * 1, "does nothing", rejected_by="values", advice="Add."),
        wrong(lambda xs: np.cumprod(xs), "multiplies", rejected_by="values", advice="Add."),
    ],
    **SPEC,
)
### END HIDDEN TESTS

# %% [markdown] exercise="row_sums" stars=1 importance=1 minutes=1 points=4
# ## 3 · The sum of each row


# %% solution="row_sums"
def row_sums(xs):
    """xs (n, 3) -> (n,)."""
    ### BEGIN SOLUTION
    return jnp.sum(xs, axis=1)
    ### END SOLUTION


# %% check="row_sums"
check(row_sums)
### BEGIN HIDDEN TESTS
exercise(
    row_sums,
    inputs=lambda rng, n: (rng.normal(size=(n, 3)),),
    requires=[matches_reference()],
    wrong_answers=[
        wrong(lambda xs: xs[:, 0], "takes the first", rejected_by="values", advice="Add."),
        wrong(lambda xs: xs[:, 1], "takes the second", rejected_by="values", advice="Add."),
        wrong(lambda xs: xs[:, 2], "takes the third", rejected_by="values", advice="Add."),
    ],
    **SPEC,
)
### END HIDDEN TESTS
