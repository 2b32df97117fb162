"""The folder in which a learner works: made from a course, and kept up to date.

`learner_files` says what it holds. An update never touches a notebook in which the learner changed
a cell or has an output. A newer version of it is put beside it, as `05_newton (new).ipynb`, once
for each release. A notebook that the learner deleted comes back. A list of hashes in the folder
tells which files are as they were written; without it, every file that differs counts as changed.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import json
import os
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from autograder import schema
from autograder.authoring import learner_files
from autograder.authoring.course import Course
from autograder.problem import Problem
from autograder.student import check_file, location, progress, standing
from autograder.student.check_file import SUFFIX
from autograder.student.progress import Progress

LIST = ".handed-out.json"
NAME = "work"
DRAWN = re.compile(r"^resume\(\)", re.MULTILINE)
"""The cell whose output is the learner's progress; it is drawn whenever the folder is opened."""


@dataclass(frozen=True)
class _Files:
    """What is known of a learner's folder.

    Attributes:
        course: the id of the course.
        source: the state of the course's folder when the files were written, see `_state`.
        written: the hash of each file as it was written.
        released: the hash of the newest version of each file that the learner has or was given.
    """

    course: str = ""
    source: str = ""
    written: dict[str, str] = field(default_factory=dict)
    released: dict[str, str] = field(default_factory=dict)


def find(start: Path) -> Path | None:
    """The learner's folder to which the folder `start` belongs, if it belongs to one."""
    return next((one for one in (start, *start.parents) if (one / LIST).is_file()), None)


def update(about: Course, folder: Path, exercises: bool = True) -> None:
    """Make a learner's folder, or bring into it what is new and what has changed.

    Args:
        about: the course.
        folder: the learner's folder.
        exercises: whether it holds the exercises; a class fetches them with nbgrader.

    Raises:
        Problem: the folder is the author's or cannot be written, or the course is not built.
    """
    _require_own(about, folder)
    before = _read(folder)
    missing = [name for name in before.written if not (folder / name).exists()]
    if before.source == _state(about, before.written) and not missing:
        return
    new = learner_files.contents(about)
    if not exercises:
        new = {name: new[name] for name in new if not name.startswith("exercises/")}
    source = _state(about, {**before.written, **new})
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if folder.resolve().is_relative_to(about.root.resolve()) and not any(folder.iterdir()):
            _write(folder / ".gitignore", b"*\n")  # so that `git pull` meets none of these files
        _bring(folder, new, replace(before, course=about.id, source=source))


def unpack(packed: Path, folder: Path) -> None:
    """Make a learner's folder from a packed one, or bring into it what is new and has changed.

    Raises:
        Problem: `packed` is not a packed folder, or `folder` belongs to another course or cannot be
            written.
        OSError: a file of the packed folder cannot be read.
    """
    packed = packed.resolve()
    new = _read(packed)
    inside = (packed / name for name in new.written)
    if not new.written or not all(path.resolve().is_relative_to(packed) for path in inside):
        raise Problem(
            f"{packed} is not a folder that `autograder pack learner` wrote: name the one with the "
            f"file {LIST}."
        )
    before = _read(folder)
    if before.course not in ("", new.course):
        raise Problem(f"{folder} belongs to the course {before.course}: choose another folder.")
    source = hashlib.sha256(schema.to_text(new).encode()).hexdigest()
    if before.source == source and all((folder / name).exists() for name in before.written):
        return
    files = {name: (packed / name).read_bytes() for name in new.written}
    with _writing(folder):
        _bring(folder, files, replace(before, course=new.course, source=source))
    draw(folder)


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Problem(
            f"{error.filename or folder} cannot be written ({error.strerror or error}): choose "
            "another folder with --folder."
        ) from None


def _bring(folder: Path, new: Mapping[str, bytes], before: _Files) -> None:
    files = _updated(folder, new, before)
    _write(folder / LIST, schema.to_text(files).encode())


def _require_own(about: Course, folder: Path) -> None:
    here, root = folder.resolve(), about.root.resolve()
    authors = (root / name for name in ("course", "exercises", "solutions"))
    if here == root or any(here.is_relative_to(one) for one in authors):
        raise Problem(
            f"{folder} is the folder of the course's author: choose another one with --folder, or "
            "leave --folder out."
        )


def pack(about: Course, folder: Path, exercises: bool = True) -> list[Path]:
    """Write a new learner's folder, and the same as a zip file beside it; both paths.

    Args:
        about: the course.
        folder: the folder to write.
        exercises: as in `update`.

    Raises:
        Problem: one of them is there already, or as in `update`.
    """
    zipped = folder.with_name(f"{folder.name}.zip")
    if zipped.exists() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise Problem(
            f"{zipped if zipped.exists() else folder} is there already: remove it, or name another "
            "folder with --folder."
        )
    if exercises:
        learner_files.require_released(about)
    update(about, folder, exercises)
    (folder / ".gitignore").unlink(missing_ok=True)
    draw(folder, Progress())
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            file.write(path, Path(folder.name) / path.relative_to(folder))
    return [folder, zipped]


