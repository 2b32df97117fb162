"""What holds for the text of every lesson."""

import jupytext
import pytest
from masters import ROOT

from autograder.authoring import lessons

MOST = 25
LONGER = ("01_numpy_to_jax", "03_jit_timing", "07_grad")  # each has one cell that is longer


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=[pytest.mark.xfail] if path.stem in LONGER else ())
        for path in lessons.masters(ROOT)
    ],
)
def test_no_code_cell_of_a_lesson_is_longer_than_a_screen(path):
    code = (cell for cell in jupytext.read(path).cells if cell.cell_type == "code")
    first_lines = {cell.source.partition("\n")[0]: cell.source.count("\n") + 1 for cell in code}
    assert {line: length for line, length in first_lines.items() if length > MOST} == {}
