"""What workers and runners send, read with suspicion: both have run a student's code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograder.frames import Frame
from autograder.verdict import Answer, Failure, Status

UNREADABLE = Failure(Status.BROKE_THE_RULES, "What it sent cannot be read.")
HONEST = (Status.ERROR, Status.MISSING, Status.OUT_OF_MEMORY, Status.BROKE_THE_RULES)
"""The failures that a student's process may report of itself; it gains nothing by any."""


@dataclass(frozen=True)
class Claim:
    """A program, and what the worker says of its result.

    Attributes:
        structure, paths: see `verdict.Answer`.
        artifact: the serialised program.
    """

    structure: str
    paths: tuple[str, ...]
    artifact: bytes


def failure_in(header: Any) -> Failure | None:
    """The failure that a header reports, if it does."""
    if not isinstance(header, dict) or "failure" not in header:
        return None
    claimed = header["failure"]
    if not isinstance(claimed, dict):
        return UNREADABLE
    text = {key: str(claimed.get(key, ""))[:500] for key in ("message", "error", "advice", "line")}
    status = next((one for one in HONEST if one == claimed.get("status")), Status.ERROR)
    return Failure(status, **text)


def programs(result: Frame | Failure, count: int) -> list[Claim | Failure]:
    """What a worker sent for one exercise: a program for each of `count` cases, or why not."""
    if isinstance(result, Failure):
        return [result] * count
    made: list[Claim | Failure] = []
    offset = 0
    for case in _cases(result, count):
        if failure := failure_in(case):
            made.append(failure)
            continue
        structure: Any = case.get("structure")
        paths: Any = case.get("paths")
        length: Any = case.get("length")
        good = isinstance(structure, str) and isinstance(paths, list) and type(length) is int
        if not good or length < 0 or not all(isinstance(path, str) for path in paths):
            return [UNREADABLE] * count
        made.append(Claim(structure, tuple(paths), result.blob[offset : offset + length]))
        offset += length
    return made or [UNREADABLE] * count


def answers(result: Frame | Failure, claims: Sequence[Claim]) -> list[Answer | Failure]:
    """What a runner sent for the programs of one exercise, put together with their claims."""
    if isinstance(result, Failure):
        return [result] * len(claims)
    ran: list[Answer | Failure] = []
    position = 0
    for claim, case in zip(claims, _cases(result, len(claims)), strict=False):
        if failure := failure_in(case):
            ran.append(failure)
            continue
        operations, count = case.get("operations"), case.get("leaves")
        if type(operations) is not int or type(count) is not int or count < 0:
            return [UNREADABLE] * len(claims)
        leaves = result.arrays[position : position + count]
        position += count
        if not count == len(leaves) == len(claim.paths):
            words = "Its result has other leaves than it said."
            ran.append(Failure(Status.BROKE_THE_RULES, words))
        else:
            ran.append(Answer(claim.structure, claim.paths, leaves, operations))
    return ran or [UNREADABLE] * len(claims)


def _cases(result: Frame, count: int) -> list[dict[str, Any]]:
    cases = result.header.get("cases")
    if not isinstance(cases, list) or len(cases) != count:
        return []
    return cases if all(isinstance(case, dict) for case in cases) else []
