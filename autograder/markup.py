"""Builds HTML. Values in a template are escaped, unless they are HTML already.

MarkupSafe does the escaping, as in Jinja2.
"""

from __future__ import annotations

import re
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
    """Text as HTML: code in backticks, **bold** and *emphasised* words, and blank lines.

    >>> prose("It is **always** `2**n`.")
    Markup('It is <b>always</b> <code>2**n</code>.')
    """
    pieces = [
        html("<code>{piece}</code>", piece=piece)
        if number % 2
        else Markup(_MARKED.sub(_as_tag, str(Markup.escape(piece))))
        for number, piece in enumerate(words.split("`"))
    ]
    return Markup(joined(pieces).replace("\n\n", Markup("<br><br>")))


def plain(words: str) -> str:
    """The same text without the marks of bold and emphasised words.

    >>> plain("It is **always** `2**n`.")
    'It is always `2**n`.'
    """
    pieces = words.split("`")
    pieces[::2] = [_MARKED.sub(r"\2", piece) for piece in pieces[::2]]
    return "`".join(pieces)


# Words between stars, as in Markdown; a star with a space on its inner side marks nothing.
_MARKED = re.compile(r"(?<![\w*])(\*\*?)(?=[^\s*])([^*\n]*[^\s*])\1(?![\w*])")


def _as_tag(found: re.Match[str]) -> str:
    tag = "b" if found[1] == "**" else "em"
    return f"<{tag}>{found[2]}</{tag}>"
