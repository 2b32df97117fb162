"""Where the data of `check` lie: beside the notebook, wherever that was opened.

The environment variable `AUTOGRADER_DATA` names another folder, as the first cell of a notebook
does that brings its data along.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from autograder.problem import Problem
from autograder.student import check_file
from autograder.student.check_file import SUFFIX
from autograder.student.outline import Outline

VARIABLE = "AUTOGRADER_DATA"
DEPTH = 2
"""How many folders below the one where a command is given are looked into."""


def of_notebook(variables: Mapping[str, Any]) -> list[Path]:
    """The files beside the notebook that is running, the likeliest first.

    Args:
        variables: the notebook's.
    """
    found = [path for notebook in _notebooks(variables) for path in beside(notebook)]
    return list(dict.fromkeys(found))


def beside(notebook: Path) -> list[Path]:
    """The files in a notebook's folder, its own first."""
    files = _sorted(notebook.parent.glob(f"*{SUFFIX}"))
    return sorted(files, key=lambda path: path.stem != notebook.stem)


def near(folder: Path) -> list[Path]:
    """The files in a folder where a command is given; below it, or above it, where it has none."""
    for here in (folder, *folder.parents):
        if files := _sorted(here.glob(f"*{SUFFIX}")):
            return files
        if here == folder:
            below = ("/".join(["*"] * depth) for depth in range(1, DEPTH + 1))
            if files := [path for way in below for path in _sorted(here.glob(f"{way}/*{SUFFIX}"))]:
                return files
    return []


def outline_near(folder: Path) -> Outline:
    """The outline of the course in a folder where a command is given.

    Raises:
        Problem: there is none, or more than one.
    """
    outlines = [check_file.read(path).outline for path in near(folder)]
    if not outlines:
        raise nothing_found()
    courses = sorted({one.course for one in outlines})
    if len(courses) > 1:
        raise Problem(
            f"Several courses are here, {', '.join(courses)}: go to the folder of one of them."
        )
    return outlines[0]


def nothing_found() -> Problem:
    """What is said in a terminal where no data are."""
    return Problem(
        f"No file of a course is here that ends in {SUFFIX}: go to the folder of the course, or to "
        "one with a notebook of it."
    )


def where(variables: Mapping[str, Any]) -> str:
    """The folder in which the running notebook's data are looked for first, for a sentence."""
    return str(next(_notebooks(variables)).parent)


def _notebooks(variables: Mapping[str, Any]) -> Iterator[Path]:
    """The paths that the running notebook may have; where only its folder is known, with no name.

    JupyterLab tells a kernel by `JPY_SESSION_NAME`, VS Code by a variable in the notebook, and a
    script has `__file__`. IPython knows where the kernel was started, whatever `%cd` did since.
    """
    named = [variables.get("__vsc_ipynb_file__"), os.environ.get("JPY_SESSION_NAME")]
    if folder := os.environ.get(VARIABLE):
        yield Path(folder).expanduser().absolute() / "_"
    for name in (*named, variables.get("__file__")):
        if isinstance(name, str) and name:
            yield Path(name).absolute()
    if "IPython" in sys.modules:
        from IPython import get_ipython

        for folder in getattr(get_ipython(), "user_ns", {}).get("_dh", [])[:1]:
            yield Path(folder) / "_"
    yield Path.cwd() / "_"


def _sorted(files: Iterator[Path]) -> list[Path]:
    return sorted(path for path in files if path.is_file())
