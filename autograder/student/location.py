"""Finds the files that `check` reads beside the notebook, whichever program opened it.

The environment variable `AUTOGRADER_DATA` names another folder. If a notebook contains its own
data, its first cell sets this variable.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from autograder.problem import Problem
from autograder.student import check_file
from autograder.student.check_file import SUFFIX
from autograder.student.outline import Outline

VARIABLE = "AUTOGRADER_DATA"
NEWER = re.compile(r"(.+) \(new(?: \d+)?\)\.ipynb")
DEPTH = 2
"""How many levels of folders below the working folder a command searches."""


def of_notebook(variables: Mapping[str, Any]) -> list[Path]:
    """The files beside the running notebook, the most likely one first.

    Args:
        variables: the variables of the notebook.
    """
    paths = [path for notebook in _notebooks(variables) for path in beside(notebook)]
    return list(dict.fromkeys(paths))


def beside(notebook: Path) -> list[Path]:
    """The files in a notebook's folder, its own first."""
    files = _sorted(notebook.parent.glob(f"*{SUFFIX}"))
    # A copy, such as `vmap-Copy1.ipynb`, takes the file of the notebook that it is a copy of.
    return sorted(files, key=lambda path: -len(path.stem) * notebook.stem.startswith(path.stem))


def near(folder: Path) -> list[Path]:
    """The files in the folder of a command; if it has none, those below it, or else above it."""
    if files := below(folder):
        return files
    above = (_sorted(parent.glob(f"*{SUFFIX}")) for parent in folder.parents)
    return next(filter(None, above), [])


def below(folder: Path) -> list[Path]:
    """The files in a folder; if it has none, those in the folders below it."""
    if files := _sorted(folder.glob(f"*{SUFFIX}")):
        return files
    globs = (folder.glob("*/" * depth + f"*{SUFFIX}") for depth in range(1, DEPTH + 1))
    return [path for paths in globs for path in _sorted(paths)]


def outline_near(folder: Path) -> Outline:
    """The outline of the course in the folder of a command.

    Raises:
        Problem: there is no course, or more than one.
    """
    outlines = [check_file.read(path).outline for path in near(folder)]
    if not outlines:
        raise nothing_found()
    courses = sorted({outline.course for outline in outlines})
    if len(courses) > 1:
        raise Problem(
            f"There are several courses here, {', '.join(courses)}: go to the folder of one of "
            "them."
        )
    return outlines[0]


def nothing_found() -> Problem:
    """The message of a command that finds no file."""
    return Problem(
        f"There is no file here that ends in {SUFFIX}: go to the folder of the course, or of one "
        "of its notebooks."
    )


def first_folder(variables: Mapping[str, Any]) -> Path:
    """The folder that is searched first for the running notebook's files."""
    return next(_notebooks(variables)).parent


def make_importable() -> None:
    """Let a lesson import from its course's folder, as in VS Code, where no PYTHONPATH is set."""
    variables: Mapping[str, Any] = {}
    if "IPython" in sys.modules:
        from IPython import get_ipython

        variables = getattr(get_ipython(), "user_ns", {})
    for path in of_notebook(variables)[:1]:
        with contextlib.suppress(Problem):  # the function that needs the data reports the problem
            if check_file.read(path).lesson and str(path.parents[1]) not in sys.path:
                sys.path.append(str(path.parents[1]))


def newer(folder: Path) -> list[tuple[Path, Path]]:
    """Notebooks of a learner's folder with the newer version that an update put beside them."""
    pairs = []
    for depth in range(DEPTH + 1):
        for path in _sorted(folder.glob("*/" * depth + "* (new*).ipynb")):
            name = NEWER.fullmatch(path.name)
            if name and (path.parent / f"{name[1]}.ipynb").is_file():
                pairs.append((path.parent / f"{name[1]}.ipynb", path))
    return pairs


def _notebooks(variables: Mapping[str, Any]) -> Iterator[Path]:
    """The paths that the running notebook may have; `_` stands for an unknown name.

    JupyterLab tells the kernel the path in `JPY_SESSION_NAME`, VS Code in a variable of the
    notebook, and a script has `__file__`. IPython knows the folder in which the kernel started,
    also after a `%cd`.
    """
    names = [variables.get("__vsc_ipynb_file__"), os.environ.get("JPY_SESSION_NAME")]
    if folder := os.environ.get(VARIABLE):
        yield Path(folder).expanduser().absolute() / "_"
    for name in (*names, variables.get("__file__")):
        if isinstance(name, str) and name:
            yield Path(name).absolute()
    if "IPython" in sys.modules:
        from IPython import get_ipython

        for folder in getattr(get_ipython(), "user_ns", {}).get("_dh", [])[:1]:
            yield Path(folder) / "_"
    yield Path.cwd() / "_"


def _sorted(files: Iterator[Path]) -> list[Path]:
    return sorted(path for path in files if path.is_file())
