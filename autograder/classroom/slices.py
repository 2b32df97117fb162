"""What of a notebook the answer to one exercise depends on: a static slice, cell by cell.

A cell that only binds names (functions, imports, values) belongs to a slice where one of its names
occurs in it; any other cell belongs to every slice. Who wrote what else, and with what comments,
makes no difference, so that two students' slices can be equal where their notebooks are not.

This is a guess, which code that reaches for names without writing them escapes. It says what to
run, and never what came of it: the grader believes a slice only after running it alone.

See M. Weiser, "Program slicing", ICSE 1981.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

LONGEST = 100_000
"""The characters of a notebook above which it is not looked at: nobody writes so much by hand."""
DEFERRING = frozenset((
    "checkpoint", "custom_jvp", "custom_vjp", "grad", "hessian", "jacfwd", "jacrev", "jit",
    "partial", "remat", "shard_map", "value_and_grad", "vmap",
))  # fmt: skip
"""Functions that make a function of another one, and do not call it."""


@dataclass(frozen=True)
class Slice:
    """What one answer depends on.

    Attributes:
        steps: of its cells, in their order.
        text: of their syntax trees, the same whatever the comments, docstrings and layout.
    """

    steps: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class _Cell:
    step: str
    text: str
    names: frozenset[str]
    binds: frozenset[str]
    only_binds: bool


def slices(sources: Mapping[str, str], exercises: Collection[str]) -> dict[str, Slice]:
    """The slice of each exercise.

    Args:
        sources: of the cells by their steps, in the order in which they run.
        exercises: the names of the functions or values that answer them.

    Returns:
        None at all where the notebook is not plain Python: where it has magics, or is broken.
    """
    if sum(map(len, sources.values())) > LONGEST:
        return {}
    try:
        cells = [_cell(step, ast.parse(source)) for step, source in sources.items()]
        return {name: _slice(cells, name) for name in exercises}
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}


def _slice(cells: list[_Cell], exercise: str) -> Slice:
    names, inside = {exercise}, -1
    while True:
        parts = [cell for cell in cells if not cell.only_binds or cell.binds & names]
        if len(parts) == inside:
            return Slice(tuple(one.step for one in parts), "\n".join(one.text for one in parts))
        names = {exercise}.union(*(one.names for one in parts))
        inside = len(parts)


def _cell(step: str, tree: ast.Module) -> _Cell:
    names = frozenset(_names(tree))
    binds = frozenset(name for statement in tree.body for name in _bound(statement))
    only_binds = all(map(_only_binds, tree.body))
    return _Cell(step, ast.dump(_Plain().visit(tree)), names, binds, only_binds)


def _names(tree: ast.AST) -> Iterator[str]:
    """Every name in it, attributes and arguments too: what is text in a tree, and no constant."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant):
            for _, value in ast.iter_fields(node):
                many: list[Any] = value if isinstance(value, list) else [value]
                yield from (part for one in many if isinstance(one, str) for part in one.split("."))


def _bound(statement: ast.stmt) -> Iterator[str]:
    """The names that it binds; the variables of a function are among them, which does no harm."""
    for node in ast.walk(statement):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.alias(name=name, asname=other):
                yield (other or name).partition(".")[0]


def _only_binds(statement: ast.stmt) -> bool:
    match statement:
        case ast.Import() | ast.FunctionDef() | ast.Pass() | ast.Expr(value=ast.Constant()):
            return True
        case ast.ImportFrom(names=names):
            return all(one.name != "*" for one in names)
        case ast.Assign(targets=targets, value=value):
            calls = [node for node in ast.walk(value) if isinstance(node, ast.Call)]
            plain = all(isinstance(one, ast.Name) for one in targets)
            return plain and all(_called(one) in DEFERRING for one in calls)
    return False


def _called(call: ast.Call) -> str:
    """The last part of the name that is called."""
    return str(getattr(call.func, "attr", getattr(call.func, "id", "")))


class _Plain(ast.NodeTransformer):
    """Takes away the constants that are statements, such as docstrings."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) else node
