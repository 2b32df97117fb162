"""A submission in, verdicts out. The grader holds the references and the seed, and never runs a
student's code: that happens in the worker and the runner, inside the jail.

A verdict depends only on the programs, the exercise, the seed, the device and the versions. So it
is kept under their hash. This hash is kept under that of the notebook's code: the same code need
not run again.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from nbformat import NotebookNode

from autograder.classroom import cache, claims
from autograder.classroom.cache import Cache
from autograder.classroom.messages import (
    AskedCase,
    AskedExercise,
    Cell,
    Job,
    Leaf,
    ProgramCase,
    ProgramClaim,
    RunnerRequest,
    SecretInputs,
    WorkerRequest,
)
from autograder.classroom.roles import Runs
from autograder.classroom.standards import FromMaster, Standard
from autograder.jail.process import Ending
from autograder.judge import contexts, devices, judge, meshes, program
from autograder.judge.devices import CPU, Device
from autograder.judge.specification import measures_memory, views_of
from autograder.judge.verdict import Failure, Outcome, Status, Verdict
from autograder.judge.views import Case, cases
from autograder.problem import CannotGrade, Problem
from autograder.schema import encode
from autograder.text import printable

Lowered = Mapping[Case, ProgramClaim | Outcome]
"""What the worker sent for one exercise."""

CHECK = "check-"
"""The id of a cell that checks an exercise is this and the exercise's name."""


