"""The settings under which answers are traced and run: ours, whatever a notebook has set.

So that a notebook that switches on float64, or makes errors of warnings, gets the same verdict
wherever it does so, in the student's own `check` and when it is graded.
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
"""What JAX does where nothing is set, by the names of its context managers, which hold whether a
notebook has used those or `jax.config`, and before this file was imported or later."""
MACHINE = ("jax_num_cpu_devices", "jax_platform_name", "jax_platforms")
"""Settings that say where a program runs, which a grader decides."""
START = dict(jax.config.values)
RECURSION = sys.getrecursionlimit()
NUMPY: dict[str, Any] = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}


@contextmanager
def ours() -> Iterator[None]:
    """Trace, call and run under our settings; afterwards the notebook's are back."""
    with contextlib.ExitStack() as stack:
        _undo_rest(stack)
        for name, value in JAX.items():
            # Versions of JAX differ in which there are, and in where they are.
            for place in (jax, jax.experimental):
                if (manager := getattr(place, name, None)) is not None:
                    stack.enter_context(manager(value))
                    break
        stack.enter_context(np.errstate(**NUMPY))
        stack.enter_context(warnings.catch_warnings())
        filters: Any = warnings.filters
        filters[:] = [one for one in filters if one[0] != "error"]
        theirs = sys.getrecursionlimit()
        stack.callback(sys.setrecursionlimit, theirs)
        sys.setrecursionlimit(max(theirs, RECURSION))
        yield


def _undo_rest(stack: contextlib.ExitStack) -> None:
    """Take back what was set since this file was imported and has no context manager."""
    theirs = {
        name: value
        for name, value in jax.config.values.items()
        if name in START  # parts of JAX that are imported later bring more
        and name not in MACHINE
        and name.removeprefix("jax_") not in JAX
        and value != START[name]
    }
    for name, value in theirs.items():
        # Some cannot be changed any more, and so changed nothing.
        with contextlib.suppress(Exception):
            jax.config.update(name, START[name])
            stack.callback(jax.config.update, name, value)


@contextmanager
def fixed_machine() -> Iterator[None]:
    """Run cells on the machine that there is, whatever platform and devices they ask JAX for."""
    jax.devices()  # once they are known, XLA_FLAGS and other variables change nothing
    update = type(jax.config).update

    def kept(config: Any, name: str, value: Any) -> None:
        if name not in MACHINE:
            update(config, name, value)

    with mock.patch.object(type(jax.config), "update", kept):
        yield


def mend_streams() -> None:
    """Put standard output and error back, which a cell may have replaced or closed."""
    for name, number in (("stdout", 1), ("stderr", 2)):
        try:
            os.fstat(number)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)
        stream = open(number, "w", encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
