"""A learner's way through `autograder lab`, in headless Chromium, over two releases."""

import re
import time
import zipfile

import lab_server
import pytest
from lab_server import opened, picture
from masters import ROOT

from autograder.authoring import course, learner_folder
from autograder.student.progress import VARIABLE

pytestmark = pytest.mark.slow
LESSON = "course/05_vmap.ipynb"
PANELS = ("Create Assignment", "Formgrader", "Course List")


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "progress.json"))
    return lab_server.course(tmp_path)


def menu(page):
    """What nbgrader's menu and the sidebars offer."""
    page.click('.lm-MenuBar-itemLabel:text-is("Nbgrader")')
    items = page.locator(".lm-Menu-itemLabel").all_inner_texts()
    page.keyboard.press("Escape")
    tabs = [tab.get_attribute("title") or "" for tab in page.locator(".lm-TabBar-tab").all()]
    return items + tabs


def predictions(lesson):
    """How many predictions the master of a lesson asks for."""
    return len(re.findall(r"^predicted\($", lesson.read_text(encoding="utf-8"), re.MULTILINE))


def test_a_learner_predicts_and_gets_a_new_release(root):
    count = predictions((root / LESSON).with_suffix(".py"))
    total = sum(map(predictions, (root / "course").glob("[0-9]*.py")))
    with lab_server.served(root) as address, lab_server.browser() as (page, asked):
        opened(page, address, "?token=test")
        page.wait_for_selector("h1:has-text('NumPy to JAX: start here')")
        # Nothing was run: the table is in the file, with its links, and the map below it.
        row = page.locator("tr", has_text="Write for one, run for many")
        assert f"0 of {count}" in row.inner_text()
        assert page.get_by_text(f"Predictions: 0 of {total}").count() == 1
        assert page.get_by_text(re.compile(r"about \d+ hours are left")).count() == 1
        page.locator(".jp-RenderedMarkdown img").scroll_into_view_if_needed()
        page.wait_for_function(
            "document.querySelector('.jp-RenderedMarkdown img').naturalWidth > 0"
        )
        picture(page, "learner_map")
        page.locator("h1").first.scroll_into_view_if_needed()
        picture(page, "learner_start")
        offered = menu(page)
        assert not [word for word in offered if any(panel in word for panel in PANELS)], offered
        assert "Assignment List" in offered
        names = page.locator(".jp-DirListing-itemText").all_inner_texts()
        assert sorted(names) == ["course", "docs", "exercises", "start.ipynb"]

        row.locator("a").first.click()
        page.wait_for_selector("h1:has-text('Write for one')")
        page.get_by_text("| Idle").wait_for()
        lesson = page.locator(".jp-NotebookPanel:visible")
        assert lesson.locator(".jp-OutputArea-output").count() == 0
        question = lesson.locator(".jp-CodeCell", has_text="my_square = ...")
        question.scroll_into_view_if_needed()
        question.locator(".cm-line", has_text="my_square").click()
        page.keyboard.press("End")
        for _ in "...":
            page.keyboard.press("Backspace")
        page.keyboard.type('"raises"')
        page.click('.lm-MenuBar-itemLabel:text-is("Run")')
        page.click("text=Run All Above Selected Cell")
        question = lesson.locator(".jp-CodeCell", has_text='my_square = "raises"')
        question.locator(".cm-content").click()
        for _ in range(3):  # the guess, what it is about, and the card
            page.keyboard.press("Shift+Enter")
        card = lesson.locator(".jp-OutputArea-output [role=heading]").first
        card.wait_for()
        picture(page, "learner_predicted")
        assert re.search("as predicted|surprise", card.inner_text())

        page.click('.lm-MenuBar-itemLabel:text-is("Run")')
        page.click("text=Run All Cells")
        open_ones = lesson.get_by_text(f"{count - 1} predictions are still open")
        deadline = time.monotonic() + 180
        while not open_ones.count() and time.monotonic() < deadline:
            page.mouse.move(800, 600)  # JupyterLab renders the cells near the window only
            page.mouse.wheel(0, 20_000)
            page.wait_for_timeout(500)
        assert open_ones.count() == 1
        picture(page, "learner_not_read")
        folded = page.locator("summary", has_text="it tells you the answer to my_extra")
        cell = lesson.locator(".jp-CodeCell", has=folded)
        folded.scroll_into_view_if_needed()
        page.wait_for_timeout(1000)
        picture(page, "learner_folded")
        assert not cell.get_by_text("only in the mapped one: {").is_visible()
        folded.click()
        cell.get_by_text("only in the mapped one: {").wait_for()
        page.keyboard.press("Control+s")
        page.wait_for_timeout(2000)

        opened(page, address, "lab/tree/start.ipynb?token=test&reset")
        page.get_by_text("| Idle").wait_for()
        page.locator(".jp-CodeCell .cm-content").first.click()
        page.keyboard.press("Shift+Enter")
        row = page.locator("tr", has_text="Write for one, run for many")
        row.get_by_text(f"1 of {count}").wait_for()
        assert "· to read" in row.inner_text()
        page.keyboard.press("Control+s")
        page.wait_for_timeout(2000)
        assert asked == []

    mine = (root / "work" / LESSON).read_bytes()
    assert b'my_square = \\"raises\\"' in mine
    for name in ("05_vmap", "06_pytrees"):
        master = root / "course" / f"{name}.py"
        master.write_text(master.read_text().replace("# # ", "# # In a new release: ", 1))
    with lab_server.served(root) as address, lab_server.browser() as (page, _):
        opened(page, address, "?token=test")
        page.get_by_text("05_vmap.ipynb has changed in the course").wait_for()
        assert page.locator("text=06_pytrees.ipynb has changed").count() == 0
        assert f"1 of {count}" in page.locator("tr", has_text="Write for one").first.inner_text()
        picture(page, "learner_new_release")
        page.get_by_text("| Idle").wait_for()
        page.locator("a", has_text="05_vmap (new).ipynb").first.click()
        # JupyterLab may show the start page again when it has finished loading.
        page.wait_for_selector("h1:has-text('In a new release')", state="attached")
    assert (root / "work" / LESSON).read_bytes() == mine
    assert b"In a new release" in (root / "work/course/05_vmap (new).ipynb").read_bytes()
    assert b"In a new release" in (root / "work/course/06_pytrees.ipynb").read_bytes()


