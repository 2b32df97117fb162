"""Requirements on random numbers: their keys, their distribution, their independence."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np

from autograder.judge.comparison import compare
from autograder.judge.requirements.requirement import Requirement
from autograder.judge.requirements.samples import (
    SHORTEST,
    TESTS,
    Distribution,
    Ranks,
    copies,
    distribution,
)
from autograder.judge.verdict import Answer, Answers, Finding


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

    Each leaf is compared with many results of the reference for other keys and the same arguments,
    all entries taken together (`samples`):

    - how many entries lie below each of some 80 thresholds, half of them in the tails. Of n
      entries, the number s below a threshold, given that T of n + m lie below it in both samples,
      has P(S >= s) <= exp(-n KL(s/n, T/(n + m))), and likewise for fewer (W. Hoeffding, Probability
      inequalities for sums of bounded random variables, 1963, theorems 1 and 4);
    - mean and variance, from 200 entries on, by the central limit theorem: P(|Z| > z) <
      exp(-z²/2), with the reference's own moments up to the fourth;
    - how many entries differ: one entry changes that number by 1 at most, so it lies further than
      t from its mean with P <= 2 exp(-2 t²/n) (C. McDiarmid, On the method of bounded
      differences, 1989).

    An answer that is right is rejected at most `false_alarms` times in a grading, all tests, leaves
    and cases together. Choose sizes that give tens of thousands of entries: 20,000 show a normal
    distribution that is cut at three standard deviations, one that is too wide by 5 %, and a mean
    that is off by 0.06 of it; 160,000 a probability of 0.51 in place of 0.5.

    Reasons: `distribution`, and `structure`, `shape`, `dtype` as for `matches_reference`.

    Args:
        false_alarms: the rate of false alarms.
    """

    false_alarms: float = 2e-5
    reason: ClassVar[str] = "distribution"
    blind: ClassVar[str] = (
        "the order of the entries; what 2 or 3 entries have to do with each other; a share of the "
        "entries p that is off by less than about 6 sqrt(p / n)"
    )
    compares: ClassVar[tuple[str, ...]] = ("distribution",)

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        tests = sum(len(answer.leaves) for answer in expected["value"]) * TESTS
        limit = math.log(2 * tests / self.false_alarms)
        for case, (want, have) in enumerate(zip(expected["value"], got["value"], strict=True)):
            if finding := compare(case, want, have, values=False):
                return finding
            for known, leaf in zip(_distributions(want), have.leaves, strict=True):
                if known.surprise(leaf) > limit:
                    return Finding(
                        self.reason,
                        "The numbers are not distributed as they should be.",
                        "Look at a histogram, the mean and the standard deviation of your result. "
                        "Are its tails there, and does no number come twice?",
                    )
        return None


def _distributions(answer: Answer) -> list[Distribution]:
    """Of each leaf of an expected answer; where nobody drew more, of its own entries."""
    if "distribution" in answer.facts:
        return [Distribution.unpacked(one) for one in answer.facts["distribution"]]
    return [distribution([leaf]) for leaf in answer.leaves]


@dataclasses.dataclass(frozen=True)
class independent_streams(Requirement):
    """The entries of each result, its rows, its leaves, and the results for different keys have
    nothing to do with each other.

    By the ranks of the entries and by how far these lie from the middle, each with each: the
    correlation of any two rows, of any two leaves and results at every shift, forwards and in
    reverse, and of each leaf with itself. For independent entries with uniform ranks, which are
    strictly sub-Gaussian, a correlation of n pairs has P(|r| > z / sqrt(n)) <= 2 exp(-z²/2)
    (V. V. Buldygin and Yu. V. Kozachenko, Metric characterization of random variables and random
    processes, 2000); of a leaf with itself, where a pair can count twice, sqrt(2) z is asked for.
    Half of the false alarms are allowed to shifts. What has the same numbers in another order, or
    with other signs, is found by the entries that come in both: a quarter more than in two results
    of the reference.

    Rows of fewer than `SHORTEST` entries are left out. An answer that is right is rejected at
    most `false_alarms` times in a grading, all tests together. Reason: `correlated`.

    Args:
        false_alarms: the rate of false alarms.
    """

    false_alarms: float = 2e-5
    reason: ClassVar[str] = "correlated"
    blind: ClassVar[str] = (
        "dependence of two results that shows in neither the ranks nor their distance from the "
        "middle, and of three or more; rows of fewer than 30 entries"
    )

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        aligned, shifted = list[np.ndarray](), list[np.ndarray]()
        known = [[one.alike for one in _distributions(want)] for want in expected["value"]]
        ranked = [[Ranks(leaf) for leaf in answer.leaves] for answer in got["value"]]
        for leaves in ranked:
            for leaf in leaves:
                aligned += leaf.between_rows()
                if leaf.leaf.size >= SHORTEST:
                    shifted += leaf.within()
        for one, other, alike in _pairs(got["value"], ranked, known):
            if copies(one.leaf, other.leaf) > alike + COPIED:
                return self._found()
            aligned.append(one.aligned(other))
            shifted += one.with_other(other)
        for surprises in (aligned, shifted):
            count = sum(each.size for each in surprises)
            limit = math.log(4 * max(count, 1) / self.false_alarms)
            if any((each > limit).any() for each in surprises):
                return self._found()
        return None

    def _found(self) -> Finding:
        return Finding(
            self.reason,
            "Numbers that should have nothing to do with each other are correlated, or are the "
            "same in another order.",
            "Every row and every call needs a key of its own: look for a key that is used "
            "for all of them, or that does not come from the argument.",
        )


COPIED = 0.25
LONGEST = 2**13
"""So many entries of two results are compared."""


def _pairs(
    answers: Sequence[Answer], ranked: Sequence[Sequence[Ranks]], known: Sequence[Sequence[float]]
) -> Iterator[tuple[Ranks, Ranks, float]]:
    """Any two leaves, and the results for any two keys, cut to equal length."""
    pairs = list[tuple[Ranks, Ranks, float, float]]()
    for leaves, alike in zip(ranked, known, strict=True):
        for n, m in itertools.combinations(range(len(leaves)), 2):
            pairs.append((leaves[n], leaves[m], max(alike[n], alike[m]), math.inf))
    for n, m in itertools.combinations(range(len(answers)), 2):
        facts = answers[n].facts, answers[m].facts
        if all(facts[0][name] == facts[1][name] for name in ("size", "again")):
            continue  # The same keys, on another mesh or in another dtype.
        shares = [max(each) for each in zip(known[n], known[m], strict=False)]
        # An answer may have as many leaves as its batch is large.
        pairs += zip(ranked[n], ranked[m], shares, itertools.repeat(LONGEST))
    for one, other, share, longest in pairs:
        length = int(min(one.leaf.size, other.leaf.size, longest))
        if length >= SHORTEST and one.varies and other.varies:
            yield one.cut(length), other.cut(length), share
