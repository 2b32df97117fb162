"""What the integers of a program are, without running it: a known number, or a fingerprint.

A `Value` stands for a tensor. For a tensor of integers it has a `uint64` per entry: the number
itself if it follows from constants (below 2**63, negative ones modulo their width), else a
fingerprint (2**63 and more), which is equal for entries that are computed in the same way from the
same entries. Any other tensor, and a tensor of more than `LARGEST` integers, is a single
fingerprint, a Python integer. Two different computations share a fingerprint with a probability of
2**-63.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jax.extend.mlir import ir
from jax.extend.mlir.dialects import stablehlo

from autograder.judge.module import Module, Operation, Tensor, plain_name

Value = np.ndarray | int

LARGEST = 2**18
"""The largest tensor whose entries are told apart."""
UNKNOWN = np.uint64(2**63)
DTYPES: dict[str, np.dtype[Any]] = {
    "i1": np.dtype(np.bool_),
    **{f"i{bits}": np.dtype(f"int{bits}") for bits in (8, 16, 32, 64)},
    **{f"ui{bits}": np.dtype(f"uint{bits}") for bits in (8, 16, 32, 64)},
}
"""The element types whose entries are told apart, as MLIR writes them."""


def hashed(text: str) -> int:
    """A fingerprint of a text."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) | int(UNKNOWN)


