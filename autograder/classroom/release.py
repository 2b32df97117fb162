"""How nbgrader releases a master's notebook.

It releases a notebook without a master in its own way: hidden tests stay in the gradebook.
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
    """nbconvert's exporter; the files beside a notebook are released too, but not the masters."""

    def __init__(self, **kw: Any) -> None:
        super().__init__(**kw)
        converter: Any = self.parent
        hide_masters(converter.coursedir)


def hide_masters(course: Any, *patterns: str) -> None:
    """Stop nbgrader from copying the masters of this assignment.

    Args:
        course: nbgrader's `CourseDirectory`.
        patterns: of other files that are not copied either.
    """
    folder = Path(course.format_path(course.source_directory, ".", course.assignment_id))
    names = [*(glob.escape(path.name) for path in tags.masters_in(folder)), *patterns]
    course.ignore = [*course.ignore, *(name for name in names if name not in course.ignore)]


def _has_master(resources: Resources) -> bool:
    folder, name = resources["metadata"]["path"], resources["nbgrader"]["notebook"]
    return tags.is_master(Path(folder, f"{name}.py"))


class ClearHiddenTests(preprocessors.ClearHiddenTests):
    """Removes hidden tests before the cells are saved, if there is a master, which has them too.

    So they are never in the gradebook, nor in an autograded notebook, which nbgrader fills from it.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        if not _has_master(resources):
            return nb, resources
        self.enforce_metadata = False
        return super().preprocess(nb, resources)


class ClearSolutions(preprocessors.ClearSolutions):
    """nbgrader's class, but the stub is `name = ...` if an answer is a value, not a function."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: Resources, cell_index: int
    ) -> tuple[NotebookNode, Resources]:
        name = re.escape(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
        stubs: dict[str, str] = self.code_stub  # type: ignore[has-type]
        is_value = re.search(rf"^### BEGIN SOLUTION\n{name} = ", cell.source, re.MULTILINE)
        if is_value and _has_master(resources):
            self.code_stub = {**stubs, "python": f"{name} = ...  # your answer"}
        try:
            return super().preprocess_cell(cell, resources, cell_index)
        finally:
            self.code_stub = stubs
