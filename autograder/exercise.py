"""The specification of one exercise, written once, in the hidden region of its test cell."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder import program, tree
from autograder.calling import call
from autograder.judge import Lookalike
from autograder.problem import Problem
from autograder.requirements import Requirement, grows_with_batch, matches_reference
from autograder.tracing_errors import failure_of
from autograder.verdict import Answers, Failure, Outcome
from autograder.views import VIEWS, Case, cases

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
        sizes: the batch sizes of the grading, the smallest first; none of `PUBLIC_SIZES`.
    """

    reference: Callable[..., Any]
    inputs: Callable[[np.random.Generator, int], tuple[Any, ...]]
    requires: tuple[Requirement, ...]
    hints: tuple[str, ...]
    explanation: str
    another: str
    wrong_answers: tuple[WrongAnswer, ...]
    sizes: tuple[int, ...] = SECRET_SIZES

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


def outcomes(
    function: Callable[..., Any],
    requires: Sequence[Requirement],
    arguments: Mapping[int, tuple[Any, ...]],
) -> dict[str, list[Outcome]]:
    """What a function does on every case of an exercise, through its exported programs.

    Args:
        function: the answer.
        requires: the exercise's requirements, which say what to look at.
        arguments: the tuple of arguments for each batch size, the smallest first.

    Returns:
        By the name of the view, the outcomes in the order of the sizes; any exception that the
        function raises becomes a `Failure`.
    """
    made: dict[str, list[Outcome]] = {}
    for case in cases(views_of(requires), list(arguments)):
        outcome = _outcome(function, arguments[case.size], case)
        made.setdefault(case.view, []).append(outcome)
    return made


def views_of(requires: Sequence[Requirement]) -> list[str]:
    """The names of the views that these requirements look at."""
    return [view for want in requires for view in want.views]


def _outcome(function: Callable[..., Any], arguments: tuple[Any, ...], case: Case) -> Outcome:
    if VIEWS[case.view].calls:
        return call(function, arguments)
    skeleton, leaves = tree.flatten(arguments)
    try:
        lowered = program.lower(function, skeleton, leaves, case.view)
        return program.run(lowered, leaves, case.view, case.size)
    except Exception as error:
        return failure_of(error)


def expected_answers(spec: Exercise, seed: int, sizes: Sequence[int]) -> Answers:
    """What the reference does on inputs drawn from the seed.

    Raises:
        Problem: the reference itself fails.
    """
    made = outcomes(spec.reference, spec.requires, {size: spec.draw(seed, size) for size in sizes})
    for view, many in made.items():
        for one in many:
            if isinstance(one, Failure):
                raise Problem(f"The reference of {spec.name} fails ({view}): {one.message}")
    return made  # type: ignore[return-value]  # no failure is left in it


def lookalikes(spec: Exercise, seed: int, sizes: Sequence[int]) -> tuple[Lookalike, ...]:
    """What the listed wrong answers do on the same inputs, in the views that run."""
    arguments = {size: spec.draw(seed, size) for size in sizes}
    running = [want for want in spec.requires if all(VIEWS[view].runs for view in want.views)]
    return tuple(
        Lookalike(
            one.title, one.rejected_by, one.advice, outcomes(one.function, running, arguments)
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
    sizes: Sequence[int] = SECRET_SIZES,
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
        tuple(sizes),
    )
    if _collected is not None:
        _collected.append(made)
    return made
