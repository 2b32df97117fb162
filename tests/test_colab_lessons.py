"""Every lesson runs on Colab: alone, from its first cell, on Colab's Python and JAX."""

import colab_runtime
import pytest
from masters import ROOT

pytestmark = pytest.mark.slow
LESSONS = sorted(path.stem for path in (ROOT / "course").glob("[0-9]*.py"))


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    return colab_runtime.shared_runtime(tmp_path_factory)


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_alone(lesson, python, tmp_path):
    notebook = colab_runtime.notebooks()[f"course/{lesson}.ipynb"]
    ran = colab_runtime.run(notebook, python, tmp_path)
    assert all(cell.execution_count for cell in ran.cells if cell.cell_type == "code")
    # No prediction was made.
    assert colab_runtime.texts(ran.cells[-1]).startswith("… not read yet")
    assert list((tmp_path / "content").iterdir()) == []
