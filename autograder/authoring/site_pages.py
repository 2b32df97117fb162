"""Turns built notebooks into pages of the website: answers folded, buttons under the title."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from markupsafe import Markup
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from autograder.authoring import lessons
from autograder.markup import html, joined

DATA = ".site.json"
"""The file beside the pages with what Sphinx has to know of the course, a `SiteData`."""
HIDE_OUTPUT = "hide-output"  # a tag that myst-nb knows
ANSWER = '<details class="answer">'
"""How the fold with the answer to a prediction begins."""

_COLOUR = "#[0-9a-f]{6}"
# As rich writes them.
_LETTERS = re.compile(
    rf"(?<=\")color: {_COLOUR}; (?:text-decoration-color: {_COLOUR}; )?"
    rf"background-color: ({_COLOUR})"
)


@dataclass(frozen=True)
class SiteData:
    """What Sphinx has to know of a course.

    Attributes:
        root: the course's folder.
        address: the address of its repository; empty if none is known.
        pictures: the texts of the lessons' pictures, by the SHA-256 of the picture.
    """

    root: str
    address: str
    pictures: Mapping[str, str]


def page(notebook: NotebookNode, links: Markup) -> NotebookNode:
    """A copy of a built notebook for the website.

    What a cell printed between a prediction and its answer is hidden, and so is the answer. Both
    stay in the page and open with a click.

    Args:
        notebook: a lesson with outputs, or an assignment.
        links: HTML to put under the title.
    """
    cells = [copy.deepcopy(cell) for cell in notebook.cells if cell.get("id") != lessons.READ]
    for guess, answer in _predictions(cells):
        for cell in cells[guess + 1 : answer]:
            if cell.cell_type == "code":
                _tag(cell, HIDE_OUTPUT)
        cells[answer] = _folded(cells[answer])
    for cell in cells:
        for output in cell.get("outputs", []):
            if "text/html" in (data := output.get("data", {})):
                data["text/html"] = readable("".join(data["text/html"]))
    title, _, rest = cells[0].source.partition("\n") if cells else ("", "", "")
    top = [new_markdown_cell(title), new_markdown_cell(str(links)), new_markdown_cell(rest)]
    metadata = {key: value for key, value in notebook.metadata.items() if key == "kernelspec"}
    return NotebookNode(
        cells=[*(cell for cell in top if cell.source.strip()), *cells[1:]],
        metadata=NotebookNode(metadata),
        nbformat=4,
        nbformat_minor=5,
    )


def buttons(download: str, colab: str) -> Markup:
    """The links under a title; without an address there is none to Colab."""
    links = [
        html('<a class="button" href="{download}" download>Download</a>', download=download),
    ]
    if colab:
        links.append(html('<a class="button" href="{colab}">Open in Colab</a>', colab=colab))
    return html('<p class="buttons">{links}</p>', links=joined(links, " "))


def descriptions(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    """The data of each picture among the outputs, in base64, and its text for those who read."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            for kind, data in output.get("data", {}).items():
                if kind.startswith("image/"):
                    alt = output.get("metadata", {}).get(kind, {}).get("alt", "")
                    yield "".join(data), alt


def readable(output: str) -> str:
    """HTML whose letters on a coloured ground are black or white, whichever is easier to read.

    `jax.debug.visualize_array_sharding` chooses white on some pale colours.
    """
    return _LETTERS.sub(
        lambda match: f"color: {_letters_on(match[1])}; background-color: {match[1]}", output
    )


def _letters_on(ground: str) -> str:
    """Black or white: what has the higher contrast to a colour, as WCAG 2 defines it."""
    parts = [int(ground[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#000000" if (luminance + 0.05) ** 2 > 1.05 * 0.05 else "#ffffff"


def _predictions(cells: list[NotebookNode]) -> Iterator[tuple[int, int]]:
    """For each prediction, the place of the cell with the guess and of that with the answer."""
    assigned: dict[str, int] = {}
    for place, cell in enumerate(cells):
        if cell.cell_type != "code":
            continue
        if name := _predicted(cell.source):
            yield assigned.get(name, place), place
        for name in re.findall(r"^(\w+) = \.\.\.", cell.source, re.M):
            assigned[name] = place


def _predicted(source: str) -> str:
    """The variable with the guess in a cell that calls `predicted`; empty for another cell."""
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # magics
        return ""
    for statement in statements:
        match statement:
            case ast.Expr(ast.Call(ast.Name("predicted"), [guess, *_])):
                return ast.unparse(guess).strip("'\"")
    return ""


def _folded(cell: NotebookNode) -> NotebookNode:
    """The answer of an executed cell with `predicted`, as a fold."""
    shown = [output.get("data", {}).get("text/html", "") for output in cell.get("outputs", [])]
    card = "".join("".join(part) for part in shown)
    # The card of an open prediction has the answer in a fold of its own.
    inner = re.search(r"<details[^>]*>\s*<summary.*?</summary>(.*)</details>", card, re.S)
    answer = " ".join((inner[1] if inner else card).split())
    return new_markdown_cell(f"{ANSWER}<summary>Show the answer</summary>{answer}</details>")


def _tag(cell: NotebookNode, tag: str) -> None:
    cell.metadata = NotebookNode(cell.metadata)
    cell.metadata["tags"] = [*cell.metadata.get("tags", []), tag]
