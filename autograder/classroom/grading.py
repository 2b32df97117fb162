"""One run of `nbgrader autograde`: its settings, and the verdicts on each notebook.

What imports JAX is imported only after the jail has begun to start, because both take equally long.
"""

from __future__ import annotations

import atexit
import contextlib
import datetime
import functools
import gc
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import sqlalchemy
from filelock import FileLock, Timeout
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.converters.base import NbGraderException
from nbgrader.utils import rmtree
from sqlalchemy.exc import DatabaseError, OperationalError
from traitlets import Enum, Float, Integer, Unicode
from traitlets.config import LoggingConfigurable

from autograder import text
from autograder.authoring import course, tags
from autograder.classroom import cache, log
from autograder.classroom import gradebook as books
from autograder.classroom.cache import Cache
from autograder.classroom.class_run import Ahead, Graded, Tally
from autograder.classroom.cluster import Cluster
from autograder.classroom.log import LoggedVerdict, Record
from autograder.classroom.nbgrader_patches import folders
from autograder.classroom.restore import ASK, KEY
from autograder.classroom.roles import GradingJail, require
from autograder.jail.process import Limits
from autograder.jail.walls import Level
from autograder.judge import devices
from autograder.judge.devices import Device
from autograder.judge.verdict import Failure, Status, Verdict
from autograder.problem import CannotGrade, Problem
from autograder.student.check_file import SUFFIX

if TYPE_CHECKING:
    from autograder.classroom.examples import Examples
    from autograder.classroom.grader import Grader

Resources = dict[str, Any]
LOCK = ".grading.lock"
"""The file in the course's folder that a run locks; it is empty, and stays."""
SubmissionKey = tuple[str, str]
"""A student, and the name of a notebook."""


