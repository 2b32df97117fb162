"""Compiles exported programs and runs them on secret inputs. It never gets an expected output.

A hostile program can crash the compiler or never end, so this process is as disposable as the
worker's.

The request's header:
    jobs: `[{"step", "offset", "length", "inputs": [position, ...]}]`; a job's program lies in the
        request's blob, its input leaves among the request's arrays.
    failed, done: steps to leave out, see `jail.Jail.run`.

The `end` frame of a job has `failure`, or `operations` and the result's leaves as its arrays.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
from jax import export

from autograder import program
from autograder.frames import Frame
from autograder.tracing_errors import failure_of
from autograder.verdict import Failure, Status


def main(request: Frame, send: Callable[[Frame], None]) -> None:
    """Answer one request."""
    for job in request.header["jobs"]:
        if job["step"] not in request.header["done"]:
            send(Frame({"begin": job["step"]}))
            send(_run(job, request))


def _run(job: dict[str, Any], request: Frame) -> Frame:
    artifact = request.blob[job["offset"] : job["offset"] + job["length"]]
    inputs = [request.arrays[position] for position in job["inputs"]]
    try:
        exported = export.deserialize(bytearray(artifact))
        if failure := _unfit(exported, inputs):
            return Frame({"end": job["step"], "failure": dataclasses.asdict(failure)})
        answer = program.run(program.Program(exported, "", ()), inputs)
    except Exception as error:
        failure = dataclasses.replace(failure_of(error), line="")
        return Frame({"end": job["step"], "failure": dataclasses.asdict(failure)})
    return Frame({"end": job["step"], "operations": answer.operations}, answer.leaves)


def _unfit(exported: export.Exported, inputs: list[Any]) -> Failure | None:
    """The worker belongs to the student, so a program may be for other inputs than were asked."""
    wanted = [(leaf.shape, leaf.dtype) for leaf in inputs]
    if [(leaf.shape, jax.numpy.dtype(leaf.dtype)) for leaf in exported.in_avals] == wanted:
        return None
    return Failure(Status.BROKE_THE_RULES, "The program takes other inputs than it was asked to.")
