"""What the start page and the end of a lesson call: where to go on, and that a lesson is read."""

from __future__ import annotations

import io

from rich.console import Console

from autograder.problem import Problem
from autograder.student import card, learner, progress, standing, syllabus


def resume() -> None:
    """Show the modules, what is done of them, and a link to where you stopped."""
    now = standing.standing(progress.read(), syllabus.read())
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
    found = {one.name: one for one in syllabus.read()}
    if module not in found:
        raise Problem(f"There is no lesson {module}: there are {', '.join(found)}.")
    progress.lesson_read(module)
    one = found[module]
    words = f"the {len(one.tasks)} exercises of {module}"
    card.of_lesson(one.title, words, standing.href(one.exercises_path)).show()
