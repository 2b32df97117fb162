"""The course under test: its folder, its masters and their exercises, loaded once."""

import functools
from pathlib import Path

from autograder import master
from autograder.build import masters
from autograder.exercise import Exercise
from autograder.master import Master

ROOT = Path(__file__).parents[1]


@functools.cache
def loaded() -> tuple[Master, ...]:
    return tuple(master.load(path) for path in masters(ROOT))


def exercises() -> list[Exercise]:
    return [spec for one in loaded() for spec in one.exercises.values()]
