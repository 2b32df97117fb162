"""Every lesson runs on Colab: alone, from its first cell, on Colab's Python and JAX."""

import colab_runtime
import nbformat
import pytest
from masters import ROOT

pytestmark = pytest.mark.slow
LESSONS = sorted(path.stem for path in (ROOT / "course").glob("[0-9]*.ipynb"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    colab_runtime.python()
    return colab_runtime.wheel(tmp_path_factory.mktemp("wheel"))


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_alone(lesson, wheel, tmp_path):
    notebook = nbformat.read(ROOT / "course" / f"{lesson}.ipynb", as_version=4)
    ran = colab_runtime.run(notebook, wheel, tmp_path)
    assert all(cell.execution_count for cell in ran.cells if cell.cell_type == "code")
