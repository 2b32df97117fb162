"""What a student's `check` needs, as plain data (JSON and `.npz`) that ships in the wheel.

It holds inputs, expected outputs and what the listed wrong answers give back, but no code: not
the reference's, and no wrong answer's. The explanation and the second solution are packed, so
that nobody reads them by accident; they are no secret from somebody who wants them.
"""

from __future__ import annotations

import base64
import functools
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from autograder.judge import requirements
from autograder.judge.devices import Device
from autograder.judge.judge import Lookalike
from autograder.judge.requirements import COMPARED
from autograder.judge.requirements.requirement import Requirement
from autograder.judge.specification import hides_answer, spread
from autograder.judge.tree import Arguments
from autograder.judge.verdict import Answer, Answers, Failure, Outcome, Outcomes, Status
from autograder.judge.views import VIEWS, Draw
from autograder.schema import DTYPES
from autograder.student import syllabus
from autograder.student.syllabus import FOLDER

BFLOAT16 = DTYPES["bfloat16"]
ARRAYS = frozenset(("distribution",))
"""The facts that are lists of arrays."""


@dataclass(frozen=True)
class Facts:
    """What the prompt of an exercise says of it: stars and importance 1 to 3, minutes, points."""

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
class PublicExercise:
    """The public side of an exercise.

    Attributes:
        stub: what the notebook has in the place of an answer.
        arguments: those of each draw.
        expected: what the reference does with them.
        lookalikes: what the wrong answers do with them.
    """

    facts: Facts
    stub: str
    requires: tuple[Requirement, ...]
    hints: tuple[str, ...]
    explanation: str
    another: str
    arguments: Mapping[Draw, Arguments]
    expected: Answers
    lookalikes: tuple[Lookalike, ...]

    @property
    def is_question(self) -> bool:
        """Whether a value is asked for, and no function."""
        return hides_answer(self.requires)


def write(
    assignment: str, exercises: Sequence[PublicExercise], folder: Path = FOLDER
) -> list[Path]:
    """Write one assignment's public data; the paths of the two files written."""
    arrays: dict[str, np.ndarray] = {}

    def keep(array: np.ndarray) -> str:
        name = f"a{len(arrays)}"
        made = np.asarray(array)
        if made.dtype == BFLOAT16:
            name, made = f"{name}_bfloat16", made.view(np.uint16)  # unknown to .npz
        arrays[name] = made
        return name

    def pack_arguments(draw: Draw, drawn: Arguments) -> dict[str, Any]:
        leaves = [keep(leaf) for leaf in drawn.leaves]
        return {**vars(draw), "skeleton": drawn.skeleton, "leaves": leaves, "specs": drawn.specs}

    def pack_outcome(outcome: Outcome) -> dict[str, Any]:
        if isinstance(outcome, Failure):
            return {"error": outcome.error, "message": outcome.message}
        return {
            "structure": outcome.structure,
            "paths": outcome.paths,
            "leaves": [keep(leaf) for leaf in outcome.leaves],
            **({} if outcome.ran else {"ran": False}),
            "facts": {
                key: list(map(keep, outcome.facts[key])) if key in ARRAYS else outcome.facts[key]
                for key in sorted(COMPARED)
                if key in outcome.facts
            },
        }

    def pack_outcomes(outcomes: Outcomes) -> dict[str, Any]:
        return {view: [pack_outcome(one) for one in many] for view, many in outcomes.items()}

    def pack_expected(expected: Answers) -> dict[str, Any]:
        return pack_outcomes({view: VIEWS[view].released(many) for view, many in expected.items()})

    data = [
        {
            "facts": vars(one.facts),
            "stub": one.stub,
            "requires": [requirements.to_json(want) for want in one.requires],
            "hints": one.hints,
            "explanation": _pack(one.explanation),
            "another": _pack(one.another),
            "arguments": [pack_arguments(*each) for each in one.arguments.items()],
            "expected": pack_expected(one.expected),
            "lookalikes": [
                {
                    "title": alike.title,
                    "reason": alike.reason,
                    "advice": alike.advice,
                    "outcomes": pack_outcomes(alike.outcomes),
                }
                for alike in one.lookalikes
            ],
        }
        for one in exercises
    ]
    folder.mkdir(parents=True, exist_ok=True)
    text, numbers = folder / f"{assignment}.json", folder / f"{assignment}.npz"
    text.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    np.savez_compressed(numbers, **arrays)  # type: ignore[arg-type]
    return [text, numbers]


