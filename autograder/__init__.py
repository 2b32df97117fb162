"""Judges JAX programs: `check` for students, a plug for nbgrader's `autograde` for instructors."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from autograder.problem import Problem, require_jax

if TYPE_CHECKING:
    from autograder.judge.meshes import simulate_devices
    from autograder.student.hints import hint
    from autograder.student.learner import check, predicted
    from autograder.student.lessons import lesson_read, resume
    from autograder.student.stubs import reset

__all__ = [
    "Problem", "check", "hint", "lesson_read", "predicted", "reset", "resume", "simulate_devices",
]  # fmt: skip

WHERE = {
    "check": "student.learner",
    "hint": "student.hints",
    "lesson_read": "student.lessons",
    "predicted": "student.learner",
    "reset": "student.stubs",
    "resume": "student.lessons",
    "simulate_devices": "judge.meshes",
}

require_jax()


def __getattr__(name: str) -> Any:
    # nbgrader imports this package on every command; only a notebook needs JAX from it.
    if name in WHERE:
        return getattr(importlib.import_module(f"autograder.{WHERE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
