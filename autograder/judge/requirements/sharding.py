"""Requirements on a program that runs on a mesh: where its results lie, what devices send."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from autograder.judge.requirements.requirement import Requirement
from autograder.judge.verdict import Answers, Finding


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
    """No device sends more bytes than with the reference, whatever the collectives.

    Counted in the compiled program, so that what the compiler puts in for sharded arrays counts
    like what was written, with loop trip counts; see `collectives`. For exercises with meshes.
    Reason: `communication`.

    Args:
        factor: how many times the reference's is allowed.
        same_kinds: allow no kind of collective that the reference does not use, and each kind as
            often, times `factor`.
    """

    factor: float = 1.0
    same_kinds: bool = False
    reason: ClassVar[str] = "communication"
    blind: ClassVar[str] = "when things are sent, and whether that is hidden behind computing"
    compares: ClassVar[tuple[str, ...]] = ("collectives",)

    def judge(self, expected: Answers, got: Answers) -> Finding | None:
        for want, have in zip(expected["value"], got["value"], strict=True):
            allowed, used = want.facts["collectives"], have.facts["collectives"]
            most, sent = (sum(size for _, size in facts.values()) for facts in (allowed, used))
            often = [
                kind
                for kind, (count, _) in used.items()
                if count > self.factor * allowed.get(kind, (0, 0))[0]
            ]
            if sent > self.factor * most or (self.same_kinds and often):
                kinds = " and ".join(often or used)
                return Finding(
                    self.reason,
                    f"The devices say more to each other than they need to, by {kinds}.",
                    "Ask what each device has to know, and send that and nothing else.",
                )
        return None
