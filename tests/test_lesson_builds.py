"""A lesson is executed where something changed that its outputs come from, and only there."""

import nbformat
import pytest
from nbformat.v4 import new_output

from autograder.authoring import build, kernel, lessons

LESSON = """\
# %% [markdown]
# # 1. Numbers

# %%
from helpers import one

one()
"""


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of one lesson, which imports a file that imports another one."""
    (tmp_path / "course").mkdir()
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "course" / "01_numbers.py").write_text(LESSON)
    (tmp_path / "helpers.py").write_text("from deeper import one\n")
    (tmp_path / "deeper.py").write_text("def one():\n    return 1\n")
    (tmp_path / "deeper.css").write_text("p {}\n")
    (tmp_path / "unrelated.py").write_text("x = 1\n")
    executions = []

    def execute(notebook, *_):
        executions.append(notebook)
        for number, cell in enumerate(notebook.cells):
            if cell.cell_type == "code":
                printed = f"execution {len(executions)}\n"
                cell.outputs = [new_output("stream", name="stdout", text=printed)]
                cell.execution_count = number

    monkeypatch.setattr(kernel, "execute", execute)
    return tmp_path


def printed(course, target=None):
    """What the lesson's notebook shows once it is built."""
    lesson = course / "course" / "01_numbers.py"
    built = nbformat.read(build.build_lesson(lesson, course, target or course), as_version=4)
    cells = [cell for cell in built.cells if "helpers" in cell.source]
    return "".join(output.text for cell in cells for output in cell.outputs)


def test_a_lesson_that_did_not_change_keeps_its_outputs(course, tmp_path_factory):
    assert printed(course) == "execution 1\n"
    assert printed(course) == "execution 1\n"
    (course / "unrelated.py").write_text("x = 2\n")
    assert printed(course) == "execution 1\n"
    assert printed(course, tmp_path_factory.mktemp("target")) == "execution 1\n"


def test_jupyterlab_is_told_the_kernel_of_a_lesson_that_names_none(course):
    built = build.build_lesson(course / "course" / "01_numbers.py", course, course)
    assert nbformat.read(built, as_version=4).metadata.kernelspec.name == "python3"


@pytest.mark.parametrize("file", ["course/01_numbers.py", "helpers.py", "deeper.py", "deeper.css"])
def test_a_lesson_is_executed_again_where_it_or_what_it_imports_changed(course, file):
    printed(course)
    with (course / file).open("a") as text:
        text.write("\nmore = 1\n")
    assert printed(course) == "execution 2\n"


def test_what_a_lesson_needs_includes_the_files_that_its_modules_open(course):
    found = lessons.files_of(course / "course" / "01_numbers.py", course)
    assert course / "deeper.css" in found
    assert not any(path.suffix == ".ipynb" for path in found)


def test_a_lesson_is_executed_again_where_a_version_changed(course, monkeypatch):
    printed(course)
    monkeypatch.setattr(lessons, "PACKAGES", ("jax",))
    lessons.versions.cache_clear()
    assert printed(course) == "execution 2\n"
    lessons.versions.cache_clear()


def test_settings_that_outputs_depend_on_are_part_of_the_hash(course):
    lesson = course / "course" / "01_numbers.py"
    assert lessons.hash_of(lesson, course, {"A": "1"}) != lessons.hash_of(lesson, course)
    assert lessons.hash_of(lesson, course, {"A": "1"}) == lessons.hash_of(
        lesson, course, {"A": "1"}
    )


@pytest.mark.parametrize("text", ["", "{}", "{", '{"cells": []}'])
def test_a_built_notebook_that_is_damaged_is_made_anew(course, text):
    printed(course)
    (course / "course" / "01_numbers.ipynb").write_text(text)
    assert printed(course) == "execution 2\n"


def test_a_lesson_whose_imports_cannot_be_told_is_executed_each_time(course):
    (course / "course" / "01_numbers.py").write_text(f"{LESSON}\n# %%\nawait one()\n(\n")
    assert printed(course) == "execution 1\n"
    assert printed(course) == "execution 2\n"


def test_what_another_machine_built_has_not_drifted(course, monkeypatch):
    lesson = course / "course" / "01_numbers.py"
    printed(course)
    monkeypatch.setattr(lessons, "versions", lambda: ["of another machine"])
    monkeypatch.setattr(
        build, "build", lambda root, _, target: [build.build_lesson(lesson, root, target)]
    )
    assert not list(build.drift(course))
