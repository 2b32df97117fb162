"""The door behind which code that we do not trust runs, and what comes out of it.

The level in force is `process`: a process of its own, started from a clean environment in an
empty folder, with limits on time, memory and output, killed from outside. It does not keep a
hostile program from the files of the user who grades; the walls for that belong here.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from autograder import frames
from autograder.devices import CPU, Device
from autograder.frames import Frame
from autograder.problem import Problem
from autograder.verdict import Failure, Status

LEVEL = "process"
ANSWER_SECONDS = 30.0
"""The longest that a zygote may take to start and to answer."""


@dataclass(frozen=True)
class Limits:
    """What one disposable process may use.

    Attributes:
        seconds: between two frames, that is for one step.
        total_seconds: for all the steps of one request, restarts included.
        memory_mib: address space, in MiB.
        output_mib: what it prints, in MiB.
        answer_mib: the largest frame, in MiB.
    """

    seconds: float = 20.0
    total_seconds: float = 300.0
    memory_mib: int = 4096
    output_mib: int = 8
    answer_mib: int = 64


class Jail:
    """Runs requests in disposable processes, forked from one warm zygote.

    Safe to use from several threads.

    Args:
        limits: of each process.
        device: what the processes shall find. Those that use a GPU or a TPU have no limit on
            address space, since the drivers of these reserve far more than they use.
    """

    def __init__(self, limits: Limits, device: Device = CPU) -> None:
        self.limits = limits
        self.device = device
        self._lock = threading.Lock()
        self._zygote: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def run(
        self,
        role: str,
        request: Frame,
        steps: Sequence[str],
        late: Frame | None = None,
    ) -> dict[str, Frame | Failure]:
        """Have every step done; a step that ends its process costs that step alone.

        The process announces a step with `{"begin": step}` and ends it with `{"end": step}`.
        When it dies or is killed, the step under way has failed, and a fresh process takes up
        the rest: the request's header says in `failed` and `done` which steps those are not.

        Args:
            role: `worker` or `runner`.
            request: what to do; its header is extended as said above.
            steps: every step that is wanted.
            late: a second request, held back until the process says `{"ready": true}`.

        Returns:
            For each step the frame that ended it, or why it failed.
        """
        results: dict[str, Frame | Failure] = {}
        deadline = time.monotonic() + self.limits.total_seconds
        while left := [step for step in steps if step not in results]:
            if time.monotonic() > deadline:
                slow = Failure(Status.TIMEOUT, "The notebook as a whole took too long.")
                return results | dict.fromkeys(left, slow)
            failed = [step for step, result in results.items() if isinstance(result, Failure)]
            header = {**request.header, "failed": failed, "done": list(results)}
            current = left[0]
            with self._process(role, Frame(header, request.arrays, request.blob)) as process:
                waiting = late
                for frame in process.frames(deadline):
                    if waiting is not None and "ready" in frame.header:
                        process.send(frames.encode(waiting))
                        waiting = None
                    begun, ended = frame.header.get("begin"), frame.header.get("end")
                    if begun in steps:
                        current = str(begun)
                    elif ended == current:
                        results[current] = frame
            missing = [step for step in steps if step not in results]
            if missing:
                results[current if current in missing else missing[0]] = process.failure()
        return results

    @contextlib.contextmanager
    def _process(self, role: str, request: Frame) -> Iterator[_Process]:
        pipes = [os.pipe() for _ in range(3)]
        (asked, ask), (frames_out, frames_in), (printed, printing) = pipes
        try:
            child = self._tell(
                {"do": "start", "role": role, "memory_mib": self._memory_mib},
                [asked, frames_in, printing],
            )["child"]
            for descriptor in (asked, frames_in, printing):
                os.close(descriptor)
            pipes = []
            process = _Process(self.limits, ask, frames_out, printed)
            try:
                process.send(frames.encode(request))
                yield process
            finally:
                os.close(frames_out)
                os.close(printed)
                with contextlib.suppress(OSError, ValueError):
                    process.status = self._tell({"do": "end", "child": child}, [])["status"]
                if process.status is None:
                    # The zygote that would have ended it is gone: its own child may have killed it.
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.killpg(child, signal.SIGKILL)
                process.close()
        finally:
            for descriptor in [end for pipe in pipes for end in pipe]:
                os.close(descriptor)

    @property
    def _memory_mib(self) -> int | None:
        return self.limits.memory_mib if self.device.backend == "cpu" else None

    def _tell(self, message: dict[str, Any], descriptors: Sequence[int]) -> dict[str, Any]:
        with self._lock:
            channel = self._open()
            try:
                socket.send_fds(channel, [json.dumps(message).encode()], descriptors)
                reply = channel.recv(65536)
                return dict(json.loads(reply))
            except (OSError, ValueError):
                self._close()
                raise

    def _open(self) -> socket.socket:
        if self._channel is None or self._zygote is None or self._zygote.poll() is not None:
            if not hasattr(os, "fork"):
                raise Problem("Grading needs Linux or macOS; on Windows, run it inside WSL.")
            self._close()
            ours, theirs = socket.socketpair()
            # A child can stop its zygote; then no answer comes, and a new one has to be started.
            ours.settimeout(ANSWER_SECONDS)
            self._folder = tempfile.TemporaryDirectory(prefix="autograder-")
            self._zygote = subprocess.Popen(
                [sys.executable, "-m", "autograder.zygote"],
                stdin=theirs.fileno(),
                cwd=self._folder.name,
                env=_environment(self._folder.name, self.device.platform),
                start_new_session=True,
            )
            theirs.close()
            self._channel = ours
        return self._channel

    def _close(self) -> None:
        if self._channel is not None:
            self._channel.close()
        if self._zygote is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._zygote.wait(5)
            self._zygote.kill()
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


class _Process:
    """One disposable process, seen from outside."""

    def __init__(self, limits: Limits, ask: int, frames_out: int, printed: int) -> None:
        self.limits = limits
        self._ask = os.fdopen(ask, "wb", buffering=0)
        self._sending: list[threading.Thread] = []
        self.status: int | None = None
        self._frames_out, self._printed = frames_out, printed
        self._stopped: Failure | None = None

    def send(self, data: bytes) -> None:
        """Write to the process without waiting: it may never read."""

        before = self._sending[-1:]

        def write() -> None:
            for thread in before:
                thread.join()
            # A process that dies before it has read everything is found out by its silence.
            with contextlib.suppress(OSError):
                view = memoryview(data)
                while view:
                    view = view[self._ask.write(view) :]

        self._sending.append(threading.Thread(target=write, daemon=True))
        self._sending[-1].start()

    def close(self) -> None:
        """Stop sending, when the process has been ended."""
        for thread in self._sending:
            # A process that it left behind may hold the pipe open and never read from it.
            thread.join(1.0)
            if thread.is_alive():
                return
        self._ask.close()

    def frames(self, deadline: float) -> Iterator[Frame]:
        """The frames it sends, until it ends, falls silent for too long or breaks a limit."""
        reader = frames.Reader(self.limits.answer_mib * 2**20)
        output = 0
        with selectors.DefaultSelector() as selector:
            selector.register(self._frames_out, selectors.EVENT_READ)
            selector.register(self._printed, selectors.EVENT_READ)
            silence = time.monotonic() + self.limits.seconds
            while True:
                left = min(silence, deadline) - time.monotonic()
                ready = selector.select(left) if left > 0 else []
                if not ready and left <= 0:
                    self._stopped = Failure(
                        Status.TIMEOUT,
                        f"It was still running after {self.limits.seconds:g} seconds.",
                        advice="Look for a loop whose condition never becomes false.",
                    )
                    return
                for key, _ in ready:
                    data = os.read(key.fd, 2**16)
                    if key.fd == self._printed:
                        output += len(data)
                        if output > self.limits.output_mib * 2**20:
                            self._stopped = Failure(
                                Status.TOO_MUCH_OUTPUT,
                                f"It printed more than {self.limits.output_mib} MiB.",
                                advice="Remove the print, or print a summary.",
                            )
                            return
                        if not data:
                            selector.unregister(self._printed)
                        continue
                    if not data:
                        return
                    try:
                        for frame in reader.feed(data):
                            silence = time.monotonic() + self.limits.seconds
                            yield frame
                    except frames.FrameError as error:
                        self._stopped = Failure(
                            Status.BROKE_THE_RULES, f"What it sent cannot be read: {error}."
                        )
                        return

    def failure(self) -> Failure:
        """Why the process did not finish the step that it was at."""
        if self._stopped is not None:
            return self._stopped
        return Failure(
            Status.ERROR,
            f"It ended the Python process it ran in ({_how_it_ended(self.status)}).",
            "process ended",
            "Remove calls such as exit() or os._exit().",
        )


def _how_it_ended(status: int | None) -> str:
    if status is None:
        return "without a trace"
    if os.WIFSIGNALED(status):
        return f"signal {signal.Signals(os.WTERMSIG(status)).name}"
    return f"exit status {os.WEXITSTATUS(status)}"


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
