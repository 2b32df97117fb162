"""Pictures of arrays: what dtype comes out, how far floats reach, what an index finds."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from course.pictures import canvas
from course.pictures.canvas import FONT, INK, WIDTH

HEAD = "#e4e4e4"
# Okabe-Ito's colours: the first four lightened so that dark text stays legible on them.
SKY, AMBER, GREEN, PINK = "#b9dff5", "#f9dda6", "#a9e0ce", "#e9c6da"
LINES = ("#0072b2", "#b34d00", "#007a5a")


def draw_promotion(rows, columns, table, other):
    """Draw which dtype each pair gives, and where another library gives another one.

    Args:
        rows: names of the left operands.
        columns: names of the right operands.
        table: names of the resulting dtypes, `table[i][j]` for row i and column j.
        other: the same from NumPy; cells that differ are framed and name it below.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    kinds = {"b": SKY, "u": GREEN, "i": GREEN, "f": AMBER}
    n, m, wide = len(rows), len(columns), 1.75
    fig, ax = canvas.canvas((-2.15, wide * m + 0.1), (-1.05, n + 1.25))
    differ = 0
    for j, name in enumerate(columns):
        name = name.replace("(", "\n(")
        canvas.box(ax, wide * j, n + 0.15, wide, 0.95, HEAD, name, weight="bold", size=FONT - 1)
    for i, name in enumerate(rows):
        y = n - 1 - i
        canvas.box(ax, -2.05, y, 1.9, 1, HEAD, name, weight="bold", size=FONT - 1)
        for j in range(m):
            ours, theirs = table[i][j], other[i][j]
            colour = PINK if ours == "bfloat16" else kinds[ours[0]]
            canvas.box(ax, wide * j, y, wide, 1, colour, "")
            if ours == theirs:
                canvas.text(ax, wide * (j + 0.5), y + 0.5, ours)
                continue
            differ += 1
            frame = (wide * j + 0.07, y + 0.07), wide - 0.14, 0.86
            ax.add_patch(Rectangle(*frame, fill=False, ec=INK, lw=2))
            canvas.text(ax, wide * (j + 0.5), y + 0.66, ours)
            canvas.text(ax, wide * (j + 0.5), y + 0.3, f"np: {theirs}", size=FONT - 2.3)
    words = f"framed: NumPy gives something else ({differ} of {n * m} cells)"
    canvas.text(ax, wide * m / 2 - 1, -0.55, words, style="italic")
    fig.set_label(
        f"Table of {n} by {m} pairs of operands and the dtype of their sum in JAX. "
        f"In {differ} cells, which are framed, NumPy's dtype is another one."
    )
    return fig


