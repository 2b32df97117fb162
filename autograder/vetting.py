"""Why a program is not run: the rules that it must keep before anything is compiled.

`read` turns a StableHLO module into plain Python, the same on every JAX version; `vet` looks for
what XLA would crash on, never end with, or let out of the jail. An endless loop cannot be told from
a long one, so limits on time stay necessary. Reading a damaged module can itself crash.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jax import export
from jax.extend.mlir import ir
from jax.extend.mlir.dialects import chlo, sdy, stablehlo

MOST_OPERATIONS = 20_000
"""A chain of so many compiles for minutes; the largest of 400 JAX functions has 1,635."""
MOST_EXPANDED = 2**20
"""Operations once every call is written out, which XLA does: thirty functions can make 2^30."""
DEEPEST_CALLS = 128
"""The longest chain of calls; compilers follow it on the stack. JAX's own need 6."""
DEEPEST_LOOPS = 16
"""Loops within loops. Shallow ones can be as slow, but nobody writes sixteen."""
MOST_CONSTANT_BYTES = 16 * 2**20
"""All constants together: an answer is computed, and a table of answers is not one."""
MOST_ELEMENTS = 2**28
"""The largest tensor: 1 GiB of float32, a quarter of what a runner may use."""

DIALECTS = frozenset({"builtin", "chlo", "func", "sdy", "stablehlo"})
EFFECTS = frozenset(
    f"stablehlo.{name}"
    for name in ("after_all", "create_token", "infeed", "outfeed", "recv", "send")
)
# What jnp, lax, linalg, nn, random, scipy and shard_map put into 402 exported functions for cpu,
# cuda and tpu on JAX 0.7.2, 0.10.2 and 0.11.2. Added are LAPACK's for the other dtypes, cusolver's
# for large matrices, `mhlo.` names of what is a composite on newer JAX, and of the targets that
# jax.export calls stable those of shardings (GSPMD) and of threefry.
TARGETS = frozenset(
    f"lapack_{dtype}{routine}_ffi"
    for dtypes, routines in (
        ("cdsz", "gees geev gehrd geqrf gesdd getrf gtsv potrf trsm"),
        ("cz", "heevd hetrd ungqr"),
        ("ds", "orgqr syevd sytrd"),
    )
    for dtype in dtypes
    for routine in routines.split()
) | frozenset((
    "AllocateBuffer", "ApproxTopK", "Eigh", "LuDecomposition",
    "ProductOfElementaryHouseholderReflectors", "Qr", "SPMDFullToShardShape",
    "SPMDShardToFullShape", "Sharding", "chlo.ragged_dot", "cu_lu_pivots_to_permutation",
    "cu_threefry2x32_ffi", "cusolver_geqrf_ffi", "cusolver_gesvd_ffi", "cusolver_gesvdj_ffi",
    "cusolver_getrf_ffi", "cusolver_orgqr_ffi", "cusolver_potrf_ffi", "cusolver_syevd_ffi",
    "cusolver_sytrd_ffi", "cusparse_gtsv2_ffi", "mhlo.acos", "mhlo.acosh", "mhlo.asin",
    "mhlo.asinh", "mhlo.atanh", "mhlo.cosh", "mhlo.erf", "mhlo.sinh", "mhlo.topk"
))  # fmt: skip


class Refusal(Exception):  # noqa: N818
    """The program breaks a rule; the message is the sentence for the student."""


@dataclass(frozen=True)
class Tensor:
    """A type: its element as MLIR writes it (`f32`, `ui8`, `complex<f32>`) and its shape.

    An axis of unknown length is negative. What is no tensor, such as a token, has shape None.
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
    """What a function or a region does; its last operation hands on the results."""

    arguments: tuple[int, ...]
    operations: tuple[Operation, ...]


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation. Values are numbers, to be looked up in `Module.types`."""

    name: str
    attributes: Mapping[str, Any]
    operands: tuple[int, ...]
    results: tuple[int, ...]
    regions: tuple[Block, ...]

    @cached_property
    def callees(self) -> tuple[str, ...]:
        """The functions that it calls or stands for."""
        called = [
            self.attributes[name]
            for name in ("callee", "decomposition")
            if name in self.attributes and self.name in ("func.call", "stablehlo.composite")
        ]
        if self.name == "stablehlo.custom_call" and "called_computations" in self.attributes:
            called += ir.ArrayAttr(self.attributes["called_computations"])
        return tuple(ir.FlatSymbolRefAttr(one).value for one in called)

    @cached_property
    def target(self) -> str:
        """The name of a custom call's or composite's target, else nothing."""
        key = {"stablehlo.custom_call": "call_target_name", "stablehlo.composite": "name"}
        name = key.get(self.name)
        return ir.StringAttr(self.attributes[name]).value if name else ""


