"""What only the process that traces a function can see of it: traces, leaks, its jaxpr.

That process has run the student's code and could say anything, so it is a report and no proof: no
exercise may hang more than a quarter of its points on it.
"""

from __future__ import annotations

import functools
import gc
import types
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import jax
import numpy as np

from autograder.judge import tree
from autograder.judge.tracing_errors import failure_of
from autograder.judge.tree import Arguments
from autograder.judge.verdict import Answer, Outcome

TRACED = "/jax/core/compile/jaxpr_trace_duration"
"""The event of `jax.monitoring` with which JAX tells that it traced a jitted function."""


def once_more(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, whose own jitted trace, if it has one, is forgotten.

    What a jitted function inside it remembers stays.
    """
    if _is_jitted(function):
        function.clear_cache()  # type: ignore[attr-defined]
    return function


def report(function: Callable[..., Any], arguments: Arguments, first: bool) -> Outcome:
    """Call a function twice on copies of the same arguments, and trace it.

    Args:
        function: the answer.
        arguments: NumPy leaves.
        first: whether what the function's own `jit` remembers is forgotten before; later cases
            find what the earlier ones left.

    Returns:
        No leaves, and as facts
        traces: how often a `jit` of the function's own was traced during the two calls;
        primitives: how many equations of its jaxpr bind each, those of inner jaxprs once;
        weak: for each result whether its type is weak;
        leak: what JAX says of a tracer that escaped, empty where none did.
        A `Failure` where the function raises.
    """
    try:
        if first:
            once_more(function)
        with _counting() as traced:
            for _ in range(2):
                leaves = [np.array(leaf) for leaf in arguments.leaves]
                jax.block_until_ready(function(*tree.unflatten(arguments.skeleton, leaves)))
        jaxpr, leak = _trace(function, arguments)
    except Exception as error:
        return failure_of(error)
    # JAX's own jitted functions are traced within, on some versions.
    own = {getattr(function, "__name__", ""), *_names(function)}
    facts = {
        "traces": sum(name in own for name in traced),
        "primitives": dict(Counter(equation.primitive.name for equation in _equations(jaxpr))),
        "weak": [bool(result.weak_type) for result in jaxpr.out_avals],
        "leak": leak,
    }
    return Answer("", (), (), facts)


def _trace(function: Callable[..., Any], arguments: Arguments) -> tuple[Any, str]:
    """The function's jaxpr, and what it leaked on the way to it."""
    # A jitted function remembers its trace, and has to go on doing so.
    plain = getattr(function, "__wrapped__", function) if _is_jitted(function) else function

    def traced() -> Any:
        return jax.make_jaxpr(lambda *leaves: plain(*tree.unflatten(arguments.skeleton, leaves)))(
            *arguments.leaves
        )

    # To say who holds a tracer, JAX looks through all that Python holds: here, what is new.
    gc.freeze()
    try:
        with jax.checking_leaks():
            return traced(), ""
    except Exception as error:
        if "Leaked" not in str(error):
            raise
        return traced(), str(error).split("\n")[0][:200]
    finally:
        gc.unfreeze()


def _is_jitted(function: Callable[..., Any]) -> bool:
    return hasattr(function, "clear_cache")


_counted: list[str] | None = None


@functools.cache
def _listen() -> None:
    """Listen to JAX from now on; older versions cannot be told to stop."""

    def heard(event: str, duration_secs: float, **details: Any) -> None:
        if event == TRACED and _counted is not None:
            _counted.append(details.get("fun_name", ""))

    jax.monitoring.register_event_duration_secs_listener(heard)


@contextmanager
def _counting() -> Iterator[list[str]]:
    """The name of every jitted function that is traced inside, once a trace."""
    global _counted
    _listen()
    counted: list[str] = []
    _counted = counted
    try:
        yield counted
    finally:
        _counted = None


def _names(function: Any) -> Iterator[str]:
    """The names of the functions that are written inside a function."""
    code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
    pending = [code] if code is not None else []
    while pending:
        current = pending.pop()
        yield current.co_name
        pending += [one for one in current.co_consts if isinstance(one, types.CodeType)]


def _equations(jaxpr: Any) -> Iterator[Any]:
    """Every equation, inner ones too: of loops, branches, jitted functions and custom rules."""
    inner = getattr(jaxpr, "jaxpr", jaxpr)
    for equation in inner.eqns:
        yield equation
        for value in jax.tree.leaves(
            list(equation.params.values()), is_leaf=lambda one: hasattr(one, "eqns")
        ):
            if hasattr(value, "eqns"):
                yield from _equations(value)
