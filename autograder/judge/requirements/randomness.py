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
from autograder.judge.verdict import Answer, Answers, Evidence, Finding


@dataclasses.dataclass(frozen=True)
class uses_keys_once(Requirement):
    """No key of the program is used twice. Reason: `key reuse`.

    It sees raw and typed keys. A key must not be used again after a draw. It may be split or folded
    in more than once, as long as no child and no number comes twice; see `judge.keys`.
    """

    reason: ClassVar[str] = "key reuse"
    early: ClassVar[tuple[str, ...]] = ("reused_keys",)
    goal: ClassVar[str] = "no key that is used twice"
    blind: ClassVar[str] = (
        "one key for all of a vmap, for which the program draws once; a split, and a number folded "
        "in beyond its children; equal keys that are computed in different ways; generators other "
        "than threefry"
    )

    def judge(self, expected: Answers, answers: Answers) -> Finding | None:
        if not any(answer.facts["reused_keys"] for answer in answers["value"]):
            return None
        return Finding(
            self.reason,
            "A key is used twice, so two of your random numbers are not independent.",
            "Split the key into as many keys as there are draws, and use each of them once.",
        )


@dataclasses.dataclass(frozen=True)
class distributed_like_reference(Requirement):
    """The result has the same distribution as the reference's, whatever keys it uses.

    Each leaf is compared with many results of the reference for other keys and the same arguments,
    all entries taken together (`samples`):

    - how many entries lie below each of about 80 thresholds, half of them in the tails. If T of the
      n + m entries of both samples lie below a threshold, then the number S among the n entries has
      P(S >= s) <= exp(-n KL(s/n, T/(n + m))), and likewise for fewer (W. Hoeffding, Probability
      inequalities for sums of bounded random variables, 1963, theorems 1 and 4);
    - mean and variance, from 200 entries on, by the central limit theorem: P(abs(Z) > z) <
      exp(-z²/2), with the reference's own moments up to the fourth;
    - how many different entries there are: one entry changes that number by at most 1, so it is
      further than t from its mean with P <= 2 exp(-2 t²/n) (C. McDiarmid, On the method of bounded
      differences, 1989).

    A right answer is rejected with a probability of at most `false_alarms` per grading, all tests,
    leaves and cases together. Choose sizes that give tens of thousands of entries. 20,000 entries
    show a normal distribution that is cut at three standard deviations, one that is 5 % too wide,
    and a mean that is wrong by 0.06 standard deviations; 160,000 show a probability of 0.51 instead
    of 0.5.

    Reasons: `distribution`, and `structure`, `shape`, `dtype` as for `matches_reference`.

    Args:
        false_alarms: the rate of false alarms.
    """

    false_alarms: float = 2e-5
    reason: ClassVar[str] = "distribution"
    goal: ClassVar[str] = "the distribution"
    judges_results: ClassVar[bool] = True
    blind: ClassVar[str] = (
        "the order of the entries; the dependence of 2 or 3 entries; an error below about "
        "6 sqrt(p / n) in a share p of the entries"
    )
    compares: ClassVar[tuple[str, ...]] = ("distribution",)

    def judge(self, expected: Answers, answers: Answers) -> Finding | None:
        tests = sum(len(answer.leaves) for answer in expected["value"]) * TESTS
        limit = math.log(2 * tests / self.false_alarms)
        pairs = zip(expected["value"], answers["value"], strict=True)
        for case, (reference, answer) in enumerate(pairs):
            if finding := compare(case, reference, answer, values=False):
                return finding
            for wanted, path, leaf in zip(
                _distributions(reference), answer.paths, answer.leaves, strict=True
            ):
                if wanted.surprise(leaf) > limit:
                    return Finding(
                        self.reason,
                        "The numbers are not distributed as they should be.",
                        "Look at a histogram, the mean and the standard deviation of your result. "
                        "Are its tails there? Does a number occur more than once?",
                        Evidence(case, path, wanted.packed(), leaf, is_sample=True),
                    )
        return None


def _distributions(answer: Answer) -> list[Distribution]:
    """The distribution of each leaf of an expected answer; without a sample, of its own entries."""
    if "distribution" in answer.facts:
        return [Distribution.unpacked(packed) for packed in answer.facts["distribution"]]
    return [distribution([leaf]) for leaf in answer.leaves]


