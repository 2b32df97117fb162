"""Every exercise passes on Colab: the references go through `check` there, on its JAX."""

import colab_runtime
import nbformat
import pytest
from masters import ROOT, answered
from rich.console import Console

from autograder.authoring import colab, course
from autograder.classroom import notebook_check

pytestmark = pytest.mark.slow
EXERCISES = {path.parent.name: path for path in sorted((ROOT / "exercises").glob("*/*.ipynb"))}


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    return colab_runtime.shared_runtime(tmp_path_factory)


def solved(assignment):
    name = EXERCISES[assignment].relative_to(ROOT).as_posix()
    return answered(assignment, colab_runtime.notebooks()[name])


def heads(ran):
    """The first line of each card, by the name of the exercise."""
    return {
        cell.id.removeprefix("check-"): colab_runtime.texts(cell).partition("\n")[0]
        for cell in ran.cells
        if cell.id.startswith("check-")
    }


@pytest.mark.parametrize("assignment", EXERCISES)
def test_the_references_pass_alone(assignment, python, tmp_path):
    cards = heads(colab_runtime.run(solved(assignment), python, tmp_path))
    assert cards
    assert cards == {name: f"✓ passed: {name}" for name in cards}


def test_it_runs_in_vs_code_where_other_notebooks_lie_too(python, tmp_path):
    """VS Code names the notebook in a variable; here its folder has data of another assignment."""
    notebook = solved("01_numpy_to_jax")
    folder = tmp_path / "opened"
    folder.mkdir()
    (folder / "vmap.check").write_bytes(
        (ROOT / "exercises" / "05_vmap" / "vmap.check").read_bytes()
    )
    path = str(folder / "numpy_to_jax.ipynb")
    notebook.cells.insert(0, nbformat.v4.new_code_cell(f"__vsc_ipynb_file__ = {path!r}"))
    cards = heads(colab_runtime.run(notebook, python, tmp_path))
    assert set(cards.values()) == {f"✓ passed: {name}" for name in cards}


def test_a_notebook_that_was_solved_on_colab_is_graded_as_any_other(tmp_path):
    (tmp_path / "vmap.check").write_bytes(
        (ROOT / "exercises" / "05_vmap" / "vmap.check").read_bytes()
    )
    nbformat.write(solved("05_vmap"), tmp_path / "vmap.ipynb")

    console = Console(record=True, width=100)
    assert notebook_check.check(tmp_path / "vmap.ipynb", "", "cpu", "", console)
    assert "did not run" not in console.export_text()


def test_with_an_address_the_grader_is_installed_from_there(tmp_path):
    wheel = colab_runtime.wheel(tmp_path / "wheel").as_uri()
    made = colab.notebooks(course.read(ROOT), wheel)["exercises/01_numpy_to_jax/numpy_to_jax.ipynb"]
    python = colab_runtime.runtime(tmp_path / "colab")
    cards = heads(colab_runtime.run(answered("01_numpy_to_jax", made), python, tmp_path))
    assert set(cards.values()) == {f"✓ passed: {name}" for name in cards}