class GradingRun(LoggingConfigurable):
    """The settings of a run, and its graders: the whole class is judged on the same inputs.

    Raises:
        NbGraderException: a master, the device or the gradebook cannot be used; the log says why.
    """

    device = Unicode(
        "cpu",
        help="Where answers are judged: cpu, gpu, tpu, a mesh of simulated devices such as mesh:8 "
        "or mesh:4x2, or one of GPUs such as gpu:4 or gpu:2x2.",
    ).tag(config=True)
    seed = Integer(
        None,
        allow_none=True,
        help="The seed of every secret input; drawn once per assignment when unset.",
    ).tag(config=True)
    workers = Integer(
        0,
        help="How many submissions are graded at once; when 0, one per core, or two per thread of "
        "a cluster.",
    ).tag(config=True)
    aside = Unicode(
        help="The folder that gets the log and the lock, for a run whose results `autograder "
        "regrade` writes later; the course's folder when empty."
    ).tag(config=True)
    cluster = Unicode(
        help="The address of a Dask scheduler on whose workers submissions are graded, such as "
        "tcp://10.0.0.1:8786; on this machine when empty."
    ).tag(config=True)
    seconds = Float(
        20.0, help="The processor time, in seconds, that one cell or one answer may use."
    ).tag(config=True)
    total_seconds = Float(
        300.0, help="The processor time, in seconds, that a notebook may use."
    ).tag(config=True)
    clock_factor = Float(
        6.0,
        help="How many times as long both may take in real time: on a busy machine a program gets "
        "only part of a processor, and a waiting program uses none.",
    ).tag(config=True)
    memory_mib = Integer(4096, help="The memory a notebook may use, in MiB.").tag(config=True)
    output_mib = Integer(8, help="What a notebook may print, in MiB.").tag(config=True)
    require = Enum(
        list(map(str, Level)),
        "process",
        help="The weakest isolation level to grade at: full, partial or process. If the machine "
        "cannot provide it, nothing is graded.",
    ).tag(config=True)
    strongest = Enum(
        list(map(str, Level)), "full", help="The strongest isolation level to try."
    ).tag(config=True)

    def __init__(self, **kw: Any) -> None:
        super().__init__(**kw)
        converter: Any = kw["parent"].parent
        self.coursedir = converter.coursedir
        self._closing = contextlib.ExitStack()
        text.clean_log(self.log)
        limits = Limits(
            self.seconds,
            self.total_seconds,
            self.memory_mib,
            self.output_mib,
            clock_factor=self.clock_factor,
        )
        folder = Path(
            self.coursedir.format_path(
                self.coursedir.source_directory, ".", self.coursedir.assignment_id
            )
        )
        try:
            with stopping(self.log):
                self._closing.callback(locked(self._folder).release)
            device = devices.named(self.device)
            strongest, weakest = Level(self.strongest), Level(self.require)
            root = Path(self.coursedir.root)
            about = course.read(root)
            readable = tuple(about.readable)
            self.jail = (
                _cluster(self.cluster, limits, device, strongest, root, readable)
                if self.cluster
                else _jail(limits, device, strongest, root, readable)
            )
            from autograder.authoring import master
            from autograder.classroom.grader import Grader

            verdicts = Cache(Path(self.coursedir.root) / cache.FOLDER)
            seed = self._seed(verdicts) if self.seed is None else self.seed
            masters = {path.stem: master.load(path) for path in tags.masters_in(folder)}
            self._require_gradebook()
            # From here on the jail is needed.
            require(weakest, self.jail)
            self._log_level()
            self.prompts = {name: loaded.untagged_texts for name, loaded in masters.items()}
            # A notebook without a master has no grader: nbgrader grades it.
            self.graders = {
                name: Grader(loaded.exercises, seed, self.jail, device, verdicts)
                for name, loaded in masters.items()
            }
            from autograder.classroom.examples import Examples

            self._examples = {
                name: Examples(folder / f"{name}{SUFFIX}", self.jail, device, verdicts, self.log)
                for name in masters
            }
        except Problem as problem:
            self._closing.close()
            self.log.error("%s", problem)
            raise NbGraderException(str(problem)) from None
        self._remove_unfinished()

    @property
    def _folder(self) -> Path:
        """The folder of the log and the lock."""
        return Path(self.coursedir.root) / self.aside

    def end(self) -> None:
        """Sum up the class, after the last submission, and release the lock."""
        try:
            totals = None
            with (
                contextlib.suppress(DatabaseError),
                books.of_run(self.coursedir.db_url) as gradebook,
            ):
                totals = books.totals(gradebook, self.coursedir.assignment_id)
            self.tally.sum_up(totals)
        finally:
            self._closing.close()

    def _seed(self, verdicts: Cache) -> int:
        """The seed of the assignment; a class that was partly graded keeps its seed."""
        root, assignment = Path(self.coursedir.root), self.coursedir.assignment_id
        return verdicts.seed(assignment, functools.partial(log.seed, root, assignment))

    def _log_level(self) -> None:
        level, why = self.jail.level, self.jail.weaker_because
        message = f"Judging on {self.device}, isolation level {level}"
        if level.lacks:
            message = " ".join([f"{message}: {level.lacks}.", *why, "See docs/isolation.md."])
            self.log.warning("%s", message)
        else:
            self.log.info("%s", message)

    def _require_gradebook(self) -> None:
        """Stop here if another program has locked the gradebook: nbgrader would ask to upgrade it.

        Raises:
            Problem: it is damaged, or does not know the assignment.
        """
        books.require_alembic()
        try:
            with stopping(self.log), Gradebook(self.coursedir.db_url) as gradebook:
                books.assignment(gradebook, self.coursedir.assignment_id)
                if gradebook.engine.dialect.name == "sqlite":
                    gradebook.db.execute(sqlalchemy.text("BEGIN IMMEDIATE"))
                    gradebook.db.rollback()
        except DatabaseError as error:
            raise books.damaged(self.coursedir, error) from None

    def _remove_unfinished(self) -> None:
        """Delete what a killed run left unfinished: nbgrader would consider it graded."""
        course = self.coursedir
        for folder in folders(course, course.autograded_directory):
            paths = list(Path(folder).glob("*.ipynb"))
            with_master = [path for path in paths if path.stem in self.graders]
            if not paths or not all(map(_is_finished, with_master)):
                self.log.warning("Grading %s was interrupted; it is graded again.", folder)
                rmtree(folder)

    def begin(
        self,
        paths: Mapping[SubmissionKey, Path],
        read: Callable[[SubmissionKey, Path], NotebookNode],
    ) -> None:
        """Start grading these notebooks, before nbgrader asks for them.

        Args:
            paths: of the submitted notebooks.
            read: reads a notebook as it will be judged; it is called from several threads.
        """

        def grade(key: SubmissionKey, path: Path) -> Graded:
            return _grade(self.graders[key[1]], read(key, path), key[0], self._examples[key[1]])

        with_master = {key: path for key, path in paths.items() if key[1] in self.graders}
        self.tally = Tally(len(with_master), self._workers, self.log)
        self.ahead = Ahead(with_master, grade, self._workers, self.tally.ready)

    @property
    def _workers(self) -> int:
        return self.workers or self.jail.at_once

    def judge(self, notebook: NotebookNode, names: dict[str, str]) -> Graded:
        """The verdicts on one student's notebook, which are logged in `verdicts.jsonl` too.

        Args:
            notebook: the submission.
            names: of the `student`, the `assignment` and the `notebook`, as nbgrader has them.
        """
        grader = self.graders.get(names["notebook"])
        if grader is None:
            return Graded("", {}, 0.0)
        from autograder.classroom.grader import code_of

        graded = self.ahead.take((names["student"], names["notebook"]))
        if graded is None or graded.code != code_of(notebook).key:
            examples = self._examples[names["notebook"]]
            graded = _grade(grader, notebook, names["student"], examples)
        verdicts = graded.verdicts
        statuses = ", ".join(f"{name}: {verdict.status}" for name, verdict in verdicts.items())
        place = f"{names['student']} ({names['notebook']}.ipynb)"
        self.log.info("%s: %s", place, statuses)
        for name, verdict in verdicts.items():
            if verdict.status is Status.GRADER_FAULT:
                self.log.error(
                    "%s: the grader itself failed at %s, so a person has to give the points. %s",
                    place,
                    name,
                    verdict.findings[0].message,
                )
        self._write(names, grader, verdicts)
        self.tally.took(names["student"], graded.seconds)
        return graded

    def told(self, notebook: str, exercise: str, student: str) -> tuple[str, str]:
        """The explanation and the second solution that feedback may show; empty for none."""
        grader = self.graders.get(notebook)
        if grader is None or exercise not in grader.exercises:
            return "", ""
        spec = grader.exercises[exercise].of(student)
        return spec.explanation, spec.another

    def _write(self, names: dict[str, str], grader: Grader, verdicts: dict[str, Verdict]) -> None:
        record = Record(
            time=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            student=names["student"],
            assignment=names["assignment"],
            notebook=names["notebook"],
            seed=grader.seed,
            device=grader.device.name,
            level=self.jail.level,
            jax=cache.versions()[0],
            verdicts={name: LoggedVerdict.of(verdict) for name, verdict in verdicts.items()},
        )
        log.append(self._folder, record)


