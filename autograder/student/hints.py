"""Shows hints, one at a time, to students who ask."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder.student import card, lookup, personal, progress
from autograder.student.released import ReleasedExercise
from autograder.student.silence import silent


def hint(answer: Callable[..., Any] | str) -> None:
    """Show the next hint of an exercise below those that you have seen.

    Args:
        answer: the exercise's name, or the function that you wrote.

    Raises:
        Problem: no exercise has this name; shown as one sentence.
    """
    if not silent():
        _show(lookup.find(answer, sys._getframe(1).f_globals, "hint"))


def hint_near(folder: Path, name: str) -> None:
    """Show the next hint too, for a command that is run in `folder`."""
    _show(lookup.near(folder, name, "hint"))


def _show(exercise: ReleasedExercise) -> None:
    released = personal.own(exercise)
    card.of_hints(released, next_of(released)).show()


def next_of(released: ReleasedExercise) -> int:
    """Record that the student asks for the next hint; return the number of hints seen so far.

    Raises:
        Problem: the progress cannot be written.
    """
    name, assignment = released.prompt.name, released.prompt.assignment
    recorded = progress.hinted(released.course, name, assignment, len(released.hints))
    return recorded.of(name).hints
