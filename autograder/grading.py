"""One run of `nbgrader autograde`: verdicts for each notebook, and how they become grades."""

from __future__ import annotations

import atexit
import datetime
import functools
import json
import secrets
from pathlib import Path
from typing import Any

import jax
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader import utils
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import NbGraderPreprocessor, SaveAutoGrades
from traitlets import Enum, Float, Integer, Unicode
from traitlets.config import LoggingConfigurable

from autograder import card, devices, master
from autograder.devices import Device
from autograder.grader import Grader
from autograder.jail import Jail, Limits
from autograder.problem import Problem
from autograder.verdict import Status, Verdict
from autograder.walls import Level

Resources = dict[str, Any]
KEY = "autograder"
LOG = "verdicts.jsonl"
"""The log of all verdicts, in the course's folder; nothing is ever taken out of it."""


class GradingRun(LoggingConfigurable):
    """The settings of a run, and its graders: the whole class is judged on the same inputs.

    Raises:
        NbGraderException: a master or the device is not what it should be; the log says what.
    """

    device = Unicode(
        "cpu",
        help="Where answers are judged: cpu, gpu, tpu, or a mesh of simulated devices, such as "
        "mesh:8 or mesh:4x2.",
    ).tag(config=True)
    seed = Integer(
        None, allow_none=True, help="The seed of every secret input; drawn anew when unset."
    ).tag(config=True)
    seconds = Float(20.0, help="The longest that one cell or one answer may run.").tag(config=True)
    total_seconds = Float(300.0, help="The longest that a notebook may run.").tag(config=True)
    memory_mib = Integer(4096, help="The memory a notebook may use, in MiB.").tag(config=True)
    output_mib = Integer(8, help="What a notebook may print, in MiB.").tag(config=True)
    require = Enum(
        [*map(str, Level), ""],
        "",
        help="The weakest isolation level to grade at: full, partial or process. Where the machine "
        "cannot give it, nothing is graded.",
    ).tag(config=True)
    strongest = Enum(
        list(map(str, Level)), "full", help="The strongest isolation level to try."
    ).tag(config=True)

    def __init__(self, **kw: Any) -> None:
        super().__init__(**kw)
        converter: Any = kw["parent"].parent
        self.coursedir = converter.coursedir
        seed = secrets.randbits(63) if self.seed is None else self.seed
        limits = Limits(self.seconds, self.total_seconds, self.memory_mib, self.output_mib)
        folder = Path(
            self.coursedir.format_path(
                self.coursedir.source_directory, ".", self.coursedir.assignment_id
            )
        )
        try:
            device = devices.named(self.device)
            self.jail = _jail(limits, device, Level(self.strongest))
            self._say_level()
            # A notebook without a master has no grader, so its points are given by hand.
            self.graders = {
                path.stem: Grader(master.load(path).exercises, seed, self.jail, device)
                for path in sorted(folder.glob("*.py"))
            }
            if not self.graders:
                raise Problem(f"There is no master in {folder}: every assignment needs one.")
        except Problem as problem:
            self.log.error("%s", problem)
            raise NbGraderException(str(problem)) from None

    def _say_level(self) -> None:
        level, why = self.jail.level, " ".join(self.jail.weaker_because)
        weakest = Level(self.require or Level.PROCESS)
        if list(Level).index(level) > list(Level).index(weakest):
            raise Problem(f"Isolation level {weakest} is required, and this is {level}. {why}")
        said = f"Judging on {self.device}, isolation level {level}"
        if level.lacks:
            self.log.warning("%s: %s. %s See docs/isolation.md.", said, level.lacks, why)
        else:
            self.log.info("%s", said)

    def judge(self, notebook: NotebookNode, where: dict[str, str]) -> dict[str, Verdict]:
        """The verdicts on one student's notebook, written down in `verdicts.jsonl` too."""
        grader = self.graders.get(where["notebook"])
        if grader is None:
            return {}
        verdicts = grader.grade(notebook)
        said = ", ".join(f"{name}: {verdict.status}" for name, verdict in verdicts.items())
        self.log.info("%s: %s", where["student"], said)
        self._write(where, grader, verdicts)
        return verdicts

    def _write(self, where: dict[str, str], grader: Grader, verdicts: dict[str, Verdict]) -> None:
        record = {
            "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            **{key: where[key] for key in ("student", "assignment", "notebook")},
            "seed": grader.seed,
            "device": grader.device.name,
            "level": self.jail.level,
            "jax": jax.__version__,
            "verdicts": {
                name: {
                    "status": verdict.status,
                    "fraction": verdict.fraction,
                    "reason": verdict.reason,
                    "lookalike": verdict.lookalike,
                    "reported": any(finding.reported for finding in verdict.findings),
                    "message": verdict.findings[0].message if verdict.findings else "",
                }
                for name, verdict in verdicts.items()
            },
        }
        path = Path(self.coursedir.root) / LOG
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


@functools.cache
def _jail(limits: Limits, device: Device, strongest: Level) -> Jail:
    """One warm jail for the process, so that a class and a formgrader's clicks share it."""
    made = Jail(limits, device, strongest)
    atexit.register(made.close)
    return made


class JudgeNotebook(NbGraderPreprocessor):
    """Grade one notebook: verdicts into the resources, a card into each test cell.

    A submission can do what it likes without an exception leaving this class, because nbgrader
    drops a submission for which one does.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        verdicts = self.parent.run.judge(nb, resources["nbgrader"])
        for cell in nb.cells:
            if utils.is_grade(cell) and not utils.is_solution(cell):
                # A test cell that no master specifies can be judged by a person only.
                name = _exercise(cell)
                verdict = verdicts.setdefault(name, Verdict(name, Status.GRADER_FAULT))
                shown = card.of_grade(verdict, *_points(verdict, cell))
                cell.outputs = [
                    new_output("display_data", {"text/html": shown.html, "text/plain": shown.text})
                ]
        resources[KEY] = verdicts
        return nb, resources


class SaveVerdicts(SaveAutoGrades):
    """Write the verdicts, never a cell's output, into the gradebook.

    A manual grade that is there stays; a grader fault has no score and asks for a person.
    """

    def _add_score(self, cell: NotebookNode, resources: Resources) -> None:
        if utils.is_solution(cell):
            super()._add_score(cell, resources)
            return
        verdict = resources[KEY][_exercise(cell)]
        grade = self.gradebook.find_grade(
            cell.metadata.nbgrader["grade_id"],
            self.notebook_id,
            self.assignment_id,
            self.student_id,
        )
        fault = verdict.status is Status.GRADER_FAULT
        grade.auto_score = None if fault else _points(verdict, cell)[0]
        grade.needs_manual_grade = fault or grade.manual_score is not None
        self.gradebook.db.commit()


def _exercise(cell: NotebookNode) -> str:
    return str(cell.metadata.nbgrader["grade_id"]).removeprefix("check-")


def _points(verdict: Verdict, cell: NotebookNode) -> tuple[float, float]:
    most = float(cell.metadata.nbgrader["points"])
    return verdict.fraction * most, most
