"""What workers and runners send, read with suspicion: both have run a student's code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from autograder.judge.frames import Frame
from autograder.judge.verdict import Answer, Failure, Outcome, Status

LONGEST = 100_000
UNREADABLE = Failure(Status.BROKE_THE_RULES, "What it sent cannot be read.")
HONEST = (Status.ERROR, Status.MISSING, Status.OUT_OF_MEMORY, Status.BROKE_THE_RULES)
"""The failures that a student's process may report of itself; it gains nothing by any."""


@dataclass(frozen=True)
class Claim:
    """A program, and what the worker says of its result.

    Attributes:
        structure, paths: see `verdict.Answer`.
        artifact: the serialised program.
        jax: the version of JAX that wrote it.
    """

    structure: str
    paths: tuple[str, ...]
    artifact: bytes
    jax: str


def failure_in(header: Any) -> Failure | None:
    """The failure that a header reports, if it does."""
    if not isinstance(header, dict) or "failure" not in header:
        return None
    claimed = header["failure"]
    if not isinstance(claimed, dict):
        return UNREADABLE
    text = {key: _plain(claimed.get(key, "")) for key in ("message", "error", "advice", "line")}
    status = next((one for one in HONEST if one == claimed.get("status")), Status.ERROR)
    return Failure(status, **text)


def _plain(value: Any, most: int = 500) -> str:
    """Text that may be printed: no character of it moves a terminal's cursor or rings its bell."""
    return "".join(
        one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in str(value)[:500]
    )


def digest(made: Claim | Outcome) -> bytes:
    """A hash of all that a worker sent for one case; equal programs have equal ones.

    The worker left names and lines out of the program, but it belongs to the student: so what is
    hashed, here, is all that came, and a worker that cheats tells itself apart from the others.
    """
    if isinstance(made, Failure):
        return hashlib.sha256(json.dumps(asdict(made)).encode()).digest()
    if isinstance(made, Claim):
        said: list[Any] = ["program", made.structure, made.paths, made.jax]
        rest = [made.artifact]
    else:
        shapes = [(leaf.dtype.name, leaf.shape) for leaf in made.leaves]
        said = ["answer", made.structure, made.paths, made.facts, shapes]
        rest = [leaf.tobytes() for leaf in made.leaves]
    return hashlib.sha256(b"".join([json.dumps(said).encode(), *rest])).digest()


def answers(result: Frame | Failure, called: Sequence[bool]) -> list[Claim | Outcome]:
    """What a worker sent for one exercise.

    Args:
        result: the frame, or why there is none.
        called: for each case, whether the function was called, or lowered to a program.

    Returns:
        For each case what the call gave back, or the program; or why there is neither.
    """
    if isinstance(result, Failure):
        return [result] * len(called)
    made: list[Claim | Outcome] = []
    offset = position = 0
    for was_called, case in zip(called, _cases(result, len(called)), strict=False):
        if failure := failure_in(case):
            made.append(failure)
            continue
        structure: Any = case.get("structure")
        paths: Any = case.get("paths")
        size: Any = case.get("leaves" if was_called else "length")
        good = isinstance(structure, str) and isinstance(paths, list) and type(size) is int
        if not good or size < 0 or not all(isinstance(path, str) for path in paths):
            return [UNREADABLE] * len(called)
        structure, paths = _plain(structure, LONGEST), [_plain(path, LONGEST) for path in paths]
        if was_called:
            leaves = result.arrays[position : position + size]
            position += size
            made.append(_called(structure, tuple(paths), leaves, case.get("facts"), size))
        else:
            artifact = result.blob[offset : offset + size]
            made.append(Claim(structure, tuple(paths), artifact, str(case.get("jax"))[:40]))
            offset += size
    return made or [UNREADABLE] * len(called)


def _called(
    structure: str, paths: tuple[str, ...], leaves: tuple[np.ndarray, ...], facts: Any, count: int
) -> Outcome:
    if not isinstance(facts, dict) or not count == len(leaves) == len(paths):
        return UNREADABLE
    said: dict[str, Any] = {key: _plain(facts.get(key, "")) for key in ("message", "line", "leak")}
    traces, primitives, weak = (facts.get(key) for key in ("traces", "primitives", "weak"))
    said["traces"] = traces if type(traces) is int else 0
    said["weak"] = [one is True for one in weak] if isinstance(weak, list) else []
    counts = primitives.items() if isinstance(primitives, dict) else ()
    said["primitives"] = {name: count for name, count in counts if type(count) is int}
    return Answer(structure, paths, leaves, said)


def outcomes(
    result: Frame | Failure, claims: Sequence[Claim], runs: Sequence[bool]
) -> list[Outcome]:
    """What a runner sent for the programs of one exercise, put together with their claims.

    Args:
        result: the frame, or why there is none.
        claims: the programs that it was asked to run or to look at.
        runs: which of the two, for each.
    """
    if isinstance(result, Failure):
        return [result] * len(claims)
    ran: list[Outcome] = []
    position = 0
    for claim, run, case in zip(claims, runs, _cases(result, len(claims)), strict=False):
        if failure := failure_in(case):
            ran.append(failure)
            continue
        facts, count = case.get("facts"), case.get("leaves")
        if not isinstance(facts, dict) or type(count) is not int or count < 0:
            return [UNREADABLE] * len(claims)
        paths = claim.paths if run else ()
        leaves = result.arrays[position : position + count]
        position += count
        if not count == len(leaves) == len(paths):
            words = "Its result has other leaves than it said."
            ran.append(Failure(Status.BROKE_THE_RULES, words))
        else:
            ran.append(Answer(claim.structure, paths, leaves, facts))
    return ran or [UNREADABLE] * len(claims)


def _cases(result: Frame, count: int) -> list[dict[str, Any]]:
    cases = result.header.get("cases")
    if not isinstance(cases, list) or len(cases) != count:
        return []
    return cases if all(isinstance(case, dict) for case in cases) else []
