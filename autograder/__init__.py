"""Judges JAX programs.

Students call `check`, `hint`, `reset` and `predicted`; authors write masters with `exercise`,
`question`, `wrong`, `mistake`, `static`, `typed_key` and the requirements; nbgrader loads
`autograder.plug`.

The exported names are in `__init__.pyi`. Each is imported when it is first used, because nbgrader
imports this package on every command, and JAX would slow it down. scikit-image does the same, see
https://scientific-python.org/specs/spec-0001.
"""

import ast
import importlib
from pathlib import Path
from typing import Any

from autograder.problem import require_jax

_MODULES = {
    alias.name: str(node.module)
    for node in ast.parse(Path(__file__).with_suffix(".pyi").read_text()).body
    if isinstance(node, ast.ImportFrom)
    for alias in node.names
}
__all__ = list(_MODULES)

require_jax()


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(importlib.import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
