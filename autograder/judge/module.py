"""A StableHLO module as plain Python, the same on every version of JAX.

The operations are those of https://openxla.org/stablehlo/spec. Reading a damaged module can crash
the process, so a student's module is read in a disposable one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any

from jax.extend.mlir import ir
from jax.extend.mlir.dialects import chlo, sdy, stablehlo

COMPOSITES = frozenset((
    "acos", "acosh", "asin", "asinh", "atanh", "cosh", "erf", "ragged_dot", "scan", "sinh", "top_k"
))  # fmt: skip
"""The composites that JAX 0.10 to 0.12 lowers `jnp` and `lax` to."""


@dataclass(frozen=True)
class Tensor:
    """A type: its element as MLIR writes it (`f32`, `ui8`, `complex<f32>`) and its shape.

    An axis of unknown length is negative. A type without a shape, such as a token, has shape None.
    """

    element: str
    shape: tuple[int, ...] | None

    @cached_property
    def size(self) -> int:
        return math.prod(self.shape or ())

    @cached_property
    def bytes(self) -> int:
        bits = int((re.findall(r"\d+", self.element) or ["8"])[0])
        return self.size * max(8, bits) // 8 * (2 if "complex" in self.element else 1)


@dataclass(frozen=True, eq=False)
class Block:
    """The body of a function or a region; its last operation returns the results."""

    arguments: tuple[int, ...]
    operations: tuple[Operation, ...]


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation. A value is a number; `Module.types` has its type."""

    name: str
    attributes: Mapping[str, Any]
    operands: tuple[int, ...]
    results: tuple[int, ...]
    regions: tuple[Block, ...]

    @cached_property
    def callees(self) -> tuple[str, ...]:
        """The names of the functions that it calls or stands for."""
        called = [
            self.attributes[name]
            for name in ("callee", "decomposition")
            if name in self.attributes and self.name in ("func.call", "stablehlo.composite")
        ]
        if self.name == "stablehlo.custom_call" and "called_computations" in self.attributes:
            called += ir.ArrayAttr(self.attributes["called_computations"])
        return tuple(ir.FlatSymbolRefAttr(symbol).value for symbol in called)

    @cached_property
    def target(self) -> str:
        """The target of a custom call or composite; empty for any other operation."""
        key = {"stablehlo.custom_call": "call_target_name", "stablehlo.composite": "name"}
        name = key.get(self.name)
        return ir.StringAttr(self.attributes[name]).value if name else ""


