"""The files that a learner gets of a course, by their paths in the learner's folder.

They are the start page, the lessons without outputs, the exercises, and what lessons import and
show; no master, no solution, and no answer before its question.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograder.authoring.course import Course
from autograder.problem import Problem
from autograder.student import check_file
from autograder.student.check_file import SUFFIX
from autograder.student.outline import Lesson, Outline

START = "start.ipynb"
LINK = re.compile(r"(?<=\]\()([^()\s:#]+)(?=[)#\s])")
"""The target of a link or a picture in Markdown, if it is a relative path."""


def require_released(about: Course) -> None:
    """Make sure that no exercise holds an answer, since authors try exercises too."""
    from autograder.student import released

    for path in sorted(about.root.glob(f"exercises/*/*{SUFFIX}")):
        notebook = path.with_suffix(".ipynb")
        cells = {
            cell.get("id"): "".join(cell["source"]) for cell in cells_of(notebook.read_bytes())
        }
        for exercise in released.read(check_file.read(path)):
            name = exercise.prompt.name
            if cells.get(name) != exercise.stub:
                raise Problem(
                    f"{notebook} is not as it was released, {name} differs: run `autograder build "
                    f"{path.parent.name}`."
                )


def contents(about: Course) -> dict[str, bytes]:
    """The files of a learner's folder, by their paths in it.

    Raises:
        Problem: the course is not built, or a lesson cannot be handed out.
    """
    import nbformat

    from autograder.authoring import handout, lessons

    files: dict[str, bytes] = {}
    handed_out: dict[str, Lesson] = {}
    needed = set(about.readable)
    masters = lessons.masters(about.root)
    for path in masters:
        notebook, lesson = handout.handed_out(lessons.unexecuted(path, about), path.stem)
        needed.update(imported(path, about.root))
        is_start = path.with_suffix(".ipynb").name == START
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                needed.update(_linked(cell.source, path.parent))
                if is_start:  # it is one level higher than its master
                    cell.source = LINK.sub(_one_level_higher, cell.source)
        name = START if is_start else f"course/{path.stem}.ipynb"
        files[name] = f"{nbformat.writes(notebook)}\n".encode()
        if not is_start:
            handed_out[path.stem] = lesson
    outline = _outline(about, handed_out)
    for name, lesson in handed_out.items():
        files[f"course/{name}{SUFFIX}"] = check_file.encode_lesson(outline, lesson)
    files |= _exercises(about, outline)
    for path in sorted(needed):
        for file in _files_in(path):
            name = Path(os.path.relpath(file, about.root)).as_posix()
            if file not in masters and not name.startswith(("../", "solutions/")):
                files.setdefault(name, file.read_bytes())
    return files


def _files_in(path: Path) -> list[Path]:
    """The files in a folder that readers need, or the file; not what is made from masters."""
    return [
        file
        for file in (sorted(path.rglob("*")) if path.is_dir() else [path])
        if file.is_file()
        and file.suffix not in (".ipynb", SUFFIX, ".toml")
        and not {"__pycache__", ".ipynb_checkpoints"} & set(file.parts)
    ]


def _outline(about: Course, handed_out: Mapping[str, Lesson]) -> Outline:
    path = about.root / "course" / f"{about.id}{SUFFIX}"
    if not path.is_file():
        raise Problem(f"{path} does not exist: run `autograder build`.")
    outline = about.dated(check_file.read(path).outline)
    counts = {name: len(lesson.predictions) for name, lesson in handed_out.items()}
    modules = (replace(one, predictions=counts.get(one.name, 0)) for one in outline.modules)
    return replace(outline, modules=tuple(modules))


def _exercises(about: Course, outline: Outline) -> dict[str, bytes]:
    files = {}
    for module in outline.modules:
        notebook = about.root / module.exercises
        data = about.data_for_learners(module.exercises)
        if not (notebook.is_file() and data.is_file()):
            raise Problem(f"{notebook} or its data do not exist: run `autograder build`.")
        file = check_file.read(data)
        others = {path: path.read_bytes() for path in _files_in(notebook.parent)}
        others |= {
            notebook: _without_outputs(notebook),
            notebook.with_suffix(SUFFIX): check_file.encode(outline, file.packed, file.version),
        }
        for path, content in others.items():
            files[path.relative_to(about.root).as_posix()] = content
    return files


def _without_outputs(path: Path) -> bytes:
    content = path.read_bytes()
    cells = cells_of(content)
    if not cells:
        raise Problem(f"{path} is damaged: run `autograder build`.")
    for cell in cells:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    return text_of({**json.loads(content), "cells": cells})


def cells_of(content: bytes) -> list[dict[str, Any]]:
    """The cells of a notebook; none if it is damaged."""
    try:
        cells: list[dict[str, Any]] = json.loads(content)["cells"]
        for cell in cells:
            cell["source"] = "".join(cell["source"])
            cell["cell_type"]
    except (ValueError, KeyError, TypeError):
        return []
    return cells


def text_of(notebook: Mapping[str, Any]) -> bytes:
    """A notebook as the content of its file."""
    return f"{json.dumps(notebook, indent=1, ensure_ascii=False)}\n".encode()


def imported(lesson: Path, root: Path) -> list[Path]:
    """The files in the course's folder that a lesson imports, but for the grader itself."""
    from autograder.authoring import lessons

    files = lessons.files_of(lesson, root, excludes=["autograder"]) or []
    return [path for path in files if path != lesson]


def _linked(source: str, folder: Path) -> Iterator[Path]:
    """The files that a cell shows or links to, which lie in the course; notebooks come anyway."""
    for target in LINK.findall(source):
        path = Path(os.path.normpath(folder / target))
        if path.suffix not in (".ipynb", ".py") and path.is_file():
            yield path


def _one_level_higher(target: re.Match[str]) -> str:
    return Path(os.path.normpath(Path("course", target[0]))).as_posix()
