"""One MLIR context for many programs.

JAX makes a new context for each program that it lowers, exports or calls, and fills it with every
operation that it knows. For a short program this takes longer than tracing it. JAX 0.12 uses each
context ten times, and no version has a setting for it. A context may hold any number of modules,
but what they have in common is freed only when the context ends.
"""

from __future__ import annotations

import importlib
from functools import lru_cache
from itertools import count
from typing import Any

from jax.interpreters import mlir

from autograder.judge.module import context

USES = 500
"""How often each context is used; the programs of one submission use it 50 to 200 times."""


def share() -> None:
    """Make JAX use each context many times from now on, in this process and those that it forks.

    This starts no thread and no backend, so processes can be forked afterwards.
    """
    # JAX's own code looks the function up where it is defined.
    place: Any = importlib.import_module(mlir.make_ir_context.__module__)
    if hasattr(place.make_ir_context, "uses"):
        return
    make, uses = place.make_ir_context, count()
    made = lru_cache(maxsize=1)(lambda number: make())

    def shared() -> Any:
        return made(next(uses) // USES)

    shared.uses = uses  # type: ignore[attr-defined]
    place.make_ir_context = shared
    shared()
    context()
