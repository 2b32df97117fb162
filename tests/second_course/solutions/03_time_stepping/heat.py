# %% [markdown] assignment="03_time_stepping" points=6
# # Sheet 3: a rod that is heated
#
# Hand in by Thursday.

# %%
import jax
import jax.numpy as jnp

from autograder import check, hint, reset

### BEGIN HIDDEN TESTS
from autograder import exercise, wrong

### END HIDDEN TESTS

# %% [markdown] exercise="march" stars=2 importance=3 minutes=12 points=6
# ## 1 · Every temperature on the way
#
# `step` takes the temperatures `u` of a closed ring one step further, while `source` heats it.
# Write `march`, which begins at `u` and takes one step for each row of `sources`. It returns the
# temperatures after every step.


# %% given="step"
def step(u, source):
    """Temperatures (16,), heat (16,) -> temperatures one step later (16,)."""
    return u + 0.2 * (jnp.roll(u, 1) - 2 * u + jnp.roll(u, -1)) + source


# %% solution="march"
def march(u, sources):
    """u (16,), sources (n, 16) -> (n, 16)."""

    ### BEGIN SOLUTION
    def advance(u, source):
        u = step(u, source)
        return u, u

    return jax.lax.scan(advance, u, sources)[1]
    ### END SOLUTION


# %% check="march"
check(march)
### BEGIN HIDDEN TESTS
exercise(
    march,
    inputs=lambda rng, n: (rng.normal(size=16), rng.normal(size=(n, 16))),
    hints=[
        "Each step begins where the one before it ended.",
        "`jax.lax.scan` passes a value from step to step, and collects another from each step.",
        "The function that you give to `scan` returns the temperatures twice.",
    ],
    another="def march(u, sources):\n"
    "    def advance(k, states):\n"
    "        before = jnp.where(k == 0, u, states[k - 1])\n"
    "        return states.at[k].set(step(before, sources[k]))\n"
    "    return jax.lax.fori_loop(0, sources.shape[0], advance, jnp.zeros_like(sources))",
    wrong_answers=[
        wrong(
            lambda u, sources: jax.lax.scan(lambda u, s: (step(u, s), u), u, sources)[1],
            "keeps the temperatures before each step",
            rejected_by="values",
            advice="`scan` collects what the function returns second.",
        ),
        wrong(
            lambda u, sources: jax.lax.scan(lambda u, s: (step(u, s), None), u, sources)[0],
            "keeps the last temperatures only",
            rejected_by="shape",
            advice="`scan` returns two things. Which one has an entry for each step?",
        ),
        wrong(
            lambda u, sources: jax.vmap(step, in_axes=(None, 0))(u, sources),
            "takes every step from the beginning",
            rejected_by="values",
            advice="Each step needs the result of the step before, so `vmap` does not help.",
        ),
    ],
)
### END HIDDEN TESTS
