"""Pictures of arrays cut over devices: who holds what, what a collective moves, what goes round."""

import math
from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from course.pictures import canvas
from course.pictures.canvas import FONT, INK, WIDTH

BLUE, VERMILION = "#0072b2", "#d55e00"
TILES = (*canvas.TILES, "#dcdcdc")  # one for each of eight devices


def draw_layouts(links=(), **arrays):
    """Draw which devices hold which block of each array, as the array's sharding says.

    A tile is one block; the numbers on it are the devices that hold it. Thin lines are the
    array's own rows and columns.

    Args:
        links: what stands between each array and the next, such as `("@", "=")`.
        arrays: by name, sharded arrays of one or two axes.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    shapes = [(1, *array.shape)[-2:] for array in arrays.values()]
    cell = min(1.0, 26 / sum(columns for _, columns in shapes))
    gap = 3.0
    wide = max(30, sum(cell * c for _, c in shapes) + gap * len(shapes) + 2)
    tall = max(r for r, _ in shapes) * cell
    fig, ax = canvas.canvas((0, wide), (-1.6, tall + 2.6))
    x = (wide - sum(cell * c for _, c in shapes) - gap * (len(shapes) - 1)) / 2
    words = []
    for index, ((name, array), (rows, columns)) in enumerate(
        zip(arrays.items(), shapes, strict=True)
    ):
        w, h = columns * cell, rows * cell
        y = (tall - h) / 2
        blocks = _blocks(array)
        for number, ((top, left, r, c), holders) in enumerate(blocks.items()):
            corner = (x + left * cell, y + h - (top + r) * cell)
            canvas.box(ax, *corner, c * cell, r * cell, TILES[number % len(TILES)], lw=1.8)
            for k in range(1, r):
                _line(ax, corner, (0, k * cell), (c * cell, k * cell))
            for k in range(1, c):
                _line(ax, corner, (k * cell, 0), (k * cell, r * cell))
            names = _wrap(holders, c * cell, r * cell)
            middle = (corner[0] + c * cell / 2, corner[1] + r * cell / 2)
            size = FONT + 1 if r * cell > 0.9 else FONT - 1
            canvas.text(ax, *middle, names, weight="bold", size=size, bbox=_BACKING)
        canvas.text(ax, x + w / 2, y + h + 1.55, name, weight="bold", size=FONT + 1)
        canvas.text(ax, x + w / 2, y + h + 0.65, f"{tuple(array.shape)}, P{_spec(array)}")
        canvas.text(ax, x + w / 2, y - 0.75, f"blocks {_block_shape(array)}", style="italic")
        copies = len(next(iter(blocks.values())))
        words.append(
            f"{name} of shape {tuple(array.shape)} is cut into {len(blocks)} blocks, "
            f"each held by {copies} device{'s' if copies > 1 else ''}"
        )
        if index < len(links):
            canvas.text(ax, x + w + gap / 2, tall / 2, links[index], weight="bold")
        x += w + gap
    fig.set_label("; ".join(words) + ".")
    return fig


def draw_collectives(panels):
    """Draw what each device holds, with a panel for each moment and a row for each device.

    Args:
        panels: by title, arrays whose row i is what device i holds.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    tables = {title: np.asarray(table) for title, table in panels.items()}
    devices = len(next(iter(tables.values())))
    width = 1.15 * max(table.shape[1] for table in tables.values()) + 1.1
    fig, ax = canvas.canvas((-2.2, width * len(tables)), (-0.4, 0.8 * devices + 1.2))
    for device in range(devices):
        canvas.text(ax, -1.2, 0.8 * (devices - 1 - device) + 0.4, f"device {device}", weight="bold")
    for index, (title, table) in enumerate(tables.items()):
        x = width * index + (width - 1.15 * table.shape[1]) / 2
        canvas.text(ax, width * (index + 0.5), 0.8 * devices + 0.6, title, weight="bold", size=FONT)
        for (device, column), value in np.ndenumerate(table):
            y = 0.8 * (devices - 1 - device)
            canvas.box(ax, x + 1.15 * column, y, 1.15, 0.8, _origin(value), f"{value:g}")
    fig.set_label(
        " ".join(
            f"{title}: "
            + ", ".join(f"device {d} holds {' '.join(f'{v:g}' for v in row)}" for d, row in rows)
            + "."
            for title, table in tables.items()
            for rows in [list(enumerate(table))]
        )
    )
    return fig


