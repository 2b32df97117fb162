"""Pictures of pytrees: containers above, leaves in flattening order below; and of clipping."""

from collections import OrderedDict

import jax
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle

from course.pictures import canvas
from course.pictures.canvas import FONT, INK, TILES, WIDTH

LEVEL = 0.62  # inches between a container and what it holds
QUIET = "#6b6b6b"
BLUE = "#0072b2"  # Okabe-Ito
ORANGE = "#b34d00"  # Okabe-Ito vermilion, darkened to be read as text on white


def draw(*trees, names=None, between=None, marked=None):
    """Draw pytrees side by side, each with its leaves in a row in flattening order.

    A leaf shows its value where it is one number, and its shape where it is a larger array; the
    number below it is its position in `jax.tree.leaves`.

    Args:
        trees: the pytrees.
        names: one name for each tree, written above it.
        between: one word for each gap between two trees, such as `"+"`; one less than trees.
        marked: called with the path and the leaf, as by `jax.tree.map_with_path`; where it is
            true, the leaf is hatched and has a thick frame.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    names = names or ("",) * len(trees)
    between = between or ("",) * (len(trees) - 1)
    grown = [_grow(tree, marked) for tree in trees]
    gaps = [max(0.5, 0.09 * len(word) + 0.4) for word in between]
    needed = sum(node["width"] for node in grown) + sum(gaps) + 0.2
    scale = max(1.0, needed / WIDTH)  # a wide row is drawn smaller, text and all
    depth = max(_depth(node) for node in grown)
    bottom, top = -0.95, depth * LEVEL + (0.75 if any(names) else 0.4)
    fig, ax = canvas.canvas((0, WIDTH * scale), (bottom, top), WIDTH)
    x = (WIDTH * scale - needed) / 2 + 0.1
    for index, (node, name) in enumerate(zip(grown, names, strict=True)):
        counter = iter(range(1_000_000))
        middle = _place(node, x, depth * LEVEL, counter)
        _draw_node(ax, node, FONT / scale)
        if name:
            canvas.text(ax, middle, depth * LEVEL + 0.5, name, size=FONT / scale + 1, weight="bold")
        x += node["width"]
        if index < len(between):
            at = depth * LEVEL / 2
            canvas.text(
                ax, x + gaps[index] / 2, at, between[index], size=FONT / scale + 4, weight="bold"
            )
            x += gaps[index]
    legend = "below a leaf: its position in jax.tree.leaves"
    if marked:
        legend += "     hatched, thick frame: marked"
    canvas.text(
        ax, WIDTH * scale / 2, bottom + 0.15, legend, size=FONT / scale, color=QUIET, style="italic"
    )
    fig.set_label(" ".join(_describe(*pair) for pair in zip(trees, names, strict=True)))
    return fig


def draw_clip(gradient, whole, apart, limit):
    """Draw a gradient with two leaves, one number each, as an arrow, and two ways to clip it.

    Args:
        gradient, whole, apart: pytrees of two scalar leaves: the gradient, clipped by the norm
            of the whole tree, and clipped leaf by leaf.
        limit: the largest norm that is allowed.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    points = [np.asarray(jax.tree.leaves(tree), float) for tree in (gradient, whole, apart)]
    reach = max(limit, *(np.abs(point).max() for point in points))
    axes_names = [jax.tree_util.keystr(path) for path, _ in jax.tree.leaves_with_path(gradient)]
    fig = plt.figure(figsize=(WIDTH, 4.2), facecolor="white", dpi=110)
    ax = fig.add_axes((0.08, 0.14, 0.5, 0.82))
    plt.close(fig)  # the notebook shows the returned Figure, once
    ax.set(xlim=(-0.05 * reach, 1.1 * reach), ylim=(-0.05 * reach, 1.1 * reach), aspect="equal")
    ax.add_patch(Circle((0, 0), limit, fill=False, ec=QUIET, lw=1.2, ls=":"))
    ax.add_patch(
        Rectangle((-limit, -limit), 2 * limit, 2 * limit, fill=False, ec=QUIET, lw=0.8, ls="--")
    )
    styles = ((INK, 1.6, "-"), (BLUE, 3.4, "-"), (ORANGE, 2.4, "--"))
    words = ("gradient", "clipped by the whole norm", "clipped leaf by leaf")
    for point, (colour, lw, ls) in zip(points, styles, strict=True):
        arrow = {"arrowstyle": "-|>", "color": colour, "lw": lw, "ls": ls, "shrinkB": 0}
        ax.annotate("", tuple(point), (0, 0), arrowprops=arrow)
    for rank, (point, style, word) in enumerate(zip(points, styles, words, strict=True)):
        colour, lw, ls = style
        y = 0.85 - 0.18 * rank
        fig.add_artist(plt.Line2D((0.6, 0.66), (y, y), color=colour, lw=lw, ls=ls))
        label = f"{word}\n({point[0]:.2f}, {point[1]:.2f})"
        fig.text(0.68, y, label, color=colour, fontsize=FONT, va="center")
    note = f"dotted: norm {limit:g}\ndashed square: each leaf at most {limit:g}"
    fig.text(0.6, 0.25, note, color=QUIET, fontsize=FONT, va="center")
    ax.set_xlabel(f"the leaf {axes_names[0]}")
    ax.set_ylabel(f"the leaf {axes_names[1]}")
    ax.spines[["top", "right"]].set_visible(False)
    said = "; ".join(
        f"{word}: ({p[0]:.2f}, {p[1]:.2f})" for word, p in zip(words, points, strict=True)
    )
    fig.set_label(f"Three arrows from the origin, with norm limit {limit:g}. {said}.")
    return fig


