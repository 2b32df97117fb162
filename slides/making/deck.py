"""The deck of the talk: run, and made into one HTML file that plays reveal.js without a network."""

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
    made = target / "deck.html"
    made.parent.mkdir(parents=True, exist_ok=True)
    made.write_text(
        page(notebook, "deck", root, title="NumPy & JAX NumPy"), encoding="utf-8"
    )
    return made
