"""What the commands share: the course in whose folder they are run, and how they print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from autograder import text

if TYPE_CHECKING:
    from autograder.authoring.course import Course


def course_here() -> Course:
    """The course; a `Problem` if there is none."""
    from autograder.authoring import course

    return course.find()


def root_here() -> Path:
    """The folder of the course."""
    return course_here().root


def checked_root(assignment: str | None) -> Path:
    """The course's folder, after a check of its masters' text that does not need JAX."""
    from autograder.authoring import course, faults

    here = course_here()
    here.require_jax()
    paths = course.masters(here.root, assignment)
    faults.require(fault for path in paths for fault in faults.of_text(path, here.exercises))
    return here.root


def say(message: str) -> None:
    """Print a message that may contain text from a student or an instructor."""
    click.echo(text.printable(message, lines=True))
