"""Which listed wrong answer a rejected answer behaves like, if its behaviour singles one out.

An answer does the same as a listed one if it strays from what is right by the same amounts, or if
its program breaks the same rule in the same way. Where two listed ones do, neither is named.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.judge.comparison import HALF, close, in_digits, platform_of, shortened
from autograder.judge.requirements.programs import uses
from autograder.judge.requirements.requirement import Requirement
from autograder.judge.verdict import Answer, Answers, Failure, Outcome, Outcomes

_PLAIN = """
abs add and atan2 bitcast_convert broadcast_in_dim call cbrt ceil clamp compare complex
concatenate constant convert cosine divide dynamic_slice dynamic_update_slice erf exponential
exponential_minus_one floor gather imag iota is_finite log log_plus_one logistic maximum minimum
multiply negate not optimization_barrier or pad partition_id popcnt power real reduce
reduce_precision remainder reshape return reverse round_nearest_even rsqrt sdy.manual_computation
sdy.return sdy.sharding_constraint select shift_left shift_right_arithmetic shift_right_logical
sign sine slice sqrt subtract tan tanh transpose xor
"""
PLAIN = frozenset(_PLAIN.split())
"""The operations that stand in programs of every kind; the others tell how a program works."""
EXACT = 0.004
"""How far two results that stray alike may be apart, as a share of how far they stray."""
ROUNDING = 4e-6
"""The same as a share of the largest entry: processors round differently."""
AS_FAR = 1.9
"""How many times as far a result in half precision may stray on another processor; measured: up to
1.8 times for the same computation, and 2 times for another one."""
READ = ("batch loop", "branch", "communication", "memory", "operation", "platform", "work")
"""The reasons of findings about how a program works: results that are right do not tell why."""


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


def singled_out(
    listed: Sequence[Misconception],
    reason: str,
    requires: Sequence[Requirement],
    expected: Answers,
    answer: Outcomes,
) -> Misconception | None:
    """The only listed wrong answer that does what the answer does; None if there is not just one.

    Args:
        listed: what the listed wrong answers do on the same cases.
        reason: why the answer is rejected.
        requires: the requirements of the exercise.
        expected: what the reference does.
        answer: what the answer does.
    """
    candidates = [one for one in listed if one.reason == reason]
    facts = {
        name
        for requirement in requires
        if requirement.reason == reason
        for name in requirement.compares
    }
    # Another version of JAX may word the same error differently, and another processor may round
    # differently.
    for exactly in (True, False):
        matching = [
            one
            for one in candidates
            if _behaves_like(one.outcomes, answer, expected, facts, exactly)
            and (reason not in READ or _works_like(one.outcomes, answer, requires, reason))
        ]
        if matching:
            return matching[0] if len(matching) == 1 else None
    return None


def telling(facts: Mapping[str, Any], requires: Sequence[Requirement]) -> dict[str, int]:
    """How often a program has each operation that tells how it works."""
    asked = {one.operation for one in requires if isinstance(one, uses)}
    return {
        name: count
        for name, count in facts.get("by_name", {}).items()
        if name not in PLAIN or name in asked
    }


def _works_like(
    wrong: Outcomes, answer: Outcomes, requires: Sequence[Requirement], reason: str
) -> bool:
    """Whether the programs of two answers break the same rule in the same way."""
    facts, others = (
        [outcome.facts for outcome in side.get("value", ()) if "operations" in outcome.facts]
        for side in (wrong, answer)
    )
    if not facts or not others:
        return True  # released data of an older version do not have these facts
    if reason == "batch loop":
        return grows_alike(facts, others)
    if not all("by_name" in one[0] for one in (facts, others)):
        return True
    first, other = (telling(one[0], requires) for one in (facts, others))
    broken = [_broken(requires, names) for names in (first, other)]
    if reason == "operation" and broken[0][:1] != broken[1][:1]:
        return False
    # That an operation is there which must not be says enough; that one is missing does not.
    if reason == "operation" and broken[0] and first.get(broken[0][0], 0):
        return True
    # What stands outside of a branch may be the operation of the listed answer, or one more.
    return first == other if reason == "branch" else first.keys() == other.keys()


def grows_alike(facts: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]) -> bool:
    """Whether two programs become longer with the batch by about the same factor.

    A loop over something else, or one that always turns as often, grows by another.
    """
    factors = []
    for programs in (facts, others):
        lengths = {one["size"]: one["operations"] for one in programs if "size" in one}
        if len(lengths) < 2:
            return True
        factors.append(lengths[max(lengths)] / max(1, lengths[min(lengths)]))
    return max(factors) <= 1.5 * min(factors)


def _broken(requires: Sequence[Requirement], names: Mapping[str, int]) -> list[str]:
    """The operations that a program has too often, or not often enough, in order."""
    program = {"value": [Answer("", (), (), {"by_name": names})]}
    return [one.operation for one in requires if isinstance(one, uses) and one.judge({}, program)]


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
        and (
            not (wrong_outcome.ran and outcome.ran)
            or _has_same_leaves(wrong_outcome, outcome, reference, exactly)
        )
        and all(
            _similar_facts(wrong_outcome.facts[name], outcome.facts[name])
            for name in facts
            if name in wrong_outcome.facts and name in outcome.facts
        )
    )


def _has_same_leaves(wrong: Answer, answer: Answer, reference: Answer, exactly: bool) -> bool:
    return len(wrong.leaves) == len(answer.leaves) and all(
        np.shape(a) == np.shape(b)
        and a.dtype == b.dtype
        and (
            _strays_alike(a, b, reference.leaves[position : position + 1], platform_of(answer))
            or (
                not exactly
                and _strays_to_same_side(a, b, reference.leaves[position : position + 1])
            )
        )
        for position, (a, b) in enumerate(zip(wrong.leaves, answer.leaves, strict=True))
    )


def _strays_alike(
    wrong_leaf: np.ndarray, leaf: np.ndarray, expected: Sequence[np.ndarray], platform: str
) -> bool:
    """Whether two results are the same, up to a small share of what they are wrong by."""
    wrong, got = in_digits(shortened(wrong_leaf)), in_digits(shortened(leaf))
    if not close(wrong, got, platform).all():
        return False
    is_comparable = bool(expected) and expected[0].shape == wrong_leaf.shape
    if platform != "cpu" or wrong.dtype.kind != "f" or not is_comparable:
        return True
    with np.errstate(invalid="ignore"):
        right = shortened(expected[0]).astype(np.float64)
        apart, strays = (
            np.nan_to_num(np.abs(one - wrong.astype(np.float64)), posinf=0.0, neginf=0.0)
            for one in (got.astype(np.float64), right)
        )
    scale = np.abs(wrong[np.isfinite(wrong)]).max(initial=0.0)
    most = strays.max(initial=0.0)
    # Where the listed answer is right, so is the other one, up to the tolerance.
    with np.errstate(over="ignore"):
        is_right = bool(close(right.astype(wrong.dtype), wrong, platform).all())
    return is_right or bool(apart.max(initial=0.0) <= EXACT * most + ROUNDING * scale)


def _strays_to_same_side(
    wrong_leaf: np.ndarray, leaf: np.ndarray, expected: Sequence[np.ndarray]
) -> bool:
    """Whether two results in half precision lie on the same side of the expected one.

    Processors round a wrong computation differently, so its digits mean nothing. Whether it is
    too large or too small does, and roughly by how much.
    """
    if wrong_leaf.dtype.name not in HALF or not expected or expected[0].shape != wrong_leaf.shape:
        return False
    right, *results = map(shortened, (expected[0], wrong_leaf, leaf))
    sides = [
        np.where(close(right, result), 0.0, np.sign(result.astype(float) - right.astype(float)))
        for result in results
    ]
    strays = [np.abs(one.astype(float) - right.astype(float)).sum() for one in results]
    is_as_far = max(strays) < AS_FAR * min(strays)
    same_sides = bool((sides[0] * sides[1] >= 0).all())
    return is_as_far and all(side.any() for side in sides) and same_sides


def _similar_facts(wrong_fact: Any, fact: Any) -> bool:
    """Whether the same mistake may explain this fact of two programs."""
    if isinstance(wrong_fact, Mapping):
        return set(wrong_fact) == set(fact)
    if isinstance(wrong_fact, int):
        return wrong_fact <= 1.5 * fact and fact <= 1.5 * wrong_fact
    # Released data have lists instead of tuples.
    return json.dumps(wrong_fact) == json.dumps(fact)


def _without_numbers(failure: Failure) -> str:
    """The message of a failure without numbers, which depend on the case."""
    return f"{failure.error}: {re.sub(r'[0-9]+', '', failure.message)}"


def _share_words(message: str, other_message: str) -> bool:
    """Whether two sentences have three quarters of their words in common."""
    first, second = (
        set(re.findall(r"[a-z_]{3,}", text.lower())) for text in (message, other_message)
    )
    return 4 * len(first & second) >= 3 * max(len(first), len(second))
