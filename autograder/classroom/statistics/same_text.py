"""Finds answers whose texts are equal although that is unlikely: a hint, and never a verdict.

Comments, docstrings, blank lines, formatting and the names that an answer chooses may differ. An
answer is cut into *pieces*: each expression, and the head of each statement. A piece counts only if
neither the course shows it (in the master, with its stub, hints, solutions and wrong answers, or in
the lesson) nor anybody else in the class wrote it. Words that nobody else uses, in names and in
comments, count too. Only answers with much that counts are marked, which short ones never have:
to accuse somebody falsely is worse than to miss a copy.
"""

from __future__ import annotations

import ast
import builtins
import functools
import re
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

LEAST = 20
"""How many pieces and words must count."""
LEAST_STATEMENTS = 4
"""How many of these pieces must be statements: a long line alone is not enough."""
LEAST_PIECES = 10
"""How many must be pieces: words alone are not enough."""
FEWEST_OTHERS = 5
"""How many other answers are needed to tell what is usual."""
MOST = 3
"""How many students may share a text, or a tenth of the class; more have a common source."""
LONGEST = 20_000
"""How many characters of an answer are read."""
_BODIES = frozenset(("body", "orelse", "finalbody", "handlers", "cases"))
_NAMES = {ast.Name: "id", ast.arg: "arg", ast.FunctionDef: "name", ast.ClassDef: "name"}
"""Where a node has a name that a text may choose."""
_STATEMENTS = frozenset(kind.__name__ for kind in ast.stmt.__subclasses__())
_WORD = re.compile(r"[^\W\d]{4,}")
"""A word that may count: `x`, `out` and the like are everybody's."""
_CODE = re.compile(r"```\w*\n(.*?)```|`([^`\n]+)`", re.DOTALL)

Piece = tuple[object, ...]


@dataclass(frozen=True)
class Hint:
    """Students whose answers to an exercise have an equal text.

    Attributes:
        exercise: its name.
        students: their ids.
        same_names: whether the names that they chose are equal too.
        sample: the text of the first one.
    """

    exercise: str
    students: tuple[str, ...]
    same_names: bool
    sample: str


@dataclass(frozen=True)
class Form:
    """An answer as it is compared.

    Attributes:
        shape: the same text for answers that are equal up to names, comments and formatting.
        names: the names that it chooses, in their order.
        pieces: its pieces, without their names.
        words: all longer words in it, also those of comments.
    """

    shape: str
    names: tuple[str, ...]
    pieces: frozenset[Piece]
    words: frozenset[str]


@dataclass(frozen=True)
class Shown:
    """What the course shows: pieces of code, and words."""

    pieces: frozenset[Piece] = frozenset()
    words: frozenset[str] = frozenset()


