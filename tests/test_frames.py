"""What arrives from a process that is not trusted is a frame or an error, nothing else."""

import json

import numpy as np
import pytest

from autograder.jail import frames
from autograder.jail.frames import Frame, FrameError, Reader


def received(data: bytes, largest: int = 2**20, piece: int = 7) -> list[Frame]:
    reader = Reader(largest)
    return [
        frame
        for start in range(0, len(data), piece)
        for frame in reader.feed(data[start : start + piece])
    ]


@pytest.mark.parametrize("name", sorted(frames.DTYPES))
def test_a_round_trip(name):
    sent = Frame(
        {"step": "ü", "n": 3},
        (np.arange(6).reshape(2, 3).astype(frames.DTYPES[name]), np.zeros((0, 4), np.int8)),
        b"blob\x00",
    )
    (got,) = received(frames.encode(sent))
    assert got.header == sent.header
    assert got.blob == sent.blob
    for have, want in zip(got.arrays, sent.arrays, strict=True):
        assert have.dtype == want.dtype
        assert have.shape == want.shape
        assert have.tobytes() == want.tobytes()


def test_frames_that_follow_each_other():
    data = b"".join(frames.encode(Frame({"n": n}, blob=bytes(n))) for n in range(5))
    assert [frame.header["n"] for frame in received(data)] == list(range(5))


def test_an_object_array_is_not_sent():
    with pytest.raises(FrameError, match="object"):
        frames.encode(Frame({}, (np.array([object()]),)))


def raw(header: object, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return frames.LENGTHS.pack(len(text), len(body)) + text + body


@pytest.mark.parametrize(
    "data",
    [
        raw(b"not json"),
        raw(b"\xff\xfe"),
        raw([]),
        raw({}),
        raw({"arrays": 3}),
        raw({"arrays": ["float32"]}),
        raw({"arrays": [{"dtype": "object", "shape": []}]}),
        raw({"arrays": [{"dtype": "float32", "shape": [-1]}]}),
        raw({"arrays": [{"dtype": "float32", "shape": [2.0]}]}),
        raw({"arrays": [{"dtype": "float32", "shape": [True]}]}),
        raw({"arrays": [{"dtype": "float32", "shape": [1] * 33}]}),
        raw({"arrays": [{"dtype": "float32", "shape": [2**31, 2**31, 2**31]}]}),
        raw({"arrays": [{"dtype": "float32", "shape": [2]}]}, b"1234567"),
        raw(b'{"arrays": [], "x": NaN}'),
        raw(b"[" * 100_000),
        frames.LENGTHS.pack(2**32 - 1, 2**32 - 1),
        frames.LENGTHS.pack(2, 2**21),
    ],
    ids=range(17),
)
def test_anything_else_is_an_error(data):
    with pytest.raises(FrameError):
        received(data)


def test_half_a_frame_is_no_frame():
    assert received(frames.encode(Frame({"n": 1}, blob=b"1234"))[:-1]) == []
