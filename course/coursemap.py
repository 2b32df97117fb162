"""Draws the map of the course: the modules, what to read before each, and their exercises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext
import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from autograder.authoring import course
from autograder.authoring.tags import masters_in

WIDTH = 10.0  # inches
WORDS = 11.9  # points
INK, QUIET, EDGE = "#1a1a1a", "#59626d", "#0072b2"  # dark, grey, Okabe-Ito's blue
# One colour for each number of stars, lighter for the easier.
STARS = ("#cfe6f5", "#5aa9d6", "#00517f")


@dataclass(frozen=True)
class Module:
    """One module as the map shows it.

    Attributes:
        name: its name, such as `05_vmap`.
        title: the title of the lesson, without its number.
        before: the names of the modules to read before.
        stars: the stars of each exercise, 1 to 3, in the order of the assignment.
        minutes: the minutes of the whole assignment.
    """

    name: str
    title: str
    before: tuple[str, ...]
    stars: tuple[int, ...]
    minutes: int


def modules(root: Path | None = None) -> list[Module]:
    """The modules, with their exercises as the texts of the masters describe them.

    Args:
        root: the course's folder; by default the one that contains this package.
    """
    root = root or Path(__file__).parents[1]
    modules = []
    for module in course.read(root).modules:
        (master,) = masters_in(root / "solutions" / module.name)
        tags: list[dict[str, Any]] = [cell.metadata for cell in jupytext.read(master).cells]
        modules.append(
            Module(
                module.name,
                module.title,
                module.needs,
                tuple(tag["stars"] for tag in tags if "exercise" in tag),
                sum(tag.get("minutes", 0) for tag in tags),
            )
        )
    return modules


def draw(modules: Sequence[Module], columns: int = 3) -> Figure:
    """Draw the map: one box per module, and arrows to the modules for which it prepares.

    Args:
        modules: the modules, each after those to read before it.
        columns: the number of boxes in a row; the direction changes from row to row.
    """
    wide, high, gap_x, gap_y = 3.5, 1.09, 0.42, 0.26
    rows = -(-len(modules) // columns)
    place = {}
    for index, module in enumerate(modules):
        row, column = divmod(index, columns)
        column = column if row % 2 == 0 else columns - 1 - column
        place[module.name] = column * (wide + gap_x), (rows - 1 - row) * (high + gap_y)
    right = columns * (wide + gap_x) - gap_x
    top = rows * (high + gap_y) - gap_y
    size = (WIDTH, WIDTH * (top + 0.75) / (right + 0.2))
    fig = plt.figure(figsize=size, facecolor="white", dpi=110)
    ax = fig.add_axes((0, 0, 1, 1), xlim=(-0.1, right + 0.1), ylim=(-0.65, top + 0.1))
    ax.axis("off")
    plt.close(fig)
    for module in modules:
        x, y = place[module.name]
        for before in module.before:
            _arrow(ax, place[before], (x, y), (wide, high))
        box = FancyBboxPatch((x + 0.04, y + 0.04), wide - 0.08, high - 0.08, "round,pad=0.04")
        box.set(facecolor="#f3f5f8", edgecolor=INK, linewidth=1.1)
        ax.add_patch(box)
        number, name = module.name.split("_", 1)
        style: dict[str, Any] = {"va": "center", "color": INK}
        ax.text(x + 0.14, y + high - 0.24, f"{int(number)}", fontsize=17, weight="bold", **style)
        behind = x + 0.24 + 0.18 * len(str(int(number)))
        ax.text(behind, y + high - 0.24, name, fontsize=15, weight="bold", **style)
        ax.text(x + 0.14, y + high - 0.56, _short(module.title), fontsize=WORDS, **style)
        for k, stars in enumerate(module.stars):
            corner = (x + 0.14 + 0.19 * k, y + 0.16)
            ax.add_patch(Rectangle(corner, 0.15, 0.2, fc=STARS[stars - 1], ec=INK, lw=0.7))
        minutes = f"{module.minutes} min"
        ax.text(
            x + wide - 0.14, y + 0.26, minutes, fontsize=WORDS, ha="right", va="center", color=QUIET
        )
    _legend(ax, right)
    fig.set_label(
        "A map of the course. "
        + " ".join(
            f"{module.name}: {module.title}; {len(module.stars)} exercises with "
            f"{' '.join(map(str, module.stars))} stars, {module.minutes} minutes, "
            f"after {' and '.join(module.before) or 'nothing'}."
            for module in modules
        )
    )
    return fig


def _short(title: str) -> str:
    """The title, shortened so that it fits a box."""
    words = title.replace("`", "")
    return words if len(words) <= 34 else words.split(": ")[0]


def _arrow(
    ax: Any, start: tuple[float, float], end: tuple[float, float], box: tuple[float, float]
) -> None:
    (x0, y0), (x1, y1), (wide, high) = start, end, box
    if y0 == y1:
        side = 1 if x1 > x0 else -1
        a = (x0 + (wide if side > 0 else 0), y0 + high / 2)
        b = (x1 + (0 if side > 0 else wide), y1 + high / 2)
    else:
        a, b = (x0 + wide / 2, y0), (x1 + wide / 2, y1 + high)
    ax.annotate("", b, a, arrowprops={"arrowstyle": "-|>", "color": EDGE, "lw": 2.2})


def _legend(ax: Any, right: float) -> None:
    x = 0.14
    words = ("exercises:", "first steps", "solid", "hard")
    ax.text(x, -0.4, words[0], fontsize=WORDS, va="center", color=QUIET)
    x += 1.35
    for colour, word in zip(STARS, words[1:], strict=True):
        ax.add_patch(Rectangle((x, -0.5), 0.15, 0.2, fc=colour, ec=INK, lw=0.7))
        ax.text(x + 0.22, -0.4, word, fontsize=WORDS, va="center", color=QUIET)
        x += 1.5
    note = "arrows: read before · minutes: of the assignment"
    ax.text(right - 0.14, -0.4, note, fontsize=WORDS, ha="right", va="center", color=QUIET)
