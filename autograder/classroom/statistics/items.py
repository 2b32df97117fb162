"""What a class earned in each exercise: how difficult it was, and whom it told apart."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

ENOUGH = 20
"""From how many students on a discrimination is computed: with fewer it is mostly chance."""


class Kind(StrEnum):
    """What became of one answer; the order is that of a bar."""

    PASSED = "passed"
    PARTLY = "partly right"
    FAILED = "not passed"
    MISSING = "missing"
    WAITING = "waiting for a person"


@dataclass(frozen=True)
class Earned:
    """What a student's answer to an exercise earned.

    Attributes:
        kind: what became of it.
        points: what it adds to the student's score.
        share: the share of the exercise's points.
    """

    kind: Kind
    points: float
    share: float

    @property
    def is_attempt(self) -> bool:
        """Whether something was handed in, and judged."""
        return self.kind not in (Kind.MISSING, Kind.WAITING)


@dataclass(frozen=True)
class Item:
    """An exercise, or a written answer, as the class did it.

    Attributes:
        name: its name.
        points: the most points.
        counts: how many answers are of each kind.
        share: the mean share of the points, of those who attempted it; None if nobody did. The
            lower, the more difficult.
        discrimination: the correlation between the share of this exercise and the points for
            everything else, of those who attempted it: the item-rest correlation. None below
            `ENOUGH` students, or if all of them have the same.
    """

    name: str
    points: float
    counts: Counter[Kind]
    share: float | None
    discrimination: float | None

    @property
    def attempts(self) -> int:
        """How many attempted it."""
        return self.counts.total() - self.counts[Kind.MISSING] - self.counts[Kind.WAITING]


def analysed(points: Mapping[str, float], earned: Sequence[Mapping[str, Earned]]) -> list[Item]:
    """The items of an assignment.

    Args:
        points: the most points of each item, by name, in the order of the notebook.
        earned: for each student, what each answer earned; an item may be missing.
    """
    totals = [sum(answer.points for answer in answers.values()) for answers in earned]
    items = []
    for name, most in points.items():
        pairs = [
            (answers[name], total)
            for answers, total in zip(earned, totals, strict=True)
            if name in answers
        ]
        attempts = [(answer, total) for answer, total in pairs if answer.is_attempt]
        shares = [answer.share for answer, _ in attempts]
        rests = [total - answer.points for answer, total in attempts]
        counts = Counter(answer.kind for answer, _ in pairs)
        mean = statistics.fmean(shares) if shares else None
        items.append(Item(name, most, counts, mean, _discrimination(shares, rests)))
    return items


def _discrimination(shares: Sequence[float], rests: Sequence[float]) -> float | None:
    if len(shares) < ENOUGH:
        return None
    try:
        return statistics.correlation(shares, rests)
    except statistics.StatisticsError:  # all shares, or all rests, are the same
        return None
