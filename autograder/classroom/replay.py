"""Grades one student's one exercise again, from the seed of the run that graded it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import jax
import nbformat
from nbgrader.coursedir import CourseDirectory

from autograder.authoring import master
from autograder.authoring.build import nbgrader_config
from autograder.authoring.course import read
from autograder.classroom import log
from autograder.classroom.grader import Grader
from autograder.classroom.log import LoggedVerdict, Record
from autograder.classroom.roles import GradingJail, require
from autograder.jail.process import Limits
from autograder.jail.walls import Level
from autograder.judge import devices
from autograder.judge.verdict import Status, Verdict
from autograder.problem import Problem


@dataclass(frozen=True)
class Replay:
    """One exercise graded twice.

    Attributes:
        record: the line of `verdicts.jsonl` that the newest run wrote about the student.
        before: what it says of the exercise.
        verdict: the verdict now.
        points: those of the exercise.
        level: of isolation, now.
        jax: the version of JAX now; another one may give another verdict.
    """

    record: Record
    before: LoggedVerdict
    verdict: Verdict
    points: float
    level: Level
    jax: str

    @property
    def same(self) -> bool:
        before = (self.before.status, self.before.reason, self.before.misconception)
        return before == (self.verdict.status, self.verdict.reason, self.verdict.misconception)


def replay(root: Path, assignment: str, student: str, exercise: str) -> Replay:
    """Judge again what nbgrader kept of a submission, on the same inputs.

    Raises:
        Problem: nothing of that name was graded.
    """
    graded = [one for one in log.newest(root, assignment) if one.student == student]
    if not graded:
        raise Problem(f"{root / log.LOG} has no verdict on {student} in {assignment}.")
    about = [one for one in graded if exercise in one.verdicts]
    if not about:
        known = ", ".join(name for one in graded for name in one.verdicts)
        raise Problem(f"{assignment} has no exercise {exercise}: it has {known}.")
    record = about[-1]
    before = record.verdicts[exercise]
    if before.status is Status.UNREADABLE:
        raise Problem(
            f"The notebook of {student} was not judged, so there is nothing to judge: "
            f"{before.message}"
        )
    settings = nbgrader_config(root)
    course = CourseDirectory(config=settings, root=str(root))
    source = course.format_path(course.source_directory, ".", assignment)
    graded_folder = course.format_path(course.autograded_directory, student, assignment)
    loaded = master.load(Path(source) / f"{record.notebook}.py")
    path = Path(graded_folder) / f"{record.notebook}.ipynb"
    if not path.is_file():
        raise Problem(f"{path} is not there any more, so there is nothing to judge again.")
    if exercise not in loaded.exercises:
        raise Problem(f"{loaded.path} does not ask for {exercise} any more.")
    named = [field.name for field in fields(Limits)]
    limits = {key: settings.GradingRun[key] for key in named if key in settings.GradingRun}
    device = devices.named(record.device)
    strongest = Level(settings.GradingRun.get("strongest", Level.FULL))
    readable = read(root).readable
    with GradingJail(Limits(**limits), device, strongest, root=root, readable=readable) as jail:
        require(Level(settings.GradingRun.get("require", Level.PROCESS)), jail)
        level = jail.level
        asked = {exercise: loaded.exercises[exercise]}
        grader = Grader(asked, record.seed, jail, device)
        verdict = grader.grade(nbformat.read(path, as_version=4))[exercise]
    points = loaded.prompts[exercise].points
    return Replay(record, before, verdict, points, level, jax.__version__)
