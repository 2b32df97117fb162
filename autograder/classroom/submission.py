"""Reads a submission; whatever a student handed in, the result is a notebook that can be graded.

nbgrader keeps its commands, its database and its feedback. `intake.py` gives it the submissions,
and it passes each notebook through a list of preprocessors, which `plug.plug_in` names; the one
that grades is in `grades.py`. nbgrader grades a notebook without a master by itself.
"""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbformat.v4 import new_notebook
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters.autograde import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import AssignLatePenalties, NbGraderPreprocessor
from traitlets import TraitError

from autograder.authoring import tags
from autograder.classroom import gradebook as books
from autograder.classroom.grading import GradingRun, Resources, SubmissionKey
from autograder.classroom.intake import STAMP, Taken
from autograder.classroom.release import hide_masters
from autograder.classroom.restore import ASK, KEY, restore
from autograder.problem import Problem
from autograder.student.check_file import SUFFIX


class SubmissionExporter(NotebookExporter):
    """Passes a submission through our steps if there is a master, otherwise through nbgrader's.

    nbgrader creates it once, before the first submission, when the class is known. So the grading
    run begins here: a problem with its settings stops it before anything is graded, and then
    grading of the whole class starts.
    """

    def __init__(self, **kw: Any) -> None:
        self._registered: dict[Any, list[Any]] = {}
        self._sanitized: dict[SubmissionKey, NotebookNode] = {}
        super().__init__(**kw)
        converter: Any = self.parent
        self._converter = converter
        course = converter.coursedir
        self._require_late_policy()
        # The data of `check`, released or handed in, are not needed for grading.
        hide_masters(course, f"*{SUFFIX}")
        folder = course.format_path(course.source_directory, ".", course.assignment_id)
        self._masters = {path.stem for path in tags.masters_in(Path(folder))}
        self._released = functools.cache(_released)
        self._prompts: dict[str, frozenset[str]] = {}
        self.run: GradingRun | None = None
        handed_in = {Path(path).stem for paths in converter.assignments.values() for path in paths}
        if plain := handed_in - self._masters:
            self._require_masters(plain, folder)
        if self._masters:
            self.run = GradingRun(parent=self)
            self._prompts = self.run.prompts
            paths = {}
            # `GradingRun` has deleted what a killed run left unfinished: these are due again.
            for key, path in due(self._converter):
                # nbgrader itself reports a notebook that was never released.
                with contextlib.suppress(MissingEntry):
                    self.released(key[1])
                    paths[key] = path
            self.run.begin(paths, self._restored)

    def _require_late_policy(self) -> None:
        """Make sure that the policy for late work can be made, as nbgrader does per submission."""
        try:
            step = AssignLatePenalties(config=self._converter.config)
            step.plugin_class(parent=step)
        except TraitError as error:
            message = f"The policy for late work in nbgrader_config.py cannot be used: {error}"
            self.log.error("%s", message)
            raise NbGraderException(message) from None

    def released(self, notebook: str) -> NotebookNode:
        """The released notebook, with the cells that nbgrader knows.

        Raises:
            MissingEntry: the gradebook does not know this notebook.
        """
        course = self._converter.coursedir
        return self._released(course.db_url, course.assignment_id, notebook)

    def restored(self, notebook: NotebookNode, name: str) -> NotebookNode:
        """Restore what was released in a submission, see `restore`."""
        return restore(notebook, self.released(name), self._prompts.get(name, frozenset()))

    def from_filename(
        self, filename: str, resources: Resources | None = None, **kw: Any
    ) -> tuple[Any, Resources]:
        resources = resources or {}
        names = resources.get("nbgrader", {})
        key = (names.get("student", ""), names.get("notebook", ""))
        taken = self._taken.get(key, Taken())
        course = self._converter.coursedir
        handed_in = Path(filename).is_relative_to(course.submitted_directory)
        if handed_in and taken.note:
            self.log.warning("%s: %s", key[0], taken.note)
        if key[1] in self._masters or taken.ask:
            resources["metadata"] = {"name": key[1], "path": str(Path(filename).parent)}
            resources["output_extension"] = self.file_extension
            if handed_in:
                return self._sanitize(key, Path(filename), resources), resources
            return self._grade(key, Path(filename), resources), resources
        stock = NotebookExporter(parent=self._converter, config=self._converter.config)
        steps = Autograde.sanitize_preprocessors if handed_in else Autograde.autograde_preprocessors
        for step in steps.make_dynamic_default():
            stock.register_preprocessor(step)
        return stock.from_filename(filename, resources=resources, **kw)

    def _sanitize(self, key: SubmissionKey, path: Path, resources: Resources) -> str:
        """The first of nbgrader's two passes; the second one needs no file to go on.

        nbconvert copies a notebook three times and validates it twice before the first step, since
        it may belong to somebody else. Here nobody else has it, and `intake` made it.
        """
        notebook, _ = self._through_steps(_read(path), resources)
        self._sanitized = {key: notebook}
        return json.dumps(notebook, ensure_ascii=False)

    def _grade(self, key: SubmissionKey, path: Path, resources: Resources) -> str:
        notebook = self._sanitized.pop(key, None) or _read(path)
        graded, _ = self._through_steps(notebook, resources)
        try:
            nbformat.validate(graded)
        except nbformat.ValidationError as error:
            place = f"{key[0]} ({key[1]}.ipynb)"
            self.log.error("%s: the graded notebook has a fault: %s", place, error.message)
        # On one line: with an indentation, this would take most of the time.
        return json.dumps(graded, ensure_ascii=False, sort_keys=True) + "\n"

    def _through_steps(
        self, notebook: NotebookNode, resources: Resources
    ) -> tuple[NotebookNode, Resources]:
        for step in self._preprocessors:
            notebook, resources = step(notebook, resources)
        return notebook, resources

    def register_preprocessor(self, preprocessor: Any, enabled: bool = False) -> Any:
        """Register a step; nbgrader does so for every submission, and it is made only once."""
        if preprocessor not in self._registered:
            before = len(self._preprocessors)
            super().register_preprocessor(preprocessor, enabled)
            self._registered[preprocessor] = self._preprocessors[before:]
        else:
            self._preprocessors += self._registered[preprocessor]

    def sum_up(self) -> None:
        """Log the results of the class, even if some submissions failed."""
        if self.run is not None:
            self.run.end()

    def _restored(self, key: SubmissionKey, path: Path) -> NotebookNode:
        return self.restored(_read(path), key[1])

    @property
    def _taken(self) -> Mapping[SubmissionKey, Taken]:
        return self._converter.intake.taken

    def _require_masters(self, plain: set[str], folder: str) -> None:
        """Refuse notebooks whose master is missing: their tests are only in the master."""
        course = self._converter.coursedir
        try:
            with books.opened(course) as gradebook:
                books.assignment(gradebook, course.assignment_id)
                for name in sorted(plain):
                    with contextlib.suppress(MissingEntry):
                        if any(map(_is_check, self.released(name).cells)):
                            raise Problem(
                                f"{name}.ipynb was released from a master, and there is no "
                                f"{name}.py in {folder}: put it back, because it has the tests."
                            )
        except Problem as problem:
            self.log.error("%s", problem)
            raise NbGraderException(str(problem)) from None