@dataclasses.dataclass(frozen=True)
class independent_streams(Requirement):
    """The entries, rows and leaves of each result, and the results for different keys, are
    independent.

    Two things are correlated: the ranks of the entries, and how far the ranks are from the middle.
    This is done for any two rows, for any two leaves and results at every shift, forwards and in
    reverse, and for each leaf with itself. For independent entries with uniform ranks, which are
    strictly sub-Gaussian, a correlation of n pairs has P(abs(r) > z / sqrt(n)) <= 2 exp(-z²/2)
    (V. V. Buldygin and Yu. V. Kozachenko, Metric characterization of random variables and random
    processes, 2000). For a leaf with itself a pair can count twice, so the limit is sqrt(2) z.
    Half of the false alarms are reserved for shifts. Results with the same numbers in another
    order, or with other signs, are found by the share of entries that occur in both: it may be at
    most 0.25 larger than for two results of the reference.

    Rows of fewer than `SHORTEST` entries are skipped. A right answer is rejected with a probability
    of at most `false_alarms` per grading, all tests together. Reason: `correlated`.

    Args:
        false_alarms: the rate of false alarms.
    """

    false_alarms: float = 2e-5
    reason: ClassVar[str] = "correlated"
    goal: ClassVar[str] = "independent numbers"
    blind: ClassVar[str] = (
        "dependence of two results that shows neither in the ranks nor in their distance from the "
        "middle; dependence of three or more results; rows of fewer than 30 entries"
    )

    def judge(self, expected: Answers, answers: Answers) -> Finding | None:
        aligned, shifted = list[np.ndarray](), list[np.ndarray]()
        shares = [
            _shares(reference, len(answer.leaves))
            for reference, answer in zip(expected["value"], answers["value"], strict=True)
        ]
        ranked = [[Ranks(leaf) for leaf in answer.leaves] for answer in answers["value"]]
        for leaves in ranked:
            for leaf in leaves:
                aligned += leaf.between_rows()
                if leaf.leaf.size >= SHORTEST:
                    shifted += leaf.within()
        for first, second, share in _pairs(answers["value"], ranked, shares):
            if copies(first.leaf, second.leaf) > share + COPIED:
                return self._found()
            aligned.append(first.aligned(second))
            shifted += first.with_other(second)
        for surprises in (aligned, shifted):
            count = sum(surprise.size for surprise in surprises)
            limit = math.log(4 * max(count, 1) / self.false_alarms)
            if any((surprise > limit).any() for surprise in surprises):
                return self._found()
        return None

    def _found(self) -> Finding:
        return Finding(
            self.reason,
            "Numbers that should be independent are correlated, or are the same numbers in another "
            "order.",
            "Every row and every call needs its own key. Look for a key that is used for all of "
            "them, or for a key that does not come from the argument.",
        )


COPIED = 0.25
"""Two results may share this much more of their numbers than two results of the reference."""
LONGEST = 2**13
"""The most entries of two results that are compared."""


def _shares(reference: Answer, count: int) -> list[float]:
    """How much each of so many leaves may share: all of it, if the reference has no such leaf."""
    shared = [wanted.shared for wanted in _distributions(reference)]
    return shared + [1.0] * (count - len(shared))


def _pairs(
    answers: Sequence[Answer], ranked: Sequence[Sequence[Ranks]], shares: Sequence[Sequence[float]]
) -> Iterator[tuple[Ranks, Ranks, float]]:
    """Any two leaves of an answer, and of the results for any two keys, cut to equal length."""
    pairs = list[tuple[Ranks, Ranks, float, float]]()
    for leaves, shared in zip(ranked, shares, strict=True):
        for n, m in itertools.combinations(range(len(leaves)), 2):
            pairs.append((leaves[n], leaves[m], max(shared[n], shared[m]), math.inf))
    for n, m in itertools.combinations(range(len(answers)), 2):
        facts = answers[n].facts, answers[m].facts
        if all(facts[0][name] == facts[1][name] for name in ("size", "again")):
            continue  # the same keys, on another mesh or in another dtype
        both = [max(pair) for pair in zip(shares[n], shares[m], strict=False)]
        # An answer may have as many leaves as its batch is large.
        pairs += zip(ranked[n], ranked[m], both, itertools.repeat(LONGEST))
    for first, second, share, longest in pairs:
        length = int(min(first.leaf.size, second.leaf.size, longest))
        if length >= SHORTEST and first.varies and second.varies:
            yield first.cut(length), second.cut(length), share
