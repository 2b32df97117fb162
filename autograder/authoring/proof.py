"""The proof that an exercise is good, judged as a grading would.

The stub fails, the reference and the second solution pass, each listed wrong answer is rejected for
its reason; and no small change to the reference passes, see `mutants`, but those that do the same.
"""

from __future__ import annotations

import json
import os
import re
import resource
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from autograder.authoring import master
from autograder.authoring.master import Master
from autograder.authoring.mutants import Mutant, mutants
from autograder.judge import outcomes, program, references, specification
from autograder.judge.judge import Lookalike, judge
from autograder.judge.module import parse
from autograder.judge.specification import Exercise
from autograder.judge.tree import Arguments
from autograder.judge.verdict import Status, Verdict
from autograder.judge.views import Case, cases
from autograder.problem import Problem

SEED = 20_261_123
CPU_SECONDS = 10
"""The processor time that one mutant may take; the references of the course take 1 at most."""
SECONDS = 300
"""The longest wait for one mutant on a busy machine: one that waits for itself takes no time."""
MEMORY = 6 * 2**30


@dataclass(frozen=True)
class Claim:
    """Something that has to be true of an exercise, and whether it is.

    Attributes:
        exercise: its name.
        answer: which answer it is about.
        wanted: what should come of it.
        seen: what came of it.
        holds: whether that is what should.
    """

    exercise: str
    answer: str
    wanted: str
    seen: str
    holds: bool


class Grading:
    """An exercise with the inputs and the answers of one grading.

    Args:
        spec: the exercise.
        seed: from which the inputs are drawn.
    """

    def __init__(self, spec: Exercise, seed: int = SEED) -> None:
        self.spec, self.seed = spec, seed
        draws = spec.draws(spec.sizes, seed=seed)
        self.drawn = {draw: spec.draw(seed, draw) for draw in draws}
        self.expected = references.expected_answers(spec, seed, spec.sizes)

    def lookalikes(self) -> tuple[Lookalike, ...]:
        """What the listed wrong answers do on the same inputs."""
        return references.lookalikes(self.spec, self.seed, self.spec.sizes)

    def verdict(self, answer: Any, lookalikes: Sequence[Lookalike] = ()) -> Verdict:
        """The verdict on an answer."""
        requires, expected = self.spec.requires, self.expected
        got = outcomes.outcomes(answer, requires, self.drawn, expected=expected)
        return judge(self.spec.name, requires, expected, got, lookalikes)

    def rejection(self, answer: Any) -> str:
        """Why an answer does not pass; empty where it does.

        Most wrong answers are seen on the first draw and by the first requirement.
        """
        first = self.spec.requires[:1]
        (draw, arguments), *_ = self.drawn.items()
        expected = {view: self.expected[view][:1] for view in first[0].views}
        got = outcomes.outcomes(answer, first, {draw: arguments})
        verdict = judge(self.spec.name, first, expected, got)
        if verdict.passed:
            verdict = self.verdict(answer)
        return "" if verdict.passed else verdict.reason

    def has_the_programs_of(self, answer: Any, other: Any) -> bool:
        """Whether two answers are the same programs on the inputs of a grading and of `check`."""
        views = specification.views_of(self.spec.requires)
        if "called" in views:
            return False
        public = self.spec.draws(self.spec.public_sizes)
        drawn = {draw: self.spec.draw(self.seed, draw) for draw in public} | self.drawn
        return all(
            _program(answer, drawn[case.draw], case) == _program(other, drawn[case.draw], case)
            for draws in (list(self.drawn), public)
            for case in cases(views, draws)
            if not case.call
        )


def _program(answer: Any, arguments: Arguments, case: Case) -> str:
    """The program of a view as text, in a form that is the same for more of the same programs."""
    from jaxlib.mlir.passmanager import PassManager

    lowered = program.lower(answer, arguments, case)
    module = parse(lowered.mlir_module_serialized)
    passes = "strip-debuginfo,inline,canonicalize,cse,symbol-dce"
    with module.context:
        PassManager.parse(f"builtin.module({passes})").run(module.operation)
        text = re.sub(r"module @\w+", "module", str(module))
    return f"{lowered.out_tree} {text}"


