"""Makes every generated file of the course from its master, or says which have drifted.

For each assignment these are nbgrader's source notebook beside the master, the release for
students, made by nbgrader's own `generate_assignment`, and the files that `check` reads. For each
lesson it is the executed notebook. The functions under `after_build` in `course.toml` make more.
"""

from __future__ import annotations

import difflib
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.apps import NbGraderAPI

from autograder.authoring import (
    configuration,
    course,
    faults,
    kernel,
    lessons,
    master,
    release_data,
)
from autograder.authoring.course import Course, masters
from autograder.authoring.master import Master
from autograder.problem import Problem
from autograder.student import location, progress
from autograder.student.check_file import SUFFIX


def build_assignment(path: Path, root: Path, target: Path) -> list[Path]:
    """Build one assignment from its master.

    Args:
        path: the master.
        root: the course's folder, with `nbgrader_config.py`.
        target: where the files go, with the same layout as `root`.

    Returns:
        The files written.
    """
    loaded, about = master.load(path), course.read(root)
    faults.require(faults.of_exercises(path, loaded.exercises.values(), about.exercises))
    source = target / "solutions" / loaded.assignment / f"{path.stem}.ipynb"
    if target != root:
        # Other files here are released with the notebook, and nbgrader's steps need the master.
        shutil.copytree(path.parent, source.parent, dirs_exist_ok=True)
    relative = f"exercises/{loaded.assignment}/{path.stem}.ipynb"
    _write(loaded.notebook, source)
    released = _release(loaded, root, target)
    outline = release_data.outline(about, masters(root))
    data = release_data.write(loaded, source, target / relative, outline, about.class_edition)
    return [source, *dict.fromkeys([*released, *data])]


def _release(loaded: Master, root: Path, target: Path) -> list[Path]:
    """Let nbgrader make the release, without a gradebook, in the target's `exercises`."""
    config = configuration.read(root)
    config.CourseDirectory.root = str(target.resolve())
    config.GenerateAssignment.no_database = True
    config.GenerateAssignment.preprocessors = [
        step
        for step in config.GenerateAssignment.preprocessors
        if not str(step).endswith("SaveCells")
    ]
    config.GenerateAssignment.force = True
    config.ReleaseExporter.with_data = False  # the build writes them, and the old ones do not count
    result = NbGraderAPI(config=config).generate_assignment(loaded.assignment, create=False)
    if not result["success"]:
        raise Problem(f"nbgrader could not release {loaded.assignment}: {result['log']}")
    released = sorted((target / "exercises" / loaded.assignment).rglob("*"))
    return [path for path in released if path.is_file()]


def update_outlines(about: Course, target: Path) -> list[Path]:
    """Write the outline of the course, alone and into all data of `check`; the files written."""
    outline = release_data.outline(about, masters(about.root))
    data = [
        path
        for folder in ("solutions", "exercises")
        for path in target.glob(f"{folder}/*/*{SUFFIX}")
    ]
    return [
        release_data.write_outline(outline, target / "course"),
        *release_data.update_outline(outline, data),
    ]


def build_lesson(path: Path, root: Path, target: Path) -> Path:
    """Write the notebook of one lesson; its metadata say how many seconds it took to run.

    It is executed only if something has changed since the last build, see `lessons`.

    Raises:
        Problem: a cell that is not tagged `raises-exception` raised, or a picture has no
            description.
    """
    about = course.read(root)
    notebook = lessons.unexecuted(path, about)
    made_from = lessons.hash_of(path, root, about.lesson_environment)
    if not lessons.take_outputs(notebook, root / "course" / f"{path.stem}.ipynb", made_from):
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            variables = {
                **about.lesson_environment,
                **about.environment,
                # A build must not change anyone's progress, and no notebook may show it.
                progress.VARIABLE: f"{folder}/progress.json",
                location.VARIABLE: str(target / "course"),
            }
            kernel.execute(notebook, path, path.parent, variables)
        notebook.metadata["seconds"] = round(time.monotonic() - started)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.id == lessons.READ:  # who opens the lesson has not read it yet
            cell.update(outputs=[], execution_count=None)
        if any(map(_is_without_alt, cell.get("outputs", ()))):
            raise Problem(f"{path}: a picture has no description; give its figure a label.")
    notebook.metadata.pop("language_info", None)
    notebook.metadata[lessons.HASH] = made_from
    return _write(notebook, target / "course" / f"{path.stem}.ipynb")


def _is_without_alt(output: NotebookNode) -> bool:
    data = output.get("data", {})
    if any(
        'src="data:image/' in tag and not re.search(r'\balt="[^"]', tag) for tag in _images(data)
    ):
        return True
    return "image/png" in data and not output.metadata.get("image/png", {}).get("alt")


def _images(data: Mapping[str, Any]) -> list[str]:
    """The images in the HTML of an output."""
    return re.findall(r"<img\b[^>]*>", "".join(data.get("text/html", "")))


def build_overview(about: Course, target: Path) -> list[Path]:
    """Call the course's own functions under `after_build`; the files that they wrote."""
    written: list[Path] = []
    for hook in about.after_build:
        written += about.load(hook)(about, target)
    return written


def _write(notebook: NotebookNode, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


def build(root: Path, assignment: str | None = None, target: Path | None = None) -> list[Path]:
    """Build the course, or one module and the files about all modules; the files written.

    Raises:
        Problem: the course needs another version of JAX, or something in it does not fit.
    """
    target = target or root
    about = course.read(root)
    about.require_jax()
    about.require_modules()
    written = []
    for path in masters(root, assignment):
        written += build_assignment(path, root, target)
    written += update_outlines(about, target)
    for path in lessons.masters(root, assignment):
        written.append(build_lesson(path, root, target))
    return written + build_overview(about, target)


def drift(root: Path, assignment: str | None = None) -> Iterator[str]:
    """What would change if the course were built again, one line per file.

    The last digits of numbers, and the pictures and times of a lesson, are different on each
    machine and are ignored.
    """
    with tempfile.TemporaryDirectory() as folder:
        fresh_root = Path(folder)
        for fresh in build(root, assignment, fresh_root):
            name = fresh.relative_to(fresh_root)
            kept = root / name
            if not kept.exists():
                yield f"{name} is missing."
            elif change := _change(kept, fresh):
                yield f"{name} has drifted from its master: {change}"


def _change(kept: Path, fresh: Path) -> str:
    if kept.read_bytes() == fresh.read_bytes():
        return ""
    if fresh.suffix == SUFFIX:
        return release_data.difference(kept, fresh)
    old, new = (_comparable(path).splitlines() for path in (kept, fresh))
    lines = difflib.unified_diff(old, new, lineterm="", n=0)
    return next((line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")), "")


def _comparable(path: Path) -> str:
    if path.suffix == ".svg":
        # Another matplotlib draws other curves, so only the description of a drawing is compared.
        text = path.read_text(encoding="utf-8")
        return text.partition("<dc:description>")[2].partition("</dc:description>")[0]
    if path.suffix != ".ipynb":
        text = path.read_text(encoding="utf-8")
        # The last column of the table of modules is the seconds on the machine of the build.
        return re.sub(r"\d+ \|$", "… |", text, flags=re.MULTILINE)
    notebook = nbformat.read(path, as_version=4)
    for key in ("seconds", lessons.HASH):
        notebook.metadata.pop(key, None)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return str(nbformat.writes(notebook))
