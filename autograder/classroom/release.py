"""What nbgrader makes of a master's notebook when it releases it.

A notebook without a master is released as nbgrader does: its hidden tests stay in the gradebook.
"""

from __future__ import annotations

import glob
import re
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader import preprocessors

from autograder.authoring import tags

Resources = dict[str, Any]


class ReleaseExporter(NotebookExporter):
    """nbconvert's own, with which the files beside a notebook are released, but no master."""

    def __init__(self, **kw: Any) -> None:
        super().__init__(**kw)
        converter: Any = self.parent
        hide_masters(converter.coursedir)


def hide_masters(course: Any, *others: str) -> None:
    """Have nbgrader copy no master of this assignment anywhere.

    Args:
        course: nbgrader's `CourseDirectory`.
        others: patterns of more files that are not copied.
    """
    folder = Path(course.format_path(course.source_directory, ".", course.assignment_id))
    names = [*(glob.escape(path.name) for path in tags.masters_in(folder)), *others]
    course.ignore = [*course.ignore, *(name for name in names if name not in course.ignore)]


def _has_master(resources: Resources) -> bool:
    folder, name = resources["metadata"]["path"], resources["nbgrader"]["notebook"]
    return tags.is_master(Path(folder, f"{name}.py"))


class ClearHiddenTests(preprocessors.ClearHiddenTests):
    """Takes hidden tests away before the cells are saved, where they are in a master anyway.

    So neither the gradebook nor an autograded notebook, which nbgrader fills from it, ever holds
    one.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        if not _has_master(resources):
            return nb, resources
        self.enforce_metadata = False
        return super().preprocess(nb, resources)


class ClearSolutions(preprocessors.ClearSolutions):
    """nbgrader's own, which leaves `name = ...` where an answer is a value and not a function."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: Resources, cell_index: int
    ) -> tuple[NotebookNode, Resources]:
        name = re.escape(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
        usual: dict[str, str] = self.code_stub  # type: ignore[has-type]
        is_value = re.search(rf"^### BEGIN SOLUTION\n{name} = ", cell.source, re.MULTILINE)
        if is_value and _has_master(resources):
            self.code_stub = {**usual, "python": f"{name} = ...  # your answer"}
        try:
            return super().preprocess_cell(cell, resources, cell_index)
        finally:
            self.code_stub = usual
