"""The notebook in a terminal: check it, and bring a stub back."""

import shutil
import subprocess
import sys

import nbformat
import pytest
from click.testing import CliRunner
from course_folder import cell_of
from masters import ROOT, outline

from autograder.cli import main
from autograder.student import check_file, progress, released

COURSE = outline().course
RELEASED = ROOT / "exercises" / "05_vmap" / "vmap.ipynb"


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """A notebook with one right answer, one wrong one, one endless cell, and stubs."""
    made = nbformat.read(RELEASED, as_version=4)
    cell_of(made, "predict_batch").source = "def predict_batch(W, b, xs): return xs @ W.T + b"
    cell_of(made, "column_norms").source = "def column_norms(A): return jnp.sum(A**2, axis=0)"
    cell_of(made, "ensemble").source = "import os; os._exit(3)"
    monkeypatch.setenv(progress.VARIABLE, str(tmp_path / "progress.json"))
    nbformat.write(made, tmp_path / "mine.ipynb")
    shutil.copy(RELEASED.with_suffix(".check"), tmp_path)
    return tmp_path / "mine.ipynb"


def run(*words):
    done = CliRunner(env={"COLUMNS": "100"}).invoke(main, [str(word) for word in words])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done


def test_check_tells_right_from_wrong_and_from_missing(notebook):
    done = run("check", notebook)
    assert done.exit_code == 1
    rows = {line.split("│")[1].strip(): line for line in done.output.splitlines() if "│" in line}
    assert "✓ passed" in rows["predict_batch"]
    assert "✗ wrong" in rows["column_norms"]
    assert "✗ missing" in rows["pairwise"]
    assert "✗ error" in rows["ensemble"]
    assert "1 of 9 passed" in done.output
    assert progress.read(COURSE).of("predict_batch").passed
    assert progress.read(COURSE).of("column_norms").attempts == 1
    assert progress.read(COURSE).of("pairwise").attempts == 0


BEGIN = """
import sys
from autograder.cli import main
from autograder.jail.jail import Jail

def begin(self):
    sys.exit("JAX was imported first" if "jax" in sys.modules else "the jail begins first")

Jail.begin = begin
main(["check", sys.argv[1]])
"""


def test_check_imports_jax_while_its_jail_does_so_too(notebook):
    words = [sys.executable, "-c", BEGIN, str(notebook)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.stderr == "the jail begins first\n"


def test_check_of_one_exercise_shows_its_card(notebook):
    assert run("check", notebook, "predict_batch").exit_code == 0
    done = run("check", notebook, "column_norms")
    assert done.exit_code == 1
    assert "Expected values:" in done.output
    assert "leaves out the square root" in done.output


@pytest.mark.slow
def test_every_reference_passes_on_the_public_cases(tmp_path):
    for path in sorted((ROOT / "solutions").glob("*/*.ipynb")):
        done = run("check", path)
        assert done.exit_code == 0, done.output


def test_reset_brings_back_one_stub_and_keeps_a_copy(notebook):
    before = notebook.read_bytes()
    done = run("reset", notebook, "column_norms")
    assert done.exit_code == 0
    (copy,) = notebook.parent.glob("mine-before-reset-*.ipynb")
    assert copy.name in done.output
    assert copy.read_bytes() == before
    old, new = (nbformat.reads(text, as_version=4) for text in (before, notebook.read_text()))
    changed = [
        one.id
        for one, other in zip(old.cells, new.cells, strict=True)
        if one.source != other.source
    ]
    assert changed == ["column_norms"]
    released = cell_of(nbformat.read(RELEASED, as_version=4), "column_norms").source
    assert cell_of(new, "column_norms").source == released


def test_every_exercise_has_the_stub_that_is_released():
    for module in outline().modules:
        path = ROOT / module.exercises
        sources = {cell.id: cell.source for cell in nbformat.read(path, as_version=4).cells}
        for one in released.read(check_file.read(path.with_suffix(".check"))):
            assert one.stub == sources[one.prompt.name]
