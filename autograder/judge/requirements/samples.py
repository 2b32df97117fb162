"""Statistics of random numbers: their distribution, and how they depend on each other.

A surprise is -ln of (half) the probability that an independent sample of the right distribution
does worse. If each test rejects surprises above ln(2 tests / alarms), all tests together raise
fewer than `alarms` false alarms.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

QUANTILES = np.array([2.0**-k for k in range(13, 4, -1)] + [n / 24 for n in range(1, 13)])
PROBABILITIES = np.concatenate([QUANTILES, 1 - QUANTILES[:-1]])
TESTS = 2 * PROBABILITIES.size + 3
"""The tests of one leaf: below and above each quantile, mean, variance, and distinct numbers."""
MANY = 200
"""From this many entries on, a mean counts as normally distributed."""
FINE = 1e-6
"""Numbers that differ by less, relative to the largest, count as equal: sums are rounded."""


@dataclasses.dataclass(frozen=True)
class Distribution:
    """What a large sample shows of a distribution, as plain numbers.

    Attributes:
        size: the number of entries in the sample.
        scale: the largest magnitude in it.
        mean, variance, fourth: its mean, and the second and fourth moments about it.
        distinct: the share of different numbers among the entries of one result.
        shared: the share of one result's numbers that another result has too.
        thresholds: numbers just beside its quantiles.
        below: how many entries lie below each threshold.
    """

    size: int
    scale: float
    mean: float
    variance: float
    fourth: float
    distinct: float
    shared: float
    thresholds: np.ndarray
    below: np.ndarray

    def packed(self) -> np.ndarray:
        """This distribution as one array of float32, which is released."""
        numbers = [*dataclasses.astuple(self)[:SINGLE], *self.thresholds, *self.below]
        return np.array(numbers, "float32")

    @classmethod
    def unpacked(cls, packed: np.ndarray) -> Distribution:
        """The distribution that `packed` wrote."""
        size, scale, mean, variance, fourth, distinct, shared = packed[:SINGLE].tolist()
        thresholds, below = np.split(packed[SINGLE:].astype(np.float64), 2)
        return cls(int(size), scale, mean, variance, fourth, distinct, shared, thresholds, below)

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
        surprises = [float(np.max(n * _divergence(below / n, expected), initial=0.0))]
        surprises.append(2 * n * (_distinct(numbers, self.scale) - self.distinct) ** 2 / DISTINCT)
        if n >= MANY:
            factor, rounding = 2 * (1 / n + 1 / self.size), FINE * self.scale
            squares = (numbers - self.mean) ** 2
            # For fair coins the squares do not vary at all.
            spread = max(self.fourth - self.variance**2, self.variance**2 / 1000)
            moments = (
                (numbers.mean() - self.mean, rounding, self.variance),
                (squares.mean() - self.variance, rounding**2, spread),
            )
            for error, slack, variance in moments:
                error = max(0.0, abs(float(error)) - slack)
                surprises.append(error**2 / max(variance * factor, 1e-300) if error else 0.0)
        return max(surprises)


SINGLE = 7
"""How many numbers a distribution has besides its thresholds."""
DISTINCT = 4.0
"""Tolerance for the reference's own share of distinct numbers, measured on a few results."""


def _divergence(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """The divergence of Kullback and Leibler between coins of these probabilities."""
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(a > 0, a * np.log(a / b), 0.0) for a, b in ((p, q), (1 - p, 1 - q))]
    return np.asarray(parts[0] + parts[1])


def _distinct(ordered: np.ndarray, scale: float) -> float:
    steps = np.diff(ordered) > FINE * max(scale, 1e-300)
    return (1 + int(np.count_nonzero(steps))) / ordered.size


