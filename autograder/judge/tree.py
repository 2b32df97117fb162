"""Pytrees of plain containers as JSON and a list of leaves, so that no pickle is ever needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.judge import meshes


@dataclass(frozen=True)
class OnMesh:
    """Stands for a mesh among drawn arguments, see `meshes`; the function gets the real one."""

    text: str


@dataclass(frozen=True)
class static:
    """A plain Python value among drawn arguments, where every other number becomes an array.

    It may depend on the batch size, not on the generator.

    Args:
        value: a number, a string or a boolean.
    """

    value: float | str | bool


@dataclass(frozen=True)
class Arguments:
    """The arguments of a function as plain data.

    Attributes:
        skeleton: the tuple of arguments as nested JSON, see `flatten`.
        leaves: its arrays, or what stands for them.
        specs: for each leaf how it lies on a mesh; empty where there is none.
    """

    skeleton: Any
    leaves: tuple[Any, ...]
    specs: tuple[meshes.Spec, ...] = ()

    @property
    def values(self) -> tuple[Any, ...]:
        """The arguments as the function gets them."""
        return tuple(unflatten(self.skeleton, self.leaves))

    @property
    def described(self) -> tuple[Any, ...]:
        """The arguments for people to read: a mesh stays `OnMesh`."""
        return tuple(unflatten(self.skeleton, self.leaves, OnMesh))


def flatten(tree: Any) -> tuple[Any, list[Any]]:
    """Split a pytree of dicts, lists, tuples and None into a JSON skeleton and its leaves.

    Returns:
        skeleton: nested JSON; a leaf is its position in `leaves`.
        leaves: the leaves, in the order in which they were met.

    Raises:
        TypeError: a dictionary has a key that is not a string.
    """
    leaves: list[Any] = []

    def visit(node: Any) -> Any:
        if node is None:
            return None
        if isinstance(node, OnMesh):
            return {"mesh": node.text}
        if isinstance(node, static):
            return {"static": node.value}
        if isinstance(node, dict):
            if not all(isinstance(key, str) for key in node):
                raise TypeError("dictionaries in an exercise's inputs need string keys")
            return {"dict": {key: visit(node[key]) for key in sorted(node)}}
        if type(node) in (list, tuple):
            return {type(node).__name__: [visit(child) for child in node]}
        leaves.append(node)
        return len(leaves) - 1

    return visit(tree), leaves


def unflatten(
    skeleton: Any, leaves: Sequence[Any], mesh: Callable[[str], Any] = meshes.make
) -> Any:
    """The pytree that `flatten` took apart, with these leaves in it.

    Args:
        skeleton, leaves: as `flatten` gives them.
        mesh: makes what stands in the place of a mesh.

    Raises:
        ValueError: the skeleton is not one that `flatten` writes.
        Problem: it has a mesh, and JAX has too few devices.
    """
    if skeleton is None:
        return None
    if isinstance(skeleton, int):
        return leaves[skeleton]
    if isinstance(skeleton, dict) and len(skeleton) == 1:
        ((kind, children),) = skeleton.items()
        if kind == "mesh":
            return mesh(children)
        if kind == "static":
            return children
        if kind == "dict":
            return {key: unflatten(child, leaves, mesh) for key, child in children.items()}
        build: Callable[[Any], Any] | None = {"list": list, "tuple": tuple}.get(kind)
        if build is not None:
            return build(unflatten(child, leaves, mesh) for child in children)
    raise ValueError(f"not a pytree skeleton: {skeleton!r}")
