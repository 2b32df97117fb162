"""The only language between the grader and the processes it does not trust: JSON and raw bytes.

A frame is two big-endian 32-bit lengths, a JSON object, and a body that the object's `arrays`
and `blob` divide. Nothing here evaluates or unpickles what arrives.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.schema import DTYPES

LENGTHS = struct.Struct(">II")
LARGEST_HEADER = 4 * 2**20


class FrameError(Exception):
    """What arrived is not a frame, or is larger than allowed."""


@dataclass(frozen=True)
class Frame:
    """One message.

    Attributes:
        header: a JSON object.
        arrays: NumPy arrays of the dtypes in `DTYPES`.
        blob: bytes, such as a serialised program.
    """

    header: dict[str, Any]
    arrays: tuple[np.ndarray, ...] = ()
    blob: bytes = b""


def encode(frame: Frame) -> bytes:
    """The frame as bytes.

    Raises:
        FrameError: an array has a dtype that may not be sent.
    """
    described = []
    for array in frame.arrays:
        if array.dtype.name not in DTYPES:
            raise FrameError(f"arrays of dtype {array.dtype.name} cannot be sent")
        described.append({"dtype": array.dtype.name, "shape": list(array.shape)})
    header = json.dumps({**frame.header, "arrays": described}).encode()
    body = b"".join([np.ascontiguousarray(array).tobytes() for array in frame.arrays])
    return LENGTHS.pack(len(header), len(body) + len(frame.blob)) + header + body + frame.blob


Send = Callable[[Frame], None]
Receive = Callable[[], Frame]
"""How a worker or a runner talks to the grader."""


@dataclass
class Reader:
    """Puts frames together from bytes that arrive in pieces.

    Args:
        largest: the most bytes that one frame may have.
    """

    largest: int
    _buffer: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take bytes; give the frames that are now complete.

        Raises:
            FrameError: the bytes are not frames.
        """
        self._buffer += data
        while len(self._buffer) >= LENGTHS.size:
            header, body = LENGTHS.unpack_from(self._buffer)
            total = LENGTHS.size + header + body
            if header > LARGEST_HEADER or total > self.largest:
                raise FrameError("a frame is larger than allowed")
            if len(self._buffer) < total:
                return
            start = LENGTHS.size
            frame = decode(
                bytes(self._buffer[start : start + header]),
                bytes(self._buffer[start + header : total]),
            )
            del self._buffer[:total]
            yield frame


def decode(header: bytes, body: bytes) -> Frame:
    """The frame with this header and body, checked.

    Raises:
        FrameError: it is not one that `encode` writes.
    """
    try:
        data = json.loads(header, parse_constant=_no_constants)
        described = data.pop("arrays")
        arrays, offset = [], 0
        for one in described:
            dtype, shape = DTYPES[one["dtype"]], _shape(one["shape"])
            size = dtype.itemsize * int(np.prod(shape, dtype=object))
            if offset + size > len(body):
                raise ValueError("an array is longer than the body")
            arrays.append(np.frombuffer(body[offset : offset + size], dtype).reshape(shape))
            offset += size
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FrameError(f"not a frame: {error}") from None
    return Frame(data, tuple(arrays), body[offset:])


def _shape(value: Any) -> tuple[int, ...]:
    good = isinstance(value, list) and len(value) <= 32
    if not good or not all(type(n) is int and 0 <= n < 2**32 for n in value):
        raise ValueError("not a shape")
    return tuple(value)


def _no_constants(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
