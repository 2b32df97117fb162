"""What handing in again can still earn, in a sentence or two of the feedback.

nbgrader's late policy decides, whichever plug-in is configured: it is asked what it would take.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import Any

from nbgrader.preprocessors import AssignLatePenalties

Penalty = Callable[[str, float, float], float]
"""From a student, a score and the seconds after the due date to the points that are taken away."""


def sentence(
    student: str,
    open_points: Sequence[tuple[str, float]],
    earned: float,
    most: float,
    due: datetime.datetime | None,
    now: datetime.datetime,
    solutions_shown: bool,
    penalty: Penalty,
) -> str:
    """Whether handing in again is possible, and how many points are open.

    Args:
        student: the student's id.
        open_points: the titles of what was not fully earned, and the points that are missing.
        earned: the points so far, without a late penalty's.
        most: the points of all exercises.
        due: the due date with the student's extension, if any, in UTC without a time zone.
        now: in the same way.
        solutions_shown: whether the page shows solutions of what is open.
        penalty: the late policy.
    """
    passed = "" if due is None or now <= due else f"The due date, {date(due)}, has passed. "
    left = sum(points for _, points in open_points)
    if not left:
        return ""
    if solutions_shown:
        return (
            f"{passed}This page shows the solutions: ask your instructor before you hand in again."
        )
    named = _named(open_points)
    if not passed:
        until = f"until {date(due)}" if due else "again: there is no due date"
        again = f"You can hand in again {until}" if due else f"You can hand in {until}"
        return (
            f"{again}. {_points(left)} can still be earned: {named}. The newest submission counts."
        )
    late = (now - due).total_seconds() if due else 0.0
    try:
        lost = penalty(student, most, late)
    except Exception:  # the policy is the instructor's code
        return f"{passed}Ask your instructor whether you can hand in again."
    best = most - min(max(lost, 0.0), most)
    if best <= earned:
        return f"{passed}Handing in again cannot earn more."
    if not lost:
        return (
            f"{passed}Being late costs nothing here, so {_points(left)} can still be earned: "
            f"{named}. The newest submission counts."
        )
    return (
        f"{passed}Being late costs points: when this page was made, a submission in which "
        f"everything is right would have earned {best:g} of {most:g} points. Open are {named}. The "
        "newest submission counts."
    )


def policy(parent: Any) -> Penalty:
    """The late policy that nbgrader's configuration names."""

    def penalty(student: str, score: float, seconds: float) -> float:
        step = AssignLatePenalties(parent=parent)  # fails if the configuration has a mistake
        step.init_plugin()
        return float(step.plugin_inst.late_submission_penalty(student, score, seconds) or 0.0)

    return penalty


def date(moment: datetime.datetime) -> str:
    """A date and a time, such as `Monday 1 March 2027, 17:00 UTC`."""
    return f"{moment:%A} {moment.day} {moment:%B %Y, %H:%M} UTC"


def _points(number: float) -> str:
    return f"{number:g} {'point' if number == 1 else 'points'}"


def _named(open_points: Sequence[tuple[str, float]]) -> str:
    return ", ".join(f"{points:g} in “{title}”" for title, points in open_points)
