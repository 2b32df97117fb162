"""A student's way through JupyterLab, in headless Chromium: start page, exercises, Validate."""

import getpass
import io
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import lab_server
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from lab_server import opened, picture
from masters import answered, catalogue
from nbformat.v4 import new_code_cell, new_notebook, new_output

from autograder.student import card, learner
from autograder.student.progress import VARIABLE
from course.pictures import arrays, as_html

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[tuple[str, Path]]:
    """The address of a JupyterLab started by the README's command, and the learner's folder."""
    folder = lab_server.course(tmp_path_factory.mktemp("course"))
    nbformat.write(all_but_one(), folder / "exercises" / "05_vmap" / "vmap.ipynb")
    with pytest.MonkeyPatch.context() as patch:
        # Other tests pass exercises too.
        patch.setenv(VARIABLE, str(folder / "progress.json"))
        with lab_server.served(folder) as address:
            yield address, folder / "work"


@pytest.fixture
def classroom(tmp_path) -> Iterator[tuple[str, Path]]:
    """The address of a JupyterLab in a course's folder, where nbgrader is configured."""
    folder = lab_server.course(tmp_path)
    with lab_server.served(folder, lab_server.TEACH) as address:
        yield address, folder


def all_but_one() -> nbformat.NotebookNode:
    """The released notebook with the references, one exercise left as a loop."""
    notebook = answered("05_vmap")
    (looped,) = [cell for cell in notebook.cells if cell.id == "pairwise"]
    looped.source = (
        "def pairwise(xs, ys):\n"
        "    return jnp.stack([jax.vmap(distance, in_axes=(None, 0))(x, ys) for x in xs])"
    )
    return notebook


@pytest.fixture
def page():
    with lab_server.browser() as (page, asked):
        yield page
        assert asked == [], "JupyterLab asked a network"


def test_the_start_page_opens_first(lab, page):
    address, _ = lab
    opened(page, address, "?token=test")
    page.wait_for_selector("h1:has-text('NumPy to JAX: start here')")
    assert page.locator(".jp-RenderedMarkdown ol > li").count() == 6
    assert page.locator("text=official Jupyter news").count() == 0


def test_the_start_page_opens_where_the_student_stopped(lab, page):
    address, folder = lab
    done = folder / "done.py"
    done.write_text(
        "from autograder.student import progress\n"
        "progress.checked('numpy-to-jax', 'fast_track_vmap', '05_vmap', True, True)\n"
        "progress.checked('numpy-to-jax', 'predict_batch', '05_vmap', True)\n"
    )
    subprocess.run([sys.executable, done], check=True)
    opened(page, address, "lab/tree/start.ipynb?token=test&reset")
    page.get_by_text("| Idle").wait_for()
    page.locator(".jp-CodeCell .jp-InputArea-editor").first.click()
    page.keyboard.press("Shift+Enter")
    row = page.locator("tr", has_text="Write for one, run for many")
    row.get_by_text("1 of 8").wait_for()
    assert "✓ read" in row.inner_text()
    page.locator("a", has_text="2 · Another axis").click()
    # The notebook opens at the cell that waits for an answer.
    page.locator(".jp-CodeCell.jp-mod-active", has_text="column_norms").wait_for()


def test_a_student_sees_cards_and_validates(lab, page):
    address, _ = lab
    opened(page, address, "lab/tree/exercises/05_vmap/vmap.ipynb?token=test&reset")
    page.get_by_text("| Idle").wait_for()
    page.locator("text=import jax.numpy").first.wait_for()
    page.click("text=Run")
    page.click("text=Run All Cells")
    # JupyterLab renders the cells near the window only, so the last card is scrolled to.
    cards = set()
    deadline = time.monotonic() + 180
    while len(cards) < 9 and time.monotonic() < deadline:
        for text in page.locator(".jp-OutputArea-output [role=heading]").all_inner_texts():
            cards |= {re.sub(r"\s+", " ", text)} - {""}
        page.mouse.move(800, 600)
        page.mouse.wheel(0, 500 if time.monotonic() % 12 < 8 else -4000)
        page.wait_for_timeout(300)
    assert "◐ partly right pairwise, 1.5 of 3 points" in cards
    assert sum("passed" in card for card in cards) == 8, cards
    assert page.locator("text=Traceback").count() == 0
    picture(page, "student_cards")
    page.get_by_text("Validate", exact=True).click()
    dialog = page.locator(".jp-Dialog")
    dialog.wait_for()
    picture(page, "student_validate")
    words = dialog.inner_text()
    assert "partly right: pairwise" in words
    assert "loops over the first list in Python" in words
    assert "Traceback" not in words


