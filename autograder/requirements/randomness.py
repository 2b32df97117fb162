"""Requirements on random numbers: their keys, their distribution, their independence."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

import numpy as np

from autograder.judge.comparison import compare
from autograder.judge.verdict import Answer, Answers, Finding
from autograder.requirements.requirement import Requirement

SHORTEST = 30
"""Entries that a correlation is computed from at least."""


@dataclasses.dataclass(frozen=True)
class uses_keys_once(Requirement):
    """No key of the program is used twice. Reason: `key reuse`.

    Raw and typed keys alike: a key that was drawn from is spent, and so are the children of a split
    and a number that was folded in; see `judge.keys`.
    """

    reason: ClassVar[str] = "key reuse"
    blind: ClassVar[str] = (
        "one key for all of a vmap, for which the program draws once; a split, and a number folded "
        "in beyond its children; equal keys that are computed in different ways; generators other "
        "than threefry"
    )

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        if not any(answer.facts["reused_keys"] for answer in got["value"]):
            return None
        return Finding(
            self.reason,
            "A key is used twice, so two of your random numbers are not independent.",
            "Split the key once for every draw, and use each new key once.",
        )


@dataclasses.dataclass(frozen=True)
class distributed_like_reference(Requirement):
    """The result is a sample of the distribution of the reference's, whatever keys it is from.

    A two-sample Kolmogorov-Smirnov test of each leaf, all its entries taken together. An answer
    that is right is rejected at most `false_alarms` times in a grading, all leaves and cases
    together, by P(D > d) <= 2 exp(-d² n), which holds for two samples of n >= 458 (F. Wei and
    R. M. Dudley, Two-sample Dvoretzky-Kiefer-Wolfowitz inequalities, 2012,
    doi:10.1016/j.spl.2011.12.013); with smaller ones nearly. Choose sizes that give thousands.

    Reasons: `distribution`, and `structure`, `shape`, `dtype` as for `matches_reference`.

    Args:
        false_alarms: the rate of false alarms.
    """

    false_alarms: float = 1e-6
    reason: ClassVar[str] = "distribution"
    blind: ClassVar[str] = (
        "the order of the entries; a difference of the cumulative distributions below "
        "sqrt(ln(2 tests / false_alarms) / n)"
    )

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        tests = sum(len(answer.leaves) for answer in expected["value"])
        for case, (want, have) in enumerate(zip(expected["value"], got["value"], strict=True)):
            finding = compare(case, want, have)
            if finding is not None and finding.reason != "values":
                return finding
            for one, other in zip(want.leaves, have.leaves, strict=True):
                allowed = math.sqrt(math.log(2 * tests / self.false_alarms) / max(one.size, 1))
                if not _distance(one, other) <= allowed:
                    return Finding(
                        self.reason,
                        "The numbers are not distributed as they should be.",
                        "Look at a histogram, the mean and the standard deviation of your result.",
                    )
        return None


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    """The largest distance of two empirical distributions; NaN where there is one in either."""
    samples = [np.sort(array.astype(np.float64), axis=None) for array in (one, other)]
    if any(np.isnan(sample).any() for sample in samples):
        return math.nan
    at = np.concatenate(samples)
    first, second = (np.searchsorted(sample, at, side="right") / sample.size for sample in samples)
    return float(np.abs(first - second).max(initial=0.0))


@dataclasses.dataclass(frozen=True)
class independent_streams(Requirement):
    """The rows of each result, its leaves, and the results for different keys, are not correlated.

    The correlation r of n independent pairs lies beyond z / sqrt(n) with the probability that a
    normal variable lies beyond z. That holds for large n; rows of fewer than `SHORTEST` entries
    are left out.
    An answer that is right is rejected at most `false_alarms` times in a grading, all pairs
    together. Reason: `correlated`.

    Args:
        false_alarms: the rate of false alarms.
    """

    false_alarms: float = 1e-6
    reason: ClassVar[str] = "correlated"
    blind: ClassVar[str] = "dependence that is no linear correlation; rows of fewer than 30 entries"

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        found = list(_correlations(got["value"]))
        pairs = sum(r.size for r, _ in found)
        for r, n in found:
            # P(|Z| > z) < exp(-z²/2)
            if (abs(r) > math.sqrt(2 * math.log(pairs / self.false_alarms) / n)).any():
                return Finding(
                    self.reason,
                    "Numbers that should have nothing to do with each other are correlated.",
                    "Every row and every call needs a key of its own: look for a key that is used "
                    "for all of them, or that does not come from the argument.",
                )
        return None


def _correlations(answers: Sequence[Answer]) -> Iterator[tuple[np.ndarray, int]]:
    """Of rows, of leaves and of results, two of them cut to equal length, with that length."""
    for answer in answers:
        for leaf in answer.leaves:
            if leaf.ndim >= 2 and len(leaf) >= 2 and leaf[0].size >= SHORTEST:
                yield _between(leaf.reshape(len(leaf), -1)), leaf[0].size
        yield from _between_two(itertools.combinations(answer.leaves, 2))
    for one, other in itertools.combinations(answers, 2):
        if all(one.facts[name] == other.facts[name] for name in ("size", "again")):
            continue  # The same keys, on another mesh or in another dtype.
        # An answer may have as many leaves as its batch is large.
        yield from _between_two(zip(one.leaves, other.leaves, strict=False))


def _between_two(
    pairs: Iterable[tuple[np.ndarray, np.ndarray]],
) -> Iterator[tuple[np.ndarray, int]]:
    for a, b in pairs:
        n = min(a.size, b.size)
        if n >= SHORTEST:
            yield _between(np.stack([a.ravel()[:n], b.ravel()[:n]])), n


def _between(rows: np.ndarray) -> np.ndarray:
    """The correlations of all pairs of rows; 0 where a row does not vary."""
    with np.errstate(invalid="ignore", divide="ignore"):
        matrix = np.corrcoef(rows.astype(np.float64))
    return np.nan_to_num(np.asarray(matrix)[np.triu_indices(len(rows), 1)])