def draw_gaps(dtypes):
    """Draw the distance from one floating-point number to the next, against its size.

    Args:
        dtypes: (name, digits) pairs: the dtype's name and how many bits its fraction keeps.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 3.9), facecolor="white", dpi=110)
    powers = np.arange(0, 62)
    found = []
    for (name, bits), colour, style in zip(dtypes, LINES, ("-", "--", "-."), strict=False):
        ax.step(powers, powers - bits, where="post", color=colour, ls=style, lw=2.2)
        canvas.text(
            ax, 33.5, 35.6 - bits, name, color=colour, weight="bold", ha="right", size=FONT + 1
        )
        ax.plot(bits + 1, 1, "o", color=colour, ms=8)
        note = f"$2^{{{bits + 1}}}+1$\nis missing"
        canvas.text(ax, bits + 1.8, -4.7, note, color=colour, ha="left", size=FONT)
        found.append(f"{name} from 2 to the {bits + 1}")
    ax.axhline(0, color=INK, lw=1)
    canvas.text(ax, 60, 1.4, "gap 1", ha="right")
    ax.set_xlim(0, 62)
    ax.set_ylim(-28, 32)
    ax.set_xticks(range(0, 61, 10), [f"$2^{{{p}}}$" for p in range(0, 61, 10)])
    ax.set_yticks(range(-20, 31, 10), [f"$2^{{{p}}}$" for p in range(-20, 31, 10)])
    ax.set_xlabel("size of the number", color=INK, fontsize=FONT)
    ax.set_ylabel("distance to the next number", color=INK, fontsize=FONT)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    fig.tight_layout()
    plt.close(fig)  # the notebook shows the returned Figure, once
    fig.set_label(
        "Three rising lines: the gap between neighbouring floats grows with their size. "
        f"The gap passes 1, and not every integer has a float: {', '.join(found)}."
    )
    return fig


def draw_bounds(values, indices, rows):
    """Draw what an index finds, or where it writes, inside an array and outside of it.

    Args:
        values: the entries of a one-dimensional array.
        indices: the indices that were tried, in order.
        rows: {label: one result an index}, each a word or number, such as "raises" or 30.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    size, m, n = len(values), len(indices), len(rows)
    fig, ax = canvas.canvas((-6.9, 1.15 * m + 0.15), (-1.4, 1.1 * n + 3.6))
    ground = 1.1 * n
    for j, index in enumerate(indices):
        inside = -size <= index < size
        colour = (SKY if index >= 0 else GREEN) if inside else "white"
        hatch = None if inside else "///"
        canvas.box(ax, 1.15 * j, ground + 0.3, 1.15, 0.9, colour, str(index), hatch, weight="bold")
    spans = {
        "too small": [j for j, i in enumerate(indices) if i < -size],
        "from the end": [j for j, i in enumerate(indices) if -size <= i < 0],
        "from the start": [j for j, i in enumerate(indices) if 0 <= i < size],
        "too large": [j for j, i in enumerate(indices) if i >= size],
    }
    for words, where in spans.items():
        if where:
            left, right = 1.15 * where[0] + 0.1, 1.15 * where[-1] + 1.05
            ax.plot([left, right], [ground + 1.45] * 2, color=INK, lw=1.6)
            canvas.text(ax, (left + right) / 2, ground + 1.95, words)
    entries = "array: [" + ", ".join(str(value) for value in values) + "]"
    canvas.text(ax, -6.8, ground + 3.0, entries, ha="left", weight="bold", size=FONT + 1)
    canvas.text(ax, -0.3, ground + 0.75, "index", ha="right", weight="bold")
    for i, (label, results) in enumerate(rows.items()):
        y = ground - 1.1 * (i + 1)
        canvas.text(ax, -0.3, y + 0.5, label, ha="right", family="monospace", size=FONT - 1)
        for j, (index, result) in enumerate(zip(indices, results, strict=True)):
            inside = -size <= index < size
            colour = (SKY if index >= 0 else GREEN) if inside else AMBER
            if result in ("raises", "dropped", "nan"):
                colour = PINK
            text = {"raises": "error", "dropped": "gone"}.get(result, str(result))
            small = FONT - 1.5 if len(text) > 3 else FONT
            hatch = "..." if colour == AMBER else None
            canvas.box(ax, 1.15 * j, y, 1.15, 1, colour, text, hatch, size=small)
    note = "dotted: an entry that you did not ask for, given without a word"
    canvas.text(ax, 1.15 * m / 2, -0.8, note, style="italic")
    said = "; ".join(
        f"{label}: " + ", ".join(f"{i} gives {r}" for i, r in zip(indices, results, strict=True))
        for label, results in rows.items()
    )
    fig.set_label(f"What indices inside and outside of {size} entries do. {said}.")
    return fig


def draw_wait(returned, ready):
    """Draw when a call came back to Python and when its result was there.

    Args:
        returned: seconds from the call to its return.
        ready: seconds from the call to the finished result.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    fig, ax = canvas.canvas((-2.3, 10.6), (-0.9, 2.8))
    shown = max(10 * returned / ready, 0.06)
    canvas.text(ax, -0.2, 1.9, "Python", ha="right", weight="bold")
    canvas.text(ax, -0.2, 0.5, "device", ha="right", weight="bold")
    canvas.box(ax, 0, 1.5, shown, 0.8, LINES[1], "")
    canvas.box(ax, shown, 1.5, 10 - shown, 0.8, "white", "", "///")
    free = "free for other work, until something needs the numbers"
    canvas.text(ax, (shown + 10) / 2, 1.9, free, bbox={"fc": "white", "ec": "none", "pad": 2})
    canvas.box(ax, 0, 0.1, 10, 0.8, SKY, "computes")
    ax.plot([shown, shown], [1.3, 2.55], color=LINES[1], lw=2)
    canvas.text(ax, shown + 0.1, 2.6, f"the call returned: {_time(returned)}", ha="left")
    canvas.text(ax, 10, -0.35, f"the result is ready: {_time(ready)}", ha="right")
    fig.set_label(
        f"Two bars over time. The call returned to Python after {_time(returned)}; the device "
        f"went on computing until {_time(ready)}."
    )
    return fig


def _time(seconds):
    milliseconds = 1000 * seconds
    return f"{milliseconds:.0f} ms" if milliseconds >= 100 else f"{milliseconds:.3g} ms"
