"""The door behind which code that we do not trust runs, and what comes out of it.

Every process is forked from a warm one, the zygote, with a clean environment and an empty folder,
bounded in time, memory and output, and killed from outside. What keeps it from everything else
depends on the level, which is the highest that this machine can give: see `walls.py`.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from autograder.jail import orders, walls
from autograder.jail.frames import Begin, End, Inside, Late, Ready, Request
from autograder.jail.orders import Order, Reply
from autograder.jail.process import Ending, How, Limits, Meter, Process
from autograder.jail.walls import Level, Unavailable
from autograder.problem import Problem
from autograder.schema import decode, encode

START_SECONDS, ANSWER_SECONDS = 120.0, 30.0
"""The longest that a zygote may take to start, on a busy machine too, and to answer."""

_Zygote = subprocess.Popen[bytes]


class Turns:
    """Lets many in at once, or one alone, in the order in which they came."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.waiting: deque[object] = deque()
        self._inside = 0
        self._is_alone = False

    @contextlib.contextmanager
    def turn(self, alone: bool) -> Iterator[None]:
        """Wait for one's turn; with nobody else inside, where one is to be alone."""
        me = object()

        def mine() -> bool:
            free = not self._is_alone and not (alone and self._inside)
            return self.waiting[0] is me and free

        with self._changed:
            self.waiting.append(me)
            try:
                self._changed.wait_for(mine)
                self._inside, self._is_alone = self._inside + 1, alone
            finally:
                self.waiting.remove(me)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._inside, self._is_alone = self._inside - 1, False
                self._changed.notify_all()


