"""Patches of nbgrader 0.9.6, for what its configuration cannot change.

- It reads a student's folder as a glob pattern, so that the work of a student called `[abc]*` is
  neither graded nor returned.
- It copies what is handed in as it is, links and pipes too, and fails at a date that it cannot
  read: `intake.py` makes a clean copy first.
- It opens the gradebook for every step of every submission, which costs more than the steps.
- Its `Autograde` has no hook at the end of a run, where a class is summed up, and none that tells
  how far it has come.
- It reads the zone of `2027-03-01 18:00 +0100` as 100 seconds.
- It fails at a student with an extension if the assignment has lost its due date.
- It releases feedback to nobody if one file of the class did not come through its exchange.
"""

from __future__ import annotations

import functools
import glob
import os
import re
import sys
from typing import Any

from nbgrader import utils
from nbgrader.api import SubmittedAssignment
from nbgrader.converters import autograde
from nbgrader.converters.autograde import Autograde
from nbgrader.converters.base import BaseConverter, NbGraderException
from nbgrader.exchange.default import ExchangeReleaseFeedback
from nbgrader.preprocessors import latesubmissions

FROM_EXCHANGE = ("timestamp.txt", "submission_secret.txt")
"""The files that a submission through nbgrader's exchange has, and feedback on it too."""


def install() -> None:
    """Patch nbgrader in this process, once."""
    if not hasattr(Autograde.start, "__wrapped__"):
        BaseConverter.init_notebooks = _init_notebooks(BaseConverter.init_notebooks)
        Autograde.start = _start(Autograde.start)
        Autograde.convert_notebooks = _convert_notebooks(Autograde.convert_notebooks)
        Autograde.init_assignment = _init_assignment(Autograde.init_assignment)
        Autograde.write_single_notebook = _write_single_notebook(Autograde.write_single_notebook)
        Autograde.set_permissions = _set_permissions(Autograde.set_permissions)
        SubmittedAssignment.duedate = _duedate(SubmittedAssignment.duedate)
        stock, patched = utils.parse_utc, _parse_utc(utils.parse_utc)
        for name, module in list(sys.modules.items()):
            if name.startswith("nbgrader") and getattr(module, "parse_utc", None) is stock:
                setattr(module, "parse_utc", patched)  # noqa: B010  (mypy knows no such attribute)
        ExchangeReleaseFeedback.copy_files = _copy_feedback(ExchangeReleaseFeedback.copy_files)


def folders(course: Any, step: str) -> list[str]:
    """The folders of the students that were asked for; an existing `[abc]*` is not a pattern.

    Args:
        course: nbgrader's `CourseDirectory`.
        step: one of its folders, such as `submitted`.
    """
    path = course.format_path(step, course.student_id, course.assignment_id)
    if os.path.lexists(path):
        return [path]
    return sorted(glob.glob(path, include_hidden=True))


def _init_notebooks(stock: Any) -> Any:
    @functools.wraps(stock)
    def init_notebooks(self: Any) -> None:
        course = self.coursedir
        notebooks = {
            folder: glob.glob(os.path.join(glob.escape(folder), f"{course.notebook_id}.ipynb"))
            for folder in folders(course, self._input_directory)
        }
        if not any(notebooks.values()):
            stock(self)  # it reports that there is nothing
            return
        self.notebooks = []
        self.assignments = {folder: paths for folder, paths in notebooks.items() if paths}

    return init_notebooks


def _start(stock: Any) -> Any:
    @functools.wraps(stock)
    def start(self: Any) -> None:
        # Imported late, because every command of nbgrader imports this file.
        from autograder.classroom import gradebook
        from autograder.classroom.formgrader.progress import Watched
        from autograder.classroom.intake import Intake

        autograde.Gradebook = latesubmissions.Gradebook = gradebook.of_run
        with Intake(self) as self.intake, gradebook.kept_open():
            self.watched = Watched(self)
            with self.watched.until_the_end():
                stock(self)
        if self.intake.refused:
            raise NbGraderException(self.intake.refused[0])

    return start


def _convert_notebooks(stock: Any) -> Any:
    @functools.wraps(stock)
    def convert_notebooks(self: Any) -> None:
        from autograder.classroom.submission import due

        try:
            self.watched.expect(len({student for (student, _), _ in due(self)}))
            stock(self)
        finally:
            self.exporter.sum_up()

    return convert_notebooks


def _init_assignment(stock: Any) -> Any:
    @functools.wraps(stock)
    def init_assignment(self: Any, assignment_id: str, student_id: str) -> None:
        self.watched.starts(student_id)
        with self.intake.files_of(student_id):
            stock(self, assignment_id, student_id)

    return init_assignment


def _parse_utc(stock: Any) -> Any:
    @functools.wraps(stock)
    def parse_utc(date: Any) -> Any:
        if isinstance(date, str):
            date = re.sub(r"\s+(?=[+-]\d\d:?\d\d$)", "", date.strip())
        return stock(date)

    return parse_utc


def _duedate(stock: Any) -> Any:
    @functools.wraps(stock.fget)
    def duedate(self: Any) -> Any:
        return None if self.assignment.duedate is None else stock.fget(self)

    return property(duedate)


def _copy_feedback(stock: Any) -> Any:
    @functools.wraps(stock)
    def copy_files(self: Any) -> None:
        course = self.coursedir
        known = course.student_id_exclude
        pattern = course.format_path(
            course.feedback_directory, "(?P<student>.*)", course.assignment_id, escape=True
        )
        left_out = [
            found["student"]
            for folder in folders(course, course.feedback_directory)
            if not all(os.path.isfile(os.path.join(folder, name)) for name in FROM_EXCHANGE)
            and (found := re.fullmatch(pattern, folder))
        ]
        course.student_id_exclude = ",".join(filter(None, [known, *left_out]))
        try:
            stock(self)
        finally:
            course.student_id_exclude = known
        if left_out:
            self.log.warning(
                "Not released, because these students did not submit through the exchange: %s. "
                "Give them their files from %s yourself.",
                ", ".join(left_out),
                course.feedback_directory,
            )

    return copy_files


def _write_single_notebook(stock: Any) -> Any:
    @functools.wraps(stock)
    def write_single_notebook(self: Any, output: str, resources: Any) -> None:
        stock(self, output, resources)
        self.watched.judged(resources)

    return write_single_notebook


def _set_permissions(stock: Any) -> Any:
    @functools.wraps(stock)
    def set_permissions(self: Any, assignment_id: str, student_id: str) -> None:
        stock(self, assignment_id, student_id)
        self.watched.ends()  # this is the last step for a student

    return set_permissions
