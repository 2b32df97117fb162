"""Restores what was released in a submission, even if its cells have lost their metadata.

A released cell is found by nbgrader's name for it, then by its id, then by its text, and a written
answer last by its place. An answer that cannot be found is not graded as zero.
"""

from __future__ import annotations

import copy
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from urllib.parse import unquote

from nbformat import NotebookNode, from_dict
from nbgrader import utils

KEY = "autograder"
"""The key of our part of a notebook's metadata; a value that a student wrote is never used."""
ASK = "ask"
NOT_FOUND = (
    "*This answer was not found in the submitted notebook. A person has to look for it there.*"
)
FOREIGN = "Nothing in the submitted notebook belongs to this assignment"
_DEFINES = re.compile(r"^(?:async +)?(?:def|class) +(\w+)|^(\w+)[ \t]*(?::[^=\n]+)?=(?!=)", re.M)
_RELEASED_ID = re.compile(r"cell-\d+")


def restore(
    notebook: NotebookNode, released: NotebookNode, prompts: Set[str] = frozenset()
) -> NotebookNode:
    """Give every known cell its released metadata, and every locked cell its released text.

    Missing given cells come back at their place, and missing test cells at the end. Nothing that
    the student wrote into a cell's metadata is kept, so no edit can break or influence grading.

    Args:
        notebook: the submission, which is changed.
        released: the cells that nbgrader knows, in their order; the id of a cell is its name.
        prompts: the texts of the other released cells, see `text_of`.
    """
    originals = {cell.id: cell for cell in released.cells}
    places = _places(notebook.cells, originals, prompts)
    note = notebook.metadata.get(KEY, {})
    if any(utils.is_solution(originals[name]) for name in places):
        _find_written(notebook.cells, originals, prompts, places)
    else:
        note = {ASK: FOREIGN, **note}
    notebook.metadata = NotebookNode({**copy.deepcopy(released.metadata), KEY: note})
    names = {place: name for name, place in places.items()}
    cells = [
        _restored(cell, originals.get(names.get(number, "")), number)
        for number, cell in enumerate(notebook.cells)
    ]
    notebook.cells = list(_complete(cells, released.cells, places))
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _without_lost_pictures(cell)
    return notebook


def text_of(cell: NotebookNode) -> str:
    """The text of a cell, without the white space around it, for comparing cells."""
    return str(cell.source).strip()


def _restored(cell: NotebookNode, original: NotebookNode | None, number: int) -> NotebookNode:
    if original is None:
        # A released cell's id is its name, which no other cell may have.
        cell.id = f"submitted-{number}"
        cell.metadata = NotebookNode()
        return cell
    restored = from_dict(original)  # a copy, at half the cost of `deepcopy`
    if not utils.is_locked(original):
        restored.source = cell.source
        # The pictures that were pasted into a written answer.
        if restored.cell_type == "markdown" and "attachments" in cell:
            restored.attachments = cell.attachments
    return restored


def _complete(
    cells: Sequence[NotebookNode], released: Sequence[NotebookNode], places: dict[str, int]
) -> Iterator[NotebookNode]:
    """The cells with the missing ones: given cells after their neighbour, the rest at the end."""
    inserted: dict[int, list[NotebookNode]] = defaultdict(list)
    last = []
    before = -1
    for original in released:
        if original.id in places:
            before = places[original.id]
            continue
        original = copy.deepcopy(original)
        if _is_written(original):
            original.source = NOT_FOUND
            last.append(original)
        elif utils.is_grade(original):
            last.append(original)
        elif utils.is_locked(original):
            inserted[before].append(original)
    yield from inserted[-1]
    for number, cell in enumerate(cells):
        yield cell
        yield from inserted.get(number, ())
    yield from last


def _places(
    cells: Sequence[NotebookNode], originals: dict[str, NotebookNode], prompts: Set[str]
) -> dict[str, int]:
    """Where each cell of the release stands in the submission, by its name."""
    answers = {name for name, cell in originals.items() if _is_answer(cell)}
    defined = [_defined(cell) & answers for cell in cells]
    texts = [text_of(cell) for cell in cells]

    def may_be(place: int, name: str) -> bool:
        """Whether this cell can have this name, which its metadata or id claims."""
        if name not in originals:
            return False
        if texts[place] == text_of(originals[name]):
            return True
        return texts[place] not in prompts and (not defined[place] or name in defined[place])

    by_text: dict[str, list[str]] = defaultdict(list)
    for name, original in reversed(originals.items()):
        by_text[text_of(original)].append(name)
    claims: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for place, cell in enumerate(cells):
        tags = cell.metadata.get("nbgrader")
        claimed = tags.get("grade_id") if isinstance(tags, dict) else None
        if isinstance(claimed, str) and may_be(place, claimed):
            claims[claimed].append((0, place))
        elif may_be(place, cell.id):
            claims[cell.id].append((1, place))
        elif texts[place] and by_text.get(texts[place]):
            claims[by_text[texts[place]].pop()].append((2, place))
        elif defined[place]:
            claims[min(defined[place])].append((3, place))
    return {name: _best(sorted(ranked), originals[name], texts) for name, ranked in claims.items()}


def _best(ranked: Sequence[tuple[int, int]], original: NotebookNode, texts: Sequence[str]) -> int:
    """The first place where a locked cell is unchanged, or another one changed; else the first."""
    locked = utils.is_locked(original)
    for _, place in ranked:
        if locked == (texts[place] == text_of(original)):
            return place
    return ranked[0][1]


def _find_written(
    cells: Sequence[NotebookNode],
    originals: dict[str, NotebookNode],
    prompts: Set[str],
    places: dict[str, int],
) -> None:
    """Look for written answers between their neighbours, if their own cells are empty."""
    texts = [text_of(cell) for cell in cells]
    order = list(originals)
    taken = set(places.values())
    for number, name in enumerate(order):
        place = places.get(name)
        original = originals[name]
        empty = place is None or texts[place] == text_of(original)
        if not prompts or not _is_written(original) or not empty:
            continue
        before = reversed(order[:number])
        start = next((places[neighbour] for neighbour in before if neighbour in places), -1)
        later = (at for neighbour, at in places.items() if neighbour != name and at > start)
        for at in range(start + 1, min(later, default=len(cells))):
            is_prompt = texts[at] in prompts or _RELEASED_ID.fullmatch(cells[at].id)
            if cells[at].cell_type != "code" and texts[at] and at not in taken and not is_prompt:
                places[name] = at
                taken.add(at)
                break


def _defined(cell: NotebookNode) -> set[str]:
    """The names that a cell defines at its top level, as far as its text shows."""
    if cell.cell_type != "code":
        return set()
    return {first or second for first, second in _DEFINES.findall(cell.source)}


def _is_answer(cell: NotebookNode) -> bool:
    return bool(utils.is_solution(cell)) and cell.cell_type == "code"


def _is_written(cell: NotebookNode) -> bool:
    return bool(utils.is_solution(cell) and utils.is_grade(cell))


def _without_lost_pictures(cell: NotebookNode) -> str:
    """The text without links to pictures that are not attached: nbconvert raises an error there."""
    attached = cell.get("attachments", {})
    return re.sub(
        r"attachment:([^)\s]+)",
        lambda match: match[0] if unquote(match[1]) in attached else f"lost-{match[1]}",
        cell.source,
    )