def mixed(*values: Value) -> np.ndarray:
    """The fingerprint of several values together, entry by entry; their order counts."""
    total = np.asarray(0, np.uint64)
    for value in values:
        # The mixing of SplitMix64, https://doi.org/10.1145/2660193.2660195.
        total = (total ^ np.asarray(value, np.uint64)) + np.uint64(0x9E3779B97F4A7C15)
        total = (total ^ (total >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        total = (total ^ (total >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        total = total ^ (total >> np.uint64(31))
    return np.asarray(total | UNKNOWN)


def squashed(value: np.ndarray) -> np.ndarray:
    """The value with length 1 along every axis along which it only repeats."""
    return value[tuple(slice(1) if stride == 0 else slice(None) for stride in value.strides)]


def summary(value: Value) -> int:
    """One fingerprint for all entries of a value."""
    if isinstance(value, int):
        return value
    distinct = squashed(value)
    places = np.arange(distinct.size, dtype=np.uint64)
    return int(mixed(np.bitwise_xor.reduce(mixed(distinct.ravel(), places)), *value.shape))


def scattered(fingerprint: int, kind: Tensor) -> Value:
    """A value of this type when only its origin is known."""
    if kind.element not in DTYPES or kind.size > LARGEST or kind.shape is None:
        return fingerprint
    places = np.arange(kind.size, dtype=np.uint64).reshape(kind.shape)
    return mixed(fingerprint, places)


def known(value: Value) -> bool:
    """Whether every entry is a known number."""
    return isinstance(value, np.ndarray) and bool((value < UNKNOWN).all())


def number(value: Value) -> int | None:
    """The number that a value is known to be; None when it is not known."""
    is_number = isinstance(value, np.ndarray) and value.size == 1 and known(value)
    return int(np.asarray(value).ravel()[0]) if is_number else None


def _decoded(value: np.ndarray, kind: Tensor) -> np.ndarray:
    return value.astype(DTYPES[kind.element])


def _encoded(value: np.ndarray) -> np.ndarray:
    unsigned = value.dtype if value.dtype.kind in "bu" else value.dtype.str.replace("i", "u")
    return value.view(unsigned).astype(np.uint64)


def _divided(x: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Integer division, rounded towards zero; a division by zero gives -1."""
    exact = np.fmod(x, np.where(by == 0, 1, by).astype(x.dtype))
    quotient = np.floor_divide(x - exact, np.where(by == 0, 1, by).astype(x.dtype))
    return np.where(
        by == 0, np.full_like(x, -1 if x.dtype.kind == "i" else ~x.dtype.type(0)), quotient
    )


COMPUTED: dict[str, Callable[..., np.ndarray]] = {
    "abs": np.abs,
    "add": np.add,
    "and": np.bitwise_and,
    "divide": _divided,
    "clamp": lambda low, x, high: np.minimum(np.maximum(low, x), high),
    "maximum": np.maximum,
    "minimum": np.minimum,
    "multiply": np.multiply,
    "negate": np.negative,
    "not": np.invert,
    "or": np.bitwise_or,
    "remainder": lambda x, by: np.where(by == 0, x, np.fmod(x, np.where(by == 0, 1, by))).astype(
        x.dtype
    ),
    "sign": lambda x: np.sign(x).astype(x.dtype),
    "shift_left": lambda x, by: _shifted(np.left_shift, x, by),
    "shift_right_logical": lambda x, by: _shifted(np.right_shift, x, by),
    "subtract": np.subtract,
    "xor": np.bitwise_xor,
}
"""How to compute with known numbers; all operands have the same dtype."""
COMPARED = {
    "EQ": np.equal, "NE": np.not_equal, "LT": np.less, "LE": np.less_equal, "GT": np.greater,
    "GE": np.greater_equal,
}  # fmt: skip
SAME = frozenset(("bitcast_convert", "reshape", "Sharding", "sdy.sharding_constraint"))
"""Operations that return the entries of their operand in the same order."""


def _shifted(shift: Callable[..., np.ndarray], x: np.ndarray, by: np.ndarray) -> np.ndarray:
    bits = 8 * x.dtype.itemsize
    unsigned = x.view(x.dtype.str.replace("i", "u"))
    moved = shift(unsigned, by.astype(unsigned.dtype) % bits).view(x.dtype)
    return np.where(by.astype(unsigned.dtype) < bits, moved, np.zeros_like(x))


@functools.cache
def _digest(operation: Operation) -> int:
    # Iterating gives names on newer JAX, named attributes on 0.7.
    names = (
        attribute if isinstance(attribute, str) else attribute.name
        for attribute in operation.attributes
    )
    named = sorted((name, str(operation.attributes[name])) for name in names)
    return hashed(f"{operation.name} {named}")


def constant(module: Module, operation: Operation) -> Value:
    """The value of a `stablehlo.constant`."""
    kind = module.types[operation.results[0]]
    content = module.content(operation)
    if content is None or kind.element not in DTYPES or kind.size > LARGEST:
        return scattered(_digest(operation), kind)
    if content.is_splat:
        entry = np.asarray(content.get_splat_value().value).astype(DTYPES[kind.element])
        return np.broadcast_to(_encoded(entry), kind.shape or ())
    if kind.element == "i1":
        entries = np.array([bool(ir.DenseIntElementsAttr(content)[n]) for n in range(kind.size)])
    else:
        entries = np.array(content)
    return _encoded(entries.reshape(kind.shape).astype(DTYPES[kind.element]))


def results(module: Module, operation: Operation, operands: Sequence[Value]) -> list[Value]:
    """The values that an operation without regions returns."""
    kinds = [module.types[value] for value in operation.results]
    if operation.name == "stablehlo.constant":
        return [constant(module, operation)]
    name = plain_name(operation)
    is_told = all(kind.element in DTYPES and kind.size <= LARGEST for kind in kinds)
    if is_told and all(isinstance(operand, np.ndarray) for operand in operands):
        if name in MOVED:
            moved = MOVED[name](operation, operands, kinds[0])
            if moved is not None:
                return [moved]
        if name in SAME and module.types[operation.operands[0]].size == kinds[0].size:
            return [np.reshape(operands[0], kinds[0].shape or ())]
        if name in COMPUTED or name in ("compare", "convert", "select"):
            return [_elementwise(module, operation, name, operands)]
    fingerprint = mixed(_digest(operation), *map(summary, operands))
    return [scattered(int(mixed(fingerprint, n)), kind) for n, kind in enumerate(kinds)]


def _elementwise(
    module: Module, operation: Operation, name: str, operands: Sequence[Any]
) -> np.ndarray:
    shape = module.types[operation.results[0]].shape or ()
    distinct = [squashed(operand) for operand in operands]
    kinds = [module.types[value] for value in operation.operands]
    if name == "select":
        chosen = np.where(distinct[0] != 0, distinct[1], distinct[2])
        picked = np.where(distinct[0] >= UNKNOWN, mixed(hashed("select"), *distinct), chosen)
        return np.broadcast_to(picked, shape)
    if name == "convert":
        converted = _converted(distinct[0], kinds[0], module.types[operation.results[0]])
        return np.broadcast_to(converted, shape)
    unknown = functools.reduce(np.logical_or, (value >= UNKNOWN for value in distinct))
    fingerprints = mixed(_digest(operation), *distinct)
    is_logical = kinds[0].element == "i1" and name not in ("and", "or", "xor", "not", "compare")
    if unknown.all() or is_logical:
        return np.broadcast_to(fingerprints, shape)
    numbers = [_decoded(value, kind) for value, kind in zip(distinct, kinds, strict=True)]
    if name == "compare":
        attribute = operation.attributes["comparison_direction"]
        computed = COMPARED[stablehlo.ComparisonDirectionAttr(attribute).value](*numbers)
    else:
        computed = COMPUTED[name](*numbers)
    return np.broadcast_to(np.where(unknown, fingerprints, _encoded(np.asarray(computed))), shape)


def _converted(value: np.ndarray, old: Tensor, new: Tensor) -> np.ndarray:
    unknown = value >= UNKNOWN
    converted = _encoded(_decoded(value, old).astype(DTYPES[new.element]))
    widths = [np.dtype(DTYPES[kind.element]).itemsize for kind in (old, new)]
    # A word that is widened, or becomes unsigned, keeps its fingerprint.
    fingerprints = (
        value
        if widths[1] >= widths[0] and old.element != "i1"
        else mixed(hashed(new.element), value)
    )
    return np.where(unknown, fingerprints, converted)


def _integers(operation: Operation, name: str) -> list[int]:
    return list(ir.DenseI64ArrayAttr(operation.attributes[name]))


def _integer(operation: Operation, name: str) -> int:
    return int(ir.IntegerAttr(operation.attributes[name]).value)


def _iota(operation: Operation, operands: Sequence[Any], kind: Tensor) -> Value:
    shape = kind.shape or ()
    axis = _integer(operation, "iota_dimension")
    line = np.arange(shape[axis], dtype=np.uint64)
    return np.broadcast_to(line.reshape([-1 if n == axis else 1 for n in range(len(shape))]), shape)


def _broadcast(operation: Operation, operands: Sequence[Any], kind: Tensor) -> Value:
    axes = _integers(operation, "broadcast_dimensions")
    shape = [1] * len(kind.shape or ())
    for axis, length in zip(axes, operands[0].shape, strict=True):
        shape[axis] = length
    # The axes of an operand may come in any order.
    return np.broadcast_to(operands[0].transpose(np.argsort(axes)).reshape(shape), kind.shape or ())


def _slice(operation: Operation, operands: Sequence[Any], kind: Tensor) -> Value:
    names = ("start_indices", "limit_indices", "strides")
    bounds = zip(*(_integers(operation, name) for name in names), strict=True)
    return operands[0][tuple(slice(*bound) for bound in bounds)]


def _starts(starts: Sequence[Any], shape: Sequence[int], lengths: Sequence[int]) -> list[int]:
    signed = [int(np.uint32(int(start.ravel()[0])).astype(np.int32)) for start in starts]
    bounds = zip(signed, shape, lengths, strict=True)
    return [min(max(start, 0), length - size) for start, length, size in bounds]


def _dynamic_slice(operation: Operation, operands: Sequence[Any], kind: Tensor) -> Value | None:
    array, *starts = operands
    if not all(map(known, starts)):
        return None
    lengths = _integers(operation, "slice_sizes")
    begins = _starts(starts, array.shape, lengths)
    return array[tuple(slice(b, b + n) for b, n in zip(begins, lengths, strict=True))]


def _dynamic_update_slice(
    operation: Operation, operands: Sequence[Any], kind: Tensor
) -> Value | None:
    array, update, *starts = operands
    if not all(map(known, starts)):
        return None
    begins = _starts(starts, array.shape, update.shape)
    updated = array.copy()
    updated[tuple(slice(b, b + n) for b, n in zip(begins, update.shape, strict=True))] = update
    return updated


def _gather(operation: Operation, operands: Sequence[Any], kind: Tensor) -> Value | None:
    array, indices = operands
    if not known(indices):
        return None
    numbers = stablehlo.GatherDimensionNumbers(operation.attributes["dimension_numbers"])
    if len(numbers.operand_batching_dims) or indices.size == 0:
        return None
    lengths = _integers(operation, "slice_sizes")
    axis = numbers.index_vector_dim
    if axis == indices.ndim:
        indices = indices[..., None]
    indices = np.moveaxis(indices, axis, -1)
    batch = indices.shape[:-1]
    parts = []
    for vector in indices.reshape(-1, indices.shape[-1]):
        starts = [np.uint64(0)] * array.ndim
        for place, axis in zip(vector, numbers.start_index_map, strict=True):
            starts[axis] = place
        begins = _starts([np.asarray(start) for start in starts], array.shape, lengths)
        part = array[tuple(slice(b, b + n) for b, n in zip(begins, lengths, strict=True))]
        parts.append(np.squeeze(part, tuple(numbers.collapsed_slice_dims)))
    stacked = np.stack(parts).reshape(*batch, *parts[0].shape)
    offset = list(numbers.offset_dims)
    return np.moveaxis(stacked, range(len(batch), stacked.ndim), offset)


MOVED: dict[str, Callable[[Operation, Sequence[Any], Tensor], Value | None]] = {
    "broadcast_in_dim": _broadcast,
    "concatenate": lambda operation, operands, kind: np.concatenate(
        operands, _integer(operation, "dimension")
    ),
    "dynamic_slice": _dynamic_slice,
    "dynamic_update_slice": _dynamic_update_slice,
    "gather": _gather,
    "iota": _iota,
    "reverse": lambda operation, operands, kind: np.flip(
        operands[0], tuple(_integers(operation, "dimensions"))
    ),
    "slice": _slice,
    "transpose": lambda operation, operands, kind: operands[0].transpose(
        _integers(operation, "permutation")
    ),
}
"""Operations that move entries; the result is None when the new positions are unknown."""
