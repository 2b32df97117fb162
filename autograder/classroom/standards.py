"""What answers to one exercise are judged by: its cases, their inputs and the expected answers.

Grading draws the inputs from a secret seed and runs the references of the master; `autograder
check` reads both from the released data, see `notebook_check`.
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
"""Runs the references while the jail works; one at a time, since `program` patches JAX."""

Result = TypeVar("Result")


class Standard(Protocol):
    """What answers to one exercise are judged by."""

    @property
    def requires(self) -> tuple[Requirement, ...]:
        """The requirements that an answer has to meet."""

    @property
    def source(self) -> str:
        """A text that changes whenever the verdicts could change; part of the cache's key."""

    def begin(self) -> None:
        """Start computing the expected answers in the background, if that takes time."""

    def draws(self) -> Sequence[Draw]:
        """The draws that an answer is judged on."""

    def arguments(self, draw: Draw) -> Arguments:
        """The inputs of a draw, which no student's process may know before it has to use them."""

    def shapes(self, draw: Draw) -> Arguments:
        """Arguments with the shapes of these inputs, but not their values."""

    def expected(self) -> Answers:
        """The expected answers."""

    def facts(self) -> Answers:
        """The expected facts that an answer is compared with before it is compiled."""

    def misconceptions(self) -> tuple[Misconception, ...]:
        """The misconceptions of the exercise, with the answers that each one gives."""

    def in_public_words(self, verdict: Verdict, outcomes: Outcomes, lines: Set[str]) -> Verdict:
        """The verdict in words that a student may read.

        Args:
            verdict: one that has not passed.
            outcomes: those that it was found from.
            lines: of the student's cells.
        """


class FromMaster:
    """The standard of a grading: inputs are drawn from a secret seed, and the references run."""

    def __init__(self, exercise: Exercise, seed: int, device: Device) -> None:
        self.requires, self.source = exercise.requires, exercise.source
        self._exercise, self._seed, self._device = exercise, seed, device
        self._results: dict[Callable[..., Any], Future[Any]] = {}
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
        if not any(requirement.early and requirement.compares for requirement in self.requires):
            return {}
        return self._begun(facts_of_reference).result()

    def misconceptions(self) -> tuple[Misconception, ...]:
        return self._begun(misconceptions).result()

    def in_public_words(self, verdict: Verdict, outcomes: Outcomes, lines: Set[str]) -> Verdict:
        """See `feedback`: the words hold nothing of the secret inputs."""
        name, expected = self._exercise.name, self.expected()
        safe = feedback.without_secrets(name, outcomes, expected, lines)
        shown = judge.judge(name, self.requires, expected, safe)
        paths = [answer.paths for answers in expected.values() for answer in answers]
        return feedback.in_words_of(verdict, shown, f"{self.requires} {paths}")

    def _begun(self, compute: Callable[..., Result]) -> Future[Result]:
        """What this function computes from the references; it is called once."""
        with self._lock:
            if compute not in self._results:
                arguments = (self._exercise, self._seed, self._exercise.sizes, self._device)
                self._results[compute] = REFERENCES.submit(compute, *arguments)
            return self._results[compute]
