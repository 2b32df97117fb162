"""Requirements on the program: its length, work, memory and operations."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import ClassVar

from autograder.judge.requirements.reported import ReportedRequirement
from autograder.judge.requirements.requirement import Requirement, miscounted
from autograder.judge.verdict import Answers, Finding
from autograder.problem import Problem

LOG_GROWTH = 2.5
"""Growth up to this many times what log n predicts still counts as log n, because programs grow in
steps, one for each power of two."""
MOST_SLICES = 24
"""How often a program may slice one array, in addition to twice per example."""


@dataclasses.dataclass(frozen=True)
class grows_with_batch(Requirement):
    """The number of operations in the program does not grow with the batch.

    A Python loop over the batch is unrolled while tracing, so a larger batch makes a longer
    program; `vmap` and broadcasting make the same program with longer axes. Growth like log n, as
    of `associative_scan`, is allowed. To recognise it, the grader needs a third batch size, such as
    1, that is far from the largest. A loop whose fixed length is greater than the batch is
    recognised by how often it slices one array. Reason: `batch loop`.

    Args:
        how: `"not at all"`, the only choice so far.
    """

    how: str = "not at all"
    reason: ClassVar[str] = "batch loop"
    early: ClassVar[tuple[str, ...]] = ("operations", "size")
    stops: ClassVar[bool] = True
    goal: ClassVar[str] = "a program that does not grow with the batch"
    blind: ClassVar[str] = (
        "a loop in the program, such as scan over the batch: ask `uses` for that; "
        "a Python loop of a fixed length that slices no array more than 24 times"
    )

    def __post_init__(self) -> None:
        if self.how != "not at all":
            raise Problem(f'grows_with_batch knows only "not at all", not "{self.how}".')

    def judge(self, expected: Answers, answers: Answers) -> Finding | None:
        facts = [answer.facts for answer in answers["value"]]
        # Calls are written out: the body of a loop may be a function, which is in the program once
        # for each shape. If a program is too long to run, only its length is known.
        lengths = {each["size"]: each.get("written_out", each["operations"]) for each in facts}
        unrolled = any(each.get("sliced", 0) > MOST_SLICES + 2 * each["size"] for each in facts)
        if not unrolled and not _grows(lengths, facts[0]["size"], facts[-1]["size"]):
            return None
        return Finding(
            self.reason,
            "The program contains a Python loop that was unrolled: one copy of its body per turn."
            if unrolled
            else "The program grows with the batch: a larger batch made a longer program.",
            "Tracing unrolls a Python loop over examples: the program gets one copy of its body "
            "per example. Let vmap or broadcasting add the batch axis.",
        )


def _grows(lengths: Mapping[int, int], first: int, last: int) -> bool:
    """Whether a program grows in proportion to the batch, by its length at each size."""
    # A loop adds at least one operation per example, or per two examples if it takes two at a time.
    # Constants that are equal at one size only add one or two more.
    grown = lengths[last] - lengths[first]
    if last == first or 2 * grown < last - first:
        return False
    for size in lengths:
        low, middle = sorted((size, first))
        if not 0 < low < middle < last:
            continue
        most_growth = LOG_GROWTH * math.log(last / middle) / math.log(middle / low)
        can_tell = (last - middle) / (middle - low) > 1.5 * most_growth
        if can_tell and lengths[last] - lengths[middle] <= most_growth * (
            lengths[middle] - lengths[low]
        ):
            return False
    return True


GROWTH = {"not at all": 0.2, "linear": 1.2, "n log n": 1.6, "quadratic": 2.2}
"""The largest exponent e of work ~ n^e that each growth may show between the two batch sizes."""


@dataclasses.dataclass(frozen=True)
class work_grows(Requirement):
    """The work of the program grows no faster than this with the batch. Reason: `work`.

    Work is the number of scalars that the program computes; each turn of a loop counts (`anatomy`).
    Choose large batch sizes, so that most of the work depends on the batch.

    Args:
        how: `"not at all"`, `"linear"`, `"n log n"` or `"quadratic"`.
    """

    how: str
    reason: ClassVar[str] = "work"
    goal: ClassVar[str] = "work that grows no faster than allowed"
    blind: ClassVar[str] = "what fusion saves; a loop whose length only the values decide"
    early: ClassVar[tuple[str, ...]] = ("work", "size")
    stops: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.how not in GROWTH:
            raise Problem(f'work_grows knows {", ".join(GROWTH)}, not "{self.how}".')

    def judge(self, expected: Answers, answers: Answers) -> Finding | None:
        small, large = answers["value"][0].facts, answers["value"][-1].facts
        grown = math.log(max(large["work"], 1) / max(small["work"], 1))
        if grown <= GROWTH[self.how] * math.log(large["size"] / small["size"]):
            return None
        return Finding(
            self.reason,
            "The work grows with the batch."
            if self.how == "not at all"
            else f"The work grows with the batch, and the growth is faster than {self.how}.",
            "Look for a loop inside a loop, for all pairs where neighbours are enough, or for a "
            "value that is computed again for each entry.",
        )


@dataclasses.dataclass(frozen=True)
class work_within(Requirement):
    """The program does at most this many times the reference's work. Reason: `work`.

    Work is counted as for `work_grows`.

    Args:
        factor: above 1, because two good programs for the same idea rarely cost the same.
    """

    factor: float
    reason: ClassVar[str] = "work"
    goal: ClassVar[str] = "no more work than allowed"
    blind: ClassVar[str] = "what fusion saves; a loop whose length only the values decide"
    early: ClassVar[tuple[str, ...]] = ("work",)
    compares: ClassVar[tuple[str, ...]] = ("work",)

    def judge(self, expected: Answers, answers: Answers) -> Finding | None:
        for reference, answer in zip(expected["value"], answers["value"], strict=True):
            if answer.facts["work"] > self.factor * max(reference.facts["work"], 1):
                return Finding(
                    self.reason,
                    f"The program does more than {self.factor:g} times the work that is needed.",
                    "Look for a value that is computed twice, or computed and never used.",
                )
        return None


@dataclasses.dataclass(frozen=True)
class memory_within(Requirement):
    """The compiled program's temporaries are at most this many times the reference's.

    Temporaries are the bytes that a program needs besides its arguments and results, as XLA's
    `memory_analysis` counts them on the grading device. Choose sizes at which good and bad answers
    differ by more than `factor` and `allowance`. Reason: `memory`.

    Args:
        factor: above 1, because versions of XLA differ.
        allowance: bytes that are always allowed.
    """

    factor: float = 2.0
    allowance: int = 4096
    reason: ClassVar[str] = "memory"
    goal: ClassVar[str] = "no more memory than allowed"
    blind: ClassVar[str] = "memory that Python holds; another device's or compiler's choices"
    compares: ClassVar[tuple[str, ...]] = ("temporaries",)
    measures: ClassVar[bool] = True

    def judge(self, expected: Answers, answers: Answers) -> Finding | None:
        for reference, answer in zip(expected["value"], answers["value"], strict=True):
            most = max(self.factor * reference.facts["temporaries"], self.allowance)
            if answer.facts["temporaries"] > most:
                return Finding(
                    self.reason,
                    f"The compiled program needs more than {self.factor:g} times as much memory "
                    "for intermediate values as the reference.",
                    "Look for a large array that is built and then reduced, or for values that "
                    "are kept for the backward pass, but could be computed again.",
                )
        return None


@dataclasses.dataclass(frozen=True)
class uses(Requirement):
    """The program has this operation, at least and at most this often. Reason: `operation`.

    Operations have StableHLO's names: `while` for scan, fori_loop and while_loop; `case` for cond
    and switch; `dot_general` for every kind of matrix product. Each turn of a loop counts. See
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
    blind: ClassVar[str] = "which JAX primitive it was, if two lower to the same operation"

    @property
    def part(self) -> str:
        return f"no {self.operation}" if self.at_most == 0 else f"the operation {self.operation}"

    def judge(self, expected: Answers, answers: Answers) -> Finding | None:
        facts = [answer.facts["by_name"] for answer in answers["value"]]
        counts = (by_name.get(self.operation, 0) for by_name in facts)
        limits = (self.at_least, self.at_most)
        message = miscounted(counts, *limits, "The program", self.operation)
        return Finding(self.reason, message, self.instead) if message else None


