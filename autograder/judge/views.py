"""Ways to look at a function: each view of it is a program of its own, or a call.

An exercise is judged on the views that its requirements name, on one or several draws of inputs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import export

from autograder.judge import meshes, tree
from autograder.judge.calling import call
from autograder.judge.devices import PLATFORMS
from autograder.judge.reports import once_more, report
from autograder.judge.tree import Arguments
from autograder.judge.verdict import Answer, Outcome

Function = Callable[..., Any]
ALL_PLATFORMS = ("cpu", "cuda", "tpu")


@dataclass(frozen=True)
class Draw:
    """What tells one drawn set of arguments of an exercise from another.

    Attributes:
        size: the batch size.
        mesh: the mesh that they lie on, as text, see `meshes`; empty where there is none.
        dtype: of the floating leaves.
        again: how many draws of this size came before it.
    """

    size: int
    mesh: str = ""
    dtype: str = "float32"
    again: int = 0


class View:
    """One way to look at a function: an `Export` of it, or a `Call`.

    Args:
        evidence: where what is judged comes from, for the documentation.
    """

    def __init__(self, evidence: str) -> None:
        self.evidence = evidence

    def draws(self, draws: Sequence[Draw]) -> Sequence[Draw]:
        """Those of an exercise's draws on which the function is looked at in this way."""
        return draws

    def has_results(self) -> bool:
        """Whether the function's results are compared, and not only facts about it."""
        return True

    def released(self, expected: Sequence[Answer]) -> Sequence[Answer]:
        """What students get of the expected answers."""
        return expected


class Export(View):
    """The function as a program, which is compiled and run."""

    def platforms(self, judged_on: str) -> tuple[str, ...]:
        """What the program is lowered for, where programs run on the platform `judged_on`."""
        return (judged_on,)

    def transformed(self, function: Function) -> Function:
        """What is lowered in place of the function."""
        return function

    def jitted(
        self, function: Function, arguments: Arguments, keep_unused: bool
    ) -> tuple[Any, Sequence[Any]]:
        """What is exported, a jitted function, and the abstract values that it is exported for.

        Args:
            function: the answer.
            arguments: the leaves are abstract.
            keep_unused: whether the program takes an argument that the function ignores.
        """
        viewed = self.transformed(function)

        def leaves_to_plain(*flat: Any) -> Any:
            return tree.plain(viewed(*tree.unflatten(arguments.skeleton, flat)))

        return jax.jit(leaves_to_plain, keep_unused=keep_unused), arguments.leaves

    def plain(self, exported: export.Exported) -> export.Exported:
        """The program in a form that can be serialised."""
        return exported

    def described(self, exported: export.Exported) -> tuple[str, tuple[str, ...]]:
        """The structure of the results, and the path of each leaf."""
        return tree.described(exported.out_tree)


class Gradient(Export):
    """The program of the function's gradient, see `gradient`."""

    def transformed(self, function: Function) -> Function:
        return gradient(function)


class Reading(Export):
    """A program that is read on the first draw, and not run."""

    def draws(self, draws: Sequence[Draw]) -> Sequence[Draw]:
        return draws[:1]

    def has_results(self) -> bool:
        return False

    def described(self, exported: export.Exported) -> tuple[str, tuple[str, ...]]:
        return "", ()


class SecondExport(Reading):
    """The function exported once more."""

    def transformed(self, function: Function) -> Function:
        return once_more(function)


class Tied(Reading):
    """A program that has to compute what that of the view `value` computes, see `meaning`."""


class Everywhere(Tied):
    """The program for all platforms at once."""

    def platforms(self, judged_on: str) -> tuple[str, ...]:
        return ALL_PLATFORMS


class AsWritten(Tied):
    """The function's own `jit`, with what it donates."""

    def jitted(
        self, function: Function, arguments: Arguments, keep_unused: bool
    ) -> tuple[Any, Sequence[Any]]:
        own = function if hasattr(function, "lower") else jax.jit(function)
        return own, tree.unflatten(arguments.skeleton, arguments.leaves)

    def plain(self, exported: export.Exported) -> export.Exported:
        # Of classes of the student's own nothing can be written down.
        taken = jax.tree.structure((tuple(exported.in_avals), {}))
        results = jax.tree.structure(tuple(exported.out_avals))
        return dataclasses.replace(exported, in_tree=taken, out_tree=results)


class Call(View):
    """The function, called as Python where the student's code runs; no program is made."""

    def outcome(self, function: Any, arguments: Arguments, first: bool = True) -> Outcome:
        """What comes of it.

        Args:
            function: the answer; of a question the value.
            arguments: NumPy leaves; the function gets copies.
            first: whether it is the first draw of this view.
        """
        leaves = tuple(np.array(leaf) for leaf in arguments.leaves)
        return call(function, dataclasses.replace(arguments, leaves=leaves).values)


