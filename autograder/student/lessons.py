"""Functions that the start page and the last cell of a lesson call."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console

from autograder.problem import Problem
from autograder.student import card, check_file, location, progress, standing
from autograder.student.outline import Outline
from autograder.student.silence import silent


def resume() -> None:
    """Show the modules, how much of each you have done, and a link to where you stopped."""
    if (outline := _outline(sys._getframe(1).f_globals)) is None:
        print("The course was not found: open this page in the folder that it came in.")
        return
    now = standing.standing(progress.read(outline.course), outline.modules)
    text = io.StringIO()
    console = Console(file=text, width=100, force_jupyter=False, color_system=None)
    console.print(standing.table(now), standing.sentence(now))
    card.Card(text.getvalue().rstrip(), standing.page(now)).show()


def lesson_read(module: str) -> None:
    """Count a lesson as read, and show a link to its exercises.

    Args:
        module: its name, such as `02_newton`.

    Raises:
        Problem: there is no module with this name.
    """
    if silent():
        return
    if (outline := _outline(sys._getframe(1).f_globals)) is None:
        # A lesson can be read without the rest of the course.
        print("You have read the lesson. This is not recorded: the course's folder was not found.")
        return
    modules = {known.name: known for known in outline.modules}
    if module not in modules:
        raise Problem(f"There is no lesson {module}: there are {', '.join(modules)}.")
    progress.lesson_read(outline.course, module)
    lesson = modules[module]
    words = f"the {len(lesson.tasks)} exercises of {module}"
    card.of_lesson(lesson.title, words, standing.href(lesson.exercises)).show()


def _outline(variables: Mapping[str, Any]) -> Outline | None:
    """The outline beside the running notebook."""
    files = location.of_notebook(variables)
    return check_file.read(files[0]).outline if files else None