COSTS = {
    "psum": lambda n: (Fraction(2 * (n - 1), n), f"2 × {n - 1}/{n}"),
    "psum_scatter": lambda n: (Fraction(n - 1, n), f"{n - 1}/{n}"),
    "all_gather": lambda n: (Fraction(n - 1), f"{n - 1}"),
    "all_to_all": lambda n: (Fraction(n - 1, n), f"{n - 1}/{n}"),
    "ppermute": lambda n: (Fraction(1 if n > 1 else 0), "1"),
}
"""For each collective over n devices: how many blocks one device sends, and that as a formula."""
HELD = {
    "psum": lambda n: 1,
    "psum_scatter": lambda n: 1 / n,
    "all_gather": lambda n: n,
    "all_to_all": lambda n: 1,
    "ppermute": lambda n: 1,
}
"""For each collective over n devices: how many blocks one device holds afterwards."""


def sent_bytes(block, devices):
    """How many bytes one device sends, by collective, if its block has so many bytes.

    A `psum` is counted as a ring does it: a `psum_scatter`, then an `all_gather`.
    """
    return {name: block * float(cost(devices)[0]) for name, cost in COSTS.items()}


def draw_costs(block, devices):
    """Draw what each collective costs one device: the bytes it sends, and those it holds then.

    Args:
        block: the bytes of the block that a device has before.
        devices: how many devices take part.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    unit = 20 / devices  # the width of a block
    fig, ax = canvas.canvas((-5.2, 24), (-0.6, 2.4 * len(COSTS) + 0.6), aspect=0.62)
    words = []
    for row, (name, cost) in enumerate(COSTS.items()):
        sent, held = float(cost(devices)[0]), HELD[name](devices)
        y = 2.4 * (len(COSTS) - 1 - row)
        canvas.text(ax, -5, y + 0.95, name, weight="bold", ha="left")
        for place, verb, blocks, colour, hatch in (
            (1, "sends", sent, TILES[0], None),
            (0, "holds", held, "white", "///"),
        ):
            wide = unit * blocks
            canvas.box(ax, 0, y + 0.95 * place, wide, 0.85, colour, hatch=hatch)
            for k in range(1, math.ceil(blocks)):
                _line(ax, (k * unit, y + 0.95 * place), (0, 0), (0, 0.85))
            size = f"{verb} {blocks * block / 1e6:g} MB"
            canvas.text(ax, wide + 0.3, y + 0.95 * place + 0.42, size, ha="left", size=FONT - 1)
        words.append(
            f"{name} sends {sent * block / 1e6:g} MB and holds {held * block / 1e6:g} MB afterwards"
        )
    fig.set_label(
        f"One of {devices} devices, which has a block of {block / 1e6:g} MB: {'; '.join(words)}."
    )
    return fig


def draw_ring(owners):
    """Draw which block lies on which device at each step of a ring.

    Args:
        owners: (devices, steps) array: the number of the block that a device holds at a step.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    owners = np.asarray(owners).astype(int)
    devices, steps = owners.shape
    fig, ax = canvas.canvas((-3, 1.6 * steps + 0.4), (-0.3, 0.8 * devices + 1.8))
    for device in range(devices):
        y = 0.8 * (devices - 1 - device)
        canvas.text(ax, -1.5, y + 0.4, f"device {device}", weight="bold")
        for step in range(steps):
            block = owners[device, step]
            canvas.box(ax, 1.6 * step, y, 1.5, 0.8, TILES[block % len(TILES)], f"block {block}")
            if block == 0:
                frame = Rectangle((1.6 * step, y), 1.5, 0.8, fill=False, ec=INK, lw=2.6, zorder=4)
                ax.add_patch(frame)
    for step in range(steps):
        canvas.text(ax, 1.6 * step + 0.75, 0.8 * devices + 0.4, f"step {step}")
    canvas.text(ax, 0.8 * steps, 0.8 * devices + 1.3, "framed: the path of block 0", style="italic")
    fig.set_label(
        f"Which block each of {devices} devices holds over {steps} steps. Block 0 is on device "
        + ", then ".join(str(int(np.argmax(owners[:, step] == 0))) for step in range(steps))
        + "."
    )
    return fig


