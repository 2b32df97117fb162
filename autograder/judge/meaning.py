"""What a program computes, as a hash: two programs with the same one are the same function.

All views of a function have to be one program, and a worker belongs to the student: so the runner
reads this off each of them, and the grader compares.
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
"""Operations that are followed, calls written out; of a longer program there is no hash."""
INTEGER = re.compile(r"u?i\d")
SMALL = range(128)
"""Integers that are the same number in every integer type."""
PLATFORM = "the platform"
"""Stands for the number of the platform, which only a program for several takes."""
SYMBOLS = frozenset(("callee", "called_computations", "decomposition"))
"""Attributes that name a function, in place of which what it computes is hashed."""

Values = dict[int, str]
"""What is known of values: the hash of each."""


class _TooLongError(Exception):
    pass


def meaning(exported: export.Exported) -> str:
    """A hash of what a program computes of its arguments; empty where that cannot be told.

    A value is hashed as its operation with the hashes of its operands, through calls and into
    regions. So neither order, nor names, nor calls, nor what is never used changes it, and nor
    does memory that is given away. Of a program for several platforms the part for the first is
    hashed.
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
            # Of several platforms the first is chosen.
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

    def _typed(self, what: str, number: int, value: int) -> str:
        return _hash(what, number, self.module.types[value])

    def _block(self, block: Block, values: Values, depth: int) -> list[str]:
        """Hash what a block computes; the hashes of what it returns."""
        for one in block.operations[:-1]:
            self.steps += 1
            if self.steps > MOST_STEPS or one.name == "stablehlo.rng":
                raise _TooLongError
            operands = tuple(values[value] for value in one.operands)
            results = self._operation(one, operands, values, depth)
            values.update(zip(one.results, results, strict=True))
        return [values[value] for value in block.operations[-1].operands]

    def _operation(
        self, one: Operation, operands: tuple[str, ...], values: Values, depth: int
    ) -> list[str]:
        if one.name in ("func.call", "stablehlo.composite"):
            return self._call(one.callees[0], operands, depth)
        if one.name == "stablehlo.case" and operands[0] in self._known:
            chosen = self._known[operands[0]]
            branch = one.regions[chosen if chosen < len(one.regions) else -1]
            return self._block(branch, values, depth)
        given = operands if one.name == "sdy.manual_computation" else ()
        inside = [self._region(region, values, depth + 1, given) for region in one.regions]
        inside += [self._region(self.module.functions[f], {}, depth + 1) for f in one.callees]
        others = [operand for operand in operands if not given or operand != PLATFORM]
        whole = _hash(*self._text(one, given), *others, *inside)
        results = [_hash(whole, n) for n in range(len(one.results))]
        number = self._integer(one, operands)
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

    def _region(self, region: Block, values: Values, depth: int, given: Sequence[str] = ()) -> str:
        """Hash a region; on a mesh it is given the number of the platform like an argument."""
        names: list[str] = []
        for number, value in enumerate(region.arguments):
            if given and given[number] == PLATFORM:
                values[value] = PLATFORM
            else:
                names.append(self._typed(f"inside {depth}", len(names), value))
                values[value] = names[-1]
        return _hash("region", *names, *self._block(region, values, depth))

    def _integer(self, one: Operation, operands: tuple[str, ...]) -> int | None:
        if one.name == "stablehlo.constant":
            return self.module.constant(one.results[0])
        known = [self._known[operand] for operand in operands if operand in self._known]
        if len(known) < len(operands):
            return None
        if one.name == "stablehlo.convert" and INTEGER.match(self._kind(one).element):
            return known[0]
        if one.name == "stablehlo.clamp":
            low, value, high = known
            return min(max(low, value), high)
        return None

    def _kind(self, one: Operation) -> Tensor:
        return self.module.types[one.results[0]]

    def _text(self, one: Operation, given: Sequence[str]) -> tuple[str, ...]:
        """What an operation does to its operands."""
        if one in self.module.complex:
            return one.name, self.module.complex[one]
        if one not in self._texts:
            named = sorted(set(attribute_names(one)) - SYMBOLS)
            said = {name: str(one.attributes[name]) for name in named}
            if given:
                laid = sdy.TensorShardingPerValueAttr(one.attributes["in_shardings"]).shardings
                each = zip(given, laid, strict=True)
                kept = [str(sharding) for operand, sharding in each if operand != PLATFORM]
                said["in_shardings"] = ", ".join(kept)
            kinds = [str(self.module.types[value]) for value in one.results]
            self._texts[one] = one.name, *itertools.chain(*said.items()), *kinds
        return self._texts[one]


def _hash(*parts: object) -> str:
    hashed = hashlib.blake2b(digest_size=16)
    for part in parts:
        text = str(part).encode()
        hashed.update(b"%d " % len(text) + text)
    return hashed.hexdigest()
