"""Requirements on a program that runs on a mesh: how its results are sharded, what devices send."""

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
    blind: ClassVar[str] = "how intermediate values are laid out"
    compares: ClassVar[tuple[str, ...]] = ("placement",)

    def judge(self, expected: Answers, answers: Answers) -> Finding | None:
        for reference, answer in zip(expected["value"], answers["value"], strict=True):
            if reference.facts["placement"] != answer.facts["placement"]:
                return Finding(
                    self.reason,
                    "The result is not sharded over the devices as the text asks.",
                    "Compare the `out_specs`, or the sharding of your result, with the text: which "
                    "mesh axis cuts which axis of the array?",
                )
        return None


@dataclasses.dataclass(frozen=True)
class communicates_like_reference(Requirement):
    """No device sends more bytes than with the reference, whatever the collectives.

    Bytes are counted in the compiled program, with the turns of loops. So collectives that the
    compiler adds for sharded arrays count like those in the code; see `collectives`. For exercises
    with meshes.
    Reason: `communication`.

    Args:
        factor: how many times the reference's bytes are allowed.
        same_kinds: also allow only the reference's kinds of collectives, each at most `factor`
            times as often.
    """

    factor: float = 1.0
    same_kinds: bool = False
    reason: ClassVar[str] = "communication"
    blind: ClassVar[str] = "when data are sent, and whether the devices compute meanwhile"
    compares: ClassVar[tuple[str, ...]] = ("collectives",)

    def judge(self, expected: Answers, answers: Answers) -> Finding | None:
        for reference, answer in zip(expected["value"], answers["value"], strict=True):
            allowed, used = reference.facts["collectives"], answer.facts["collectives"]
            most, sent = (sum(size for _, size in facts.values()) for facts in (allowed, used))
            too_often = [
                kind
                for kind, (count, _) in used.items()
                if count > self.factor * allowed.get(kind, (0, 0))[0]
            ]
            if sent > self.factor * most or (self.same_kinds and too_often):
                kinds = " and ".join(too_often or used)
                return Finding(
                    self.reason,
                    f"The devices send each other more data than they need to, by {kinds}.",
                    "Ask which data each device needs, and send only those.",
                )
        return None