def test_the_authors_view_has_the_instructors_panels(root):
    with lab_server.served(root, lab_server.TEACH) as address, lab_server.browser() as (page, _):
        opened(page, address, "?token=test")
        page.wait_for_selector("h1:has-text('NumPy to JAX: start here')")
        offered = menu(page)
        assert all(any(panel in word for word in offered) for panel in PANELS), offered


def test_a_zip_works_with_nothing_but_the_package(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "progress.json"))
    _, zipped = learner_folder.pack(course.read(ROOT), tmp_path / "packed" / "numpy-to-jax")
    with zipfile.ZipFile(zipped) as file:
        file.extractall(tmp_path / "mine")
    here = tmp_path / "mine" / "numpy-to-jax"
    with lab_server.served(here) as address, lab_server.browser() as (page, _):
        opened(page, address, f"lab/tree/{LESSON}?token=test")
        page.get_by_text("| Idle").wait_for()
        page.click('.lm-MenuBar-itemLabel:text-is("Run")')
        page.click("text=Run All Cells")
        page.locator(".jp-OutputArea-output summary").first.wait_for()
        names = page.locator(".jp-DirListing-itemText").all_inner_texts()
        assert "05_vmap.ipynb" in names
        assert "05_vmap.check" not in names
        assert page.locator("text=ModuleNotFoundError").count() == 0
        picture(page, "learner_zip")
