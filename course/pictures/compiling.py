"""Pictures of `jit`: which steps a call takes, what one kernel holds, who waits, what it costs."""

import itertools
import re
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyBboxPatch

from course.pictures import canvas
from course.pictures.canvas import FONT, INK, WIDTH

PALE = "#f4f4f4"
STRIPES = "#5a7f94"
NO_WORK = ("parameter", "constant", "broadcast")  # HLO operations that start no kernel
STEPS = {"trace": "#f7cf80", "compile": "#9fd3f2", "run": "#8fd6bf"}  # Okabe-Ito, lightened
LINES = (("#0072b2", "o"), ("#b34d00", "s"), ("#007a5a", "^"), ("#7a4b74", "D"))


class Kernel(NamedTuple):
    """One thing that a compiled program starts.

    Attributes:
        name: what the program calls it.
        operations: the HLO operations inside it.
        reads: the kernels whose arrays it reads, by name, and the arguments: "x", "argument 1", ….
    """

    name: str
    operations: tuple[str, ...]
    reads: tuple[str, ...]


def read_kernels(text):
    """The kernels of a compiled program, in order.

    Args:
        text: what `compiled.as_text()` gave.

    Returns:
        A list of `Kernel`: every instruction of the entry computation except its parameters.
    """
    bodies, current = {}, None
    for line in text.splitlines():
        head = re.match(r"^(ENTRY )?%?([\w.\-]+) .*\{$", line)
        if head:
            current = "ENTRY" if head[1] else head[2]
            bodies[current] = {}
        found = re.match(r"^\s+(?:ROOT )?%?([\w.\-]+) = \S+ ([\w\-]+)\((.*)$", line)
        if found and current:
            bodies[current][found[1]] = (found[2], found[3])
    kernels, known = [], {}
    for name, (operation, rest) in bodies["ENTRY"].items():
        if operation == "parameter":
            number = rest.split(")")[0]
            known[name] = "x" if number == "0" else f"argument {number}"
        if operation in NO_WORK:
            continue
        inside = re.search(r"calls=%?([\w.\-]+)", rest)
        parts = (part for part, _ in bodies.get(inside and inside[1], {}).values())
        operands = re.findall(r"[\w.\-]+", rest.split(")")[0])
        reads = tuple(dict.fromkeys(known[one] for one in operands if one in known))
        operations = tuple(part for part in parts if part not in NO_WORK)
        kernels.append(Kernel(name, operations or (operation,), reads))
        known[name] = name
    return kernels


def draw_steps(calls):
    """Draw which steps each call of a jitted function took.

    Args:
        calls: list of (label, steps) in the order of the calls; steps is a collection of some
            of "trace", "compile" and "run".

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    fig, ax = canvas.canvas((-1.9, len(calls) + 0.2), (-0.3, 4.2))
    for row, step in enumerate(("run", "compile", "trace")):
        canvas.text(ax, -0.2, row + 0.5, step, ha="right", weight="bold")
        for column, (_, taken) in enumerate(calls):
            done = step in taken
            face = STEPS[step] if done else "white"
            canvas.box(ax, column + 0.06, row + 0.1, 0.88, 0.8, face, step if done else "")
            if not done:
                canvas.text(ax, column + 0.5, row + 0.5, "·", color="#8a8a8a")
    for column, (label, _) in enumerate(calls):
        canvas.text(ax, column + 0.5, 3.25, label, family="monospace")
        canvas.text(ax, column + 0.5, 3.8, f"call {column + 1}")
    fig.set_label(
        "Steps of each call. " + " ".join(f"{label}: {', '.join(taken)}." for label, taken in calls)
    )
    return fig


def draw_padding(lengths, padded, new):
    """Draw batches of many lengths, padded to fewer, and which of them made a new program.

    Args:
        lengths: the length of each batch.
        padded: the length it was padded to.
        new: for each batch, whether its call traced.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    tallest = max(padded)
    fig, ax = canvas.canvas((-2.2, len(lengths) + 0.3), (-9, 1.22 * tallest), aspect=0.09)
    for x, (real, size, star) in enumerate(zip(lengths, padded, new, strict=True)):
        canvas.box(ax, x, 0, 0.85, real, STEPS["run"], "")
        canvas.box(ax, x, real, 0.85, size - real, PALE, "", hatch="///", stripes=STRIPES)
        canvas.text(ax, x + 0.42, -4.5, str(real))
        canvas.text(ax, x + 0.42, size + 4, "★" if star else "")
    waste = 1 - sum(lengths) / sum(padded)
    words = (
        f"{sum(new)} programs (★) for {len(lengths)} batches; {waste:.0%} of the work is padding"
    )
    canvas.text(ax, len(lengths) / 2, 1.15 * tallest, words, weight="bold")
    canvas.text(ax, -0.2, -4.5, "length", ha="right")
    fig.set_label(f"{words}. Lengths {list(map(int, lengths))} padded to {list(map(int, padded))}.")
    return fig