def _grow(tree, marked, path=()):
    """A pytree as nested dicts of what to draw: kind, text, width and children with edge names."""
    if tree is None:
        return {"kind": "none", "text": "None", "width": 0.75, "children": []}
    parts, _ = jax.tree_util.tree_flatten_with_path(tree, is_leaf=lambda part: part is not tree)
    if len(parts) == 1 and parts[0][0] == ():
        text = _leaf_text(tree)
        width = max(0.58, 0.085 * len(text) + 0.22)
        mark = marked is not None and bool(marked(path, tree))
        return {"kind": "leaf", "text": text, "width": width, "children": [], "marked": mark}
    children = [(_edge(step[0]), _grow(part, marked, path + step)) for step, part in parts]
    children = _with_none(tree, children)
    name = type(tree).__name__
    room = [max(child["width"], 0.09 * len(edge) + 0.2) for edge, child in children]
    width = max(sum(room), 0.09 * len(name) + 0.3)
    return {"kind": "container", "text": name, "width": width, "children": children, "room": room}


def _with_none(tree, children):
    """The children with None among them, which flattening passes over, where we can see it."""
    if isinstance(tree, dict):
        keys = tree if isinstance(tree, OrderedDict) else sorted(tree)
        entries = [(str(key), tree[key]) for key in keys]
    elif isinstance(tree, (list, tuple)):
        entries = [(str(position), part) for position, part in enumerate(tree)]
    else:
        return children
    there = dict(children)
    return [
        (edge, _grow(None, None) if part is None else there[edge])
        for edge, part in entries
        if part is None or edge in there
    ]


def _edge(step):
    """The name of one step of a path: a key, a position or an attribute."""
    return jax.tree_util.keystr((step,), simple=True)


def _leaf_text(leaf):
    """A number as it is, a larger array as its shape, anything else as its type."""
    if not hasattr(leaf, "shape") and not isinstance(leaf, (bool, int, float)):
        return type(leaf).__name__
    shape = np.shape(leaf)
    if shape:
        return str(tuple(shape))
    return f"{leaf}" if isinstance(leaf, int) else f"{float(leaf):.3g}"


def _depth(node):
    return 1 + max((_depth(child) for _, child in node["children"]), default=-1)


def _place(node, x, y, counter):
    """Give every node its place, leaves in the lowest row; the middle of the node."""
    if not node["children"] and node["kind"] != "container":
        y = 0
    if node["kind"] == "leaf":
        node["number"] = next(counter)
    middle = x + node["width"] / 2
    if node["children"]:
        at = x + (node["width"] - sum(node["room"])) / 2
        places = []
        for (_, child), room in zip(node["children"], node["room"], strict=True):
            places.append(_place(child, at + (room - child["width"]) / 2, y - LEVEL, counter))
            at += room
        middle = (places[0] + places[-1]) / 2
    node["at"] = (middle, y)
    return middle


def _draw_node(ax, node, size):
    x, y = node["at"]
    for edge, child in node["children"]:
        below_x, below_y = child["at"]
        ax.plot((x, below_x), (y, below_y), color=QUIET, lw=1.1, zorder=1)
        part = 0.42 if y - below_y > LEVEL else 0.5  # a long edge is named in its upper half
        spot = (x + part * (below_x - x), y + part * (below_y - y))
        white = {"fc": "white", "ec": "none", "pad": 1.2}
        canvas.text(ax, *spot, edge, size=size, bbox=white, zorder=2)
        _draw_node(ax, child, size)
    if node["kind"] == "leaf":
        w = node["width"] - 0.12
        style = {"lw": 2.8, "hatch": "///"} if node["marked"] else {"lw": 0.8}
        face = TILES[node["number"] % len(TILES)]
        box = Rectangle((x - w / 2, y - 0.15), w, 0.3, fc=face, ec=INK, zorder=3, **style)
        ax.add_patch(box)
        clear = {"fc": face, "ec": "none", "pad": 0.8} if node["marked"] else None
        canvas.text(ax, x, y, node["text"], size=size, zorder=4, bbox=clear)
        canvas.text(ax, x, y - 0.32, str(node["number"]), size=size, color=QUIET)
    elif node["kind"] == "none":
        box = Rectangle((x - 0.3, y - 0.15), 0.6, 0.3, fc="white", ec=INK, ls="--", zorder=3)
        ax.add_patch(box)
        canvas.text(ax, x, y, "None", size=size, zorder=4)
        canvas.text(ax, x, y - 0.32, "no leaf", size=size, color=QUIET, style="italic")
    else:
        w = 0.085 * len(node["text"]) + 0.2
        box = FancyBboxPatch(
            (x - w / 2, y - 0.11), w, 0.22, "round,pad=0.04", fc="#e4e4e4", ec=INK, lw=0.8, zorder=3
        )
        ax.add_patch(box)
        canvas.text(ax, x, y, node["text"], size=size, zorder=4)


def _describe(tree, name):
    """One tree in words: its leaves by path."""
    leaves = [
        f"{jax.tree_util.keystr(path) or 'itself'}: {_leaf_text(leaf)}"
        for path, leaf in jax.tree.leaves_with_path(tree)
    ]
    return f"The pytree {name or ''} has {len(leaves)} leaves. {'; '.join(leaves)}."
