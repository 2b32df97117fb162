"""An answer as a StableHLO program: from leaves to leaves, exported, counted and run.

Exporting needs only the abstract inputs; running needs no Python code of the student's.
See https://docs.jax.dev/en/latest/export/export.html.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import jax
import numpy as np
from jax import export
from jax.extend.mlir import ir
from jax.extend.mlir.dialects import chlo, sdy, stablehlo

from autograder import tree
from autograder.verdict import Answer


@dataclass(frozen=True)
class Program:
    """A function, lowered for given shapes.

    Attributes:
        exported: takes the leaves of the arguments, gives the leaves of the result.
        structure: the pytree of the result, as JAX prints a `PyTreeDef`.
        paths: the path of each leaf of the result.
    """

    exported: export.Exported
    structure: str
    paths: tuple[str, ...]


@contextmanager
def quiet_debugging() -> Iterator[None]:
    """Make `jax.debug.print` and `jax.debug.callback` do nothing.

    A callback cannot be exported, and a print left in an answer is no mistake.
    """

    def nothing(*args: Any, **kwargs: Any) -> None:
        return None

    with mock.patch.multiple(jax.debug, print=nothing, callback=nothing):
        yield


def lower(
    function: Callable[..., Any], skeleton: Any, leaves: Sequence[Any], platform: str = "cpu"
) -> Program:
    """Export `function` for arguments of these shapes and dtypes.

    Args:
        function: the answer; it is traced, not run.
        skeleton: the tuple of arguments, as `tree.flatten` writes it.
        leaves: arrays or `jax.ShapeDtypeStruct`s; only shape and dtype are used.
        platform: what to lower for: `cpu`, `cuda` or `tpu`.

    Raises:
        Exception: whatever the function raises while it is traced.
    """
    structure: list[str] = []
    paths: list[tuple[str, ...]] = []

    def leaves_to_leaves(*flat: Any) -> list[Any]:
        result = function(*tree.unflatten(skeleton, flat))
        with_paths, definition = jax.tree_util.tree_flatten_with_path(result)
        structure.append(str(definition))
        paths.append(tuple(jax.tree_util.keystr(path) for path, _ in with_paths))
        return [leaf for _, leaf in with_paths]

    abstract = [jax.ShapeDtypeStruct(np.shape(leaf), leaf.dtype) for leaf in leaves]
    with quiet_debugging():
        exported = export.export(jax.jit(leaves_to_leaves), platforms=(platform,))(*abstract)
    return Program(exported, structure[-1], paths[-1])


def count_operations(exported: export.Exported) -> int:
    """How many operations the program's StableHLO module has, those in loop bodies once each."""
    context = ir.Context()
    for dialect in (stablehlo, chlo, sdy):
        dialect.register_dialect(context)
    module = stablehlo.deserialize_portable_artifact(context, exported.mlir_module_serialized)
    total = 0

    def visit(operation: Any) -> Any:
        nonlocal total
        total += 1
        return ir.WalkResult.ADVANCE

    module.operation.walk(visit)
    return total


def run(program: Program, leaves: Sequence[np.ndarray]) -> Answer:
    """Compile the program, run it on these leaves, and wait for the result."""
    results = jax.jit(program.exported.call)(*leaves)
    return Answer(
        program.structure,
        program.paths,
        tuple(np.asarray(leaf) for leaf in results),
        count_operations(program.exported),
    )
