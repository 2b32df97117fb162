"""What a notebook needs to run on Colab as it is: a badge that opens it, a cell that installs."""

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
    """The cells that go before a notebook's own; none where the repository has no address.

    Args:
        address: of the repository, such as `https://github.com/owner/name`.
        path: of the notebook within it.
    """
    if not address:
        return []
    cells = [new_code_cell(INSTALL.format(address=address), id="install")]
    if on_github := re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+)", address):
        badge = BADGE.format(repository=on_github[1], path=path)
        cells.insert(0, new_markdown_cell(badge, id="badge"))
    return cells
