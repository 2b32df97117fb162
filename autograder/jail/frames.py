"""The only messages between the jail and its processes, encoded by `schema`.

The body of a request and the result of a step are bytes, which the jail does not read.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from autograder.schema import LARGEST_HEADER, LENGTHS, MalformedError, decode, encode


@dataclass(frozen=True)
class Request:
    """What a process should do.

    Attributes:
        body: the request, in a form that its role can read.
        failed: the steps at which an earlier process failed.
        done: the steps that are finished or failed.
    """

    body: bytes
    failed: tuple[str, ...] = ()
    done: tuple[str, ...] = ()


@dataclass(frozen=True)
class Late:
    """The second part of a request, sent when the process asks for it."""

    body: bytes


@dataclass(frozen=True)
class Inside:
    """The process is behind its walls, and runs its role from now on."""


@dataclass(frozen=True)
class Ready:
    """The process asks for the second part of its request."""


@dataclass(frozen=True)
class Begin:
    """A step begins."""

    step: str


@dataclass(frozen=True)
class Ours:
    """From now on time counts as the grader's, as for compiling, or again as the student's."""

    is_ours: bool


@dataclass(frozen=True)
class End:
    """A step is finished.

    Attributes:
        step: its name.
        result: its result, in a form that the sender of the request can read.
    """

    step: str
    result: bytes


ToProcess = Request | Late
"""A message to a process."""
FromProcess = Inside | Ready | Begin | Ours | End
"""A message from a process."""


class Reader:
    """Reads messages from bytes that arrive in pieces.

    Args:
        kind: the schema of the messages.
        largest: the most bytes that a message may have.
    """

    def __init__(self, kind: Any, largest: int) -> None:
        self._kind, self._largest = kind, largest
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Any]:
        """Add bytes, and yield the messages that are now complete.

        Raises:
            MalformedError: the bytes are not such messages.
        """
        self._buffer += data
        while len(self._buffer) >= LENGTHS.size:
            header, body = LENGTHS.unpack_from(self._buffer)
            total = LENGTHS.size + header + body
            if header > LARGEST_HEADER or total > self._largest:
                raise MalformedError("a message is larger than allowed")
            if len(self._buffer) < total:
                return
            message = bytes(self._buffer[:total])
            del self._buffer[:total]
            yield decode(self._kind, message)


class Connection:
    """How a role in a process talks to the jail.

    Args:
        requests, answers: the descriptors of the two pipes.
    """

    def __init__(self, requests: int, answers: int) -> None:
        self._requests, self._answers = requests, answers
        self._reader = Reader(ToProcess, largest=2**33)
        self._arrived: list[ToProcess] = []

    @functools.cached_property
    def request(self) -> Request:
        """The request; waits until it arrives."""
        return self._receive(Request)

    def late(self) -> bytes:
        """Ask for the second part of the request, and wait for it."""
        self.say(Ready())
        return self._receive(Late).body

    def say(self, message: FromProcess) -> None:
        """Send a message."""
        data = memoryview(encode(message, FromProcess))
        while data:
            data = data[os.write(self._answers, data) :]

    def _receive(self, kind: type[Any]) -> Any:
        while not self._arrived:
            data = os.read(self._requests, 2**20)
            if not data:
                raise EOFError("the grader is gone")
            self._arrived.extend(self._reader.feed(data))
        message = self._arrived.pop(0)
        if not isinstance(message, kind):
            raise MalformedError(f"expected {kind.__name__}, got {type(message).__name__}")
        return message


Role = Callable[[Connection], None]
"""A function that a process runs: it reads the request, and begins and ends steps."""
