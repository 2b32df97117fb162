"""Requirements whose evidence only the student's own process can give, see `reports`.

The build rejects an exercise if more than a quarter of its points depend on them.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from autograder.judge.requirements.requirement import Requirement, miscounted
from autograder.judge.verdict import Answers, Finding

MOST = 0.25
"""The largest share of an exercise's points that may depend on reports."""


@dataclasses.dataclass(frozen=True)
class ReportedRequirement(Requirement):
    """A requirement whose evidence is a report, so it costs only a quarter of the points."""

    views: ClassVar[tuple[str, ...]] = ("reported",)
    reported: ClassVar[bool] = True
    failed: ClassVar[str] = "The function fails when it is called."

    share: float = dataclasses.field(default=MOST, kw_only=True, repr=False)


@dataclasses.dataclass(frozen=True)
class traces_like_reference(ReportedRequirement):
    """The function's own `jit` is traced as often as the reference's, over the same calls.

    Every case is called twice in a row. Reason: `traces`.
    """

    reason: ClassVar[str] = "traces"
    goal: ClassVar[str] = "no more traces than needed"
    blind: ClassVar[str] = "a jitted function that is neither the answer nor written inside it"
    compares: ClassVar[tuple[str, ...]] = ("traces",)

    def judge(self, expected: Answers, answers: Answers) -> Finding | None:
        wanted, traces = (
            sum(answer.facts["traces"] for answer in side["reported"])
            for side in (expected, answers)
        )
        if traces == wanted:
            return None
        if not traces:
            return Finding(
                self.reason,
                "The function is never traced: it is not compiled.",
                "Write `@jax.jit` above it, or wrap it once in `jax.jit`, not in each call.",
            )
        often = "more often" if traces > wanted else "less often"
        return Finding(
            self.reason,
            f"For the same calls, the function is traced {often} than it should be: "
            f"the count is {traces}, not {wanted}.",
            "JAX traces again for each new shape, dtype, static value and function: look for "
            "`jax.jit` inside the call, and for arguments that should, or should not, be static.",
        )


@dataclasses.dataclass(frozen=True)
class leaks_nothing(ReportedRequirement):
    """No tracer outlives the trace. Reason: `leak`."""

    reason: ClassVar[str] = "leak"
    goal: ClassVar[str] = "no tracer that escapes"
    blind: ClassVar[str] = "a leak inside a jitted function that was traced before"

    def judge(self, expected: Answers, answers: Answers) -> Finding | None:
        if not any(answer.facts["leak"] for answer in answers["reported"]):
            return None
        return Finding(
            self.reason,
            "A tracer escapes: a value from inside the trace is kept after the trace has ended.",
            "Return the value instead of storing it in a global, a list or an object.",
        )


@dataclasses.dataclass(frozen=True)
class uses_primitive(ReportedRequirement):
    """The function's jaxpr binds this primitive, at least and at most this often.

    For example `custom_vjp_call` for a custom rule that is really used, `checkpoint` for remat, or
    `scan`. Each inner jaxpr counts once. Reason: `primitive`.

    Args:
        primitive: its name, as a jaxpr prints it.
        at_least, at_most: how often; `at_most=0` forbids it.
        instead: what to try, for the student.
    """

    primitive: str
    at_least: int = 1
    at_most: int | None = None
    instead: str = ""
    reason: ClassVar[str] = "primitive"
    blind: ClassVar[str] = "whether the primitive's result matters"

    @property
    def part(self) -> str:
        return f"no {self.primitive}" if self.at_most == 0 else f"the primitive {self.primitive}"

    def judge(self, expected: Answers, answers: Answers) -> Finding | None:
        facts = [answer.facts["primitives"] for answer in answers["reported"]]
        counts = (primitives.get(self.primitive, 0) for primitives in facts)
        limits = (self.at_least, self.at_most)
        message = miscounted(counts, *limits, "The jaxpr", self.primitive)
        return Finding(self.reason, message, self.instead) if message else None


@dataclasses.dataclass(frozen=True)
class weak_type_like_reference(ReportedRequirement):
    """The types of the results are weak where the reference's are. Reason: `weak type`."""

    reason: ClassVar[str] = "weak type"
    goal: ClassVar[str] = "the weak types"
    blind: ClassVar[str] = "weak types within the function"
    compares: ClassVar[tuple[str, ...]] = ("weak",)

    def judge(self, expected: Answers, answers: Answers) -> Finding | None:
        for reference, answer in zip(expected["reported"], answers["reported"], strict=True):
            if list(reference.facts["weak"]) != list(answer.facts["weak"]):
                return Finding(
                    self.reason,
                    "A result's type is weak where it should not be, or the other way round.",
                    "A result has a weak type if it comes only from Python numbers. An array, or a "
                    "dtype that you name, makes its type strong.",
                )
        return None
