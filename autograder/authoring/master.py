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
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jupytext
from nbformat import NotebookNode
from nbformat.v4 import new_notebook

from autograder.authoring.tags import TAGS
from autograder.judge import meshes, specification
from autograder.judge.requirements import reported
from autograder.judge.specification import Exercise, Size
from autograder.problem import Problem
from autograder.student import learner
from autograder.student.public import Facts

SEAT = """

Stuck? `hint("{name}")` shows one hint at a time. `reset("{name}")`, run in place of
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
    facts: dict[str, Facts]
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
    if not path.is_file():
        raise Problem(f"There is no master at {path}: every assignment needs one.")
    try:
        read = jupytext.read(path)
    except Exception as error:
        raise Problem(f"{path} cannot be read as a master: {error}") from None
    tags = [_tags(cell, path) for cell in read.cells]
    facts = _facts(read.cells, tags, path)
    exercises = {
        name: replace(spec, source=_source(read.cells, tags, name))
        for name, spec in _specifications(path).items()
    }
    title = next((tag for tag in tags if "assignment" in tag), None)
    if title is None:
        raise Problem(f'{path}: the title cell needs the tags assignment="…" and points=….')
    points, minutes = float(title["points"]), sum(tag.get("minutes", 0) for tag in tags)
    whole = f"**{points:g} points** · about {minutes} minutes"
    notebook = _notebook(read.cells, tags, facts, whole)
    master = Master(path, title["assignment"], points, minutes, facts, exercises, notebook)
    _check(master, tags)
    return master


def _tags(cell: NotebookNode, path: Path) -> dict[str, Any]:
    tags = {key: value for key, value in cell.metadata.items() if key != "lines_to_next_cell"}
    kinds = [kind for kind in TAGS if kind in tags]
    if kinds and set(tags) != TAGS[kinds[0]]:
        raise Problem(
            f"{path}: a cell tagged {kinds[0]} has the tags {sorted(tags)}; "
            f"it needs {sorted(TAGS[kinds[0]])}."
        )
    return tags


def _facts(cells: list[NotebookNode], tags: list[dict[str, Any]], path: Path) -> dict[str, Facts]:
    facts = {}
    for cell, tag in zip(cells, tags, strict=True):
        if "exercise" in tag:
            title = cell.source.splitlines()[0].lstrip("# ")
            name = tag["exercise"]
            said = {key: tag[key] for key in ("stars", "importance", "minutes", "points")}
            facts[name] = Facts(path.parent.name, name, title, **said)
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


def _check(master: Master, tags: list[dict[str, Any]]) -> None:
    def refuse(words: str) -> None:
        raise Problem(f"{master.path}: {words}")

    if master.assignment != master.path.parent.name:
        refuse(f"the title says {master.assignment}, the folder {master.path.parent.name}.")
    total = sum(tag["points"] for tag in tags if "exercise" in tag or "written" in tag)
    if total != master.points:
        refuse(f"the points add up to {total:g}, the title says {master.points:g}.")
    for kind in ("solution", "check"):
        count = Counter(tag[kind] for tag in tags if kind in tag)
        for name in master.facts:
            if count[name] != 1:
                refuse(f"{name} needs one cell tagged {kind} and has {count[name]}.")
        for name in count.keys() - master.facts.keys():
            refuse(f'the {kind} of {name} has no prompt tagged exercise="{name}".')
    for name in master.facts:
        if name not in master.exercises:
            refuse(f"{name} has no reference: its check cell needs exercise({name}, …).")
        spec = master.exercises[name]
        if len(spec.hints) != 3:
            refuse(f"{name} has {len(spec.hints)} hints; it needs 3.")
        if master.facts[name].is_fast_track and not spec.is_question:
            refuse(f"{name} has no points, which is for the question of the fast track alone.")
        fewest = 2 if spec.is_question else 3
        if len(spec.wrong_answers) < fewest:
            listed = len(spec.wrong_answers)
            refuse(f"{name} lists {listed} wrong answers; it needs {fewest} or more.")
        ends = _sizes((*spec.sizes[:1], *spec.sizes[-1:]))
        if len(spec.sizes) < 2 or ends & _sizes(spec.public_sizes):
            refuse(
                f"{name} needs two batch sizes or more, the first and the last of them none of "
                f"{spec.public_sizes}."
            )
        if sum(want.share for want in spec.requires if want.reported) > reported.MOST:
            refuse(
                f"{name} hangs more than {reported.MOST:.0%} of its points on what the student's "
                "own process reports: keep one such requirement."
            )
        if not spec.explanation or not (spec.another or spec.is_question):
            refuse(f"{name} needs an explanation and another solution.")


def _sizes(sizes: Sequence[Size]) -> set[int]:
    """Every size that can be drawn."""
    return {one for size in sizes for one in (size if isinstance(size, range) else (size,))}


def _notebook(
    cells: list[NotebookNode], tags: list[dict[str, Any]], facts: dict[str, Facts], whole: str
) -> NotebookNode:
    made = []
    for number, (cell, tag) in enumerate(zip(cells, tags, strict=True)):
        cell = cell.copy()
        cell.metadata = NotebookNode()
        cell.id = f"cell-{number:02}"
        if "assignment" in tag:
            cell.source += f"\n\n{whole}"
            cell.source += SEAT.format(name=list(facts)[-1])
        elif "exercise" in tag:
            title, _, rest = cell.source.partition("\n")
            cell.source = f"{title}\n{_badge(facts[tag['exercise']])}\n{rest}"
        elif kind := next(
            (kind for kind in ("given", "solution", "check", "written") if kind in tag), ""
        ):
            cell.metadata["nbgrader"] = _nbgrader(kind, tag, cell.cell_type, facts)
            cell.id = cell.metadata["nbgrader"]["grade_id"]
        made.append(cell)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(cells=made, metadata={"kernelspec": kernel})


def _badge(facts: Facts) -> str:
    stars = "★" * facts.stars + "☆" * (3 - facts.stars)
    dots = "●" * facts.importance + "○" * (3 - facts.importance)
    noun = "point" if facts.points == 1 else "points"
    return f"difficulty {stars} · importance {dots} · {facts.minutes} min · {facts.points:g} {noun}"


def _nbgrader(
    kind: str, tag: dict[str, Any], cell_type: str, facts: dict[str, Facts]
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
