"""Tracing, line by line: what Python sees, which equations each line writes, what remains."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import itertools
import re
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import CodeType, FrameType, FunctionType, MethodType
from typing import Any

import jax
import numpy as np
from markupsafe import Markup

from autograder.markup import html, joined
from course.explore import programs
from course.explore.stage import Explorable, Scene, Step, at, indented

MOST_VISITS, MOST_LINES = 24, 80
SESSIONS = itertools.count()
"""What JAX keeps of a traced function has the scopes of that time, so each time has its own."""
DERIVATIVES = ("JVPTracer", "LinearizeTracer")


def trace(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Explorable:
    """Show how JAX traces a function: line by line, with the equations that each line writes.

    Python runs the function once, with tracers in the place of numbers and arrays. A function
    that raises is shown up to there. Jitted functions trace anew, so they forget what they
    compiled.

    >>> def double(x):
    ...     return x * 2
    >>> print(trace(double, 1.0))  # doctest: +ELLIPSIS
    How JAX traces double
    ...
    2. Line 2 writes 1 equation: mul.
       return x * 2
       ⇒ b:f32[] = mul a 2.0:f32[]
       returns: tracer float32[]
    ...

    Args:
        function: the function, which may be transformed by `jax.grad`, `jax.vmap` and the like.
        args: what it is called with.
        kwargs: the same, by name.
    """
    inner, is_plain = programs.source_function(function)
    name = getattr(function, "__name__", getattr(inner, "__name__", ""))
    if not name or name == "__call__":
        name = type(function).__name__
    listing = _Listing.of(inner)
    recorder, jaxpr = _record(function, listing, is_plain, args, kwargs)
    if jaxpr is None and getattr(function, "__wrapped__", None) is inner:
        # Without the transformation around it, the equations up to the error are known.
        again, found = _record(inner, listing, True, args, kwargs)
        if again.ended_as(recorder):
            recorder, jaxpr = again, found
    return _Story(name, listing, recorder, jaxpr).explorable()


def _record(
    function: Any, listing: _Listing, is_plain: bool, args: Any, kwargs: Any
) -> tuple[_Recorder, Any]:
    """Trace a function; the program is None if that raised."""
    recorder = _Recorder(listing)
    programs.forget(function)

    def call(*given: Any, **named: Any) -> Any:
        try:
            return function(*given, **named)
        except Exception as error:
            recorder.error = error
            return recorder.left_over()

    with recorder.watching():
        try:
            traced = call if is_plain else function
            return recorder, programs.jaxpr_of(traced, *args, **kwargs)[0]
        except Exception as error:
            recorder.error = error
            return recorder, None


@dataclass(frozen=True)
class _Listing:
    """The source of a function.

    Attributes:
        lines: its lines, without the common indentation; empty if Python keeps no source.
        first: the number of the first line in its file.
        codes: the code objects of the function and of those defined in it.
        statements: for each line, the first and the last line of its statement; lines count from 1.
        loops: the lines at which loops begin.
    """

    lines: Sequence[str] = ()
    first: int = 0
    codes: frozenset[CodeType] = frozenset()
    statements: dict[int, tuple[int, int]] = field(default_factory=dict)
    loops: frozenset[int] = frozenset()

    @classmethod
    def of(cls, function: Any) -> _Listing:
        try:
            lines, first = inspect.getsourcelines(function.__code__)
        except (AttributeError, OSError, TypeError):
            return cls()
        text = textwrap.dedent("".join(lines)).rstrip()
        codes = frozenset(_codes(function.__code__))
        return cls(text.splitlines(), max(first, 1), codes, *_statements(text))

    def place(self, frame: FrameType) -> tuple[int, int]:
        """The first and the last line of the statement that runs in a frame."""
        number = frame.f_lineno - self.first + 1
        return self.statements.get(number, (number, number))

    def text(self, place: tuple[int, int]) -> list[str]:
        text = textwrap.dedent("\n".join(self.lines[place[0] - 1 : place[1]]))
        return [_cut(line, programs.WIDEST) for line in text.splitlines()]


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        # Comprehensions and lambdas are part of the line they stand in.
        if isinstance(constant, CodeType) and not constant.co_name.startswith("<"):
            yield from _codes(constant)


def _statements(text: str) -> tuple[dict[int, tuple[int, int]], frozenset[int]]:
    try:
        tree = ast.parse(text)
    except SyntaxError:  # a lambda may stand in the middle of a call
        return {}, frozenset()
    found, loops = {}, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            first = _first(node)
            inside = getattr(node, "body", None) or getattr(node, "cases", None)
            if isinstance(inside, list):
                # What stands inside are statements of their own.
                last = max(_first(inside[0]) - 1, node.lineno)
            else:
                last = node.end_lineno or first
            found.update({line: (first, last) for line in range(first, last + 1)})
            if isinstance(node, (ast.For, ast.While)):
                loops.add(first)
    return found, frozenset(loops)


def _first(node: Any) -> int:
    """The first line of a statement, its decorators included."""
    if isinstance(node, ast.match_case):
        return node.pattern.lineno
    return min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])


@dataclass
class _Visit:
    """A statement that ran.

    Attributes:
        place: its first and last line.
        function: the name of the function it stands in.
        frame: the number of the call of that function.
        end: the number of the first visit after it, those inside of what it calls not counted.
        values: what it assigned, by name, in words.
        returned: what it returned, in words; empty if it did not.
        printed: what Python printed.
        error: the error that it raised.
    """

    place: tuple[int, int]
    function: str
    frame: int
    end: int = 0
    values: dict[str, str] = field(default_factory=dict)
    returned: str = ""
    printed: str = ""
    error: BaseException | None = None


@dataclass
class _Running:
    """A call of one of the functions, while it runs."""

    number: int
    before: dict[str, Any]
    visit: _Visit | None = None
    scope: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)


class _Recorder:
    """Watches Python go through the lines. Each line gets a scope, which its equations keep."""

    def __init__(self, listing: _Listing) -> None:
        self.visits: list[_Visit] = []
        self.entered: dict[str, str] = {}
        self.error: BaseException | None = None
        self._listing = listing
        self._session = next(SESSIONS)
        self._running: dict[FrameType, _Running] = {}
        self._calls = 0
        self._last: dict[str, Any] = {}
        self._printed = io.StringIO()

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        before = sys.gettrace()
        with contextlib.redirect_stdout(self._printed):
            sys.settrace(self._begin)
            try:
                yield
            finally:
                sys.settrace(before)
        self._running.clear()

    def left_over(self) -> list[Any]:
        """The tracers that a function held when it raised: with them, equations are kept."""
        left = [value for value in self._last.values() if isinstance(value, jax.core.Tracer)]
        self._last.clear()
        return left

    def ended_as(self, other: _Recorder) -> bool:
        """Whether another one saw the same lines and the same error."""
        return type(self.error) is type(other.error) and [one.place for one in self.visits] == [
            one.place for one in other.visits
        ]

    def visit_of(self, scope: str) -> int | None:
        """The number of the visit that wrote an equation with this scope, if any."""
        found = re.findall(rf"explored{self._session}_(\d+)", scope)
        return int(found[-1]) if found else None

    def _begin(self, frame: FrameType, _event: str, _arg: Any) -> Any:
        if frame.f_code not in self._listing.codes:
            return None
        if frame not in self._running:  # a generator goes on
            self._running[frame] = _Running(self._calls, dict(frame.f_locals))
            if self._calls == 0:
                count = frame.f_code.co_argcount + frame.f_code.co_kwonlyargcount
                self.entered = {
                    name: describe(frame.f_locals[name])
                    for name in frame.f_code.co_varnames[:count]
                    if name in frame.f_locals
                }
            self._calls += 1
        return self._step

    def _step(self, frame: FrameType, event: str, arg: Any) -> Any:
        running = self._running[frame]
        visit = running.visit
        if event == "line":
            place = self._listing.place(frame)
            if visit is None or visit.place != place:
                self._finish(frame)
                self._start(frame, place)
        elif event == "exception" and visit and not issubclass(arg[0], StopIteration):
            visit.error = arg[1] if isinstance(arg[1], BaseException) else arg[0](arg[1])
            if running.number == 0:
                self._last = dict(frame.f_locals)
        elif event == "return":
            if visit and visit.error is None:
                visit.returned = describe(arg)
            self._finish(frame)
            running.visit = None
        return self._step

    def _start(self, frame: FrameType, place: tuple[int, int]) -> None:
        running = self._running[frame]
        running.visit = _Visit(place, frame.f_code.co_name, running.number)
        running.scope.enter_context(jax.named_scope(f"explored{self._session}_{len(self.visits)}"))
        self.visits.append(running.visit)

    def _finish(self, frame: FrameType) -> None:
        running = self._running[frame]
        if running.visit is None:
            return
        running.scope.close()
        running.visit.end = len(self.visits)
        now = dict(frame.f_locals)
        running.visit.values = {
            name: describe(value)
            for name, value in now.items()
            if name.isidentifier()
            and (name not in running.before or running.before[name] is not value)
        }
        running.before = now
        running.visit.printed = self._printed.getvalue()
        self._printed.seek(0)
        self._printed.truncate()


def describe(value: Any, depth: int = 1) -> str:
    """What Python sees, in words: a tracer has a type, and no numbers."""
    if isinstance(value, jax.core.Tracer):
        kind = type(value).__name__
        more = " that carries a derivative" if kind in DERIVATIVES else ""
        more = ", one of a batch" if kind == "BatchTracer" else more
        return f"tracer {_type(value.aval)}{more}"
    if isinstance(value, (jax.Array, np.ndarray)):
        owner = "NumPy array" if isinstance(value, np.ndarray) else "array"
        numbers = value.size <= 4 and not jax.dtypes.issubdtype(value.dtype, jax.dtypes.extended)
        shown = f" = {np.array2string(np.asarray(value), precision=4)}" if numbers else ""
        return f"{owner} {_type(value)}{shown}".replace("\n", "")
    if isinstance(value, (bool, int, float, complex, str, type(None), np.generic)):
        return _cut(repr(value), 40)
    if isinstance(value, type):
        return f"class {value.__name__}"
    if isinstance(value, (FunctionType, MethodType)) or hasattr(value, "__wrapped__"):
        return f"function {getattr(value, '__name__', '')}".strip()
    if isinstance(value, dict) and depth and len(value) <= 4:
        inner = (f"{_cut(repr(key), 20)}: {describe(one, 0)}" for key, one in value.items())
        return "{" + ", ".join(inner) + "}"
    if type(value) in (tuple, list) and depth and len(value) <= 4:
        inner = ", ".join(describe(one, 0) for one in value)
        return f"({inner})" if isinstance(value, tuple) else f"[{inner}]"
    if isinstance(value, (tuple, list, dict)):
        return f"{type(value).__name__} of {len(value)}"
    return f"a {type(value).__name__}"


def _type(array: Any) -> str:
    return f"{array.dtype}[{','.join(map(str, array.shape))}]"


def _cut(text: str, most: int) -> str:
    # An address would differ from run to run.
    text = re.sub(r"\b0x[0-9a-f]{6,}", "0x…", text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


class _Story:
    """What was recorded, told in steps."""

    def __init__(self, name: str, listing: _Listing, recorder: _Recorder, jaxpr: Any) -> None:
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
        about = "Python goes through the lines of the function, and meanwhile JAX writes down a program."
        if not self._listing.lines:
            about = "Python keeps no source of this function, so its lines cannot be shown."
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
        text = [*source, *(f"⇒ {self._lines[one].text}" for one in written)]
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
        for place, number in enumerate(kept):
            if place == MOST_VISITS and len(kept) > MOST_VISITS + 1:
                self._summarise([one for one in kept if one not in told])
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
        if inner:
            names = " and ".join(dict.fromkeys(f"`{visits[one].function}`" for one in inner))
            early = self._before(written, inner)
            written = [place for place in written if place not in early]
            words = f"{line}{where} begin{s}, and lead{s} into {names}."
            if early:
                words += f" Before that, it {self._counted('writes', early)}"
            self._add(words, (), visit.place, early)
            for one in inner:
                self._tell(one, kept, told)
            where += f" end{s} and" if where else f" end{s}, and"
        if visit.error is not None:
            words = f"{line}{where} raise{s} `{type(visit.error).__name__}`."
        elif self._jaxpr is None:
            words = (
                f"{line}{where.removesuffix(' and').removesuffix(',')}."
                if inner
                else (f"{line}{where} run{s}.")
            )
        else:
            words = f"{line}{where} {self._counted(f'write{s}', written)}"
        rows = [*visit.values.items()]
        if visit.printed:
            rows.append(("Python prints", _cut(visit.printed.strip(), 200)))
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
        """One step for all visits after the first ones."""
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
        """The visits to show. JAX may trace the body of a loop twice, and forget the first time."""
        visits = self._recorder.visits
        used = {visits[number].frame for number in self._visit_of if number is not None}
        names = {visit.function for visit in visits if visit.frame in used}
        kept, begun = [], set()
        for number, visit in enumerate(visits):
            if visit.frame not in used and visit.function in names and visit.error is None:
                continue
            # Back at the head of a loop, what it assigned is told with the line that follows.
            head = (visit.frame, visit.place[0])
            is_head = visit.place[0] in self._listing.loops
            silent = number not in self._visit_of and visit.error is None
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
        error = self._recorder.error
        others = [place for place in range(len(self._lines)) if place not in self._step_of]
        if error is not None:
            message = programs.sentence(error)
            words = f"Tracing ends here, with `{type(error).__name__}`: {message}"
            failed = [visit.place for visit in self._recorder.visits if visit.error is not None]
            written = [place for place in others if self._lines[place].equation is not None]
            self._add(words, (), failed[-1] if failed else None, written)
            return
        own = [place for place in others if self._lines[place].equation is not None]
        words = ""
        if own and self._listing.lines:
            verb = "comes" if len(own) == 1 else "come"
            words = f"{_plural(len(own), 'equation')} {verb} from outside of these lines. "
        total = programs.equations(self._jaxpr)
        left = f"{_plural(total, 'equation')} {_is(total)}" if total else "no equation is"
        words += (
            f"Python is done, and {left} left. Under `jax.jit`, calls with the same shapes and dtypes "
            "run this program, without Python."
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
                    line=indented(f"{number:2} ") + indented(_cut(line, programs.WIDEST)),
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
        lines = self._lines[:-1] if self._recorder.error is not None else self._lines
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
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _ranges(numbers: Sequence[int]) -> str:
    """Numbers as the script reads them: 2 3 4 7 is "2-4 7"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number <= runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
