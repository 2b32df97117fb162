"""What is wrong with a master, said all at once: from its text, before anything runs.

`of_text` needs neither JAX nor the master's own imports. What a master computes, such as a list of
hints that is put together, is known when it has run: `of_exercises` looks at that.
"""

from __future__ import annotations

import ast
import builtins
import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jupytext
from nbformat import NotebookNode

from autograder.authoring.course import FILE, Demands
from autograder.authoring.tags import TAGS
from autograder.judge.requirements import KNOWN
from autograder.judge.verdict import Status
from autograder.problem import Problem

if TYPE_CHECKING:
    from autograder.judge.specification import Exercise

REASONS = frozenset(
    {"structure", "shape", "dtype", "values", *map(str, Status)}
    | {kind.reason for kind in KNOWN.values()}
)
"""What `rejected_by` may be, besides the class of an exception."""

_NUMBERS = ("points", "minutes", "stars", "importance")


@dataclass(frozen=True)
class Written:
    """What a course asks of an exercise, as far as it is known; None where it is not.

    Attributes:
        name: of the exercise.
        is_question: whether a value is asked for, and no function.
        hints: how many there are.
        wrong_answers: how many are listed.
        explanation: whether there is one.
        another: whether there is a second solution.
        reasons: for which the wrong answers are to be rejected.
    """

    name: str
    is_question: bool
    hints: int | None
    wrong_answers: int | None
    explanation: bool | None
    another: bool | None
    reasons: tuple[str, ...]


def require(problems: Iterable[str]) -> None:
    """Raise a `Problem` that holds all these sentences, if there are any."""
    if found := list(problems):
        raise Problem("\n".join(found))


def read(path: Path) -> tuple[list[NotebookNode], list[dict[str, Any]]]:
    """The cells of a master and the tags of each.

    Raises:
        Problem: the file is not there or cannot be read.
    """
    if not path.is_file():
        raise Problem(f"There is no master at {path}: every assignment needs one.")
    try:
        cells = jupytext.read(path).cells
    except Exception as error:
        raise Problem(f"{path} cannot be read as a master: {error}") from None
    ignored = "lines_to_next_cell"
    return cells, [
        {key: value for key, value in cell.metadata.items() if key != ignored} for cell in cells
    ]


def of_text(path: Path, demands: Demands) -> list[str]:
    """A sentence for each mistake that the text of a master tells."""
    _, tags = read(path)
    found = list(of_tags(path, tags))
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        return [*found, f"{path}, line {line}: {getattr(error, 'msg', error)}."]
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and (written := _written(call)):
            found += [f"{path}: {words}" for words in _lacking(written, demands)]
    return found


def of_exercises(path: Path, exercises: Iterable[Exercise], demands: Demands) -> Iterator[str]:
    """A sentence for each mistake that is known when a master has run."""
    for spec in exercises:
        written = Written(
            spec.name,
            spec.is_question,
            len(spec.hints),
            len(spec.wrong_answers),
            bool(spec.explanation),
            bool(spec.another),
            tuple(wrong.rejected_by for wrong in spec.wrong_answers),
        )
        yield from (f"{path}: {words}" for words in _lacking(written, demands))


