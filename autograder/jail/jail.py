"""Runs untrusted code in disposable processes, and returns their results.

Every process is forked from a warm one, the zygote, with a clean environment and an empty folder.
Its time, memory and output are limited, and it is killed from outside. What else isolates it
depends on the level, which is the highest that this machine offers: see `walls.py`.
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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

from autograder.jail import orders, walls
from autograder.jail.frames import Begin, End, Inside, Late, Ready, Request
from autograder.jail.orders import Order, Reply
from autograder.jail.process import Ending, How, Limits, Meter, Process
from autograder.jail.turns import Turns
from autograder.jail.walls import Level, Unavailable
from autograder.problem import Problem
from autograder.schema import decode, encode

START_SECONDS, ANSWER_SECONDS = 120.0, 30.0
"""The longest that a zygote may take to start, even on a busy machine, and to answer."""

_Zygote = subprocess.Popen[bytes]


class Jail:
    """Runs requests in disposable processes, forked from one warm zygote.

    Safe to use from several threads.

    Args:
        roles: the functions that a process can run, each given as module and name, such as
            `package.module:main`. A role takes a `frames.Connection`. Its module may have a
            function `prepare`, which the zygote calls once, for all its children.
        limits: the limits of each process.
        strongest: the highest level to try.
        readable: the folders and files that processes may read, besides the interpreter and the
            installed packages.
        environment: the variables of the processes, besides those that Python needs.
        no_walls: why only the lowest level is possible; empty if higher levels are.
        ended: called with the name of each step that is finished.
        turns: decides when a process may run.
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
        """Why the level is not higher: a sentence for each level that was tried."""
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
        self._begun: tuple[Level, IO[bytes]] | None = None
        """The level of a zygote that has not answered yet, and what it prints."""

    def begin(self) -> None:
        """Start the zygote and return at once, so that it imports its roles while this process
        does something else; `level` and `run` wait for it.

        Raises:
            Problem: no process can be started on this system.
        """
        with self._lock:
            if self._zygote is not None:
                return
            for level in self._levels:
                with contextlib.suppress(Unavailable):  # `level` finds out why
                    self._begin(level)
                    return

    @property
    def level(self) -> Level:
        """The level in use, found by trying.

        Raises:
            Problem: no process can be started at any level.
        """
        with self._lock:
            self._open()
        assert self._level is not None
        return self._level

    @property
    def at_once(self) -> int:
        """How many requests keep it busy: one for each available core."""
        cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()
        return len(cores) or os.cpu_count() or 1

    @property
    def first_process(self) -> int | None:
        """The process id of the zygote; None if it is not running."""
        return None if self._zygote is None else self._zygote.pid

    def run(
        self, role: str, request: bytes, steps: Sequence[str], late: bytes | None = None
    ) -> dict[str, bytes | Ending]:
        """Run every step; when a step ends its process, only that step fails.

        The process announces when it begins a step, and when it ends it. When the process dies or
        is killed, the current step has failed. A fresh process runs the remaining steps; its
        request lists the steps to skip.

        A step that may be innocent gets one more try. If the process died and had run other steps
        before, one of those may have damaged it: the step comes first in the next process. If the
        process reached a limit, others may have slowed the machine: the next process of this jail
        runs alone.

        Args:
            role: the name of the role that reads the request.
            request: what to do.
            steps: the names of all steps.
            late: a second part of the request, sent when the process asks for it.

        Returns:
            For each step its result, or how its process ended.

        Raises:
            RuntimeError: the walls could not be built, so nothing was run.
        """
        wanted = frozenset(steps)
        results: dict[str, bytes | Ending] = {}
        retried: set[tuple[str, str]] = set()
        alone = False
        used = clock = 0.0
        longest = self.limits.total_seconds * self.limits.clock_factor
        while remaining := [step for step in steps if step not in results]:
            if used >= self.limits.total_seconds or clock >= longest:
                return results | dict.fromkeys(remaining, Ending(How.TOTAL))
            failed = tuple(step for step in results if isinstance(results[step], Ending))
            resumed = Request(request, failed, tuple(results))
            current = first = remaining[0]
            with self._turns.turn(alone), self._process(role, resumed) as process:
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
                clock_used = process.meter.clock
            if not process.is_inside:
                raise RuntimeError(f"A process could not be confined: {process.first_output}")
            alone = False
            if missing := [step for step in steps if step not in results]:
                under_way = missing[0] if current in results else current
                ending = process.ending
                retry = ""
                if ending.may_be_the_machine:
                    retry = "alone"
                elif ending.how is How.ENDED and under_way != first:
                    retry = "first"
                if retry and (under_way, retry) not in retried:
                    retried.add((under_way, retry))
                    alone = retry == "alone"
                else:
                    results[under_way] = ending
            if not alone:
                # Of two tries only one counts.
                used, clock = used + process.meter.used, clock + clock_used
        return results

    @contextlib.contextmanager
    def _process(self, role: str, request: Request) -> Iterator[Process]:
        pipes = [os.pipe() for _ in range(3)]
        (request_out, request_in), (frames_out, frames_in), (output_out, output_in) = pipes
        try:
            cpu_seconds = int(self.limits.total_seconds * (os.cpu_count() or 1)) + 1
            start = orders.Start(role, self.limits.memory_mib, cpu_seconds)
            child_ends = [request_out, frames_in, output_in]
            reply, zygote = self._tell(start, child_ends)
            child = reply.child
            for descriptor in child_ends:
                os.close(descriptor)
            pipes = []
            meter = Meter(self.limits, lambda: self._seconds(child, zygote))
            process = Process(self.limits, request_in, frames_out, output_out, meter)
            try:
                process.send(request)
                yield process
            finally:
                os.close(frames_out)
                os.close(output_out)
                process.status = self._end(child, zygote)
                process.close()
        finally:
            for descriptor in [end for pipe in pipes for end in pipe]:
                os.close(descriptor)

    def _seconds(self, child: int, zygote: _Zygote | None) -> float | None:
        """The processor time of a child; None if its zygote is gone."""
        if self._zygote is zygote:
            with contextlib.suppress(OSError, ValueError):
                return self._tell(orders.Measure(child))[0].seconds
        return None

    def _end(self, child: int, zygote: _Zygote | None) -> int | None:
        """Kill a child, wait for its end, and return its wait status."""
        status = None
        # Another zygote may have another child with this number.
        if self._zygote is zygote:
            with contextlib.suppress(OSError, ValueError):
                status = self._tell(orders.Finish(child))[0].status
        if status is None and self._level is not Level.FULL:
            # The zygote that should end it is gone; a child may have killed it.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child, signal.SIGKILL)
        return status

    def _tell(self, order: Order, descriptors: Sequence[int] = ()) -> tuple[Reply, _Zygote | None]:
        """The answer to an order, and the zygote that gave it."""
        with self._lock:
            channel = self._open()
            try:
                return _ask(channel, order, descriptors), self._zygote
            except (OSError, ValueError):
                self._close()
                raise

    def _open(self) -> socket.socket:
        is_ready = self._begun is None and self._zygote is not None and self._zygote.poll() is None
        if self._channel is not None and is_ready:
            return self._channel
        if self._level is not None:
            # All students of a class must be graded at the same level.
            return self._start(self._level)
        self.weaker_because.clear()
        for level in self._levels:
            try:
                channel = self._start(level)
            except Unavailable as reason:
                self.weaker_because.append(f"Not {level}: {reason}")
            else:
                self._level = level
                return channel
        raise Problem(f"No process can be started here. {' '.join(self.weaker_because)}")

    @property
    def _levels(self) -> list[Level]:
        """The levels to try, the strongest first."""
        if not hasattr(os, "fork"):
            raise Problem("Grading needs Linux or macOS; on Windows, run it inside WSL.")
        return list(Level)[self._strongest.weakness :]

    def _start(self, level: Level) -> socket.socket:
        """Start a zygote at this level, or take the one that was begun, and wait until it is ready.

        Raises:
            Unavailable: the walls could not be built.
        """
        if self._begun is None or self._begun[0] is not level:
            self._begin(level)
        assert self._begun is not None
        assert self._channel is not None
        channel, output = self._channel, self._begun[1]
        try:
            trouble = decode(Reply, channel.recv(65536)).trouble
        except (OSError, ValueError):
            output.seek(0)
            lines = output.read().decode(errors="replace").strip().splitlines()
            trouble = (lines or ["the first process gave no answer"])[-1]
        if trouble:
            self._close()
            raise Unavailable(trouble)
        self._forget_output()
        # A child can stop its zygote. Then no answer comes, and a new zygote has to be started.
        channel.settimeout(ANSWER_SECONDS)
        return channel

    def _begin(self, level: Level) -> None:
        """Start a zygote at this level, and send it the walls that it has to build."""
        self._close()
        if level is not Level.PROCESS and self._no_walls:
            raise Unavailable(self._no_walls)
        built = walls.for_level(level, self._readable)
        self._folder = tempfile.TemporaryDirectory(prefix="autograder-")
        environment = _environment(self._folder.name) | self._environment
        roles = [f"{name}={place}" for name, place in self._roles.items()]
        command = [*walls.command(level, self._readable, environment), *roles]
        self._channel, zygote_end = socket.socketpair()
        self._channel.settimeout(START_SECONDS)
        output = tempfile.TemporaryFile()  # noqa: SIM115  (`_forget_output` closes it)
        self._begun = level, output
        with zygote_end:
            self._zygote = subprocess.Popen(
                command,
                stdin=zygote_end.fileno(),
                # A student's code must not reach a terminal.
                stdout=output,
                stderr=output,
                cwd=self._folder.name,
                env=environment,
                start_new_session=True,
            )
        # A random offset, because another grader on this machine must use other users.
        built = replace(built, offset=random.randrange(walls.USERS))
        with contextlib.suppress(OSError):  # it is gone already; `_start` reads why
            socket.send_fds(self._channel, [encode(orders.Build(built), Order)], [])

    def _forget_output(self) -> None:
        if self._begun is not None:
            self._begun[1].close()
        self._begun = None

    def _close(self) -> None:
        if self._channel is not None:
            self._channel.close()
        if self._zygote is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                # One that has not answered yet has no children to end.
                self._zygote.wait(0 if self._begun else 5)
            if self._zygote.poll() is None:
                # Everything that bubblewrap started is in this group, and ends with it.
                os.killpg(self._zygote.pid, signal.SIGKILL)
                self._zygote.wait()
        if self._folder is not None:
            self._folder.cleanup()
        self._forget_output()
        self._channel = self._zygote = self._folder = None

    def close(self) -> None:
        """End the zygote, and with it every process that is still running."""
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
    """The environment of the zygote: only the variables that Python needs."""
    inherited = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
    own = {"PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"}
    return inherited | dict.fromkeys(walls.HOMES, folder) | own
