"""The texts of the answers of a class, from the notebooks as they were graded."""

from __future__ import annotations

import functools
import json
from pathlib import Path

from nbgrader.coursedir import CourseDirectory

from autograder.authoring import configuration
from autograder.classroom.statistics import same_text
from autograder.classroom.statistics.same_text import Shown


class Texts:
    """The answers to one assignment; each notebook is read once.

    Args:
        root: the course's folder.
        assignment: its name.
    """

    def __init__(self, root: Path, assignment: str) -> None:
        self._course = CourseDirectory(config=configuration.read(root), root=str(root))
        self._assignment = assignment
        self.of = functools.cache(self._of)
        self.shown = functools.cache(self._shown)

    def _shown(self, notebook: str) -> Shown:
        """What the master of a notebook and its lesson show; nothing if there is no master."""
        master = _text(self._folder(self._course.source_directory, ".") / f"{notebook}.py")
        lesson = _text(Path(self._course.root) / "course" / f"{self._assignment}.py")
        return same_text.shown_in(master, lesson) if master else Shown()

    def _of(self, student: str, notebook: str) -> dict[str, str]:
        """The sources of a student's solution cells, by the names of the exercises."""
        folder = self._folder(self._course.autograded_directory, student)
        try:
            cells = json.loads(_text(folder / f"{notebook}.ipynb"))["cells"]
            tagged = [(cell["metadata"].get("nbgrader"), cell["source"]) for cell in cells]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return {}  # it is not there, or somebody changed it since
        return {
            str(tags.get("grade_id")): "".join(source)
            for tags, source in tagged
            if isinstance(tags, dict)
        }

    def _folder(self, step: str, student: str) -> Path:
        return Path(self._course.format_path(step, student, self._assignment))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
