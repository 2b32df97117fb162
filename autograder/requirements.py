"""What an exercise can ask of an answer. Each requirement is one small frozen dataclass.

A requirement sees answers only, never functions, so the student's check and the grader apply the
same one. It names the views of the function that it looks at (see `views.py`), and is written
into the release as its name and its fields.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any, ClassVar

from autograder.comparison import compare
from autograder.problem import Problem
from autograder.verdict import Answer, Answers, Finding


@dataclasses.dataclass(frozen=True)
class Requirement:
    """A named demand on an answer.

    Attributes:
        views: the views of the function that it looks at.
        reason: the short name of its finding.
        failed: how a finding begins when one of its views could not be made.
        blind: what it cannot see, for the documentation.
    """

    views: ClassVar[tuple[str, ...]] = ("value",)
    reason: ClassVar[str] = ""
    failed: ClassVar[str] = "The function fails."
    blind: ClassVar[str] = ""

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        """Compare with the reference; None when all is well."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class matches_reference(Requirement):
    """The result equals the reference's: structure first, then each leaf's shape, dtype, values.

    Reasons: `structure`, `shape`, `dtype`, `values`.
    """

    blind: ClassVar[str] = (
        "what happens at other sizes and values; a difference below the tolerance"
    )

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        for case, (want, have) in enumerate(zip(expected["value"], got["value"], strict=True)):
            if finding := compare(case, want, have):
                return finding
        return None


@dataclasses.dataclass(frozen=True)
class matches_when_called(Requirement):
    """Called as Python, the function gives back, or raises, what the reference does.

    For functions without a program: NumPy code, timing helpers, generators of batches, checks of
    their input. Structure and shape have to agree, and the values within the tolerance of
    float32; that a number is a Python float or a NumPy one does not matter. Of an exception the
    class counts, not the words.

    Reasons: `structure`, `shape`, `values`, and the class of an exception that was not wanted.
    """

    views: ClassVar[tuple[str, ...]] = ("called",)
    reason: ClassVar[str] = "values"
    blind: ClassVar[str] = "how the result came about; the words of an exception"

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        for case, (want, have) in enumerate(zip(expected["called"], got["called"], strict=True)):
            wanted, had = want.structure, have.structure
            if had.startswith("raises ") and had != wanted:
                words = f"{have.facts['message']} The line: `{have.facts['line']}`"
                return Finding(had.removeprefix("raises "), words)
            if wanted.startswith("raises ") and had != wanted:
                error = wanted.removeprefix("raises ")
                return Finding("structure", f"It should have raised {error} and did not.")
            if finding := compare(case, _single(want), _single(have)):
                return finding
        return None


def _single(answer: Answer) -> Answer:
    """The answer with every kind of float, of integer and of complex number as one dtype."""
    kinds = {"f": "float32", "V": "float32", "i": "int64", "u": "int64", "c": "complex64"}
    leaves = tuple(
        leaf.astype(kinds.get(leaf.dtype.kind, leaf.dtype), casting="unsafe")
        for leaf in answer.leaves
    )
    return dataclasses.replace(answer, leaves=leaves)


@dataclasses.dataclass(frozen=True)
class matches_gradient(Requirement):
    """The gradient of the function equals that of the reference. Reason: `gradient`.

    What is compared is the gradient of one weighted sum of the result's entries, see
    `views.gradient`.
    """

    views: ClassVar[tuple[str, ...]] = ("gradient",)
    reason: ClassVar[str] = "gradient"
    failed: ClassVar[str] = "The function cannot be differentiated."
    blind: ClassVar[str] = "a custom rule whose gradient is that of the plain function"

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        for want, have in zip(expected["gradient"], got["gradient"], strict=True):
            if compare(0, want, have):
                return Finding(
                    self.reason,
                    "The values may be right, but the gradient is not that of the reference.",
                    "Look for stop_gradient, a cast to an integer, or a rule of your own.",
                )
        return None


@dataclasses.dataclass(frozen=True)
class grows_with_batch(Requirement):
    """The number of operations in the program does not grow with the batch.

    A Python loop over the batch is unrolled while tracing, so a larger batch makes a longer
    program; `vmap` and broadcasting make the same program with longer axes. Reason: `batch loop`.

    Args:
        how: `"not at all"`, the one growth known so far.
    """

    how: str = "not at all"
    reason: ClassVar[str] = "batch loop"
    blind: ClassVar[str] = "a loop in the program, such as scan over the batch: ask `uses` for that"

    def __post_init__(self) -> None:
        if self.how != "not at all":
            raise Problem(f'grows_with_batch knows only "not at all", not "{self.how}".')

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        small, large = got["value"][0], got["value"][-1]
        if large.facts["operations"] <= small.facts["operations"]:
            return None
        return Finding(
            self.reason,
            "The program grows with the batch: a bigger batch made a longer program.",
            "A Python loop over examples is unrolled, one copy per example. "
            "Let vmap or broadcasting add the batch axis.",
        )


