"""The deck: it follows the talk, opens without a network, and nothing on it is cut off or small."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import jupytext
import matplotlib.pyplot as plt
import numpy as np
import pypdf
import pytest
import shared
from masters import ROOT

from course import coursemap
from slides.making import browser
from slides.making.deck import build_deck
from slides.making.references import build_references

CELLS = jupytext.read(ROOT / "slides" / "deck.py").cells


def titles() -> list[str]:
    """The titles of the slides, in order."""
    sources = [cell.source for cell in CELLS if cell.cell_type == "markdown"]
    return [re.match(r"##? (.*)", source)[1] for source in sources if re.match(r"##? ", source)]


def test_every_slide_has_a_speakers_note():
    kinds = []
    for cell in CELLS:
        if "notes" in cell.metadata.get("tags", []):
            kinds.append("note")
        elif cell.cell_type == "markdown" and re.match(r"##? ", cell.source):
            kinds.append("slide")
    assert kinds == ["slide", "note"] * len(titles())


def test_the_code_of_the_talk_that_no_longer_runs_is_told_in_the_notes_only():
    notes = [cell.source for cell in CELLS if "notes" in cell.metadata.get("tags", [])]
    code = [cell.source for cell in CELLS if cell.cell_type == "code"]
    assert sum("from jax.shard_map import" in note for note in notes) == 1
    assert not any("from jax.shard_map" in source for source in code)


def test_no_output_is_written_by_hand():
    """A picture comes from a cell, and no slide shows a fenced block that nobody runs."""
    for cell in CELLS:
        if cell.cell_type == "markdown":
            assert "```" not in cell.source
            assert "![" not in cell.source


def test_the_map_shows_every_module_and_exercise():
    modules = coursemap.modules(ROOT)
    words = coursemap.draw(modules).get_label()
    assert [module.name for module in modules] == sorted(module.name for module in modules)
    for module in modules:
        assert f"{module.name}: " in words
        assert set(module.before) < {other.name for other in modules}
        assert set(module.stars) <= {1, 2, 3}
    assert modules[7].before == ("05_vmap", "07_grad")


@pytest.fixture(scope="module")
def deck(tmp_path_factory) -> Path:
    with shared.folder(tmp_path_factory, "slides") as folder:
        return build_deck(ROOT, folder)


@pytest.fixture
def page() -> Iterator:
    if browser.chromium() is None:
        pytest.skip("needs Chromium")
    with browser.opened() as opened:
        yield opened


@pytest.mark.slow
def test_it_opens_offline_and_asks_for_nothing(deck, page):
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text))
    assert browser.open_deck(page, deck) == len(titles())
    for number in range(len(titles())):
        page.evaluate(f"Reveal.slide({number})")
    assert [url for url in asked if not url.startswith("data:")] == [deck.as_uri()]
    assert errors == []
    families = page.evaluate(
        "[...document.fonts].filter(f => f.status === 'loaded').map(f => f.family)"
    )
    assert {name.strip('"') for name in families} == {"Source Sans Pro", "DejaVu Sans Mono"}


@pytest.mark.slow
def test_nothing_is_cut_off_or_too_small(deck, page):
    assert browser.crowded(page, deck) == []
    # The check can fail: half a slide's height is not enough for this deck.
    page.evaluate("Reveal.slide(2)")
    assert page.evaluate(browser.CROWDED, [1280, 360, 18, 24]) != []
    assert page.evaluate(browser.CROWDED, [1280, 720, 60, 24]) != []
    assert page.evaluate(browser.CROWDED, [1280, 720, 18, 25]) != []
    page.evaluate("Reveal.slide(4)")
    found = page.evaluate(browser.CROWDED, [1280, 720, 26, 24])
    assert any("has letters of" in line and "IMG" in line for line in found)


@pytest.mark.slow
def test_pictures_are_described_and_a_key_changes_dark_and_light(deck, page):
    browser.open_deck(page, deck)
    alts = page.evaluate("[...document.querySelectorAll('img')].map(i => i.alt)")
    assert len(alts) >= 8
    assert all(len(alt) > 30 for alt in alts)
    colour = "getComputedStyle(document.querySelector('.reveal-viewport')).backgroundColor"
    before = page.evaluate(colour)
    page.keyboard.press("d")
    assert page.evaluate(colour) != before
    page.keyboard.press("d")
    assert page.evaluate(colour) == before


@pytest.mark.slow
def test_a_picture_is_dark_on_a_dark_slide(deck, page):
    def brightness() -> float:
        picture = page.locator("section.present img.picture")
        return float(np.mean(plt.imread(io.BytesIO(picture.screenshot()))[..., :3]))

    browser.open_deck(page, deck)
    page.evaluate("Reveal.slide(4)")
    assert brightness() > 0.7
    page.keyboard.press("d")
    assert brightness() < 0.3


@pytest.mark.slow
def test_thoughts_come_one_at_a_time(deck, page):
    browser.open_deck(page, deck)
    page.evaluate(f"Reveal.slide({titles().index('NumPy and PyTorch run eagerly, JAX compiles')})")
    seen = "[...document.querySelectorAll('section.present .fragment.visible')].length"
    steps = page.evaluate("document.querySelectorAll('section.present .fragment').length")
    assert steps >= 4
    for step in range(steps):
        assert page.evaluate(seen) == step
        page.keyboard.press("ArrowRight")
    assert page.evaluate(seen) == steps


@pytest.mark.slow
def test_it_prints_one_page_a_slide(deck, page):
    pages = pypdf.PdfReader(browser.print_deck(page, deck)).pages
    assert len(pages) == len(titles())
    for title, sheet in zip(titles(), pages, strict=True):
        first = re.sub(r"\W", "", title)[:12]
        assert first in re.sub(r"\W", "", sheet.extract_text())


@pytest.fixture(scope="module")
def references(tmp_path_factory) -> list[Path]:
    with shared.folder(tmp_path_factory, "slides") as folder:
        return list(build_references(ROOT, folder))


@pytest.mark.slow
def test_the_columns_of_a_reference_end_on_one_line(references, page):
    """And every word of it is still there, in its order."""
    lowest = """() => [...document.querySelectorAll(".column")].map(
      column => Math.max(...[...column.querySelectorAll("*")].map(
        part => part.getBoundingClientRect().bottom)))"""
    boxes = "[...document.querySelectorAll('main section')].map(one => one.textContent).join('')"
    for html in references:
        browser.show(page, html)
        left, right = page.evaluate(lowest)
        assert abs(left - right) < 4, html.name
        spread = page.evaluate(boxes)
        page.evaluate("text => document.body.innerHTML = text", html.read_text(encoding="utf-8"))
        assert spread == page.evaluate(boxes), html.name
