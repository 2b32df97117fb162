"""Compiles exported programs and runs them on secret inputs. It never gets an expected output.

A hostile program can crash the compiler or never end, so this process is as disposable as the
worker's.

The request's header:
    jobs: `[{"step", "cases": [{"view", "size", "offset", "length", "inputs": [position, ...]}]}]`;
        a program lies in the request's blob, its input leaves among the request's arrays.
    platform: what a program has to be for, unless its view says otherwise.
    failed, done: steps to leave out, see `jail.Jail.run`.

The `end` frame of a job has `cases`, each with `failure`, or with the `facts` of the
program and the number of `leaves` that it has among the frame's arrays.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jax import export

from autograder import program, vetting
from autograder.frames import Frame, Receive, Send
from autograder.tracing_errors import failure_of
from autograder.verdict import Failure, Status
from autograder.views import VIEWS


def main(send: Send, receive: Receive) -> None:
    """Answer one request."""
    request = receive()
    for job in request.header["jobs"]:
        if job["step"] not in request.header["done"]:
            send(Frame({"begin": job["step"]}))
            ran = [_run(case, request) for case in job["cases"]]
            header = {"end": job["step"], "cases": [case for case, _ in ran]}
            send(Frame(header, tuple(leaf for _, leaves in ran for leaf in leaves)))


def _run(case: dict[str, Any], request: Frame) -> tuple[dict[str, Any], Sequence[np.ndarray]]:
    artifact = request.blob[case["offset"] : case["offset"] + case["length"]]
    inputs = [request.arrays[position] for position in case["inputs"]]
    try:
        exported = export.deserialize(bytearray(artifact))
        if failure := _unfit(exported, inputs) or _refused(
            exported, case["view"], request.header["platform"]
        ):
            return {"failure": dataclasses.asdict(failure)}, ()
        answer = program.run(program.Program(exported, "", ()), inputs, case["view"], case["size"])
    except Exception as error:
        failure = dataclasses.replace(failure_of(error), line="")
        return {"failure": dataclasses.asdict(failure)}, ()
    return {"facts": answer.facts, "leaves": len(answer.leaves)}, answer.leaves


def _unfit(exported: export.Exported, inputs: list[Any]) -> Failure | None:
    """The worker belongs to the student, so a program may be for other inputs than were asked."""
    wanted = [(leaf.shape, leaf.dtype) for leaf in inputs]
    if [(leaf.shape, jax.numpy.dtype(leaf.dtype)) for leaf in exported.in_avals] == wanted:
        return None
    return Failure(Status.BROKE_THE_RULES, "The program takes other inputs than it was asked to.")


def _refused(exported: export.Exported, view: str, platform: str) -> Failure | None:
    """What must not be compiled is found before anything of it is lowered."""
    platforms = VIEWS[view].platforms or (platform,)
    refusal = vetting.vet_exported(exported, platforms=platforms)
    refusal = refusal or vetting.vet(exported.mlir_module_serialized)
    return Failure(Status.BROKE_THE_RULES, refusal) if refusal else None
