"""Calls a function as Python, and turns its result into plain arrays.

Timing helpers, NumPy code, generators and the exceptions for bad input have no program. They are
called in the process of the student's code, and only arrays leave that process.
"""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from autograder.judge.tracing_errors import failure_of
from autograder.judge.verdict import WORD, Answer, Failure, Outcome, Status
from autograder.schema import DTYPES

UNANSWERED = Failure(
    Status.MISSING, "There is no answer yet.", advice="Write your answer in place of the dots."
)


def call(function: Any, arguments: tuple[Any, ...]) -> Outcome:
    """What a function returns, or raises, for these arguments.

    Returns:
        An answer whose leaves are arrays; a string is the array of its code points. For an
        exception, an answer with the structure `raises ValueError`, no leaves, and the facts
        `message` and `line`. A `Failure` for an empty stub, or when memory runs out.

    >>> call(lambda x: 2 * x, (3,)).leaves
    (array(6),)
    """
    try:
        with_paths, definition = jax.tree_util.tree_flatten_with_path(function(*arguments))
        leaves = tuple(_plain(leaf) for _, leaf in with_paths)
    except Exception as error:
        failure = failure_of(error)
        if failure.status is not Status.ERROR:
            return failure
        facts = {"message": failure.message, "line": failure.line}
        return Answer(f"raises {failure.error}", (), (), facts)
    paths = tuple(jax.tree_util.keystr(path) for path, _ in with_paths)
    return Answer(str(definition), paths, leaves)


def _plain(leaf: Any) -> np.ndarray:
    if isinstance(leaf, str):
        return np.array([ord(letter) for letter in leaf], WORD)
    array = np.asarray(leaf)
    if array.dtype.name not in DTYPES:
        raise TypeError(
            f"a result has a {type(leaf).__name__} in it, which is not an array or a number"
        )
    return array
