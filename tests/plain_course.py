"""Plain nbgrader assignments: asserts, hidden tests, partial credit, texts; no master of ours.

Written in the manner of the notebooks that nbgrader itself is tested with.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import indent
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
ANSWERED = "### BEGIN SOLUTION\n{}\n### END SOLUTION"
HIDDEN = "### BEGIN HIDDEN TESTS\n{}\n### END HIDDEN TESTS"


def tagged(cell: NotebookNode, name: str, points: float | None = None, **flags: bool) -> Any:
    """The cell with nbgrader's metadata."""
    tags = {"schema_version": 3, "grade_id": name, "grade": False, "solution": False}
    tags |= {"locked": False, "task": False, "cell_type": cell.cell_type, **flags}
    if points is not None:
        tags |= {"points": points, "grade": True}
    cell.metadata["nbgrader"] = tags
    cell.id = name
    return cell


def problem_set() -> NotebookNode:
    """An assignment with an answer and its tests, hidden ones too, partial credit and a text."""
    right = "if n < 1:\n    raise ValueError('n')\nreturn [i**2 for i in range(1, n + 1)]"
    squares = "def squares(n):\n" + indent(ANSWERED.format(right), "    ")
    hidden = HIDDEN.format("assert squares(1) == [1]\nassert squares(10)[9] == 100")
    raises = "try:\n    squares(0)\nexcept ValueError:\n    pass\nelse:\n    raise AssertionError"
    partial = "score = 1.5 if squares(2)[-1:] == [4] else 0.5\nscore"
    shown = "assert squares(2) == [1, 4]\n"
    cells = [
        new_markdown_cell("# Squares"),
        tagged(new_code_cell("import math"), "imports", locked=True),
        tagged(new_code_cell(squares), "squares", solution=True),
        tagged(new_code_cell(shown + hidden), "test_squares", 2.0, locked=True),
        tagged(new_code_cell(raises), "test_errors", 1.0, locked=True),
        tagged(new_code_cell(partial), "test_partial", 3.0, locked=True),
        tagged(new_markdown_cell(ANSWERED.format("Because.")), "why", 2.0, solution=True),
    ]
    return new_notebook(metadata=KERNEL, cells=cells)


def hidden_only() -> NotebookNode:
    """An assignment whose only test is hidden."""
    answer = "def double(x):\n" + indent(ANSWERED.format("return 2 * x"), "    ")
    test = new_code_cell(HIDDEN.format("assert double(3) == 6"))
    cells = [
        tagged(new_code_cell(answer), "double", solution=True),
        tagged(test, "test_double", 4.0, locked=True),
    ]
    return new_notebook(metadata=KERNEL, cells=cells)


def write(notebook: NotebookNode, path: Path) -> None:
    """Put a source notebook into a course."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


SQUARES = {
    "good": "def squares(n):\n    if n < 1: raise ValueError\n    return [i * i for i in range(1, n+1)]",  # noqa: E501
    "partly": "def squares(n):\n    return [i * i for i in range(1, n+1)]",
    "bad": "def squares(n):\n    return [1, 4][:n]",
    "loud": "import sys\ndef squares(n):\n    print('x', file=sys.stderr)\n    return [1, 4]",
    "broken": "def squares(n:",
    "untouched": "",
}  # fmt: skip
DOUBLE = {
    "good": "def double(x):\n    return x + x",
    "partly": "def double(x):\n    return x * x",
    "bad": "def double(x):\n    return 6 if x == 2 else 0",
    "loud": "def double(x):\n    return 2 * x",
    "broken": "1 / 0",
    "untouched": "",
}


def answered(released: Path, name: str, source: str) -> str:
    """The released notebook with this answer, and a text of its own unless it is untouched."""
    notebook = nbformat.read(released, as_version=4)
    for cell in notebook.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if source and grade_id == name:
            cell.source = source
        if source and grade_id == "why":
            cell.source = "Because it is so."
    return str(nbformat.writes(notebook))
