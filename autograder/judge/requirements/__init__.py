"""What an exercise can require of an answer. Each requirement is one small frozen dataclass.

A requirement sees answers only, never functions, so the student's check and the grader apply the
same one. It names the views of the function that it looks at (see `views.py`). Its name and its
fields are written into the release.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Union

from autograder.judge.requirements.programs import (
    donates_like_reference,
    grows_with_batch,
    is_jitted,
    is_pure,
    lowers_everywhere,
    memory_within,
    runs_on_demand,
    stays_in_32_bits,
    uses,
    work_grows,
    work_within,
)
from autograder.judge.requirements.randomness import (
    distributed_like_reference,
    independent_streams,
    uses_keys_once,
)
from autograder.judge.requirements.reported import (
    leaks_nothing,
    traces_like_reference,
    uses_primitive,
    weak_type_like_reference,
)
from autograder.judge.requirements.requirement import Requirement
from autograder.judge.requirements.sharding import (
    communicates_like_reference,
    sharded_like_reference,
)
from autograder.judge.requirements.values import (
    answers_question,
    matches_gradient,
    matches_reference,
    matches_when_called,
)

__all__ = [
    "COMPARED",
    "KNOWN",
    "AnyRequirement",
    "Requirement",
    "answers_question",
    "communicates_like_reference",
    "distributed_like_reference",
    "donates_like_reference",
    "grows_with_batch",
    "independent_streams",
    "is_jitted",
    "is_pure",
    "leaks_nothing",
    "lowers_everywhere",
    "matches_gradient",
    "matches_reference",
    "matches_when_called",
    "memory_within",
    "runs_on_demand",
    "sharded_like_reference",
    "stays_in_32_bits",
    "traces_like_reference",
    "uses",
    "uses_keys_once",
    "uses_primitive",
    "weak_type_like_reference",
    "work_grows",
    "work_within",
]  # fmt: skip

KNOWN: dict[str, type[Requirement]] = {
    kind.__name__: kind
    for kind in (
        matches_reference,
        matches_when_called,
        matches_gradient,
        answers_question,
        grows_with_batch,
        work_grows,
        work_within,
        memory_within,
        uses,
        runs_on_demand,
        stays_in_32_bits,
        is_jitted,
        is_pure,
        donates_like_reference,
        lowers_everywhere,
        uses_keys_once,
        distributed_like_reference,
        independent_streams,
        sharded_like_reference,
        communicates_like_reference,
        traces_like_reference,
        leaks_nothing,
        uses_primitive,
        weak_type_like_reference,
    )
}

if TYPE_CHECKING:
    AnyRequirement = Requirement
else:
    AnyRequirement = Union[tuple(KNOWN.values())]  # noqa: UP007  (it is made of a list)
"""The schema of a requirement."""

COMPARED = frozenset(name for kind in KNOWN.values() for name in kind.compares)
"""The facts of the reference's programs that some requirement compares with."""