def of_tags(path: Path, tags: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A sentence for each cell that does not fit the others."""
    for tag in tags:
        kinds = [kind for kind in TAGS if kind in tag]
        if kinds and set(tag) != TAGS[kinds[0]]:
            yield (
                f"{path}: a cell tagged {kinds[0]} has the tags {sorted(tag)}; "
                f"it needs {sorted(TAGS[kinds[0]])}."
            )
            return
        for key, value in tag.items():
            if key in kinds and not isinstance(value, str):
                yield f"{path}: the tag {key}={value!r} has to be a text in quotes."
                return
            if key in _NUMBERS and (isinstance(value, bool) or not isinstance(value, int | float)):
                yield f"{path}: the tag {key}={value!r} has to be a number without quotes."
                return
    title = next((tag for tag in tags if "assignment" in tag), None)
    if title is None:
        yield f'{path}: the title cell needs the tags assignment="…" and points=….'
        return
    if title["assignment"] != path.parent.name:
        yield f"{path}: the title says {title['assignment']}, the folder {path.parent.name}."
    total = sum(tag["points"] for tag in tags if "exercise" in tag or "written" in tag)
    if total != title["points"]:
        yield f"{path}: the points add up to {total:g}, the title says {title['points']:g}."
    names = [tag["exercise"] for tag in tags if "exercise" in tag]
    for name, times in Counter(names).items():
        if times > 1:
            yield f"{path}: {times} cells are tagged exercise={name!r}; give each its own name."
    for kind in ("solution", "check"):
        count = Counter(tag[kind] for tag in tags if kind in tag)
        for name in dict.fromkeys(names):
            if count[name] != 1:
                yield f"{path}: {name} needs one cell tagged {kind} and has {count[name]}."
        for name in count.keys() - set(names):
            yield f'{path}: the {kind} of {name} has no prompt tagged exercise="{name}".'


def _written(call: ast.Call) -> Written | None:
    """What a call of `exercise` or `question` says; None for any other call."""
    function = getattr(call.func, "id", getattr(call.func, "attr", ""))
    if function not in ("exercise", "question") or not call.args:
        return None
    name = getattr(call.args[0], "id", getattr(call.args[0], "value", None))
    if not isinstance(name, str):
        return None
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    everything = None not in given  # a `**` may hold any of them

    def length(keyword: str) -> int | None:
        if keyword not in given:
            return 0 if everything else None
        entries = getattr(given[keyword], "elts", None)
        has_star = entries is not None and any(isinstance(one, ast.Starred) for one in entries)
        return None if entries is None or has_star else len(entries)

    def is_there(keyword: str) -> bool | None:
        if keyword not in given:
            return False if everything else None
        value = given[keyword]
        return bool(value.value) if isinstance(value, ast.Constant) else None

    is_question = function == "question"
    reasons = tuple(
        keyword.value.value
        for inside in ast.walk(call)
        if isinstance(inside, ast.Call)
        for keyword in inside.keywords
        if keyword.arg == "rejected_by"
        and isinstance(keyword.value, ast.Constant)
        and isinstance(keyword.value.value, str)
    )
    return Written(
        name,
        is_question,
        length("hints"),
        length("mistakes" if is_question else "wrong_answers"),
        is_there("explanation"),
        is_there("another"),
        reasons,
    )


def _lacking(written: Written, demands: Demands) -> Iterator[str]:
    name = written.name

    def off(switch: str) -> str:
        return f"{switch} under [exercises] in {FILE} switches this off."

    if demands.hints and written.hints not in (None, 3):
        noun = "hint" if written.hints == 1 else "hints"
        yield (
            f"{name} has {written.hints} {noun}; it needs 3, which a student who is stuck asks for "
            f"one by one. {off('`hints = false`')}"
        )
    fewest = max(0, demands.wrong_answers - written.is_question)
    if written.wrong_answers is not None and written.wrong_answers < fewest:
        yield (
            f"{name} lists {written.wrong_answers} wrong answers; it needs {fewest} or more: each "
            "proves that the inputs tell a misconception from a right answer, and is what `check` "
            f"names. {off('`wrong_answers = 0`')}"
        )
    if demands.explanation and written.explanation is False:
        yield (
            f"{name} needs an explanation: students read it when they have passed, and learn why "
            f"it works. {off('`explanation = false`')}"
        )
    if demands.another and written.another is False and not written.is_question:
        yield (
            f"{name} needs another solution: it proves that other ways than the reference's pass, "
            f"and students compare it with theirs. {off('`another = false`')}"
        )
    for reason in dict.fromkeys(written.reasons):
        if reason not in REASONS and not _is_exception(reason):
            close = difflib.get_close_matches(reason, REASONS, 1)
            advice = (
                f"did you mean {close[0]!r}?"
                if close
                else f"choose one of {', '.join(sorted(REASONS))}."
            )
            yield (
                f"{name}: no answer is ever rejected by {reason!r}, which is neither the reason of "
                f"a requirement nor the class of an exception: {advice}"
            )


def _is_exception(name: str) -> bool:
    known = getattr(builtins, name, None)
    return name.endswith(("Error", "Exception")) or (
        isinstance(known, type) and issubclass(known, BaseException)
    )
