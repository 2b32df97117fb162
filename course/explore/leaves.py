"""The containers and leaves of pytrees, and how `jax.tree.map` goes through them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from markupsafe import Markup

from autograder.markup import html, joined
from course.explore.stage import Explorable, Scene, Step, at, if_it_fits, listed

Path = tuple[Any, ...]


@dataclass(frozen=True)
class Visit:
    """One call that `jax.tree.map` made.

    Attributes:
        path: the path of the leaf in the first tree.
        given: the arguments of the function, one from each tree.
        result: its result.
    """

    path: Path
    given: tuple[Any, ...]
    result: Any


def tree(
    first: Any,
    *others: Any,
    map: Callable[..., Any] | None = None,
    names: Sequence[str] = (),
    is_leaf: Callable[[Any], bool] | None = None,
) -> Explorable:
    """Show pytrees whose containers can be folded, and visit their leaves one by one.

    >>> tree({"w": 1, "b": 2}, {"w": 10, "b": 20}, map=lambda x, y: x + y)  # doctest: +SKIP

    Args:
        first: a pytree. Its leaves are the places that are visited.
        others: pytrees to draw beside it, or to map over with it.
        map: a function of one leaf from each tree. `jax.tree.map` calls it, and a tree of the
            results grows beside the others.
        names: a name for each tree.
        is_leaf: as in `jax.tree.map`: where not to open a container.
    """
    trees = (first, *others)
    called = [*names, *(f"tree {n + 1}" for n in range(len(names), len(trees)))][: len(trees)]
    title = f"`jax.tree.map` over {' and '.join(called)}" if map else f"Leaves of {called[0]}"
    try:
        jax.tree.leaves(trees, is_leaf=is_leaf)
    except Exception as error:  # such as keys that cannot be sorted
        words = f"⚠ JAX raises an error. {type(error).__name__}: {_in_one_line(error)}"
        return Explorable(title, Scene([Step(words)]))
    visits, result, failed = visited(map, trees, is_leaf)
    count = len(jax.tree.leaves(trees[0], is_leaf=is_leaf))
    leaves = "1 leaf" if count == 1 else f"{count} leaves"
    steps = [Step(f"`{called[0]}` has {leaves}.")]
    steps += [Step(_words(number, visit, called, bool(map))) for number, visit in enumerate(visits)]
    if failed:
        steps.append(Step(f"⚠ {failed}"))
    places = {visit.path: number for number, visit in enumerate(visits)}
    roots = [_opened(one, is_leaf) for one in trees]
    shown = [_panel(name, root, places, None) for name, root in zip(called, roots, strict=True)]
    written = [_written(name, root) for name, root in zip(called, roots, strict=True)]
    if map is not None and not failed:
        results = {visit.path: visit.result for visit in visits}
        shown.append(_panel("result", roots[0], places, results))
        written.append(_written("result", _opened(result, is_leaf)))
    figure = html('<div class="x-columns">{shown}</div>', shown=joined(shown))
    about = "Click on a container to fold it. The leaves are numbered as in `jax.tree.leaves`."
    shown = Explorable(title, Scene(steps, figure, "\n".join(written)), about=about)
    return if_it_fits(shown, "Use smaller trees.")


def visited(
    f: Callable[..., Any] | None, trees: tuple, is_leaf: Callable[[Any], bool] | None
) -> tuple[list[Visit], Any, str]:
    """Run `jax.tree.map`; return its calls in order, the result, and a sentence about an error.

    If the trees do not have the same structure, the visits are the leaves of the first tree.
    """
    visits: list[Visit] = []
    running: list[Path] = []

    def record(path: Path, *leaves: Any) -> Any:
        running.append(path)
        result = f(*leaves) if f is not None else None
        visits.append(Visit(path, leaves, result))
        return result

    try:
        return visits, jax.tree_util.tree_map_with_path(record, *trees, is_leaf=is_leaf), ""
    except Exception as error:
        message = _in_one_line(error)
        if running:
            where = jax.tree_util.keystr(running[-1])
            sentence = f"At {where} the function raises {type(error).__name__}: {message}"
        else:
            paths = jax.tree_util.tree_leaves_with_path(trees[0], is_leaf=is_leaf)
            visits = [Visit(path, (leaf,), None) for path, leaf in paths]
            sentence = f"JAX raises an error. {type(error).__name__}: {message}"
        return visits, None, sentence.rstrip(".") + "."


def _in_one_line(error: Exception) -> str:
    """A message on one line. JAX's messages about pytrees have several lines, and name a function
    that the reader did not call.
    """
    lines = [line.strip() for line in str(error).splitlines()]
    text = " ".join(lines[:2]) + "".join([". " if lines[2:] else "", " ".join(lines[2:])])
    return text.replace("tree_map_with_path tree", "tree")


def _words(number: int, visit: Visit, names: Sequence[str], mapped: bool) -> str:
    where = f", at `{path}`," if (path := jax.tree_util.keystr(visit.path)) else ""
    if len(visit.given) < len(names) or not mapped:
        return f"Leaf {number}{where} is {_value(visit.given[0])}."
    met = [f"{_value(part)} from `{name}`" for part, name in zip(visit.given, names, strict=True)]
    result = _value(visit.result)
    return f"Leaf {number}{where} is visited. The function gets {listed(met)}. It returns {result}."


def _value(value: Any) -> str:
    """A number as it is, an array by its dtype and shape, anything else in a few words."""
    if isinstance(value, (jax.Array, np.ndarray)):
        shape = f"{value.dtype}[{','.join(map(str, value.shape))}]"
        return shape if value.shape or value.dtype.kind not in "biuf" else f"{value.item():g}"
    if isinstance(value, float):
        return repr(value) if len(repr(value)) < 8 else f"{value:.4g}"
    leaves = jax.tree.leaves(value)
    if any(isinstance(leaf, (jax.Array, np.ndarray)) for leaf in leaves):
        count = "1 leaf" if len(leaves) == 1 else f"{len(leaves)} leaves"
        return f"a {type(value).__name__} with {count}"
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"


@dataclass(frozen=True)
class _Node:
    """A place in a tree: a leaf, or a container with its parts by path."""

    path: Path
    value: Any
    parts: tuple["_Node", ...] | None

    @property
    def edge(self) -> str:
        return jax.tree_util.keystr(self.path[-1:]) if self.path else ""


def _opened(value: Any, is_leaf: Callable[[Any], bool] | None, path: Path = ()) -> _Node:
    if is_leaf is not None and is_leaf(value):
        return _Node(path, value, None)
    parts, _ = jax.tree_util.tree_flatten_with_path(value, is_leaf=lambda part: part is not value)
    if len(parts) == 1 and parts[0][0] == ():
        return _Node(path, value, None)
    return _Node(path, value, tuple(_opened(part, is_leaf, path + step) for step, part in parts))


def _kind(node: _Node) -> str:
    count = len(node.parts or ())
    if node.value is None:
        return "None: no leaf"
    return f"{type(node.value).__name__}, {count} {'entry' if count == 1 else 'entries'}"


def _panel(
    name: str, root: _Node, places: dict[Path, int], results: dict[Path, Any] | None
) -> Markup:
    """A tree as nested folds; its leaves are highlighted when they are visited."""

    def marked(path: Path) -> Markup:
        number = places.get(path)
        if number is None:
            return Markup("")
        return at(now=[number + 2], shown=f"{number + 2}-" if results is not None else "")

    def drawn(node: _Node) -> Markup:
        if node.parts is None or (results is not None and node.path in results):
            value = node.value if results is None else results.get(node.path)
            return html(
                '<div class="x-leaf">{edge} <span {at}><b>{value}</b></span>'
                ' <span class="x-small">{number}</span></div>',
                edge=node.edge,
                at=marked(node.path),
                value=_value(value),
                number=f"leaf {places[node.path]}" if node.path in places else "",
            )
        return html(
            "<details open><summary>{edge} <span {at}>{kind}</span></summary>"
            '<div class="x-inside">{parts}</div></details>',
            edge=node.edge,
            at=marked(node.path),
            kind=_kind(node),
            parts=joined(map(drawn, node.parts)),
        )

    return html(
        '<div class="x-panel x-nest"><p class="x-head">{name}</p>{tree}</div>',
        name=name,
        tree=drawn(root),
    )


def _written(name: str, root: _Node) -> str:
    def lines(node: _Node, depth: int) -> list[str]:
        text = _value(node.value) if node.parts is None else _kind(node)
        below = [line for part in node.parts or () for line in lines(part, depth + 1)]
        return [f"{'  ' * depth}{node.edge or name}: {text}", *below]

    return "\n".join(lines(root, 0))
