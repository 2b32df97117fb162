"""The formgrader's button that autogrades all submissions of an assignment.

It runs `nbgrader autograde` in a process of its own, which goes on when the page is left, and even
when the server ends. What the page shows of it is what `progress.py` has written.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbgrader.server_extensions.formgrader.base import (
    BaseApiHandler,
    check_notebook_dir,
    check_xsrf,
)
from tornado import web

from autograder import schema, text
from autograder.classroom.formgrader import progress
from autograder.classroom.formgrader.progress import NotGraded

ADDRESS = r"/formgrader/api/assignment/([^/]+)/autograde_all"
LOG = ".grading.log"
"""The file in the course's folder with all that the last run from the formgrader printed."""
MOST_SHOWN = 20_000
"""How many characters of the log are shown, from its end."""


@dataclass(frozen=True)
class Shown:
    """What the page of an assignment shows of the last run.

    Attributes:
        is_running: whether a run grades now, this assignment or another one of the course.
        sentence: what the run does or did; empty if there was none.
        total: how many submissions it grades; None if this is not known.
        done: how many it has graded.
        failed: what somebody has to look at.
        log: what it printed; empty unless it was started here.
    """

    is_running: bool = False
    sentence: str = ""
    total: int | None = None
    done: int = 0
    failed: tuple[NotGraded, ...] = ()
    log: str = ""


class Run:
    """A run that was started by the button, and its process."""

    def __init__(self, root: Path, assignment: str, again: bool) -> None:
        self.assignment, self.begun = assignment, time.time()
        command = [sys.executable, "-m", "nbgrader", "autograde", f"--assignment={assignment}"]
        with open(root / LOG, "wb") as log:
            self.process = subprocess.Popen(
                [*command, *(["--force"] if again else [])],
                cwd=root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def is_running(self) -> bool:
        """Whether its process has not ended yet."""
        return self.process.poll() is None


def shown(root: Path, assignment: str, run: Run | None) -> Shown:
    """What the page of an assignment shows.

    Args:
        root: the course's folder.
        assignment: the assignment.
        run: the last one that was started here; None if there was none.
    """
    last = progress.read(root)
    is_ours = last is not None and run is not None and last.process == run.process.pid
    if run is not None and not is_ours and (last is None or last.begun < run.begun - 1):
        if run.is_running:
            return Shown(True, f"{run.assignment}: the grader starts …")
        another_grades = last is not None and last.is_running
        if run.process.returncode and run.assignment == assignment and not another_grades:
            log = _log(root)
            why = log.strip().rpartition("\n")[2] or "The log says nothing."
            return Shown(sentence=f"Nothing was graded. {why}", log=log)
    if last is None:
        return Shown()
    if last.is_running:
        sentence = f"{last.assignment}: the grader starts …"
        if last.total is not None:
            sentence = f"{last.assignment}: {last.done} of {_submissions(last.total)} graded."
        return Shown(True, sentence, last.total, last.done, last.failed)
    if last.assignment != assignment:
        return Shown()
    graded = f"{last.done} of {_submissions(last.total or 0)} graded"
    if not last.has_ended:
        sentence = f"The last run was interrupted: {graded}. Press the button again to go on."
    elif last.problem:
        sentence = last.problem
    elif last.total == 0 and not last.failed:
        sentence = "The last run found nothing new to grade."
    else:
        sentence = f"The last run has ended: {graded}."
    return Shown(False, sentence, last.total, last.done, last.failed, _log(root) if is_ours else "")


def _submissions(number: int) -> str:
    return f"{number} {'submission' if number == 1 else 'submissions'}"


def _log(root: Path) -> str:
    try:
        data = (root / LOG).read_bytes()
    except OSError:
        return ""
    return text.printable(data.decode(errors="replace"), lines=True)[-MOST_SHOWN:]


def _protected(method: Callable[..., None]) -> Any:
    """For whom nbgrader's own pages are, and nobody else."""
    return web.authenticated(check_xsrf(check_notebook_dir(method)))


class AutogradeAllHandler(BaseApiHandler):
    """GET says what the page shows, POST starts a run: `{"again": true}` grades all again."""

    @_protected
    def get(self, assignment: str) -> None:
        self._answer(shown(self._root, assignment, self._runs.get(self._root)))

    @_protected
    def post(self, assignment: str) -> None:
        body = self.get_json_body()
        again = bool(body.get("again")) if isinstance(body, dict) else False
        state = shown(self._root, assignment, self._runs.get(self._root))
        if assignment not in self.api.get_source_assignments():
            self._refuse(404, f"There is no assignment {assignment} in this course.")
        elif state.is_running:
            self._refuse(409, f"A run is going on: wait until it has ended. {state.sentence}")
        else:
            try:
                self._runs[self._root] = Run(self._root, assignment, again)
            except OSError as error:
                self._refuse(500, f"The grader cannot be started: {error.strerror}.")
                return
            self._answer(shown(self._root, assignment, self._runs[self._root]))

    @property
    def _root(self) -> Path:
        return Path(os.path.abspath(self.coursedir.root))

    @property
    def _runs(self) -> dict[Path, Run]:
        runs: dict[Path, Run] = self.settings.setdefault("autograder_runs", {})
        return runs

    def _answer(self, message: Any) -> None:
        self.set_header("Content-Type", "application/json")
        self.write(schema.to_text(message))

    def _refuse(self, status: int, sentence: str) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.write(json.dumps({"message": sentence}))
