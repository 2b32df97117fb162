"""Pictures of batch axes: which axis `vmap` slices, and where the slices come back."""

import jax
import numpy as np
from matplotlib.patches import Rectangle

from course.pictures import canvas
from course.pictures.canvas import FONT, INK, TILES, WIDTH

SHARED = "#e4e4e4"
MAPPED = "#b34d00"  # Okabe-Ito vermilion, darkened to be read as text on white


def draw_vmap(in_axes, args, result, out_axes=0, names=None, call="f"):
    """Draw what `jax.vmap(f, in_axes, out_axes)(*args)` slices and where it stacks.

    Cells that belong to call i carry the number i. Arguments that are not mapped are
    hatched and marked as shared.

    Args:
        in_axes: as given to `jax.vmap`: an int, or a tuple with one entry an argument,
            each an int, None, or a prefix of that argument's pytree.
        args: tuple of arguments: arrays of one to three axes, or pytrees of them.
        result: the array that came back, one to three axes.
        out_axes: as given to `jax.vmap`: the axis of `result` that counts the calls.
        names: one name an argument, such as `("W", "b", "x")`.
        call: name of the function, written on the arrow, such as `"predict"`.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    names = names or tuple(f"argument {i}" for i in range(len(args)))
    leaves = [*_leaves(in_axes, args, names), ("result", np.shape(result), out_axes)]
    sizes = [_extent(shape, axis) for _, shape, axis in leaves]
    wide = max(30, sum(w for w, _ in sizes) + 2.4 * len(sizes) + 5.8)
    tall = max(h for _, h in sizes)
    line = 14 / (72 * WIDTH / wide)  # one line of text, in cells
    fig, ax = canvas.canvas((-1.2 * line, wide - 1.2 * line), (-3.7 * line, tall + 2.7 * line))
    x = (wide - sum(w for w, _ in sizes) - 2.4 * len(sizes) - 4.4) / 2
    for index, ((name, shape, axis), (w, h)) in enumerate(zip(leaves, sizes, strict=True)):
        last = index == len(leaves) - 1
        if last:
            canvas.arrow(ax, (x - 1.4, tall / 2), (x + 2.6, tall / 2))
            canvas.text(ax, x + 0.6, tall / 2 + 0.8 * line, call, weight="bold")
            x += 4.4
        _array(ax, x, (tall - h) / 2, name, shape, axis, line, last)
        x += w + 2.4
    fig.set_label(_describe(leaves))
    return fig


def draw_pairs(rows, columns, table, names=("row", "column")):
    """Draw which pair each cell of an all-pairs table comes from.

    Args:
        rows: (n, d) array, mapped by the outer `vmap`.
        columns: (m, d) array, mapped by the inner `vmap`.
        table: (n, m) array of what the function returned for each pair.
        names: what one entry of `rows` and one of `columns` is called.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    n, m = np.shape(table)
    if (len(rows), len(columns)) != (n, m):
        raise ValueError(f"a table of {len(rows)} rows and {len(columns)} columns, not {n} by {m}")
    fig, ax = canvas.canvas((-3.4, 2 * m + 0.4), (-1.1, n + 2.3))
    for j in range(m):
        canvas.box(ax, 2 * j, n + 0.35, 2, 0.8, TILES[j % len(TILES)], f"{names[1]} {j}")
    for i in range(n):
        y = n - 1 - i
        canvas.box(ax, -2.3, y, 2, 1, SHARED, f"{names[0]} {i}")
        for j in range(m):
            value = f"({i}, {j})\n{float(table[i, j]):.2f}"
            canvas.box(ax, 2 * j, y, 2, 1, TILES[j % len(TILES)], value)
    for x, width in ((-2.3, 2), (0, 2 * m)):
        ax.add_patch(Rectangle((x, n - 2), width, 1, fill=False, ec=INK, lw=2.6, zorder=4))
    canvas.arrow(ax, (0, n + 1.5), (2 * m, n + 1.5))
    canvas.text(ax, m, n + 1.9, f"inner vmap: one {names[0]} against every {names[1]} (axis 1)")
    canvas.arrow(ax, (-2.8, n), (-2.8, 0))
    canvas.text(ax, -3.15, n / 2, f"outer vmap: every {names[0]} (axis 0)", rotation=90)
    canvas.text(ax, m, -0.55, f"framed: the cells of one inner vmap, for {names[0]} 1")
    fig.set_label(
        f"Table of {n} by {m} cells. Cell (i, j) is computed from {names[0]} i and "
        f"{names[1]} j. The inner vmap fills one row, the outer vmap makes the {n} rows."
    )
    return fig


