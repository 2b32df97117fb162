"""The cards that people read: what each kind says.

This file does not import JAX at once, so that the start page answers quickly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from autograder.judge.comparison import close
from autograder.judge.verdict import Evidence, Finding, Status, Verdict
from autograder.student import evidence
from autograder.student.card_writer import BLUE, GREY, ORANGE, Card, Writer, folded
from autograder.student.evidence import SMALL, Argument

if TYPE_CHECKING:
    from autograder.student.outline import Module
    from autograder.student.released import ReleasedExercise

REPORTED = (
    "Only the notebook's own process can see this, so it is marked as reported and costs at most "
    "a quarter of the points."
)
NOTED = (
    "Your answer is noted, and will be judged when your work is graded. Until then, no card says "
    "whether it is right."
)
ANOTHER = "Another way to write it"
FAULT = "The grader itself failed here. This costs no points: a person will look at your answer."


def of_check(verdict: Verdict, released: ReleasedExercise, hints: int = 0) -> Card:
    """The card of `check`.

    Args:
        verdict: the verdict on the public cases.
        released: the exercise.
        hints: how many hints the student has asked for.
    """
    prompt = released.prompt
    writer = Writer()
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
    if verdict.parts:
        _write_parts(writer, verdict, prompt.points)
    else:
        writer.headline("✗", "not yet", prompt.name, ORANGE)
    for finding in verdict.findings:
        _write_finding(writer, finding, verdict, released)
    _write_hints(writer, released, hints)
    return writer.finish(ORANGE)


def of_hints(released: ReleasedExercise, hints: int) -> Card:
    """The card of `hint`: the hints asked for so far, and how to get the next one."""
    writer = Writer()
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
    writer = Writer()
    writer.headline("↺", "stub", name, GREY)
    writer.paragraph(
        f'Your answer has not changed. If you run `reset("{name}")` alone in a cell, the stub '
        "replaces it there. This is the stub:"
    )
    writer.code(released.stub)
    return writer.finish(GREY)


def of_sentence(words: str) -> Card:
    """The card of something that did not work."""
    writer = Writer()
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
    writer = Writer()
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


def of_grade(verdict: Verdict, points: float, most: float) -> Card:
    """The card in graded notebooks and feedback: no case, no expected value, no seed.

    Args:
        verdict: the verdict of the grading.
        points: what the answer earned.
        most: what it could earn.
    """
    writer = Writer()
    colour = BLUE if verdict.passed else GREY if verdict.asks else ORANGE
    if verdict.status is Status.PARTLY:
        _write_parts(writer, verdict, most)
    else:
        mark = "✓" if verdict.passed else "?" if verdict.asks else "✗"
        earned = (
            ", points to be given by hand" if verdict.asks else f", {points:g} of {most:g} points"
        )
        # The question for those who know the topic already has no points.
        words = verdict.exercise + (earned if most else "")
        writer.headline(mark, str(verdict.status), words, colour)
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
    writer = Writer()
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
    html_of_it = folded(f"What this cell shows (it tells you the answer to {name})", pieces)
    return Card(f"… replace the dots of {name} to see what this cell shows", str(html_of_it))


def _write_parts(writer: Writer, verdict: Verdict, most: float) -> None:
    """The headline of an answer that is partly right, and which parts of the points it has."""
    earned = f"{verdict.points(most):g} of {most:g} points"
    writer.headline("◐", str(verdict.status), f"{verdict.exercise}, {earned}", ORANGE)
    for part in verdict.parts:
        whole = round(part.share * most, 6)
        writer.labelled(f"{whole if part.met else 0:g} of {whole:g}", f"for {part.name}")


def _write_hints(writer: Writer, released: ReleasedExercise, hints: int) -> None:
    count = len(released.hints)
    for number, hint in enumerate(released.hints[:hints], 1):
        writer.labelled(f"Hint {number} of {count}", hint)
    if hints < count:
        name = released.prompt.name
        writer.paragraph(f'Stuck? `hint("{name}")` shows hint {hints + 1} of {count}.')


def _write_finding(
    writer: Writer, finding: Finding, verdict: Verdict, released: ReleasedExercise
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
    writer: Writer, shown: Evidence, released: ReleasedExercise, words: str
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


def _write_pattern(writer: Writer, expected: np.ndarray, got: np.ndarray) -> None:
    if words := evidence.pattern(expected, got):
        writer.labelled("Compared", words)


def _small(given: Sequence[Argument]) -> list[tuple[str, np.ndarray, None]]:
    """The arguments that are shown whole below the line that names them."""
    arrays = [(one.name, one.value) for one in given if one.value is not None]
    return [(name, array, None) for name, array in arrays if 1 < array.size <= SMALL]


def _write_values(
    writer: Writer, given: Sequence[Argument], expected: np.ndarray, got: np.ndarray, words: str
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
