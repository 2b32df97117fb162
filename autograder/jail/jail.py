"""The door behind which code that we do not trust runs, and what comes out of it.

Every process is forked from a warm one, the zygote, with a clean environment and an empty folder,
bounded in time, memory and output, and killed from outside. What keeps it from everything else
depends on the level, which is the highest that this machine can give: see `walls.py`.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograder.jail import cgroups, frames, walls
from autograder.jail.frames import Frame
from autograder.jail.process import ENDED, TOO_LONG, Limits, Meter, Process
from autograder.jail.walls import Level, Unavailable
from autograder.judge.devices import CPU, Device
from autograder.judge.verdict import Failure
from autograder.problem import Problem

START_SECONDS, ANSWER_SECONDS = 120.0, 30.0
"""The longest that a zygote may take to start, on a busy machine too, and to answer."""

_Zygote = subprocess.Popen[bytes]


class Turns:
    """Lets many in at once, or one alone, in the order in which they came."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()
        self._inside = 0
        self._is_alone = False

    @contextlib.contextmanager
    def turn(self, alone: bool) -> Iterator[None]:
        """Wait for one's turn; with nobody else inside, where one is to be alone."""
        me = object()

        def mine() -> bool:
            free = not self._is_alone and not (alone and self._inside)
            return self._waiting[0] is me and free

        with self._changed:
            self._waiting.append(me)
            try:
                self._changed.wait_for(mine)
                self._inside, self._is_alone = self._inside + 1, alone
            finally:
                self._waiting.remove(me)
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
        limits: of each process.
        device: what the processes shall find. Those that use a GPU or a TPU have no limit on
            address space, since the drivers of these reserve far more than they use, and no
            walls, since they need the machine's own device files.
        strongest: the highest level to try.
        ended: told the name of each step when it has been done, or has failed.
    """

    def __init__(
        self,
        limits: Limits,
        device: Device = CPU,
        strongest: Level = Level.FULL,
        ended: Callable[[str], None] = lambda step: None,
    ) -> None:
        self.limits = limits
        self.device = device
        self.weaker_because: list[str] = []
        """Why the level is not a higher one: a sentence for each that was tried."""
        self.ended = ended
        self._strongest = strongest
        self._level: Level | None = None
        self._lock = threading.Lock()
        self._turns = Turns()
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

    def require(self, weakest: Level) -> None:
        """Make sure of a level, see `walls.require`."""
        walls.require(weakest, self.level, self.weaker_because)

    def run(
        self,
        role: str,
        request: Frame,
        steps: Sequence[str],
        late: Frame | None = None,
    ) -> dict[str, Frame | Failure]:
        """Have every step done; a step that ends its process costs that step alone.

        The process announces a step with `{"begin": step}` and ends it with `{"end": step}`. From
        `{"ours": true}` to `{"ours": false}` it does our work, such as compiling. When it dies or
        is killed, the step under way has failed, and a fresh process takes up the rest: the
        request's header says in `failed` and `done` which steps those are not.

        A step gets one process more where it may not be to blame. Where a process dies that had
        done other steps before, one of those may have damaged it, so the step is the first in the
        next. Where it reached a limit, others may have needed the machine, so the next process
        runs while no other of this jail does.

        Args:
            role: `worker` or `runner`.
            request: what to do; its header is extended as said above.
            steps: every step that is wanted.
            late: a second request, held back until the process says `{"ready": true}`.

        Returns:
            For each step the frame that ended it, or why it failed.

        Raises:
            RuntimeError: the walls could not be built, so that nothing was run.
        """
        results: dict[str, Frame | Failure] = {}
        tried: set[tuple[str, str]] = set()
        alone = False
        used = clock = 0.0
        longest = self.limits.total_seconds * self.limits.clock_factor
        while left := [step for step in steps if step not in results]:
            if used >= self.limits.total_seconds or clock >= longest:
                return results | dict.fromkeys(left, TOO_LONG)
            failed = [step for step, result in results.items() if isinstance(result, Failure)]
            header = {**request.header, "failed": failed, "done": list(results)}
            current = first = left[0]
            with (
                self._turns.turn(alone),
                self._process(role, Frame(header, request.arrays, request.blob)) as process,
            ):
                waiting = late
                for frame in process.frames(self.limits.total_seconds - used, longest - clock):
                    process.is_inside |= frame.header.get("inside") is True
                    if waiting is not None and "ready" in frame.header:
                        process.send(frames.encode(waiting))
                        waiting = None
                    begun, ended = frame.header.get("begin"), frame.header.get("end")
                    if begun in steps and begun not in results:
                        current = str(begun)
                    elif ended == current:
                        results[current] = frame
                        self.ended(current)
                took = process.meter.clock
            if not process.is_inside:
                raise RuntimeError(f"A process could not be confined: {process.said}")
            alone = False
            if missing := [step for step in steps if step not in results]:
                under_way = current if current in missing else missing[0]
                failure = process.failure()
                retry = ""
                if failure is not TOO_LONG and process.may_be_the_machine:
                    retry = "alone"
                elif failure.error == ENDED and under_way != first:
                    retry = "first"
                if retry and (under_way, retry) not in tried:
                    tried.add((under_way, retry))
                    alone = retry == "alone"
                else:
                    results[under_way] = failure
            if not alone:
                # Of two tries one counts.
                used, clock = used + process.meter.used, clock + took
        return results

    @contextlib.contextmanager
    def _process(self, role: str, request: Frame) -> Iterator[Process]:
        pipes = [os.pipe() for _ in range(3)]
        (asked, ask), (frames_out, frames_in), (printed, printing) = pipes
        with cgroups.memory_group(self._memory_mib) as group:
            try:
                cpu_seconds = int(self.limits.total_seconds * (os.cpu_count() or 1)) + 1
                message = {"do": "start", "role": role, "memory_mib": self._memory_mib}
                theirs = [asked, frames_in, printing]
                child, zygote = self._tell(
                    {**message, "cpu_seconds": cpu_seconds},
                    [*theirs, group.procs] if group else theirs,
                )
                for descriptor in theirs:
                    os.close(descriptor)
                pipes = []
                meter = Meter(self.limits, lambda: self._seconds(child["child"], zygote))
                process = Process(self.limits, ask, frames_out, printed, meter)
                try:
                    process.send(frames.encode(request))
                    yield process
                finally:
                    os.close(frames_out)
                    os.close(printed)
                    process.status = self._end(child["child"], zygote)
                    process.ran_out_of_memory = group is not None and group.ran_out()
                    process.close()
            finally:
                for descriptor in [end for pipe in pipes for end in pipe]:
                    os.close(descriptor)

    def _seconds(self, child: int, zygote: _Zygote | None) -> float | None:
        """The processor time of a child, if its zygote is there to say it."""
        if self._zygote is zygote:
            with contextlib.suppress(OSError, ValueError):
                seconds = self._tell({"do": "measure", "child": child}, [])[0]["seconds"]
                return None if seconds is None else float(seconds)
        return None

    def _end(self, child: int, zygote: _Zygote | None) -> int | None:
        """Have a child killed, and see it gone; its wait status."""
        status = None
        # Another zygote than its own may know another child by this number.
        if self._zygote is zygote:
            with contextlib.suppress(OSError, ValueError):
                status = self._tell({"do": "end", "child": child}, [])[0]["status"]
        if status is None and self._level is not Level.FULL:
            # The zygote that would have ended it is gone: its own child may have killed it.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child, signal.SIGKILL)
        return status

    @property
    def _memory_mib(self) -> int | None:
        return self.limits.memory_mib if self.device.backend == "cpu" else None

    def _tell(
        self, message: dict[str, Any], descriptors: Sequence[int]
    ) -> tuple[dict[str, Any], _Zygote | None]:
        """The zygote's answer, and which one gave it."""
        with self._lock:
            channel = self._open()
            try:
                return _ask(channel, message, descriptors), self._zygote
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
                if level is not Level.PROCESS and self.device.backend != "cpu":
                    raise Unavailable(f"A {self.device.name} cannot be used behind walls.")
                channel = self._start(level)
            except Unavailable as reason:
                self.weaker_because.append(f"Not {level}: {reason}")
            else:
                self._level = level
                return channel
        raise Problem(f"No process can be started here. {' '.join(self.weaker_because)}")

    def _start(self, level: Level) -> socket.socket:
        self._close()
        built = walls.around(level)
        ours, theirs = socket.socketpair()
        ours.settimeout(START_SECONDS)
        self._folder = tempfile.TemporaryDirectory(prefix="autograder-")
        environment = _environment(self._folder.name, self.device.platform)
        with theirs, tempfile.TemporaryFile() as said:
            self._channel = ours
            self._zygote = subprocess.Popen(
                walls.command(level, environment),
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
            built["offset"] = random.randrange(walls.USERS)
            try:
                trouble = _ask(ours, {"do": "build", "walls": built}, [])["trouble"]
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


def _ask(
    channel: socket.socket, message: dict[str, Any], descriptors: Sequence[int]
) -> dict[str, Any]:
    socket.send_fds(channel, [json.dumps(message).encode()], descriptors)
    return dict(json.loads(channel.recv(65536)))


def _environment(folder: str, platform: str) -> dict[str, str]:
    """What the zygote sees of the environment: nothing of ours but the way to Python."""
    names = ["PATH", "LANG", "TZ"]
    if platform != "cpu":
        names += ["LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "TPU_LIBRARY_PATH"]
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return kept | {
        "HOME": folder,
        "TMPDIR": folder,
        "IPYTHONDIR": folder,
        "MPLCONFIGDIR": folder,
        "MPLBACKEND": "agg",
        "JAX_PLATFORMS": "cpu" if platform == "cpu" else f"{platform},cpu",
        # The references are run beside, on the same GPU.
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
