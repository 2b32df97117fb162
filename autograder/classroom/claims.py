"""What is taken of what workers and runners send: both have run a student's code.

A message that does not fit its schema, see `messages`, is that student's failure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from autograder.classroom import endings
from autograder.classroom.messages import (
    CallClaim,
    Lowered,
    ProgramClaim,
    Ran,
    RanCell,
    RunClaim,
)
from autograder.jail.process import Ending
from autograder.judge.program import facts_of
from autograder.judge.tree import LONGEST
from autograder.judge.verdict import Answer, Failure, Outcome, Status
from autograder.judge.views import Case
from autograder.schema import MalformedError, decode
from autograder.text import printable

UNREADABLE = Failure(Status.NOT_ALLOWED, "What it sent cannot be read.")
HONEST = (Status.ERROR, Status.MISSING, Status.OUT_OF_MEMORY, Status.NOT_ALLOWED)
"""The failures that a student's process may report of itself; it gains nothing by any."""


def failure_of_cell(result: bytes | Ending) -> Failure | None:
    """Why a cell failed, if it did."""
    if isinstance(result, Ending):
        return endings.failure(result)
    try:
        claimed = decode(RanCell, result).failure
    except MalformedError:
        return UNREADABLE
    return None if claimed is None else honest(claimed)


def honest(claimed: Failure) -> Failure:
    """A failure that a process reports, as far as it may report it."""
    status = claimed.status if claimed.status in HONEST else Status.ERROR
    texts = claimed.message, claimed.error, claimed.advice, claimed.line
    message, error, advice, line = map(_plain, texts)
    return Failure(status, message, error, advice, line, claimed.facts)


def digest(claim: ProgramClaim | Outcome) -> bytes:
    """A hash of all that a worker sent for one case; equal programs have equal ones.

    The worker left names and lines out of the program, but it belongs to the student: so what is
    hashed, here, is all that came, and a cheating worker gets a hash of its own. It is written
    into the log, so that another way to hash would tear the groups of a class apart.
    """
    if isinstance(claim, Failure):
        return hashlib.sha256(json.dumps(asdict(claim)).encode()).digest()
    if isinstance(claim, ProgramClaim):
        return hashlib.sha256(b"program" + claim.artifact).digest()
    shapes = [(leaf.dtype.name, leaf.shape) for leaf in claim.leaves]
    text = json.dumps(["answer", claim.structure, claim.paths, claim.facts, shapes])
    leaves = [leaf.tobytes() for leaf in claim.leaves]
    return hashlib.sha256(b"".join([text.encode(), *leaves])).digest()


def answers(result: bytes | Ending, asked: Sequence[Case]) -> list[ProgramClaim | Outcome]:
    """What a worker sent for one exercise.

    Args:
        result: the message, or how the process ended that should have sent it.
        asked: the cases that it was asked for.

    Returns:
        For each case what the call gave back, or the program; or why there is neither.
    """
    if isinstance(result, Ending):
        return [endings.failure(result)] * len(asked)
    try:
        claims = _as_asked(decode(Lowered, result).cases, asked)
        return [_lowered(case, claim) for case, claim in zip(asked, claims, strict=True)]
    except MalformedError:
        return [UNREADABLE] * len(asked)


def _lowered(case: Case, claim: Failure | ProgramClaim | CallClaim) -> ProgramClaim | Outcome:
    if isinstance(claim, Failure):
        return _of(case, honest(claim))
    if isinstance(claim, CallClaim) is not bool(case.call):
        raise MalformedError("a call in place of a program, or a program in place of a call")
    if isinstance(claim, ProgramClaim):
        return claim
    facts = asdict(claim.facts)
    facts |= {key: _plain(facts[key]) for key in ("message", "line", "leak")}
    return Answer(*_structure(claim), _leaves(claim, claim.paths), facts)


def outcomes(result: bytes | Ending, asked: Sequence[Case]) -> list[Outcome]:
    """What a runner sent for the programs of one exercise.

    Args:
        result: the message, or how the process ended that should have sent it.
        asked: the cases of the programs.
    """
    if isinstance(result, Ending):
        return [endings.failure(result)] * len(asked)
    try:
        claims = _as_asked(decode(Ran, result).cases, asked)
        return [_ran(case, claim) for case, claim in zip(asked, claims, strict=True)]
    except MalformedError:
        return [UNREADABLE] * len(asked)


def _ran(case: Case, claim: Failure | RunClaim) -> Outcome:
    if isinstance(claim, Failure):
        return _of(case, honest(claim))
    runs = case.has_results()
    leaves = _leaves(claim, claim.paths if runs and claim.ran else ())
    facts = asdict(claim.facts) | facts_of(case)
    return Answer(*_structure(claim), leaves, facts, claim.ran or not runs)


def _as_asked(claims: tuple[Any, ...], asked: Sequence[Case]) -> tuple[Any, ...]:
    if len(claims) != len(asked):
        raise MalformedError("other cases than were asked for")
    return claims


def _of(case: Case, failure: Failure) -> Failure:
    """The failure with what the grader itself knows of the case."""
    if not failure.facts:
        return failure
    return replace(failure, facts={**failure.facts, **facts_of(case)})


def _leaves(claim: CallClaim | RunClaim, paths: Sequence[str]) -> tuple[np.ndarray, ...]:
    if len(claim.leaves) != len(paths):
        raise MalformedError("other leaves than it says")
    return claim.leaves


def _structure(claim: CallClaim | RunClaim) -> tuple[str, tuple[str, ...]]:
    if len(claim.structure) + sum(map(len, claim.paths)) > 2 * LONGEST:
        raise MalformedError("a structure that is too long")
    texts = [_plain(text, 2 * LONGEST) for text in (claim.structure, *claim.paths)]
    return texts[0], tuple(texts[1:])


def _plain(text: str, most: int = 500) -> str:
    return printable(text[:most])
