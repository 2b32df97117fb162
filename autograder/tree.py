"""Pytrees of plain containers as JSON and a list of leaves, so that no pickle is ever needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


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
        if isinstance(node, dict):
            if not all(isinstance(key, str) for key in node):
                raise TypeError("dictionaries in an exercise's inputs need string keys")
            return {"dict": {key: visit(node[key]) for key in sorted(node)}}
        if type(node) in (list, tuple):
            return {type(node).__name__: [visit(child) for child in node]}
        leaves.append(node)
        return len(leaves) - 1

    return visit(tree), leaves


def unflatten(skeleton: Any, leaves: Sequence[Any]) -> Any:
    """The pytree that `flatten` took apart, with these leaves in it.

    Raises:
        ValueError: the skeleton is not one that `flatten` writes.
    """
    if skeleton is None:
        return None
    if isinstance(skeleton, int):
        return leaves[skeleton]
    if isinstance(skeleton, dict) and len(skeleton) == 1:
        ((kind, children),) = skeleton.items()
        if kind == "dict":
            return {key: unflatten(child, leaves) for key, child in children.items()}
        build: Callable[[Any], Any] | None = {"list": list, "tuple": tuple}.get(kind)
        if build is not None:
            return build(unflatten(child, leaves) for child in children)
    raise ValueError(f"not a pytree skeleton: {skeleton!r}")
