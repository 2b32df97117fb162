"""Compares the reader's predictions in a lesson with what the lesson computes.

In a master, a call has the guess, the outcome and the explanation. In a lesson that is handed out,
the call only names the variable of the guess; the explanation is in the lesson's data.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from autograder.problem import Problem
from autograder.student import card, check_file, folding, location, progress, undefined
from autograder.student.check_file import CheckFile
from autograder.student.outline import Prediction
from autograder.student.silence import silent

_UNKNOWN = object()
undefined.watch()
folding.watch()
location.make_importable()


def predicted(guess: Any, actual: Any = _UNKNOWN, why: str = "") -> None:
    """Compare a prediction with what was computed, and show a card.

    Args:
        guess: your prediction, or `...` if you have not answered yet. If the explanation is in the
            lesson's data, it is the name of the variable that holds your prediction.
        actual: what the cell above computed.
        why: one or two sentences that explain it.

    For example:

    >>> predicted(my_shape, table.shape, why="There is one row for each home.")  # doctest: +SKIP

    Raises:
        Problem: the lesson's data are needed, and are missing or damaged; shown as one sentence.
    """
    if silent():
        return
    variables = sys._getframe(1).f_globals
    if not isinstance(guess, str) or why:
        _show("", guess, actual, why)
    elif found := next(_recorded(guess, variables), None):
        file, prediction = found
        if prediction.outcome:
            actual = ast.literal_eval(prediction.outcome)
        value = variables.get(guess, ...)
        if value is not ... and file.lesson is not None:
            right = _equal(value, actual)
            progress.predicted(file.outline.course, file.lesson.name, guess, right)
        _show(guess, value, actual, prediction.why)
    elif actual is _UNKNOWN:
        raise Problem(
            f"The answer to {guess} is in the lesson's file that ends in {check_file.SUFFIX}, but "
            f"{location.first_folder(variables)} has no such file: get the folder of the lesson "
            "again."
        )
    elif guess in variables:  # the lesson's data are missing, so there is no explanation
        _show(guess, variables[guess], actual, "")
    else:
        _show("", guess, actual, "")


def left_open(file: CheckFile) -> list[str]:
    """The predictions of the lesson beside this file that the reader has not made yet."""
    if file.lesson is None:
        return []
    made = progress.read(file.outline.course).predictions.get(file.lesson.name, {})
    return [one.name for one in file.lesson.predictions if one.name not in made]


def _recorded(name: str, variables: Mapping[str, Any]) -> Iterator[tuple[CheckFile, Prediction]]:
    """The prediction with this name, in the running lesson before others."""
    for path in location.of_notebook(variables):
        file = check_file.read(path)
        for prediction in file.lesson.predictions if file.lesson else ():
            if prediction.name == name:
                yield file, prediction


def _show(name: str, guess: Any, actual: Any, why: str) -> None:
    right = None if guess is ... else _equal(guess, actual)
    card.of_prediction(name, guess, actual, right, why).show()


def _equal(guess: Any, actual: Any) -> bool:
    if isinstance(guess, str) and isinstance(actual, str):
        return guess.strip().lower() == actual.strip().lower()
    try:
        return bool(np.array_equal(np.asarray(guess), np.asarray(actual)))
    except Exception:  # a guess may be anything, such as a ragged list
        return False
