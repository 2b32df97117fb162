"""Buttons below the card of an answer that did not pass: the next hint, and the stub.

They need ipywidgets and a running kernel, as in JupyterLab, VS Code and Colab. In a saved file they
would do nothing, so they are removed as soon as another cell runs. The functions `hint` and `reset`
work everywhere.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from typing import Any

from autograder.problem import Problem
from autograder.student import card, hints, progress
from autograder.student.card_writer import Card
from autograder.student.released import ReleasedExercise

_remove: Callable[[], None] | None = None
"""Removes the buttons that are shown now; None if there are none."""


def show(released: ReleasedExercise) -> None:
    """Show the buttons of an exercise, if there is a running kernel and nobody grades.

    Args:
        released: the exercise that was not passed.
    """
    shell = _live_shell()
    if shell is None:
        return
    with contextlib.suppress(ImportError):
        import ipywidgets

        _show(released, shell, ipywidgets)


def _live_shell() -> Any:
    """IPython with a kernel, unless nbgrader runs the notebook; else None."""
    if "IPython" not in sys.modules or os.environ.get("NBGRADER_EXECUTION"):
        return None
    from IPython import get_ipython

    shell = get_ipython()
    return shell if getattr(shell, "kernel", None) is not None else None


def _show(released: ReleasedExercise, shell: Any, widgets: Any) -> None:
    global _remove
    from IPython.display import display

    wide = widgets.Layout(width="auto")
    another, stub = widgets.Button(layout=wide), widgets.Button(layout=wide)
    stub.description = "Show the stub again"

    def name_next(shown: int) -> None:
        count = len(released.hints)
        another.disabled = shown >= count
        another.description = "No more hints" if shown >= count else f"Hint {shown + 1} of {count}"

    name_next(progress.read(released.course).of(released.prompt.name).hints)
    row = widgets.HBox([another, stub] if released.hints else [stub])
    # The text is empty, so that a page without a kernel shows nothing.
    bundle = {**row._repr_mimebundle_(), "text/plain": ""}
    buttons = display(bundle, raw=True, display_id=True)
    below = display({"text/plain": ""}, raw=True, display_id=True)

    def put(shown: Card) -> None:
        below.update(shown._repr_mimebundle_(), raw=True)

    def next_hint(_: Any) -> None:
        try:
            shown = hints.next_of(released)
        except Problem as problem:  # the file with the progress cannot be written
            put(card.of_sentence(str(problem)))
            return
        name_next(shown)
        put(card.of_hints(released, shown))

    another.on_click(next_hint)
    stub.on_click(lambda _: put(card.of_stub(released)))

    def remove(*_: Any) -> None:
        global _remove
        buttons.update({"text/plain": ""}, raw=True)
        row.close()
        shell.events.unregister("pre_run_cell", remove)
        _remove = None

    if _remove is not None:
        _remove()
    _remove = remove
    shell.events.register("pre_run_cell", remove)
