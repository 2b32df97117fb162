"""Judges JAX programs.

Students call `check`, `hint`, `reset` and `predicted`; authors write masters with `exercise`,
`question`, `wrong`, `mistake`, `static` and the requirements; nbgrader loads `autograder.plug`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from autograder.problem import Problem, require_jax

if TYPE_CHECKING:
    from autograder.judge.meshes import simulate_devices
    from autograder.judge.requirements import (
        answers_question,
        communicates_like_reference,
        distributed_like_reference,
        donates_like_reference,
        grows_with_batch,
        independent_streams,
        is_jitted,
        is_pure,
        leaks_nothing,
        lowers_everywhere,
        matches_gradient,
        matches_reference,
        matches_when_called,
        memory_within,
        runs_on_demand,
        sharded_like_reference,
        stays_in_32_bits,
        traces_like_reference,
        uses,
        uses_keys_once,
        uses_primitive,
        weak_type_like_reference,
        work_grows,
        work_within,
    )
    from autograder.judge.specification import (
        SIZES,
        SIZES_ON_MESH,
        exercise,
        mistake,
        question,
        static,
        wrong,
    )
    from autograder.student.hints import hint
    from autograder.student.learner import check, predicted
    from autograder.student.lessons import lesson_read, resume
    from autograder.student.stubs import reset

NAMES = {
    "judge.meshes": ("simulate_devices",),
    "judge.requirements": (
        "answers_question", "communicates_like_reference", "distributed_like_reference",
        "donates_like_reference", "grows_with_batch", "independent_streams", "is_jitted",
        "is_pure", "leaks_nothing", "lowers_everywhere", "matches_gradient",
        "matches_reference", "matches_when_called", "memory_within", "runs_on_demand",
        "sharded_like_reference", "stays_in_32_bits", "traces_like_reference", "uses",
        "uses_keys_once", "uses_primitive", "weak_type_like_reference", "work_grows",
        "work_within",
    ),
    "judge.specification": (
        "SIZES", "SIZES_ON_MESH", "exercise", "mistake", "question", "static", "wrong",
    ),
    "student.hints": ("hint",),
    "student.learner": ("check", "predicted"),
    "student.lessons": ("lesson_read", "resume"),
    "student.stubs": ("reset",),
}  # fmt: skip
"""What this package exports, by module."""
MODULES = {name: module for module, names in NAMES.items() for name in names}

__all__ = ["Problem", *MODULES]

require_jax()


def __getattr__(name: str) -> Any:
    # nbgrader imports this package on every command, and JAX would slow it down.
    if name in MODULES:
        return getattr(importlib.import_module(f"autograder.{MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
