"""Opens JupyterLab: for a learner in the learner's folder, for an author in the course's folder."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import socket
import subprocess
import sys
import tempfile
import webbrowser
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from autograder.authoring import course, learner_files, learner_folder
from autograder.authoring.course import Course
from autograder.problem import Problem

SETTINGS: dict[str, dict[str, Any]] = {
    "overrides.json": {
        "@jupyterlab/apputils-extension:notification": {
            "checkForUpdates": False,
            "fetchNews": "false",
        }
    },
    "page_config.json": {"buildAvailable": False, "buildCheck": False},
}
"""JupyterLab's settings, by file; those in a course's `course/jupyterlab` are added to them."""
EXTENSIONS = tuple(
    f"nbgrader.server_extensions.{name}"
    for name in ("assignment_list", "course_list", "formgrader", "validate_assignment")
)
"""nbgrader's extensions of the server."""
INSTRUCTORS = ("create-assignment", "formgrader", "course-list")
"""The panels of nbgrader's that only an instructor can use."""


HIDDEN = ("*.check", "__pycache__", "*.pyc", "*.pyo", ".DS_Store", "*~")
"""What JupyterLab does not list for learners; all but the first are hidden by Jupyter anyway."""


def teach(about: Course, options: Sequence[str]) -> int:
    """Open the author's view; the exit status of JupyterLab."""
    with _settings(about.root, ()) as folder:
        return _open(about.root, Path("course", learner_files.START), folder, about.root, options)


def learn(folder: Path | None, options: Sequence[str]) -> int:
    """Make or update a learner's folder, and open it; the exit status of JupyterLab.

    Args:
        folder: the folder; by default the one that the working folder belongs to, or the folder
            `work` of the course here.
        options: what JupyterLab is told besides.

    Raises:
        Problem: there is neither a course nor a learner's folder here, or it cannot be written.
    """
    own = learner_folder.find((folder or Path.cwd()).absolute())
    try:
        about: Course | None = course.find()
    except course.NoCourse:
        if own is None:
            raise
        about = None
    if about is not None:
        own = folder.absolute() if folder else own or about.root / learner_folder.NAME
    assert own is not None
    _require_jupyterlab()
    if address := _running(own):
        print(f"JupyterLab has {own} open already: go on at {address}.")
        if "--no-browser" not in options:
            webbrowser.open(address)
        return 0
    if about is not None:
        learner_folder.update(about, own)
    learner_folder.draw(own)
    options = [*(f"--ContentsManager.hide_globs={name}" for name in HIDDEN), *options]
    with _settings(about.root if about else own, INSTRUCTORS) as settings:
        return _open(own, Path(learner_files.START), settings, own, options)


def _require_jupyterlab() -> None:
    if importlib.util.find_spec("jupyterlab") is None:
        raise Problem("JupyterLab is not installed: run `pip install 'numpy-to-jax[lab]'`.")


def _open(root: Path, start: Path, settings: Path, importable: Path, options: Sequence[str]) -> int:
    chosen = [f"--LabApp.app_settings_dir={settings}"]
    if (root / start).is_file():
        chosen.append(f"--LabApp.default_url=/lab/tree/{start.as_posix()}")
    extensions = dict.fromkeys(EXTENSIONS, False) | {"autograder.classroom.on_first_use": True}
    chosen += [
        f"--ServerApp.jpserver_extensions={name}={value}" for name, value in extensions.items()
    ]
    command = [sys.executable, "-m", "jupyterlab", *chosen, *options]
    variables = {**os.environ, **course.importing_from(importable)}
    return subprocess.call(command, cwd=root, env=variables)


@contextlib.contextmanager
def _settings(root: Path, disabled: Sequence[str]) -> Iterator[Path]:
    """A folder of JupyterLab's settings for this start only; the user's own stay as they are."""
    with tempfile.TemporaryDirectory() as folder:
        for name, ours in SETTINGS.items():
            content, path = dict(ours), root / "course" / "jupyterlab" / name
            if path.is_file():
                try:
                    content |= json.loads(path.read_text(encoding="utf-8"))
                except (ValueError, TypeError):
                    raise Problem(f"{path} is not a JSON object: correct it.") from None
            if name == "page_config.json":
                off = [f"@jupyter/nbgrader:{panel}" for panel in disabled]
                content["disabledExtensions"] = [*content.get("disabledExtensions", []), *off]
            (Path(folder) / name).write_text(json.dumps(content), encoding="utf-8")
        yield Path(folder)


def _running(folder: Path) -> str:
    """The address of a JupyterLab that serves this folder already; empty if there is none."""
    from jupyter_core.paths import jupyter_runtime_dir

    for path in Path(jupyter_runtime_dir()).glob("jpserver-*.json"):
        try:
            server: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if Path(server["root_dir"]).resolve() != folder.resolve():
                continue
            parts = urlsplit(server["url"])
            # The file of a server that was killed stays.
            with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=1):
                pass
        except (OSError, ValueError, KeyError, TypeError):
            continue
        token = server.get("token")
        return f"{server['url']}lab{f'?token={token}' if token else ''}"
    return ""
