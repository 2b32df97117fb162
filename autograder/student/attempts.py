"""Notes when an exercise was checked, in a file that is handed in with the notebook.

Only a course that asks for it releases this file, empty, beside the notebook (`attempts_handed_in`
in `course.toml`). Without the file nothing is noted. It is the student's: plain text that anybody
can read, change and delete. No grade depends on it.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from autograder.schema import MalformedError, from_text, to_text

SUFFIX = "-attempts.json"
MOST = 500
"""How many checks of an exercise are noted."""
ABOUT = (
    "This file says when you checked each exercise, until it passed. Your course asks you to hand "
    "it in with the notebook. No grade depends on it. You may delete it: then nothing is noted."
)


@dataclass(frozen=True)
class Check:
    """One check of an exercise.

    Attributes:
        time: when it was, in UTC.
        passed: whether it passed.
    """

    time: str
    passed: bool


@dataclass(frozen=True)
class Attempts:
    """What the file of an assignment holds: the checks of each exercise, the oldest first."""

    about: str = ABOUT
    checks: dict[str, tuple[Check, ...]] = field(default_factory=dict)


def name(assignment: str) -> str:
    """The name of an assignment's file."""
    return f"{assignment}{SUFFIX}"


def note(folders: Iterable[Path], assignment: str, exercise: str, passed: bool) -> None:
    """Note a check in the file beside the notebook, if there is one; the first time, say so.

    Args:
        folders: where the file may be; the first one counts.
        assignment: its name.
        exercise: the exercise's name.
        passed: whether it passed; after the first time, nothing more is noted of it.
    """
    paths = [folder / name(assignment) for folder in folders]
    # A file that cannot be read or written is left alone.
    with contextlib.suppress(OSError, MalformedError):
        path = next((path for path in paths if path.is_file()), None)
        if path is None:
            return
        text = path.read_text(encoding="utf-8", errors="replace")
        noted = from_text(Attempts, text) if text.strip() else Attempts()
        before = noted.checks.get(exercise, ())
        if len(before) >= MOST or any(check.passed for check in before):
            return
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        checks = {**noted.checks, exercise: (*before, Check(now, passed))}
        _write(path, replace(noted, checks=checks))
        if not noted.checks:
            print(f"This check is noted in {path.name}, beside the notebook. {ABOUT}")


def _write(path: Path, noted: Attempts) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(to_text(noted) + "\n")
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
