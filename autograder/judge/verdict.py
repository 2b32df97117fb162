"""The verdict on an answer: a status, the findings behind it, and the share of the points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np


class Status(StrEnum):
    """How the judging of one exercise ended."""

    PASSED = "passed"
    PARTLY = "partly right"
    WRONG = "wrong"
    ERROR = "error"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out of memory"
    TOO_MUCH_OUTPUT = "too much output"
    NOT_ALLOWED = "not allowed"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    GRADER_FAULT = "grader fault"


class Refusal(Exception):  # noqa: N818
    """The program or result of an answer is not allowed; the message is for the student.

    Args:
        message: one sentence.
        operations: the length of the program, if that is the reason.
    """

    def __init__(self, message: str, operations: int = 0) -> None:
        super().__init__(message)
        self.operations = operations


WORD = np.dtype(np.uint32)
"""The dtype of a string among the leaves of an answer, which is an array of its code points."""


@dataclass(frozen=True)
class Answer:
    """What a function returned on one case, with the facts of its program.

    Attributes:
        structure: the pytree of the result, as JAX prints a `PyTreeDef`, see `tree.described`.
        paths: the path of each leaf, as `jax.tree_util.keystr` writes it.
        leaves: the leaves, as NumPy arrays in the same order; empty if the program of the view is
            read and not run.
        facts: the facts of the program, see `program.read`.
        ran: False if the view's program should be run and was not, because its facts reject it.
    """

    structure: str
    paths: tuple[str, ...]
    leaves: tuple[np.ndarray, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    ran: bool = True


@dataclass(frozen=True)
class Failure:
    """Why there is no answer on one case.

    Attributes:
        status: any status but `passed`, `partly right` and `wrong`.
        message: what happened, in a sentence for the student.
        error: the name of the exception's class, if there was one.
        advice: what to try.
        line: the student's own line that caused it, if known.
        facts: the facts of a program that is too long to run.
    """

    status: Status
    message: str
    error: str = ""
    advice: str = ""
    line: str = ""
    facts: Mapping[str, int] = field(default_factory=dict)

    @property
    def told(self) -> str:
        """The message, with the student's own line if it is known."""
        return f"{self.message} The line: `{self.line}`" if self.line else self.message


Outcome = Answer | Failure
Outcomes = Mapping[str, Sequence[Outcome]]
"""What a function did: for the name of each view, one outcome per draw."""

Answers = Mapping[str, Sequence[Answer]]
"""The outcomes of a function that did not fail."""


@dataclass(frozen=True)
class Evidence:
    """What shows a finding, on a case that the student may see.

    Attributes:
        case: the position of the draw among those of the exercise.
        path: the path of the leaf that differs; empty for a result that is one array.
        expected: the expected leaf, or what else was expected as text; None if nothing is compared.
        got: the student's leaf, or the text.
        is_sample: whether `expected` is a packed `samples.Distribution` and not a leaf.
    """

    case: int
    path: str = ""
    expected: np.ndarray | str | None = None
    got: np.ndarray | str | None = None
    is_sample: bool = False


@dataclass(frozen=True)
class Finding:
    """One requirement that was not met.

    Attributes:
        reason: the short name under which a wrong answer is listed, such as `values`.
        message: what was found, without a value or a shape of a case.
        advice: what it usually means, and what to try.
        evidence: the arguments and values behind it; only set for public cases.
        reported: whether the only evidence is what the student's own process says.
    """

    reason: str
    message: str
    advice: str = ""
    evidence: Evidence | None = None
    reported: bool = False


@dataclass(frozen=True)
class Part:
    """A part of an exercise's points.

    Attributes:
        name: what it is for, in a few words.
        share: of the exercise's points.
        met: whether the answer earns it.
    """

    name: str
    share: float
    met: bool


@dataclass(frozen=True)
class Verdict:
    """The judgement of one answer to one exercise.

    Attributes:
        exercise: the exercise's name.
        status: how the judging ended.
        findings: the requirements that were not met, the most important first.
        misconception: the title of the listed wrong answer that behaves the same, if any.
        fraction: the share of the points earned, in [0, 1].
        program: the same text for all answers that do the same, see `grader`; empty in a notebook.
        reported: the reasons of the requirements, met or not, whose only evidence is what the
            student's own process says.
        parts: the parts of the points, which add up to 1; `fraction` is the sum of those that are
            met. Empty if nothing is split: the answer has no right results, or it fails something
            without which nothing is earned, or all points are for the results.
        meaning: the same text for all answers whose programs differ only in names, in the order of
            operations and in calls; empty if that is unknown.
    """

    exercise: str
    status: Status
    findings: tuple[Finding, ...] = ()
    misconception: str = ""
    fraction: float = field(default=0.0)
    program: str = ""
    reported: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    meaning: str = ""

    @property
    def passed(self) -> bool:
        return self.status is Status.PASSED

    @property
    def asks(self) -> bool:
        """Whether a person has to give the points, because no answer was judged."""
        return self.status in (Status.UNREADABLE, Status.GRADER_FAULT)

    def points(self, most: float) -> float:
        """The points earned of an exercise with so many, without the last digits of a product."""
        return round(self.fraction * most, 6)

    @property
    def reason(self) -> str:
        """The reason of the first finding; without findings, the status."""
        return self.findings[0].reason if self.findings else str(self.status)

    @classmethod
    def of_failure(cls, exercise: str, failure: Failure, case: int | None = None) -> Verdict:
        """The verdict on an exercise that has no answer to judge.

        Args:
            exercise: its name.
            failure: why there is no answer.
            case: the position of the draw on which the function failed, if it was called.
        """
        finding = Finding(
            failure.error or str(failure.status),
            failure.told,
            failure.advice,
            None if case is None else Evidence(case),
        )
        return cls(exercise, failure.status, (finding,))
