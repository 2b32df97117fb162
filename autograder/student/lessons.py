"""Functions that the start page and the last cell of a lesson call."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.problem import Problem
from autograder.student import card, check_file, location, predictions, progress, standing
from autograder.student.card_writer import Card
from autograder.student.check_file import CheckFile
from autograder.student.silence import silent


def resume() -> None:
    """Show the modules, how much of each you have done, and a link to where you stopped."""
    variables = sys._getframe(1).f_globals
    file = _file(variables)
    if file is None:
        print("The course was not found: open this page in the folder that it came in.")
        return
    now = standing.standing(progress.read(file.outline.course), file.outline.modules)
    shown = standing.drawn(now, location.first_folder(variables))
    Card(shown["text/plain"], shown["text/html"]).show()


def lesson_read(module: str, skip: bool = False) -> None:
    """Count a lesson as read, and show a link to its exercises.

    Args:
        module: its name, such as `02_newton`.
        skip: whether to count it although some of its predictions were not made.

    Raises:
        Problem: there is no module with this name.
    """
    if silent():
        return
    variables = sys._getframe(1).f_globals
    file = _file(variables, module)
    if file is None:
        # A lesson can be read without the rest of the course.
        print("You have read the lesson. This is not recorded: the course's folder was not found.")
        return
    modules = {known.name: known for known in file.outline.modules}
    if module not in modules:
        raise Problem(f"There is no lesson {module}: there are {', '.join(modules)}.")
    left_open = [] if skip else predictions.left_open(file)
    if not left_open:
        progress.lesson_read(file.outline.course, module)
    lesson = modules[module]
    words = f"the {len(lesson.tasks)} exercises of {module}"
    link = standing.href(lesson.exercises, Path.cwd())
    card.of_lesson(lesson, left_open, words, link).show()


def _file(variables: Mapping[str, Any], lesson: str = "") -> CheckFile | None:
    """The file beside the running notebook; the lesson's own file comes before others.

    The start page may be in the folder above those of its lessons.
    """
    paths = location.of_notebook(variables)
    if not (paths or lesson):
        paths = location.below(location.first_folder(variables))
    return check_file.read(min(paths, key=lambda path: path.stem != lesson)) if paths else None
