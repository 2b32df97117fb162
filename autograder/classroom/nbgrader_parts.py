"""Imports single modules of nbgrader, for commands that run none of its steps.

`import nbgrader.api` also runs nbgrader's `__init__.py`, which imports its four extensions of the
Jupyter server, and with them jupyter_server, nbconvert and every converter.
"""

from __future__ import annotations

import importlib.util
import sys


def only() -> None:
    """Leave out `nbgrader/__init__.py` in this process, unless it has run already."""
    if "nbgrader" not in sys.modules and (spec := importlib.util.find_spec("nbgrader")):
        sys.modules["nbgrader"] = importlib.util.module_from_spec(spec)
