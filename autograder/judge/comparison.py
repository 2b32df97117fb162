"""Compares answers: are two the same, and if not, where do they differ?"""

from __future__ import annotations

import numpy as np

from autograder.judge.verdict import Answer, Evidence, Finding

TOLERANCE = {"float16": 1e-2, "bfloat16": 3e-2, "float32": 1e-4, "float64": 1e-9}
"""The difference allowed in a leaf of each dtype, relative to the leaf's largest magnitude."""

HALF = ("float16", "bfloat16")
"""The dtypes of half precision."""

SLACK = {"cuda": 20.0, "tpu": 100.0}
"""How many times the tolerance is wider where matrix products have fewer digits: TF32 with 10 bits
on GPUs, bfloat16 with 7 on TPUs. See https://docs.jax.dev/en/latest/jax.lax.html#jax.lax.Precision."""


def close(expected: np.ndarray, actual: np.ndarray, platform: str = "cpu") -> np.ndarray:
    """Compare two leaves of equal shape, entry by entry; the result is a boolean array.

    Floating dtypes agree within `TOLERANCE`, NaN with NaN, infinity with itself; everything else
    exactly.

    Args:
        expected, actual: the leaves.
        platform: where `actual` was computed, which widens the tolerance by `SLACK`.

    >>> close(np.float32([1, 2]), np.float32([1, 3])).tolist()
    [True, False]
    """
    tolerance = TOLERANCE.get(expected.dtype.name.replace("complex64", "float32"))
    if expected.dtype.name == "complex128":
        tolerance = TOLERANCE["float64"]
    if tolerance is None:
        return np.asarray(expected == actual)
    # Half precision has fewer digits than these devices keep.
    if np.dtype(expected.dtype).itemsize > 2:
        tolerance *= SLACK.get(platform, 1.0)
    wide = np.complex128 if np.iscomplexobj(expected) else np.float64
    expected, actual = expected.astype(wide), actual.astype(wide)
    finite = np.abs(expected[np.isfinite(expected)])
    scale = float(finite.max()) if finite.size else 1.0
    return np.isclose(actual, expected, rtol=tolerance, atol=tolerance * scale, equal_nan=True)


def in_digits(leaf: np.ndarray) -> np.ndarray:
    """Integers as float32, so that `close` allows them a tolerance: they may be cut-off floats."""
    return leaf.astype(np.float32) if leaf.dtype.kind in "iu" else leaf


LONG, KEPT = 256, 128
"""A leaf of more than `LONG` entries is shortened to the first `KEPT`."""


def shortened(leaf: np.ndarray) -> np.ndarray:
    """The first entries of a long leaf, then zeros: enough to tell misconceptions apart."""
    if leaf.size <= LONG:
        return leaf
    beginning = np.zeros_like(leaf)
    beginning.ravel()[:KEPT] = leaf.ravel()[:KEPT]
    return beginning


def platform_of(answer: Answer) -> str:
    """Where an answer was computed."""
    return str(next(iter(answer.facts.get("platforms", ())), "cpu"))


def compare(case: int, expected: Answer, answer: Answer, values: bool = True) -> Finding | None:
    """Find how an answer differs from the expected one: structure first, then leaf by leaf.

    Args:
        case: the position of the draw, for the finding.
        expected: the answer of the reference.
        answer: the answer to compare.
        values: whether to compare the values too, or only structure, shape and dtype.

    Returns:
        The first difference, with the reason `structure`, `shape`, `dtype` or `values`.
    """
    if answer.structure != expected.structure or len(answer.leaves) != len(expected.leaves):
        return Finding(
            "structure",
            "The result is not the pytree that was asked for.",
            "Compare the containers and keys that you return with the ones in the text.",
            Evidence(case, "", expected.structure, answer.structure),
        )
    for path, expected_leaf, leaf in zip(
        expected.paths, expected.leaves, answer.leaves, strict=True
    ):
        place = f" at {path}" if path else ""
        evidence = Evidence(case, path, expected_leaf, leaf)
        if leaf.shape != expected_leaf.shape:
            return Finding(
                "shape",
                f"The result{place} does not have the shape that was asked for.",
                "Say aloud what each axis counts, first in the inputs, then in the result.",
                evidence,
            )
        if leaf.dtype != expected_leaf.dtype:
            return Finding(
                "dtype",
                f"The result{place} is {leaf.dtype}; {expected_leaf.dtype} was asked for.",
                "Look for a cast, an integer where a float belongs, or a comparison.",
                evidence,
            )
        if values and not close(expected_leaf, leaf, platform_of(answer)).all():
            return Finding(
                "values",
                f"The result{place} has the right shape and dtype, but other values.",
                "Work one example by hand and compare it with one entry of your result.",
                evidence,
            )
    return None
