"""What `check` needs to know of an exercise, as plain data: `check` runs only the student's code.

The data have inputs, expected outputs and the outputs of the listed wrong answers, but neither the
reference nor the code of a wrong answer. The texts that a card shows after passing are sealed, so
that nobody reads them by accident. A seal is not a secret: anybody can open it. What must stay
secret is left out, see `authoring/release_data.py`.
"""

from __future__ import annotations

import functools
import hashlib
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from autograder.judge.devices import Device
from autograder.judge.judge import Misconception
from autograder.judge.requirements import AnyRequirement
from autograder.judge.requirements.values import answers_question
from autograder.judge.specification import hides_answer, spread
from autograder.judge.tree import Arguments
from autograder.judge.variants import chosen, filled
from autograder.judge.verdict import Answers
from autograder.judge.views import Draw
from autograder.student import check_file
from autograder.student.check_file import CheckFile

DISTRIBUTION = "distribution"
"""The only fact of an answer that is a list of arrays."""


@dataclass(frozen=True)
class Prompt:
    """What the prompt of an exercise says: stars and importance (1 to 3), minutes, points."""

    assignment: str
    name: str
    title: str
    stars: int
    importance: int
    minutes: int
    points: float

    @property
    def is_fast_track(self) -> bool:
        """Whether this is the question for those who know the topic already: it has no points."""
        return self.points == 0


@dataclass(frozen=True)
class ReleasedDraw:
    """The arguments of one draw, and the distribution of the reference's samples for it."""

    draw: Draw
    skeleton: Any
    leaves: tuple[np.ndarray, ...]
    specs: tuple[Any, ...] = ()
    distribution: tuple[np.ndarray, ...] = ()


@dataclass(frozen=True)
class Variant:
    """What is different in a question for the students who get these numbers."""

    numbers: dict[str, Any]
    requires: tuple[AnyRequirement, ...]
    misconceptions: tuple[Misconception, ...]


@dataclass(frozen=True)
class ReleasedExercise:
    """The public part of an exercise. Its fields have the same names in the files.

    Attributes:
        prompt: what its prompt says.
        stub: the code in the notebook that the answer replaces.
        requires: the requirements on an answer.
        hints: from a nudge to nearly the answer.
        explanation: shown after passing; sealed since version 0.2, see `opened`.
        another: a second solution, as source; sealed likewise.
        draws: the inputs on which an answer is tried.
        answers: what the reference returns for them, see `expected`.
        misconceptions: what the listed wrong answers return for them.
        course: the id of its course; a file has it once, in the outline.
        sealed: the explanation and the second solution, see `seal`.
        for_class: whether some of these texts are left out, because they come with the feedback.
        variants: of a question with numbers, see `of`; empty for all other exercises.
        numbers: those of one student; empty before `of`.
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
    sealed: bytes = b""
    for_class: bool = False
    variants: tuple[Variant, ...] = ()
    numbers: dict[str, Any] = field(default_factory=dict)

    def of(self, student: str) -> ReleasedExercise:
        """The exercise as this student gets it, with the student's numbers in its texts."""
        if not self.variants:
            return self
        mine = self.variants[chosen(self.prompt.name, student, len(self.variants))]
        return replace(
            self,
            requires=mine.requires,
            misconceptions=mine.misconceptions,
            hints=tuple(filled(hint, mine.numbers) for hint in self.hints),
            variants=(),
            numbers=mine.numbers,
        )

    @property
    def opened(self) -> ReleasedExercise:
        """The exercise with its explanation and second solution, for students who passed it."""
        if not self.sealed:
            return self
        explanation, another = json.loads(zlib.decompress(_scrambled(self.sealed)))
        explanation = filled(explanation, self.numbers)
        return replace(self, explanation=explanation, another=another, sealed=b"")

    @property
    def is_noted(self) -> bool:
        """Whether only grading can tell if an answer is right, because the data cannot."""
        return any(isinstance(one, answers_question) and not one.digest for one in self.requires)

    @property
    def is_question(self) -> bool:
        """Whether the answer is a value, not a function."""
        return hides_answer(self.requires)

    @functools.cached_property
    def arguments(self) -> dict[Draw, Arguments]:
        """The arguments of each draw."""
        return {
            drawn.draw: Arguments(drawn.skeleton, drawn.leaves, drawn.specs) for drawn in self.draws
        }

    @functools.cached_property
    def expected(self) -> Answers:
        """What the reference returns; a distribution is one of the facts of an answer."""
        expected = dict(self.answers)
        if any(drawn.distribution for drawn in self.draws):
            expected["value"] = [
                replace(answer, facts={**answer.facts, DISTRIBUTION: list(drawn.distribution)})
                for answer, drawn in zip(expected["value"], self.draws, strict=True)
            ]
        return expected

    def arguments_on(self, device: Device) -> dict[Draw, Arguments]:
        """The arguments of each draw, spread over the mesh if the device is a mesh.

        An exercise about meshes has its own meshes.
        """
        placed = {}
        for draw, arguments in self.arguments.items():
            mesh = device.mesh_for(draw.mesh)
            specs = arguments.specs if draw.mesh else spread(arguments.leaves, mesh)
            placed[replace(draw, mesh=mesh)] = replace(arguments, specs=specs)
        return placed


def seal(explanation: str, another: str) -> bytes:
    """The sealed texts, which `ReleasedExercise.opened` opens; nobody reads them by accident."""
    return _scrambled(zlib.compress(json.dumps([explanation, another]).encode(), 9))


def _scrambled(content: bytes) -> bytes:
    """These bytes mixed with a fixed sequence of bytes; mixing them again undoes it."""
    fixed = hashlib.shake_256(b"a seal is not a secret").digest(len(content))
    return bytes(a ^ b for a, b in zip(content, fixed, strict=True))


@dataclass(frozen=True)
class _Exercises:
    exercises: tuple[ReleasedExercise, ...]


def encode(exercises: Iterable[ReleasedExercise]) -> bytes:
    """The bytes of the exercises, for `CheckFile.packed`."""
    without_course = tuple(replace(exercise, course="") for exercise in exercises)
    return check_file.pack(_Exercises(without_course))


@functools.lru_cache(64)
def read(file: CheckFile) -> tuple[ReleasedExercise, ...]:
    """The exercises in a file, in the order of the notebook.

    Raises:
        Problem: they are damaged, or need another version of the package.
    """
    if not file.packed:
        return ()
    content, rest = check_file.unpack(file.path, file.version, _Exercises, file.packed)
    if rest:
        raise check_file.damaged(file.path)
    return tuple(replace(item, course=file.outline.course) for item in content.exercises)


def catalogue(paths: Iterable[Path]) -> dict[str, ReleasedExercise]:
    """Every exercise in these files, by name; if two have the same name, the first one counts.

    Raises:
        Problem: a file is damaged, or needs another version of the package.
    """
    found: dict[str, ReleasedExercise] = {}
    for path in paths:
        for exercise in read(check_file.read(path)):
            found.setdefault(exercise.prompt.name, exercise)
    return found
