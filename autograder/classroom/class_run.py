"""Grades a class ahead of nbgrader, which takes its submissions one by one.

Several are graded at once, while nbgrader does its own work on those that are ready. A waiting
submission is only a path, and a graded one a few verdicts, so a class may be of any size.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from autograder.classroom.gradebook import Totals
from autograder.judge.verdict import Status, Verdict

MOST_NAMED = 3
"""How many students a line of the summary names."""


@dataclass(frozen=True)
class Graded:
    """The verdicts on one notebook.

    Attributes:
        code: a hash of the code that was judged.
        verdicts: by exercise.
        seconds: how long it took.
        examples: cards of the rejected answers on public cases, by exercise, see `examples`.
    """

    code: str
    verdicts: dict[str, Verdict]
    seconds: float
    examples: Mapping[str, str] = field(default_factory=dict)


Key = TypeVar("Key", bound=Hashable)


class Ahead(dict[Key, "Future[Graded]"]):
    """Notebooks that are being graded, in their order, a few at once.

    Args:
        paths: of the notebooks.
        grade: grades a notebook; it is called from several threads.
        workers: how many notebooks are graded at once.
        report: called with each notebook's result, in the thread that graded it.
    """

    def __init__(
        self,
        paths: Mapping[Key, Path],
        grade: Callable[[Key, Path], Graded],
        workers: int,
        report: Callable[[Future[Graded]], None],
    ) -> None:
        super().__init__((key, Future()) for key in paths)
        self._grade = grade
        self._left = iter([(key, path, self[key]) for key, path in paths.items()])
        self._lock = threading.Lock()
        for future in self.values():
            future.add_done_callback(report)
        self._pool = ThreadPoolExecutor(workers, "grading")
        for _ in range(min(workers, len(self))):
            self._next()

    def take(self, key: Key) -> Graded | None:
        """The verdicts on a notebook, once they are there; None if it is unknown or failed."""
        future = self.pop(key, None)
        return None if future is None or future.exception() else future.result()

    def _next(self, _: Any = None) -> None:
        # The next one is submitted only when one has ended. So an interrupted command ends after
        # those that are running: the pool accepts no more by then.
        while True:
            with self._lock:
                following = next(self._left, None)
            if following is None:
                self._pool.shutdown(wait=False)
                return
            try:
                self._pool.submit(self._fulfil, *following).add_done_callback(self._next)
                return
            except RuntimeError as error:
                following[-1].set_exception(error)

    def _fulfil(self, key: Key, path: Path, future: Future[Graded]) -> None:
        try:
            future.set_result(self._grade(key, path))
        except Exception as error:
            future.set_exception(error)


class Tally:
    """What has been graded so far: a progress bar on a terminal, and a summary at the end."""

    def __init__(self, expected: int, workers: int, log: Any) -> None:
        self.expected = expected
        self.workers = workers
        self.log = log
        self.begun = time.monotonic()
        self.statuses: Counter[Status] = Counter()
        self.exercises: defaultdict[str, Counter[bool]] = defaultdict(Counter)
        self.seconds: dict[str, float] = {}
        self.faults: list[str] = []
        self.unreadable: dict[str, None] = {}
        self.waiting: dict[str, None] = {}
        self.students: set[str] = set()
        self.saved = 0
        self._so_far: Counter[Status] = Counter()
        self._closing = contextlib.ExitStack()
        self._progress = Progress(
            TextColumn("submissions"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[verdicts]}"),
            console=Console(stderr=True),
        )
        self._bar = self._progress.add_task("", total=expected, verdicts="")
        if expected and sys.stderr.isatty():
            atexit.register(self.close)
            self._closing.callback(atexit.unregister, self.close)
            self._closing.enter_context(_beside(self._progress, log))

    def ready(self, future: Future[Graded]) -> None:
        """Show one more graded notebook, which nbgrader has not taken yet."""
        if not future.exception():
            self._so_far.update(verdict.status for verdict in future.result().verdicts.values())
        counts = " · ".join(f"{status} {count}" for status, count in self._so_far.most_common())
        self._progress.update(self._bar, verdicts=counts)

    def took(self, student: str, seconds: float) -> None:
        """Count the time that a notebook took."""
        self._progress.advance(self._bar)
        self.seconds[student] = self.seconds.get(student, 0.0) + seconds

    def collected(self, student: str, verdicts: Mapping[str, Verdict], waits: bool) -> None:
        """Count a notebook whose verdicts are in the gradebook.

        Args:
            student: whose notebook it is.
            verdicts: by exercise.
            waits: whether a person has to grade something in it.
        """
        self.saved += 1
        self.students.add(student)
        if waits:
            self.waiting[student] = None
        for name, verdict in verdicts.items():
            self.statuses[verdict.status] += 1
            self.exercises[name][verdict.passed] += 1
            if verdict.status is Status.UNREADABLE:
                self.unreadable[student] = None
            if verdict.status is Status.GRADER_FAULT:
                self.faults.append(f"{student} ({name})")

    def sum_up(self, totals: Totals | None) -> None:
        """Log what was graded, at the end of a run, even of one that failed.

        Args:
            totals: what the gradebook has now, if it can be read.
        """
        self.close()
        lines = list(self.summary()) if self.expected > 1 else []
        if totals is not None:
            lines.append(_in_words(totals))
        if lines:
            self.log.info("%s", "\n".join(lines))

    def summary(self) -> Iterator[str]:
        """What this run has graded, in a few lines."""
        took = time.monotonic() - self.begun
        counts = ", ".join(f"{count} {status}" for status, count in self.statuses.most_common())
        submissions = counted(len(self.students), "submission")
        yield f"Graded {submissions} in {took:.0f} s, {self.workers} at once; answers: {counts}"
        width = max(map(len, self.exercises), default=0)
        for name, passed in self.exercises.items():
            yield f"  {name:{width}}  {passed[True]} of {passed.total()} passed"
        slowest = sorted(self.seconds.items(), key=lambda item: -item[1])[:MOST_NAMED]
        yield "  slowest: " + ", ".join(f"{student} ({took:.1f} s)" for student, took in slowest)
        if self.waiting:
            students = _named(list(self.waiting))
            yield f"  submissions that wait for a person: {len(self.waiting)} ({students})"
        if self.unreadable:
            yield f"  files that cannot be read, see above: {_named(list(self.unreadable))}"
        if self.faults:
            yield f"  faults of the grader, see above: {_named(sorted(self.faults))}"
        if self.saved < self.expected:
            yield f"  notebooks that were not graded, see above: {self.expected - self.saved}"

    def close(self) -> None:
        """Take the progress bar away."""
        self._closing.close()


def _in_words(totals: Totals) -> str:
    count = len(totals.points)
    line = f"The gradebook has {counted(count, 'submission')} of {totals.assignment}"
    if count:
        waiting = f"{totals.waiting or 'none'} of them {'waits' if totals.waiting == 1 else 'wait'}"
        mean = f"{sum(totals.points) / count:.4g} of {totals.most:g} points"
        line += f", on average {mean}; {waiting} for a person"
    return f"{line}."


def counted(number: int, noun: str) -> str:
    """A number and a noun, as in "1 submission"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _named(names: Sequence[str]) -> str:
    rest = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")


@contextlib.contextmanager
def _beside(progress: Progress, log: Any) -> Iterator[None]:
    """Show a progress bar, and the lines of a log above it."""
    logger = getattr(log, "logger", log)
    handlers = [
        handler
        for handler in logger.handlers
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr
    ]
    before = sys.stderr
    with progress:
        for handler in handlers:
            handler.setStream(sys.stderr)
        try:
            yield
        finally:
            for handler in handlers:
                handler.setStream(before)
