"""Builds HTML. Values in a template are escaped, unless they are HTML already.

MarkupSafe does the escaping, as in Jinja2.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from markupsafe import Markup


def html(template: str, **values: Any) -> Markup:
    """Fill values into a template, as `str.format` does.

    >>> html("<p>{text}</p>", text="1 < 2")
    Markup('<p>1 &lt; 2</p>')
    >>> html("<div>{inside}</div>", inside=html("<b>{n}</b>", n=1))
    Markup('<div><b>1</b></div>')
    """
    return Markup(template).format(**values)


def joined(parts: Iterable[str], between: str = "") -> Markup:
    """Join pieces of HTML or text.

    >>> joined(["a < b", html("<br>")], " ")
    Markup('a &lt; b <br>')
    """
    return Markup(between).join(parts)


def prose(words: str) -> Markup:
    """Text as HTML: `code` in backticks becomes code, and blank lines separate paragraphs."""
    pieces = [
        html("<code>{piece}</code>", piece=piece) if number % 2 else Markup.escape(piece)
        for number, piece in enumerate(words.split("`"))
    ]
    return Markup(joined(pieces).replace("\n\n", Markup("<br><br>")))
