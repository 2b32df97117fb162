"""Every text that a class gets with an assignment, and every answer that one could make of it."""

from __future__ import annotations

import ast
import builtins
import contextlib
import dataclasses
import io
import re
import textwrap
import types
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import nbformat
import numpy as np

from autograder.judge.verdict import Status
from autograder.student import check_file, learner, personal, released
from autograder.student.released import ReleasedExercise
from autograder.student.silence import silence

NOT_RUN = {"breakpoint", "exit", "help", "input", "quit"}
"""Names that would stop a test."""
BUILT_IN = (type, types.BuiltinFunctionType)


def texts(notebook: Path) -> set[str]:
    """The text of each cell, all text in the data beside it, and each piece of code in these."""
    cells = nbformat.read(notebook, as_version=4).cells
    file = check_file.read(notebook.with_suffix(check_file.SUFFIX))
    whole = {cell.source for cell in cells}
    for exercise in released.read(file):
        whole.update(_texts_in(exercise.opened))  # a seal is not a secret
    return whole | {piece for text in whole for piece in _code_in(text)}


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode("latin-1")
    elif isinstance(value, Mapping):
        for item in value.items():
            yield from _texts_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts_in(item)
    elif dataclasses.is_dataclass(value):
        yield from _texts_in(vars(value))


def _code_in(text: str) -> Iterator[str]:
    """The code between fences or backticks, and each line."""
    yield from re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    yield from re.findall(r"`([^`\n]+)`", text)
    yield from (line.strip() for line in text.splitlines())


class Notebook:
    """The variables of a released notebook, in which a text can be run as an answer."""

    def __init__(self, path: Path) -> None:
        self.variables: dict[str, Any] = {"__name__": "__main__"}
        file = check_file.read(path.with_suffix(check_file.SUFFIX))
        numbers = {one.prompt.name: one.of("").numbers for one in released.read(file)}
        with personal.given(numbers), silence(), _quiet():
            for cell in nbformat.read(path, as_version=4).cells:
                if cell.cell_type == "code":
                    exec(cell.source, self.variables)

    def answers(
        self, texts: Iterable[str], exercise: ReleasedExercise
    ) -> Iterator[tuple[str, Any]]:
        """The answers that these texts could be, each with the code that makes it."""
        name = exercise.prompt.name
        if exercise.is_question:
            yield from ((text, text) for text in texts)
        for code in {code: None for text in texts for code in _programs(text, exercise)}:
            yield from ((code, answer) for answer in self._made(code, name))

    def _made(self, code: str, name: str) -> Iterator[Any]:
        try:
            if _names(code) - {*self.variables, *dir(builtins)} or _names(code) & NOT_RUN:
                return
            variables = dict(self.variables)
            with silence(), _quiet():
                exec(code, variables)
        except BaseException:
            return
        for made, value in list(variables.items()):
            is_answer = made == name or callable(value)
            if self.variables.get(made) is not value and is_answer and not _is_endless(value):
                yield value


def _is_endless(function: Any) -> bool:
    """Whether it may run for ever on arguments that it is not made for.

    Python's own functions go through an array entry by entry, and those that draw take its entries
    for a shape.
    """
    module = str(getattr(function, "__module__", ""))
    return isinstance(function, BUILT_IN) or module.startswith(("jax.random", "jax._src.random"))


def _names(code: str) -> set[str]:
    """The names that this code reads and does not define.

    Raises:
        SyntaxError: it is not code.
    """
    nodes = list(ast.walk(ast.parse(code)))
    read = {
        node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    written = {node.id for node in nodes if isinstance(node, ast.Name)} - read
    stored = {
        node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    arguments = {node.arg for node in nodes if isinstance(node, ast.arg)}
    defined = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return read - written - stored - arguments - defined


def _programs(text: str, exercise: ReleasedExercise) -> Iterator[str]:
    """The text as a program, as a value, as what the function returns, and as its body."""
    name, code = exercise.prompt.name, textwrap.dedent(text).strip()
    if not code:
        return
    yield code
    yield f"{name} = ({code}\n)"
    if not exercise.is_question:
        head = re.search(rf"^(@.*\n)*def {name}\(.*?\).*?:\n", exercise.stub, re.MULTILINE)
        assert head, exercise.stub
        yield f"{head[0]}    return ({code}\n)"
        yield head[0] + textwrap.indent(code, "    ")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


def _could_be_right(answer: Any, exercise: ReleasedExercise) -> bool:
    """Whether an answer returns arrays of the expected shapes on the first case; a fast test."""
    if exercise.is_question or "value" not in exercise.expected:
        return True
    arguments = next(iter(exercise.arguments.values()))
    expected = [np.shape(leaf) for leaf in exercise.expected["value"][0].leaves]
    try:
        with _quiet():
            leaves = jax.tree.leaves(answer(*arguments.values))
        return [np.shape(leaf) for leaf in leaves] == expected
    except BaseException:
        return False


def earns(answer: Any, exercise: ReleasedExercise) -> float:
    """The share of the points that an answer earns on the public cases."""
    if not _could_be_right(answer, exercise):
        return 0.0
    with _quiet():
        verdict = learner.examine(answer, exercise)
    return 0.0 if verdict.status is Status.MISSING else verdict.fraction
