"""The modules of a course, each a lesson and an assignment, as far as progress needs them.

This file does not import JAX, so that `autograder progress` answers at once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Task:
    """An exercise, as far as progress needs it; the minutes are those in its prompt."""

    name: str
    title: str
    minutes: int


@dataclass(frozen=True)
class Module:
    """A lesson and its exercises.

    Attributes:
        name: the name of the lesson and of the assignment, such as `02_newton`.
        title: the title of the lesson; of the assignment, if there is no lesson.
        minutes: how long the lesson takes.
        lesson: the path of the lesson's notebook in the course's folder; empty if there is none.
        exercises: the path of the notebook with the exercises, in the same way. In the data of a
            notebook that works alone, it is the notebook's address, or empty.
        tasks: the exercises in their order, without the fast track's question.
        fast_track: the name of the question for those who know the topic; empty if there is none.
        predictions: how many predictions the lesson asks for; 0 if they are not recorded.
        due: when the exercises are due, as in `2027-03-01T17:00:00+00:00`; empty for no date.
    """

    name: str
    title: str
    minutes: int
    lesson: str
    exercises: str
    tasks: tuple[Task, ...]
    fast_track: str = ""
    predictions: int = 0
    due: str = ""

    def __post_init__(self) -> None:
        if self.due:  # a file with anything else is damaged
            datetime.fromisoformat(self.due).astimezone(UTC)


@dataclass(frozen=True)
class Prediction:
    """A question of a lesson that the reader answers before the answer is computed.

    Attributes:
        name: the variable that holds the reader's guess, such as `my_shape`.
        why: the explanation.
        outcome: the answer as a Python literal; empty where the lesson computes it.
        cells: the hashes of the cells that reveal the answer, see `cell_hash`.
    """

    name: str
    why: str
    outcome: str = ""
    cells: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lesson:
    """The name of a lesson and its predictions, whose answers are hidden until they are made."""

    name: str
    predictions: tuple[Prediction, ...]


@dataclass(frozen=True)
class Outline:
    """The course.

    Attributes:
        course: its id, which is in the name of a student's progress file.
        title: the title that people read.
        modules: in the order of the course.
    """

    course: str
    title: str
    modules: tuple[Module, ...]


def cell_hash(source: str) -> str:
    """A short hash of a cell, with which a lesson's data refer to the cell."""
    return hashlib.sha256(source.strip().encode(errors="replace")).hexdigest()[:16]
