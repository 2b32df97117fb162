"""Sphinx's settings for the website of this course; `autograder site` copies and reads this file.

It also adds the deck and the quick references, and a page that links to them.
"""

import re
import shutil
from pathlib import Path

import course
from autograder.authoring.site_settings import *
from slides.command import built

# GitHub shows these.
exclude_patterns = ["README.md", "CODE_OF_CONDUCT.md"]

HERE = Path(__file__).parent
html_extra_path = ["extra"]
shutil.copytree(built(Path(course.__file__).parents[1]), HERE / "extra" / "slides")

PAGE = """\
# Deck and quick references

Each is one file that needs no network. In the deck, S opens the speaker's notes, and D
switches between dark and light. [Where each slide is in the lessons](docs/deck.md)

| what | page | print |
| --- | --- | --- |
"""


def row(html: Path) -> str:
    """A line of the table: the page, and its PDF if there is one."""
    title = re.search("<title>(.*?)</title>", html.read_text(encoding="utf-8"))[1]
    pdf = html.with_suffix(".pdf")
    links = [f'<a href="slides/{path.name}">{kind}</a>' if path.exists() else ""
             for path, kind in ((html, "open"), (pdf, "PDF"))]  # fmt: skip
    return f"| {title} | {links[0]} | {links[1]} |\n"


# The deck and the table first, then the quick references in their order.
pages = sorted((HERE / "extra" / "slides").glob("*.html"))
pages.sort(key=lambda path: path.name[0].isdigit())
(HERE / "slides.md").write_text(PAGE + "".join(map(row, pages)), encoding="utf-8")
