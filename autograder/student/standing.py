"""How far a student is: what is done, what comes next, and how many minutes are left."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup
from rich.table import Table

from autograder.markup import html, joined, prose
from autograder.student.outline import Module
from autograder.student.progress import Progress

BAR = 10
FINISHED = "You have finished the course: every lesson is read and every exercise has passed."


@dataclass(frozen=True)
class Row:
    """One module.

    Attributes:
        module: the module.
        read: whether the lesson counts as read; it does when all its exercises have passed.
        passed: how many of its exercises have passed.
        minutes: how many minutes are left in it.
    """

    module: Module
    read: bool
    passed: int
    minutes: int

    @property
    def lesson(self) -> str:
        """Whether the lesson was read, in words; empty where the module has none."""
        if not self.module.lesson:
            return ""
        return "✓ read" if self.read else "· to read"

    @property
    def finished(self) -> bool:
        return self.read and self.passed == len(self.module.tasks)

    @property
    def title(self) -> str:
        number = re.match(r"\d+", self.module.name)
        return f"{int(number[0])} · {self.module.title}" if number else self.module.title

    @property
    def bar(self) -> str:
        """Ten squares, filled in proportion to the exercises that have passed."""
        full = BAR * self.passed // max(1, len(self.module.tasks))
        return "■" * full + "□" * (BAR - full)

    @property
    def count(self) -> str:
        return f"{self.passed} of {len(self.module.tasks)}"


@dataclass(frozen=True)
class Step:
    """Where to go on.

    Attributes:
        words: what it is, in words.
        path: the path of the notebook in the course's folder.
        cell: the id of the cell to start at; empty for the top.
        minutes: how long it takes.
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
        """How many minutes are left in the course."""
        return sum(row.minutes for row in self.rows)


def standing(progress: Progress, modules: Sequence[Module]) -> Standing:
    """How far a student with this progress is."""
    rows = tuple(_row(progress, module) for module in modules)
    # The module in which the student worked last comes before the others.
    unfinished = sorted(
        (row for row in rows if not row.finished), key=lambda row: row.module.name != progress.last
    )
    return Standing(rows, _step(progress, unfinished[0]) if unfinished else None)


def _row(progress: Progress, module: Module) -> Row:
    left = [task.minutes for task in module.tasks if not progress.of(task.name).passed]
    read = module.name in progress.lessons or not (left and module.lesson)
    return Row(
        module, read, len(module.tasks) - len(left), sum(left) + (0 if read else module.minutes)
    )


def _step(progress: Progress, row: Row) -> Step:
    module = row.module
    begun = any(task.name in progress.exercises for task in module.tasks)
    if not row.read and not begun:
        return Step(f"lesson {row.title}", module.lesson, "", module.minutes)
    task = next(task for task in module.tasks if not progress.of(task.name).passed)
    words = f"exercise {task.title} (in {module.name})"
    return Step(words, module.exercises, task.name, task.minutes)


def sentence(now: Standing) -> str:
    """The next step, in words."""
    if now.next is None:
        return FINISHED
    return (
        f"Next: {now.next.words}, about {now.next.minutes} min. In all about {_time(now.minutes)} "
        "are left."
    )


def table(now: Standing) -> Table:
    """The modules as a table for a terminal."""
    modules = Table("module", "lesson", "exercises", "", "minutes left")
    modules.columns[4].justify = "right"
    for row in now.rows:
        minutes = "finished" if row.finished else str(row.minutes)
        modules.add_row(row.module.name, row.lesson, f"[blue]{row.bar}[/]", row.count, minutes)
    return modules


def page(now: Standing) -> str:
    """The same as HTML with links, for a notebook in the working folder."""
    rows = [
        html(
            "<tr>{cells}</tr>",
            cells=joined(
                html('<td style="text-align:left">{cell}</td>', cell=cell)
                for cell in (
                    _link(row.module.lesson or row.module.exercises, row.title),
                    row.lesson,
                    _link(row.module.exercises, "exercises"),
                    html('<span aria-hidden="true">{r.bar}</span> {r.count}', r=row),
                    "✓ finished" if row.finished else f"{row.minutes} min left",
                )
            ),
        )
        for row in now.rows
    ]
    heads = joined(
        html('<th style="text-align:left">{words}</th>', words=words)
        for words in ("module", "lesson", "", "passed", "")
    )
    step = now.next
    message: str = FINISHED
    if step is not None:
        message = html(
            "<b>Go on here</b>: {link}, about {step.minutes} min. In all about {time} are left.",
            link=_link(step.path + (f"#cell-id={step.cell}" if step.cell else ""), step.words),
            step=step,
            time=_time(now.minutes),
        )
    content = html(
        "<p>{message}</p><table><tr>{heads}</tr>{rows}</table>",
        message=message,
        heads=heads,
        rows=joined(rows),
    )
    return str(content)


def href(path: str) -> str:
    """The relative path from the working folder to a file of the course's folder."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / path).exists():
            return Path(os.path.relpath(folder / path, here)).as_posix()
    return f"../{path}"


def _link(path: str, words: str) -> Markup:
    return html('<a href="{target}">{words}</a>', target=href(path), words=prose(words))


def _time(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02} min" if hours else f"{rest} min"
