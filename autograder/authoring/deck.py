"""The deck of the talk: run, and made into one HTML file that plays reveal.js without a network."""

from __future__ import annotations

import os
from pathlib import Path

import jupytext
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from autograder.authoring.pages import page
from autograder.problem import Problem
from course.pictures.play import STILL


def build_deck(root: Path, target: Path) -> Path:
    """Run `slides/deck.py` and write `deck.html` into the target folder.

    Raises:
        Problem: a cell raised.
    """
    master = root / "slides" / "deck.py"
    notebook = jupytext.read(master)
    client = NotebookClient(
        notebook,
        timeout=300,
        coalesce_streams=True,
        resources={"metadata": {"path": root}},
        extra_arguments=["--InteractiveShell.xmode=Minimal"],
    )
    try:
        client.execute(env={**os.environ, STILL: "1"})
    except CellExecutionError as error:
        raise Problem(f"{master} does not run: {error}") from None
    made = target / "deck.html"
    made.parent.mkdir(parents=True, exist_ok=True)
    made.write_text(page(notebook, "deck", root, title="NumPy & JAX NumPy"), encoding="utf-8")
    return made
