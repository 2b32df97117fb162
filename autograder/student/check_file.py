"""The file beside a notebook that `check` reads, such as `vmap.check` beside `vmap.ipynb`.

Its first line is text: it names the format and the version of the package that made the file. Two
compressed parts follow: the outline of the course, and the exercises. The exercises stay packed
here, because reading them needs JAX (see `released`). A file beside a lesson holds the outline and,
where the lesson is handed out, its predictions. Equal content gives equal bytes.
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
from autograder.student.outline import Lesson, Outline

Decoded = TypeVar("Decoded")
SUFFIX = ".check"
FORMAT = 1
LARGEST = 2**27
"""The largest number of bytes that a file, or one of its parts, may have."""
FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6 | lzma.PRESET_EXTREME, "lc": 1, "lp": 2, "pb": 2}]
"""Most of a file is numbers of four bytes, so each byte is coded by its place among the four."""
FIRST_LINE = re.compile(rb"autograder (check|lesson) data (\d{1,9}), made by ([\w.+!-]{1,60})\n")
COURSE = re.compile(r"\w[\w.-]{0,99}", re.ASCII)


@dataclass(frozen=True)
class CheckFile:
    """What a file holds.

    Attributes:
        path: where it is.
        version: the version of the package that wrote it.
        outline: the outline of the course.
        packed: the exercises, see `released`; empty if the file holds none.
        lesson: the predictions of the lesson beside the file; None if the file holds none.
    """

    path: Path
    version: str
    outline: Outline
    packed: bytes
    lesson: Lesson | None = None


def encode(outline: Outline, packed: bytes = b"", version: str = "") -> bytes:
    """The bytes of a file with this content, see `CheckFile`."""
    header = f"autograder check data {FORMAT}, made by {version or installed()}\n"
    return header.encode() + pack(outline) + packed


def encode_lesson(outline: Outline, lesson: Lesson) -> bytes:
    """The bytes of the file beside a lesson that is handed out."""
    header = f"autograder lesson data {FORMAT}, made by {installed()}\n"
    return header.encode() + pack(outline) + pack(lesson)


def pack(content: Any) -> bytes:
    """The bytes of a part with this content."""
    return lzma.compress(schema.encode(content), filters=FILTERS)


def read(path: Path) -> CheckFile:
    """Read a file.

    Raises:
        Problem: the file cannot be read, is damaged, or needs a newer package.
    """
    try:
        status = path.stat()
        return _read(path, status.st_mtime_ns, status.st_size)
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror or error}.") from None


@functools.lru_cache(64)
def _read(path: Path, _moment: int, size: int) -> CheckFile:
    data = path.read_bytes() if size < LARGEST else b""
    header = FIRST_LINE.match(data)
    if header is None:
        raise damaged(path)
    made_by = header[3].decode()
    if int(header[2]) != FORMAT:
        raise newer(path, made_by)
    outline, packed = unpack(path, made_by, Outline, data[header.end() :])
    if not COURSE.fullmatch(outline.course):
        raise damaged(path)
    if header[1] == b"check":
        return CheckFile(path, made_by, outline, packed)
    lesson, rest = unpack(path, made_by, Lesson, packed)
    if rest:
        raise damaged(path)
    return CheckFile(path, made_by, outline, b"", lesson)


def unpack(path: Path, made_by: str, kind: type[Decoded], data: bytes) -> tuple[Decoded, bytes]:
    """The content of the first part of `data`, and the rest of `data`.

    Each part has a checksum. So a part that is intact but does not fit is from another version.

    Raises:
        Problem: the part is damaged, or does not fit.
    """
    decompressor = lzma.LZMADecompressor(memlimit=LARGEST)
    try:
        content = decompressor.decompress(data, LARGEST)
    except (lzma.LZMAError, EOFError):
        raise damaged(path) from None
    if not decompressor.eof:
        raise damaged(path)
    try:
        return cast(Decoded, schema.decode(kind, content)), decompressor.unused_data
    except schema.MalformedError:
        raise (damaged(path) if made_by == installed() else newer(path, made_by)) from None


def damaged(path: Path) -> Problem:
    """The message for a file that cannot be read by any version."""
    return Problem(
        f"{path} is damaged, or is not a file for `check`: get it again from where you got the "
        "notebook."
    )


def newer(path: Path, made_by: str) -> Problem:
    """The message for a file that needs another version of the package."""
    return Problem(
        f"{path} is for version {made_by} of the package {PACKAGE}, and this is {installed()}: "
        f"update the package (`pip install -U {PACKAGE}`) and restart the kernel."
    )


PACKAGE = "numpy-to-jax"


def installed() -> str:
    """The version of this package."""
    try:
        return importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:  # the package was unpacked, but not installed
        return "unknown"
