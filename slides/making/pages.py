"""Writes a notebook as one HTML file that contains its styles, fonts and scripts."""

from __future__ import annotations

import base64
import importlib.util
import re
from pathlib import Path
from typing import Any

import matplotlib
from autograder.problem import Problem
from nbconvert.exporters import SlidesExporter
from nbformat import NotebookNode

SANS = {
    "regular": ("400", "normal"),
    "italic": ("400", "italic"),
    "semibold": ("600", "normal"),
    "semibolditalic": ("600", "italic"),
}
MONO = {"DejaVuSansMono": "400", "DejaVuSansMono-Bold": "700"}


def page(notebook: NotebookNode, template: str, root: Path, **inside: Any) -> str:
    """The notebook as HTML, one `<section>` for each heading of the first two levels.

    Cells tagged `notes` become speaker notes, cells tagged `skip` are left out, and of those
    tagged `hide` only the output is shown.

    Args:
        notebook: an executed notebook.
        template: the name of a folder in `slides/templates`.
        root: the course's folder.
        inside: values for the template in `resources.inside`, besides fonts and reveal.js.

    Raises:
        Problem: the package with reveal.js and the fonts is not installed.
    """
    for cell in notebook.cells:
        tags = set(cell.metadata.get("tags", []))
        starts = cell.cell_type == "markdown" and cell.source.startswith(("# ", "## "))
        kind = next(iter(tags & {"notes", "skip"}), "slide" if starts else "-")
        cell.metadata["slideshow"] = {"slide_type": kind}
        cell.source = re.sub(r"\n{3,}", "\n\n", cell.source)
    templates = [str(root / "slides" / "templates")]
    exporter = SlidesExporter(
        template_name=template,
        extra_template_basedirs=templates,
        extra_template_paths=templates,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    reveal = _reveal()
    inside |= {
        "fonts": _fonts(reveal),
        "reveal_css": (reveal / "dist" / "reveal.css").read_text(encoding="utf-8"),
        "scripts": [
            (reveal / name).read_text(encoding="utf-8")
            for name in ("dist/reveal.js", "plugin/notes/notes.js")
        ],
    }
    html: str = exporter.from_notebook_node(notebook, {"inside": inside})[0]
    return html


def _reveal() -> Path:
    """The folder of reveal.js in the package that contains it; the package is not imported."""
    spec = importlib.util.find_spec("sphinx_revealjs")
    if spec is None or not spec.submodule_search_locations:
        raise Problem(
            "The slides need reveal.js: run `uv sync`, or pip install sphinx-revealjs."
        )
    return Path(spec.submodule_search_locations[0]) / "_static" / "revealjs"


def _fonts(reveal: Path) -> list[tuple[str, str, str, str, str]]:
    """The family, weight, style, format and file (in base64) of each font."""
    sans = reveal / "dist" / "theme" / "fonts" / "source-sans-pro"
    mono = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    fonts = [
        (
            "Source Sans Pro",
            weight,
            style,
            "woff",
            _inside(sans / f"source-sans-pro-{name}.woff"),
        )
        for name, (weight, style) in SANS.items()
    ]
    fonts += [
        ("DejaVu Sans Mono", weight, "normal", "ttf", _inside(mono / f"{name}.ttf"))
        for name, weight in MONO.items()
    ]
    return fonts


def _inside(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
