"""Builds the deck of the talk, the quick references, and the table of NumPy's functions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from autograder.problem import Problem
from slides.making import browser, functions
from slides.making.deck import build_deck
from slides.making.references import build_references, masters


def count(root: Path) -> int:
    """How many files `build` writes: the deck, the table and the references, each as two."""
    return 2 * (2 + len(masters(root)))


def build(root: Path, target: Path | None = None) -> Iterator[Path]:
    """Build everything into `slides/build/`, or another folder, as HTML and then as PDF.

    The deck or a quick reference whose page was made from the same code is not run again.

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
    references = []
    for html in build_references(root, target):
        references.append(html)
        yield html
    yield (deck := build_deck(root, target))
    with browser.opened() as page:
        crowded = browser.crowded(page, deck)
        yield browser.print_deck(page, deck)
        for html in references:
            browser.show(page, html)
            lines = browser.beyond_one_page(page)
            crowded += [f"{html.stem}: {line}" for line in lines]
            yield browser.print_page(page, html)
        browser.show(page, table)
        yield browser.print_page(page, table)
    if crowded:
        raise Problem(
            "\n".join([*crowded, "Shorten the master, or give it one more page."])
        )
