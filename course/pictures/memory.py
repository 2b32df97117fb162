"""Pictures of memory: which arrays share it, who is given it, and who writes where."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

from course.pictures import canvas
from course.pictures.canvas import FONT, INK, TILES

LABEL = 4.6  # the room for names left of the memory, in cells
PAPER = "#f0f0f0"
LOST = "#b34d00"  # Okabe-Ito vermilion, darkened to be read as text on white


@dataclass(frozen=True)
class Place:
    """Where one array lay when it was looked at.

    Attributes:
        name: what it is called.
        cells: the address of each entry, in reading order; empty if the array is deleted.
        values: its entries, in the same order.
        size: the bytes of one entry.
    """

    name: str
    cells: tuple[int, ...]
    values: tuple[float, ...]
    size: int


def where(arrays: dict[str, Any]) -> list[Place]:
    """Look up where arrays lie in memory, now.

    Args:
        arrays: NumPy and JAX arrays by name; a JAX array may have been deleted.

    Returns:
        For each a Place, to be drawn later by `draw_memory`.
    """
    return [_place(name, array) for name, array in arrays.items()]


def draw_memory(panels: dict[str, list[Place]]) -> plt.Figure:
    """Draw each block of memory as a strip, and below it the arrays that live in it.

    A mark under a cell says that the array uses it; the number in the mark counts the
    entries of that array in reading order. Arrays under one strip share its memory.

    Args:
        panels: for each heading what `where` found.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    columns = max(_length(block) for places in panels.values() for block in _blocks(places))
    rows: list[tuple[str, Any, float]] = []
    words = []
    for heading, places in panels.items():
        rows.append(("heading", heading, 1.0))
        blocks = _blocks(places)
        for block in blocks:
            rows.append(("strip", block, 0.95))
            rows += [("marks", (block, place), 0.66) for place in block]
            rows.append(("gap", None, 0.4))
        gone = [place.name for place in places if not place.cells]
        rows += [("gone", name, 0.95) for name in gone]
        words.append(f"{heading}: " + "; ".join([
            *(" and ".join(place.name for place in block) + " in one block" for block in blocks),
            *(f"{name} is deleted" for name in gone),
        ]))  # fmt: skip
    height = sum(row[2] for row in rows)
    fig, ax = canvas.canvas((-LABEL, max(columns, 10) + 0.3), (-0.2, height + 0.2))
    starts = [_start(block) for kind, block, _ in rows if kind == "strip"]
    tints = {start: TILES[n % len(TILES)] for n, start in enumerate(dict.fromkeys(starts))}
    y = height
    for kind, what, room in rows:
        y -= room
        if kind == "heading":
            canvas.text(ax, -LABEL + 0.2, y + 0.5, what, ha="left", weight="bold", size=FONT + 1.5)
        elif kind == "strip":
            _strip(ax, y, what)
        elif kind == "marks":
            _marks(ax, y, *what, tints[_start(what[0])])
        elif kind == "gone":
            canvas.text(ax, -0.3, y + 0.5, what, ha="right", weight="bold")
            canvas.box(ax, 0, y + 0.1, 5, 0.8, "white", "", hatch="////")
            plate = {"fc": "white", "ec": "none", "pad": 1.5}
            canvas.text(ax, 2.5, y + 0.5, "deleted: no memory", bbox=plate)
    fig.set_label(". ".join(words) + ".")
    return fig


