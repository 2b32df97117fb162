"""Random draws that must repeat an earlier one, found by numbering values."""

from __future__ import annotations

from collections.abc import Hashable

from autograder.judge.loops import turns
from autograder.judge.module import Block, Module, Operation, attribute_names, plain_name


class KeyUse:
    """Counts the random draws that must give the numbers of an earlier one.

    Values are numbered: those that are computed alike from the same values have the same number,
    through calls too. A threefry call whose key and counters (all four operands) have the
    numbers of an earlier call repeats it, and so does one in a loop that nothing of the loop
    changes. The branches of a `case` do not follow each other. Axes alone do not tell elementwise
    values apart, so draws of 3 and of 5 numbers are found as well as two of 3.

    Not found: one key for draws of different rank or of different shape above one axis; one key
    for a whole `vmap` (a single call); one key inside and outside a `shard_map`; keys of equal
    value that were computed in different ways (`fold_in(key, 0)` and `fold_in(key, i)`); a key
    that comes back in a later turn of a loop; generators other than threefry.
    """

    def __init__(self, module: Module) -> None:
        self.module = module
        self.reused = 0
        self._numbers: dict[Hashable, int] = {}
        self._depths: list[int] = []  # in how many loops a numbered value changes
        self._seen: set[tuple[int, ...]] = set()
        self._drawing: dict[str, bool] = {}
        self._texts: dict[Operation, Hashable] = {}
        main = module.functions["main"]
        if self._draws(main):
            self._block(main, {value: self._fresh(0) for value in main.arguments}, 0)

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

    def _fresh(self, depth: int) -> int:
        return self._number(object(), depth)

    def _number(self, value: Hashable, depth: int) -> int:
        if value not in self._numbers:
            self._numbers[value] = len(self._depths)
            self._depths.append(depth)
        return self._numbers[value]

    def _block(self, block: Block, known: dict[int, int], depth: int) -> list[int]:
        """Number what a block computes; the numbers of what it returns."""
        for one in block.operations[:-1]:
            operands = tuple(known[value] for value in one.operands)
            numbers = self._operation(one, operands, known, depth)
            known.update(zip(one.results, numbers, strict=True))
        return [known[value] for value in block.operations[-1].operands]

    def _operation(
        self, one: Operation, operands: tuple[int, ...], known: dict[int, int], depth: int
    ) -> list[int]:
        if _is_threefry(one):
            deepest = max(map(self._depths.__getitem__, operands), default=0)
            self.reused += operands in self._seen or deepest < depth
            self._seen.add(operands)
        elif one.name == "func.call" and self._function_draws(one.callees[0]):
            function = self.module.functions[one.callees[0]]
            inside = dict(zip(function.arguments, operands, strict=True))
            return self._block(function, inside, depth)
        elif one.name == "stablehlo.while":
            return self._loop(one, operands, known, depth)
        elif one.regions or one.name in OPAQUE:
            self._branches(one, operands, known, depth)
            return [self._fresh(depth) for _ in one.results]
        inner = max(map(self._depths.__getitem__, operands), default=0)
        text = self._text(one)
        return [self._number((text, operands, n), inner) for n in range(len(one.results))]

    def _loop(
        self, one: Operation, operands: tuple[int, ...], known: dict[int, int], depth: int
    ) -> list[int]:
        condition, body = one.regions
        returned = body.operations[-1].operands
        same = [after == before for after, before in zip(returned, body.arguments, strict=True)]
        inside = depth + (turns(self.module, one) != 1)
        each = list(zip(same, operands, strict=True))
        carried = [number if kept else self._fresh(inside) for kept, number in each]
        for block in (condition, body):
            known.update(zip(block.arguments, carried, strict=True))
            self._block(block, known, inside)
        return [number if kept else self._fresh(depth) for kept, number in each]

    def _branches(
        self, one: Operation, operands: tuple[int, ...], known: dict[int, int], depth: int
    ) -> None:
        before, after = self._seen, set(self._seen)
        for block in one.regions:
            self._seen = set(before)
            known.update({value: self._fresh(depth) for value in block.arguments})
            self._block(block, known, depth)
            after |= self._seen
        self._seen = after

    def _text(self, one: Operation) -> Hashable:
        """What an operation does to its operands, equal for equal operations."""
        if one.name == "stablehlo.constant" and self.module.content(one) is None:
            return one
        if one not in self._texts:
            kinds = [self.module.types[value] for value in (*one.operands, *one.results)]
            alike = [kind.element for kind in kinds] if plain_name(one) in ELEMENTWISE else kinds
            named = [(name, str(one.attributes[name])) for name in attribute_names(one)]
            self._texts[one] = (one.name, *sorted(named), *alike)
        return self._texts[one]


OPAQUE = ("stablehlo.optimization_barrier", "stablehlo.rng")
"""Their results are never taken for equal: remat recomputes behind a barrier on purpose."""
ELEMENTWISE = frozenset((
    "add", "and", "broadcast_in_dim", "convert", "iota", "multiply", "or", "shift_left",
    "shift_right_logical", "subtract", "xor"
))  # fmt: skip


def _is_threefry(one: Operation) -> bool:
    named = one.callees[0] if one.name == "func.call" else one.target
    return "threefry2x32" in named and len(one.operands) == 4
