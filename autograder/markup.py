"""HTML: what is filled into a template is escaped, unless it is HTML already.

The escaping is MarkupSafe's, which Jinja2 uses too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from markupsafe import Markup


def html(template: str, **values: Any) -> Markup:
    """A template with values filled in, as in `str.format`.

    >>> html("<p>{words}</p>", words="1 < 2")
    Markup('<p>1 &lt; 2</p>')
    >>> html("<div>{inside}</div>", inside=html("<b>{n}</b>", n=1))
    Markup('<div><b>1</b></div>')
    """
    return Markup(template).format(**values)


def joined(parts: Iterable[str], between: str = "") -> Markup:
    """Pieces of HTML, or of text, one after the other."""
    return Markup(between).join(parts)


def prose(words: str) -> Markup:
    """Text in which `code` in backticks is set as code, and blank lines part paragraphs."""
    pieces = [
        html("<code>{piece}</code>", piece=piece) if number % 2 else Markup.escape(piece)
        for number, piece in enumerate(words.split("`"))
    ]
    return Markup(joined(pieces).replace("\n\n", Markup("<br><br>")))
