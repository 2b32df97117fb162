"""One MLIR context for all programs of a process.

JAX makes a new context for each program that it lowers, exports or calls, and fills it with every
operation that it knows. For a short program this takes longer than tracing it. JAX 0.12 uses each
context ten times, and no version has a setting for it. A context may hold any number of modules,
but it frees what they have in common only when it ends itself. So only processes that end soon
share one.
"""

from __future__ import annotations

import functools
import importlib
from typing import Any

from jax.interpreters import mlir

from autograder.judge.module import context


def share() -> None:
    """Make JAX use one context from now on, and make it and the one of `module`.

    This starts no thread and no backend, so processes can be forked afterwards.
    """
    # JAX's own code looks the function up where it is defined.
    place: Any = importlib.import_module(mlir.make_ir_context.__module__)
    if not hasattr(place.make_ir_context, "cache_info"):
        place.make_ir_context = functools.cache(place.make_ir_context)
    place.make_ir_context()
    context()