def find(exercise: str, sources: Mapping[str, str], shown: Shown, students: int) -> list[Hint]:
    """The hints about one exercise.

    Args:
        exercise: its name.
        sources: the answers by student.
        shown: what the course shows; if that is nothing, nothing is found.
        students: how many are in the class.
    """
    forms = {
        student: form
        for student, source in sources.items()
        if (form := form_of(source, exercise)) is not None
    }
    by_shape: defaultdict[str, list[str]] = defaultdict(list)
    for student, form in forms.items():
        by_shape[form.shape].append(student)
    hints = []
    for alike in by_shape.values():
        others = [form for form in forms.values() if form.shape != forms[alike[0]].shape]
        is_few = 2 <= len(alike) <= max(MOST, students // 10)
        if not shown.pieces or not is_few or len(others) < FEWEST_OTHERS:
            continue
        usual = Shown(
            shown.pieces.union(*(other.pieces for other in others)),
            shown.words.union(*(other.words for other in others)),
        )
        for group in _telling(alike, forms, usual):
            same_names = len({forms[student].names for student in group}) == 1
            hints.append(Hint(exercise, tuple(group), same_names, sources[group[0]]))
    return hints


def _telling(alike: list[str], forms: Mapping[str, Form], usual: Shown) -> list[list[str]]:
    """These students, if what they have in common tells something; else those with equal names."""

    def tells(group: list[str]) -> bool:
        pieces = forms[group[0]].pieces - usual.pieces
        words = frozenset.intersection(*(forms[student].words for student in group)) - usual.words
        statements = [piece for piece in pieces if piece[0] in _STATEMENTS]
        is_code = len(statements) >= LEAST_STATEMENTS and len(pieces) >= LEAST_PIECES
        return is_code and len(pieces) + len(words) >= LEAST

    if tells(alike):
        return [alike]
    by_names: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for student in alike:
        by_names[forms[student].names].append(student)
    return [group for group in by_names.values() if len(group) > 1 and tells(group)]


@functools.lru_cache(10_000)
def form_of(source: str, exercise: str = "") -> Form | None:
    """An answer as it is compared; None if it is not Python."""
    lines = [line for line in source.splitlines() if not line.lstrip().startswith(("%", "!"))]
    tree = _parsed("\n".join(lines))
    if tree is None:
        return None
    try:
        pieces = frozenset(_pieces(tree))
        names = _numbered(tree, _chosen(tree) - {exercise})
        return Form(ast.dump(tree), names, pieces, frozenset(_WORD.findall(source.lower())))
    except RecursionError:
        return None


def shown_in(master: str, lesson: str = "") -> Shown:
    """What a master and a lesson show: their words, their code, and the code in their texts.

    Args:
        master: the text of the file.
        lesson: likewise.
    """
    pieces = frozenset(piece for text in (master, lesson) for piece in _shown(text))
    return Shown(pieces, frozenset(_WORD.findall(f"{master}\n{lesson}".lower())))


def _shown(text: str) -> Iterator[Piece]:
    tree = _parsed(text, len(text))
    if tree is None:
        return
    yield from _pieces(tree)
    comments = re.sub(r"^# ?", "", text, flags=re.MULTILINE)
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    for words in [comments, *(text for text in texts if isinstance(text, str))]:
        codes = ["".join(found) for found in _CODE.findall(words)]
        for code in [*codes, words]:
            if code is not comments and (part := _parsed(code)) is not None:
                yield from _pieces(part)


def _parsed(code: str, longest: int = LONGEST) -> ast.Module | None:
    """The syntax tree without docstrings and annotations; None if it is not Python."""
    if len(code) > longest:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            node.body = [statement for statement in node.body if not _is_text(statement)]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
    return tree


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _chosen(tree: ast.AST) -> set[str]:
    """The names that a text chooses itself; those of imports are usual ones."""
    return {
        getattr(node, _NAMES[type(node)])
        for node in ast.walk(tree)
        if type(node) in _NAMES
        and not (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    }


def _numbered(tree: ast.AST, names: Set[str]) -> tuple[str, ...]:
    """Replace these names by numbers, in place; the names in their order."""
    numbers: dict[str, str] = {}
    for node in ast.walk(tree):
        field = "arg" if isinstance(node, ast.keyword) else _NAMES.get(type(node), "")
        if field and (name := getattr(node, field)) in names:
            setattr(node, field, numbers.setdefault(name, str(len(numbers))))
    return tuple(numbers)


def _pieces(tree: ast.AST) -> Iterator[Piece]:
    """The expressions and the heads of the statements, without the names that are not Python's."""
    found: list[Piece] = []

    def piece(node: object) -> object:
        if isinstance(node, list):
            return tuple(map(piece, node))
        if not isinstance(node, ast.AST):
            return type(node).__name__, node
        name_field = _NAMES.get(type(node))
        parts: list[object] = [type(node).__name__]
        for field, value in ast.iter_fields(node):
            if isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case) and field in _BODIES:
                piece(value)
            elif field == name_field:
                parts.append(value if hasattr(builtins, value) else "")
            elif field != "ctx":
                parts.append(piece(value))
        whole = tuple(parts)
        if isinstance(node, ast.expr | ast.stmt) and not isinstance(node, ast.Name | ast.Constant):
            found.append(whole)
        return whole

    for statement in ast.iter_child_nodes(tree):
        piece(statement)
    return iter(found)
