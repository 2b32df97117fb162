"""Judges JAX programs: `check` for students, a plug for nbgrader's `autograde` for instructors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograder.problem import Problem, require_jax

if TYPE_CHECKING:
    from autograder.learner import check, predicted
    from autograder.meshes import simulate_devices

__all__ = ["Problem", "check", "predicted", "simulate_devices"]

require_jax()


def __getattr__(name: str) -> Any:
    # nbgrader imports this package on every command; only a notebook needs JAX from it.
    if name in ("check", "predicted"):
        from autograder import learner

        return getattr(learner, name)
    if name == "simulate_devices":
        from autograder.meshes import simulate_devices

        return simulate_devices
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
