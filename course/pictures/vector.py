"""Pictures as SVG that carry their description, for the slides and the quick references."""

import io
import math

from matplotlib import rc_context
from matplotlib.text import Text
from matplotlib.transforms import Bbox

DARK = (
    "<style>@media (prefers-color-scheme:dark){svg{filter:invert(.92) hue-rotate(180deg)}}</style>"
)
"""Turns light and dark round and keeps the hues. A dark page tells its pictures by `color-scheme`."""


def svg(figure, larger=1.0):
    """The figure as an SVG drawing for light and dark pages, the same bytes each time.

    Args:
        figure: a matplotlib Figure, whose label is a description in words.
        larger: by how much to enlarge its letters.

    Returns:
        The text, and its metadata for a notebook's output: `alt`, what it shows, and `letters`,
        the size of its smallest letters in pixels.
    """
    for text in figure.findobj(Text):
        text.set_fontsize(larger * text.get_fontsize())
    file = io.StringIO()
    metadata = {"Date": None, "Description": figure.get_label()}
    with rc_context({"svg.hashsalt": "course"}):
        figure.savefig(file, format="svg", bbox_inches=_drawn(figure), metadata=metadata)
    text = file.getvalue()
    facts = {"alt": figure.get_label(), "letters": round(_smallest(figure) * 96 / 72, 1)}
    start, end = text.index("<svg"), text.index(">", text.index("<svg")) + 1
    return text[start:end] + DARK + text[end:], facts


def _smallest(figure):
    """The size of the smallest letters that are drawn, in points."""
    scales = [axis for ax in figure.axes if not ax.axison for axis in (ax.xaxis, ax.yaxis)]
    unseen = {text for axis in scales for text in axis.findobj(Text)}
    drawn = (text for text in figure.findobj(Text) if text.get_text() and text not in unseen)
    return min((text.get_fontsize() for text in drawn), default=0.0)


def _drawn(figure):
    """The part of the figure with something in it, in inches."""
    figure.draw_without_rendering()  # a layout engine moves the axes
    if any(ax.axison for ax in figure.axes):
        return "tight"
    kinds = ("patches", "lines", "texts", "collections", "images")
    parts = [part for ax in figure.axes for kind in kinds for part in getattr(ax, kind)]
    boxes = [part.get_tightbbox() for part in parts]
    some = [box for box in boxes if box and 0 < box.width + box.height < math.inf]
    return Bbox.union(some).padded(6).transformed(figure.dpi_scale_trans.inverted())


def show(larger=1.0):
    """Let the running notebook show its figures in this way."""
    from IPython import get_ipython
    from matplotlib.figure import Figure

    shell = get_ipython()
    shell.run_line_magic("matplotlib", "inline")  # or it comes later, and takes ours away
    formatters = shell.display_formatter.formatters
    formatters["image/png"].pop(Figure, None)
    formatters["text/html"].pop(Figure, None)
    formatters["image/svg+xml"].for_type(Figure, lambda figure: svg(figure, larger))
