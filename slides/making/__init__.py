"""Builds the deck of the talk, the quick references, and the table of NumPy's functions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from autograder.problem import Problem
from slides.making import browser, functions
from slides.making.deck import build_deck
from slides.making.references import build_references


def build(root: Path, target: Path | None = None) -> Iterator[Path]:
    """Build everything into `slides/build/`, or another folder, as HTML and then as PDF.

    Args:
        root: the course's folder.
        target: where the files go.

    Yields:
        The path of each file when it has been written.

    Raises:
        Problem: a master fails, Chromium is missing, or something does not fit its page.
    """
    target = target or root / "slides" / "build"
    target.mkdir(parents=True, exist_ok=True)
    yield (table := functions.build_table(root, target))
    yield from (references := build_references(root, target))
    yield (deck := build_deck(root, target))
    with browser.opened() as page:
        crowded = browser.crowded(page, deck)
        yield browser.print_deck(page, deck)
        for html in references:
            yield browser.print_page(page, html)
            crowded += browser.beyond_one_page(page, html)
        yield browser.print_page(page, table)
    if crowded:
        raise Problem(
            "\n".join([*crowded, "Shorten the master, or give it one more page."])
        )
