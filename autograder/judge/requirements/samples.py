"""Statistics of random numbers: what a distribution is known by, and what depends on what.

A surprise is -ln of (half) the probability with which an independent sample of the right
distribution does worse: above ln(2 tests / alarms), so many tests raise fewer false alarms.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

QUANTILES = np.array([2.0**-k for k in range(13, 4, -1)] + [n / 24 for n in range(1, 13)])
PROBABILITIES = np.concatenate([QUANTILES, 1 - QUANTILES[:-1]])
TESTS = 2 * PROBABILITIES.size + 3
"""The tests of one leaf: below and above each quantile, mean, variance, and how many differ."""
MANY = 200
"""Entries for which a mean counts as normally distributed."""
FINE = 1e-6
"""Numbers that differ by less, relative to the largest, are one: the order of a sum tells."""


@dataclasses.dataclass(frozen=True)
class Distribution:
    """What is known of a distribution by a large sample, as plain numbers.

    Attributes:
        size: of the sample.
        scale: the largest magnitude in it.
        mean, variance, fourth: its mean, and the second and fourth moments about it.
        distinct: the share of different numbers among the entries of one result.
        alike: the share of one result's own numbers that another result has too.
        thresholds: numbers beside its quantiles.
        below: how many entries lie below each.
    """

    size: int
    scale: float
    mean: float
    variance: float
    fourth: float
    distinct: float
    alike: float
    thresholds: np.ndarray
    below: np.ndarray

    def packed(self) -> np.ndarray:
        """The same as one array of float32, which is released."""
        numbers = [*dataclasses.astuple(self)[:SINGLE], *self.thresholds, *self.below]
        return np.array(numbers, "float32")

    @classmethod
    def unpacked(cls, packed: np.ndarray) -> Distribution:
        """What `packed` packed."""
        size, scale, mean, variance, fourth, distinct, alike = packed[:SINGLE].tolist()
        thresholds, below = np.split(packed[SINGLE:].astype(np.float64), 2)
        return cls(int(size), scale, mean, variance, fourth, distinct, alike, thresholds, below)

    def surprise(self, leaf: np.ndarray) -> float:
        """How surprising it is that these numbers come from the distribution."""
        numbers = np.sort(leaf.astype(np.float64), axis=None)
        n = numbers.size
        if not np.isfinite(numbers).all():
            return np.inf
        if n == 0:
            return 0.0
        below = np.searchsorted(numbers, self.thresholds)
        expected = (below + self.below) / (n + self.size)
        worst = [float(np.max(n * _divergence(below / n, expected), initial=0.0))]
        worst.append(2 * n * (_distinct(numbers, self.scale) - self.distinct) ** 2 / DISTINCT)
        if n >= MANY:
            each, rounding = 2 * (1 / n + 1 / self.size), FINE * self.scale
            squares = (numbers - self.mean) ** 2
            # Of coins that are fair the squares do not spread at all.
            spread = max(self.fourth - self.variance**2, self.variance**2 / 1000)
            moments = (
                (numbers.mean() - self.mean, rounding, self.variance),
                (squares.mean() - self.variance, rounding**2, spread),
            )
            for off, slack, variance in moments:
                off = max(0.0, abs(float(off)) - slack)
                worst.append(off**2 / max(variance * each, 1e-300) if off else 0.0)
        return max(worst)


SINGLE = 7
"""The numbers of a distribution besides its thresholds."""
DISTINCT = 4.0
"""Room for the reference's own share of different numbers, which is known from a few results."""


def _divergence(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """The divergence of Kullback and Leibler between coins of these probabilities."""
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(a > 0, a * np.log(a / b), 0.0) for a, b in ((p, q), (1 - p, 1 - q))]
    return np.asarray(parts[0] + parts[1])


def _distinct(ordered: np.ndarray, scale: float) -> float:
    steps = np.diff(ordered) > FINE * max(scale, 1e-300)
    return (1 + int(np.count_nonzero(steps))) / ordered.size