def claims(loaded: Master, name: str) -> list[Claim]:
    """What is asked of one exercise of an assignment, but for its mutants."""
    spec = loaded.exercises[name]
    grading = Grading(spec)
    alike = grading.lookalikes()

    def judged(answer: str, value: Callable[[], Any], wanted: str) -> tuple[Claim, str]:
        try:
            verdict = grading.verdict(value(), alike)
            seen, title = verdict.reason, verdict.lookalike
            if verdict.status is Status.MISSING:
                seen = str(verdict.status)
        except Problem:
            raise
        except Exception as error:
            seen, title = type(error).__name__, ""
        return Claim(name, answer, wanted, seen, seen == wanted), title

    made = [
        judged("stub", lambda: defined(spec, stub(loaded, name)), Status.MISSING)[0],
        judged("reference", lambda: spec.reference, Status.PASSED)[0],
    ]
    if not spec.is_question:
        made.append(judged("another", lambda: defined(spec, spec.another), Status.PASSED)[0])
    for wrong in spec.wrong_answers:
        function = wrong.function
        one, title = judged(wrong.title, lambda f=function: f, wrong.rejected_by)  # type: ignore[misc]
        if one.holds and title != wrong.title:
            seen = f"{one.seen}, named as {title or 'nothing'}"
            one = replace(one, seen=seen, holds=False)
        made.append(one)
    return made


def defined(spec: Exercise, code: str) -> Any:
    """What code gives the name of an exercise, among the names that its reference has."""
    function = getattr(spec.reference, "__wrapped__", spec.reference)
    names = dict(getattr(function, "__globals__", {}))
    names.pop(spec.name, None)
    exec(code, names)
    return names[spec.name]


def solution(loaded: Master, name: str) -> str:
    """The code of the solution cell of an exercise."""
    return next(str(cell.source) for cell in loaded.notebook.cells if cell.id == name)


