"""Reads lessons, and finds those that must be executed: they changed, or their imports changed.

A built notebook has a hash of everything that its outputs depend on. As long as the hash of the
lesson is the same, the build takes the outputs from there. To execute a lesson anyway, delete its
built notebook.
"""

from __future__ import annotations

import functools
import hashlib
import json
import platform
from collections.abc import Sequence
from importlib.metadata import version
from modulefinder import ModuleFinder
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from autograder.authoring.course import Course
from autograder.student.check_file import SUFFIX

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
"""Without a kernel in its metadata, JupyterLab asks for one when a notebook is opened."""
READ = "read"
"""The id of the cell that counts a lesson as read."""

HASH = "made_from"
"""The key of the hash in the metadata of a built notebook."""
PACKAGES = ("jax", "jaxlib", "numpy", "matplotlib", "ipython", "numpy-to-jax")
"""The packages on whose versions outputs depend."""


def masters(root: Path, name: str | None = None) -> list[Path]:
    """The lessons' masters, or the one called `name`; other files in the folder have no cells."""
    paths = sorted((root / "course").glob("*.py"))
    return [
        path
        for path in paths
        if name in (None, path.stem) and "# %%" in path.read_text(encoding="utf-8")
    ]


def unexecuted(path: Path, about: Course) -> NotebookNode:
    """The notebook of a lesson's master, without outputs."""
    import jupytext

    notebook = jupytext.read(path)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02}"
    notebook.metadata.pop("jupytext", None)
    notebook.metadata.setdefault("kernelspec", KERNEL)
    notebook.cells += _last_cells(path.stem, about)
    return notebook


def _last_cells(lesson: str, about: Course) -> list[NotebookNode]:
    """The cell that counts a lesson as read; pages that are not modules have none."""
    if lesson not in [module.name for module in about.modules]:
        return []
    source = (
        "# Run this cell at the end: the start page counts the lesson as read when no prediction\n"
        "# is left open.\n"
        f'from autograder import lesson_read\n\nlesson_read("{lesson}")'
    )
    return [new_code_cell(source, id=READ)]


def hash_of(lesson: Path, root: Path, *settings: object) -> str:
    """A hash of a lesson, of every file in the course's folder that it imports, and of versions.

    Args:
        lesson: the master of the lesson.
        root: the course's folder. Files that the lesson itself opens do not count.
        settings: other things that the outputs depend on.

    Returns:
        The hash; empty if the lesson is not plain Python, since its imports are not known then.
    """
    found = files_of(lesson, root)
    if found is None:
        return ""
    files = sorted(found)
    # The start page shows the outline.
    files += sorted((root / "course").glob(f"*{SUFFIX}"))
    contents = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    made_from = [platform.python_version(), versions(), contents, list(map(repr, settings))]
    return hashlib.sha256(json.dumps(made_from).encode()).hexdigest()


def files_of(lesson: Path, root: Path, excludes: Sequence[str] = ()) -> list[Path] | None:
    """A lesson and the course's files that it imports; None if it is not plain Python.

    Files beside a module that have its name are part of it: `stage.css` belongs to `stage.py`.

    Args:
        lesson: the master of the lesson, or another script.
        root: the course's folder.
        excludes: packages that are not looked into.
    """
    finder = ModuleFinder(path=[str(root)], excludes=list(excludes))
    try:
        finder.run_script(str(lesson))
    except (SyntaxError, AttributeError):
        # The second is modulefinder's, for a folder without `__init__.py` that is imported
        # (https://github.com/python/cpython/issues/84530).
        return None
    found = (getattr(module, "__file__", None) for module in finder.modules.values())
    files = [Path(file) for file in found if file]
    return files + [other for path in files for other in _beside(path)]


def _beside(path: Path) -> list[Path]:
    """The files that a module may open: they have its name, and are not code or notebooks."""
    others = (".py", ".pyi", ".pyc", ".ipynb", SUFFIX)
    return sorted(one for one in path.parent.glob(f"{path.stem}.*") if one.suffix not in others)


@functools.cache
def versions() -> list[str]:
    return [version(package) for package in PACKAGES]


def take_outputs(notebook: NotebookNode, built: Path, made_from: str) -> bool:
    """Copy the outputs of a built notebook if it has the same hash.

    Args:
        notebook: the lesson without outputs. It gets the outputs, and the seconds that it took.
        built: the path of the built notebook; it need not exist.
        made_from: the lesson's hash; if it is empty, nothing is copied.

    Returns:
        Whether outputs were copied; otherwise the notebook is unchanged.
    """
    if not made_from or not built.is_file():
        return False
    try:
        before = nbformat.read(built, as_version=4)
    except Exception:  # an unfinished or damaged file is built again
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