def distribution(results: Sequence[np.ndarray]) -> Distribution:
    """What is known by several results of equal shape, each from a key of its own.

    The thresholds come from the first eighth of them where there are so many, the counts from the
    others.
    """
    first = results[: len(results) // 8] or results
    others = results[len(first) :] or results
    numbers = np.concatenate([np.ravel(one) for one in others]).astype(np.float64)
    if numbers.size == 0:
        return Distribution(0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, numbers, numbers)
    scale = float(np.abs(numbers).max())
    pilot = np.concatenate([np.ravel(one) for one in first]).astype(np.float64)
    at = np.quantile(pilot, PROBABILITIES, method="nearest")
    beside = max(FINE * scale, 1e-30)
    # As they are released.
    thresholds = np.unique(np.concatenate([at - beside, at + beside]).astype("float32"))
    thresholds = thresholds.astype(np.float64)
    mean = float(numbers.mean())
    squares = (numbers - mean) ** 2
    pairs = itertools.pairwise(results[:8])
    ordered = [np.sort(one.astype(np.float64), axis=None) for one in results[:8]]
    return Distribution(
        numbers.size,
        scale,
        mean,
        float(squares.mean()),
        float((squares**2).mean()),
        float(np.mean([_distinct(one, scale) for one in ordered])),
        max(itertools.starmap(copies, pairs), default=0.0),
        thresholds,
        np.searchsorted(np.sort(numbers), thresholds),
    )


def copies(one: np.ndarray, other: np.ndarray) -> float:
    """The share of the numbers of one, but for their sign, that another has too.

    Numbers that come more than once do not count; 0 where fewer than half are left.
    """
    if one.dtype.kind not in "fV" or one.size == 0:
        return 0.0
    numbers, times = np.unique(np.abs(one.astype(np.float64)), return_counts=True)
    own = numbers[times == 1]
    if 2 * own.size < np.count_nonzero(one) or own.size < SHORTEST:
        return 0.0
    return float(np.isin(own, np.abs(other.astype(np.float64))).mean())


SHORTEST = 30
"""Entries that a correlation is computed from at least."""


class Ranks:
    """A leaf by the ranks of its entries, from -1 to 1, and by their distance from the middle."""

    def __init__(self, leaf: np.ndarray, ranks: np.ndarray | None = None) -> None:
        self.leaf = leaf
        self.ranks = _ranks(leaf) if ranks is None else ranks
        self.looks = self.ranks, np.abs(self.ranks)

    @property
    def varies(self) -> bool:
        """Whether not all entries are equal."""
        return bool(self.ranks.any())

    def cut(self, n: int) -> Ranks:
        """The first n entries."""
        return Ranks(self.leaf.ravel()[:n], self.ranks[:n])

    def between_rows(self) -> Iterator[np.ndarray]:
        """The surprises of the correlations of any two rows."""
        leaf = self.leaf
        if leaf.ndim < 2 or len(leaf) < 2 or leaf[0].size < SHORTEST:
            return
        for look in self.looks:
            rows = np.stack([_standard(row) for row in look.reshape(len(leaf), -1)])
            r = (rows @ rows.T)[np.triu_indices(len(rows), 1)]
            yield r**2 * leaf[0].size / 2

    def within(self) -> Iterator[np.ndarray]:
        """Those of the leaf with itself, at every shift, forwards and in reverse."""
        for look in self.looks:
            transformed = np.fft.rfft(_standard(look))
            forwards = np.fft.irfft(np.abs(transformed) ** 2, look.size)
            backwards = np.fft.irfft(transformed**2, look.size)
            yield forwards[1:] ** 2 * look.size / 4
            yield backwards**2 * look.size / 4

    def with_other(self, other: Ranks) -> Iterator[np.ndarray]:
        """Those of two leaves of equal length, at every shift, forwards and in reverse."""
        ours, theirs = (
            [np.fft.rfft(_standard(look)) for look in each.looks] for each in (self, other)
        )
        for a, b in itertools.product(ours, theirs):
            for product in (a * np.conj(b), a * b):
                yield np.fft.irfft(product, self.leaf.size) ** 2 * self.leaf.size / 2

    def aligned(self, other: Ranks) -> np.ndarray:
        """Those of the entries in the same places."""
        pairs = itertools.product(self.looks, other.looks)
        r = [float(_standard(one) @ _standard(another)) for one, another in pairs]
        return np.square(r) * self.leaf.size / 2


def _ranks(leaf: np.ndarray) -> np.ndarray:
    """The rank of each entry, equal ones in the middle of theirs; the middle of all is 0."""
    _, places, times = np.unique(
        leaf.astype(np.float64).ravel(), return_inverse=True, return_counts=True
    )
    middles = np.cumsum(times) - (times + 1) / 2
    return np.asarray(2 * middles[places.ravel()] / max(leaf.size - 1, 1) - 1)


def _standard(numbers: np.ndarray) -> np.ndarray:
    """With mean 0 and length 1; zeros where they do not vary."""
    centred = numbers - numbers.mean()
    length: Any = np.sqrt(centred @ centred)
    return centred / length if length > 1e-9 else np.zeros_like(centred)
