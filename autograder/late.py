"""Plug-ins of nbgrader: what late work costs. Without one of them, it costs nothing.

A due date and extensions are in nbgrader's gradebook. Two lines of `nbgrader_config.py` choose a
policy and one of its numbers:

    c.AssignLatePenalties.plugin_class = "autograder.late.PerDay"
    c.PerDay.share = 0.2
"""

from __future__ import annotations

import math
from typing import Any

from nbgrader.plugins import BasePlugin
from traitlets import Float, Integer, Type

DAY = 24 * 60 * 60


class PerDay(BasePlugin):
    """Takes away a share of the points for each day that has begun since the due date."""

    share = Float(
        0.1, min=0, max=1, help="The share of a submission's points that each day costs."
    ).tag(config=True)
    floor = Float(
        0.0, min=0, max=1, help="The share of the points that late work keeps, however late it is."
    ).tag(config=True)
    last_day = Integer(
        0, min=0, help="The last day on which late work gets points; 0 means that there is none."
    ).tag(config=True)

    def late_submission_penalty(
        self, student_id: str, score: float, total_seconds_late: float
    ) -> float:
        """The points to take away; nbgrader calls this for each late notebook."""
        days = math.ceil(total_seconds_late / DAY)
        if self.last_day and days > self.last_day:
            return score
        return score * min(self.share * days, 1 - self.floor)


class GracePeriod(BasePlugin):
    """Forgives a short delay. After it, another policy counts the time from its end."""

    minutes = Float(0, min=0, help="How many minutes after the due date cost nothing.").tag(
        config=True
    )
    hours = Float(0, min=0, help="How many hours cost nothing, in addition to the minutes.").tag(
        config=True
    )
    then = Type(
        PerDay,
        klass=BasePlugin,
        help="The policy afterwards; its own numbers are set as if it were used alone.",
    ).tag(config=True)

    def __init__(self, **kw: Any) -> None:
        super().__init__(**kw)
        self._policy = self.then(parent=self)

    def late_submission_penalty(
        self, student_id: str, score: float, total_seconds_late: float
    ) -> float | None:
        """The points to take away; nbgrader calls this for each late notebook."""
        late = total_seconds_late - 60 * (self.minutes + 60 * self.hours)
        if late <= 0:
            return 0.0
        penalty: float | None = self._policy.late_submission_penalty(student_id, score, late)
        return penalty
