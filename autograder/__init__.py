"""Judges JAX programs: `check` for students, a plug for nbgrader's `autograde` for instructors."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from autograder.problem import Problem, require_jax

if TYPE_CHECKING:
    from autograder.hints import hint
    from autograder.learner import check, predicted
    from autograder.lessons import lesson_read, resume
    from autograder.meshes import simulate_devices
    from autograder.stubs import reset

__all__ = [
    "Problem", "check", "hint", "lesson_read", "predicted", "reset", "resume", "simulate_devices",
]  # fmt: skip

WHERE = {
    "check": "learner",
    "hint": "hints",
    "lesson_read": "lessons",
    "predicted": "learner",
    "reset": "stubs",
    "resume": "lessons",
    "simulate_devices": "meshes",
}

require_jax()


def __getattr__(name: str) -> Any:
    # nbgrader imports this package on every command; only a notebook needs JAX from it.
    if name in WHERE:
        return getattr(importlib.import_module(f"autograder.{WHERE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
