"""A page of HTML that needs no other file and no network."""

from __future__ import annotations

from html import escape
from pathlib import Path

from autograder.problem import Problem

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { border-bottom: 1px solid #8886; padding: .3rem .8rem; text-align: left; }
td { vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
pre { margin: 0; font-size: .85rem; white-space: pre-wrap; overflow-wrap: anywhere; }
figure { margin: 1rem 0; background: #fff; padding: .5rem; border-radius: 6px; }
figure svg { width: 100%; height: auto; }
.quiet { opacity: .75; }
"""


def write(path: Path, title: str, body: str) -> None:
    """Write a page.

    Args:
        path: of the file, which is replaced.
        title: as text.
        body: as HTML.

    Raises:
        Problem: the file cannot be written.
    """
    page = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><h1>{escape(title)}</h1>\n{body}\n</body></html>\n"
    )
    try:
        # A student's id can hold half a character.
        path.write_text(page, encoding="utf-8", errors="replace")
    except OSError as error:
        raise Problem(f"{path} cannot be written: {error.strerror}.") from None


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table whose cells are HTML; those that are numbers stand on the right."""
    heads = "".join(f"<th>{escape(one)}</th>" for one in head)
    lines = "".join(f"<tr>{''.join(map(_cell, row))}</tr>\n" for row in rows)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>\n{lines}</tbody></table>"


def _cell(text: str) -> str:
    number = text.rstrip("%").replace(".", "", 1).isdigit()
    return f'<td class="number">{text}</td>' if number else f"<td>{text}</td>"
