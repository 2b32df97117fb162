"""What workers and runners send, decoded once and strictly: both have run a student's code.

A claim that does not fit its schema is that student's failure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from autograder.jail.frames import Frame
from autograder.judge.anatomy import Anatomy
from autograder.judge.program import facts_of
from autograder.judge.schema import MalformedError, decode
from autograder.judge.tree import LONGEST
from autograder.judge.verdict import Answer, Failure, Outcome, Status
from autograder.judge.views import Case
from autograder.text import printable

UNREADABLE = Failure(Status.BROKE_THE_RULES, "What it sent cannot be read.")
HONEST = (Status.ERROR, Status.MISSING, Status.OUT_OF_MEMORY, Status.BROKE_THE_RULES)
"""The failures that a student's process may report of itself; it gains nothing by any."""


@dataclass(frozen=True)
class Claim:
    """A program that a worker sent, serialised."""

    artifact: bytes


@dataclass(frozen=True)
class FailureClaim:
    """A `verdict.Failure` that a process reports."""

    status: str = ""
    message: str = ""
    error: str = ""
    advice: str = ""
    line: str = ""
    facts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ProgramClaim:
    """Of a case that a worker lowered: the length of its program in the frame's blob."""

    length: int


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
    """Of a case that a worker called: the result; its leaves are among the frame's arrays."""

    structure: str
    paths: tuple[str, ...]
    leaves: int
    facts: CallFacts


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
    """Of a program that a runner read, and ran where it was to; its leaves are among the arrays."""

    structure: str
    paths: tuple[str, ...]
    leaves: int
    facts: ProgramFacts
    ran: bool


def failure_in(header: Any) -> Failure | None:
    """The failure that a header reports, if it does."""
    if not isinstance(header, dict) or "failure" not in header:
        return None
    try:
        claimed = decode(FailureClaim, header["failure"])
    except MalformedError:
        return UNREADABLE
    status = next((one for one in HONEST if one == claimed.status), Status.ERROR)
    texts = asdict(claimed)
    said = {key: _plain(texts[key]) for key in ("message", "error", "advice", "line")}
    return Failure(status, **said, facts=claimed.facts)


def _plain(text: str, most: int = 500) -> str:
    return printable(text[:most])


def digest(made: Claim | Outcome) -> bytes:
    """A hash of all that a worker sent for one case; equal programs have equal ones.

    The worker left names and lines out of the program, but it belongs to the student: so what is
    hashed, here, is all that came, and a cheating worker gets a hash of its own.
    """
    if isinstance(made, Failure):
        return hashlib.sha256(json.dumps(asdict(made)).encode()).digest()
    if isinstance(made, Claim):
        return hashlib.sha256(b"program" + made.artifact).digest()
    shapes = [(leaf.dtype.name, leaf.shape) for leaf in made.leaves]
    said = json.dumps(["answer", made.structure, made.paths, made.facts, shapes])
    return hashlib.sha256(
        b"".join([said.encode(), *(leaf.tobytes() for leaf in made.leaves)])
    ).digest()


def answers(result: Frame | Failure, asked: Sequence[Case]) -> list[Claim | Outcome]:
    """What a worker sent for one exercise.

    Args:
        result: the frame, or why there is none.
        asked: the cases that it was asked for.

    Returns:
        For each case what the call gave back, or the program; or why there is neither.
    """
    if isinstance(result, Failure):
        return [result] * len(asked)
    made: list[Claim | Outcome] = []
    offset = position = 0
    try:
        for case, sent in zip(asked, _cases(result, len(asked)), strict=True):
            if failure := failure_in(sent):
                made.append(_of(case, failure))
            elif case.call:
                call = decode(CallClaim, sent)
                leaves = _leaves(result, position, call.leaves, call.paths)
                position += call.leaves
                facts = asdict(call.facts)
                facts |= {key: _plain(facts[key]) for key in ("message", "line", "leak")}
                made.append(Answer(*_structure(call), leaves, facts))
            else:
                length = decode(ProgramClaim, sent).length
                made.append(Claim(result.blob[offset : offset + length]))
                offset += length
    except MalformedError:
        return [UNREADABLE] * len(asked)
    return made


def outcomes(result: Frame | Failure, asked: Sequence[Case]) -> list[Outcome]:
    """What a runner sent for the programs of one exercise.

    Args:
        result: the frame, or why there is none.
        asked: the cases of the programs.
    """
    if isinstance(result, Failure):
        return [result] * len(asked)
    ran: list[Outcome] = []
    position = 0
    try:
        for case, sent in zip(asked, _cases(result, len(asked)), strict=True):
            if failure := failure_in(sent):
                ran.append(_of(case, failure))
                continue
            claim = decode(RunClaim, sent)
            runs = case.has_results()
            paths = claim.paths if runs and claim.ran else ()
            leaves = _leaves(result, position, claim.leaves, paths)
            position += claim.leaves
            facts = asdict(claim.facts) | facts_of(case)
            ran.append(Answer(*_structure(claim), leaves, facts, claim.ran or not runs))
    except MalformedError:
        return [UNREADABLE] * len(asked)
    return ran


def _cases(result: Frame, count: int) -> list[Any]:
    cases = result.header.get("cases")
    if not isinstance(cases, list) or len(cases) != count:
        raise MalformedError("other cases than were asked for")
    return cases


def _of(case: Case, failure: Failure) -> Failure:
    """The failure with what the grader itself knows of the case."""
    if not failure.facts:
        return failure
    return replace(failure, facts={**failure.facts, **facts_of(case)})


def _leaves(
    result: Frame, position: int, count: int, paths: Sequence[str]
) -> tuple[np.ndarray, ...]:
    leaves = result.arrays[position : position + count]
    if not count == len(leaves) == len(paths):
        raise MalformedError("other leaves than it says")
    return leaves


def _structure(claim: CallClaim | RunClaim) -> tuple[str, tuple[str, ...]]:
    if len(claim.structure) + sum(map(len, claim.paths)) > 2 * LONGEST:
        raise MalformedError("a structure that is too long")
    texts = [_plain(text, 2 * LONGEST) for text in (claim.structure, *claim.paths)]
    return texts[0], tuple(texts[1:])
