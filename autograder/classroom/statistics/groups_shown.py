"""Shows the groups of a class on a terminal or as a page, with names only on demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup
from rich.console import Group as Stacked
from rich.console import RenderableType
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from autograder.classroom.statistics import page
from autograder.classroom.statistics.groups import Group
from autograder.classroom.statistics.same_text import Hint
from autograder.markup import html, joined
from autograder.text import printable

HEAD = ("group", "students", "verdict", "for example")
NO_VERDICT = (
    "Much of it is neither in the course nor in any other answer. That is a hint and not a "
    "verdict: working together, a common source and chance look the same. Talk to the students "
    "first."
)


def as_tables(
    by_exercise: Mapping[str, Sequence[Group]],
    hints: Mapping[str, Sequence[Hint]],
    names: bool = False,
) -> Stacked:
    """The groups of every exercise, for a terminal.

    Args:
        by_exercise: the groups.
        hints: on equal texts, by exercise.
        names: whether the ids of the students are shown, or only their number.
    """
    shown: list[RenderableType] = []
    for exercise, listed in by_exercise.items():
        table = Table(title=Text(printable(exercise)), title_justify="left", show_lines=True)
        for head in HEAD:
            table.add_column(head, justify="right" if head == "students" else "left")
        for group in listed:
            sample = printable(group.sample, lines=True)
            code = Syntax(sample, "python", background_color="default", word_wrap=True)
            told = "\n\n".join(filter(None, (group.summary, _same(group))))
            students = "\n".join([str(len(group.students)), *(group.students if names else ())])
            table.add_row(
                Text(printable(group.name)),
                Text(printable(students, lines=True)),
                Text(printable(told, lines=True)),
                code,
            )
        shown.append(table)
        shown += [
            Text(printable(f"{_told(hint, names)} {NO_VERDICT}"), end="\n\n")
            for hint in hints.get(exercise, ())
        ]
    return Stacked(*shown)


def write_page(
    by_exercise: Mapping[str, Sequence[Group]],
    hints: Mapping[str, Sequence[Hint]],
    assignment: str,
    path: Path,
    names: bool = False,
) -> None:
    """Write the groups of every exercise as a page of HTML; see `as_tables` for the arguments.

    Raises:
        Problem: the file cannot be written.
    """
    parts: list[Markup] = []
    for exercise, listed in by_exercise.items():
        noun = "group" if len(listed) == 1 else "groups"
        heading = "<h2>{exercise}</h2><p>{count} {noun}</p>"
        parts.append(html(heading, exercise=exercise, count=len(listed), noun=noun))
        rows = [_row(group, names) for group in listed]
        parts.append(page.table(f"Groups of {exercise}", HEAD, rows))
        parts += [
            html(
                '<div class="note"><p>{told} {no_verdict}</p><pre>{sample}</pre></div>',
                told=_told(hint, names),
                no_verdict=NO_VERDICT,
                sample=hint.sample,
            )
            for hint in hints.get(exercise, ())
        ]
    page.write(path, f"{assignment}: what the class wrote", parts)


def _row(group: Group, names: bool) -> list[str]:
    students: str = str(len(group.students))
    if names:
        listed = joined(html("<li>{student}</li>", student=one) for one in group.students)
        students = html("{count}<ul>{listed}</ul>", count=students, listed=listed)
    same = _same(group)
    return [
        html("<code>{name}</code>", name=group.name),
        students,
        html("{summary}<p>{same}</p>", summary=group.summary, same=same) if same else group.summary,
        html("<pre>{sample}</pre>", sample=group.sample),
    ]


def _same(group: Group) -> str:
    if not group.same_as:
        return ""
    others = " and ".join(group.same_as)
    return f"It differs from {others} only in names, calls and the order of operations."


def _told(hint: Hint, names: bool) -> str:
    count = len(hint.students)
    who = (
        f"{', '.join(hint.students[:-1])} and {hint.students[-1]}" if names else f"{count} answers"
    )
    but = "comments and formatting" if hint.same_names else "names, comments and formatting"
    return f"The same text: {who} differ only in {but}, or not at all."
