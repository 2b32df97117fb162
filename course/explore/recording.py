"""Watches Python go through the lines of a function while JAX traces it."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import itertools
import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import CodeType, FrameType, FunctionType, MethodType
from typing import Any

import jax
import numpy as np

from course.explore.programs import cut, sentence

SESSIONS = itertools.count()
"""What JAX keeps of a traced function has the scopes of that time, so each time has its own."""
DERIVATIVES = ("JVPTracer", "LinearizeTracer")


@dataclass(frozen=True)
class Listing:
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
    def of(cls, function: Any) -> Listing:
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
        return [cut(line) for line in text.splitlines()]


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
class Visit:
    """A statement that ran.

    Attributes:
        place: its first and last line.
        function: the name of the function it stands in.
        frame: the number of the call of that function.
        end: the number of the first visit after it and after the visits in functions that it calls.
        values: the values that it assigned, by name, in words.
        returned: the value that it returned, in words; empty if it did not return.
        printed: the text that Python printed.
        error: the name of the error that it raised; empty if it raised none.
    """

    place: tuple[int, int]
    function: str
    frame: int
    end: int = 0
    values: dict[str, str] = field(default_factory=dict)
    returned: str = ""
    printed: str = ""
    error: str = ""


@dataclass
class _Running:
    """A call of one of the functions, while it runs."""

    number: int
    before: dict[str, Any]
    visit: Visit | None = None
    scope: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)


class Recorder:
    """Watches Python go through the lines. Each line gets a scope, which its equations keep."""

    def __init__(self, listing: Listing, keeps_values: bool) -> None:
        self.visits: list[Visit] = []
        self.entered: dict[str, str] = {}
        self.error = ""  # its name
        self.message = ""
        self._keeps_values = keeps_values
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
        """The tracers that a function held when it raised; they keep the equations alive."""
        left = [value for value in self._last.values() if isinstance(value, jax.core.Tracer)]
        self._last.clear()
        return left

    def fail(self, error: BaseException) -> None:
        """Note an error, but do not keep it: it would keep the tracers of its frames alive."""
        self.error, self.message = type(error).__name__, sentence(error)

    def ended_as(self, other: Recorder) -> bool:
        """Whether another recorder saw the same lines and the same error."""
        return self.error == other.error and [one.place for one in self.visits] == [
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
            visit.error = arg[0].__name__
            if running.number == 0 and self._keeps_values:
                self._last = dict(frame.f_locals)
        elif event == "return":
            if visit and not visit.error:
                visit.returned = describe(arg)
            self._finish(frame)
            running.visit = None
            if not frame.f_code.co_flags & inspect.CO_GENERATOR:
                # JAX looks for tracers that somebody holds when a trace is over.
                del self._running[frame]
        return self._step

    def _start(self, frame: FrameType, place: tuple[int, int]) -> None:
        running = self._running[frame]
        running.visit = Visit(place, frame.f_code.co_name, running.number)
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
    """What Python sees, in words: a tracer has a type, but no numbers."""
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
        return cut(repr(value), 40)
    if isinstance(value, type):
        return f"class {value.__name__}"
    if isinstance(value, (FunctionType, MethodType)) or hasattr(value, "__wrapped__"):
        return f"function {getattr(value, '__name__', '')}".strip()
    if isinstance(value, dict) and depth and len(value) <= 4:
        inner = (f"{cut(repr(key), 20)}: {describe(one, 0)}" for key, one in value.items())
        return "{" + ", ".join(inner) + "}"
    if type(value) in (tuple, list) and depth and len(value) <= 4:
        inner = ", ".join(describe(one, 0) for one in value)
        return f"({inner})" if isinstance(value, tuple) else f"[{inner}]"
    if isinstance(value, (tuple, list, dict)):
        return f"{type(value).__name__} of {len(value)}"
    return f"a {type(value).__name__}"


def _type(array: Any) -> str:
    return f"{array.dtype}[{','.join(map(str, array.shape))}]"
