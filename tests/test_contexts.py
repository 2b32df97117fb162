"""One MLIR context serves the programs of a worker, a runner and a grader."""

import subprocess
import sys

import pytest

LOWER = """
modules = [
    jax.jit(jax.numpy.sin).lower(jax.ShapeDtypeStruct((size,), "float32")).compiler_ir()
    for size in range({})
]
print(len({{id(module.context) for module in modules}}))
"""
COUNT = """
import jax

from autograder.classroom import runner, worker

worker.prepare()
runner.prepare()
print(jax._src.xla_bridge.backends_are_initialized())
"""


@pytest.mark.slow
def test_a_worker_and_a_runner_use_one_context_made_before_any_backend_starts():
    done = subprocess.run(
        [sys.executable, "-c", COUNT + LOWER.format(15)], capture_output=True, text=True
    )
    assert done.stdout.split() == ["False", "1"], done.stderr


AGAIN = """
import jax

from autograder.judge import contexts

contexts.USES = 10
contexts.share()
contexts.share()
"""


@pytest.mark.slow
def test_a_context_is_replaced_so_that_a_long_grading_does_not_fill_it():
    done = subprocess.run(
        [sys.executable, "-c", AGAIN + LOWER.format(35)], capture_output=True, text=True
    )
    assert done.stdout.split() == ["4"], done.stderr
