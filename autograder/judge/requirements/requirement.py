"""What a requirement is."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from autograder.judge.verdict import Answers, Finding


@dataclasses.dataclass(frozen=True)
class Requirement:
    """A named demand on an answer.

    Attributes:
        views: the views of the function that it looks at.
        reason: the short name of its finding.
        failed: how a finding begins when one of its views could not be made.
        early: the facts that it judges by, where these are all and known before a program is
            compiled.
        stops: whether an answer that does not meet it is not compiled, since that, or running it,
            may take very long.
        compares: the facts of the reference's programs that it looks at.
        reported: whether its evidence is what the student's own process says.
        share: of the points that not meeting it costs.
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

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        """Compare with the reference; None when all is well."""
        raise NotImplementedError

    def rests_on_reports(self, got: Answers) -> bool:
        """Whether, of this answer, its evidence is what the student's own process says."""
        return self.reported