def test_buttons_show_a_hint_and_the_stub_and_change_no_answer(lab, page):
    address, folder = lab
    notebook = answered("05_vmap")
    (first,) = [cell for cell in notebook.cells if "from autograder import" in cell.source]
    answer = new_code_cell("def predict_batch(W, b, xs):\n    return xs @ W.T")
    cells = [first, answer, new_code_cell("check(predict_batch)"), new_code_cell("1 + 1")]
    path = folder / "exercises" / "05_vmap" / "buttons.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata=notebook.metadata), path)
    opened(page, address, "lab/tree/exercises/05_vmap/buttons.ipynb?token=test&reset")
    page.get_by_text("| Idle").wait_for()
    page.locator(".jp-CodeCell .jp-InputArea-editor").first.click()
    for _ in range(3):
        page.keyboard.press("Shift+Enter")
    page.get_by_role("button", name="Hint 1 of 3").click()
    page.get_by_text("Hint 1 of 3", exact=True).nth(0).wait_for()
    # By keyboard: the same button has the next hint, and the one beside it the stub.
    page.get_by_role("button", name="Hint 2 of 3").press("Enter")
    page.get_by_role("button", name="Hint 3 of 3").press("Tab")
    page.get_by_role("button", name="Show the stub again").press("Enter")
    page.get_by_text("Your answer has not changed.").wait_for()
    picture(page, "buttons")
    page.locator(".jp-CodeCell .jp-InputArea-editor").last.click()
    page.keyboard.press("Shift+Enter")
    page.get_by_role("button", name="Show the stub again").wait_for(state="detached")
    page.keyboard.press("Control+s")
    page.wait_for_timeout(2000)
    saved = nbformat.read(path, as_version=4)
    assert [cell.source for cell in saved.cells[:4]] == [cell.source for cell in cells]
    assert "widgets" not in saved.metadata
    assert "widget-view" not in nbformat.writes(saved)


def test_pictures_and_cards_suit_a_dark_theme_and_can_be_read_aloud(lab, page):
    address, folder = lab
    verdict = learner.examine(lambda W, b, xs: xs @ W.T, catalogue()["predict_batch"])
    shown = [as_html(arrays.draw_wait(0.001, 0.01))]
    shown.append(card.of_check(verdict, catalogue()["predict_batch"]).html)
    outputs = [new_output("display_data", {"text/html": one}) for one in shown]
    cell = new_code_cell("pass", outputs=outputs)  # nobody has trusted it
    metadata = answered("05_vmap").metadata
    nbformat.write(new_notebook(cells=[cell], metadata=metadata), folder / "dark.ipynb")
    opened(page, address, "lab/tree/dark.ipynb?token=test&reset")
    drawing = page.locator("img[alt^='Two bars over time.']")
    assert grounds(drawing) > 0.95
    page.click('.lm-MenuBar-itemLabel:text-is("Settings")')
    page.click('.lm-Menu-itemLabel:text-is("Theme")')
    page.click('.lm-Menu-itemLabel:text-is("JupyterLab Dark")')
    page.locator("body[data-jp-theme-light=false]").wait_for(state="attached")
    page.wait_for_timeout(1000)
    assert grounds(drawing) < 0.2
    verdict = page.locator(".jp-OutputArea-output", has_text="not yet")
    assert grounds(verdict) < 0.2
    assert page.locator("td", has_text="≠").count()
    picture(page, "dark")


def grounds(element) -> float:
    """How bright most of an element is, from 0 to 1."""
    pixels = plt.imread(io.BytesIO(element.screenshot()))
    return float(np.median(pixels[..., :3]))


def test_a_student_fetches_and_submits(classroom, page):
    address, folder = classroom
    # What an instructor's `nbgrader generate_assignment` and `release_assignment` leave behind.
    outbound = folder / "exchange" / "numpy-to-jax" / "outbound"
    shutil.copytree(folder / "exercises" / "06_pytrees", outbound / "06_pytrees")
    inbound = folder / "exchange" / "numpy-to-jax" / "inbound"
    inbound.mkdir()
    opened(page, address, "lab?token=test")
    page.click('.lm-MenuBar-itemLabel:text-is("Nbgrader")')
    page.click('.lm-Menu-itemLabel:text-is("Assignment List")')
    page.click("button:has-text('Fetch')")
    submit = page.locator("button:has-text('Submit')")
    submit.wait_for()
    fetched = folder / "numpy-to-jax" / "06_pytrees" / "pytrees.ipynb"
    assert fetched.read_bytes() == (outbound / "06_pytrees" / "pytrees.ipynb").read_bytes()
    picture(page, "student_fetched")
    mine = answered("06_pytrees")
    nbformat.write(mine, fetched)
    submit.click()
    page.locator("button:has-text('Fetch Feedback')").wait_for()
    picture(page, "student_submitted")
    (sent,) = inbound.glob(f"{getpass.getuser()}+06_pytrees+*/pytrees.ipynb")
    assert nbformat.read(sent, as_version=4) == mine
    # A fetched notebook lies where its links to the lesson hold.
    (link,) = set(re.findall(r"\]\((\.\./[^)]*course/[^)]*)\)", mine.cells[0].source))
    assert (fetched.parent / link).with_suffix(".ipynb").is_file()
