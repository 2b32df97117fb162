"""Which names look at which memory, after each line of a short program."""

import ast
import textwrap
import warnings
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from markupsafe import Markup

from autograder.markup import html, joined
from course.explore.stage import Explorable, Scene, Step, at, if_it_fits, indented, listed
from course.pictures.memory import Place, where

MOST = 24  # cells of one block that are drawn
UNNAMED = "(no name)"


@dataclass(frozen=True)
class Line:
    """What one line of the program did.

    Attributes:
        source: the line.
        places: where the array of each name is in memory afterwards.
        kinds: for each name, `"NumPy"` or `"JAX"`.
        outcome: the first line of its error or warning; empty if there was none.
    """

    source: str
    places: tuple[Place, ...]
    kinds: dict[str, str]
    outcome: str = ""


@dataclass(frozen=True)
class Block:
    """A piece of memory.

    Attributes:
        name: a letter. Addresses differ in every run.
        start, end: its first address, and the first address after it.
        size: the bytes of one cell.
    """

    name: str
    start: int
    end: int
    size: int

    def holds(self, place: Place) -> bool:
        return any(self.start <= cell < self.end for cell in place.cells)

    def cell(self, address: int) -> int:
        return (address - self.start) // self.size


def memory(program: str, **names: Any) -> Explorable:
    """Run a program line by line, and show after each line which names share memory.

    >>> memory('''
    ... a = np.arange(4.0)
    ... part = a[1:3]
    ... part[0] = 100.0
    ... ''')  # doctest: +SKIP

    Args:
        program: statements. They may use `np`, `jnp`, `jax` and `names`. A statement that raises
            is shown with its error, and the next one runs.
        names: further values for the program. Arrays among them are shown from the start.
    """
    title = "Which names see which memory"
    try:
        lines = run(program, names)
    except SyntaxError as error:
        return Explorable(title, Scene([Step(f"Line {error.lineno} is not Python: {error.msg}.")]))
    if not lines:
        return Explorable(title, Scene([Step("The program has no lines.")]))
    blocks = blocks_of(lines)
    steps, before = [], Line("", (), {})
    for line in lines:
        drawn = [block for block in blocks if _seen(block, line)]
        gone = [place.name for place in line.places if not place.cells]
        body = html(
            '<div class="x-columns">{blocks}</div>{gone}',
            blocks=joined(_drawn(block, line, before) for block in drawn),
            gone=html("<p>Deleted: <b>{names}</b></p>", names=", ".join(gone)) if gone else "",
        )
        written = [_written(block, line) for block in drawn]
        written += [f"deleted: {', '.join(gone)}"] if gone else []
        steps.append(Step(_words(line, before, blocks), body, "\n".join(written)))
        before = line
    about = (
        "Each block of memory has a letter, because addresses differ in every run. The row of a "
        "name shows where its entries are. ✱ marks a value that has changed."
    )
    shown = Explorable(title, Scene(steps, _program(lines)), about=about)
    return if_it_fits(shown, "Show fewer lines, or smaller arrays.")


def run(program: str, names: dict[str, Any]) -> list[Line]:
    """Run each statement, and look up afterwards where the arrays of all names are in memory."""
    known = {"np": np, "jnp": jnp, "jax": jax} | names
    found = {name: value for name, value in names.items() if _is_drawn(value)}
    lines = [_line("", found)] if found else []
    source = textwrap.dedent(program).strip("\n")
    kept = []  # Memory that is freed would be given to the next array.
    for statement in ast.parse(source).body:
        text = ast.get_source_segment(source, statement) or ""
        outcome, value = "", None
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                if isinstance(statement, ast.Expr):
                    value = eval(text, known)
                else:
                    exec(text, known)
            except Exception as error:
                outcome = f"raises {type(error).__name__}: {_first_line(error)}"
        if caught and not outcome:
            outcome = f"warns: {_first_line(caught[0].message)}"
        found = {name: value for name, value in known.items() if _is_drawn(value)}
        if _is_drawn(value):
            found[UNNAMED] = value
        kept += found.values()
        lines.append(_line(text, found, outcome))
    return lines


def blocks_of(lines: list[Line]) -> list[Block]:
    """The blocks of memory that arrays used, in the order in which they were first used."""
    places = [place for line in lines for place in line.places if place.cells]
    pieces: list[tuple[int, int, int]] = []
    for place in places:
        piece = (min(place.cells), max(place.cells) + place.size, place.size)
        joins = [other for other in pieces if other[0] < piece[1] and piece[0] < other[1]]
        if joins:
            at = pieces.index(joins[0])
            pieces = [other for other in pieces if other not in joins]
            starts, ends, sizes = zip(piece, *joins, strict=True)
            pieces.insert(at, (min(starts), max(ends), min(sizes)))
        else:
            pieces.append(piece)
    return [Block(_letter(number), *piece) for number, piece in enumerate(pieces)]


