"""Pytrees without pickle: arguments as JSON and leaves, results as plain containers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from autograder.judge import meshes
from autograder.judge.verdict import Refusal

MOST_LEAVES = 10_000
DEEPEST = 64
LONGEST = 100_000
"""The largest result that is compared: the number of its leaves, the depth of its containers, and
the length of its description."""
NODE = "!"
"""A dictionary that stands for another kind of container has one key, which begins with this."""


@dataclass(frozen=True)
class OnMesh:
    """Stands for a mesh among drawn arguments, see `meshes`; the function gets the real mesh."""

    text: str


@dataclass(frozen=True)
class static:
    """A plain Python value among drawn arguments; every other number becomes an array.

    It may depend on the batch size, but not on the random generator.

    Args:
        value: a number, a string or a boolean.
    """

    value: float | str | bool


@dataclass(frozen=True)
class typed_key:
    """A typed key among drawn arguments, as `jax.random.key` makes it; programs get its data.

    Args:
        data: two uint32 numbers, or any array of them along the last axis for an array of keys.
    """

    data: Any

    def __repr__(self) -> str:
        return f"jax.random.wrap_key_data(np.uint32({np.asarray(self.data).tolist()}))"


@dataclass(frozen=True)
class Arguments:
    """The arguments of a function as plain data.

    Attributes:
        skeleton: the tuple of arguments as nested JSON, see `flatten`.
        leaves: its arrays, or their shapes and dtypes.
        specs: how each leaf is sharded over a mesh; empty without a mesh.
    """

    skeleton: Any
    leaves: tuple[Any, ...]
    specs: tuple[meshes.Spec, ...] = ()

    @property
    def values(self) -> tuple[Any, ...]:
        """The arguments as the function gets them, with a real mesh."""
        return tuple(unflatten(self.skeleton, self.leaves))

    @property
    def described(self) -> tuple[Any, ...]:
        """The arguments for people to read: a mesh stays `OnMesh`, and a key `typed_key`."""
        return tuple(unflatten(self.skeleton, self.leaves, OnMesh, typed_key))


def flatten(tree: Any) -> tuple[Any, list[Any]]:
    """Split a pytree of dicts, lists, tuples and None into a JSON skeleton and its leaves.

    Returns:
        skeleton: nested JSON; a leaf is its position in `leaves`.
        leaves: the leaves, in the order in which they were met.

    Raises:
        TypeError: a dictionary has a key that is not a string.

    >>> flatten(({"w": 1.5}, [2.5]))
    ({'tuple': [{'dict': {'w': 0}}, {'list': [1]}]}, [1.5, 2.5])
    """
    leaves: list[Any] = []

    def visit(node: Any) -> Any:
        if node is None:
            return None
        if isinstance(node, OnMesh):
            return {"mesh": node.text}
        if isinstance(node, static):
            return {"static": node.value}
        if isinstance(node, typed_key):
            return {"key": visit(node.data)}
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
    skeleton: Any,
    leaves: Sequence[Any],
    mesh: Callable[[str], Any] = meshes.make,
    key: Callable[[Any], Any] = jax.random.wrap_key_data,
) -> Any:
    """The pytree that `flatten` split, with these leaves in it.

    Args:
        skeleton, leaves: as `flatten` returns them.
        mesh: makes a mesh from its text.
        key: makes a typed key from its data.

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
        if kind == "key":
            return key(leaves[children])
        if kind == "dict":
            return {name: unflatten(child, leaves, mesh, key) for name, child in children.items()}
        build: Callable[[Any], Any] | None = {"list": list, "tuple": tuple}.get(kind)
        if build is not None:
            return build(unflatten(child, leaves, mesh, key) for child in children)
    raise ValueError(f"not a pytree skeleton: {skeleton!r}")


def plain(result: Any) -> Any:
    """A function's result in plain containers only, which `jax.export` can write into a program.

    Dictionaries with string keys, lists, tuples and None stay. A typed key becomes its data, which
    can be compared. Any other node, such as a named tuple, becomes a dictionary with one key: its
    class, its static data and the names of its children as JSON. A string key that looks like such
    a key is escaped.

    Raises:
        Refusal: it is nested too deeply.
    """
    return _plain(result, 0)


