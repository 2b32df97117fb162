"""Pictures of portability: what is lowered for which platform, and how far the digits agree."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from course.pictures import canvas
from course.pictures.canvas import FONT, INK, WIDTH

PALE = "#f2f2f2"
# Okabe-Ito, each with a mark of its own, so that nothing hangs on the colour.
PLATFORMS = {"cpu": ("#0072b2", "o"), "cuda": ("#009e73", "s"), "tpu": ("#b34d00", "^")}
OUTCOMES = {
    "passes": ("#9fd3f2", ""),
    "fails partly": ("#f7cf80", "//"),
    "fails": ("#d98c5f", "xx"),
}


def draw_operations(counts):
    """Draw how many operations each function becomes on each platform.

    Args:
        counts: by the name of a function, by the name of a platform, its number of operations.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    fig, ax = _figure(0.42 * len(counts) + 1.5)
    most = max(n for row in counts.values() for n in row.values())
    for y, row in enumerate(counts.values()):
        ax.plot([min(row.values()), max(row.values())], [y, y], color="#b0b0b0", lw=2, zorder=1)
        for offset, (platform, number) in enumerate(row.items()):
            colour, mark = PLATFORMS[platform]
            shift = 0.22 * (offset - 1)
            ax.scatter(number, y + shift, marker=mark, s=52, color=colour, ec=INK, lw=0.6, zorder=3)
    for platform, (colour, mark) in PLATFORMS.items():
        ax.scatter([], [], marker=mark, s=52, color=colour, ec=INK, lw=0.6, label=platform)
    ax.set(xscale="log", xlim=(0.7, 2 * most), xlabel="StableHLO operations in the program")
    ax.set_yticks(range(len(counts)), counts)
    ax.set_ylim(len(counts) - 0.4, -0.6)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, frameon=False)
    fig.set_label(
        "Operations of each function's program for each platform. "
        + " ".join(f"{name}: {_listed(row)}." for name, row in counts.items())
    )
    return fig


def draw_table(rows, columns):
    """Draw a table with a row for each function, whose cells say whether all is well.

    Args:
        rows: by the name of a row, a tuple of (text, good) for each column.
        columns: the names of the columns.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    fig, ax = _figure(0.28 * (len(rows) + 1.4))
    ax.set(xlim=(-1.9, len(columns)), ylim=(len(rows), -1.2))
    ax.axis("off")
    for x, column in enumerate(columns):
        canvas.text(ax, x + 0.5, -0.55, column, weight="bold")
    for y, (name, cells) in enumerate(rows.items()):
        ax.text(-0.08, y + 0.5, name, ha="right", va="center", color=INK, size=FONT)
        for x, (text, good) in enumerate(cells):
            face, hatch = ("#cfe8f7", None) if good else ("#fbe3c8", "////")
            ax.add_patch(Rectangle((x, y), 1, 1, fc=face, ec="white", lw=2))
            if hatch:
                mark = Rectangle((x, y), 1, 1, fill=False, ec="#e5bf93", lw=0, hatch=hatch)
                ax.add_patch(mark)
            canvas.text(ax, x + 0.5, y + 0.5, text, weight=None if good else "bold")
    words = (f"{name}: {', '.join(text for text, _ in cells)}" for name, cells in rows.items())
    fig.set_label(f"Table with the columns {', '.join(columns)}. {'; '.join(words)}.")
    return fig


def draw_study(study, title):
    """Draw shares of functions that pass, fail partly and fail, a bar for each measurement.

    Args:
        study: by (framework, platform), the percentages that pass, fail partly and fail.
        title: where the numbers come from.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    fig, ax = _figure(3.5)
    for y, shares in enumerate(study.values()):
        place, left, beside = y + 0.35 * (y // 2), 0, []
        for share, (outcome, (colour, hatch)) in zip(shares, OUTCOMES.items(), strict=True):
            label = outcome if y == 0 else None
            ax.barh(
                place, share, 0.85, left, color=colour, ec=INK, lw=0.7, hatch=hatch, label=label
            )
            if share >= 6:
                box = {"fc": "white", "ec": "none", "pad": 1.2, "alpha": 0.85}
                canvas.text(ax, left + share / 2, place, f"{share}", bbox=box if hatch else None)
            elif share:
                beside.append(f"{share} {outcome.removeprefix('fails ')}")
            left += share
        # The bars of small shares have no room for a number.
        canvas.text(ax, left + 1.5, place, ", ".join(beside), ha="left")
    places = [y + 0.35 * (y // 2) for y in range(len(study))]
    ax.set_yticks(places, [" on ".join(name) for name in study])
    ax.invert_yaxis()
    ax.set(
        xlim=(0, 122),
        xticks=range(0, 101, 20),
        xlabel=f"per cent of the sampled functions\n{title}",
    )
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, frameon=False)
    words = (f"{' on '.join(name)} {', '.join(map(str, row))}" for name, row in study.items())
    fig.set_label(f"Per cent of functions that pass, fail partly, fail: {'; '.join(words)}.")
    return fig


def draw_digits(terms, errors, chosen=None):
    """Draw how the error of a dot product depends on its length and on its digits.

    Args:
        terms: how many products were summed, for each point.
        errors: by the name of a way to multiply, its relative error for each point.
        chosen: one of these names, drawn bold.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    fig, ax = _figure(3.6)
    marks = ("o", "s", "^", "D", "v", "P")
    colours = ("#0072b2", "#009e73", "#b34d00", "#8a5a83", "#6b6b00", "#3a7fa8")
    for number, (name, values) in enumerate(errors.items()):
        strong = name == chosen
        style = {"color": colours[number % 6], "marker": marks[number % 6]}
        ax.plot(
            terms, values, lw=3.2 if strong else 1.3, ms=9 if strong else 6, label=name, **style
        )
    ax.set(xscale="log", yscale="log", xlabel="products in each sum", ylabel="relative error")
    legend = ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, labelcolor=INK)
    for text in legend.get_texts():
        text.set_weight("bold" if text.get_text() == chosen else "normal")
    ends = (f"{name} {values[-1]:.1g}" for name, values in errors.items())
    fig.set_label(f"Relative error of sums of {terms[-1]} products: {'; '.join(ends)}.")
    return fig


def draw_sums(lengths, errors):
    """Draw the relative error of sums of growing length, for several orders of adding.

    Args:
        lengths: how many numbers were added, for each point.
        errors: by the name of an order, its relative error for each point; zeros are drawn at the
            bottom.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    floor = 1e-10
    fig = draw_digits(lengths, {k: np.maximum(v, floor) for k, v in errors.items()})
    ax = fig.axes[0]
    ax.set(xlabel="numbers added", ylabel="relative error (0 is drawn at 1e-10)")
    ax.set_ylim(bottom=floor / 2)
    ends = (f"{name} {values[-1]:.1g}" for name, values in errors.items())
    fig.set_label(f"Relative error of sums of {lengths[-1]} numbers: {'; '.join(ends)}.")
    return fig


def _listed(row):
    return ", ".join(f"{platform} {number}" for platform, number in row.items())


def _figure(height):
    """A white figure, and its one pair of axes, without a frame on top and right."""
    fig, ax = plt.subplots(
        figsize=(WIDTH, height), facecolor="white", dpi=110, layout="constrained"
    )
    ax.set_facecolor("white")
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=FONT, colors=INK)
    ax.xaxis.label.set_color(INK)
    ax.yaxis.label.set_color(INK)
    plt.close(fig)  # the notebook shows the returned Figure, once
    return fig, ax
