"""Requirements on the program: its length, its work, its memory, what it is made of."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import ClassVar

from autograder.judge.requirements.reported import ReportedRequirement
from autograder.judge.requirements.requirement import Requirement
from autograder.judge.verdict import Answers, Finding
from autograder.problem import Problem

LOG_GROWTH = 2.5
"""How many times the growth between two sizes that log n foretells still counts as such: programs
grow in steps, one for each power of two."""
MOST_SLICES = 24
"""How often a program may slice one array, besides twice for every example."""


@dataclasses.dataclass(frozen=True)
class grows_with_batch(Requirement):
    """The number of operations in the program does not grow with the batch.

    A Python loop over the batch is unrolled while tracing, so a larger batch makes a longer
    program; `vmap` and broadcasting make the same program with longer axes. Growth like log n, as
    of `associative_scan`, is no such loop; to tell it takes a third batch size, such as 1, that is
    far from the largest. A loop of a fixed length, longer than the batch, is told by how often it
    slices one array. Reason: `batch loop`.

    Args:
        how: `"not at all"`, the one growth known so far.
    """

    how: str = "not at all"
    reason: ClassVar[str] = "batch loop"
    early: ClassVar[tuple[str, ...]] = ("operations", "size")
    stops: ClassVar[bool] = True
    blind: ClassVar[str] = (
        "a loop in the program, such as scan over the batch: ask `uses` for that; "
        "a Python loop of a fixed length that slices no array more than 24 times"
    )

    def __post_init__(self) -> None:
        if self.how != "not at all":
            raise Problem(f'grows_with_batch knows only "not at all", not "{self.how}".')

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        facts = [answer.facts for answer in got["value"]]
        lengths = {one["size"]: one["operations"] for one in facts}
        # Of a program that is too long to be run, only the length is known.
        unrolled = any(one.get("sliced", 0) > MOST_SLICES + 2 * one["size"] for one in facts)
        if not unrolled and not _grows(lengths, facts[0]["size"], facts[-1]["size"]):
            return None
        return Finding(
            self.reason,
            "The program holds a Python loop, written out turn by turn."
            if unrolled
            else "The program grows with the batch: a bigger batch made a longer program.",
            "A Python loop over examples is unrolled, one copy per example. "
            "Let vmap or broadcasting add the batch axis.",
        )


def _grows(lengths: Mapping[int, int], first: int, last: int) -> bool:
    """Whether a program grows in proportion to the batch, by its length at each size."""
    # A loop adds an operation for each example at least, and for every second where it takes
    # two at a time. One or two more come from constants that are equal at one size only.
    grown = lengths[last] - lengths[first]
    if last == first or 2 * grown < last - first:
        return False
    for other in lengths:
        low, middle = sorted((other, first))
        if not 0 < low < middle < last:
            continue
        foretold = LOG_GROWTH * math.log(last / middle) / math.log(middle / low)
        is_told_apart = (last - middle) / (middle - low) > 1.5 * foretold
        if is_told_apart and lengths[last] - lengths[middle] <= foretold * (
            lengths[middle] - lengths[low]
        ):
            return False
    return True


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
    early: ClassVar[tuple[str, ...]] = ("work", "size")
    stops: ClassVar[bool] = True

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
class work_within(Requirement):
    """The program does at most this many times the reference's work. Reason: `work`.

    Work is counted as for `work_grows`.

    Args:
        factor: above 1, for two good programs of the same idea rarely cost the same.
    """

    factor: float
    reason: ClassVar[str] = "work"
    blind: ClassVar[str] = "what fusion saves; a loop whose length only the values decide"
    early: ClassVar[tuple[str, ...]] = ("work",)
    compares: ClassVar[tuple[str, ...]] = ("work",)

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        for want, have in zip(expected["value"], got["value"], strict=True):
            if have.facts["work"] > self.factor * max(want.facts["work"], 1):
                return Finding(
                    self.reason,
                    f"The program does more than {self.factor:g} times the work that is needed.",
                    "Look for something computed twice, or computed and then thrown away.",
                )
        return None


@dataclasses.dataclass(frozen=True)
class memory_within(Requirement):
    """The compiled program's temporaries are at most so many times the reference's.

    Temporaries are the bytes that a program needs besides its arguments and results, as XLA's
    `memory_analysis` counts them for the device that judges. Choose sizes at which they differ by
    more than the factor and `allowance`. Reason: `memory`.

    Args:
        factor: above 1, for versions of XLA differ.
        allowance: bytes that are always allowed.
    """

    factor: float = 2.0
    allowance: int = 4096
    reason: ClassVar[str] = "memory"
    blind: ClassVar[str] = "memory that Python holds; another device's or compiler's choices"
    compares: ClassVar[tuple[str, ...]] = ("temporaries",)

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        for want, have in zip(expected["value"], got["value"], strict=True):
            most = max(self.factor * want.facts["temporaries"], self.allowance)
            if have.facts["temporaries"] > most:
                return Finding(
                    self.reason,
                    f"The compiled program needs more than {self.factor:g} times the memory for "
                    "what it keeps in between.",
                    "Look for a large array that is built and then reduced, or for values that "
                    "are kept for the backward pass and could be computed again.",
                )
        return None


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
    early: ClassVar[tuple[str, ...]] = ("by_name",)
    blind: ClassVar[str] = "which JAX primitive it was, where two lower to the same operation"

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        for answer in got["value"]:
            count = answer.facts["by_name"].get(self.operation, 0)
            if count < self.at_least and self.at_most != 0:
                words = f"The program has {count or 'no'} {self.operation}; it needs"
                return Finding(self.reason, f"{words} at least {self.at_least}.", self.instead)
            if self.at_most is not None and count > self.at_most:
                words = f"The program has {count} {self.operation};"
                return Finding(self.reason, f"{words} {self.at_most} are allowed.", self.instead)
        return None


@dataclasses.dataclass(frozen=True)
class runs_on_demand(Requirement):
    """This operation stands in a branch, or nowhere, so that a run can do without it.

    Operations are named as for `uses`; a branch is one of cond or switch. Reason: `branch`.

    Args:
        operation: its name without the dialect, such as `sort`.
        instead: what to try, for the student.
    """

    operation: str
    instead: str = ""
    reason: ClassVar[str] = "branch"
    early: ClassVar[tuple[str, ...]] = ("always",)
    blind: ClassVar[str] = "the same thing done by other operations; which branch is chosen"

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        for answer in got["value"]:
            if answer.facts["always"].get(self.operation, 0):
                words = f"Every run carries out {self.operation}, whether it is needed or not."
                return Finding(self.reason, words, self.instead)
        return None


@dataclasses.dataclass(frozen=True)
class is_jitted(Requirement):
    """The function is a `jit` as a whole. Reason: `not jitted`.

    Such a function is lowered to a program that is one call of another.
    """

    reason: ClassVar[str] = "not jitted"
    blind: ClassVar[str] = "a `jit` that is made anew inside the call: `traces_like_reference` sees"

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        if all(answer.facts["jitted"] for answer in got["value"]):
            return None
        return Finding(
            self.reason,
            "The function is not jitted: Python runs it anew at every call.",
            "Put `jax.jit` around it, outside of the call.",
        )


@dataclasses.dataclass(frozen=True)
class stays_in_32_bits(Requirement):
    """No number in the program has more than 32 bits, on the way either. Reason: `64 bits`."""

    reason: ClassVar[str] = "64 bits"
    early: ClassVar[tuple[str, ...]] = ("widest",)
    blind: ClassVar[str] = "two numbers of 32 bits that stand for one of 64"

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        if all(answer.facts["widest"] <= 32 for answer in got["value"]):
            return None
        return Finding(
            self.reason,
            "The program computes with numbers of 64 bits.",
            "Leave jax.enable_x64 alone, and arrange the computation so that 32 bits are enough.",
        )


@dataclasses.dataclass(frozen=True)
class is_pure(ReportedRequirement):
    """The same call makes the same program. Reason: `impure`.

    It sees what reaches the program: a counter, the clock, NumPy's random state. Only the worker
    knows whether a program was really made by a second call. So it is reported, and costs a
    quarter; an exercise whose point is purity draws one size twice, for `matches_reference` to see
    values that do not follow the arguments.
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
            "Let the result depend on the arguments alone: not on a global that changes, the time, "
            "or NumPy's random numbers.",
        )


