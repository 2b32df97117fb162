"""The only language between the jail and the processes in it, in the form of `schema`.

What is asked of a process, and what comes of a step, are bytes to the jail.
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
    """What a process is to do.

    Attributes:
        body: the request, which its role can read.
        failed: the steps that an earlier process failed at.
        done: these, and the steps that have been done.
    """

    body: bytes
    failed: tuple[str, ...] = ()
    done: tuple[str, ...] = ()


@dataclass(frozen=True)
class Late:
    """The second part of a request, held back until the process is ready for it."""

    body: bytes


@dataclass(frozen=True)
class Inside:
    """A process stands behind its walls, and runs its role from now on."""


@dataclass(frozen=True)
class Ready:
    """A process asks for the second part of its request."""


@dataclass(frozen=True)
class Begin:
    """A step begins."""

    step: str


@dataclass(frozen=True)
class Ours:
    """Whether the time is ours from now on, as for compiling, and not that of the code it runs."""

    is_ours: bool


@dataclass(frozen=True)
class End:
    """A step has been done.

    Attributes:
        step: its name.
        result: what came of it, which whoever asked can read.
    """

    step: str
    result: bytes


Asked = Request | Late
Said = Inside | Ready | Begin | Ours | End


class Reader:
    """Puts messages together from bytes that arrive in pieces.

    Args:
        kind: the schema of the messages.
        largest: the most bytes that one may have.
    """

    def __init__(self, kind: Any, largest: int) -> None:
        self._kind, self._largest = kind, largest
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Any]:
        """Take bytes; give the messages that are now complete.

        Raises:
            MalformedError: the bytes are no such messages.
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
    """How a role in a process talks to who asked.

    Args:
        asked, answers: the descriptors of the two pipes.
    """

    def __init__(self, asked: int, answers: int) -> None:
        self._asked, self._answers = asked, answers
        self._reader = Reader(Asked, largest=2**33)
        self._arrived: list[Asked] = []

    @functools.cached_property
    def request(self) -> Request:
        """What to do; waits until it is there."""
        return self._receive(Request)

    def late(self) -> bytes:
        """Ask for the second part of the request, and wait for it."""
        self.say(Ready())
        return self._receive(Late).body

    def say(self, message: Said) -> None:
        """Send a message."""
        data = memoryview(encode(message, Said))
        while data:
            data = data[os.write(self._answers, data) :]

    def _receive(self, kind: type[Any]) -> Any:
        while not self._arrived:
            data = os.read(self._asked, 2**20)
            if not data:
                raise EOFError("the grader is gone")
            self._arrived.extend(self._reader.feed(data))
        message = self._arrived.pop(0)
        if not isinstance(message, kind):
            raise MalformedError(f"{type(message).__name__} came in place of {kind.__name__}")
        return message


Role = Callable[[Connection], None]
"""What a process runs: it reads the request, and begins and ends steps."""