def draw_kernels(jaxpr, kernels):
    """Draw the graph of primitives run one by one, and that of the kernels that `jit` made of it.

    Args:
        jaxpr: the traced program, such as `jax.jit(f).trace(x).jaxpr`.
        kernels: list of `Kernel`, see `read_kernels`.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    variables = getattr(jaxpr, "jaxpr", jaxpr).invars  # newer versions of JAX do not wrap it
    names = {var: f"argument {n}" if n else "x" for n, var in enumerate(variables)}
    equations = []
    for eqn in jaxpr.eqns:
        reads = [names[var] for var in eqn.invars if not hasattr(var, "val") and var in names]
        names[eqn.outvars[0]] = f"{len(equations)} {eqn.primitive.name}"
        equations.append((names[eqn.outvars[0]], eqn.primitive.name, reads))
    compiled = [(one.name, ", ".join(one.operations), one.reads) for one in kernels]
    above, below = _lay_out(equations), _lay_out(compiled)
    deep = [1 + max(y for _, y in places.values()) for places in (above, below)]
    columns = max(x for x, _ in above.values())
    width = _COLUMN * columns + 1.0
    size = (-0.3, width + 0.3), (-0.3, _ROW * sum(deep) + 1.7)
    fig, ax = canvas.canvas(*size, aspect=0.75)
    _draw_graph(ax, _ROW * deep[1] + 1.0, width, "one at a time", equations, above)
    _draw_graph(ax, 0, width, "jit", compiled, below)
    fig.set_label(
        f"One at a time, {len(equations)} kernels. {_told(equations)} "
        f"Under jit, {len(compiled)}. {_told(compiled)}"
    )
    return fig


_COLUMN = 2.9  # from one kernel to the next: an arrow, the kernel, and the array that it writes
_ROW = 1.7


def _lay_out(nodes):
    """Column and row of each node and argument of a graph: (name, words, names read) in order.

    A node stands one column after the last that it reads. It keeps the row of what it reads
    first, unless another node has that row already.
    """
    places, taken, rows = {}, set(), 0
    arguments = {read for _, _, reads in nodes for read in reads} - {name for name, _, _ in nodes}
    for name in sorted(arguments):
        places[name] = (0, rows)
        rows += 1
    for name, _, reads in nodes:
        column = 1 + max((places[read][0] for read in reads), default=0)
        free = [places[read][1] for read in reads if read not in taken]
        row = free[0] if free else rows
        rows = max(rows, row + 1)
        taken.update(reads)
        places[name] = (column, row)
    return places


def _draw_graph(ax, bottom, width, title, nodes, places):
    """Draw kernels as boxes, and the arrays that they read and write as striped squares."""
    rows = 1 + max(row for _, row in places.values())
    columns = max(column for column, _ in places.values())
    step = (width - 1.0) / columns
    heading = f"{title}: kernels {len(nodes)}, new arrays {len(nodes)}"
    canvas.text(ax, 0, bottom + _ROW * rows + 0.2, heading, ha="left", weight="bold")

    def corner(name):  # of the square of its array
        column, row = places[name]
        return step * column, bottom + _ROW * (rows - 1 - row) + 0.4

    for name in places:
        x, y = corner(name)
        last = name == nodes[-1][0]
        _memory(ax, x, y, "result" if last else name if places[name][0] == 0 else "")
    for name, words, reads in nodes:
        x, y = corner(name)
        left = x - step + 1.75
        ax.add_patch(FancyBboxPatch(
            (left, y + 0.05), x - 0.25 - left, 0.9, "round,pad=0.08", fc="#8fd6bf", ec=INK
        ))  # fmt: skip
        canvas.text(ax, (left + x - 0.25) / 2, y + 0.5, words, family="monospace")
        for number, read in enumerate(reads):
            from_x, from_y = corner(read)
            higher = 0.5 + 0.25 * (len(reads) - 1) - 0.5 * number
            canvas.arrow(ax, (from_x + 0.95, from_y + 0.5), (left - 0.1, y + higher), lw=1.2)


def _told(nodes):
    """The graph in words."""
    words = {name: told for name, told, _ in nodes}
    said = (
        f"{told} reads {' and '.join(words.get(read, read) for read in reads) or 'nothing'}"
        for _, told, reads in nodes
    )
    return "; ".join(said) + "."


def draw_rounds(n, rounds):
    """Draw which pieces of a sequence are joined in each round of an `associative_scan`.

    Args:
        n: how many entries there are.
        rounds: for each round a list of joins, (first entry, end of the left piece, last entry).

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    fig, ax = canvas.canvas((-1.9, n), (-len(rounds) - 0.5, 0.6))
    held = {}  # the height at which the piece that ends in a column was made
    for entry in range(n):
        held[entry] = 0
        canvas.box(
            ax, entry + 0.12, -0.25, 0.76, 0.5, STEPS["run"] if not entry else PALE, str(entry)
        )
    canvas.text(ax, -0.15, 0, "entries", ha="right", weight="bold")
    for number, joins in enumerate(rounds, 1):
        canvas.text(ax, -0.15, -number, f"round {number}", ha="right", weight="bold")
        for _, middle, last in joins:
            for column in (middle, last):
                start, end = (column + 0.5, held[column] - 0.25), (last + 0.5, 0.27 - number)
                canvas.arrow(ax, start, end, color=STRIPES, lw=1.1)
        for first, _, last in joins:
            held[last] = -number
            face = STEPS["run"] if first == 0 else PALE
            canvas.box(ax, last + 0.12, -number - 0.25, 0.76, 0.5, face, f"{first}–{last}")
    told = (
        f"Round {number}: " + ", ".join(f"{first} to {last}" for first, _, last in joins) + "."
        for number, joins in enumerate(rounds, 1)
    )
    fig.set_label(f"Which of {n} entries are joined. " + " ".join(told))
    return fig


