import contextlib
import gc
import os
import sys
import tempfile
from pathlib import Path

import pytest

from autograder import simulate_devices
from autograder.student.progress import VARIABLE

simulate_devices()  # before a test makes JAX start
# No test, and no notebook that a test runs, changes what this user has done of the course.
os.environ[VARIABLE] = f"{tempfile.mkdtemp()}/progress.json"
sys.path.insert(0, str(Path(__file__).parent))
# Tests start Python a hundred times: what one process compiled, the next one reads.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_finish():
    """What is there now stays until the end, so nobody need look through it for garbage."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter, exitstatus):
    """Where tests failed, say which masters were not built since they changed."""
    if exitstatus == pytest.ExitCode.TESTS_FAILED:
        import masters

        from autograder.authoring.built import out_of_date
        from autograder.problem import Problem

        with contextlib.suppress(Problem):  # a master that cannot be loaded has failed tests enough
            for sentence in filter(None, map(out_of_date, masters.loaded())):
                terminalreporter.write_line(sentence, yellow=True)
