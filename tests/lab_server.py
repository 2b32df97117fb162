"""JupyterLab as a person has it: served by the README's command, Chromium to look at it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from masters import ROOT

CHROMIUM = "/usr/bin/chromium"
HERE = "127.0.0.1"
TEACH = ("autograder", "lab", "--teach")


def course(folder: Path) -> Path:
    """Copy what a fresh clone has into this folder."""
    for name in ("course", "docs", "exercises", "solutions"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    return folder


@contextlib.contextmanager
def served(folder: Path, command: Sequence[str] = ("autograder", "lab")) -> Iterator[str]:
    """The address of a JupyterLab that this command starts there; its token is `test`."""
    runtime = folder / "runtime"
    environment = os.environ | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HOME": str(folder / "home"),
        "JUPYTER_RUNTIME_DIR": str(runtime),
    }
    server = subprocess.Popen(
        [*command, "--no-browser", "--allow-root", "--IdentityProvider.token=test"],
        cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        for _ in range(1200):
            # The server takes the first port that is free and writes down where it listens.
            with contextlib.suppress(StopIteration, json.JSONDecodeError):
                listening = json.loads(next(runtime.glob("jpserver-*.json")).read_text())
                break
            assert server.poll() is None, "JupyterLab ended before it answered"
            time.sleep(0.05)
        else:
            pytest.fail("JupyterLab did not answer within a minute")
        yield f"http://{HERE}:{listening['port']}"
    finally:
        os.killpg(server.pid, 15)
        server.wait(20)


@contextlib.contextmanager
def browser() -> Iterator[tuple[Any, list[str]]]:
    """A page of a Chromium without a network, and the addresses outside that it asked for."""
    playwright = pytest.importorskip("playwright.sync_api")
    if not Path(CHROMIUM).exists():
        pytest.skip(f"needs {CHROMIUM}, Debian's package chromium")
    arguments = [
        "--no-sandbox", "--disable-gpu", "--disable-background-networking",
        f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {HERE}",
    ]  # fmt: skip
    asked: list[str] = []

    def note(request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https") and parts.hostname != HERE:
            asked.append(request.url)

    with playwright.sync_playwright() as tools:
        chromium = tools.chromium.launch(executable_path=CHROMIUM, args=arguments)
        try:
            page = chromium.new_page(viewport={"width": 1400, "height": 1000})
            page.set_default_timeout(90_000)
            page.context.on("request", note)
            yield page, asked
        finally:
            chromium.close()


def opened(page: Any, address: str, where: str) -> Any:
    """The page, with JupyterLab open there."""
    page.goto(f"{address}/{where}")
    page.wait_for_selector("#jupyterlab-splash", state="detached")
    return page


def done(page: Any, button: str) -> None:
    """Press a button of the formgrader and read its message, which has to be of success."""
    page.click(button)
    message = page.locator(".modal.in")
    message.wait_for()
    assert message.locator(".modal-title").inner_text() == "Success", message.inner_text()
    message.locator("button:has-text('OK')").click()
    message.wait_for(state="hidden")


def grade_by_hand(page: Any, cell: str, points: str, comment: str) -> None:
    """Give points and a comment to a written answer, as soon as the formgrader takes them."""
    # Its script fetches both, and forgets what was typed before they came.
    page.locator(f"#{cell}.needs_manual_grade").wait_for()
    page.locator(f"#{cell}-comment[placeholder]").wait_for()
    page.locator(f"#{cell}").scroll_into_view_if_needed()
    page.fill(f"#{cell}", points)
    page.fill(f"#{cell}-comment", comment)
    page.locator(f"#{cell}-comment").blur()


def picture(page: Any, name: str) -> None:
    """Keep a screenshot where the environment variable `SCREENSHOTS` asks for it."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png")
