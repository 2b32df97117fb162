"""Cells that let a notebook run on Colab: a badge that opens it, and a cell that installs."""

from __future__ import annotations

import re

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

INSTALL = """\
# On Colab this installs the course's package; where it is installed it does nothing.
import importlib.util

if importlib.util.find_spec("autograder") is None:
    %pip install -q "numpy-to-jax @ git+{address}"\
"""
BADGE = (
    "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
    "(https://colab.research.google.com/github/{repository}/blob/main/{path})"
)


def first_cells(address: str, path: str) -> list[NotebookNode]:
    """The cells to put before those of a notebook; none if the repository has no address.

    Args:
        address: the repository's address, such as `https://github.com/owner/name`.
        path: the path of the notebook in the repository.
    """
    if not address:
        return []
    cells = [new_code_cell(INSTALL.format(address=address), id="install")]
    if match := re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+)", address):
        badge = BADGE.format(repository=match[1], path=path)
        cells.insert(0, new_markdown_cell(badge, id="badge"))
    return cells
