"""What a student's `check` needs of an exercise, as plain data: no code but the student's own.

It holds inputs, expected outputs and what the listed wrong answers give back, but not the
reference, and no wrong answer's code. It is compressed, so that nobody reads the explanation by
accident; it is no secret from somebody who wants it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from autograder.judge.devices import Device
from autograder.judge.judge import Misconception
from autograder.judge.requirements import AnyRequirement
from autograder.judge.specification import hides_answer, spread
from autograder.judge.tree import Arguments
from autograder.judge.verdict import Answers
from autograder.judge.views import Draw
from autograder.student import check_file
from autograder.student.check_file import CheckFile

DISTRIBUTION = "distribution"
"""The fact of an answer that is a list of arrays."""


@dataclass(frozen=True)
class Prompt:
    """What the text of an exercise says of it: stars and importance 1 to 3, minutes, points."""

    assignment: str
    name: str
    title: str
    stars: int
    importance: int
    minutes: int
    points: float

    @property
    def is_fast_track(self) -> bool:
        """Whether it is the question for those who know the lesson already: it has no points."""
        return self.points == 0


@dataclass(frozen=True)
class ReleasedDraw:
    """The arguments of one draw, and what the reference's samples of it are distributed like."""

    draw: Draw
    skeleton: Any
    leaves: tuple[np.ndarray, ...]
    specs: tuple[Any, ...] = ()
    distribution: tuple[np.ndarray, ...] = ()


@dataclass(frozen=True)
class ReleasedExercise:
    """The public side of an exercise. The names of its fields are those in the files.

    Attributes:
        prompt: what its text says.
        stub: what the notebook has in the place of an answer.
        requires: what is asked of an answer.
        hints: from a nudge to nearly the answer.
        explanation: shown after passing.
        another: a second solution, as source.
        draws: what an answer is tried on.
        answers: what the reference does with it, see `expected`.
        misconceptions: what the listed wrong answers do with it.
        course: the id of the course that it is of, which its file says once for all.
    """

    prompt: Prompt
    stub: str
    requires: tuple[AnyRequirement, ...]
    hints: tuple[str, ...]
    explanation: str
    another: str
    draws: tuple[ReleasedDraw, ...]
    answers: Answers
    misconceptions: tuple[Misconception, ...]
    course: str = ""

    @property
    def is_question(self) -> bool:
        """Whether a value is asked for, and no function."""
        return hides_answer(self.requires)

    @functools.cached_property
    def arguments(self) -> dict[Draw, Arguments]:
        """The arguments of each draw."""
        return {one.draw: Arguments(one.skeleton, one.leaves, one.specs) for one in self.draws}

    @functools.cached_property
    def expected(self) -> Answers:
        """What the reference does; a distribution is one of its facts."""
        expected = dict(self.answers)
        if any(one.distribution for one in self.draws):
            expected["value"] = [
                replace(answer, facts={**answer.facts, DISTRIBUTION: list(one.distribution)})
                for answer, one in zip(expected["value"], self.draws, strict=True)
            ]
        return expected

    def arguments_on(self, device: Device) -> dict[Draw, Arguments]:
        """The arguments of each draw, spread over the device's mesh where it is one.

        An exercise on meshes is judged on its own.
        """
        placed = {}
        for draw, drawn in self.arguments.items():
            mesh = device.mesh_for(draw.mesh)
            specs = drawn.specs if draw.mesh else spread(drawn.leaves, mesh)
            placed[replace(draw, mesh=mesh)] = replace(drawn, specs=specs)
        return placed


@dataclass(frozen=True)
class _Exercises:
    exercises: tuple[ReleasedExercise, ...]


def encode(exercises: Iterable[ReleasedExercise]) -> bytes:
    """The exercises as the part of a `CheckFile`."""
    return check_file.pack(_Exercises(tuple(replace(one, course="") for one in exercises)))


@functools.lru_cache(16)
def read(file: CheckFile) -> tuple[ReleasedExercise, ...]:
    """The exercises in a file, in the order of the notebook.

    Raises:
        Problem: they are damaged, or of another version of the package.
    """
    if not file.packed:
        return ()
    found, rest = check_file.unpack(file.path, file.version, _Exercises, file.packed)
    if rest:
        raise check_file.damaged(file.path)
    return tuple(replace(one, course=file.outline.course) for one in found.exercises)


def catalogue(paths: Iterable[Path]) -> dict[str, ReleasedExercise]:
    """Every exercise of these files, by its name; of two that share one, the first.

    Raises:
        Problem: a file is damaged, or of another version of the package.
    """
    found: dict[str, ReleasedExercise] = {}
    for path in paths:
        for exercise in read(check_file.read(path)):
            found.setdefault(exercise.prompt.name, exercise)
    return found