@dataclass
class Grader:
    """Judges submissions of one assignment, all on the same secret inputs.

    Args:
        exercises: the assignment's exercises by name.
        seed: every input is drawn from it.
        jail: where the students' code and programs run.
        device: where programs run; this process needs it too, for the references.
        cache: of verdicts; an answer with known programs is not run again.
        standard: makes the `Standard` of an exercise, from it, the seed and the device.
        runners: how many processes share the programs of one notebook; more than one only helps
            where nothing else is graded at the same time.

    Raises:
        Problem: this machine does not have the device.
    """

    exercises: Mapping[str, Any]
    seed: int
    jail: Runs
    device: Device = CPU
    cache: Cache = field(default_factory=Cache)
    standard: Callable[[Any, int, Device], Standard] = FromMaster
    runners: int = 1
    _standards: dict[str, Standard] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        # This fails in a process that has used JAX already; then only a mesh is a problem.
        with contextlib.suppress(Problem):
            meshes.simulate_devices()
        devices.here(self.device)
        contexts.share()

    def grade(self, notebook: NotebookNode, student: str = "") -> dict[str, Verdict]:
        """A verdict for every exercise of the assignment, whatever the notebook does.

        An error of the grader itself becomes a `grader fault`, never an exception.

        Args:
            notebook: the submission.
            student: whose it is; a question may have other numbers for every student.

        Raises:
            CannotGrade: no notebook can be graded at the moment.
        """
        return self._of(student)._grade_own(notebook)

    def ended_by_itself(self, notebook: NotebookNode, student: str = "") -> bool:
        """Whether this code was run, and no process that ran it had to be ended early."""
        own = self._of(student)
        return all(map(own.cache.get, own._code_keys(code_of(notebook)).values()))

    def _of(self, student: str) -> Grader:
        own = copy.copy(self)  # it shares everything but the exercises
        own.exercises = {name: one.of(student) for name, one in self.exercises.items()}
        return own

    def _code_keys(self, code: Code) -> dict[str, str]:
        # What `numbers` gives can change every answer of the notebook.
        ran = [code.key, self._numbers]
        return {name: self._key(name, ran) for name in self.exercises}

    @property
    def _numbers(self) -> dict[str, dict[str, Any]]:
        """The numbers of the questions that have some, by their names."""
        return {name: dict(one.numbers) for name, one in self.exercises.items() if one.numbers}

    def _grade_own(self, notebook: NotebookNode) -> dict[str, Verdict]:
        verdicts: dict[str, Verdict] = {}
        try:
            code = code_of(notebook)
            code_keys = self._code_keys(code)
            verdicts = self._known(code_keys)
            if left := [name for name in self.exercises if name not in verdicts]:
                verdicts |= self._grade(code, left, code_keys)
        except CannotGrade:
            raise
        except Exception as error:
            verdicts = {name: _fault(name, error) for name in self.exercises} | verdicts
        return {name: verdicts[name] for name in self.exercises}

    def _known(self, code_keys: Mapping[str, str]) -> dict[str, Verdict]:
        """The verdicts that the cache has for this code."""
        return {
            name: verdict
            for name, key in code_keys.items()
            if (verdict := self.cache.verdict(str(self.cache.get(key)))) is not None
        }

    def _grade(
        self, code: Code, names: Sequence[str], code_keys: Mapping[str, str]
    ) -> dict[str, Verdict]:
        for name in names:
            self._standard(name).facts()
        for name in names:
            self._standard(name).begin()
        lowered, undisturbed = self._lower(code, names)
        numbers = self._numbers
        programs = {name: _program(lowered[name], numbers.get(name)) for name in names}
        keys = {name: self._key(name, program) for name, program in programs.items()}
        verdicts = {name: verdict for name in names if (verdict := self.cache.verdict(keys[name]))}
        fresh = {name: answers for name, answers in lowered.items() if name not in verdicts}
        outcomes, ran = self._run(fresh)
        for name in fresh:
            try:
                verdict = self._judge(name, outcomes[name], code.lines)
            except Exception as error:
                verdicts[name] = _fault(name, error)
                continue
            meaning = _meaning(outcomes[name])
            verdicts[name] = replace(verdict, program=programs[name], meaning=meaning)
            # Kept only if it ran: another program in the same process may have used up the time,
            # and the next student's answer must not inherit that failure.
            if name in ran and verdict.status is not Status.GRADER_FAULT:
                self.cache.put_verdict(keys[name], verdicts[name])
        if undisturbed:
            for name in names:
                self.cache.put(code_keys[name], keys[name])
        return verdicts

    def _ask(
        self, role: str, request: Any, steps: Sequence[str], late: SecretInputs | None = None
    ) -> dict[str, bytes | Ending]:
        arguments = role, encode(request), steps, None if late is None else encode(late)
        try:
            return self.jail.run(*arguments)
        except (OSError, ValueError):
            # Another notebook can kill the process that starts all others; then it starts again.
            return self.jail.run(*arguments)

    def _key(self, name: str, judged: Any) -> str:
        # A verdict that was found at a weaker isolation level is not trusted at a stronger one.
        machine = (self.device.name, self.jail.level)
        return cache.key(name, self._standard(name).source, self.seed, *machine, judged)

    def _lower(self, code: Code, names: Sequence[str]) -> tuple[dict[str, Lowered], bool]:
        """Have the worker run the notebook and export every case of these exercises.

        Returns:
            What the worker sent for each exercise, and whether no process ended early.
        """
        steps = code.steps(names)
        exercises = tuple(map(self._asked, names))
        platform = self.device.platform
        request = WorkerRequest(tuple(code.cells), exercises, tuple(steps), platform, self._numbers)
        results = self._ask("worker", request, steps, self._secret_inputs(names))
        lowered: dict[str, Lowered] = {}
        for name in names:
            step = code.solutions.get(name, "")
            cell = claims.failure_of_cell(results[step]) if step in results else None
            cases = self._cases(name)
            answers = claims.answers(results[name], cases)
            # If the cell failed, that is why its function is missing.
            answers = [cell if cell and _is_missing(answer) else answer for answer in answers]
            lowered[name] = dict(zip(cases, answers, strict=True))
        return lowered, not any(isinstance(result, Ending) for result in results.values())

    def _run(
        self, lowered: Mapping[str, Lowered]
    ) -> tuple[dict[str, dict[Case, Outcome]], set[str]]:
        """Have the runner run the programs.

        Returns:
            The outcome of each case, and the exercises whose outcomes no other program affected.
        """
        jobs = [
            self._job(name, answers)
            for name, answers in lowered.items()
            if any(isinstance(answer, ProgramClaim) for answer in answers.values())
        ]
        results: dict[str, bytes | Ending] = {}
        if jobs:
            count = min(self.runners, len(jobs))
            shares = [jobs[n::count] for n in range(count)]
            with ThreadPoolExecutor(count) as threads:
                for results_of_share in threads.map(self._run_jobs, shares):
                    results |= results_of_share
        outcomes: dict[str, dict[Case, Outcome]] = {}
        for name, answers in lowered.items():
            outcomes[name] = {
                case: answer
                for case, answer in answers.items()
                if not isinstance(answer, ProgramClaim)
            }
            if programs := [case for case in answers if case not in outcomes[name]]:
                ran = claims.outcomes(results[name], programs)
                outcomes[name] |= zip(programs, ran, strict=True)
        own = {
            name
            for name, by_case in outcomes.items()
            if not isinstance(results.get(name), Ending)
            and not any(map(_is_out_of_memory, by_case.values()))
        }
        return outcomes, own

    def _run_jobs(self, jobs: Sequence[Job]) -> dict[str, bytes | Ending]:
        request = RunnerRequest(tuple(jobs), self.device.name)
        return self._ask("runner", request, [job.name for job in jobs])

    def _job(self, name: str, answers: Lowered) -> Job:
        """The programs of an exercise, and what can reject an answer before it is compiled.

        If a case has failed already, the others cannot be compared with the reference's.
        """
        standard = self._standard(name)
        programs = []
        for case, answer in answers.items():
            if isinstance(answer, ProgramClaim):
                # Drawn only now, after the student's code has run and ended.
                arguments = standard.arguments(case.draw)
                programs.append(
                    ProgramCase(case, arguments.specs, answer.artifact, arguments.leaves)
                )
        complete = not any(isinstance(answer, Failure) for answer in answers.values())
        requires = [
            requirement for requirement in standard.requires if requirement.early and complete
        ]
        compared = {fact for requirement in requires for fact in requirement.compares}
        expected = {
            view: tuple({fact: answer.facts[fact] for fact in compared} for answer in by_case)
            for view, by_case in standard.facts().items()
        }
        apart = measures_memory(standard.requires)
        return Job(name, tuple(programs), tuple(requires), expected, apart)

    def _judge(self, name: str, outcomes: Mapping[Case, Outcome], lines: Set[str]) -> Verdict:
        standard = self._standard(name)
        by_view = program.by_view({case: outcomes[case] for case in self._cases(name)})
        arguments = name, standard.requires, standard.expected(), by_view
        verdict = judge.judge(*arguments)
        if verdict.status in (Status.PARTLY, Status.WRONG, Status.ERROR):
            verdict = judge.judge(*arguments, standard.misconceptions())
        return verdict if verdict.passed else standard.in_public_words(verdict, by_view, lines)

    def _standard(self, name: str) -> Standard:
        exercise = self.exercises[name]
        key = f"{name} {exercise.numbers}"
        with self._lock:
            if key not in self._standards:
                self._standards[key] = self.standard(exercise, self.seed, self.device)
            return self._standards[key]

    def _cases(self, name: str) -> list[Case]:
        standard = self._standard(name)
        return cases(views_of(standard.requires), standard.draws())

    def _asked(self, name: str) -> AskedExercise:
        """What the worker learns about an exercise: names and shapes."""
        cases = []
        for case in self._cases(name):
            arguments = self._standard(name).shapes(case.draw)
            leaves = tuple(Leaf(leaf.dtype.name, leaf.shape) for leaf in arguments.leaves)
            cases.append(AskedCase(case, arguments.skeleton, arguments.specs, leaves))
        return AskedExercise(name, tuple(cases))

    def _secret_inputs(self, names: Sequence[str]) -> SecretInputs:
        """The inputs of functions that are called; a worker gets them when it reaches the first."""
        inputs = {}
        for name in names:
            standard = self._standard(name)
            called = [case.draw for case in self._cases(name) if case.call]
            inputs[name] = tuple(standard.arguments(draw).leaves for draw in called)
        return SecretInputs(inputs)


