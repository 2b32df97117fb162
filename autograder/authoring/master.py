"""A master: the text of an assignment with its prompts, references and specifications.

A master is a jupytext percent file whose cells have short tags: `assignment` and `points` on the
title; `exercise`, `stars`, `importance`, `minutes` and `points` on a prompt; `given`, `solution`
and `check` on code; `written` on a text that is graded by hand. This file reads the tags, checks
that they fit together, and turns them into nbgrader's metadata.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
import runpy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_notebook

from autograder.authoring import faults, rubric
from autograder.authoring.lessons import KERNEL
from autograder.judge import meshes, specification, variants
from autograder.judge.requirements import reported
from autograder.judge.specification import Exercise, Size
from autograder.judge.variants import Numbers
from autograder.problem import Problem
from autograder.student import personal
from autograder.student.released import Prompt
from autograder.student.silence import silence

HINTS = 'Stuck? `hint("{name}")` shows one hint at a time. '
SEAT = """\
`reset("{name}")`, run in place of
an answer, brings back what stood there. After the kernel was restarted, run the cells above the
one you work on: *Run → Run All Above Selected Cell*.\
"""


@dataclass(frozen=True)
class Master:
    """An assignment as its author wrote it.

    Attributes:
        path: the path of the `.py` file.
        assignment: the name of its folder, such as `02_newton`.
        points: the points of the whole assignment, written answers included.
        minutes: the minutes, likewise.
        prompts: the prompts of the exercises by name, in the order of the notebook.
        exercises: the specifications of the exercises by name.
        notebook: nbgrader's source notebook.
    """

    path: Path
    assignment: str
    points: float
    minutes: int
    prompts: dict[str, Prompt]
    exercises: dict[str, Exercise]
    notebook: NotebookNode

    @property
    def untagged_texts(self) -> frozenset[str]:
        """The texts of the cells that nbgrader does not know, as students get them."""
        cells = [cell for cell in self.notebook.cells if "nbgrader" not in cell.metadata]
        return frozenset(str(cell.source).strip() for cell in cells)


def load(path: Path) -> Master:
    """Read a master, run it once to collect its specifications, and check it.

    Raises:
        Problem: the file does not exist, fails when it is run, or its parts do not fit together.
    """
    cells, tags = faults.read(path)
    faults.require([*faults.of_tags(path, tags), *rubric.mistakes(path, cells, tags)])
    prompts = _prompts(cells, tags, path)
    exercises = {
        name: replace(spec, source=_source(cells, tags, name))
        for name, spec in _specifications(path).items()
    }
    title = next(tag for tag in tags if "assignment" in tag)
    points, minutes = float(title["points"]), sum(tag.get("minutes", 0) for tag in tags)
    seat = HINTS * any(spec.hints for spec in exercises.values()) + SEAT
    head = f"**{points:g} points** · about {minutes} minutes\n\n{seat.format(name=[*prompts][-1])}"
    notebook = _notebook(cells, tags, prompts, head)
    master = Master(path, title["assignment"], points, minutes, prompts, exercises, notebook)
    faults.require(_mistakes(master))
    return master


def read_prompts(path: Path) -> list[Prompt]:
    """The prompts of a master's exercises, read from its text without running it.

    Raises:
        Problem: it cannot be read.
    """
    return list(_prompts(*faults.read(path), path).values())


def _prompts(
    cells: list[NotebookNode], tags: list[dict[str, Any]], path: Path
) -> dict[str, Prompt]:
    prompts = {}
    for cell, tag in zip(cells, tags, strict=True):
        if "exercise" in tag:
            title = cell.source.splitlines()[0].lstrip("# ")
            name = tag["exercise"]
            numbers = {key: tag[key] for key in ("stars", "importance", "minutes", "points")}
            prompts[name] = Prompt(path.parent.name, name, title, **numbers)
    return prompts


def _source(cells: list[NotebookNode], tags: list[dict[str, Any]], name: str) -> str:
    """The code of an exercise, with the given code and the other answers that it uses."""
    used, before = {name}, set[str]()
    while used != before:
        before = set(used)
        code = "\n\n".join(
            cell.source
            for cell, tag in zip(cells, tags, strict=True)
            if cell.cell_type == "code"
            and tag.get("check", name) == name
            and tag.get("solution", name) in used
        )
        used |= {tag["solution"] for tag in tags if "solution" in tag} & set(
            re.findall(r"\w+", code)
        )
    return code


def _specifications(path: Path) -> dict[str, Exercise]:
    # What a master prints does not matter; what it raises does.
    quiet = contextlib.redirect_stdout(io.StringIO())
    # This fails if JAX has already started; only exercises on meshes need it.
    with contextlib.suppress(Problem):
        meshes.simulate_devices()
    drawn = personal.given_by(_numbers_in(path))
    with specification.collecting() as collected, silence(), drawn, quiet:
        try:
            runpy.run_path(str(path))
        except (Exception, SystemExit) as error:
            raise Problem(
                f"{path} fails when it is run: {type(error).__name__}: {error}"
            ) from error
    return {spec.name: spec for spec in collected}


def _numbers_in(path: Path) -> personal.Giver:
    """Gives a master the numbers of a question, which it specifies only below its answer."""

    def giver(question: str, of_master: dict[str, Any]) -> Numbers:
        for call in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(call, ast.Call) and call.args:
                written = {keyword.arg: keyword.value for keyword in call.keywords}
                if getattr(call.args[0], "value", "") == question and "numbers" in written:
                    code = compile(ast.Expression(written["numbers"]), str(path), "eval")
                    return variants.draw(question, eval(code, of_master), 1)[0]
        raise Problem(f"{path} has no question {question} with numbers=….")

    return giver


def _mistakes(master: Master) -> Iterator[str]:
    """A sentence for each exercise that cannot be judged well."""
    for name in master.prompts:
        if name not in master.exercises:
            yield (
                f"{master.path}: {name} has no reference: its check cell needs exercise({name}, …)."
            )
            continue
        spec = master.exercises[name]
        if master.prompts[name].is_fast_track and not spec.is_question:
            yield (
                f"{master.path}: {name} has no points; only the question of the fast track may "
                "have none."
            )
        ends = _sizes((*spec.sizes[:1], *spec.sizes[-1:]))
        if len(spec.sizes) < 2 or ends & _sizes(spec.public_sizes):
            yield (
                f"{master.path}: {name} needs two or more batch sizes; the first and the last "
                f"must not be in {spec.public_sizes}."
            )
        if sum(part.share for part in spec.requires if part.reported) > reported.MOST:
            yield (
                f"{master.path}: {name} gives more than {reported.MOST:.0%} of its points for what "
                "only the student's own process reports: keep one such requirement."
            )


def _sizes(sizes: Sequence[Size]) -> set[int]:
    """Every size that can be drawn."""
    return {number for size in sizes for number in (size if isinstance(size, range) else (size,))}


def _notebook(
    cells: list[NotebookNode], tags: list[dict[str, Any]], prompts: dict[str, Prompt], head: str
) -> NotebookNode:
    numbered = []
    for number, (cell, tag) in enumerate(zip(cells, tags, strict=True)):
        cell = cell.copy()
        cell.metadata = NotebookNode()
        cell.id = f"cell-{number:02}"
        if "assignment" in tag:
            cell.source += f"\n\n{head}"
        elif "exercise" in tag:
            title, _, rest = cell.source.partition("\n")
            cell.source = f"{title}\n{_badge(prompts[tag['exercise']])}\n{rest}"
        elif kind := next(
            (kind for kind in ("given", "solution", "check", "written") if kind in tag), ""
        ):
            cell.metadata["nbgrader"] = _nbgrader(kind, tag, cell.cell_type, prompts)
            cell.id = cell.metadata["nbgrader"]["grade_id"]
        numbered.append(cell)
    return new_notebook(cells=numbered, metadata={"kernelspec": KERNEL})


def _badge(prompt: Prompt) -> str:
    stars = "★" * prompt.stars + "☆" * (3 - prompt.stars)
    dots = "●" * prompt.importance + "○" * (3 - prompt.importance)
    points = f"{prompt.points:g} {'point' if prompt.points == 1 else 'points'}"
    return f"difficulty {stars} · importance {dots} · {prompt.minutes} min · {points}"


def _nbgrader(
    kind: str, tag: dict[str, Any], cell_type: str, prompts: dict[str, Prompt]
) -> dict[str, Any]:
    """nbgrader's cell metadata, see https://nbgrader.readthedocs.io/en/stable/contributor_guide/metadata.html."""
    name = tag[kind]
    metadata = {
        "schema_version": 3,
        "cell_type": cell_type,
        "grade_id": name if kind == "solution" else f"{kind}-{name}",
        "grade": kind in ("check", "written"),
        "solution": kind in ("solution", "written"),
        "locked": kind in ("given", "check"),
        "task": False,
    }
    if kind == "check":
        metadata["points"] = prompts[name].points if name in prompts else 0
    elif kind == "written":
        metadata["points"] = tag["points"]
    return metadata
