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
"""So many operations are followed; after that a loop is followed for two turns only."""
MANY = 2**14
"""Up to so many keys and counters of a call, all of its keys are followed."""
FEW = 64
"""Up to so many counters of a key are kept as a set."""
BRANCHES = ("stablehlo.case", "stablehlo.if")


Guards = frozenset[tuple[tuple[Operation, ...], int]]
"""The selects, each where it stands, and which of their two sides alone a draw can reach."""


@dataclass
class _Use:
    """What a key was used for by draws with the same guards.

    Attributes:
        counters: of its threefry calls.
        long: the same, of calls with many.
        spent: whether numbers were drawn from it.
    """

    counters: set[int] = field(default_factory=set)
    long: list[np.ndarray] = field(default_factory=list)
    spent: bool = False

    def repeats(self, counters: np.ndarray, spends: bool) -> bool:
        """Whether a use with these counters repeats one of these."""
        return (
            spends
            or self.spent
            or not self.counters.isdisjoint(counters.tolist())
            or any(np.isin(counters, one).any() for one in self.long)
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
        self.long += [one for one in other.long if not any(one is each for each in self.long)]
        self.spent |= other.spent


class KeyUse:
    """Counts the threefry calls that use a key again.

    Every entry of a key is followed as a fingerprint (`fingerprints`) from where it comes in
    through calls, branches, `shard_map` and the turns of loops, so a key is told by how it was
    made: `split(key)[0]` is `fold_in(key, 0)`, and a key that comes back in a later turn is known
    again. A key may be used once to draw, or for several counters that differ: to fold in several
    numbers, or to split. Of branches, one is taken at a time, and of what only the two sides of a
    select need, one counts: so `vmap` writes branches.

    A call in which the same key and counter stand twice uses it again as well.

    Not found: one key for a whole `vmap` (the program draws once); a fold of a number beyond the
    children of a split of the same key; keys of equal value that are computed in different ways;
    what happens after `LONGEST` operations beyond the second turn of a loop; what differs from
    device to device in `shard_map`, where the first is followed; keys that are made by what lies
    behind a barrier, as remat computes again; generators other than threefry. Accused although
    right: a draw that is computed again for a gradient without a barrier (`prevent_cse=False`).
    """

    def __init__(self, module: Module) -> None:
        self.module = module
        self.reused = 0
        self._uses: dict[int, dict[Guards, _Use]] = {}
        self._guards: Guards = frozenset()
        self._found: dict[Block, tuple[dict[Operation, Guards], list[Guards | None]]] = {}
        self._fresh_ones = itertools.count(1)
        self._left = LONGEST
        self._drawing: dict[str, bool] = {}
        self._consumers: dict[int, list[Operation]] = defaultdict(list)
        main = module.functions["main"]
        if self._draws(main):
            for one in module.operations:
                for value in one.operands:
                    self._consumers[value].append(one)
            with np.errstate(over="ignore"):
                self._block(main, {value: self._fresh(value) for value in main.arguments})

    def _draws(self, block: Block) -> bool:
        return any(
            _is_threefry(one)
            or any(map(self._function_draws, one.callees))
            or any(map(self._draws, one.regions))
            for one in block.operations
        )

    def _function_draws(self, name: str) -> bool:
        if name not in self._drawing:
            self._drawing[name] = False
            self._drawing[name] = self._draws(self.module.functions[name])
        return self._drawing[name]

    def _fresh(self, value: int) -> Value:
        fingerprint = int(mixed(next(self._fresh_ones)))
        return fingerprints.scattered(fingerprint, self.module.types[value])

    def _block(self, block: Block, values: dict[int, Value]) -> list[Value]:
        """Follow what a block computes; what it returns."""
        for one in block.operations[:-1]:
            operands = [values[value] for value in one.operands]
            outside = self._guards
            if found := self._sides(block)[0].get(one):
                self._guards = outside | found
            made = self._operation(one, operands, values)
            self._guards = outside
            values.update(zip(one.results, made, strict=True))
        return [values[value] for value in block.operations[-1].operands]

    def _operation(
        self, one: Operation, operands: Sequence[Value], values: dict[int, Value]
    ) -> list[Value]:
        self._left -= 1
        if _is_threefry(one):
            return self._threefry(one, operands)
        if one.name == "func.call":
            function = self.module.functions[one.callees[0]]
            if self._function_draws(one.callees[0]) or self._has_integers(one.results):
                return self._block(function, dict(zip(function.arguments, operands, strict=True)))
        elif one.name == "stablehlo.while" and any(map(self._draws, one.regions)):
            return self._loop(one, operands, values)
        elif one.name in BRANCHES:
            return self._branches(one, operands[0], values)
        elif one.name == "sdy.manual_computation":
            (block,) = one.regions
            for value, given in zip(block.arguments, operands, strict=True):
                values[value] = self._part(value, given)
            self._block(block, values)
        if one.regions or one.name in OPAQUE:
            return [self._fresh(value) for value in one.results]
        if plain_name(one) == "SPMDFullToShardShape":
            return [self._part(one.results[0], operands[0])]
        return fingerprints.results(self.module, one, operands)

    def _has_integers(self, values: Sequence[int]) -> bool:
        return any(self.module.types[value].element in fingerprints.DTYPES for value in values)

    def _part(self, value: int, whole: Value) -> Value:
        """What the first device holds of a value."""
        shape = self.module.types[value].shape
        if isinstance(whole, int) or shape is None:
            return whole if isinstance(whole, int) else self._fresh(value)
        return whole[tuple(map(slice, shape))]

    def _loop(
        self, one: Operation, carried: Sequence[Value], values: dict[int, Value]
    ) -> list[Value]:
        condition, body = one.regions
        turned, kept = 0, [True] * len(carried)
        while True:
            values.update(zip(condition.arguments, carried, strict=True))
            goes = fingerprints.number(self._block(condition, values)[0])
            if goes == 0:
                return list(carried)
            if turned >= 2 and (goes is None or self._left < 0):
                break
            values.update(zip(body.arguments, carried, strict=True))
            after = self._block(body, values)
            kept = [
                so_far and summary(old) == summary(new)
                for so_far, old, new in zip(kept, carried, after, strict=True)
            ]
            carried, turned = after, turned + 1
        return [
            old if same else self._fresh(value)
            for same, old, value in zip(kept, carried, one.results, strict=True)
        ]

    def _branches(self, one: Operation, index: Value, values: dict[int, Value]) -> list[Value]:
        chosen = fingerprints.number(index)
        taken = one.regions
        if chosen is not None:
            # `if` has its true branch first; an index out of range takes the last branch.
            place = 1 - chosen if one.name == "stablehlo.if" else min(chosen, len(taken) - 1)
            return self._block(taken[place], values)
        before, returned, after = self._uses, list[list[Value]](), _copied(self._uses)
        for block in taken:
            self._uses = _copied(before)
            returned.append(self._block(block, values))
            for key, by_guards in self._uses.items():
                for guards, use in by_guards.items():
                    after.setdefault(key, {}).setdefault(guards, _Use()).merge(use)
        self._uses = after
        return [
            fingerprints.scattered(int(mixed(summary(index), *map(summary, each))), kind)
            if len({summary(every) for every in each}) > 1
            else each[0]
            for each, kind in zip(
                zip(*returned, strict=True),
                map(self.module.types.__getitem__, one.results),
                strict=True,
            )
        ]

    def _threefry(self, one: Operation, operands: Sequence[Value]) -> list[Value]:
        kinds = [self.module.types[value] for value in one.results]
        if any(isinstance(value, int) for value in operands[:2]):
            key: Any = mixed(*map(summary, operands[:2]))
        else:
            key = mixed(*(squashed(one) for one in operands[:2] if not isinstance(one, int)))
        size = kinds[0].size
        if size > LARGEST or any(isinstance(value, int) for value in operands[2:]):
            counters, spends = mixed(0, 0), True
        else:
            counters = mixed(*operands[2:])
            high = operands[2]
            # Without jax_threefry_partitionable, draws and splits count in both words.
            spends = self._is_drawn(one) or bool(((high > 0) & (high < UNKNOWN)).any())
        self.reused += self._use(np.asarray(key), np.asarray(counters), spends)
        made = mixed(summary_of_call := fingerprints.hashed("threefry"), *map(summary, operands))
        if all(isinstance(value, np.ndarray) for value in operands) and size <= LARGEST:
            entries = mixed(summary_of_call, *operands)
            return [np.broadcast_to(mixed(entries, n), kinds[0].shape or ()) for n in range(2)]
        return [fingerprints.scattered(int(mixed(made, n)), kinds[n]) for n in range(2)]

    def _is_drawn(self, one: Operation) -> bool:
        """Whether the two words of each result are put together to one random number."""
        return all(
            [use.name for use in self._consumers[value]] == ["stablehlo.xor"]
            for value in one.results
        )

    def _use(self, keys: np.ndarray, counters: np.ndarray, spends: bool) -> bool:
        if keys.size == 0 or counters.size == 0:
            return False
        every = mixed(keys, counters)
        repeated = np.unique(every).size < every.size
        if keys.size == 1:
            groups = [(int(keys.ravel()[0]), counters.ravel())]
        else:
            keys, counters = (each.ravel() for each in np.broadcast_arrays(keys, counters))
            # Of very many keys some are followed, the same ones in every call.
            distinct = np.unique(keys).size
            rarer = np.uint64((1 << (distinct // MANY).bit_length()) - 1)
            chosen = np.flatnonzero((keys & rarer) == 0) if distinct > MANY else slice(None)
            order = np.argsort(keys[chosen], kind="stable")
            keys, counters = keys[chosen][order], counters[chosen][order]
            starts = np.flatnonzero(np.diff(keys, prepend=keys[:1] + np.uint64(1)) != 0)
            if not starts.size:
                return bool(repeated)
            groups = list(zip(keys[starts].tolist(), np.split(counters, starts[1:]), strict=True))
        for key, some in groups:
            by_guards = self._uses.setdefault(key, {})
            repeated |= any(
                use.repeats(some, spends)
                for guards, use in by_guards.items()
                if not _exclude_each_other(guards, self._guards)
            )
            by_guards.setdefault(self._guards, _Use()).add(some, spends)
        return bool(repeated)

    def _sides(self, block: Block) -> tuple[dict[Operation, Guards], list[Guards | None]]:
        """The guards of each operation of a block, and of its arguments; None: nobody needs it."""
        if block in self._found:
            return self._found[block]
        needed = dict[int, list[tuple[Operation, int | None]]]()
        for one in block.operations:
            for position, value in enumerate(one.operands):
                needed.setdefault(value, []).append((one, position))
            for value in itertools.chain.from_iterable(map(_operands_inside, one.regions)):
                needed.setdefault(value, []).append((one, None))
        of: dict[Operation, Guards | None] = {}

        def guards_of(value: int) -> Guards | None:
            reached = [
                self._beyond(one, position, of[one] or frozenset())
                for one, position in needed.get(value, ())
                if of[one] is not None
            ]
            return frozenset.intersection(*reached) if reached else None

        of[block.operations[-1]] = frozenset()
        for one in reversed(block.operations[:-1]):
            every = [guards for guards in map(guards_of, one.results) if guards is not None]
            of[one] = frozenset.intersection(*every) if every else None
        found = {one: guards for one, guards in of.items() if guards}
        self._found[block] = found, list(map(guards_of, block.arguments))
        return self._found[block]

    def _beyond(self, one: Operation, position: int | None, guards: Guards) -> Guards:
        """The guards of a value that one operation needs, as one operand or within a region."""
        if one.name == "stablehlo.select" and position and one.operands[1] != one.operands[2]:
            return guards | {((one,), position)}
        if one.name == "func.call" and position is not None and not _is_threefry(one):
            inside = self._sides(self.module.functions[one.callees[0]])[1][position]
            return guards | {((one, *place), side) for place, side in inside or ()}
        return guards


OPAQUE = ("stablehlo.optimization_barrier", "stablehlo.rng")
"""Their results are never taken for equal: remat recomputes behind a barrier on purpose."""


def _is_threefry(one: Operation) -> bool:
    named = one.callees[0] if one.name == "func.call" else one.target
    return "threefry2x32" in named and len(one.operands) == 4


def _operands_inside(block: Block) -> Iterator[int]:
    for one in block.operations:
        yield from one.operands
        for region in one.regions:
            yield from _operands_inside(region)


def _copied(uses: dict[int, dict[Guards, _Use]]) -> dict[int, dict[Guards, _Use]]:
    return {key: {guards: use.copy() for guards, use in each.items()} for key, each in uses.items()}


def _exclude_each_other(one: Guards, other: Guards) -> bool:
    """Whether two draws lie on the two sides of a select."""
    return any((place, 3 - side) in other for place, side in one)
