"""What the pictures are drawn on, and with: a white ground, one ink, letters of one size."""

import matplotlib.pyplot as plt
from matplotlib.patches import Rectangle

WIDTH = 8.0  # inches
FONT = 9.5  # points
INK = "#1a1a1a"
# Okabe and Ito's colours, lightened so that ink is read on them.
TILES = ("#9fd3f2", "#f7cf80", "#8fd6bf", "#f8f1a0", "#93bfdc", "#eebe9a", "#e5bcd3")


def canvas(xlim, ylim, width=WIDTH, aspect=1):
    """A white figure of this width in inches; a unit of y is `aspect` units of x tall."""
    wide, high = xlim[1] - xlim[0], (ylim[1] - ylim[0]) * aspect
    fig = plt.figure(figsize=(width, width * high / wide), facecolor="white", dpi=110)
    ax = fig.add_axes((0, 0, 1, 1), xlim=xlim, ylim=ylim)
    ax.axis("off")
    plt.close(fig)  # the notebook shows the returned Figure, once
    return fig, ax


def box(ax, x, y, w, h, colour, words="", hatch=None, stripes="#9a9a9a", lw=0.7, **style):
    """A framed box with words in its middle, which stay clear of the hatch."""
    ax.add_patch(Rectangle((x, y), w, h, fc=colour, ec=INK, lw=lw))
    if hatch:
        ax.add_patch(Rectangle((x, y), w, h, fill=False, ec=stripes, lw=0, hatch=hatch))
        style["bbox"] = {"fc": colour, "ec": "none", "pad": 1.2}
    if words:
        text(ax, x + w / 2, y + h / 2, words, **style)


def text(ax, x, y, words, color=INK, size=FONT, ha="center", **style):
    """Words in the middle of a place, or right or left of it."""
    ax.text(x, y, words, ha=ha, va="center", color=color, fontsize=size, **style)


def arrow(ax, start, end, color=INK, lw=1.6, linestyle="-"):
    """An arrow from one place to another."""
    style = {"arrowstyle": "-|>", "color": color, "lw": lw, "linestyle": linestyle}
    ax.annotate("", end, start, arrowprops=style)
