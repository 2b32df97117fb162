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
STEPS = {"trace": "#f7cf80", "compile": "#9fd3f2", "run": "#8fd6bf"}  # Okabe-Ito, lightened
LINES = (("#0072b2", "o"), ("#b34d00", "s"), ("#007a5a", "^"), ("#7a4b74", "D"))


class Kernel(NamedTuple):
    """One thing that a compiled program starts, and the HLO operations inside it."""

    name: str
    operations: tuple[str, ...]


def read_kernels(text):
    """The kernels of a compiled program, in order.

    Args:
        text: what `compiled.as_text()` gave.

    Returns:
        A list of `Kernel`: every instruction of the entry computation but its parameters.
    """
    bodies, current = {}, None
    for line in text.splitlines():
        head = re.match(r"^(ENTRY )?%?([\w.\-]+) .*\{$", line)
        if head:
            current = "ENTRY" if head[1] else head[2]
            bodies[current] = []
        found = re.match(r"^\s+(?:ROOT )?%?([\w.\-]+) = \S+ ([\w\-]+)\((.*)$", line)
        if found and current and found[2] not in ("parameter", "constant", "broadcast"):
            inside = re.search(r"calls=%?([\w.\-]+)", found[3])
            bodies[current].append((found[1], found[2], inside and inside[1]))
    return [
        Kernel(name, tuple(part for _, part, _ in bodies.get(inside, ())) or (operation,))
        for name, operation, inside in bodies["ENTRY"]
    ]


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


def draw_kernels(primitives, kernels):
    """Draw a chain of primitives run one by one, and the kernels that `jit` made of it.

    Args:
        primitives: names of the primitives in order.
        kernels: list of `Kernel`, see `read_kernels`.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    wide = 2.6 * len(primitives) + 1.4
    fig, ax = canvas.canvas((-0.4, wide + 0.4), (-0.5, 6.3))
    rows = [
        (3.6, "one at a time", [(name,) for name in primitives]),
        (0.3, "jit", [kernel.operations for kernel in kernels]),
    ]
    for y, title, groups in rows:
        words = f"{title}: kernels {len(groups)}, new arrays {len(groups)}"
        canvas.text(ax, 0, y + 2.3, words, ha="left", weight="bold")
        _memory(ax, 0, y + 0.3, "x")
        x, size = 1.4, (wide - 1.4) / len(groups)
        for number, names in enumerate(groups):
            last = number == len(groups) - 1
            box = FancyBboxPatch(
                (x + 0.1, y + 0.25), size - 1.5, 1.1, "round,pad=0.12", fc="#8fd6bf", ec=INK
            )
            ax.add_patch(box)
            canvas.text(ax, x + size / 2 - 0.65, y + 0.8, ", ".join(names), family="monospace")
            _memory(ax, x + size - 1.0, y + 0.3, "result" if last else "")
            x += size
    fig.set_label(
        f"One at a time, {', '.join(primitives)} each read an array from memory and write one. "
        f"Under jit there are {len(kernels)} kernels: "
        + "; ".join(" then ".join(kernel.operations) for kernel in kernels)
        + "."
    )
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
