"""What holds for the text of every lesson, assignment and quick reference."""

import re

import jupytext
import pytest
from masters import ROOT

from autograder.authoring import build, lessons
from slides.making import references

MOST = 25
ITEM = re.compile(r"\s*(\d+[.)]|[-+*]) ")


@pytest.mark.parametrize("path", lessons.masters(ROOT), ids=lambda path: path.stem)
def test_no_code_cell_of_a_lesson_is_longer_than_a_screen(path):
    code = (cell for cell in jupytext.read(path).cells if cell.cell_type == "code")
    first_lines = {cell.source.partition("\n")[0]: cell.source.count("\n") + 1 for cell in code}
    assert {line: length for line, length in first_lines.items() if length > MOST} == {}


def accidental_items(text):
    """The lines that Markdown takes for items of a list, though they go on with a sentence."""
    found, in_code, lines = [], False, ["", *text.splitlines()]
    for index in range(1, len(lines)):
        before, line = lines[index - 1], lines[index]
        in_code ^= line.startswith("```")
        starts = before == "" or before.startswith(" ") or ITEM.match(before)
        if not in_code and ITEM.match(line) and not starts:
            found.append(line)
    return found


@pytest.mark.parametrize(
    "path",
    [*lessons.masters(ROOT), *build.masters(ROOT), *references.masters(ROOT)],
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_no_sentence_becomes_a_list_because_a_line_begins_with_a_number(path):
    texts = [cell.source for cell in jupytext.read(path).cells if cell.cell_type == "markdown"]
    assert [line for text in texts for line in accidental_items(text)] == []


def test_a_line_that_begins_with_a_number_is_found():
    assert accidental_items("The mean is\n1. So is the median.") == ["1. So is the median."]
    assert accidental_items("Steps:\n\n1. trace\n2. compile\n   and wait\n3. run") == []
