"""What a program is made of, read from its StableHLO module without compiling or running it.

The operations are those of https://openxla.org/stablehlo/spec.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any

from jax.extend.mlir import ir
from jax.extend.mlir.dialects import stablehlo

from autograder.vetting import Block, Module, Operation, read

COLLECTIVES = ("all_reduce", "all_gather", "reduce_scatter", "collective_permute", "all_to_all")
COMPOSITES = frozenset((
    "acos", "acosh", "asin", "asinh", "atanh", "cosh", "erf", "ragged_dot", "scan", "sinh", "top_k"
))  # fmt: skip
"""What `jnp` and `lax` are lowered to composites of, on JAX 0.10 and 0.11."""


@dataclass(frozen=True)
class Anatomy:
    """The facts of one program; `dataclasses.asdict` makes plain JSON of it.

    Attributes:
        operations: how many operations the module has, those of a loop or a function once.
        by_name: how many operations of each name are carried out, such as `dot_general`: a loop's
            as often as it turns (once where that cannot be told), a function's at each call,
            those of all branches of a `case` together. A custom call and a composite of JAX's go by
            their target (`lapack_spotrf_ffi`, `erf`); what a composite stands for counts too.
            What a reduction or a sort does to two elements is not counted.
        work: scalar results computed, by `_work`, with loops and calls as in `by_name`.
        loops: how often each `while` turns, in the order met from `main`, a function's at its
            first call; None unless an integer counter with constant start, step and bound alone
            decides. JAX's own loops are among them, such as the 5 turns of threefry.
        collectives: for each kind met, how many are carried out and the bytes that one device
            sends for them, see `_sent`. Those that the compiler will add for sharded arrays
            are not there yet.
        donated: the positions of the arguments of `main` whose memory is given away.
        reused_keys: how many random draws repeat an earlier one, see `_Keys`.
    """

    operations: int
    by_name: dict[str, int]
    work: int
    loops: tuple[int | None, ...]
    collectives: dict[str, tuple[int, int]]
    donated: tuple[int, ...]
    reused_keys: int


def dissect(module_bytes: bytes) -> Anatomy:
    """Take the facts from `exported.mlir_module_serialized`.

    Raises:
        Exception: the module cannot be read, or its calls never end; `vetting.vet` tells first.
    """
    module = read(module_bytes)
    counter = _Counter(module)
    total = counter.function("main")
    counts = {kind: total.names[kind] for kind in COLLECTIVES if kind in total.names}
    given = ("tf.aliasing_output", "jax.buffer_donor")
    donated = tuple(n for n, said in enumerate(module.main) if any(map(said.__contains__, given)))
    return Anatomy(
        module.length,
        dict(sorted(total.names.items())),
        total.work,
        tuple(counter.loops),
        {kind: (count, total.sent[kind]) for kind, count in counts.items()},
        donated,
        _Keys(module).reused,
    )


def plain_name(operation: Operation) -> str:
    """`add` for `stablehlo.add`; custom calls and JAX's own composites go by their target.

    A composite can be given any name, so only those are believed that no operation has.
    """
    target = operation.target.removeprefix("mhlo.").removeprefix("chlo.")
    target = {"topk": "top_k"}.get(target, target)
    if operation.name == "stablehlo.custom_call" or target in COMPOSITES:
        return target
    dialect, _, name = operation.name.partition(".")
    return name if dialect in ("stablehlo", "chlo", "func") else operation.name


@dataclass
class _Total:
    names: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    work: int = 0

    def add(self, other: _Total, times: int) -> None:
        for mine, theirs in ((self.names, other.names), (self.sent, other.sent)):
            mine.update({name: count * times for name, count in theirs.items()})
        self.work += other.work * times


class _Counter:
    """Adds up what is carried out, every function once and multiplied at its calls."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.loops: list[int | None] = []
        self._functions: dict[str, _Total] = {}

    def function(self, name: str) -> _Total:
        if name not in self._functions:
            self._functions[name] = self._block(self.module.functions[name])
        return self._functions[name]

    def _block(self, block: Block) -> _Total:
        total = _Total()
        for operation in block.operations:
            name = plain_name(operation)
            total.names[name] += 1
            total.work += _work(self.module, operation)
            if name in COLLECTIVES:
                total.sent[name] += _sent(self.module, operation)
            for inner, times in self._inner(operation):
                total.add(inner, times)
        return total

    def _inner(self, operation: Operation) -> Iterator[tuple[_Total, int]]:
        for callee in operation.callees:
            yield self.function(callee), 1
        if operation.name == "stablehlo.while":
            turns = _turns(self.module, operation)
            self.loops.append(turns)
            condition, body = operation.regions
            yield self._block(condition), 1 if turns is None else turns + 1
            yield self._block(body), 1 if turns is None else turns
        elif operation.name in ("stablehlo.case", "stablehlo.if", "sdy.manual_computation"):
            for region in operation.regions:
                yield self._block(region), 1


