"""Pictures of random keys: where they come from, and what a key that is used twice does."""

import jax
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from course.pictures import canvas
from course.pictures.canvas import FONT, INK, WIDTH

BIT = "#0072b2"  # Okabe-Ito blue: a bit that is set
LINES = ("#0072b2", "#b34d00", "#00795a", "#8a4f75")  # Okabe-Ito, darkened for thin lines
STYLES = ("-", "--", "-.", ":")
PLATE = {"fc": "white", "ec": "none", "pad": 0.8}
SIDE = 1.0  # the side of a key's square, in the units of a tree
STEP = 1.45  # from one leaf of a tree to the next
LEVEL = 2.35  # from one level of a tree to the next


def draw_tree(keys, parents, values=None):
    """Draw a tree of keys, each as a square of its 64 bits, read from the key itself.

    A key with the same bits as an earlier one is framed twice and says which one it repeats.

    Args:
        keys: name -> key, a parent before its children; typed or raw.
        parents: name of a child -> (name of its parent, how it was made, such as `"split"`).
        values: name -> number to write below that key, such as what was drawn from it.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    values = values or {}
    bits = {name: _bits(key) for name, key in keys.items()}
    place = _places(keys, parents)
    right = max(x for x, _ in place.values()) + SIDE / 2
    depth = -min(y for _, y in place.values())
    wide = max(right + SIDE / 2 + 0.5, 7 * STEP)
    left = (right - SIDE / 2 - wide) / 2
    fig, ax = canvas.canvas((left, left + wide), (-depth - 0.75 * SIDE - 0.35, SIDE / 2 + 0.6))
    for child, (parent, how) in parents.items():
        (x0, y0), (x1, y1) = place[parent], place[child]
        top, bottom = y0 - SIDE / 2, y1 + SIDE / 2 + 0.45
        middle = bottom + 0.5
        ax.plot((x0, x0, x1, x1), (top, middle, middle, bottom), color=INK, lw=1.1, zorder=0)
        canvas.text(ax, x1, middle - 0.24, how, style="italic", bbox=PLATE)
    first, said = {}, []
    for name, (x, y) in place.items():
        twin = first.setdefault(bits[name].tobytes(), name)
        again = twin != name
        _key(ax, x, y, bits[name], again)
        canvas.text(ax, x, y + SIDE / 2 + 0.2, name, weight="bold", bbox=PLATE)
        below = [f"same as {twin}"] if again else []
        if name in values:
            below.append(f"{float(values[name]):.4f}")
        canvas.text(ax, x, y - SIDE / 2 - 0.22 * max(1, len(below)), "\n".join(below))
        origin = f"from {parents[name][0]} by {parents[name][1]}" if name in parents else "a root"
        repeats = f", the same key as {twin}" if again else ""
        said.append(f"{name}, {origin}, with {int(bits[name].sum())} of 64 bits set{repeats}")
    fig.set_label("A tree of keys: " + "; ".join(said) + ".")
    return fig


def draw_pairs_of_draws(panels):
    """Draw two sets of random numbers against each other, a panel for each pair.

    Args:
        panels: [(title, (label, numbers), (label, numbers))].

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    fig, axes = plt.subplots(
        1,
        len(panels),
        figsize=(WIDTH, WIDTH / len(panels) + 0.5),
        facecolor="white",
        dpi=110,
        layout="constrained",
    )
    said = []
    for ax, (title, (x_label, x), (y_label, y)) in zip(np.ravel(axes), panels, strict=True):
        x, y = np.asarray(x), np.asarray(y)
        correlation = float(np.corrcoef(x, y)[0, 1])
        ax.plot(x, y, ".", color=LINES[0], ms=3.2)
        ax.set_title(f"{title}\ncorrelation {correlation:.2f}", fontsize=FONT + 0.5, color=INK)
        _plain(ax, x_label, y_label)
        said.append(f"{title}: {y_label} against {x_label}, correlation {correlation:.2f}")
    plt.close(fig)
    fig.set_label("Scatter plots. " + "; ".join(said) + ".")
    return fig


def draw_walks(walks, steps="step", position="position"):
    """Draw paths over time, each with a line style of its own and its name at its end.

    Args:
        walks: name -> positions, one a step.
        steps: what the horizontal axis counts.
        position: what the vertical axis shows.

    Returns:
        The matplotlib Figure; its label is a description in words.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 3.4), facecolor="white", dpi=110, layout="constrained")
    walks = {name: np.asarray(path) for name, path in walks.items()}
    longest = max(len(path) for path in walks.values())
    said = []
    for n, (name, path) in enumerate(walks.items()):
        colour = LINES[n % len(LINES)]
        ax.plot(path, STYLES[n % len(STYLES)], color=colour, lw=1.8)
        ax.annotate(
            name, (len(path) - 1, path[-1]), (6, 0), textcoords="offset points",
            color=colour, fontsize=FONT, weight="bold", va="center",
        )  # fmt: skip
        kinds = len(np.unique(np.round(np.diff(path), 4)))
        said.append(f"{name} ends at {path[-1]:.1f} after steps of {kinds} different sizes")
    ax.set_xlim(0, longest * 1.2)
    _plain(ax, steps, position)
    plt.close(fig)
    fig.set_label("Paths: " + "; ".join(said) + ".")
    return fig


def _bits(key):
    """The 64 bits of a key as an (8, 8) array of 0 and 1, the most significant first."""
    typed = jax.dtypes.issubdtype(key.dtype, jax.dtypes.prng_key)
    words = np.asarray(jax.random.key_data(key) if typed else key, dtype=np.uint32)
    if words.shape != (2,):
        raise ValueError(f"one key of two words is drawn, not data of shape {words.shape}")
    return np.unpackbits(words.astype(">u4").view(np.uint8)).reshape(8, 8)


def _places(keys, parents):
    """name -> (x, y): leaves side by side, a parent above the middle of its children."""
    children = {name: [] for name in keys}
    for child, (parent, _) in parents.items():
        children[parent].append(child)
    place, free = {}, [0.0]

    def put(name, level):
        for child in children[name]:
            put(child, level + 1)
        if children[name]:
            x = (place[children[name][0]][0] + place[children[name][-1]][0]) / 2
        else:
            x = free[0]
            free[0] += STEP
        place[name] = (x, -LEVEL * level)

    for name in keys:
        if name not in parents:
            put(name, 0)
    return {name: place[name] for name in keys}


def _key(ax, x, y, bits, again):
    """The bits of one key as a square around (x, y)."""
    cell = SIDE / 8
    corner = (x - SIDE / 2, y - SIDE / 2)
    ax.add_patch(Rectangle(corner, SIDE, SIDE, fc="white", ec=INK, lw=1.1))
    for (row, column), bit in np.ndenumerate(bits):
        if bit:
            spot = (corner[0] + column * cell, corner[1] + (7 - row) * cell)
            ax.add_patch(Rectangle(spot, cell, cell, fc=BIT, ec="white", lw=0.3))
    if again:
        outer = (corner[0] - 0.09, corner[1] - 0.09)
        ax.add_patch(Rectangle(outer, SIDE + 0.18, SIDE + 0.18, fill=False, ec=INK, lw=2.0))


def _plain(ax, x_label, y_label):
    """Dark labels, and a frame on two sides only."""
    ax.set_facecolor("white")
    ax.set_xlabel(x_label, fontsize=FONT, color=INK)
    ax.set_ylabel(y_label, fontsize=FONT, color=INK)
    ax.tick_params(labelsize=FONT - 1, colors=INK)
    ax.spines[["top", "right"]].set_visible(False)
