"""What one operation of a program costs: the scalars it computes."""

from __future__ import annotations

import math
from collections.abc import Callable

from jax.extend.mlir import ir
from jax.extend.mlir.dialects import stablehlo

from autograder.judge.module import Module, Operation, plain_name

FREE = frozenset((
    "bitcast_convert", "broadcast_in_dim", "case", "constant", "convert",
    "get_dimension_size", "get_tuple_element", "if", "iota", "optimization_barrier",
    "partition_id", "replica_id", "reshape", "return", "reverse", "slice", "transpose", "tuple",
    "while", "Sharding", "SPMDFullToShardShape", "SPMDShardToFullShape", "AllocateBuffer"
))  # fmt: skip
"""Operations that compute nothing new: they move or rename numbers, or are a loop or a call."""


def work(module: Module, operation: Operation) -> int:
    """The scalar results that one operation computes.

    | operation | cost |
    | --- | --- |
    | those in `FREE`, `func` and `sdy`, and composites | 0 |
    | `dot_general`, `convolution` | 2 · results · terms summed for each result |
    | `reduce` | operand · number of results |
    | `reduce_window` | results · window, or its log2 if it is as long as the axis |
    | `select_and_scatter` | windows · window |
    | `sort`, `top_k` | operand · log2 of the axis |
    | `fft` | results · log2 of the lengths |
    | `scatter`, `dynamic_update_slice` | the entries written |
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
    # A cumulative sum is a window as long as its axis; no backend computes it window by window.
    window = list(ir.DenseI64ArrayAttr(operation.attributes["window_dimensions"]))
    before = _shape(module, operation)
    after = module.types[operation.results[0]].shape or ()
    axes = zip(window, before, after, strict=True)
    terms = [_log2(length) if length == old == new else length for length, old, new in axes]
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
