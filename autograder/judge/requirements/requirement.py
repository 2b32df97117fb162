"""The base class of the requirements."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from autograder.judge.verdict import Answers, Finding


@dataclasses.dataclass(frozen=True)
class Requirement:
    """Something that an exercise requires of an answer.

    Attributes:
        views: the views of the function that it looks at.
        reason: the short name of its finding.
        failed: how a finding begins when one of its views could not be made.
        early: the facts that it needs, if it needs nothing else and they are known before a
            program is compiled.
        stops: whether an answer that does not meet it is not compiled, because compiling or
            running it may take very long.
        compares: the facts of the reference's programs that it looks at.
        reported: whether its evidence is what the student's own process says.
        share: the share of the points that an answer loses that does not meet it.
        blind: what it cannot see, for the documentation.
    """

    views: ClassVar[tuple[str, ...]] = ("value",)
    reason: ClassVar[str] = ""
    failed: ClassVar[str] = "The function fails."
    blind: ClassVar[str] = ""
    early: ClassVar[tuple[str, ...]] = ()
    stops: ClassVar[bool] = False
    compares: ClassVar[tuple[str, ...]] = ()
    reported: ClassVar[bool] = False
    share: ClassVar[float] = 1.0

    def judge(self, expected: Answers, answers: Answers) -> Finding | None:
        """Compare with the reference; None when all is well."""
        raise NotImplementedError

    def rests_on_reports(self, answers: Answers) -> bool:
        """Whether for this answer its evidence is what the student's own process says."""
        return self.reported
