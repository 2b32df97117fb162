"""Writes the cards that people read, as HTML and with the same words as plain text.

This file does not import JAX at once, so that the start page answers quickly.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from autograder.judge.comparison import close
from autograder.judge.verdict import Evidence, Finding, Status, Verdict
from autograder.markup import html, joined, plain, prose
from autograder.student import evidence
from autograder.student.evidence import SMALL, Argument, Spread

if TYPE_CHECKING:
    from autograder.student.outline import Module
    from autograder.student.released import ReleasedExercise

# Colour-blind readers can tell the blue of Okabe and Ito from their vermilion, and every state also
# has a word. The vermilion is darker here, so that the white letters of the word are easy to read.
BLUE, ORANGE, GREY = "#0072B2", "#B34D00", "#6B6B6B"
REPORTED = (
    "Only the notebook's own process can see this, so it is marked as reported and costs at most "
    "a quarter of the points."
)
NOTED = (
    "Your answer is noted, and will be judged when your work is graded. Until then, no card says "
    "whether it is right."
)
CODE = "background:rgba(128,128,128,.12);color:inherit;padding:6px 10px"
ANOTHER = "Another way to write it"
FAULT = "The grader itself failed here. This costs no points: a person will look at your answer."


@dataclass(frozen=True)
class Card:
    """One message in two forms.

    Attributes:
        text: plain text, lines of at most about 100 characters.
        html: a self-contained fragment; it inherits the page's colours, light or dark.
    """

    text: str
    html: str

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": self.text, "text/html": self.html}

    def show(self) -> None:
        """Display the card in IPython; print its text anywhere else."""
        if "IPython" in sys.modules:
            from IPython import get_ipython
            from IPython.display import display

            if get_ipython() is not None:
                display(self._repr_mimebundle_(), raw=True)
                return
        print(self.text)


def of_check(verdict: Verdict, released: ReleasedExercise, hints: int = 0) -> Card:
    """The card of `check`.

    Args:
        verdict: the verdict on the public cases.
        released: the exercise.
        hints: how many hints the student has asked for.
    """
    prompt = released.prompt
    writer = _Writer()
    if verdict.passed and released.is_noted:
        writer.headline("…", "noted", prompt.name, GREY)
        writer.paragraph(NOTED)
        return writer.finish(GREY)
    if verdict.passed:
        whole = released.opened
        writer.headline("✓", "passed", prompt.name, BLUE)
        if whole.explanation:
            writer.paragraph(whole.explanation)
        if prompt.is_fast_track:
            writer.paragraph("You may skip the lesson: it counts as read.")
        if whole.another:
            writer.fold(ANOTHER, code=whole.another)
        if released.for_class:
            writer.paragraph("The feedback on your work will say more about this exercise.")
        return writer.finish(BLUE)
    writer.headline("✗", "not yet", prompt.name, ORANGE)
    for finding in verdict.findings:
        _write_finding(writer, finding, verdict, released)
    _write_hints(writer, released, hints)
    return writer.finish(ORANGE)


def of_hints(released: ReleasedExercise, hints: int) -> Card:
    """The card of `hint`: the hints asked for so far, and how to get the next one."""
    writer = _Writer()
    writer.headline("?", "hint", released.prompt.name, GREY)
    _write_hints(writer, released, hints)
    if not released.hints:
        writer.paragraph("This exercise has no hints. The card of a wrong answer says what to try.")
    elif hints == len(released.hints):
        writer.paragraph("That was the last hint. The card of a wrong answer says what to try.")
    return writer.finish(GREY)


def of_stub(released: ReleasedExercise) -> Card:
    """The card with the stub of an exercise; the notebook does not change."""
    name = released.prompt.name
    writer = _Writer()
    writer.headline("↺", "stub", name, GREY)
    writer.paragraph(
        f'Your answer has not changed. If you run `reset("{name}")` alone in a cell, the stub '
        "replaces it there. This is the stub:"
    )
    writer.code(released.stub)
    return writer.finish(GREY)


def of_sentence(words: str) -> Card:
    """The card of something that did not work."""
    writer = _Writer()
    writer.paragraph(words)
    return writer.finish(GREY)


def of_lesson(lesson: Module, left_open: Sequence[str], exercises: str, link: str) -> Card:
    """The card at the end of a lesson: whether it counts as read, and a link to its exercises.

    Args:
        lesson: the module.
        left_open: the names of the predictions that were not made.
        exercises: the words of the link.
        link: where it leads; empty if it is not known.
    """
    writer = _Writer()
    title, colour = lesson.title.replace("`", ""), GREY if left_open else BLUE
    if left_open:
        writer.headline("…", "not read yet", title, colour)
        one = len(left_open) == 1
        writer.paragraph(
            f"{'One prediction is' if one else f'{len(left_open)} predictions are'} still open: "
            f"{', '.join(f'`{name}`' for name in left_open)}. Replace the dots and run "
            f"{'its cell' if one else 'their cells'}. To count the lesson as read anyway, run "
            f'`lesson_read("{lesson.name}", skip=True)`.'
        )
    else:
        writer.headline("✓", "read", title, colour)
    if link:
        writer.link("Now you", exercises, link)
    else:
        writer.labelled("Now you", exercises)
    return writer.finish(colour)


def of_grade(
    verdict: Verdict, points: float, most: float, explanation: str = "", another: str = ""
) -> Card:
    """The card in graded notebooks and feedback: no case, no expected value, no seed.

    Args:
        verdict: the verdict of the grading.
        points: what the answer earned.
        most: what it could earn.
        explanation: the exercise's explanation. Everybody sees it, since the work was handed in.
        another: a solution, which everybody sees too.
    """
    writer = _Writer()
    colour = BLUE if verdict.passed else GREY if verdict.asks else ORANGE
    mark = "✓" if verdict.passed else "?" if verdict.asks else "✗"
    earned = "points to be given by hand" if verdict.asks else f"{points:g} of {most:g} points"
    writer.headline(mark, str(verdict.status), f"{verdict.exercise}, {earned}", colour)
    if verdict.status is Status.GRADER_FAULT:
        writer.paragraph(FAULT)
    for finding in () if verdict.status is Status.GRADER_FAULT else verdict.findings:
        writer.paragraph(finding.message)
        if finding.reported:
            writer.paragraph(REPORTED)
        if verdict.misconception and finding is verdict.findings[0]:
            writer.paragraph(f"This looks like an answer that {verdict.misconception}.")
        if finding.advice:
            writer.labelled("What to try", finding.advice)
    shown = {finding.reason for finding in verdict.findings}
    if others := [reason for reason in verdict.reported if reason not in shown]:
        writer.labelled("Reported only", f"no problem with {', '.join(others)}")
    if explanation:
        writer.fold("Why", explanation)
    if another:
        writer.fold(ANOTHER if verdict.passed else "A way to write it", code=another)
    return writer.finish(colour)


def of_prediction(name: str, guess: Any, actual: Any, right: bool | None, why: str) -> Card:
    """The card of `predicted`.

    Args:
        name: the variable that holds the guess; empty if it is not known.
        guess: what the reader predicted.
        actual: what was computed.
        right: whether the guess is right; None while there is none.
        why: the explanation.
    """
    writer = _Writer()
    if right is None:
        place = f"of {name}" if name else "above"
        words = f"no prediction yet; replace the dots {place}, and run that cell and this one"
        writer.headline("…", "open", words, GREY)
        writer.sealed("The answer", f"It is {actual!r}. {why}")
        return writer.finish(GREY)
    if right:
        writer.headline("✓", "as predicted", f"{actual!r}", BLUE)
    else:
        writer.headline("✗", "surprise", f"you predicted {guess!r}; it is {actual!r}", ORANGE)
    if why:
        writer.paragraph(why)
    return writer.finish(BLUE if right else ORANGE)


def of_fold(name: str, pieces: Sequence[Markup]) -> Card:
    """What a cell shows in place of its output while the prediction `name` is open."""
    html_of_it = _folded(f"What this cell shows (it tells you the answer to {name})", pieces)
    return Card(f"… replace the dots of {name} to see what this cell shows", str(html_of_it))


def _write_hints(writer: _Writer, released: ReleasedExercise, hints: int) -> None:
    count = len(released.hints)
    for number, hint in enumerate(released.hints[:hints], 1):
        writer.labelled(f"Hint {number} of {count}", hint)
    if hints < count:
        name = released.prompt.name
        writer.paragraph(f'Stuck? `hint("{name}")` shows hint {hints + 1} of {count}.')


def _write_finding(
    writer: _Writer, finding: Finding, verdict: Verdict, released: ReleasedExercise
) -> None:
    writer.paragraph(finding.message)
    if finding.reported:
        writer.paragraph(REPORTED)
    if finding.evidence is not None:
        is_gradient = finding.reason == "gradient" and finding.evidence.path.startswith("[0]")
        _write_evidence(writer, finding.evidence, released, "gradient" if is_gradient else "values")
    if verdict.misconception and finding is verdict.findings[0]:
        writer.labelled("This looks like", f"an answer that {verdict.misconception}")
    if finding.advice:
        writer.labelled("What to try", finding.advice)


def _write_evidence(
    writer: _Writer, shown: Evidence, released: ReleasedExercise, words: str
) -> None:
    """What the function was called with, what was expected, and what came back.

    Args:
        writer: the card.
        shown: the evidence.
        released: the exercise.
        words: what the arrays are, `values` or `gradient`.
    """
    given = evidence.arguments(released, shown.case)
    if given and shown.case not in writer.told:
        writer.labelled("Called with", ", ".join(argument.text for argument in given))
        writer.told.add(shown.case)
    expected, got = shown.expected, shown.got
    if expected is None or got is None:
        return
    if isinstance(expected, str) or isinstance(got, str):
        writer.labelled("Expected", evidence.described(expected))
        writer.labelled("Came back", evidence.described(got))
    elif shown.is_sample:
        writer.arrays(_small(given))
        if spread := evidence.spread(expected, got):
            writer.spread(spread)
    elif (expected.shape, expected.dtype) != (got.shape, got.dtype):
        writer.labelled("Expected", evidence.described(expected))
        writer.labelled("Came back", evidence.described(got))
        if max(expected.size, got.size) <= SMALL:
            writer.arrays([(f"Expected {words}", expected, None), (f"Your {words}", got, None)])
        _write_pattern(writer, expected, got)
    else:
        at_path = evidence.at_path(given, shown.path if words == "values" else "")
        _write_values(writer, [*given, *at_path], expected, got, words)


def _write_pattern(writer: _Writer, expected: np.ndarray, got: np.ndarray) -> None:
    if words := evidence.pattern(expected, got):
        writer.labelled("Compared", words)


def _small(given: Sequence[Argument]) -> list[tuple[str, np.ndarray, None]]:
    """The arguments that are shown whole below the line that names them."""
    arrays = [(one.name, one.value) for one in given if one.value is not None]
    return [(name, array, None) for name, array in arrays if 1 < array.size <= SMALL]


def _write_values(
    writer: _Writer, given: Sequence[Argument], expected: np.ndarray, got: np.ndarray, words: str
) -> None:
    """Shows small arrays whole; of large ones the first entry that differs, and its inputs."""
    writer.arrays(_small(given))
    first = evidence.first_difference(expected, got)
    if expected.size <= SMALL:
        differs = ~close(expected, got)
        writer.arrays([(f"Expected {words}", expected, None), (f"Your {words}", got, differs)])
    if first is None or expected.size == 1:
        return
    writer.labelled("They differ in", first.text)
    _write_pattern(writer, expected, got)
    parts = [evidence.went_in(one, expected.shape, first.index) for one in given]
    if known := [part for part in parts if part]:
        writer.labelled("What went in", "; ".join(known))


class _Writer:
    """Writes the two forms of a card side by side."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._html: list[Markup] = []
        self.told = set[int]()  # the cases whose arguments are on the card

    def _add(self, text: str, template: str, **values: Any) -> None:
        self._text.append(text)
        self._html.append(html(template, **values))

    def headline(self, mark: str, state: str, words: str, colour: str) -> None:
        self._add(
            f"{mark} {state}: {words}",
            '<div style="font-weight:600;font-size:1.05em" role="heading" aria-level="4">'
            '<span style="background:{colour};color:white;border-radius:4px;padding:1px 8px;'
            'margin-right:4px">{mark} {state}</span> {words}</div>',
            mark=mark,
            state=state,
            words=words,
            colour=colour,
        )

    def paragraph(self, words: str) -> None:
        self._add(plain(words), '<p style="margin:6px 0">{words}</p>', words=prose(words))

    def labelled(self, label: str, words: str) -> None:
        self._add(
            f"{label}: {plain(words)}",
            '<div style="margin:3px 0;overflow-wrap:anywhere"><span style="opacity:.75;'
            "display:inline-block;"
            'min-width:7.5em">{label}</span> {words}</div>',
            label=label,
            words=prose(words),
        )

    def link(self, label: str, words: str, target: str) -> None:
        self._add(
            f"{label}: {words}, {target}",
            '<div style="margin:3px 0">{label}: <a href="{target}">{words}</a></div>',
            label=label,
            words=prose(words),
            target=target,
        )

    def code(self, code: str) -> None:
        body = "\n".join(f"    {line}" for line in code.splitlines())
        self._add(body, f'<pre style="{CODE}">{{code}}</pre>', code=code)

    def fold(self, title: str, words: str = "", code: str = "") -> None:
        body = "\n".join(f"    {line}" for line in code.splitlines())
        inner = [html("<p>{words}</p>", words=prose(words))] if words else []
        if code:
            inner.append(html('<pre style="{style}">{code}</pre>', style=CODE, code=code))
        self._text.append(f"{title}: {plain(words)}" if words else f"{title}:\n{body}")
        self._html.append(_folded(title, inner))

    def sealed(self, title: str, words: str) -> None:
        """A fold whose words are not in the plain text, where nothing can be folded."""
        self._html.append(_folded(title, [html("<p>{words}</p>", words=prose(words))]))

    def arrays(self, shown: Sequence[tuple[str, np.ndarray, np.ndarray | None]]) -> None:
        """Arrays beside each other; entries that differ have a ≠ and a border.

        Args:
            shown: for each array a caption, its entries, and which of them differ.
        """
        if not shown:
            return
        text = "\n".join(f"{words}:\n{evidence.numbers(array)}" for words, array, _ in shown)
        self._add(
            text,
            '<div style="display:flex;flex-wrap:wrap;gap:8px 24px;margin:8px 0">{grids}</div>',
            grids=joined(itertools.starmap(_grid, shown)),
        )

    def spread(self, spread: Spread) -> None:
        """Mean, spread and range of a sample, and a drawing of both distributions."""
        names = ("Mean", "Spread (standard deviation)", "Smallest", "Largest")
        pairs = (spread.mean, spread.deviation, spread.low, spread.high)
        for name, (wanted, found) in zip(names, pairs, strict=True):
            about = "about " if name in names[2:] else ""
            self.labelled(name, f"expected {about}{wanted:.4g}, found {found:.4g}")
        expected, got = spread.bins
        words = (
            f"How often numbers from {min(spread.low):.4g} to {max(spread.high):.4g} occur. The "
            "line shows what is expected, and the bars show your numbers."
        )
        self._add(
            f"{words}\nexpected {_bars(expected)}\nyours    {_bars(got)}",
            '<div style="margin:6px 0">{words}<br>{drawing}</div>',
            words=words,
            drawing=_histogram(expected, got, words),
        )

    def finish(self, colour: str) -> Card:
        frame = html(
            '<div role="status" aria-live="polite" style="border:1px solid rgba(128,128,128,.4);'
            "border-left:6px solid {colour};border-radius:6px;padding:8px 14px;margin:4px 0;"
            'max-width:860px;color:inherit">'
            "{inside}</div>",
            colour=colour,
            inside=joined(self._html),
        )
        return Card("\n".join(self._text), str(frame))


