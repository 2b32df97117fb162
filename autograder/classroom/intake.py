"""Makes a clean copy of what students handed in, before nbgrader reads it.

nbgrader copies a submission's folder as it is: it follows links, waits for pipes, and stops at a
date or a notebook that it cannot read. The clean copy has regular files only, a notebook under the
assignment's name, and a date that can be read. Nothing in `submitted/` is changed.
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
"""How many files beside the notebook are copied per student, and how many folders are searched."""

_NOT_SEARCHED = ("__MACOSX", ".ipynb_checkpoints", "__pycache__")
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
        file: where it was found; empty if there is none.
        ask: why a person has to grade it, as in "vmap.ipynb is a PDF"; empty if nobody has to.
        note: what the grading person should know.
    """

    file: str = ""
    ask: str = ""
    note: str = ""


class Intake:
    """Clean copies of an assignment's submissions, for one run of nbgrader's `Autograde`.

    Use it as a context manager: inside it, nbgrader reads the copies, in a temporary folder.

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
        temporary = tempfile.TemporaryDirectory(prefix="autograder_")
        self._clean = self._closing.enter_context(temporary)
        self._folders = dict(self._students())
        for student, folder in self._folders.items():
            self._take(student, folder)
        if self._folders:  # otherwise nbgrader says where it looked
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
        """Have the other files of one student in the clean folder too, for as long as needed."""
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
        """The students that nbgrader was asked to grade, and their folders."""
        for student, folder in students(self._course, self._submitted):
            if student in self._course.student_id_exclude.split(","):
                continue
            if not student or any(map(_is_control, student)):
                message = (
                    f"{str(folder)!a} cannot be graded: a student's id is one line of letters, "
                    "digits and signs. Rename the folder, and run the command again."
                )
                self.refused.append(message)
                self._log.error("%s", message)
            else:
                yield student, folder

    def _take(self, student: str, folder: Path) -> None:
        clean = self._folder(self._clean, student)
        clean.mkdir(parents=True)
        try:
            notebooks = self._find(folder)
        except OSError as error:
            taken = Taken(ask=f"The folder {folder.name} {_reason(error)}")
            notebooks = dict.fromkeys(self._expected_here(), taken)
        for name, taken in notebooks.items():
            content = b""
            if not taken.ask:
                try:
                    content = self._content(folder / taken.file, name)
                except Unreadable as unreadable:
                    taken = Taken(taken.file, f"{taken.file} {unreadable}")
            self.taken[student, name] = taken
            (clean / f"{name}.ipynb").write_bytes(content or _placeholder(taken.ask))
        self._stamp(student, folder / STAMP, clean / STAMP)

    def _expected_here(self) -> list[str]:
        """The names of the notebooks that nbgrader was asked to grade."""
        pattern = self._course.notebook_id
        return [name for name in self._expected if fnmatch.fnmatchcase(name, pattern)]

    def _find(self, folder: Path) -> dict[str, Taken]:
        """The file of each notebook of the assignment, or why there is none."""
        for path in (folder.parent, folder):
            if path.is_symlink():
                raise OSError("is a link to another folder")
        files = set(os.listdir(folder))
        names = self._expected_here() or sorted(
            name.removesuffix(".ipynb") for name in files if name.endswith(".ipynb")
        )
        found = {name: Taken(f"{name}.ipynb") for name in names if f"{name}.ipynb" in files}
        exact = {folder / taken.file for taken in found.values()}
        others = [
            path
            for path, _ in _walk(folder)
            if path not in exact and (_NOTEBOOK.search(path.name) or path.suffix == ".json")
        ]
        for name in names:
            if name in found:
                continue
            candidates = [path for path in others if _is_called(path.name, name)]
            if not candidates and len(names) == 1:
                candidates = [path for path in others if _NOTEBOOK.search(path.name)]
            listed = ", ".join(str(path.relative_to(folder)) for path in candidates[:5])
            if len(candidates) == 1:
                note = f"There is no {name}.ipynb; {listed} is taken instead."
                found[name] = Taken(listed, note=note)
            elif candidates:
                found[name] = Taken(ask=f"There is no {name}.ipynb, and it may be any of {listed}")
            elif not found and name == names[-1]:
                content = ", ".join(sorted(files - {STAMP})[:5]) or "nothing"
                why = "There is no {}.ipynb in the submission, but {}"
                found = {missing: Taken(ask=why.format(missing, content)) for missing in names}
        return found

    def _content(self, path: Path, name: str) -> bytes:
        """The notebook in this file, as nbgrader will read it."""
        try:
            data = read_regular(path, self._largest)
        except OSError as error:
            raise Unreadable(_reason(error)) from None
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
        """Copy the date of the submission if it can be read; with a bad one, nbgrader drops it."""
        if not os.path.lexists(path):
            return
        try:
            date = notebook_file.decode(read_regular(path, 1000)).strip("\0 \t\r\n\ufeff")
            parse_utc(date)
            target.write_text(date, encoding="ascii")
        except Exception:
            self._log.warning(
                "The date in %s of %s cannot be read; the submission is graded without a date.",
                STAMP,
                student,
            )

    def _copy(self, student: str, folder: Path, clean: Path) -> None:
        """Copy the files beside the notebooks, up to the size that nbgrader would release."""
        left, count, problems = 1000 * self._course.max_dir_size, 0, []
        for path, status in _walk(folder):
            relative = path.relative_to(folder)
            if _NOTEBOOK.search(path.name) or path == folder / STAMP:
                continue
            try:
                if any(map(_is_control, str(relative))):
                    raise OSError("has a name that cannot be used")
                if count == MOST_FILES:
                    raise OSError(f"is beyond the {MOST_FILES:,} files that are copied")
                data = read_regular(path, min(left, self._largest), status)
                (clean / relative).parent.mkdir(parents=True, exist_ok=True)
                (clean / relative).write_bytes(data)
                left, count = left - len(data), count + 1
            except OSError as error:
                problem = f"{relative!s} {_reason(error)}"
                problems.append(problem.encode(errors="replace").decode())
        if problems:
            more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
            listed = "; ".join(problems[:3]) + more
            self._log.warning("Left out of what %s handed in: %s.", student, listed)


def students(course: Any, step: str) -> Iterator[tuple[str, Path]]:
    """The students that have a folder of the assignment, if nbgrader was asked about them.

    Args:
        course: nbgrader's `CourseDirectory`.
        step: one of its folders, such as `submitted`.

    Yields:
        The student's id, empty where a folder's name has none, and the folder.
    """
    regexp = course.format_path(
        step, "(?P<student>.*)", re.escape(course.assignment_id), escape=True
    )
    for folder in folders(course, step):
        match = re.fullmatch(regexp, folder, re.DOTALL)
        yield (match["student"] if match else ""), Path(folder)


def read_regular(path: Path, most: int, status: os.stat_result | None = None) -> bytes:
    """The bytes of a regular file without other names; nothing else is opened or waited for.

    Raises:
        OSError: it is something else, is larger than `most`, or may not be read.
    """
    status = status or os.lstat(path)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(_KINDS.get(stat.S_IFMT(status.st_mode), "is not an ordinary file"))
    opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(opened, "rb") as file:
        status = os.fstat(opened)
        if not stat.S_ISREG(status.st_mode):
            raise OSError("is not an ordinary file")
        if status.st_nlink > 1:
            raise OSError("is a hard link to another file")
        if status.st_size > most:
            raise OSError(f"is larger than {most // 1000:,} kB")
        return file.read(most)


def _walk(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """All files below a folder; links are not followed."""
    left = [folder]
    for _ in range(MOST_FOLDERS):
        if not left:
            return
        with contextlib.suppress(OSError), os.scandir(left.pop()) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.is_dir(follow_symlinks=False):
                    hidden = entry.name in _NOT_SEARCHED or entry.name.endswith(".ipynb")
                    left += [] if hidden else [Path(entry.path)]
                elif not entry.name.startswith("._"):  # macOS writes such a file beside each file
                    yield Path(entry.path), entry.stat(follow_symlinks=False)


def _is_called(file: str, notebook: str) -> bool:
    """Whether a file's name contains the notebook's as a word, as in `vmap (1).ipynb`."""
    word = rf"(?<![a-z0-9]){re.escape(notebook.lower())}(?![a-z0-9])"
    return bool(re.search(word, file.lower()))


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")


def _reason(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "may not be read by the account that grades"
    return f"cannot be read: {error.strerror}" if error.strerror else str(error)


def _placeholder(why: str) -> bytes:
    """A notebook in place of one that cannot be read; it asks for a person."""
    text = f"**{why}. The autograder could not grade it; a person has to look at it.**"
    notebook = new_notebook(cells=[new_markdown_cell(text)], metadata={KEY: {ASK: why}})
    return notebook_file.write(notebook)
