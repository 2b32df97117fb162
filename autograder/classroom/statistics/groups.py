"""Groups the students of a class whose answers are the same program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nbgrader.coursedir import CourseDirectory

from autograder.authoring import configuration
from autograder.classroom import log
from autograder.classroom.log import LoggedVerdict, Record
from autograder.classroom.statistics import same_text
from autograder.classroom.statistics.answer_texts import Texts
from autograder.classroom.statistics.same_text import Hint
from autograder.judge.verdict import Status
from autograder.problem import Problem

SHORT = 8
"""How many letters of a program's hash are the name of its group."""


@dataclass(frozen=True)
class Group:
    """The students who answered an exercise with the same program.

    Attributes:
        name: a few letters, the same in every run that judged on the same inputs.
        exercise: the exercise's name.
        notebook: the name of its notebook.
        students: their ids.
        verdict: the one in `verdicts.jsonl`.
        sample: the shortest of their solution cells.
        same_as: the names of other groups of the exercise whose programs differ from this one only
            in names, in the order of operations and in calls.
    """

    name: str
    exercise: str
    notebook: str
    students: tuple[str, ...]
    verdict: LoggedVerdict
    sample: str
    same_as: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The verdict in a few words."""
        verdict = self.verdict
        passed = verdict.status is Status.PASSED
        why = verdict.misconception or ("" if passed else verdict.reason)
        return ": ".join(dict.fromkeys(filter(None, (verdict.status, why))))


def groups(root: Path, assignment: str, texts: Texts | None = None) -> dict[str, list[Group]]:
    """The groups of every exercise, the largest first, from each student's newest verdicts.

    Answers that are missing are one group, whatever the reason.

    Args:
        root: the course's folder.
        assignment: its name.
        texts: the texts of the answers, if they are read already.

    Raises:
        Problem: nothing of the assignment was graded.
    """
    by_program: dict[tuple[str, str], list[Record]] = {}
    for record in log.newest(root, assignment):
        for exercise, verdict in record.verdicts.items():
            by_program.setdefault((exercise, _program(verdict)), []).append(record)
    texts = texts or Texts(root, assignment)
    by_exercise: dict[str, list[Group]] = {}
    for (exercise, program), records in by_program.items():
        students = tuple(record.student for record in records)
        notebook, verdict = records[0].notebook, records[0].verdicts[exercise]
        sources = [texts.of(student, notebook).get(exercise, "") for student in students]
        sample = min(filter(None, sources), key=lambda source: (len(source), source), default="")
        name = program if program == verdict.status else program[:SHORT]
        group = Group(name, exercise, notebook, students, verdict, sample)
        by_exercise.setdefault(exercise, []).append(group)
    return {
        exercise: sorted(_related(listed), key=lambda group: (-len(group.students), group.name))
        for exercise, listed in by_exercise.items()
    }


def _program(verdict: LoggedVerdict) -> str:
    is_missing = verdict.status is Status.MISSING
    return verdict.status if is_missing else verdict.program or verdict.status


def _related(listed: Sequence[Group]) -> list[Group]:
    """The groups of an exercise, each with the names of those that compute the same."""
    by_meaning: dict[str, list[str]] = {}
    for group in listed:
        if group.verdict.meaning:
            by_meaning.setdefault(group.verdict.meaning, []).append(group.name)
    return [
        replace(group, same_as=tuple(sorted(set(names) - {group.name})))
        for group in listed
        for names in [by_meaning.get(group.verdict.meaning, [])]
    ]


def hints(by_exercise: Mapping[str, Sequence[Group]], texts: Texts) -> dict[str, list[Hint]]:
    """What `same_text` finds among the answers to each exercise; a hint, and never a verdict."""
    found = {}
    for exercise, listed in by_exercise.items():
        notebook = listed[0].notebook
        students = [student for group in listed for student in group.students]
        sources = {
            student: texts.of(student, notebook).get(exercise, "") for student in sorted(students)
        }
        found[exercise] = same_text.find(exercise, sources, texts.shown(notebook), len(students))
    return found


def comment(root: Path, assignment: str, exercise: str, name: str, text: str) -> Group:
    """Write a comment to every student of a group, which nbgrader's feedback shows.

    An earlier comment stays above it; the same text is written only once. For example
    `comment(root, "02_newton", "step", "a7ae", "Have a look at §4.")`.

    Args:
        name: of the group, or its first letters.

    Returns:
        The group.

    Raises:
        Problem: there is no such group, or several.
    """
    # Only a comment needs the gradebook, which is slow to import.
    from nbgrader.api import MissingEntry

    from autograder.classroom import gradebook as books

    known = groups(root, assignment)
    if exercise not in known:
        raise Problem(f"{assignment} has no exercise {exercise}: it has {', '.join(known)}.")
    matches = [group for group in known[exercise] if group.name.startswith(name)]
    if len(matches) != 1:
        names = ", ".join(group.name for group in known[exercise])
        raise Problem(
            f"{exercise} has {len(matches)} groups whose name begins with {name}: choose one of "
            f"{names}."
        )
    (group,) = matches
    course = CourseDirectory(config=configuration.read(root), root=str(root))
    with books.opened(course) as gradebook:
        for student in group.students:
            try:
                answer = gradebook.find_comment(exercise, group.notebook, assignment, student)
            except MissingEntry:
                raise Problem(
                    f"The gradebook has no answer of {student} to {exercise}: run "
                    f"`nbgrader autograde {assignment}` first."
                ) from None
            written = answer.manual_comment or ""
            if text not in written.split("\n\n"):
                answer.manual_comment = f"{written}\n\n{text}" if written else text
        gradebook.db.commit()
    return group
