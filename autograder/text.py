"""Makes untrusted text safe for a terminal, a log or a spreadsheet.

Student ids, file names, code and messages can contain anything: escape sequences that control a
terminal, characters that reverse the direction of a line, and formulas that a spreadsheet runs.
"""

from __future__ import annotations

import codecs
import logging
import sys
import unicodedata
from typing import Any

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""A formula can begin with these, see https://owasp.org/www-community/attacks/CSV_Injection."""
STAND_INS = {
    "✓": "+", "✗": "x", "■": "#", "□": "-", "…": "...", "·": "-", "–": "-", "→": "->", "×": "x",
}  # fmt: skip
"""What to print on a terminal without these characters."""


def printable(text: str, lines: bool = False) -> str:
    r"""The text without invisible characters and those that control a terminal.

    Args:
        text: any text.
        lines: whether line breaks stay.

    >>> printable("red: \x1b[31m")
    'red: �[31m'
    """
    # Windows ends lines with two characters.
    text = text.replace("\r\n", "\n") if lines else text
    return "".join(
        character
        if character.isprintable() or (lines and character == "\n")
        else _visible(character)
        for character in text.expandtabs(4)
    )


def _visible(character: str) -> str:
    return " " if unicodedata.category(character) == "Zs" else "\N{REPLACEMENT CHARACTER}"


def csv_cell(value: Any) -> str:
    """A cell of a CSV file that no spreadsheet reads as a formula; numbers stay as they are.

    >>> csv_cell("=A1"), csv_cell(-2)
    ("'=A1", '-2')
    """
    cell = printable(str(value))
    try:
        float(cell)
    except ValueError:
        return f"'{cell}" if cell.lstrip().startswith(FORMULA) else cell
    return cell


def clean_log(log: Any) -> None:
    """Clean every message of a log from now on, also those of nbgrader."""
    # traitlets wraps the logger of an application that has a parent.
    getattr(log, "logger", log).addFilter(_clean)


def _clean(record: logging.LogRecord) -> bool:
    record.msg, record.args = printable(record.getMessage(), lines=True), ()
    return True


def write_anything() -> None:
    """Let this process print every character, even on a terminal that lacks it."""
    codecs.register_error("stand in", _stand_in)
    for stream in (sys.stdout, sys.stderr):
        # The streams of notebooks and of tests may lack this method.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="stand in")


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    missing = error.object[error.start : error.end]
    return "".join(STAND_INS.get(character, "?") for character in missing), error.end
