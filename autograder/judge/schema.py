"""Plain data that crosses a boundary, decoded strictly into frozen dataclasses.

The annotations of a dataclass are its schema.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from functools import cache
from typing import Any, TypeVar

Decoded = TypeVar("Decoded")
LARGEST = 2**62
"""Where larger counts are cut, so that every number that is compared is of ordinary size."""


class MalformedError(ValueError):
    """The data does not fit the schema."""


def decode(kind: type[Decoded], data: Any) -> Decoded:
    """The dataclass that this JSON describes, field by field.

    Fields are booleans, counts (integers of at least zero), text, tuples, lists and dictionaries of
    one kind, other such dataclasses, or one of these or None. A field without a default must be
    there, and nothing else may be.

    Raises:
        MalformedError: it does not fit.

    Example:
        >>> @dataclasses.dataclass(frozen=True)
        ... class Loop:
        ...     name: str
        ...     turns: int | None = None
        >>> decode(Loop, {"name": "scan", "turns": 3})
        Loop(name='scan', turns=3)
    """
    try:
        return typing.cast(Decoded, _decode(kind, data))
    except RecursionError:
        raise MalformedError("nested too deeply") from None


def _decode(kind: Any, data: Any) -> Any:
    if dataclasses.is_dataclass(kind):
        return _fields(kind, data)
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        (kind,) = [one for one in inner if one is not types.NoneType]
        return None if data is None else _decode(kind, data)
    if origin is tuple and type(data) in (list, tuple):
        if inner[-1] is ...:
            return tuple(_decode(inner[0], one) for one in data)
        if len(inner) == len(data):
            return tuple(_decode(*each) for each in zip(inner, data, strict=True))
    if origin is list and type(data) is list:
        return [_decode(inner[0], one) for one in data]
    if origin is dict and type(data) is dict and all(type(key) is str for key in data):
        return {key: _decode(inner[1], one) for key, one in data.items()}
    if kind is int and type(data) is int and data >= 0:
        return min(data, LARGEST)
    if kind in (bool, str) and type(data) is kind:
        return data
    raise MalformedError(f"{str(data)[:40]!r} is not {kind}")


def _fields(kind: Any, data: Any) -> Any:
    if type(data) is not dict:
        raise MalformedError(f"{str(data)[:40]!r} is not an object")
    known = _schema(kind)
    if not data.keys() <= known.keys():
        raise MalformedError(f"{kind.__name__} has no {sorted(data.keys() - known.keys())[0]!r}")
    try:
        return kind(**{name: _decode(known[name], value) for name, value in data.items()})
    except TypeError:
        raise MalformedError(f"a field of {kind.__name__} is missing") from None


@cache
def _schema(kind: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {one.name: hints[one.name] for one in dataclasses.fields(kind)}