def _turns(module: Module, loop: Operation) -> int | None:
    """How often a `while` turns whose condition compares a counter with a constant."""
    condition, body = loop.regions
    compare = module.definitions.get(condition.operations[-1].operands[0])
    if compare is None or compare.name != "stablehlo.compare":
        return None
    direction = stablehlo.ComparisonDirectionAttr(compare.attributes["comparison_direction"]).value
    counter, bound = compare.operands
    if counter not in condition.arguments:
        counter, bound = bound, counter
        direction = {"LT": "GT", "GT": "LT", "LE": "GE", "GE": "LE"}.get(direction, direction)
    if counter not in condition.arguments:
        return None
    position = condition.arguments.index(counter)
    start, last = module.constant(loop.operands[position]), module.constant(bound)
    step = _step(module, body, position)
    if start is None or last is None or not step:
        return None
    if direction in ("GT", "GE"):
        start, last, step, direction = -start, -last, -step, "L" + direction[1]
    if direction == "NE" and (last - start) % step == 0 and (last - start) // step >= 0:
        return (last - start) // step
    if direction not in ("LT", "LE") or step < 0:
        return None
    return max(0, -(-(last + (direction == "LE") - start) // step))


def _step(module: Module, body: Block, position: int) -> int | None:
    """What each turn adds to the counter at this position of the carried values."""
    counter = body.arguments[position]
    change = module.definitions.get(body.operations[-1].operands[position])
    if change is None or change.operands.count(counter) != 1:
        return None
    first, second = change.operands if len(change.operands) == 2 else (counter, counter)
    if change.name == "stablehlo.add":
        return module.constant(second if first == counter else first)
    if change.name == "stablehlo.subtract" and first == counter:
        step = module.constant(second)
        return None if step is None else -step
    return None


FREE = frozenset((
    "bitcast_convert", "broadcast_in_dim", "case", "constant", "convert",
    "get_dimension_size", "get_tuple_element", "if", "iota", "optimization_barrier",
    "partition_id", "replica_id", "reshape", "return", "reverse", "slice", "transpose", "tuple",
    "while", "Sharding", "SPMDFullToShardShape", "SPMDShardToFullShape", "AllocateBuffer"
))  # fmt: skip
"""What computes nothing: names for numbers that are there, and loops and calls as such."""


def _work(module: Module, operation: Operation) -> int:
    """The scalar results that one operation computes.

    | operation | charged |
    | --- | --- |
    | those of `FREE`, of `func` and `sdy`, composites | 0 |
    | `dot_general`, `convolution` | 2 · results · terms summed for each |
    | `reduce` | operand · results per position |
    | `reduce_window`, `select_and_scatter` | windows · window, its log2 where it is the axis |
    | `sort`, `top_k` | operand · log2 of the axis |
    | `fft` | results · log2 of the lengths |
    | `scatter`, `dynamic_update_slice` | what is written |
    | `cholesky`, `triangular_solve` | results · matrix side |
    | a custom call with a matrix of floats | operand · its shorter side |
    | any other | results |
    """
    name = plain_name(operation)
    is_free = name in FREE or operation.name == "stablehlo.composite"
    if is_free or not operation.name.startswith(("stablehlo.", "chlo.")):
        return 0
    if name in WORK:
        return WORK[name](module, operation)
    results = sum(module.types[value].size for value in operation.results)
    if operation.target and operation.operands:
        matrix = module.types[operation.operands[0]]
        if len(matrix.shape or ()) >= 2 and not matrix.element.startswith(("i", "ui")):
            return matrix.size * min((matrix.shape or ())[-2:])
    return results


def _log2(n: int) -> int:
    return max(1, (n - 1).bit_length())


def _size(module: Module, operation: Operation, position: int = 0) -> int:
    return module.types[operation.operands[position]].size


def _shape(module: Module, operation: Operation, position: int = 0) -> tuple[int, ...]:
    return module.types[operation.operands[position]].shape or ()


def _results(module: Module, operation: Operation) -> int:
    return module.types[operation.results[0]].size


def _dot(module: Module, operation: Operation) -> int:
    numbers = stablehlo.DotDimensionNumbers(operation.attributes["dot_dimension_numbers"])
    shape = _shape(module, operation)
    terms = math.prod(shape[axis] for axis in numbers.lhs_contracting_dimensions)
    return 2 * _results(module, operation) * terms


def _convolution(module: Module, operation: Operation) -> int:
    numbers = stablehlo.ConvDimensionNumbers(operation.attributes["dimension_numbers"])
    features = _shape(module, operation, 1)[numbers.kernel_output_feature_dimension]
    terms = _size(module, operation, 1) // max(1, features)
    return 2 * _results(module, operation) * terms


def _windows(module: Module, operation: Operation) -> int:
    # A cumulative sum is a window as long as its axis, which no backend computes as such.
    window = list(ir.DenseI64ArrayAttr(operation.attributes["window_dimensions"]))
    before = _shape(module, operation)
    after = module.types[operation.results[0]].shape or ()
    each = zip(window, before, after, strict=True)
    terms = [_log2(length) if length == old == new else length for length, old, new in each]
    return math.prod(terms) * sum(module.types[value].size for value in operation.results)


def _select_and_scatter(module: Module, operation: Operation) -> int:
    window = ir.DenseI64ArrayAttr(operation.attributes["window_dimensions"])
    return math.prod(window) * _size(module, operation, 1)


def _sort(module: Module, operation: Operation) -> int:
    shape = _shape(module, operation)
    axis = -1
    if "dimension" in operation.attributes:
        axis = ir.IntegerAttr(operation.attributes["dimension"]).value
    return math.prod(shape) * _log2(shape[axis])


def _fft(module: Module, operation: Operation) -> int:
    lengths = ir.DenseI64ArrayAttr(operation.attributes["fft_length"])
    return _results(module, operation) * _log2(math.prod(lengths))


def _solve(module: Module, operation: Operation) -> int:
    return _results(module, operation) * _shape(module, operation)[-1]


WORK: dict[str, Callable[[Module, Operation], int]] = {
    "ApproxTopK": _sort,
    "cholesky": _solve,
    "convolution": _convolution,
    "dot_general": _dot,
    "dynamic_update_slice": lambda module, operation: _size(module, operation, 1),
    "fft": _fft,
    "reduce": lambda module, operation: _size(module, operation) * len(operation.results),
    "reduce_window": _windows,
    "scatter": lambda module, operation: _size(module, operation, -1) * len(operation.results),
    "select_and_scatter": _select_and_scatter,
    "sort": _sort,
    "top_k": _sort,
    "triangular_solve": _solve,
}


def _sent(module: Module, operation: Operation) -> int:
    """The bytes that one device sends, the operands having s bytes and the group n devices.

    `all_reduce` 2(n-1)s/n, as a ring does it; `all_gather` (n-1)s; `reduce_scatter` and
    `all_to_all` (n-1)s/n; `collective_permute` s, by the device that sends most.
    """
    size = sum(module.types[value].bytes for value in operation.operands)
    name = plain_name(operation)
    if name == "collective_permute":
        attribute = ir.DenseIntElementsAttr(operation.attributes["source_target_pairs"])
        pairs = [attribute[n] for n in range(len(attribute))]
        return size if pairs[::2] != pairs[1::2] else 0
    n = max(1, _group(module, operation.attributes["replica_groups"]))
    return (n - 1) * size * {"all_reduce": 2, "all_gather": n}.get(name, 1) // n


def _group(module: Module, groups: Any) -> int:
    """How many devices take part in one collective."""
    if isinstance(groups, ir.DenseElementsAttr):
        return ir.RankedTensorType(groups.type).get_dim_size(1)
    axes: Any = stablehlo.ReplicaGroupMeshAxesAttr(groups)  # since JAX 0.11
    mesh = module.meshes[ir.FlatSymbolRefAttr(axes.mesh).value]
    return math.prod(mesh[stablehlo.AxisRefAttr(axis).name] for axis in axes.axes)


class _Keys:
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
        inside = depth + (_turns(self.module, one) != 1)
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
            named = [(name, str(one.attributes[name])) for name in _attribute_names(one)]
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


def _attribute_names(one: Operation) -> list[str]:
    # Iterating gives names on newer JAX, named attributes on 0.7.
    return [each if isinstance(each, str) else each.name for each in one.attributes]
