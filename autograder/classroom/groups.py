"""Groups the students of a class whose answers are the same program."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbgrader.coursedir import CourseDirectory
from rich.console import Group as Stacked
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from autograder.authoring import configuration
from autograder.classroom import log, page
from autograder.classroom.log import LoggedVerdict, Record
from autograder.judge.verdict import Status
from autograder.markup import html
from autograder.problem import Problem
from autograder.text import printable

SHORT = 8
"""How many letters of a program's hash are the name of its group."""
LOOKED_AT = 5
"""How many answers of a group are read to find its shortest."""


@dataclass(frozen=True)
class Group:
    """The students who answered an exercise with the same program.

    Attributes:
        name: a few letters, the same in every run that judged on the same inputs.
        exercise: the exercise's name.
        notebook: the name of its notebook.
        students: their ids.
        verdict: the one in `verdicts.jsonl`.
        sample: the shortest of a few of their solution cells.
    """

    name: str
    exercise: str
    notebook: str
    students: tuple[str, ...]
    verdict: LoggedVerdict
    sample: str

    @property
    def summary(self) -> str:
        """The verdict in a few words."""
        verdict = self.verdict
        passed = verdict.status is Status.PASSED
        why = verdict.misconception or ("" if passed else verdict.reason)
        return ": ".join(dict.fromkeys(filter(None, (verdict.status, why))))


def groups(root: Path, assignment: str) -> dict[str, list[Group]]:
    """The groups of every exercise, the largest first, from each student's newest verdicts.

    Raises:
        Problem: nothing of the assignment was graded.
    """
    by_program: dict[tuple[str, str], list[Record]] = {}
    for record in log.newest(root, assignment):
        for exercise, verdict in record.verdicts.items():
            program = verdict.program or verdict.status
            by_program.setdefault((exercise, program), []).append(record)
    course = CourseDirectory(config=configuration.read(root), root=str(root))
    sources = functools.cache(_sources)  # a notebook is read for each of its exercises
    by_exercise: dict[str, list[Group]] = {}
    for (exercise, program), records in by_program.items():
        students = tuple(record.student for record in records)
        notebook, verdict = records[0].notebook, records[0].verdicts[exercise]
        folders = [
            Path(course.format_path(course.autograded_directory, student, assignment))
            for student in students[:LOOKED_AT]
        ]
        notebooks = [sources(folder / f"{notebook}.ipynb") for folder in folders]
        sample = _shortest(notebooks, exercise)
        group = Group(program[:SHORT], exercise, notebook, students, verdict, sample)
        by_exercise.setdefault(exercise, []).append(group)
    return {
        exercise: sorted(listed, key=lambda group: (-len(group.students), group.name))
        for exercise, listed in by_exercise.items()
    }


def _shortest(notebooks: Sequence[Mapping[str, str]], exercise: str) -> str:
    sources = [sources[exercise] for sources in notebooks if exercise in sources]
    return min(sources, key=lambda source: (len(source), source), default="")


def _sources(path: Path) -> dict[str, str]:
    """The sources of nbgrader's cells in a notebook, by their names; none if it is not there."""
    if not path.is_file():
        return {}
    cells = nbformat.read(path, as_version=4).cells
    tagged = [cell for cell in cells if "nbgrader" in cell.metadata]
    return {str(cell.metadata["nbgrader"].get("grade_id")): cell.source for cell in tagged}


def comment(root: Path, assignment: str, exercise: str, name: str, text: str) -> Group:
    """Write a comment to every student of a group, which nbgrader's feedback shows.

    An earlier comment stays above it; the same text is written only once. For example
    `comment(root, "02_newton", "step", "a7ae", "Have a look at §4.")`.

    Args:
        name: of the group, or its first letters.

    Returns:
        The group.

    Raises:
        Problem: there is no such group, or several.
    """
    # Only a comment needs the gradebook, which is slow to import.
    from nbgrader.api import MissingEntry

    from autograder.classroom import gradebook as books

    known = groups(root, assignment)
    if exercise not in known:
        raise Problem(f"{assignment} has no exercise {exercise}: it has {', '.join(known)}.")
    matches = [group for group in known[exercise] if group.name.startswith(name)]
    if len(matches) != 1:
        names = ", ".join(group.name for group in known[exercise])
        raise Problem(
            f"{exercise} has {len(matches)} groups whose name begins with {name}: choose one of "
            f"{names}."
        )
    (group,) = matches
    course = CourseDirectory(config=configuration.read(root), root=str(root))
    with books.opened(course) as gradebook:
        for student in group.students:
            try:
                answer = gradebook.find_comment(exercise, group.notebook, assignment, student)
            except MissingEntry:
                raise Problem(
                    f"The gradebook has no answer of {student} to {exercise}: run "
                    f"`nbgrader autograde {assignment}` first."
                ) from None
            written = answer.manual_comment or ""
            if text not in written.split("\n\n"):
                answer.manual_comment = f"{written}\n\n{text}" if written else text
        gradebook.db.commit()
    return group


def as_tables(by_exercise: dict[str, list[Group]]) -> Stacked:
    """The groups of every exercise, for a terminal."""
    tables = []
    for exercise, listed in by_exercise.items():
        table = Table(title=Text(printable(exercise)), title_justify="left", show_lines=True)
        for head in ("group", "students", "verdict", "for example"):
            table.add_column(head, justify="right" if head == "students" else "left")
        for group in listed:
            sample = printable(group.sample, lines=True)
            code = Syntax(sample, "python", background_color="default", word_wrap=True)
            summary = Text(printable(group.summary))
            table.add_row(Text(printable(group.name)), str(len(group.students)), summary, code)
        tables.append(table)
    return Stacked(*tables)


def write_page(by_exercise: dict[str, list[Group]], assignment: str, path: Path) -> None:
    """Write the groups of every exercise as a page of HTML."""
    parts = []
    for exercise, listed in by_exercise.items():
        rows = [
            [
                html("<code>{name}</code>", name=group.name),
                str(len(group.students)),
                group.summary,
                html("<pre>{sample}</pre>", sample=group.sample),
            ]
            for group in listed
        ]
        noun = "program" if len(listed) == 1 else "programs"
        heading = "<h2>{exercise}</h2><p>{count} distinct {noun}</p>"
        parts.append(html(heading, exercise=exercise, count=len(listed), noun=noun))
        parts.append(page.table(["group", "students", "verdict", "for example"], rows))
    page.write(path, f"{assignment}: what the class wrote", parts)
