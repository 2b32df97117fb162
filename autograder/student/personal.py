"""Questions with numbers of the student's own: the function `numbers`, and whose numbers it gives.

Grading uses the name of the submission, whatever the notebook says. In a notebook it is the name
that the student typed; or the account's, which is the submission's on a hub and on a machine with
nbgrader's exchange. Elsewhere the account's name is only a guess. It is as good as any for learners
on their own; in a class, students have to type their name.
"""

from __future__ import annotations

import ast
import collections
import contextlib
import getpass
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from autograder.judge.variants import Numbers, in_words
from autograder.problem import Problem
from autograder.student import lookup

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from autograder.student.released import ReleasedExercise

Giver = Callable[[str, dict[str, Any]], Numbers]
"""Returns the numbers of a question, from its name and the variables of the notebook."""

HUB = "JUPYTERHUB_USER"
EXCHANGE = "NBGRADER_EXCHANGE"
IN_CONTAINERS = "jovyan"
_giver: Giver | None = None
TYPED: dict[str, str] = {}
"""The name that the student typed, by the name of the question."""


def numbers(question: str, student: str = "") -> Any:
    """Your own numbers of a question, which others do not have.

    Args:
        question: its name.
        student: the name under which you hand in, if it is not the name of your account.

    Returns:
        A named tuple:

    >>> rows, columns = numbers("block_by_hand")  # doctest: +SKIP
    >>> rows = numbers("block_by_hand").rows  # doctest: +SKIP

    Raises:
        Problem: no question has this name, or it has no numbers, or nobody knows whose they are;
            shown as one sentence.
    """
    variables = sys._getframe(1).f_globals
    mine = _giver(question, variables) if _giver else _shown(question, str(student), variables)
    return collections.namedtuple("Numbers", mine)(**mine)


@contextlib.contextmanager
def given_by(giver: Giver) -> Iterator[None]:
    """Let `numbers` ask this function and show nothing, as in grading."""
    global _giver
    before, _giver = _giver, giver
    try:
        yield
    finally:
        _giver = before


def given(known: Mapping[str, Numbers]) -> contextlib.AbstractContextManager[None]:
    """Let `numbers` give these, by the names of the questions."""

    def giver(question: str, _: dict[str, Any]) -> Numbers:
        if question not in known:
            raise _none(question)
        return known[question]

    return given_by(giver)


def own(released: ReleasedExercise, surely: bool = False) -> ReleasedExercise:
    """The exercise as the student who runs this notebook gets it.

    Args:
        released: the exercise, as everybody gets it.
        surely: whether a guess of the student's name is not enough in a class.

    Raises:
        Problem: it is not enough.
    """
    if not released.variants:
        return released
    name = released.prompt.name
    student, is_sure = _student(_typed_for(name))
    if surely and released.for_class and not is_sure:
        raise Problem(
            f"{name} has other numbers for everybody in your class. Add the name under which you "
            f'hand in: numbers("{name}", student="…").'
        )
    return released.of(student)


def student_of(notebook: NotebookNode, name: str, surely: bool) -> str:
    """The student whose numbers a command uses that checks a notebook.

    Args:
        notebook: the notebook, in which a name may be typed.
        name: the name that the command was given, or an empty text.
        surely: whether a guess is not enough.

    Raises:
        Problem: it is not enough.
    """
    student, is_sure = _student(name or next(_names_in(notebook), ""))
    if surely and not is_sure:
        raise Problem(
            "This notebook has numbers of its own for everybody in a class. Add the name under "
            "which it is handed in: --student NAME."
        )
    return student


def _shown(question: str, student: str, variables: Mapping[str, Any]) -> Numbers:
    released = lookup.find(question, variables, "numbers")
    if not released.variants:
        raise _none(question)
    TYPED[question] = student.strip()
    mine = own(released, surely=True).numbers
    typed = _typed_for(question)
    name_here, is_sure = _student("")
    print(f"The numbers of {typed or name_here}: {in_words(mine)}.")
    if not typed:
        print(f'If you hand in under another name, add it: numbers("{question}", student="…").')
    elif is_sure and released.of(name_here).numbers != mine:
        print(f"Your account here is {name_here}: if you hand in from here, take student=… out.")
    return mine


def _typed_for(question: str) -> str:
    """The name that was typed for a question, or else for another one; empty if there is none."""
    return TYPED.get(question, "") or next(filter(None, TYPED.values()), "")


def _none(question: str) -> Problem:
    return Problem(
        f"No question called {question} has numbers of your own: write its name as in the notebook."
    )


def _student(typed: str) -> tuple[str, bool]:
    """The student's name, and whether it is more than a guess."""
    if typed.strip():
        return typed, True
    hub = os.environ.get(HUB, "")
    name = account()
    # nbgrader names submissions like this: in containers, everybody's account has one name.
    return (hub if hub and name == IN_CONTAINERS else name), bool(hub) or EXCHANGE in os.environ


def account() -> str:
    """The name of the account, as nbgrader finds it."""
    try:
        import pwd  # not on Windows

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        with contextlib.suppress(OSError, ImportError, KeyError):
            return getpass.getuser()
    return "student"  # an account without a name


def _names_in(notebook: NotebookNode) -> Iterator[str]:
    """The names that are typed into calls of `numbers` in a notebook."""
    for cell in notebook.cells:
        # A cell with a magic is no Python, and then the name has to be given.
        with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            tree = ast.parse(cell.source if cell.cell_type == "code" else "")
            for call in ast.walk(tree):
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") == numbers.__name__:
                    typed = [*call.args[1:], *(keyword.value for keyword in call.keywords)]
                    constants = (one.value for one in typed if isinstance(one, ast.Constant))
                    yield from (str(value) for value in constants if value)