def distribution(results: Sequence[np.ndarray]) -> Distribution:
    """The distribution of several results of equal shape, each drawn with its own key.

    With eight or more results, the first eighth gives the thresholds and the rest the counts.
    """
    first = results[: len(results) // 8] or results
    rest = results[len(first) :] or results
    numbers = np.concatenate([np.ravel(result) for result in rest]).astype(np.float64)
    if numbers.size == 0:
        return Distribution(0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, numbers, numbers)
    scale = float(np.abs(numbers).max())
    pilot = np.concatenate([np.ravel(result) for result in first]).astype(np.float64)
    at = np.quantile(pilot, PROBABILITIES, method="nearest")
    beside = max(FINE * scale, 1e-30)
    # Rounded as they are released.
    thresholds = np.unique(np.concatenate([at - beside, at + beside]).astype("float32"))
    thresholds = thresholds.astype(np.float64)
    mean = float(numbers.mean())
    squares = (numbers - mean) ** 2
    pairs = itertools.pairwise(results[:8])
    ordered = [np.sort(result.astype(np.float64), axis=None) for result in results[:8]]
    return Distribution(
        numbers.size,
        scale,
        mean,
        float(squares.mean()),
        float((squares**2).mean()),
        float(np.mean([_distinct(result, scale) for result in ordered])),
        max(itertools.starmap(copies, pairs), default=0.0),
        thresholds,
        np.searchsorted(np.sort(numbers), thresholds),
    )


def copies(result: np.ndarray, other: np.ndarray) -> float:
    """The share of a result's numbers, without their signs, that another result has too.

    Numbers that occur more than once do not count; 0 if fewer than half are left.
    """
    if result.dtype.kind not in "fV" or result.size == 0:
        return 0.0
    values, times = np.unique(np.abs(result.astype(np.float64)), return_counts=True)
    own = values[times == 1]
    if 2 * own.size < np.count_nonzero(result) or own.size < SHORTEST:
        return 0.0
    return float(np.isin(own, np.abs(other.astype(np.float64))).mean())


SHORTEST = 30
"""The fewest entries for which a correlation is computed."""


class Ranks:
    """A leaf by the ranks of its entries, from -1 to 1, and by their distance from the middle."""

    def __init__(self, leaf: np.ndarray, ranks: np.ndarray | None = None) -> None:
        self.leaf = leaf
        self.ranks = _ranks(leaf) if ranks is None else ranks
        self.looks = self.ranks, np.abs(self.ranks)

    @functools.cached_property
    def standard(self) -> list[np.ndarray]:
        """Both, see `_standard`."""
        return list(map(_standard, self.looks))

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
        """The surprises of the leaf with itself, at every shift, forwards and in reverse."""
        for look in self.standard:
            transformed = np.fft.rfft(look)
            forwards = np.fft.irfft(np.abs(transformed) ** 2, look.size)
            backwards = np.fft.irfft(transformed**2, look.size)
            yield forwards[1:] ** 2 * look.size / 4
            yield backwards**2 * look.size / 4

    def with_other(self, other: Ranks) -> Iterator[np.ndarray]:
        """The surprises of two leaves of equal length, at every shift, forwards and in reverse."""
        own_spectra, other_spectra = (
            [np.fft.rfft(look) for look in ranks.standard] for ranks in (self, other)
        )
        for a, b in itertools.product(own_spectra, other_spectra):
            for product in (a * np.conj(b), a * b):
                yield np.fft.irfft(product, self.leaf.size) ** 2 * self.leaf.size / 2

    def aligned(self, other: Ranks) -> np.ndarray:
        """The surprises of the entries in the same places."""
        pairs = itertools.product(self.standard, other.standard)
        r = [float(own @ another) for own, another in pairs]
        return np.square(r) * self.leaf.size / 2


def _ranks(leaf: np.ndarray) -> np.ndarray:
    """The rank of each entry, from -1 to 1; equal entries share the middle of their ranks."""
    _, places, times = np.unique(
        leaf.astype(np.float64).ravel(), return_inverse=True, return_counts=True
    )
    middles = np.cumsum(times) - (times + 1) / 2
    return np.asarray(2 * middles[places.ravel()] / max(leaf.size - 1, 1) - 1)


def _standard(numbers: np.ndarray) -> np.ndarray:
    """The numbers shifted and scaled to mean 0 and length 1; zeros if they are all equal."""
    centred = numbers - numbers.mean()
    length: Any = np.sqrt(centred @ centred)
    return centred / length if length > 1e-9 else np.zeros_like(centred)
