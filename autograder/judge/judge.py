"""From answers to a verdict. Pure: it runs nobody's code."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograder.judge.comparison import HALF, close, in_digits, platform_of, seen
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
        title: see `exercise.WrongAnswer`.
        reason: the reason of the finding that rejects it.
        advice: what to try.
        outcomes: what it gives back.
    """

    title: str
    reason: str
    advice: str
    outcomes: Outcomes


def judge(
    exercise: str,
    requires: Sequence[Requirement],
    expected: Answers,
    got: Outcomes,
    misconceptions: Sequence[Misconception] = (),
) -> Verdict:
    """Judge what an answer does on some cases.

    Args:
        exercise: its name, for the verdict.
        requires: the demands; one that is not met costs its share of the points.
        expected: what the reference does.
        got: what the answer does, on the same cases.
        misconceptions: wrong answers to compare a rejected answer with.
    """
    verdict = _judge(exercise, requires, expected, got)
    if verdict.passed:
        return verdict
    candidates = [one for one in misconceptions if one.reason == verdict.reason]
    facts = {name for want in requires if want.reason == verdict.reason for name in want.compares}
    alike = [one for one in candidates if _alike(one.outcomes, got, expected, facts)][:1]
    if not alike:
        # Another version of JAX may say the same with other words.
        alike = [
            one for one in candidates if _alike(one.outcomes, got, expected, facts, exactly=False)
        ]
    if len(alike) != 1:
        return verdict
    first = replace(verdict.findings[0], advice=alike[0].advice)
    return replace(verdict, findings=(first, *verdict.findings[1:]), misconception=alike[0].title)


def early(
    requires: Sequence[Requirement], expected: Answers | None, got: Outcomes
) -> list[Finding]:
    """What is found before anything is compiled, where that stops the answer from being compiled.

    Args:
        requires: the demands; those that need more than facts are left out.
        expected: the facts of the reference, at least those that are compared; None of the
            reference itself.
        got: what is known of the answer so far.
    """
    found: list[Finding] = []
    stops = False
    for want in requires:
        if want.early and (expected is not None or not want.compares):
            facts = {view: [_facts(one) for one in got.get(view, ())] for view in want.views}
            known = [set(want.early) <= one.facts.keys() for many in facts.values() for one in many]
            if known and all(known) and (finding := want.judge(expected or {}, facts)):
                found.append(finding)
                stops |= want.stops
    return found if stops else []


def _facts(one: Outcome) -> Answer:
    """The facts that are known of a program, even of one that is too long to be run."""
    if isinstance(one, Answer):
        return one
    return Answer("", (), (), dict(one.facts))


def _judge(
    exercise: str, requires: Sequence[Requirement], expected: Answers, got: Outcomes
) -> Verdict:
    first = requires[0].views[0]
    failures = [one for one in got[first] if isinstance(one, Failure)]
    # What can be said of a program that is too long is said first.
    if raised := [one for one in failures if not one.facts]:
        return Verdict.of_failure(exercise, raised[0])
    if findings := early(requires, expected, got):
        return Verdict(exercise, Status.WRONG, tuple(findings))
    if failures:
        return Verdict.of_failure(exercise, failures[0])
    if not all(one.ran for many in got.values() for one in many if isinstance(one, Answer)):
        words = "The program was not run, though nothing was known against it."
        return Verdict.of_failure(exercise, Failure(Status.NOT_ALLOWED, words))
    judged = [_requirement(want, expected, got) for want in requires]
    findings = [finding for finding, _, _ in judged if finding is not None]
    lost = sum(share for finding, share, _ in judged if finding is not None)
    reported = tuple(
        dict.fromkeys(
            want.reason for want, (_, _, rests) in zip(requires, judged, strict=True) if rests
        )
    )
    status = Status.WRONG if findings else Status.PASSED
    fraction = max(0.0, 1.0 - lost)
    return Verdict(exercise, status, tuple(findings), fraction=fraction, reported=reported)


