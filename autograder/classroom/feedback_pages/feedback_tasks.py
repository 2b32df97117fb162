"""Divides a graded notebook into the tasks that a student reads about, with their points.

A task is an answer and the cells that test it, or an answer that a person grades. Nothing that
runs, and no hidden test, gets into it: nbgrader executes plain notebooks, so their outputs can be
anything that a student wrote.
"""

from __future__ import annotations

import binascii
import builtins
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from markupsafe import Markup
from nbconvert.filters import strip_ansi
from nbformat import NotebookNode
from nbgrader import utils
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from autograder.classroom.kept import Kept, kept
from autograder.classroom.markdown import rendered
from autograder.markup import html, joined, prose
from autograder.text import printable

CHECK = "check-"
MOST = 20_000
"""The longest text that is shown whole; a student can print more than a browser can show."""
PICTURES = ("image/png", "image/jpeg")
_HEADING = re.compile(r"^(#{1,6})[ \t]+(.+?)[ \t#]*$", re.M)
_HIDDEN = re.compile(
    r"^[^\n]*BEGIN HIDDEN TESTS[^\n]*$.*?(?:^[^\n]*END HIDDEN TESTS[^\n]*$\n?|\Z)", re.M | re.S
)


@dataclass(frozen=True)
class Points:
    """What the gradebook says of one graded cell.

    Attributes:
        score, most: what was earned, and what could be earned.
        waits: whether a person still has to look at it.
    """

    score: float
    most: float
    waits: bool


@dataclass
class Task:
    """One answer, and what became of it.

    Attributes:
        name: nbgrader's name of the answer.
        title: the heading above it in the assignment, as HTML; the name if there is none.
        points: of its graded cells.
        before: the student's cells above the answer, as HTML.
        answer: the cells of the answer, as HTML.
        results: the cards, or what plain tests printed, as HTML.
        comments: of the person who graded it, as HTML.
        kept: what the grading kept of it, if it has a master.
    """

    name: str
    title: Markup
    points: list[Points] = field(default_factory=list)
    before: list[Markup] = field(default_factory=list)
    answer: list[Markup] = field(default_factory=list)
    results: list[Markup] = field(default_factory=list)
    comments: list[Markup] = field(default_factory=list)
    kept: Kept | None = None

    @property
    def score(self) -> float:
        return sum(points.score for points in self.points)

    @property
    def most(self) -> float:
        return sum(points.most for points in self.points)

    @property
    def waits(self) -> bool:
        return any(points.waits for points in self.points)

    @property
    def passed(self) -> bool:
        """Whether it has all points; without points, whether its verdict is a pass."""
        if self.most == 0 and self.kept:
            return self.kept.verdict.fraction == 1
        return not self.waits and self.score >= self.most

    @property
    def state(self) -> str:
        """One of `waiting`, `done`, `partly` and `open`."""
        if self.waits:
            return "waiting"
        if self.passed:
            return "done"
        return "partly" if self.score > 0 else "open"

    @property
    def is_worth_showing(self) -> bool:
        """Whether something of it was graded or commented on."""
        return bool(self.points or self.comments)


def tasks(
    notebook: NotebookNode,
    source: Sequence[NotebookNode],
    points: Mapping[str, Points],
    comments: Mapping[str, str],
    has_master: bool,
) -> tuple[list[Task], list[Markup]]:
    """The tasks of a graded notebook, in their order, and the student's cells below the last one.

    Args:
        notebook: the graded notebook.
        source: the cells of the assignment as its author wrote it, for titles and order; if there
            are none, the notebook's own are used.
        points: by the names of the graded cells.
        comments: Markdown, by the names of the cells.
        has_master: whether this package graded it, so that the cards in it are this package's.
    """
    titles = _titles(source or notebook.cells)
    made: dict[str, Task] = {}
    owners = _owners(notebook.cells)
    loose: list[Markup] = []
    for number, cell in enumerate(notebook.cells):
        if (owner := owners.get(number)) is None:
            loose += _cell(cell)
            continue
        if owner not in made:
            made[owner] = Task(owner, titles.get(owner, prose(f"`{owner}`")))
        task, name = made[owner], _name(cell)
        if not _is_test(cell):
            task.before, loose = task.before + loose, []
            task.answer += _cell(cell)
        else:
            task.results += _card(cell) if has_master else _test(cell, points.get(name))
            task.kept = (kept(cell) if has_master else None) or task.kept
        if name in points:
            task.points.append(points[name])
        if comment := comments.get(name):
            task.comments.append(rendered(comment[:MOST]))
    order = {name: number for number, name in enumerate(titles)}
    shown = [task for task in made.values() if task.is_worth_showing]
    return sorted(shown, key=lambda task: order.get(task.name, len(order))), loose


def title(cells: Sequence[NotebookNode]) -> str:
    """The title of an assignment, which is its first heading; empty if it has none."""
    texts = (cell.source for cell in cells if cell.cell_type == "markdown")
    headings = (found[2] for text in texts if (found := _HEADING.search(text)))
    return next(headings, "")


