"""From answers to a verdict. Pure: it runs no code of a student."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograder.judge.comparison import HALF, close, in_digits, platform_of, shortened
from autograder.judge.requirements.reported import MOST
from autograder.judge.requirements.requirement import Requirement
from autograder.judge.verdict import (
    Answer,
    Answers,
    Failure,
    Finding,
    Outcome,
    Outcomes,
    Status,
    Verdict,
)


@dataclass(frozen=True)
class Misconception:
    """What a listed wrong answer does on the same cases.

    Attributes:
        title: see `specification.WrongAnswer`.
        reason: the reason of the finding that rejects it.
        advice: what to try.
        outcomes: what it returns.
    """

    title: str
    reason: str
    advice: str
    outcomes: Outcomes


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
    candidates = [
        misconception for misconception in misconceptions if misconception.reason == verdict.reason
    ]
    facts = {
        name
        for requirement in requires
        if requirement.reason == verdict.reason
        for name in requirement.compares
    }
    matching = [
        misconception
        for misconception in candidates
        if _behaves_like(misconception.outcomes, answer, expected, facts)
    ][:1]
    if not matching:
        # Another version of JAX may word the same error differently.
        matching = [
            misconception
            for misconception in candidates
            if _behaves_like(misconception.outcomes, answer, expected, facts, exactly=False)
        ]
    if len(matching) != 1:
        return verdict
    first = replace(verdict.findings[0], advice=matching[0].advice)
    return replace(
        verdict, findings=(first, *verdict.findings[1:]), misconception=matching[0].title
    )


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
    failures = [outcome for outcome in answer[first] if isinstance(outcome, Failure)]
    # A program that is too long has facts, and a finding about them says more than the failure.
    if raised := [outcome for outcome in failures if not outcome.facts]:
        return Verdict.of_failure(exercise, raised[0])
    if findings := early_findings(requires, expected, answer):
        return Verdict(exercise, Status.WRONG, tuple(findings))
    if failures:
        return Verdict.of_failure(exercise, failures[0])
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
        for outcome in answer[view]:
            if isinstance(outcome, Failure):
                message = f"{requirement.failed} {outcome.message}"
                failed = Finding(requirement.reason, message, outcome.advice)
                failed = replace(failed, reported=requirement.reported)
                return failed, requirement.share, requirement.reported
        answers[view] = answer[view]
    finding = requirement.judge(expected, answers)  # type: ignore[arg-type]  # no failure is left
    reported = requirement.rests_on_reports(answers)  # type: ignore[arg-type]
    share = min(requirement.share, MOST) if reported else requirement.share
    if finding is not None:
        finding = replace(finding, reported=reported)
    return finding, share, reported


def _behaves_like(
    wrong: Outcomes,
    answer: Outcomes,
    expected: Answers,
    facts: Collection[str],
    exactly: bool = True,
) -> bool:
    return all(
        len(wrong[view]) == len(answer.get(view, ()))
        and all(
            _same_outcome(wrong_outcome, outcome, reference, facts, exactly)
            for wrong_outcome, outcome, reference in zip(
                wrong[view], answer[view], expected[view], strict=True
            )
        )
        for view in wrong
    )


def _same_outcome(
    wrong_outcome: Outcome,
    outcome: Outcome,
    reference: Answer,
    facts: Collection[str],
    exactly: bool,
) -> bool:
    if isinstance(wrong_outcome, Failure) and isinstance(outcome, Failure):
        messages = _without_numbers(wrong_outcome), _without_numbers(outcome)
        if exactly:
            return messages[0] == messages[1]
        return wrong_outcome.error == outcome.error and _share_words(*messages)
    if isinstance(wrong_outcome, Failure) or isinstance(outcome, Failure):
        return False
    return (
        wrong_outcome.structure == outcome.structure
        and wrong_outcome.ran == outcome.ran
        and len(wrong_outcome.leaves) == len(outcome.leaves)
        and all(
            np.shape(a) == np.shape(b)
            and a.dtype == b.dtype
            and (
                bool(
                    close(
                        in_digits(shortened(a)), in_digits(shortened(b)), platform_of(outcome)
                    ).all()
                )
                or _strays_to_same_side(a, b, reference.leaves[position : position + 1])
            )
            for position, (a, b) in enumerate(
                zip(wrong_outcome.leaves, outcome.leaves, strict=True)
            )
        )
        and all(
            _similar_facts(wrong_outcome.facts[name], outcome.facts[name], exactly)
            for name in facts
            if name in wrong_outcome.facts and name in outcome.facts
        )
    )


def _strays_to_same_side(
    wrong_leaf: np.ndarray, leaf: np.ndarray, expected: Sequence[np.ndarray]
) -> bool:
    """Whether two results in half precision lie on the same side of the expected one.

    Processors round a wrong computation differently, so its digits mean nothing. Whether it is
    too large or too small does.
    """
    if wrong_leaf.dtype.name not in HALF or not expected or expected[0].shape != wrong_leaf.shape:
        return False
    right, *results = map(shortened, (expected[0], wrong_leaf, leaf))
    sides = [
        np.where(close(right, result), 0.0, np.sign(result.astype(float) - right.astype(float)))
        for result in results
    ]
    return all(side.any() for side in sides) and bool((sides[0] * sides[1] >= 0).all())


def _similar_facts(wrong_fact: Any, fact: Any, exactly: bool) -> bool:
    """Whether the same mistake may explain this fact of two programs."""
    if isinstance(wrong_fact, Mapping):
        return set(wrong_fact) == set(fact)
    if isinstance(wrong_fact, int):
        return wrong_fact <= 1.5 * fact and fact <= 1.5 * wrong_fact
    # Released data have lists instead of tuples.
    return not exactly or json.dumps(wrong_fact) == json.dumps(fact)


def _without_numbers(failure: Failure) -> str:
    """The message of a failure without numbers, which depend on the case."""
    return f"{failure.error}: {re.sub(r'[0-9]+', '', failure.message)}"


def _share_words(message: str, other_message: str) -> bool:
    """Whether half of the words of the shorter sentence are in the other one."""
    first, second = (
        set(re.findall(r"[a-z_]{3,}", text.lower())) for text in (message, other_message)
    )
    return 2 * len(first & second) >= min(len(first), len(second))
