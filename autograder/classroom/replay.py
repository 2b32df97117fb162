"""Grades one exercise of one student again, with the seed of the run that graded it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import jax
import nbformat
from nbgrader.coursedir import CourseDirectory

from autograder.authoring import configuration, master
from autograder.authoring.course import read as read_course
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
        record: the newest line of `verdicts.jsonl` about the student's notebook.
        before: its verdict on the exercise.
        verdict: the verdict now.
        points: those of the exercise.
        level: the level of isolation now.
        jax: the version of JAX now; another version may give another verdict.
    """

    record: Record
    before: LoggedVerdict
    verdict: Verdict
    points: float
    level: Level
    jax: str

    @property
    def same(self) -> bool:
        before, now = (
            (one.status, one.fraction, one.reason, one.misconception)
            for one in (self.before, self.verdict)
        )
        return before == now


def replay(root: Path, assignment: str, student: str, exercise: str) -> Replay:
    """Judge the autograded copy of a submission again, on the same inputs.

    For example `replay(root, "02_newton", "ada", "step")`.

    Raises:
        Problem: nothing of that name was graded.
    """
    records = [record for record in log.newest(root, assignment) if record.student == student]
    if not records:
        raise Problem(
            f"{root / log.LOG} has no verdict on {student} in {assignment}: correct the name, or "
            f"run `nbgrader autograde {assignment}` first."
        )
    matches = [record for record in records if exercise in record.verdicts]
    if not matches:
        known = ", ".join(name for record in records for name in record.verdicts)
        raise Problem(f"{assignment} has no exercise {exercise}: it has {known}.")
    record = matches[-1]
    before = record.verdicts[exercise]
    if before.status is Status.UNREADABLE:
        raise Problem(
            f"The notebook of {student} was not judged, so it cannot be judged again: "
            f"{before.message}"
        )
    settings = configuration.read(root)
    course = CourseDirectory(config=settings, root=str(root))
    source = course.format_path(course.source_directory, ".", assignment)
    graded_folder = course.format_path(course.autograded_directory, student, assignment)
    loaded = master.load(Path(source) / f"{record.notebook}.py")
    path = Path(graded_folder) / f"{record.notebook}.ipynb"
    if not path.is_file():
        raise Problem(f"{path} does not exist any more, so there is nothing to judge again.")
    if exercise not in loaded.exercises:
        raise Problem(f"{loaded.path} does not have the exercise {exercise} any more.")
    names = [field.name for field in fields(Limits)]
    limits = {name: settings.GradingRun[name] for name in names if name in settings.GradingRun}
    device = devices.named(record.device)
    strongest = Level(settings.GradingRun.get("strongest", Level.FULL))
    readable = read_course(root).readable
    with GradingJail(Limits(**limits), device, strongest, root=root, readable=readable) as jail:
        require(Level(settings.GradingRun.get("require", Level.PROCESS)), jail)
        level = jail.level
        # The notebook may use numbers of other questions, too.
        ran = {
            name: spec
            for name, spec in loaded.exercises.items()
            if name == exercise or spec.variants
        }
        grader = Grader(ran, record.seed, jail, device)
        verdict = grader.grade(nbformat.read(path, as_version=4), student)[exercise]
    points = loaded.prompts[exercise].points
    return Replay(record, before, verdict, points, level, jax.__version__)
