"""A submission in, verdicts out. The grader holds the references and the seed, and runs nobody
else's code: that happens in the worker and the runner, behind the jail's door.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nbformat import NotebookNode

from autograder import frames, judge, tree
from autograder.exercise import SECRET_SIZES, Exercise, expected_answers, lookalikes
from autograder.frames import Frame
from autograder.jail import Jail
from autograder.problem import Problem
from autograder.verdict import Answer, Failure, Status, Verdict

DEVICES = {"cpu": "cpu"}
"""The devices that answers can be judged on, with the platform that programs are lowered for."""

Case = tuple[str, int]
"""An exercise's name and a batch size."""


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
    _ran: dict[tuple[Case, str], Frame | Failure] = field(default_factory=dict)

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
                verdicts[name] = self._judge(spec, [outcomes[name, n] for n in SECRET_SIZES])
            except Exception as error:
                verdicts[name] = _fault(name, error)
        return verdicts

    def _lower(self, notebook: NotebookNode) -> dict[Case, Frame | Failure]:
        """Have the worker run the notebook and export every exercise at every size."""
        cells, solution_steps = _cells(notebook)
        asks = {case: self._ask(case) for case in self._cases()}
        header = {
            "cells": cells,
            "asks": list(asks.values()),
            "platform": DEVICES[self.device],
        }
        steps = [cell["step"] for cell in cells] + [ask["step"] for ask in asks.values()]
        results = self.jail.run("worker", Frame(header), steps)
        lowered = {case: _checked(results[ask["step"]]) for case, ask in asks.items()}
        for case, result in lowered.items():
            if isinstance(result, Failure) and result.status is Status.MISSING:
                # A function is not there because its cell failed, where its cell did.
                cell = _checked(results.get(solution_steps.get(case[0], ""), result))
                lowered[case] = cell if isinstance(cell, Failure) else result
        return lowered

    def _run(self, lowered: Mapping[Case, Frame | Failure]) -> dict[Case, judge.Outcome]:
        """Have the runner run the programs; identical ones only once in a grading run."""
        programs = {case: made for case, made in lowered.items() if isinstance(made, Frame)}
        keys = {
            case: (case, hashlib.sha256(made.blob).hexdigest()) for case, made in programs.items()
        }
        fresh = {case: made for case, made in programs.items() if keys[case] not in self._ran}
        if fresh:
            for case, result in self._run_fresh(fresh).items():
                self._ran[keys[case]] = result
        outcomes: dict[Case, judge.Outcome] = {}
        for case, made in lowered.items():
            result = self._ran[keys[case]] if isinstance(made, Frame) else made
            if isinstance(made, Frame) and isinstance(result, Frame):
                outcomes[case] = _answer(made, result)
            else:
                assert isinstance(result, Failure)
                outcomes[case] = result
        return outcomes

    def _run_fresh(self, programs: Mapping[Case, Frame]) -> dict[Case, Frame | Failure]:
        jobs: list[dict[str, Any]] = []
        arrays: list[Any] = []
        blob = b""
        for (name, size), made in programs.items():
            # Drawn only now, after the student's code has run and ended.
            _, leaves = tree.flatten(self.exercises[name].draw(self.seed, size))
            jobs.append(
                {
                    "step": _step((name, size)),
                    "offset": len(blob),
                    "length": len(made.blob),
                    "inputs": list(range(len(arrays), len(arrays) + len(leaves))),
                }
            )
            arrays += leaves
            blob += made.blob
        request = Frame({"jobs": jobs}, tuple(arrays), blob)
        results = self.jail.run("runner", request, [job["step"] for job in jobs])
        return {case: _checked(results[_step(case)]) for case in programs}

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
        # A difference shows secret values, and the verdict goes to the student.
        findings = tuple(replace(finding, difference=None) for finding in verdict.findings)
        return replace(verdict, findings=findings)

    def _cases(self) -> list[Case]:
        return [(name, size) for name in self.exercises for size in SECRET_SIZES]

    def _ask(self, case: Case) -> dict[str, Any]:
        name, size = case
        # The shapes of a draw do not depend on the seed, and this draw is thrown away.
        skeleton, leaves = tree.flatten(self.exercises[name].draw(0, size))
        shapes = [{"dtype": leaf.dtype.name, "shape": list(leaf.shape)} for leaf in leaves]
        return {"step": _step(case), "name": name, "skeleton": skeleton, "leaves": shapes}


def _step(case: Case) -> str:
    return f"{case[0]} at {case[1]}"


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


def _checked(result: Frame | Failure) -> Frame | Failure:
    """A step's result; what its frame claims is read with suspicion."""
    if isinstance(result, Failure) or "failure" not in result.header:
        return result
    claimed = result.header["failure"]
    if not isinstance(claimed, dict):
        return Failure(Status.BROKE_THE_RULES, "What it sent cannot be read.")
    text = {key: str(claimed.get(key, ""))[:500] for key in ("message", "error", "advice", "line")}
    honest = (Status.ERROR, Status.MISSING, Status.OUT_OF_MEMORY, Status.BROKE_THE_RULES)
    status = next((one for one in honest if one == claimed.get("status")), Status.ERROR)
    return Failure(status, **text)


def _answer(made: Frame, ran: Frame) -> judge.Outcome:
    """What the worker says of the result's pytree, put together with the runner's leaves."""
    structure, operations = made.header.get("structure"), ran.header.get("operations")
    try:
        paths = frames.strings(made.header.get("paths"))
    except frames.FrameError:
        paths = ()
    if not isinstance(structure, str) or type(operations) is not int:
        return Failure(Status.BROKE_THE_RULES, "What it sent cannot be read.")
    if len(paths) != len(ran.arrays):
        return Failure(Status.BROKE_THE_RULES, "Its result has other leaves than it said.")
    return Answer(structure, paths, ran.arrays, operations)


def _fault(exercise: str, error: Exception) -> Verdict:
    failure = Failure(Status.GRADER_FAULT, f"{type(error).__name__}: {error}")
    return Verdict.of_failure(exercise, failure)
