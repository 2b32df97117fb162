"""One disposable process, seen from outside: what it may use, what it says, how it ended."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from autograder.judge import frames
from autograder.judge.frames import Frame
from autograder.judge.verdict import Failure, Status

ENDED = "process ended"
"""The `error` of a failure whose process died by itself."""


@dataclass(frozen=True)
class Limits:
    """What one disposable process may use.

    Attributes:
        seconds: between two frames, that is for one step.
        total_seconds: for all the steps of one request, restarts included.
        memory_mib: address space, in MiB; where control groups can be made, also the memory that
            is in use, files included.
        output_mib: what it prints, in MiB.
        answer_mib: the largest frame, in MiB.
    """

    seconds: float = 20.0
    total_seconds: float = 300.0
    memory_mib: int = 4096
    output_mib: int = 8
    answer_mib: int = 64


class Process:
    """One disposable process, seen from outside."""

    def __init__(self, limits: Limits, ask: int, frames_out: int, printed: int) -> None:
        self.limits = limits
        self._ask = os.fdopen(ask, "wb", buffering=0)
        self._sending: list[threading.Thread] = []
        self.status: int | None = None
        self.ran_out_of_memory = False
        self.is_inside = False
        """Whether the walls stood before anything of a student's ran; else it is our fault."""
        self.said = ""
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
                # What it printed comes first: it may say why there is nothing else.
                for key, _ in sorted(ready, key=lambda one: one[0].fd != self._printed):
                    data = os.read(key.fd, 2**16)
                    if key.fd == self._printed:
                        output += len(data)
                        if not self.is_inside:
                            self.said = (self.said + data.decode(errors="replace"))[-200:]
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
        if self.ran_out_of_memory:
            return Failure(
                Status.OUT_OF_MEMORY,
                f"It used more than {self.limits.memory_mib} MiB of memory.",
                advice="Look for an array with one axis too many.",
            )
        if self._stopped is not None:
            return self._stopped
        return Failure(
            Status.ERROR,
            f"It ended the Python process it ran in ({_how_it_ended(self.status)}).",
            ENDED,
            "Remove calls such as exit() or os._exit().",
        )


def _how_it_ended(status: int | None) -> str:
    if status is None:
        return "without a trace"
    if os.WIFSIGNALED(status):
        return f"signal {signal.Signals(os.WTERMSIG(status)).name}"
    return f"exit status {os.WEXITSTATUS(status)}"
