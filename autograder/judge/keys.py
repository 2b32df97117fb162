"""Random draws from a key that was used before, found by following each key in the program."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.judge import fingerprints
from autograder.judge.fingerprints import LARGEST, UNKNOWN, Value, mixed, squashed, summary
from autograder.judge.module import Block, Module, Operation, plain_name

LONGEST = 20_000
"""How many operations are followed; after that, only two turns of each loop."""
MANY = 2**14
"""A call with more keys and counters than this: only some of its keys are followed."""
FEW = 64
"""Up to this many counters of a key are kept as a set."""
BRANCHES = ("stablehlo.case", "stablehlo.if")


Guards = frozenset[tuple[tuple[Operation, ...], int]]
"""The selects that use a draw on one side only: each with its place, and which side."""


@dataclass
class _Use:
    """What a key was used for by draws with the same guards.

    Attributes:
        counters: the counters of its threefry calls.
        long: the counters of calls with many.
        spent: whether numbers were drawn from it.
    """

    counters: set[int] = field(default_factory=set)
    long: list[np.ndarray] = field(default_factory=list)
    spent: bool = False

    def repeats(self, counters: np.ndarray, spends: bool) -> bool:
        """Whether a use with these counters repeats an earlier one."""
        return (
            spends
            or self.spent
            or not self.counters.isdisjoint(counters.tolist())
            or any(np.isin(counters, known).any() for known in self.long)
        )

    def add(self, counters: np.ndarray, spends: bool) -> None:
        self.spent |= spends
        if counters.size <= FEW:
            self.counters.update(counters.tolist())
        else:
            self.long.append(counters)

    def copy(self) -> _Use:
        return _Use(set(self.counters), list(self.long), self.spent)

    def merge(self, other: _Use) -> None:
        self.counters |= other.counters
        self.long += [
            counters for counters in other.long if not any(counters is own for own in self.long)
        ]
        self.spent |= other.spent


class KeyUse:
    """Counts the threefry calls that use a key again.

    Every entry of a key is followed as a fingerprint (`fingerprints`) through calls, branches,
    `shard_map` and the turns of loops. So a key is recognised by how it was computed:
    `split(key)[0]` is `fold_in(key, 0)`, and a key that comes back in a later turn is the same
    key. A key may be used once to draw, or with several different counters: to fold in several
    numbers, or to split. Only one branch runs, so two branches may use the same key. The two sides
    of a select may too, because `vmap` turns branches into selects.

    A call with the same key and counter twice also uses the key again.

    Not found:

    - one key for a whole `vmap` (the program draws once);
    - a fold of a number beyond the children of a split of the same key;
    - keys of equal value that are computed in different ways;
    - after `LONGEST` operations, what happens beyond the second turn of a loop;
    - differences between the devices of a `shard_map`: only the first device is followed;
    - keys that are computed behind a barrier, as remat does;
    - generators other than threefry.

    Reported although right: a draw that is computed again for a gradient without a barrier
    (`prevent_cse=False`).
    """

    def __init__(self, module: Module) -> None:
        self.module = module
        self.reused = 0
        self._uses: dict[int, dict[Guards, _Use]] = {}
        self._guards: Guards = frozenset()
        self._guards_by_block: dict[Block, tuple[dict[Operation, Guards], list[Guards | None]]] = {}
        self._fresh_numbers = itertools.count(1)
        self._operations_left = LONGEST
        self._functions_that_draw: dict[str, bool] = {}
        self._consumers: dict[int, list[Operation]] = defaultdict(list)
        main = module.functions["main"]
        if self._draws(main):
            for operation in module.operations:
                for value in operation.operands:
                    self._consumers[value].append(operation)
            with np.errstate(over="ignore"):
                self._block(main, {value: self._fresh(value) for value in main.arguments})

    def _draws(self, block: Block) -> bool:
        return any(
            _is_threefry(operation)
            or any(map(self._function_draws, operation.callees))
            or any(map(self._draws, operation.regions))
            for operation in block.operations
        )

    def _function_draws(self, name: str) -> bool:
        if name not in self._functions_that_draw:
            self._functions_that_draw[name] = False
            self._functions_that_draw[name] = self._draws(self.module.functions[name])
        return self._functions_that_draw[name]

    def _fresh(self, value: int) -> Value:
        fingerprint = int(mixed(next(self._fresh_numbers)))
        return fingerprints.scattered(fingerprint, self.module.types[value])

    def _block(self, block: Block, values: dict[int, Value]) -> list[Value]:
        """Follow what a block computes, and return its results."""
        for operation in block.operations[:-1]:
            operands = [values[value] for value in operation.operands]
            outside = self._guards
            if guards := self._guards_in(block)[0].get(operation):
                self._guards = outside | guards
            results = self._operation(operation, operands, values)
            self._guards = outside
            values.update(zip(operation.results, results, strict=True))
        return [values[value] for value in block.operations[-1].operands]

    def _operation(
        self, operation: Operation, operands: Sequence[Value], values: dict[int, Value]
    ) -> list[Value]:
        self._operations_left -= 1
        if _is_threefry(operation):
            return self._threefry(operation, operands)
        if operation.name == "func.call":
            function = self.module.functions[operation.callees[0]]
            if self._function_draws(operation.callees[0]) or self._has_integers(operation.results):
                return self._block(function, dict(zip(function.arguments, operands, strict=True)))
        elif operation.name == "stablehlo.while" and any(map(self._draws, operation.regions)):
            return self._loop(operation, operands, values)
        elif operation.name in BRANCHES:
            return self._branches(operation, operands[0], values)
        elif operation.name == "sdy.manual_computation":
            (block,) = operation.regions
            for value, operand in zip(block.arguments, operands, strict=True):
                values[value] = self._first_part(value, operand)
            self._block(block, values)
        if operation.regions or operation.name in OPAQUE:
            return [self._fresh(value) for value in operation.results]
        if plain_name(operation) == "SPMDFullToShardShape":
            return [self._first_part(operation.results[0], operands[0])]
        return fingerprints.results(self.module, operation, operands)

    def _has_integers(self, values: Sequence[int]) -> bool:
        return any(self.module.types[value].element in fingerprints.DTYPES for value in values)

    def _first_part(self, value: int, operand: Value) -> Value:
        """The part of a value that the first device holds."""
        shape = self.module.types[value].shape
        if isinstance(operand, int) or shape is None:
            return operand if isinstance(operand, int) else self._fresh(value)
        return operand[tuple(map(slice, shape))]

    def _loop(
        self, loop: Operation, carried: Sequence[Value], values: dict[int, Value]
    ) -> list[Value]:
        condition, body = loop.regions
        turns, unchanged = 0, [True] * len(carried)
        while True:
            values.update(zip(condition.arguments, carried, strict=True))
            goes_on = fingerprints.number(self._block(condition, values)[0])
            if goes_on == 0:
                return list(carried)
            if turns >= 2 and (goes_on is None or self._operations_left < 0):
                break
            values.update(zip(body.arguments, carried, strict=True))
            after = self._block(body, values)
            unchanged = [
                was_unchanged and summary(old) == summary(new)
                for was_unchanged, old, new in zip(unchanged, carried, after, strict=True)
            ]
            carried, turns = after, turns + 1
        return [
            old if same else self._fresh(value)
            for same, old, value in zip(unchanged, carried, loop.results, strict=True)
        ]

    def _branches(
        self, operation: Operation, index: Value, values: dict[int, Value]
    ) -> list[Value]:
        number = fingerprints.number(index)
        branches = operation.regions
        if number is not None:
            # `if` has its true branch first; an index out of range takes the last branch.
            place = (
                1 - number if operation.name == "stablehlo.if" else min(number, len(branches) - 1)
            )
            return self._block(branches[place], values)
        before, returned, after = self._uses, list[list[Value]](), _copied(self._uses)
        for block in branches:
            self._uses = _copied(before)
            returned.append(self._block(block, values))
            for key, by_guards in self._uses.items():
                for guards, use in by_guards.items():
                    after.setdefault(key, {}).setdefault(guards, _Use()).merge(use)
        self._uses = after
        return [
            fingerprints.scattered(int(mixed(summary(index), *map(summary, choices))), kind)
            if len({summary(value) for value in choices}) > 1
            else choices[0]
            for choices, kind in zip(
                zip(*returned, strict=True),
                map(self.module.types.__getitem__, operation.results),
                strict=True,
            )
        ]

    def _threefry(self, call: Operation, operands: Sequence[Value]) -> list[Value]:
        kinds = [self.module.types[value] for value in call.results]
        if any(isinstance(value, int) for value in operands[:2]):
            key: Any = mixed(*map(summary, operands[:2]))
        else:
            key = mixed(*(squashed(word) for word in operands[:2] if not isinstance(word, int)))
        size = kinds[0].size
        if size > LARGEST or any(isinstance(value, int) for value in operands[2:]):
            counters, spends = mixed(0, 0), True
        else:
            counters = mixed(*operands[2:])
            high = operands[2]
            # Without jax_threefry_partitionable, draws and splits use both words of the counter.
            spends = self._is_drawn(call) or bool(((high > 0) & (high < UNKNOWN)).any())
        self.reused += self._record_use(np.asarray(key), np.asarray(counters), spends)
        threefry = fingerprints.hashed("threefry")
        if all(isinstance(value, np.ndarray) for value in operands) and size <= LARGEST:
            entries = mixed(threefry, *operands)
            return [np.broadcast_to(mixed(entries, n), kinds[0].shape or ()) for n in range(2)]
        fingerprint = mixed(threefry, *map(summary, operands))
        return [fingerprints.scattered(int(mixed(fingerprint, n)), kinds[n]) for n in range(2)]

    def _is_drawn(self, call: Operation) -> bool:
        """Whether the two words of each result are combined into one random number."""
        return all(
            [use.name for use in self._consumers[value]] == ["stablehlo.xor"]
            for value in call.results
        )

    def _record_use(self, keys: np.ndarray, counters: np.ndarray, spends: bool) -> bool:
        if keys.size == 0 or counters.size == 0:
            return False
        uses = mixed(keys, counters)
        repeated = np.unique(uses).size < uses.size
        if keys.size == 1:
            groups = [(int(keys.ravel()[0]), counters.ravel())]
        else:
            keys, counters = (array.ravel() for array in np.broadcast_arrays(keys, counters))
            # Of very many keys only some are followed: the same ones in every call.
            distinct = np.unique(keys).size
            rarer = np.uint64((1 << (distinct // MANY).bit_length()) - 1)
            chosen = np.flatnonzero((keys & rarer) == 0) if distinct > MANY else slice(None)
            order = np.argsort(keys[chosen], kind="stable")
            keys, counters = keys[chosen][order], counters[chosen][order]
            starts = np.flatnonzero(np.diff(keys, prepend=keys[:1] + np.uint64(1)) != 0)
            if not starts.size:
                return bool(repeated)
            groups = list(zip(keys[starts].tolist(), np.split(counters, starts[1:]), strict=True))
        for key, key_counters in groups:
            by_guards = self._uses.setdefault(key, {})
            repeated |= any(
                use.repeats(key_counters, spends)
                for guards, use in by_guards.items()
                if not _exclude_each_other(guards, self._guards)
            )
            by_guards.setdefault(self._guards, _Use()).add(key_counters, spends)
        return bool(repeated)

    def _guards_in(self, block: Block) -> tuple[dict[Operation, Guards], list[Guards | None]]:
        """The guards of each operation of a block, and of its arguments; None for an unused one."""
        if block in self._guards_by_block:
            return self._guards_by_block[block]
        needed = dict[int, list[tuple[Operation, int | None]]]()
        for operation in block.operations:
            for position, value in enumerate(operation.operands):
                needed.setdefault(value, []).append((operation, position))
            for value in itertools.chain.from_iterable(map(_operands_inside, operation.regions)):
                needed.setdefault(value, []).append((operation, None))
        guards_at: dict[Operation, Guards | None] = {}

        def guards_of(value: int) -> Guards | None:
            reached = [
                self._guards_through(operation, position, guards_at[operation] or frozenset())
                for operation, position in needed.get(value, ())
                if guards_at[operation] is not None
            ]
            return frozenset.intersection(*reached) if reached else None

        guards_at[block.operations[-1]] = frozenset()
        for operation in reversed(block.operations[:-1]):
            needs = [guards for guards in map(guards_of, operation.results) if guards is not None]
            guards_at[operation] = frozenset.intersection(*needs) if needs else None
        of_operations = {operation: guards for operation, guards in guards_at.items() if guards}
        self._guards_by_block[block] = of_operations, list(map(guards_of, block.arguments))
        return self._guards_by_block[block]

    def _guards_through(self, operation: Operation, position: int | None, guards: Guards) -> Guards:
        """The guards of a value that an operation needs, as one operand or within a region."""
        if (
            operation.name == "stablehlo.select"
            and position
            and operation.operands[1] != operation.operands[2]
        ):
            return guards | {((operation,), position)}
        if operation.name == "func.call" and position is not None and not _is_threefry(operation):
            inside = self._guards_in(self.module.functions[operation.callees[0]])[1][position]
            return guards | {((operation, *place), side) for place, side in inside or ()}
        return guards


OPAQUE = ("stablehlo.optimization_barrier", "stablehlo.rng")
"""Their results never count as equal: remat recomputes behind a barrier on purpose."""


def _is_threefry(operation: Operation) -> bool:
    name = operation.callees[0] if operation.name == "func.call" else operation.target
    return "threefry2x32" in name and len(operation.operands) == 4


def _operands_inside(block: Block) -> Iterator[int]:
    for operation in block.operations:
        yield from operation.operands
        for region in operation.regions:
            yield from _operands_inside(region)


def _copied(uses: dict[int, dict[Guards, _Use]]) -> dict[int, dict[Guards, _Use]]:
    return {
        key: {guards: use.copy() for guards, use in by_guards.items()}
        for key, by_guards in uses.items()
    }


def _exclude_each_other(guards: Guards, others: Guards) -> bool:
    """Whether two draws lie on the two sides of a select."""
    return any((place, 3 - side) in others for place, side in guards)
