"""Reading what a student handed in: whatever it is, a notebook that can be graded comes out.

nbgrader keeps its commands, its database and its feedback. It copies each submission and hands
the notebook through a list of preprocessors, which `plug.plug_in` names; the one that grades is
in `grading.py`.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import nbformat
import nbgrader.api
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook
from nbgrader import utils
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.classroom.grading import KEY, GradingRun, Resources, Which

# nbgrader opens the gradebook for every step of every submission, each time with a new engine,
# which compiles every statement anew. SQLAlchemy wants one for each process.
nbgrader.api.create_engine = functools.cache(nbgrader.api.create_engine)


class SubmissionExporter(NotebookExporter):
    """Reads a submission; a file that is no notebook becomes an empty one that says so.

    nbgrader makes it once, with the class known and before the first submission. That is where
    the grading run begins, so that what is wrong with it stops everything before anything, and
    where the whole class begins to be graded.
    """

    def __init__(self, **kw: Any) -> None:
        super().__init__(**kw)
        self._converter: Any = self.parent
        self.run = GradingRun(parent=self)
        self._released = functools.cache(_released)
        paths = {}
        for which, path in _due(self._converter):
            # nbgrader says what it thinks of a notebook that was never released.
            with contextlib.suppress(MissingEntry):
                self.released(which[1])
                paths[which] = path
        self.run.begin(paths, self._restored)

    def released(self, notebook: str) -> NotebookNode:
        """The notebook that was released, with those cells that nbgrader knows.

        Raises:
            MissingEntry: the gradebook knows of no such notebook.
        """
        course = self._converter.coursedir
        return self._released(course.db_url, course.assignment_id, notebook)

    def _restored(self, which: Which, path: Path) -> NotebookNode:
        return restore(_read(path) or _unreadable(), self.released(which[1]))

    def from_file(
        self, file_stream: Any, resources: Resources | None = None, **kw: Any
    ) -> tuple[NotebookNode, Resources]:
        notebook = _read(file_stream)
        if notebook is None:
            self.log.error("The file is not a Jupyter notebook; nothing in it can be graded.")
            notebook = _unreadable()
        return self.from_notebook_node(notebook, resources=resources, **kw)


def _due(converter: Any) -> Iterator[tuple[Which, Path]]:
    """The notebooks that nbgrader is about to take up, in its order.

    nbgrader decides on each only when it comes to it. Where it decides otherwise, a notebook is
    graded then, or was graded in vain.
    """
    course = converter.coursedir
    for folder, notebooks in sorted(converter.assignments.items()):
        for path in map(Path, sorted(notebooks)):
            student = converter.init_single_notebook_resources(str(path))["nbgrader"]["student"]
            if student in course.student_id_exclude.split(","):
                continue
            graded = Path(
                course.format_path(course.autograded_directory, student, course.assignment_id)
            )
            stamps = [_bytes(one / "timestamp.txt") for one in (Path(folder), graded)]
            if converter.force or not (graded / path.name).exists() or stamps[0] != stamps[1]:
                yield (student, path.stem), path


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _unreadable() -> NotebookNode:
    said = "**The submitted file is not a Jupyter notebook, so nothing in it was graded.**"
    return new_notebook(cells=[new_markdown_cell(said)])


def _read(file: Any) -> NotebookNode | None:
    try:
        text = file.read() if hasattr(file, "read") else Path(file).read_text(encoding="utf-8")
        read = nbformat.convert(nbformat.reader.reads(text), 4)
        # Jupyter opens notebooks that are not quite valid. Nobody may lose everything for an id
        # in an older format, for an id twice, or for an output, which is not graded anyway.
        read.metadata.pop(KEY, None)  # only a grading run puts it there
        notebook = new_notebook(metadata=read.metadata)
        ids: set[str] = set()
        for number, cell in enumerate(read.cells):
            if cell.get("id") is None or cell.id in ids:
                cell.id = f"submitted-{number}"
            ids.add(cell.id)
            if cell.cell_type == "code":
                cell.update(outputs=[], execution_count=None)
        notebook.cells = read.cells
        nbformat.validate(notebook)
    except Exception:
        return None
    return notebook


class RestoreCells(NbGraderPreprocessor):
    """Give a notebook what was released of it, see `restore`."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        released = self.parent.released(resources["nbgrader"]["notebook"])
        return restore(nb, released), resources


def restore(nb: NotebookNode, released: NotebookNode) -> NotebookNode:
    """Give every known cell the metadata, and every locked one the text, that was released.

    Cells that the student deleted, and that carry points or were locked, are added at the end.
    Nothing that the student wrote into a cell's metadata survives, so that no edit can break or
    bend the grading.

    Args:
        nb: the submission, which is changed.
        released: the notebook as it was released; the id of a cell is its name.
    """
    nb.metadata.update(copy.deepcopy(released.metadata))
    left = {cell.id: copy.deepcopy(cell) for cell in released.cells}
    for number, cell in enumerate(nb.cells):
        claimed = cell.metadata.pop("nbgrader", None)
        name = claimed.get("grade_id") if isinstance(claimed, dict) else None
        if original := left.pop(name, None) if isinstance(name, str) else None:
            if not utils.is_locked(original):
                original.source = cell.source
                # The pictures that were pasted into a written answer.
                if original.cell_type == "markdown" and "attachments" in cell:
                    original.attachments = cell.attachments
            cell.clear()
            cell.update(original)
        else:
            # A released cell's id is its name, which no other cell may have.
            cell.id = f"submitted-{number}"
    for original in left.values():
        if utils.is_grade(original) or utils.is_locked(original):
            nb.cells.append(original)
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            cell.source = _without_lost_pictures(cell)
    return nb


def _without_lost_pictures(cell: NotebookNode) -> str:
    """The text, in which a picture that is not attached is a word: nbconvert would raise."""
    attached = cell.get("attachments", {})
    return re.sub(
        r"attachment:([^)\s]+)",
        lambda found: found[0] if unquote(found[1]) in attached else f"lost-{found[1]}",
        cell.source,
    )


def _released(db_url: str, assignment: str, notebook: str) -> NotebookNode:
    with Gradebook(db_url) as gradebook:
        source = gradebook.find_notebook(notebook, assignment)
        kernel = json.loads(source.kernelspec) if source.kernelspec else None
        return new_notebook(
            metadata={"kernelspec": kernel} if kernel else {},
            cells=[_released_cell(cell, source) for cell in source.source_cells],
        )


def _released_cell(cell: Any, notebook: Any) -> NotebookNode:
    """A cell as it was released, from nbgrader's record of it."""
    points = {grade.name: grade.max_score for grade in notebook.grade_cells}
    solutions = {solution.name for solution in notebook.solution_cells}
    metadata = {
        "schema_version": 3,
        "cell_type": cell.cell_type,
        "grade_id": cell.name,
        "grade": cell.name in points,
        "solution": cell.name in solutions,
        "locked": cell.locked,
        "task": False,
        "checksum": cell.checksum,
    }
    if cell.name in points:
        metadata["points"] = points[cell.name]
    made = NotebookNode(
        id=cell.name,
        cell_type=cell.cell_type,
        source=cell.source,
        metadata=NotebookNode(nbgrader=metadata),
    )
    if cell.cell_type == "code":
        made.update(outputs=[], execution_count=None)
    return made
