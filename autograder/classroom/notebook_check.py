"""`autograder check`: a notebook, or one exercise of it, checked without Jupyter.

The cells run as a submission's would: in a separate process, with limits and the best isolation of
the machine, since somebody else may have written the notebook. The public cases are judged, as in
the notebook.

What imports JAX is imported only after the jail has begun to start, because both take equally long.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder.authoring import course
from autograder.classroom.cache import NoCache
from autograder.classroom.roles import GradingJail, Runs
from autograder.jail.process import Limits
from autograder.judge import devices
from autograder.judge.devices import CPU, Device
from autograder.judge.verdict import Answers, Outcomes, Verdict
from autograder.problem import Problem
from autograder.student import notebook, waiting
from autograder.student.card import of_check
from autograder.text import printable

if TYPE_CHECKING:
    from autograder.classroom.grader import Grader
    from autograder.judge.judge import Misconception
    from autograder.judge.tree import Arguments
    from autograder.judge.views import Draw
    from autograder.student.released import ReleasedExercise


class FromRelease:
    """The standard of `check`: public cases, whose expected answers were released."""

    source = ""

    def __init__(self, released: ReleasedExercise, seed: int, device: Device) -> None:
        self.requires = released.requires
        self._released, self._arguments = released, released.arguments_on(device)

    def begin(self) -> None:
        pass

    def draws(self) -> Sequence[Draw]:
        return list(self._arguments)

    def arguments(self, draw: Draw) -> Arguments:
        return self._arguments[draw]

    def shapes(self, draw: Draw) -> Arguments:
        return self._arguments[draw]

    def expected(self) -> Answers:
        return self._released.expected

    def facts(self) -> Answers:
        return self._released.expected

    def misconceptions(self) -> tuple[Misconception, ...]:
        return self._released.misconceptions

    def in_public_words(self, verdict: Verdict, outcomes: Outcomes, lines: Set[str]) -> Verdict:
        return verdict


def check(file: Path, exercise: str, device: str, student: str, console: Console) -> bool:
    """Check a notebook and print the verdicts, and the card if only one exercise is checked.

    Args:
        file: the notebook.
        exercise: its name, or an empty text for all exercises.
        device: its name, see `devices.named`.
        student: whose numbers a question asks for; by default the name in the notebook, or that
            of the account.
        console: where to print.

    Returns:
        Whether every checked exercise has passed.

    Raises:
        Problem: there is no such device or exercise, the file is not a notebook, or a question has
            other numbers for every student and nobody said whose.
    """
    chosen = devices.named(device)
    content = notebook.read(file)
    steps = ended = 0

    def step(_: str) -> None:
        nonlocal ended
        ended += 1
        bar.step(ended, max(steps, ended))

    with waiting.bar("Running the notebook") as bar, _jail(file, chosen, step) as jail:
        jail.begin()
        exercises = notebook.exercises(file, content, exercise)
        # The notebook may use numbers of other questions, too.
        every = notebook.exercises(file, content) if exercise else exercises
        numbered = {name: one for name, one in every.items() if one.variants}
        if numbered:
            from autograder.student import personal

            must_know = any(one.for_class for name, one in numbered.items() if name in exercises)
            student = personal.student_of(content, student, must_know)
        ran = {name: one.of(student) for name, one in (numbered | exercises).items()}
        exercises = {name: ran[name] for name in exercises}
        steps = sum(cell.cell_type == "code" for cell in content.cells) + 2 * len(exercises)
        if jail.level.lacks:
            warning = f"Isolation level {jail.level}: {jail.level.lacks}."
            print(" ".join([warning, *jail.weaker_because]), file=sys.stderr)
        graded = grader(ran, jail, chosen, jail.at_once).grade(content)
    verdicts = {name: graded[name] for name in exercises}
    from autograder.student.learner import record

    noted = [name for name, verdict in verdicts.items() if _is_noted(verdict, exercises[name])]
    console.print(_table(verdicts, noted))
    for name, verdict in verdicts.items():
        progress = record(verdict, exercises[name], [file.absolute().parent])
        if exercise:
            card = of_check(verdict, exercises[name], progress.of(name).hints).text
            console.print(printable(card, lines=True), markup=False)
    passed = sum(verdict.passed for verdict in verdicts.values())
    if not exercise:
        waiting_ones = f" {len(noted)} noted, to be judged when graded." if noted else ""
        counted = f"{passed - len(noted)} of {len(verdicts)} passed.{waiting_ones}"
        console.print(counted, highlight=False)
        if passed < len(verdicts):
            more = (
                f"`autograder check {file} EXERCISE` says more, `autograder hint EXERCISE` helps."
            )
            console.print(printable(more), highlight=False, markup=False)
    return passed == len(verdicts)


def _jail(file: Path, device: Device, ended: Callable[[str], None]) -> GradingJail:
    """A jail in which a notebook can import what its course allows, if it is in a course."""
    try:
        home = course.find(file.resolve().parent)
    except Problem:
        return GradingJail(Limits(), device, ended=ended)
    return GradingJail(Limits(), device, root=home.root, readable=home.readable, ended=ended)


def grader(
    exercises: Mapping[str, ReleasedExercise], jail: Runs, device: Device = CPU, runners: int = 1
) -> Grader:
    """A grader that judges notebooks on the public cases of these exercises."""
    from autograder.classroom.grader import Grader

    return Grader(exercises, 0, jail, device, NoCache(), standard=FromRelease, runners=runners)


def _is_noted(verdict: Verdict, released: ReleasedExercise) -> bool:
    return verdict.passed and released.is_noted


def _table(verdicts: Mapping[str, Verdict], noted: Collection[str]) -> Table:
    table = Table("exercise", "verdict", "what was seen")
    for name, verdict in verdicts.items():
        mark, colour = ("✓", "blue") if verdict.passed else ("✗", "yellow")
        mark = "◐" if verdict.parts and not verdict.passed else mark
        seen = verdict.findings[0].message if verdict.findings else ""
        if verdict.misconception:
            seen += f" It looks like an answer that {verdict.misconception}."
        words = f"[{colour}]{mark} {verdict.status}[/]" if name not in noted else "… noted"
        table.add_row(name, words, escape(printable(seen)))
    return table
