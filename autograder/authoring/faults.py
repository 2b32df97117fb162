"""Finds the mistakes in a master, all of them at once, if possible before anything runs.

`of_text` needs neither JAX nor the imports of the master. Some things are known only after the
master has run, such as a list of hints that it computes: `of_exercises` looks at these.
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

from autograder.authoring import rubric
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
"""The allowed values of `rejected_by`, besides the classes of exceptions."""

_NUMBERS = ("points", "minutes", "stars", "importance")


@dataclass(frozen=True)
class Written:
    """The parts of an exercise that a course may demand; None if a part is not known yet.

    Attributes:
        name: the name of the exercise.
        is_question: whether the answer is a value, not a function.
        hints: how many hints it has.
        wrong_answers: how many wrong answers it lists.
        explanation: whether it has an explanation.
        another: whether it has a second solution.
        reasons: the reasons for which its wrong answers should be rejected.
    """

    name: str
    is_question: bool
    hints: int | None
    wrong_answers: int | None
    explanation: bool | None
    another: bool | None
    reasons: tuple[str, ...]


def require(mistakes: Iterable[str]) -> None:
    """Raise a `Problem` with all these sentences, if there are any."""
    if sentences := list(mistakes):
        raise Problem("\n".join(sentences))


def read(path: Path) -> tuple[list[NotebookNode], list[dict[str, Any]]]:
    """The cells of a master and the tags of each.

    Raises:
        Problem: the file does not exist or cannot be read.
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
    """A sentence for each mistake that the text of a master shows."""
    cells, tags = read(path)
    sentences = [*of_tags(path, tags), *rubric.mistakes(path, cells, tags)]
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        return [*sentences, f"{path}, line {line}: {getattr(error, 'msg', error)}."]
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and (written := _written(call)):
            sentences += [f"{path}: {words}" for words in _lacking(written, demands)]
    return sentences


def of_exercises(path: Path, exercises: Iterable[Exercise], demands: Demands) -> Iterator[str]:
    """A sentence for each mistake that shows when a master has run."""
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
        yield from (f"{path}: {words}" for words in _of_shares(spec))


def _of_shares(spec: Exercise) -> Iterator[str]:
    """A sentence for each mistake in how the points are split."""
    for one in spec.requires:
        kind = type(one).__name__
        if not 0 < one.share <= 1:
            yield f"{spec.name}: {kind} has share={one.share:g}; above 0 and up to 1 is possible."
        elif one.judges_results and one.share < 1:
            yield (
                f"{spec.name}: {kind} cannot have a share: it judges the results, which get what "
                "the shares of the other requirements leave."
            )
    split = [one.share for one in spec.requires if 0 < one.share < 1 and not one.judges_results]
    total = round(sum(split), 9)
    if total > 1:
        yield f"{spec.name}: the shares of its requirements add up to {total:g}; 1 is the most."
    if split and not any(one.judges_results for one in spec.requires):
        kinds = ", ".join(kind for kind, known in KNOWN.items() if known.judges_results)
        yield (
            f"{spec.name}: a requirement has a share, but none judges the results, without which "
            f"nothing should be earned: add one of {kinds}."
        )
    for wrong in spec.wrong_answers:
        if not 0 <= wrong.earns < 1:
            yield (
                f"{spec.name}: “{wrong.title}” has earns={wrong.earns:g}; a wrong answer earns 0 "
                "or more, and less than 1."
            )


def of_tags(path: Path, tags: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A sentence for each cell whose tags are wrong or do not fit the other cells."""
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
    """The parts of the exercise that a call makes; None if the call does not make one."""
    function = getattr(call.func, "id", getattr(call.func, "attr", ""))
    if function not in ("exercise", "question") or not call.args:
        return None
    name = getattr(call.args[0], "id", getattr(call.args[0], "value", None))
    if not isinstance(name, str):
        return None
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    is_complete = None not in keywords  # a `**` may hold any keyword

    def length(keyword: str) -> int | None:
        if keyword not in keywords:
            return 0 if is_complete else None
        entries = getattr(keywords[keyword], "elts", None)
        has_star = any(isinstance(entry, ast.Starred) for entry in entries or ())
        return None if entries is None or has_star else len(entries)

    def is_present(keyword: str) -> bool | None:
        if keyword not in keywords:
            return False if is_complete else None
        value = keywords[keyword]
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
        is_present("explanation"),
        is_present("another"),
        reasons,
    )


def _lacking(written: Written, demands: Demands) -> Iterator[str]:
    name = written.name

    def switch_off(switch: str) -> str:
        return f"{switch} under [exercises] in {FILE} switches this off."

    if demands.hints and written.hints not in (None, 3):
        noun = "hint" if written.hints == 1 else "hints"
        yield (
            f"{name} has {written.hints} {noun}; it needs 3, which a student who is stuck asks for "
            f"one by one. {switch_off('`hints = false`')}"
        )
    fewest = max(0, demands.wrong_answers - written.is_question)
    if written.wrong_answers is not None and written.wrong_answers < fewest:
        yield (
            f"{name} lists {written.wrong_answers} wrong answers; it needs {fewest} or more: each "
            "proves that the inputs tell a misconception from a right answer, and `check` names it "
            f"to students. {switch_off('`wrong_answers = 0`')}"
        )
    if demands.explanation and written.explanation is False:
        yield (
            f"{name} needs an explanation: students read it when they have passed, to learn why "
            f"it works. {switch_off('`explanation = false`')}"
        )
    if demands.another and written.another is False and not written.is_question:
        yield (
            f"{name} needs another solution: it proves that an answer written in another way "
            f"passes, and students compare it with theirs. {switch_off('`another = false`')}"
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
