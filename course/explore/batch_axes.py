"""Which slice `vmap` gives to which call, and where the result of that call goes."""

import contextlib
import io
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from markupsafe import Markup

from autograder.markup import html, joined
from course.explore import programs
from course.explore.stage import Explorable, Scene, Step, at, if_it_fits, listed

MOST = 48  # combinations that are offered


@dataclass(frozen=True)
class Table:
    """An array that says of each entry which call it belongs to.

    Attributes:
        name: the argument, with the path of the leaf; `"result"` for a result.
        calls: an array of the same shape with the number of the call, or -1 if every call has the
            entry.
        axis: the axis that counts the calls, or None.
    """

    name: str
    calls: np.ndarray
    axis: int | None


@dataclass(frozen=True)
class Outcome:
    """What `jax.vmap` did with one choice of `in_axes` and `out_axes`.

    Attributes:
        in_axes, out_axes: the choice.
        calls: how many calls there were.
        inputs: the leaves of the arguments.
        slices: for each input, the shape that one call sees.
        one: the shapes that one call returns.
        outputs: the leaves of the result.
        error: the first line of JAX's message, if there was an error.
    """

    in_axes: Any
    out_axes: Any
    calls: int = 0
    inputs: tuple[Table, ...] = ()
    slices: tuple[tuple[int, ...], ...] = ()
    one: tuple[tuple[int, ...], ...] = ()
    outputs: tuple[Table, ...] = ()
    error: str = ""


def axes(
    f: Callable[..., Any],
    *args: Any,
    in_axes: Sequence[Any] | None = None,
    out_axes: Sequence[Any] = (0, 1),
) -> Explorable:
    """Offer `in_axes` and `out_axes` for `jax.vmap(f)(*args)`, and show what each choice does.

    Each combination runs. If `vmap` or `f` raises, the reader sees the message.

    >>> axes(jnp.dot, jnp.ones((3, 4)), jnp.ones(4))  # doctest: +SKIP

    Args:
        f: the function of one example.
        args: arrays, or pytrees of arrays.
        in_axes: the choices for `in_axes`. By default, they are None and every axis that all leaves
            have, for each argument.
        out_axes: the choices for `out_axes`.
    """
    names = list(programs.named_arguments(f, args))
    if in_axes is None:
        choices = {
            f"in_axes of {name}": [None, *range(_least(arg))]
            for name, arg in zip(names, args, strict=True)
        }
    else:
        choices = {"in_axes": list(in_axes)}
    choices["out_axes"] = list(out_axes)
    count = math.prod(map(len, choices.values()))
    name = getattr(f, "__name__", "f")
    title = f"`vmap({name}, in_axes, out_axes)`"
    if count > MOST:
        words = (
            f"There are {count} combinations, but at most {MOST} can be shown. Name fewer choices "
            "with `in_axes` and `out_axes`."
        )
        return Explorable(title, Scene([Step(words)]))
    scenes = {}
    runs: list[tuple[str, ...]] = []
    for *ins, out in itertools.product(*choices.values()):
        outcome = mapped(f, args, tuple(ins) if in_axes is None else ins[0], out)
        chosen = tuple(map(str, [*ins, out]))
        scenes[chosen] = _scene(outcome)
        runs += [] if outcome.error else [chosen]
    about = "Choose the axes. Each cell shows the number of the call that it goes to or comes from."
    offered = {choice: [*map(str, values)] for choice, values in choices.items()}
    for values, first in zip(offered.values(), runs[0] if runs else (), strict=False):
        values.insert(0, values.pop(values.index(first)))  # begin with a choice that runs
    ordered = {chosen: scenes[chosen] for chosen in itertools.product(*offered.values())}
    shown = Explorable(title, ordered, offered, about)
    return if_it_fits(shown, "Use smaller arrays, or offer fewer axes.")


def _least(arg: Any) -> int:
    """How many axes all leaves of an argument have."""
    return min((np.ndim(leaf) for leaf in jax.tree.leaves(arg)), default=0)