def stub(loaded: Master, name: str) -> str:
    """The same as nbgrader releases it."""
    region = r"^( *)### BEGIN SOLUTION\n.*?### END SOLUTION$"
    is_question = loaded.exercises[name].is_question
    left = rf"\1{name} = ..." if is_question else r"\1raise NotImplementedError()"
    return re.sub(region, left, solution(loaded, name), flags=re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Fate:
    """What came of one mutant.

    Attributes:
        exercise: the name of the exercise.
        description: see `Mutant`.
        line: likewise.
        fate: `caught`, `equal` (the same program), `listed` by the author as equal, or `survived`.
        reason: what caught it, or why it is listed.
    """

    exercise: str
    description: str
    line: str
    fate: str
    reason: str = ""


@dataclass(frozen=True)
class Tally:
    """What came of all mutants of some exercises.

    Attributes:
        fates: one for each mutant.
        faults: what is wrong, a sentence each.
    """

    fates: tuple[Fate, ...]
    faults: tuple[str, ...]

    def count(self, *fates: str) -> int:
        """How many mutants had one of these fates."""
        return sum(one.fate in fates for one in self.fates)


def prove_mutants(path: Path, names: Sequence[str], processes: int = 1) -> dict[str, Tally]:
    """Judge every mutant of some exercises of the master at `path`.

    This is done in processes of their own. A mutant that takes too much processor time or memory
    ends its process, and another one goes on with the next mutant.
    """
    loaded = master.load(path)
    functions = [name for name in names if not loaded.exercises[name].is_question]
    made = {name: mutants(solution(loaded, name)) for name in functions}
    parts = [
        {name: len(made[name]) for name in functions[number::processes]}
        for number in range(processes)
    ]
    with ThreadPoolExecutor(processes) as threads:
        judged = threads.map(lambda part: _reasons(path, part), parts)
        reasons = {name: said for part in judged for name, said in part.items()}
    return {name: tally(loaded.exercises[name], made[name], reasons[name]) for name in functions}


def tally(spec: Exercise, made: Sequence[Mutant], reasons: Sequence[str]) -> Tally:
    """What came of the mutants of an exercise, from why each was rejected."""
    fates = []
    for mutant, reason in zip(made, reasons, strict=True):
        fate, why = "caught", reason
        if reason == EQUAL:
            fate, why = "equal", ""
        elif not reason:
            listed = spec.equal_mutants
            why = listed.get(mutant.description) or listed.get(_whatever(mutant.description), "")
            fate = "listed" if why else "survived"
        fates.append(Fate(spec.name, mutant.description, mutant.line, fate, why))
    return Tally(tuple(fates), tuple(_faults(spec, fates)))


def _whatever(description: str) -> str:
    """How all changes of one place are listed at once: `1.0 → anything (line 4)`."""
    return re.sub(r" → .*( \(line)", r" → anything\1", description)


def _faults(spec: Exercise, fates: Sequence[Fate]) -> Iterator[str]:
    for one in fates:
        if one.fate == "survived":
            yield f"{spec.name}: {one.description} passes. The line: `{one.line}`"
    for listed in spec.equal_mutants:
        meant = [one for one in fates if listed in (one.description, _whatever(one.description))]
        caught = [one for one in meant if one.fate == "caught"]
        if not meant:
            yield f"{spec.name} lists {listed} as equal, and there is no such mutant."
        elif caught:
            words = f"and {caught[0].description} is rejected ({caught[0].reason})."
            yield f"{spec.name} lists {listed} as equal, {words}"
        elif not any(one.fate == "listed" for one in meant):
            yield f"{spec.name} lists {listed} as equal, and the program is the same: drop it."


def report(
    root: Path,
    assignment: str | None,
    name: str | None,
    with_mutants: bool,
    processes: int,
    as_json: bool,
    console: Console,
) -> bool:
    """Print what is proved of the exercises of a course.

    Args:
        root: the course's folder.
        assignment: one of its assignments, or nothing for all.
        name: one of its exercises, or nothing for all.
        with_mutants: whether to judge the mutants as well.
        processes: how many mutants are judged at a time.
        as_json: whether to print the fate of each mutant as a JSON list, and nothing else.
        console: where to print.

    Returns:
        Whether all is as it should be.
    """
    from autograder.authoring.build import masters  # not for every process: it needs nbgrader

    faults: list[str] = []
    fates: list[Fate] = []
    for path in masters(root, assignment):
        loaded = master.load(path)
        if name and name not in loaded.exercises:
            known = ", ".join(loaded.facts)
            raise Problem(f"{loaded.assignment} has no exercise {name}: it has {known}.")
        names = [name] if name else list(loaded.facts)
        made = {} if as_json else {one: claims(loaded, one) for one in names}
        tallies = prove_mutants(path, names, processes) if with_mutants else {}
        for one in tallies.values():
            fates += one.fates
            faults += one.faults
        faults += [
            f"{one.exercise}: the answer “{one.answer}” should be {one.wanted}, and is {one.seen}."
            for many in made.values()
            for one in many
            if not one.holds
        ]
        if not as_json:
            console.print(_table(loaded.assignment, made, tallies))
    if as_json:
        print(json.dumps([asdict(one) for one in fates], indent=1, ensure_ascii=False))
    for fault in faults:
        console.print(fault, markup=False, highlight=False, soft_wrap=True)
    return not faults


def _table(
    assignment: str, made: Mapping[str, Sequence[Claim]], tallies: Mapping[str, Tally]
) -> Table:
    table = Table("exercise", "as it should be", title=assignment)
    for column in ("mutants", "caught", "equal", "survived") if tallies else ():
        table.add_column(column, justify="right")
    for name, claimed in made.items():
        row = [name, f"{sum(one.holds for one in claimed)} of {len(claimed)}"]
        if one := tallies.get(name):
            equal = one.count("equal", "listed")
            counts = (len(one.fates), one.count("caught"), equal, one.count("survived"))
            row += map(str, counts)
        table.add_row(*row)
    return table


EQUAL = "equal"
"""Stands in place of a reason where a mutant is the same program as the reference."""
READY = "ready"
"""What a process says when an exercise's reference has passed, before the first mutant."""


def _reasons(path: Path, counts: Mapping[str, int]) -> dict[str, list[str]]:
    """Why each mutant of some exercises is rejected; empty where it is not.

    Args:
        path: of the master.
        counts: how many mutants each exercise has.
    """
    reasons: dict[str, list[str]] = {name: [] for name in counts}
    while left := {
        name: len(reasons[name]) for name in counts if len(reasons[name]) < counts[name]
    }:
        for name, reason in _of_process(path, left):
            if reason is None:
                raise Problem(f"The reference of {name} is rejected when its cell is run again.")
            reasons[name].append(reason)
        ended = next((name for name in left if len(reasons[name]) < counts[name]), None)
        if ended is not None:
            reasons[ended].append("time or memory")
    return reasons


def _of_process(path: Path, left: Mapping[str, int]) -> list[tuple[str, str | None]]:
    """What one process says, until it has judged all that is left or is ended by a mutant.

    Args:
        path: of the master.
        left: the exercises, and how many mutants of each have been judged.

    Returns:
        The name of the exercise and the reason, of each mutant; no reason where it is the reference
        that is rejected.
    """
    command = [sys.executable, "-m", __name__, str(path), json.dumps(dict(left))]
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=said, env=environment, start_new_session=True
        ) as process,
    ):
        lines = _lines(process)
        if not lines:
            said.seek(0)
            trouble = said.read().decode(errors="replace").strip().splitlines()
            raise Problem(f"The mutants of {path} cannot be judged: {(trouble or ['…'])[-1]}")
        return [tuple(json.loads(line)) for line in lines if line != READY]


