"""The cells of a release are found in a submission, whatever became of their metadata."""

from __future__ import annotations

import copy

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.classroom.restore import ASK, FOREIGN, KEY, NOT_FOUND, restore

STUB = "def f(x):\n    raise NotImplementedError()"
ANSWER = "def f(x):\n    return x"
PROMPTS = dict.fromkeys(["# Title", "## 1 Say why", "## 2 f", "## 3 And why not"])


def cell(name: str, source: str, kind: str) -> NotebookNode:
    """A released cell, as nbgrader knows it."""
    made = (new_markdown_cell if kind == "written" else new_code_cell)(source, id=name)
    made.metadata["nbgrader"] = {
        "grade_id": name,
        "schema_version": 3,
        "task": False,
        "grade": kind in ("check", "written"),
        "solution": kind in ("solution", "written"),
        "locked": kind in ("given", "check"),
        "points": 1.0,
        "cell_type": made.cell_type,
    }
    return made


RELEASED = new_notebook(
    cells=[
        cell("given-g", "import g", "given"),
        cell("written-why", "WRITE HERE", "written"),
        cell("f", STUB, "solution"),
        cell("check-f", "check(f)", "check"),
        cell("written-why_not", "WRITE HERE", "written"),
    ]
)


def submitted(**sources: str) -> NotebookNode:
    """The notebook as a student sees it, with these answers."""
    cells = copy.deepcopy(RELEASED.cells)
    for one in cells:
        one.source = sources.get(one.id.replace("-", "_"), one.source)
    for place, prompt in zip((0, 2, 4, 7), PROMPTS, strict=True):
        cells.insert(place, new_markdown_cell(prompt))
    return new_notebook(cells=cells)


ANSWERED = {"f": ANSWER, "written_why": "Since.", "written_why_not": "Not since."}


def stripped(notebook: NotebookNode, ids: bool = True) -> NotebookNode:
    """Without metadata, and without ids."""
    for number, one in enumerate(notebook.cells):
        one.metadata = NotebookNode()
        if ids:
            one.id = f"x{number}"
    return notebook


def found(notebook: NotebookNode) -> dict[str, str]:
    """The text of each released cell in what was restored; each stands there once."""
    restored = restore(notebook, RELEASED, PROMPTS.keys())
    cells = [one for one in restored.cells if "nbgrader" in one.metadata]
    names = [one.metadata["nbgrader"]["grade_id"] for one in cells]
    assert len(set(names)) == len(names)
    assert len({one.id for one in restored.cells}) == len(restored.cells)
    return dict(zip(names, (one.source for one in cells), strict=True))


ALL = {
    "given-g": "import g",
    "written-why": "Since.",
    "f": ANSWER,
    "check-f": "check(f)",
    "written-why_not": "Not since.",
}


def test_cells_are_found_by_name_by_id_and_by_text() -> None:
    assert found(submitted(**ANSWERED)) == ALL
    assert found(stripped(submitted(**ANSWERED), ids=False)) == ALL
    assert found(stripped(submitted(**ANSWERED))) == ALL


def test_two_stubs_of_one_text_are_told_apart_by_their_order() -> None:
    half = stripped(submitted(written_why_not="Not since."))
    assert found(half) == {**ALL, "written-why": "WRITE HERE", "f": STUB}


def test_a_written_answer_that_is_gone_is_not_taken_for_untouched() -> None:
    notebook = submitted(**ANSWERED)
    notebook.cells = [one for one in notebook.cells if one.id != "written-why"]
    assert found(notebook) == {**ALL, "written-why": NOT_FOUND}


def test_a_written_answer_in_another_cell_is_taken_where_its_own_is_empty() -> None:
    notebook = submitted(**{**ANSWERED, "written_why": "WRITE HERE"})
    notebook.cells.insert(3, new_markdown_cell("Since."))
    assert found(copy.deepcopy(notebook)) == ALL
    notebook.cells[4].source = "It is full."
    assert found(notebook) == {**ALL, "written-why": "It is full."}


@pytest.mark.parametrize("claim", ["check-f", "given-g", "written-why", "nobody"])
def test_an_answer_under_a_wrong_name_is_not_overwritten(claim: str) -> None:
    notebook = submitted(**ANSWERED)
    for one in notebook.cells:
        if one.id == "f":
            one.metadata["nbgrader"]["grade_id"] = claim
    assert found(notebook) == ALL


def test_an_edited_locked_cell_comes_back_as_it_was() -> None:
    assert found(submitted(**ANSWERED, check_f="check(g)", given_g="import h")) == ALL


def test_given_cells_that_are_gone_come_back_where_they_were_and_tests_at_the_end() -> None:
    notebook = submitted(**ANSWERED)
    gone = ("given-g", "check-f")
    notebook.cells = [one for one in notebook.cells if one.id not in gone]
    restored = restore(notebook, RELEASED, PROMPTS.keys())
    ids = [one.id for one in restored.cells]
    assert (ids[0], ids[-1]) == ("given-g", "check-f")


def test_a_foreign_notebook_asks_for_a_person() -> None:
    for cells in ([], [new_markdown_cell("My diary")], [new_code_cell("import g")]):
        restored = restore(new_notebook(cells=cells), RELEASED, PROMPTS.keys())
        assert restored.metadata[KEY] == {ASK: FOREIGN}
    assert restore(submitted(), RELEASED, PROMPTS.keys()).metadata[KEY] == {}


def test_nothing_that_a_student_wrote_into_metadata_stays() -> None:
    notebook = submitted(**ANSWERED)
    notebook.metadata["autograder"] = {}
    notebook.metadata["title"] = "mine"
    for one in notebook.cells:
        one.metadata["tags"] = ["raises-exception"]
        one.metadata.setdefault("nbgrader", {})["points"] = 100
    restored = restore(notebook, RELEASED, PROMPTS.keys())
    assert set(restored.metadata) == {KEY}
    released = [one.metadata for one in RELEASED.cells]
    assert [one.metadata for one in restored.cells if one.metadata] == released
