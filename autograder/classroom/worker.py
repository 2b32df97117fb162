"""Runs a student's cells and exports their functions, see `messages`. It never gets a test."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from autograder.classroom.messages import (
    LARGEST_REQUEST,
    AskedCase,
    AskedExercise,
    CallClaim,
    CallFacts,
    Lowered,
    ProgramClaim,
    RanCell,
    SecretInputs,
    WorkerRequest,
)
from autograder.jail.frames import Begin, Connection, End
from autograder.judge import contexts, meshes, program, settings
from autograder.judge.tracing_errors import failure_of
from autograder.judge.tree import Arguments
from autograder.judge.verdict import Failure, Status
from autograder.judge.views import Call
from autograder.schema import DTYPES, decode, encode
from autograder.student import personal
from autograder.student.silence import silence

PRELOADED = (
    "IPython.core.application",
    "IPython.core.completer",
    "IPython.core.completerlib",
    "IPython.core.crashhandler",
    "IPython.core.logger",
    "IPython.core.magics",
    "IPython.core.oinspect",
    "autograder.student.hints",
    "autograder.student.learner",
    "autograder.student.personal",
    "autograder.student.stubs",
)
"""Imported once before the processes are forked, so that not every process imports them."""


def prepare() -> None:
    """Prepare what all workers need."""
    for name in PRELOADED:
        importlib.import_module(name)
    contexts.share()
    meshes.simulate_devices()


class Shell(InteractiveShell):
    """IPython without a terminal and without a history, so that magics work as in a notebook."""

    def enable_gui(self, gui: str | None = None) -> None:
        """Do nothing: there is no window, but `%matplotlib inline` must not fail."""


def main(connection: Connection) -> None:
    """Answer one request."""
    failed, done = connection.request.failed, connection.request.done
    request = decode(WorkerRequest, connection.request.body, LARGEST_REQUEST)
    shell = Shell.instance(
        config=Config({"HistoryManager": {"enabled": False}, "colors": "nocolor"})
    )
    sources = {cell.step: cell.source for cell in request.cells}
    exercises = {exercise.name: exercise for exercise in request.exercises}
    inputs: dict[str, tuple[tuple[np.ndarray, ...], ...]] = {}

    def run(step: str) -> None:
        connection.say(Begin(step))
        settings.mend_streams()
        result = shell.run_cell(sources[step], store_history=False)
        error = result.error_before_exec or result.error_in_exec
        connection.say(End(step, encode(RanCell(failure_of(error) if error else None))))

    def answer(step: str, at_the_end: bool) -> bool:
        """Export or call one exercise; return whether its function was there."""
        if not at_the_end and shell.user_ns.get(step, ...) is ...:
            return False
        exercise = exercises[step]
        if not inputs and any(asked_case.case.call for asked_case in exercise.cases):
            inputs.update(decode(SecretInputs, connection.late(), LARGEST_REQUEST).of)
        connection.say(Begin(step))
        settings.mend_streams()
        with settings.defaults():
            lowered = _lowered(exercise, shell.user_ns, request.platform, inputs.get(step, ()))
        if not at_the_end and all(map(_is_missing, lowered.cases)):
            return False
        connection.say(End(step, encode(lowered)))
        return True

    ours = silence(), personal.given(request.numbers)
    with ours[0], ours[1], program.quiet_debugging(), settings.fixed_machine():
        left = []
        for step in request.order:
            if step in exercises:
                if step not in done and not answer(step, at_the_end=False):
                    left.append(step)
            elif step not in failed:
                run(step)
        for step in left:
            answer(step, at_the_end=True)


def _is_missing(claim: Failure | ProgramClaim | CallClaim) -> bool:
    return isinstance(claim, Failure) and claim.status is Status.MISSING


def _lowered(
    exercise: AskedExercise,
    names: dict[str, Any],
    platform: str,
    inputs: Sequence[tuple[np.ndarray, ...]],
) -> Lowered:
    """The results of every case.

    Args:
        exercise: the cases.
        names: those that the notebook has defined, with their values.
        platform: what to lower for.
        inputs: of the cases that are called.
    """
    function = names.get(exercise.name, ...)
    if function is ...:
        message = f"There is nothing called {exercise.name}."
        advice = "Keep the name that the notebook gives it."
        failure = Failure(Status.MISSING, message, advice=advice)
        return Lowered((failure,) * len(exercise.cases))
    claims: list[Failure | ProgramClaim | CallClaim] = []
    left = iter(inputs)
    views: set[str] = set()
    for asked_case in exercise.cases:
        if call := asked_case.case.call:
            is_first = asked_case.case.view not in views
            claims.append(_called(function, call, asked_case, next(left), is_first))
            views.add(asked_case.case.view)
        else:
            claims.append(_export(function, asked_case, platform))
    return Lowered(tuple(claims))


def _called(
    function: Any, call: Call, asked_case: AskedCase, leaves: tuple[np.ndarray, ...], is_first: bool
) -> Failure | CallClaim:
    arguments = Arguments(asked_case.skeleton, leaves, asked_case.specs)
    answer = call.outcome(function, arguments, is_first)
    if isinstance(answer, Failure):
        return answer
    return CallClaim(answer.structure, answer.paths, answer.leaves, CallFacts(**answer.facts))


def _export(
    function: Callable[..., Any], asked_case: AskedCase, platform: str
) -> Failure | ProgramClaim:
    # Not ShapeDtypeStruct, which would turn float64 into float32.
    leaves = [
        np.broadcast_to(np.zeros((), DTYPES[leaf.dtype]), leaf.shape) for leaf in asked_case.leaves
    ]
    arguments = Arguments(asked_case.skeleton, tuple(leaves), asked_case.specs)
    try:
        exported = program.lower(function, arguments, asked_case.case, platform)
        return ProgramClaim(bytes(program.anonymous(exported).serialize()))
    except Exception as error:
        return program.failure(error, asked_case.case)
