"""Tracing, line by line: what Python sees, and which equations each line writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from markupsafe import Markup

from autograder.markup import html, joined
from course.explore import programs
from course.explore.recording import Listing, Recorder
from course.explore.stage import Explorable, Scene, Step, at, indented

MOST_VISITS, MOST_LINES, MOST_TOLD = 24, 80, 20
"""The most visits, lines of source or program, and equations of one step, that are shown."""


def trace(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Explorable:
    """Show how JAX traces a function: line by line, with the equations that each line writes.

    Python runs the function once, with tracers in place of numbers and arrays. If the function
    raises, the steps end there. Jitted functions are traced again, so they lose their compiled
    programs.

    In a notebook, `trace(f, 1.0)` at the end of a cell shows the steps. Printed, one of them is:

        2. Line 2 writes 1 equation: mul.
           return x * 2
           ⇒ b:f32[] = mul a 2.0
           returns: tracer float32[]

    Args:
        function: the function, which may be transformed by `jax.grad`, `jax.vmap` and the like.
        args: its arguments.
        kwargs: its arguments by name.
    """
    inner, is_plain = programs.source_function(function)
    name = getattr(function, "__name__", getattr(inner, "__name__", ""))
    if not name or name == "__call__":
        name = type(function).__name__
    listing = Listing.of(inner)
    recorder, jaxpr = _record(function, listing, is_plain, args, kwargs)
    if jaxpr is None and getattr(function, "__wrapped__", None) is inner:
        # Without the transformation around it, the equations up to the error are known.
        again, found = _record(inner, listing, True, args, kwargs)
        if again.ended_as(recorder):
            recorder, jaxpr = again, found
    return _Story(name, listing, recorder, jaxpr).explorable()


def _record(
    function: Any, listing: Listing, is_plain: bool, args: Any, kwargs: Any
) -> tuple[Recorder, Any]:
    """Trace a function; the program is None if that raised."""
    recorder = Recorder(listing, is_plain)
    programs.forget(function)

    def call(*given: Any, **named: Any) -> Any:
        try:
            return function(*given, **named)
        except Exception as error:
            recorder.fail(error)
            return recorder.left_over()

    with recorder.watching():
        try:
            traced = call if is_plain else function
            return recorder, programs.jaxpr_of(traced, *args, **kwargs)[0]
        except Exception as error:
            recorder.fail(error)
            return recorder, None


class _Story:
    """What was recorded, told in steps."""

    def __init__(self, name: str, listing: Listing, recorder: Recorder, jaxpr: Any) -> None:
        self._name, self._listing, self._recorder = name, listing, recorder
        self._jaxpr = jaxpr
        self._lines = list(programs.lines(jaxpr)) if jaxpr is not None else []
        self._visit_of = [recorder.visit_of(line.scope) for line in self._lines]
        self._is_back = ["transpose(" in line.scope for line in self._lines]
        self._steps: list[Step] = []
        self._step_of: dict[int, int] = {}  # the step of each line of the program
        self._marked: dict[int, list[int]] = {}  # the steps of each line of the source

    def explorable(self) -> Explorable:
        self._enter()
        self._go_forward()
        self._go_back()
        self._end()
        about = "Python runs the lines of the function. Meanwhile, JAX writes down a program."
        if not self._listing.lines:
            about = (
                "Python does not have the source of this function, so its lines cannot be shown."
            )
        scene = Scene(self._steps, self._figure())
        return Explorable(f"How JAX traces `{self._name}`", scene, about=about)

    def _add(
        self, words: str, rows: Sequence[tuple[str, str]] = (), place=None, written=(), ends=()
    ) -> None:
        """Add a step, with names and values, the lines of source, and those of the program."""
        number = len(self._steps) + 1
        self._step_of.update(dict.fromkeys(written, number))
        source = self._listing.text(place) if place else []
        for line in range(place[0], place[1] + 1) if place else ():
            self._marked.setdefault(line, []).append(number)
        table = joined(
            html("<tr><td>{name}</td><td>{value}</td></tr>", name=name, value=_code(value))
            for name, value in rows
        )
        text = [*source, *(f"⇒ {self._lines[one].text}" for one in written[:MOST_TOLD])]
        if len(written) > MOST_TOLD:
            text.append(f"⇒ … {len(written) - MOST_TOLD} more")
        text += [f"{name}: {value}" for name, value in rows]
        text += [f"The program {line}" for line in ends]
        title = html('<p class="x-head">What Python sees</p>')
        body = html("{title}<table>{table}</table>", title=title, table=table) if rows else ""
        self._steps.append(Step(words, body, "\n".join(text)))

    def _enter(self) -> None:
        entered = self._recorder.entered
        if not self._listing.lines:
            return
        tracers = [name for name, value in entered.items() if "tracer " in value]
        words = f"JAX calls `{self._name}` once."
        if tracers:
            are = "is a tracer: it has" if len(tracers) == 1 else "are tracers: they have"
            named = ", ".join(f"`{name}`" for name in tracers)
            words += f" {named} {are} a shape and a dtype, but no numbers."
        self._add(words, list(entered.items()), ends=[line.text for line in self._lines[:1]])

    def _go_forward(self) -> None:
        kept, told = self._kept(), set()
        for number in kept:
            if len(told) >= MOST_VISITS:
                rest = [one for one in kept if one not in told]
                if len(rest) > 1:
                    self._summarise(rest)
                    return
            self._tell(number, kept, told)

    def _tell(self, number: int, kept: Sequence[int], told: set[int]) -> None:
        """Tell a visit, and before its end all visits to functions that it leads into."""
        if number in told:
            return
        told.add(number)
        visits = self._recorder.visits
        visit = visits[number]
        line, s = _named(visit.place)
        where = f", inside `{visit.function}`," if visit.frame else ""
        inner = [
            one
            for one in kept
            if number < one < visit.end and visits[one].frame > visit.frame and one not in told
        ]
        written = self._written([number], back=False)
        ends = "finishes" if s else "finish"
        if inner:
            names = " and ".join(dict.fromkeys(f"`{visits[one].function}`" for one in inner))
            early = self._before(written, inner)
            written = [place for place in written if place not in early]
            words = f"{line}{where} start{s}, and Python enters {names}."
            if early:
                words += f" Before that, it {self._counted('writes', early)}"
            self._add(words, (), visit.place, early)
            for one in inner:
                if len(told) < MOST_VISITS:
                    self._tell(one, kept, told)
            where += f" {ends} and" if where else f" {ends}, and"
        if visit.error:
            words = f"{line}{where} raise{s} `{visit.error}`."
        elif self._jaxpr is None:
            words = f"{line}{where} run{s}."
            if inner:
                words = f"{line}{where.removesuffix(' and').removesuffix(',')}."
        else:
            words = f"{line}{where} {self._counted(f'write{s}', written)}"
        rows = [*visit.values.items()]
        if visit.printed:
            rows.append(("Python prints", programs.cut(visit.printed.strip(), 200)))
        if visit.returned:
            rows.append(("returns", visit.returned))
        self._add(words, rows, visit.place, written)

    def _before(self, written: Sequence[int], inner: Sequence[int]) -> list[int]:
        """The equations that a line wrote before it led into other functions.

        An equation with a program within stands before that program, but is written after it.
        """
        first = min(self._written(inner, back=False), default=0)
        return [
            place
            for place in written
            if place < first and not any(programs.inside(self._lines[place].equation))
        ]

    def _summarise(self, rest: Sequence[int]) -> None:
        """Add one step for all visits that have no step of their own."""
        written = self._written(rest, back=False)
        places = sorted({self._recorder.visits[number].place for number in rest})
        lines = ", ".join(str(first) for first, _ in places)
        count = self._counted("write", written)
        self._add(
            f"Python goes on in the same way. {len(rest)} more visits to lines {lines} {count}"
        )
        self._step_of.update(dict.fromkeys(written, len(self._steps)))
        for first, last in places:
            for line in range(first, last + 1):
                self._marked.setdefault(line, []).append(len(self._steps))

    def _kept(self) -> list[int]:
        """The visits to show. JAX may trace the body of a loop twice, and drop the first trace."""
        visits = self._recorder.visits
        used = {visits[number].frame for number in self._visit_of if number is not None}
        names = {visit.function for visit in visits if visit.frame in used}
        kept, begun = [], set()
        for number, visit in enumerate(visits):
            if visit.frame not in used and visit.function in names and not visit.error:
                continue
            # Back at the head of a loop, what it assigned is told with the line that follows.
            head = (visit.frame, visit.place[0])
            is_head = visit.place[0] in self._listing.loops
            silent = number not in self._visit_of and not visit.error
            if is_head and silent and head in begun and number + 1 < len(visits):
                following = visits[number + 1]
                following.values = {**visit.values, **following.values}
                continue
            begun.add(head)
            kept.append(number)
        return kept

    def _go_back(self) -> None:
        """The way back of reverse-mode derivatives, which needs no Python."""
        if not self._listing.lines:
            return
        back = [place for place in self._equations() if self._is_back[place]]
        groups: dict[tuple[int, int], list[int]] = {}
        for place in back:
            number = self._visit_of[place]
            if number is not None:
                groups.setdefault(self._recorder.visits[number].place, []).append(place)
        for at_lines, written in groups.items():
            line, s = _named(at_lines)
            count = self._counted(f"add{s}", written)
            self._add(f"On the way back, {line.lower()} {count}", (), at_lines, written)

    def _end(self) -> None:
        others = [place for place in range(len(self._lines)) if place not in self._step_of]
        if self._recorder.error:
            words = f"Tracing ends here, with `{self._recorder.error}`: {self._recorder.message}"
            failed = [visit.place for visit in self._recorder.visits if visit.error]
            written = [place for place in others if self._lines[place].equation is not None]
            self._add(words, (), failed[-1] if failed else None, written)
            return
        own = [place for place in others if self._lines[place].equation is not None]
        words = ""
        if own and self._listing.lines:
            verb = "comes" if len(own) == 1 else "come"
            words = f"{_plural(len(own), 'equation')} {verb} from outside these lines. "
        total = programs.equations(self._jaxpr)
        words += (
            f"Python is done. The program has {_plural(total, 'equation')}. Under `jax.jit`, calls "
            "with the same shapes and dtypes run this program, without Python."
        )
        self._add(words, (), None, own, [self._lines[-1].text])

    def _written(self, numbers: Sequence[int], back: bool) -> list[int]:
        wanted = set(numbers)
        return [
            place
            for place in self._equations()
            if self._visit_of[place] in wanted and self._is_back[place] == back
        ]

    def _equations(self) -> list[int]:
        return [place for place, line in enumerate(self._lines) if line.equation is not None]

    def _counted(self, verb: str, written: Sequence[int]) -> str:
        if not written:
            return f"{verb} no equation: only Python is at work."
        names = Counter(self._lines[place].equation.primitive.name for place in written)
        words = ", ".join(f"`{name}`" + (f" ×{n}" if n > 1 else "") for name, n in names.items())
        return f"{verb} {_plural(len(written), 'equation')}: {words}."

    def _figure(self) -> Markup:
        panels = []
        if self._listing.lines:
            shown = self._listing.lines[:MOST_LINES]
            listed = [
                html(
                    "<div {at}>{line}</div>",
                    at=at(now=_ranges(self._marked.get(number, []))),
                    line=indented(f"{number:2} ") + indented(programs.cut(line)),
                )
                for number, line in enumerate(shown, 1)
            ]  # fmt: skip
            if len(shown) < len(self._listing.lines):
                listed.append(html("<div>…</div>"))
            panels.append(("Python", joined(listed)))
        if self._lines:
            panels.append(("The program", self._program()))
        return html(
            '<div class="x-columns">{panels}</div>',
            panels=joined(
                html(
                    '<div class="x-panel"><p class="x-head">{title}</p>'
                    '<div class="x-code">{lines}</div></div>',
                    title=title, lines=lines,
                )
                for title, lines in panels
            ),
        )  # fmt: skip

    def _program(self) -> Markup:
        written, last = [], len(self._steps)
        # A program that was not finished returns nothing.
        lines = self._lines[:-1] if self._recorder.error else self._lines
        for place, line in enumerate(lines):
            number = self._visit_of[place]
            if line.equation is None:
                # What a program takes comes with its first equation, what it returns with the last.
                near = self._step_of.get(place + 1, written[-1][1] if written else 1)
                step = 1 if place == 0 else near if line.scope else last
                written.append((line, step, ""))
            else:
                step = self._step_of.get(place, last)
                first = self._recorder.visits[number].place[0] if number is not None else 0
                written.append((line, step, f"line {first}" if first else "elsewhere"))
        shown = written if len(written) <= MOST_LINES else written[: MOST_LINES - 1]
        listed = []
        for line, step, origin in shown:
            note = html('<span class="x-from"> ← {origin}</span>', origin=origin)
            listed.append(
                html(
                    "<div {at}>{text}{note}</div>",
                    at=at(now=[step] if line.equation is not None else "", shown=f"{step}-"),
                    text=indented(line.text),
                    note=note if origin and self._listing.lines else "",
                )
            )
        if len(shown) < len(written):
            more = sum(line.equation is not None for line, *_ in written[len(shown) :])
            listed.append(html("<div>… {more} more equations</div>", more=more))
        return joined(listed)


def _code(value: str) -> Markup:
    return html("<code>{value}</code>", value=value)


def _named(place: tuple[int, int]) -> tuple[str, str]:
    """The name of one or several lines, and the ending of their verb."""
    first, last = place
    return (f"Line {first}", "s") if first == last else (f"Lines {first} to {last}", "")


def _plural(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count or 'no'} {noun}s"


def _ranges(numbers: Sequence[int]) -> str:
    """Numbers as the script reads them: 2 3 4 7 is "2-4 7"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number <= runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
