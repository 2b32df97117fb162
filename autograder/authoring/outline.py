"""The outline of a course that the start page and `autograder progress` show."""

from __future__ import annotations

from collections.abc import Sequence

from autograder.authoring.course import Course
from autograder.authoring.master import Master
from autograder.student import syllabus


def outline(about: Course, masters: Sequence[Master]) -> list[syllabus.Module]:
    """Every module that has a master: titles and lessons' minutes are those of `course.toml`."""
    modules = []
    for master in masters:
        module = about.module(master.assignment)
        tasks = [prompt for prompt in master.facts.values() if not prompt.is_fast_track]
        fast_track = (prompt.name for prompt in master.facts.values() if prompt.is_fast_track)
        modules.append(
            syllabus.Module(
                module.name,
                module.title,
                module.minutes,
                master.path.stem,
                tuple(syllabus.Task(task.name, task.title, task.minutes) for task in tasks),
                next(fast_track, ""),
            )
        )
    return modules
