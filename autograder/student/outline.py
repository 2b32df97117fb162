"""The modules of a course, each a lesson and an assignment: what progress has to know of them.

It needs no JAX, so that a terminal says at once how far somebody is.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """An exercise, as far as progress has to know it: minutes are those of its prompt."""

    name: str
    title: str
    minutes: int


@dataclass(frozen=True)
class Module:
    """A lesson and its exercises.

    Attributes:
        name: of the lesson and of the assignment, such as `02_newton`.
        title: of the lesson; of the assignment, where there is no lesson.
        minutes: that the lesson takes.
        lesson: the lesson's notebook in the course's folder; empty where there is none.
        exercises: the notebook with the exercises, likewise.
        tasks: the exercises, in their order, without the question for those who know it.
        fast_track: the name of that question; empty where there is none.
    """

    name: str
    title: str
    minutes: int
    lesson: str
    exercises: str
    tasks: tuple[Task, ...]
    fast_track: str = ""


@dataclass(frozen=True)
class Outline:
    """The course.

    Attributes:
        course: its id, which names the file with a student's progress.
        title: for people.
        modules: in the order of the course.
    """

    course: str
    title: str
    modules: tuple[Module, ...]
