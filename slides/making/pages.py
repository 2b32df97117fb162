"""Writes a notebook as one HTML file that contains its styles, fonts and scripts."""

from __future__ import annotations

import base64
import functools
import hashlib
import importlib.util
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import matplotlib
from autograder.authoring import lessons
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

END = "\n<!-- made from {} -->\n"
"""The end of a page: a hash of everything that it was made from."""


def made_from(master: Path, root: Path, *settings: object) -> str:
    """A hash of a master, of what it imports, of what makes pages, and of versions.

    Args:
        master: the master of the deck or of a quick reference.
        root: the course's folder.
        settings: other things that the page depends on.

    Returns:
        The hash; empty if it is not known what the master imports.
    """
    folders = (root / "slides" / name for name in ("making", "templates"))
    files = sorted(
        path
        for folder in folders
        for path in folder.rglob("*.*")
        if path.suffix != ".pyc"
    )
    contents = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    packages = [version(name) for name in ("nbconvert", "sphinx-revealjs")]
    return lessons.hash_of(master, root, contents, packages, *settings)


def is_kept(html: Path, made_from: str) -> bool:
    """Whether a page was made from all that has this hash, so that nothing has to run."""
    if not made_from or not html.is_file():
        return False
    return html.read_text(encoding="utf-8").endswith(END.format(made_from))


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
    reveal = _reveal()
    inside |= {
        "fonts": _fonts(reveal),
        "reveal_css": (reveal / "dist" / "reveal.css").read_text(encoding="utf-8"),
        "scripts": [
            (reveal / name).read_text(encoding="utf-8")
            for name in ("dist/reveal.js", "plugin/notes/notes.js")
        ],
    }
    exporter = _exporter(template, root / "slides" / "templates")
    html: str = exporter.from_notebook_node(notebook, {"inside": inside})[0]
    return html


@functools.cache
def _exporter(template: str, templates: Path) -> SlidesExporter:
    """An exporter, which is kept: it compiles its templates at the first notebook."""
    return SlidesExporter(
        template_name=template,
        extra_template_basedirs=[str(templates)],
        extra_template_paths=[str(templates)],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )


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
