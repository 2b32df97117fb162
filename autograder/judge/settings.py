"""The settings under which answers are traced and run, whatever a notebook has set.

So a notebook that enables float64, or turns warnings into errors, gets the same verdict in the
student's own `check` and when it is graded.
"""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import jax
import numpy as np
from jax.sharding import Mesh

JAX: dict[str, Any] = {
    "check_tracer_leaks": False,
    "debug_infs": False,
    "debug_key_reuse": False,
    "debug_nans": False,
    "default_device": None,
    "default_matmul_precision": None,
    "default_prng_impl": "threefry2x32",
    "disable_jit": False,
    "enable_checks": False,
    "enable_custom_prng": False,
    "enable_x64": False,
    "legacy_prng_key": "allow",
    "no_execution": False,
    "no_tracing": False,
    "numpy_dtype_promotion": "standard",
    "numpy_rank_promotion": "allow",
    "threefry_partitionable": True,
    "transfer_guard": "allow",
}
"""The defaults of JAX, by the names of its context managers. A context manager wins over both other
context managers and `jax.config`, whether they were used before this file was imported or later."""
MACHINE = ("jax_num_cpu_devices", "jax_platform_name", "jax_platforms")
"""Settings that decide where a program runs, which is up to the grader."""
START = dict(jax.config.values)
RECURSION = sys.getrecursionlimit()
NO_MESH = Mesh(np.empty((), object), ())
NUMPY: dict[str, Any] = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}


@contextmanager
def defaults() -> Iterator[None]:
    """Trace, call and run under the grader's settings, then restore the notebook's."""
    with contextlib.ExitStack() as stack:
        _undo_rest(stack)
        for name, value in JAX.items():
            # Versions of JAX differ in which managers they have, and in which module.
            for place in (jax, jax.experimental):
                if (manager := getattr(place, name, None)) is not None:
                    stack.enter_context(manager(value))
                    break
        stack.enter_context(jax.set_mesh(NO_MESH))
        stack.enter_context(np.errstate(**NUMPY))
        stack.enter_context(warnings.catch_warnings())
        filters: Any = warnings.filters
        filters[:] = [warning_filter for warning_filter in filters if warning_filter[0] != "error"]
        limit = sys.getrecursionlimit()
        stack.callback(sys.setrecursionlimit, limit)
        sys.setrecursionlimit(max(limit, RECURSION))
        yield


def _undo_rest(stack: contextlib.ExitStack) -> None:
    """Undo settings made since this file was imported that have no context manager."""
    changed = {
        name: value
        for name, value in jax.config.values.items()
        if name in START  # parts of JAX that are imported later add more
        and name not in MACHINE
        and name.removeprefix("jax_") not in JAX
        and value != START[name]
    }
    for name, value in changed.items():
        # Some settings cannot be changed any more, so changing them had no effect.
        with contextlib.suppress(Exception):
            jax.config.update(name, START[name])
            stack.callback(jax.config.update, name, value)


@contextmanager
def fixed_machine() -> Iterator[None]:
    """Run cells on this machine's devices, whatever platform and devices they ask JAX for."""
    jax.devices()  # once JAX has started, XLA_FLAGS and other variables have no effect
    update = type(jax.config).update

    def update_allowed(config: Any, name: str, value: Any) -> None:
        if name not in MACHINE:
            update(config, name, value)

    with mock.patch.object(type(jax.config), "update", update_allowed):
        yield


def mend_streams() -> None:
    """Restore standard output and error, which a cell may have replaced or closed."""
    for name, number in (("stdout", 1), ("stderr", 2)):
        try:
            os.fstat(number)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)
        stream = open(number, "w", encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
