"""Jaxprs for explorables: made from any function, and printed with one line for each equation."""

from __future__ import annotations

import functools
import inspect
import itertools
import re
import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

WIDEST = 110
"""The most characters of a line."""


@dataclass(frozen=True)
class Line:
    """A line of a program.

    Attributes:
        text: the line, indented.
        equation: the equation; None for a line that opens or ends a program within.
        scope: the named scopes in which the equation was written, outermost first, such as
            `jvp(a)/b`. An equation without a scope has that of the equation around it.
    """

    text: str
    equation: Any
    scope: str


def source_function(function: Callable[..., Any]) -> tuple[Any, bool]:
    """The Python function inside transformations and wrappers, and whether it is the same one."""
    inside: Any = function
    while True:
        if isinstance(inside, functools.partial):
            inside = inside.func
        elif hasattr(inside, "__wrapped__"):
            inside = inside.__wrapped__
        elif hasattr(inside, "__func__"):
            inside = inside.__func__
        elif not hasattr(inside, "__code__") and hasattr(type(inside).__call__, "__code__"):
            inside = type(inside).__call__
        else:
            return inside, inside is function


def named_arguments(function: Callable[..., Any], args: Sequence[Any]) -> dict[str, Any]:
    """The arguments of a call, by their parameters' names: `argument 0` where they are unknown."""
    try:
        known = dict(inspect.signature(function).bind(*args).arguments)
    except (TypeError, ValueError):
        known = {}
    if len(known) == len(args):
        return known
    return {f"argument {number}": value for number, value in enumerate(args)}


def names_of_leaves(function: Callable[..., Any], args: Sequence[Any]) -> list[str]:
    """The name of every leaf of the arguments, such as `params['w']`."""
    names = list(named_arguments(function, args))
    paths = [path for path, _ in jax.tree_util.tree_leaves_with_path(tuple(args))]
    return [names[path[0].idx] + jax.tree_util.keystr(path[1:]) for path in paths]


def is_jitted(function: Any) -> bool:
    return isinstance(function, jax.stages.Wrapped)


def forget(function: Any) -> None:
    """Make jitted functions trace again, because a function that was traced does not run Python."""
    while function is not None:
        if hasattr(function, "clear_cache"):
            function.clear_cache()
        function = getattr(function, "__wrapped__", None) or getattr(function, "func", None)


def jaxpr_of(function: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[Any, Sequence[Any]]:
    """The jaxpr of a call, and the arrays for its `constvars`.

    Arguments that are not numbers or arrays are not traced.
    """
    if is_jitted(function):  # it knows its static arguments
        closed = function.trace(*args, **kwargs).jaxpr
        return _open(closed), closed.consts
    leaves, tree = jax.tree.flatten((args, kwargs))
    traced = [place for place, leaf in enumerate(leaves) if _is_data(leaf)]

    def call(*values: Any) -> Any:
        filled = list(leaves)
        for place, value in zip(traced, values, strict=True):
            filled[place] = value
        given, named = jax.tree.unflatten(tree, filled)
        return function(*given, **named)

    closed = jax.make_jaxpr(call)(*(leaves[place] for place in traced))
    return _open(closed), closed.consts


def equations(jaxpr: Any) -> int:
    """How many equations a program has, with those of the programs inside it."""
    inner = (sub for eqn in jaxpr.eqns for _, sub in inside(eqn))
    return len(jaxpr.eqns) + sum(map(equations, inner))


def lines(jaxpr: Any) -> Iterator[Line]:
    """The lines of a program; the first line has its inputs, the last line its results."""
    return _Printer().program(jaxpr, "takes", "", "")


def inside(eqn: Any) -> Iterator[tuple[str, Any]]:
    """The programs inside an equation, such as the body of a loop, with their names."""
    for name, value in eqn.params.items():
        several = isinstance(value, (tuple, list))
        for number, one in enumerate(value if several else [value]):
            program = _open(one)
            if hasattr(program, "eqns"):
                title = name.replace("_jaxpr", "").replace("jaxpr", "body")
                yield (f"{title} {number}" if several else title), program


def sentence(error: BaseException) -> str:
    """The first line of an error's message, without places in files."""
    lines = str(error).strip().splitlines() or ["it has no message."]
    # The file of a notebook's cell has another name each time.
    text = re.sub(r" at [^\s]+\.py:\d+(:\d+)?", "", lines[0])
    return cut(text, 300)


def short_type(aval: Any) -> str:
    """A type as jaxprs write it, such as `f32[3]`."""
    return aval.str_short(short_dtypes=True) if hasattr(aval, "str_short") else str(aval)


class _Printer:
    """Gives the variables of a program their names, as JAX does."""

    def __init__(self) -> None:
        self._names: dict[Any, str] = {}
        letters = (
            "".join(word)
            for length in itertools.count(1)
            for word in itertools.product(string.ascii_lowercase, repeat=length)
        )
        self._fresh = letters

    def program(self, jaxpr: Any, title: str, indent: str, scope: str) -> Iterator[Line]:
        taken = [*jaxpr.constvars, *jaxpr.invars]
        yield Line(cut(f"{indent}{title} {self._typed(taken) or 'nothing'}"), None, scope)
        for eqn in jaxpr.eqns:
            own = str(eqn.source_info.name_stack) or scope
            right = f"{eqn.primitive.name}{_settings(eqn)} {self._used(eqn.invars)}".rstrip()
            left = self._typed(eqn.outvars)
            yield Line(cut(f"{indent}{left} = {right}" if left else indent + right), eqn, own)
            for name, sub in inside(eqn):
                yield from self.program(sub, f"{name} takes", f"{indent}    ", own)
        yield Line(cut(f"{indent}returns {self._used(jaxpr.outvars) or 'nothing'}"), None, scope)

    def _typed(self, variables: Any) -> str:
        return " ".join(f"{self._name(one)}:{short_type(one.aval)}" for one in variables)

    def _used(self, variables: Any) -> str:
        return " ".join(map(self._name, variables))

    def _name(self, variable: Any) -> str:
        if hasattr(variable, "val"):
            value = np.asarray(variable.val)
            return str(value) if value.ndim == 0 else f"({short_type(variable.aval)})"
        if type(variable).__name__ == "DropVar":
            return "_"
        if variable not in self._names:
            self._names[variable] = next(self._fresh)
        return self._names[variable]


def _open(jaxpr: Any) -> Any:
    return getattr(jaxpr, "jaxpr", jaxpr)  # newer versions close over nothing


def _is_data(leaf: Any) -> bool:
    numbers = isinstance(leaf, (bool, int, float, complex, np.generic))
    return numbers or (hasattr(leaf, "dtype") and not isinstance(leaf, type))


def _settings(eqn: Any) -> str:
    """The parameters of an equation that say what it does."""
    shown = {
        name: value
        for name, value in eqn.params.items()
        if _is_simple(value) and not name.startswith("_")
    }
    if any(inside(eqn)):
        shown = {name: shown[name] for name in ("name", "length") if name in shown}
    words = " ".join(f"{name}={value}" for name, value in shown.items())
    return f"[{words}]" if words else ""


def _is_simple(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(type(one) in (int, str) for one in value)
    return type(value) in (int, float, str) or isinstance(value, np.dtype)


def cut(text: str, most: int = WIDEST) -> str:
    """The text, shortened if it is too long, without parts that differ from run to run."""
    text = re.sub(r"\b0x[0-9a-f]{6,}", "0x…", text)
    return text if len(text) <= most else f"{text[: most - 1]}…"
