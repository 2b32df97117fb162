"""Runs a student's cells and exports what was asked for. It never sees a test, nor a value.

The request's header:
    cells: `[{"step", "source"}]`, in the order of the notebook.
    asks: `[{"step", "cases": [{"skeleton", "leaves": [{"dtype", "shape"}]}]}]`; the step is the
        function's name.
    platform: what to lower for.
    failed, done: steps to leave out, see `jail.Jail.run`.

The `end` frame of a cell has `failure` where it raised. That of an ask has `cases`, each with
`failure`, or with `structure`, `paths` and the `length` of its program in the frame's blob.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from autograder import frames, learner, program
from autograder.frames import Frame
from autograder.tracing_errors import failure_of
from autograder.verdict import Failure, Status

Send = Callable[[Frame], None]


class Shell(InteractiveShell):
    """IPython without a terminal and without a history, so that magics work as in a notebook."""

    def enable_gui(self, gui: str | None = None) -> None:
        """There is no window to draw in; `%matplotlib inline` must not fail for that."""


def main(request: Frame, send: Send) -> None:
    """Answer one request."""
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
        for ask in asked["asks"]:
            if ask["step"] not in asked["done"]:
                send(Frame({"begin": ask["step"]}))
                send(_export(ask, shell.user_ns, asked["platform"]))


def _export(ask: dict[str, Any], names: dict[str, Any], platform: str) -> Frame:
    made = [_export_case(ask["step"], case, names, platform) for case in ask["cases"]]
    cases = [header for header, _ in made]
    return Frame({"end": ask["step"], "cases": cases}, blob=b"".join(blob for _, blob in made))


def _export_case(
    name: str, case: dict[str, Any], names: dict[str, Any], platform: str
) -> tuple[dict[str, Any], bytes]:
    if name not in names:
        words = f"There is no function called {name}."
        failure = Failure(Status.MISSING, words, advice="Keep the name that the notebook gives it.")
        return {"failure": dataclasses.asdict(failure)}, b""
    leaves = [
        jax.ShapeDtypeStruct(tuple(leaf["shape"]), frames.DTYPES[leaf["dtype"]])
        for leaf in case["leaves"]
    ]
    try:
        made = program.lower(names[name], case["skeleton"], leaves, platform)
        blob = bytes(made.exported.serialize())
    except Exception as error:
        return {"failure": dataclasses.asdict(failure_of(error))}, b""
    return {"structure": made.structure, "paths": made.paths, "length": len(blob)}, blob
