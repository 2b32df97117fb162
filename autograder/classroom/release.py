"""How nbgrader releases a master's notebook, and the class edition of the data beside it.

It releases a notebook without a master in its own way: hidden tests stay in the gradebook.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader import preprocessors
from nbgrader.api import Gradebook
from nbgrader.converters.base import NbGraderException
from traitlets import Bool

from autograder.authoring import course, tags
from autograder.authoring.course import FILE, Course, CourseModule
from autograder.problem import Problem
from autograder.student import attempts, dates
from autograder.student.check_file import SUFFIX

Resources = dict[str, Any]


class ReleaseExporter(NotebookExporter):
    """nbconvert's exporter; the files beside a notebook are released too, but not the masters.

    Raises:
        NbGraderException: the data that `check` needs cannot be released; the log says why.
    """

    with_data = Bool(True, help="Whether the data that `check` needs are released too.").tag(
        config=True
    )

    def __init__(self, **kw: Any) -> None:
        super().__init__(**kw)
        converter: Any = self.parent
        self._directory = directory = converter.coursedir
        data = [path.with_suffix(SUFFIX) for path in _masters(directory)]
        self._hidden = [glob.escape(path.name) for path in data]
        hide_masters(directory, *self._hidden)
        try:
            about = course.read(Path(directory.root))
            self.module = about.module(directory.assignment_id)
            self._data = _for_class(about, directory.assignment_id, data) if self.with_data else {}
        except Problem as problem:
            self.log.error("%s", problem)
            raise NbGraderException(str(problem)) from None

    def from_notebook_node(
        self, nb: NotebookNode, resources: Resources | None = None, **kw: Any
    ) -> tuple[Any, Resources]:
        # nbgrader has copied the other files. The formgrader releases with this directory, too, and
        # has to copy the data then.
        kept = [name for name in self._directory.ignore if name not in self._hidden]
        self._directory.ignore = kept
        output, made = super().from_notebook_node(nb, resources, **kw)
        # nbconvert writes these outputs beside the notebook.
        names = (
            f"{made['nbgrader']['notebook']}{SUFFIX}",
            attempts.name(self._directory.assignment_id),
        )
        own = {name: self._data[name] for name in names if name in self._data}
        made["outputs"] = {**(made.get("outputs") or {}), **own}
        return output, made


def _for_class(about: Course, assignment: str, data: list[Path]) -> Mapping[str, bytes]:
    """The class edition of these files, by the names of the files."""
    # Imported late, since it imports JAX: grading imports this file, and `build` needs no data.
    from autograder.authoring import release_data

    made = {path.name: release_data.for_class(path, about) for path in data if path.is_file()}
    if made and about.class_edition.attempts_handed_in:
        made[attempts.name(assignment)] = b""
    return made


def hide_masters(directory: Any, *patterns: str) -> None:
    """Stop nbgrader from copying the masters of this assignment.

    Args:
        directory: nbgrader's `CourseDirectory`.
        patterns: of other files that are not copied either.
    """
    names = [*(glob.escape(path.name) for path in _masters(directory)), *patterns]
    ignored = directory.ignore
    directory.ignore = [*ignored, *(name for name in names if name not in ignored)]


def _masters(directory: Any) -> list[Path]:
    source, assignment = directory.source_directory, directory.assignment_id
    return tags.masters_in(Path(directory.format_path(source, ".", assignment)))


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


class SaveCells(preprocessors.SaveCells):
    """nbgrader's class, which also writes the assignment's due date into the gradebook.

    A date that somebody set in the gradebook is kept, because late work may have been graded by it.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        result = super().preprocess(nb, resources)
        module: CourseModule = self.parent.module
        if module.due:
            due = dates.of_gradebook(module.due)
            with Gradebook(resources["nbgrader"]["db_url"]) as gradebook:
                assignment = gradebook.find_assignment(resources["nbgrader"]["assignment"])
                if assignment.duedate is None:
                    assignment.duedate = due
                    gradebook.db.commit()
                    self.log.info("%s is due on %s.", module.name, dates.words(module.due, UTC))
                elif assignment.duedate != due:
                    kept = dates.words(assignment.duedate.replace(tzinfo=UTC), UTC)
                    names = {"module": module.name, "kept": kept, "due": f"{due:%Y-%m-%d %H:%M}"}
                    self.log.warning(_ANOTHER_DATE, names)
        return result


_ANOTHER_DATE = (
    f"The due date of %(module)s in the gradebook, %(kept)s, is kept, although {FILE} has another "
    'one. To change it, run `nbgrader db assignment add %(module)s --duedate="%(due)s UTC"`; '
    f"otherwise write the gradebook's date into {FILE}, so that students see it."
)


class ShowDueDate(preprocessors.NbGraderPreprocessor):
    """Writes the due date below the title of a released notebook."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        module: CourseModule = self.parent.module
        head = nb.cells[0] if nb.cells else None
        if module.due and head and head.cell_type == "markdown" and "nbgrader" not in head.metadata:
            title, _, rest = head.source.partition("\n")
            head.source = f"{title}\n\n{dates.in_notebook(module.due)}\n{rest}".rstrip("\n")
        return nb, resources
