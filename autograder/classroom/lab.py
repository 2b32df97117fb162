"""JupyterLab for a course."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from autograder.authoring.course import Course

START, SETTINGS = Path("course", "start.ipynb"), Path("course", "jupyterlab")
EXTENSIONS = tuple(
    f"nbgrader.server_extensions.{name}"
    for name in ("assignment_list", "course_list", "formgrader", "validate_assignment")
)
"""nbgrader's extensions of the server."""


def serve(course: Course, options: Sequence[str]) -> int:
    """Run JupyterLab in the course's folder, and return its exit status.

    Args:
        course: the course.
        options: what JupyterLab gets besides, such as `--no-browser`.
    """
    chosen = {}
    if (course.root / START).is_file():
        chosen["default_url"] = f"/lab/tree/{START.as_posix()}"
    if (course.root / SETTINGS).is_dir():
        chosen["app_settings_dir"] = str(course.root / SETTINGS)
    extensions = dict.fromkeys(EXTENSIONS, False) | {"autograder.classroom.on_first_use": True}
    command = [
        *(sys.executable, "-m", "jupyterlab"),
        *(f"--LabApp.{name}={value}" for name, value in chosen.items()),
        *(f"--ServerApp.jpserver_extensions={name}={value}" for name, value in extensions.items()),
        *options,
    ]
    return subprocess.call(command, cwd=course.root, env={**os.environ, **course.environment})
