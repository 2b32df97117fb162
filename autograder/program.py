"""An answer as a StableHLO program: from leaves to leaves, exported, read and run.

Exporting needs only the abstract inputs; running needs no Python code of the student's.
See https://docs.jax.dev/en/latest/export/export.html.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import jax
import numpy as np
from jax import export

from autograder import tree
from autograder.anatomy import dissect
from autograder.verdict import Answer
from autograder.views import VIEWS


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
    function: Callable[..., Any],
    skeleton: Any,
    leaves: Sequence[Any],
    view: str = "value",
    platform: str = "cpu",
) -> Program:
    """Export a view of `function` for arguments of these shapes and dtypes.

    Args:
        function: the answer; it is traced, not run.
        skeleton: the tuple of arguments, as `tree.flatten` writes it.
        leaves: arrays or `jax.ShapeDtypeStruct`s; only shape and dtype are used.
        view: one of `views.VIEWS`.
        platform: what to lower for, `cpu`, `cuda` or `tpu`, unless the view says otherwise.

    Raises:
        Exception: whatever the function raises while it is traced.
    """
    structure: list[str] = []
    paths: list[tuple[str, ...]] = []
    viewed = VIEWS[view].transform(function)

    def leaves_to_leaves(*flat: Any) -> list[Any]:
        result = viewed(*tree.unflatten(skeleton, flat))
        with_paths, definition = jax.tree_util.tree_flatten_with_path(result)
        structure.append(str(definition))
        paths.append(tuple(jax.tree_util.keystr(path) for path, _ in with_paths))
        return [leaf for _, leaf in with_paths]

    platforms = VIEWS[view].platforms or (platform,)
    abstract = [jax.ShapeDtypeStruct(np.shape(leaf), leaf.dtype) for leaf in leaves]
    jitted: Any = jax.jit(leaves_to_leaves)
    arguments: Sequence[Any] = abstract
    if VIEWS[view].as_written:
        jitted = function if hasattr(function, "lower") else jax.jit(function)
        arguments = tree.unflatten(skeleton, abstract)
        structure, paths = [""], [()]
    with quiet_debugging():
        exported = export.export(jitted, platforms=platforms)(*arguments)
    return Program(exported, structure[-1], paths[-1])


def facts(exported: export.Exported, size: int) -> dict[str, Any]:
    """What can be read off a program, as plain data.

    Returns:
        The batch `size`, the `platforms`, a `digest` that is the same for the same program made
        by the same lines of code, and what `anatomy.Anatomy` holds.
    """
    anatomy = dissect(exported.mlir_module_serialized)
    return {
        "size": size,
        "platforms": list(exported.platforms),
        "digest": hashlib.sha256(exported.mlir_module_serialized).hexdigest(),
        **dataclasses.asdict(anatomy),
    }


def run(program: Program, leaves: Sequence[np.ndarray], view: str, size: int) -> Answer:
    """Read the facts of the program and, where its view says so, compile it and run it."""
    results = jax.jit(program.exported.call)(*leaves) if VIEWS[view].runs else ()
    return Answer(
        program.structure,
        program.paths if VIEWS[view].runs else (),
        tuple(np.asarray(leaf) for leaf in results),
        facts(program.exported, size),
    )
