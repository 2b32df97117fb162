"""The function `check`, which a student calls in a notebook to check an exercise."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext, redirect_stderr
from pathlib import Path
from typing import Any

import jax

from autograder.judge import devices, outcomes, settings
from autograder.judge.devices import CPU, Device
from autograder.judge.judge import judge
from autograder.judge.verdict import Status, Verdict
from autograder.problem import Problem
from autograder.student import (
    attempts,
    buttons,
    card,
    location,
    lookup,
    personal,
    progress,
    undefined,
    waiting,
)
from autograder.student.released import ReleasedExercise
from autograder.student.silence import silent

undefined.watch()


class NotPassed(Problem):
    """Tells nbgrader's Validate that an answer did not pass; elsewhere a card tells the student."""


def check(answer: Callable[..., Any] | str, device: str = "") -> None:
    """Check your answer to an exercise and show a card with the result.

    Args:
        answer: the function that you wrote, or its name; for a question, its name.
        device: where to run the answer, such as `cpu`, `gpu` or `mesh:8`. By default it is the
            device in the environment variable `AUTOGRADER_DEVICE`, or else JAX's default device.

    For example:

    >>> check(predict_batch)  # doctest: +SKIP
    >>> check("fast_track_vmap")  # doctest: +SKIP

    Raises:
        Problem: no exercise has this name, or the question has other numbers for everybody in a
            class and nobody typed a name; shown as one sentence.
        NotPassed: the answer did not pass, and nbgrader runs the notebook.
    """
    if silent():
        return
    variables = sys._getframe(1).f_globals
    released = personal.own(lookup.find(answer, variables), surely=True)
    name, points = released.prompt.name, released.prompt.points
    function = variables.get(name) if isinstance(answer, str) else answer
    # nbgrader gives full points to a cell that raises nothing, so there a card is not enough. An
    # exercise without points is optional: Validate must not report it as missing.
    is_validating = bool(os.environ.get("NBGRADER_EXECUTION"))
    if name not in variables and function is None:
        if is_validating and not points:
            return
        raise Problem(f"There is nothing called {name} yet: run the cell that defines it.")
    if not callable(function) and not released.is_question:
        raise Problem(f"{name} is not a function: run the cell that defines it again.")
    chosen = devices.named(device or os.environ.get("AUTOGRADER_DEVICE") or jax.default_backend())
    # nbgrader gives no points when stderr has output, but a warning is not a mistake.
    redirected = redirect_stderr(sys.stdout) if is_validating else nullcontext()
    with waiting.bar(f"Checking {name}") as bar, redirected:
        verdict = examine(function, released, chosen, bar.step)
        folders = [path.parent for path in location.of_notebook(variables)]
        recorded = record(verdict, released, folders)
        message = card.of_check(verdict, released, recorded.of(name).hints)
        if is_validating and points and not verdict.passed:
            raise NotPassed(message.text)
        bar.show(message)
    if not verdict.passed:
        buttons.show(released)


def examine(
    function: Any,
    released: ReleasedExercise,
    device: Device = CPU,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> Verdict:
    """Judge an answer on the public cases of an exercise, in this process.

    Args:
        function: the answer; for a question, its value.
        released: the exercise.
        device: where programs are run.
        step: called before each case with the number of cases done and of all cases.

    Raises:
        Problem: this machine has no such device, or too few devices for a mesh.
    """
    devices.here(device)
    arguments, expected = released.arguments_on(device), released.expected
    with settings.defaults():
        answers = outcomes.outcomes(function, released.requires, arguments, device, step, expected)
    return judge(
        released.prompt.name, released.requires, expected, answers, released.misconceptions
    )


def record(
    verdict: Verdict, released: ReleasedExercise, folders: Sequence[Path] = ()
) -> progress.Progress:
    """Record a check in the student's progress, and in a file of attempts in one of these folders.

    Checking a stub is not an attempt.
    """
    course, prompt = released.course, released.prompt
    if verdict.status is Status.MISSING:
        return progress.read(course)
    attempts.note(folders, prompt.assignment, prompt.name, verdict.passed)
    return progress.checked(
        course, prompt.name, prompt.assignment, verdict.passed, prompt.is_fast_track
    )
