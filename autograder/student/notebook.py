"""Reads a student's notebook file: which exercises it answers, and in which cells.

Only `exercises` imports JAX, because `autograder check` starts its jail before it imports JAX.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.problem import Problem
from autograder.student import location
from autograder.student.check_file import SUFFIX

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from autograder.student.released import ReleasedExercise


def read(file: Path) -> NotebookNode:
    """The notebook in this file.

    Raises:
        Problem: the file is missing, damaged or not a notebook.
    """
    try:
        import nbformat

        # Some editors on Windows begin a file with a byte order mark.
        text = file.read_text(encoding="utf-8-sig")
    except ImportError:
        raise Problem("This needs nbformat: run `pip install 'numpy-to-jax[lab]'`.") from None
    except OSError as error:
        raise Problem(f"{file} cannot be read: {error.strerror or error}.") from None
    except UnicodeDecodeError:
        raise Problem(f"{file} is not a notebook: it does not contain text.") from None
    try:
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook, relax_add_props=True)
    except Exception:
        raise Problem(
            f"{file} is not a notebook, or it is damaged: open it in JupyterLab and save it, or go "
            "back to the last version that opens."
        ) from None
    return notebook


def answers(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """The code cells, by the name of the exercise that each may answer."""
    cells = {}
    for cell in notebook.cells:
        name = tags(cell).get("grade_id")
        if cell.cell_type == "code":
            cells[name if isinstance(name, str) and name else str(cell.get("id", ""))] = cell
    return cells


def tags(cell: NotebookNode) -> dict[str, Any]:
    """nbgrader's metadata of a cell; empty if there is none, or if it is damaged."""
    metadata = cell.metadata.get("nbgrader")
    return metadata if isinstance(metadata, dict) else {}


def exercises(file: Path, notebook: NotebookNode, name: str = "") -> dict[str, ReleasedExercise]:
    """The exercises that a notebook answers, by name, in its order; or only the one called `name`.

    Their data are beside the notebook, or in the working folder: the latter when an instructor
    checks a submission.

    Raises:
        Problem: the notebook has no exercises, or not this one.
    """
    from autograder.student import lookup, released

    cells = answers(notebook)
    for files in (location.beside(file.absolute()), location.near(Path.cwd())):
        known = released.catalogue(files)
        if found := {key: known[key] for key in cells if key in known}:
            break
    else:
        if not files:
            raise Problem(
                f"{file} has no data: the assignment's file that ends in {SUFFIX} is not "
                "beside it. Get the folder of the assignment again, and put the notebook there."
            )
        raise Problem(
            f"{file} has no exercise that is in the data beside it: give a notebook with "
            f"exercises. If it is one, {lookup.OTHER_RELEASE}"
        )
    if name and name not in found:
        raise Problem(f"{file} has no exercise called {name}: it has {', '.join(found)}.")
    return {name: found[name]} if name else found