def _grade(grader: Grader, notebook: NotebookNode, student: str, examples: Examples) -> Graded:
    from autograder.classroom.grader import code_of

    begun = time.monotonic()
    verdicts = grader.grade(notebook, student)
    # Code that used up its time or memory once is not run a second time only to be shown.
    is_calm = grader.ended_by_itself(notebook, student)
    cards = examples.cards(notebook, verdicts, student) if is_calm else {}
    if why := notebook.metadata.get(KEY, {}).get(ASK):
        # These answers are missing because their notebook could not be read.
        missing = [name for name, verdict in verdicts.items() if verdict.status is Status.MISSING]
        verdicts |= {name: unreadable(name, why) for name in missing}
    return Graded(code_of(notebook).key, verdicts, time.monotonic() - begun, cards)


def locked(folder: Path) -> FileLock:
    """The lock of the course in this folder, held from now on until it is released.

    Raises:
        Problem: another run holds it.
    """
    # The system releases it when the process ends, so a killed run blocks nobody.
    lock = FileLock(folder / LOCK, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise Problem(
            f"Another run is grading in {folder}: wait until it has ended, then run the same "
            "command again."
        ) from None
    return lock


def unreadable(exercise: str, why: str) -> Verdict:
    """The verdict on an exercise that a person has to look at, with the reason."""
    return Verdict.of_failure(
        exercise, Failure(Status.UNREADABLE, f"{why}. A person will look at it.")
    )


@functools.cache
def _jail(
    limits: Limits, device: Device, strongest: Level, root: Path, readable: tuple[Path, ...]
) -> GradingJail:
    """One warm jail per process, which a class and each click in the formgrader share."""
    jail = GradingJail(limits, device, strongest, root=root, readable=readable)
    jail.begin()
    # Python's last collections would look at all of JAX, and free nothing that anybody needs.
    atexit.register(gc.freeze)
    atexit.register(jail.close)
    return jail


@functools.cache
def _cluster(
    address: str,
    limits: Limits,
    device: Device,
    strongest: Level,
    root: Path,
    readable: tuple[Path, ...],
) -> Cluster:
    return Cluster(address, limits, device, strongest, root, readable)


def _is_finished(path: Path) -> bool:
    """Whether a graded notebook was written completely, with the mark that `grades` sets."""
    content = path.read_text(encoding="utf-8", errors="replace")
    return f'"{KEY}": "graded"' in content and content.rstrip().endswith("}")


@contextlib.contextmanager
def stopping(log: Any, names: Mapping[str, str] = MappingProxyType({})) -> Iterator[None]:
    """End the whole run with one sentence when nothing more can be graded or written.

    nbgrader would continue, and drop every submission that is left. What was graded stays; the
    next run grades this submission and the rest.

    Args:
        log: gets the sentence.
        names: of the `student` and the `notebook` that is graded in this block.
    """
    place = ", at {student} ({notebook}.ipynb)".format_map(names) if names else ""
    try:
        yield
    except CannotGrade as problem:
        log.error("%s%s", problem, f" This run stopped{place}." if place else "")
        raise SystemExit(1) from None
    except (OSError, OperationalError) as error:
        why = error.orig if isinstance(error, OperationalError) else error
        log.error(
            "Nothing more can be written: %s. Make room, close programs that use the gradebook, "
            "and run the same command again: it goes on where this one stopped%s.",
            why,
            place,
        )
        raise SystemExit(1) from None
