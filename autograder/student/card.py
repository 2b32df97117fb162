"""Writes the cards that people read, as HTML and with the same words as plain text.

This file does not import JAX at once, so that the start page answers quickly.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from autograder.judge.comparison import close
from autograder.judge.verdict import Difference, Finding, Status, Verdict
from autograder.markup import html, joined, prose

if TYPE_CHECKING:
    from autograder.student.outline import Module
    from autograder.student.released import ReleasedExercise

# Colour-blind readers can tell Okabe and Ito's blue from their vermilion, and every state also has
# a word. The vermilion is darkened, so that the white letters of the word are easy to read.
BLUE, ORANGE, GREY = "#0072B2", "#B34D00", "#6B6B6B"
LARGEST_DRAWN = 48
REPORTED = (
    "Only the notebook's own process can see this, so it is marked as reported and costs at most "
    "a quarter of the points."
)
NOTED = (
    "Your answer is noted, and will be judged when your work is graded. Until then nobody is told "
    "whether it is right."
)
ANOTHER = "Another way to write it"
FAULT = "The grader itself failed here. It costs no points; a person will look at it."


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
            writer.paragraph("There is more to say: it comes with the feedback on your work.")
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
        writer.paragraph("This exercise has no hints. The card of a wrong answer says more.")
    elif hints == len(released.hints):
        writer.paragraph("That was the last one. The card of a wrong answer says more.")
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
            f"{'its cell' if one else 'their cells'}, or count the lesson as read without: "
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
        explanation: of the exercise; shown to everybody, since the work was handed in.
        another: a solution, likewise.
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
        guess: what the reader expects.
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
    html_of_it = _folded(f"What this cell shows; it tells the answer to {name}", pieces)
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
    difference = finding.difference
    writer.paragraph(finding.message)
    if finding.reported:
        writer.paragraph(REPORTED)
    if difference is not None:
        arguments = list(released.arguments.values())[difference.case]
        writer.labelled("Called with", ", ".join(map(_describe, arguments.described)))
        writer.labelled("Expected", _describe(difference.expected))
        writer.labelled("Came back", _describe(difference.got))
        writer.drawing(difference)
    if verdict.misconception and finding is verdict.findings[0]:
        writer.labelled("This looks like", f"an answer that {verdict.misconception}")
    if finding.advice:
        writer.labelled("What to try", finding.advice)


def _describe(value: Any) -> str:
    """A pytree's shapes and dtypes, such as `{'b': float32[3], 'w': float32[3, 4]}`."""
    from autograder.judge.tree import OnMesh

    if isinstance(value, str):
        return value
    if isinstance(value, OnMesh):
        return f"a mesh {value.text}"
    if not isinstance(value, (dict, list, tuple, np.ndarray)):
        return repr(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {_describe(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        inside = ", ".join(map(_describe, value))
        return f"[{inside}]" if isinstance(value, list) else f"({inside})"
    return f"{value.dtype.name}{list(value.shape)}"


class _Writer:
    """Writes the two forms of a card side by side."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._html: list[Markup] = []

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
        self._add(words, '<p style="margin:6px 0">{words}</p>', words=prose(words))

    def labelled(self, label: str, words: str) -> None:
        self._add(
            f"{label}: {words}",
            '<div style="margin:3px 0"><span style="opacity:.75;display:inline-block;'
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

    def fold(self, title: str, words: str = "", code: str = "") -> None:
        body = "\n".join(f"    {line}" for line in code.splitlines())
        inner = [html("<p>{words}</p>", words=prose(words))] if words else []
        if code:
            style = "background:rgba(128,128,128,.12);color:inherit;padding:6px 10px"
            inner.append(html('<pre style="{style}">{code}</pre>', style=style, code=code))
        self._text.append(f"{title}: {words}" if words else f"{title}:\n{body}")
        self._html.append(_folded(title, inner))

    def sealed(self, title: str, words: str) -> None:
        """A fold whose words are not in the plain text, where nothing can be folded."""
        self._html.append(_folded(title, [html("<p>{words}</p>", words=prose(words))]))

    def drawing(self, difference: Difference) -> None:
        """Two grids side by side; entries that differ have a ≠ and a border."""
        expected, answer = difference.expected, difference.got
        if isinstance(expected, str) or isinstance(answer, str):
            return
        is_empty = not (expected.size and answer.size)
        if is_empty or max(expected.size, answer.size) > LARGEST_DRAWN:
            self._first_difference(expected, answer)
            return
        differs = ~close(expected, answer) if expected.shape == answer.shape else None
        self._add(
            f"Expected values:\n{_rounded(expected)}\nYour values:\n{_rounded(answer)}",
            '<div style="display:flex;flex-wrap:wrap;gap:24px;margin:8px 0">{left}{right}</div>',
            left=_grid("expected", expected, None),
            right=_grid("came back", answer, differs),
        )

    def _first_difference(self, expected: np.ndarray, answer: np.ndarray) -> None:
        if expected.shape != answer.shape:
            return
        differs = ~close(expected, answer)
        index = tuple(int(i) for i in np.argwhere(differs)[0]) if differs.any() else ()
        self.labelled(
            "They differ in",
            f"{int(differs.sum())} of {differs.size} entries, first at {list(index)}: "
            f"expected {expected[index]:.6g}, came back {answer[index]:.6g}",
        )

    def finish(self, colour: str) -> Card:
        frame = html(
            '<div style="border:1px solid rgba(128,128,128,.4);border-left:6px solid {colour};'
            'border-radius:6px;padding:8px 14px;margin:4px 0;max-width:860px;color:inherit">'
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


def _rounded(array: np.ndarray) -> str:
    return np.array2string(array, precision=3, suppress_small=True)


def _grid(caption: str, array: np.ndarray, differs: np.ndarray | None) -> Markup:
    """An array as an HTML table, with its last axis as columns."""
    columns = array.shape[-1] if array.ndim else 1
    marks = np.zeros(array.shape, bool) if differs is None else differs
    rows = [
        html("<tr>{cells}</tr>", cells=joined(map(_cell, row, row_marks)))
        for row, row_marks in zip(
            array.reshape(-1, columns), marks.reshape(-1, columns), strict=True
        )
    ]
    return html(
        '<div><div style="opacity:.75;margin-bottom:2px">{caption} {dtype}{shape}</div>'
        '<table style="border-collapse:collapse;font-family:monospace;'
        'font-size:.85em;margin:0" aria-label="{caption}">{rows}</table></div>',
        caption=caption,
        dtype=array.dtype.name,
        shape=list(array.shape),
        rows=joined(rows),
    )


def _cell(value: Any, differs: bool) -> Markup:
    text = f"{value:.3g}" if isinstance(value, (np.floating, np.complexfloating)) else str(value)
    return html(
        '<td style="border:{border};padding:1px 6px;text-align:right;background:none">'
        "{mark}{text}</td>",
        border=f"2px solid {ORANGE}" if differs else "1px solid rgba(128,128,128,.35)",
        mark="≠ " if differs else "",
        text=text,
    )
