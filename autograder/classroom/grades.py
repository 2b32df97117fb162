"""How verdicts become grades: the two steps of nbgrader that show and save them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import BaseCell, Comment, Grade, Gradebook, SubmittedNotebook
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.classroom import gradebook as books
from autograder.classroom.class_run import Graded
from autograder.classroom.grading import Resources, stopping, unreadable
from autograder.classroom.kept import Kept, keep
from autograder.classroom.log import LoggedVerdict
from autograder.classroom.restore import ASK, KEY
from autograder.judge.verdict import Verdict
from autograder.student import card


class JudgeNotebook(NbGraderPreprocessor):
    """Grade one notebook: put verdicts into the resources and a card into each test cell.

    No submission can make this class raise an exception: nbgrader would drop that submission.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        run = self.parent.run
        graded = Graded("", {}, 0.0)
        if run is not None:
            with stopping(self.log, resources["nbgrader"]):
                graded = run.judge(nb, resources["nbgrader"])
        verdicts = graded.verdicts
        # Only a person can judge a test cell that no master specifies.
        why = nb.metadata.get(KEY, {}).get(ASK, "No master specifies this test")
        for cell in nb.cells:
            if utils.is_grade(cell) and not utils.is_solution(cell):
                name = _exercise(cell)
                verdict = verdicts.setdefault(name, unreadable(name, why))
                names = resources["nbgrader"]
                explanation, another = (
                    run.told(names["notebook"], name, names["student"]) if run else ("", "")
                )
                shown = card.of_grade(verdict, *_points(verdict, cell))
                cell.outputs = [_shown({"text/html": shown.html, "text/plain": shown.text})]
                logged, checked = LoggedVerdict.of(verdict), graded.examples.get(name, "")
                keep(cell, Kept(logged, explanation, another, checked))
        resources[KEY] = verdicts
        nb.metadata[KEY] = "graded"
        return nb, resources


class SaveVerdicts(NbGraderPreprocessor):
    """Write all verdicts on a notebook into the gradebook, or none; never a cell's output.

    An existing manual grade stays. A grader fault, or a notebook that cannot be read, has no score
    and needs a person. So do written answers, as in nbgrader's `SaveAutoGrades`, which this
    replaces.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        names = resources["nbgrader"]
        with stopping(self.log, names), books.of_run(names["db_url"]) as gradebook:
            submitted = gradebook.find_submission_notebook(
                names["notebook"], names["assignment"], names["student"]
            )
            grades = _by_cell(gradebook, Grade, submitted)
            comments = _by_cell(gradebook, Comment, submitted)
            for cell in nb.cells:
                if utils.is_grade(cell):
                    self._save_score(cell, grades[cell.metadata.nbgrader.grade_id], resources[KEY])
                if utils.is_solution(cell):
                    untouched = cell.metadata.nbgrader.checksum == utils.compute_checksum(cell)
                    comment = comments[cell.metadata.nbgrader.grade_id]
                    comment.auto_comment = "No response." if untouched else None
            # Before the commit, after which each grade would be loaded again.
            waits = any(grade.needs_manual_grade for grade in grades.values())
            gradebook.db.commit()
        if run := self.parent and self.parent.run:
            run.tally.collected(names["student"], resources[KEY], waits)
        return nb, resources

    def _save_score(
        self, cell: NotebookNode, grade: Grade, verdicts: Mapping[str, Verdict]
    ) -> None:
        if utils.is_solution(cell):
            grade.auto_score, _ = utils.determine_grade(cell, self.log)
        else:
            verdict = verdicts[_exercise(cell)]
            grade.auto_score = None if verdict.asks else _points(verdict, cell)[0]
        grade.needs_manual_grade = grade.auto_score is None or grade.manual_score is not None


def _by_cell(gradebook: Gradebook, kind: Any, submitted: SubmittedNotebook) -> dict[str, Any]:
    """The grades or comments of a notebook, by their cells' names, with one query for all."""
    rows = gradebook.db.query(BaseCell.name, kind).join(kind, kind.cell_id == BaseCell.id)
    return {name: row for name, row in rows.filter(kind.notebook_id == submitted.id)}


def _shown(formats: Mapping[str, str]) -> NotebookNode:
    """An output, which `new_output` would validate by itself, although its notebook is too."""
    return NotebookNode(
        output_type="display_data", metadata=NotebookNode(), data=NotebookNode(formats)
    )


def _exercise(cell: NotebookNode) -> str:
    return str(cell.metadata.nbgrader["grade_id"]).removeprefix("check-")


def _points(verdict: Verdict, cell: NotebookNode) -> tuple[float, float]:
    most = float(cell.metadata.nbgrader["points"])
    return verdict.points(most), most
