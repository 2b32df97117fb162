"""Plug-ins of `nbgrader zip_collect` that read the file names of Canvas and of Moodle.

    c.ZipCollectApp.collector_plugin = "autograder.collect.Canvas"

The names do not have the students' ids, so the gradebook has to know the students: `autograder
roster` fills it. The newest of several attempts counts.

A zip does not say when a file was handed in: the dates in it are those of the download, without a
time zone. Canvas marks late files, and Moodle's grading worksheet has dates.
"""

from __future__ import annotations

import functools
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dateutil import parser
from nbgrader.plugins import FileNameCollectorPlugin
from traitlets import Unicode

from autograder.classroom import gradebook as books
from autograder.classroom import spreadsheet
from autograder.problem import Problem
from autograder.text import clean_log

NOTEBOOK = re.compile(r"(.+?)((?:\.ipynb)(?:\.\w{1,8})?)", re.IGNORECASE)
COPY = re.compile(r"-\d+$|\s*\(\d+\)$")
"""What Canvas and browsers add to the name of a file that was there before."""


@dataclass(frozen=True)
class Attempt:
    """A notebook that a student handed in.

    Attributes:
        path: where it was extracted.
        student: the student's id; empty if it is not known whose notebook it is.
        why: why the student is not known.
        name: the name that the student gave to the file.
        order: the newest attempt has the largest.
        date: when it was handed in, if this is known.
        late: whether it is marked as late.
    """

    path: Path
    student: str
    why: str
    name: str
    order: tuple[Any, ...]
    date: datetime | None = None
    late: bool = False


class Collector(FileNameCollectorPlugin):
    """What the collectors have in common; nbgrader calls `collect` for every extracted file.

    A platform's zip has all files of a student's last attempt. So of several zips, only the newest
    one counts in which the student has files.
    """

    def __init__(self, **kw: Any) -> None:
        super().__init__(**kw)
        clean_log(self.log)  # nbgrader logs the names that students gave to their files

    def collect(self, submitted_file: str) -> dict[str, Any] | None:
        """Whose notebook a file is; None for all files but the newest attempts."""
        try:
            return self._newest.get(Path(submitted_file))
        except Problem as problem:
            self.parent.fail("%s", problem)
            raise

    def attempts(self, files: list[Path]) -> Iterator[Attempt]:
        """The notebooks among the extracted files."""
        raise NotImplementedError

    def folder(self, step: str) -> Path:
        """The folder of a step, such as `downloaded/02_newton/extracted`."""
        app: Any = self.parent
        names = {"downloaded": app.downloaded_directory, "collect_step": step}
        place = app.collect_directory_structure.format(assignment_id=self._assignment, **names)
        return Path(app.coursedir.root, place)

    @property
    def extracted(self) -> Path:
        return self.folder(self.parent.extracted_directory)

    @property
    def _assignment(self) -> str:
        return str(self.parent.coursedir.assignment_id)

    @functools.cached_property
    def students(self) -> list[dict[str, str]]:
        """The students of the gradebook, with their ids, names, addresses and numbers."""
        with books.opened(self.parent.coursedir) as gradebook:
            names = ("id", "first_name", "last_name", "email", "lms_user_id")
            return [
                {name: getattr(student, name) or "" for name in names}
                for student in gradebook.students
            ]

    @functools.cached_property
    def _newest(self) -> dict[Path, dict[str, Any]]:
        """What nbgrader is told of each file that it collects."""
        files = sorted(path for path in self.extracted.rglob("*") if path.is_file())
        attempts = sorted(self.attempts(files), key=lambda one: (one.order, one.path))
        last = {one.student: self._archive(one) for one in attempts}
        newest: dict[tuple[str, str], Attempt] = {}
        for one in attempts:
            if not one.student:
                shown = one.path.relative_to(self.extracted)
                self.log.warning("Not collected, because %s: %s", one.why, shown)
            elif self._archive(one) == last[one.student]:
                newest[one.student, self._released(one.name)] = one
        self._report_late([one for one in newest.values() if one.late])
        return {
            one.path: {"student_id": student, "file_id": name, **self._date(one)}
            for (student, name), one in newest.items()
        }

    def _archive(self, one: Attempt) -> str:
        """The name of the zip that the notebook was in; empty if it was in none."""
        first, *rest = one.path.relative_to(self.extracted).parts
        return first if rest else ""

    def _released(self, name: str) -> str:
        """The released notebook that a file's name means, or else that name."""
        course = self.parent.coursedir
        folder = course.format_path(course.release_directory, ".", self._assignment)
        released = {path.stem.casefold(): path.stem for path in Path(folder).glob("*.ipynb")}
        match = NOTEBOOK.fullmatch(name)
        assert match is not None
        stem, ending = match.groups()
        for known in (stem, COPY.sub("", stem)):
            if known.casefold() in released:
                return released[known.casefold()] + ending
        return name

    @functools.cached_property
    def _due(self) -> datetime | None:
        with books.opened(self.parent.coursedir) as gradebook:
            due: datetime | None = books.assignment(gradebook, self._assignment).duedate
            return due

    def _date(self, one: Attempt) -> dict[str, datetime]:
        if one.date:
            return {"timestamp": one.date.astimezone(UTC).replace(tzinfo=None)}
        return {"timestamp": self._due + timedelta(seconds=1)} if one.late and self._due else {}

    def _report_late(self, late: list[Attempt]) -> None:
        listed = ", ".join(sorted({one.student for one in late}))
        if late and self._due is None:
            self.log.warning(
                "Marked as late, but %s has no due date in the gradebook: %s.",
                self._assignment, listed,
            )  # fmt: skip
        elif late:
            self.log.warning(
                "Marked as late, without a date, and collected as one second late: %s. If you know "
                "the date, write it into timestamp.txt beside the notebook.",
                listed,
            )


