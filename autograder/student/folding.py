"""Folds what a lesson computes while its prediction is open.

Between the question and its card, a lesson computes the answer and prints it. A reader who runs all
cells must not see the answer before the question. So the output of these cells is shown in a fold
while the dots are there. The lesson's data say which cells these are.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from markupsafe import Markup

from autograder.markup import html, joined
from autograder.problem import Problem
from autograder.student import card, check_file, location
from autograder.student.outline import cell_hash
from autograder.student.silence import silent

ANSI = re.compile(r"\x1b\[[0-9;]*m")
PICTURES = ("image/png", "image/jpeg")


def watch() -> None:
    """From now on, fold the output of cells whose prediction is open."""
    if "IPython" in sys.modules:
        from IPython import get_ipython

        if (shell := get_ipython()) is not None:
            folding = _Folding(shell)
            shell.events.register("pre_run_cell", folding.before)
            shell.events.register("post_run_cell", folding.after)


class _Folding:
    """What IPython calls before and after each cell."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._name = ""
        self._put_back = contextlib.ExitStack()
        self._printed = io.StringIO()
        self._displayed: list[tuple[dict[str, Any], dict[str, Any]]] = []

    def before(self, info: Any) -> None:
        """Begin to collect the cell's output if it reveals the answer to an open prediction."""
        self._name = "" if silent() else self._open_prediction(cell_hash(info.raw_cell or ""))
        if not self._name:
            return
        self._printed, self._displayed = io.StringIO(), []
        self._put_back.enter_context(contextlib.redirect_stdout(self._printed))
        self._put_back.enter_context(contextlib.redirect_stderr(self._printed))
        # IPython's own `capture_output` puts another object in place of `display_pub`, which lacks
        # a method that the kernel calls. `sys.displayhook` is set from `display_trap` later on.
        self._replace(self._shell.display_pub, "publish", self._publish)
        self._replace(self._shell.display_trap, "hook", self._show_value)

    def after(self, _: Any) -> None:
        """Show the collected output in a fold."""
        if not self._name:
            return
        self._put_back.close()
        if pieces := list(_pieces(self._printed.getvalue(), self._displayed)):
            card.of_fold(self._name, pieces).show()
        self._name = ""

    def _replace(self, target: Any, name: str, value: Any) -> None:
        self._put_back.callback(setattr, target, name, getattr(target, name))
        setattr(target, name, value)

    def _publish(self, data: dict[str, Any], metadata: Any = None, *_: Any, **__: Any) -> None:
        self._displayed.append((data, metadata or {}))

    def _show_value(self, value: Any = None) -> None:
        if value is not None and not self._shell.displayhook.quiet():
            self._publish(*self._shell.display_formatter.format(value))

    def _open_prediction(self, cell: str) -> str:
        variables = self._shell.user_ns
        with contextlib.suppress(Problem):  # `predicted` says what is wrong with the data
            for path in location.of_notebook(variables):
                lesson = check_file.read(path).lesson
                for prediction in lesson.predictions if lesson else ():
                    if cell in prediction.cells and variables.get(prediction.name, ...) is ...:
                        return prediction.name
        return ""


def _pieces(
    printed: str, displayed: Iterable[tuple[dict[str, Any], dict[str, Any]]]
) -> Iterator[Markup]:
    """What a cell printed and displayed, as HTML."""
    if printed.strip():
        yield _preformatted(printed)
    for data, metadata in displayed:
        kind = next((kind for kind in PICTURES if kind in data), "")
        if "text/html" in data:
            yield Markup(data["text/html"])
        elif kind:
            alt = metadata.get(kind, {}).get("alt", "")
            template = '<img src="data:{kind};base64,{content}" alt="{alt}" style="max-width:100%">'
            yield html(template, kind=kind, content=_base64(data[kind]), alt=alt)
        elif "text/plain" in data:
            yield _preformatted(data["text/plain"])


def _base64(content: str | bytes) -> str:
    import base64

    return content if isinstance(content, str) else base64.b64encode(content).decode()


def _preformatted(words: str) -> Markup:
    return joined([html('<pre style="{s}">{w}</pre>', s="color:inherit", w=ANSI.sub("", words))])
