"""Runs the deck of the talk, and writes it as one HTML file that needs no network."""

from __future__ import annotations

from pathlib import Path

import jupytext
from autograder.authoring import kernel
from course.pictures.play import STILL
from slides.making.pages import page


def build_deck(root: Path, target: Path) -> Path:
    """Run `slides/deck.py` and write `deck.html` into the target folder.

    Raises:
        Problem: a cell raised.
    """
    master = root / "slides" / "deck.py"
    notebook = jupytext.read(master)
    kernel.execute(notebook, master, root, {STILL: "1"})
    html = target / "deck.html"
    html.parent.mkdir(parents=True, exist_ok=True)
    html.write_text(
        page(notebook, "deck", root, title="NumPy & JAX NumPy"), encoding="utf-8"
    )
    return html