@dataclasses.dataclass(frozen=True)
class TiedRequirement(Requirement):
    """One that judges another export of the function, which has to be the same program.

    Where that cannot be told, for the program is too long, its evidence is a report: only the
    worker says then that the export is one of the same function.
    """

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        programs = {str(got[view][0].facts["meaning"]) for view in self.views}
        if len(programs - {""}) > 1:
            return Finding(
                self.reason,
                "Exported in another way, the function computes something else.",
                "Let the function do the same whenever and for whatever it is traced.",
            )
        return self.judge_facts(expected, got)

    def judge_facts(self, expected: Answers, got: Answers) -> Finding | None:
        """Compare with the reference, where the programs are the same."""
        raise NotImplementedError

    def rests_on_reports(self, got: Answers) -> bool:
        return not all(got[view][0].facts["meaning"] for view in self.views)


@dataclasses.dataclass(frozen=True)
class donates_like_reference(TiedRequirement):
    """The function's own `jit` gives away the same arguments, and usably. Reason: `donation`."""

    views: ClassVar[tuple[str, ...]] = ("value", "as written")
    reason: ClassVar[str] = "donation"
    blind: ClassVar[str] = "what was asked for and is of no use: no result has its shape and dtype"
    compares: ClassVar[tuple[str, ...]] = ("donated",)

    def judge_facts(self, expected: Answers, got: Answers) -> Finding | None:
        want, have = (set(one["as written"][0].facts["donated"]) for one in (expected, got))
        if want == have:
            return None
        return Finding(
            self.reason,
            "Other arrays among the arguments are given away than should be."
            if len(want) == len(have)
            else f"{len(have) or 'None'} of the arguments' arrays are given away usably; "
            f"{len(want) or 'none'} should be.",
            "`jax.jit(f, donate_argnums=…)` gives an argument's memory away, if a result has its "
            "shape and dtype. What is still needed afterwards must not be given away.",
        )


@dataclasses.dataclass(frozen=True)
class lowers_everywhere(TiedRequirement):
    """The program can be lowered for CPU, GPU (CUDA) and TPU. Reason: `platform`.

    A machine with only a CPU can tell.
    """

    views: ClassVar[tuple[str, ...]] = ("value", "everywhere")
    reason: ClassVar[str] = "platform"
    failed: ClassVar[str] = "The function cannot be lowered for cpu, cuda and tpu at once."
    blind: ClassVar[str] = "whether it is fast there, fits into memory or gives the same digits"

    def judge_facts(self, expected: Answers, got: Answers) -> Finding | None:
        if set(got["everywhere"][0].facts["platforms"]) == {"cpu", "cuda", "tpu"}:
            return None
        return Finding(self.reason, "The program is not for all three of cpu, cuda and tpu.")
