"""The table of NumPy's functions: which are in `jax.numpy`, with which signature, what differs.

It is made from the installed versions and says which. A known difference is an expression that is
evaluated with both libraries.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from nbformat.v4 import new_markdown_cell, new_notebook
from slides.making.pages import page

MODULES = ("", "linalg", "fft")
# What every ufunc of NumPy takes and a function of jax.numpy does not.
UFUNC = {"out", "where", "casting", "order", "dtype", "subok", "signature"}

# By function, an expression whose value or error is not the same; `xp` is either library.
DIFFERENCES = {
    "add": "xp.add(xp.arange(2, dtype='int32'), xp.ones(2, dtype='float32')).dtype",
    "append": "xp.append([1], 2)",
    "arange": "xp.arange(2).dtype",
    "array": "xp.array(['a', 'b'])",
    "asarray": "xp.asarray(2**40)",
    "concatenate": "xp.concatenate([[1], [2]])",
    "cumsum": "xp.cumsum(xp.ones(2, dtype='int8')).dtype",
    "diff": "xp.diff([1, 4])",
    "dot": "xp.dot([1, 2], [3, 4])",
    "fill_diagonal": "xp.fill_diagonal(xp.zeros((2, 2)), 1.0)",
    "linspace": "xp.linspace(0, 1, 3).dtype",
    "max": "xp.max([1, 2])",
    "mean": "xp.mean([1.0, 2.0])",
    "multiply": "xp.multiply(xp.float32(2), np.float64(3)).dtype",
    "ones": "xp.ones(2).dtype",
    "place": "xp.place(xp.zeros(2), xp.ones(2) > 0, xp.ones(1))",
    "put": "xp.put(xp.zeros(2), 0, 9.0)",
    "sort": "xp.sort([2, 1])",
    "sqrt": "xp.sqrt(2).dtype",
    "square": "int(xp.square(xp.asarray(50_000)))",
    "stack": "xp.stack([[1], [2]])",
    "sum": "xp.sum([1.0, 2.0])",
    "take": "xp.take(xp.arange(3.0), 7)",
    "take_along_axis": "xp.take_along_axis(xp.arange(3.0), xp.array([7]), 0)",
    "zeros": "xp.zeros(2).dtype",
    "linalg.norm": "xp.linalg.norm([3.0, 4.0])",
    "fft.fft": "xp.fft.fft(xp.ones(2)).dtype",
}
# Functions whose result's shape depends on numbers: under `jit` they need `size=`, or fail.
VALUES_DECIDE = {
    "argwhere": 1, "compress": 2, "extract": 2, "flatnonzero": 1, "intersect1d": 2, "nonzero": 1,
    "setdiff1d": 2, "setxor1d": 2, "trim_zeros": 1, "union1d": 2, "unique": 1,
    "unique_values": 1, "where": 1,
}  # fmt: skip


class Row(NamedTuple):
    """One function of NumPy.

    Attributes:
        name: such as `linalg.norm`.
        present: whether `jax.numpy` has it.
        only_numpy, only_jax: the parameters that only one of them has; None where unknown.
        difference: a known difference, in words that were computed.
    """

    name: str
    present: bool
    only_numpy: tuple[str, ...] | None
    only_jax: tuple[str, ...] | None
    difference: str


def rows() -> list[Row]:
    """A row for each public function of NumPy, `numpy.linalg` and `numpy.fft`."""
    import jax.numpy as jnp

    found = []
    for module in MODULES:
        ours, theirs = (getattr(xp, module) if module else xp for xp in (np, jnp))
        for short in sorted(dir(ours)):
            function = getattr(ours, short)
            if short.startswith("_") or short == "test" or not _is_function(function):
                continue
            name = f"{module}.{short}".strip(".")
            other = getattr(theirs, short, None)
            if other is None:
                found.append(Row(name, False, None, None, ""))
                continue
            one, two = _parameters(function), _parameters(other)
            here = None if one is None or two is None else _only(one, two)
            there = None if one is None or two is None else _only(two, one)
            found.append(Row(name, True, here, there, _difference(name, other)))
    return found


def build_table(root: Path, target: Path) -> Path:
    """Write the table as `functions.html` into the target folder."""
    import jax

    made = target / "functions.html"
    versions = f"NumPy {np.__version__} and JAX {jax.__version__}"
    cells = [new_markdown_cell(part) for part in _markdown(rows(), versions)]
    html = page(
        new_notebook(cells=cells), "table", root, title="NumPy in JAX", foot=versions
    )
    made.write_text(html, encoding="utf-8")
    return made


def _markdown(found: list[Row], versions: str) -> list[str]:
    present = [row for row in found if row.present]
    same = [
        row
        for row in present
        if row.only_numpy == row.only_jax == () and not row.difference
    ]
    ufuncs = [
        row
        for row in present
        if row.only_numpy
        and set(row.only_numpy) <= UFUNC
        and not (row.only_jax or row.difference)
    ]
    head = (
        f"# Is it in `jax.numpy`?\n\n"
        f"{len(present)} of NumPy's {len(found)} public functions are. Made from {versions}."
    )
    note = (
        "Counted are `numpy`, `numpy.linalg` and `numpy.fft`; `numpy.random` is another story "
        "(`jax.random`, with keys). A parameter that must be given by position has no name to "
        "differ. A difference in the last column was computed with both libraries: NumPy's "
        "answer, then JAX's. Everywhere: lists are refused, and 64 bits have to be asked for."
    )
    lines = [
        f"## Present, with a difference: {len(present) - len(same) - len(ufuncs)}",
        "",
        "| function | only NumPy has | only JAX has | known difference |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| `{row.name}` | {_listed(row.only_numpy)} | {_listed(row.only_jax)} | {row.difference} |"
        for row in present
        if row not in same and row not in ufuncs
    ]
    keywords = ", ".join(f"`{name}`" for name in sorted(UFUNC))
    return [
        f"{head}\n\n{note}",
        "\n".join(lines),
        _paragraph("Present, but for keywords of NumPy's ufuncs", ufuncs)
        + f"\n\n`jax.numpy` takes none of what *ufunc* stands for: {keywords}.",
        _paragraph("Present, with the same parameters", same),
        _paragraph("Absent", [row for row in found if not row.present]),
    ]


def _paragraph(title: str, rows: list[Row]) -> str:
    return f"## {title}: {len(rows)}\n\n" + ", ".join(f"`{row.name}`" for row in rows)


def _listed(names: tuple[str, ...] | None) -> str:
    if names is None:
        return "?"
    rest = [name for name in names if name not in UFUNC]
    usual = [name for name in names if name in UFUNC]
    shown = ["*ufunc*"] if len(usual) > 4 else [f"`{name}`" for name in usual]
    return ", ".join([*(f"`{name}`" for name in rest), *shown])


def _is_function(thing: Any) -> bool:
    return (
        callable(thing) and not isinstance(thing, type) and not inspect.ismodule(thing)
    )


def _parameters(function: Callable[..., Any]) -> dict[str, bool] | None:
    """The names of the parameters, and whether each may be given by name."""
    if isinstance(function, np.ufunc):
        return dict.fromkeys(sorted(UFUNC), True) | dict.fromkeys(
            ("x", "x1", "x2"), False
        )
    try:
        signature = inspect.signature(function)
    except ValueError:
        return None
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {name: one.kind in named for name, one in signature.parameters.items()}


def _only(here: dict[str, bool], there: dict[str, bool]) -> tuple[str, ...]:
    return tuple(
        name
        for name, named in here.items()
        if named and name not in there and not name.startswith("_")
    )


def _difference(name: str, function: Callable[..., Any]) -> str:
    import jax
    import jax.numpy as jnp

    if name in VALUES_DECIDE:
        arguments = [jnp.array([1, 0, 1])] * VALUES_DECIDE[name]
        failed = _outcome(lambda: jax.jit(function)(*arguments))
        sized = _outcome(lambda: jax.jit(partial(function, size=2))(*arguments))
        return f"under `jit`: {failed}" + (
            "" if "Error" in sized else ", unless given `size=`"
        )
    if name not in DIFFERENCES:
        return ""
    code = DIFFERENCES[name]
    numpys, jaxs = (
        _outcome(lambda xp=xp: eval(code, {"xp": xp, "np": np})) for xp in (np, jnp)
    )  # type: ignore
    return f"`{code}`: {numpys}; {jaxs}"


def _outcome(call: Callable[[], Any]) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return " ".join(str(call()).split())
        except Exception as error:
            return type(error).__name__
