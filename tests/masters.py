"""The course under test: its folder, its masters, its exercises and their data, loaded once."""

import copy
import functools
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.authoring import master
from autograder.authoring.build import masters
from autograder.authoring.master import Master
from autograder.judge.specification import Exercise
from autograder.student import check_file, released
from autograder.student.outline import Outline
from autograder.student.released import ReleasedExercise

ROOT = Path(__file__).parents[1]


@functools.cache
def loaded() -> tuple[Master, ...]:
    return tuple(master.load(path) for path in masters(ROOT))


def answered(assignment: str, released: NotebookNode | None = None) -> NotebookNode:
    """The released notebook of an assignment with the reference in every solution cell.

    Args:
        assignment: the name of its folder.
        released: another form of it.
    """
    (path,) = (ROOT / "exercises" / assignment).glob("*.ipynb")
    source = nbformat.read(ROOT / "solutions" / assignment / path.name, as_version=4)
    references = {cell.id: cell.source for cell in source.cells}
    notebook = copy.deepcopy(released) or nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = references[cell.id]
    return notebook


def exercises() -> list[Exercise]:
    return [spec for one in loaded() for spec in one.exercises.values()]


@functools.cache
def catalogue() -> dict[str, ReleasedExercise]:
    """The exercises of the whole course, by name, as learners on their own get them."""
    return released.catalogue(sorted(ROOT.glob("solutions/*/*.check")))


@functools.cache
def outline() -> Outline:
    """The outline of the course, from the file beside the lessons."""
    (path,) = ROOT.glob("course/*.check")
    return check_file.read(path).outline
