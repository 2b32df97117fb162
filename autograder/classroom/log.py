"""`verdicts.jsonl`, in which every grading run writes a line about every notebook."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.problem import Problem

LOG = "verdicts.jsonl"
"""The log of all verdicts, in the course's folder; nothing is ever taken out of it."""
NEEDED = {"student", "assignment", "notebook", "seed", "verdicts"}


def append(root: Path, record: dict[str, Any]) -> None:
    """Write one line, in one piece or not at all.

    Raises:
        OSError: it cannot be written.
    """
    text = json.dumps(record, ensure_ascii=False) + "\n"
    line = text.encode(errors="backslashreplace")  # half a character, such as of a file's name
    with (root / LOG).open("a+b", buffering=0) as file:
        end = file.seek(0, os.SEEK_END)
        # A run that was killed may have left a piece of a line, which stays a line of its own.
        if end and _last_byte(file) != b"\n":
            line = b"\n" + line
        try:
            if file.write(line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            file.truncate(end)
            raise


def _last_byte(file: Any) -> bytes:
    file.seek(-1, os.SEEK_END)
    return bytes(file.read(1))


def records(root: Path, assignment: str) -> Iterator[dict[str, Any]]:
    """The lines about an assignment, the oldest first; a line that is damaged is left out.

    Raises:
        Problem: the log cannot be read.
    """
    try:
        with (root / LOG).open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                record = _record(line)
                if record is not None and record["assignment"] == assignment:
                    yield record
    except FileNotFoundError:
        return
    except OSError as error:
        raise Problem(f"{root / LOG} cannot be read: {error.strerror or error}.") from None


def _record(line: str) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and record.keys() >= NEEDED else None


def newest(root: Path, assignment: str) -> list[dict[str, Any]]:
    """The newest line about each student's notebook in an assignment, ordered by student.

    Raises:
        Problem: nothing of the assignment was graded.
    """
    if not (root / LOG).is_file():
        raise Problem(f"Nothing has been graded here yet: there is no {root / LOG}.")
    found = {(one["student"], one["notebook"]): one for one in records(root, assignment)}
    if not found:
        raise Problem(f"{root / LOG} has no verdict in {assignment}.")
    return [found[which] for which in sorted(found)]


def seed(root: Path, assignment: str) -> int | None:
    """The seed that the assignment was last graded with, if it was."""
    found = None
    for record in records(root, assignment):
        found = record["seed"]
    return found if type(found) is int else None
