"""Plain nbgrader assignments in a course of ours are graded as nbgrader grades them."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Any

import course_folder
import nbformat
import plain_course
import pytest
from course_folder import ASSIGNMENT, NOTEBOOK, ROOT
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.api import Gradebook
from plain_course import DOUBLE, SQUARES

from autograder.authoring import course, release_data, tags
from autograder.authoring.build import masters

BESIDE = {
    "utils.py": "def helper():\n    return 3\n",
    "data.csv": "a,b\n1,2\n",
    "sub/x.py": "# %%\n",
}
PLAIN = {
    ("ps1", "squares"): (plain_course.problem_set, "squares", SQUARES),
    ("ps1", "double"): (plain_course.hidden_only, "double", DOUBLE),
    (ASSIGNMENT, "double"): (plain_course.hidden_only, "double", DOUBLE),
}
"""The plain notebooks: how they are made, what they ask for, and what students answer."""


def handed_in(folder: Path, source: str, release: str) -> None:
    """Generate the plain notebooks and hand in everybody's answers."""
    for (assignment, name), (made, _, _) in PLAIN.items():
        plain_course.write(made(), folder / source / assignment / f"{name}.ipynb")
    for assignment in ("ps1", ASSIGNMENT):
        run = course_folder.nbgrader(folder, "generate_assignment", assignment)
        assert run.returncode == 0, run.stdout
    for (assignment, name), (_, asked, answers) in PLAIN.items():
        released = folder / release / assignment / f"{name}.ipynb"
        for student, answer in answers.items():
            path = folder / "submitted" / student / assignment / f"{name}.ipynb"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(plain_course.answered(released, asked, answer), encoding="utf-8")


def gradebook(folder: Path) -> dict[Any, Any]:
    """What the gradebook has of the plain notebooks: cells as released, and everybody's grades."""
    found: dict[Any, Any] = {}
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as book:
        for assignment, name in PLAIN:
            cells = book.find_notebook(name, assignment).source_cells
            found[assignment, name] = {one.name: (one.source, one.checksum) for one in cells}
            for student in SQUARES:
                notebook = book.find_submission_notebook(name, assignment, student)
                grades = {
                    one.name: (one.auto_score, one.manual_score, one.needs_manual_grade)
                    for one in notebook.grades
                }
                comments = {one.name: one.auto_comment for one in notebook.comments}
                found[assignment, name, student] = grades, comments
    return found


def _grades(folder: Path, name: str, student: str) -> dict[str, Any]:
    grades, _ = gradebook(folder)["ps1", name, student]
    return grades


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with a master, files beside it, and plain notebooks, graded and given back."""
    folder = course_folder.make(tmp_path_factory.mktemp("ours"), seconds=20.0)
    for name, text in BESIDE.items():
        path = folder / "solutions" / ASSIGNMENT / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    handed_in(folder, "solutions", "exercises")
    good = (folder / "submitted" / "good" / "ps1" / "squares.ipynb").read_bytes()
    odd = folder / "submitted" / "odd" / "ps1"
    odd.mkdir(parents=True)
    (odd / "Squares (2).ipynb").write_bytes(b"\xef\xbb\xbf" + good)
    (odd / "double.ipynb").symlink_to("../../good/ps1/double.ipynb")
    right = nbformat.writes(course_folder.right_answers(folder))
    for student in SQUARES:
        path = folder / "submitted" / student / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
        path.write_text(right, encoding="utf-8")
        path.with_suffix(".check").write_bytes(b"of his own making")
    for command in ("autograde", "generate_feedback"):
        for assignment in ("ps1", ASSIGNMENT):
            run = course_folder.nbgrader(folder, command, assignment)
            assert run.returncode == 0, run.stdout
    return folder


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same plain notebooks, graded by nbgrader with its own configuration."""
    folder = tmp_path_factory.mktemp("stock")
    (folder / "nbgrader_config.py").write_text("c = get_config()\n", encoding="utf-8")
    handed_in(folder, "source", "release")
    for assignment in ("ps1", ASSIGNMENT):
        run = course_folder.nbgrader(folder, "autograde", assignment)
        assert run.returncode == 0, run.stdout
    return folder


@pytest.mark.slow
def test_plain_notebooks_get_the_scores_of_stock_nbgrader(ours: Path, stock: Path) -> None:
    """Whoever is beside them: hidden tests, partial credit, stderr, texts and comments."""
    assert gradebook(ours) == gradebook(stock)
    assert _grades(ours, "double", "bad") == {"test_double": (0.0, None, False)}
    cells = gradebook(ours)["ps1", "double"]
    assert "assert double(3) == 6" in cells["test_double"][0]


@pytest.mark.slow
def test_a_plain_notebook_that_nbgrader_cannot_read_is_read_or_asks_for_a_person(
    ours: Path,
) -> None:
    """One with a byte order mark and another name has its scores; a link has none."""
    with Gradebook(f"sqlite:///{ours}/gradebook.db") as book:
        read = book.find_submission_notebook("squares", "ps1", "odd")
        scores = {one.name: one.auto_score for one in read.grades}
        linked = book.find_submission_notebook("double", "ps1", "odd")
        asked = [(one.auto_score, one.needs_manual_grade) for one in linked.grades]
    assert scores == {name: score for name, (score, *_) in _grades(ours, "squares", "good").items()}
    assert asked == [(None, True)]
    page = ours / "feedback" / "odd" / "ps1" / "double.html"
    assert "is a link to another file" in page.read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_formgrader_grades_one_student_as_the_command_does(ours: Path, tmp_path: Path) -> None:
    """Its button goes through nbgrader's API, and leaves the others alone."""
    folder = shutil.copytree(ours, tmp_path / "course", symlinks=True)
    before = gradebook(folder)
    script = (
        "from traitlets.config.loader import PyFileConfigLoader\n"
        "from nbgrader.apps import NbGraderAPI\n"
        "config = PyFileConfigLoader('nbgrader_config.py', '.').load_config()\n"
        "for assignment in ('ps1', '05_vmap'):\n"
        "    made = NbGraderAPI(config=config).autograde(assignment, 'bad', force=True)\n"
        "    assert made['success'], made\n"
    )
    run = course_folder.run(folder, sys.executable, "-c", script)
    assert run.returncode == 0, run.stdout
    assert gradebook(folder) == before


