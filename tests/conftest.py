import contextlib
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


def pytest_terminal_summary(terminalreporter, exitstatus):
    """Where tests failed, say which masters were not built since they changed."""
    if exitstatus == pytest.ExitCode.TESTS_FAILED:
        import masters

        from autograder.authoring.built import out_of_date
        from autograder.problem import Problem

        with contextlib.suppress(Problem):  # a master that cannot be loaded has failed tests enough
            for sentence in filter(None, map(out_of_date, masters.loaded())):
                terminalreporter.write_line(sentence, yellow=True)
