"""What a test cell of a graded notebook keeps for the feedback.

So feedback needs neither the master nor JAX, and an assignment that changes later does not change
what was graded. Restoring has removed what a student wrote into a cell's metadata.
"""

from __future__ import annotations

from dataclasses import dataclass

from nbformat import NotebookNode

from autograder.classroom.log import LoggedVerdict
from autograder.classroom.restore import KEY
from autograder.schema import MalformedError, from_text, to_text


@dataclass(frozen=True)
class Kept:
    """What is known of one answer.

    Attributes:
        verdict: its verdict.
        explanation: the exercise's explanation.
        another: a second solution, as source.
        checked: what `check` says of a rejected answer, as HTML, see `examples`; empty for nothing.
    """

    verdict: LoggedVerdict
    explanation: str = ""
    another: str = ""
    checked: str = ""


def keep(cell: NotebookNode, kept: Kept) -> None:
    """Write this into the metadata of a test cell."""
    cell.metadata[KEY] = to_text(kept)


def kept(cell: NotebookNode) -> Kept | None:
    """What was kept in a test cell; None if another version graded it, or nbgrader itself."""
    try:
        return from_text(Kept, cell.metadata.get(KEY, ""))
    except (MalformedError, TypeError):
        return None
