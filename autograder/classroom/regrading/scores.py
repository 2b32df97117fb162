"""The points of a class in one assignment, from the rows of a gradebook."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from autograder.classroom.regrading.gradebook_changes import Rows

CellName = tuple[str, str]
"""A notebook, and nbgrader's name of a cell in it."""


@dataclass(frozen=True)
class Score:
    """The points of one cell.

    Attributes:
        grade: the id of nbgrader's row.
        most: the points of the cell.
        automatic: what the autograder gave.
        manual: what a person gave.
        extra: what a person gave in addition.
        waits: whether a person has to look at it.
    """

    grade: str
    most: float
    automatic: float | None
    manual: float | None
    extra: float | None
    waits: bool

    @property
    def points(self) -> float:
        """The points that count."""
        given = self.automatic if self.manual is None else self.manual
        return (given or 0.0) + (self.extra or 0.0)


@dataclass(frozen=True)
class Scores:
    """The points of a student.

    Attributes:
        cells: the graded cells of the submission.
        penalty: what is taken off because the submission is late.
    """

    cells: Mapping[CellName, Score]
    penalty: float

    @property
    def points(self) -> float:
        return max(0.0, sum(score.points for score in self.cells.values()) - self.penalty)


def of_class(rows: Rows, assignment: str) -> dict[str, Scores]:
    """The points of each student who has a row in the gradebook, even without a grade."""
    of_assignment = _ids(rows["assignment"], name={assignment})
    notebooks = _ids(rows["notebook"], assignment_id=of_assignment)
    names = {
        key: (rows["notebook"][cell["notebook_id"]]["name"], cell["name"])
        for key, cell in rows["base_cell"].items()
        if cell["notebook_id"] in notebooks
    }
    points = {**rows["grade_cells"], **rows["task_cells"]}
    by_notebook: dict[str, dict[CellName, Score]] = {}
    for key, row in rows["grade"].items():
        if row["cell_id"] in names:
            by_notebook.setdefault(row["notebook_id"], {})[names[row["cell_id"]]] = Score(
                key,
                points[row["cell_id"]]["max_score"],
                row["auto_score"],
                row["manual_score"],
                row["extra_credit"],
                row["needs_manual_grade"],
            )
    cells: dict[str, dict[CellName, Score]] = {}
    penalties: dict[str, float] = {}
    for key in _ids(rows["submitted_notebook"], notebook_id=notebooks):
        row = rows["submitted_notebook"][key]
        submission = row["assignment_id"]
        cells.setdefault(submission, {}).update(by_notebook.get(key, {}))
        penalty = row["late_submission_penalty"] or 0.0
        penalties[submission] = penalties.get(submission, 0.0) + penalty
    return {
        rows["submitted_assignment"][key]["student_id"]: Scores(
            cells.get(key, {}), penalties.get(key, 0.0)
        )
        for key in _ids(rows["submitted_assignment"], assignment_id=of_assignment)
    }


def most(rows: Rows, assignment: str) -> float:
    """The points of the assignment."""
    notebooks = _ids(rows["notebook"], assignment_id=_ids(rows["assignment"], name={assignment}))
    cells = _ids(rows["base_cell"], notebook_id=notebooks)
    graded = {**rows["grade_cells"], **rows["task_cells"]}
    return sum(float(graded[key]["max_score"]) for key in cells if key in graded)


def _ids(table: Mapping[str, Mapping[str, Any]], **wanted: Set[str]) -> set[str]:
    """The ids of the rows whose column has one of these values."""
    ((column, values),) = wanted.items()
    return {key for key, row in table.items() if row[column] in values}