def _read(path: Path) -> NotebookNode:
    """A notebook that this package has written, which need not be validated."""
    return nbformat.from_dict(json.loads(path.read_bytes()))


def _is_check(cell: NotebookNode) -> bool:
    """Whether this is a test cell of a master."""
    return bool(cell.id.startswith("check-") and cell.source.startswith("check("))


def due(converter: Any) -> Iterator[tuple[SubmissionKey, Path]]:
    """The notebooks that nbgrader is going to grade, in its order.

    nbgrader decides about each one later. If it decides otherwise, a notebook is graded then, or
    its verdicts are not used.
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
            is_new = _stamp(Path(folder)) != _stamp(graded)
            if converter.force or not (graded / path.name).exists() or is_new:
                yield (student, path.stem), path


def _stamp(folder: Path) -> bytes:
    path = folder / STAMP
    return path.read_bytes() if path.is_file() else b""


class RestoreCells(NbGraderPreprocessor):
    """Restore what was released in a notebook, see `restore`."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        names = resources["nbgrader"]
        restored = self.parent.restored(nb, names["notebook"])
        if why := restored.metadata[KEY].get(ASK):
            place = f"{names['student']} ({names['notebook']}.ipynb)"
            advice = "Ask for the notebook again, or give the points by hand."
            self.log.error("%s: %s. A person has to grade it. %s", place, why, advice)
        return restored, resources


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
    released = NotebookNode(
        id=cell.name,
        cell_type=cell.cell_type,
        source=cell.source,
        metadata=NotebookNode(nbgrader=metadata),
    )
    if cell.cell_type == "code":
        released.update(outputs=[], execution_count=None)
    return released
