"""From answers to a verdict. Pure: it runs no code of a student."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

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
        requires: the requirements; one that is not met costs its share of the points.
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


def early_findings(
    requires: Sequence[Requirement], expected: Answers | None, answer: Outcomes
) -> list[Finding]:
    """The findings made before compiling, if they stop the answer from being compiled; else none.

    Args:
        requires: the requirements; those that need more than facts are skipped.
        expected: the facts of the reference, at least those that are compared; None when the
            reference itself is judged.
        answer: what is known of the answer so far.
    """
    findings: list[Finding] = []
    stops = False
    for requirement in requires:
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
            if is_known and all(is_known) and (finding := requirement.judge(expected or {}, facts)):
                findings.append(finding)
                stops |= requirement.stops
    return findings if stops else []


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
    if findings := early_findings(requires, expected, answer):
        return Verdict(exercise, Status.WRONG, tuple(findings))
    if failures:
        return Verdict.of_failure(exercise, *failures[0])
    if not all(
        outcome.ran
        for outcomes in answer.values()
        for outcome in outcomes
        if isinstance(outcome, Answer)
    ):
        message = "The program was not run, although no rule forbids it."
        return Verdict.of_failure(exercise, Failure(Status.NOT_ALLOWED, message))
    judged = [_judge_requirement(requirement, expected, answer) for requirement in requires]
    findings = [finding for finding, _, _ in judged if finding is not None]
    lost = sum(share for finding, share, _ in judged if finding is not None)
    reported = tuple(
        dict.fromkeys(
            requirement.reason
            for requirement, (_, _, rests) in zip(requires, judged, strict=True)
            if rests
        )
    )
    status = Status.WRONG if findings else Status.PASSED
    fraction = max(0.0, 1.0 - lost)
    return Verdict(exercise, status, tuple(findings), fraction=fraction, reported=reported)


def _judge_requirement(
    requirement: Requirement, expected: Answers, answer: Outcomes
) -> tuple[Finding | None, float, bool]:
    """What a requirement finds, the share that it costs, and whether its evidence is a report.

    A view of the function that cannot be made is a finding too.
    """
    answers = {}
    for view in requirement.views:
        for case, outcome in enumerate(answer[view]):
            if isinstance(outcome, Failure):
                message = f"{requirement.failed} {outcome.told}"
                failed = Finding(requirement.reason, message, outcome.advice, Evidence(case))
                failed = replace(failed, reported=requirement.reported)
                return failed, requirement.share, requirement.reported
        answers[view] = answer[view]
    finding = requirement.judge(expected, answers)  # type: ignore[arg-type]  # no failure is left
    reported = requirement.rests_on_reports(answers)  # type: ignore[arg-type]
    share = min(requirement.share, MOST) if reported else requirement.share
    if finding is not None:
        finding = replace(finding, reported=reported)
    return finding, share, reported
