"""Validates what workers and runners send: both have run a student's code.

A message that does not fit its schema in `messages` becomes that student's failure.
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
"""The failures that a student's process may report about itself; none of them brings points."""


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
    """A reported failure, without what a student's process may not report."""
    status = claimed.status if claimed.status in HONEST else Status.ERROR
    texts = claimed.message, claimed.error, claimed.advice, claimed.line
    message, error, advice, line = map(_plain, texts)
    return Failure(status, message, error, advice, line, claimed.facts)


def digest(claim: ProgramClaim | Outcome) -> bytes:
    """A hash of everything that a worker sent for one case; equal programs have equal hashes.

    The worker leaves names and lines out of the program, but the student's code may control the
    worker. So everything that it sent is hashed, and a cheating worker gets a hash of its own.
    The hash is written into the log: hashing in another way would split the groups of a class.
    """
    if isinstance(claim, Failure):
        return hashlib.sha256(json.dumps(asdict(claim)).encode()).digest()
    if isinstance(claim, ProgramClaim):
        return hashlib.sha256(b"program" + claim.artifact).digest()
    shapes = [(leaf.dtype.name, leaf.shape) for leaf in claim.leaves]
    text = json.dumps(["answer", claim.structure, claim.paths, claim.facts, shapes])
    leaves = [leaf.tobytes() for leaf in claim.leaves]
    return hashlib.sha256(b"".join([text.encode(), *leaves])).digest()


def answers(result: bytes | Ending, cases: Sequence[Case]) -> list[ProgramClaim | Outcome]:
    """What a worker sent for one exercise.

    Args:
        result: the message, or how the process ended that should have sent it.
        cases: those that the worker was asked for.

    Returns:
        For each case the program, or what the call returned, or why there is neither.
    """
    if isinstance(result, Ending):
        return [endings.failure(result)] * len(cases)
    try:
        claims = _as_many(decode(Lowered, result).cases, cases)
        return [_lowered(case, claim) for case, claim in zip(cases, claims, strict=True)]
    except MalformedError:
        return [UNREADABLE] * len(cases)


def _lowered(case: Case, claim: Failure | ProgramClaim | CallClaim) -> ProgramClaim | Outcome:
    if isinstance(claim, Failure):
        return _with_facts(case, honest(claim))
    if isinstance(claim, CallClaim) is not bool(case.call):
        raise MalformedError("a call in place of a program, or a program in place of a call")
    if isinstance(claim, ProgramClaim):
        return claim
    facts = asdict(claim.facts)
    facts |= {key: _plain(facts[key]) for key in ("message", "line", "leak")}
    return Answer(*_structure(claim), _leaves(claim, claim.paths), facts)


def outcomes(result: bytes | Ending, cases: Sequence[Case]) -> list[Outcome]:
    """What a runner sent for the programs of one exercise.

    Args:
        result: the message, or how the process ended that should have sent it.
        cases: those of the programs.
    """
    if isinstance(result, Ending):
        return [endings.failure(result)] * len(cases)
    try:
        claims = _as_many(decode(Ran, result).cases, cases)
        return [_ran(case, claim) for case, claim in zip(cases, claims, strict=True)]
    except MalformedError:
        return [UNREADABLE] * len(cases)


def _ran(case: Case, claim: Failure | RunClaim) -> Outcome:
    if isinstance(claim, Failure):
        return _with_facts(case, honest(claim))
    runs = case.has_results()
    leaves = _leaves(claim, claim.paths if runs and claim.ran else ())
    facts = asdict(claim.facts) | facts_of(case)
    return Answer(*_structure(claim), leaves, facts, claim.ran or not runs)


def _as_many(claims: tuple[Any, ...], cases: Sequence[Case]) -> tuple[Any, ...]:
    if len(claims) != len(cases):
        raise MalformedError("not one claim for each case")
    return claims


def _with_facts(case: Case, failure: Failure) -> Failure:
    """The failure with what the grader itself knows about the case."""
    if not failure.facts:
        return failure
    return replace(failure, facts={**failure.facts, **facts_of(case)})


def _leaves(claim: CallClaim | RunClaim, paths: Sequence[str]) -> tuple[np.ndarray, ...]:
    if len(claim.leaves) != len(paths):
        raise MalformedError("not one leaf for each path")
    return claim.leaves


def _structure(claim: CallClaim | RunClaim) -> tuple[str, tuple[str, ...]]:
    if len(claim.structure) + sum(map(len, claim.paths)) > 2 * LONGEST:
        raise MalformedError("a structure that is too long")
    texts = [_plain(text, 2 * LONGEST) for text in (claim.structure, *claim.paths)]
    return texts[0], tuple(texts[1:])


def _plain(text: str, limit: int = 500) -> str:
    return printable(text[:limit])
