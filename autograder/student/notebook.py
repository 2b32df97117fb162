"""A student's notebook file, read outside Jupyter: which exercises it answers, and where."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from autograder.problem import Problem
from autograder.student import lookup
from autograder.student.public import PublicExercise, catalogue


def read(file: Path) -> NotebookNode:
    """The notebook in this file.

    Raises:
        Problem: there is none, or it is damaged.
    """
    try:
        import nbformat

        # Some editors of Windows put a byte order mark before it.
        text = file.read_text(encoding="utf-8-sig")
    except ImportError:
        raise Problem("This needs nbformat: run `pip install 'numpy-to-jax[classroom]'`.") from None
    except OSError as error:
        raise Problem(f"{file} cannot be read: {error.strerror or error}.") from None
    except UnicodeDecodeError:
        raise Problem(f"{file} is no notebook: it is not even text.") from None
    try:
        made = nbformat.reads(text, as_version=4)
        nbformat.validate(made, relax_add_props=True)
    except Exception:
        raise Problem(
            f"{file} is no notebook, or a damaged one: open it in JupyterLab and save it, or take "
            "the last version of it that opens."
        ) from None
    return made


def answers(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """The cells that answer exercises of the course, by the exercise's name."""
    cells = {}
    for cell in notebook.cells:
        said = tags(cell).get("grade_id")
        name = said if isinstance(said, str) and said else cell.get("id", "")
        if cell.cell_type == "code" and name in catalogue():
            cells[name] = cell
    return cells


def tags(cell: NotebookNode) -> dict[str, Any]:
    """nbgrader's metadata of a cell; none where something else stands there."""
    found = cell.metadata.get("nbgrader")
    return found if isinstance(found, dict) else {}


def exercise(file: Path, name: str, cells: Mapping[str, NotebookNode]) -> PublicExercise:
    """The exercise of this name, if the notebook has it.

    Raises:
        Problem: it does not.
    """
    if not cells:
        raise Problem(
            f"{file} has no exercise that this release of the course knows: give a notebook of "
            f"exercises/. If it is one, {lookup.OTHER_RELEASE}"
        )
    if name not in cells:
        raise Problem(f"{file} has no exercise called {name}: it has {', '.join(cells)}.")
    return catalogue()[name]
