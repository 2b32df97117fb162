"""What nbgrader's `autograde` runs in place of its kernel, and how verdicts become grades.

nbgrader keeps its commands, its database and its feedback. It copies each submission, hands the
notebook through a list of preprocessors, and takes the points from the last of them; three of
those preprocessors are here, and an exporter that can read a broken notebook. `plug.plug_in`
names them to nbgrader.
"""

from __future__ import annotations

import atexit
import datetime
import functools
import json
import secrets
from pathlib import Path
from typing import Any

import jax
import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook, new_output
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor, SaveAutoGrades
from traitlets import Float, Integer, Unicode

from autograder import card, jail, master
from autograder.grader import Grader
from autograder.jail import Jail, Limits
from autograder.verdict import Status, Verdict

Resources = dict[str, Any]
KEY = "autograder"


class SubmissionExporter(NotebookExporter):
    """Reads a submission; a file that is no notebook becomes an empty one that says so."""

    def from_file(
        self, file_stream: Any, resources: Resources | None = None, **kw: Any
    ) -> tuple[NotebookNode, Resources]:
        notebook = _read(file_stream)
        if notebook is None:
            self.log.error("The file is not a Jupyter notebook; nothing in it can be graded.")
            said = "**The submitted file is not a Jupyter notebook, so nothing in it was graded.**"
            notebook = new_notebook(cells=[new_markdown_cell(said)])
        return self.from_notebook_node(notebook, resources=resources, **kw)


def _read(file: Any) -> NotebookNode | None:
    try:
        text = file.read() if hasattr(file, "read") else Path(file).read_text(encoding="utf-8")
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    except Exception:
        return None
    return notebook


class RestoreCells(NbGraderPreprocessor):
    """Give every known cell the metadata, and every locked one the text, that was released.

    Cells that the student deleted and that carry points are added at the end. Nothing that the
    student wrote into a cell's metadata survives, so that no edit can break or bend the grading.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        where = resources["nbgrader"]
        with Gradebook(where["db_url"]) as gradebook:
            source = gradebook.find_notebook(where["notebook"], where["assignment"])
            released = {cell.name: _released_cell(cell, source) for cell in source.source_cells}
        left = dict(released)
        for cell in nb.cells:
            claimed = cell.metadata.pop("nbgrader", None)
            name = claimed.get("grade_id") if isinstance(claimed, dict) else None
            if original := left.pop(name, None) if isinstance(name, str) else None:
                source_now = original.source if utils.is_locked(original) else cell.source
                cell.clear()
                cell.update(original, source=source_now)
        for original in left.values():
            if utils.is_grade(original):
                nb.cells.append(original)
        return nb, resources


def _released_cell(cell: Any, notebook: Any) -> NotebookNode:
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


class JudgeNotebook(NbGraderPreprocessor):
    """Grade one notebook: verdicts into the resources, a card into each test cell.

    A submission can do what it likes without an exception leaving this class, because nbgrader
    drops a submission for which one does.
    """

    device = Unicode("cpu", help="Where answers are judged.").tag(config=True)
    seed = Integer(
        None, allow_none=True, help="The seed of every secret input; drawn anew when unset."
    ).tag(config=True)
    seconds = Float(20.0, help="The longest that one cell or one answer may run.").tag(config=True)
    total_seconds = Float(120.0, help="The longest that a notebook may run.").tag(config=True)
    memory_mib = Integer(4096, help="The memory a notebook may use, in MiB.").tag(config=True)
    output_mib = Integer(8, help="What a notebook may print, in MiB.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        where = resources["nbgrader"]
        grader = self._grader(where)
        verdicts = grader.grade(nb)
        for cell in nb.cells:
            if utils.is_grade(cell) and not utils.is_solution(cell):
                name = cell.metadata.nbgrader["grade_id"].removeprefix("check-")
                verdict = verdicts.setdefault(name, _unknown(name))
                shown = card.of_grade(verdict, *_points(verdict, cell))
                cell.outputs = [
                    new_output("display_data", {"text/html": shown.html, "text/plain": shown.text})
                ]
        resources[KEY] = verdicts
        self._log(where, grader, verdicts)
        return nb, resources

    def _grader(self, where: dict[str, str]) -> Grader:
        coursedir = self.parent.parent.coursedir
        folder = coursedir.format_path(coursedir.source_directory, ".", where["assignment"])
        path = Path(folder) / f"{where['notebook']}.py"
        limits = Limits(self.seconds, self.total_seconds, self.memory_mib, self.output_mib)
        # Config is kept per converter, and so is one grader: the whole class shares its seed.
        graders: dict[Path, Grader] = self.parent.__dict__.setdefault("_graders", {})
        if path not in graders:
            seed = secrets.randbits(63) if self.seed is None else self.seed
            self.log.info(
                "Judging %s on %s, isolation level %s", path.parent.name, self.device, jail.LEVEL
            )
            graders[path] = Grader(master.load(path).exercises, seed, _jail(limits), self.device)
        return graders[path]

    def _log(self, where: dict[str, str], grader: Grader, verdicts: dict[str, Verdict]) -> None:
        """One line for people, and one in `verdicts.jsonl` from which a grade can be reproduced."""
        said = ", ".join(f"{name}: {verdict.status}" for name, verdict in verdicts.items())
        self.log.info("%s: %s", where["student"], said)
        record = {
            "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            **{key: where[key] for key in ("student", "assignment", "notebook")},
            "seed": grader.seed,
            "device": grader.device,
            "level": jail.LEVEL,
            "jax": jax.__version__,
            "verdicts": {
                name: {
                    "status": verdict.status,
                    "fraction": verdict.fraction,
                    "reason": verdict.reason,
                    "lookalike": verdict.lookalike,
                    "message": verdict.findings[0].message if verdict.findings else "",
                }
                for name, verdict in verdicts.items()
            },
        }
        path = Path(self.parent.parent.coursedir.root) / "verdicts.jsonl"
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


@functools.cache
def _jail(limits: Limits) -> Jail:
    """One warm jail for the process, so that a class and a formgrader's clicks share it."""
    made = Jail(limits)
    atexit.register(made.close)
    return made


class SaveVerdicts(SaveAutoGrades):
    """Write the verdicts, never a cell's output, into the gradebook.

    A manual grade that is there stays; a grader fault has no score and asks for a person.
    """

    def _add_score(self, cell: NotebookNode, resources: Resources) -> None:
        if utils.is_solution(cell):
            super()._add_score(cell, resources)
            return
        name = cell.metadata.nbgrader["grade_id"]
        verdict = resources[KEY][name.removeprefix("check-")]
        grade = self.gradebook.find_grade(
            name, self.notebook_id, self.assignment_id, self.student_id
        )
        fault = verdict.status is Status.GRADER_FAULT
        grade.auto_score = None if fault else _points(verdict, cell)[0]
        grade.needs_manual_grade = fault or grade.manual_score is not None
        self.gradebook.db.commit()


def _points(verdict: Verdict, cell: NotebookNode) -> tuple[float, float]:
    most = float(cell.metadata.nbgrader["points"])
    return verdict.fraction * most, most


def _unknown(name: str) -> Verdict:
    """A test cell that the master does not specify can be judged by a person only."""
    return Verdict(name, Status.GRADER_FAULT)
