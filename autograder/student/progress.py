"""What a student has done, in one plain file for each course. No grade depends on it.

The file is JSON in the user's own data folder, in a folder with the id of the course. The
environment variable `AUTOGRADER_PROGRESS` names another file, or a folder with a file for each
course. A file called `COURSE-progress.json` in the working folder or one above it, which may be
empty, keeps progress there, beside the notebooks. Every change holds a lock and replaces the whole
file, so that kernels that write at the same time lose nothing.
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
    """What a student has done for one exercise.

    Attributes:
        attempts: how often it was checked, up to the first time it passed.
        hints: how many hints were shown.
        passed: when it first passed, in UTC; empty if it has not passed yet.
    """

    attempts: int = 0
    hints: int = 0
    passed: str = ""


@dataclass
class Progress:
    """What a student has done in a course.

    Attributes:
        exercises: by name, the exercises that were checked or for which a hint was shown.
        lessons: by module, when its lesson was read or its fast track was passed, in UTC.
        last: the module in which the student worked last.
        predictions: by lesson, the predictions that were made, and whether the first guess was
            right.
    """

    exercises: dict[str, Record] = field(default_factory=dict)
    lessons: dict[str, str] = field(default_factory=dict)
    last: str = ""
    predictions: dict[str, dict[str, bool]] = field(default_factory=dict)

    def of(self, exercise: str) -> Record:
        """The record of one exercise; an empty one if nothing was done for it."""
        return self.exercises.get(exercise, Record())


unsaved: dict[str, Progress] = {}
"""By course, the progress of this process if the file cannot be written."""


def path(course: str) -> Path:
    """The progress file of the course with this id."""
    name = BESIDE.format(course)
    if value := os.environ.get(VARIABLE):
        file = Path(value).expanduser().absolute()
        return file / name if file.is_dir() else file
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / name).is_file():
            return folder / name
    return user_data_path(course, appauthor=False) / "progress.json"


def read(course: str) -> Progress:
    """The progress in a course; empty if there is no file that can be read."""
    try:
        return unsaved.get(course) or _parse(path(course).read_bytes())
    except (OSError, ValueError):
        return Progress()


def change(course: str, edit: Callable[[Progress], None]) -> Progress:
    """Change the progress and write it; if the file cannot be written, the student can still work.

    Args:
        course: the id of the course.
        edit: changes the progress that it gets, in place.

    Returns:
        The changed progress.
    """
    file = path(course)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{file}.lock", timeout=LOCK_SECONDS):
            progress = _load(file)
            edit(progress)
            _write(file, progress)
        unsaved.pop(course, None)
    except OSError as error:  # also when the lock stays taken
        if course not in unsaved:
            print(
                f"Your progress cannot be saved in {file} ({error.strerror or error}): everything "
                f"else works; set {VARIABLE} to a file that can be written."
            )
        progress = unsaved.setdefault(course, read(course))
        edit(progress)
    return progress


def checked(
    course: str, exercise: str, module: str, passed: bool, fast_track: bool = False
) -> Progress:
    """Record a check; passing the fast track's question marks the lesson as read."""

    def edit(progress: Progress) -> None:
        before = progress.of(exercise)
        progress.last = module
        if not before.passed:
            moment = _now() if passed else ""
            after = replace(before, attempts=before.attempts + 1, passed=moment)
            progress.exercises[exercise] = after
        if passed and fast_track:
            progress.lessons.setdefault(module, _now())

    return change(course, edit)


def hinted(course: str, exercise: str, module: str, most: int) -> Progress:
    """Record that the student asked for one more hint, of at most `most`."""

    def edit(progress: Progress) -> None:
        before = progress.of(exercise)
        progress.last = module
        progress.exercises[exercise] = replace(before, hints=min(before.hints + 1, most))

    return change(course, edit)


def predicted(course: str, lesson: str, name: str, right: bool) -> Progress:
    """Record a prediction; only the first guess counts, since the answer is known after it."""

    def edit(progress: Progress) -> None:
        progress.last = lesson
        progress.predictions.setdefault(lesson, {}).setdefault(name, right)

    return change(course, edit)


def lesson_read(course: str, module: str) -> Progress:
    """Record that a lesson was read to its end."""

    def edit(progress: Progress) -> None:
        progress.last = module
        progress.lessons.setdefault(module, _now())

    return change(course, edit)


def _load(file: Path) -> Progress:
    """Read a file; a damaged file is renamed, and a new one is started."""
    try:
        return _parse(file.read_bytes())
    except FileNotFoundError:
        return Progress()
    except ValueError:
        moment = datetime.datetime.now().strftime("%Y%m%d-%H%M%S-%f")
        renamed = file.with_name(f"{file.stem}.damaged-{moment}{file.suffix}")
        os.replace(file, renamed)
        print(f"Your progress could not be read: it is kept as {renamed}, and a new one is begun.")
        return Progress()


def _parse(data: bytes) -> Progress:
    """Read a file.

    Raises:
        ValueError: the content is not what `_write` writes; an empty file is fine.
    """
    if not data.strip():
        return Progress()
    try:
        content: dict[str, Any] = json.loads(data)
        exercises = {str(name): Record(**record) for name, record in content["exercises"].items()}
        lessons = {str(name): str(moment) for name, moment in content["lessons"].items()}
        predictions = {
            str(lesson): {str(name): bool(right) for name, right in made.items()}
            # Progress that was recorded before version 0.2 has no predictions.
            for lesson, made in content.get("predictions", {}).items()
        }
        progress = Progress(exercises, lessons, str(content["last"]), predictions)
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"this is not a progress file: {error}") from None
    for record in exercises.values():
        if not (type(record.attempts) is type(record.hints) is int):
            raise ValueError("this is not a progress file: a count is not a number")
    return progress


def _write(file: Path, progress: Progress) -> None:
    text = json.dumps(asdict(progress), indent=1, ensure_ascii=False) + "\n"
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as temporary:
            temporary.write(text)
        os.replace(name, file)
    except BaseException:
        os.unlink(name)
        raise


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
