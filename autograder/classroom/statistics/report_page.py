"""Draws the report of a class as one page."""

from __future__ import annotations

import datetime
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from markupsafe import Markup

from autograder.classroom.statistics import page
from autograder.classroom.statistics.attempts import Track
from autograder.classroom.statistics.items import ENOUGH, Earned, Item, Kind
from autograder.classroom.statistics.report import Report
from autograder.markup import html, joined

MOST_SHOWN = 20
"""How many misconceptions the page lists."""
FEW = 10
"""With fewer students, numbers nearly name people."""
NARROW = 4.0
"""A piece of a bar of fewer percent has no room for its number."""
BINS = 48
"""How many pieces the time line has."""
STYLES = {
    Kind.PASSED: "passed",
    Kind.PARTLY: "partly",
    Kind.FAILED: "failed",
    Kind.MISSING: "missing",
    Kind.WAITING: "waiting",
}
"""The CSS class of each kind, see `page.STYLE`."""
NOTHING, WAITS = "–", "…"


def write(summary: Report, path: Path, names: bool = False) -> None:
    """Write the report as one page.

    Args:
        summary: the report.
        path: of the file, which is replaced.
        names: whether the page lists what each student earned; without it, it names nobody.

    Raises:
        Problem: the file cannot be written.
    """
    parts = [
        *map(page.paragraph, _overview(summary)),
        *_caution(summary, names),
        Markup("<h2>Scores</h2>"),
        _scores(sorted(summary.scores.values()), summary.most),
        Markup("<h2>Exercises</h2>"),
        *_exercises(summary.items),
        *_parts(summary),
        Markup("<h2>Misconceptions</h2>"),
        _misconceptions(summary),
    ]
    if summary.tracks:
        parts += [Markup("<h2>Attempts over time</h2>"), *_attempts(summary)]
    if names:
        parts += [Markup("<h2>Students</h2>"), _students(summary)]
    page.write(path, f"{summary.assignment}: the class at a glance", parts)


def _overview(summary: Report) -> Iterator[str]:
    scores = sorted(summary.scores.values())
    absent = f" {_counted(summary.absent, 'student')} handed in nothing." if summary.absent else ""
    if not scores:
        yield f"No submission is in the gradebook.{absent}"
        return
    yield (
        f"{_counted(len(scores), 'submission')}, at most {summary.most:g} points: "
        f"median {statistics.median(scores):g}, mean {statistics.fmean(scores):.1f}, "
        f"from {scores[0]:g} to {scores[-1]:g}.{absent}"
    )
    if summary.waiting:
        yield (
            f"{_counted(summary.waiting, 'submission')} still need a person to grade something, "
            "such as a written answer. It does not count yet."
            if summary.waiting > 1
            else "1 submission still needs a person to grade something, such as a written answer. "
            "It does not count yet."
        )
    if summary.late:
        yield f"Late penalties ({_counted(summary.late, 'submission')}) are not subtracted here."


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _caution(summary: Report, names: bool) -> list[Markup]:
    count = len(summary.scores)
    if not names and 0 < count < FEW:
        words = (
            f"With {_counted(count, 'submission')}, the numbers on this page nearly name people: "
            "keep it to those who may see the grades."
        )
        return [page.paragraph(words, "note")]
    return []


def _scores(scores: Sequence[float], most: float) -> Markup:
    """One column for each tenth of the points, as high as it has students."""
    counts = Counter(_tenth(score, most) for score in scores)
    highest = max(counts.values(), default=1)
    column = (
        '<div>{count}<i style="height: {height:.1f}rem"></i><span>{low:g}–{high:g}</span></div>\n'
    )
    ends = [(most * tenth / 10, most * (tenth + 1) / 10) for tenth in range(10)]
    columns = [
        html(
            column,
            count=counts[tenth] or "",
            height=8 * counts[tenth] / highest,
            low=low,
            high=high,
        )
        for tenth, (low, high) in enumerate(ends)
    ]
    told = [
        f"{_counted(counts[tenth], 'student')} with {low:g} to {high:g}"
        for tenth, (low, high) in enumerate(ends)
        if counts[tenth]
    ]
    return html(
        '<figure><div class="columns" role="img" aria-label="{told}">\n{columns}</div>'
        "<figcaption>How many students have how many points.</figcaption></figure>",
        told=f"Points: {', '.join(told) or 'none'}.",
        columns=joined(columns),
    )


