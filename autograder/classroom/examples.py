"""What `check` says of an answer that grading rejected: on public cases, with their values.

A graded card shows no value of a secret case. So a rejected answer is also judged on the public
cases, by processes of its own that know no secret input.
"""

from __future__ import annotations

import functools
import hashlib
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from autograder.classroom import cache
from autograder.classroom.cache import Cache
from autograder.classroom.notebook_check import grader
from autograder.classroom.roles import Runs
from autograder.jail.walls import Level
from autograder.judge.devices import Device
from autograder.judge.verdict import Status, Verdict
from autograder.problem import Problem
from autograder.student import card, check_file, released
from autograder.student.released import ReleasedExercise

PASSES = (
    "`check` passes this answer: the few cases that it tries do not show the mistake. Grading uses "
    "other inputs and other sizes."
)
UNSHOWN = {
    Status.PASSED, Status.TIMEOUT, Status.OUT_OF_MEMORY, Status.TOO_MUCH_OUTPUT, Status.NOT_ALLOWED,
    Status.MISSING, Status.UNREADABLE, Status.GRADER_FAULT,
}  # fmt: skip
"""What has nothing to show, or must not run again."""


class Examples:
    """The cards of `check` for one assignment's notebook.

    Args:
        path: of the data beside the master, which `check` reads.
        jail: where the students' code and programs run.
        device: where programs run.
        kept: the cache in which the cards are kept.
        log: gets a line if the data cannot be read; then there are no cards.
    """

    def __init__(self, path: Path, jail: Runs, device: Device, kept: Cache, log: Any) -> None:
        self._path, self._jail, self._device = path, jail, device
        self._cache, self._log = kept, log
        self._lock = threading.Lock()

    @functools.cached_property
    def _exercises(self) -> tuple[str, Mapping[str, ReleasedExercise]]:
        """A hash of the data, and the exercises that are shown or have numbers.

        They are read late, since most of a class may have passed.
        """
        # Behind weaker walls, code could leave secret inputs for this process, or tell its student
        # what the machine has.
        if self._jail.level is not Level.FULL:
            return "", {}
        try:
            file = check_file.read(self._path)
            exercises = released.read(file)
        except Problem as problem:
            self._log.warning("Feedback shows no values of the public cases: %s", problem)
            return "", {}
        return hashlib.sha256(file.packed).hexdigest(), {
            one.prompt.name: replace(one, hints=())
            for one in exercises
            if one.variants or not one.is_question
        }

    def cards(
        self, notebook: NotebookNode, verdicts: Mapping[str, Verdict], student: str = ""
    ) -> dict[str, str]:
        """The cards of the rejected answers as HTML, by exercise.

        Args:
            notebook: as it was judged. No process that ran its code was ended early.
            verdicts: by exercise.
            student: whose it is, for questions with numbers.
        """
        rejected = {name: one for name, one in verdicts.items() if one.status not in UNSHOWN}
        if not rejected:
            return {}
        with self._lock:
            data, exercises = self._exercises
        keys = {
            name: cache.key("example", name, data, self._device.name, verdict.program)
            for name, verdict in rejected.items()
            if name in exercises and not exercises[name].is_question
        }
        known = {name: self._cache.get(key) for name, key in keys.items()}
        cards = {name: text for name, text in known.items() if text is not None}
        if left := {name: exercises[name] for name in keys if name not in cards}:
            try:
                # The notebook may call `numbers`, which a question has.
                asked = left | {name: one for name, one in exercises.items() if one.variants}
                found = grader(asked, self._jail, self._device).grade(notebook, student)
                for name, verdict in found.items():
                    if name in left and not verdict.asks:
                        cards[name] = _card(verdict, left[name])
                        self._cache.put(keys[name], cards[name])
            except Exception as error:  # the verdicts are there already, and stay
                self._log.warning(
                    "Feedback shows no values of %s: %s: %s",
                    ", ".join(left),
                    type(error).__name__,
                    error,
                )
        return cards


def _card(verdict: Verdict, exercise: ReleasedExercise) -> str:
    """The card as HTML; empty if it would show nothing that the graded card does not say."""
    if verdict.passed:
        return card.of_sentence(PASSES).html
    if not any(finding.evidence for finding in verdict.findings):
        return ""
    # The graded card has the advice already.
    findings = tuple(replace(finding, advice="") for finding in verdict.findings)
    return card.of_check(replace(verdict, findings=findings, misconception=""), exercise).html