def draw_scatter(before, index, updates, how="add"):
    """Draw what `before.at[index].<how>(updates)` writes, update by update.

    Args:
        before: (n,) array.
        index: (k,) integers; repeats and indices past the end are welcome.
        updates: (k,) array.
        how: a method of `.at[...]` that takes updates: `"add"`, `"set"`, `"max"`, …

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    after = getattr(jnp.asarray(before).at[jnp.asarray(index)], how)(jnp.asarray(updates))
    targets = [int(i) + len(before) if -len(before) <= int(i) < 0 else int(i) for i in index]
    shared = {i for i in targets if targets.count(i) > 1}
    width = 2.0 * max(len(targets), len(before))
    fig, ax = canvas.canvas((-3.4, width + 0.3), (-1.0 if how == "set" else -0.1, 7.2))
    left_top, left = (width - 2.0 * len(targets)) / 2, (width - 2.0 * len(before)) / 2
    canvas.text(ax, -1.7, 5.9, "updates", weight="bold")
    for k, (target, update) in enumerate(zip(targets, updates, strict=True)):
        x = left_top + 2.0 * k
        inside = 0 <= target < len(before)
        tint = TILES[target % len(TILES)] if inside else PAPER
        canvas.box(ax, x + 0.2, 5.5, 1.6, 0.8, tint, f"{float(update):g}")
        canvas.text(ax, x + 1, 6.7, f"to {int(index[k])}", size=FONT - 0.5)
        if inside:
            unsure = how == "set" and target in shared
            style = {
                "linestyle": (0, (4, 2.5)) if unsure else "-",
                "color": LOST if unsure else INK,
            }
            canvas.arrow(ax, (x + 1, 5.45), (left + 2.0 * target + 1, 3.45), lw=1.4, **style)
        else:
            canvas.text(ax, x + 1, 5.15, "dropped", color=LOST, style="italic", size=FONT - 0.5)
    for y, name, values in ((2.6, "before", before), (0.6, f".{how}(…)", after)):
        canvas.text(ax, -1.7, y + 0.4, name, weight="bold")
        for i, value in enumerate(np.asarray(values)):
            unsure = how == "set" and i in shared and name != "before"
            text = "one of them" if unsure else f"{float(value):g}"
            tint = TILES[i % len(TILES)] if i in targets else PAPER
            canvas.box(ax, left + 2.0 * i, y, 2, 0.8, tint, text)
    for i in range(len(before)):
        canvas.arrow(ax, (left + 2.0 * i + 1, 2.55), (left + 2.0 * i + 1, 1.45), lw=1.4)
        canvas.text(ax, left + 2.0 * i + 1, 0.25, f"[{i}]", size=FONT - 0.5)
    note = "dashed: several updates to one entry, and no rule which stays" if how == "set" else ""
    canvas.text(ax, width / 2, -0.55, note, color=LOST, style="italic")
    fig.set_label(
        f".{how} with updates to entries {', '.join(str(int(i)) for i in index)} of an array of "
        f"{len(before)}; "
        + (f"entries {sorted(shared)} get several." if shared else "no entry gets two.")
    )
    return fig


def _place(name, array):
    if isinstance(array, jax.Array):
        if array.is_deleted():
            return Place(name, (), (), array.dtype.itemsize)
        address, size = array.unsafe_buffer_pointer(), array.dtype.itemsize
        strides = np.empty(array.shape, np.int8).strides
        strides = tuple(size * stride for stride in strides)
    else:
        address, size = array.__array_interface__["data"][0], array.itemsize
        strides = array.strides
    steps = np.indices(array.shape).reshape(array.ndim, -1)
    offsets = np.asarray(strides, np.int64) @ steps
    cells = tuple(int(address + offset) for offset in offsets)
    return Place(name, cells, tuple(np.asarray(array).ravel().tolist()), size)


def _blocks(places):
    """The places whose bytes overlap, together; in the order in which they are met."""
    blocks: list[list[Place]] = []
    for place in places:
        if not place.cells:
            continue
        touched = [block for block in blocks if any(_overlap(place, other) for other in block)]
        for block in touched[1:]:
            touched[0].extend(block)
            blocks.remove(block)
        if touched:
            touched[0].append(place)
        else:
            blocks.append([place])
    return blocks


def _overlap(one, other):
    return bool(set(one.cells) & set(other.cells)) or (
        min(one.cells) <= min(other.cells) <= max(one.cells)
        or min(other.cells) <= min(one.cells) <= max(other.cells)
    )


def _start(block):
    return min(min(place.cells) for place in block)


def _length(block):
    return (max(max(place.cells) for place in block) - _start(block)) // block[0].size + 1


def _strip(ax, y, block):
    start = _start(block)
    values = {
        cell: value
        for place in block
        for cell, value in zip(place.cells, place.values, strict=True)
    }
    canvas.text(ax, -0.3, y + 0.45, f"at …{start & 0xFFFFFF:06x}", ha="right", family="monospace")
    for cell in range(_length(block)):
        value = values.get(start + cell * block[0].size)
        canvas.box(ax, cell, y, 1, 0.9, PAPER, "" if value is None else f"{value:g}")


def _marks(ax, y, block, place, tint):
    start = _start(block)
    canvas.text(ax, -0.3, y + 0.3, place.name, ha="right", weight="bold")
    for entry, cell in enumerate(place.cells):
        x = (cell - start) // place.size
        canvas.box(ax, x + 0.2, y + 0.06, 0.6, 0.5, tint, str(entry), size=FONT - 2)
