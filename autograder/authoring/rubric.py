"""The rubric of a written answer, which stands at the end of the model answer in a master.

    Broadcasting: standardising the columns of a table. …

    Rubric:

    - 1: a computation for broadcasting, with a reason that fits it
    - 0.5: a computation for `vmap`

Each line says what earns how many points, and may go on in indented lines. A line with 0 points is
a remark. A rubric stays inside `### BEGIN SOLUTION`, so it is released to nobody.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

HEADING = "Rubric:"
_LINE = re.compile(r"- (\d+(?:\.\d+)?): +(\S.*)")
_HIDDEN = re.compile(r"^.*BEGIN SOLUTION.*\n(?s:(.*?))^.*END SOLUTION.*$", re.MULTILINE)


@dataclass(frozen=True)
class Line:
    """One line of a rubric.

    Attributes:
        points: what it earns.
        words: what it is for.
    """

    points: float
    words: str

    def __str__(self) -> str:
        return f"- {self.points:g}: {self.words}"


@dataclass(frozen=True)
class Rubric:
    """What a grading person gets beside a written answer.

    Attributes:
        answer: the author's model answer, as Markdown.
        lines: of the rubric; empty if the author wrote none.
        unclear: the lines below the heading that cannot be read.
    """

    answer: str
    lines: tuple[Line, ...] = ()
    unclear: tuple[str, ...] = ()


def read(source: str) -> Rubric:
    """The model answer and the rubric in the source of a written cell.

    >>> read("Use `vmap`.\\n\\nRubric:\\n\\n- 1: names\\n  `vmap`").lines
    (Line(points=1.0, words='names `vmap`'),)
    """
    # Without a hidden region, nbgrader replaces the whole cell.
    hidden = match[1] if (match := _HIDDEN.search(source)) else source
    answer, _, rest = f"\n{hidden}\n".partition(f"\n{HEADING}\n")
    lines: list[Line] = []
    unclear: list[str] = []
    for text in filter(str.strip, rest.splitlines()):
        if found := _LINE.fullmatch(text.rstrip()):
            lines.append(Line(float(found[1]), found[2]))
        elif text.startswith("  ") and lines and not unclear:
            lines[-1] = Line(lines[-1].points, f"{lines[-1].words} {text.strip()}")
        else:
            unclear.append(text.strip())
    return Rubric(answer.strip(), tuple(lines), tuple(unclear))


def mistakes(
    path: Path, cells: Sequence[NotebookNode], tags: Sequence[dict[str, Any]]
) -> Iterator[str]:
    """A sentence for each rubric of a master that cannot be used.

    Args:
        path: of the master.
        cells: its cells.
        tags: the tags of each cell.
    """
    for cell, tag in zip(cells, tags, strict=True):
        if "written" not in tag:
            continue
        rubric = read(cell.source)
        where = f"{path}: the rubric of {tag['written']}"
        if HEADING in _HIDDEN.sub("", cell.source).splitlines() and _HIDDEN.search(cell.source):
            yield f"{where} is not hidden from students: write it above `### END SOLUTION`."
        if rubric.unclear:
            yield (
                f"{where} has the line {rubric.unclear[0]!r}: write it like `- 0.5: names the type "
                "error`, and indent the lines that it goes on in."
            )
        elif rubric.lines:
            total, points = sum(line.points for line in rubric.lines), tag.get("points")
            if isinstance(points, int | float) and not math.isclose(total, points):
                yield f"{where} adds up to {total:g} points, its cell says {points:g}."
            for text, times in Counter(map(str, rubric.lines)).items():
                if times > 1:
                    yield f"{where} has the line {text!r} {times} times: say how they differ."
