"""Reads a table that a learning platform or a spreadsheet program has saved as text.

Excel saves with semicolons or tabs, in UTF-16 or the encoding of the computer, and writes
`="0012"` so that it keeps the zeros of a number.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from autograder.classroom.notebook_file import decode
from autograder.problem import Problem
from autograder.text import FORMULA

DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True)
class Line:
    """A line below the head of a table: its number in the file, and its cells by their columns."""

    number: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(frozen=True)
class Table:
    """The columns of a table, by their names without capitals, and the lines that are not empty.

    `written` has the names of the columns as they are in the file.
    """

    written: dict[str, str]
    lines: tuple[Line, ...]


def plain(name: str) -> str:
    """The name of a column without capitals and underscores.

    >>> plain("First_Name ")
    'first name'
    """
    return " ".join(name.replace("_", " ").split()).casefold()


def read(path: Path, known: Collection[str]) -> Table:
    """The table in a file.

    Args:
        path: the file.
        known: names of columns, as from `plain`. They show what separates the cells.

    Raises:
        Problem: the file is not such a table, or a line of it is damaged.
    """
    content = path.read_bytes()
    if content.startswith(b"PK"):
        raise Problem(f"{path} is not text: save the spreadsheet as CSV, and use that file.")
    # Excel may name the delimiter in a line of its own, such as `sep=;`.
    text = re.sub(r"\Asep=.", "", decode(content))
    heads = {delimiter: _first(text, delimiter) for delimiter in DELIMITERS}
    rows = _rows(path, text, max(heads, key=lambda delimiter: len(heads[delimiter] & {*known})))
    if not rows:
        raise Problem(f"{path} is empty.")
    (_, head), *below = rows
    written = {plain(cell): cell for cell in head if cell}
    lines = []
    for number, row in below:
        if len(row) > len(head):
            raise Problem(
                f"{path}, line {number} has {len(row)} cells, but the first line has {len(head)}: "
                "put quotes around a cell with a comma in it."
            )
        lines.append(Line(number, dict(zip(map(plain, head), row, strict=False))))
    return Table(written, tuple(lines))


def _first(text: str, delimiter: str) -> set[str]:
    """The names of the columns, if this is what separates them."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return {plain(_cell(cell)) for cell in next(filter(any, rows), [])}
    except csv.Error:
        return set()


def _rows(path: Path, text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """The lines that are not empty, with their numbers, without empty cells at their ends."""
    rows = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 1
    try:
        for row in reader:
            cells = list(map(_cell, row))
            while cells and not cells[-1]:
                cells.pop()
            if cells:
                rows.append((number, cells))
            number = reader.line_num + 1
    except csv.Error:
        raise Problem(
            f"{path}, line {number}: the quotes of a cell are not closed. Correct this first."
        ) from None
    return rows


def _cell(cell: str) -> str:
    cell = cell.strip().replace("\N{NO-BREAK SPACE}", " ")
    if quoted := re.fullmatch(r'="(.*)"', cell):
        cell = quoted[1].replace('""', '"').strip()
    # Our own exports write a quote before what a spreadsheet would read as a formula.
    return cell[1:] if cell.startswith(tuple(f"'{sign}" for sign in FORMULA)) else cell
