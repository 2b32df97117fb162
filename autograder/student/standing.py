"""A student's place in the course: what is done, what comes next, how many minutes are left."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup
from rich.console import Console
from rich.table import Table

from autograder.markup import html, joined, prose
from autograder.student import dates, location
from autograder.student.outline import Module
from autograder.student.progress import Progress

BAR = 10
FINISHED = "You have finished the course: every lesson is read and every exercise has passed."


@dataclass(frozen=True)
class Row:
    """One module.

    Attributes:
        module: the module.
        read: whether the lesson counts as read; it also does when all its exercises have passed.
        passed: how many of its exercises have passed.
        predicted: for each prediction that was made in its lesson, whether it was right.
        minutes: how many minutes are left in it.
        due: when its exercises are due, in words; empty for no date.
    """

    module: Module
    read: bool
    passed: int
    predicted: tuple[bool, ...]
    minutes: int
    due: str = ""

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

    @property
    def predictions(self) -> str:
        """How many predictions were made; empty where the lesson records none."""
        if not self.module.predictions:
            return ""
        return f"{len(self.predicted)} of {self.module.predictions}"


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


def standing(progress: Progress, modules: Sequence[Module], left: bool = True) -> Standing:
    """The place in the course of a student with this progress.

    Args:
        progress: the progress.
        modules: the modules of the course.
        left: whether due dates say how much time is left.
    """
    rows = tuple(_row(progress, module, left) for module in modules)
    # The module in which the student worked last comes before the others.
    unfinished = sorted(
        (row for row in rows if not row.finished), key=lambda row: row.module.name != progress.last
    )
    return Standing(rows, _step(progress, unfinished[0]) if unfinished else None)


def _row(progress: Progress, module: Module, time_left: bool) -> Row:
    left = [task.minutes for task in module.tasks if not progress.of(task.name).passed]
    read = module.name in progress.lessons or not (left and module.lesson)
    # A newer release may ask for fewer predictions than were made.
    predicted = tuple(progress.predictions.get(module.name, {}).values())[: module.predictions]
    minutes = sum(left) + (0 if read else module.minutes)
    due = dates.on_start_page(module.due, datetime.now(UTC), time_left) if module.due else ""
    return Row(module, read, len(module.tasks) - len(left), predicted, minutes, due)


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


def predictions(now: Standing) -> str:
    """How many predictions were made and how many were right; empty if none are recorded."""
    most = sum(row.module.predictions for row in now.rows)
    made = [right for row in now.rows for right in row.predicted]
    if not most:
        return ""
    right = f"; {sum(made)} {'was' if sum(made) == 1 else 'were'} right" if made else ""
    return f"Predictions: {len(made)} of {most}{right}."


def due_dates(now: Standing) -> list[str]:
    """A line for each module with a due date."""
    return [f"{row.module.name} is due {row.due}." for row in now.rows if row.due]


def table(now: Standing) -> Table:
    """The modules as a table for a terminal."""
    heads = ["module", "lesson", "predicted", "exercises", "", "min left"]
    if not predictions(now):
        heads.remove("predicted")
    modules = Table(*heads)
    modules.columns[-1].justify = "right"
    for row in now.rows:
        cells = {
            "module": row.module.name,
            "lesson": row.lesson,
            "predicted": row.predictions,
            "exercises": f"[blue]{row.bar}[/]",
            "": row.count,
            "min left": "finished" if row.finished else str(row.minutes),
        }
        modules.add_row(*(cells[head] for head in heads))
    return modules


def drawn(now: Standing, here: Path) -> dict[str, str]:
    """The modules and the next step as the output of a notebook in the folder `here`."""
    text = io.StringIO()
    console = Console(file=text, width=100, force_jupyter=False, color_system=None)
    console.print(table(now))
    changed = (_newer(*pair, here).striptags() for pair in location.newer(here))
    for line in (sentence(now), *due_dates(now), predictions(now), *changed):
        if line:
            console.print(line, markup=False)
    return {"text/plain": text.getvalue().rstrip(), "text/html": _page(now, here)}


def _page(now: Standing, here: Path) -> str:
    # The columns of links and of what is left need no head.
    heads = ["module", "lesson", "predicted", "", "passed", " "]
    if not predictions(now):
        heads.remove("predicted")
    rows = []
    for row in now.rows:
        cells = {
            "module": joined(
                [
                    _link(row.module.lesson or row.module.exercises, row.title, here),
                    html("<br>due {due}", due=row.due) if row.due else "",
                ]
            ),
            "lesson": row.lesson,
            "predicted": row.predictions,
            "": _link(row.module.exercises, "exercises", here),
            "passed": html('<span aria-hidden="true">{r.bar}</span> {r.count}', r=row),
            " ": "✓ finished" if row.finished else f"{row.minutes} min left",
        }
        rows.append(_html_row("td", [cells[head] for head in heads]))
    step = now.next
    message: str = FINISHED
    if step is not None:
        message = html(
            "<b>Go on here</b>: {link}, about {step.minutes} min. In all about {time} are left.",
            link=_link(step.path, step.words, here, step.cell),
            step=step,
            time=_time(now.minutes),
        )
    content = html(
        "<p>{message}</p><table>{heads}{rows}</table>{below}",
        message=message,
        heads=_html_row("th", heads),
        rows=joined(rows),
        below=joined(
            html("<p>{line}</p>", line=line)
            for line in (predictions(now), *(_newer(*pair, here) for pair in location.newer(here)))
            if line
        ),
    )
    return str(content)


def _html_row(tag: str, cells: Sequence[str]) -> Markup:
    template = f'<{tag} style="text-align:left">{{cell}}</{tag}>'
    return html("<tr>{cells}</tr>", cells=joined(html(template, cell=cell) for cell in cells))


def _newer(yours: Path, new: Path, here: Path) -> Markup:
    return html(
        "{yours} has changed in the course: your file is unchanged, and the new version is beside "
        'it, in <a href="{target}">{new}</a>.',
        yours=yours.name,
        target=quote(new.relative_to(here).as_posix()),
        new=new.name,
    )


def href(path: str, here: Path) -> str:
    """The relative path from the folder `here` to a file of the course's folder.

    A notebook that works alone has an address in place of the path, or nothing.
    """
    return _found(path, here) or (path and f"../{path}")


def _found(path: str, here: Path) -> str:
    if not path or "://" in path:
        return path
    for folder in (here, *here.parents):
        if (folder / path).exists():
            return Path(os.path.relpath(folder / path, here)).as_posix()
    return ""


def _link(path: str, words: str, here: Path, cell: str = "") -> Markup:
    target = _found(path, here)
    if not target:  # an assignment that the student has not fetched
        return prose(words)
    target += f"#cell-id={cell}" if cell else ""
    return html('<a href="{target}">{words}</a>', target=target, words=prose(words))


def _time(minutes: int) -> str:
    return f"{minutes} min" if minutes < 100 else f"{round(minutes / 60)} hours"