def _tenth(score: float, most: float) -> int:
    """In which tenth of the points a score is; all points, and more, are in the last one."""
    return min(max(int(10 * score / most), 0), 9) if most else 9


def _exercises(items: Sequence[Item]) -> list[Markup]:
    longest = max((item.counts.total() for item in items), default=0) or 1
    rows = [
        html(
            '<span>{name}</span><div role="img" aria-label="{told}">{bar}</div>\n',
            name=page.breakable(item.name),
            told=f"{item.name}: {_told(item)}.",
            bar=joined(_pieces(item, longest)),
        )
        for item in items
    ]
    legend = [
        html('<li class="kind {style}">{kind}</li>', style=style, kind=kind)
        for kind, style in STYLES.items()
    ]
    head = ["exercise", "points", "attempts", *STYLES, "mean share", "discrimi\u00adnation"]
    table = [
        [
            page.breakable(item.name),
            f"{item.points:g}",
            str(item.attempts),
            *(str(item.counts[kind]) for kind in STYLES),
            NOTHING if item.share is None else f"{item.share:.0%}",
            NOTHING if item.discrimination is None else f"{item.discrimination:.2f}",
        ]
        for item in items
    ]
    return [
        html(
            '<figure><ul class="legend">{legend}</ul><div class="bars">\n{rows}</div></figure>',
            legend=joined(legend),
            rows=joined(rows),
        ),
        page.table("Exercises in numbers", head, table),
        page.paragraph(
            "Missing: the stub was left as it was, or there is nothing of this name. It is no "
            "attempt. Mean share: the part of the exercise's points that those who attempted it "
            "earned. The smaller it is, the more difficult the exercise was."
        ),
        page.paragraph(
            "Discrimination: the correlation between the points for this exercise and the points "
            "for everything else, of those who attempted it (item–rest correlation, from -1 to 1). "
            "Near 0 or below, the exercise does not tell apart who did well elsewhere, and is "
            f"worth a look. It is shown from {ENOUGH} attempts on, because with fewer it is mostly "
            "chance."
        ),
    ]


def _told(item: Item) -> str:
    return ", ".join(f"{item.counts[kind]} {kind}" for kind in STYLES if item.counts[kind])


def _pieces(item: Item, longest: int) -> Iterator[Markup]:
    """The pieces of an exercise's bar, one for each kind that there is."""
    for kind, style in STYLES.items():
        if count := item.counts[kind]:
            percent = 100 * count / longest
            yield html(
                '<b class="kind {style}" style="width: {percent:.2f}%">{count}</b>',
                style=style,
                percent=percent,
                count=count if percent >= NARROW else "",
            )


def _parts(summary: Report) -> Iterator[Markup]:
    if not any(met[False] for met in summary.parts.values()):
        return
    rows = [
        [page.breakable(exercise), part.name, f"{part.share:.0%}", str(met[True]), str(met[False])]
        for (exercise, part), met in summary.parts.items()
    ]
    yield Markup("<h2>Parts of the points</h2>")
    yield page.paragraph(
        "Of the answers with right results, how many earned each part of an exercise's points."
    )
    yield page.table("Parts", ["exercise", "part", "share", "earned", "not earned"], rows)


def _misconceptions(summary: Report) -> Markup:
    if not summary.misconceptions:
        return page.paragraph("No answer shows a listed misconception.")
    rows = [
        [page.breakable(exercise), f"an answer that {title}", str(count)]
        for (exercise, title), count in summary.misconceptions.most_common(MOST_SHOWN)
    ]
    table = page.table("Misconceptions", ["exercise", "behaves like", "students"], rows)
    left = len(summary.misconceptions) - len(rows)
    return joined([table, page.paragraph(f"{left} more are rarer.") if left else ""])


