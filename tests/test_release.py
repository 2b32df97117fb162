"""Nothing that is released holds a solution, a hidden specification or a wrong answer."""

import functools
import inspect
import itertools
import re
import shutil
from dataclasses import replace

import nbformat
import numpy as np
import pytest
from masters import ROOT, catalogue, loaded, outline

from autograder.authoring import build, release_data
from autograder.authoring.built import out_of_date
from autograder.student import check_file, released

RELEASED = list((ROOT / "exercises").rglob("*"))
LARGEST = 1_500_000
each = pytest.mark.parametrize("master", loaded(), ids=lambda master: master.assignment)


def lines_between(text, begin, end):
    """The code lines of all the regions of a master between two marks."""
    inside = False
    for line in text.splitlines():
        if begin in line or end in line:
            inside = begin in line
        elif inside and len(line.strip()) > 20:
            yield line.strip()


@functools.cache
def visible_text():
    """What the authors show students on purpose: every cell, without its hidden regions."""
    sources = "\n".join(master.path.read_text(encoding="utf-8") for master in loaded())
    return re.sub(r"### BEGIN (SOLUTION|HIDDEN TESTS).*?### END \1", "", sources, flags=re.DOTALL)


@functools.cache
def released_text(*suffixes):
    """The cells of every notebook, and all that `check` reads but what it tells on purpose."""

    def text(path):
        if path.suffix == ".check":
            exercises = released.read(check_file.read(path))
            told = {"hints": (), "explanation": "", "another": "", "sealed": b""}
            return "\n".join(repr(replace(one, **told)) for one in exercises)
        return "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)

    return "\n".join(text(path) for path in RELEASED if path.suffix in suffixes)


@each
def test_a_master_was_built_since_it_changed(master):
    assert out_of_date(master) == ""


@each
def test_no_solution_is_released(master):
    solutions = list(
        lines_between(master.path.read_text(), "### BEGIN SOLUTION", "### END SOLUTION")
    )
    assert len(solutions) >= len(master.exercises)
    text = released_text(".ipynb", ".check")
    assert [line for line in solutions if line in text and line not in visible_text()] == []


@each
def test_no_hidden_specification_is_in_a_notebook(master):
    hidden = list(
        lines_between(master.path.read_text(), "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")
    )
    assert len(hidden) > 10 * len(master.exercises)
    text = released_text(".ipynb")
    assert [line for line in hidden if line in text and line not in visible_text()] == []


@each
def test_no_wrong_answer_is_released(master):
    sources = [
        line.strip()
        for spec in master.exercises.values()
        for wrong in spec.wrong_answers
        if callable(wrong.function)
        for line in inspect.getsource(wrong.function).splitlines()
        if "jax." in line or "jnp." in line
    ]
    assert sources
    text = released_text(".ipynb", ".check")
    assert [line for line in sources if line in text and line not in visible_text()] == []


def test_only_known_kinds_of_files_are_released():
    kinds = {path.suffix for path in RELEASED if path.is_file()}
    assert kinds == {".ipynb", ".check"}


@each
def test_a_release_says_what_each_exercise_is_worth(master):
    notebook = nbformat.read(
        ROOT / "exercises" / master.assignment / f"{master.path.stem}.ipynb", as_version=4
    )
    points = [
        cell.metadata.nbgrader.points
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    ]
    assert sum(points) == master.points == 20
    text = "\n".join(cell.source for cell in notebook.cells)
    for prompt in master.prompts.values():
        stars = "★" * prompt.stars + "☆" * (3 - prompt.stars)
        dots = "●" * prompt.importance + "○" * (3 - prompt.importance)
        badge = f"difficulty {stars} · importance {dots} · {prompt.minutes} min · {prompt.points:g}"
        assert badge in text


def test_drift_is_found(tmp_path):
    (master,) = itertools.islice(loaded(), 1)
    source = nbformat.from_dict(master.notebook)
    kept, fresh = tmp_path / "kept.ipynb", tmp_path / "fresh.ipynb"
    nbformat.write(source, fresh)
    source.cells[0].source += " Changed."
    nbformat.write(source, kept)
    assert "Changed." in build._change(kept, fresh)


def test_data_are_the_same_up_to_the_last_digits(tmp_path):
    kept, fresh = tmp_path / "kept.check", tmp_path / "fresh.check"
    one = catalogue()["pairwise"]
    first, *others = one.answers["value"]

    def changed(factor, about):
        leaves = tuple(factor * leaf for leaf in first.leaves)
        answers = (replace(first, leaves=leaves), *others)
        data = released.encode([replace(one, answers={**one.answers, "value": answers})])
        fresh.write_bytes(check_file.encode(about, data))
        return release_data.difference(kept, fresh)

    kept.write_bytes(check_file.encode(outline(), released.encode([one]), "0.0.1"))
    assert changed(np.float32(1), outline()) == changed(np.float32(1 + 1e-6), outline()) == ""
    assert changed(np.float32(1.1), outline()) == "other data of pairwise"
    assert changed(1, replace(outline(), title="T")) == "another outline of the course"


def test_all_that_is_released_beside_notebooks_is_small(capsys):
    sizes = {path.stem: path.stat().st_size for path in RELEASED if path.suffix == ".check"}
    with capsys.disabled():
        print(f"\n{sum(sizes.values()):,} bytes of data beside the notebooks: {sizes}")
    assert len(sizes) == len(outline().modules)
    assert sum(sizes.values()) < LARGEST


def test_an_outline_that_changed_is_put_into_every_file(tmp_path):
    for path in RELEASED:
        if path.name in ("vmap.check", "grad.check"):
            shutil.copy(path, tmp_path)
    about = replace(outline(), title="Another title")
    paths = sorted(tmp_path.iterdir())
    before = [check_file.read(path).packed for path in paths]
    assert release_data.update_outline(about, paths) == paths
    assert release_data.update_outline(about, paths) == []
    assert [check_file.read(path).outline for path in paths] == [about, about]
    assert [check_file.read(path).packed for path in paths] == before
