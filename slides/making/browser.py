"""Runs Chromium without a window: checks that pages fit, and prints them."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.problem import Problem

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
# No name resolves, so a page gets only what it contains.
OFFLINE = ["--host-resolver-rules=MAP * ~NOTFOUND", "--disable-background-networking"]

# A line for each element that reaches beyond the current slide or has too small letters.
CROWDED = """([width, height, letters, code]) => {
  const found = [], slide = Reveal.getCurrentSlide();
  const edge = slide.getBoundingClientRect();
  const shown = [...slide.querySelectorAll("*")].filter(e => !e.closest("aside"));
  for (const e of shown) {
    const box = e.getBoundingClientRect(), text = (e.innerText || e.alt || "").trim().slice(0, 50);
    if (box.bottom > edge.top + height || box.right > edge.left + width)
      found.push(`reaches beyond the slide: ${e.tagName} "${text}"`);
    if (e.scrollWidth > e.clientWidth + 1 && e.tagName === "PRE")
      found.push(`is cut off: ${e.tagName} "${text}"`);
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    const smallest = e.closest("pre, code") ? code : letters;
    if (own && parseFloat(getComputedStyle(e).fontSize) < smallest)
      found.push(`is smaller than ${smallest} pixels: ${e.tagName} "${text}"`);
    if (e.dataset.letters) {
      const scale = Math.min(e.width / e.naturalWidth, e.height / e.naturalHeight);
      const drawn = Math.round(scale * e.dataset.letters);
      if (drawn < letters)
        found.push(`has letters of ${drawn} pixels, not ${letters}: ${e.tagName} "${text}"`);
    }
  }
  return [...new Set(found)];
}"""
# A line for each element that is cut off, or that flows into a column beyond the page.
BEYOND = """() => {
  const main = document.querySelector("main"), edge = main.getBoundingClientRect(), found = [];
  for (const e of main.querySelectorAll("section, pre, table, img")) {
    const box = e.getBoundingClientRect(), text = e.innerText.trim().slice(0, 50);
    if (box.right > edge.right + 1 || box.bottom > edge.bottom + 1)
      found.push(`reaches beyond the page: ${e.tagName} "${text}"`);
    if (e.tagName === "PRE" && e.scrollWidth > e.clientWidth + 1)
      found.push(`is cut off: "${text}"`);
  }
  return found;
}"""
MARGIN, LETTERS, CODE = 10, 18, 24  # pixels


def chromium() -> str | None:
    """The path of Chromium; None if it is not installed."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextlib.contextmanager
def opened(dark: bool = False) -> Iterator[Any]:
    """A page of Playwright, 1280 by 720, in a Chromium without a network.

    Raises:
        Problem: Chromium is not installed.
    """
    path = chromium()
    if path is None:
        raise Problem(
            "The HTML files are built, but the PDFs need Chromium: "
            "install it (on Debian: apt-get install chromium) and run the command again."
        )
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tools:
        browser = tools.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", *OFFLINE]
        )
        try:
            yield browser.new_page(
                viewport={"width": 1280, "height": 720},
                color_scheme="dark" if dark else "light",
            )
        finally:
            browser.close()


def open_deck(page: Any, deck: Path, query: str = "") -> int:
    """Open a deck, wait for reveal.js, and return the number of slides."""
    page.goto(deck.resolve().as_uri() + query)
    page.wait_for_function(
        "window.Reveal && Reveal.isReady() && document.fonts.status === 'loaded'"
    )
    slides: int = page.evaluate("Reveal.getTotalSlides()")
    return slides


def crowded(page: Any, deck: Path) -> list[str]:
    """A line for each thing that does not fit its slide, or is too small to read from afar."""
    sentences = []
    for number in range(open_deck(page, deck)):
        page.evaluate(f"Reveal.slide({number})")
        title = page.evaluate(
            "Reveal.getCurrentSlide().querySelector('h1, h2').innerText"
        )
        lines = page.evaluate(CROWDED, [1280 - MARGIN, 720 - MARGIN, LETTERS, CODE])
        sentences += [
            f"slide {number + 1}, {title}: something {line}" for line in lines
        ]
    return sentences


def print_deck(page: Any, deck: Path) -> Path:
    """Write the deck as a PDF beside it, one page per slide."""
    open_deck(page, deck, "?print-pdf")
    page.wait_for_selector(".pdf-page")
    pdf = deck.with_suffix(".pdf")
    page.pdf(path=str(pdf), prefer_css_page_size=True, print_background=True)
    return pdf


def show(page: Any, html: Path) -> None:
    """Open a quick reference or the table, and wait for its fonts."""
    page.goto(html.resolve().as_uri())
    page.wait_for_function("document.fonts.status === 'loaded'")


def print_page(page: Any, html: Path) -> Path:
    """Write the page that is shown as a PDF beside it, in the size that its style sheet sets."""
    pdf = html.with_suffix(".pdf")
    page.pdf(path=str(pdf), prefer_css_page_size=True, print_background=True)
    return pdf


def beyond_one_page(page: Any) -> list[str]:
    """A line for each part of the quick reference that is shown, if it is cut off or beyond its page."""
    lines: list[str] = page.evaluate(BEYOND)
    return lines
