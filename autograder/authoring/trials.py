"""Small changes to a reference, each judged: no mutant passes but those that do the same.

Each is judged in a process of its own, with limits, since it may loop for ever or ask for all the
memory there is.
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
"""The processor time that one mutant may take; the references of the course take 1 at most."""
SECONDS = 300
"""The longest wait for one mutant on a busy machine: one that waits for itself takes no time."""
MEMORY = 6 * 2**30
EQUAL = "equal"
"""Stands in place of a reason where a mutant is the same program as the reference."""
READY = "ready"
"""What a process says when an exercise's reference has passed, before the first mutant."""


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
        same = rehearsal.has_the_programs_of(answer, spec.reference)
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