class Canvas(Collector):
    """Names such as `lovelaceada_LATE_12345_67890_newton-2.ipynb`, with Canvas's two numbers.

    The first number is the student's, the second that of the file, which is larger for a newer one.
    """

    pattern = re.compile(r".*?(_LATE)?_(\d+)_(\d+)_(.+)", re.DOTALL)

    def attempts(self, files: list[Path]) -> Iterator[Attempt]:
        ids = {one["lms_user_id"]: one["id"] for one in self.students if one["lms_user_id"]}
        for path, match, name in _notebooks(files, self.extracted, self.pattern):
            if match is None:
                yield Attempt(path, "", "Canvas gives no such name", name, ())
                continue
            late, number, file, _ = match.groups()
            why = f"no student in the gradebook has Canvas's number {number} (`autograder roster`)"
            yield Attempt(path, ids.get(number, ""), why, name, (int(file),), late=bool(late))


class Moodle(Collector):
    """Names such as `Ada Lovelace_123456_assignsubmission_file_/newton.ipynb`.

    The number belongs to this student and assignment only. Moodle's grading worksheet has it too.
    Put the worksheet beside the zip: it tells students of the same name apart, and has the dates.
    """

    timezone = Unicode(
        help="The time zone of the dates in Moodle's grading worksheet, such as Europe/Paris; "
        "without it, they are not used."
    ).tag(config=True)
    pattern = re.compile(r"(.+)_(\d+)_assignsubmission_file_?(.*)", re.DOTALL)
    columns = (
        "identifier", "full name", "email address", "id number", "username",
        "last modified (submission)",
    )  # fmt: skip

    def attempts(self, files: list[Path]) -> Iterator[Attempt]:
        worksheet = dict(self._worksheet(files))
        moments = dict(self._moments())
        for path, match, name in _notebooks(files, self.extracted, self.pattern):
            if match is None:
                yield Attempt(path, "", "Moodle gives no such name", name, ())
                continue
            line = worksheet.get(match[2])
            found = (line and self._listed(line)) or self._named.get(_words(match[1]), [])
            why = f"{len(found)} students in the gradebook have this name" if found else (
                "no student in the gradebook has this name (`autograder roster`)"
            )  # fmt: skip
            student = found[0] if len(found) == 1 else ""
            date = self._handed_in(line) if line else None
            yield Attempt(path, student, why, name, moments.get(path, ()), date)

    @functools.cached_property
    def _named(self) -> dict[tuple[str, ...], list[str]]:
        """The students by the words of their names."""
        named: dict[tuple[str, ...], list[str]] = {}
        for one in self.students:
            words = _words(f"{one['first_name']} {one['last_name']}")
            named.setdefault(words, []).append(one["id"])
        return named

    def _listed(self, line: spreadsheet.Line) -> list[str]:
        """The student in this line of the worksheet, by the id or the address."""
        values = {line[column].casefold() for column in ("id number", "username", "email address")}
        return [
            one["id"]
            for one in self.students
            if {one["id"].casefold(), one["email"].casefold()} & (values - {""})
        ]

    def _worksheet(self, files: list[Path]) -> Iterator[tuple[str, spreadsheet.Line]]:
        """The lines of grading worksheets, by the numbers in the names of the files."""
        for path in files:
            if path.suffix.lower() == ".csv" and path.parent == self.extracted:
                try:
                    lines = spreadsheet.read(path, self.columns).lines
                except Problem as problem:
                    self.log.warning("Not used: %s", problem)
                    continue
                for line in lines:
                    if number := re.search(r"\d+$", line["identifier"]):
                        yield number[0], line

    def _handed_in(self, line: spreadsheet.Line) -> datetime | None:
        date = line["last modified (submission)"]
        if not self.timezone or date in ("", "-"):
            return None
        try:
            found: datetime = parser.parse(date)
        except (ValueError, OverflowError):
            self.log.warning("Not a date: %s, in line %d of the worksheet.", date, line.number)
            return None
        try:
            return found.replace(tzinfo=ZoneInfo(self.timezone))
        except (KeyError, ValueError, OSError):
            raise Problem(
                f"c.Moodle.timezone is {self.timezone!r} in the configuration, which is not a time "
                "zone such as Europe/Paris."
            ) from None

    def _moments(self) -> Iterator[tuple[Path, tuple[int, ...]]]:
        """When each file was put into its zip. A zip that was downloaded later is newer."""
        for archive in self.folder(self.parent.archive_directory).glob("*.zip"):
            with zipfile.ZipFile(archive) as content:
                for file in content.infolist():
                    yield self.extracted / archive.stem / file.filename, file.date_time


def _notebooks(
    files: list[Path], folder: Path, pattern: re.Pattern[str]
) -> Iterator[tuple[Path, re.Match[str] | None, str]]:
    """The notebooks, the part of each path that the platform named, and the students' own names."""
    for path in files:
        parts = path.relative_to(folder).parts
        if not NOTEBOOK.fullmatch(path.name) or any(
            part.startswith(".") or part == "__MACOSX" for part in parts
        ):
            continue
        matches = [match for part in parts if (match := pattern.fullmatch(part))]
        if not matches:
            yield path, None, path.name
        elif matches[0][0] == path.name:  # the student's own name is its end
            yield path, matches[0], matches[0].groups()[-1]
        else:  # in a folder, or in a zip of the student's
            yield path, matches[0], path.name


def _words(name: str) -> tuple[str, ...]:
    """A name for comparing: without the signs that Moodle leaves out, and in any order."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return tuple(sorted(re.findall(r"[^\W_]+", re.sub(r"[&<>\"`|':\\/’]", "", plain))))
