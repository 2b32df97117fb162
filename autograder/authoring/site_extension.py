"""What the website needs of Sphinx: links into the repository, search, formulas, alt texts."""

from __future__ import annotations

import json
import posixpath
from pathlib import Path
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.util import logging

from autograder.authoring.site_pages import ANSWER, DATA, SiteData

log = logging.getLogger(__name__)
STATIC = Path(__file__).parent / "templates" / "site" / "static"
HIDDEN = "HideCodeCellNode"  # myst-nb's node around a hidden output


def setup(app: Sphinx) -> dict[str, Any]:
    for name in ("myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"):
        app.setup_extension(name)
    app.add_builder(Pages, override=True)
    app.add_html_math_renderer("mathml", (_formula, None), (_formula, None))
    app.connect("config-inited", lambda _, config: config.html_static_path.append(str(STATIC)))
    app.connect("doctree-read", _link_into_repository)
    app.connect("doctree-read", _describe)
    app.add_css_file("site.css")
    app.add_js_file("site.js")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


class Pages(StandaloneHTMLBuilder):
    """HTML whose search does not know what is folded, so that it tells no answer."""

    def index_page(self, pagename: str, doctree: nodes.document, title: str) -> None:
        known = doctree.deepcopy()
        for node in list(known.findall()):
            answer = isinstance(node, nodes.raw) and node.astext().startswith(ANSWER)
            if node.parent and (answer or type(node).__name__ == HIDDEN):
                node.parent.remove(node)
        super().index_page(pagename, known, title)


def _link_into_repository(app: Sphinx, doctree: nodes.document) -> None:
    """Links to files of the repository that are no pages; without an address only their text."""
    data = _data(app)
    for link in list(doctree.findall(addnodes.pending_xref)):
        if link.get("reftype") != "myst" or link.get("refdomain"):
            continue
        folder = posixpath.dirname(link["refdoc"])
        path = posixpath.normpath(posixpath.join(folder, link["reftarget"].partition("#")[0]))
        if path.startswith("..") or not Path(data.root, path).exists():
            continue  # MyST warns
        shown = link.children
        if data.address:
            shown = [nodes.reference("", "", *shown, refuri=f"{data.address}/blob/HEAD/{path}")]
        link.replace_self(shown)


def _describe(app: Sphinx, doctree: nodes.document) -> None:
    """Give each picture of a notebook its text; a picture without one is a mistake."""
    pictures = _data(app).pictures
    for image in doctree.findall(nodes.image):
        known = pictures.get(Path(image["uri"]).stem)
        if known is not None:
            image["alt"] = known
        if not image.get("alt"):
            log.warning("a picture has no text: set its label or alt text", location=image)


def _data(app: Sphinx) -> SiteData:
    return SiteData(**json.loads(Path(app.srcdir, DATA).read_text(encoding="utf-8")))


def _formula(self: Any, node: nodes.Element) -> None:
    display = "block" if isinstance(node, nodes.math_block) else "inline"
    self.body.append(convert(node.astext(), display=display))
    raise nodes.SkipNode
