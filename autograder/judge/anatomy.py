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
BRANCHES = ("stablehlo.case", "stablehlo.if")


@dataclass(frozen=True)
class Anatomy:
    """The facts of one program; `dataclasses.asdict` makes plain JSON of it.

    Attributes:
        operations: how many operations the module has, those of a loop or a function once.
        written_out: the same with each call of a function written out, as XLA does.
        by_name: how many operations of each name are carried out, such as `dot_general`: a loop's
            as often as it turns (once where that cannot be told), a function's at each call,
            those of all branches of a `case` together. A custom call and a composite of JAX's go by
            their target (`lapack_spotrf_ffi`, `erf`); what a composite stands for counts too. A
            scatter to several places that promises the compiler something of them counts too as
            `scatter with unique_indices`, `scatter with indices_are_sorted`.
            What a reduction or a sort does to two elements is not counted.
        always: those of `by_name` that every run carries out, for they stand in no branch of a
            `case` or an `if`.
        work: scalar results computed, by `work.work`, with loops and calls as in `by_name`.
        loops: how often each `while` turns, in the order met from `main`, a function's at its
            first call; None unless an integer counter with constant start, step and bound alone
            decides. JAX's own loops are among them, such as the 5 turns of threefry.
        widest: the bits of the widest number in it.
        donated: the positions of the arguments of `main` whose memory is given away.
        jitted: whether `main` is one call, as where the function that was exported is a `jit` of
            its own; only constants may stand beside it.
        sliced: how often the value is sliced, or gathered from, that is so most often, not counting
            the turns of loops.
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
        Exception: the module cannot be read, or its calls never end; `vetting.vet` tells first.
    """
    module = read(module_bytes)
    counter = _Counter(module)
    total = counter.function("main")
    given = ("tf.aliasing_output", "jax.buffer_donor")
    donated = tuple(n for n, said in enumerate(module.main) if any(map(said.__contains__, given)))
    return Anatomy(
        module.length,
        total.length,
        dict(sorted(total.names.items())),
        dict(sorted(total.always.items())),
        total.work,
        tuple(counter.loops),
        max((int(bits) for one in module.types for bits in NUMBER.findall(one.element)), default=0),
        donated,
        _is_jitted(module.functions["main"]),
        max(
            Counter(one.operands[0] for one in module.operations if one.name in SLICES).values(),
            default=0,
        ),
        _reused_keys(module),
    )


def promises(module: Module, operation: Operation) -> list[str]:
    """What a scatter to more than one place promises the compiler of the places.

    On a CPU the results are the same if it is not true, so the text of the program has to tell.
    """
    if operation.name != "stablehlo.scatter":
        return []
    inputs = (len(operation.operands) - 1) // 2
    numbers = stablehlo.ScatterDimensionNumbers(operation.attributes["scatter_dimension_numbers"])
    # Under vmap each example has places of its own.
    apart = {numbers.index_vector_dim, *numbers.scatter_indices_batching_dims}
    shape = module.types[operation.operands[inputs]].shape or ()
    places = math.prod(length for axis, length in enumerate(shape) if axis not in apart)
    said = ("unique_indices", "indices_are_sorted")
    given = [one for one in said if one in operation.attributes]
    true = [one for one in given if ir.BoolAttr(operation.attributes[one]).value]
    return [f"scatter with {one}" for one in true if places > 1]


def _reused_keys(module: Module) -> int:
    # Following keys calculates with what a program computes. Where that goes wrong, the mistake is
    # ours: nobody may lose a right answer to it.
    try:
        return KeyUse(module).reused
    except (ArithmeticError, LookupError, ValueError):
        return 0


def _is_jitted(main: Block) -> bool:
    names = [one.name for one in main.operations[:-1] if one.name != "stablehlo.constant"]
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
            for name in (plain_name(operation), *promises(self.module, operation)):
                total.names[name] += 1
                total.always[name] += 1
            total.length += 1
            total.work += work(self.module, operation)
            in_branch = operation.name in BRANCHES
            for inner, times in self._inner(operation):
                total.add(inner, times, in_branch)
        return total

    def _inner(self, operation: Operation) -> Iterator[tuple[_Total, int]]:
        for callee in operation.callees:
            yield self.function(callee), 1
        if operation.name == "stablehlo.while":
            often = turns(self.module, operation)
            self.loops.append(often)
            condition, body = operation.regions
            yield self._block(condition), 1 if often is None else often + 1
            yield self._block(body), 1 if often is None else often
        elif operation.name in (*BRANCHES, "sdy.manual_computation"):
            for region in operation.regions:
                yield self._block(region), 1
