"""How far a run of `nbgrader autograde` has come, in a file that the formgrader reads.

Every run that grades all students of an assignment writes it, also one in a terminal. So the page
shows a run that was started elsewhere, and its end to somebody who comes back later.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
from nbgrader.converters.base import NbGraderException

from autograder import schema, text
from autograder.classroom.restore import KEY
from autograder.judge.verdict import Status, Verdict

FILE = ".grading.json"
"""The file in the course's folder."""


@dataclass(frozen=True)
class NotGraded:
    """A submission, or a part of one, that somebody has to look at.

    Attributes:
        student: whose it is; empty if the folder's name is no student's.
        file: the file that was handed in, or the folder.
        why: a sentence.
    """

    student: str
    file: str
    why: str


@dataclass(frozen=True)
class Progress:
    """How far a run has come.

    Attributes:
        assignment: what is graded.
        process: the id of the process.
        begun: when the process began, in seconds since 1970, which tells it from a later process
            with the same id.
        total: how many submissions it grades; None until this is known.
        done: how many it has graded.
        failed: what somebody has to look at.
        has_ended: whether the run has ended by itself.
        problem: why it could not grade; empty if it could.
    """

    assignment: str
    process: int
    begun: float
    total: int | None = None
    done: int = 0
    failed: tuple[NotGraded, ...] = ()
    has_ended: bool = False
    problem: str = ""

    @property
    def is_running(self) -> bool:
        """Whether the process still grades."""
        if self.has_ended:
            return False
        try:
            process = psutil.Process(self.process)
            alive = process.status() != psutil.STATUS_ZOMBIE
            return alive and abs(process.create_time() - self.begun) < 1
        except psutil.Error:
            return False


def read(root: Path) -> Progress | None:
    """The progress of the last run of a course; None if there was none, or no file can be read."""
    try:
        return schema.from_text(Progress, (root / FILE).read_bytes())
    except (OSError, schema.MalformedError):
        return None


class Watched:
    """Watches one run of nbgrader's `Autograde` and writes its progress.

    Args:
        converter: nbgrader's. A run for a single student is not written, nor one beside another.
    """

    def __init__(self, converter: Any) -> None:
        self._converter = converter
        course = converter.coursedir
        root = Path(course.root)
        self._path = root / FILE
        other = read(root)
        # A run that another one keeps from grading must not hide it.
        is_alone = other is None or other.process == os.getpid() or not other.is_running
        self._is_written = course.student_id == "*" and is_alone
        begun = psutil.Process().create_time()
        self._progress = Progress(course.assignment_id, os.getpid(), begun)
        self._student = ""

    @contextlib.contextmanager
    def until_the_end(self) -> Iterator[None]:
        """Write that the run has ended, and why if it could not grade."""
        self._write()
        problem = ""
        try:
            yield
        except NbGraderException as error:
            problem = str(error)
            raise
        except BaseException:
            problem = "The run was stopped. The log says why."
            raise
        finally:
            self._finish_student()
            refused = tuple(NotGraded("", "", why) for why in self._converter.intake.refused)
            # Otherwise the list says more than nbgrader's last message does.
            failed = self._progress.failed + refused
            self._write(failed=failed, has_ended=True, problem="" if failed else problem)

    def expect(self, total: int) -> None:
        """Write how many submissions are graded."""
        self._write(total=total)

    def starts(self, student: str) -> None:
        """Write that the one before this student is done."""
        self._finish_student()
        self._student = student

    def ends(self) -> None:
        """Write that the student who was started is graded."""
        if self._student:
            self._student = ""
            self._write(done=self._progress.done + 1)

    def judged(self, resources: Mapping[str, Any]) -> None:
        """Note what a person has to look at in a notebook that was judged."""
        names = resources["nbgrader"]
        student, notebook = names["student"], names["notebook"]
        taken = self._converter.intake.taken.get((student, notebook))
        file = (taken.file if taken else "") or f"{notebook}.ipynb"
        verdicts: Mapping[str, Verdict] = resources.get(KEY, {})
        sentences = [
            f"The grader failed on {name}: a person has to look at it."
            if verdict.status is Status.GRADER_FAULT
            else verdict.findings[0].message
            for name, verdict in verdicts.items()
            if verdict.asks
        ]
        new = [NotGraded(student, file, why) for why in dict.fromkeys(sentences)]
        self._write(failed=(*self._progress.failed, *new))

    def _finish_student(self) -> None:
        """A student who was started, and whose submission did not end, was dropped by nbgrader."""
        if self._student:
            why = "It could not be graded. The log says why."
            failed = NotGraded(self._student, "", why)
            self._write(failed=(*self._progress.failed, failed))
            self.ends()

    def _write(self, **changes: Any) -> None:
        self._progress = replace(self._progress, **changes)
        if not self._is_written:
            return
        # Grading goes on where this file cannot be written: it is only shown.
        with contextlib.suppress(OSError, schema.MalformedError):
            temporary = self._path.with_suffix(".new")
            temporary.write_text(text.printable(schema.to_text(self._progress)), encoding="utf-8")
            os.replace(temporary, self._path)
