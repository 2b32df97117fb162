"""What a program computes, as a hash: two programs with the same hash are the same function.

All views of a function have to be the same program, and the worker could send different ones. So
the runner hashes each view, and the grader compares the hashes.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Sequence

from jax import export
from jax.extend.mlir.dialects import sdy

from autograder.judge.module import Block, Module, Operation, Tensor, attribute_names, read

MOST_STEPS = 100_000
"""The most operations, calls written out; a longer program has no hash."""
INTEGER = re.compile(r"u?i\d")
SMALL = range(128)
"""Integers that every integer type can hold."""
PLATFORM = "the platform"
"""Stands for the platform number, an argument that only programs for several platforms have."""
SYMBOLS = frozenset(("callee", "called_computations", "decomposition"))
"""Attributes that name a function; what the function computes is hashed instead."""

Values = dict[int, str]
"""The hash of each value."""


class _TooLongError(Exception):
    pass


def meaning(exported: export.Exported) -> str:
    """A hash of what a program computes from its arguments; empty if that is unknown.

    A value is hashed as its operation with the hashes of its operands, through calls and into
    regions. So the order of operations, names, calls, unused values and donated memory do not
    change the hash. Of a program for several platforms, the part for the first is hashed.
    """
    reader = _Reader(read(exported.mlir_module_serialized))
    try:
        return reader.program(exported.module_kept_var_idx)
    except (_TooLongError, RecursionError):
        return ""


class _Reader:
    def __init__(self, module: Module) -> None:
        self.module = module
        self.steps = 0
        self._known: dict[str, int] = {}  # the small integers that some values always are
        self._calls: dict[tuple[str, tuple[str, ...], int], list[str]] = {}
        self._texts: dict[Operation, tuple[str, ...]] = {}

    def program(self, kept: Sequence[int]) -> str:
        main = self.module.functions["main"]
        arguments = [self._typed("argument", n, v) for n, v in self._leaves(main, kept)]
        if len(arguments) < len(main.arguments):
            # The program is for several platforms: take the first.
            self._known[PLATFORM] = 0
            arguments = [PLATFORM, *arguments]
        values = dict(zip(main.arguments, arguments, strict=True))
        return _hash("program", *self.module.meshes, *self._block(main, values, 0))

    def _leaves(self, main: Block, kept: Sequence[int]) -> list[tuple[int, int]]:
        leaves = main.arguments[len(main.arguments) - len(kept) :]
        is_platform = len(main.arguments) == len(kept) + 1 and (
            "jax.global_constant" in self.module.main[0]
        )
        if len(leaves) != len(kept) or not (len(leaves) == len(main.arguments) or is_platform):
            raise _TooLongError
        return list(zip(kept, leaves, strict=True))

    def _typed(self, role: str, number: int, value: int) -> str:
        return _hash(role, number, self.module.types[value])

    def _block(self, block: Block, values: Values, depth: int) -> list[str]:
        """Hash what a block computes, and return the hashes of its results."""
        for operation in block.operations[:-1]:
            self.steps += 1
            if self.steps > MOST_STEPS or operation.name == "stablehlo.rng":
                raise _TooLongError
            operands = tuple(values[value] for value in operation.operands)
            results = self._operation(operation, operands, values, depth)
            values.update(zip(operation.results, results, strict=True))
        return [values[value] for value in block.operations[-1].operands]

    def _operation(
        self, operation: Operation, operands: tuple[str, ...], values: Values, depth: int
    ) -> list[str]:
        if operation.name in ("func.call", "stablehlo.composite"):
            return self._call(operation.callees[0], operands, depth)
        if operation.name == "stablehlo.case" and operands[0] in self._known:
            chosen = self._known[operands[0]]
            branch = operation.regions[chosen if chosen < len(operation.regions) else -1]
            return self._block(branch, values, depth)
        placed = operands if operation.name == "sdy.manual_computation" else ()
        region_hashes = [
            self._region(region, values, depth + 1, placed) for region in operation.regions
        ]
        region_hashes += [
            self._region(self.module.functions[f], {}, depth + 1) for f in operation.callees
        ]
        operand_hashes = [operand for operand in operands if not placed or operand != PLATFORM]
        hashed = _hash(*self._text(operation, placed), *operand_hashes, *region_hashes)
        results = [_hash(hashed, n) for n in range(len(operation.results))]
        number = self._integer(operation, operands)
        if number is not None and number in SMALL:
            self._known[results[0]] = number
        return results

    def _call(self, name: str, operands: tuple[str, ...], depth: int) -> list[str]:
        key = name, operands, depth
        if key not in self._calls:
            function = self.module.functions[name]
            inside = dict(zip(function.arguments, operands, strict=True))
            self._calls[key] = self._block(function, inside, depth)
        return self._calls[key]

    def _region(self, region: Block, values: Values, depth: int, placed: Sequence[str] = ()) -> str:
        """Hash a region; on a mesh the platform number is one of its arguments."""
        names: list[str] = []
        for number, value in enumerate(region.arguments):
            if placed and placed[number] == PLATFORM:
                values[value] = PLATFORM
            else:
                names.append(self._typed(f"inside {depth}", len(names), value))
                values[value] = names[-1]
        return _hash("region", *names, *self._block(region, values, depth))

    def _integer(self, operation: Operation, operands: tuple[str, ...]) -> int | None:
        if operation.name == "stablehlo.constant":
            return self.module.constant(operation.results[0])
        known = [self._known[operand] for operand in operands if operand in self._known]
        if len(known) < len(operands):
            return None
        if operation.name == "stablehlo.convert" and INTEGER.match(self._kind(operation).element):
            return known[0]
        if operation.name == "stablehlo.clamp":
            low, value, high = known
            return min(max(low, value), high)
        return None

    def _kind(self, operation: Operation) -> Tensor:
        return self.module.types[operation.results[0]]

    def _text(self, operation: Operation, placed: Sequence[str]) -> tuple[str, ...]:
        """What an operation does to its operands."""
        if operation in self.module.complex:
            return operation.name, self.module.complex[operation]
        if operation not in self._texts:
            names = sorted(set(attribute_names(operation)) - SYMBOLS)
            attributes = {name: str(operation.attributes[name]) for name in names}
            if placed:
                shardings = sdy.TensorShardingPerValueAttr(
                    operation.attributes["in_shardings"]
                ).shardings
                attributes["in_shardings"] = ", ".join(
                    str(sharding)
                    for operand, sharding in zip(placed, shardings, strict=True)
                    if operand != PLATFORM
                )
            kinds = [str(self.module.types[value]) for value in operation.results]
            self._texts[operation] = operation.name, *itertools.chain(*attributes.items()), *kinds
        return self._texts[operation]


def _hash(*parts: object) -> str:
    hashed = hashlib.blake2b(digest_size=16)
    for part in parts:
        text = str(part).encode()
        hashed.update(b"%d " % len(text) + text)
    return hashed.hexdigest()