def _lines(process: subprocess.Popen[bytes]) -> list[str]:
    """What a process writes until it ends, or is quiet for too long."""
    assert process.stdout is not None
    said, quiet_since = b"", time.monotonic()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while time.monotonic() - quiet_since < SECONDS:
            if selector.select(1):
                more = os.read(process.stdout.fileno(), 65536)
                if not more:
                    break
                said, quiet_since = said + more, time.monotonic()
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    return said.decode().splitlines()


def _judge_mutants(path: Path, left: Mapping[str, int]) -> Iterator[str]:
    """What `_of_process` reads; this process may end on the way."""
    loaded = master.load(path)
    for name, first in left.items():
        code = solution(loaded, name)
        grading = Grading(loaded.exercises[name])
        if _rejection(grading, code) not in ("", EQUAL):
            yield json.dumps([name, None])
            return
        yield READY
        for mutant in mutants(code)[first:]:
            signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
            yield json.dumps([name, _rejection(grading, mutant.code)])
        signal.setitimer(signal.ITIMER_PROF, 0)


def _rejection(grading: Grading, code: str) -> str:
    spec = grading.spec
    try:
        answer = defined(spec, code)
        if reason := grading.rejection(answer):
            return reason
        same = grading.has_the_programs_of(answer, spec.reference)
    except BaseException as error:
        return type(error).__name__
    return EQUAL if same else ""


def _main(path: str, left: str) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    # What a mutant prints must not be read as a verdict.
    with os.fdopen(os.dup(1), "w", buffering=1) as out:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        for line in _judge_mutants(Path(path), json.loads(left)):
            print(line, file=out)


if __name__ == "__main__":
    _main(*sys.argv[1:])
