"""Reads the attempts that students handed in with their notebooks, see `student/attempts.py`.

They are what each student claims, so they are read strictly, and no grade depends on them.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nbgrader.coursedir import CourseDirectory

from autograder.classroom.log import Record
from autograder.schema import MalformedError, from_text
from autograder.student import attempts
from autograder.student.attempts import Attempts

LARGEST = 1_000_000
"""The largest file that is read, in bytes."""
LONGEST = datetime.timedelta(days=180)
"""How long before the grading a check may have been; other times are left out."""


@dataclass(frozen=True)
class Track:
    """When a student checked an exercise, until it passed.

    Attributes:
        times: of the checks, in UTC, the oldest first.
        passed: whether the last one passed.
    """

    times: tuple[datetime.datetime, ...]
    passed: bool


def handed_in(
    course: CourseDirectory,
    assignment: str,
    exercises: Iterable[str],
    records: Mapping[str, Record],
) -> dict[str, tuple[Track, ...]]:
    """The checks of each exercise, by those students who handed in their attempts.

    Args:
        course: nbgrader's.
        assignment: its name.
        exercises: their names; others are left out.
        records: the newest line of the log about each student.
    """
    tracks: dict[str, list[Track]] = {name: [] for name in exercises}
    for student, record in records.items():
        # The copy that grading made has regular files only, see `intake.py`.
        folder = course.format_path(course.autograded_directory, student, assignment)
        noted = _read(Path(folder) / attempts.name(assignment))
        for name in tracks.keys() & noted.checks.keys():
            if track := _track(noted, name, record.time):
                tracks[name].append(track)
    return {name: tuple(found) for name, found in tracks.items() if found}


def _read(path: Path) -> Attempts:
    try:
        if path.stat().st_size > LARGEST:
            return Attempts()
        return from_text(Attempts, path.read_bytes())
    except (OSError, MalformedError):
        return Attempts()


def _track(noted: Attempts, exercise: str, graded: str) -> Track | None:
    """The checks that can be true, up to the first one that passed; None if there are none."""
    times = []
    end = _time(graded)
    for check in noted.checks[exercise][: attempts.MOST]:
        time = _time(check.time)
        if time is None or (end and not end - LONGEST < time <= end):
            continue
        times.append(time)
        if check.passed:
            return Track(tuple(sorted(times)), True)
    return Track(tuple(sorted(times)), False) if times else None


def _time(text: str) -> datetime.datetime | None:
    """A time with a time zone, in UTC; None if the text is something else."""
    try:
        time = datetime.datetime.fromisoformat(text)
        return time.astimezone(datetime.UTC) if time.tzinfo else None
    except (ValueError, OverflowError):
        return None