def _folded(title: str, inner: Sequence[Markup]) -> Markup:
    return html(
        # nbgrader's pages would take away the mark of what can be unfolded.
        '<details style="margin:3px 0"><summary style="cursor:pointer;display:list-item">'
        "{title}</summary>"
        "{inner}</details>",
        title=title,
        inner=joined(inner),
    )


def _bars(shares: np.ndarray) -> str:
    """A row of bars made of letters."""
    levels = np.ceil(8 * shares / max(shares.max(), 1e-12) - 0.02).astype(int).clip(0, 8)
    return "".join(" ▁▂▃▄▅▆▇█"[level] for level in levels)


def _histogram(expected: np.ndarray, got: np.ndarray, words: str) -> Markup:
    """Bars for what was found and a line for what was expected, in the colour of the letters."""
    width, height, top = 15, 80, max(expected.max(), got.max(), 1e-12)
    bars = joined(
        html(
            '<rect x="{x}" y="{y:.1f}" width="{w}" height="{h:.1f}"/>',
            x=n * width + 1,
            y=height - share / top * height,
            w=width - 2,
            h=share / top * height,
        )
        for n, share in enumerate(got)
    )
    steps = " ".join(
        f"{x * width},{height - share / top * height:.1f}"
        for n, share in enumerate(expected)
        for x in (n, n + 1)
    )
    return html(
        '<svg role="img" aria-label="{words}" viewBox="-2 -2 {w} {h}" width="{w}" height="{h}" '
        'style="max-width:100%"><g fill="currentColor" opacity=".35">{bars}</g><polyline '
        'points="{steps}" fill="none" stroke="currentColor" stroke-width="2"/></svg>',
        words=words,
        w=width * len(got) + 4,
        h=height + 4,
        bars=bars,
        steps=steps,
    )


