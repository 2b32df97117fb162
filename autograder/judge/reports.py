"""What only the process that traces a function can see: its traces, its leaks, its jaxpr.

That process has run the student's code, which could make it send anything. So this is a report, not
a proof: at most a quarter of an exercise's points may depend on it.
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
"""The event of `jax.monitoring` that JAX sends when it has traced a jitted function."""


def without_traces(function: Callable[..., Any]) -> Callable[..., Any]:
    """Clear the traces of the function's own `jit`, if it has one, and return the function.

    Jitted functions that it calls keep their traces.
    """
    if _is_jitted(function):
        function.clear_cache()  # type: ignore[attr-defined]
    return function


def report(function: Callable[..., Any], arguments: Arguments, first: bool) -> Outcome:
    """Call a function twice on copies of the same arguments, and trace it.

    Args:
        function: the answer.
        arguments: NumPy leaves.
        first: whether to clear the traces of the function's own `jit` before; later cases keep
            the traces of earlier ones.

    Returns:
        An answer without leaves, and with these facts:
        traces: how often the function's own `jit` was traced during the two calls;
        primitives: how many equations of its jaxpr bind each; those of inner jaxprs count once;
        weak: for each result whether its type is weak;
        leak: JAX's message about a tracer that escaped, empty if none did.
        A `Failure` if the function raises.
    """
    try:
        if first:
            without_traces(function)
        with _counting() as traced:
            for _ in range(2):
                leaves = [np.array(leaf) for leaf in arguments.leaves]
                jax.block_until_ready(function(*tree.unflatten(arguments.skeleton, leaves)))
        jaxpr, leak = _trace(function, arguments)
    except Exception as error:
        return failure_of(error)
    # Some versions of JAX also trace jitted functions of their own.
    own = {getattr(function, "__name__", ""), *_names(function)}
    facts = {
        "traces": sum(name in own for name in traced),
        "primitives": dict(Counter(equation.primitive.name for equation in _equations(jaxpr))),
        "weak": [bool(result.weak_type) for result in jaxpr.out_avals],
        "leak": leak,
    }
    return Answer("", (), (), facts)


def _trace(function: Callable[..., Any], arguments: Arguments) -> tuple[Any, str]:
    """The function's jaxpr, and the message about a leak; empty without one."""
    # Trace the plain function, so that a jitted one keeps its traces.
    unjitted = getattr(function, "__wrapped__", function) if _is_jitted(function) else function

    def traced() -> Any:
        return jax.make_jaxpr(
            lambda *leaves: unjitted(*tree.unflatten(arguments.skeleton, leaves))
        )(*arguments.leaves)

    # To find who holds a tracer, JAX searches all objects of Python; frozen ones are skipped.
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
    """Listen to JAX from now on; in older versions a listener cannot be removed."""

    def heard(event: str, duration_secs: float, **details: Any) -> None:
        if event == TRACED and _counted is not None:
            _counted.append(details.get("fun_name", ""))

    jax.monitoring.register_event_duration_secs_listener(heard)


@contextmanager
def _counting() -> Iterator[list[str]]:
    """The name of every jitted function that is traced inside, once per trace."""
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
        pending += [
            constant for constant in current.co_consts if isinstance(constant, types.CodeType)
        ]


def _equations(jaxpr: Any) -> Iterator[Any]:
    """Every equation, inner ones too: of loops, branches, jitted functions and custom rules."""
    inner = getattr(jaxpr, "jaxpr", jaxpr)
    for equation in inner.eqns:
        yield equation
        for value in jax.tree.leaves(
            list(equation.params.values()), is_leaf=lambda node: hasattr(node, "eqns")
        ):
            if hasattr(value, "eqns"):
                yield from _equations(value)
