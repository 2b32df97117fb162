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
"""Passed, not passed, and not judged; colour-blind readers can tell them apart too."""
MOST_SHOWN = 20
"""How many misconceptions the page lists."""


@dataclass(frozen=True)
class Report:
    """The results of a class in one assignment.

    Attributes:
        assignment: its name.
        most: the most points that a student can get.
        scores: the points of each student, with those that a person gave.
        statuses: for each exercise, how many answers have each status.
        misconceptions: how many students have each misconception, by exercise and title.
        waiting: how many submissions wait for a person to grade something.
    """

    assignment: str
    most: float
    scores: dict[str, float]
    statuses: dict[str, Counter[str]]
    misconceptions: Counter[tuple[str, str]]
    waiting: int


def report(root: Path, assignment: str) -> Report:
    """The report of an assignment, from the gradebook and `verdicts.jsonl`.

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
        scores = {submission.student.id: submission.score for submission in submissions}
        waiting = sum(submission.needs_manual_grade for submission in submissions)
    return Report(assignment, most, scores, dict(statuses), misconceptions, waiting)


def write_page(summary: Report, path: Path, names: bool = False) -> None:
    """Write the report as one page.

    Args:
        summary: the report.
        path: of the file, which is replaced.
        names: whether the page lists each student's score; without it, the page names nobody.
    """
    scores = sorted(summary.scores.values())
    middle = statistics.median(scores) if scores else 0.0
    mean = statistics.fmean(scores) if scores else 0.0
    overview = "No submission is in the gradebook."
    if scores:
        overview = (
            f"{len(scores)} submissions, at most {summary.most:g} points: "
            f"median {middle:g}, mean {mean:.1f}, from {scores[0]:g} to {scores[-1]:g}."
        )
    waiting = (
        f"{summary.waiting} of them wait for a person to grade something, such as a written "
        "answer, which does not count yet."
    )
    parts = [
        _paragraph(overview),
        _paragraph(waiting) if summary.waiting else "",
        Markup("<h2>Scores</h2>"),
        _figure(_scores(scores, summary.most), "How many students have how many points"),
        Markup("<h2>Exercises</h2>"),
        _figure(_exercises(summary), "For each exercise, how many passed and how many did not"),
        page.table(["exercise", "passed", "of", "otherwise"], _success(summary)),
        Markup("<h2>Misconceptions</h2>"),
        _misconceptions(summary),
    ]
    if names:
        rows = [[name, f"{score:g}"] for name, score in sorted(summary.scores.items())]
        parts += [Markup("<h2>Students</h2>"), page.table(["student", "points"], rows)]
    page.write(path, f"{summary.assignment}: the class at a glance", parts)


def _paragraph(text: str) -> Markup:
    return html("<p>{text}</p>", text=text)


def _success(summary: Report) -> list[list[str]]:
    rows = []
    for exercise, counts in summary.statuses.items():
        statuses = [
            f"{count} {status}" for status, count in counts.most_common() if status != Status.PASSED
        ]
        passed = counts[Status.PASSED]
        rows.append([exercise, str(passed), str(counts.total()), ", ".join(statuses)])
    return rows


def _misconceptions(summary: Report) -> Markup:
    if not summary.misconceptions:
        return _paragraph("No answer shows a known misconception.")
    rows = [
        [exercise, f"an answer that {title}", str(count)]
        for (exercise, title), count in summary.misconceptions.most_common(MOST_SHOWN)
    ]
    return page.table(["exercise", "looks like", "students"], rows)


def _new_figure(height: float) -> Figure:
    from matplotlib.figure import Figure  # imported late: it takes half a second

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


def _exercises(summary: Report) -> Figure:
    names = list(reversed(summary.statuses))
    figure = _new_figure(0.9 + 0.36 * len(names))
    axes = figure.subplots()
    left = [0] * len(names)
    kinds = (("passed", BLUE), ("not passed", ORANGE), ("not judged", GREY))
    for kind, colour in kinds:
        widths = [_count(summary.statuses[name], kind) for name in names]
        if any(widths):
            bars = axes.barh(names, widths, left=left, color=colour, label=kind)
            labels = [str(width) if width else "" for width in widths]
            axes.bar_label(bars, labels, label_type="center", color="w")
            left = [start + width for start, width in zip(left, widths, strict=True)]
    figure.legend(loc="outside upper right", ncols=len(kinds), frameon=False)
    axes.set_xticks([])
    axes.tick_params(left=False)
    _plain(axes)
    axes.spines["bottom"].set_visible(False)
    return figure


def _count(counts: Counter[str], kind: str) -> int:
    passed = counts[Status.PASSED]
    not_judged = counts[Status.GRADER_FAULT] + counts[Status.UNREADABLE]
    not_passed = counts.total() - passed - not_judged
    return {"passed": passed, "not passed": not_passed, "not judged": not_judged}[kind]


def _plain(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)


def _figure(figure: Figure, label: str) -> Markup:
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    svg = file.getvalue()
    return html(
        '<figure role="img" aria-label="{label}">{svg}</figure>',
        label=label,
        svg=Markup(svg[svg.index("<svg") :]),
    )
