"""Prints below Python's own message, in a notebook, what to do about an undefined name."""

from __future__ import annotations

import sys
from typing import Any

from autograder.problem import NOT_DEFINED


def watch() -> None:
    """From now on, print what to do below each cell that ends in a NameError."""
    if "IPython" in sys.modules:
        from IPython import get_ipython

        if (shell := get_ipython()) is not None:
            shell.events.register("post_run_cell", _after)


def _after(result: Any) -> None:
    if isinstance(result.error_in_exec, NameError) and result.error_in_exec.name:
        print(f"{result.error_in_exec.name} is not defined. {NOT_DEFINED}")
