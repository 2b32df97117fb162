"""Makes the quick references: one page per module and one for the course, all values computed.

A master is a jupytext percent file. Its snippets run statement by statement. The value of an
expression, or the output of a statement, is written behind it. A line that ends in `# raises` must
raise.
"""

from __future__ import annotations

import ast
import contextlib
import io
import multiprocessing
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jupytext
from autograder.problem import Problem
from course.pictures import vector
from matplotlib.figure import Figure
from nbformat import NotebookNode
from nbformat.v4 import new_output
from slides.making.pages import END, is_kept, made_from, page

WIDTH = 56  # characters of code in a column
RAISES = re.compile(r"  # raises$")


def masters(root: Path) -> list[Path]:
    """The masters of the quick references; the first is that of the whole course."""
    return sorted((root / "slides" / "references").glob("*.py"))


def build_references(root: Path, target: Path) -> Iterator[Path]:
    """Write every quick reference as HTML into the target folder; run those that changed.

    Yields:
        The path of each page, in the order of the masters.

    Raises:
        Problem: a snippet raises, or does not raise although it ends in `# raises`.
    """
    hashes = {path: made_from(path, root) for path in masters(root)}
    pages = {path: target / f"{path.stem}.html" for path in hashes}
    changed = [path for path in hashes if not is_kept(pages[path], hashes[path])]
    notebooks = run(changed)
    for path, html in pages.items():
        if path in changed:
            text = _page(next(notebooks), path, root) + END.format(hashes[path])
            html.write_text(text, encoding="utf-8")
        yield html


def _page(notebook: NotebookNode, master: Path, root: Path) -> str:
    title = notebook.cells[0].source.splitlines()[0].strip("# ").replace("`", "")
    foot = f"slides/references/{master.name}, run with JAX {version('jax')}"
    return re.sub(
        r'<span class="c1"># ((?:→| {2}).*?)</span>',
        r'<span class="value">\1</span>',
        page(notebook, "reference", root, title=title, foot=foot),
    )


def run(paths: Sequence[Path]) -> Iterator[NotebookNode]:
    """The notebooks of these masters, with the values written in.

    They run in a process of their own, which has eight simulated devices.
    """
    if not paths:
        return
    with ProcessPoolExecutor(
        1, multiprocessing.get_context("spawn"), initializer=_simulate
    ) as process:
        yield from process.map(_annotated, paths)


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
            cell.outputs = [_picture_output(figure) for figure in figures]
    return notebook


def annotate(source: str, names: dict[str, Any]) -> tuple[str, list[Figure]]:
    """Run a snippet, statement by statement.

    Args:
        source: Python.
        names: the variables, which the snippet may change.

    Returns:
        The source with each value behind its statement, and the figures among the values.

    Raises:
        Exception: raised by a statement that does not end in `# raises`.
        AssertionError: a statement that ends in `# raises` did not raise.

    >>> annotate("1 + 1", {})
    ('1 + 1  # → 2', [])
    """
    lines, end, annotated, figures = source.splitlines(), 0, list[str](), list[Figure]()
    for statement in ast.parse(source).body:
        assert statement.end_lineno is not None
        annotated += lines[end : statement.end_lineno]
        end = statement.end_lineno
        expected = bool(RAISES.search(annotated[-1]))
        annotated[-1] = RAISES.sub("", annotated[-1])
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
        assert bool(raised) == expected, f"this did not raise: {annotated[-1]}"
        if isinstance(value, Figure):
            figures.append(value)
        else:
            shown = (
                printed.getvalue() + raised + ("" if value is None else _text(value))
            )
            annotated = _with_value(annotated, shown.splitlines())
    return "\n".join([*annotated, *lines[end:]]), figures


def _text(value: Any) -> str:
    if hasattr(value, "shape") or isinstance(value, str):
        return str(value)
    # Show only the numbers of arrays in a container, as for an array by itself.
    return re.sub(r"Array\((.*?), dtype=[^)]*\)", r"\1", repr(value), flags=re.DOTALL)


def _with_value(lines: list[str], shown: list[str]) -> list[str]:
    """The lines with the value behind the last one, or below it if there is no room."""
    if (
        len(shown) == 1
        and len(lines[-1]) + len(shown[0]) + 6 <= WIDTH
        and "#" not in lines[-1]
    ):
        return [*lines[:-1], f"{lines[-1]}  # → {shown[0]}"]
    return lines + [
        f"# {'→' if number == 0 else ' '} {line}" for number, line in enumerate(shown)
    ]


def _picture_output(figure: Figure) -> NotebookNode:
    text, description = vector.svg(figure)
    data, metadata = {"image/svg+xml": text}, {"image/svg+xml": description}
    return new_output("display_data", data, metadata=metadata)
