"""Makes the table of NumPy's functions: which are in `jax.numpy`, and what is different there.

It is made from the installed versions, and names them. A known difference is an expression that is
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
# Parameters of every ufunc of NumPy that functions of jax.numpy do not have.
UFUNC = {"out", "where", "casting", "order", "dtype", "subok", "signature"}

# By function, an expression whose value or error is different; `xp` is one of the libraries.
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
# Functions with a result whose shape depends on values: under `jit` they need `size=`, or fail.
# The numbers say how many arguments they get.
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
        only_numpy, only_jax: the parameters that only one of them has; None if unknown.
        difference: a known difference, as text with the computed values.
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
        numpy_module, jax_module = (
            getattr(xp, module) if module else xp for xp in (np, jnp)
        )
        for short in sorted(dir(numpy_module)):
            function = getattr(numpy_module, short)
            if short.startswith("_") or short == "test" or not _is_function(function):
                continue
            name = f"{module}.{short}".strip(".")
            other = getattr(jax_module, short, None)
            if other is None:
                found.append(Row(name, False, None, None, ""))
                continue
            names, others = _parameters(function), _parameters(other)
            known = names is not None and others is not None
            only_numpy = _only(names, others) if known else None
            only_jax = _only(others, names) if known else None
            difference = _difference(name, other)
            found.append(Row(name, True, only_numpy, only_jax, difference))
    return found


def build_table(root: Path, target: Path) -> Path:
    """Write the table as `functions.html` into the target folder."""
    import jax

    table = target / "functions.html"
    versions = f"NumPy {np.__version__} and JAX {jax.__version__}"
    cells = [new_markdown_cell(part) for part in _markdown(rows(), versions)]
    html = page(
        new_notebook(cells=cells), "table", root, title="NumPy in JAX", foot=versions
    )
    table.write_text(html, encoding="utf-8")
    return table


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
        "Counted are `numpy`, `numpy.linalg` and `numpy.fft`; `numpy.random` is not "
        "(`jax.random` works with keys). The names of parameters that are given by position "
        "only do not count. A difference in the last column was computed with both libraries: "
        "NumPy's answer, then JAX's. Everywhere JAX refuses lists, and uses 64 bits only if asked."
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
        _paragraph("Present, except for keywords of NumPy's ufuncs", ufuncs)
        + f"\n\nIn the tables *ufunc* stands for {keywords}; `jax.numpy` takes none of these.",
        _paragraph("Present, with the same parameters", same),
        _paragraph("Absent", [row for row in found if not row.present]),
    ]


def _paragraph(title: str, rows: list[Row]) -> str:
    return f"## {title}: {len(rows)}\n\n" + ", ".join(f"`{row.name}`" for row in rows)


def _listed(names: tuple[str, ...] | None) -> str:
    if names is None:
        return "?"
    rest = [name for name in names if name not in UFUNC]
    ufunc = [name for name in names if name in UFUNC]
    shown = ["*ufunc*"] if len(ufunc) > 4 else [f"`{name}`" for name in ufunc]
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
    return {
        name: parameter.kind in named
        for name, parameter in signature.parameters.items()
    }


def _only(names: dict[str, bool], others: dict[str, bool]) -> tuple[str, ...]:
    """The parameters that can be given by name, and that the other function does not have."""
    return tuple(
        name
        for name, named in names.items()
        if named and name not in others and not name.startswith("_")
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
    numpy_value, jax_value = (
        _outcome(lambda xp=xp: eval(code, {"xp": xp, "np": np})) for xp in (np, jnp)
    )  # type: ignore
    return f"`{code}`: {numpy_value}; {jax_value}"


def _outcome(call: Callable[[], Any]) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return " ".join(str(call()).split())
        except Exception as error:
            return type(error).__name__