def draw_waiting(calls):
    """Draw, for some calls, when Python went on and when the result was there.

    Args:
        calls: list of (label, returned, ready): seconds since the call began.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    end = 1e3 * max(ready for _, _, ready in calls)
    fig, ax = canvas.canvas((-0.22, 1.28), (-0.9, len(calls) + 0.2), aspect=0.15)
    for row, (label, returned, ready) in enumerate(calls):
        y = len(calls) - 1 - row
        first, last = 1e3 * returned / end, 1e3 * ready / end
        canvas.text(ax, -0.02, y + 0.4, label, ha="right", weight="bold")
        canvas.box(
            ax, first, y + 0.1, last - first, 0.6, "#9fd3f2", "", hatch="///", stripes=STRIPES
        )
        canvas.box(ax, 0, y + 0.1, first, 0.6, "#f7cf80", "")
        ax.plot([first, first], [y - 0.02, y + 0.82], color=INK, lw=2.4)
        words = f"returned {1e3 * returned:.2f} ms\nready {1e3 * ready:.2f} ms"
        canvas.text(ax, last + 0.015, y + 0.4, words, ha="left")
    canvas.box(ax, 0, -0.75, 0.05, 0.4, "#f7cf80", "")
    canvas.text(ax, 0.06, -0.55, "Python is inside the call", ha="left")
    canvas.box(ax, 0.45, -0.75, 0.05, 0.4, "#9fd3f2", "", hatch="///", stripes=STRIPES)
    canvas.text(ax, 0.51, -0.55, "Python has gone on; the device still computes", ha="left")
    told = (f"{label}: {1e3 * one:.2f}, {1e3 * two:.2f}." for label, one, two in calls)
    fig.set_label("Milliseconds until each call returned and was ready. " + " ".join(told))
    return fig


def draw_times(sizes, times):
    """Draw the time of a call against the size of a square array, both on logarithmic axes.

    Args:
        sizes: the side lengths.
        times: for each label its seconds, one per size.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.2), facecolor="white", dpi=110)
    plt.close(fig)
    logs = np.log10(1e6 * np.array(list(times.values())))
    placed = _apart(logs[:, -1], 0.06 * np.ptp(logs))
    entries = zip(times.items(), LINES, placed, strict=False)
    for (label, seconds), (colour, marker), height in entries:
        dash = "-" if "64" in label else "--"
        ax.plot(sizes, 1e6 * np.asarray(seconds), dash, color=colour, marker=marker, lw=1.8)
        note = {"va": "center", "fontsize": FONT, "color": colour, "weight": "bold"}
        ax.annotate(label, (sizes[-1] * 1.15, 10**height), annotation_clip=False, **note)
    ax.set(xscale="log", yscale="log", facecolor="white", xlim=(sizes[0] * 0.8, sizes[-1] * 5))
    ax.set_xticks(sizes, [f"{n}×{n}" for n in sizes])
    ax.minorticks_off()
    ax.set_title("microseconds of one call (dashed: float32, solid: float64)", fontsize=FONT + 1)
    ax.tick_params(colors=INK, labelsize=FONT)
    ax.grid(axis="y", color="#d9d9d9", lw=0.7)
    ax.spines[["top", "right"]].set_visible(False)
    fig.tight_layout()
    fig.set_label(
        "Microseconds against size. "
        + " ".join(
            f"{label}: "
            + ", ".join(f"{1e6 * t:.1f} at {n}" for n, t in zip(sizes, ts, strict=True))
            + "."
            for label, ts in times.items()
        )
    )
    return fig


def _apart(heights, gap):
    """The heights, moved up as little as keeps neighbours a gap apart."""
    order, moved = np.argsort(heights), np.array(heights, float)
    for below, above in itertools.pairwise(order):
        moved[above] = max(moved[above], moved[below] + gap)
    return moved


def _memory(ax, x, y, name):
    """An array in memory: a small striped square."""
    for stripe in range(4):
        canvas.box(ax, x, y + 0.25 * stripe, 0.9, 0.25, PALE, "")
    canvas.text(ax, x + 0.45, y - 0.3, name)
