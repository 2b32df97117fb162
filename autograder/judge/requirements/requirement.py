"""The base class of the requirements."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import ClassVar

from autograder.judge.verdict import Answers, Finding


@dataclasses.dataclass(frozen=True)
class Requirement:
    """Something that an exercise requires of an answer.

    Attributes:
        views: the views of the function that it looks at.
        reason: the short name of its finding.
        failed: how a finding begins when the function failed in one of the views.
        early: the facts that it needs, if all of them are known before a program is compiled; else
            empty.
        stops: whether the grader compiles only short programs of an answer that fails it, or none,
            because compiling or running such an answer may take very long.
        compares: the facts of the reference's programs that it looks at.
        reported: whether its evidence is what the student's own process says.
        measures: whether it needs facts that only a compiled program has, for each case.
        judges_results: whether an answer that fails it has wrong results, which earn nothing. It
            has no share of its own: it gets what the other requirements leave.
        goal: what an answer that meets it has, in a few words, see `part`.
        blind: what it cannot see, for the documentation.
        share: the share of the exercise's points that it carries: an answer with right results that
            fails only this requirement earns the rest. By default it earns nothing.
    """

    views: ClassVar[tuple[str, ...]] = ("value",)
    reason: ClassVar[str] = ""
    failed: ClassVar[str] = "The function fails."
    goal: ClassVar[str] = ""
    blind: ClassVar[str] = ""
    early: ClassVar[tuple[str, ...]] = ()
    stops: ClassVar[bool] = False
    compares: ClassVar[tuple[str, ...]] = ()
    reported: ClassVar[bool] = False
    measures: ClassVar[bool] = False
    judges_results: ClassVar[bool] = False

    # Not in the `repr`, whose numbers feedback may show, see `feedback.in_words_of`.
    share: float = dataclasses.field(default=1.0, kw_only=True, repr=False)

    @property
    def part(self) -> str:
        """What its share of the points is for, in a few words."""
        return self.goal

    def judge(self, expected: Answers, answers: Answers) -> Finding | None:
        """Compare with the reference; None when all is well."""
        raise NotImplementedError

    def rests_on_reports(self, answers: Answers) -> bool:
        """Whether for this answer its evidence is what the student's own process says."""
        return self.reported


def miscounted(
    counts: Iterable[int], at_least: int, at_most: int | None, holder: str, name: str
) -> str:
    """A sentence about the first count that is not within its limits; empty if all are.

    >>> miscounted([1, 0], 1, None, "The program", "sort")
    'The program has no sort; it needs at least 1.'

    Args:
        counts: how often each program has it.
        at_least, at_most: how often it should; `at_most=0` forbids it, whatever `at_least` is.
        holder: what has it.
        name: what is counted.
    """
    for count in counts:
        has = f"{holder} has {count or 'no'} {name};"
        if count < at_least and at_most != 0:
            return f"{has} it needs at least {at_least}."
        if at_most is not None and count > at_most:
            most = f"at most {at_most} {'is' if at_most == 1 else 'are'}" if at_most else "none is"
            return f"{has} {most} allowed."
    return ""
