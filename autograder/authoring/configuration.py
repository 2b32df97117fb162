"""Reads nbgrader's configuration of a course."""

from __future__ import annotations

from pathlib import Path

from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder.authoring.course import CONFIGURATION
from autograder.problem import Problem


def read(root: Path) -> Config:
    """nbgrader's configuration of the course in this folder.

    Raises:
        Problem: the file is not there, or fails.
    """
    try:
        return PyFileConfigLoader(CONFIGURATION, str(root)).load_config()
    except (Exception, SystemExit) as error:
        raise Problem(
            f"{root / CONFIGURATION} fails when it is read: {type(error).__name__}: {error}"
        ) from None
