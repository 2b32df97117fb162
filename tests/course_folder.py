"""A course folder to grade in: made, filled and read as an instructor with nbgrader does."""

from __future__ import annotations

import functools
import json
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jupytext
import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from nbgrader.api import Gradebook

ROOT = Path(__file__).parent.parent
CLASSROOM = Path(__file__).parent / "classroom"
ASSIGNMENT, NOTEBOOK = "05_vmap", "vmap"
WRITTEN = "written-when_to_vmap"


class Score(NamedTuple):
    """What the gradebook says of one graded cell."""

    auto: float | None
    manual: float | None
    most: float
    needs_manual_grade: bool


def make(folder: Path, solutions: Path = ROOT / "solutions", **settings: Any) -> Path:
    """Make a course in `folder` of these masters, with these settings of `GradingRun`."""
    shutil.copytree(solutions, folder / "solutions")
    (folder / "course").mkdir()
    shutil.copy(ROOT / "course" / "course.toml", folder / "course")
    config = (ROOT / "nbgrader_config.py").read_text(encoding="utf-8")
    lines = [f"c.GradingRun.{name} = {value!r}\n" for name, value in settings.items()]
    (folder / "nbgrader_config.py").write_text(config + "\n" + "".join(lines), encoding="utf-8")
    return folder


def path() -> str:
    """PATH with this environment's programs; nbgrader looks there for `alembic` too."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def run(
    folder: Path, *command: str, seconds: float = 300, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command of the environment in the course folder, its two outputs in one.

    Args:
        folder: the course's.
        command: the words of the command.
        seconds: the longest that it may take.
        variables: what its environment has besides ours.
    """
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path(), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
    )


def new_gradebook(path: Path, course: str = "default_course") -> Gradebook:
    """Make an empty gradebook in this file, and open it.

    Args:
        path: of the file.
        course: the id of its course.
    """
    path.write_bytes(_empty_gradebook(course))
    return Gradebook(f"sqlite:///{path}", course)


@functools.cache
def _empty_gradebook(course: str) -> bytes:
    # To make one takes seconds, since nbgrader starts Alembic.
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", path())
        Gradebook(f"sqlite:///{folder}/gradebook.db", course).close()
        return Path(folder, "gradebook.db").read_bytes()


def nbgrader(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one nbgrader command in the course folder."""
    return run(folder, "nbgrader", *arguments)


def cell_of(notebook: NotebookNode, name: str) -> NotebookNode:
    """The first cell with this id, which is its grade_id too where it has one."""
    return next(cell for cell in notebook.cells if cell.id == name)


def right_answers(folder: Path) -> NotebookNode:
    """The released notebook with every answer filled in: a submission that is all right."""
    source = nbformat.read(folder / "solutions" / ASSIGNMENT / f"{NOTEBOOK}.ipynb", 4)
    made = nbformat.read(folder / "exercises" / ASSIGNMENT / f"{NOTEBOOK}.ipynb", 4)
    for cell in made.cells:
        tags = cell.metadata.get("nbgrader", {})
        if tags.get("solution") and not tags["grade"]:
            lines = cell_of(source, tags["grade_id"]).source.splitlines()
            kept = [line for line in lines if not line.strip().startswith("### ")]
            cell.source = "\n".join(kept)
        if cell.id == WRITTEN:
            cell.source = "Broadcasting to scale a table; vmap for a gradient each."
    return made


def submission(case: Path, right: NotebookNode) -> bytes:
    """The file that the student of this case hands in.

    Args:
        case: a folder with `vmap.ipynb`, handed in as it is, or with `answers.py` or `edit.py`,
            which say what differs from the right answers.
        right: what `right_answers` gives.
    """
    raw = case / f"{NOTEBOOK}.ipynb"
    if raw.exists():
        return raw.read_bytes()
    notebook = nbformat.from_dict(json.loads(json.dumps(right)))
    if (case / "answers.py").exists():
        _put_in(jupytext.read(case / "answers.py"), notebook)
    if (case / "edit.py").exists():
        runpy.run_path(str(case / "edit.py"))["edit"](notebook)
    # Not nbformat.write, which would put right what a student broke.
    return json.dumps(notebook, indent=1).encode()


def _put_in(answers: NotebookNode, notebook: NotebookNode) -> None:
    for number, cell in enumerate(answers.cells):
        if name := cell.metadata.get("solution"):
            cell_of(notebook, name).source = cell.source
        elif name := cell.metadata.get("after"):
            place = notebook.cells.index(cell_of(notebook, name)) + 1
            notebook.cells.insert(place, new_code_cell(cell.source, id=f"extra-{number}"))


def submit(folder: Path, student: str, content: bytes) -> Path:
    """Put a file where nbgrader collects this student's submission."""
    path = folder / "submitted" / student / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def scores(folder: Path) -> dict[str, dict[str, Score]]:
    """What the gradebook holds: for each student and graded cell its score."""
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        return {
            one.student.id: {
                grade.name: Score(
                    grade.auto_score, grade.manual_score, grade.max_score, grade.needs_manual_grade
                )
                for notebook in one.notebooks
                for grade in notebook.grades
            }
            for one in gradebook.assignment_submissions(ASSIGNMENT)
        }


def give_by_hand(folder: Path, student: str, name: str, points: float) -> None:
    """Give points to one cell by hand, as the formgrader does."""
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        grade = gradebook.find_grade(name, NOTEBOOK, ASSIGNMENT, student)
        grade.manual_score, grade.needs_manual_grade = points, False
        gradebook.db.commit()


def records(folder: Path) -> list[dict[str, Any]]:
    """The lines of `verdicts.jsonl`, oldest first."""
    lines = (folder / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def statuses(record: Mapping[str, Any]) -> dict[str, str]:
    """The status of every exercise in one line of `verdicts.jsonl`."""
    return {name: verdict["status"] for name, verdict in record["verdicts"].items()}
