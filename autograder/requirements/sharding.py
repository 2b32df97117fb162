"""Requirements on a program that runs on a mesh: where its results lie, what devices send."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from autograder.judge.verdict import Answers, Finding
from autograder.requirements.requirement import Requirement


@dataclasses.dataclass(frozen=True)
class sharded_like_reference(Requirement):
    """Each device holds the same part of every result as with the reference. Reason: `sharding`.

    For exercises with meshes.
    """

    reason: ClassVar[str] = "sharding"
    blind: ClassVar[str] = "how what is computed in between is laid out"
    compares: ClassVar[tuple[str, ...]] = ("placement",)

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        for want, have in zip(expected["value"], got["value"], strict=True):
            if want.facts["placement"] != have.facts["placement"]:
                return Finding(
                    self.reason,
                    "The result is not laid out over the devices as was asked for.",
                    "Compare the `out_specs`, or the sharding of your result, with the text: which "
                    "mesh axis cuts which axis of the array?",
                )
        return None


@dataclasses.dataclass(frozen=True)
class communicates_like_reference(Requirement):
    """No kind of collective is used more often, or sends more bytes, than with the reference.

    Counted in the compiled program, so that what the compiler puts in for sharded arrays counts
    like what was written, with loop trip counts; see `collectives`. For exercises with meshes.
    Reason: `communication`.

    Args:
        factor: how many times the reference's is allowed.
    """

    factor: float = 1.0
    reason: ClassVar[str] = "communication"
    blind: ClassVar[str] = "when things are sent, and whether that is hidden behind computing"
    compares: ClassVar[tuple[str, ...]] = ("collectives",)

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        for want, have in zip(expected["value"], got["value"], strict=True):
            allowed, used = want.facts["collectives"], have.facts["collectives"]
            for kind, (count, sent) in used.items():
                most, bytes_ = allowed.get(kind, (0, 0))
                if count > self.factor * most or sent > self.factor * bytes_:
                    what = f"{kind} is used" if not most else f"{kind} is used, or sends,"
                    return Finding(
                        self.reason,
                        f"The devices say more to each other than they need to: {what} more than "
                        "in the reference.",
                        "Ask what each device has to know, and send that and nothing else.",
                    )
        return None