@pytest.mark.slow
def test_a_notebook_beside_a_plain_one_is_judged(ours: Path) -> None:
    """Its master's exercises get verdicts, and its gradebook holds no hidden test."""
    for student in SQUARES:
        scores = course_folder.scores(ours)[student]
        assert scores["check-pairwise"].auto == scores["check-pairwise"].most == 3.0
    with Gradebook(f"sqlite:///{ours}/gradebook.db") as book:
        cells = book.find_notebook(NOTEBOOK, ASSIGNMENT).source_cells
    assert "HIDDEN" not in "".join(cell.source for cell in cells)


@pytest.mark.slow
def test_everybody_gets_feedback_on_plain_notebooks(ours: Path) -> None:
    """A page for each notebook, which shows no hidden test."""
    for assignment, name in PLAIN:
        for student in SQUARES:
            page = ours / "feedback" / student / assignment / f"{name}.html"
            html = page.read_text(encoding="utf-8")
            assert re.search(r'class="total">[\d.]+ of [\d.]+ points<', html)
            assert "HIDDEN" not in html


@pytest.mark.slow
def test_what_lies_beside_a_master_is_released_and_the_master_never(ours: Path) -> None:
    """Neither to students nor into what was graded."""
    for folder in ("exercises", "autograded/good"):
        there = ours / folder / ASSIGNMENT
        for name, text in BESIDE.items():
            assert (there / name).read_text(encoding="utf-8") == text
        assert not list(there.rglob(f"{NOTEBOOK}.py"))


@pytest.mark.slow
def test_the_data_of_check_are_released_and_grading_never_has_any(ours: Path) -> None:
    """Neither the author's nor those that a student handed in."""
    name = f"{NOTEBOOK}.check"
    made = release_data.for_class(ours / "solutions" / ASSIGNMENT / name, course.read(ours))
    assert (ours / "exercises" / ASSIGNMENT / name).read_bytes() == made
    assert (ours / "submitted" / "good" / ASSIGNMENT / name).exists()
    assert not list((ours / "autograded").rglob("*.check"))
    assert not list((ours / "feedback").rglob("*.check"))


@pytest.mark.slow
@pytest.mark.parametrize("options", [["--force"], []])
def test_a_master_that_was_lost_is_one_sentence(
    ours: Path, tmp_path: Path, options: list[str]
) -> None:
    """The tests stood in it: without them everybody would get full marks.

    That is said also where everything has been graded before.
    """
    folder = shutil.copytree(ours, tmp_path / "course", symlinks=True)
    (folder / "solutions" / ASSIGNMENT / f"{NOTEBOOK}.py").unlink()
    before = course_folder.scores(folder)
    run = course_folder.nbgrader(folder, "autograde", ASSIGNMENT, *options)
    assert run.returncode != 0
    assert (
        f"{NOTEBOOK}.ipynb was released from a master, and there is no {NOTEBOOK}.py" in run.stdout
    )
    assert "Traceback" not in run.stdout
    assert course_folder.scores(folder) == before


def test_masters_are_told_by_their_tags(tmp_path: Path) -> None:
    """Any other Python file of an assignment is released with it; a damaged master is not."""
    folder = tmp_path / "solutions" / ASSIGNMENT
    folder.mkdir(parents=True)
    for name, text in {
        "utils.py": "exercise = 3\n# a note on exercise='x'\n",
        "script.py": '# %% [markdown]\n# # A script\n# %% tags=["a"] solutions="x"\nx = 1\n',
        "broken.py": '# %% solution="f" (((\ndef f(:\n',
        "latin.py": '# naïve\n# %% [markdown] assignment="x" points=3\n',
        "vmap.py": (ROOT / "solutions" / ASSIGNMENT / "vmap.py").read_text(encoding="utf-8"),
    }.items():
        (folder / name).write_bytes(text.encode("cp1252", "replace"))
    names = ["broken.py", "latin.py", "vmap.py"]
    assert [path.name for path in tags.masters_in(folder)] == names
    assert [path.name for path in masters(tmp_path, ASSIGNMENT)] == names


def test_hidden_tests_outside_of_a_test_cell_are_refused_in_plain_notebooks(tmp_path: Path) -> None:
    """As nbgrader refuses them."""
    folder = course_folder.make(tmp_path / "course")
    cells = [new_code_cell(plain_course.HIDDEN.format("assert True"))]
    plain_course.write(new_notebook(cells=cells), folder / "solutions" / "ps1" / "a.ipynb")
    run = course_folder.nbgrader(folder, "generate_assignment", "ps1")
    assert run.returncode != 0
    assert "Hidden test region detected in a non-grade cell" in run.stdout
