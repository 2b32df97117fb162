"""Ways to look at a function: each view is a program of its own, or a call.

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
from autograder.judge.reports import report, without_traces
from autograder.judge.tree import Arguments
from autograder.judge.verdict import Answer, Outcome

Function = Callable[..., Any]
ALL_PLATFORMS = ("cpu", "cuda", "tpu")


@dataclass(frozen=True)
class Draw:
    """What distinguishes the drawn sets of arguments of an exercise.

    Attributes:
        size: the batch size.
        mesh: the mesh that the arguments lie on, as text, see `meshes`; empty without a mesh.
        dtype: the dtype of the floating leaves.
        again: how many draws of this size come before this one.
    """

    size: int
    mesh: str = ""
    dtype: str = "float32"
    again: int = 0


class View:
    """One way to look at a function: an `Export` of it, or a `Call`.

    Args:
        evidence: where the evidence comes from, for the documentation.
    """

    def __init__(self, evidence: str) -> None:
        self.evidence = evidence

    def draws(self, draws: Sequence[Draw]) -> Sequence[Draw]:
        """Choose the draws that this view looks at."""
        return draws

    def has_results(self) -> bool:
        """Whether the function's results are compared, and not only facts about it."""
        return True

    def released(self, expected: Sequence[Answer]) -> Sequence[Answer]:
        """The part of the expected answers that students get."""
        return expected


class Export(View):
    """The function as a program, which is compiled and run."""

    def platforms(self, judged_on: str) -> tuple[str, ...]:
        """The platforms to lower the program for, if programs run on the platform `judged_on`."""
        return (judged_on,)

    def transformed(self, function: Function) -> Function:
        """The function that is lowered, made from the student's."""
        return function

    def jitted(
        self, function: Function, arguments: Arguments, keep_unused: bool
    ) -> tuple[Any, Sequence[Any]]:
        """The jitted function to export, and the abstract values to export it for.

        Args:
            function: the answer.
            arguments: the leaves are abstract.
            keep_unused: whether the program keeps arguments that the function ignores.
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
    """A program of the first draw, which is read and not run."""

    def draws(self, draws: Sequence[Draw]) -> Sequence[Draw]:
        return draws[:1]

    def has_results(self) -> bool:
        return False

    def described(self, exported: export.Exported) -> tuple[str, tuple[str, ...]]:
        return "", ()


class SecondExport(Reading):
    """The function exported once more."""

    def transformed(self, function: Function) -> Function:
        return without_traces(function)


class Tied(Reading):
    """A program that has to compute the same as the view `value`, see `meaning`."""


class Everywhere(Tied):
    """The program for all platforms at once."""

    def platforms(self, judged_on: str) -> tuple[str, ...]:
        return ALL_PLATFORMS


class AsWritten(Tied):
    """The function's own `jit`, with the arguments that it donates."""

    def jitted(
        self, function: Function, arguments: Arguments, keep_unused: bool
    ) -> tuple[Any, Sequence[Any]]:
        own = function if hasattr(function, "lower") else jax.jit(function)
        return own, tree.unflatten(arguments.skeleton, arguments.leaves, key=_abstract_key)

    def plain(self, exported: export.Exported) -> export.Exported:
        # A program with the student's own classes cannot be serialised.
        arguments = jax.tree.structure((tuple(exported.in_avals), {}))
        results = jax.tree.structure(tuple(exported.out_avals))
        return dataclasses.replace(exported, in_tree=arguments, out_tree=results)


class Call(View):
    """The function, called as Python in the process of the student's code; no program is made."""

    def outcome(self, function: Any, arguments: Arguments, first: bool = True) -> Outcome:
        """Call the function.

        Args:
            function: the answer; for a question the value.
            arguments: NumPy leaves; the function gets copies.
            first: whether it is the first draw of this view.
        """
        leaves = tuple(np.array(leaf) for leaf in arguments.leaves)
        return call(function, dataclasses.replace(arguments, leaves=leaves).values)


class Answered(Call):
    """The value that answers a question; the right value is not released."""

    def draws(self, draws: Sequence[Draw]) -> Sequence[Draw]:
        return draws[:1]

    def outcome(self, function: Any, arguments: Arguments, first: bool = True) -> Outcome:
        return call(lambda: function, ())

    def released(self, expected: Sequence[Answer]) -> Sequence[Answer]:
        return [Answer("", (), ()) for _ in expected]


class Reported(Call):
    """What the process that calls the function reports about it, see `reports`."""

    def has_results(self) -> bool:
        return False

    def outcome(self, function: Any, arguments: Arguments, first: bool = True) -> Outcome:
        return report(function, arguments, first)


def gradient(function: Function) -> Function:
    """The gradient of a fixed weighted sum of the function's floating results, and the results.

    The weights are the cosines of 0, 1, 2, …, so that swapping two entries changes the sum. The
    results are those of the differentiated function: the forward rule of a `jax.custom_vjp` may
    return different ones from the function itself, which the gradient would not show.

    Returns:
        A function of the same arguments. It returns the gradients with respect to those arguments
        whose leaves are all floating, and what `function` returns while it is differentiated.
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


def _abstract_key(data: Any) -> Any:
    return jax.eval_shape(jax.random.wrap_key_data, data)


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
        "**reported**: what the worker reports about tracing and calling the function"
    ),
    "gradient": Gradient("the program of its gradient, run by the runner on secret inputs"),
    "again": SecondExport(
        "**reported**: a second program, which the worker reports as a second export"
    ),
    "as written": AsWritten(
        "an export of the function's own jit, proved by the runner to compute the same"
    ),
    "everywhere": Everywhere(
        "an export for cpu, cuda and tpu at once, proved by the runner to compute the same on a cpu"
    ),
}
"""Every view by its name. The gradient is not tied to the values, because a custom rule can give a
function any gradient. So the two programs always belong to some function, and each one proves what
it is judged for."""


@dataclass(frozen=True)
class Case:
    """A view of the function on one draw: one program or one call."""

    view: str
    draw: Draw

    @property
    def call(self) -> Call | None:
        """The view, if it calls the function; None if it makes a program."""
        view = VIEWS[self.view]
        return view if isinstance(view, Call) else None

    @property
    def export(self) -> Export:
        """The view, if it makes a program.

        Raises:
            TypeError: the view calls the function.
        """
        view = VIEWS[self.view]
        if isinstance(view, Export):
            return view
        raise TypeError(f"the view {self.view} makes no program")

    def platforms(self, platform: str) -> tuple[str, ...]:
        """The platforms to lower its program for, if programs run on `platform`."""
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


def tied(all_cases: Sequence[Case]) -> set[Case]:
    """The cases whose programs have to compute the same; empty if no view is `Tied`."""
    tied_cases = {case for case in all_cases if isinstance(VIEWS[case.view], Tied)}
    draws = {case.draw for case in tied_cases}
    return {case for case in all_cases if case.view == "value" and case.draw in draws} | tied_cases
