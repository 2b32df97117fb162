"""What answers to one exercise are judged by: its cases, their inputs, and what is right on them.

A grading draws the inputs from a secret seed and runs the references of the master; `autograder
check` has both from the release, see `notebook_check`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from autograder.classroom import feedback
from autograder.judge import judge
from autograder.judge.devices import Device
from autograder.judge.judge import Misconception
from autograder.judge.references import expected_answers, facts_of_reference, misconceptions
from autograder.judge.requirements.requirement import Requirement
from autograder.judge.specification import Exercise
from autograder.judge.tree import Arguments
from autograder.judge.verdict import Answers, Outcomes, Verdict
from autograder.judge.views import Draw

REFERENCES = ThreadPoolExecutor(1, "references")
"""Runs the references one at a time, since `program` patches JAX meanwhile, and beside the jail."""

Result = TypeVar("Result")


class Standard(Protocol):
    """What answers to one exercise are judged by."""

    @property
    def requires(self) -> tuple[Requirement, ...]:
        """What is asked of an answer."""

    @property
    def source(self) -> str:
        """The same for exercises that judge alike: verdicts are kept by it."""

    def begin(self) -> None:
        """Begin to make what `expected` gives, where that takes time."""

    def draws(self) -> Sequence[Draw]:
        """The draws that an answer is judged on."""

    def arguments(self, draw: Draw) -> Arguments:
        """The inputs of a draw, which no student's process may know before it has to use them."""

    def shapes(self, draw: Draw) -> Arguments:
        """Arguments with the shapes of these inputs, which tell nothing of their values."""

    def expected(self) -> Answers:
        """What is right."""

    def facts(self) -> Answers:
        """Of what is right, facts that an answer is compared with before it is compiled."""

    def misconceptions(self) -> tuple[Misconception, ...]:
        """What the listed wrong answers do."""

    def in_public_words(self, verdict: Verdict, got: Outcomes, lines: Set[str]) -> Verdict:
        """The verdict in words that a student may read.

        Args:
            verdict: which has not passed.
            got: what it was made of.
            lines: of the student's cells.
        """


class FromMaster:
    """The standard of a grading: inputs are drawn from a secret seed, and the references run."""

    def __init__(self, exercise: Exercise, seed: int, device: Device) -> None:
        self.requires, self.source = exercise.requires, exercise.source
        self._exercise, self._seed, self._device = exercise, seed, device
        self._made: dict[Callable[..., Any], Future[Any]] = {}
        self._lock = threading.Lock()

    def begin(self) -> None:
        self._begun(expected_answers)

    def draws(self) -> Sequence[Draw]:
        return self._exercise.draws(self._exercise.sizes, self._device, self._seed)

    def arguments(self, draw: Draw) -> Arguments:
        return self._exercise.draw(self._seed, draw)

    def shapes(self, draw: Draw) -> Arguments:
        # The shapes of a draw do not depend on the seed.
        return self._exercise.draw(0, draw)

    def expected(self) -> Answers:
        return self._begun(expected_answers).result()

    def facts(self) -> Answers:
        if not any(want.early and want.compares for want in self.requires):
            return {}
        return self._begun(facts_of_reference).result()

    def misconceptions(self) -> tuple[Misconception, ...]:
        return self._begun(misconceptions).result()

    def in_public_words(self, verdict: Verdict, got: Outcomes, lines: Set[str]) -> Verdict:
        """See `feedback`: the words hold nothing of the secret inputs."""
        name, expected = self._exercise.name, self.expected()
        safe = feedback.without_secrets(name, got, expected, lines)
        shown = judge.judge(name, self.requires, expected, safe)
        paths = [answer.paths for answers in expected.values() for answer in answers]
        return feedback.in_words_of(verdict, shown, f"{self.requires} {paths}")

    def _begun(self, make: Callable[..., Result]) -> Future[Result]:
        """What is made of the references, once; it is begun when it is asked for first."""
        with self._lock:
            if make not in self._made:
                given = (self._exercise, self._seed, self._exercise.sizes, self._device)
                self._made[make] = REFERENCES.submit(make, *given)
            return self._made[make]
