"""Takes in what students handed in, before nbgrader touches it.

nbgrader copies a submission's folder as it is: it follows links, waits for pipes, and stops at a
date or a notebook that it cannot read. It is given a clean copy instead: regular files only, a
notebook under the assignment's name, a date that can be read. Nothing in `submitted/` is changed.
"""

from __future__ import annotations

import contextlib
import fnmatch
import os
import re
import shutil
import stat
import tempfile
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import nbformat
from nbformat.v4 import new_markdown_cell, new_notebook
from nbgrader.utils import parse_utc

from autograder.authoring import tags
from autograder.classroom import notebook_file
from autograder.classroom.nbgrader_patches import folders
from autograder.classroom.notebook_file import Unreadable
from autograder.classroom.restore import ASK, KEY

STAMP = "timestamp.txt"
MOST_FILES, MOST_FOLDERS = 1_000, 200
"""How many files beside a notebook are copied for a student, and how many folders are looked in."""

_NOT_LOOKED_IN = ("__MACOSX", ".ipynb_checkpoints", "__pycache__")
_NOTEBOOK = re.compile(r"\.ipynb(\.\w{1,8})?$", re.I)
_KINDS = {
    stat.S_IFLNK: "is a link to another file",
    stat.S_IFDIR: "is a folder",
    stat.S_IFIFO: "is a pipe",
    stat.S_IFSOCK: "is a socket",
    stat.S_IFCHR: "is a device",
    stat.S_IFBLK: "is a device",
}


@dataclass(frozen=True)
class Taken:
    """What a student handed in for one notebook.

    Attributes:
        file: where it was found, empty where there is none.
        ask: why a person has to grade it, as in "vmap.ipynb is a PDF"; empty where nobody has to.
        note: what somebody who grades should know.
    """

    file: str = ""
    ask: str = ""
    note: str = ""


class Intake:
    """The submissions of an assignment, taken in for one run of nbgrader's `Autograde`.

    While it is entered, nbgrader finds them in a folder of its own.

    Args:
        converter: nbgrader's, with the course's folders and a log.
    """

    def __init__(self, converter: Any) -> None:
        self._course = converter.coursedir
        self._log = converter.log
        self._submitted = self._course.submitted_directory
        self._largest = 1000 * self._course.max_file_size
        self.taken: dict[tuple[str, str], Taken] = {}
        self.refused: list[str] = []
        source = self._folder(self._course.source_directory, ".")
        self._masters = {path.stem for path in tags.masters_in(source)}
        self._expected = sorted({path.stem for path in source.glob("*.ipynb")} | self._masters)
        self._closing = contextlib.ExitStack()

    def __enter__(self) -> Intake:
        where = tempfile.TemporaryDirectory(prefix="autograder_")
        self._clean = self._closing.enter_context(where)
        found = dict(self._students())
        for student, folder in found.items():
            self._take(student, folder)
        self._folders = found
        if found:  # otherwise nbgrader says where it looked
            self._course.submitted_directory = self._clean
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._course.submitted_directory = self._submitted
        self._closing.close()

    @contextlib.contextmanager
    def files_of(self, student: str) -> Iterator[None]:
        """The files beside the notebooks of one student are in the clean folder too."""
        if (folder := self._folders.get(student)) is None:
            yield
            return
        clean = self._folder(self._clean, student)
        before = {path.name for path in clean.iterdir()}
        self._copy(student, folder, clean)
        try:
            yield
        finally:
            for path in clean.iterdir():
                if path.name not in before:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _folder(self, step: str, student: str) -> Path:
        return Path(self._course.format_path(step, student, self._course.assignment_id))

    def _students(self) -> Iterator[tuple[str, Path]]:
        """The folders of the students that are asked for."""
        course = self._course
        regexp = course.format_path(
            self._submitted, "(?P<student>.*)", re.escape(course.assignment_id), escape=True
        )
        for folder in folders(course, self._submitted):
            found = re.fullmatch(regexp, folder, re.DOTALL)
            student = found["student"] if found else ""
            if student in course.student_id_exclude.split(","):
                continue
            if not student or any(map(_is_control, student)):
                said = f"{folder!a} cannot be graded: a student's id is one line of letters, digits"
                self.refused.append(f"{said} and signs. Rename the folder, and run this again.")
                self._log.error("%s", self.refused[-1])
            else:
                yield student, Path(folder)

    def _take(self, student: str, folder: Path) -> None:
        clean = self._folder(self._clean, student)
        clean.mkdir(parents=True)
        try:
            found = self._find(folder)
        except OSError as error:
            taken = Taken(ask=f"The folder {folder.name} {_why(error)}")
            found = dict.fromkeys(self._wanted(), taken)
        for name, taken in found.items():
            content = b""
            if not taken.ask:
                try:
                    content = self._content(folder / taken.file, name)
                except Unreadable as unreadable:
                    taken = Taken(taken.file, f"{taken.file} {unreadable}")
            self.taken[student, name] = taken
            (clean / f"{name}.ipynb").write_bytes(content or _asking(taken.ask))
        self._stamp(student, folder / STAMP, clean / STAMP)

    def _wanted(self) -> list[str]:
        pattern = self._course.notebook_id
        return [name for name in self._expected if fnmatch.fnmatchcase(name, pattern)]

    def _find(self, folder: Path) -> dict[str, Taken]:
        """The file of each notebook of the assignment, or why there is none."""
        for part in (folder.parent, folder):
            if part.is_symlink():
                raise OSError("is a link to another folder")
        here = set(os.listdir(folder))
        wanted = self._wanted() or sorted(
            name.removesuffix(".ipynb") for name in here if name.endswith(".ipynb")
        )
        found = {name: Taken(f"{name}.ipynb") for name in wanted if f"{name}.ipynb" in here}
        exact = {folder / one.file for one in found.values()}
        others = [
            path
            for path, _ in _walk(folder)
            if path not in exact and (_NOTEBOOK.search(path.name) or path.suffix == ".json")
        ]
        for name in wanted:
            if name in found:
                continue
            choice = [path for path in others if _is_called(path.name, name)]
            if not choice and len(wanted) == 1:
                choice = [path for path in others if _NOTEBOOK.search(path.name)]
            files = ", ".join(str(path.relative_to(folder)) for path in choice[:5])
            if len(choice) == 1:
                note = f"There is no {name}.ipynb; {files} is taken for it."
                found[name] = Taken(files, note=note)
            elif choice:
                found[name] = Taken(ask=f"There is no {name}.ipynb, and it may be any of {files}")
            elif not found and name == wanted[-1]:
                some = ", ".join(sorted(here - {STAMP})[:5]) or "nothing"
                why = "There is no {}.ipynb in the submission, but {}"
                found = {each: Taken(ask=why.format(each, some)) for each in wanted}
        return found

    def _content(self, path: Path, name: str) -> bytes:
        """The notebook in this file, as nbgrader will read it."""
        try:
            data = read_regular(path, self._largest)
        except OSError as error:
            raise Unreadable(_why(error)) from None
        if name in self._masters:
            return notebook_file.write(notebook_file.read(data))
        try:
            # A notebook that nbgrader can read is left as it is.
            nbformat.reads(data.decode(), as_version=4)
            if b"\\ud" not in data.lower():
                return data
        except Exception:
            pass
        return notebook_file.write(notebook_file.parse(data))

    def _stamp(self, student: str, path: Path, target: Path) -> None:
        """When it was handed in, where that can be read: nbgrader drops who says it wrongly."""
        if not os.path.lexists(path):
            return
        try:
            said = notebook_file.decode(read_regular(path, 1000)).strip("\0 \t\r\n\ufeff")
            parse_utc(said)
            target.write_text(said, encoding="ascii")
        except Exception:
            self._log.warning(
                "The date in %s of %s cannot be read; the submission is graded without a date.",
                STAMP,
                student,
            )

    def _copy(self, student: str, folder: Path, clean: Path) -> None:
        """The files beside the notebooks, as many as nbgrader would hand out."""
        left, count, out = 1000 * self._course.max_dir_size, 0, []
        for path, status in _walk(folder):
            relative = path.relative_to(folder)
            if _NOTEBOOK.search(path.name) or path == folder / STAMP:
                continue
            try:
                if any(map(_is_control, str(relative))) or count == MOST_FILES:
                    raise OSError("is one too many")
                data = read_regular(path, min(left, self._largest), status)
                (clean / relative).parent.mkdir(parents=True, exist_ok=True)
                (clean / relative).write_bytes(data)
                left, count = left - len(data), count + 1
            except OSError as error:
                out.append(f"{relative!s} {_why(error)}".encode(errors="replace").decode())
        if out:
            more = f" and {len(out) - 3} more" if len(out) > 3 else ""
            said = "; ".join(out[:3]) + more
            self._log.warning("Left out of what %s handed in: %s.", student, said)


