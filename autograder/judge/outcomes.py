"""Exports a function for every case of an exercise, and runs the programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from jax import export

from autograder.judge import program
from autograder.judge.calling import UNANSWERED
from autograder.judge.devices import CPU, Device
from autograder.judge.judge import from_facts
from autograder.judge.requirements.requirement import Requirement
from autograder.judge.specification import measures_memory, views_of
from autograder.judge.tree import Arguments
from autograder.judge.verdict import Answer, Answers, Outcome
from autograder.judge.views import Case, Draw, cases, tied
from autograder.problem import Problem


def outcomes(
    function: Any,
    requires: Sequence[Requirement],
    arguments: Mapping[Draw, Arguments],
    device: Device = CPU,
    step: Callable[[int, int], None] = lambda finished, total: None,
    expected: Answers | None = None,
) -> dict[str, list[Outcome]]:
    """Export a function for every case, and read and run its programs in this process.

    Args:
        function: the answer; for a question its value.
        requires: the exercise's requirements, which name the views.
        arguments: the arguments of each draw, in the order of `Exercise.draws`.
        device: where programs are run.
        step: called before each case with the number of cases finished, and of all.
        expected: what the reference does, at least its facts; None for the reference itself.

    Returns:
        For each view the outcomes in the order of the draws; any exception that the function
        raises becomes a `Failure`.
    """
    all_cases = cases(views_of(requires), list(arguments))
    called_views: set[str] = set()

    def answer(case: Case) -> export.Exported | Outcome:
        if function is ...:
            return UNANSWERED
        if (call := case.call) is None:
            return program.lower(function, arguments[case.draw], case, device.platform)
        first = case.view not in called_views
        called_views.add(case.view)
        return call.outcome(function, arguments[case.draw], first)

    results = judged_early(
        all_cases,
        answer,
        lambda case: arguments[case.draw],
        requires,
        expected,
        device,
        measures_memory(requires),
        step=step,
    )
    return program.by_view(results)


def judged_early(
    all_cases: Sequence[Case],
    answer: Callable[[Case], export.Exported | Outcome],
    arguments: Callable[[Case], Arguments],
    requires: Sequence[Requirement],
    expected: Answers | None,
    device: Device,
    apart: bool,
    ours: Callable[[bool], None] = lambda ours: None,
    step: Callable[[int, int], None] = lambda finished, total: None,
    meanings: bool = False,
) -> dict[Case, Outcome]:
    """Read the programs of all cases, then compile and run them.

    If their facts reject the answer, only those are run that may earn a part of the points.

    Args:
        all_cases: the cases.
        answer: returns the program of a case, or the outcome of a call; an exception becomes a
            `Failure`.
        arguments: returns what a case's program is run on.
        requires, expected: see `judge.from_facts`.
        device: where programs are run.
        apart: see `program.groups`.
        ours: see `program.run`.
        step: called before cases with the number of cases finished, and of all.
        meanings: whether the meaning of the first program is read too.
    """
    ties = {*tied(all_cases), *(all_cases[:1] if meanings else ())}
    programs: dict[Case, export.Exported] = {}
    outcomes: dict[Case, Outcome] = {}
    for number, case in enumerate(all_cases):
        step(number, 2 * len(all_cases))
        with program.recording_failure(case, outcomes):
            result = answer(case)
            if isinstance(result, export.Exported):
                outcomes[case] = program.read(result, case, device, case in ties)
                programs[case] = result
            else:
                outcomes[case] = result
    known = from_facts(requires, expected, program.by_view(outcomes))
    unrun = [
        program.Unrun(case, programs[case], cast(Answer, outcomes[case]), arguments(case))
        for case in all_cases
        if case in programs and case.has_results() and known.lets_run(cast(Answer, outcomes[case]))
    ]
    finished = 2 * len(all_cases) - len(unrun)
    for group in program.groups(unrun, apart, device):
        step(finished, 2 * len(all_cases))
        outcomes |= _run(group, device, ours)
        finished += len(group)
    return outcomes


def _run(
    group: Sequence[program.Unrun], device: Device, ours: Callable[[bool], None]
) -> Mapping[Case, Outcome]:
    """Run a group of programs; if it fails, each one alone, so that each has its own outcome."""
    outcomes: dict[Case, Outcome] = {}
    if len(group) == 1:
        with program.recording_failure(group[0].case, outcomes):
            outcomes |= program.run(group, device, ours)
        return outcomes
    try:
        return program.run(group, device, ours)
    except Problem:
        raise
    except Exception:
        for unrun in group:
            outcomes |= _run([unrun], device, ours)
    return outcomes
