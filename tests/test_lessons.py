"""What holds for the text of every lesson."""

import jupytext
import pytest
from masters import ROOT

from autograder.authoring import lessons

MOST = 25


@pytest.mark.parametrize("path", lessons.masters(ROOT), ids=lambda path: path.stem)
def test_no_code_cell_of_a_lesson_is_longer_than_a_screen(path):
    code = (cell for cell in jupytext.read(path).cells if cell.cell_type == "code")
    first_lines = {cell.source.partition("\n")[0]: cell.source.count("\n") + 1 for cell in code}
    assert {line: length for line, length in first_lines.items() if length > MOST} == {}
