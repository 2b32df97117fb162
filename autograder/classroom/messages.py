"""The requests to workers and runners, and what these send back, which `claims` validates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.judge.anatomy import Anatomy
from autograder.judge.requirements import AnyRequirement
from autograder.judge.verdict import Failure
from autograder.judge.views import Case

LARGEST_REQUEST = 2**31
"""The longest JSON of a request, which is trusted, since the grader wrote it."""
Spec = tuple[Any, ...]
"""How an array is split over a mesh, see `meshes.Spec`; its inner tuples arrive as lists."""


@dataclass(frozen=True)
class Cell:
    """A cell to run."""

    step: str
    source: str


@dataclass(frozen=True)
class Leaf:
    """What a worker knows about an array of the arguments."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class AskedCase:
    """One case of an exercise, which a worker exports, or calls if its view says so.

    Attributes:
        case: the view and the draw.
        skeleton, specs: see `tree.Arguments`.
        leaves: the dtypes and shapes of its leaves.
    """

    case: Case
    skeleton: Any
    specs: tuple[Spec, ...]
    leaves: tuple[Leaf, ...]


@dataclass(frozen=True)
class AskedExercise:
    """An exercise: the name of the function, which is also that of the step, and its cases."""

    name: str
    cases: tuple[AskedCase, ...]


@dataclass(frozen=True)
class WorkerRequest:
    """What a worker has to do.

    Attributes:
        cells: to run.
        exercises: to export or call.
        order: the steps of both. A function is exported at its step, so that cells below its check
            change nothing; if it is not defined by then, at the end.
        platform: what to lower for.
        numbers: what `numbers` gives the student, by the names of the questions.
    """

    cells: tuple[Cell, ...]
    exercises: tuple[AskedExercise, ...]
    order: tuple[str, ...]
    platform: str
    numbers: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class SecretInputs:
    """The second part of the request: the inputs of functions that are called, for each case.

    It is sent when the worker reaches the first such function.
    """

    of: dict[str, tuple[tuple[np.ndarray, ...], ...]]


@dataclass(frozen=True)
class RanCell:
    """The result of a cell."""

    failure: Failure | None = None


@dataclass(frozen=True)
class ProgramClaim:
    """The result of a case that a worker lowered: the program, serialised."""

    artifact: bytes


@dataclass(frozen=True)
class CallFacts:
    """Facts of a call in Python, see `calling.call` and `reports.report`."""

    message: str = ""
    line: str = ""
    leak: str = ""
    traces: int = 0
    primitives: dict[str, int] = field(default_factory=dict)
    weak: tuple[bool, ...] = ()


@dataclass(frozen=True)
class CallClaim:
    """The result of a case that a worker called, see `verdict.Answer`."""

    structure: str
    paths: tuple[str, ...]
    leaves: tuple[np.ndarray, ...]
    facts: CallFacts


@dataclass(frozen=True)
class Lowered:
    """What a worker sends for an exercise, case by case."""

    cases: tuple[Failure | ProgramClaim | CallClaim, ...]


@dataclass(frozen=True)
class ProgramCase:
    """A program to run.

    Attributes:
        case: the view and the draw.
        specs: how its inputs are split over a mesh.
        artifact: the program, serialised.
        inputs: what it runs on.
    """

    case: Case
    specs: tuple[Spec, ...]
    artifact: bytes
    inputs: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Job:
    """The programs of one exercise.

    Attributes:
        name: of the exercise, which is also that of the step.
        cases: its programs.
        requires: the requirements that can reject an answer before it is compiled.
        expected: by view, the reference's facts of each case that these requirements compare.
        apart: whether each program is compiled alone, see `program.groups`.
    """

    name: str
    cases: tuple[ProgramCase, ...]
    requires: tuple[AnyRequirement, ...]
    expected: dict[str, tuple[dict[str, Any], ...]]
    apart: bool


@dataclass(frozen=True)
class RunnerRequest:
    """What a runner has to do, and the name of the device, see `devices`."""

    jobs: tuple[Job, ...]
    device: str


@dataclass(frozen=True)
class ProgramFacts(Anatomy):
    """Facts that a runner found about a program, see `program.read` and `program.run`."""

    size: int
    again: int
    platforms: tuple[str, ...]
    digest: str
    meaning: str = ""
    temporaries: int = 0
    placement: list[list[list[list[int]]]] = field(default_factory=list)
    collectives: dict[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class RunClaim:
    """The result of a program that a runner read, and ran if needed, see `verdict.Answer`."""

    structure: str
    paths: tuple[str, ...]
    leaves: tuple[np.ndarray, ...]
    facts: ProgramFacts
    ran: bool


@dataclass(frozen=True)
class Ran:
    """What a runner sends for an exercise, program by program."""

    cases: tuple[Failure | RunClaim, ...]
