"""The class at a glance: scores, exercises and misconceptions, as a page with pictures."""

from __future__ import annotations

import io
import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup
from nbgrader.coursedir import CourseDirectory

from autograder.authoring.build import nbgrader_config
from autograder.classroom import gradebook as books
from autograder.classroom import log, page
from autograder.judge.verdict import Status
from autograder.markup import html

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#999999"
"""Passed, not passed, and not judged: told apart by those who see few colours too."""
MOST_SHOWN = 20
"""The misconceptions that the page lists."""


@dataclass(frozen=True)
class Report:
    """What a class did in one assignment.

    Attributes:
        assignment: its name.
        most: the points that can be had.
        scores: the points of each student, of answers given by hand too.
        statuses: for each exercise how often each status came.
        misconceptions: how many students wrote each listed wrong answer, by exercise and title.
        waiting: how many submissions wait for a person to grade something.
    """

    assignment: str
    most: float
    scores: dict[str, float]
    statuses: dict[str, Counter[str]]
    misconceptions: Counter[tuple[str, str]]
    waiting: int


def report(root: Path, assignment: str) -> Report:
    """Put together what the gradebook and `verdicts.jsonl` hold.

    Raises:
        Problem: nothing of the assignment was graded.
    """
    statuses: defaultdict[str, Counter[str]] = defaultdict(Counter)
    misconceptions: Counter[tuple[str, str]] = Counter()
    for record in log.newest(root, assignment):
        for exercise, verdict in record.verdicts.items():
            statuses[exercise][verdict.status] += 1
            if verdict.misconception:
                misconceptions[exercise, verdict.misconception] += 1
    course = CourseDirectory(config=nbgrader_config(root), root=str(root))
    with books.opened(course) as gradebook:
        most = books.assignment(gradebook, assignment).max_score
        submissions = gradebook.assignment_submissions(assignment)
        scores = {one.student.id: one.score for one in submissions}
        waiting = sum(one.needs_manual_grade for one in submissions)
    return Report(assignment, most, scores, dict(statuses), misconceptions, waiting)


def write_page(made: Report, path: Path, names: bool = False) -> None:
    """Write the report as one page.

    Args:
        made: the report.
        path: of the file, which is replaced.
        names: whether each student's score is listed; otherwise nobody can be told from it.
    """
    scores = sorted(made.scores.values())
    middle = statistics.median(scores) if scores else 0.0
    mean = statistics.fmean(scores) if scores else 0.0
    about = "No submission is in the gradebook."
    if scores:
        about = (
            f"{len(scores)} submissions, {made.most:g} points to be had: "
            f"median {middle:g}, mean {mean:.1f}, from {scores[0]:g} to {scores[-1]:g}."
        )
    waiting = (
        f"{made.waiting} of them wait for a person to grade something, such as a written "
        "answer, and count without it so far."
    )
    parts = [
        _paragraph(about),
        _paragraph(waiting) if made.waiting else "",
        Markup("<h2>Scores</h2>"),
        _figure(_scores(scores, made.most), f"How many students have how many of {made.most:g}"),
        Markup("<h2>Exercises</h2>"),
        _figure(_exercises(made), "For each exercise, how many passed and how many did not"),
        page.table(["exercise", "passed", "of", "otherwise"], _success(made)),
        Markup("<h2>Misconceptions</h2>"),
        _misconceptions(made),
    ]
    if names:
        rows = [[name, f"{score:g}"] for name, score in sorted(made.scores.items())]
        parts += [Markup("<h2>Students</h2>"), page.table(["student", "points"], rows)]
    page.write(path, f"{made.assignment}: the class at a glance", parts)


def _paragraph(words: str) -> Markup:
    return html("<p>{words}</p>", words=words)


def _success(made: Report) -> list[list[str]]:
    rows = []
    for exercise, counts in made.statuses.items():
        others = [f"{count} {status}" for status, count in counts.most_common()]
        passed = counts[Status.PASSED]
        said = ", ".join(one for one in others if not one.endswith(f" {Status.PASSED}"))
        rows.append([exercise, str(passed), str(counts.total()), said])
    return rows


def _misconceptions(made: Report) -> Markup:
    if not made.misconceptions:
        return _paragraph("Nobody wrote a wrong answer that is listed.")
    rows = [
        [exercise, f"an answer that {title}", str(count)]
        for (exercise, title), count in made.misconceptions.most_common(MOST_SHOWN)
    ]
    return page.table(["exercise", "looks like", "students"], rows)


def _new_figure(height: float) -> Figure:
    from matplotlib.figure import Figure  # half a second, which only a report has to wait for

    return Figure(figsize=(8, height), layout="constrained")


def _scores(scores: Sequence[float], most: float) -> Figure:
    figure = _new_figure(2.8)
    axes = figure.subplots()
    edges = [most * step / 10 for step in range(11)]
    heights = np.histogram(scores, edges)[0].tolist()
    bars = axes.bar(edges[:-1], heights, 0.92 * most / 10, align="edge", color=BLUE)
    axes.bar_label(bars, [str(height) if height else "" for height in heights])
    axes.set_xticks(edges)
    axes.set_xlabel("points")
    _plain(axes)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    return figure


def _exercises(made: Report) -> Figure:
    names = list(reversed(made.statuses))
    figure = _new_figure(0.9 + 0.36 * len(names))
    axes = figure.subplots()
    left = [0] * len(names)
    kinds = (("passed", BLUE), ("not passed", ORANGE), ("not judged", GREY))
    for kind, colour in kinds:
        wide = [_count(made.statuses[name], kind) for name in names]
        if any(wide):
            bars = axes.barh(names, wide, left=left, color=colour, label=kind)
            axes.bar_label(
                bars, [str(n) if n else "" for n in wide], label_type="center", color="w"
            )
            left = [a + b for a, b in zip(left, wide, strict=True)]
    figure.legend(loc="outside upper right", ncols=len(kinds), frameon=False)
    axes.set_xticks([])
    axes.tick_params(left=False)
    _plain(axes)
    axes.spines["bottom"].set_visible(False)
    return figure


def _count(counts: Counter[str], kind: str) -> int:
    passed = counts[Status.PASSED]
    fault = counts[Status.GRADER_FAULT] + counts[Status.UNREADABLE]
    rest = counts.total() - passed - fault
    return {"passed": passed, "not passed": rest, "not judged": fault}[kind]


def _plain(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)


def _figure(figure: Figure, label: str) -> Markup:
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    svg = drawn.getvalue()
    return html(
        '<figure role="img" aria-label="{label}">{svg}</figure>',
        label=label,
        svg=Markup(svg[svg.index("<svg") :]),
    )
