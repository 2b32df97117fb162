"""From answers to a verdict. Pure: it runs no code of a student."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from autograder.judge import likeness
from autograder.judge.likeness import Misconception as Misconception
from autograder.judge.requirements.reported import MOST
from autograder.judge.requirements.requirement import Requirement
from autograder.judge.verdict import (
    Answer,
    Answers,
    Evidence,
    Failure,
    Finding,
    Outcome,
    Outcomes,
    Part,
    Status,
    Verdict,
)


def judge(
    exercise: str,
    requires: Sequence[Requirement],
    expected: Answers,
    answer: Outcomes,
    misconceptions: Sequence[Misconception] = (),
) -> Verdict:
    """Judge what an answer does on some cases.

    Args:
        exercise: the name of the exercise, for the verdict.
        requires: the requirements. One that is not met costs its share of the points; an answer
            with wrong results earns nothing.
        expected: what the reference does.
        answer: what the answer does, on the same cases.
        misconceptions: wrong answers to compare a rejected answer with.
    """
    verdict = _judge(exercise, requires, expected, answer)
    if verdict.passed:
        return verdict
    listed = likeness.singled_out(misconceptions, verdict.reason, requires, expected, answer)
    if listed is None:
        return verdict
    first = replace(verdict.findings[0], advice=listed.advice)
    return replace(verdict, findings=(first, *verdict.findings[1:]), misconception=listed.title)


MOST_RUN = 4000
"""The longest program, calls written out, that is run although facts have rejected the answer: its
results may earn a part of the points. Compiling 3,600 operations took 1.9 s of processor time, and
4,500 took 13 s, see `program.ONCE_UP_TO`."""
MOST_WORK = 10**8
"""The most work of such a program, see `work`: it runs for about a second."""


@dataclass(frozen=True)
class FromFacts:
    """What is known of an answer before a program of it is compiled.

    Attributes:
        findings: by position, what the requirements find that facts can decide; None if one is met.
        stops: whether the answer is rejected, and running it may take very long.
        costs_all: whether it earns nothing, whatever its results are.
    """

    findings: Mapping[int, Finding | None]
    stops: bool
    costs_all: bool

    def lets_run(self, program: Answer) -> bool:
        """Whether a program that was read is run: one that is short, if it may earn points."""
        length, work = program.facts["written_out"], program.facts["work"]
        is_short = bool(length <= MOST_RUN and work <= MOST_WORK)
        return not self.stops or (not self.costs_all and is_short)

    def counts(self, outcome: Outcome) -> bool:
        """Whether an outcome is judged: not that of a program which was too long to be run."""
        has_ended = outcome.ran if isinstance(outcome, Answer) else not outcome.facts
        return not self.stops or has_ended


def from_facts(
    requires: Sequence[Requirement], expected: Answers | None, answer: Outcomes
) -> FromFacts:
    """Judge an answer before it is compiled.

    Args:
        requires: the requirements; those that need more than facts are skipped.
        expected: the facts of the reference, at least those that are compared; None when the
            reference itself is judged.
        answer: what is known of the answer so far.
    """
    findings: dict[int, Finding | None] = {}
    for position, requirement in enumerate(requires):
        if requirement.early and (expected is not None or not requirement.compares):
            facts = {
                view: [_facts(outcome) for outcome in answer.get(view, ())]
                for view in requirement.views
            }
            is_known = [
                set(requirement.early) <= outcome.facts.keys()
                for outcomes in facts.values()
                for outcome in outcomes
            ]
            if is_known and all(is_known):
                findings[position] = requirement.judge(expected or {}, facts)
    unmet = [requires[position] for position, finding in findings.items() if finding]
    return FromFacts(
        findings,
        any(requirement.stops for requirement in unmet),
        sum(requirement.share for requirement in unmet) > 1 - SMALLEST,
    )


def _facts(outcome: Outcome) -> Answer:
    """The facts that are known of a program, even of one that is too long to be run."""
    if isinstance(outcome, Answer):
        return outcome
    return Answer("", (), (), dict(outcome.facts))


def _judge(
    exercise: str, requires: Sequence[Requirement], expected: Answers, answer: Outcomes
) -> Verdict:
    first = requires[0].views[0]
    failures = [
        (outcome, case)
        for case, outcome in enumerate(answer[first])
        if isinstance(outcome, Failure)
    ]
    # A program that is too long has facts, and a finding about them says more than the failure.
    if raised := [failed for failed in failures if not failed[0].facts]:
        return Verdict.of_failure(exercise, *raised[0])
    known = from_facts(requires, expected, answer)
    if failures and not known.stops:
        return Verdict.of_failure(exercise, *failures[0])
    if any(
        isinstance(outcome, Answer) and not outcome.ran and known.lets_run(outcome)
        for outcomes in answer.values()
        for outcome in outcomes
    ):
        message = "The program was not run, although no rule forbids it."
        return Verdict.of_failure(exercise, Failure(Status.NOT_ALLOWED, message))
    if known.stops and (known.costs_all or not known.counts(answer[first][0])):
        findings = tuple(finding for finding in known.findings.values() if finding)
        return Verdict(exercise, Status.WRONG, findings)
    judged = [
        _Judged(requirement, known.findings[position], requirement.share)
        if known.stops and position in known.findings
        else _judge_requirement(requirement, expected, answer, known)
        for position, requirement in enumerate(requires)
    ]
    # What could not be found out is said last: it is not why the answer is rejected.
    ordered = sorted(judged, key=lambda one: one.is_unknown)
    findings = tuple(one.finding for one in ordered if one.finding)
    parts = _parts(judged)
    fraction = round(sum(part.share for part in parts if part.met), 9)
    return Verdict(
        exercise,
        Status.PASSED if not findings else Status.PARTLY if fraction else Status.WRONG,
        findings,
        fraction=fraction,
        reported=tuple(dict.fromkeys(one.requirement.reason for one in judged if one.is_reported)),
        parts=parts if len(parts) > 1 and fraction else (),
    )


SMALLEST = 1e-9
"""Shares are sums of decimal fractions, which are equal up to this."""


@dataclass(frozen=True)
class _Judged:
    """What a requirement finds.

    Attributes:
        requirement: the requirement.
        finding: why it is not met; None if it is.
        share: the share of the points that it carries for this answer.
        is_reported: whether its evidence is a report.
        is_unknown: whether nobody knows, because the programs are too long to be run.
    """

    requirement: Requirement
    finding: Finding | None
    share: float
    is_reported: bool = False
    is_unknown: bool = False


def _parts(judged: Sequence[_Judged]) -> tuple[Part, ...]:
    """How the points are split; not at all if something is not met that earns nothing without."""
    split = [one for one in judged if one.share < 1]
    if any(one.finding for one in judged if one.share >= 1):
        return ()
    results = [one.requirement.part for one in judged if one.requirement.judges_results]
    rest = max(0.0, round(1 - sum(one.share for one in split), 9))
    return (
        Part(results[0] if results else "the results", rest, True),
        *(Part(one.requirement.part, one.share, one.finding is None) for one in split),
    )


def _judge_requirement(
    requirement: Requirement, expected: Answers, answer: Outcomes, known: FromFacts
) -> _Judged:
    """What a requirement finds; that a view of the function cannot be made is a finding too.

    Results are judged on the cases that were run.
    """
    ran = {
        view: [case for case, outcome in enumerate(answer[view]) if known.counts(outcome)]
        for view in requirement.views
    }
    is_whole = all(len(ran[view]) == len(answer[view]) for view in ran)
    if not all(ran.values()) or (requirement.measures and not is_whole):
        message = f"The program is too long to find out about {requirement.part}."
        finding = Finding(requirement.reason, message)
        return _Judged(requirement, finding, requirement.share, is_unknown=True)
    for view, cases in ran.items():
        for case in cases:
            if isinstance(outcome := answer[view][case], Failure):
                message = f"{requirement.failed} {outcome.told}"
                failed = Finding(requirement.reason, message, outcome.advice, Evidence(case))
                failed = replace(failed, reported=requirement.reported)
                return _Judged(requirement, failed, requirement.share, requirement.reported)
    wanted, answers = (
        {view: [side[view][case] for case in cases] for view, cases in ran.items()}
        for side in (expected, answer)
    )
    found = requirement.judge(wanted, answers)  # type: ignore[arg-type]  # no failure is left
    is_reported = requirement.rests_on_reports(answers)  # type: ignore[arg-type]
    if found is not None:
        found = replace(found, reported=is_reported)
        if evidence := found.evidence:
            case = ran[requirement.views[0]][evidence.case]
            found = replace(found, evidence=replace(evidence, case=case))
    share = min(requirement.share, MOST) if is_reported else requirement.share
    return _Judged(requirement, found, share, is_reported)
