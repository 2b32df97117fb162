"""Compiles exported programs and runs them on secret inputs. It never gets an expected output.

A hostile program can crash the compiler or never end, so this process is as disposable as the
worker's. Its request and what it sends are in `messages`.

All programs of a job are vetted and read first. If that is enough to reject the answer, only those
are compiled that may earn it a part of the points. Only the time in which a program runs counts as
the student's.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable, Sequence

import jax
import numpy as np
from jax import export

from autograder.classroom.messages import (
    LARGEST_REQUEST,
    Job,
    ProgramFacts,
    Ran,
    RunClaim,
    RunnerRequest,
)
from autograder.jail.frames import Begin, Connection, End, Ours
from autograder.judge import contexts, devices, meshes, vetting
from autograder.judge.devices import Device
from autograder.judge.outcomes import judged_early
from autograder.judge.tree import Arguments
from autograder.judge.verdict import Answer, Failure, Outcome, Refusal
from autograder.judge.views import Case
from autograder.schema import decode, encode

PRELOADED = (
    "jax.experimental.multihost_utils",
    "jaxlib.mlir.dialects.builtin",
    "jaxlib.mlir.dialects.mhlo",
    "scipy.linalg",  # loaded later, it would also change the digits of LAPACK calls
)
"""Imported once before the processes are forked, so that not every process imports them."""


def prepare() -> None:
    """Prepare what all runners need."""
    for name in PRELOADED:
        importlib.import_module(name)
    contexts.share()
    meshes.simulate_devices()


def main(connection: Connection) -> None:
    """Answer one request."""
    done = connection.request.done
    request = decode(RunnerRequest, connection.request.body, LARGEST_REQUEST)
    device = devices.named(request.device)
    for job in request.jobs:
        if job.name not in done:
            connection.say(Begin(job.name))
            connection.say(Ours(True))
            outcomes = _outcomes(job, device, lambda is_ours: connection.say(Ours(is_ours)))
            result = encode(Ran(tuple(map(_claim, outcomes.values()))))
            connection.say(End(job.name, result))


def _outcomes(job: Job, device: Device, ours: Callable[[bool], None]) -> dict[Case, Outcome]:
    programs = {program.case: program for program in job.cases}

    def program_of(case: Case) -> export.Exported:
        exported = _deserialized(programs[case].artifact)
        _check_inputs(exported, programs[case].inputs)
        return exported

    def arguments(case: Case) -> Arguments:
        return Arguments(None, programs[case].inputs, programs[case].specs)

    expected = {
        view: [Answer("", (), (), facts) for facts in by_case]
        for view, by_case in job.expected.items()
    }
    return judged_early(
        list(programs),
        program_of,
        arguments,
        job.requires,
        expected,
        device,
        job.apart,
        ours,
        meanings=True,
    )


def _deserialized(artifact: bytes) -> export.Exported:
    try:
        return export.deserialize(bytearray(artifact))
    except Exception:
        raise Refusal(vetting.UNREADABLE) from None


def _check_inputs(exported: export.Exported, inputs: Sequence[np.ndarray]) -> None:
    """Refuse a program for other inputs: the student's code may have changed what a worker sent."""
    expected = [(leaf.shape, leaf.dtype) for leaf in inputs]
    if [(leaf.shape, jax.numpy.dtype(leaf.dtype)) for leaf in exported.in_avals] != expected:
        raise Refusal("The program takes other inputs than it was asked to.")


def _claim(outcome: Outcome) -> Failure | RunClaim:
    if isinstance(outcome, Failure):
        # This process has no code of the student.
        return dataclasses.replace(outcome, line="")
    facts = ProgramFacts(**outcome.facts)
    return RunClaim(outcome.structure, outcome.paths, outcome.leaves, facts, outcome.ran)
