"""From answers to a verdict. Pure: it runs nobody's code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from autograder.requirements import Requirement, close
from autograder.verdict import Answer, Failure, Status, Verdict

Outcome = Answer | Failure


@dataclass(frozen=True)
class Lookalike:
    """What a listed wrong answer does on the same cases.

    Attributes:
        title: see `exercise.WrongAnswer`.
        reason: the reason of the finding that rejects it.
        advice: what to try.
        outcomes: one per case, or none where the reason alone tells it from the others.
    """

    title: str
    reason: str
    advice: str
    outcomes: tuple[Outcome, ...] = ()


def judge(
    exercise: str,
    requires: Sequence[Requirement],
    expected: Sequence[Answer],
    got: Sequence[Outcome],
    lookalikes: Sequence[Lookalike] = (),
) -> Verdict:
    """Judge the outcomes of an answer on some cases.

    Args:
        exercise: its name, for the verdict.
        requires: the demands; the first that is not met decides.
        expected: the reference's answers, one per case.
        got: the outcomes of the answer to judge, in the same order.
        lookalikes: wrong answers to compare a rejected answer with.
    """
    verdict = _judge(exercise, requires, expected, got)
    if verdict.passed:
        return verdict
    for lookalike in lookalikes:
        if lookalike.reason == verdict.reason and _alike(lookalike.outcomes, got):
            first = replace(verdict.findings[0], advice=lookalike.advice)
            return replace(
                verdict, findings=(first, *verdict.findings[1:]), lookalike=lookalike.title
            )
    return verdict


def _judge(
    exercise: str,
    requires: Sequence[Requirement],
    expected: Sequence[Answer],
    got: Sequence[Outcome],
) -> Verdict:
    answers: list[Answer] = []
    for outcome in got:
        if isinstance(outcome, Failure):
            return Verdict.of_failure(exercise, outcome)
        answers.append(outcome)
    findings = tuple(
        finding for want in requires if (finding := want.judge(expected, answers)) is not None
    )
    if findings:
        return Verdict(exercise, Status.WRONG, findings)
    return Verdict(exercise, Status.PASSED, fraction=1.0)


def _alike(wrong: Sequence[Outcome], got: Sequence[Outcome]) -> bool:
    return all(_same(one, other) for one, other in zip(wrong, got, strict=False))


def _same(one: Outcome, other: Outcome) -> bool:
    if isinstance(one, Failure) or isinstance(other, Failure):
        return (
            isinstance(one, Failure) and isinstance(other, Failure) and _said(one) == _said(other)
        )
    return one.structure == other.structure and all(
        np.shape(a) == np.shape(b) and a.dtype == b.dtype and bool(close(a, b).all())
        for a, b in zip(one.leaves, other.leaves, strict=True)
    )


def _said(failure: Failure) -> tuple[str, str]:
    """What a failure says, without the numbers that depend on the case."""
    return failure.error, re.sub(r"\d+", "", failure.message)
