"""Compiles exported programs and runs them on secret inputs. It never gets an expected output.

A hostile program can crash the compiler or never end, so this process is as disposable as the
worker's.

The request's header:
    jobs: `[{"step", "cases": [{"view", "draw", "specs", "offset", "length", "inputs": [position,
        ...]}]}]`; a program lies in the request's blob, its input leaves among its arrays.
    device: where programs are run, see `devices`.
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

from autograder.judge import devices, meshes, program, vetting
from autograder.judge.frames import Frame, Receive, Send
from autograder.judge.tracing_errors import failure_of
from autograder.judge.tree import Arguments
from autograder.judge.verdict import Failure, Status
from autograder.judge.views import Case, Draw


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
    inputs = tuple(request.arrays[position] for position in case["inputs"])
    looked = Case(case["view"], Draw(**case["draw"]))
    device = devices.named(request.header["device"])
    try:
        exported = export.deserialize(bytearray(artifact))
        if failure := _unfit(exported, inputs) or _refused(exported, looked, device.platform):
            return {"failure": dataclasses.asdict(failure)}, ()
        arguments = Arguments(None, inputs, tuple(case["specs"]))
        answer = program.run(program.Program(exported, "", ()), arguments, looked, device)
    except Exception as error:
        failure = dataclasses.replace(failure_of(error), line="")
        return {"failure": dataclasses.asdict(failure)}, ()
    return {"facts": answer.facts, "leaves": len(answer.leaves)}, answer.leaves


def _unfit(exported: export.Exported, inputs: Sequence[np.ndarray]) -> Failure | None:
    """The worker belongs to the student, so a program may be for other inputs than were asked."""
    wanted = [(leaf.shape, leaf.dtype) for leaf in inputs]
    if [(leaf.shape, jax.numpy.dtype(leaf.dtype)) for leaf in exported.in_avals] == wanted:
        return None
    return Failure(Status.BROKE_THE_RULES, "The program takes other inputs than it was asked to.")


def _refused(exported: export.Exported, case: Case, platform: str) -> Failure | None:
    """What must not be compiled is found before anything of it is lowered."""
    mesh = case.draw.mesh
    count = meshes.size_of(meshes.shape(mesh)) if mesh else 1
    refusal = vetting.vet_exported(exported, count, case.platforms(platform))
    refusal = refusal or vetting.vet(exported.mlir_module_serialized)
    return Failure(Status.BROKE_THE_RULES, refusal) if refusal else None