def mapped(f: Callable[..., Any], args: tuple, in_axes: Any, out_axes: Any) -> Outcome:
    """Run `jax.vmap(f, in_axes, out_axes)(*args)`, and follow every entry through it.

    `f` is traced several times; its prints are not shown.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        return _mapped(f, args, in_axes, out_axes)


def _mapped(f: Callable[..., Any], args: tuple, in_axes: Any, out_axes: Any) -> Outcome:
    try:
        result = jax.vmap(f, in_axes=in_axes, out_axes=out_axes)(*args)
    except Exception as error:
        return Outcome(in_axes, out_axes, error=f"{type(error).__name__}: {_sentence_of(error)}")
    # Entries are numbered, and a function that returns what it sees says where they went.
    numbered = jax.tree.map(lambda leaf: np.arange(np.size(leaf)).reshape(np.shape(leaf)), args)
    seen = jax.vmap(lambda *slices: slices, in_axes=in_axes, out_axes=0)(*numbered)
    calls = {len(leaf) for leaf in jax.tree.leaves(seen)}.pop()
    each = in_axes if isinstance(in_axes, (tuple, list)) else (in_axes,) * len(args)

    fixed = jax.tree.map(
        lambda axis, part: jax.tree.map(lambda _: axis is None, part),
        out_axes, result, is_leaf=lambda axis: axis is None,
    )  # fmt: skip

    def marked(number: Any, *slices: Any) -> Any:
        return jax.tree.map(
            lambda leaf, same: jnp.full(jnp.shape(leaf), -1 if same else number), f(*slices), fixed
        )

    landed = jax.vmap(marked, in_axes=(0, *each), out_axes=out_axes)(jnp.arange(calls), *args)
    inputs, slices = [], []
    names = programs.names_of_leaves(f, args)
    leaves = zip(names, jax.tree.leaves(args), jax.tree.leaves(seen), strict=True)
    for name, leaf, sent in leaves:
        owner, axis = _owners(np.shape(leaf), np.asarray(sent))
        inputs.append(Table(name, owner, axis))
        slices.append(sent.shape[1:])
    paths = jax.tree_util.tree_leaves_with_path(landed)
    outputs = [
        Table("result" + jax.tree_util.keystr(path), np.asarray(leaf), _counting(np.asarray(leaf)))
        for path, leaf in paths
    ]
    one = tuple(
        tuple(size for axis, size in enumerate(table.calls.shape) if axis != table.axis)
        for table in outputs
    )
    return Outcome(in_axes, out_axes, calls, tuple(inputs), tuple(slices), one, tuple(outputs))


def _owners(shape: tuple[int, ...], sent: np.ndarray) -> tuple[np.ndarray, int | None]:
    """Which call each entry was sent to (-1 for all), and the axis along which that changes."""
    owner = np.full(int(np.prod(shape)), -1)
    if sent.shape[1:] != shape:
        for call, part in enumerate(sent):
            owner[part.ravel()] = call
    owner = owner.reshape(shape)
    return owner, _counting(owner) if owner.size and owner.min() >= 0 else None


def _counting(calls: np.ndarray) -> int | None:
    """The axis along which the number of the call is 0, 1, 2, …"""
    for axis, size in enumerate(calls.shape):
        along = np.arange(size).reshape([-1 if k == axis else 1 for k in range(calls.ndim)])
        if np.array_equal(calls, np.broadcast_to(along, calls.shape)):
            return axis
    return None


def _part(table: Table, call: str) -> str:
    """What of an array belongs to one call."""
    if table.axis is None:
        return f"all of `{table.name}`"
    index = ", ".join(call if k == table.axis else ":" for k in range(table.calls.ndim))
    return f"`{table.name}[{index}]`"


def _sentence_of(error: Exception) -> str:
    """The first sentence of a message; a list after it is put on the same line."""
    lines = [line.strip(" *") for line in str(error).splitlines() if line.strip()] or [""]
    if not lines[0].endswith(":"):
        return lines[0]
    return f"{lines[0]} {' '.join(lines[1:4])}"


def _scene(outcome: Outcome) -> Scene:
    """A step for each call; for a choice that JAX refuses, one step with the message."""
    if outcome.error:
        return Scene([Step(f"⚠ JAX raises an error. {outcome.error}")])
    steps = [Step(_words(outcome))]
    steps += [Step(_call(outcome, number)) for number in range(outcome.calls)]
    return Scene(steps, _drawn(outcome), _written(outcome))


def _words(outcome: Outcome) -> str:
    shapes = [
        f"{_part(table, 'i')} of shape {shape}"
        for table, shape in zip(outcome.inputs, outcome.slices, strict=True)
    ]
    calls = "1 call" if outcome.calls == 1 else f"{outcome.calls} calls"
    said = f"This choice makes {calls}. Call i gets {listed(shapes)}."
    if not outcome.outputs:
        return f"{said} It returns no array."
    filled = listed([_part(table, "i") for table in outcome.outputs])
    one = listed([str(shape) for shape in outcome.one])
    whole = listed([str(table.calls.shape) for table in outcome.outputs])
    return f"{said} It returns shape {one}, and fills {filled}. The whole result has shape {whole}."


def _call(outcome: Outcome, number: int) -> str:
    got = [_part(table, str(number)) for table in outcome.inputs]
    said = f"Call {number} gets {listed(got)}."
    if not outcome.outputs:
        return said
    return f"{said} It fills {listed([_part(table, str(number)) for table in outcome.outputs])}."


def _drawn(outcome: Outcome) -> Markup:
    """The arrays side by side; a cell shows the number of its call, or ∗ if all calls have it."""
    arrow = Markup('<div class="x-arrow">→</div>')
    tables = [*map(_table, outcome.inputs), arrow, *map(_table, outcome.outputs)]
    return html('<div class="x-columns">{tables}</div>', tables=joined(tables))


def _table(table: Table) -> Markup:
    """An array as rows and columns; the sheets of an array with three axes are below each other."""
    calls = table.calls
    sheets = calls[None] if calls.ndim < 3 else calls.reshape(-1, *calls.shape[-2:])
    bodies = joined(
        html(
            "<tbody>{rows}</tbody>",
            rows=joined(
                html("<tr>{cells}</tr>", cells=joined(map(_cell, row.tolist())))
                for row in np.atleast_2d(sheet)
            ),
        )
        for sheet in sheets
    )
    return html(
        '<div><p class="x-head">{name} {shape}</p><table class="x-cells">{bodies}</table>'
        '<p class="x-small">{where}</p></div>',
        name=table.name,
        shape=calls.shape,
        bodies=bodies,
        where=_counts(table),
    )


def _counts(table: Table) -> str:
    return "for every call" if table.axis is None else f"axis {table.axis} counts the calls"


def _cell(call: int) -> Markup:
    if call < 0:
        return Markup("<td>∗</td>")
    return html("<td {at}>{call}</td>", at=at(now=[call + 2]), call=call)


def _written(outcome: Outcome) -> str:
    lines = []
    for table in (*outcome.inputs, *outcome.outputs):
        lines.append(f"{table.name} {table.calls.shape}: {_counts(table)}")
    return "\n".join(lines)
