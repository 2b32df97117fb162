"""The file beside a notebook that `check` reads, such as `vmap.check` beside `vmap.ipynb`.

Its first line is text and names the format and the version of the package that made it. Two
compressed parts follow: the outline of the course, and the exercises, which need JAX to be read and
are therefore left as they are (see `released`). A file of the course's folder may hold the outline
alone, for the lessons. Equal content makes equal bytes.
"""

from __future__ import annotations

import functools
import importlib.metadata
import lzma
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from autograder import schema
from autograder.problem import Problem
from autograder.student.outline import Outline

Decoded = TypeVar("Decoded")
SUFFIX = ".check"
FORMAT = 1
LARGEST = 2**27
"""The most bytes that a file, or one of its parts, may have."""
FIRST_LINE = re.compile(rb"autograder check data (\d{1,9}), made by ([\w.+!-]{1,60})\n")
COURSE = re.compile(r"\w[\w.-]{0,99}", re.ASCII)


@dataclass(frozen=True)
class CheckFile:
    """What a file holds.

    Attributes:
        path: where it lies.
        version: of the package that made it.
        outline: of the course.
        packed: the exercises, see `released`; empty where there is the outline alone.
    """

    path: Path
    version: str
    outline: Outline
    packed: bytes


def encode(outline: Outline, packed: bytes = b"", version: str = "") -> bytes:
    """The file with this content, see `CheckFile`."""
    first = f"autograder check data {FORMAT}, made by {version or installed()}\n"
    return first.encode() + pack(outline) + packed


def pack(content: Any) -> bytes:
    """A part of a file with this content."""
    return lzma.compress(schema.encode(content), preset=6 | lzma.PRESET_EXTREME)


def read(path: Path) -> CheckFile:
    """Read a file.

    Raises:
        Problem: it cannot be read, it is damaged, or a newer package made it.
    """
    try:
        status = path.stat()
        return _read(path, status.st_mtime_ns, status.st_size)
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror or error}.") from None


@functools.lru_cache(64)
def _read(path: Path, _moment: int, size: int) -> CheckFile:
    data = path.read_bytes() if size < LARGEST else b""
    first = FIRST_LINE.match(data)
    if first is None:
        raise damaged(path)
    made_by = first[2].decode()
    if int(first[1]) != FORMAT:
        raise newer(path, made_by)
    outline, packed = unpack(path, made_by, Outline, data[first.end() :])
    if not COURSE.fullmatch(outline.course):
        raise damaged(path)
    return CheckFile(path, made_by, outline, packed)


def unpack(path: Path, made_by: str, kind: type[Decoded], data: bytes) -> tuple[Decoded, bytes]:
    """What the first part of some data says, and the rest of the data.

    A part has a checksum, so what is sound and does not fit is of another version.

    Raises:
        Problem: it is damaged, or does not fit.
    """
    part = lzma.LZMADecompressor(memlimit=LARGEST)
    try:
        content = part.decompress(data, LARGEST)
    except (lzma.LZMAError, EOFError):
        raise damaged(path) from None
    if not part.eof:
        raise damaged(path)
    try:
        return cast(Decoded, schema.decode(kind, content)), part.unused_data
    except schema.MalformedError:
        raise (damaged(path) if made_by == installed() else newer(path, made_by)) from None


def damaged(path: Path) -> Problem:
    """What is said of a file that nobody can read."""
    return Problem(
        f"{path} is damaged, or no data of `check`: get it anew from where the notebook is from."
    )


def newer(path: Path, made_by: str) -> Problem:
    """What is said of a file that another version of the package understands."""
    return Problem(
        f"{path} is for version {made_by} of the package {PACKAGE}, and this is {installed()}: "
        f"update the package (`pip install -U {PACKAGE}`) and restart the kernel."
    )


PACKAGE = "numpy-to-jax"


def installed() -> str:
    """The version of this package."""
    try:
        return importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:  # unpacked, and not installed
        return "unknown"
