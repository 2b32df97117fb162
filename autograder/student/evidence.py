"""What a card shows of the arguments and of the result: names, values, and where they differ.

This file does not import JAX at once, see `card`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.judge.comparison import close

if TYPE_CHECKING:
    from autograder.student.released import ReleasedExercise

SMALL = 48
"""An array of at most this many entries is shown whole."""
MOST = 6
"""A tree of at most this many leaves is shown leaf by leaf."""
ROW = 8
"""A row of at most this many entries is shown whole."""
BINS = 24
"""The number of intervals in the drawing of a distribution."""


@dataclass(frozen=True)
class Argument:
    """One argument, or one leaf of an argument that is a tree.

    Attributes:
        name: such as `xs` or `params['w']`.
        kind: its dtype and shape, how it is cut over the mesh, or the value of a plain one.
        value: its entries; None if it is not an array.
        tree: a tree that is described as a whole, else None.
    """

    name: str
    kind: str
    value: np.ndarray | None = None
    tree: Any = None

    @property
    def text(self) -> str:
        """The argument in a few words, with the value if that is a single number."""
        if self.value is not None and self.value.size == 1:
            return f"{self.name} = {number(self.value)} ({self.kind})"
        return f"{self.name}: {self.kind}"


def arguments(released: ReleasedExercise, case: int) -> list[Argument]:
    """The arguments of one draw, in their order; a large tree is described as a whole."""
    from autograder.judge.tree import flatten

    given = list(released.arguments.values())[case]
    values = given.described
    names = _parameters(released.stub, released.prompt.name)
    if len(names) < len(values):
        names = [f"argument {n}" for n in range(1, len(values) + 1)]
    specs = list(given.specs)
    found = []
    for name, value in zip(names, values, strict=False):
        count = len(flatten(value)[1])
        own, specs = specs[:count], specs[count:]
        leaves = list(_leaves(name, value))
        if count <= MOST and len(leaves) > 1 and all(leaf.value is not None for leaf in leaves):
            found += [_cut(leaf, own[n : n + 1]) for n, leaf in enumerate(leaves)]
        elif isinstance(value, np.ndarray):
            found.append(_cut(Argument(name, described(value), value), own))
        else:
            found.append(_cut(Argument(name, described(value), tree=value if count else None), own))
    return found


def at_path(given: Sequence[Argument], path: str) -> list[Argument]:
    """The leaves of large trees that stand at the place of a result's leaf.

    Args:
        given: the arguments.
        path: of the result's leaf, such as `['body']['b']`.
    """
    trees = [one for one in given if one.tree is not None] if path else []
    leaves = [leaf for one in trees for leaf in _leaves(one.name, one.tree)]
    found = [leaf for leaf in leaves if leaf.value is not None and leaf.name.endswith(path)]
    return found[:MOST]


def _parameters(stub: str, exercise: str) -> list[str]:
    """The names of the parameters of the function in a stub; empty if there is none."""
    try:
        nodes = list(ast.walk(ast.parse(stub)))
    except SyntaxError:
        return []
    for node in nodes:
        if isinstance(node, ast.FunctionDef) and node.name == exercise:
            return [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
    return []


def _leaves(path: str, value: Any) -> Iterator[Argument]:
    if isinstance(value, dict):
        for key in sorted(value):
            yield from _leaves(f"{path}[{key!r}]", value[key])
    elif isinstance(value, (list, tuple)):
        for number, child in enumerate(value):
            yield from _leaves(f"{path}[{number}]", child)
    else:
        array = value if isinstance(value, np.ndarray) else None
        yield Argument(path, described(value), array)


def _cut(argument: Argument, specs: Sequence[Any]) -> Argument:
    """The same argument, with how it is cut over the mesh."""
    specs = [spec for spec in specs if any(spec)]
    if not specs:
        return argument
    axes = ", ".join(
        repr(tuple(axis) if len(axis) > 1 else axis[0])
        if isinstance(axis, (list, tuple))
        else repr(axis)
        for axis in specs[0]
    )
    return replace(argument, kind=f"{argument.kind} cut as P({axes})")


def described(value: Any) -> str:
    """A tree's shapes and dtypes, such as `{'b': float32[3], 'w': float32[3, 4]}`."""
    from autograder.judge.tree import OnMesh

    if isinstance(value, str):
        return value
    if isinstance(value, OnMesh):
        return f"a mesh {value.text}"
    if not isinstance(value, (dict, list, tuple, np.ndarray)):
        return repr(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {described(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        parts = list(map(described, value))
        is_uniform = len(parts) > 2 and len(set(parts)) == 1 and len(parts[0]) > 20
        inside = f"{parts[0]}, … {len(parts)} like this" if is_uniform else ", ".join(parts)
        return f"[{inside}]" if isinstance(value, list) else f"({inside})"
    return f"{value.dtype.name}{list(value.shape)}"


def number(value: Any, digits: int = 6) -> str:
    """One entry of an array with so many digits, as people write it."""
    entry = np.asarray(value).ravel()[0]
    if entry.dtype.name in ("float16", "bfloat16"):
        entry = np.float32(entry)
    return (
        f"{entry:.{digits}g}"
        if isinstance(entry, (np.floating, np.complexfloating))
        else str(entry)
    )


def numbers(array: np.ndarray) -> str:
    """The entries of an array; of a long one the first and the last."""
    return np.array2string(
        array, precision=4, suppress_small=True, threshold=SMALL, max_line_width=88
    )


@dataclass(frozen=True)
class First:
    """The first entry that differs.

    Attributes:
        index: where it is.
        count, size: how many entries differ, and how many there are.
        expected, got: the two entries.
    """

    index: tuple[int, ...]
    count: int
    size: int
    expected: str
    got: str

    @property
    def text(self) -> str:
        """The difference in words."""
        return (
            f"{self.count} of {self.size} entries, first at {list(self.index)}: "
            f"expected {self.expected}, came back {self.got}"
        )


def first_difference(expected: np.ndarray, got: np.ndarray) -> First | None:
    """Where two arrays of equal shape differ first; None if they do not differ."""
    differs = ~close(expected, got)
    if not differs.any():
        return None
    index = tuple(int(i) for i in np.argwhere(differs)[0])
    count = int(differs.sum())
    return First(index, count, differs.size, number(expected[index]), number(got[index]))


def pattern(expected: np.ndarray, got: np.ndarray) -> str:
    """How a result is related to the expected one, if the relation is simple; else empty.

    The sentence is true of these two arrays; it says nothing about the cause.

    >>> pattern(np.float32([1, 2, 3]), np.float32([2, 4, 6]))
    'Here every entry is 2 times the expected one.'
    """
    if expected.size < 2 or "b" in (expected.dtype.kind, got.dtype.kind):
        return ""
    if expected.shape != got.shape:
        return _other_shape(expected, got)
    wanted, found = (one.astype(np.float64) for one in map(_real, (expected, got)))
    if np.isnan(found).any() and not np.isnan(wanted).any():
        return f"Here {int(np.isnan(found).sum())} of {found.size} entries are NaN."
    if not (np.isfinite(wanted).all() and np.isfinite(found).all()):
        return ""

    def same(other: np.ndarray) -> bool:
        return bool(close(expected, other.astype(expected.dtype)).all())

    if np.ptp(wanted) > 0:
        largest = np.unravel_index(np.abs(wanted).argmax(), wanted.shape)
        ratio, difference = found[largest] / wanted[largest], float((found - wanted)[largest])
        if ratio and same(found / ratio):
            return (
                "Here every entry has the opposite sign."
                if abs(ratio + 1) < 1e-3
                else f"Here every entry is {ratio:.4g} times the expected one."
            )
        if same(found - difference):
            side = "large" if difference > 0 else "small"
            return f"Here every entry is {abs(difference):.4g} too {side}."
    for axis in range(found.ndim):
        if same(np.flip(found, axis)):
            return f"Here the entries along axis {axis} are in reverse order."
    if same(
        np.sort(found, axis=None)[np.argsort(np.argsort(wanted, axis=None))].reshape(found.shape)
    ):
        return "Here the numbers are right, but in another order."
    return ""


def _real(array: np.ndarray) -> np.ndarray:
    """The array; complex numbers become infinity, because no pattern is looked for in them."""
    return np.full(array.shape, np.inf) if np.iscomplexobj(array) else array


def _other_shape(expected: np.ndarray, got: np.ndarray) -> str:
    if expected.size != got.size or expected.dtype != got.dtype:
        return ""
    lengths = [[length for length in one.shape if length > 1] for one in (expected, got)]
    if lengths[0] == lengths[1] and close(expected.ravel(), got.ravel()).all():
        return (
            "The numbers are right, but an axis of length 1 is missing: `squeeze` removes such an "
            "axis, and so does an index that is a single number."
            if got.ndim < expected.ndim
            else "The numbers are right, but there is one axis of length 1 too many."
        )
    if got.ndim == 2 and got.T.shape == expected.shape and close(expected, got.T).all():
        return "The numbers are right, but rows and columns are swapped."
    return ""


def went_in(argument: Argument, shape: Sequence[int], index: Sequence[int]) -> str:
    """The part of a large argument that belongs to the entry of a result at `index`.

    If the shapes are equal, it is the entry with the same index. If only the first axes have the
    same length, it is the row with the same number. Otherwise it is empty.

    >>> went_in(Argument("xs", "", np.arange(60).reshape(30, 2)), (30,), (3,))
    'xs[3] = [6 7]'
    """
    value = argument.value
    if value is None or value.size <= SMALL or not index or value.shape[:1] != tuple(shape[:1]):
        return ""
    place = tuple(index) if value.shape == tuple(shape) else tuple(index[:1])
    part = value[place]
    if not part.ndim:
        return f"{argument.name}[{', '.join(map(str, place))}] = {number(part)}"
    words = np.array2string(
        part.ravel() if part.ndim == 1 else part, precision=4, threshold=ROW, edgeitems=3
    )
    return f"{argument.name}[{place[0]}] = {words}" if part.ndim == 1 else ""


@dataclass(frozen=True)
class Spread:
    """How the numbers of a sample are spread, beside what is expected.

    Attributes:
        mean, deviation, low, high: of the sample, each as a pair of expected and found. One number
            in 8,000 may be below the expected `low`, and one in 8,000 above the expected `high`.
        bins: the share of the numbers in each of `BINS` equal intervals, expected and found.
    """

    mean: tuple[float, float]
    deviation: tuple[float, float]
    low: tuple[float, float]
    high: tuple[float, float]
    bins: tuple[np.ndarray, np.ndarray]


def spread(packed: np.ndarray, leaf: np.ndarray) -> Spread | None:
    """How a leaf is spread, beside the packed distribution that it should have.

    None if one of them has no numbers.
    """
    from autograder.judge.requirements.samples import Distribution

    wanted, found = Distribution.unpacked(packed), leaf.astype(np.float64).ravel()
    found = found[np.isfinite(found)]
    if not (found.size and wanted.thresholds.size):
        return None
    at = wanted.thresholds
    low, high = min(at[0], found.min()), max(at[-1], found.max())
    edges = np.linspace(low, high + 1e-6 * max(1.0, abs(high)), BINS + 1)
    # Thresholds lie just beside the quantiles, so that this is right for discrete numbers too.
    below = np.interp(edges, at, wanted.below / max(wanted.size, 1), left=0.0, right=1.0)
    return Spread(
        (wanted.mean, float(found.mean())),
        (float(np.sqrt(max(wanted.variance, 0.0))), float(found.std())),
        (float(at[0]), float(found.min())),
        (float(at[-1]), float(found.max())),
        (np.diff(below), np.histogram(found, edges)[0] / found.size),
    )