def _requirement(
    want: Requirement, expected: Answers, got: Outcomes
) -> tuple[Finding | None, float, bool]:
    """What a requirement finds, the share that it costs, and whether its evidence is a report.

    A view of the function that cannot even be made is a finding.
    """
    answers = {}
    for view in want.views:
        for one in got[view]:
            if isinstance(one, Failure):
                found = Finding(want.reason, f"{want.failed} {one.message}", one.advice)
                return replace(found, reported=want.reported), want.share, want.reported
        answers[view] = got[view]
    found_or_not = want.judge(expected, answers)  # type: ignore[arg-type]  # no failure is left
    reported = want.rests_on_reports(answers)  # type: ignore[arg-type]
    share = min(want.share, MOST) if reported else want.share
    if found_or_not is not None:
        found_or_not = replace(found_or_not, reported=reported)
    return found_or_not, share, reported


def _alike(
    wrong: Outcomes,
    got: Outcomes,
    expected: Answers,
    facts: Collection[str],
    exactly: bool = True,
) -> bool:
    return all(
        len(wrong[view]) == len(got.get(view, ()))
        and all(
            _same(one, other, want, facts, exactly)
            for one, other, want in zip(wrong[view], got[view], expected[view], strict=True)
        )
        for view in wrong
    )


def _same(
    one: Outcome, other: Outcome, want: Answer, facts: Collection[str], exactly: bool
) -> bool:
    if isinstance(one, Failure) and isinstance(other, Failure):
        said, also = _said(one), _said(other)
        return said == also if exactly else one.error == other.error and _share_words(said, also)
    if isinstance(one, Failure) or isinstance(other, Failure):
        return False
    return (
        one.structure == other.structure
        and one.ran == other.ran
        and len(one.leaves) == len(other.leaves)
        and all(
            np.shape(a) == np.shape(b)
            and a.dtype == b.dtype
            and (
                bool(close(in_digits(seen(a)), in_digits(seen(b)), platform_of(other)).all())
                or _strays_alike(a, b, want.leaves[position : position + 1])
            )
            for position, (a, b) in enumerate(zip(one.leaves, other.leaves, strict=True))
        )
        and all(
            _near(one.facts[name], other.facts[name], exactly)
            for name in facts
            if name in one.facts and name in other.facts
        )
    )


def _strays_alike(one: np.ndarray, other: np.ndarray, wanted: Sequence[np.ndarray]) -> bool:
    """Whether two results in half precision lie on the same side of the expected one.

    How often a wrong computation is rounded on its way differs from processor to processor, so that
    its digits say nothing; the direction in which it strays does.
    """
    if one.dtype.name not in HALF or not wanted or wanted[0].shape != one.shape:
        return False
    sides = [
        np.where(close(wanted[0], got), 0.0, np.sign(got.astype(float) - wanted[0].astype(float)))
        for got in (one, other)
    ]
    return all(side.any() for side in sides) and bool((sides[0] * sides[1] >= 0).all())


def _near(fact: Any, other: Any, exactly: bool) -> bool:
    """Whether two programs may owe a fact to the same mistake."""
    if isinstance(fact, Mapping):
        return set(fact) == set(other)
    if isinstance(fact, int):
        return fact <= 1.5 * other and other <= 1.5 * fact
    # What was released has lists in place of tuples.
    return not exactly or json.dumps(fact) == json.dumps(other)


def _said(failure: Failure) -> str:
    """What a failure says, without the numbers that depend on the case."""
    return f"{failure.error}: {re.sub(r'[0-9]+', '', failure.message)}"


def _share_words(said: str, also: str) -> bool:
    """Whether half of the words of the shorter sentence are in the other one."""
    one, other = (set(re.findall(r"[a-z_]{3,}", words.lower())) for words in (said, also))
    return 2 * len(one & other) >= min(len(one), len(other))
