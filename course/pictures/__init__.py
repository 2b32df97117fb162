"""The pictures of the lessons: each says in its figure's label what it shows, as alt text.

A notebook gets them as images in HTML. So JupyterLab, VS Code, Colab and web pages all know the
alt text, also in a notebook that is not trusted, and the colours follow a dark theme.
"""

import base64
import io

import matplotlib.pyplot as plt
from IPython import get_ipython
from IPython.core.formatters import DisplayFormatter
from markupsafe import escape
from matplotlib.figure import Figure

LARGEST = 150_000
"""The longest drawing in bytes that is not replaced by its pixels."""


def as_html(figure: Figure) -> str:
    """The figure as an image with its label as alt text."""
    from course.pictures.vector import svg  # which is also used without a notebook

    drawing, facts = svg(figure)
    if len(drawing) > LARGEST:
        drawing = _pixels(figure)
    data = base64.b64encode(drawing.encode()).decode()
    return (
        f'<img alt="{escape(facts["alt"])}" style="max-width:100%;height:auto" '
        f'src="data:image/svg+xml;base64,{data}">'
    )


def _pixels(figure: Figure) -> str:
    """The figure as a drawing of pixels, for one with very many lines or points."""
    from course.pictures.vector import DARK

    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=2 * figure.dpi)
    data = base64.b64encode(file.getvalue()).decode()
    width, height = (round(72 * inches) for inches in figure.get_size_inches())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{height}pt" '
        f'viewBox="0 0 {width} {height}">{DARK}<image width="{width}" height="{height}" '
        f'href="data:image/png;base64,{data}"/></svg>'
    )


def describe(formatter: DisplayFormatter) -> None:
    """Let IPython show figures as images in HTML, and in no other form that would come first."""
    formatter.formatters["image/png"].pop(Figure, None)
    formatter.formatters["text/html"].for_type(Figure, as_html)


if (shell := get_ipython()) is not None:
    plt.switch_backend(plt.get_backend())  # a backend that is loaded later would undo it
    if Figure in shell.display_formatter.formatters["image/png"]:
        describe(shell.display_formatter)
