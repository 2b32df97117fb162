"""Compiles exported programs and runs them on secret inputs. It never gets an expected output.

A hostile program can crash the compiler or never end, so this process is as disposable as the
worker's.

The request's header:
    jobs: `[{"step", "cases": [{"view", "draw", "specs", "offset", "length", "inputs": [position,
        ...]}], "requires", "expected"}]`; a program lies in the request's blob, its input leaves
        among its arrays. The requirements are as `requirements.to_json` writes them, and what is
        expected are facts alone: by view, of each case.
    device: where programs are run, see `devices`.
    failed, done: steps to leave out, see `jail.Jail.run`.

All programs of a job are vetted and read first; if what is known of them then rejects the answer,
none is compiled. The frame `{"ours": true}` says that the time is the grader's from now on, and
`{"ours": false}` that a program runs.

The `end` frame of a job has `cases`, each with `failure`; or with `structure`, `paths`, `facts`,
whether it `ran`, and the number of `leaves` that it has among the frame's arrays; see `claims`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax import export

from autograder.jail.frames import Frame, Receive, Send
from autograder.judge import devices, requirements, vetting
from autograder.judge.devices import Device
from autograder.judge.outcomes import judged_early
from autograder.judge.tree import Arguments
from autograder.judge.verdict import Answer, Outcome, Refusal
from autograder.judge.views import Case, Draw


def main(send: Send, receive: Receive) -> None:
    """Answer one request."""
    request = receive()
    device = devices.named(request.header["device"])
    for job in request.header["jobs"]:
        if job["step"] not in request.header["done"]:
            send(Frame({"begin": job["step"]}))
            send(Frame({"ours": True}))
            made = _outcomes(job, request, device, lambda ours: send(Frame({"ours": ours})))
            leaves = [
                leaf for one in made.values() if isinstance(one, Answer) for leaf in one.leaves
            ]
            header = {"end": job["step"], "cases": [_said(one) for one in made.values()]}
            send(Frame(header, tuple(leaves)))


def _outcomes(
    job: dict[str, Any], request: Frame, device: Device, ours: Callable[[bool], None]
) -> dict[Case, Outcome]:
    asked = {Case(one["view"], Draw(**one["draw"])): one for one in job["cases"]}

    def program_of(case: Case) -> export.Exported:
        offset, length = asked[case]["offset"], asked[case]["length"]
        exported = _deserialized(request.blob[offset : offset + length])
        _check_inputs(exported, _inputs(asked[case], request))
        return exported

    def arguments(case: Case) -> Arguments:
        return Arguments(None, _inputs(asked[case], request), tuple(asked[case]["specs"]))

    requires = [requirements.from_json(want) for want in job["requires"]]
    expected = {
        view: [Answer("", (), (), facts) for facts in many]
        for view, many in job["expected"].items()
    }
    return judged_early(list(asked), program_of, arguments, requires, expected, device, ours=ours)


def _deserialized(artifact: bytes) -> export.Exported:
    try:
        return export.deserialize(bytearray(artifact))
    except Exception:
        raise Refusal(vetting.UNREADABLE) from None


def _inputs(case: dict[str, Any], request: Frame) -> tuple[np.ndarray, ...]:
    return tuple(request.arrays[position] for position in case["inputs"])


def _check_inputs(exported: export.Exported, inputs: Sequence[np.ndarray]) -> None:
    """The worker belongs to the student, so a program may be for other inputs than were asked."""
    wanted = [(leaf.shape, leaf.dtype) for leaf in inputs]
    if [(leaf.shape, jax.numpy.dtype(leaf.dtype)) for leaf in exported.in_avals] != wanted:
        raise Refusal("The program takes other inputs than it was asked to.")


def _said(one: Outcome) -> dict[str, Any]:
    if isinstance(one, Answer):
        said = {"structure": one.structure, "paths": one.paths, "facts": one.facts, "ran": one.ran}
        return {**said, "leaves": len(one.leaves)}
    # No line of a student's is in this process.
    return {"failure": dataclasses.asdict(dataclasses.replace(one, line=""))}
