"""What a student calls in a notebook: `check` an exercise, compare a prediction."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr
from typing import Any

import jax
import numpy as np

from autograder.judge import devices, outcomes, settings
from autograder.judge.devices import CPU, Device
from autograder.judge.judge import judge
from autograder.judge.verdict import Status, Verdict
from autograder.problem import Problem
from autograder.student import card, lookup, progress, undefined, waiting
from autograder.student.released import ReleasedExercise

_silent = False
undefined.watch()


class NotPassed(Problem):
    """Makes nbgrader's Validate see that an exercise is not done; interactively, a card does."""


@contextmanager
def silence() -> Iterator[None]:
    """Make everything that a student calls do nothing, as where a notebook is graded or built."""
    global _silent
    before, _silent = _silent, True
    try:
        yield
    finally:
        _silent = before


def silent() -> bool:
    """Whether what a student calls shall do nothing."""
    return _silent


def check(answer: Callable[..., Any] | str, device: str = "") -> None:
    """Check your answer to an exercise and show a card that says what was seen.

    Args:
        answer: the function that you wrote, or its name; of a question the name.
        device: where to run it, such as `cpu`, `gpu` or `mesh:8`; where JAX runs by default, or
            what the environment variable `AUTOGRADER_DEVICE` says, when nothing is said.

    Raises:
        Problem: no exercise has this name; shown as one sentence.
        NotPassed: the answer did not pass, and nbgrader runs the notebook.
    """
    if _silent:
        return
    variables = sys._getframe(1).f_globals
    released = lookup.find(answer, variables)
    name, points = released.prompt.name, released.prompt.points
    function = variables.get(name) if isinstance(answer, str) else answer
    # nbgrader reads a cell's points from its error, so there a card alone would be full marks. What
    # is worth no points is optional, and must not make it say that something is missing.
    is_validating = bool(os.environ.get("NBGRADER_EXECUTION"))
    if name not in variables and function is None:
        if is_validating and not points:
            return
        raise Problem(f"There is nothing called {name} yet: run the cell that defines it.")
    if not callable(function) and not released.is_question:
        raise Problem(f"{name} is no function: run the cell that defines it once more.")
    chosen = devices.named(device or os.environ.get("AUTOGRADER_DEVICE") or jax.default_backend())
    # A warning would be no points for nbgrader as well, and is no mistake.
    elsewhere = redirect_stderr(sys.stdout) if is_validating else nullcontext()
    with waiting.bar(f"Checking {name}") as bar, elsewhere:
        verdict = examine(function, released, chosen, bar.step)
        done = record(verdict, released)
        shown = card.of_check(verdict, released, done.of(name).hints)
        if is_validating and points and not verdict.passed:
            raise NotPassed(shown.text)
        bar.show(shown)


def examine(
    function: Any,
    released: ReleasedExercise,
    device: Device = CPU,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> Verdict:
    """Judge an answer on the public cases of an exercise, in this process.

    Args:
        function: the answer; of a question the value.
        released: the exercise.
        device: where programs are run.
        step: told before each case how many are done, of how many.

    Raises:
        Problem: the device is not there, or JAX has too few for a mesh.
    """
    devices.here(device)
    arguments, expected = released.arguments_on(device), released.expected
    with settings.defaults():
        got = outcomes.outcomes(function, released.requires, arguments, device, step, expected)
    return judge(released.prompt.name, released.requires, expected, got, released.misconceptions)


def record(verdict: Verdict, released: ReleasedExercise) -> progress.Progress:
    """Record a check in the student's progress; a stub that was checked is no attempt."""
    course, prompt = released.course, released.prompt
    if verdict.status is Status.MISSING:
        return progress.read(course)
    return progress.checked(
        course, prompt.name, prompt.assignment, verdict.passed, prompt.is_fast_track
    )


def predicted(guess: Any, actual: Any, why: str = "") -> None:
    """Compare a prediction with what was computed, and show a card.

    Args:
        guess: what you expected; `...` while you have not answered.
        actual: what the cell above computed.
        why: one or two sentences that explain it.
    """
    if not _silent:
        right = None if guess is ... else _equal(guess, actual)
        card.of_prediction(guess, actual, right, why).show()


def _equal(guess: Any, actual: Any) -> bool:
    if isinstance(guess, str) and isinstance(actual, str):
        return guess.strip().lower() == actual.strip().lower()
    try:
        return bool(np.array_equal(np.asarray(guess), np.asarray(actual)))
    except Exception:
        return bool(guess == actual)
