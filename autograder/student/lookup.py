"""Which exercise is meant by a name, by a function, or by what somebody gave instead."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from autograder.problem import Problem
from autograder.student.public import PublicExercise, catalogue

OTHER_RELEASE = (
    "it is of another release of the course than the package: get both anew and copy your "
    "answers over."
)


def find(
    answer: Callable[..., Any] | str, variables: Mapping[str, Any], caller: str = "check"
) -> PublicExercise:
    """The exercise that is meant.

    Args:
        answer: a function or its name.
        variables: the notebook's.
        caller: the function that was called, for its sentence.

    Raises:
        Problem: no exercise is called that.
    """
    known = catalogue()
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
    for name in names:
        if name in known:
            return known[name]
    (name,) = names
    sentence = f"{caller} does not know an exercise called {name}"
    if close := difflib.get_close_matches(name, known, 1, 0.8):
        raise Problem(f"{sentence}: did you mean {close[0]}?")
    advice = "Give it the function that the cell above asked for, under the name it was asked for."
    own = isinstance(answer, str) or getattr(answer, "__module__", "") == "__main__"
    release = f" If the notebook asks for that name, {OTHER_RELEASE}" if own else ""
    raise Problem(f"{sentence}. {advice}{release}")


def _described(value: Any) -> str:
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"an array, {value.dtype}{list(value.shape)},"
    return f"a value of type {type(value).__name__}"
