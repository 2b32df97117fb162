"""A submission in, verdicts out. The grader holds the references and the seed, and runs nobody
else's code: that happens in the worker and the runner, behind the jail's door.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nbformat import NotebookNode

from autograder import claims, judge, tree
from autograder.claims import Claim
from autograder.exercise import SECRET_SIZES, Exercise, expected_answers, lookalikes
from autograder.frames import Frame
from autograder.jail import Jail
from autograder.problem import Problem
from autograder.verdict import Answer, Failure, Finding, Status, Verdict

DEVICES = {"cpu": "cpu"}
"""The devices that answers can be judged on, with the platform that programs are lowered for."""

Key = tuple[str, int, str]
"""An exercise's name, the number of the case, and the hash of the program."""


@dataclass
class Grader:
    """Judges submissions of one assignment, all on the same secret inputs.

    Args:
        exercises: the assignment's exercises by name.
        seed: every input is drawn from it.
        jail: where the students' code and programs run.
        device: one of `DEVICES`.

    Raises:
        Problem: the device is unknown.
    """

    exercises: Mapping[str, Exercise]
    seed: int
    jail: Jail
    device: str = "cpu"
    _expected: dict[str, tuple[Answer, ...]] = field(default_factory=dict)
    _lookalikes: dict[str, tuple[judge.Lookalike, ...]] = field(default_factory=dict)
    _ran: dict[Key, Answer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.device not in DEVICES:
            raise Problem(
                f'There is no device "{self.device}" to grade on: choose {" or ".join(DEVICES)}.'
            )

    def grade(self, notebook: NotebookNode) -> dict[str, Verdict]:
        """A verdict for every exercise of the assignment, whatever the notebook does.

        A fault of the grader's own becomes `grader fault`, never an exception.
        """
        try:
            outcomes = self._run(self._lower(notebook))
        except Exception as error:
            return {name: _fault(name, error) for name in self.exercises}
        verdicts = {}
        for name, spec in self.exercises.items():
            try:
                verdicts[name] = self._judge(spec, outcomes[name])
            except Exception as error:
                verdicts[name] = _fault(name, error)
        return verdicts

    def _lower(self, notebook: NotebookNode) -> dict[str, list[Claim | Failure]]:
        """Have the worker run the notebook and export every exercise at every size."""
        cells, solution_steps = _cells(notebook)
        asks = [self._ask(name) for name in self.exercises]
        header = {"cells": cells, "asks": asks, "platform": DEVICES[self.device]}
        steps = [cell["step"] for cell in cells] + list(self.exercises)
        results = self.jail.run("worker", Frame(header), steps)
        lowered = {}
        for name in self.exercises:
            made = claims.programs(results[name], len(SECRET_SIZES))
            # A function is not there because its cell failed, where its cell did.
            if cell := _failed(results.get(solution_steps.get(name, ""))):
                made = [cell if _is_missing(one) else one for one in made]
            lowered[name] = made
        return lowered

    def _run(
        self, lowered: Mapping[str, Sequence[Claim | Failure]]
    ) -> dict[str, list[judge.Outcome]]:
        """Have the runner run the programs; identical ones only once in a grading run."""
        fresh = {
            name: todo
            for name, made in lowered.items()
            if (todo := [n for n, one in enumerate(made) if self._is_new(name, n, one)])
        }
        failed: dict[tuple[str, int], Failure] = {}
        for name, ran in self._run_fresh(fresh, lowered).items():
            for n, outcome in zip(fresh[name], ran, strict=True):
                # Only what ran is kept: a failure may be that of a program beside it, which
                # used up the time, and the next student's answer must not inherit it.
                if isinstance(outcome, Answer):
                    self._ran[_key(name, n, lowered[name][n])] = outcome
                else:
                    failed[name, n] = outcome
        return {
            name: [
                one if isinstance(one, Failure)
                else failed.get((name, n)) or self._ran[_key(name, n, one)]
                for n, one in enumerate(made)
            ]
            for name, made in lowered.items()
        }  # fmt: skip

    def _is_new(self, name: str, n: int, made: Claim | Failure) -> bool:
        return isinstance(made, Claim) and _key(name, n, made) not in self._ran

    def _run_fresh(
        self,
        fresh: Mapping[str, Sequence[int]],
        lowered: Mapping[str, Sequence[Claim | Failure]],
    ) -> dict[str, list[judge.Outcome]]:
        jobs: list[dict[str, Any]] = []
        arrays: list[Any] = []
        blob = b""
        todo: dict[str, list[Claim]] = {}
        for name, numbers in fresh.items():
            todo[name], cases = [], []
            for n in numbers:
                made = lowered[name][n]
                assert isinstance(made, Claim)
                todo[name].append(made)
                # Drawn only now, after the student's code has run and ended.
                _, leaves = tree.flatten(self.exercises[name].draw(self.seed, SECRET_SIZES[n]))
                inputs = list(range(len(arrays), len(arrays) + len(leaves)))
                span = {"offset": len(blob), "length": len(made.artifact)}
                cases.append({**span, "inputs": inputs})
                arrays += leaves
                blob += made.artifact
            jobs.append({"step": name, "cases": cases})
        if not jobs:
            return {}
        results = self.jail.run("runner", Frame({"jobs": jobs}, tuple(arrays), blob), list(fresh))
        return {name: claims.answers(results[name], made) for name, made in todo.items()}

    def _judge(self, spec: Exercise, outcomes: Sequence[judge.Outcome]) -> Verdict:
        if spec.name not in self._expected:
            self._expected[spec.name] = expected_answers(spec, self.seed, SECRET_SIZES)
        expected = self._expected[spec.name]
        verdict = judge.judge(spec.name, spec.requires, expected, outcomes)
        if verdict.status in (Status.WRONG, Status.ERROR):
            if spec.name not in self._lookalikes:
                self._lookalikes[spec.name] = lookalikes(spec, self.seed, SECRET_SIZES)
            alike = self._lookalikes[spec.name]
            verdict = judge.judge(spec.name, spec.requires, expected, outcomes, alike)
        return replace(verdict, findings=tuple(map(_without_sizes, verdict.findings)))

    def _ask(self, name: str) -> dict[str, Any]:
        cases = []
        for size in SECRET_SIZES:
            # The shapes of a draw do not depend on the seed, and this draw is thrown away.
            skeleton, leaves = tree.flatten(self.exercises[name].draw(0, size))
            shapes = [{"dtype": leaf.dtype.name, "shape": list(leaf.shape)} for leaf in leaves]
            cases.append({"skeleton": skeleton, "leaves": shapes})
        return {"step": name, "cases": cases}


def _cells(notebook: NotebookNode) -> tuple[list[dict[str, str]], dict[str, str]]:
    """The cells to run, without the test cells, and the step of each solution cell by its id."""
    cells, solutions = [], {}
    for number, cell in enumerate(notebook.cells):
        tags = cell.metadata.get("nbgrader", {})
        is_test = tags.get("grade", False) and not tags.get("solution", False)
        if cell.cell_type != "code" or is_test:
            continue
        step = f"cell {number}"
        cells.append({"step": step, "source": cell.source})
        if tags.get("solution", False):
            solutions[str(tags.get("grade_id"))] = step
    return cells, solutions


def _failed(result: Frame | Failure | None) -> Failure | None:
    return claims.failure_in(result.header) if isinstance(result, Frame) else result


def _is_missing(made: Claim | Failure) -> bool:
    return isinstance(made, Failure) and made.status is Status.MISSING


def _key(name: str, number: int, made: Claim | Failure) -> Key:
    assert isinstance(made, Claim)
    claimed = f"{made.structure}\0{made.paths}\0".encode()
    return name, number, hashlib.sha256(claimed + made.artifact).hexdigest()


def _without_sizes(finding: Finding) -> Finding:
    """What goes to the student: no value of a secret case, and no size out of an exception."""
    message, line, code = finding.message.partition(" The line: ")
    if finding.reason.endswith(("Error", "Exception")):
        message = re.sub(r"\b\d+\b", "…", message)
    return replace(finding, message=message + line + code, difference=None)


def _fault(exercise: str, error: Exception) -> Verdict:
    failure = Failure(Status.GRADER_FAULT, f"{type(error).__name__}: {error}")
    return Verdict.of_failure(exercise, failure)
