"""Meshes, written as text: `x=4,y=2` of simulated CPU devices, `gpu:x=4,y=2` of GPUs.

The axes are `Auto`; those of `x=4,y=2 explicit` are `Explicit`.

A program for a mesh of GPUs is traced on simulated devices, so a process without GPUs can trace it.
It runs on the real ones.

JAX is imported where it is used, see `devices`.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autograder.problem import Problem

if TYPE_CHECKING:
    import jax
    from jax.sharding import Mesh, NamedSharding

SIMULATED = 8
"""How many CPU devices are simulated, and the most that a mesh may have."""
EXPLICIT = " explicit"
"""The text of a mesh with explicit axes ends with this."""

Spec = tuple[Any, ...]
"""A `PartitionSpec` as plain data: for each axis None, a mesh axis, or a list of mesh axes."""


def simulate_devices(count: int = SIMULATED) -> None:
    """Split the CPU into `count` devices; JAX must not have computed anything yet.

    Unlike `jax.config.update("jax_num_cpu_devices", count)`, it may be called twice.

    Raises:
        Problem: JAX has already started with fewer devices.
    """
    import jax

    try:
        jax.config.update("jax_num_cpu_devices", count)
    except RuntimeError:
        _require(count)


def shape(text: str) -> dict[str, int]:
    """The axes of a mesh and their sizes, in order.

    Raises:
        Problem: the text is not a mesh, or has more than `SIMULATED` devices.

    >>> shape("gpu:x=4,y=2 explicit")
    {'x': 4, 'y': 2}
    """
    axes = text.rpartition(":")[2].removesuffix(EXPLICIT).split(",")
    parts = [re.fullmatch(r"([a-z]\w*)=([1-9]\d*)", axis.strip()) for axis in axes]
    sizes = {part[1]: int(part[2]) for part in parts if part}
    if len(sizes) != len(parts):
        raise Problem(
            f'"{text}" is not a mesh: write its axes as "x=4,y=2", or as "x=4,y=2 explicit".'
        )
    if size_of(sizes) > SIMULATED:
        raise Problem(f"The mesh {text} has more than the {SIMULATED} devices that are simulated.")
    return sizes


def text(sizes: Sequence[int]) -> str:
    """The mesh with axes of these sizes, named `i`, `j`, …; empty without sizes.

    >>> text((4, 2))
    'i=4,j=2'
    """
    names = "ijklmn"
    return ",".join(f"{name}={size}" for name, size in zip(names, sizes, strict=False))


def on_backend(backend: str, text: str) -> str:
    """The same mesh on devices of another kind, as `jax.devices` names it."""
    return text if backend == "cpu" else f"{backend}:{text}"


def backend(text: str) -> str:
    """The kind of the mesh's devices, as `jax.devices` names it."""
    return text.rpartition(":")[0] or "cpu"


def is_explicit(text: str) -> bool:
    """Whether the mesh has explicit axes, so that arrays carry their sharding in their type."""
    return text.endswith(EXPLICIT)


def size_of(sizes: dict[str, int]) -> int:
    """The number of devices of a mesh with these axes."""
    count = 1
    for size in sizes.values():
        count *= size
    return count


def make(text: str, kind: str = "cpu") -> Mesh:
    """The mesh over the first devices, its axes all `Auto` or all `Explicit`.

    Args:
        text: the mesh.
        kind: the kind of devices; simulated CPU devices can stand for any.

    Raises:
        Problem: JAX has started with fewer devices.
    """
    import jax
    from jax.sharding import AxisType

    sizes = shape(text)
    count = size_of(sizes)
    if kind == "cpu":
        _require(count)
    return jax.make_mesh(
        tuple(sizes.values()),
        tuple(sizes),
        axis_types=(AxisType.Explicit if is_explicit(text) else AxisType.Auto,) * len(sizes),
        devices=jax.devices(kind)[:count],
    )


def context(text: str) -> contextlib.AbstractContextManager[Any]:
    """Trace with this mesh as the one of `jax.set_mesh`, if it has explicit axes.

    So an answer can write `jax.P("x")` without naming a mesh.
    """
    import jax

    return jax.set_mesh(make(text)) if is_explicit(text) else contextlib.nullcontext()


def placements(mesh: str, specs: Sequence[Spec], kind: str = "cpu") -> list[NamedSharding]:
    """The shardings of leaves with these specs on the mesh; see `make`."""
    from jax.sharding import NamedSharding, PartitionSpec

    jax_mesh = make(mesh, kind)
    axes = [[tuple(axis) if isinstance(axis, list) else axis for axis in spec] for spec in specs]
    return [NamedSharding(jax_mesh, PartitionSpec(*spec)) for spec in axes]


def blocks(array: jax.Array) -> list[list[list[int]]]:
    """Which part of an array each device holds: for each device, [start, stop) of each axis."""
    held = array.sharding.devices_indices_map(array.shape)
    return [
        [list(part.indices(size)[:2]) for part, size in zip(parts, array.shape, strict=True)]
        for _, parts in sorted(held.items(), key=_number)
    ]


def _number(held: tuple[Any, Any]) -> int:
    return int(held[0].id)


def _require(count: int) -> None:
    import jax

    started = len(jax.devices("cpu"))
    if started < count:
        raise Problem(
            f"This needs {count} devices, and JAX has already started with {started}: restart "
            "the kernel and run the notebook from its first cell."
        )
