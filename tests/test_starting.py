"""What `nbgrader autograde` does before it judges anything, and after it has judged everything."""

import shutil
import sys

import course_folder
import pytest
from course_folder import ASSIGNMENT, ROOT

pytestmark = pytest.mark.slow

SCRIPT = """
import atexit, gc, sys
from nbgrader.apps.nbgraderapp import main
from autograder.classroom import nbgrader_patches
from autograder.jail.jail import Jail

begin = Jail.begin


def begin_and_tell(self):
    print("JAX was imported first:", "jax" in sys.modules)
    begin(self)


Jail.begin = begin_and_tell
# What is registered first runs last.
atexit.register(lambda: print("left to collect:", len(gc.get_objects()) > 1000))
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
    run = course_folder.run(folder, sys.executable, "-c", SCRIPT, "autograde", ASSIGNMENT)
    assert "run `nbgrader generate_assignment" in run.stdout, run.stdout
    return run.stdout


def test_the_jail_starts_before_jax_is_imported_so_that_both_are_ready_at_once(said):
    assert "JAX was imported first: False" in said


def test_at_the_end_python_does_not_look_for_garbage_in_all_of_jax(said):
    assert "left to collect: False" in said
