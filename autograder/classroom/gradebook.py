"""nbgrader's gradebook, opened so that a file that is damaged or gone is one sentence."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from nbgrader.api import Assignment, Gradebook, MissingEntry
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import DatabaseError

from autograder.problem import Problem


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
        Problem: it has none of this name, as when its file was deleted.
    """
    try:
        return gradebook.find_assignment(name)
    except MissingEntry:
        raise Problem(
            f"The gradebook has no assignment {name}: run `nbgrader generate_assignment {name}`, "
            f"then `nbgrader autograde {name}`."
        ) from None


def damaged(course: CourseDirectory, error: DatabaseError) -> Problem:
    """What to say of a gradebook that cannot be used."""
    url = course.db_url.removeprefix("sqlite:///")
    return Problem(
        f"The gradebook {url} cannot be used ({error.orig}): close what holds it, put back a copy "
        "that is whole, or move it away and generate and autograde the assignment again."
    )


def require_alembic() -> None:
    """Make sure of the program with which nbgrader looks after the gradebook's tables.

    Raises:
        Problem: it is not installed.
    """
    if shutil.which("alembic") is None:
        raise Problem(
            "nbgrader needs the program `alembic`, which is not on PATH: activate the environment "
            "in which nbgrader is installed, or run `pip install alembic` there."
        )
