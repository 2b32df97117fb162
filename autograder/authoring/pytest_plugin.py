"""Lets pytest prove exercises: `pytest solutions/02_newton -k newton_step`, in any course.

pytest loads this file in every environment that has this package. So it imports nothing heavy and
looks only at the masters of a course.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from autograder.authoring.course import Course
    from autograder.authoring.master import Master


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Collect the exercises of a master, and do not import it: that would run its checks."""
    others = yield
    return [MasterFile.from_parent(parent, path=file_path)] if _is_master(file_path) else others


def _is_master(path: Path) -> bool:
    solutions = path.parent.parent
    if path.suffix != ".py" or solutions.name != "solutions":
        return False
    if not (solutions.parent / "course" / "course.toml").is_file():
        return False
    from autograder.authoring import tags

    return tags.is_master(path)


class MasterFile(pytest.File):
    """A master. Its exercises are read from its text."""

    @cached_property
    def course(self) -> Course:
        """The course that the master belongs to."""
        from autograder.authoring import course

        return course.read(self.path.parents[2])

    @cached_property
    def loaded(self) -> Master:
        """The master, which runs when its first exercise is proved."""
        from autograder.authoring import faults, master

        loaded = master.load(self.path)
        demands = self.course.exercises
        faults.require(faults.of_exercises(self.path, loaded.exercises.values(), demands))
        return loaded

    def collect(self) -> Iterator[pytest.Item]:
        """Every exercise; a mistake in the text is an error before anything runs."""
        from autograder.authoring import faults
        from autograder.problem import Problem

        try:
            faults.require(faults.of_text(self.path, self.course.exercises))
        except Problem as problem:
            raise self.CollectError(str(problem)) from None
        _, tags = faults.read(self.path)
        for tag in tags:
            if "exercise" in tag:
                yield ProvedExercise.from_parent(self, name=tag["exercise"])


class ProvedExercise(pytest.Item):
    """One exercise: its stub, its solutions and its wrong answers, judged as in a grading."""

    def runtest(self) -> None:
        """Prove it, as `autograder prove` does."""
        from autograder.authoring import faults, proof

        file: Any = self.parent
        claims = proof.claims(file.loaded, self.name)
        faults.require(str(claim) for claim in claims if not claim.holds)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The sentences of a `Problem`, without a traceback."""
        from autograder.problem import Problem

        if isinstance(excinfo.value, Problem):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The place and the name that pytest shows."""
        return self.path, None, self.name
