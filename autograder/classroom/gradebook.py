"""Opens nbgrader's gradebook; a damaged or missing file is reported in one sentence."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from nbgrader.api import (
    Assignment,
    Grade,
    Gradebook,
    MissingEntry,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.coursedir import CourseDirectory
from sqlalchemy import exists, make_url, or_
from sqlalchemy.exc import DatabaseError

from autograder.problem import Problem


class _Kept(Gradebook):
    """nbgrader's, for many steps in turn: closing it ends the session, but not the connection."""

    def close(self) -> None:
        self.db.remove()


_opens: Callable[..., Gradebook] = Gradebook


@contextmanager
def kept_open() -> Iterator[None]:
    """Let `of_run` open each gradebook only once in this block.

    nbgrader opens it seven times for every submission. Each time it looks for all thirteen tables
    and compiles every statement again; SQLAlchemy recommends one engine per process.
    """
    global _opens
    kept: list[_Kept] = []

    @functools.cache
    def opens(url: str, course: str = "default_course") -> Gradebook:
        kept.append(_Kept(url, course))
        return kept[-1]

    _opens = opens
    try:
        yield
    finally:
        _opens = Gradebook
        for gradebook in kept:
            gradebook.db.remove()
            gradebook.engine.dispose()


def of_run(url: str, *course: str) -> Gradebook:
    """The gradebook, with a session for one step; takes what nbgrader's `Gradebook` does."""
    return _opens(url, *course)


@contextmanager
def opened(course: CourseDirectory) -> Iterator[Gradebook]:
    """The gradebook of a course.

    Raises:
        Problem: it cannot be read or written.
    """
    require_alembic()
    try:
        with Gradebook(course.db_url, course.course_id) as gradebook:
            yield gradebook
    except DatabaseError as error:
        raise damaged(course, error) from None


def assignment(gradebook: Gradebook, name: str) -> Assignment:
    """An assignment of the gradebook.

    Raises:
        Problem: it has no assignment of this name, such as after its file was deleted.
    """
    try:
        return gradebook.find_assignment(name)
    except MissingEntry:
        raise Problem(
            f"The gradebook has no assignment {name}: run `nbgrader generate_assignment {name}`, "
            f"then `nbgrader autograde {name}`."
        ) from None


@dataclass(frozen=True)
class Totals:
    """What the gradebook says of a class in one assignment.

    Attributes:
        assignment: its name.
        points: those of each submission, without those taken off for being late.
        most: the points of the assignment.
        waiting: how many submissions wait for a person.
    """

    assignment: str
    points: tuple[float, ...]
    most: float
    waiting: int


def totals(gradebook: Gradebook, name: str) -> Totals:
    """What the gradebook says of a class in the assignment of this name.

    A student who was only given more time has a row, but has not handed in anything.
    """
    columns = (
        SubmittedAssignment.score,
        SubmittedAssignment.late_submission_penalty,
        SubmittedAssignment.needs_manual_grade,
    )
    is_graded = exists().where(
        SubmittedNotebook.assignment_id == SubmittedAssignment.id,
        Grade.notebook_id == SubmittedNotebook.id,
        or_(Grade.auto_score.is_not(None), Grade.manual_score.is_not(None)),
    )
    is_handed_in = or_(
        SubmittedAssignment.extension.is_(None),
        SubmittedAssignment.timestamp.is_not(None),
        is_graded,
    )
    query = gradebook.db.query(*columns).join(Assignment)
    rows = query.filter(Assignment.name == name, is_handed_in).all()
    points = tuple(max(0.0, score - penalty) for score, penalty, _ in rows)
    return Totals(name, points, assignment(gradebook, name).max_score, sum(row[2] for row in rows))


def damaged(course: CourseDirectory, error: DatabaseError) -> Problem:
    """The problem of a gradebook that cannot be used."""
    url = make_url(course.db_url)
    name = url.database if url.drivername == "sqlite" else url.render_as_string()
    return Problem(
        f"The gradebook {name} cannot be used ({error.orig}): close the program that has it open, "
        "or put back an intact copy. Only if there is none, move it away, and generate and "
        "autograde every assignment again: what was graded by hand is lost then."
    )


def require_alembic() -> None:
    """Make sure that `alembic` is there, with which nbgrader updates the gradebook's tables.

    Raises:
        Problem: it is not on PATH.
    """
    if shutil.which("alembic") is None:
        raise Problem(
            "nbgrader needs the program `alembic`, which is not on PATH: activate the environment "
            "in which nbgrader is installed, or run `pip install alembic` there."
        )
