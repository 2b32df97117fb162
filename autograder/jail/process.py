"""One disposable process, seen from outside: its limits, its messages, and its end."""

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

from autograder.jail.frames import FromProcess, Ours, Reader, ToProcess
from autograder.schema import MalformedError, encode

POLL_SECONDS = 0.5
"""How often the processor time of a process is measured."""


class How(StrEnum):
    """How a process ended before it had finished a step."""

    USED_UP = "the processor time of a step was used up"
    SLOW = "a step took too long by the clock"
    WAITED = "a step took too long by the clock, and waited most of the time"
    OURS = "the grader's own work for a step took too long by the clock"
    TOTAL = "the steps together took too long"
    OUTPUT = "it printed too much"
    UNREADABLE = "what it sent cannot be read"
    ENDED = "it ended by itself, or something killed it"


@dataclass(frozen=True)
class Ending:
    """The end of a process that did not finish a step.

    Attributes:
        how: what ended it.
        limit: the limit that it reached, in seconds or MiB; 0 for no limit.
        status: its wait status, if it ended by itself and the status is known.
        why: what was wrong with a message that it sent.
    """

    how: How
    limit: float = 0
    status: int | None = None
    why: str = ""

    @property
    def may_be_the_machine(self) -> bool:
        """Whether other processes may have caused it, so that the step deserves another try."""
        by_the_kernel = (
            self.status is not None
            and os.WIFSIGNALED(self.status)
            and os.WTERMSIG(self.status) == signal.SIGKILL
        )
        return self.how in (How.USED_UP, How.SLOW, How.WAITED, How.OURS) or by_the_kernel


@dataclass(frozen=True)
class Limits:
    """What one disposable process may use.

    Time is processor time, of all its threads, so that other work on the machine does not matter.

    Attributes:
        seconds: processor time between two messages, that is for one step.
        total_seconds: processor time for all the steps of one request, restarts included.
        memory_mib: address space, in MiB, which includes all memory of a process; None for no
            limit.
        output_mib: printed output, in MiB.
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
    """Counts the time of one process, in total and for its current step.

    Time between two readings counts for a step only if no other step began meanwhile, and as the
    student's only if none of it was the grader's: unclear time is not charged.

    Args:
        limits: the limits of the process.
        measure: returns the processor time that it has used so far; if None, time is measured by
            the clock.
    """

    def __init__(self, limits: Limits, measure: Callable[[], float | None]) -> None:
        self._limits, self._measure = limits, measure
        self.begun = self._step_begun = self._read_at = time.monotonic()
        self.used = self._step_used = self._read = 0.0
        self._is_ours = self._was_ours = self._is_new = False

    def note(self, message: FromProcess) -> None:
        """Note a message of the process."""
        if isinstance(message, Ours):
            self._is_ours = message.is_ours
            self._was_ours |= self._is_ours
            return
        self._step_begun, self._step_used = time.monotonic(), 0.0
        self._is_ours, self._is_new = False, True

    @property
    def clock(self) -> float:
        """How long the process has existed."""
        return time.monotonic() - self.begun

    def stopped(self) -> Ending | None:
        """Read the time if it is due; return why the step has to stop, or None."""
        now = time.monotonic()
        if now - self._read_at >= POLL_SECONDS:
            self._count(now)
        allowed = self._limits.seconds
        longest = allowed * self._limits.clock_factor
        if self._step_used >= allowed:
            return Ending(How.USED_UP, allowed)
        if now - self._step_begun < longest:
            return None
        if self._is_ours:
            return Ending(How.OURS, longest)
        return Ending(How.WAITED if self._step_used < allowed / 2 else How.SLOW, longest)

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
        self, limits: Limits, requests: int, messages: int, output: int, meter: Meter
    ) -> None:
        self.limits = limits
        self.meter = meter
        self._requests = os.fdopen(requests, "wb", buffering=0)
        self._sending: list[threading.Thread] = []
        self.status: int | None = None
        self.is_inside = False
        """Whether the walls were built; if not, no code of a student has run."""
        self.first_output = ""
        """What it printed before the walls were built, which may say why they could not be."""
        self._messages, self._output = messages, output
        self._stopped: Ending | None = None

    def send(self, message: ToProcess) -> None:
        """Write to the process without waiting: it may never read."""
        data = encode(message, ToProcess)
        before = self._sending[-1:]

        def write() -> None:
            for thread in before:
                thread.join()
            # A process that dies before it has read everything just sends no messages.
            with contextlib.suppress(OSError):
                view = memoryview(data)
                while view:
                    view = view[self._requests.write(view) :]

        self._sending.append(threading.Thread(target=write, daemon=True))
        self._sending[-1].start()

    def close(self) -> None:
        """Stop sending, after the process has ended."""
        for thread in self._sending:
            # A process that it started may still hold the pipe open and never read from it.
            thread.join(1.0)
            if thread.is_alive():
                return
        self._requests.close()

    def messages(self, total: float, clock: float) -> Iterator[FromProcess]:
        """The messages of the process, until it ends or reaches a limit.

        Args:
            total: the processor time that it may use.
            clock: how long it may exist.
        """
        reader = Reader(FromProcess, self.limits.answer_mib * 2**20)
        output = 0
        with selectors.DefaultSelector() as selector:
            selector.register(self._messages, selectors.EVENT_READ)
            selector.register(self._output, selectors.EVENT_READ)
            while True:
                over = self.meter.used >= total or self.meter.clock >= clock
                if stopped := Ending(How.TOTAL) if over else self.meter.stopped():
                    self._stopped = stopped
                    return
                ready = selector.select(POLL_SECONDS)
                # Its output comes first: it may say why there is nothing else.
                for key, _ in sorted(ready, key=lambda pair: pair[0].fd != self._output):
                    data = os.read(key.fd, 2**16)
                    if key.fd == self._output:
                        output += len(data)
                        if not self.is_inside:
                            self.first_output = (self.first_output + data.decode(errors="replace"))[
                                -200:
                            ]
                        if output > self.limits.output_mib * 2**20:
                            self._stopped = Ending(How.OUTPUT, self.limits.output_mib)
                            return
                        if not data:
                            selector.unregister(self._output)
                        continue
                    if not data:
                        return
                    try:
                        for message in reader.feed(data):
                            self.meter.note(message)
                            yield message
                    except MalformedError as error:
                        self._stopped = Ending(How.UNREADABLE, why=str(error))
                        return

    @property
    def ending(self) -> Ending:
        """Why the process did not finish its current step."""
        return self._stopped or Ending(How.ENDED, status=self.status)