class Jail:
    """Runs requests in disposable processes, forked from one warm zygote.

    Safe to use from several threads.

    Args:
        roles: what a process can be, each a function of a `frames.Connection` by its module and
            name, such as `package.module:main`. A module may have a function `prepare`, which the
            zygote calls once, for all its children.
        limits: of each process.
        strongest: the highest level to try.
        readable: the folders and files that processes may read, besides the interpreter and the
            installed packages.
        environment: the variables that they find, besides the way to Python.
        no_walls: why no level but the lowest is to be had, if so.
        ended: told the name of each step when it has been done, or has failed.
        turns: lets processes in.
    """

    def __init__(
        self,
        roles: Mapping[str, str],
        limits: Limits,
        strongest: Level = Level.FULL,
        *,
        readable: Sequence[Path] = (),
        environment: Mapping[str, str] | None = None,
        no_walls: str = "",
        ended: Callable[[str], None] = lambda step: None,
        turns: Turns | None = None,
    ) -> None:
        self.limits = limits
        self.weaker_because: list[str] = []
        """Why the level is not a higher one: a sentence for each that was tried."""
        self._ended = ended
        self._roles, self._readable = dict(roles), tuple(readable)
        self._environment, self._no_walls = dict(environment or {}), no_walls
        self._strongest = strongest
        self._level: Level | None = None
        self._lock = threading.Lock()
        self._turns = turns or Turns()
        self._zygote: _Zygote | None = None
        self._channel: socket.socket | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @property
    def level(self) -> Level:
        """The level in force, found by trying.

        Raises:
            Problem: not even a process can be had.
        """
        with self._lock:
            self._open()
        assert self._level is not None
        return self._level

    @property
    def at_once(self) -> int:
        """How many requests keep it busy: one for each core that we may use."""
        mine = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()
        return len(mine) or os.cpu_count() or 1

    @property
    def first_process(self) -> int | None:
        """The number of the process that all others come from, while there is one."""
        return None if self._zygote is None else self._zygote.pid

    def run(
        self, role: str, request: bytes, steps: Sequence[str], late: bytes | None = None
    ) -> dict[str, bytes | Ending]:
        """Have every step done; a step that ends its process costs that step alone.

        The process begins a step and ends it. When it dies or is killed, the step under way has
        failed, and a fresh process takes up the rest; its request says which steps those are not.

        A step gets one process more where it may not be to blame. Where a process dies that had
        done other steps before, one of those may have damaged it, so the step is the first in the
        next. Where it reached a limit, others may have needed the machine, so the next process
        runs while no other of this jail does.

        Args:
            role: the name of the role that reads the request.
            request: what to do.
            steps: every step that is wanted.
            late: a second part, held back until the process asks for it.

        Returns:
            For each step what came of it, or how its process ended.

        Raises:
            RuntimeError: the walls could not be built, so that nothing was run.
        """
        wanted = frozenset(steps)
        results: dict[str, bytes | Ending] = {}
        tried: set[tuple[str, str]] = set()
        alone = False
        used = clock = 0.0
        longest = self.limits.total_seconds * self.limits.clock_factor
        while left := [step for step in steps if step not in results]:
            if used >= self.limits.total_seconds or clock >= longest:
                return results | dict.fromkeys(left, Ending(How.TOTAL))
            failed = tuple(step for step, one in results.items() if isinstance(one, Ending))
            asked = Request(request, failed, tuple(results))
            current = first = left[0]
            with self._turns.turn(alone), self._process(role, asked) as process:
                waiting = late
                for message in process.messages(self.limits.total_seconds - used, longest - clock):
                    match message:
                        case Inside():
                            process.is_inside = True
                        case Ready() if waiting is not None:
                            process.send(Late(waiting))
                            waiting = None
                        case Begin(step) if step in wanted and step not in results:
                            current = step
                        case End(step, result) if step == current:
                            results[step] = result
                            self._ended(step)
                took = process.meter.clock
            if not process.is_inside:
                raise RuntimeError(f"A process could not be confined: {process.said}")
            alone = False
            if missing := [step for step in steps if step not in results]:
                under_way = missing[0] if current in results else current
                ending = process.ending
                retry = ""
                if ending.may_be_the_machine:
                    retry = "alone"
                elif ending.how is How.ENDED and under_way != first:
                    retry = "first"
                if retry and (under_way, retry) not in tried:
                    tried.add((under_way, retry))
                    alone = retry == "alone"
                else:
                    results[under_way] = ending
            if not alone:
                # Of two tries one counts.
                used, clock = used + process.meter.used, clock + took
        return results

    @contextlib.contextmanager
    def _process(self, role: str, request: Request) -> Iterator[Process]:
        pipes = [os.pipe() for _ in range(3)]
        (asked, ask), (frames_out, frames_in), (printed, printing) = pipes
        try:
            cpu_seconds = int(self.limits.total_seconds * (os.cpu_count() or 1)) + 1
            start = orders.Start(role, self.limits.memory_mib, cpu_seconds)
            theirs = [asked, frames_in, printing]
            reply, zygote = self._tell(start, theirs)
            child = reply.child
            for descriptor in theirs:
                os.close(descriptor)
            pipes = []
            meter = Meter(self.limits, lambda: self._seconds(child, zygote))
            process = Process(self.limits, ask, frames_out, printed, meter)
            try:
                process.send(request)
                yield process
            finally:
                os.close(frames_out)
                os.close(printed)
                process.status = self._end(child, zygote)
                process.close()
        finally:
            for descriptor in [end for pipe in pipes for end in pipe]:
                os.close(descriptor)

    def _seconds(self, child: int, zygote: _Zygote | None) -> float | None:
        """The processor time of a child, if its zygote is there to say it."""
        if self._zygote is zygote:
            with contextlib.suppress(OSError, ValueError):
                return self._tell(orders.Measure(child))[0].seconds
        return None

    def _end(self, child: int, zygote: _Zygote | None) -> int | None:
        """Have a child killed, and see it gone; its wait status."""
        status = None
        # Another zygote than its own may know another child by this number.
        if self._zygote is zygote:
            with contextlib.suppress(OSError, ValueError):
                status = self._tell(orders.Finish(child))[0].status
        if status is None and self._level is not Level.FULL:
            # The zygote that would have ended it is gone: its own child may have killed it.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child, signal.SIGKILL)
        return status

    def _tell(self, order: Order, descriptors: Sequence[int] = ()) -> tuple[Reply, _Zygote | None]:
        """The zygote's answer, and which one gave it."""
        with self._lock:
            channel = self._open()
            try:
                return _ask(channel, order, descriptors), self._zygote
            except (OSError, ValueError):
                self._close()
                raise

    def _open(self) -> socket.socket:
        if self._channel is not None and self._zygote is not None and self._zygote.poll() is None:
            return self._channel
        if not hasattr(os, "fork"):
            raise Problem("Grading needs Linux or macOS; on Windows, run it inside WSL.")
        if self._level is not None:
            # A weaker level in the middle of a class would be a trap.
            return self._start(self._level)
        self.weaker_because.clear()
        for level in list(Level)[self._strongest.weakness :]:
            try:
                if level is not Level.PROCESS and self._no_walls:
                    raise Unavailable(self._no_walls)
                channel = self._start(level)
            except Unavailable as reason:
                self.weaker_because.append(f"Not {level}: {reason}")
            else:
                self._level = level
                return channel
        raise Problem(f"No process can be started here. {' '.join(self.weaker_because)}")

    def _start(self, level: Level) -> socket.socket:
        self._close()
        built = walls.around(level, self._readable)
        ours, theirs = socket.socketpair()
        ours.settimeout(START_SECONDS)
        self._folder = tempfile.TemporaryDirectory(prefix="autograder-")
        environment = _environment(self._folder.name) | self._environment
        roles = [f"{name}={place}" for name, place in self._roles.items()]
        with theirs, tempfile.TemporaryFile() as said:
            self._channel = ours
            self._zygote = subprocess.Popen(
                [*walls.command(level, self._readable, environment), *roles],
                stdin=theirs.fileno(),
                # A terminal must be nowhere in the reach of a student's code.
                stdout=said,
                stderr=said,
                cwd=self._folder.name,
                env=environment,
                start_new_session=True,
            )
            theirs.close()
            # Others who grade on this machine give their children other users.
            built = replace(built, offset=random.randrange(walls.USERS))
            try:
                trouble = _ask(ours, orders.Build(built)).trouble
            except (OSError, ValueError):
                said.seek(0)
                lines = said.read().decode(errors="replace").strip().splitlines()
                trouble = (lines or ["the first process gave no answer"])[-1]
        # A child can stop its zygote; then no answer comes, and a new one has to be started.
        ours.settimeout(ANSWER_SECONDS)
        if trouble:
            self._close()
            raise Unavailable(trouble)
        return ours

    def _close(self) -> None:
        if self._channel is not None:
            self._channel.close()
        if self._zygote is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._zygote.wait(5)
            if self._zygote.poll() is None:
                # All that bubblewrap started is in this group; the rest ends with it.
                os.killpg(self._zygote.pid, signal.SIGKILL)
                self._zygote.wait()
        if self._folder is not None:
            self._folder.cleanup()
        self._channel = self._zygote = self._folder = None

    def close(self) -> None:
        """End the zygote and, with it, every process that is still running."""
        with self._lock:
            self._close()

    def __enter__(self) -> Jail:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _ask(channel: socket.socket, order: Order, descriptors: Sequence[int] = ()) -> Reply:
    socket.send_fds(channel, [encode(order, Order)], descriptors)
    return decode(Reply, channel.recv(65536))


def _environment(folder: str) -> dict[str, str]:
    """What the zygote sees of our environment: nothing but the way to Python."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
    ours = {"PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"}
    return kept | dict.fromkeys(walls.HOMES, folder) | ours
