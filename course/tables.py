"""Writes the tables about the whole course in `docs/`, from masters and built lessons."""

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
from autograder.judge.specification import Exercise, views_of
from autograder.judge.views import ALL_PLATFORMS, VIEWS, Case, Export
from autograder.problem import Problem
from course import coursemap
from course.pictures import measured, vector

REQUIREMENTS = """\
# What an exercise can ask for

Made by `autograder build` from `autograder/judge/requirements/`; the docstrings there say more. What
is **reported** can be seen only by the student's own process; the build refuses an exercise that
gives more than a quarter of its points for it.
"""
MODULES = """\
# The modules

Made by `autograder build`. The words are those of the lesson, the minutes those of the assignment's
prompts, and the seconds how long the lesson ran on the machine that built it.
"""
PORTABILITY = """\
# Every reference of the course on every platform

Made by `autograder build` on a machine with a CPU: for each exercise, whether its reference lowers
for each platform. If it does, XLA's compiler for that platform gets a program that it can read. This
does not say that the program is fast there, fits into memory, or gives the same digits. On a GPU, `uv run pytest -m gpu` runs every reference on it.
"""
MEASURED = """
Measured by `benchmarks/on_gpu.sh` on {machine}, with {versions}: the last column is whether a
reference passes there against itself on the CPU. A class of {submissions} without two equal programs
was graded there with `device = "gpu"` in {seconds:.0f} s from a cold start, and {full} of them got
full points.
"""
WORDS = {True: "yes", False: "no", None: "not run"}


def write(course: Course, target: Path) -> list[Path]:
    """Write the tables and the map of the course into the target's `docs`.

    The lessons must be built before, in the target or in the course. `autograder build` calls this
    function, see `after_build` in `course.toml`.
    """
    masters = [master.load(path) for path in build.masters(course.root)]
    mishaps = runpy.run_path(str(course.root / "tests" / "mishaps.py"))["document"]
    texts = {
        "requirements.md": requirements_table(),
        "modules.md": modules_table(masters, [target / "course", course.root / "course"]),
        "portability.md": portability_table(
            spec for loaded in masters for spec in loaded.exercises.values()
        ),
        "mishaps.md": mishaps(),
    }
    folder = target / "docs"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    picture, _ = vector.svg(coursemap.draw(coursemap.modules(course.root)))
    (folder / "course_map.svg").write_text(picture, encoding="utf-8")
    return [folder / name for name in (*texts, "course_map.svg")]


def requirements_table() -> str:
    """One row per requirement: what it sees, what it cannot see, and where its evidence is from."""
    rows = []
    for name, kind in requirements.KNOWN.items():
        sees = re.split(r" Reasons?: ", (kind.__doc__ or "").split("\n\n")[0])[0]
        evidence = "; ".join(VIEWS[view].evidence for view in kind.views)
        rows.append([f"`{name}`", " ".join(sees.split()), kind.blind, evidence])
    header = ["requirement", "what it sees", "what it cannot see", "where the evidence comes from"]
    return REQUIREMENTS + _table(header, rows)


def modules_table(masters: Sequence[Master], courses: Sequence[Path]) -> str:
    """One row per module: its lesson and its assignment in numbers.

    Args:
        masters: the masters of all assignments.
        courses: folders with built lessons; each lesson is taken from the first that has it.

    Raises:
        Problem: a lesson was not built.
    """
    rows: list[list[Any]] = []
    for loaded in masters:
        built = [folder / f"{loaded.assignment}.ipynb" for folder in courses]
        path = next((path for path in built if path.is_file()), None)
        if path is None:
            raise Problem(f"{built[-1]} does not exist: run `autograder build` for all modules.")
        lesson = nbformat.read(path, as_version=4)
        text = [cell.source for cell in lesson.cells if cell.cell_type == "markdown"]
        outputs = [out.get("data", {}) for cell in lesson.cells for out in cell.get("outputs", [])]
        rows.append(
            [
                loaded.assignment,
                sum(len(re.findall(r"[^\W_][\w'’-]*", source)) for source in text),
                sum("<img " in "".join(data.get("text/html", "")) for data in outputs),
                sum("predicted(" in cell.source for cell in lesson.cells),
                len(loaded.prompts),
                f"{loaded.points:g}",
                loaded.minutes,
                sum(len(spec.wrong_answers) for spec in loaded.exercises.values()),
                lesson.metadata["seconds"],
            ]
        )
    header = ["module", "words", "pictures", "predictions", "exercises", "points", "minutes"]
    return MODULES + _table([*header, "wrong answers", "seconds"], rows)


def portability_table(exercises: Iterable[Exercise]) -> str:
    """One row per exercise that has a program: the platforms for which its reference lowers.

    There is one more column, and a sentence, if the references were run on a GPU.
    """
    found = measured.on_gpu()
    header, text, rows = ["reference", *ALL_PLATFORMS], PORTABILITY, []
    if found:
        header.append(f"passes on {found['gpu']}")
        text += MEASURED.format(**found, **found["class"])
    for spec in exercises:
        if any(isinstance(VIEWS[view], Export) for view in views_of(spec.requires)):
            cells = _lowers(spec)
            if found:
                cells.append(WORDS[found["references"].get(spec.name)])
            rows.append([f"`{spec.name}`", *cells])
    return text + _table(header, rows)


def _lowers(spec: Exercise) -> list[str]:
    """For each platform whether the reference lowers for it, or the error."""
    draw = spec.draws(spec.sizes)[0]
    arguments = spec.draw(0, draw)

    def answer(view: str, platform: str) -> str:
        try:
            program.lower(spec.reference, arguments, Case(view, draw), platform)
        except Exception as error:
            return f"no: {type(error).__name__}"
        return "yes"

    # Nearly every reference lowers for all platforms at once; only the others are told apart.
    if answer("everywhere", "") == "yes":
        return ["yes"] * len(ALL_PLATFORMS)
    return [answer("value", platform) for platform in ALL_PLATFORMS]


def _table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n" + "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines) + "\n"
