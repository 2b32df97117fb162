"""Judges every mutant of a reference. Only mutants that do the same as the reference may pass.

They are judged in other processes, with limits, since a mutant may loop for ever or use all the
memory.
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
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from autograder.authoring import master
from autograder.authoring.mutants import Mutant, mutants
from autograder.authoring.rehearsal import Rehearsal, defined, solution
from autograder.judge.specification import Exercise
from autograder.problem import Problem

CPU_SECONDS = 10
"""The processor time for one mutant; a reference takes about 1 at most."""
SECONDS = 300
"""The longest wait for one mutant: a mutant that only waits uses no processor time."""
MEMORY = 6 * 2**30
EQUAL = "equal"
"""Replaces the reason if a mutant is the same program as the reference."""
READY = "ready"
"""The line that a process writes when the reference has passed, before the first mutant."""


@dataclass(frozen=True)
class Fate:
    """The result for one mutant.

    Attributes:
        exercise: the name of the exercise.
        description: see `Mutant`.
        line: see `Mutant`.
        fate: `caught`, `equal` (the same program), `listed` by the author as equal, or `survived`.
        reason: what caught the mutant, or why it is listed.
    """

    exercise: str
    description: str
    line: str
    fate: str
    reason: str = ""


@dataclass(frozen=True)
class Tally:
    """The results for all mutants of an exercise.

    Attributes:
        fates: one for each mutant.
        faults: a sentence for each fault of the exercise.
    """

    fates: tuple[Fate, ...]
    faults: tuple[str, ...]

    def count(self, *fates: str) -> int:
        """How many mutants had one of these fates."""
        return sum(result.fate in fates for result in self.fates)


def prove_mutants(path: Path, names: Sequence[str], processes: int = 1) -> dict[str, Tally]:
    """Judge every mutant of some exercises of the master at `path`.

    Other processes judge them. A mutant that takes too much processor time or memory ends its
    process, and a new process goes on with the next mutant.
    """
    loaded = master.load(path)
    functions = [name for name in names if not loaded.exercises[name].is_question]
    trials = {name: mutants(solution(loaded, name)) for name in functions}
    parts = [
        {name: len(trials[name]) for name in functions[number::processes]}
        for number in range(processes)
    ]
    with ThreadPoolExecutor(processes) as threads:
        judged = threads.map(lambda part: _reasons(path, part), parts)
        reasons = {name: found for part in judged for name, found in part.items()}
    return {name: tally(loaded.exercises[name], trials[name], reasons[name]) for name in functions}


def tally(spec: Exercise, trials: Sequence[Mutant], reasons: Sequence[str]) -> Tally:
    """The results for the mutants of an exercise, from the reason why each was rejected."""
    fates = []
    for mutant, reason in zip(trials, reasons, strict=True):
        fate, why = "caught", reason
        if reason == EQUAL:
            fate, why = "equal", ""
        elif not reason:
            listed = spec.equal_mutants
            why = listed.get(mutant.description) or listed.get(_any_change(mutant.description), "")
            fate = "listed" if why else "survived"
        fates.append(Fate(spec.name, mutant.description, mutant.line, fate, why))
    return Tally(tuple(fates), tuple(_faults(spec, fates)))


def _any_change(description: str) -> str:
    """The description that lists all changes of one place: `1.0 → anything (line 4)`."""
    return re.sub(r" → .*( \(line)", r" → anything\1", description)


def _faults(spec: Exercise, fates: Sequence[Fate]) -> Iterator[str]:
    for result in fates:
        if result.fate == "survived":
            yield f"{spec.name}: {result.description} passes. The line: `{result.line}`"
    for listed in spec.equal_mutants:
        matching = [
            result
            for result in fates
            if listed in (result.description, _any_change(result.description))
        ]
        caught = [result for result in matching if result.fate == "caught"]
        if not matching:
            yield f"{spec.name} lists {listed} as equal, but there is no such mutant."
        elif caught:
            words = f"but {caught[0].description} is rejected ({caught[0].reason})."
            yield f"{spec.name} lists {listed} as equal, {words}"
        elif not any(result.fate == "listed" for result in matching):
            words = "but the program is the same: remove it from the list."
            yield f"{spec.name} lists {listed} as equal, {words}"


def _reasons(path: Path, counts: Mapping[str, int]) -> dict[str, list[str]]:
    """The reason why each mutant of some exercises is rejected; empty if it passes.

    Args:
        path: the path of the master.
        counts: how many mutants each exercise has.
    """
    reasons: dict[str, list[str]] = {name: [] for name in counts}
    while left := {
        name: len(reasons[name]) for name in counts if len(reasons[name]) < counts[name]
    }:
        for name, reason in _run_process(path, left):
            if reason is None:
                raise Problem(f"The reference of {name} is rejected when its cell is run again.")
            reasons[name].append(reason)
        ended = next((name for name in left if len(reasons[name]) < counts[name]), None)
        if ended is not None:
            reasons[ended].append("time or memory")
    return reasons


def _run_process(path: Path, left: Mapping[str, int]) -> list[tuple[str, str | None]]:
    """Let one process judge mutants until all are judged, or until a mutant ends the process.

    Args:
        path: the path of the master.
        left: the exercises, and how many mutants of each have already been judged.

    Returns:
        For each mutant the name of the exercise and the reason; None for the reason if the
        reference was rejected.
    """
    command = [sys.executable, "-m", __name__, str(path), json.dumps(dict(left))]
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, env=environment, start_new_session=True
        ) as process,
    ):
        lines = _read_lines(process)
        if not lines:
            errors.seek(0)
            messages = errors.read().decode(errors="replace").strip().splitlines()
            raise Problem(f"The mutants of {path} cannot be judged: {(messages or ['…'])[-1]}")
        return [tuple(json.loads(line)) for line in lines if line != READY]


def _read_lines(process: subprocess.Popen[bytes]) -> list[str]:
    """The lines that a process writes until it ends, or until it is silent for too long."""
    assert process.stdout is not None
    output, silent_since = b"", time.monotonic()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while time.monotonic() - silent_since < SECONDS:
            if selector.select(1):
                more = os.read(process.stdout.fileno(), 65536)
                if not more:
                    break
                output, silent_since = output + more, time.monotonic()
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    return output.decode().splitlines()


def _judge_mutants(path: Path, left: Mapping[str, int]) -> Iterator[str]:
    """What `_run_process` reads; a mutant may end this process."""
    loaded = master.load(path)
    for name, first in left.items():
        code = solution(loaded, name)
        rehearsal = Rehearsal(loaded.exercises[name])
        if _rejection(rehearsal, code) not in ("", EQUAL):
            yield json.dumps([name, None])
            return
        yield READY
        for mutant in mutants(code)[first:]:
            signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
            yield json.dumps([name, _rejection(rehearsal, mutant.code)])
        signal.setitimer(signal.ITIMER_PROF, 0)


def _rejection(rehearsal: Rehearsal, code: str) -> str:
    spec = rehearsal.spec
    try:
        answer = defined(spec, code)
        if reason := rehearsal.rejection(answer):
            return reason
        same = rehearsal.have_same_programs(answer, spec.reference)
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
