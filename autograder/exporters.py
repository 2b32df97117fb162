"""Plug-ins of `nbgrader export`: its own table of grades, and files for Canvas and Moodle.

A spreadsheet never reads a cell as a formula, whatever a student's name is, see `text.csv_cell`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from nbgrader.api import Gradebook
from nbgrader.plugins import ExportPlugin
from traitlets import Bool, Dict, Enum, Unicode

from autograder.classroom.extension import is_only_extended
from autograder.text import csv_cell


class CsvExport(ExportPlugin):
    """nbgrader's table with the same columns, but commas and formulas are only text."""

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
        students = [
            student for student in gradebook.students if _is_wanted(student.id, self.student)
        ]
        for assignment in gradebook.assignments:
            if not _is_wanted(assignment.name, self.assignment):
                continue
            submissions = {
                submission.student.id: submission
                for submission in gradebook.assignment_submissions(assignment.name)
            }
            for student in students:
                submission = submissions.get(student.id)
                score = submission.score if submission else 0.0
                penalty = submission.late_submission_penalty if submission else 0.0
                yield (
                    assignment.name, assignment.duedate, submission and submission.timestamp,
                    student.id, student.last_name, student.first_name, student.email,
                    score, penalty, max(0.0, score - (penalty or 0.0)), assignment.max_score,
                )  # fmt: skip


class GradesExport(ExportPlugin):
    """A file with a line for each student and a column for each assignment.

    A submission that waits for a person has no final score and is left out. A person has to grade
    it if an answer was written in words or the grader failed.
    """

    unfinished = Bool(
        False, help="Also export scores that are not final, because a person has to grade more."
    ).tag(config=True)
    columns = Dict(
        value_trait=Unicode(),
        key_trait=Unicode(),
        help='What an assignment is called on the platform, as in {"02_newton": "newton (4711)"}.',
    ).tag(config=True)
    no_score = ""
    """The content of a cell without a score."""
    default_name = "grades.csv"

    def export(self, gradebook: Gradebook) -> None:
        path = self.to or self.default_name
        assignments = [
            assignment
            for assignment in gradebook.assignments
            if _is_wanted(assignment.name, self.assignment)
        ]
        students = self.students(gradebook)
        scores = [self._scores(gradebook, assignment.name) for assignment in assignments]
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            titles = [self.columns.get(one.name, one.name) for one in assignments]
            most = [f"{one.max_score:g}" for one in assignments]
            writer.writerows(map(csv_cell, row) for row in self.head(titles, most))
            for student in students:
                points = [by_student.get(student.id, self.no_score) for by_student in scores]
                writer.writerow([*map(csv_cell, self.person(student)), *points])
        self.log.info("Exported %d students to %s", len(students), path)

    def students(self, gradebook: Gradebook) -> list[Any]:
        """The students to export, by their ids."""
        wanted = [one for one in gradebook.students if _is_wanted(one.id, self.student)]
        return sorted(wanted, key=lambda student: student.id)

    def _scores(self, gradebook: Gradebook, assignment: str) -> dict[str, str]:
        scores, waiting = {}, 0
        for submission in gradebook.assignment_submissions(assignment):
            if is_only_extended(submission):
                continue
            if submission.needs_manual_grade and not self.unfinished:
                waiting += 1
                continue
            points = max(0.0, submission.score - (submission.late_submission_penalty or 0.0))
            scores[submission.student.id] = f"{points:.4f}".rstrip("0").rstrip(".")
        if waiting:
            self.log.warning(
                "%s: %s for a person, without a score here; "
                "--%s.unfinished=True exports the points so far.",
                assignment,
                "1 submission waits" if waiting == 1 else f"{waiting} submissions wait",
                type(self).__name__,
            )
        return scores

    def head(self, titles: list[str], most: list[str]) -> Iterator[list[str]]:
        """The lines before those of the students.

        Args:
            titles: the columns of the assignments.
            most: the highest score of each assignment.
        """
        raise NotImplementedError

    def person(self, student: Any) -> list[str]:
        """The first cells of a student's line."""
        raise NotImplementedError


class CanvasExport(GradesExport):
    """The file that Canvas imports in its gradebook.

    Canvas requires `Student` and `ID` first, then `SIS User ID` and `SIS Login ID`, then `Section`.
    Each column after these is an assignment; the line `Points Possible` has its highest score.
    Canvas finds a student by `ID`, its own number, which `autograder roster` has put into the
    gradebook, or by one of the SIS columns. A column called `newton (4711)` goes to Canvas's
    assignment 4711; other columns go to an assignment of their name, or make a new one.
    """

    default_name = "canvas.csv"
    identifies = Enum(
        ["ID", "SIS User ID", "SIS Login ID"],
        "SIS Login ID",
        help="Which of Canvas's columns nbgrader's student ids are.",
    ).tag(config=True)

    def head(self, titles: list[str], most: list[str]) -> Iterator[list[str]]:
        yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *titles]
        yield ["Points Possible", "", "", "", "", *most]

    def person(self, student: Any) -> list[str]:
        names = [name for name in (student.last_name, student.first_name) if name]
        ids = {"ID": student.lms_user_id or "", "SIS User ID": "", "SIS Login ID": ""}
        ids[self.identifies] = student.id
        return [", ".join(names) or student.id, *ids.values(), ""]


class MoodleExport(GradesExport):
    """The file that Moodle imports as grades; there, map the first column to the user.

    Moodle reads a dash as no grade. If a line has nothing in the column that is mapped to the user,
    Moodle gives its grades to the user of the line above. So the first column is never empty, and
    addresses are only there if every student has one.
    """

    default_name = "moodle.csv"
    no_score = "-"
    identifies = Enum(
        ["Username", "ID number", "Email address"],
        "Username",
        help="Which of Moodle's columns nbgrader's student ids are.",
    ).tag(config=True)

    def export(self, gradebook: Gradebook) -> None:
        self.with_addresses = self.identifies != "Email address" and all(
            student.email for student in self.students(gradebook)
        )
        super().export(gradebook)

    def head(self, titles: list[str], most: list[str]) -> Iterator[list[str]]:
        addresses = ["Email address"] if self.with_addresses else []
        yield [self.identifies, "First name", "Last name", *addresses, *titles]

    def person(self, student: Any) -> list[str]:
        addresses = [student.email] if self.with_addresses else []
        return [student.id, student.first_name or "", student.last_name or "", *addresses]


def _is_wanted(name: str, chosen: list[Any]) -> bool:
    return not chosen or name in map(str, chosen)
