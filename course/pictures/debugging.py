"""Pictures for finding mistakes and measuring: tools, NaNs that spread, a profile, memory."""

import gzip
import json
import math
from pathlib import Path
from typing import NamedTuple

from course.pictures import canvas
from course.pictures.canvas import INK, TILES

PALE = "#f4f4f4"
GREY = "#59626d"
STAGES = ("Python", "trace", "compile", "run")
TOOLS = (
    ("print", 1, 1, "names, shapes and dtypes"),
    ("jax.eval_shape", 1, 1, "shapes and dtypes of the result"),
    ("jax.make_jaxpr", 1, 1, "the operations that you asked for"),
    ("compiled.as_text()", 2, 2, "the operations that are left"),
    ("compiled.memory_analysis()", 2, 2, "the bytes of a run"),
    ("jax.debug.print", 3, 3, "values"),
    ("checkify", 3, 3, "values that break a rule"),
    ("jax.debug_nans", 3, 3, "the operation that makes the first NaN"),
    ("jax.profiler.trace", 0, 3, "what ran when, and for how long"),
    ("jax.disable_jit", 0, 0, "everything, one operation at a time"),
)


def draw_tools():
    """Draw which tool looks at which stage of a jitted call, and what it shows.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    fig, ax = canvas.canvas((-3.3, 8.7), (-0.2, len(TOOLS) + 1.2), aspect=0.62)
    for column, stage in enumerate(STAGES):
        canvas.text(ax, 1.15 * column + 0.5, len(TOOLS) + 0.6, stage, weight="bold")
    for row, (tool, first, last, shows) in enumerate(reversed(TOOLS)):
        canvas.text(ax, -0.15, row + 0.5, tool, ha="right", family="monospace")
        for column in range(len(STAGES)):
            inside = first <= column <= last
            face = TILES[column] if inside else "white"
            canvas.box(ax, 1.15 * column, row + 0.12, 1.0, 0.76, face, "×" if inside else "")
        canvas.text(ax, 4.8, row + 0.5, shows, ha="left")
    fig.set_label(
        "Which tool looks at which stage of a call. "
        + " ".join(
            f"{tool}: {' to '.join(dict.fromkeys((STAGES[first], STAGES[last])))}, shows {shows}."
            for tool, first, last, shows in TOOLS
        )
    )
    return fig


def draw_spread(steps):
    """Draw how infinities and NaNs spread from array to array.

    Args:
        steps: list of (name, matrix of floats), in the order of the computation.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    widths = [len(matrix[0]) + 1.2 for _, matrix in steps]
    tall = max(len(matrix) for _, matrix in steps)
    fig, ax = canvas.canvas((-0.4, sum(widths) - 0.6), (-0.4, tall + 1.1), aspect=0.7)
    left, said = 0.0, []
    for (name, matrix), width in zip(steps, widths, strict=True):
        rows, columns = len(matrix), len(matrix[0])
        canvas.text(ax, left + columns / 2, tall + 0.55, name, family="monospace")
        kinds = [[_kind(float(entry)) for entry in row] for row in matrix]
        for i, row in enumerate(kinds):
            for j, kind in enumerate(row):
                face, hatch = {"NaN": (TILES[5], "///"), "∞": (TILES[1], None)}.get(
                    kind, (PALE, None)
                )
                canvas.box(ax, left + j, tall - 1 - i, 1, 1, face, kind, hatch=hatch)
        flat = [kind for row in kinds for kind in row]
        said.append(
            f"{name}: {rows} × {columns} entries, {flat.count('∞')} infinite, "
            f"{flat.count('NaN')} NaN."
        )
        left += width
    fig.set_label("Where infinities and NaNs are after each step. " + " ".join(said))
    return fig


def _kind(entry):
    if math.isnan(entry):
        return "NaN"
    if math.isinf(entry):
        return "∞"
    return f"{entry:.0f}" if abs(entry) >= 100 else ""


class Event(NamedTuple):
    """One thing in a profile: what ran, on which lane, and when, in milliseconds."""

    name: str
    lane: str
    begin: float
    end: float