def _grid(caption: str, array: np.ndarray, differs: np.ndarray | None) -> Markup:
    """An array as an HTML table, with its last axis as columns."""
    if not array.size:
        return html("<div>{caption} {kind}</div>", caption=caption, kind=evidence.described(array))
    columns = array.shape[-1] if array.ndim else 1
    marks = np.zeros(array.shape, bool) if differs is None else differs
    rows = [
        html("<tr>{cells}</tr>", cells=joined(map(_cell, row, row_marks)))
        for row, row_marks in zip(
            array.reshape(-1, columns), marks.reshape(-1, columns), strict=True
        )
    ]
    return html(
        '<div style="overflow-x:auto;min-width:0"><div style="opacity:.75;margin-bottom:2px">'
        "{caption} {kind}</div>"
        '<table style="border-collapse:collapse;font-family:monospace;'
        'font-size:.85em;margin:0" aria-label="{caption}">{rows}</table></div>',
        caption=caption,
        kind=evidence.described(array),
        rows=joined(rows),
    )


def _cell(value: Any, differs: bool) -> Markup:
    return html(
        '<td style="border:{border};padding:1px 6px;text-align:right;background:none">'
        "{mark}{text}</td>",
        border=f"2px solid {ORANGE}" if differs else "1px solid rgba(128,128,128,.35)",
        mark="≠ " if differs else "",
        text=_short(value),
    )


def _short(value: Any) -> str:
    value = np.float32(value) if value.dtype.name == "bfloat16" else value
    return f"{value:.4g}" if isinstance(value, (np.floating, np.complexfloating)) else str(value)
