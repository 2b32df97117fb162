"""What helps to grade a written answer: its rubric, the model answer, and earlier comments.

The rubric is read from the master whenever a page is shown. So it is always the author's latest,
and no release can change or lose it. Which lines were chosen is in the comment itself.
"""

from __future__ import annotations

import functools
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import BaseCell, Comment, Gradebook
from nbgrader.coursedir import CourseDirectory

from autograder.authoring import faults, rubric, tags
from autograder.authoring.rubric import Line, Rubric
from autograder.problem import Problem


@dataclass(frozen=True)
class GradingHelp:
    """What the formgrader shows beside a written answer.

    Attributes:
        answer: the model answer, as Markdown; empty if there is none.
        lines: of the rubric.
        comments: on the answers of other students, without lines of the rubric; the most frequent
            ones are first.
        problem: why the master cannot be read; empty if it can.
    """

    answer: str = ""
    lines: tuple[Line, ...] = ()
    comments: tuple[str, ...] = ()
    problem: str = ""


def of_cell(
    course: CourseDirectory, gradebook: Gradebook, assignment: str, notebook: str, cell: str
) -> GradingHelp:
    """The help for grading one cell of a notebook; a notebook without a master has comments only.

    Args:
        course: nbgrader's folders.
        gradebook: nbgrader's gradebook, with this assignment.
        assignment: the name of the assignment.
        notebook: the name of the notebook.
        cell: nbgrader's name of the cell, such as `written-when_to_vmap`.
    """
    folder = Path(course.root, course.format_path(course.source_directory, ".", assignment))
    path, known, problem = folder / f"{notebook}.py", Rubric(""), ""
    if tags.is_master(path):
        try:
            rubrics = _rubrics(path, path.stat().st_mtime_ns)
            known = rubrics.get(cell.removeprefix("written-"), known)
        except Problem as error:
            problem = str(error)
    return GradingHelp(
        known.answer,
        known.lines,
        _comments(gradebook, assignment, notebook, cell, known.lines),
        problem,
    )


@functools.lru_cache
def _rubrics(path: Path, _time: int) -> dict[str, Rubric]:
    cells, of_cells = faults.read(path)
    return {
        tag["written"]: rubric.read(cell.source)
        for cell, tag in zip(cells, of_cells, strict=True)
        if "written" in tag
    }


def _comments(
    gradebook: Gradebook, assignment: str, notebook: str, cell: str, lines: tuple[Line, ...]
) -> tuple[str, ...]:
    rows = (
        gradebook.db.query(Comment.manual_comment)
        .join(BaseCell, Comment.cell_id == BaseCell.id)
        .filter(BaseCell.name == cell)
        .filter(BaseCell.notebook_id == gradebook.find_notebook(notebook, assignment).id)
        .filter(Comment.manual_comment.isnot(None))
        .order_by(Comment.manual_comment)
    )
    chosen = set(map(str, lines))
    free = Counter(
        "\n".join(line for line in text.splitlines() if line not in chosen).strip()
        for (text,) in rows
    )
    return tuple(text for text, _ in free.most_common() if text)
