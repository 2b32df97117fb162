"""A page of HTML that needs no other file and no network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from autograder.markup import html, joined
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
figure { margin: 1rem 0; }
.columns { display: flex; gap: .5rem; align-items: flex-end; text-align: center; }
.columns div { flex: 1; font-variant-numeric: tabular-nums; }
.columns i { display: block; background: #0072b2; border-bottom: 1px solid; }
.bars { display: grid; grid-template-columns: max-content 1fr; gap: .3rem .8rem; }
.bars div { display: flex; }
.bars b { color: #fff; font-weight: normal; text-align: center; overflow: hidden; }
.bars .legend { gap: .5rem; }
.legend b { padding: 0 .5rem; border-radius: 3px; }
.quiet { opacity: .75; }
"""


PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">\
<meta name="viewport" content="width=device-width, initial-scale=1">\
<title>{title}</title><style>{style}</style></head>\
<body><h1>{title}</h1>
{body}
</body></html>
"""


def write(path: Path, title: str, parts: Sequence[str]) -> None:
    """Write a page.

    Args:
        path: of the file, which is replaced.
        title: as text.
        parts: the body, as HTML made by `markup.html`; text is escaped.

    Raises:
        Problem: the file cannot be written.
    """
    page = html(PAGE, title=title, style=Markup(STYLE), body=joined(parts, "\n"))
    try:
        # A student's id can hold half a character.
        path.write_text(page, encoding="utf-8", errors="replace")
    except OSError as error:
        raise Problem(f"{path} cannot be written: {error.strerror}.") from None


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    """A table of text or HTML, as in `table(["name", "points"], [["ada", "3"]])`.

    Numbers are aligned on the right.
    """
    return html(
        "<table><thead><tr>{heads}</tr></thead><tbody>\n{rows}</tbody></table>",
        heads=joined(html("<th>{name}</th>", name=name) for name in head),
        rows=joined(html("<tr>{cells}</tr>\n", cells=joined(map(_cell, row))) for row in rows),
    )


def _cell(content: str) -> Markup:
    number = content.rstrip("%").replace(".", "", 1).isdigit()
    kind = Markup(' class="number"') if number else ""
    return html("<td{kind}>{content}</td>", kind=kind, content=content)
