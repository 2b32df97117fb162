"""What crosses a boundary is read back as it was written, or refused; nothing else can happen."""

from __future__ import annotations

import enum
import json
import random
import tracemalloc
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from autograder import schema
from autograder.schema import MalformedError, decode, encode, from_text, to_text


class Colour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Point:
    x: int
    y: float = 0.5


@dataclass(frozen=True)
class Blob:
    data: bytes
    arrays: tuple[np.ndarray, ...] = ()


@dataclass(frozen=True)
class Text:
    text: str
    colour: Colour = Colour.RED
    pair: tuple[int, bool] = (1, True)
    counts: dict[str, int] = field(default_factory=dict)
    deep: list[list[str]] = field(default_factory=list)
    about: Blob | Point | None = None
    plain: Any = None
    either: float | str | bool = True


@dataclass(frozen=True)
class Everything:
    texts: tuple[Text, ...]
    more: Point | None = None


MESSAGE = Everything(
    (
        Text("\ud800\0", Colour.BLUE, (3, False), {"a": 1}, [["x"], []], Point(7, 2.0), {"a": [1]}),
        Text("", about=Blob(b"\xff\0", (np.arange(6.0).reshape(2, 3), np.zeros((0, 4), np.int8)))),
        Text("after bytes", about=Blob(b"", (np.array(2, schema.DTYPES["bfloat16"]),)), either=1),
    ),
    Point(0),
)  # fmt: skip


def same(one: Any, other: Any) -> bool:
    return encode(one) == encode(other) and type(one) is type(other)


def test_a_message_comes_back_as_it_was_written():
    made = decode(Everything, encode(MESSAGE))
    assert same(made, MESSAGE)
    assert made.texts[0] == MESSAGE.texts[0]
    array = made.texts[1].about.arrays[0]
    assert array.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert not array.flags.writeable


@pytest.mark.parametrize("name", sorted(schema.DTYPES))
def test_arrays_of_every_dtype_come_back(name):
    sent = np.arange(6).reshape(2, 3).astype(schema.DTYPES[name])
    (got,) = decode(Blob, encode(Blob(b"", (sent,)))).arrays
    assert (got.dtype, got.shape, got.tobytes()) == (sent.dtype, sent.shape, sent.tobytes())


def test_of_several_kinds_the_right_one_comes_back():
    for message in (Point(1), Blob(b"12")):
        assert same(decode(Point | Blob, encode(message, Point | Blob)), message)


def test_a_line_of_text_comes_back():
    assert from_text(Point, to_text(Point(2**62, 0.1))) == Point(2**62, 0.1)
    assert from_text(Point, '{"x": 3, "y": 1}') == Point(3, 1.0)
    assert from_text(Point, to_text(Point(3, -1e300))) == Point(3, -1e300)


def test_counts_are_cut_to_what_can_be_compared():
    assert from_text(Point, f'{{"x": {10**400}}}').x == schema.LARGEST


@pytest.mark.parametrize(
    "value",
    [Blob(b"", (np.array([object()]),)), Text(3), Text("", plain=object()), Text("", either=())],
)  # fmt: skip
def test_what_no_schema_has_is_not_written(value):
    with pytest.raises(MalformedError):
        encode(value)


def test_bytes_are_no_text():
    with pytest.raises(MalformedError):
        to_text(Blob(b"1"))
    with pytest.raises(MalformedError):
        from_text(Blob, '{"data": 0}')


@pytest.mark.parametrize(
    "text",
    ["", "3", "null", "[]", "{}", "{", '{"x": 1} 2', '{"x": 1, "z": 1}', '{"x": -1}', '{"x": true}',
     '{"x": 1.0}', '{"x": "1"}', '{"x": null}', '{"x": [1]}', '{"x": 1, "y": "1"}', '{"x": NaN}',
     '{"x": 1, "y": Infinity}', '{"x": 1, "y": 1e999}', '{"x": 1, "y": true}', "[" * 100_000,
     '{"x": ' + "9" * 5000 + "}"],
)  # fmt: skip
def test_text_that_does_not_fit_is_refused(text):
    with pytest.raises(MalformedError):
        from_text(Point, text)