class Module:
    """A module as plain Python.

    Attributes:
        length: how many operations there are, functions and the module itself among them.
        operations: every one within the functions.
        functions: their bodies by name; one that is only declared has an empty body.
        main: the attributes of each argument of `main`; empty where none has any.
        meshes: the axes and their lengths of each `sdy.mesh`.
        types: of each value.
        definitions: the operation that each value comes from, arguments left out.
    """

    def __init__(self, module: Any) -> None:
        self._kept = module  # the attributes live in it
        self.operations: list[Operation] = []
        self.functions: dict[str, Block] = {}
        self.main: Sequence[Any] = ()
        self.meshes: dict[str, dict[str, int]] = {}
        self.types: list[Tensor] = []
        self.definitions: dict[int, Operation] = {}
        self._carried: dict[int, tuple[Operation, int]] = {}
        self._numbers: dict[Any, int] = {}
        self._seen: dict[Any, Tensor] = {}
        for one in module.body.operations:
            raw, name = one.operation, ir.StringAttr(one.operation.attributes["sym_name"]).value
            if raw.name == "func.func":
                self.functions[name] = self._region(raw.regions[0])
                if name == "main" and "arg_attrs" in raw.attributes:
                    self.main = [ir.DictAttr(a) for a in ir.ArrayAttr(raw.attributes["arg_attrs"])]
            elif raw.name == "sdy.mesh":
                axes = map(sdy.MeshAxisAttr, sdy.MeshAttr(raw.attributes["mesh"]).axes)
                self.meshes[name] = {axis.name: axis.size for axis in axes}
        self.length = 1 + len(list(module.body.operations)) + len(self.operations)

    def _region(self, region: Any) -> Block:
        blocks = list(region.blocks)
        if not blocks:
            return Block((), ())
        (block,) = blocks
        arguments = tuple(map(self._value, block.arguments))
        return Block(arguments, tuple(self._operation(one.operation) for one in block.operations))

    def _operation(self, raw: Any) -> Operation:
        operands = tuple(self._numbers[value] for value in raw.operands)
        results = tuple(map(self._value, raw.results))
        regions = tuple(map(self._region, raw.regions))
        operation = Operation(raw.name, raw.attributes, operands, results, regions)
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
        """The numbers of a `stablehlo.constant`; None where they are complex.

        JAX 0.7 aborts and 0.10 raises when it is asked for those.
        """
        if "complex" in self.types[constant.results[0]].element:
            return None
        return ir.DenseElementsAttr(constant.attributes["value"])

    def is_splat(self, constant: Operation) -> bool:
        """Whether a `stablehlo.constant` is known to be one number, repeated."""
        content = self.content(constant)
        return content is not None and content.is_splat

    def constant(self, value: int) -> int | None:
        """The integer that a value always is, as far as it can be told without calculating."""
        if value in self._carried:
            loop, position = self._carried[value]
            body = loop.regions[1]
            unchanged = body.operations[-1].operands[position] == body.arguments[position]
            return self.constant(loop.operands[position]) if unchanged else None
        made = self.definitions.get(value)
        if made is not None and made.name == "stablehlo.constant":
            splat = self.content(made).get_splat_value() if self.is_splat(made) else None
            return splat.value if isinstance(splat, ir.IntegerAttr) else None
        if made is not None and made.name == "stablehlo.get_dimension_size":
            axis = ir.IntegerAttr(made.attributes["dimension"]).value
            return (self.types[made.operands[0]].shape or ())[axis]
        same = ("stablehlo.convert", "stablehlo.reshape", "stablehlo.broadcast_in_dim")
        return self.constant(made.operands[0]) if made is not None and made.name in same else None


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
    context = ir.Context()
    for dialect in (stablehlo, chlo, sdy):
        dialect.register_dialect(context)
    return stablehlo.deserialize_portable_artifact(context, module_bytes)


def read(module_bytes: bytes) -> Module:
    """The module of `exported.mlir_module_serialized`, as plain Python.

    Raises:
        Exception: it cannot be read.
    """
    return Module(parse(module_bytes))


def vet_exported(
    exported: export.Exported, devices: int = 1, platforms: Sequence[str] = ("cpu",)
) -> str | None:
    """Why this is not run, by what `jax.export` says about it; None when all is well.

    Args:
        exported: what was deserialised.
        devices: for how many devices it must be.
        platforms: for which it must be, and no others.
    """
    if exported.disabled_safety_checks:
        return "The program was exported with safety checks switched off."
    if exported.ordered_effects or exported.unordered_effects:
        return "The program has side effects, such as a callback to Python."
    if exported.nr_devices != devices:
        return f"The program is for {exported.nr_devices} devices; {devices} was asked for."
    if tuple(exported.platforms) != tuple(platforms):
        return f"The program is not for {' and '.join(platforms)} alone, as was asked for."
    return None


