"""How a call of a jitted function spends its time, as measured when the cell ran."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax
from markupsafe import Markup

from autograder.markup import html, joined
from course.explore import programs
from course.explore.stage import Explorable, Scene, Step, at

THINNEST = 2.0
"""Per cent of the width that a piece has at least."""
EVENTS = {
    "/jax/core/compile/jaxpr_trace_duration": "trace",
    "/jax/core/compile/jaxpr_to_mlir_module_duration": "lower",
    "/jax/core/compile/backend_compile_duration": "compile",
}
_reported: list[tuple[str, float]] = []
_is_listening = False


def timeline(function: Callable[..., Any], *args: Any) -> Explorable:
    """Show what the first and the second call of a jitted function spend their time on.

    Both calls run and are measured, so the numbers are different each time. A function that was
    jitted before loses its compiled programs.

    Args:
        function: the function; it is jitted first if it is not jitted yet.
        args: its arguments.
    """
    name = getattr(function, "__name__", "the function")
    try:
        first, second = measure(function, *args)
    except Exception as error:
        words = f"There is nothing to measure: `{name}` raises `{type(error).__name__}`: {programs.sentence(error)}"
        return Explorable(f"Two calls of `{name}`", Scene([Step(words)]))
    return draw(name, first, second, jax.default_backend())


@dataclass(frozen=True)
class Call:
    """The seconds of one call.

    Attributes:
        trace: the time in which Python ran the function.
        lower: the time in which the jaxpr was translated into XLA's language.
        compile: the time in which XLA made machine code.
        returned: the time until the call returned.
        ready: the time until the result was there.
    """

    trace: float
    lower: float
    compile: float
    returned: float
    ready: float

    @property
    def hand_over(self) -> float:
        """The seconds in which Python does the rest: it looks up the program and starts it."""
        return max(self.returned - self.trace - self.lower - self.compile, 0.0)

    @property
    def wait(self) -> float:
        """The seconds between the return of the call and its result."""
        return self.ready - self.returned


def measure(function: Callable[..., Any], *args: Any) -> tuple[Call, Call]:
    """The first and the second call of a jitted function."""
    programs.forget(function)
    jitted = function if programs.is_jitted(function) else jax.jit(lambda *given: function(*given))
    jax.block_until_ready((args, jax.numpy.zeros(())))
    return _call(jitted, args), _call(jitted, args)


def draw(name: str, first: Call, second: Call, device: str) -> Explorable:
    """The explorable of two calls that were measured."""
    about = (
        f"Measured on the {device} of this machine when the cell ran. Each call is drawn to its "
        f"own scale, and every piece is at least {THINNEST:.0f} % of the width."
    )
    figure = joined([
        _chart("First call", first, {"trace": 1, "lower": 2, "compile": 2, "hand over": 3}, 4),
        _chart("Second call", second, {"look up, hand over": 5}, 6),
    ])  # fmt: skip
    scene = Scene(list(_steps(first, second)), figure)
    return Explorable(f"Two calls of `{name}`", scene, about=about)


def _steps(first: Call, second: Call) -> Iterator[Step]:
    yield Step(
        f"The first call begins with Python, which traces the function: {_time(first.trace)}."
    )
    yield Step(
        f"JAX translates the jaxpr into XLA's language, in {_time(first.lower)}. XLA compiles this "
        f"to machine code, in {_time(first.compile)}."
    )
    yield Step(
        f"Python does the rest in {_time(first.hand_over)}: it loads the program and gives the "
        f"work to the device. The call returns after {_time(first.returned)}. A stopwatch that stops "
        "here has measured Python and the compiler."
    )
    yield Step(
        f"`block_until_ready` waits for the device, for another {_time(first.wait)}. The result of "
        f"the first call is there after {_time(first.ready)}."
    )
    yield Step(
        "The second call finds the compiled program. Python only gives the work to the device, "
        f"and the call returns after {_time(second.returned)}."
    )
    yield Step(
        f"`block_until_ready` waits for another {_time(second.wait)}. The result of the second "
        f"call is there after {_time(second.ready)}."
    )
    yield Step(_lesson(second))


def _lesson(call: Call) -> str:
    if call.returned > 0.9 * call.ready:
        return (
            f"Here both stopwatches show nearly the same time, {_time(call.returned)} and "
            f"{_time(call.ready)}: the device was done when the call returned. That happens when "
            "there is little work. Always wait for the result, because larger arrays take longer."
        )
    return (
        f"For the second call, a stopwatch without `block_until_ready` shows "
        f"{_time(call.returned)}, but the result takes {_time(call.ready)}. To measure honestly, "
        "make one call to warm up, and then wait for each result."
    )


def _call(function: Callable[..., Any], args: Sequence[Any]) -> Call:
    _listen()
    _reported.clear()
    begin = time.perf_counter()
    result = function(*args)
    returned = time.perf_counter() - begin
    jax.block_until_ready(result)
    ready = time.perf_counter() - begin
    # Functions within report their own times, which are part of the longest one.
    longest = {name: max((s for one, s in _reported if one == name), default=0.0)
               for name in EVENTS.values()}  # fmt: skip
    return Call(**longest, returned=returned, ready=ready)


def _listen() -> None:
    global _is_listening
    if not _is_listening:
        jax.monitoring.register_event_duration_secs_listener(_note)
        _is_listening = True


def _note(event: str, seconds: float, **_: Any) -> None:
    if event in EVENTS:
        _reported.append((EVENTS[event], seconds))


# -------------------------------------------------------------------------------- the picture


def _chart(title: str, call: Call, python: dict[str, int], last: int) -> Markup:
    """The lanes of one call.

    Args:
        title: of the call.
        call: what was measured.
        python: for each piece of Python's lane the step in which it is explained.
        last: the step in which the device is explained.
    """
    seconds = [getattr(call, name) for name in ("trace", "lower", "compile")][: len(python) - 1]
    seconds += [call.returned - sum(seconds), call.wait]
    names = [*python, "wait"]
    widths = _widths(seconds)
    handed = sum(widths[:-1])
    pieces, left = [], 0.0
    for (name, step), width in zip(python.items(), widths, strict=False):
        pieces.append(_piece(name, left, width, "x-python", step))
        left += width
    lanes = [
        ("Python", joined(pieces)),
        ("device", _piece("runs", handed, widths[-1], "x-device", last)),
        ("stopwatch, not waiting", _watch(call.returned, handed, last - 1)),
        ("stopwatch, waiting", _watch(call.ready, 100, last)),
    ]  # fmt: skip
    return html(
        '<div class="x-panel x-chart"><p class="x-head">{title}</p>{lanes}'
        '<p class="x-small" {at}>{told}</p></div>',
        title=title,
        at=at(shown=f"{last}-"),
        told=", ".join(f"{name} {_time(one)}" for name, one in zip(names, seconds, strict=True)),
        lanes=joined(
            html(
                '<div class="x-lane"><span>{name}</span><div class="x-track">{track}</div></div>',
                name=name,
                track=track,
            )
            for name, track in lanes
        ),
    )


def _widths(seconds: Sequence[float]) -> list[float]:
    """The width of each piece in per cent; every piece is wide enough to be seen."""
    whole = sum(seconds) or 1.0
    shares = [max(100 * max(one, 0.0) / whole, THINNEST) for one in seconds]
    return [100 * share / sum(shares) for share in shares]


def _watch(seconds: float, width: float, step: int) -> Markup:
    """A stopwatch, which shows its time within the bar, or beside it where that is short."""
    is_short = width < 15
    bar = _piece("" if is_short else _time(seconds), 0, width, "x-watch", step)
    return bar + (_piece(_time(seconds), width, 15, "x-beside", step) if is_short else "")


def _piece(words: str, left: float, width: float, kind: str, step: int) -> Markup:
    if width < 10:
        words = ""  # it would be cut; the numbers below name all pieces
    return html(
        '<div class="x-piece {kind}" {at} style="left:{left:.1f}%;width:{width:.1f}%">{words}</div>',
        kind=kind, at=at(now=[step], shown=f"{step}-"), left=left, width=width, words=words,
    )  # fmt: skip


def _time(seconds: float) -> str:
    """Seconds with two digits, in the unit that suits them."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            number = seconds / size
            return f"{number:.0f} {unit}" if number >= 10 else f"{number:.1f} {unit}"
    return f"{seconds * 1e6:.0f} µs"
