"""Runs a student's cells and exports what was asked for. It never sees a test, nor a value.

The request's header:
    cells: `[{"step", "source"}]`, in the order of the notebook.
    asks: `[{"step", "name", "skeleton", "leaves": [{"dtype", "shape"}]}]`.
    platform: what to lower for.
    failed, done: steps to leave out, see `jail.Jail.run`.

The `end` frame of a cell has `failure` where it raised. That of an ask has `failure`, or
`structure`, `paths` and the serialised program as its blob.
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
                send(_ended(cell["step"], failure_of(error) if error else None))
        for ask in asked["asks"]:
            if ask["step"] not in asked["done"]:
                send(Frame({"begin": ask["step"]}))
                send(_export(ask, shell.user_ns, asked["platform"]))


def _export(ask: dict[str, Any], names: dict[str, Any], platform: str) -> Frame:
    name = ask["name"]
    if name not in names:
        missing = Failure(
            Status.MISSING,
            f"There is no function called {name}.",
            advice="Keep the name that the notebook gives it.",
        )
        return _ended(ask["step"], missing)
    leaves = [
        jax.ShapeDtypeStruct(tuple(leaf["shape"]), frames.DTYPES[leaf["dtype"]])
        for leaf in ask["leaves"]
    ]
    try:
        made = program.lower(names[name], ask["skeleton"], leaves, platform)
        blob = bytes(made.exported.serialize())
    except Exception as error:
        return _ended(ask["step"], failure_of(error))
    header = {"end": ask["step"], "structure": made.structure, "paths": made.paths}
    return Frame(header, blob=blob)


def _ended(step: str, failure: Failure | None) -> Frame:
    header: dict[str, Any] = {"end": step}
    if failure is not None:
        header["failure"] = dataclasses.asdict(failure)
    return Frame(header)