def draw_seams(devices, **curves):
    """Draw curves over a rod that is cut into as many pieces as there are devices.

    Args:
        devices: how many pieces.
        curves: by name (underscores become spaces), arrays with the value at each point; the
            first is drawn as a broad band, the others over it.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 3.0), facecolor="white", dpi=110)
    ax.set_facecolor("white")
    styles = ({"color": "#8fcbea", "lw": 7}, {"color": INK, "lw": 1.4, "ls": "--"})
    styles += ({"color": VERMILION, "lw": 1.6, "marker": ".", "ms": 4},)
    size = 0
    for (name, curve), style in zip(curves.items(), styles, strict=False):
        values = np.asarray(curve)
        size = len(values)
        ax.plot(values, label=name.replace("_", " "), **style)
    top = ax.get_ylim()[1]
    for device in range(devices):
        left = device * size / devices - 0.5
        if device:
            ax.axvline(left, color="#8a8a8a", lw=0.8, ls=":")
        ax.text(left + size / devices / 2, top, f"device {device}", ha="center", fontsize=FONT - 1)
    ax.set_xlim(-0.5, size - 0.5)
    ax.set_ylim(top=top * 1.08)
    ax.set_xlabel("point of the rod", fontsize=FONT, color=INK)
    ax.set_ylabel("temperature", fontsize=FONT, color=INK)
    ax.tick_params(colors=INK, labelsize=FONT - 1)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=3, frameon=False, fontsize=FONT)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    names = [name.replace("_", " ") for name in curves]
    fig.set_label(
        f"Temperature along a rod cut over {devices} devices: {', '.join(names)}. "
        + " ".join(
            f"{name} differs from {names[0]} by at most {_most(curves, index):.2g}."
            for index, name in enumerate(names)
            if index
        )
    )
    fig.tight_layout()
    plt.close(fig)
    return fig


def _most(curves, index):
    first, other = (np.asarray(list(curves.values())[k]) for k in (0, index))
    return float(np.abs(first - other).max())


def _blocks(array):
    """{(top, left, rows, columns): numbers of the devices that hold this block}."""
    shape = (1, *array.shape)[-2:]
    found = {}
    for device, index in array.sharding.devices_indices_map(array.shape).items():
        index = (slice(None), *index)[-2:]
        (top, bottom, _), (left, right, _) = (
            part.indices(size) for part, size in zip(index, shape, strict=True)
        )
        found.setdefault((top, left, bottom - top, right - left), []).append(device.id)
    return {block: sorted(found[block]) for block in sorted(found)}


def _block_shape(array):
    return array.sharding.shard_shape(array.shape)


def _spec(array):
    """The sharding's spec, with an entry for each axis, as it would be typed."""
    spec = tuple(array.sharding.spec)
    spec += (None,) * (array.ndim - len(spec))
    return repr(spec) if len(spec) != 1 else f"({spec[0]!r})"


def _wrap(holders, wide, tall):
    """The devices' numbers in as many lines as the tile has room for."""
    per_line = max(1, min(len(holders), int(wide / 0.75), 4))
    if len(holders) / per_line > max(1, tall):
        per_line = len(holders)
    lines = [holders[k : k + per_line] for k in range(0, len(holders), per_line)]
    return "\n".join(" ".join(map(str, line)) for line in lines)


def _origin(value):
    """A colour for numbers such as 23, which came from device 2; sums and zeros stay white."""
    device, position = divmod(int(value), 10)
    return TILES[device - 1] if 1 <= device <= 4 and position < 4 and value < 50 else "white"


_BACKING = {"fc": "white", "ec": "none", "pad": 1.5, "alpha": 0.75}


def _line(ax, corner, start, end):
    xs, ys = zip(*((corner[0] + dx, corner[1] + dy) for dx, dy in (start, end)), strict=True)
    ax.plot(xs, ys, color="#7a7a7a", lw=0.4)
