"""Runs a student's cells and exports what was asked for. It never sees a test.

The request's header:
    cells: `[{"step", "source"}]`, in the order of the notebook.
    asks: `[{"step", "cases": [{"view", "draw", "skeleton", "specs", "leaves": [{"dtype",
        "shape"}]}]}]`; the step is the function's name. A case of a view that calls the function
        has `inputs`, positions among the arrays of a second request, which is sent when the cells
        have run.
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

from autograder.judge import frames, program
from autograder.judge.calling import called
from autograder.judge.frames import Frame, Receive, Send
from autograder.judge.tracing_errors import failure_of
from autograder.judge.tree import Arguments
from autograder.judge.verdict import Failure, Status
from autograder.judge.views import Case, Draw
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
    with learner.silence(), program.quiet_debugging():
        for cell in asked["cells"]:
            if cell["step"] not in asked["failed"]:
                send(Frame({"begin": cell["step"]}))
                result = shell.run_cell(cell["source"], store_history=False)
                error = result.error_before_exec or result.error_in_exec
                failure = {"failure": dataclasses.asdict(failure_of(error))} if error else {}
                send(Frame({"end": cell["step"], **failure}))
        inputs: tuple[np.ndarray, ...] = ()
        if any("inputs" in case for ask in asked["asks"] for case in ask["cases"]):
            send(Frame({"ready": True}))
            inputs = receive().arrays
        for ask in asked["asks"]:
            if ask["step"] not in asked["done"]:
                send(Frame({"begin": ask["step"]}))
                send(_answer(ask, shell.user_ns, asked["platform"], inputs))


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
        np.broadcast_to(np.zeros((), frames.DTYPES[leaf["dtype"]]), leaf["shape"])
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
