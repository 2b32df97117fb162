"""Reverse mode on the reader's own numbers: values going forward, cotangents coming back."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.core
import numpy as np
from markupsafe import Markup

from autograder.markup import html, joined, prose
from course.explore import graphs, programs
from course.explore.stage import Explorable, Scene, Step, at, listed, plain

MOST = 24
"""The most operations that are drawn."""
LONGEST = 14
"""The most characters of a name in a box; the steps have it in full."""
CALLS = ("jit", "pjit", "closed_call", "core_call")
"""Operations that only call another program."""


def tape(function: Callable[..., Any], *args: Any) -> Explorable:
    """Show how reverse mode finds derivatives, with the numbers of one call.

    On the way forward, each operation is computed from its inputs. On the way back, each operation
    turns the cotangent of its result into one cotangent for each input. If a value was read several
    times, its cotangents are added. If the result is not a single number, the way back begins with
    ones everywhere, as for the gradient of its sum.

    Args:
        function: a function of numbers and arrays that consists of few operations.
        args: its arguments.
    """
    name = getattr(function, "__name__", "f")
    title = f"How `jax.grad` differentiates `{name}`"
    try:
        found = record(function, *args)
    except Exception as error:
        words = f"There is nothing to show: `{name}` raises `{type(error).__name__}`: {programs.sentence(error)}"
        return Explorable(title, Scene([Step(words)]))
    if len(found.operations) > MOST:
        words = (
            f"`{name}` consists of {len(found.operations)} operations, but at most {MOST} can be "
            "drawn. Try a smaller part of the function."
        )
        return Explorable(title, Scene([Step(words)]))
    if not any(found.arrived[: len(found.names)]):
        words = (
            f"No cotangent comes back: the result of `{name}` does not depend on a floating-point "
            "argument. Integers have no derivatives: write `1.0` in place of `1`."
        )
        return Explorable(title, Scene([Step(words)]))
    return Explorable(title, _Story(found).scene())


@dataclass
class Operation:
    """An operation that ran.

    Attributes:
        name: of its primitive.
        reads: for each input the number of the value, or a constant.
        literal: for each input whether it is a number in the program, which `back` leaves out.
        writes: the numbers of the values that it made.
        back: from the cotangents of its results to those of its inputs, as from `jax.vjp`.
        sent: the cotangents of its inputs; None for constants, and where there is none.
    """

    name: str
    reads: Sequence[Any]
    literal: Sequence[bool]
    writes: Sequence[int]
    back: Callable[..., Any]
    sent: Sequence[Any] = ()


@dataclass
class Tape:
    """What was computed, forward and back.

    Attributes:
        names: the names of the inputs, which are the first values.
        values: all values.
        operations: in the order in which they ran.
        results: the numbers of the values that the function returned.
        arrived: for each value all cotangents that came back to it, one for each time it was read.
    """

    names: Sequence[str]
    values: list[Any]
    operations: list[Operation] = field(default_factory=list)
    results: Sequence[int] = ()
    arrived: list[list[Any]] = field(default_factory=list)

    def cotangent(self, value: int) -> Any:
        """All cotangents of a value, added; None if there are none."""
        arrived = self.arrived[value]
        return sum(arrived[1:], arrived[0]) if arrived else None


def record(function: Callable[..., Any], *args: Any) -> Tape:
    """Compute a function operation by operation, and the cotangents of all values."""
    leaves, tree = jax.tree.flatten(args)
    leaves = [jax.numpy.asarray(leaf) for leaf in leaves]
    jaxpr, constants = programs.jaxpr_of(function, *jax.tree.unflatten(tree, leaves))
    inner, _ = programs.source_function(function)
    tape = Tape(programs.names_of_leaves(inner, args), leaves)
    results = _run(tape, jaxpr, constants, list(range(len(leaves))))
    tape.results = [one for one in results if isinstance(one, int)]
    _come_back(tape)
    return tape


def _run(tape: Tape, jaxpr: Any, constants: Sequence[Any], inputs: Sequence[Any]) -> list[Any]:
    """Compute a program; inputs and results are numbers of values, or constants."""
    known = dict(zip(jaxpr.constvars, constants, strict=True))
    known |= zip(jaxpr.invars, inputs, strict=True)

    def read(variable: Any) -> Any:
        return jax.numpy.asarray(variable.val) if hasattr(variable, "val") else known[variable]

    for eqn in jaxpr.eqns:
        reads = [read(one) for one in eqn.invars]
        if eqn.primitive.name in CALLS:
            within = eqn.params.get("jaxpr", eqn.params.get("call_jaxpr"))
            consts = getattr(within, "consts", ())
            written: list[Any] = _run(tape, getattr(within, "jaxpr", within), consts, reads)
        else:
            given = [
                tape.values[one] if isinstance(one, int) else one
                for one, variable in zip(reads, eqn.invars, strict=True)
                if not hasattr(variable, "val")
            ]
            out, back = jax.vjp(_alone(jaxpr, eqn), *given)
            written = list(range(len(tape.values), len(tape.values) + len(out)))
            if not any(isinstance(one, int) for one in reads):
                written = out  # made of constants alone
            else:
                tape.values += out
                literal = [hasattr(one, "val") for one in eqn.invars]
                tape.operations.append(Operation(eqn.primitive.name, reads, literal, written, back))
        known |= zip(eqn.outvars, written, strict=True)
    return [read(one) for one in jaxpr.outvars]


def _alone(jaxpr: Any, eqn: Any) -> Callable[..., Any]:
    """One equation as a function of its inputs. What it reads twice counts as two inputs."""
    inputs = [one if hasattr(one, "val") else copy.copy(one) for one in eqn.invars]
    variables = [one for one in inputs if not hasattr(one, "val")]
    single = jaxpr.replace(
        constvars=[], invars=variables, outvars=eqn.outvars, eqns=[eqn.replace(invars=inputs)]
    )
    return lambda *given: jax.core.eval_jaxpr(single, (), *given)


def _come_back(tape: Tape) -> None:
    """Fill in the cotangents, from the results to the inputs."""
    tape.arrived = [[] for _ in tape.values]
    for result in tape.results:
        if _is_real(tape.values[result]):
            tape.arrived[result].append(jax.numpy.ones_like(tape.values[result]))
    for operation in reversed(tape.operations):
        received = [tape.cotangent(value) for value in operation.writes]
        if all(one is None for one in received):
            continue
        sent = iter(operation.back([
            _zeros(tape.values[value]) if one is None else one
            for value, one in zip(operation.writes, received, strict=True)
        ]))  # fmt: skip
        sent_all = [None if literal else next(sent) for literal in operation.literal]
        operation.sent = [
            None if not isinstance(read, int) or not _is_real(tape.values[read]) else one
            for read, one in zip(operation.reads, sent_all, strict=True)
        ]
        for read, one in zip(operation.reads, operation.sent, strict=True):
            if one is not None:
                tape.arrived[read].append(one)


def _is_real(value: Any) -> bool:
    return jax.numpy.issubdtype(value.dtype, jax.numpy.inexact)


def _zeros(value: Any) -> Any:
    if _is_real(value):
        return jax.numpy.zeros_like(value)
    return np.zeros(value.shape, jax.dtypes.float0)


def show(value: Any, most: int = 3) -> str:
    """A value in a few characters: its numbers if they are few, its type otherwise."""
    array = np.asarray(value)
    if array.size > most or array.ndim > 1:
        return f"{array.dtype}[{','.join(map(str, array.shape))}]"
    if not _is_real(array):
        return str(array)
    digits = 4 if array.ndim == 0 else 3
    numbers = " ".join(f"{one + 0:.{digits}g}" for one in array.ravel())
    return numbers if array.ndim == 0 else f"[{numbers}]"


class _Story:
    """A tape, told in steps, and drawn as the graph that it is."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._made_by = {
            value: place for place, one in enumerate(tape.operations) for value in one.writes
        }
        names = [one.name for one in tape.operations]
        self._names = [
            f"{name} #{names[: place + 1].count(name)}" if names.count(name) > 1 else name
            for place, name in enumerate(names)
        ]
        self._forward = {place: place + 2 for place in range(len(tape.operations))}
        self._turn = len(tape.operations) + 2
        coming = [place for place, one in enumerate(tape.operations) if one.sent]
        self._back = {place: self._turn + 1 + at for at, place in enumerate(reversed(coming))}
        self._last = self._turn + len(coming) + 1

    def scene(self) -> Scene:
        return Scene(list(self._steps()), self._figure())

    def _steps(self) -> Iterator[Step]:
        tape = self._tape
        inputs = list(zip(tape.names, tape.values, strict=False))
        given = ", ".join(f"`{name}` is {show(value)}" for name, value in inputs)
        yield Step(f"The way forward begins with the arguments: {given}.")
        for name, operation in zip(self._names, tape.operations, strict=True):
            read = listed([self._operand(one) for one in operation.reads])
            made = ", ".join(show(tape.values[one]) for one in operation.writes)
            yield Step(f"`{name}` reads {read} and writes {made}.")
        yield self._turning()
        for place in self._back:
            yield self._coming_back(self._names[place], tape.operations[place])
        yield self._ending()

    def _turning(self) -> Step:
        results = [one for one in dict.fromkeys(self._tape.results) if self._tape.arrived[one]]
        shown = listed([show(self._tape.values[one]) for one in results])
        one = results[0] if results else 0
        is_number = len(results) == 1 and np.ndim(self._tape.values[one]) == 0
        start = (
            "with 1, the derivative of the result with respect to itself"
            if is_number
            else "with ones, as for the sum of all results"
        )
        return Step(f"The result is {shown}. The way back begins there, {start}.")

    def _coming_back(self, name: str, operation: Operation) -> Step:
        received = []
        for value in operation.writes:
            parts = [show(one) for one in self._tape.arrived[value]]
            if parts:
                whole = show(self._tape.cotangent(value))
                received.append(f"{_sum(parts)} = {whole}" if len(parts) > 1 else whole)
        slopes = self._slopes(operation)
        sent, rows = [], []
        for read, slope, one in zip(operation.reads, slopes, operation.sent, strict=True):
            if one is not None:
                to = self._operand(read)
                sent.append(f"{show(one)} to {to}")
                if slope is not None:
                    rows.append(f"to {to}: {received[0].split(' = ')[-1]} × {slope} = {show(one)}")
        words = (
            f"`{name}` receives {listed(received)}. "
            f"It sends back {listed(sent)}." if sent else
            f"`{name}` receives {listed(received)} and sends nothing back."
        )  # fmt: skip
        title = "The cotangent that it received, times its own derivative for each input"
        body = html(
            '<p class="x-head">{title}</p>{rows}',
            title=title,
            rows=joined(html("<div>{row}</div>", row=prose(row)) for row in rows),
        )
        return Step(words, body if rows else "", plain("\n".join(rows)))

    def _slopes(self, operation: Operation) -> list[str | None]:
        """The derivative for each input where everything is a single number, None elsewhere."""
        values = [self._tape.values[one] for one in operation.writes]
        if len(values) != 1 or values[0].ndim or not _is_real(values[0]):
            return [None] * len(operation.reads)
        slopes = iter(operation.back([jax.numpy.ones_like(values[0])]))
        every = [None if literal else next(slopes) for literal in operation.literal]
        return [
            None if sent is None or np.ndim(slope) else show(slope)
            for sent, slope in zip(operation.sent, every, strict=True)
        ]

    def _ending(self) -> Step:
        words = ["The way back is done."]
        for number, name in enumerate(self._tape.names):
            parts = [show(one) for one in self._tape.arrived[number]]
            if not parts:
                words.append(f"No cotangent came back to `{name}`.")
                continue
            whole = show(self._tape.cotangent(number))
            if len(parts) > 1:
                words.append(
                    f"`{name}` was read {len(parts)} times, so its cotangents are added: "
                    f"{_sum(parts)} = {whole}. This is the gradient for `{name}`."
                )
            else:
                words.append(f"The gradient for `{name}` is {whole}.")
        return Step(" ".join(words))

    def _operand(self, read: Any) -> str:
        """How the steps call an input of an operation."""
        if not isinstance(read, int):
            return f"the constant {show(read)}"
        if read < len(self._tape.names):
            return f"`{self._tape.names[read]}`"
        return f"`{self._names[self._made_by[read]]}`"

    # -------------------------------------------------------------------------- the picture

    def _figure(self) -> Markup:
        tape = self._tape
        first = len(tape.names)
        edges, when = [], []
        for place, operation in enumerate(tape.operations):
            sent = operation.sent or [None] * len(operation.reads)
            for read, one in zip(operation.reads, sent, strict=True):
                if isinstance(read, int):
                    start = self._made_by[read] + first if read in self._made_by else read
                    edges.append((start, place + first))
                    when.append((self._forward[place], self._back.get(place), one))
        laid = graphs.layout(first + len(tape.operations), edges)
        drawn = [
            *(
                self._edge(points, laid.nodes[end][0], *each)
                for points, (_, end), each in zip(laid.edges, edges, when, strict=True)
            ),
            *(self._node(node, laid.nodes[node]) for node in laid.nodes),
        ]
        words = (
            "A graph of the operations, from the arguments at the top to the result at the bottom. "
            "The steps say the same in words."
        )
        legend = (
            "In each box: its name, its value, and below the line the cotangent that came back. "
            "Beside an arrow: what was sent back along it."
        )
        return html(
            '<div class="x-panel x-graph"><svg role="img" aria-label="{words}" width="{width}" '
            'height="{height}" viewBox="0 0 {width} {height}">{drawn}</svg></div>'
            '<p class="x-small">{legend}</p>',
            words=words, width=laid.width, height=laid.height, drawn=joined(drawn), legend=legend,
        )  # fmt: skip

    def _node(self, node: int, middle: tuple[int, int]) -> Markup:
        tape, (x, y) = self._tape, middle
        place = node - len(tape.names)
        if place < 0:
            name, values, step, back = tape.names[node], [node], 1, self._last
            kind = "x-input"
        else:
            operation = tape.operations[place]
            constants = [show(one, 1) for one in operation.reads if not isinstance(one, int)]
            name = ", ".join([self._names[place], *constants])
            name = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
            values, step, back = operation.writes, self._forward[place], self._back.get(place)
            kind = "x-result" if set(values) & set(tape.results) else "x-operation"
        value = " ".join(show(tape.values[one]) for one in values)
        cotangents = [tape.cotangent(one) for one in values if tape.arrived[one]]
        now = [step, *([back] if back else []), *([self._turn] if kind == "x-result" else [])]
        shown = self._turn if kind == "x-result" else back
        left, top = x - graphs.WIDE // 2, y - graphs.HIGH // 2
        lines = [_words(x, top + 17, name, "x-name"), _words(x, top + 35, value, "", f"{step}-")]
        if cotangents:
            words = " ".join(map(show, cotangents))
            lines.append(_words(x, top + 55, f"↑ {words}", "x-back", f"{shown}-"))
        return html(
            '<g class="{kind}" {at}><rect x="{x}" y="{y}" width="{w}" height="{h}" rx="{r}"/>'
            '<path d="M{x} {line}h{w}"/>{lines}</g>',
            kind=kind, at=at(now=now), x=left, y=top, w=graphs.WIDE, h=graphs.HIGH,
            r=22 if kind == "x-input" else 5, line=top + 41, lines=joined(lines),
        )  # fmt: skip

    def _edge(
        self,
        points: Sequence[tuple[int, int]],
        middle: int,
        forward: int,
        back: int | None,
        sent: Any,
    ) -> Markup:
        there = html('<path class="x-edge" {at} d="{d}"/>', at=at(now=[forward]), d=_path(points))
        if sent is None or back is None:
            return there
        (x, y), home = points[-1], [(x + 7, y) for x, y in reversed(points)]
        # Away from the other inputs, or from the side to which the arrow leans.
        is_left = x < middle - 2 or (x <= middle + 2 and points[0][0] > x)
        place, kind = (x - 9, "x-back x-left") if is_left else (x + 13, "x-back x-right")
        return joined([
            there,
            html('<path class="x-edge x-home" {at} d="{d}"/>', at=at([back], f"{back}-"),
                 d=_path(home)),
            _words(place, y - 9, show(sent), kind, f"{back}-"),
        ])  # fmt: skip


def _sum(parts: Sequence[str]) -> str:
    return " + ".join(f"({part})" if part.startswith("-") else part for part in parts)


def _words(x: int, y: int, words: str, kind: str = "", shown: str = "") -> Markup:
    return html(
        '<text x="{x}" y="{y}" class="{kind}" {at}>{words}</text>',
        x=x, y=y, kind=kind, at=at(shown=shown), words=words,
    )  # fmt: skip


def _path(points: Sequence[tuple[int, int]]) -> str:
    """A curve through points, and the head of an arrow at its end."""
    (x, y), *rest = points
    drawn = f"M{x} {y}"
    for x1, y1 in rest:
        drawn += f"C{x} {(y + y1) // 2} {x1} {(y + y1) // 2} {x1} {y1}"
        x, y = x1, y1
    down = 1 if points[-1][1] > points[0][1] else -1
    return f"{drawn}m-4 {-7 * down}l4 {7 * down}l4 {-7 * down}"
