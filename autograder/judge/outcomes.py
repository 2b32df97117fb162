"""What a function does on every case of an exercise, through its exported programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from jax import export

from autograder.judge import program
from autograder.judge.calling import UNANSWERED
from autograder.judge.devices import CPU, Device
from autograder.judge.judge import early
from autograder.judge.requirements.requirement import Requirement
from autograder.judge.specification import views_of
from autograder.judge.tree import Arguments
from autograder.judge.verdict import Answer, Answers, Outcome
from autograder.judge.views import Case, Draw, cases, tied


def outcomes(
    function: Any,
    requires: Sequence[Requirement],
    arguments: Mapping[Draw, Arguments],
    device: Device = CPU,
    step: Callable[[int, int], None] = lambda done, total: None,
    expected: Answers | None = None,
) -> dict[str, list[Outcome]]:
    """Export a function for every case, and read and run its programs in this process.

    Args:
        function: the answer; of a question the value.
        requires: the exercise's requirements, which say what to look at.
        arguments: of each draw, in the order of `Exercise.draws`.
        device: where programs are run.
        step: told before each case how many are done, of how many.
        expected: what the reference does, at least its facts; None of the reference itself.

    Returns:
        By the name of the view, the outcomes in the order of the draws; any exception that the
        function raises becomes a `Failure`.
    """
    asked = cases(views_of(requires), list(arguments))
    called_views: set[str] = set()

    def answer(case: Case) -> export.Exported | Outcome:
        if function is ...:
            return UNANSWERED
        if (call := case.call) is None:
            return program.lower(function, arguments[case.draw], case, device.platform)
        first = case.view not in called_views
        called_views.add(case.view)
        return call.outcome(function, arguments[case.draw], first)

    made = judged_early(
        asked, answer, lambda case: arguments[case.draw], requires, expected, device, step=step
    )
    return program.by_view(made)


def judged_early(
    asked: Sequence[Case],
    answer: Callable[[Case], export.Exported | Outcome],
    arguments: Callable[[Case], Arguments],
    requires: Sequence[Requirement],
    expected: Answers | None,
    device: Device,
    ours: Callable[[bool], None] = lambda ours: None,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> dict[Case, Outcome]:
    """Read the programs of all cases, and compile and run them unless that rejects the answer.

    Args:
        asked: the cases.
        answer: gets the program of a case, or what came of it without one; what it raises becomes
            a `Failure`.
        arguments: what a case's program is run on.
        requires, expected: see `judge.early`.
        device: where programs are run.
        ours: see `program.run`.
        step: told before each case how many are done, of how many.
    """
    ties = tied(asked)
    programs: dict[Case, export.Exported] = {}
    made: dict[Case, Outcome] = {}
    for number, case in enumerate(asked):
        step(number, 2 * len(asked))
        with program.failing(case, made):
            found = answer(case)
            if isinstance(found, export.Exported):
                made[case] = program.read(found, case, device, case in ties)
                programs[case] = found
            else:
                made[case] = found
    if early(requires, expected, program.by_view(made)):
        return made
    for number, case in enumerate(asked):
        step(len(asked) + number, 2 * len(asked))
        if case in programs and case.has_results():
            with program.failing(case, made):
                looked_at = cast(Answer, made[case])
                made[case] = program.run(
                    programs[case], looked_at, arguments(case), case, device, ours
                )
    return made
