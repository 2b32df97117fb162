"""The gradebook has what nbgrader itself would write, although it is opened and read less often."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import course_folder
import nbformat
import pytest
from course_folder import ASSIGNMENT, CLASSROOM, NOTEBOOK
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.api import Base, Gradebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import SaveAutoGrades
from nbgrader.utils import compute_checksum
from sqlalchemy.exc import DatabaseError

from autograder.classroom import gradebook as books
from autograder.classroom.grades import KEY, SaveVerdicts
from autograder.judge.verdict import Status, Verdict

CASES = ("loops_over_the_batch", "exits_halfway")
NAMES = {"student": "ada", "assignment": "ps1", "notebook": "one"}
FRACTIONS = {"f": 1.0, "g": 0.0, "h": 0.7}
"""0.7 of 3 points are 2.1 points, although `0.7 * 3` is not."""
STOCK_PATH = """
import nbgrader.api
from nbconvert.exporters import NotebookExporter
from autograder.classroom import gradebook, submission

submission.SubmissionExporter.from_filename = NotebookExporter.from_filename
submission.SubmissionExporter.register_preprocessor = NotebookExporter.register_preprocessor
gradebook.of_run = nbgrader.api.Gradebook
"""
"""Added to a configuration: nbgrader's and nbconvert's own way from one step to the next."""


def rows(folder: Path) -> dict[str, list[str]]:
    """Every row of every table, with `…` in the place of random ids."""
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        return {
            table.name: sorted(
                re.sub(r"'[0-9a-f]{32}'", "…", repr(tuple(row)))
                for row in gradebook.db.execute(table.select())
            )
            for table in Base.metadata.sorted_tables
        }


def cell(name: str, kind: str, source: str) -> NotebookNode:
    """A cell of a small assignment."""
    cell = (new_markdown_cell if kind == "written" else new_code_cell)(source, id=name)
    cell.metadata["nbgrader"] = {
        "grade_id": name,
        "schema_version": 3,
        "task": False,
        "grade": kind in ("check", "written"),
        "solution": kind in ("solution", "written"),
        "locked": kind == "check",
        "points": 3.0,
    }
    cell.metadata["nbgrader"]["checksum"] = compute_checksum(cell)
    return cell


def graded_notebook() -> NotebookNode:
    """Three exercises, one of which was not begun, and two written answers, one of them empty."""
    cells = []
    for name, fraction in FRACTIONS.items():
        cells += [cell(name, "solution", "stub"), cell(f"check-{name}", "check", f"check({name})")]
        if fraction:
            cells[-2].source = "answer"
        # nbgrader reads a score from such an output; ours comes from a verdict.
        points = {"text/plain": str(round(3 * fraction, 6))}
        cells[-1].outputs = [new_output("execute_result", points, execution_count=1)]
    cells += [cell("written-a", "written", "say why"), cell("written-b", "written", "say why")]
    cells[-1].source = "Since."
    return new_notebook(cells=cells)


def saved(folder: Path, save: Any) -> dict[str, list[str]]:
    """What is in a new gradebook after one step has saved the small notebook."""
    folder.mkdir()
    url = f"sqlite:///{folder}/gradebook.db"
    notebook = graded_notebook()
    with Gradebook(url) as gradebook:
        gradebook.add_assignment("ps1")
        gradebook.add_notebook("one", "ps1")
        for cell in notebook.cells:
            tags, place = cell.metadata.nbgrader, (cell.id, "one", "ps1")
            if tags["grade"]:
                gradebook.add_grade_cell(*place, max_score=3.0, cell_type=cell.cell_type)
            if tags["solution"]:
                gradebook.add_solution_cell(*place)
        gradebook.add_student("ada")
        gradebook.add_submission("ps1", "ada")
        grade = gradebook.find_grade("check-g", "one", "ps1", "ada")
        grade.manual_score = 1.5
        gradebook.db.commit()
    verdicts = {
        name: Verdict(name, Status.PASSED, fraction=fraction)
        for name, fraction in FRACTIONS.items()
    }
    save.preprocess(notebook, {"nbgrader": {**NAMES, "db_url": url}, KEY: verdicts})
    return rows(folder)


def test_a_verdict_leaves_the_rows_that_nbgrader_leaves(tmp_path: Path) -> None:
    assert saved(tmp_path / "ours", SaveVerdicts()) == saved(tmp_path / "stock", SaveAutoGrades())


def test_a_run_opens_the_gradebook_once_and_leaves_nothing_of_it_open(tmp_path: Path) -> None:
    path = tmp_path / "gradebook.db"
    url = f"sqlite:///{path}"
    with books.kept_open():
        with books.of_run(url, "course") as first:
            first.add_student("ada")
        with books.of_run(url, "course") as second:
            assert second.engine is first.engine
            assert [student.id for student in second.students] == ["ada"]
    path.unlink()
    with books.of_run(url, "course") as afterwards:
        assert afterwards.students == []


def test_the_password_of_a_gradebook_is_not_shown() -> None:
    course = CourseDirectory(db_url="postgresql+psycopg://me:secret@host/grades")
    message = str(books.damaged(course, DatabaseError("select", {}, Exception("no server"))))
    assert "postgresql+psycopg://me:***@host/grades cannot be used (no server): close" in message


@pytest.mark.slow
def test_a_class_has_the_rows_and_cards_of_nbgraders_own_path(tmp_path: Path) -> None:
    """Nothing is lost because a notebook is read and copied once instead of several times."""
    found = []
    for kind in ("ours", "stock"):
        folder = course_folder.make(tmp_path / kind, seed=1)
        if kind == "stock":
            with (folder / "nbgrader_config.py").open("a", encoding="utf-8") as config:
                config.write(STOCK_PATH)
        run = course_folder.nbgrader(folder, "generate_assignment", ASSIGNMENT)
        assert run.returncode == 0, run.stdout
        right = course_folder.right_answers(folder)
        for case in CASES:
            course_folder.submit(folder, case, course_folder.submission(CLASSROOM / case, right))
        course_folder.submit(folder, "empty", b"")
        late = course_folder.submit(folder, "late", nbformat.writes(right).encode())
        late.with_name("timestamp.txt").write_text("2026-01-02 03:04:05 UTC")
        run = course_folder.nbgrader(folder, "autograde", ASSIGNMENT)
        assert run.returncode == 0, run.stdout
        notebooks = {
            student: nbformat.reads(path.read_text(encoding="utf-8"), 4)
            for student in (*CASES, "empty", "late")
            for path in [folder / "autograded" / student / ASSIGNMENT / f"{NOTEBOOK}.ipynb"]
        }
        found.append((rows(folder), course_folder.scores(folder), json.dumps(notebooks)))
    assert found[0] == found[1]
