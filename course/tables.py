"""The tables about the whole course in `docs/`, made from the masters and the built lessons."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import nbformat

from autograder.authoring import build, master
from autograder.authoring.course import Course
from autograder.authoring.master import Master
from autograder.judge import program, requirements
from autograder.judge.devices import PLATFORMS
from autograder.judge.specification import Exercise, views_of
from autograder.judge.views import VIEWS, Case, Export
from autograder.problem import Problem
from course import coursemap
from course.pictures import vector

REQUIREMENTS = """\
# What an exercise can ask for

Made by `autograder build` from `autograder/judge/requirements/`, whose docstrings say the rest. What is
**reported** can be seen by the student's own process only; the build refuses an exercise that hangs
more than a quarter of its points on it.
"""
MODULES = """\
# The modules

Made by `autograder build`. Words are those of the lesson's text, minutes those of the assignment's
prompts, seconds what the lesson took to run where it was built.
"""
PORTABILITY = """\
# Every reference of the course on every platform

Made by `autograder build` on a machine with a CPU: for each exercise, whether its reference lowers
for each platform alone. That a program lowers says that XLA's compiler for that platform will be
given a program it knows how to read; not that it is fast there, fits into memory, or gives the same
digits. Where there is a GPU, `uv run pytest -m gpu` runs every reference on it.
"""


def write(course: Course, target: Path) -> list[Path]:
    """Write the tables and the map of the course into the target's `docs`.

    The lessons have to be built before, in the target or in the course. `autograder build` calls
    this, see `after_build` in `course.toml`.
    """
    masters = [master.load(path) for path in build.masters(course.root)]
    mishaps = runpy.run_path(str(course.root / "tests" / "mishaps.py"))["document"]
    texts = {
        "requirements.md": requirements_table(),
        "modules.md": modules_table(masters, [target / "course", course.root / "course"]),
        "portability.md": portability_table(
            spec for one in masters for spec in one.exercises.values()
        ),
        "mishaps.md": mishaps(),
    }
    folder = target / "docs"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    drawn, _ = vector.svg(coursemap.draw(coursemap.modules(course.root)))
    (folder / "course_map.svg").write_text(drawn, encoding="utf-8")
    return [folder / name for name in (*texts, "course_map.svg")]


def requirements_table() -> str:
    """What each requirement sees and cannot see, and where its evidence comes from."""
    rows = []
    for name, kind in requirements.KNOWN.items():
        sees = re.split(r" Reasons?: ", (kind.__doc__ or "").split("\n\n")[0])[0]
        evidence = "; ".join(VIEWS[view].evidence for view in kind.views)
        rows.append([f"`{name}`", " ".join(sees.split()), kind.blind, evidence])
    header = ["requirement", "what it sees", "what it cannot see", "where the evidence comes from"]
    return REQUIREMENTS + _table(header, rows)


def modules_table(masters: Sequence[Master], courses: Sequence[Path]) -> str:
    """A row per module: its lesson and its assignment in numbers.

    Args:
        masters: of all assignments.
        courses: the folders with the built lessons; the first that has one counts.

    Raises:
        Problem: a lesson was not built.
    """
    rows: list[list[Any]] = []
    for one in masters:
        built = [folder / f"{one.assignment}.ipynb" for folder in courses]
        path = next((path for path in built if path.is_file()), None)
        if path is None:
            raise Problem(f"{built[-1]} is not there: run `autograder build` for all modules.")
        lesson = nbformat.read(path, as_version=4)
        text = [cell.source for cell in lesson.cells if cell.cell_type == "markdown"]
        outputs = [out for cell in lesson.cells for out in cell.get("outputs", [])]
        rows.append(
            [
                one.assignment,
                sum(len(re.findall(r"[^\W_][\w'’-]*", source)) for source in text),
                sum("image/png" in out.get("data", {}) for out in outputs),
                sum("predicted(" in cell.source for cell in lesson.cells),
                len(one.prompts),
                f"{one.points:g}",
                one.minutes,
                sum(len(spec.wrong_answers) for spec in one.exercises.values()),
                lesson.metadata["seconds"],
            ]
        )
    header = ["module", "words", "pictures", "predictions", "exercises", "points", "minutes"]
    return MODULES + _table([*header, "wrong answers", "seconds"], rows)


def portability_table(exercises: Iterable[Exercise]) -> str:
    """A row an exercise that has a program: what its reference lowers for."""
    rows = []
    for spec in exercises:
        if any(isinstance(VIEWS[view], Export) for view in views_of(spec.requires)):
            case = Case("value", spec.draws(spec.sizes)[0])
            cells = [_lowers(spec, case, platform) for platform in PLATFORMS.values()]
            rows.append([f"`{spec.name}`", *cells])
    return PORTABILITY + _table(["reference", *PLATFORMS.values()], rows)


def _lowers(spec: Exercise, case: Case, platform: str) -> str:
    try:
        program.lower(spec.reference, spec.draw(0, case.draw), case, platform)
    except Exception as error:
        return f"no: {type(error).__name__}"
    return "yes"


def _table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n" + "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines) + "\n"