def _attempts(summary: Report) -> Iterator[Markup]:
    times = [time for tracks in summary.tracks.values() for track in tracks for time in track.times]
    first, last = min(times), max(times)
    students = max(map(len, summary.tracks.values()))
    yield page.paragraph(
        "When exercises were checked, until they passed. This is what students handed in about "
        f"themselves, at most {students} for one exercise. Nobody can check it, and no grade "
        "depends on it."
    )
    rows = [
        html(
            "<span>{name}</span>{drawing}\n",
            name=page.breakable(name),
            drawing=_time_line(name, tracks, first, last),
        )
        for name, tracks in summary.tracks.items()
    ]
    yield html(
        '<figure><ul class="legend"><li class="kind passed">checks that passed</li>'
        '<li class="kind failed">other checks</li></ul>'
        '<div class="bars">\n{rows}<span></span><div class="ends"><span>{first}</span>'
        "<span>{last}</span></div></div></figure>",
        rows=joined(rows),
        first=f"{first:%Y-%m-%d %H:%M} UTC",
        last=f"{last:%Y-%m-%d %H:%M} UTC",
    )
    head = [
        "exercise",
        "students",
        "passed",
        "checks until passed",
        "most checks",
        "time until passed",
    ]
    yield page.table(
        "Attempts in numbers", head, [_numbers(*item) for item in summary.tracks.items()]
    )
    yield page.paragraph(
        "Checks and time until it passed are medians; the time begins with the first check."
    )


def _numbers(name: str, tracks: Sequence[Track]) -> list[str]:
    passed = [track for track in tracks if track.passed]
    spent = [(track.times[-1] - track.times[0]).total_seconds() for track in passed]
    return [
        page.breakable(name),
        str(len(tracks)),
        str(len(passed)),
        f"{statistics.median(len(track.times) for track in passed):g}" if passed else NOTHING,
        str(max(len(track.times) for track in tracks)),
        _duration(statistics.median(spent)) if spent else NOTHING,
    ]


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes / 60:.0f} h" if minutes < 48 * 60 else f"{minutes / 1440:.0f} days"


def _time_line(
    name: str, tracks: Iterable[Track], first: datetime.datetime, last: datetime.datetime
) -> Markup:
    """How many checks of an exercise there were in each piece of the time, and how many passed."""
    length = (last - first).total_seconds() or 1.0
    checks: Counter[int] = Counter()
    passed: Counter[int] = Counter()
    for track in tracks:
        places = [
            min(int(BINS * (time - first).total_seconds() / length), BINS - 1)
            for time in track.times
        ]
        checks.update(places)
        passed.update(places[-1:] if track.passed else [])
    highest = max(checks.values())
    bar = '<rect class="{style}" x="{x}" y="{y:.2f}" width="1" height="{height:.2f}"/>'
    bars = []
    for x, count in sorted(checks.items()):
        below, above = passed[x] / highest, (count - passed[x]) / highest
        for style, y, height in (
            ("passed", 1 - below, below),
            ("failed", 1 - below - above, above),
        ):
            if height:
                bars.append(html(bar, style=style, x=x, y=y, height=height))
    return html(
        '<svg class="track" viewBox="0 0 {bins} 1" preserveAspectRatio="none" role="img" '
        'aria-label="{told}">{bars}</svg>',
        bins=BINS,
        told=f"{name}: {_counted(checks.total(), 'check')}, of which {passed.total()} passed.",
        bars=joined(bars),
    )


def _students(summary: Report) -> Markup:
    columns = [item.name for item in summary.items]
    rows = [
        [student, f"{score:g}", *(_points(summary.earned[student].get(name)) for name in columns)]
        for student, score in sorted(summary.scores.items())
    ]
    table = page.table("Students", ["student", "points", *columns], rows, turned=True)
    return joined([table, page.paragraph(f"{NOTHING}: missing. {WAITS}: waiting for a person.")])


def _points(earned: Earned | None) -> str:
    if earned is None or earned.kind is Kind.MISSING:
        return NOTHING
    return WAITS if earned.kind is Kind.WAITING else f"{earned.points:g}"
