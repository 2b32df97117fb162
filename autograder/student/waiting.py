"""A progress bar. The result replaces it, so that no bar is stored in a notebook."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from autograder.markup import html
from autograder.student.card_writer import Card


class Bar:
    """A bar that shows nothing: for a pipe, and when nbgrader runs the notebook."""

    def __init__(self, words: str) -> None:
        self.words = words

    def step(self, done: int, total: int) -> None:
        """Show that `done` of `total` steps are done."""

    def show(self, card: Card) -> None:
        """Show a card in the bar's place."""
        card.show()

    def close(self) -> None:
        """Remove the bar."""


class _InNotebook(Bar):
    """A display that is updated in place; a widget of rich would stay in the file."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self._display: Any = None

    def _put(self, bundle: dict[str, str]) -> None:
        from IPython.display import display

        if self._display is None:
            self._display = display(bundle, raw=True, display_id=True)
        else:
            self._display.update(bundle, raw=True)

    def step(self, done: int, total: int) -> None:
        message = f"{self.words}: {done} of {total}"
        bar = html(
            '<div><progress value="{done}" max="{total}" aria-label="{message}" '
            'style="width:20em"></progress> '
            "{message}</div>",
            done=done,
            total=total,
            message=message,
        )
        self._put({"text/plain": message, "text/html": str(bar)})

    def show(self, card: Card) -> None:
        self._put(card._repr_mimebundle_())
        self._display = None

    def close(self) -> None:
        if self._display is not None:
            self._put({"text/plain": ""})


class _InTerminal(Bar):
    def __init__(self, words: str) -> None:
        # A notebook shows no bar of rich, so `check` there does not wait for this import.
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
        )

        super().__init__(words)
        columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()]
        console = Console(stderr=True, force_jupyter=False)
        self._progress = Progress(*columns, TimeElapsedColumn(), console=console, transient=True)
        self._task = self._progress.add_task(words, total=None)
        self._progress.start()

    def step(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total)

    def show(self, card: Card) -> None:
        self.close()
        card.show()

    def close(self) -> None:
        self._progress.stop()


@contextmanager
def bar(words: str) -> Iterator[Bar]:
    """A bar with these words beside it, of the kind that can be shown here.

    >>> with bar("Checking square") as shown:  # doctest: +SKIP
    ...     shown.step(1, 3)
    """
    kind = Bar
    if not os.environ.get("NBGRADER_EXECUTION"):
        if _has_kernel():
            kind = _InNotebook
        elif sys.stderr.isatty():
            kind = _InTerminal
    shown = kind(words)
    try:
        yield shown
    finally:
        shown.close()


def _has_kernel() -> bool:
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None
