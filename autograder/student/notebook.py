"""A student's notebook file, read outside Jupyter: which exercises it answers, and where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from autograder.problem import Problem
from autograder.student import location, lookup, released
from autograder.student.check_file import SUFFIX
from autograder.student.released import ReleasedExercise


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
    """The cells with code, by the names that an exercise of theirs would have."""
    cells = {}
    for cell in notebook.cells:
        said = tags(cell).get("grade_id")
        if cell.cell_type == "code":
            cells[said if isinstance(said, str) and said else str(cell.get("id", ""))] = cell
    return cells


def tags(cell: NotebookNode) -> dict[str, Any]:
    """nbgrader's metadata of a cell; none where something else stands there."""
    found = cell.metadata.get("nbgrader")
    return found if isinstance(found, dict) else {}


def exercises(file: Path, notebook: NotebookNode, name: str = "") -> dict[str, ReleasedExercise]:
    """The exercises that a notebook answers, by their names, in its order; or the one of this name.

    Their data lie beside the notebook, or are those of the course in whose folder a command is
    given, as where somebody's submission is checked.

    Raises:
        Problem: there are none, or not that one.
    """
    cells = answers(notebook)
    for files in (location.beside(file.absolute()), location.near(Path.cwd())):
        known = released.catalogue(files)
        if found := {each: known[each] for each in cells if each in known}:
            break
    else:
        if not files:
            raise Problem(
                f"{file} has no data: the assignment's file that ends in {SUFFIX} is not "
                "beside it. Get the folder of the assignment anew, and put the notebook there."
            )
        raise Problem(
            f"{file} has no exercise that the data beside it know: give a notebook with exercises. "
            f"If it is one, {lookup.OTHER_RELEASE}"
        )
    if name and name not in found:
        raise Problem(f"{file} has no exercise called {name}: it has {', '.join(found)}.")
    return {name: found[name]} if name else found
