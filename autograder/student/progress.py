"""What a student has done, in one plain file for each course. Only bars and hints depend on it.

The file is JSON in the user's own data folder, in a folder called as the course is. The environment
variable `AUTOGRADER_PROGRESS` names another file, or a folder with a file for each course; so does
a file called `COURSE-progress.json`, which may be empty, in the working folder or one above it:
that keeps progress beside the notebooks. Every change is made under a lock and put in place whole,
so that kernels which write at once lose nothing.
"""

from __future__ import annotations

import datetime
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from filelock import FileLock
from platformdirs import user_data_path

VARIABLE = "AUTOGRADER_PROGRESS"
BESIDE = "{}-progress.json"
LOCK_SECONDS = 5.0


@dataclass(frozen=True)
class Record:
    """What was done for one exercise.

    Attributes:
        attempts: how often it was checked, up to the first time it passed.
        hints: how many were asked for.
        passed: when it first passed, in UTC; empty while it has not.
    """

    attempts: int = 0
    hints: int = 0
    passed: str = ""


@dataclass
class Progress:
    """What was done in the course.

    Attributes:
        exercises: by name, those that were checked or hinted at.
        lessons: by module, when it was read or made needless by its fast track, in UTC.
        last: the module that was worked in last.
    """

    exercises: dict[str, Record] = field(default_factory=dict)
    lessons: dict[str, str] = field(default_factory=dict)
    last: str = ""

    def of(self, exercise: str) -> Record:
        """The record of one exercise, made or not."""
        return self.exercises.get(exercise, Record())


unsaved: dict[str, Progress] = {}
"""The progress of this process in courses whose file cannot be written."""


def path(course: str) -> Path:
    """The file in force for the course with this id."""
    beside = BESIDE.format(course)
    if said := os.environ.get(VARIABLE):
        file = Path(said).expanduser().absolute()
        return file / beside if file.is_dir() else file
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / beside).is_file():
            return folder / beside
    return user_data_path(course, appauthor=False) / "progress.json"


def read(course: str) -> Progress:
    """What was done; nothing where there is no file, or none that can be read."""
    try:
        return unsaved.get(course) or _parse(path(course).read_bytes())
    except (OSError, ValueError):
        return Progress()


def change(course: str, edit: Callable[[Progress], None]) -> Progress:
    """Change the progress and write it; a file that cannot be read or written stops nobody.

    Args:
        course: the id of the course.
        edit: changes what it is given.

    Returns:
        The progress as it is then.
    """
    file = path(course)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{file}.lock", timeout=LOCK_SECONDS):
            made = _load(file)
            edit(made)
            _put(file, made)
        unsaved.pop(course, None)
    except OSError as error:  # a lock that is never free is one as well
        if course not in unsaved:
            print(
                f"Your progress cannot be kept in {file} ({error.strerror or error}): everything "
                f"else works; set {VARIABLE} to a file that can be written."
            )
        made = unsaved.setdefault(course, read(course))
        edit(made)
    return made


def checked(
    course: str, exercise: str, module: str, passed: bool, fast_track: bool = False
) -> Progress:
    """Record a check; passing the fast track's question marks the lesson as read."""

    def edit(progress: Progress) -> None:
        before = progress.of(exercise)
        progress.last = module
        if not before.passed:
            done = _now() if passed else ""
            after = replace(before, attempts=before.attempts + 1, passed=done)
            progress.exercises[exercise] = after
        if passed and fast_track:
            progress.lessons.setdefault(module, _now())

    return change(course, edit)


def hinted(course: str, exercise: str, module: str, most: int) -> Progress:
    """Record that one more hint was asked for, of `most`."""

    def edit(progress: Progress) -> None:
        before = progress.of(exercise)
        progress.last = module
        progress.exercises[exercise] = replace(before, hints=min(before.hints + 1, most))

    return change(course, edit)


def lesson_read(course: str, module: str) -> Progress:
    """Record that a lesson was read to its end."""

    def edit(progress: Progress) -> None:
        progress.last = module
        progress.lessons.setdefault(module, _now())

    return change(course, edit)


def _load(file: Path) -> Progress:
    """What the file holds; one that is damaged is kept aside, and a new one begun."""
    try:
        return _parse(file.read_bytes())
    except FileNotFoundError:
        return Progress()
    except ValueError:
        moment = datetime.datetime.now().strftime("%Y%m%d-%H%M%S-%f")
        aside = file.with_name(f"{file.stem}.damaged-{moment}{file.suffix}")
        os.replace(file, aside)
        print(f"Your progress could not be read: it is kept as {aside}, and a new one is begun.")
        return Progress()


def _parse(data: bytes) -> Progress:
    """Read a file.

    Raises:
        ValueError: it is not what `_put` writes; an empty one is a beginning.
    """
    if not data.strip():
        return Progress()
    try:
        said: dict[str, Any] = json.loads(data)
        exercises = {str(name): Record(**record) for name, record in said["exercises"].items()}
        lessons = {str(name): str(moment) for name, moment in said["lessons"].items()}
        made = Progress(exercises, lessons, str(said["last"]))
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"no progress: {error}") from None
    for record in exercises.values():
        if not (type(record.attempts) is type(record.hints) is int):
            raise ValueError("no progress: something was not counted")
    return made


def _put(file: Path, progress: Progress) -> None:
    text = json.dumps(asdict(progress), indent=1, ensure_ascii=False) + "\n"
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as made:
            made.write(text)
        os.replace(name, file)
    except BaseException:
        os.unlink(name)
        raise


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