class Module:
    """A module as plain Python.

    Attributes:
        length: how many operations there are, functions and the module itself among them.
        operations: every operation within the functions.
        functions: their bodies by name; a function that is only declared has an empty body.
        main: the attributes of each argument of `main`; empty if no argument has any.
        meshes: the meshes that are declared, as MLIR writes them.
        types: the type of each value.
        definitions: the operation that computes each value; arguments are not in it.
        complex: the text of constants whose attribute JAX 0.7 and 0.10 cannot read.
    """

    def __init__(self, module: Any) -> None:
        self._kept = module  # the attributes live in it
        self.operations: list[Operation] = []
        self.functions: dict[str, Block] = {}
        self.main: Sequence[Any] = ()
        self.meshes: list[str] = []
        self.types: list[Tensor] = []
        self.definitions: dict[int, Operation] = {}
        self.complex: dict[Operation, str] = {}
        self._carried: dict[int, tuple[Operation, int]] = {}
        self._numbers: dict[Any, int] = {}
        self._seen: dict[Any, Tensor] = {}
        for operation in module.body.operations:
            raw, name = (
                operation.operation,
                ir.StringAttr(operation.operation.attributes["sym_name"]).value,
            )
            if raw.name == "func.func":
                self.functions[name] = self._region(raw.regions[0])
                if name == "main" and "arg_attrs" in raw.attributes:
                    self.main = [ir.DictAttr(a) for a in ir.ArrayAttr(raw.attributes["arg_attrs"])]
            elif raw.name == "sdy.mesh":
                self.meshes.append(str(raw))
        self.length = 1 + len(list(module.body.operations)) + len(self.operations)

    def _region(self, region: Any) -> Block:
        blocks = list(region.blocks)
        if not blocks:
            return Block((), ())
        (block,) = blocks
        arguments = tuple(map(self._value, block.arguments))
        return Block(
            arguments, tuple(self._operation(operation.operation) for operation in block.operations)
        )

    def _operation(self, raw: Any) -> Operation:
        operands = tuple(self._numbers[value] for value in raw.operands)
        results = tuple(map(self._value, raw.results))
        regions = tuple(map(self._region, raw.regions))
        operation = Operation(raw.name, raw.attributes, operands, results, regions)
        if raw.name == "stablehlo.constant" and "complex" in self.types[results[0]].element:
            self.complex[operation] = str(raw).partition("= ")[2]
        self.operations.append(operation)
        self.definitions |= dict.fromkeys(results, operation)
        if raw.name == "stablehlo.while":
            for region in regions:
                for position, value in enumerate(region.arguments):
                    self._carried[value] = operation, position
        return operation

    def _value(self, value: Any) -> int:
        kind = value.type
        if kind not in self._seen:
            self._seen[kind] = _tensor(kind)
        self._numbers[value] = len(self.types)
        self.types.append(self._seen[kind])
        return self._numbers[value]

    def content(self, constant: Operation) -> Any:
        """The numbers of a `stablehlo.constant`; None if they are complex.

        JAX 0.7 aborts, and 0.10 raises, when complex numbers are read.
        """
        if "complex" in self.types[constant.results[0]].element:
            return None
        return ir.DenseElementsAttr(constant.attributes["value"])

    def is_splat(self, constant: Operation) -> bool:
        """Whether a `stablehlo.constant` is known to be one number, repeated."""
        content = self.content(constant)
        return content is not None and content.is_splat

    def constant(self, value: int) -> int | None:
        """The integer that a value always is; None if that is unknown without computing."""
        if value in self._carried:
            loop, position = self._carried[value]
            body = loop.regions[1]
            unchanged = body.operations[-1].operands[position] == body.arguments[position]
            return self.constant(loop.operands[position]) if unchanged else None
        operation = self.definitions.get(value)
        if operation is not None and operation.name == "stablehlo.constant":
            splat = self.content(operation).get_splat_value() if self.is_splat(operation) else None
            return splat.value if isinstance(splat, ir.IntegerAttr) else None
        if operation is not None and operation.name == "stablehlo.get_dimension_size":
            axis = ir.IntegerAttr(operation.attributes["dimension"]).value
            return (self.types[operation.operands[0]].shape or ())[axis]
        same = ("stablehlo.convert", "stablehlo.reshape", "stablehlo.broadcast_in_dim")
        return (
            self.constant(operation.operands[0])
            if operation is not None and operation.name in same
            else None
        )


def _tensor(kind: Any) -> Tensor:
    if not isinstance(kind, ir.RankedTensorType):
        return Tensor(str(kind), None)
    lengths = [-1 if kind.is_dynamic_dim(n) else kind.get_dim_size(n) for n in range(kind.rank)]
    return Tensor(str(kind.element_type), tuple(lengths))


def parse(module_bytes: bytes) -> Any:
    """The module of `exported.mlir_module_serialized`, as MLIR has it.

    Raises:
        Exception: it cannot be parsed.
    """
    return stablehlo.deserialize_portable_artifact(context(), module_bytes)


@cache
def context() -> ir.Context:
    """One context for the process: registering the dialects takes longer than parsing a program."""
    context = ir.Context()
    for dialect in (stablehlo, chlo, sdy):
        dialect.register_dialect(context)
    return context


parsed = lru_cache(maxsize=1)(parse)
"""`parse` with a cache, for callers that change nothing: a program is vetted, and then read."""


def read(module_bytes: bytes) -> Module:
    """The module of `exported.mlir_module_serialized`, as plain Python.

    Raises:
        Exception: it cannot be read.
    """
    return Module(parsed(module_bytes))


def plain_name(operation: Operation) -> str:
    """`add` for `stablehlo.add`; the target for custom calls and JAX's own composites.

    A student can give a composite any name, so only names that no operation has are trusted.
    """
    target = operation.target.removeprefix("mhlo.").removeprefix("chlo.")
    target = {"topk": "top_k"}.get(target, target)
    if operation.name == "stablehlo.custom_call" or target in COMPOSITES:
        return target
    dialect, _, name = operation.name.partition(".")
    return name if dialect in ("stablehlo", "chlo", "func") else operation.name


def attribute_names(operation: Operation) -> list[str]:
    """The names of an operation's attributes."""
    # Iterating gives names on newer JAX, named attributes on 0.7.
    return [
        attribute if isinstance(attribute, str) else attribute.name
        for attribute in operation.attributes
    ]
