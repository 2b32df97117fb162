"""Makes of a lesson what its readers get: no output, and no answer before its question.

A call `predicted(my_shape, table.shape, why="…")` becomes `predicted("my_shape", table.shape)`. The
explanation, and an outcome that is written out, go into the lesson's data (`student/outline.py`).
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from nbformat import NotebookNode

from autograder.authoring import lessons
from autograder.problem import Problem
from autograder.student.outline import Lesson, Prediction, cell_hash

CALL = "predicted"
ARGUMENTS = ("guess", "actual", "why")
WIDTH = 100


def handed_out(notebook: NotebookNode, name: str) -> tuple[NotebookNode, Lesson]:
    """A lesson as its readers get it, and what it keeps back.

    Args:
        notebook: the lesson, executed or not; it is not changed.
        name: the name of the lesson, for its data and for messages.

    Raises:
        Problem: a prediction cannot be kept back.
    """
    made = copy.deepcopy(notebook)
    for key in ("seconds", lessons.HASH):
        made.metadata.pop(key, None)
    predictions: list[Prediction] = []
    above = ""
    since: list[str] = []  # the cells since the last card
    for cell in made.cells:
        if cell.cell_type != "code":
            continue
        cell.update(outputs=[], execution_count=None)
        cell.metadata.pop("execution", None)
        above += f"{cell.source}\n"
        cell.source, found = _sealed(cell.source, above, f"course/{name}.py")
        for prediction in found:
            telling = _telling(prediction.name, since, cell.source)
            predictions.append(replace(prediction, cells=telling))
        since = [] if found else [*since, cell.source]
    names = [prediction.name for prediction in predictions]
    if twice := sorted({one for one in names if names.count(one) > 1}):
        raise Problem(
            f"course/{name}.py has two predictions called {twice[0]}: give each a variable of its "
            "own."
        )
    return made, Lesson(name, tuple(predictions))


def _telling(name: str, since: Sequence[str], card: str) -> tuple[str, ...]:
    """The hashes of the cells that may tell an answer: those between its question and its card.

    Args:
        name: the prediction.
        since: the cells since the last card.
        card: the cell with the card of this prediction.
    """
    if _asks(name, card):
        return ()
    asked = [number for number, source in enumerate(since) if _asks(name, source)]
    return tuple(map(cell_hash, since[max(asked, default=-1) + 1 :]))


def _asks(name: str, source: str) -> bool:
    return bool(re.search(rf"^[ \t]*{name}[ \t]*=[ \t]*\.\.\.[ \t]*(#.*)?$", source, re.MULTILINE))


def _sealed(source: str, above: str, file: str) -> tuple[str, list[Prediction]]:
    """A cell without its explanations, and its predictions.

    Args:
        source: the cell.
        above: the code of the lesson up to the cell's end.
        file: the lesson's master, for messages.
    """
    if CALL not in source:
        return source, []
    try:
        tree = ast.parse(source)
    except SyntaxError:
        raise Problem(
            f"{file}: a cell that calls {CALL} has to be plain Python; move its magics to another "
            "cell."
        ) from None
    _require_own_name(tree, file)
    content = source.encode()
    predictions: list[Prediction] = []
    for call in sorted(_calls(tree), key=lambda call: (call.lineno, call.col_offset), reverse=True):
        prediction, outcome = _read(call, source, above, file)
        start, end = (
            _offset(content, *place)
            for place in (
                (call.lineno, call.col_offset),
                (call.end_lineno or 0, call.end_col_offset or 0),
            )
        )
        words = _written(prediction.name, outcome, " " * call.col_offset)
        content = content[:start] + words.encode() + content[end:]
        predictions.insert(0, prediction)
    return content.decode(), predictions


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and CALL in (
            getattr(node.func, "id", ""),
            getattr(node.func, "attr", ""),
        ):
            yield node


def _require_own_name(tree: ast.AST, file: str) -> None:
    names = {
        alias.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name == CALL
    }
    if names - {None, CALL}:
        raise Problem(f"{file}: import {CALL} under its own name, so that its answers are found.")


def _read(call: ast.Call, source: str, above: str, file: str) -> tuple[Prediction, str]:
    """A prediction, and the code that computes its outcome; empty if that is a literal."""
    place = f"{file}: {CALL}"
    given: dict[str, ast.expr] = dict(zip(ARGUMENTS, call.args, strict=False))
    given |= {str(keyword.arg): keyword.value for keyword in call.keywords}
    starred = any(isinstance(argument, ast.Starred) for argument in call.args)
    if starred or not {"guess", "actual"} <= given.keys() <= set(ARGUMENTS):
        raise Problem(f"{place} is called with a guess, what was computed, and `why`.")
    guess = given["guess"]
    if not isinstance(guess, ast.Name) or not _asks(guess.id, above):
        words = ast.get_source_segment(source, guess)
        raise Problem(
            f"{place} compares {words}; give it a variable that a cell above sets to dots, as in "
            "`my_guess = ...`, which the reader replaces."
        )
    try:
        why = ast.literal_eval(given["why"]) if "why" in given else ""
    except ValueError:
        why = None
    if not isinstance(why, str):
        raise Problem(
            f"{place} of {guess.id} has a `why` that is computed; write it as plain text, so that "
            "it can be kept back until the reader has answered."
        )
    outcome = ast.get_source_segment(source, given["actual"]) or ""
    try:
        return Prediction(guess.id, why, repr(ast.literal_eval(given["actual"]))), ""
    except ValueError:
        return Prediction(guess.id, why), outcome


def _written(name: str, outcome: str, indent: str) -> str:
    if not outcome:
        return f'{CALL}("{name}")'
    short = f'{CALL}("{name}", {outcome})'
    if len(indent) + len(short) <= WIDTH or "\n" in outcome:
        return short
    return f'{CALL}(\n{indent}    "{name}",\n{indent}    {outcome},\n{indent})'


def _offset(content: bytes, line: int, column: int) -> int:
    """The place of `ast`'s line and column, which count bytes, in a cell's bytes."""
    lines: Sequence[bytes] = content.splitlines(keepends=True)
    return sum(map(len, lines[: line - 1])) + column