def _letter(number: int) -> str:
    return chr(ord("A") + number % 26) + (str(number // 26) if number >= 26 else "")


def _is_drawn(value: Any) -> bool:
    """Whether a value is an array of numbers, on one device."""
    if isinstance(value, jax.Array) and not isinstance(value, jax.core.Tracer):
        numbers = not jax.dtypes.issubdtype(value.dtype, jax.dtypes.extended)
        return numbers and value.size > 0 and len(value.sharding.device_set) == 1
    return isinstance(value, np.ndarray) and value.size > 0 and value.dtype.kind in "biufc"


def _line(source: str, found: dict[str, Any], outcome: str = "") -> Line:
    kinds = {name: "JAX" if isinstance(a, jax.Array) else "NumPy" for name, a in found.items()}
    return Line(source, tuple(where(found)), kinds, outcome)


def _first_line(message: object) -> str:
    return (str(message).splitlines() or [""])[0]


def _seen(block: Block, line: Line) -> bool:
    return any(block.holds(place) for place in line.places)


def _values(block: Block, line: Line) -> dict[int, Any]:
    """cell -> value, for the cells that a name reaches."""
    return {
        block.cell(address): value
        for place in line.places
        if block.holds(place)
        for address, value in zip(place.cells, place.values, strict=True)
    }


def _changed(block: Block, line: Line, before: Line) -> list[int]:
    now, then = _values(block, line), _values(block, before)
    return [cell for cell in now if cell in then and str(now[cell]) != str(then[cell])]


def _program(lines: list[Line]) -> Markup:
    """The lines of the program; the line of the step is highlighted."""
    shown = joined(
        html("<div {at}>{line}</div>", at=at(now=[number]), line=indented(line.source))
        for number, line in enumerate(lines, 1)
        if line.source
    )
    return html('<div class="x-code">{shown}</div>', shown=shown)


def _words(line: Line, before: Line, blocks: list[Block]) -> str:
    """What the line did to memory."""
    home = {p.name: b.name for b in blocks for p in line.places if b.holds(p)}
    old_home = {p.name: b.name for b in blocks for p in before.places if b.holds(p)}
    dead = [p.name for p in line.places if not p.cells and p.name in old_home]
    said = [f"This line {line.outcome.rstrip('.')}."] if line.outcome else []
    for name, letter in home.items():
        if old_home.get(name) == letter and name != UNNAMED:
            continue
        others = [other for other, at in home.items() if at == letter and other != name]
        donors = [other for other in dead if old_home[other] == letter]
        subject = "The new array" if name == UNNAMED else f"`{name}`"
        if donors:
            said.append(f"{subject} is in block {letter}, which belonged to {_all(donors)}.")
        elif others:
            said.append(f"{subject} shares block {letter} with {_all(others)}.")
        else:
            said.append(f"{subject} has its own memory, block {letter}.")
        if name == UNNAMED and not others:
            said.append("No name refers to it, so it is lost.")
    if dead:
        said.append(f"{_all(dead)} {'is' if len(dead) == 1 else 'are'} deleted.")
    for block in blocks:
        if written := _changed(block, line, before):
            touched = {block.start + cell * block.size for cell in written}
            seen_by = [p.name for p in line.places if touched & set(p.cells)]
            cells = ", ".join(str(cell) for cell in sorted(written))
            said.append(
                f"{'Cell' if len(written) == 1 else 'Cells'} {cells} of block {block.name} "
                f"changed, as seen by {_all(seen_by)}."
            )
    named = {at for name, at in old_home.items() if name != UNNAMED}
    said += [
        f"No name refers to block {letter} any more." for letter in sorted(named - {*home.values()})
    ]
    start = f"`{_first_line(line.source)}`: " if line.source else "Before the first line. "
    return start + (" ".join(said) or "Nothing changes in memory.")


def _all(names: list[str]) -> str:
    return listed([f"`{name}`" for name in names])


def _drawn(block: Block, line: Line, before: Line) -> Markup:
    """A block as a table: its cells, and for each name the entries that are in them."""
    values, changed = _values(block, line), _changed(block, line, before)
    count = block.cell(block.end)
    shown = range(min(count, MOST))
    rows = [(Markup("values"), [_value(values.get(c), c in changed) for c in shown])]
    for place in line.places:
        if block.holds(place):
            entries = {block.cell(address): str(n) for n, address in enumerate(place.cells)}
            name = html("<b {at}>{name}</b>", at=at(same=place.name), name=place.name)
            rows.append((name, [_entry(entries.get(cell)) for cell in shown]))
    kinds = {line.kinds[place.name] for place in line.places if block.holds(place)}
    title = f"Block {block.name}: {block.end - block.start} bytes, {' and '.join(sorted(kinds))}"
    more = f", the first {MOST} of {count} cells" if count > MOST else ""
    body = joined(
        html('<tr><th scope="row">{head}</th>{cells}</tr>', head=head, cells=joined(cells))
        for head, cells in rows
    )
    return html(
        '<div class="x-panel x-wide"><p class="x-head">{title}</p>'
        '<table class="x-cells">{body}</table></div>',
        title=title + more,
        body=body,
    )


def _value(value: Any, changed: bool) -> Markup:
    if value is None:
        return Markup("<td></td>")
    if changed:
        return html('<td class="x-new">{value} ✱</td>', value=_number(value))
    return html("<td>{value}</td>", value=_number(value))


def _entry(number: str | None) -> Markup:
    if number is None:
        return Markup("<td></td>")
    return html('<td class="x-mine">[{number}]</td>', number=number)


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _written(block: Block, line: Line) -> str:
    """A block in words."""
    values = _values(block, line)
    shown = [_number(values[c]) if c in values else "." for c in range(block.cell(block.end))]
    names = [place.name for place in line.places if block.holds(place)]
    cut = shown[:MOST] + (["…"] if len(shown) > MOST else [])
    return f"block {block.name}: {' '.join(cut)}   seen by {', '.join(names)}"
