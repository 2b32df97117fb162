"""The rules that a program has to keep before it is compiled and run.

`vet` rejects what would crash XLA, never end, or escape from the jail. An endless loop looks like a
long one, so time limits are still necessary.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jax import export
from jax.extend.mlir import ir

from autograder.judge import custom_calls
from autograder.judge.module import Block, Module, parsed
from autograder.judge.verdict import Refusal

MOST_OPERATIONS = 20_000
"""A chain of this length compiles for minutes; the largest of 400 JAX functions has 1,635."""
MOST_COUNTED = 10 * MOST_OPERATIONS
"""Operations beyond this number are not counted."""
MOST_EXPANDED = 2**20
"""The most operations with every call written out, as XLA does: thirty functions can make 2^30."""
DEEPEST_CALLS = 128
"""The longest chain of calls, which compilers follow on the stack. JAX's own functions need 6."""
DEEPEST_LOOPS = 16
"""The most loops within loops. Fewer can be as slow, but nobody writes sixteen."""
MOST_CONSTANT_BYTES = 16 * 2**20
"""The most bytes of all constants together: a table of results is not an answer."""
MOST_ELEMENTS = 2**28
"""The largest tensor: 1 GiB of float32, a quarter of what a runner may use."""

UNREADABLE = "The program cannot be read: it is damaged, or of another version of JAX."

DIALECTS = frozenset({"builtin", "chlo", "func", "sdy", "stablehlo"})
EFFECTS = frozenset(
    f"stablehlo.{name}"
    for name in ("after_all", "create_token", "infeed", "outfeed", "recv", "send")
)


def vet_exported(
    exported: export.Exported, devices: int = 1, platforms: Sequence[str] = ("cpu",)
) -> None:
    """Make sure that what `jax.export` records about a program allows running it.

    Args:
        exported: the deserialised program.
        devices: the number of devices that it must be for.
        platforms: the platforms that it must be for, and no others.

    Raises:
        Refusal: why the program is not run.
    """
    if exported.disabled_safety_checks:
        raise Refusal("The program was exported with safety checks switched off.")
    if exported.ordered_effects or exported.unordered_effects:
        raise Refusal("The program has side effects, such as a callback to Python.")
    if exported.nr_devices != devices:
        raise Refusal(
            f"The program is for the wrong number of devices: {exported.nr_devices}, not {devices}."
        )
    if tuple(exported.platforms) != tuple(platforms):
        names = " and ".join(platforms)
        raise Refusal(f"The program has to be for {names}, and for nothing else.")


def vet(module_bytes: bytes) -> None:
    """Make sure that this module may be compiled and run.

    Raises:
        Refusal: why the program is not run.
    """
    try:
        module = parsed(module_bytes)
    except Exception:
        raise Refusal(UNREADABLE) from None
    try:
        _check_names(module)
        readable = Module(module)
        _check_operations(readable)
        _check_types(readable)
        _check_calls(readable)
    except RecursionError:
        raise Refusal("The program is nested too deeply.") from None
    except (KeyError, ValueError):
        raise Refusal("The program is not built as JAX builds one.") from None


def _check_names(module: Any) -> None:
    """This comes first, in MLIR's own walk, because a long module must not be read into Python."""
    count, foreign = 0, ""

    def visit(operation: Any) -> Any:
        nonlocal count, foreign
        count += 1
        name = operation.name
        if name.split(".")[0] not in DIALECTS or name in EFFECTS:
            foreign = name
        stop = foreign or count > MOST_COUNTED
        return ir.WalkResult.INTERRUPT if stop else ir.WalkResult.ADVANCE

    module.operation.walk(visit)
    if foreign:
        raise Refusal(f"The program contains {_safe_name(foreign)}, which no answer needs.")
    if count > MOST_OPERATIONS:
        raise Refusal(
            f"The program has more than {MOST_OPERATIONS:,} operations: "
            "is a Python loop unrolled that could be a scan or a vmap?",
            count,
        )


def _check_operations(module: Module) -> None:
    constants = 0
    for operation in module.operations:
        attributes = operation.attributes
        if operation.name == "stablehlo.constant":
            constants += module.types[operation.results[0]].bytes * (not module.is_splat(operation))
        if operation.name != "stablehlo.custom_call":
            continue
        if operation.target not in custom_calls.TARGETS:
            raise Refusal(f"The program calls {_safe_name(operation.target)}, which JAX does not.")
        if "has_side_effect" in attributes and ir.BoolAttr(attributes["has_side_effect"]).value:
            raise Refusal(f"The program calls {_safe_name(operation.target)} for a side effect.")
        if not custom_calls.fits(module, operation):
            raise Refusal(
                f"The program calls {_safe_name(operation.target)} with other shapes than JAX."
            )
    if constants > MOST_CONSTANT_BYTES:
        limit = MOST_CONSTANT_BYTES // 2**20
        raise Refusal(f"The program carries more than {limit} MiB of constants.")


def _check_types(module: Module) -> None:
    for kind in set(module.types):
        if kind.shape is None:
            raise Refusal(
                f"The program handles a {_safe_name(kind.element)}, which is not an array."
            )
        if min(kind.shape, default=0) < 0:
            raise Refusal("The program has an array of unknown shape.")
        if kind.size > MOST_ELEMENTS:
            raise Refusal(
                f"The program makes an array of {kind.size:,} elements: "
                "is one axis too many, or too long?"
            )


@dataclass
class _Extent:
    """The size of a function: operations, calls written out, and the depth of calls and loops."""

    operations: int = 0
    calls: int = 0
    loops: int = 0


def _check_calls(module: Module) -> None:
    extents: dict[str, _Extent | None] = {}

    def function(name: str) -> _Extent:
        if name not in extents:
            if name not in module.functions or not module.functions[name].operations:
                raise Refusal(f"The program calls {_safe_name(name)}, which is not in it.")
            extents[name] = None
            extents[name] = block(module.functions[name])
        extent = extents[name]
        if extent is None:
            raise Refusal(f"The function {_safe_name(name)} of the program calls itself.")
        return _Extent(extent.operations, extent.calls + 1, extent.loops)

    def block(body: Block) -> _Extent:
        total = _Extent()
        for operation in body.operations:
            inner = [function(name) for name in operation.callees]
            inner += [block(region) for region in operation.regions]
            is_loop = operation.name == "stablehlo.while"
            total.operations += 1 + sum(extent.operations for extent in inner)
            total.calls = max([total.calls, *(extent.calls for extent in inner)])
            total.loops = max([total.loops, *(extent.loops + is_loop for extent in inner)])
        return total

    for name in ("main", *module.functions):
        extent = function(name)
        if extent.operations > MOST_EXPANDED:
            raise Refusal("The program's functions call each other far too often.")
        if extent.calls > DEEPEST_CALLS:
            raise Refusal(f"The program has more than {DEEPEST_CALLS} calls within calls.")
        if extent.loops > DEEPEST_LOOPS:
            raise Refusal(f"The program has more than {DEEPEST_LOOPS} loops within loops.")


def _safe_name(text: str) -> str:
    """A name from the program, which may be anything, made safe for a message."""
    return re.sub(r"[^\w.<>@!-]", "?", text)[:60]
