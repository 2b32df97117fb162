"""Ways to look at a function: each view of it is lowered to a program of its own.

An exercise is judged on the views that its requirements name, on one or several draws of inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

Function = Callable[..., Any]
ALL_PLATFORMS = ("cpu", "cuda", "tpu")


def once_more(function: Function) -> Function:
    """The same function, whose own jitted trace, if it has one, is forgotten.

    What a jitted function inside it remembers stays.
    """
    if hasattr(function, "clear_cache"):
        function.clear_cache()
    return function


@dataclass(frozen=True)
class View:
    """One way to look at a function.

    Attributes:
        transform: what is lowered in place of the function.
        platforms: what it is lowered for; the device that judges, where it is empty.
        runs: whether there are results to compare, or facts only.
        calls: whether the function is called as Python where it is, and no program is made.
        reports: whether that process says besides what it saw of itself, see `reports`.
        hides: whether the expected answer stays out of what is released.
        as_written: whether the function's own `jit`, with what it donates, is exported as it is.
        every_size: whether it is made for every draw, or for the first only.
        tied: whether it has to be the program of the view `value`, see `meaning`.
        evidence: where what is judged comes from, for the documentation.
    """

    transform: Callable[[Function], Function] = lambda function: function
    platforms: tuple[str, ...] = ()
    runs: bool = True
    calls: bool = False
    reports: bool = False
    hides: bool = False
    as_written: bool = False
    every_size: bool = True
    tied: bool = False
    evidence: str = "the exported program, run by the runner on secret inputs"


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


VIEWS = {
    "value": View(),
    "called": View(
        calls=True,
        evidence="the function, called in the worker on secret inputs; only arrays leave it",
    ),
    "answered": View(
        calls=True,
        hides=True,
        every_size=False,
        evidence="the value that the notebook gave its name, read in the worker",
    ),
    "reported": View(
        calls=True,
        runs=False,
        reports=True,
        evidence="**reported**: what the worker says it saw as it traced and called the function",
    ),
    "gradient": View(
        gradient, evidence="the program of its gradient, run by the runner on secret inputs"
    ),
    "again": View(
        once_more,
        runs=False,
        every_size=False,
        evidence="**reported**: a second program, which the worker says is a second export",
    ),
    "as written": View(
        as_written=True,
        runs=False,
        every_size=False,
        tied=True,
        evidence="an export of the function's own jit, proved by the runner to compute the same",
    ),
    "everywhere": View(
        platforms=ALL_PLATFORMS,
        runs=False,
        every_size=False,
        tied=True,
        evidence="an export for cpu, cuda and tpu at once, proved by the runner to compute the "
        "same on a cpu",
    ),
}
# The gradient is not tied to the values: by a custom rule a function may have any, so the two
# programs together are always those of some function, and each proves what it is judged for.
"""Every view by its name: the function itself; the function called as Python, on NumPy arrays; a
value in place of a function; what the process that called it reports; its gradient; lowered once
more; lowered with its own `jit`; and lowered for every platform at once."""


@dataclass(frozen=True)
class Draw:
    """What tells one drawn set of arguments of an exercise from another.

    Attributes:
        size: the batch size.
        mesh: the mesh that they lie on, such as `x=4,y=2`; empty where there is none.
        dtype: of the floating leaves.
        again: how many draws of this size came before it.
    """

    size: int
    mesh: str = ""
    dtype: str = "float32"
    again: int = 0


@dataclass(frozen=True)
class Case:
    """One program or call that is asked for: a view of the function, on one draw."""

    view: str
    draw: Draw

    def platforms(self, platform: str) -> tuple[str, ...]:
        """What its program is lowered for, where `platform` is judged on."""
        return VIEWS[self.view].platforms or ("cpu" if self.draw.mesh else platform,)


def cases(views: Sequence[str], draws: Sequence[Draw]) -> list[Case]:
    """The cases of an exercise whose requirements name these views, in the order of `VIEWS`."""
    named = [view for view in VIEWS if view in views]
    return [
        Case(view, draw)
        for view in named
        for draw in (draws if VIEWS[view].every_size else draws[:1])
    ]


def tied(asked: Sequence[Case]) -> set[Case]:
    """The cases whose programs have to be one and the same; none where only the values are."""
    others = [case for case in asked if VIEWS[case.view].tied]
    draws = {case.draw for case in others}
    return {case for case in asked if case.view == "value" and case.draw in draws} | set(others)
