"""Markdown on nbgrader's pages: formulas work without a network, a student's HTML is text."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

from jinja2 import pass_context
from latex2mathml.converter import convert
from markupsafe import Markup
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from autograder.markup import html

_NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"
_ELEMENTS = {
    "math", "mtext", "mspace", "mn", "mi", "mo", "mrow", "mfrac", "msqrt", "mroot", "msub", "msup",
    "msubsup", "munder", "mover", "munderover", "mtable", "mtr", "mtd", "mstyle", "mpadded",
    "mphantom", "menclose", "mmultiscripts", "mprescripts", "none",
}  # fmt: skip


@pass_context
def markdown2html(context: Any, source: str) -> str:
    """A filter for nbconvert's HTML exporter: what a cell or a comment looks like.

    The cell was written by a student, and a script on the formgrader's page could do all that its
    reader can. So HTML is shown as text, and links with a script are not rendered.

    Args:
        context: of the template that is being rendered; its cell holds the attachments.
        source: Markdown.
    """
    return str(rendered(source, context.get("cell", {}).get("attachments", {})))


def rendered(source: str, attachments: Mapping[str, Any] = MappingProxyType({})) -> Markup:
    """Markdown as HTML, in which nothing runs.

    Args:
        source: Markdown.
        attachments: the pictures of the cell that it is from.
    """
    renderer = _Renderer(escape=True, allow_harmful_protocols=False, attachments=dict(attachments))
    return Markup(MarkdownWithMath(renderer=renderer).render(source))


class _Renderer(IPythonRenderer):
    """Writes formulas as MathML, which browsers draw themselves."""

    def heading(self, text: str, level: int, **_: Any) -> str:
        # Without an id: a link of the page would lead to a student's heading of the same name.
        return f"<h{level}>{text}</h{level}>\n"

    def image(self, text: str, url: str, title: str | None = None) -> str:
        # A picture from elsewhere would tell its server who reads the page, and when.
        if urlsplit(url).netloc:
            return self.link(f"picture: {text}", url)
        try:
            return str(super().image(text, url, title))
        except Exception:  # the picture is not attached, or not one
            return str(html("<em>The picture {text} is missing.</em>", text=Markup(text)))

    def inline_math(self, body: str) -> str:
        return _mathml(body, "inline")

    def block_math(self, body: str) -> str:
        return _mathml(body, "block")

    def block_mermaidjs(self, code: str) -> str:
        return str(html("<pre>{code}</pre>", code=code))

    def latex_environment(self, name: str, body: str) -> str:
        return _mathml(f"\\begin{{{name}}}{body}\\end{{{name}}}", "block")


def _mathml(formula: str, display: str) -> str:
    """The formula as MathML; as it was typed if it is not valid or has links or scripts."""
    try:
        mathml = convert(formula, display=display)
        # The converter lets HTML and links through.
        if all(map(_is_plain, ElementTree.fromstring(mathml).iter())):
            return mathml
    except Exception:  # A student can type anything as a formula.
        pass
    return str(html("<code>{formula}</code>", formula=formula))


def _is_plain(element: ElementTree.Element) -> bool:
    return element.tag.removeprefix(_NAMESPACE) in _ELEMENTS and not any(
        name.startswith("on") or name in ("href", "src", "style") for name in element.attrib
    )
