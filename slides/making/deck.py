"""Runs the deck of the talk, and writes it as one HTML file that needs no network."""

from __future__ import annotations

from pathlib import Path

import jupytext
from autograder.authoring import address, kernel
from course import coursemap
from course.pictures.play import STILL
from slides.making.pages import END, is_kept, made_from, page


def build_deck(root: Path, target: Path) -> Path:
    """Write `slides/deck.py` as `deck.html` into the target folder; run it if it changed.

    Raises:
        Problem: a cell raised.
    """
    master = root / "slides" / "deck.py"
    html = target / "deck.html"
    # The deck draws the map of the course, whose files it does not import, and its address.
    made = made_from(master, root, coursemap.modules(root), address.find(root))
    if is_kept(html, made):
        return html
    notebook = jupytext.read(master)
    kernel.execute(notebook, master, root, {STILL: "1"})
    html.parent.mkdir(parents=True, exist_ok=True)
    text = page(notebook, "deck", root, title="NumPy & JAX NumPy")
    html.write_text(text + END.format(made), encoding="utf-8")
    return html
