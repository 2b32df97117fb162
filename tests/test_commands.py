"""What commands import: nobody waits for a library that the command does not use."""

import sys

import course_folder
import pytest
from nbgrader.api import Gradebook

from autograder.classroom import log
from autograder.classroom.log import LoggedVerdict, Record
from autograder.judge.verdict import Status

IMPORTED = """\
import sys
from autograder.cli import main

main(sys.argv[2:], standalone_mode=False)
print(*sorted(set(sys.argv[1].split()) & set(sys.modules)))
"""
BUILDING = "autograder.authoring.build jax jupytext matplotlib"
SERVING = "jupyter_server nbconvert nbgrader.converters"


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A course whose log and gradebook know one student."""
    folder = course_folder.make(tmp_path_factory.mktemp("graded"))
    verdicts = {"pairwise": LoggedVerdict(Status.PASSED, 1.0, "0123456789")}
    (folder / "students.csv").write_text("id,first_name\nada,Ada\n", encoding="utf-8")
    record = Record(student="ada", assignment="05_vmap", notebook="vmap", seed=1, verdicts=verdicts)
    log.append(folder, record)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", course_folder.path())  # nbgrader runs alembic
        book = Gradebook(f"sqlite:///{folder}/gradebook.db", "numpy-to-jax")
    with book as gradebook:
        gradebook.add_assignment("05_vmap", duedate="2027-03-01 17:00 UTC")
        gradebook.add_student("ada")
        gradebook.add_submission("05_vmap", "ada")
    return folder


@pytest.mark.parametrize(
    ("command", "unused"),
    [
        (["groups", "05_vmap"], f"{BUILDING} {SERVING} sqlalchemy"),
        (["report", "05_vmap"], f"{BUILDING} {SERVING}"),
        (["roster", "students.csv"], f"{BUILDING} {SERVING}"),
        (["extend", "05_vmap", "ada", "--days", "1"], f"{BUILDING} {SERVING}"),
        (["--help"], f"{BUILDING} {SERVING} nbgrader nbformat numpy"),
    ],
    ids=["groups", "report", "roster", "extend", "help"],
)
def test_a_command_imports_nothing_that_it_does_not_use(graded, command, unused):
    run = course_folder.run(graded, sys.executable, "-c", IMPORTED, unused, *command)
    assert run.returncode == 0, run.stdout
    assert run.stdout.splitlines()[-1] == "", run.stdout


def test_a_new_course_is_begun_without_what_builds_it(tmp_path):
    unused = f"{BUILDING} {SERVING} nbgrader nbformat numpy"
    command = ("new", "course", "numerics")
    run = course_folder.run(tmp_path, sys.executable, "-c", IMPORTED, unused, *command)
    assert run.returncode == 0, run.stdout
    assert run.stdout.splitlines()[-1] == "", run.stdout


def test_an_exercise_is_graded_again_without_what_grades_a_class():
    unused = "autograder.classroom.grading matplotlib nbconvert nbgrader.converters sqlalchemy"
    script = (
        "import sys; from autograder.classroom import nbgrader_parts; nbgrader_parts.only(); "
        "import autograder.classroom.replay; "
        "print(*sorted(set(sys.argv[1].split()) & set(sys.modules)))"
    )
    run = course_folder.run(course_folder.ROOT, sys.executable, "-c", script, unused)
    assert run.stdout.splitlines()[-1] == "", run.stdout