class Answered(Call):
    """The value that answers a question; what is right stays out of the release."""

    def draws(self, draws: Sequence[Draw]) -> Sequence[Draw]:
        return draws[:1]

    def outcome(self, function: Any, arguments: Arguments, first: bool = True) -> Outcome:
        return call(lambda: function, ())

    def released(self, expected: Sequence[Answer]) -> Sequence[Answer]:
        return [Answer("", (), ()) for _ in expected]


class Reported(Call):
    """What the process that calls the function says it saw of itself, see `reports`."""

    def has_results(self) -> bool:
        return False

    def outcome(self, function: Any, arguments: Arguments, first: bool = True) -> Outcome:
        return report(function, arguments, first)


def gradient(function: Function) -> Function:
    """The gradient of a fixed weighted sum of the function's floating results, and the results.

    The weights are the cosines of 0, 1, 2, …, so that no two entries can stand for each other.
    The results are those of the differentiated function: the forward rule of a `jax.custom_vjp` may
    return other ones than the function itself, and the gradient of this sum would not tell.

    Returns:
        A function of the same arguments, to the tuple of gradients with respect to those whose
        leaves are all floating, and what `function` returns while it is differentiated.
    """

    def total(*arguments: Any) -> tuple[jax.Array, Any]:
        result = function(*arguments)
        weighted = (
            jnp.sum(leaf * jnp.cos(jnp.arange(leaf.size, dtype=leaf.dtype)).reshape(leaf.shape))
            for leaf in jax.tree.leaves(result)
            if jnp.issubdtype(leaf.dtype, jnp.floating)
        )
        return sum(weighted, start=jnp.zeros(())), result

    def gradients(*arguments: Any) -> tuple[tuple[Any, ...], Any]:
        floating = [n for n, argument in enumerate(arguments) if _is_floating(argument)]
        return jax.grad(total, argnums=floating, has_aux=True)(*arguments)

    return gradients


def _is_floating(argument: Any) -> bool:
    # A mesh and a plain Python value have no dtype.
    return all(
        hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jnp.floating)
        for leaf in jax.tree.leaves(argument)
    )


VIEWS: dict[str, View] = {
    "value": Export("the exported program, run by the runner on secret inputs"),
    "called": Call("the function, called in the worker on secret inputs; only arrays leave it"),
    "answered": Answered("the value that the notebook gave its name, read in the worker"),
    "reported": Reported(
        "**reported**: what the worker says it saw as it traced and called the function"
    ),
    "gradient": Gradient("the program of its gradient, run by the runner on secret inputs"),
    "again": SecondExport(
        "**reported**: a second program, which the worker says is a second export"
    ),
    "as written": AsWritten(
        "an export of the function's own jit, proved by the runner to compute the same"
    ),
    "everywhere": Everywhere(
        "an export for cpu, cuda and tpu at once, proved by the runner to compute the same on a cpu"
    ),
}
"""Every view by its name. The gradient is not tied to the values: by a custom rule a function may
have any, so the two programs together are always those of some function, and each proves what it is
judged for."""


@dataclass(frozen=True)
class Case:
    """One program or call that is asked for: a view of the function, on one draw."""

    view: str
    draw: Draw

    @property
    def call(self) -> Call | None:
        """How the function is called; None where a program is made of it."""
        view = VIEWS[self.view]
        return view if isinstance(view, Call) else None

    @property
    def export(self) -> Export:
        """How the function is made a program.

        Raises:
            TypeError: it is called.
        """
        view = VIEWS[self.view]
        if isinstance(view, Export):
            return view
        raise TypeError(f"the view {self.view} makes no program")

    def platforms(self, platform: str) -> tuple[str, ...]:
        """What its program is lowered for, where `platform` is judged on."""
        mesh = self.draw.mesh
        return self.export.platforms(PLATFORMS[meshes.backend(mesh)] if mesh else platform)

    def has_results(self) -> bool:
        """See `View.has_results`."""
        return VIEWS[self.view].has_results()


def cases(views: Sequence[str], draws: Sequence[Draw]) -> list[Case]:
    """The cases of an exercise whose requirements name these views, in the order of `VIEWS`."""
    return [
        Case(name, draw)
        for name, view in VIEWS.items()
        if name in views
        for draw in view.draws(draws)
    ]


def tied(asked: Sequence[Case]) -> set[Case]:
    """The cases whose programs have to be one and the same; none where only the values are."""
    others = {case for case in asked if isinstance(VIEWS[case.view], Tied)}
    draws = {case.draw for case in others}
    return {case for case in asked if case.view == "value" and case.draw in draws} | others
