"""A student's way through JupyterLab, in headless Chromium: start page, exercises, Validate."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from masters import ROOT

pytestmark = pytest.mark.slow
CHROMIUM = "/usr/bin/chromium"


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[tuple[str, Path]]:
    """The address of a JupyterLab started by the README's command, and the course it serves."""
    folder = tmp_path_factory.mktemp("course")
    for name in ("course", "exercises", "solutions"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    answer(folder / "exercises" / "05_vmap" / "vmap.ipynb", folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = os.environ | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HOME": str(folder / "home"),
    }
    server = subprocess.Popen(
        ["autograder", "lab", "--no-browser", "--allow-root", f"--port={port}",
         "--IdentityProvider.token=test"],
        cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        for _ in range(240):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{address}/api?token=test").close()
                break
            assert server.poll() is None, "JupyterLab ended before it answered"
            time.sleep(0.25)
        yield address, folder
    finally:
        os.killpg(server.pid, 15)
        server.wait(20)


def answer(path: Path, folder: Path) -> None:
    """Fill the released notebook with the references, one exercise left as a loop."""
    solved = nbformat.read(folder / "solutions" / "05_vmap" / "vmap.ipynb", as_version=4)
    answers = {cell.id: cell.source for cell in solved.cells}
    released = nbformat.read(path, as_version=4)
    for cell in released.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = answers[cell.id]
    (looped,) = [cell for cell in released.cells if cell.id == "pairwise"]
    looped.source = (
        "def pairwise(xs, ys):\n"
        "    return jnp.stack([jax.vmap(distance, in_axes=(None, 0))(x, ys) for x in xs])"
    )
    nbformat.write(released, path)


@pytest.fixture
def page(lab, tmp_path):
    playwright = pytest.importorskip("playwright.sync_api")
    if not Path(CHROMIUM).exists():
        pytest.skip(f"needs {CHROMIUM}, Debian's package chromium")
    with playwright.sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(90_000)
        yield page
        page.screenshot(path=os.environ.get("SCREENSHOTS", str(tmp_path)) + "/last.png")
        browser.close()


def opened(page, address, where):
    page.goto(f"{address}/{where}")
    page.wait_for_selector("#jupyterlab-splash", state="detached")
    return page


def test_the_start_page_opens_first(lab, page):
    address, _ = lab
    opened(page, address, "?token=test")
    page.wait_for_selector("h1:has-text('NumPy to JAX: start here')")
    assert page.locator(".jp-RenderedMarkdown ol > li").count() == 5
    assert page.locator("text=official Jupyter news").count() == 0


def test_the_start_page_opens_where_the_student_stopped(lab, page):
    address, folder = lab
    done = folder / "done.py"
    done.write_text(
        "from autograder import progress\n"
        "progress.checked('fast_track_vmap', '05_vmap', True, True)\n"
        "progress.checked('predict_batch', '05_vmap', True)\n"
    )
    subprocess.run([sys.executable, done], check=True)
    opened(page, address, "lab/tree/course/start.ipynb?token=test&reset")
    page.get_by_text("| Idle").wait_for()
    page.locator(".jp-CodeCell .jp-InputArea-editor").first.click()
    page.keyboard.press("Shift+Enter")
    row = page.locator("tr", has_text="Write for one, run for many")
    row.get_by_text("1 of 7").wait_for()
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
    deadline = time.monotonic() + 90
    while len(cards) < 8 and time.monotonic() < deadline:
        for text in page.locator(".jp-OutputArea-output [role=heading]").all_inner_texts():
            cards |= {re.sub(r"\s+", " ", text)} - {""}
        page.mouse.move(800, 600)
        page.mouse.wheel(0, 500 if time.monotonic() % 12 < 8 else -4000)
        page.wait_for_timeout(300)
    assert "✗ not yet pairwise" in cards
    assert sum("passed" in card for card in cards) == 7, cards
    assert page.locator("text=Traceback").count() == 0
    page.get_by_text("Validate", exact=True).click()
    dialog = page.locator(".jp-Dialog")
    dialog.wait_for()
    words = dialog.inner_text()
    assert "not yet: pairwise" in words
    assert "loops over the first list in Python" in words
    assert "Traceback" not in words
