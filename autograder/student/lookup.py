"""Finds the exercise that a name or a function stands for."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from autograder.problem import Problem
from autograder.student import check_file, location, released
from autograder.student.check_file import SUFFIX
from autograder.student.released import ReleasedExercise

OTHER_RELEASE = (
    "it is from another release than its data: get the folder of the assignment again and copy "
    "your answers into it."
)
UNKNOWN = "Give it the function that the cell above asks for, with the name that it asks for."


def find(
    answer: Callable[..., Any] | str, variables: Mapping[str, Any], caller: str = "check"
) -> ReleasedExercise:
    """The exercise of the running notebook that `answer` stands for.

    Args:
        answer: a function or its name.
        variables: the variables of the notebook.
        caller: the function that the student called, for the message.

    Raises:
        Problem: there is no such exercise, or the notebook's data are missing.
    """
    known = released.catalogue(location.of_notebook(variables))
    if isinstance(answer, str):
        names = [answer]
    else:
        # A vmapped or jitted function has the name of the function inside it, so look at the name
        # of its variable first.
        names = [name for name in known if name in variables and variables[name] is answer]
        if not (names or callable(answer)):
            raise Problem(
                f"{caller} was given {_described(answer)} and not a function: give it the function "
                "itself, without calling it, as in check(predict_batch)."
            )
        names.append(getattr(answer, "__name__", type(answer).__name__))
    if not known:
        raise Problem(
            f"{caller} finds no data: the assignment's file that ends in {SUFFIX} is not "
            f"in {location.first_folder(variables)}. Get the folder of the assignment again, and "
            "put your notebook there."
        )
    for name in names:
        if name in known:
            return known[name]
    is_own = isinstance(answer, str) or getattr(answer, "__module__", "") == "__main__"
    advice = f" If the notebook asks for that name, {OTHER_RELEASE}" if is_own else ""
    raise _unknown(names[0], known, caller, f"{UNKNOWN}{advice}")


def near(folder: Path, name: str, caller: str) -> ReleasedExercise:
    """The exercise with this name, for a command that is run in `folder`.

    Raises:
        Problem: no exercise has this name, or several have it.
    """
    files = location.near(folder)
    known = [exercise for path in files for exercise in released.read(check_file.read(path))]
    found = [exercise for exercise in known if exercise.prompt.name == name]
    homes = sorted({(exercise.course, exercise.prompt.assignment) for exercise in found})
    if len(homes) > 1:
        assignments = " and ".join(assignment for _, assignment in homes)
        raise Problem(
            f"{name} is an exercise of {assignments}: go to the folder of the one you mean."
        )
    if found:
        return found[0]
    if not files:
        raise location.nothing_found()
    names = [exercise.prompt.name for exercise in known]
    raise _unknown(name, names, caller, "Go to the folder of its notebook.")


def _unknown(name: str, known: Iterable[str], caller: str, advice: str) -> Problem:
    sentence = f"{caller} does not know an exercise called {name}"
    if close := difflib.get_close_matches(name, known, 1, 0.8):
        return Problem(f"{sentence}: did you mean {close[0]}?")
    return Problem(f"{sentence}. {advice}")


def _described(value: Any) -> str:
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"an array, {value.dtype}{list(value.shape)},"
    return f"a value of type {type(value).__name__}"