def read(assignment: str, folder: Path = FOLDER) -> list[PublicExercise]:
    """The exercises that `write` wrote for this assignment."""
    data = json.loads((folder / f"{assignment}.json").read_text(encoding="utf-8"))
    with np.load(folder / f"{assignment}.npz", allow_pickle=False) as arrays:
        loaded = dict(arrays)

    def array(name: str) -> np.ndarray:
        return as_written(name, loaded[name])

    def unpack_answer(packed: dict[str, Any]) -> Answer:
        leaves = tuple(map(array, packed["leaves"]))
        facts = {
            key: list(map(array, fact)) if key in ARRAYS else fact
            for key, fact in packed["facts"].items()
        }
        structure, paths = packed["structure"], tuple(packed["paths"])
        return Answer(structure, paths, leaves, facts, packed.get("ran", True))

    def unpack_outcome(packed: dict[str, Any]) -> Outcome:
        if "error" in packed:
            return Failure(Status.ERROR, packed["message"], packed["error"])
        return unpack_answer(packed)

    def unpack_arguments(packed: dict[str, Any]) -> tuple[Draw, Arguments]:
        leaves = tuple(map(array, packed["leaves"]))
        drawn = Arguments(packed["skeleton"], leaves, tuple(packed["specs"]))
        # A release of before sizes could be named twice says nothing of `again`.
        said = {one.name: packed[one.name] for one in fields(Draw) if one.name in packed}
        return Draw(**said), drawn

    return [
        PublicExercise(
            facts=Facts(**one["facts"]),
            stub=one["stub"],
            requires=tuple(requirements.from_json(want) for want in one["requires"]),
            hints=tuple(one["hints"]),
            explanation=_unpack(one["explanation"]),
            another=_unpack(one["another"]),
            arguments=dict(map(unpack_arguments, one["arguments"])),
            expected={
                view: [unpack_answer(answer) for answer in many]
                for view, many in one["expected"].items()
            },
            lookalikes=tuple(
                Lookalike(
                    alike["title"],
                    alike["reason"],
                    alike["advice"],
                    {
                        view: [unpack_outcome(outcome) for outcome in many]
                        for view, many in alike["outcomes"].items()
                    },
                )
                for alike in one["lookalikes"]
            ),
        )
        for one in data
    ]


def as_written(name: str, array: np.ndarray) -> np.ndarray:
    """The array that `write` kept under this name; `.npz` knows no bfloat16."""
    return array.view(BFLOAT16) if name.endswith("_bfloat16") else array


def arguments_on(released: PublicExercise, device: Device) -> dict[Draw, Arguments]:
    """The arguments of each draw, spread over the device's mesh where it is one.

    An exercise on meshes is judged on its own.
    """
    placed = {}
    for draw, drawn in released.arguments.items():
        mesh = device.mesh_for(draw.mesh)
        specs = drawn.specs if draw.mesh else spread(drawn.leaves, mesh)
        placed[replace(draw, mesh=mesh)] = replace(drawn, specs=specs)
    return placed


@functools.cache
def catalogue() -> dict[str, PublicExercise]:
    """Every released exercise of the course, by its name, in the order of the course."""
    modules = [module.name for module in syllabus.read()]
    return {one.facts.name: one for name in modules for one in read(name)}


def _pack(text: str) -> str:
    return base64.b85encode(zlib.compress(text.encode(), 9)).decode()


def _unpack(packed: str) -> str:
    return zlib.decompress(base64.b85decode(packed)).decode()