def _titles(cells: Sequence[NotebookNode]) -> dict[str, Markup]:
    """The titles of tasks by their names: the heading above each, if it is the first below it."""
    made: dict[str, Markup] = {}
    above = ""
    owners = _owners(cells)
    for number, cell in enumerate(cells):
        if owner := owners.get(number):
            made.setdefault(owner, prose(above or f"`{owner}`"))
            above = ""
        elif cell.cell_type == "markdown" and (found := _HEADING.search(cell.source)):
            above = found[2] if len(found[1]) > 1 else above
    return made


def _owners(cells: Sequence[NotebookNode]) -> dict[int, str]:
    """The name of the task that a cell belongs to, by the cell's number."""
    names = {
        number: _name(cell)
        for number, cell in enumerate(cells)
        if isinstance(cell.metadata.get("nbgrader"), dict) and _is_of_task(cell)
    }
    known = set(names.values())
    owners: dict[int, str] = {}
    last = ""
    is_tested = True
    for number, name in names.items():
        cell = cells[number]
        if not _is_test(cell):
            by_hand = utils.is_grade(cell) or utils.is_task(cell)
            if is_tested or by_hand or CHECK + name in known:
                last = name
            owners[number], is_tested = last, by_hand
            continue
        is_tested = True
        # A check belongs to the exercise that it names, wherever the student put it.
        exercise = name.removeprefix(CHECK)
        owners[number] = exercise if exercise != name else last or name
    return owners


def _name(cell: NotebookNode) -> str:
    return str(cell.metadata.nbgrader.get("grade_id", ""))


def _is_of_task(cell: NotebookNode) -> bool:
    return bool(utils.is_solution(cell) or utils.is_grade(cell) or utils.is_task(cell))


def _is_test(cell: NotebookNode) -> bool:
    return bool(utils.is_grade(cell) and not utils.is_solution(cell) and not utils.is_task(cell))


def _card(cell: NotebookNode) -> Iterator[Markup]:
    """The card that grading put into a test cell."""
    for output in cell.get("outputs", ()):
        yield Markup(output.get("data", {}).get("text/html", ""))


def _cell(cell: NotebookNode) -> Iterator[Markup]:
    """A cell of the student."""
    source, note = _cut(str(cell.source))
    if not source.strip():
        return
    if cell.cell_type == "markdown":
        words = rendered(source, cell.get("attachments", {}))
        yield html('<div class="text">{words}</div>{note}', words=words, note=note)
        return
    yield code(source) + note
    for output in cell.get("outputs", ()):
        yield from _output(output)


def _test(cell: NotebookNode, points: Points | None) -> Iterator[Markup]:
    """A test cell of a plain notebook, without its hidden tests and what they could tell."""
    source, hidden = _HIDDEN.subn("", str(cell.source))
    earned = f"{points.score:g} of {points.most:g} points" if points else ""
    yield html(
        "<p><b>{name}</b>, {earned}{hidden}</p>",
        name=_name(cell),
        earned=earned,
        hidden=". It has hidden tests, so what they printed is not shown." if hidden else "",
    )
    if source.strip():
        shown, note = _cut(source.strip())
        yield code(shown) + note
    for output in cell.get("outputs", ()):
        if not hidden:
            yield from _output(output)
        elif output.output_type == "error" and hasattr(builtins, str(output.ename)):
            yield html("<p>It raised <code>{error}</code>.</p>", error=output.ename)


def _output(output: NotebookNode) -> Iterator[Markup]:
    """An output as text, or as a picture if it is one that cannot run anything."""
    if output.output_type == "stream":
        yield _printed(output.text)
    elif output.output_type == "error":
        yield _printed("\n".join(map(str, output.traceback)) or f"{output.ename}: {output.evalue}")
    else:
        data: Mapping[str, Any] = output.get("data", {})
        for kind in PICTURES:
            if kind in data and (picture := _base64(data[kind])):
                yield html(
                    '<img alt="A picture that this cell drew" src="data:{kind};base64,{data}">',
                    kind=kind,
                    data=picture,
                )
                return
        if "text/plain" in data:
            yield _printed(data["text/plain"])


def _base64(data: Any) -> str:
    """The same picture without line breaks; empty if it is none."""
    try:
        text = "".join(str(data).split())
        b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return ""
    return text


def _printed(text: Any) -> Markup:
    text, note = _cut(strip_ansi(str(text)))
    shown = printable(text, lines=True)
    return html('<pre class="printed" tabindex="0">{text}</pre>{note}', text=shown, note=note)


def code(source: str) -> Markup:
    """Python code in colours."""
    lines = highlight(printable(source, lines=True), PythonLexer(stripall=False), _formatter())
    return html('<pre class="code" tabindex="0">{lines}</pre>', lines=Markup(lines.rstrip()))


@cache
def _formatter() -> Any:
    return HtmlFormatter(nowrap=True)


def _cut(text: str) -> tuple[str, Markup]:
    """The beginning of a text, and a note on what is left out."""
    if len(text) <= MOST:
        return text, Markup("")
    more = f"{len(text) - MOST:,}"
    note = '<p class="quiet">… {more} more characters are in your notebook.</p>'
    return text[:MOST], html(note, more=more)


def folded(title: str, inside: Sequence[Markup]) -> Markup:
    """A title that can be clicked, and what it hides; nothing if that is nothing."""
    if not inside:
        return Markup("")
    return html(
        "<details><summary>{title}</summary>{inside}</details>", title=title, inside=joined(inside)
    )
