"""Runs a student's cells and exports what was asked for. It never sees a test.

The request's header:
    cells: `[{"step", "source"}]`.
    asks: `[{"step", "cases": [{"view", "draw", "skeleton", "specs", "leaves": [{"dtype",
        "shape"}]}]}]`; the step is the function's name. A case of a view that calls the function
        has `inputs`, positions among the arrays of a second request, which is sent at the first
        such function.
    order: the steps of both. A function is exported where it stands there, so that cells below
        its check change nothing, or at the end where it is not written by then.
    platform: what to lower for.
    failed, done: steps to leave out, see `jail.Jail.run`.

The `end` frame of a cell has `failure` where it raised. That of an ask has `cases`, each with
`failure`; or the `length` of its program in the frame's blob; or, of a function that was called,
`structure`, `paths`, `facts` and the number of `leaves` that it has among the frame's arrays; see
`claims`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from autograder.jail.frames import Frame, Receive, Send
from autograder.judge import program, settings
from autograder.judge.calling import called
from autograder.judge.tracing_errors import failure_of
from autograder.judge.tree import Arguments
from autograder.judge.verdict import Failure, Status
from autograder.judge.views import Case, Draw
from autograder.schema import DTYPES
from autograder.student import learner


class Shell(InteractiveShell):
    """IPython without a terminal and without a history, so that magics work as in a notebook."""

    def enable_gui(self, gui: str | None = None) -> None:
        """There is no window to draw in; `%matplotlib inline` must not fail for that."""


def main(send: Send, receive: Receive) -> None:
    """Answer one request."""
    request = receive()
    asked = request.header
    shell = Shell.instance(
        config=Config({"HistoryManager": {"enabled": False}, "colors": "nocolor"})
    )
    cells = {cell["step"]: cell["source"] for cell in asked["cells"]}
    asks = {ask["step"]: ask for ask in asked["asks"]}
    inputs: list[tuple[np.ndarray, ...]] = []

    def run(step: str) -> None:
        send(Frame({"begin": step}))
        settings.mend_streams()
        result = shell.run_cell(cells[step], store_history=False)
        error = result.error_before_exec or result.error_in_exec
        failure = {"failure": dataclasses.asdict(failure_of(error))} if error else {}
        send(Frame({"end": step, **failure}))

    def answer(step: str, at_the_end: bool) -> bool:
        """Whether there was something to export."""
        if not at_the_end and shell.user_ns.get(step, ...) is ...:
            return False
        ask = asks[step]
        if not inputs and any("inputs" in case for case in ask["cases"]):
            send(Frame({"ready": True}))
            inputs.append(receive().arrays)
        send(Frame({"begin": step}))
        settings.mend_streams()
        with settings.ours():
            made = _answer(ask, shell.user_ns, asked["platform"], inputs[0] if inputs else ())
        if not at_the_end and _is_stub(made):
            return False
        send(made)
        return True

    with learner.silence(), program.quiet_debugging(), settings.fixed_machine():
        left = []
        for step in asked["order"]:
            if step in asks:
                if step not in asked["done"] and not answer(step, at_the_end=False):
                    left.append(step)
            elif step not in asked["failed"]:
                run(step)
        for step in left:
            answer(step, at_the_end=True)


def _is_stub(made: Frame) -> bool:
    """Whether all that came of it is that it is not written yet."""
    failures = [case.get("failure") for case in made.header["cases"]]
    return all(one is not None and one["status"] == Status.MISSING for one in failures)


def _answer(
    ask: dict[str, Any], names: dict[str, Any], platform: str, inputs: Sequence[np.ndarray]
) -> Frame:
    name = ask["step"]
    if names.get(name, ...) is ...:
        words = f"There is nothing called {name}."
        failure = Failure(Status.MISSING, words, advice="Keep the name that the notebook gives it.")
        missing = {"failure": dataclasses.asdict(failure)}
        return Frame({"end": name, "cases": [missing] * len(ask["cases"])})
    headers: list[dict[str, Any]] = []
    arrays: list[np.ndarray] = []
    blob = b""
    views: set[str] = set()
    for case in ask["cases"]:
        if "inputs" in case:
            leaves = tuple(inputs[position] for position in case["inputs"])
            asked = Arguments(case["skeleton"], leaves, tuple(case["specs"]))
            first = case["view"] not in views
            views.add(case["view"])
            answer = called(names[name], asked, _case(case), first)
            if isinstance(answer, Failure):
                headers.append({"failure": dataclasses.asdict(answer)})
                continue
            said = {"structure": answer.structure, "paths": answer.paths, "facts": answer.facts}
            headers.append({**said, "leaves": len(answer.leaves)})
            arrays += answer.leaves
        else:
            header, artifact = _export(names[name], case, platform)
            headers.append(header)
            blob += artifact
    return Frame({"end": name, "cases": headers}, tuple(arrays), blob)


def _case(asked: dict[str, Any]) -> Case:
    return Case(asked["view"], Draw(**asked["draw"]))


def _export(
    function: Callable[..., Any], case: dict[str, Any], platform: str
) -> tuple[dict[str, Any], bytes]:
    # ShapeDtypeStruct would make float32 of a float64.
    leaves = [
        np.broadcast_to(np.zeros((), DTYPES[leaf["dtype"]]), leaf["shape"])
        for leaf in case["leaves"]
    ]
    arguments = Arguments(case["skeleton"], tuple(leaves), tuple(case["specs"]))
    looked = _case(case)
    try:
        exported = program.lower(function, arguments, looked, platform)
        blob = bytes(program.anonymous(exported).serialize())
    except Exception as error:
        return {"failure": dataclasses.asdict(program.failure(error, looked))}, b""
    return {"length": len(blob)}, blob
