"""A worker and a runner, which end soon, use one MLIR context for all their programs."""

import subprocess
import sys

import pytest

COUNT = """
import jax

from autograder.classroom import runner, worker

worker.prepare()
runner.prepare()
print(jax._src.xla_bridge.backends_are_initialized())
modules = [
    jax.jit(jax.numpy.sin).lower(jax.ShapeDtypeStruct((size,), "float32")).compiler_ir()
    for size in range(15)
]
print(len({id(module.context) for module in modules}))
"""


@pytest.mark.slow
def test_a_worker_and_a_runner_have_one_context_before_any_backend_starts():
    done = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, text=True)
    assert done.stdout.split() == ["False", "1"], done.stderr
