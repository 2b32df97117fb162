"""How far a student is: what is done, what is next, and the minutes that are left."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from rich.table import Table

from autograder.student.progress import Progress
from autograder.student.syllabus import Module

BAR = 10
FINISHED = (
    "You have finished the course: every lesson is read and every exercise has passed. The end of "
    "lesson 9 says where to go from here."
)


@dataclass(frozen=True)
class Row:
    """One module.

    Attributes:
        read: whether the lesson counts as read; it does when all its exercises have passed.
        passed: how many exercises have.
        minutes: that are left in it.
    """

    module: Module
    read: bool
    passed: int
    minutes: int

    @property
    def finished(self) -> bool:
        return self.read and self.passed == len(self.module.tasks)

    @property
    def title(self) -> str:
        return f"{int(self.module.name[:2])} · {self.module.title}"

    @property
    def bar(self) -> str:
        """The exercises as ten squares, full ones for those that have passed."""
        full = BAR * self.passed // len(self.module.tasks)
        return "■" * full + "□" * (BAR - full)

    @property
    def count(self) -> str:
        return f"{self.passed} of {len(self.module.tasks)}"


@dataclass(frozen=True)
class Step:
    """Where to go on.

    Attributes:
        words: what it is.
        path: of the notebook in the course's folder.
        cell: the id of the cell to start at; empty for the top.
        minutes: that it takes.
    """

    words: str
    path: str
    cell: str
    minutes: int


@dataclass(frozen=True)
class Standing:
    """The modules, and the next step; None when everything is done."""

    rows: tuple[Row, ...]
    next: Step | None

    @property
    def minutes(self) -> int:
        """What is left of the course."""
        return sum(row.minutes for row in self.rows)


def standing(progress: Progress, modules: Sequence[Module]) -> Standing:
    """How far somebody is who has done this much."""
    rows = tuple(_row(progress, module) for module in modules)
    # First the module that was worked in last, then the first that is not finished.
    open_ones = sorted(
        (row for row in rows if not row.finished), key=lambda row: row.module.name != progress.last
    )
    return Standing(rows, _step(progress, open_ones[0]) if open_ones else None)


def _row(progress: Progress, module: Module) -> Row:
    left = [task.minutes for task in module.tasks if not progress.of(task.name).passed]
    read = module.name in progress.lessons or not left
    return Row(
        module, read, len(module.tasks) - len(left), sum(left) + (0 if read else module.minutes)
    )


def _step(progress: Progress, row: Row) -> Step:
    module = row.module
    begun = any(task.name in progress.exercises for task in module.tasks)
    if not row.read and not begun:
        return Step(f"lesson {row.title}", module.lesson_path, "", module.minutes)
    task = next(task for task in module.tasks if not progress.of(task.name).passed)
    words = f"exercise {task.title} (in {module.name})"
    return Step(words, module.exercises_path, task.name, task.minutes)


def sentence(now: Standing) -> str:
    """What is next, in words."""
    if now.next is None:
        return FINISHED
    return (
        f"Next: {now.next.words}, about {now.next.minutes} min. In all about {_time(now.minutes)} "
        "are left."
    )


def table(now: Standing) -> Table:
    """The modules as a table for a terminal."""
    made = Table("module", "lesson", "exercises", "", "minutes left")
    made.columns[4].justify = "right"
    for row in now.rows:
        minutes = "finished" if row.finished else str(row.minutes)
        lesson = "✓ read" if row.read else "· to read"
        made.add_row(row.module.name, lesson, f"[blue]{row.bar}[/]", row.count, minutes)
    return made


def html(now: Standing) -> str:
    """The same with links, for the notebook of the working folder; it takes the page's colours."""
    rows = [
        f"<tr>{_cell(_link(row.module.lesson_path, row.title))}"
        f"{_cell('✓ read' if row.read else '· to read')}"
        f"{_cell(_link(row.module.exercises_path, 'exercises'))}"
        f'{_cell(f"""<span aria-hidden="true">{row.bar}</span> {row.count}""")}'
        f"{_cell('✓ finished' if row.finished else f'{row.minutes} min left')}</tr>"
        for row in now.rows
    ]
    heads = "".join(
        f'<th style="text-align:left">{words}</th>'
        for words in ("module", "lesson", "", "passed", "")
    )
    step = now.next
    said = FINISHED if step is None else f"In all about {_time(now.minutes)} are left."
    if step is not None:
        link = _link(step.path + (f"#cell-id={step.cell}" if step.cell else ""), step.words)
        said = f"<b>Go on here</b>: {link}, about {step.minutes} min. {said}"
    return f"<p>{said}</p><table><tr>{heads}</tr>{''.join(rows)}</table>"


def href(path: str) -> str:
    """The way from the working folder to a file of the course's folder."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "course" / "start.ipynb").exists():
            return Path(os.path.relpath(folder / path, here)).as_posix()
    return f"../{path}"


def _cell(inner: str) -> str:
    return f'<td style="text-align:left">{inner}</td>'


def _link(path: str, words: str) -> str:
    parts = escape(words).split("`")
    coded = "".join(f"<code>{part}</code>" if n % 2 else part for n, part in enumerate(parts))
    return f'<a href="{escape(href(path))}">{coded}</a>'


def _time(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02} min" if hours else f"{rest} min"
