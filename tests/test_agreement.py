"""The same notebooks in three ways: the student's own checks, Validate and the grader."""

import os
import re
import shutil

import course_folder
import nbformat
import pytest
from course_folder import ASSIGNMENT, CLASSROOM, NOTEBOOK
from nbclient import NotebookClient

from autograder.student.progress import VARIABLE

pytestmark = pytest.mark.slow
STUDENTS = (
    "answer_redefined_below_its_check",
    "fast_track_open",
    "function_missing",
    "half_precision",
    "loops_over_the_batch",
    "raises",
    "right_with_einsum",
    "scratch_del",
    "scratch_imports_numpy_as_jnp",
    "settings_changed",
    "warns",
    "wrong_axis",
)
OPTIONAL = "fast_track_vmap"
PARTLY = re.compile(r"◐ partly right: (\w+), ([\d.]+) of ([\d.]+) points")
"""The first line of the card of an answer that earns a part of the points."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A course in which these students have handed in."""
    made = course_folder.make(tmp_path_factory.mktemp("course"), seed=1)
    run = course_folder.nbgrader(made, "generate_assignment", ASSIGNMENT)
    assert run.returncode == 0, run.stdout
    right = course_folder.right_answers(made)
    for student in STUDENTS:
        content = course_folder.submission(CLASSROOM / student, right)
        course_folder.submit(made, student, content)
    return made


def path(folder, student):
    """The notebook where the student worked on it: in the folder that was released."""
    work = folder / "fetched" / student
    if not work.is_dir():
        shutil.copytree(folder / "exercises" / ASSIGNMENT, work)
        shutil.copy(folder / "submitted" / student / ASSIGNMENT / f"{NOTEBOOK}.ipynb", work)
    return work / f"{NOTEBOOK}.ipynb"


def exercise(cell):
    return str(cell.metadata.get("nbgrader", {}).get("grade_id")).removeprefix("check-")


def parts(text):
    """The shares of the points of the answers that are partly right in this text, by exercise."""
    return {name: float(some) / float(most) for name, some, most in PARTLY.findall(text)}


def checked(folder, student):
    """The share of the points of each exercise in the cards, when the student ran every cell."""
    file = path(folder, student)
    notebook = nbformat.read(file, 4)
    variables = {**os.environ, VARIABLE: str(folder / "progress.json")}
    resources = {"metadata": {"path": str(file.parent)}}
    client = NotebookClient(notebook, timeout=600, allow_errors=True, resources=resources)
    client.execute(env=variables)
    said = {}
    for cell in notebook.cells:
        if cell.source.startswith("check("):
            texts = [one.get("data", {}).get("text/plain", "") for one in cell.outputs]
            passed = any(text.startswith("✓ passed") for text in texts)
            said[exercise(cell)] = float(passed) or parts("\n".join(texts)).get(exercise(cell), 0)
    return said


def validated(folder, student):
    """The same shares as Validate shows them: with the cells that failed, and their cards."""
    command = ("nbgrader", "validate", str(path(folder, student)))
    run = course_folder.run(folder, *command, seconds=1200, **{VARIABLE: str(folder / "p.json")})
    failed = set(re.findall(r"failed:\s+(?:\| )?check\(\"?(\w+)", run.stdout))
    assert failed or "Success" in run.stdout, run.stdout
    names = course_folder.right_answers(folder).cells
    shares = dict.fromkeys(failed, 0.0) | parts(run.stdout)
    return {exercise(one): shares.get(exercise(one), 1.0) for one in names
            if one.source.startswith("check(")}  # fmt: skip


def test_check_validate_and_grade_agree(folder, capsys):
    run = course_folder.run(folder, "nbgrader", "autograde", ASSIGNMENT, seconds=1800)
    assert run.returncode == 0, run.stdout
    graded = {
        one["student"]: {name: it["fraction"] for name, it in one["verdicts"].items()}
        for one in course_folder.records(folder)
    }
    table = []
    for student in STUDENTS:
        three = (checked(folder, student), validated(folder, student), graded[student])
        for name in graded[student]:
            table.append((student, name, *(one.get(name, 0.0) for one in three)))
    with capsys.disabled():
        print(f"\n{'notebook':34}{'exercise':24}check  validate  grade")
        for student, name, *shares in table:
            print(f"{student:34}{name:24}{'  '.join(f'{one:<6.2g}' for one in shares)}")
    # Validate asks for nothing that is worth no points.
    assert not [row for row in table if row[1] == OPTIONAL and not row[3]]
    others = [row for row in table if row[1] != OPTIONAL]
    assert [row for row in others if len(set(row[2:])) > 1] == []
    assert {row[2] for row in table} == {0, 0.5, 1}