def raw(header: Any, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return schema.LENGTHS.pack(len(text), len(body)) + text + body


ARRAY = {"data": 0, "arrays": [["float32", [2]]]}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 7,
        raw(b"not json"),
        raw(b"\xff\xfe"),
        raw(json.dumps({"data": 0}).encode("utf-16")),
        raw([]),
        raw({"data": -1}),
        raw({"data": True}),
        raw({"data": 2}, b"1"),
        raw({"data": 1}, b"12"),
        raw({"data": 0}) + b" ",
        raw({"data": 0})[:-1],
        raw(ARRAY, b"1234567"),
        raw(ARRAY, b"123456789"),
        *(
            raw({"data": 0, "arrays": [array]}, bytes(8))
            for array in (
                3, "float32", ["float32"], ["float32", 2], ["object", [1]], [["float32"], [2]],
                ["float32", [-1]], ["float32", [2.0]], ["float32", [True]], ["float32", [1] * 33],
                ["float32", [2**32 - 1] * 8], ["float32", [2**40, 0]],
                ["int8", [0, *[2**32 - 1] * 3]],
            )
        ),
        schema.LENGTHS.pack(2**32 - 1, 2**32 - 1),
        raw(b'{"data": ' + b" " * schema.LARGEST_HEADER + b"0}"),
        raw(b"[" * 100_000),
    ],
    ids=range(30),
)  # fmt: skip
def test_bytes_that_do_not_fit_are_refused(data):
    with pytest.raises(MalformedError):
        decode(Blob, data)


@pytest.mark.parametrize("kind", [None, 3, "Text", "Everything", [], {}])
def test_a_kind_that_is_none_of_those_asked_for_is_refused(kind):
    with pytest.raises(MalformedError):
        decode(Point | Blob, raw({"kind": kind, "x": 1}))


def test_no_depth_is_a_mishap():
    """Just below the depth at which JSON is refused, an error could still go too deep."""
    for depth in (*range(800, 1000), 5_000, 50_000):
        with pytest.raises(MalformedError):
            decode(Point, raw(b'{"x": ' + b"[" * depth + b"]" * depth + b"}"))


JUNK = (
    None, True, -1, 7, 10**400, 0.5, 1e308, "", "\ud800", "x" * 10_000, [], [[]], {}, {"kind": 3},
    {"kind": "Blob"}, ["float32", [2**31] * 3], ["bool", []], [["a"]] * 1000,
)  # fmt: skip


def damaged(generator: random.Random, data: bytes) -> bytes:
    """The message with bytes changed, left out, doubled or cut, or with other JSON in it."""
    how, where = generator.choice(["bytes", "cut", "without", "twice", "json"]), 0
    changed = bytearray(data)
    where = generator.randrange(len(data))
    if how == "bytes":
        for _ in range(generator.choice([1, 1, 8])):
            changed[generator.randrange(len(data))] = generator.randrange(256)
    elif how == "cut":
        del changed[where:]
    elif how == "without":
        del changed[where : where + generator.randrange(1, 40)]
    elif how == "twice":
        changed[where:where] = changed[where : where + generator.randrange(1, 40)]
    else:
        header, _ = schema.LENGTHS.unpack_from(data)
        start = schema.LENGTHS.size
        node = plain = json.loads(data[start : start + header])
        while True:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            key = generator.choice(keys)
            if isinstance(node[key], dict | list) and node[key] and generator.random() < 0.8:
                node = node[key]
                continue
            node[key] = json.loads(json.dumps(generator.choice(JUNK)))
            return raw(plain, data[start + header :])
    return bytes(changed)


def test_damaged_messages_are_refused_and_cost_little():
    """Whatever bytes come: a message that can be written again, or a refusal."""
    data, refused = encode(MESSAGE), 0
    for seed in range(1500):
        generator = random.Random(seed)
        came = damaged(generator, data)
        if seed % 10 == 0:
            came = generator.randbytes(generator.randrange(200))
        if seed % 15 == 0:
            tracemalloc.start()
        try:
            made = decode(Everything, came)
        except MalformedError:
            refused += 1
        else:
            assert same(decode(Everything, encode(made)), made)
        if seed % 15 == 0:
            used = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert used < 100_000 + 100 * len(came), (seed, used, len(came))
    assert refused > 750


@pytest.mark.parametrize("unit", [b"[]", b"{}", b"0", b'"ab"', b"[[[]]]", b'{"a":{}}'])
def test_the_largest_header_cannot_fill_the_memory(unit):
    count = 2**18 // (len(unit) + 1)
    came = raw(b'{"plain": [' + b",".join([unit] * count) + b"]}")
    tracemalloc.start()
    with pytest.raises(MalformedError):
        decode(Text, came)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert used < 80 * len(came)