@dataclass(frozen=True)
class Code:
    """The code of a notebook that is judged.

    Attributes:
        cells: those to run, which are all but the test cells.
        solutions: the step of each solution cell by its id.
        order: the steps of these cells, with the name of each exercise at the place of its check.
    """

    cells: list[Cell]
    solutions: dict[str, str]
    order: list[str]

    @functools.cached_property
    def key(self) -> str:
        """A key that is equal for equal code."""
        return cache.key(asdict(self))

    def steps(self, names: Sequence[str]) -> list[str]:
        """The cells and these exercises, in the order in which they are run.

        An exercise without a check in the notebook comes at the end.
        """
        cells = {cell.step for cell in self.cells}
        steps = [step for step in self.order if step in cells or step in names]
        return steps + [name for name in names if name not in self.order]

    @property
    def lines(self) -> Set[str]:
        """The lines of its cells, without their indentation."""
        return {line.strip()[:200] for cell in self.cells for line in cell.source.splitlines()}


def code_of(notebook: NotebookNode) -> Code:
    """The code of this notebook that is judged.

    If an exercise has two checks, the first one counts.
    """
    code = Code([], {}, [])
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        tags = cell.metadata.get("nbgrader")
        # In a notebook that lost its metadata, the names of the cells are still their ids.
        tags = tags if isinstance(tags, dict) else {"grade_id": cell.get("id")}
        name = str(tags.get("grade_id"))
        exercise = name.removeprefix(CHECK)
        is_solution = tags.get("solution", False)
        if not is_solution and (tags.get("grade", False) or exercise != name):
            if exercise not in code.order:
                code.order.append(exercise)
            continue
        step = f"cell {number}"
        code.cells.append(Cell(step, cell.source))
        code.order.append(step)
        if is_solution:
            code.solutions[name] = step
    return code


def _is_missing(answer: ProgramClaim | Outcome) -> bool:
    return isinstance(answer, Failure) and answer.status is Status.MISSING


def _is_out_of_memory(outcome: Outcome) -> bool:
    return isinstance(outcome, Failure) and outcome.status is Status.OUT_OF_MEMORY


def _program(lowered: Lowered, numbers: Any) -> str:
    """A hash of all that the worker sent for an answer, and of the student's numbers, if any."""
    asked = json.dumps(numbers).encode() if numbers else b""
    return hashlib.sha256(b"".join([*map(claims.digest, lowered.values()), asked])).hexdigest()


def _meaning(outcomes: Mapping[Case, Outcome]) -> str:
    """What the first program computes, as a hash; a runner that was taken over can send any."""
    found = (str(outcome.facts.get("meaning", "")) for outcome in outcomes.values())
    return printable(next(filter(None, found), "")[:32])


def _fault(exercise: str, error: Exception) -> Verdict:
    failure = Failure(Status.GRADER_FAULT, f"{type(error).__name__}: {error}")
    return Verdict.of_failure(exercise, failure)