@dataclasses.dataclass(frozen=True)
class runs_on_demand(Requirement):
    """This operation is only in branches, so that a run can skip it.

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

    @property
    def part(self) -> str:
        return f"{self.operation} only when it is needed"

    def judge(self, expected: Answers, answers: Answers) -> Finding | None:
        for answer in answers["value"]:
            if answer.facts["always"].get(self.operation, 0):
                message = (
                    f"The program has {self.operation} outside every branch of a `cond` or "
                    "`switch`, so every run needs it."
                )
                return Finding(self.reason, message, self.instead)
        return None


@dataclasses.dataclass(frozen=True)
class is_jitted(Requirement):
    """The function is a `jit` as a whole. Reason: `not jitted`.

    Such a function is lowered to a program that is one call of another.
    """

    reason: ClassVar[str] = "not jitted"
    early: ClassVar[tuple[str, ...]] = ("jitted",)
    goal: ClassVar[str] = "a function that is jitted"
    blind: ClassVar[str] = "a new `jit` inside each call; use `traces_like_reference` for that"

    def judge(self, expected: Answers, answers: Answers) -> Finding | None:
        if all(answer.facts["jitted"] for answer in answers["value"]):
            return None
        return Finding(
            self.reason,
            "The function is not jitted: Python runs it again at every call.",
            "Write `@jax.jit` above it, or wrap it once in `jax.jit`, not in each call.",
        )


@dataclasses.dataclass(frozen=True)
class stays_in_32_bits(Requirement):
    """No number in the program has more than 32 bits, not even in between. Reason: `64 bits`."""

    reason: ClassVar[str] = "64 bits"
    early: ClassVar[tuple[str, ...]] = ("widest",)
    goal: ClassVar[str] = "no number of more than 32 bits"
    blind: ClassVar[str] = "two 32-bit numbers that stand for one 64-bit number"

    def judge(self, expected: Answers, answers: Answers) -> Finding | None:
        if all(answer.facts["widest"] <= 32 for answer in answers["value"]):
            return None
        return Finding(
            self.reason,
            "The program computes with 64-bit numbers.",
            "Leave jax.enable_x64 alone, and arrange the computation so that 32 bits are enough.",
        )


@dataclasses.dataclass(frozen=True)
class is_pure(ReportedRequirement):
    """The same call makes the same program. Reason: `impure`.

    It sees everything that changes the program: a counter, the clock, NumPy's random state. Only
    the worker knows whether a second call really made the second program. So the evidence is
    reported, and an answer that fails loses a quarter of the points. If purity is the point of an
    exercise, draw one size twice: then `matches_reference` sees values that do not depend on the
    arguments alone.
    """

    views: ClassVar[tuple[str, ...]] = ("value", "again")
    reason: ClassVar[str] = "impure"
    failed: ClassVar[str] = "The function fails when it is called again."
    goal: ClassVar[str] = "the same program at every call"
    blind: ClassVar[str] = (
        "what is printed or appended while tracing; what a jitted function inside remembers"
    )

    def judge(self, expected: Answers, answers: Answers) -> Finding | None:
        if answers["again"][0].facts["digest"] == answers["value"][0].facts["digest"]:
            return None
        return Finding(
            self.reason,
            "Traced twice with the same arguments, the function made two different programs.",
            "Let the result depend on the arguments alone: not on a global that changes, the time, "
            "or NumPy's random numbers.",
        )


@dataclasses.dataclass(frozen=True)
class TiedRequirement(Requirement):
    """A requirement on another export of the function, which has to be the same program.

    If the program is too long to compare, the evidence is only a report: the worker says that it
    exported the same function, and nobody can check that.
    """

    def judge(self, expected: Answers, answers: Answers) -> Finding | None:
        programs = {str(answers[view][0].facts["meaning"]) for view in self.views}
        if len(programs - {""}) > 1:
            return Finding(
                self.reason,
                "When it is exported in another way, the function computes something else.",
                "Write the function so that every trace, for every platform, makes the same "
                "program.",
            )
        return self.judge_facts(expected, answers)

    def judge_facts(self, expected: Answers, answers: Answers) -> Finding | None:
        """Compare with the reference, once the programs are known to be the same."""
        raise NotImplementedError

    def rests_on_reports(self, answers: Answers) -> bool:
        return not all(answers[view][0].facts["meaning"] for view in self.views)


@dataclasses.dataclass(frozen=True)
class donates_like_reference(TiedRequirement):
    """The function's own `jit` donates the same arguments, in such a way that results can use their
    memory. Reason: `donation`.
    """

    views: ClassVar[tuple[str, ...]] = ("value", "as written")
    reason: ClassVar[str] = "donation"
    goal: ClassVar[str] = "the donated arguments"
    blind: ClassVar[str] = "a donation without effect, because no result has the shape and dtype"
    compares: ClassVar[tuple[str, ...]] = ("donated",)

    def judge_facts(self, expected: Answers, answers: Answers) -> Finding | None:
        wanted, donated = (
            set(side["as written"][0].facts["donated"]) for side in (expected, answers)
        )
        if wanted == donated:
            return None
        return Finding(
            self.reason,
            "The function donates other arrays than it should."
            if len(wanted) == len(donated)
            else f"The function gives {len(donated) or 'none'} of its input arrays to a result by "
            f"donation; it should give {len(wanted) or 'none'}.",
            "`jax.jit(f, donate_argnums=…)` gives an argument's memory to a result, if a result "
            "has the same shape and dtype. Do not donate an array that is still needed afterwards.",
        )


@dataclasses.dataclass(frozen=True)
class lowers_everywhere(TiedRequirement):
    """The program can be lowered for CPU, GPU (CUDA) and TPU. Reason: `platform`.

    This can be checked on a machine with only a CPU.
    """

    views: ClassVar[tuple[str, ...]] = ("value", "everywhere")
    reason: ClassVar[str] = "platform"
    failed: ClassVar[str] = "The function cannot be lowered for cpu, cuda and tpu at once."
    goal: ClassVar[str] = "a program for CPU, GPU and TPU"
    blind: ClassVar[str] = "whether it is fast there, fits into memory or gives the same digits"

    def judge_facts(self, expected: Answers, answers: Answers) -> Finding | None:
        if set(answers["everywhere"][0].facts["platforms"]) == {"cpu", "cuda", "tpu"}:
            return None
        return Finding(self.reason, "The program is not for all three platforms: cpu, cuda, tpu.")
