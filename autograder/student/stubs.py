"""Puts the stub of an exercise back in place of an answer, and changes nothing else."""

from __future__ import annotations

import contextlib
import datetime
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder.problem import Problem
from autograder.student import lookup
from autograder.student.silence import silent


def reset(answer: Callable[..., Any] | str) -> None:
    """Put the stub of an exercise into the cell of this call.

    Run it in place of your answer, so that the answer's cell has its stub again. If the cell has
    more lines than the call, the stub goes into a new cell below, and nothing is replaced.

    Args:
        answer: the exercise's name, or the function that you wrote.

    Raises:
        Problem: no exercise has this name, or this is not a notebook; shown as one sentence.
    """
    if silent():
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
    is_alone = len(shell.user_ns["In"][-1].strip().splitlines()) == 1
    shell.set_next_input(released.stub, replace=is_alone)
    print(f"The stub of {name} is {'back in this' if is_alone else 'in the next'} cell.")


def reset_file(file: Path, exercise: str) -> Path:
    """Put the stub of an exercise back in a notebook file.

    Returns:
        The path of a copy of the file as it was before.

    Raises:
        Problem: the file cannot be read or written, has no such exercise, or has the stub already.
    """
    import nbformat

    from autograder.student import notebook

    content = notebook.read(file)
    released = notebook.exercises(file, content, exercise)[exercise]
    cell = notebook.answers(content)[exercise]
    if cell.source == released.stub:
        raise Problem(
            f"{exercise} in {file} is as it was released: there is nothing to bring back."
        )
    moment = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    copy = file.with_name(f"{file.stem}-before-reset-{moment}{file.suffix}")
    cell.update(source=released.stub, outputs=[], execution_count=None)
    # Jupyter may keep half a character (a lone surrogate) in a file; UTF-8 cannot encode it.
    text = f"{nbformat.writes(content)}\n".encode(errors="backslashreplace")
    temporary = file.with_name(f".{file.name}.reset")
    try:
        shutil.copy2(file, copy)
        temporary.write_bytes(text)
        temporary.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise Problem(
            f"{file} was not changed: nothing can be written in {file.absolute().parent} "
            f"({error.strerror or error})."
        ) from None
    return copy
