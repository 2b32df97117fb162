"""The specification of one exercise, written once, in the hidden region of its test cell."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder import program, tree
from autograder.judge import Lookalike
from autograder.problem import Problem
from autograder.requirements import Requirement, grows_with_batch, matches_reference
from autograder.tracing_errors import failure_of
from autograder.verdict import Answer, Failure

__all__ = ["Exercise", "WrongAnswer", "exercise", "grows_with_batch", "matches_reference", "wrong"]

PUBLIC_SIZES = (4, 10)
SECRET_SIZES = (8, 24)


@dataclass(frozen=True)
class WrongAnswer:
    """A misconception: code that students write, and what to tell them about it.

    Attributes:
        function: the code.
        title: the misconception in a few words; it completes "This looks like an answer that …".
        rejected_by: the reason of the finding that must reject it, or an exception's class name.
        advice: what to try.
    """

    function: Callable[..., Any]
    title: str
    rejected_by: str
    advice: str


@dataclass(frozen=True)
class Exercise:
    """All that is known of an exercise but its prompt and its points.

    Attributes:
        reference: the function that the solution cell defines.
        inputs: draws the tuple of arguments from a `numpy.random.Generator` and a batch size.
        requires: what is asked of an answer, the first being `matches_reference()`.
        hints: three, from a nudge to nearly the answer.
        explanation: Markdown, shown after passing.
        another: a second solution, as source.
        wrong_answers: at least three.
    """

    reference: Callable[..., Any]
    inputs: Callable[[np.random.Generator, int], tuple[Any, ...]]
    requires: tuple[Requirement, ...]
    hints: tuple[str, ...]
    explanation: str
    another: str
    wrong_answers: tuple[WrongAnswer, ...]

    @property
    def name(self) -> str:
        return self.reference.__name__

    def draw(self, seed: int, size: int) -> tuple[Any, ...]:
        """The arguments of one case: the same for the same seed, exercise and batch size.

        Returns:
            A tuple of pytrees of NumPy arrays; float64 and int64 become float32 and int32.
        """
        generator = np.random.default_rng([seed, zlib.crc32(self.name.encode()), size])
        skeleton, leaves = tree.flatten(self.inputs(generator, size))
        return tree.unflatten(skeleton, [_as_jax_would(leaf) for leaf in leaves])


def _as_jax_would(leaf: Any) -> np.ndarray:
    array = np.asarray(leaf)
    narrow = {"float64": "float32", "int64": "int32", "complex128": "complex64"}
    return array.astype(narrow.get(array.dtype.name, array.dtype))


def answer(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Answer | Failure:
    """What `function` gives back for these arguments, through its exported program.

    Any exception that it raises becomes a `Failure`.
    """
    skeleton, leaves = tree.flatten(arguments)
    try:
        return program.run(program.lower(function, skeleton, leaves), leaves)
    except Exception as error:
        return failure_of(error)


def expected_answers(spec: Exercise, seed: int, sizes: Sequence[int]) -> tuple[Answer, ...]:
    """What the reference gives back, one answer per batch size.

    Raises:
        Problem: the reference itself fails.
    """
    answers = []
    for size in sizes:
        outcome = answer(spec.reference, spec.draw(seed, size))
        if isinstance(outcome, Failure):
            raise Problem(f"The reference of {spec.name} fails: {outcome.message}")
        answers.append(outcome)
    return tuple(answers)


def lookalikes(spec: Exercise, seed: int, sizes: Sequence[int]) -> tuple[Lookalike, ...]:
    """What the listed wrong answers do on the same inputs."""
    return tuple(
        Lookalike(
            one.title,
            one.rejected_by,
            one.advice,
            tuple(answer(one.function, spec.draw(seed, size)) for size in sizes),
        )
        for one in spec.wrong_answers
    )


def wrong(
    function: Callable[..., Any], title: str, *, rejected_by: str, advice: str
) -> WrongAnswer:
    """List a wrong answer; see `WrongAnswer` for the arguments."""
    return WrongAnswer(function, title, rejected_by, advice)


_collected: list[Exercise] | None = None


@contextlib.contextmanager
def collecting() -> Iterator[list[Exercise]]:
    """Gather every `exercise(...)` that runs inside, as loading a master does."""
    global _collected
    before, _collected = _collected, []
    try:
        yield _collected
    finally:
        _collected = before


def exercise(
    reference: Callable[..., Any],
    *,
    inputs: Callable[[np.random.Generator, int], tuple[Any, ...]],
    requires: Sequence[Requirement] = (matches_reference(), grows_with_batch("not at all")),
    hints: Sequence[str],
    explanation: str,
    another: str,
    wrong_answers: Sequence[WrongAnswer],
) -> Exercise:
    """Specify one exercise; see `Exercise` for the arguments."""
    made = Exercise(
        reference,
        inputs,
        tuple(requires),
        tuple(hints),
        explanation,
        another,
        tuple(wrong_answers),
    )
    if _collected is not None:
        _collected.append(made)
    return made
