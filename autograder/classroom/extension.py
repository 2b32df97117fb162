"""Gives a student more time for an assignment. nbgrader can do it, but has no command for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry, SubmittedAssignment
from nbgrader.coursedir import CourseDirectory

from autograder.authoring import configuration
from autograder.classroom import gradebook as books
from autograder.problem import Problem


def extend(root: Path, assignment: str, student: str, more: timedelta) -> datetime:
    """Give a student this much more time, in place of an earlier extension; the new due date.

    nbgrader keeps extensions with submissions. So a student who has not handed in yet gets an empty
    submission, which exports leave out.

    Args:
        root: the course's folder.
        assignment: its name.
        student: the student's id.
        more: the time after the due date; zero takes the extension back.

    Raises:
        Problem: the gradebook has no such student or assignment, or no due date.
    """
    course = CourseDirectory(config=configuration.read(root), root=str(root))
    with books.opened(course) as gradebook:
        due = books.assignment(gradebook, assignment).duedate
        if due is None:
            raise Problem(
                f"{assignment} has no due date in the gradebook: write `due = …` into course.toml "
                f"and run `nbgrader generate_assignment {assignment}`."
            )
        _require_student(gradebook, student)
        submission = gradebook.update_or_create_submission(assignment, student)
        submission.extension = more
        if not more and is_only_extended(submission):
            gradebook.remove_submission(assignment, student)
        gradebook.db.commit()
        extended: datetime = due + more
        return extended.replace(tzinfo=UTC)


def is_only_extended(submission: SubmittedAssignment) -> bool:
    """Whether a submission is there only because the student has more time for it."""
    return (
        submission.extension is not None
        and submission.timestamp is None
        and all(
            grade.auto_score is None and grade.manual_score is None
            for notebook in submission.notebooks
            for grade in notebook.grades
        )
    )


def _require_student(gradebook: Gradebook, student: str) -> None:
    try:
        gradebook.find_student(student)
    except MissingEntry:
        raise Problem(
            f"The gradebook has no student {student}: `nbgrader db student list` shows the ids."
        ) from None
