"""What is asked of workers and runners, and what they send; `claims` says what is taken of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.judge.anatomy import Anatomy
from autograder.judge.requirements import AnyRequirement
from autograder.judge.verdict import Failure
from autograder.judge.views import Case

LARGEST_REQUEST = 2**31
"""The longest JSON of what we ask ourselves."""
Spec = tuple[Any, ...]
"""How an array lies on a mesh, see `meshes.Spec`; what was a tuple in it comes as a list."""


@dataclass(frozen=True)
class Cell:
    """A cell to run."""

    step: str
    source: str


@dataclass(frozen=True)
class Leaf:
    """What a worker knows of an array among the arguments."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class AskedCase:
    """One case of an exercise, which a worker exports, or calls where its view says so.

    Attributes:
        case: the view and the draw.
        skeleton, specs: see `tree.Arguments`.
        leaves: stand for its leaves.
    """

    case: Case
    skeleton: Any
    specs: tuple[Spec, ...]
    leaves: tuple[Leaf, ...]


@dataclass(frozen=True)
class AskedExercise:
    """An exercise: the name of the function, which is the step too, and its cases."""

    name: str
    cases: tuple[AskedCase, ...]


@dataclass(frozen=True)
class WorkerRequest:
    """What a worker is to do.

    Attributes:
        cells: to run.
        exercises: to export or call.
        order: the steps of both. A function is exported where it stands there, so that cells below
            its check change nothing, or at the end where it is not written by then.
        platform: what to lower for.
    """

    cells: tuple[Cell, ...]
    exercises: tuple[AskedExercise, ...]
    order: tuple[str, ...]
    platform: str


@dataclass(frozen=True)
class SecretInputs:
    """The second part: the inputs of functions that are called, for each case of an exercise.

    It is sent at the first such function.
    """

    of: dict[str, tuple[tuple[np.ndarray, ...], ...]]


@dataclass(frozen=True)
class RanCell:
    """What came of a cell."""

    failure: Failure | None = None


@dataclass(frozen=True)
class ProgramClaim:
    """Of a case that a worker lowered: the program, serialised."""

    artifact: bytes


@dataclass(frozen=True)
class CallFacts:
    """What a call in Python came to, see `calling.call` and `reports.report`."""

    message: str = ""
    line: str = ""
    leak: str = ""
    traces: int = 0
    primitives: dict[str, int] = field(default_factory=dict)
    weak: tuple[bool, ...] = ()


@dataclass(frozen=True)
class CallClaim:
    """Of a case that a worker called: what came back, see `verdict.Answer`."""

    structure: str
    paths: tuple[str, ...]
    leaves: tuple[np.ndarray, ...]
    facts: CallFacts


@dataclass(frozen=True)
class Lowered:
    """What a worker sends of an exercise, for each case."""

    cases: tuple[Failure | ProgramClaim | CallClaim, ...]


@dataclass(frozen=True)
class ProgramCase:
    """A program to run.

    Attributes:
        case: the view and the draw.
        specs: how its inputs lie on a mesh.
        artifact: the program, serialised.
        inputs: what it is run on.
    """

    case: Case
    specs: tuple[Spec, ...]
    artifact: bytes
    inputs: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Job:
    """The programs of one exercise.

    Attributes:
        name: of the exercise, which is the step too.
        cases: its programs.
        requires: the requirements that can reject an answer before it is compiled.
        expected: by view, the facts of the reference that they compare with, of each case.
    """

    name: str
    cases: tuple[ProgramCase, ...]
    requires: tuple[AnyRequirement, ...]
    expected: dict[str, tuple[dict[str, Any], ...]]


@dataclass(frozen=True)
class RunnerRequest:
    """What a runner is to do, and where programs are run, see `devices`."""

    jobs: tuple[Job, ...]
    device: str


@dataclass(frozen=True)
class ProgramFacts(Anatomy):
    """What a runner read off a program, see `program.read` and `program.run`."""

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
    """Of a program that a runner read, and ran where it was to, see `verdict.Answer`."""

    structure: str
    paths: tuple[str, ...]
    leaves: tuple[np.ndarray, ...]
    facts: ProgramFacts
    ran: bool


@dataclass(frozen=True)
class Ran:
    """What a runner sends of an exercise, for each program."""

    cases: tuple[Failure | RunClaim, ...]
