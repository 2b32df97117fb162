"""What the start page and the end of a lesson call: where to go on, and that a lesson is read."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console

from autograder.problem import Problem
from autograder.student import card, check_file, learner, location, progress, standing
from autograder.student.outline import Outline


def resume() -> None:
    """Show the modules, what is done of them, and a link to where you stopped."""
    if (outline := _outline(sys._getframe(1).f_globals)) is None:
        print("The course is not here: open this page in the folder that it came in.")
        return
    now = standing.standing(progress.read(outline.course), outline.modules)
    text = io.StringIO()
    console = Console(file=text, width=100, force_jupyter=False, color_system=None)
    console.print(standing.table(now), standing.sentence(now))
    card.Card(text.getvalue().rstrip(), standing.page(now)).show()


def lesson_read(module: str) -> None:
    """Count a lesson as read, and show the way to its exercises.

    Args:
        module: such as `02_newton`.

    Raises:
        Problem: there is none of that name.
    """
    if learner.silent():
        return
    if (outline := _outline(sys._getframe(1).f_globals)) is None:
        # A lesson that was handed on alone is read all the same.
        print("You have read the lesson. Nothing is kept of it: the course's folder is not here.")
        return
    found = {one.name: one for one in outline.modules}
    if module not in found:
        raise Problem(f"There is no lesson {module}: there are {', '.join(found)}.")
    progress.lesson_read(outline.course, module)
    one = found[module]
    words = f"the {len(one.tasks)} exercises of {module}"
    card.of_lesson(one.title, words, standing.href(one.exercises)).show()


def _outline(variables: Mapping[str, Any]) -> Outline | None:
    """The outline beside the running notebook."""
    files = location.of_notebook(variables)
    return check_file.read(files[0]).outline if files else None