def vet(module_bytes: bytes) -> str | None:
    """Why this module is not run, in a sentence for the student; None when all is well."""
    try:
        module = parse(module_bytes)
    except Exception:
        return "The program cannot be read: it is damaged, or of another version of JAX."
    try:
        _check_names(module)
        readable = Module(module)
        _check_operations(readable)
        _check_types(readable)
        _check_calls(readable)
    except Refusal as refused:
        return str(refused)
    except RecursionError:
        return "The program is nested too deeply."
    except (KeyError, ValueError):
        return "The program is not built as JAX builds one."
    return None


def _check_names(module: Any) -> None:
    """First of all, and inside MLIR's own walk: a long module must not be read into Python."""
    count, foreign = 0, ""

    def visit(operation: Any) -> Any:
        nonlocal count, foreign
        count += 1
        name = operation.name
        if name.split(".")[0] not in DIALECTS or name in EFFECTS:
            foreign = name
        stop = foreign or count > MOST_OPERATIONS
        return ir.WalkResult.INTERRUPT if stop else ir.WalkResult.ADVANCE

    module.operation.walk(visit)
    if foreign:
        raise Refusal(f"The program contains {_shown(foreign)}, which no answer needs.")
    if count > MOST_OPERATIONS:
        raise Refusal(
            f"The program has more than {MOST_OPERATIONS:,} operations: "
            "is a Python loop unrolled that could be a scan or a vmap?"
        )


def _check_operations(module: Module) -> None:
    constants = 0
    for operation in module.operations:
        attributes = operation.attributes
        if operation.name == "stablehlo.constant":
            constants += module.types[operation.results[0]].bytes * (not module.is_splat(operation))
        if operation.name != "stablehlo.custom_call":
            continue
        if operation.target not in TARGETS:
            raise Refusal(f"The program calls {_shown(operation.target)}, which JAX does not.")
        if "has_side_effect" in attributes and ir.BoolAttr(attributes["has_side_effect"]).value:
            raise Refusal(f"The program calls {_shown(operation.target)} for a side effect.")
    if constants > MOST_CONSTANT_BYTES:
        limit = MOST_CONSTANT_BYTES // 2**20
        raise Refusal(f"The program carries more than {limit} MiB of constants.")


def _check_types(module: Module) -> None:
    for kind in set(module.types):
        if kind.shape is None:
            raise Refusal(f"The program handles a {_shown(kind.element)}, which is no array.")
        if min(kind.shape, default=0) < 0:
            raise Refusal("The program has an array of unknown shape.")
        if kind.size > MOST_ELEMENTS:
            raise Refusal(
                f"The program makes an array of {kind.size:,} elements: "
                "is one axis too many, or too long?"
            )


@dataclass
class _Extent:
    """How far a function reaches: operations written out, calls deep, loops deep."""

    operations: int = 0
    calls: int = 0
    loops: int = 0


def _check_calls(module: Module) -> None:
    known: dict[str, _Extent | None] = {}

    def function(name: str) -> _Extent:
        if name not in known:
            if name not in module.functions or not module.functions[name].operations:
                raise Refusal(f"The program calls {_shown(name)}, which is not in it.")
            known[name] = None
            known[name] = block(module.functions[name])
        extent = known[name]
        if extent is None:
            raise Refusal(f"The function {_shown(name)} of the program calls itself.")
        return _Extent(extent.operations, extent.calls + 1, extent.loops)

    def block(one: Block) -> _Extent:
        total = _Extent()
        for operation in one.operations:
            inner = [function(name) for name in operation.callees]
            inner += [block(region) for region in operation.regions]
            turns = operation.name == "stablehlo.while"
            total.operations += 1 + sum(each.operations for each in inner)
            total.calls = max([total.calls, *(each.calls for each in inner)])
            total.loops = max([total.loops, *(each.loops + turns for each in inner)])
        return total

    for name in ("main", *module.functions):
        extent = function(name)
        if extent.operations > MOST_EXPANDED:
            raise Refusal("The program's functions call each other far too often.")
        if extent.calls > DEEPEST_CALLS:
            raise Refusal(f"The program has more than {DEEPEST_CALLS} calls within calls.")
        if extent.loops > DEEPEST_LOOPS:
            raise Refusal(f"The program has more than {DEEPEST_LOOPS} loops within loops.")


def _shown(text: str) -> str:
    """A name out of the program, which may be anything, fit for a sentence."""
    return re.sub(r"[^\w.<>@!-]", "?", text)[:60]
