"""The class at a glance: scores, exercises and misconceptions, as a page with bars."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup
from nbgrader.coursedir import CourseDirectory

from autograder.authoring import configuration
from autograder.classroom import gradebook as books
from autograder.classroom import log, page
from autograder.judge.verdict import Status
from autograder.markup import html, joined

COLOURS = {"passed": "#0072b2", "not passed": "#b84f00", "not judged": "#666666"}
"""Colour-blind readers can tell them apart too."""
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
    course = CourseDirectory(config=configuration.read(root), root=str(root))
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
        _scores(scores, summary.most),
        Markup("<h2>Exercises</h2>"),
        _exercises(summary),
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


def _scores(scores: Sequence[float], most: float) -> Markup:
    """One column for each tenth of the points, as high as it has students."""
    counts = Counter(_tenth(score, most) for score in scores)
    highest = max(counts.values(), default=1)
    column = '<div>{count}<i style="height: {height:.1f}rem"></i>{low:g}–{high:g}</div>\n'
    columns = [
        html(
            column,
            count=counts[tenth] or "",
            height=8 * counts[tenth] / highest,
            low=most * tenth / 10,
            high=most * (tenth + 1) / 10,
        )
        for tenth in range(10)
    ]
    label = "How many students have how many points"
    figure = '<figure class="columns" aria-label="{label}">\n{columns}</figure>'
    return html(figure, label=label, columns=joined(columns))


def _tenth(score: float, most: float) -> int:
    """In which tenth of the points a score is; all points, and more, are in the last one."""
    return min(max(int(10 * score / most), 0), 9) if most else 9


def _exercises(summary: Report) -> Markup:
    """One bar for each exercise: how many passed, did not pass, and were not judged."""
    longest = max((counts.total() for counts in summary.statuses.values()), default=1)
    rows = []
    for name, counts in summary.statuses.items():
        numbers = {kind: _count(counts, kind) for kind in COLOURS}
        pieces = [
            html(
                '<b style="width: {share:.2f}%; background: {colour}">{number}</b>',
                share=100 * number / longest,
                colour=COLOURS[kind],
                number=number,
            )
            for kind, number in numbers.items()
            if number
        ]
        rows.append(html("<span>{name}</span><div>{bar}</div>\n", name=name, bar=joined(pieces)))
    legend = [
        html('<b style="background: {colour}">{kind}</b>', colour=colour, kind=kind)
        for kind, colour in COLOURS.items()
    ]
    return html(
        '<figure class="bars" aria-label="{label}">\n'
        '<span></span><div class="legend">{legend}</div>\n{rows}</figure>',
        label="For each exercise, how many passed and how many did not",
        legend=joined(legend),
        rows=joined(rows),
    )


def _count(counts: Counter[str], kind: str) -> int:
    passed = counts[Status.PASSED]
    not_judged = counts[Status.GRADER_FAULT] + counts[Status.UNREADABLE]
    not_passed = counts.total() - passed - not_judged
    return {"passed": passed, "not passed": not_passed, "not judged": not_judged}[kind]
