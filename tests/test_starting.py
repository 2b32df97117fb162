"""What commands do before their work begins, and after it has ended."""

import shutil
import subprocess
import sys

import course_folder
import pytest
from course_folder import ASSIGNMENT, ROOT

# What is registered first runs last.
AT_THE_END = """
import atexit, gc
atexit.register(lambda: print("left to collect:", len(gc.get_objects()) > 1000))
"""
GRADING = """
import sys
from nbgrader.apps.nbgraderapp import main
from autograder.classroom import nbgrader_patches
from autograder.jail.jail import Jail

begin = Jail.begin


def begin_and_tell(self):
    print("JAX was imported first:", "jax" in sys.modules)
    begin(self)


Jail.begin = begin_and_tell
main()
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What a grading says that starts its jail, and then finds no gradebook."""
    folder = tmp_path_factory.mktemp("course")
    masters = folder / "masters" / ASSIGNMENT
    shutil.copytree(ROOT / "solutions" / ASSIGNMENT, masters)
    course_folder.make(folder, masters.parent)
    course_folder.submit(folder, "ada", b"{}")
    command = (sys.executable, "-c", AT_THE_END + GRADING)
    run = course_folder.run(folder, *command, "autograde", ASSIGNMENT)
    assert "run `nbgrader generate_assignment" in run.stdout, run.stdout
    return run.stdout


@pytest.mark.slow
def test_the_jail_starts_before_jax_is_imported_so_that_both_are_ready_at_once(said):
    assert "JAX was imported first: False" in said


@pytest.mark.slow
def test_at_the_end_of_a_grading_python_does_not_look_for_garbage_in_all_of_jax(said):
    assert "left to collect: False" in said


def test_at_the_end_of_a_command_python_does_not_look_for_garbage(tmp_path):
    script = AT_THE_END + "from autograder.cli import main; main(['new', 'course', 'tried'])"
    command = [sys.executable, "-c", script]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.stdout.endswith("left to collect: False\n"), run.stderr