def draw_gradients(per_example, mean):
    """Draw one gradient per example as a sheet of squares, and their mean beside them.

    The area of a square is the size of the entry; full squares are positive, open ones
    negative.

    Args:
        per_example: (n, rows, columns) array: one gradient for each of n examples.
        mean: (rows, columns) array: the gradient to compare with their mean.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    per_example, mean = np.asarray(per_example), np.asarray(mean)
    n, r, c = per_example.shape
    across = -(-n // 2)
    scale = max(np.abs(per_example).max(), np.abs(mean).max(), 1e-12)
    fig, ax = canvas.canvas((-0.3, across * (c + 1) + c + 2.6), (-1.3, 2 * r + 2.9))
    for i, sheet in enumerate(per_example):
        x, y = (i % across) * (c + 1), (1 - i // across) * (r + 1.3)
        _sheet(ax, x, y, sheet / scale)
        canvas.text(ax, x + c / 2, y + r + 0.4, f"example {i}")
    x = across * (c + 1) + 2
    canvas.arrow(ax, (x - 2.4, r + 0.65), (x - 0.3, r + 0.65))
    _sheet(ax, x, r / 2 + 0.65, mean / scale)
    canvas.text(ax, x + c / 2, 1.5 * r + 1.05, "mean", weight="bold")
    legend = "full square: positive     open square: negative     area: size of the entry"
    canvas.text(ax, (x + c) / 2, -0.8, legend)
    fig.set_label(f"{n} gradients of shape ({r}, {c}), one per example, and their mean.")
    return fig


def _leaves(in_axes, args, names):
    """[(name, shape, mapped axis or None)] for every leaf, in_axes spread over its prefix."""
    if not isinstance(in_axes, (tuple, list)):
        in_axes = (in_axes,) * len(args)
    found = []
    for name, arg, spec in zip(names, args, in_axes, strict=True):
        spread = jax.tree.map(
            lambda axis, part: [(np.shape(leaf), axis) for leaf in jax.tree.leaves(part)],
            spec,
            arg,
            is_leaf=lambda entry: entry is None,
        )
        marks = jax.tree.leaves(spread, is_leaf=lambda entry: isinstance(entry, tuple))
        paths = [path for path, _ in jax.tree_util.tree_leaves_with_path(arg)]
        for path, (shape, axis) in zip(paths, marks, strict=True):
            found.append((name + jax.tree_util.keystr(path), shape, axis))
    return found


def _grid(shape, axis):
    """(rows, columns, sheets, axis counted by the sheets or None) for a shape to draw."""
    if len(shape) == 3:
        pile = 0 if axis is None else axis % 3
        rows, columns = (size for k, size in enumerate(shape) if k != pile)
        return rows, columns, shape[pile], pile
    rows, columns = (1,) * (2 - len(shape)) + tuple(shape)
    return rows, columns, 1, None


def _extent(shape, axis):
    """Width and height, in cells, of an array as drawn."""
    rows, columns, sheets, _ = _grid(shape, axis)
    return columns + 0.7 * (sheets - 1), rows + 0.7 * (sheets - 1)


def _array(ax, x, y, name, shape, axis, line, last):
    """Draw one array with its lower left corner at (x, y); `line` is a text line in cells."""
    rows, columns, sheets, pile = _grid(shape, axis)
    w, h = _extent(shape, axis)
    axis = None if axis is None else axis % len(shape)
    lead = 2 - len(shape) if pile is None else 0  # a vector is drawn as one row
    for sheet in reversed(range(sheets)):
        for r in range(rows):
            for c in range(columns):
                number = None if axis is None else sheet if pile == axis else (r, c)[axis + lead]
                colour = SHARED if number is None else TILES[number % len(TILES)]
                front = sheet == 0 or (r == 0 and c == columns - 1)
                label = str(number) if number is not None and front else ""
                corner = (x + c + 0.7 * sheet, y + rows - 1 - r + 0.7 * sheet)
                canvas.box(ax, *corner, 1, 1, colour, label, "///" if number is None else None)
    drawn = [k for k in range(len(shape)) if k != pile]
    _axis_label(ax, x + columns / 2, y - 0.75 * line, drawn[-1], shape, axis)
    if len(drawn) == 2:
        _axis_label(ax, x - 0.75 * line, y + rows / 2, drawn[0], shape, axis, rotation=90)
    if pile is not None:
        _axis_label(
            ax, x + 0.35 * sheets - 0.9 * line, y + rows + 0.35 * sheets, pile, shape, axis, 45
        )
    canvas.text(ax, x + w / 2, y + h + 2 * line, name, weight="bold", size=FONT + 1)
    canvas.text(ax, x + w / 2, y + h + 0.85 * line, str(tuple(shape)))
    if axis is None:
        note = "the same in\nevery call" if last else "shared by\nevery call"
    else:
        note = "cells numbered i\ncome from call i" if last else "cells numbered i\ngo to call i"
    canvas.text(ax, x + columns / 2, y - 2.5 * line, note, style="italic")


def _axis_label(ax, x, y, axis, shape, mapped, rotation=0):
    """Name one axis and its size; the mapped one is bold, orange and starred."""
    here = axis == mapped
    text = f"axis {axis}: {shape[axis]}" + (" *" if here else "")
    canvas.text(
        ax,
        x,
        y,
        text,
        rotation=rotation,
        color=MAPPED if here else INK,
        weight="bold" if here else None,
    )


def _describe(leaves):
    """The picture of draw_vmap in words."""
    parts = []
    for name, shape, axis in leaves[:-1]:
        how = "shared by every call" if axis is None else f"sliced along axis {axis}"
        parts.append(f"{name} of shape {tuple(shape)} is {how}")
    name, shape, axis = leaves[-1]
    where = "does not count the calls" if axis is None else f"counts the calls along axis {axis}"
    return f"{'; '.join(parts)}. The {name}, of shape {tuple(shape)}, {where}."


def _sheet(ax, x, y, values):
    """A Hinton diagram of values in [-1, 1] with its lower left corner at (x, y)."""
    rows, columns = values.shape
    canvas.box(ax, x, y, columns, rows, "#f4f4f4", "")
    for (r, c), value in np.ndenumerate(values):
        side = 0.9 * np.sqrt(abs(value))
        corner = (x + c + 0.5 - side / 2, y + rows - 0.5 - r - side / 2)
        face = "#0072b2" if value > 0 else "white"
        edge = "#0072b2" if value > 0 else MAPPED
        ax.add_patch(Rectangle(corner, side, side, fc=face, ec=edge, lw=1.4))
