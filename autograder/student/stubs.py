"""Bringing back what a notebook had in the place of an answer, and touching nothing else."""

from __future__ import annotations

import contextlib
import datetime
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder.problem import Problem
from autograder.student import learner, lookup


def reset(answer: Callable[..., Any] | str) -> None:
    """Put an exercise's stub where this call stands.

    Run it in place of your answer, so that the answer's cell has its stub again. Where the cell
    holds more than the call, the stub comes in a new cell below and nothing is replaced.

    Args:
        answer: the exercise's name, or the function that you wrote.

    Raises:
        Problem: no exercise has this name, or this is no notebook; shown as one sentence.
    """
    if learner.silent():
        return
    released = lookup.find(answer, sys._getframe(1).f_globals, "reset")
    shell: Any = None
    if "IPython" in sys.modules:
        from IPython import get_ipython

        shell = get_ipython()
    name = released.prompt.name
    if shell is None:
        raise Problem(
            f"reset works in a notebook; in a terminal it is `autograder reset FILE.ipynb {name}`."
        )
    alone = len(shell.user_ns["In"][-1].strip().splitlines()) == 1
    shell.set_next_input(released.stub, replace=alone)
    print(f"The stub of {name} is {'back in this' if alone else 'in the next'} cell.")


def reset_file(file: Path, exercise: str) -> Path:
    """Bring an exercise's stub back in a notebook file.

    Returns:
        The copy of what the file was before.

    Raises:
        Problem: it cannot be read or written, has no such exercise, or has its stub already.
    """
    import nbformat

    from autograder.student import notebook

    made = notebook.read(file)
    released = notebook.exercises(file, made, exercise)[exercise]
    cell = notebook.answers(made)[exercise]
    if cell.source == released.stub:
        raise Problem(
            f"{exercise} in {file} is as it was released: there is nothing to bring back."
        )
    moment = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    copy = file.with_name(f"{file.stem}-before-reset-{moment}{file.suffix}")
    cell.update(source=released.stub, outputs=[], execution_count=None)
    # Half a character, which Jupyter keeps in a file as it is, has no UTF-8.
    text = f"{nbformat.writes(made)}\n".encode(errors="backslashreplace")
    fresh = file.with_name(f".{file.name}.reset")
    try:
        shutil.copy2(file, copy)
        fresh.write_bytes(text)
        fresh.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise Problem(
            f"{file} is as it was: nothing can be written in {file.absolute().parent} "
            f"({error.strerror or error})."
        ) from None
    return copy
