"""Text that somebody else wrote, made fit for a terminal, a log or a spreadsheet.

Student ids, names of files, code and messages can hold anything: sequences that command a terminal,
characters that turn the direction of a line, and formulas that a spreadsheet carries out.
"""

from __future__ import annotations

import codecs
import logging
import sys
import unicodedata
from typing import Any

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What a formula can begin with, see https://owasp.org/www-community/attacks/CSV_Injection."""
STAND_INS = {
    "✓": "+", "✗": "x", "■": "#", "□": "-", "…": "...", "·": "-", "–": "-", "→": "->", "×": "x",
}  # fmt: skip
"""What a terminal shows that has no such character."""


def printable(text: str, lines: bool = False) -> str:
    """The text without characters that a terminal obeys or that cannot be seen.

    Args:
        text: what somebody wrote.
        lines: whether line breaks stay.
    """
    # Windows ends its lines with two characters.
    text = text.replace("\r\n", "\n") if lines else text
    return "".join(
        one if one.isprintable() or (lines and one == "\n") else _shown(one)
        for one in text.expandtabs(4)
    )


def _shown(one: str) -> str:
    return " " if unicodedata.category(one) == "Zs" else "\N{REPLACEMENT CHARACTER}"


def csv_cell(value: Any) -> str:
    """A cell of a CSV file that no spreadsheet takes for a formula; numbers stay as they are."""
    cell = printable(str(value))
    try:
        float(cell)
    except ValueError:
        return f"'{cell}" if cell.lstrip().startswith(FORMULA) else cell
    return cell


def clean_log(log: Any) -> None:
    """Clean every message of a log from now on, those of nbgrader too."""
    # traitlets wraps the logger of an application that has a parent.
    getattr(log, "logger", log).addFilter(_clean)


def _clean(record: logging.LogRecord) -> bool:
    record.msg, record.args = printable(record.getMessage(), lines=True), ()
    return True


def write_anything() -> None:
    """Let this process print every character, also to a terminal that has few of them."""
    codecs.register_error("stand in", _stand_in)
    for stream in (sys.stdout, sys.stderr):
        # Some stand-ins of notebooks and tests have no such method.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="stand in")


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    missing = error.object[error.start : error.end]
    return "".join(STAND_INS.get(one, "?") for one in missing), error.end