def _plain(node: Any, depth: int) -> Any:
    if depth > DEEPEST:
        raise Refusal(f"The result has more than {DEEPEST} containers within containers.")
    if node is None:
        return None
    if jax.tree_util.all_leaves([node]):
        is_array = isinstance(node, jax.Array)
        is_key = is_array and jnp.issubdtype(node.dtype, jax.dtypes.prng_key)
        return jax.random.key_data(node) if is_key else node
    if type(node) in (list, tuple):
        return type(node)(_plain(child, depth + 1) for child in node)
    if type(node) is dict and all(isinstance(key, str) for key in node):
        return {
            NODE + key if key.startswith(NODE) else key: _plain(child, depth + 1)
            for key, child in node.items()
        }
    children, definition = jax.tree_util.tree_flatten_with_path(node, lambda x: x is not node)
    kind, data = definition.node_data()  # type: ignore[attr-defined]  # its stub leaves that out
    label = [
        kind.__name__,
        # The address of an object differs from process to process.
        "" if data in (None, ()) else re.sub(r" at 0x[0-9a-f]+", "", repr(data)),
        [jax.tree_util.keystr(path) for path, _ in children],
    ]
    return {NODE + json.dumps(label): tuple(_plain(child, depth + 1) for _, child in children)}


def described(definition: jax.tree_util.PyTreeDef) -> tuple[str, tuple[str, ...]]:
    """The pytree that `plain` made as text, to compare it and to show it.

    Returns:
        The structure, as JAX prints a `PyTreeDef` of plain containers, and the path of
        each leaf, as `jax.tree_util.keystr` writes it.

    Raises:
        Refusal: the result is too large.
    """
    if definition.num_leaves > MOST_LEAVES:
        raise Refusal(f"The result has more than {MOST_LEAVES:,} arrays.")
    paths: list[str] = []
    length = 0

    def texts(node: Any, path: str, depth: int) -> Iterator[str]:
        nonlocal length
        length += len(path)
        if depth > 2 * DEEPEST or length > LONGEST:
            raise Refusal("The result is too large to be compared.")
        if node is LEAF:
            paths.append(path)
            yield "*"
        elif node is None:
            yield "None"
        elif isinstance(node, dict) and (container := _node(node)) is not None:
            kind, data, labels, children = container
            yield f"{kind}[{data}](" if data else f"{kind}("
            for number, (label, child) in enumerate(zip(labels, children, strict=True)):
                yield f"{', ' if number else ''}{label.removeprefix('.')}: "
                yield from texts(child, path + label, depth + 1)
            yield ")"
        elif isinstance(node, dict):
            yield "{"
            for number, key in enumerate(sorted(node)):
                name = key.removeprefix(NODE)
                yield f"{', ' if number else ''}{name!r}: "
                yield from texts(node[key], f"{path}[{name!r}]", depth + 1)
            yield "}"
        else:
            before, after = "[]" if isinstance(node, list) else "()"
            yield before
            for number, child in enumerate(node):
                yield ", " if number else ""
                yield from texts(child, f"{path}[{number}]", depth + 1)
            yield ",)" if after == ")" and len(node) == 1 else after

    LEAF = object()
    template = jax.tree.unflatten(definition, [LEAF] * definition.num_leaves)
    structure = f"PyTreeDef({''.join(texts(template, '', 0))})"
    if len(structure) > LONGEST:
        raise Refusal("The result is too large to be compared.")
    return structure, tuple(paths)


def _node(node: dict[str, Any]) -> tuple[str, str, list[str], tuple[Any, ...]] | None:
    """The container that the dictionary stands for; None if it is a dictionary of the student's."""
    key = next(iter(node), "")
    if len(node) != 1 or not key.startswith(NODE) or key.startswith(2 * NODE):
        return None
    kind, data, labels = json.loads(key.removeprefix(NODE))
    children = node[key]
    if not all(isinstance(text, str) for text in (kind, data, *labels)):
        raise ValueError("not a node that `plain` writes")
    if not isinstance(children, tuple) or len(children) != len(labels):
        raise ValueError("not a node that `plain` writes")
    return kind, data, labels, children
