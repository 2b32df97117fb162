"""When two answers are the same, and where they part."""

from __future__ import annotations

import numpy as np

from autograder.judge.verdict import Answer, Difference, Finding

TOLERANCE = {"float16": 1e-2, "bfloat16": 3e-2, "float32": 1e-4, "float64": 1e-9}
"""The difference allowed in a leaf of each dtype, relative to the leaf's largest magnitude."""

HALF = ("float16", "bfloat16")
"""The dtypes of half precision."""

SLACK = {"cuda": 20.0, "tpu": 100.0}
"""How many times the tolerance is wider where matrix products have fewer digits: TF32 with 10 bits
on GPUs, bfloat16 with 7 on TPUs. See https://docs.jax.dev/en/latest/jax.lax.html#jax.lax.Precision."""


def close(expected: np.ndarray, got: np.ndarray, platform: str = "cpu") -> np.ndarray:
    """Where two leaves of equal shape agree, entry by entry (boolean, the same shape).

    Floating dtypes agree within `TOLERANCE`, NaN with NaN, infinity with itself; everything else
    exactly.

    Args:
        expected, got: the leaves.
        platform: where `got` was computed, which widens the tolerance by `SLACK`.
    """
    tolerance = TOLERANCE.get(expected.dtype.name.replace("complex64", "float32"))
    if expected.dtype.name == "complex128":
        tolerance = TOLERANCE["float64"]
    if tolerance is None:
        return np.asarray(expected == got)
    # Half precision has fewer digits than these devices lose.
    if np.dtype(expected.dtype).itemsize > 2:
        tolerance *= SLACK.get(platform, 1.0)
    wide = np.complex128 if np.iscomplexobj(expected) else np.float64
    expected, got = expected.astype(wide), got.astype(wide)
    finite = np.abs(expected[np.isfinite(expected)])
    scale = float(finite.max()) if finite.size else 1.0
    return np.isclose(got, expected, rtol=tolerance, atol=tolerance * scale, equal_nan=True)


def in_digits(leaf: np.ndarray) -> np.ndarray:
    """Integers as float32: those that a mistake cut off a float have no more digits to be equal."""
    return leaf.astype(np.float32) if leaf.dtype.kind in "iu" else leaf


LONG, SEEN = 4096, 256


def seen(leaf: np.ndarray) -> np.ndarray:
    """What of a leaf tells misconceptions apart: of a long one its first entries, then zeros."""
    if leaf.size <= LONG:
        return leaf
    few = np.zeros_like(leaf)
    few.ravel()[:SEEN] = leaf.ravel()[:SEEN]
    return few


def platform_of(answer: Answer) -> str:
    """Where an answer was computed."""
    return str(next(iter(answer.facts.get("platforms", ())), "cpu"))


def compare(case: int, want: Answer, have: Answer, values: bool = True) -> Finding | None:
    """How an answer differs from the expected one: structure first, then leaf by leaf.

    Args:
        case: the position of the draw, for the finding.
        want: the expected answer.
        have: the answer to compare.
        values: whether the values count too, and not the form alone.

    Returns:
        The first difference, with the reason `structure`, `shape`, `dtype` or `values`.
    """
    if have.structure != want.structure or len(have.leaves) != len(want.leaves):
        return Finding(
            "structure",
            "The result is not the pytree that was asked for.",
            "Compare the containers and keys that you return with the ones in the text.",
            Difference(case, "", want.structure, have.structure),
        )
    for path, wanted, had in zip(want.paths, want.leaves, have.leaves, strict=True):
        where = f" at {path}" if path else ""
        difference = Difference(case, path, wanted, had)
        if had.shape != wanted.shape:
            return Finding(
                "shape",
                f"The result{where} does not have the shape that was asked for.",
                "Say aloud what each axis counts, first in the inputs, then in the result.",
                difference,
            )
        if had.dtype != wanted.dtype:
            return Finding(
                "dtype",
                f"The result{where} is {had.dtype.name}; {wanted.dtype.name} was asked for.",
                "Look for a cast, an integer where a float belongs, or a comparison.",
                difference,
            )
        if values and not close(wanted, had, platform_of(have)).all():
            return Finding(
                "values",
                f"The result{where} has the right shape and dtype, but other values.",
                "Work one example by hand and compare it with one entry of your result.",
                difference,
            )
    return None
