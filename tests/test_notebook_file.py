"""Any bytes come to a valid notebook, or to a sentence that says what they are."""

from __future__ import annotations

import json
import random

import nbformat
import pytest
from course_folder import NOTEBOOK, ROOT

from autograder.classroom import notebook_file
from autograder.classroom.notebook_file import MOST_CELLS, Unreadable

RELEASED = (ROOT / "exercises" / "05_vmap" / f"{NOTEBOOK}.ipynb").read_bytes()


def sources(data: bytes) -> list[str]:
    return [cell.source for cell in notebook_file.read(data).cells]


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8"]
)
def test_a_notebook_is_read_in_any_encoding(encoding: str) -> None:
    assert sources(RELEASED.decode().encode(encoding)) == sources(RELEASED)


@pytest.mark.parametrize("words", ["naïve – “für” mich", "año €", "é"])
def test_a_western_encoding_is_told_from_damaged_utf8(words: str) -> None:
    notebook = json.dumps({"cells": [{"source": words + " @"}]}, ensure_ascii=False)
    assert sources(notebook.encode("cp1252")) == [words + " @"]
    if len(words) > 5:
        damaged = notebook.encode().replace(b"@", b"\xff")
        assert sources(damaged) == [words + " \ufffd"]


def test_half_a_character_is_replaced_and_a_whole_one_kept() -> None:
    notebook = notebook_file.read(rb'{"cells": [{"source": "\ud83d x \ud83d\ude00"}]}')
    assert json.loads(notebook_file.write(notebook))["cells"][0]["source"] == "\ufffd x 😀"


def test_what_is_read_is_valid() -> None:
    """Whatever stands in the cells."""
    values = [None, 3, "text", [], {}, {"a": []}, ["a", 3], True, float("nan"), "pairwise"]
    generator = random.Random(4)
    keys = ("cell_type", "source", "metadata", "outputs", "id", "attachments", "level", "input")
    kinds = ["code", "markdown", "raw", "heading", "sql"]
    for _ in range(300):
        cells = [
            {key: generator.choice(values) for key in generator.sample(keys, 5)}
            | {"cell_type": generator.choice([*kinds, *values])}
            for _ in range(3)
        ]
        read = notebook_file.read(json.dumps({"cells": cells}).encode())
        written = notebook_file.write(read)
        nbformat.validate(nbformat.reads(written.decode(), as_version=4))


def test_damaged_bytes_are_read_or_said_to_be_unreadable() -> None:
    """Flipped, cut, doubled: nothing else is ever raised."""
    generator = random.Random(5)
    ends = {True: 0, False: 0}
    for _ in range(300):
        data = bytearray(RELEASED)
        for _ in range(generator.randint(1, 3)):
            start = generator.randrange(len(data))
            match generator.choice(["flip", "cut", "double", "zero"]):
                case "flip":
                    data[start] ^= 1 << generator.randrange(8)
                case "cut":
                    del data[start : start + generator.randint(1, 500)]
                case "double":
                    data[start:start] = data[start : start + 50]
                case "zero":
                    data[start : start + 30] = bytes(len(data[start : start + 30]))
        try:
            notebook_file.write(notebook_file.read(bytes(data)))
            ends[True] += 1
        except Unreadable:
            ends[False] += 1
    assert min(ends.values()) > 20


def test_reading_takes_no_more_for_each_cell_of_a_long_notebook() -> None:
    """Counted in calls and not in seconds, which depend on the machine."""
    import sys

    def calls(cells: int) -> int:
        data = json.dumps({"cells": [{"cell_type": "code", "source": "pass"}] * cells}).encode()
        count = 0

        def counting(frame: object, event: str, argument: object) -> None:
            nonlocal count
            count += event == "call"

        sys.setprofile(counting)
        try:
            notebook_file.write(notebook_file.read(data))
        finally:
            sys.setprofile(None)
        return count

    assert calls(MOST_CELLS) < 4.5 * calls(MOST_CELLS // 4)


def test_more_cells_than_can_be_graded_are_refused_at_once() -> None:
    cells = [{"cell_type": "code", "source": "pass"}] * (MOST_CELLS + 1)
    with pytest.raises(Unreadable, match=r"has 2,001 cells, and at most 2,000 can be graded"):
        notebook_file.read(json.dumps({"cells": cells}).encode())
