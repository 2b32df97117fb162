"""Which lessons have to be executed: those that changed, or that something changed under.

A built notebook holds a hash of all that its outputs come from. While a lesson has the same hash,
the outputs are taken from there. To have it executed anyway, delete the built notebook.
"""

from __future__ import annotations

import functools
import hashlib
import json
import platform
from importlib.metadata import version
from modulefinder import ModuleFinder
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.student.check_file import SUFFIX

HASH = "made_from"
"""Where the hash is kept in a built notebook's metadata."""
PACKAGES = ("jax", "jaxlib", "numpy", "matplotlib", "ipython", "numpy-to-jax")
"""The packages whose versions outputs depend on."""


def hash_of(lesson: Path, root: Path, *settings: object) -> str:
    """A hash of a lesson, of every file in the course's folder that it imports, and of versions.

    Args:
        lesson: its master.
        root: the course's folder. Files that a lesson opens itself are not looked for.
        settings: what else its outputs depend on.

    Returns:
        The hash; empty where the lesson is not plain Python, whose imports cannot be told.
    """
    finder = ModuleFinder(path=[str(root)])
    try:
        finder.run_script(str(lesson))
    except SyntaxError:
        return ""
    modules = finder.modules.values()
    files = sorted(Path(file) for one in modules if (file := getattr(one, "__file__", None)))
    # The start page shows the outline.
    files += sorted((root / "course").glob(f"*{SUFFIX}"))
    contents = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    made_from = [platform.python_version(), versions(), contents, [repr(one) for one in settings]]
    return hashlib.sha256(json.dumps(made_from).encode()).hexdigest()


@functools.cache
def versions() -> list[str]:
    return [version(package) for package in PACKAGES]


def take_outputs(notebook: NotebookNode, built: Path, made_from: str) -> bool:
    """Take the outputs of a built notebook where it was made from the same.

    Args:
        notebook: the lesson without outputs, changed in place; also the seconds that it took.
        built: the notebook that was built before, if there is one.
        made_from: the lesson's hash; where it is empty, nothing is taken.

    Returns:
        Whether they were taken; otherwise the notebook is as it was.
    """
    if not made_from or not built.is_file():
        return False
    try:
        before = nbformat.read(built, as_version=4)
    except Exception:  # an unfinished or damaged file is made anew
        return False
    kept = {(cell.id, cell.source): cell for cell in before.cells if cell.cell_type == "code"}
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if before.metadata.get(HASH) != made_from or any(
        (cell.id, cell.source) not in kept for cell in cells
    ):
        return False
    for cell in cells:
        known = kept[cell.id, cell.source]
        cell.update(outputs=known.outputs, execution_count=known.execution_count)
    notebook.metadata["seconds"] = before.metadata.get("seconds", 0)
    return True
