"""How verdicts become grades: the two steps of nbgrader that show them and write them down."""

from __future__ import annotations

from collections.abc import Mapping

from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader import utils
from nbgrader.api import Grade, Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.classroom.grading import Resources, stopping, unreadable
from autograder.classroom.restore import ASK, KEY
from autograder.judge.verdict import Verdict
from autograder.student import card


class JudgeNotebook(NbGraderPreprocessor):
    """Grade one notebook: verdicts into the resources, a card into each test cell.

    A submission can do what it likes without an exception leaving this class, because nbgrader
    drops a submission for which one does.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        run = self.parent.run
        verdicts: dict[str, Verdict] = {}
        if run is not None:
            with stopping(self.log):
                verdicts = run.judge(nb, resources["nbgrader"])
        # A test cell that no master specifies can be judged by a person only.
        why = nb.metadata.get(KEY, {}).get(ASK, "No master specifies this test")
        for cell in nb.cells:
            if utils.is_grade(cell) and not utils.is_solution(cell):
                name = _exercise(cell)
                verdict = verdicts.setdefault(name, unreadable(name, why))
                shown = card.of_grade(verdict, *_points(verdict, cell))
                cell.outputs = [
                    new_output("display_data", {"text/html": shown.html, "text/plain": shown.text})
                ]
        resources[KEY] = verdicts
        nb.metadata[KEY] = "graded"
        return nb, resources


class SaveVerdicts(NbGraderPreprocessor):
    """Write the verdicts, never a cell's output, into the gradebook: a notebook's all, or none.

    A manual grade that is there stays; a grader fault, or a notebook that cannot be read, has no
    score and asks for a person. Written answers wait for one too, as nbgrader's own
    `SaveAutoGrades` has it, which this replaces.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        where = resources["nbgrader"]
        with stopping(self.log), Gradebook(where["db_url"]) as gradebook:
            submitted = gradebook.find_submission_notebook(
                where["notebook"], where["assignment"], where["student"]
            )
            grades = {one.name: one for one in submitted.grades}
            comments = {one.name: one for one in submitted.comments}
            for cell in nb.cells:
                if utils.is_grade(cell):
                    self._save_score(cell, grades[cell.metadata.nbgrader.grade_id], resources[KEY])
                if utils.is_solution(cell):
                    untouched = cell.metadata.nbgrader.checksum == utils.compute_checksum(cell)
                    comment = comments[cell.metadata.nbgrader.grade_id]
                    comment.auto_comment = "No response." if untouched else None
            gradebook.db.commit()
            waits = any(one.needs_manual_grade for one in grades.values())
        if run := self.parent and self.parent.run:
            run.tally.collected(where["student"], resources[KEY], waits)
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


def _exercise(cell: NotebookNode) -> str:
    return str(cell.metadata.nbgrader["grade_id"]).removeprefix("check-")


def _points(verdict: Verdict, cell: NotebookNode) -> tuple[float, float]:
    most = float(cell.metadata.nbgrader["points"])
    return verdict.fraction * most, most