def read_regular(path: Path, most: int, status: os.stat_result | None = None) -> bytes:
    """The bytes of a regular file of its own; nothing else is opened or waited for.

    Raises:
        OSError: it is something else, larger than `most`, or may not be read; `_why` says it.
    """
    status = status or os.lstat(path)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(_KINDS.get(stat.S_IFMT(status.st_mode), "is no ordinary file"))
    opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(opened, "rb") as file:
        status = os.fstat(opened)
        if not stat.S_ISREG(status.st_mode):
            raise OSError("is no ordinary file")
        if status.st_nlink > 1:
            raise OSError("is another name of some other file, a hard link")
        if status.st_size > most:
            raise OSError(f"is larger than {most // 1000:,} kB")
        return file.read(most)


def _walk(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Everything in a folder that is no folder; links are not followed."""
    left = [folder]
    for _ in range(MOST_FOLDERS):
        if not left:
            return
        with contextlib.suppress(OSError), os.scandir(left.pop()) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                if entry.is_dir(follow_symlinks=False):
                    hidden = entry.name in _NOT_LOOKED_IN or entry.name.endswith(".ipynb")
                    left += [] if hidden else [Path(entry.path)]
                elif not entry.name.startswith("._"):  # what macOS puts beside each file
                    yield Path(entry.path), entry.stat(follow_symlinks=False)


def _is_called(file: str, notebook: str) -> bool:
    """Whether a file's name is the notebook's with something around it, as in `vmap (1).ipynb`."""
    word = rf"(?<![a-z0-9]){re.escape(notebook.lower())}(?![a-z0-9])"
    return bool(re.search(word, file.lower()))


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")


def _why(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "may not be read by who grades"
    return f"cannot be read: {error.strerror}" if error.strerror else str(error)


def _asking(why: str) -> bytes:
    """A notebook in place of one that cannot be read, for a person."""
    said = f"**{why}. It could not be graded by the autograder; a person has to look at it.**"
    notebook = new_notebook(cells=[new_markdown_cell(said)], metadata={KEY: {ASK: why}})
    return notebook_file.write(notebook)
