"""A submission in, verdicts out. The grader holds the references and the seed, and runs nobody
else's code: that happens in the worker and the runner, behind the jail's door.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

import jax
from nbformat import NotebookNode

from autograder import claims, devices, judge, meshes
from autograder.claims import Claim
from autograder.devices import CPU, Device
from autograder.exercise import Exercise, expected_answers, lookalikes, views_of
from autograder.frames import Frame
from autograder.jail import Jail
from autograder.problem import Problem, version
from autograder.verdict import Answer, Answers, Failure, Finding, Outcome, Status, Verdict
from autograder.views import VIEWS, Case, cases

Task = tuple[str, Case]
"""One program or call that is asked for: an exercise's name, and a view of it on a draw."""


@dataclass
class Grader:
    """Judges submissions of one assignment, all on the same secret inputs.

    Args:
        exercises: the assignment's exercises by name.
        seed: every input is drawn from it.
        jail: where the students' code and programs run.
        device: where programs are run; this process has to have it too, for the references.

    Raises:
        Problem: the device is not there.
    """

    exercises: Mapping[str, Exercise]
    seed: int
    jail: Jail
    device: Device = CPU
    _expected: dict[str, Answers] = field(default_factory=dict)
    _lookalikes: dict[str, tuple[judge.Lookalike, ...]] = field(default_factory=dict)
    _ran: dict[tuple[Task, str], Answer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Too late in a process that computes already; then only a mesh is a problem.
        with contextlib.suppress(Problem):
            meshes.simulate_devices()
        devices.here(self.device)

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
                verdicts[name] = self._judge(spec, outcomes)
            except Exception as error:
                verdicts[name] = _fault(name, error)
        return verdicts

    def _lower(self, notebook: NotebookNode) -> dict[Task, Claim | Outcome]:
        """Have the worker run the notebook and export every case of every exercise."""
        cells, solution_steps = _cells(notebook)
        header = {"cells": cells, "asks": self._asks, "platform": self.device.platform}
        steps = [cell["step"] for cell in cells] + list(self.exercises)
        results = self.jail.run("worker", Frame(header), steps, self._inputs)
        lowered: dict[Task, Claim | Outcome] = {}
        for name in self.exercises:
            cell = _failed(results.get(solution_steps.get(name, "")))
            tasks = self._tasks(name)
            called = [VIEWS[case.view].calls for _, case in tasks]
            for task, made in zip(tasks, claims.answers(results[name], called), strict=True):
                # A function is not there because its cell failed, where its cell did.
                lowered[task] = cell if cell and _is_missing(made) else made
        return lowered

    def _run(self, lowered: Mapping[Task, Claim | Outcome]) -> dict[Task, Outcome]:
        """Have the runner run the programs; identical ones only once in a grading run."""
        lowered = {task: _readable(made) for task, made in lowered.items()}
        programs = {task: made for task, made in lowered.items() if isinstance(made, Claim)}
        keys = {task: (task, _digest(made)) for task, made in programs.items()}
        ran: dict[Task, Outcome] = {
            task: self._ran[key] for task, key in keys.items() if key in self._ran
        }
        ran |= self._run_fresh({task: made for task, made in programs.items() if task not in ran})
        # Only what ran is kept: a failure may be that of a program beside it, which used up the
        # time, and the next student's answer must not inherit it.
        self._ran |= {keys[task]: one for task, one in ran.items() if isinstance(one, Answer)}
        return {task: one for task, one in lowered.items() if not isinstance(one, Claim)} | ran

    def _run_fresh(self, programs: Mapping[Task, Claim]) -> dict[Task, Outcome]:
        jobs: dict[str, dict[str, Any]] = {}
        arrays: list[Any] = []
        blob = b""
        for (name, case), made in programs.items():
            # Drawn only now, after the student's code has run and ended.
            arguments = self.exercises[name].draw(self.seed, case.draw)
            leaves = arguments.leaves
            jobs.setdefault(name, {"step": name, "cases": []})["cases"].append(
                {
                    **asdict(case),
                    "specs": arguments.specs,
                    "offset": len(blob),
                    "length": len(made.artifact),
                    "inputs": list(range(len(arrays), len(arrays) + len(leaves))),
                }
            )
            arrays += leaves
            blob += made.artifact
        if not jobs:
            return {}
        header = {"jobs": list(jobs.values()), "device": self.device.name}
        request = Frame(header, tuple(arrays), blob)
        results = self.jail.run("runner", request, list(jobs))
        outcomes: dict[Task, Outcome] = {}
        for name in jobs:
            tasks = [task for task in programs if task[0] == name]
            runs = [VIEWS[case.view].runs for _, case in tasks]
            ran = claims.outcomes(results[name], [programs[task] for task in tasks], runs)
            outcomes |= zip(tasks, ran, strict=True)
        return outcomes

    def _judge(self, spec: Exercise, outcomes: Mapping[Task, Outcome]) -> Verdict:
        got: dict[str, list[Outcome]] = {}
        for task in self._tasks(spec.name):
            got.setdefault(task[1].view, []).append(outcomes[task])
        if spec.name not in self._expected:
            self._expected[spec.name] = expected_answers(spec, self.seed, spec.sizes, self.device)
        expected = self._expected[spec.name]
        verdict = judge.judge(spec.name, spec.requires, expected, got)
        if verdict.status in (Status.WRONG, Status.ERROR):
            if spec.name not in self._lookalikes:
                self._lookalikes[spec.name] = lookalikes(spec, self.seed, spec.sizes, self.device)
            alike = self._lookalikes[spec.name]
            verdict = judge.judge(spec.name, spec.requires, expected, got, alike)
        return replace(verdict, findings=tuple(map(_without_sizes, verdict.findings)))

    def _tasks(self, name: str) -> list[Task]:
        spec = self.exercises[name]
        draws = spec.draws(spec.sizes, self.device)
        return [(name, case) for case in cases(views_of(spec.requires), draws)]

    @cached_property
    def _asks(self) -> list[dict[str, Any]]:
        asks = []
        position = 0
        for name in self.exercises:
            asked = []
            for _, case in self._tasks(name):
                # The shapes of a draw do not depend on the seed, and this draw is thrown away.
                drawn = self.exercises[name].draw(0, case.draw)
                shapes = [
                    {"dtype": leaf.dtype.name, "shape": list(leaf.shape)} for leaf in drawn.leaves
                ]
                said = {"skeleton": drawn.skeleton, "specs": drawn.specs, "leaves": shapes}
                asked.append({**asdict(case), **said})
                if VIEWS[case.view].calls:
                    asked[-1]["inputs"] = list(range(position, position + len(shapes)))
                    position += len(shapes)
            asks.append({"step": name, "cases": asked})
        return asks

    def _inputs(self) -> Frame:
        """The secret inputs of the functions that are called, drawn when the cells have run."""
        arrays: list[Any] = []
        for name, spec in self.exercises.items():
            for _, case in self._tasks(name):
                if VIEWS[case.view].calls:
                    arrays += spec.draw(self.seed, case.draw).leaves
        return Frame({}, tuple(arrays))


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


def _is_missing(made: Claim | Outcome) -> bool:
    return isinstance(made, Failure) and made.status is Status.MISSING


def _readable(made: Claim | Outcome) -> Claim | Outcome:
    """A program of a newer JAX than ours crashes the reader, and is nobody's mistake but ours."""
    if isinstance(made, Claim) and version(made.jax) > version(jax.__version__):
        words = f"The program was written by JAX {made.jax}, and this grader has {jax.__version__}."
        return Failure(Status.GRADER_FAULT, words)
    return made


def _digest(made: Claim) -> str:
    claimed = f"{made.structure}\0{made.paths}\0".encode()
    return hashlib.sha256(claimed + made.artifact).hexdigest()


def _without_sizes(finding: Finding) -> Finding:
    """What goes to the student: no value of a secret case, and no size out of an exception."""
    message, line, code = finding.message.partition(" The line: ")
    if finding.reason.endswith(("Error", "Exception")):
        message = re.sub(r"\b\d+\b", "…", message)
    return replace(finding, message=message + line + code, difference=None)


def _fault(exercise: str, error: Exception) -> Verdict:
    failure = Failure(Status.GRADER_FAULT, f"{type(error).__name__}: {error}")
    return Verdict.of_failure(exercise, failure)
