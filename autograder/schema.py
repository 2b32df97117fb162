"""Encodes and decodes all data that cross a boundary: a process, a file, a network.

Each message is a frozen dataclass, and its annotations are its schema. Fields are booleans, counts
(integers of at least zero), finite floats, text, bytes, NumPy arrays of the dtypes in `DTYPES`,
string enums, tuples, lists and dictionaries of one kind, other such dataclasses, and each of these
or None. In a union of several dataclasses, a key `kind` holds the name of the class. `Any` stands
for any JSON value, which is not checked.

`encode` writes a message as two big-endian 32-bit lengths, JSON, and the bytes and arrays in the
order of their fields. `decode` reads it strictly: every field without a default must be there,
unknown fields are errors, nothing is converted, and nothing is evaluated or unpickled. Its use of
memory is limited by the size of the data.

Two libraries were tried. msgspec ignores unknown fields of dataclasses, and rejects text with lone
surrogates, which file names can contain. cattrs converts "3", 2.9 and True to an integer.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import enum
import json
import math
import struct
import types
import typing
from functools import cache
from typing import Any, TypeVar

import ml_dtypes
import numpy as np

Decoded = TypeVar("Decoded")
LENGTHS = struct.Struct(">II")
LARGEST_HEADER = 4 * 2**20
"""The longest JSON of a message: parsed, it takes about forty times as much memory."""
LARGEST = 2**63 - 1
"""Larger counts are replaced by this one, so that no later computation meets a huge integer."""
KIND = "kind"
PLAIN = ("bool", "float16", "float32", "float64", "complex64", "complex128")
INTEGERS = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
DTYPES = {name: np.dtype(name) for name in PLAIN + INTEGERS}
DTYPES["bfloat16"] = np.dtype(ml_dtypes.bfloat16)


class MalformedError(ValueError):
    """The data do not fit the schema."""


def encode(message: Any, kind: Any = None) -> bytes:
    """A message as bytes.

    Args:
        message: the message.
        kind: its schema, if that is not its own class but a union of classes.

    Raises:
        MalformedError: `decode` would not read it.
    """
    parts: list[bytes] = []
    header = _dumped(_write(kind or type(message), message, parts)).encode()
    body = b"".join(parts)
    if max(len(header), len(body)) >= 2**32:
        raise MalformedError("a message is larger than four gigabytes")
    return LENGTHS.pack(len(header), len(body)) + header + body


def decode(kind: Any, data: bytes, largest_header: int = LARGEST_HEADER) -> Any:
    """The message that `encode` wrote.

    Args:
        kind: its schema: a dataclass, or a union of dataclasses.
        data: exactly one message.
        largest_header: the longest JSON that is accepted.

    Raises:
        MalformedError: the data do not fit the schema.

    Example:
        >>> @dataclasses.dataclass(frozen=True)
        ... class Loop:
        ...     name: str
        ...     turns: int | None = None
        >>> decode(Loop, encode(Loop("scan", turns=3)))
        Loop(name='scan', turns=3)
    """
    if len(data) < LENGTHS.size:
        raise MalformedError("it is cut short")
    header, body = LENGTHS.unpack_from(data)
    start = LENGTHS.size + header
    if header > largest_header or start + body != len(data):
        raise MalformedError("its lengths are wrong")
    parts = _Parts(data, start)
    message = _parsed(kind, data[LENGTHS.size : start], parts)
    if parts.offset != len(data):
        raise MalformedError("it is longer than it says")
    return message


def to_text(message: Any) -> str:
    """A message without bytes and arrays, as one line of JSON.

    Raises:
        MalformedError: `from_text` would not read it.
    """
    return _dumped(_write(type(message), message, None), ensure_ascii=False)


def from_text(kind: type[Decoded], text: str | bytes) -> Decoded:
    """The message that `to_text` wrote.

    Raises:
        MalformedError: the text does not fit the schema.
    """
    return typing.cast(Decoded, _parsed(kind, text, None))


class _Parts:
    """The bytes and arrays of a message, read one after the other."""

    def __init__(self, data: bytes, offset: int) -> None:
        self._data, self.offset = data, offset

    def take(self, size: int) -> bytes:
        start, self.offset = self.offset, self.offset + size
        if self.offset > len(self._data):
            raise MalformedError("it is cut short")
        return self._data[start : self.offset]


def _dumped(data: Any, ensure_ascii: bool = True) -> str:
    try:
        return json.dumps(data, allow_nan=False, ensure_ascii=ensure_ascii)
    except (ValueError, TypeError, RecursionError) as error:
        raise MalformedError(f"it cannot be written: {error}") from None


def _parsed(kind: Any, text: str | bytes, parts: _Parts | None) -> Any:
    try:
        # `json.loads` would accept bytes in other encodings too.
        written = text if isinstance(text, str) else text.decode()
        return _read(kind, json.loads(written, parse_constant=_no_number), parts)
    except MalformedError:
        raise
    except (ValueError, RecursionError) as error:  # not JSON, or nested too deeply
        raise MalformedError(f"it cannot be read: {error}") from None


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _write(kind: Any, value: Any, parts: list[bytes] | None) -> Any:
    kind, origin, inner = _taken_apart(kind)
    if kind is Any:
        return value
    if _is_dataclass(kind):
        return {
            name: _write(field, getattr(value, name), parts)
            for name, field in _schema(kind).items()
        }
    if origin in (types.UnionType, typing.Union):
        return _write_member(inner, value, parts)
    if origin is tuple and isinstance(value, tuple | list):
        kinds = [inner[0]] * len(value) if inner[-1] is ... else inner
        if len(kinds) == len(value):
            return [_write(*pair, parts) for pair in zip(kinds, value, strict=True)]
    if origin is list and isinstance(value, tuple | list):
        return [_write(inner[0], item, parts) for item in value]
    if origin is dict and isinstance(value, collections.abc.Mapping):
        return {str(key): _write(inner[1], item, parts) for key, item in value.items()}
    if kind is bytes and isinstance(value, bytes) and parts is not None:
        parts.append(value)
        return len(value)
    if kind is np.ndarray and isinstance(value, np.ndarray) and parts is not None:
        if value.dtype.name not in DTYPES:
            raise MalformedError(f"arrays of dtype {value.dtype.name} cannot be sent")
        parts.append(np.ascontiguousarray(value).tobytes())
        return [value.dtype.name, list(value.shape)]
    if kind is float and isinstance(value, int | float):
        return float(value)
    if kind in (bool, int) and type(value) is kind:
        return value
    if (kind is str or _is_enum(kind)) and isinstance(value, kind):
        return str(value)
    raise MalformedError(f"{str(value)[:40]!r} is not {kind}")


def _write_member(kinds: tuple[Any, ...], value: Any, parts: list[bytes] | None) -> Any:
    if value is None and types.NoneType in kinds:
        return None
    named = _named(kinds)
    if len(named) > 1 and type(value).__name__ in named:
        name = type(value).__name__
        return {KIND: name, **_write(named[name], value, parts)}
    for kind in kinds:
        try:
            return _write(kind, value, parts)
        except (MalformedError, AttributeError):
            continue
    raise MalformedError(f"{str(value)[:40]!r} is not one of {kinds}")


def _read(kind: Any, data: Any, parts: _Parts | None) -> Any:
    kind, origin, inner = _taken_apart(kind)
    if kind is Any:
        return data
    if _is_dataclass(kind):
        return _read_fields(kind, data, parts)
    if origin in (types.UnionType, typing.Union):
        return _read_member(inner, data, parts)
    if origin is tuple and type(data) is list:
        if inner[-1] is ...:
            return tuple(_read(inner[0], item, parts) for item in data)
        if len(inner) == len(data):
            return tuple(_read(*pair, parts) for pair in zip(inner, data, strict=True))
    if origin is list and type(data) is list:
        return [_read(inner[0], item, parts) for item in data]
    if origin is dict and type(data) is dict:
        return {key: _read(inner[1], item, parts) for key, item in data.items()}
    if kind is int and type(data) is int and data >= 0:
        return min(data, LARGEST)
    if kind is float and type(data) is int and abs(data) <= LARGEST:
        return float(data)
    if kind is float and type(data) is float and math.isfinite(data):
        return data
    if kind in (bool, str) and type(data) is kind:
        return data
    if kind is bytes and parts is not None and type(data) is int and data >= 0:
        return parts.take(data)
    if kind is np.ndarray and parts is not None:
        return _read_array(data, parts)
    if _is_enum(kind) and type(data) is str and data in list(kind):
        return kind(data)
    raise MalformedError(f"{str(data)[:40]!r} is not {kind}")


def _read_fields(kind: Any, data: Any, parts: _Parts | None) -> Any:
    if type(data) is not dict:
        raise MalformedError(f"{str(data)[:40]!r} is not an object")
    kinds = _schema(kind)
    if unknown := sorted(data.keys() - kinds.keys()):
        raise MalformedError(f"{kind.__name__} has no {unknown[0][:40]!r}")
    read = {name: _read(kinds[name], data[name], parts) for name in kinds if name in data}
    try:
        return kind(**read)
    except Exception as error:  # a field is missing, or the class rejects a value
        raise MalformedError(f"not a {kind.__name__}: {error}") from None


def _read_member(kinds: tuple[Any, ...], data: Any, parts: _Parts | None) -> Any:
    if data is None and types.NoneType in kinds:
        return None
    named = _named(kinds)
    if len(named) > 1 and type(data) is dict:
        name = data.get(KIND)
        if type(name) is not str or name not in named:
            raise MalformedError(f"{str(name)[:40]!r} is not one of {', '.join(named)}")
        return _read_fields(named[name], {key: data[key] for key in data if key != KIND}, parts)
    for kind in kinds:
        if kind is not types.NoneType and not (len(named) > 1 and _is_dataclass(kind)):
            try:
                return _read(kind, data, parts)
            except MalformedError as error:
                if len(kinds) - (types.NoneType in kinds) == 1:
                    raise error
    raise MalformedError(f"{str(data)[:40]!r} fits none of {len(kinds)} kinds")


def _read_array(data: Any, parts: _Parts) -> np.ndarray:
    if type(data) is not list or len(data) != 2 or type(data[1]) is not list:
        raise MalformedError("not an array")
    name, shape = data
    if type(name) is not str or name not in DTYPES:
        raise MalformedError(f"{str(name)[:40]!r} is not a dtype that can be sent")
    if len(shape) > 32 or not all(type(n) is int and 0 <= n < 2**32 for n in shape):
        raise MalformedError("not a shape")
    part = parts.take(DTYPES[name].itemsize * math.prod(shape))
    return np.frombuffer(part, DTYPES[name]).reshape(shape)


@cache
def _taken_apart(kind: Any) -> tuple[Any, Any, tuple[Any, ...]]:
    """A kind, its origin and its arguments, with the concrete type for `Mapping` and `Sequence`."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is collections.abc.Mapping:
        return _taken_apart(dict.__class_getitem__(inner))
    if origin is collections.abc.Sequence:
        return _taken_apart(tuple.__class_getitem__((inner[0], ...)))
    return kind, origin, inner


@cache
def _is_dataclass(kind: Any) -> bool:
    return dataclasses.is_dataclass(kind)


@cache
def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, enum.StrEnum)


@cache
def _named(kinds: tuple[Any, ...]) -> dict[str, Any]:
    return {kind.__name__: kind for kind in kinds if _is_dataclass(kind)}


@cache
def _schema(kind: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}
