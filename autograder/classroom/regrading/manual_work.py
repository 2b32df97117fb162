"""What a person did in the gradebook stays when an assignment is graded again.

nbgrader ties points and comments to the name of a cell. It refuses to add or remove cells once
something was handed in, and asks a person to look again at everything that was graded by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader import utils

from autograder.classroom.regrading import scores
from autograder.classroom.regrading.gradebook_changes import Rows
from autograder.classroom.regrading.scores import CellName, Scores
from autograder.problem import Problem

Cell = tuple[str, str, str]
"""A notebook, nbgrader's name of a cell in it, and the kind of row that the gradebook has of it."""
KINDS: Mapping[str, Callable[[NotebookNode], bool]] = {
    "GradeCell": utils.is_grade,
    "SolutionCell": utils.is_solution,
    "TaskCell": utils.is_task,
    "SourceCell": lambda cell: True,
}


def without_removed_cells(rows: Rows, assignment: str, folder: Path) -> Rows:
    """The rows of a gradebook, without the cells that the assignment does not have any more.

    Args:
        rows: of the gradebook.
        assignment: its name.
        folder: the source notebooks as they are now.

    Raises:
        Problem: a cell is new, or a person has graded what is removed.
    """
    if not any(student.cells for student in scores.of_class(rows, assignment).values()):
        return rows  # without submissions, nbgrader replaces all cells
    known, now = dict(_known(rows, assignment)), set(_in_sources(folder))
    if added := sorted({shown(name) for _, name, _ in now - set(known.values())}):
        raise Problem(
            f"{', '.join(added)} cannot be added to {assignment}, because submissions "
            "without it are in the gradebook. Put it into another assignment; if you have renamed "
            "an exercise, give it its former name again."
        )
    gone = {key: cell for key, cell in known.items() if cell not in now}
    for table, columns in _BY_HAND.items():
        for row in rows[table].values():
            if row["cell_id"] in gone and any(row[column] not in (None, "") for column in columns):
                notebook = rows["submitted_notebook"][row["notebook_id"]]
                submission = rows["submitted_assignment"][notebook["assignment_id"]]
                name = shown(gone[row["cell_id"]][1])
                raise Problem(
                    f"{name} was removed from {assignment}, but {submission['student_id']} has "
                    "points or a comment by hand there, which would be lost: put it back, or "
                    "delete them in the formgrader first."
                )
    return {
        name: {
            key: row
            for key, row in table.items()
            if key not in gone and row.get("cell_id") not in gone
        }
        for name, table in rows.items()
    }


_BY_HAND = {"grade": ("manual_score", "extra_credit"), "comment": ("manual_comment",)}


def _known(rows: Rows, assignment: str) -> Iterator[tuple[str, Cell]]:
    """The cells that the gradebook has, by the ids of their rows."""
    (wanted,) = (key for key, row in rows["assignment"].items() if row["name"] == assignment)
    notebooks = {
        key: row["name"] for key, row in rows["notebook"].items() if row["assignment_id"] == wanted
    }
    for table in ("base_cell", "source_cell"):
        for key, row in rows[table].items():
            if row["notebook_id"] in notebooks:
                kind = row.get("type", "SourceCell")
                yield key, (notebooks[row["notebook_id"]], row["name"], kind)


def _in_sources(folder: Path) -> Iterator[Cell]:
    """The cells of which nbgrader makes rows."""
    for path in folder.glob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            kinds = [kind for kind, has in KINDS.items() if has(cell)]
            if len(kinds) > 1 or utils.is_locked(cell):
                yield from ((path.stem, cell.metadata.nbgrader["grade_id"], kind) for kind in kinds)


def keep_reviews(
    rows: Rows,
    before: Mapping[str, Scores],
    after: Mapping[str, Scores],
    same: Set[tuple[str, CellName]],
) -> Rows:
    """The rows after a grading; a person need not look again at what is as they graded it.

    Args:
        rows: of the gradebook, afterwards.
        before: the points of each student before.
        after: those afterwards.
        same: the cells of students whose answer is as it was.
    """
    kept = {
        score.grade
        for student, scores_after in after.items()
        for name, score in scores_after.cells.items()
        if (student, name) in same
        and student in before
        and before[student].cells.get(name) == replace(score, waits=False)
    }
    grades = {
        key: {**row, "needs_manual_grade": False} if key in kept else row
        for key, row in rows["grade"].items()
    }
    return {**rows, "grade": grades}


def shown(name: str) -> str:
    """The name of a cell as authors know it."""
    return name.removeprefix("check-").removeprefix("written-")
