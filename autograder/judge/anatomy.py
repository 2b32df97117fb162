"""What a program is made of, read from its StableHLO module without compiling or running it.

The operations are those of https://openxla.org/stablehlo/spec.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from jax.extend.mlir import ir
from jax.extend.mlir.dialects import stablehlo

from autograder.judge.keys import KeyUse
from autograder.judge.loops import turns
from autograder.judge.module import Block, Module, Operation, plain_name, read
from autograder.judge.work import work

NUMBER = re.compile(r"^(?:complex<)?[bu]?[fi](\d+)")
SLICES = ("stablehlo.slice", "stablehlo.dynamic_slice", "stablehlo.gather")
DONATED = ("tf.aliasing_output", "jax.buffer_donor")
BRANCHES = ("stablehlo.case", "stablehlo.if")


@dataclass(frozen=True)
class Anatomy:
    """The facts of one program; `dataclasses.asdict` makes plain JSON of it.

    Attributes:
        operations: how many operations the module has; those of a loop or a function count once.
        written_out: the same with each call of a function written out, as XLA does.
        by_name: how often operations of each name run, such as `dot_general`: those of a loop
            once per turn (once if the turns are unknown), those of a function at each call,
            those of all branches of a `case` together. Custom calls and JAX's own composites are
            named by their target (`lapack_spotrf_ffi`, `erf`); the operations that a composite
            stands for count too. A scatter to several places that makes the compiler a promise
            also counts as `scatter with unique_indices` or `scatter with indices_are_sorted`.
            What a reduction or a sort does to two elements is not counted.
        always: the part of `by_name` outside every branch of a `case` or an `if`, so that every
            run needs it.
        work: scalar results computed, by `work.work`, with loops and calls as in `by_name`.
        loops: how often each `while` turns, in the order met from `main`, those of a function at
            its first call; None unless only an integer counter with constant start, step and bound
            decides. JAX's own loops are among them, such as the 5 turns of threefry.
        widest: the bits of the widest number in the program.
        donated: the positions of the arguments of `main` whose memory is given away.
        jitted: whether `main` is one call, as for a function that is a `jit` itself; only
            constants may stand beside the call.
        sliced: how often the most sliced value is sliced or gathered from; a slice in a loop
            counts once.
        reused_keys: how many calls of threefry use a key again, see `keys.KeyUse`.
    """

    operations: int
    written_out: int
    by_name: dict[str, int]
    always: dict[str, int]
    work: int
    loops: tuple[int | None, ...]
    widest: int
    donated: tuple[int, ...]
    jitted: bool
    sliced: int
    reused_keys: int


def dissect(module_bytes: bytes) -> Anatomy:
    """Take the facts from `exported.mlir_module_serialized`.

    Raises:
        Exception: the module cannot be read, or its calls never end; call `vetting.vet` first.
    """
    module = read(module_bytes)
    counter = _Counter(module)
    total = counter.function("main")
    donated = tuple(
        position
        for position, attributes in enumerate(module.main)
        if any(name in attributes for name in DONATED)
    )
    return Anatomy(
        module.length,
        total.length,
        dict(sorted(total.names.items())),
        dict(sorted(total.always.items())),
        total.work,
        tuple(counter.loops),
        max(
            (int(bits) for kind in module.types for bits in NUMBER.findall(kind.element)), default=0
        ),
        donated,
        _is_jitted(module.functions["main"]),
        max(
            Counter(
                operation.operands[0] for operation in module.operations if operation.name in SLICES
            ).values(),
            default=0,
        ),
        _reused_keys(module),
    )


def promises(module: Module, operation: Operation) -> list[str]:
    """What a scatter to more than one place promises the compiler about these places.

    On a CPU a false promise does not change the results, so only the program's text shows it.
    """
    if operation.name != "stablehlo.scatter":
        return []
    inputs = (len(operation.operands) - 1) // 2
    numbers = stablehlo.ScatterDimensionNumbers(operation.attributes["scatter_dimension_numbers"])
    # Under vmap each example has its own places.
    apart = {numbers.index_vector_dim, *numbers.scatter_indices_batching_dims}
    shape = module.types[operation.operands[inputs]].shape or ()
    places = math.prod(length for axis, length in enumerate(shape) if axis not in apart)
    promised = ("unique_indices", "indices_are_sorted")
    promised_names = [name for name in promised if name in operation.attributes]
    kept = [name for name in promised_names if ir.BoolAttr(operation.attributes[name]).value]
    return [f"scatter with {name}" for name in kept if places > 1]


def _reused_keys(module: Module) -> int:
    # Following keys computes with the program's numbers. An error there is our mistake, and a
    # right answer must not be rejected for it.
    try:
        return KeyUse(module).reused
    except (ArithmeticError, LookupError, ValueError):
        return 0


def _is_jitted(main: Block) -> bool:
    names = [
        operation.name
        for operation in main.operations[:-1]
        if operation.name != "stablehlo.constant"
    ]
    return names == ["func.call"]


@dataclass
class _Total:
    names: Counter[str] = field(default_factory=Counter)
    always: Counter[str] = field(default_factory=Counter)
    work: int = 0
    length: int = 0

    def add(self, other: _Total, times: int, in_branch: bool) -> None:
        self.names.update({name: count * times for name, count in other.names.items()})
        if not in_branch:
            self.always.update({name: count * times for name, count in other.always.items()})
        self.work += other.work * times
        self.length += other.length


class _Counter:
    """Counts the operations that run: each function once, multiplied at its calls."""

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
            for name in (plain_name(operation), *promises(self.module, operation)):
                total.names[name] += 1
                total.always[name] += 1
            total.length += 1
            total.work += work(self.module, operation)
            in_branch = operation.name in BRANCHES
            for inner, times in self._nested(operation):
                total.add(inner, times, in_branch)
        return total

    def _nested(self, operation: Operation) -> Iterator[tuple[_Total, int]]:
        for callee in operation.callees:
            yield self.function(callee), 1
        if operation.name == "stablehlo.while":
            times = turns(self.module, operation)
            self.loops.append(times)
            condition, body = operation.regions
            yield self._block(condition), 1 if times is None else times + 1
            yield self._block(body), 1 if times is None else times
        elif operation.name in (*BRANCHES, "sdy.manual_computation"):
            for region in operation.regions:
                yield self._block(region), 1
