"""One disposable process, seen from outside: what it may use, what it says, how it ended."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from autograder.jail.frames import Asked, Ours, Reader, Said
from autograder.schema import MalformedError, encode

POLL_SECONDS = 0.5
"""How often the processor time of a process is asked for."""


class How(StrEnum):
    """How a process came to its end before it had done a step."""

    USED_UP = "the processor time of a step was used up"
    SLOW = "a step took too long by the clock"
    WAITED = "a step took too long by the clock, and waited most of the time"
    OURS = "our own work for a step took too long by the clock"
    TOTAL = "the steps together took too long"
    OUTPUT = "it printed too much"
    UNREADABLE = "what it sent cannot be read"
    ENDED = "it ended by itself, or something killed it"


@dataclass(frozen=True)
class Ending:
    """The end of a process that did not finish a step.

    Attributes:
        how: what ended it.
        limit: what it was not to reach, in seconds or MiB, where it did.
        status: its wait status, where it ended by itself and somebody saw it.
        why: what was wrong with what it sent.
    """

    how: How
    limit: float = 0
    status: int | None = None
    why: str = ""

    @property
    def may_be_the_machine(self) -> bool:
        """Whether it can be the doing of others, so that the step is worth another try."""
        by_the_kernel = (
            self.status is not None
            and os.WIFSIGNALED(self.status)
            and os.WTERMSIG(self.status) == signal.SIGKILL
        )
        return self.how in (How.USED_UP, How.SLOW, How.WAITED, How.OURS) or by_the_kernel


@dataclass(frozen=True)
class Limits:
    """What one disposable process may use.

    Time is processor time, of all its threads, so that nothing depends on what else a machine does.

    Attributes:
        seconds: of processor time between two messages, that is for one step.
        total_seconds: of processor time for all the steps of one request, restarts included.
        memory_mib: address space, in MiB, of which everything that a process can have in its
            memory is a part; None for no limit.
        output_mib: what it prints, in MiB.
        answer_mib: the largest message, in MiB.
        clock_factor: how many times as long both may take by the clock, on a busy machine or for
            a process that waits.
    """

    seconds: float = 20.0
    total_seconds: float = 300.0
    memory_mib: int | None = 4096
    output_mib: int = 8
    answer_mib: int = 64
    clock_factor: float = 6.0


class Meter:
    """Counts the time of one process, in all and for the step that it is at.

    What passes between two readings is that of a step only where no other began meanwhile, and the
    student's only where none of it was ours: in doubt nobody is charged.

    Args:
        limits: of the process.
        measure: the processor time that it has used so far; None where nobody can say, and then
            the clock is taken.
    """

    def __init__(self, limits: Limits, measure: Callable[[], float | None]) -> None:
        self._limits, self._measure = limits, measure
        self.begun = self._step_begun = self._read_at = time.monotonic()
        self.used = self._step_used = self._read = 0.0
        self._is_ours = self._was_ours = self._is_new = False

    def heard(self, message: Said) -> None:
        """Take notice of what the process says of itself."""
        if isinstance(message, Ours):
            self._is_ours = message.is_ours
            self._was_ours |= self._is_ours
            return
        self._step_begun, self._step_used = time.monotonic(), 0.0
        self._is_ours, self._is_new = False, True

    @property
    def clock(self) -> float:
        """How long the process has been there."""
        return time.monotonic() - self.begun

    def stopped(self) -> Ending | None:
        """Read the time if it is due; why the step must not go on."""
        now = time.monotonic()
        if now - self._read_at >= POLL_SECONDS:
            self._count(now)
        most = self._limits.seconds
        longest = most * self._limits.clock_factor
        if self._step_used >= most:
            return Ending(How.USED_UP, most)
        if now - self._step_begun < longest:
            return None
        if self._is_ours:
            return Ending(How.OURS, longest)
        return Ending(How.WAITED if self._step_used < most / 2 else How.SLOW, longest)

    def _count(self, now: float) -> None:
        read = self._measure()
        passed = now - self._read_at if read is None else max(0.0, read - self._read)
        self._read_at, self._read = now, self._read if read is None else read
        if not self._is_ours and not self._was_ours:
            self.used += passed
            if not self._is_new:
                self._step_used += passed
        self._is_new, self._was_ours = False, self._is_ours


class Process:
    """One disposable process, seen from outside."""

    def __init__(
        self, limits: Limits, ask: int, frames_out: int, printed: int, meter: Meter
    ) -> None:
        self.limits = limits
        self.meter = meter
        self._ask = os.fdopen(ask, "wb", buffering=0)
        self._sending: list[threading.Thread] = []
        self.status: int | None = None
        self.is_inside = False
        """Whether the walls stood before anything of a student's ran; else it is our fault."""
        self.said = ""
        self._frames_out, self._printed = frames_out, printed
        self._stopped: Ending | None = None

    def send(self, message: Asked) -> None:
        """Write to the process without waiting: it may never read."""
        data = encode(message, Asked)
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

    def messages(self, total: float, clock: float) -> Iterator[Said]:
        """What it says, until it ends or breaks a limit.

        Args:
            total: the processor time that it may use.
            clock: how long it may be there.
        """
        reader = Reader(Said, self.limits.answer_mib * 2**20)
        output = 0
        with selectors.DefaultSelector() as selector:
            selector.register(self._frames_out, selectors.EVENT_READ)
            selector.register(self._printed, selectors.EVENT_READ)
            while True:
                over = self.meter.used >= total or self.meter.clock >= clock
                if stopped := Ending(How.TOTAL) if over else self.meter.stopped():
                    self._stopped = stopped
                    return
                ready = selector.select(POLL_SECONDS)
                # What it printed comes first: it may say why there is nothing else.
                for key, _ in sorted(ready, key=lambda one: one[0].fd != self._printed):
                    data = os.read(key.fd, 2**16)
                    if key.fd == self._printed:
                        output += len(data)
                        if not self.is_inside:
                            self.said = (self.said + data.decode(errors="replace"))[-200:]
                        if output > self.limits.output_mib * 2**20:
                            self._stopped = Ending(How.OUTPUT, self.limits.output_mib)
                            return
                        if not data:
                            selector.unregister(self._printed)
                        continue
                    if not data:
                        return
                    try:
                        for message in reader.feed(data):
                            self.meter.heard(message)
                            yield message
                    except MalformedError as error:
                        self._stopped = Ending(How.UNREADABLE, why=str(error))
                        return

    @property
    def ending(self) -> Ending:
        """Why the process did not finish the step that it was at."""
        return self._stopped or Ending(How.ENDED, status=self.status)
