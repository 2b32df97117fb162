"""Which exercise is meant by a name, by a function, or by what somebody gave instead."""

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
    "it is of another release than its data: get the folder of the assignment anew and copy your "
    "answers over."
)
UNKNOWN = "Give it the function that the cell above asked for, under the name it was asked for."


def find(
    answer: Callable[..., Any] | str, variables: Mapping[str, Any], caller: str = "check"
) -> ReleasedExercise:
    """The exercise of the running notebook that is meant.

    Args:
        answer: a function or its name.
        variables: the notebook's.
        caller: the function that was called, for its sentence.

    Raises:
        Problem: no exercise is called that, or the notebook's data are not there.
    """
    known = released.catalogue(location.of_notebook(variables))
    if isinstance(answer, str):
        names = [answer]
    else:
        # A vmapped or jitted function carries the name of the function inside it, so the
        # variable it is bound to comes first.
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
            f"in {location.where(variables)}. Get the folder of the assignment anew, and put your "
            "notebook there."
        )
    for name in names:
        if name in known:
            return known[name]
    own = isinstance(answer, str) or getattr(answer, "__module__", "") == "__main__"
    more = f" If the notebook asks for that name, {OTHER_RELEASE}" if own else ""
    raise _unknown(names[0], known, caller, f"{UNKNOWN}{more}")


def near(folder: Path, name: str, caller: str) -> ReleasedExercise:
    """The exercise of this name, where a command is given in a folder.

    Raises:
        Problem: none or several are called that.
    """
    files = location.near(folder)
    known = [one for path in files for one in released.read(check_file.read(path))]
    found = [one for one in known if one.prompt.name == name]
    homes = sorted({(one.course, one.prompt.assignment) for one in found})
    if len(homes) > 1:
        where = " and ".join(assignment for _, assignment in homes)
        raise Problem(f"{name} is an exercise of {where}: go to the folder of the one you mean.")
    if found:
        return found[0]
    if not files:
        raise location.nothing_found()
    names = [one.prompt.name for one in known]
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
