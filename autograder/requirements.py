"""What an exercise can ask of an answer. Each requirement is one small frozen dataclass.

A requirement sees answers only, never functions, so the student's check and the grader apply the
same one. It is written into the release as its name and its fields.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from autograder.problem import Problem
from autograder.verdict import Answer, Difference, Finding

TOLERANCE = {"float16": 1e-2, "bfloat16": 3e-2, "float32": 1e-4, "float64": 1e-9}
"""The difference allowed in a leaf of each dtype, relative to the leaf's largest magnitude."""


class Requirement(Protocol):
    """A named demand on the answers to an exercise."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def judge(self, expected: Sequence[Answer], got: Sequence[Answer]) -> Finding | None:
        """Compare the answers, one per case, with the reference's; None when all is well."""


def close(expected: np.ndarray, got: np.ndarray) -> np.ndarray:
    """Where two leaves of equal shape agree, entry by entry (boolean, the same shape).

    Floating dtypes agree within `TOLERANCE`, NaN with NaN, infinity with itself; everything else
    exactly.
    """
    tolerance = TOLERANCE.get(expected.dtype.name.replace("complex64", "float32"))
    if expected.dtype.name == "complex128":
        tolerance = TOLERANCE["float64"]
    if tolerance is None:
        return np.asarray(expected == got)
    wide = np.complex128 if np.iscomplexobj(expected) else np.float64
    expected, got = expected.astype(wide), got.astype(wide)
    finite = np.abs(expected[np.isfinite(expected)])
    scale = float(finite.max()) if finite.size else 1.0
    return np.isclose(got, expected, rtol=tolerance, atol=tolerance * scale, equal_nan=True)


@dataclasses.dataclass(frozen=True)
class matches_reference:
    """The result equals the reference's: structure first, then each leaf's shape, dtype, values.

    Reasons: `structure`, `shape`, `dtype`, `values`.
    """

    def judge(self, expected: Sequence[Answer], got: Sequence[Answer]) -> Finding | None:
        for case, (want, have) in enumerate(zip(expected, got, strict=True)):
            if finding := self._judge_case(case, want, have):
                return finding
        return None

    def _judge_case(self, case: int, want: Answer, have: Answer) -> Finding | None:
        if have.structure != want.structure:
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
            if not close(wanted, had).all():
                return Finding(
                    "values",
                    f"The result{where} has the right shape and dtype, but other values.",
                    "Work one example by hand and compare it with one entry of your result.",
                    difference,
                )
        return None


@dataclasses.dataclass(frozen=True)
class grows_with_batch:
    """The number of operations in the program does not grow with the batch.

    A Python loop over the batch is unrolled while tracing, so a larger batch makes a longer
    program; `vmap` and broadcasting make the same program with longer axes. Reason: `batch loop`.

    Args:
        how: `"not at all"`, the one growth known so far.
    """

    how: str = "not at all"

    def __post_init__(self) -> None:
        if self.how != "not at all":
            raise Problem(f'grows_with_batch knows only "not at all", not "{self.how}".')

    def judge(self, expected: Sequence[Answer], got: Sequence[Answer]) -> Finding | None:
        if got[-1].operations <= got[0].operations:
            return None
        return Finding(
            "batch loop",
            "The program grows with the batch: a bigger batch made a longer program.",
            "A Python loop over examples is unrolled, one copy per example. "
            "Let vmap or broadcasting add the batch axis.",
        )


KNOWN = {kind.__name__: kind for kind in (matches_reference, grows_with_batch)}


def to_json(requirement: Requirement) -> dict[str, Any]:
    """A requirement as plain data."""
    return {"name": type(requirement).__name__, **dataclasses.asdict(requirement)}


def from_json(data: dict[str, Any]) -> Requirement:
    """The requirement that `to_json` wrote.

    Raises:
        Problem: this version of the autograder does not know it.
    """
    fields = dict(data)
    name = fields.pop("name")
    if name not in KNOWN:
        raise Problem(
            f"This notebook asks for the requirement {name}, which this autograder "
            "does not know: update the package."
        )
    return KNOWN[name](**fields)