def _updated(folder: Path, contents: Mapping[str, bytes], before: _Files) -> _Files:
    """Write what is new and what the learner has not changed."""
    written, released = dict(before.written), dict(before.released)
    for name, content in contents.items():
        new = _hash(name, content)
        if name.endswith(SUFFIX):  # nobody writes in these, and an old one does not fit
            place: str | None = name
        else:
            place = _place(folder, name, new, before)
        if place is not None:
            if _hash_of(folder / place) != new:
                _write(folder / place, content)
                _sign(folder / place)
            written[place] = new
        released[name] = new
    # A newer version that the learner deleted is not written again.
    written = {name: hashed for name, hashed in written.items() if (folder / name).exists()}
    return replace(before, written=written, released=released)


def _place(folder: Path, name: str, new: str, before: _Files) -> str | None:
    """Where a version of a file goes; None if the learner was given this version before."""
    for place in _places(name):
        if _hash_of(folder / place) in (None, new, before.written.get(place)):
            return place
        if before.released.get(name) == new:
            break
    return None


def _places(name: str) -> Iterator[str]:
    """A file's own name, then names that are free of what the learner has changed."""
    path = Path(name)
    yield name
    for number in itertools.count(1):
        count = f" {number}" if number > 1 else ""
        yield path.with_name(f"{path.stem} (new{count}){path.suffix}").as_posix()


def _hash_of(path: Path) -> str | None:
    """The hash of a file; None if there is none."""
    return _hash(path.name, path.read_bytes()) if path.exists() else None


def _hash(name: str, content: bytes) -> str:
    """A hash that is the same as long as a learner has changed nothing.

    Of a notebook, only the texts and outputs of cells count: saving it changes other things too.
    """
    if name.endswith(".ipynb") and (cells := learner_files.cells_of(content)):
        kept = [
            [
                cell["cell_type"],
                cell["source"],
                [] if DRAWN.search(cell["source"]) else cell.get("outputs", []),
            ]
            for cell in cells
        ]
        content = json.dumps(kept).encode()
    return hashlib.sha256(content).hexdigest()


def _state(about: Course, names: Iterable[str]) -> str:
    """What the sizes and times of the course's files are, so that nothing is read needlessly."""
    paths = {
        *(about.root / "course").rglob("*"),
        *(about.root / "exercises").rglob("*"),
        *(about.root / "solutions").glob(f"*/*{SUFFIX}"),
        *(about.root / name for name in names),
    }
    found = []
    for path in sorted(paths):
        if path.is_file() and "__pycache__" not in path.parts:
            status = path.stat()
            found.append([str(path), status.st_size, status.st_mtime_ns])
    return hashlib.sha256(json.dumps([check_file.installed(), found]).encode()).hexdigest()


def draw(folder: Path, done: Progress | None = None) -> None:
    """Draw the progress into the start page, so that it is there when the page is opened.

    Args:
        folder: the learner's folder.
        done: the progress; by default that of this user. A page with another one is for later, so
            it does not say how much time is left until a due date.

    Raises:
        Problem: the course's data are from a newer release.
    """
    page, files = folder / learner_files.START, location.below(folder)
    if not page.is_file() or not files:
        return
    content = page.read_bytes()
    cells = learner_files.cells_of(content)
    outline = check_file.read(files[0]).outline
    now = standing.standing(done or progress.read(outline.course), outline.modules, done is None)
    shown = {
        "output_type": "display_data", "metadata": {}, "data": standing.drawn(now, folder),
    }  # fmt: skip
    drawn = [cell for cell in cells if DRAWN.search(cell["source"])]
    if all(cell.get("outputs") == [shown] for cell in drawn):
        return
    for cell in drawn:
        cell.update(outputs=[shown], execution_count=None)
    with contextlib.suppress(OSError):  # without it, its cell still draws the progress
        _write(page, learner_files.text_of({**json.loads(content), "cells": cells}))
        _sign(page)


def _read(folder: Path) -> _Files:
    try:
        files: _Files = schema.from_text(_Files, (folder / LIST).read_bytes())
    except (OSError, schema.MalformedError):
        return _Files()
    return files


def _write(path: Path, content: bytes) -> None:
    """Replace a file as a whole, so that it is never half written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as temporary:
            temporary.write(content)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _sign(path: Path) -> None:
    """Let JupyterLab trust a notebook that we wrote, so that it shows all of its outputs."""
    if path.suffix == ".ipynb":
        import nbformat

        _notary().sign(nbformat.read(path, as_version=4))


@functools.cache
def _notary() -> Any:
    from nbformat.sign import NotebookNotary

    return NotebookNotary()
