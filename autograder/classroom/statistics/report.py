"""The class at a glance: an assignment in the gradebook, in the log and in handed-in attempts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.coursedir import CourseDirectory

from autograder.authoring import configuration
from autograder.classroom import gradebook as books
from autograder.classroom import log
from autograder.classroom.log import LoggedVerdict
from autograder.classroom.statistics import attempts, items
from autograder.classroom.statistics.attempts import Track
from autograder.classroom.statistics.items import Earned, Item, Kind
from autograder.judge.verdict import Part, Status
from autograder.problem import Problem

CHECK, WRITTEN = "check-", "written-"
UNTOUCHED = "No response."
"""What nbgrader notes beside an answer that is still the stub."""
SQLITE = "sqlite:///"


@dataclass(frozen=True, kw_only=True)
class Report:
    """The results of a class in one assignment.

    Attributes:
        assignment: its name.
        most: the most points that a student can get.
        scores: the points of each student, with those that a person gave, before late penalties.
        items: the exercises and written answers, in the order of the notebook.
        earned: for each student what each answer earned.
        misconceptions: how many students have each misconception, by exercise and title.
        parts: how many answers with right results have a part of the points and how many do not,
            by exercise and part.
        waiting: how many submissions wait for a person to grade something.
        absent: how many students of the gradebook handed in nothing.
        late: how many submissions have a late penalty.
        tracks: for each exercise the checks of each student who handed in attempts.
    """

    assignment: str
    most: float = 0.0
    scores: Mapping[str, float] = field(default_factory=dict)
    items: tuple[Item, ...] = ()
    earned: Mapping[str, Mapping[str, Earned]] = field(default_factory=dict)
    misconceptions: Counter[tuple[str, str]] = field(default_factory=Counter)
    parts: Mapping[tuple[str, Part], Counter[bool]] = field(default_factory=dict)
    waiting: int = 0
    absent: int = 0
    late: int = 0
    tracks: Mapping[str, tuple[Track, ...]] = field(default_factory=dict)


def report(root: Path, assignment: str) -> Report:
    """The report of an assignment.

    Raises:
        Problem: nothing of the assignment was graded.
    """
    course = CourseDirectory(config=configuration.read(root), root=str(root))
    try:
        records, nothing = log.newest(root, assignment), None
    except Problem as problem:
        # There is no master, or everything in it is graded by hand.
        records, nothing = [], problem
        if _is_absent(course.db_url):
            raise
    verdicts = {
        (record.student, name): verdict
        for record in records
        for name, verdict in record.verdicts.items()
    }
    misconceptions = Counter(
        (name, verdict.misconception)
        for (_, name), verdict in verdicts.items()
        if verdict.misconception
    )
    with books.opened(course) as gradebook:
        found = _assignment(gradebook, assignment, nothing)
        submissions = _submissions(gradebook, found)
        if nothing and not submissions:
            raise nothing
        points = _points(found)
        earned: dict[str, dict[str, Earned]] = {one.student_id: {} for one in submissions}
        for student, cell, answer in _earned(gradebook, found, points, verdicts):
            earned[student][cell] = answer
        return Report(
            assignment=assignment,
            most=found.max_score,
            scores={one.student_id: one.score for one in submissions},
            items=tuple(items.analysed(points, list(earned.values()))),
            earned=earned,
            misconceptions=misconceptions,
            parts=_parts(points, verdicts),
            waiting=sum(one.needs_manual_grade for one in submissions),
            absent=max(gradebook.db.query(Student).count() - len(submissions), 0),
            late=sum(one.late_submission_penalty > 0 for one in submissions),
            tracks=attempts.handed_in(course, assignment, points, {r.student: r for r in records}),
        )


def _submissions(gradebook: Gradebook, assignment: Assignment) -> Sequence[Any]:
    """The submissions, with one query; nbgrader would load each of these columns by itself."""
    columns = ("student_id", "score", "needs_manual_grade", "late_submission_penalty")
    query = gradebook.db.query(*(getattr(SubmittedAssignment, name) for name in columns))
    rows: Sequence[Any] = query.filter(SubmittedAssignment.assignment_id == assignment.id).all()
    return rows


def _parts(
    exercises: Iterable[str], verdicts: Mapping[tuple[str, str], LoggedVerdict]
) -> dict[tuple[str, Part], Counter[bool]]:
    """How often each part of the points was earned, in the order of the exercises."""
    counts: dict[str, dict[tuple[str, Part], Counter[bool]]] = {name: {} for name in exercises}
    for (_, exercise), verdict in verdicts.items():
        for part in verdict.parts:
            key = (exercise, replace(part, met=True))
            counts.setdefault(exercise, {}).setdefault(key, Counter())[part.met] += 1
    return {key: met for found in counts.values() for key, met in found.items()}


def _is_absent(url: str) -> bool:
    """Whether there is no gradebook yet, which opening it would make."""
    return url.startswith(SQLITE) and not Path(url.removeprefix(SQLITE)).exists()


def _assignment(gradebook: Gradebook, name: str, nothing: Problem | None) -> Assignment:
    try:
        return books.assignment(gradebook, name)
    except Problem:
        if nothing:
            raise nothing from None
        raise


def _points(assignment: Assignment) -> dict[str, float]:
    """The most points of each graded cell, in the order of the notebooks."""
    points: dict[str, float] = {}
    for notebook in assignment.notebooks:
        cells = [*notebook.grade_cells, *notebook.task_cells]
        order = [cell.name for cell in notebook.source_cells]
        places = {name: place for place, name in enumerate(order)}
        for cell in sorted(cells, key=lambda cell: places.get(cell.name, len(places))):
            points[_name(cell.name)] = float(cell.max_score)
    return points


def _name(cell: str) -> str:
    return cell.removeprefix(CHECK).removeprefix(WRITTEN)


def _earned(
    gradebook: Gradebook,
    assignment: Assignment,
    points: Mapping[str, float],
    verdicts: Mapping[tuple[str, str], LoggedVerdict],
) -> Iterator[tuple[str, str, Earned]]:
    """What each student earned in each graded cell, with two queries for the whole class."""
    untouched = {
        (student, _name(cell))
        for student, cell, comment in _by_cell(gradebook, assignment, Comment)
        if comment.auto_comment == UNTOUCHED
    }
    for student, cell, grade in _by_cell(gradebook, assignment, Grade):
        name = _name(cell)
        if name in points:
            verdict = verdicts.get((student, name))
            is_missing = (student, name) in untouched or bool(
                verdict and verdict.status is Status.MISSING
            )
            yield student, name, _of_grade(grade, points[name], is_missing, verdict)


def _of_grade(grade: Grade, most: float, is_missing: bool, verdict: LoggedVerdict | None) -> Earned:
    earned = float(grade.score or 0.0)
    if grade.needs_manual_grade:
        return Earned(Kind.WAITING, earned, 0.0)
    share = earned / most if most else (verdict.fraction if verdict else 0.0)
    if is_missing and not share:
        return Earned(Kind.MISSING, earned, 0.0)
    kind = Kind.PASSED if share >= 1 else Kind.PARTLY if share > 0 else Kind.FAILED
    return Earned(kind, earned, share)


def _by_cell(
    gradebook: Gradebook, assignment: Assignment, kind: Any
) -> Iterator[tuple[str, str, Any]]:
    """The grades or comments of an assignment, each with its student and the name of its cell."""
    query = gradebook.db.query(SubmittedAssignment.student_id, BaseCell.name, kind)
    query = query.join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
    query = query.join(kind, kind.notebook_id == SubmittedNotebook.id)
    query = query.join(BaseCell, BaseCell.id == kind.cell_id)
    yield from query.filter(SubmittedAssignment.assignment_id == assignment.id)
