"""The quick references: one page a module and one for the course, with every value computed.

A master is a jupytext percent file. Its snippets are run a statement at a time, and what an
expression gives, or a statement prints, is written behind it. A line that ends in `# raises` has
to raise.
"""

from __future__ import annotations

import ast
import contextlib
import io
import multiprocessing
import re
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import jupytext
from autograder.problem import Problem
from course.pictures import vector
from matplotlib.figure import Figure
from nbformat import NotebookNode
from nbformat.v4 import new_output
from slides.making.pages import page

WIDTH = 56  # characters of code in a column
RAISES = re.compile(r"  # raises$")


def masters(root: Path) -> list[Path]:
    """The masters of the quick references; the first is the one of the whole course."""
    return sorted((root / "slides" / "references").glob("*.py"))


def build_references(root: Path, target: Path) -> list[Path]:
    """Run every quick reference and write it as HTML into the target folder.

    Raises:
        Problem: a snippet raises, or does not where it says so.
    """
    import jax

    made = []
    for path, notebook in zip(masters(root), run(masters(root)), strict=True):
        title = notebook.cells[0].source.splitlines()[0].strip("# ")
        foot = f"slides/references/{path.name}, run with JAX {jax.__version__}"
        html = page(
            notebook, "reference", root, title=title.replace("`", ""), foot=foot
        )
        html = re.sub(
            r'<span class="c1"># ((?:→| {2}).*?)</span>',
            r'<span class="value">\1</span>',
            html,
        )
        made.append(target / f"{path.stem}.html")
        made[-1].write_text(html, encoding="utf-8")
    return made


def run(paths: Sequence[Path]) -> list[NotebookNode]:
    """The notebooks of these masters, with the values written in.

    They run in a process of their own, which has eight simulated devices.
    """
    with ProcessPoolExecutor(
        1, multiprocessing.get_context("spawn"), initializer=_simulate
    ) as process:
        return list(process.map(_annotated, paths))


def _simulate() -> None:
    import jax
    import numpy as np

    jax.config.update("jax_num_cpu_devices", 8)
    np.set_printoptions(precision=4, suppress=True, linewidth=WIDTH - 4)


def _annotated(path: Path) -> NotebookNode:
    notebook = jupytext.read(path)
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            try:
                cell.source, figures = annotate(cell.source, names)
            except Exception as error:
                raise Problem(
                    f"{path} does not run: {type(error).__name__}: "
                    f"{str(error).splitlines()[0]} In:\n{cell.source}"
                ) from None
            cell.outputs = [_drawn(figure) for figure in figures]
    return notebook


def annotate(source: str, names: dict[str, Any]) -> tuple[str, list[Figure]]:
    """Run a snippet, a statement at a time.

    Args:
        source: Python.
        names: the variables, which the snippet may change.

    Returns:
        The source with each value behind its statement, and the figures among the values.

    Raises:
        Exception: whatever a statement raises that does not end in `# raises`.
        AssertionError: one that does has raised nothing.
    """
    lines, done, made, figures = source.splitlines(), 0, list[str](), list[Figure]()
    for statement in ast.parse(source).body:
        assert statement.end_lineno is not None
        made += lines[done : statement.end_lineno]
        done = statement.end_lineno
        expected = bool(RAISES.search(made[-1]))
        made[-1] = RAISES.sub("", made[-1])
        value, raised = None, ""
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            try:
                if isinstance(statement, ast.Expr):
                    value = eval(
                        compile(ast.Expression(statement.value), "-", "eval"), names
                    )
                else:
                    exec(compile(ast.Module([statement], []), "-", "exec"), names)
            except Exception as error:
                if not expected:
                    raise
                raised = f"{type(error).__name__}"
        assert bool(raised) == expected, f"nothing was raised by {made[-1]}"
        if isinstance(value, Figure):
            figures.append(value)
        else:
            shown = (
                printed.getvalue() + raised + ("" if value is None else _text(value))
            )
            made = _behind(made, shown.splitlines())
    return "\n".join([*made, *lines[done:]]), figures


def _text(value: Any) -> str:
    if hasattr(value, "shape") or isinstance(value, str):
        return str(value)
    # Arrays in a container as their numbers alone, as they would be printed by themselves.
    return re.sub(r"Array\((.*?), dtype=[^)]*\)", r"\1", repr(value), flags=re.DOTALL)


def _behind(made: list[str], shown: list[str]) -> list[str]:
    """The lines with the value behind the last one, or below it where there is no room."""
    if (
        len(shown) == 1
        and len(made[-1]) + len(shown[0]) + 6 <= WIDTH
        and "#" not in made[-1]
    ):
        return [*made[:-1], f"{made[-1]}  # → {shown[0]}"]
    return made + [
        f"# {'→' if number == 0 else ' '} {line}" for number, line in enumerate(shown)
    ]


def _drawn(figure: Figure) -> NotebookNode:
    text, described = vector.svg(figure)
    data, metadata = {"image/svg+xml": text}, {"image/svg+xml": described}
    return new_output("display_data", data, metadata=metadata)