def read_profile(folder, annotations):
    """What ran, from the newest profile that `jax.profiler.trace` wrote.

    Args:
        folder: the folder that was given to `jax.profiler.trace`.
        annotations: the names of the annotations to keep.

    Returns:
        The events in the order of their beginnings. Their lanes are `Python` for annotations,
        `dispatch` for calls of jitted functions, and `device` for operations.
    """
    newest = max(Path(folder).rglob("*.trace.json.gz"), key=lambda path: path.stat().st_mtime)
    with gzip.open(newest, "rt", encoding="utf-8") as file:
        spans = [one for one in json.load(file)["traceEvents"] if one.get("ph") == "X"]
    events = []
    for span in spans:
        name = span["name"]
        if name in annotations:
            lane = "Python"
        elif name.startswith("PjitFunction("):
            lane, name = "dispatch", name[len("PjitFunction(") : -1]
        elif "hlo_op" in span.get("args", {}):
            lane = "device"
        else:
            continue
        begin = span["ts"] / 1000
        events.append(Event(name, lane, begin, begin + span["dur"] / 1000))
    start = min((event.begin for event in events), default=0.0)
    moved = [one._replace(begin=one.begin - start, end=one.end - start) for one in events]
    return sorted(moved, key=lambda event: event.begin)


def busy(events):
    """The milliseconds during which at least one of these events ran."""
    total, reached = 0.0, -math.inf
    for event in events:
        total += max(event.end - max(event.begin, reached), 0.0)
        reached = max(reached, event.end)
    return total


def draw_profile(events):
    """Draw a profile: one lane for Python, one for dispatch, one for the device.

    Args:
        events: from `read_profile`.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    span = max(event.end for event in events)
    lanes = ("Python", "dispatch", "device")
    fig, ax = canvas.canvas((-0.17 * span, 1.02 * span), (-0.75, 3.1), aspect=0.085 * span)
    named = list(dict.fromkeys(event.name for event in events if event.lane == "Python"))
    for row, lane in enumerate(reversed(lanes)):
        canvas.text(ax, -0.015 * span, row + 0.5, lane, ha="right", weight="bold")
        canvas.box(ax, 0, row + 0.1, span, 0.8, PALE)
        for event in events:
            if event.lane != lane:
                continue
            face = TILES[named.index(event.name)] if lane == "Python" else TILES[2]
            long = lane == "Python" and event.end - event.begin > 0.07 * span
            words, wide = event.name if long else "", event.end - event.begin
            canvas.box(ax, event.begin, row + 0.1, max(wide, 0.002 * span), 0.8, face, words)
    for tick in range(5):
        at = span * tick / 4
        canvas.text(ax, at, -0.2, f"{at:.0f}", color=GREY)
    canvas.text(ax, span / 2, -0.55, "milliseconds", color=GREY)
    shares = [
        f"{lane}: busy for {busy([one for one in events if one.lane == lane]):.1f} of "
        f"{span:.1f} milliseconds."
        for lane in lanes
    ]
    fig.set_label("A profile with three lanes over time. " + " ".join(shares))
    return fig


def draw_memory(bars):
    """Draw how many bytes programs keep besides their arguments and results.

    Args:
        bars: bytes by the name of the program.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    most = max(bars.values())
    fig, ax = canvas.canvas((-0.42, 1.2), (-0.1, len(bars) + 0.1), aspect=0.075)
    for row, (name, size) in enumerate(reversed(bars.items())):
        canvas.text(ax, -0.02, row + 0.5, name, ha="right", family="monospace")
        canvas.box(ax, 0, row + 0.15, max(size / most, 0.002), 0.7, TILES[0])
        words = f"{size / 1e6:.2f} MB"
        canvas.text(ax, size / most + 0.015, row + 0.5, words, ha="left", color=INK)
    fig.set_label(
        "Bars of the memory that each program keeps. "
        + " ".join(f"{name}: {size / 1e6:.2f} MB." for name, size in bars.items())
    )
    return fig
