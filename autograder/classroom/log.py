"""`verdicts.jsonl`, in which every grading run writes a line about every notebook."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder.judge.verdict import Part, Status, Verdict
from autograder.problem import Problem
from autograder.schema import MalformedError, from_text, to_text

LOG = "verdicts.jsonl"
"""The log of all verdicts, in the course's folder; nothing is ever removed from it."""


@dataclass(frozen=True)
class LoggedVerdict:
    """The part of a `verdict.Verdict` that is logged; the message is that of its first finding."""

    status: Status
    fraction: float = 0.0
    program: str = ""
    reason: str = ""
    misconception: str = ""
    reported: tuple[str, ...] = ()
    message: str = ""
    parts: tuple[Part, ...] = ()
    meaning: str = ""

    @classmethod
    def of(cls, verdict: Verdict) -> LoggedVerdict:
        """The part of this verdict that is logged."""
        return cls(
            verdict.status,
            verdict.fraction,
            verdict.program,
            verdict.reason,
            verdict.misconception,
            verdict.reported,
            verdict.findings[0].message if verdict.findings else "",
            verdict.parts,
            verdict.meaning,
        )


@dataclass(frozen=True, kw_only=True)
class Record:
    """A line of the log: the verdicts of a run on one notebook.

    Attributes:
        time: when it was graded, in UTC.
        student, assignment, notebook: their names.
        seed: of every input.
        device: where answers were judged.
        level: of isolation.
        jax: its version.
        verdicts: by exercise.
    """

    time: str = ""
    student: str
    assignment: str
    notebook: str
    seed: int
    device: str = "cpu"
    level: str = ""
    jax: str = ""
    verdicts: dict[str, LoggedVerdict]


def append(root: Path, record: Record) -> None:
    """Write one line, completely or not at all.

    Raises:
        OSError: it cannot be written.
    """
    text = to_text(record) + "\n"
    line = text.encode(errors="backslashreplace")  # a file's name can hold half a character
    with (root / LOG).open("a+b", buffering=0) as file:
        end = file.seek(0, os.SEEK_END)
        # A run that was killed may have left part of a line, which becomes a line of its own.
        if end and _last_byte(file) != b"\n":
            line = b"\n" + line
        try:
            if file.write(line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            file.truncate(end)
            raise


FORMER_WORDS = {
    '"lookalike":': '"misconception":',
    '"status": "broke the rules"': '"status": "not allowed"',
    '"reason": "broke the rules"': '"reason": "not allowed"',
}
"""What version 0.1 called otherwise. No text can match: a quotation mark in it has a backslash."""


def _in_words_of_today(line: str) -> str:
    for former, word in FORMER_WORDS.items():
        line = line.replace(former, word)
    return line


def _with_status_of_today(record: Record) -> Record:
    """A record in which no answer with points is `wrong`, as before there was `partly right`."""
    verdicts = {
        name: replace(verdict, status=Status.PARTLY)
        if verdict.status is Status.WRONG and verdict.fraction > 0
        else verdict
        for name, verdict in record.verdicts.items()
    }
    return replace(record, verdicts=verdicts)


def _last_byte(file: Any) -> bytes:
    file.seek(-1, os.SEEK_END)
    return bytes(file.read(1))


def records(root: Path, assignment: str) -> Iterator[Record]:
    """The lines about an assignment, the oldest first; a damaged line is left out.

    Raises:
        Problem: the log cannot be read.
    """
    try:
        with (root / LOG).open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                try:
                    record = from_text(Record, _in_words_of_today(line))
                except MalformedError:
                    continue
                if record.assignment == assignment:
                    yield _with_status_of_today(record)
    except FileNotFoundError:
        return
    except OSError as error:
        raise Problem(f"{root / LOG} cannot be read: {error.strerror or error}.") from None


def newest(root: Path, assignment: str) -> list[Record]:
    """The newest line about each student's notebook in an assignment, ordered by student.

    Raises:
        Problem: nothing of the assignment was graded.
    """
    if not (root / LOG).is_file():
        raise Problem(
            f"Nothing has been graded here yet, so there is no {root / LOG}: run "
            f"`nbgrader autograde {assignment}` first."
        )
    by_key = {(record.student, record.notebook): record for record in records(root, assignment)}
    if not by_key:
        raise Problem(
            f"{root / LOG} has no verdict in {assignment}: correct the name, or run "
            f"`nbgrader autograde {assignment}` first."
        )
    return [by_key[key] for key in sorted(by_key)]


def seed(root: Path, assignment: str) -> int | None:
    """The seed that the assignment was last graded with, or None."""
    newest = None
    for record in records(root, assignment):
        newest = record.seed
    return newest
