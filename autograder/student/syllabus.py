"""The modules of the course, each a lesson and an assignment, as plain data in the wheel.

Reading it needs no JAX, so that a terminal says at once how far somebody is.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "released"
FILE = "syllabus.json"


@dataclass(frozen=True)
class Task:
    """An exercise, as far as progress has to know it: minutes are those of its prompt."""

    name: str
    title: str
    minutes: int


@dataclass(frozen=True)
class Module:
    """A lesson and its exercises.

    Attributes:
        name: of the lesson and of the assignment, such as `02_newton`.
        title: of the lesson.
        minutes: that the lesson takes.
        notebook: of the exercises, such as `vmap`.
        tasks: the exercises, in their order, without the question for those who know it.
        fast_track: the name of that question.
    """

    name: str
    title: str
    minutes: int
    notebook: str
    tasks: tuple[Task, ...]
    fast_track: str

    @property
    def lesson_path(self) -> str:
        """Where the lesson lies in the course's folder."""
        return f"course/{self.name}.ipynb"

    @property
    def exercises_path(self) -> str:
        """Where the exercises lie in the course's folder."""
        return f"exercises/{self.name}/{self.notebook}.ipynb"


def write(modules: Sequence[Module], folder: Path = FOLDER) -> Path:
    """Write the syllabus; its path."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps([asdict(one) for one in modules], indent=1, ensure_ascii=False)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")
    return folder / FILE


@functools.cache
def read() -> tuple[Module, ...]:
    """The modules, in the order of the course."""
    data = json.loads((FOLDER / FILE).read_text(encoding="utf-8"))
    return tuple(
        Module(**{**one, "tasks": tuple(Task(**task) for task in one["tasks"])}) for one in data
    )
