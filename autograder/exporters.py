"""Plug-ins of `nbgrader export`: its own table of grades, and what Canvas and Moodle import.

No cell is a formula to a spreadsheet, whatever a student is called, see `text.csv_cell`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from nbgrader.api import Gradebook
from nbgrader.plugins import ExportPlugin
from traitlets import Bool, Enum

from autograder.text import csv_cell


class CsvExport(ExportPlugin):
    """nbgrader's own table, with its columns, in which commas and formulas are only text."""

    columns = (
        "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email",
        "raw_score", "late_submission_penalty", "score", "max_score",
    )  # fmt: skip

    def export(self, gradebook: Gradebook) -> None:
        path = self.to or "grades.csv"
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(self.columns)
            for row in self._rows(gradebook):
                writer.writerow("" if cell is None else csv_cell(cell) for cell in row)
        self.log.info("Exported grades to %s", path)

    def _rows(self, gradebook: Gradebook) -> Iterator[tuple[Any, ...]]:
        students = [one for one in gradebook.students if _is_wanted(one.id, self.student)]
        for assignment in gradebook.assignments:
            if not _is_wanted(assignment.name, self.assignment):
                continue
            handed_in = {
                one.student.id: one for one in gradebook.assignment_submissions(assignment.name)
            }
            for student in students:
                one = handed_in.get(student.id)
                score, penalty = (one.score, one.late_submission_penalty) if one else (0.0, 0.0)
                yield (
                    assignment.name, assignment.duedate, one and one.timestamp, student.id,
                    student.last_name, student.first_name, student.email,
                    score, penalty, max(0.0, score - (penalty or 0.0)), assignment.max_score,
                )  # fmt: skip


class GradesExport(ExportPlugin):
    """A file with a line for each student and a column for each assignment.

    A score that waits for a person, because an answer was written in words or the grader failed, is
    not a score yet, and stays out.
    """

    unfinished = Bool(
        False, help="Export scores that wait for a person too, without what has no points yet."
    ).tag(config=True)
    nothing = ""
    """What stands where there is no score."""
    usual_name = "grades.csv"

    def export(self, gradebook: Gradebook) -> None:
        path = self.to or self.usual_name
        assignments = [
            one for one in gradebook.assignments if _is_wanted(one.name, self.assignment)
        ]
        known = sorted(gradebook.students, key=lambda one: one.id)
        students = [one for one in known if _is_wanted(one.id, self.student)]
        scores = {one.name: self._scores(gradebook, one.name) for one in assignments}
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerows(map(csv_cell, row) for row in self.head(assignments))
            for student in students:
                points = [scores[one.name].get(student.id, self.nothing) for one in assignments]
                writer.writerow([*map(csv_cell, self.person(student)), *points])
        self.log.info("Exported %d students to %s", len(students), path)

    def _scores(self, gradebook: Gradebook, assignment: str) -> dict[str, str]:
        scores, waiting = {}, 0
        for one in gradebook.assignment_submissions(assignment):
            if one.needs_manual_grade and not self.unfinished:
                waiting += 1
                continue
            points = max(0.0, one.score - (one.late_submission_penalty or 0.0))
            scores[one.student.id] = f"{points:.4f}".rstrip("0").rstrip(".")
        if waiting:
            self.log.warning(
                "%s: %d submissions wait for a person and are left out; "
                "--%s.unfinished=True exports what they have so far.",
                assignment,
                waiting,
                type(self).__name__,
            )
        return scores

    def head(self, assignments: list[Any]) -> Iterator[list[str]]:
        """The lines before the students'."""
        raise NotImplementedError

    def person(self, student: Any) -> list[str]:
        """What a student's line begins with."""
        raise NotImplementedError


class CanvasExport(GradesExport):
    """The file that Canvas imports in its gradebook.

    Canvas demands `Student` and `ID` first, then `SIS User ID` and `SIS Login ID`, then `Section`;
    each column after these is an assignment, and a line named `Points Possible` says out of how
    many points it is. It finds a student by `ID`, its own number, or by either of the SIS columns.
    """

    usual_name = "canvas.csv"
    identifies = Enum(
        ["ID", "SIS User ID", "SIS Login ID"],
        "SIS Login ID",
        help="Which of Canvas's columns nbgrader's student ids are.",
    ).tag(config=True)

    def head(self, assignments: list[Any]) -> Iterator[list[str]]:
        columns = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
        yield columns + [one.name for one in assignments]
        yield ["Points Possible", "", "", "", ""] + [f"{one.max_score:g}" for one in assignments]

    def person(self, student: Any) -> list[str]:
        named = [one for one in (student.last_name, student.first_name) if one]
        columns = ("ID", "SIS User ID", "SIS Login ID")
        ids = [student.id if column == self.identifies else "" for column in columns]
        return [", ".join(named) or student.id, *ids, ""]


class MoodleExport(GradesExport):
    """The file that Moodle imports as grades; one then maps `Username`, or the address, to a user.

    A dash is Moodle's own sign for no grade; an empty field would become one.
    """

    usual_name = "moodle.csv"
    nothing = "-"

    def head(self, assignments: list[Any]) -> Iterator[list[str]]:
        columns = ["Username", "First name", "Last name", "Email address"]
        yield columns + [one.name for one in assignments]

    def person(self, student: Any) -> list[str]:
        known = (student.id, student.first_name, student.last_name, student.email)
        return [one or "" for one in known]


def _is_wanted(name: str, chosen: list[Any]) -> bool:
    return not chosen or name in map(str, chosen)
