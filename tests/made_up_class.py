"""A class that never was: a course whose log and gradebook hold what a test makes up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import course_folder
from nbgrader.api import Gradebook

from autograder.classroom import log
from autograder.classroom.log import LoggedVerdict, Record
from autograder.judge.verdict import Status

ASSIGNMENT, NOTEBOOK = course_folder.ASSIGNMENT, course_folder.NOTEBOOK
POINTS = {"column_norms": 2.0, "pairwise": 4.0, "predict_batch": 0.0}
WRITTEN = "written-when_to_vmap"
MASTER = "def released(x):\n    return x + 1\n"


@dataclass(frozen=True)
class Student:
    """What a student handed in.

    Attributes:
        verdicts: by exercise.
        written: the points for the written answer; None while it waits for a person.
        sources: of the solution cells, by exercise.
        untouched: the solution cells that still have their stub.
        attempts: the text of the file of attempts.
    """

    verdicts: Mapping[str, LoggedVerdict] = field(default_factory=dict)
    written: float | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    untouched: tuple[str, ...] = ()
    attempts: str = ""


def passed(program: str = "p", **others: str) -> LoggedVerdict:
    return LoggedVerdict(Status.PASSED, 1.0, program, **others)


def wrong(fraction: float = 0.0, program: str = "w", **others: str) -> LoggedVerdict:
    return LoggedVerdict(Status.WRONG, fraction, program, "values", **others)


def missing(message: str, program: str) -> LoggedVerdict:
    return LoggedVerdict(Status.MISSING, 0.0, program, "missing", message=message)


def make(
    folder: Path,
    students: Mapping[str, Student | None],
    points: Mapping[str, float] = POINTS,
    master: str = MASTER,
) -> Path:
    """A course in which this class was graded; None stands for a student who handed in nothing."""
    folder.mkdir(exist_ok=True)
    (folder / "nbgrader_config.py").write_text(
        'c = get_config()\nc.CourseDirectory.course_id = "x"'
    )
    home = folder / "source" / ASSIGNMENT
    home.mkdir(parents=True)
    (home / f"{NOTEBOOK}.py").write_text(master, encoding="utf-8")
    with course_folder.new_gradebook(folder / "gradebook.db", "x") as gradebook:
        _release(gradebook, points)
        for name, student in students.items():
            gradebook.add_student(name)
            if student is not None:
                _hand_in(gradebook, name, student)
                _grade(folder, name, student)
    return folder


def _release(gradebook: Gradebook, points: Mapping[str, float]) -> None:
    gradebook.add_assignment(ASSIGNMENT)
    gradebook.add_notebook(NOTEBOOK, ASSIGNMENT)
    cells = {f"check-{name}": ("code", most) for name, most in points.items()}
    for cell, (kind, most) in {**cells, WRITTEN: ("markdown", 2.0)}.items():
        solution = cell.removeprefix("check-")
        gradebook.add_source_cell(cell, NOTEBOOK, ASSIGNMENT, cell_type=kind)
        gradebook.add_grade_cell(cell, NOTEBOOK, ASSIGNMENT, max_score=most, cell_type=kind)
        gradebook.add_solution_cell(solution, NOTEBOOK, ASSIGNMENT)


def _hand_in(gradebook: Gradebook, name: str, student: Student) -> None:
    submission = gradebook.add_submission(ASSIGNMENT, name)
    for notebook in submission.notebooks:
        for grade in notebook.grades:
            verdict = student.verdicts.get(grade.name.removeprefix("check-"))
            if grade.name == WRITTEN:
                grade.manual_score = student.written
                grade.auto_score = 0.0 if WRITTEN in student.untouched else None
            elif verdict and verdict.status not in (Status.UNREADABLE, Status.GRADER_FAULT):
                grade.auto_score = verdict.fraction * grade.max_score
            scores = (grade.auto_score, grade.manual_score)
            grade.needs_manual_grade = scores == (None, None)
        for comment in notebook.comments:
            if comment.name in student.untouched:
                comment.auto_comment = "No response."
    gradebook.db.commit()


def _grade(folder: Path, name: str, student: Student) -> None:
    record = Record(
        time="2026-11-30T12:00:00+00:00",
        student=name,
        assignment=ASSIGNMENT,
        notebook=NOTEBOOK,
        seed=1,
        verdicts=dict(student.verdicts),
    )
    log.append(folder, record)
    home = folder / "autograded" / name / ASSIGNMENT
    home.mkdir(parents=True)
    cells = [
        {"cell_type": "code", "source": source, "metadata": {"nbgrader": {"grade_id": exercise}}}
        for exercise, source in student.sources.items()
    ]
    (home / f"{NOTEBOOK}.ipynb").write_text(json.dumps({"cells": cells}), encoding="utf-8")
    if student.attempts:
        (home / f"{ASSIGNMENT}-attempts.json").write_text(student.attempts, encoding="utf-8")
