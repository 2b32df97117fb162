"""What a notebook sets changes no verdict, in the student's own process or where it is graded."""

import sys
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from masters import catalogue

from autograder.judge import settings
from autograder.student import learner

CHANGED = {
    "jax_debug_nans": True,
    "jax_default_matmul_precision": "bfloat16",
    "jax_disable_jit": True,
    "jax_enable_x64": True,
    "jax_numpy_dtype_promotion": "strict",
    "jax_numpy_rank_promotion": "raise",
    "jax_traceback_in_locations_limit": 3,
}


@pytest.fixture
def changed():
    """A notebook that has set a good deal."""
    before = {name: jax.config.values[name] for name in CHANGED}
    limit = sys.getrecursionlimit()
    for name, value in CHANGED.items():
        jax.config.update(name, value)
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        yield
    sys.setrecursionlimit(limit)
    for name, value in before.items():
        jax.config.update(name, value)


def what_is_set():
    return (
        {name: jax.config.values[name] for name in CHANGED},
        list(warnings.filters),
        np.geterr(),
        sys.getrecursionlimit(),
        jnp.zeros(1).dtype,
    )


def test_the_settings_of_a_notebook_are_back_afterwards(changed):
    before = what_is_set()
    with settings.defaults():
        inside = what_is_set()
    assert what_is_set() == before
    assert not [one for one, other in zip(inside[1:], before[1:], strict=True) if one is other]
    assert inside[-1] == np.float32


def test_settings_that_were_made_by_a_context_manager_are_ours_too():
    with jax.enable_x64(True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64():
        with settings.defaults():
            assert jnp.zeros(1).dtype == np.float32
        assert jnp.zeros(1).dtype == np.float64


def test_a_check_says_the_same_whatever_the_notebook_has_set(changed):
    def predict_batch(W, b, xs):
        warnings.warn("nearly there", DeprecationWarning, stacklevel=1)
        return xs @ W.T + jnp.zeros(3) + b

    assert learner.examine(predict_batch, catalogue()["predict_batch"]).passed


def test_a_cell_cannot_choose_the_machine():
    before = {name: jax.config.values[name] for name in settings.MACHINE}
    with settings.fixed_machine():
        jax.config.update("jax_platforms", "tpu")
        jax.config.update("jax_platform_name", "gpu")
        jax.config.update("jax_num_cpu_devices", 3)
        jax.config.update("jax_log_compiles", False)
        assert jnp.ones(3).sum() == 3
    assert before == {name: jax.config.values[name] for name in settings.MACHINE}


@pytest.mark.parametrize("left", [None, "closed", object()])
def test_streams_that_a_cell_has_taken_away_are_there_again(monkeypatch, left):
    monkeypatch.setattr(sys, "stdout", left)
    monkeypatch.setattr(sys, "stderr", left)
    settings.mend_streams()
    print("still", end="")
    print("there", end="", file=sys.stderr)
    sys.stdout.close()
    settings.mend_streams()
    print("and again", end="")
