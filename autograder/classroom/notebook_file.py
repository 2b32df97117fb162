"""Reads the bytes of a submitted file as a notebook, if that is possible.

Students send what an editor, a browser or a learning platform made of their notebook. Everything
that can be read is read, and damaged parts are replaced. Any other file raises `Unreadable`, which
says what the file is.
"""

from __future__ import annotations

import codecs
import json
import re
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_notebook

MOST_CELLS = 2_000
MOST_TEXT = 10_000_000
"""How many cells, and how many characters in all of them together, are graded."""

_BOMS = (
    # UTF-32 first: its little-endian mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_KINDS = (
    (rb"\0*\s*\Z", "is empty"),
    (rb"PK\x03\x04|Rar!|7z\xbc\xaf|\x1f\x8b|BZh|\xfd7zXZ", "is an archive that has to be unpacked"),
    (rb"%PDF", "is a PDF"),
    (rb"\s*\{\\rtf", "is a text document in the format RTF"),
    (rb"\s*<(!doctype|html|\?xml|!--)", "is a web page, perhaps the one that asks to log in"),
    (rb"version https://git-lfs", "is a pointer of Git LFS in place of the notebook"),
    (rb"(.*\n)?<{7} ", "holds the marks of an unfinished merge"),
    (rb"(return-path|received|mime-version|content-type|from): ", "is an e-mail"),
)
_LEGAL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


class Unreadable(Exception):  # noqa: N818  (it is not an error of the program)
    """The file is not a notebook; the text says what it is, as in "is a PDF"."""


def decode(data: bytes) -> str:
    """The text of a file, in the encoding of its byte order mark, UTF-8, UTF-16 or cp1252."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace").lstrip("\ufeff")
    # JSON begins with an ASCII character, so a zero byte shows which UTF-16 it is.
    first = data[:2]
    if len(first) == 2 and (first[0] == 0) != (first[1] == 0):
        return data.decode("utf-16-le" if first[1] == 0 else "utf-16-be", "replace")
    try:
        return data.decode()
    except UnicodeDecodeError:
        pass
    damaged = data.decode(errors="replace")
    bad = damaged.count("\ufffd")
    if sum(character > "\x7f" for character in damaged) > 2 * bad:
        return damaged
    return data.decode("cp1252", "replace")


def parse(data: bytes) -> dict[str, Any]:
    """The JSON of a notebook, of any version of the format.

    Raises:
        Unreadable: the file is not a notebook, or is damaged.
    """
    for pattern, kind in _KINDS:
        if re.match(pattern, data, re.IGNORECASE):
            raise Unreadable(kind)
    text = decode(data).lstrip("\0 \t\r\n\ufeff")
    try:
        # Text after the notebook, such as the end of a longer version, is ignored.
        parsed, _ = json.JSONDecoder(strict=False).raw_decode(text)
    except RecursionError:
        raise Unreadable("is nested too deeply") from None
    except ValueError:
        if all(re.search(mark, text, re.MULTILINE) for mark in ("^<{7} ", "^>{7} ")):
            raise Unreadable("holds the marks of an unfinished merge") from None
        why = (
            "is a notebook that was cut off or damaged"
            if '"cells"' in text
            else "is not a Jupyter notebook"
        )
        raise Unreadable(why) from None
    # Jupyter's web interface sends the notebook inside another object.
    if isinstance(parsed, dict) and isinstance(parsed.get("content"), dict):
        parsed = parsed["content"]
    if not isinstance(parsed, dict) or not isinstance(parsed.get("cells"), list):
        worksheets = parsed.get("worksheets") if isinstance(parsed, dict) else None
        if not isinstance(worksheets, list):
            raise Unreadable("is JSON, but not a Jupyter notebook")
    return parsed


def read(data: bytes) -> NotebookNode:
    """A valid notebook with the cells of this file, without outputs and foreign metadata.

    nbgrader's part of a cell's metadata is kept, even if it is damaged.

    Raises:
        Unreadable: the file is not a notebook, or is too large to be graded.
    """
    parsed = parse(data)
    cells = parsed.get("cells")
    if not isinstance(cells, list):
        sheets = [sheet for sheet in parsed["worksheets"] if isinstance(sheet, dict)]
        cells = [cell for sheet in sheets for cell in _list(sheet.get("cells"))]
    if len(cells) > MOST_CELLS:
        raise Unreadable(f"has {len(cells):,} cells, and at most {MOST_CELLS:,} can be graded")
    notebook = new_notebook()
    taken: set[str] = set()
    for number, cell in enumerate(cells):
        if isinstance(cell, dict):
            notebook.cells.append(_cell(cell, number, taken))
    if sum(len(cell.source) for cell in notebook.cells) > MOST_TEXT:
        raise Unreadable(f"has more than {MOST_TEXT:,} characters of text")
    return notebook


def write(notebook: dict[str, Any]) -> bytes:
    """JSON in UTF-8, in which half a character, such as `"\\ud83d"`, is replaced."""
    text = json.dumps(notebook, ensure_ascii=False)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _cell(cell: dict[str, Any], number: int, taken: set[str]) -> NotebookNode:
    kind, source = cell.get("cell_type"), _text(cell.get("source", cell.get("input")))
    if kind == "heading":  # in formats before 4
        level = cell.get("level")
        marks = "#" * level if isinstance(level, int) and level < 7 else "#"
        kind, source = "markdown", f"{marks} {source}"
    elif kind not in ("code", "markdown", "raw"):
        kind = "code" if "outputs" in cell or "execution_count" in cell else "markdown"
    metadata = cell.get("metadata")
    result = NotebookNode(
        id=_id(cell.get("id"), number, taken),
        cell_type=kind,
        source=source,
        metadata=NotebookNode(),
    )
    if isinstance(metadata, dict) and "nbgrader" in metadata:
        result.metadata["nbgrader"] = metadata["nbgrader"]
    if kind == "code":
        result.update(outputs=[], execution_count=None)
    elif pictures := _pictures(cell.get("attachments")):
        result.attachments = pictures
    return result


def _id(claimed: Any, number: int, taken: set[str]) -> str:
    legal = isinstance(claimed, str) and _LEGAL_ID.fullmatch(claimed) and claimed not in taken
    while not legal:
        claimed, number = f"submitted-{number}", number + MOST_CELLS
        legal = claimed not in taken
    taken.add(claimed)
    return str(claimed)


def _text(source: Any) -> str:
    if isinstance(source, list):
        lines = [line if isinstance(line, str) else "" for line in source]
        ended = any(line.endswith("\n") for line in lines[:-1])
        source = ("" if ended else "\n").join(lines)
    # Windows editors end lines in another way, which must not change the text.
    return source.replace("\r\n", "\n").replace("\r", "\n") if isinstance(source, str) else ""


def _pictures(attachments: Any) -> NotebookNode:
    """The pictures that were pasted into a text."""
    pictures = NotebookNode()
    for name, bundle in attachments.items() if isinstance(attachments, dict) else ():
        if isinstance(bundle, dict):
            texts = {kind: _text(data) for kind, data in bundle.items() if "/" in kind}
            if texts and all(texts.values()):
                pictures[name] = NotebookNode(texts)
    return pictures


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
