"""Makes mutants: small changes to a reference, each of which the exercise must reject.

A mutant is the code of a solution cell with one change, such as `<` in place of `<=`. A mutant that
passes does the same as the reference, or it shows a mistake that the exercise does not see.
"""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass

from autograder.authoring.changes import changes


@dataclass(frozen=True)
class Mutant:
    """A changed reference.

    Attributes:
        description: the change, such as `< → <= (line 3)`. It does not depend on formatting;
            docstrings and comments are not counted as lines.
        line: this line before the change.
        code: the changed code.
    """

    description: str
    line: str
    code: str


def mutants(code: str) -> list[Mutant]:
    """Every mutant of the code of a solution cell."""
    tree = _normal(code)
    lines = ast.unparse(tree).splitlines()
    places = _places(tree)
    known, count = {ast.unparse(tree)}, Counter[str]()
    result = []
    for node, words, other in changes(tree):
        parent, field, index = places[id(node)]
        _put(parent, field, index, ast.fix_missing_locations(other))
        try:
            changed = ast.unparse(tree)
        finally:
            _put(parent, field, index, node)
        number = node.lineno
        description = f"{words} (line {number})"
        count[description] += 1
        if count[description] > 1:
            description = f"{words} (line {number}, place {count[description]})"
        if changed not in known:
            known.add(changed)
            result.append(Mutant(description, lines[number - 1].strip(), changed))
    return result


def _normal(code: str) -> ast.Module:
    """The code without comments and docstrings, and with lines as `ast.unparse` breaks them."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.parse(ast.unparse(tree))


def _places(tree: ast.AST) -> dict[int, tuple[ast.AST, str, int | None]]:
    """The place of each node: its parent, the field, and the index if the field is a list."""
    places: dict[int, tuple[ast.AST, str, int | None]] = {}
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if isinstance(child, ast.AST):
                    places[id(child)] = parent, field, index
    return places


def _put(parent: ast.AST, field: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node