@dataclasses.dataclass(frozen=True)
class is_pure(Requirement):
    """The same call makes the same program. Reason: `impure`.

    It sees what reaches the program: a counter, the clock, NumPy's random state.
    """

    views: ClassVar[tuple[str, ...]] = ("value", "again")
    reason: ClassVar[str] = "impure"
    failed: ClassVar[str] = "The function fails when it is called again."
    blind: ClassVar[str] = (
        "what is printed or appended while tracing; what a jitted function inside remembers"
    )

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        if got["again"][0].facts["digest"] == got["value"][0].facts["digest"]:
            return None
        return Finding(
            self.reason,
            "Traced twice with the same arguments, the function made two different programs.",
            "It depends on something that is not an argument: a global that changes, the time, "
            "or NumPy's random numbers.",
        )


@dataclasses.dataclass(frozen=True)
class uses_keys_once(Requirement):
    """No two random draws of the program come from the same key and counter. Reason: `key reuse`.

    Raw and typed keys alike, and a `fold_in` of the same number twice.
    """

    reason: ClassVar[str] = "key reuse"
    blind: ClassVar[str] = (
        "a key used twice across calls; one key for all of a vmap; keys made equal by a loop; "
        "one key for draws of different rank"
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
class donates_like_reference(Requirement):
    """The function's own `jit` gives away the same arguments, and usably. Reason: `donation`."""

    views: ClassVar[tuple[str, ...]] = ("as written",)
    reason: ClassVar[str] = "donation"
    blind: ClassVar[str] = "what was asked for and is of no use: no result has its shape and dtype"

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        want, have = (set(one["as written"][0].facts["donated"]) for one in (expected, got))
        if want == have:
            return None
        return Finding(
            self.reason,
            f"{len(have) or 'No'} of the arguments' arrays are given away usably; "
            f"{len(want) or 'none'} should be.",
            "`jax.jit(f, donate_argnums=…)` gives an argument's memory away, if a result has its "
            "shape and dtype. What is still needed afterwards must not be given away.",
        )


@dataclasses.dataclass(frozen=True)
class lowers_everywhere(Requirement):
    """The program can be lowered for CPU, GPU (CUDA) and TPU. Reason: `platform`.

    A machine with only a CPU can tell.
    """

    views: ClassVar[tuple[str, ...]] = ("everywhere",)
    reason: ClassVar[str] = "platform"
    failed: ClassVar[str] = "The function cannot be lowered for cpu, cuda and tpu at once."
    blind: ClassVar[str] = "whether it is fast there, fits into memory or gives the same digits"

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        if set(got["everywhere"][0].facts["platforms"]) == {"cpu", "cuda", "tpu"}:
            return None
        return Finding(self.reason, "The program is not for all three of cpu, cuda and tpu.")


GROWTH = {"not at all": 0.2, "linear": 1.2, "n log n": 1.6, "quadratic": 2.2}
"""The largest exponent e of work ~ n^e that each growth may show between the two batch sizes."""


@dataclasses.dataclass(frozen=True)
class work_grows(Requirement):
    """The work of the program grows no faster than this with the batch. Reason: `work`.

    Work is the number of scalars computed, loop trip counts included (`anatomy`). Choose batch
    sizes so large that what does not depend on the batch is small beside it.

    Args:
        how: `"not at all"`, `"linear"`, `"n log n"` or `"quadratic"`.
    """

    how: str
    reason: ClassVar[str] = "work"
    blind: ClassVar[str] = "what fusion saves; a loop whose length only the values decide"

    def __post_init__(self) -> None:
        if self.how not in GROWTH:
            raise Problem(f'work_grows knows {", ".join(GROWTH)}, not "{self.how}".')

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        small, large = got["value"][0].facts, got["value"][-1].facts
        grown = math.log(max(large["work"], 1) / max(small["work"], 1))
        if grown <= GROWTH[self.how] * math.log(large["size"] / small["size"]):
            return None
        return Finding(
            self.reason,
            f"The work grows faster with the batch than {self.how}.",
            "Look for a loop inside a loop, all pairs where neighbours would do, or something "
            "computed again for each entry.",
        )


@dataclasses.dataclass(frozen=True)
class uses(Requirement):
    """The program has this operation, at least and at most so often. Reason: `operation`.

    Operations are StableHLO's, loop trip counts included: `while` for scan, fori_loop and
    while_loop; `case` for cond and switch; `dot_general` for every kind of matrix product. See
    https://openxla.org/stablehlo/spec.

    Args:
        operation: its name without the dialect.
        at_least, at_most: how often; `at_most=0` forbids it.
        instead: what to try, for the student.
    """

    operation: str
    at_least: int = 1
    at_most: int | None = None
    instead: str = ""
    reason: ClassVar[str] = "operation"
    blind: ClassVar[str] = "which JAX primitive it was, where two lower to the same operation"

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        for answer in got["value"]:
            count = answer.facts["by_name"].get(self.operation, 0)
            if count < self.at_least:
                words = f"The program has {count or 'no'} {self.operation}; it needs"
                return Finding(self.reason, f"{words} at least {self.at_least}.", self.instead)
            if self.at_most is not None and count > self.at_most:
                words = f"The program has {count} {self.operation};"
                return Finding(self.reason, f"{words} {self.at_most} are allowed.", self.instead)
        return None


KNOWN = {
    kind.__name__: kind
    for kind in (
        matches_reference,
        matches_when_called,
        matches_gradient,
        grows_with_batch,
        is_pure,
        uses_keys_once,
        donates_like_reference,
        lowers_everywhere,
        work_grows,
        uses,
    )
}


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
