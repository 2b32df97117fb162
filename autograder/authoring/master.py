"""A master: the text of an assignment, in which prompts, references and specifications stand.

A master is a jupytext percent file whose cells carry short tags: `assignment` and `points` on
the title; `exercise`, `stars`, `importance`, `minutes` and `points` on a prompt; `given`,
`solution` and `check` on code, `written` on a text to be graded by hand. This file reads them,
checks that they fit together, and turns them into nbgrader's metadata.
"""

from __future__ import annotations

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

from autograder.authoring import faults
from autograder.judge import meshes, specification
from autograder.judge.requirements import reported
from autograder.judge.specification import Exercise, Size
from autograder.problem import Problem
from autograder.student import learner
from autograder.student.released import Prompt

HINTS = 'Stuck? `hint("{name}")` shows one hint at a time. '
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
SEAT = """\
`reset("{name}")`, run in place of
an answer, brings back what stood there. After the kernel was restarted, run the cells above the
one you work on: *Run → Run All Above Selected Cell*.\
"""


@dataclass(frozen=True)
class Master:
    """An assignment as its author wrote it.

    Attributes:
        path: of the `.py` file.
        assignment: the folder's name, such as `02_newton`.
        points: of the whole assignment, written answers included.
        minutes: likewise.
        facts: of every exercise by name, in the order of the notebook.
        exercises: the specifications by name.
        notebook: nbgrader's source notebook.
    """

    path: Path
    assignment: str
    points: float
    minutes: int
    facts: dict[str, Prompt]
    exercises: dict[str, Exercise]
    notebook: NotebookNode

    @property
    def prompts(self) -> frozenset[str]:
        """The texts of the cells that nbgrader does not know, as students get them."""
        cells = [cell for cell in self.notebook.cells if "nbgrader" not in cell.metadata]
        return frozenset(str(cell.source).strip() for cell in cells)


def load(path: Path) -> Master:
    """Read a master, run it once to collect its specifications, and check it.

    Raises:
        Problem: the file is not there, fails when it is run, or its parts do not fit together.
    """
    cells, tags = faults.read(path)
    faults.require(faults.of_tags(path, tags))
    facts = _facts(cells, tags, path)
    exercises = {
        name: replace(spec, source=_source(cells, tags, name))
        for name, spec in _specifications(path).items()
    }
    title = next(tag for tag in tags if "assignment" in tag)
    points, minutes = float(title["points"]), sum(tag.get("minutes", 0) for tag in tags)
    seat = HINTS * any(spec.hints for spec in exercises.values()) + SEAT
    whole = f"**{points:g} points** · about {minutes} minutes\n\n{seat.format(name=[*facts][-1])}"
    notebook = _notebook(cells, tags, facts, whole)
    master = Master(path, title["assignment"], points, minutes, facts, exercises, notebook)
    faults.require(_mistakes(master))
    return master


def prompts(path: Path) -> list[Prompt]:
    """What the prompts of a master's exercises say, from its text alone.

    Raises:
        Problem: it cannot be read.
    """
    return list(_facts(*faults.read(path), path).values())


def _facts(cells: list[NotebookNode], tags: list[dict[str, Any]], path: Path) -> dict[str, Prompt]:
    facts = {}
    for cell, tag in zip(cells, tags, strict=True):
        if "exercise" in tag:
            title = cell.source.splitlines()[0].lstrip("# ")
            name = tag["exercise"]
            said = {key: tag[key] for key in ("stars", "importance", "minutes", "points")}
            facts[name] = Prompt(path.parent.name, name, title, **said)
    return facts


def _source(cells: list[NotebookNode], tags: list[dict[str, Any]], name: str) -> str:
    """The code that an exercise depends on: its own, what is given, other answers that it uses."""
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
    # What a master prints is of no interest; what it raises is.
    quiet = contextlib.redirect_stdout(io.StringIO())
    # Too late in a process that computes already, and needed for meshes only.
    with contextlib.suppress(Problem):
        meshes.simulate_devices()
    with specification.collecting() as collected, learner.silence(), quiet:
        try:
            runpy.run_path(str(path))
        except (Exception, SystemExit) as error:
            raise Problem(
                f"{path} fails when it is run: {type(error).__name__}: {error}"
            ) from error
    return {spec.name: spec for spec in collected}


def _mistakes(master: Master) -> Iterator[str]:
    """A sentence for each exercise that could not be judged well."""
    for name in master.facts:
        if name not in master.exercises:
            yield (
                f"{master.path}: {name} has no reference: its check cell needs exercise({name}, …)."
            )
            continue
        spec = master.exercises[name]
        if master.facts[name].is_fast_track and not spec.is_question:
            yield (
                f"{master.path}: {name} has no points, which is for the question of the fast track "
                "alone."
            )
        ends = _sizes((*spec.sizes[:1], *spec.sizes[-1:]))
        if len(spec.sizes) < 2 or ends & _sizes(spec.public_sizes):
            yield (
                f"{master.path}: {name} needs two batch sizes or more, the first and the last of "
                f"them none of {spec.public_sizes}."
            )
        if sum(want.share for want in spec.requires if want.reported) > reported.MOST:
            yield (
                f"{master.path}: {name} hangs more than {reported.MOST:.0%} of its points on what "
                "the student's own process reports: keep one such requirement."
            )


def _sizes(sizes: Sequence[Size]) -> set[int]:
    """Every size that can be drawn."""
    return {one for size in sizes for one in (size if isinstance(size, range) else (size,))}


def _notebook(
    cells: list[NotebookNode], tags: list[dict[str, Any]], facts: dict[str, Prompt], whole: str
) -> NotebookNode:
    made = []
    for number, (cell, tag) in enumerate(zip(cells, tags, strict=True)):
        cell = cell.copy()
        cell.metadata = NotebookNode()
        cell.id = f"cell-{number:02}"
        if "assignment" in tag:
            cell.source += f"\n\n{whole}"
        elif "exercise" in tag:
            title, _, rest = cell.source.partition("\n")
            cell.source = f"{title}\n{_badge(facts[tag['exercise']])}\n{rest}"
        elif kind := next(
            (kind for kind in ("given", "solution", "check", "written") if kind in tag), ""
        ):
            cell.metadata["nbgrader"] = _nbgrader(kind, tag, cell.cell_type, facts)
            cell.id = cell.metadata["nbgrader"]["grade_id"]
        made.append(cell)
    return new_notebook(cells=made, metadata={"kernelspec": KERNEL})


def _badge(facts: Prompt) -> str:
    stars = "★" * facts.stars + "☆" * (3 - facts.stars)
    dots = "●" * facts.importance + "○" * (3 - facts.importance)
    noun = "point" if facts.points == 1 else "points"
    return f"difficulty {stars} · importance {dots} · {facts.minutes} min · {facts.points:g} {noun}"


def _nbgrader(
    kind: str, tag: dict[str, Any], cell_type: str, facts: dict[str, Prompt]
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
        metadata["points"] = facts[name].points if name in facts else 0
    elif kind == "written":
        metadata["points"] = tag["points"]
    return metadata
