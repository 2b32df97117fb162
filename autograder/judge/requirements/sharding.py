"""Requirements on programs for a mesh: how results are sharded, and what the devices send."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import ClassVar

from autograder.judge.requirements.requirement import Requirement
from autograder.judge.verdict import Answer, Answers, Evidence, Finding


@dataclasses.dataclass(frozen=True)
class sharded_like_reference(Requirement):
    """Each device holds the same part of every result as with the reference. Reason: `sharding`.

    For exercises with meshes.
    """

    reason: ClassVar[str] = "sharding"
    goal: ClassVar[str] = "the sharding of the result"
    blind: ClassVar[str] = "how intermediate values are laid out"
    compares: ClassVar[tuple[str, ...]] = ("placement",)
    measures: ClassVar[bool] = True

    def judge(self, expected: Answers, answers: Answers) -> Finding | None:
        pairs = zip(expected["value"], answers["value"], strict=True)
        for case, (reference, answer) in enumerate(pairs):
            if reference.facts["placement"] != answer.facts["placement"]:
                return Finding(
                    self.reason,
                    "The result is not sharded over the devices as the exercise asks.",
                    "Compare the `out_specs`, or the sharding of your result, with the text of the "
                    "exercise: which mesh axis cuts which axis of the array?",
                    _parts(case, reference, answer),
                )
        return None


def _parts(case: int, expected: Answer, answer: Answer) -> Evidence:
    """The first result whose parts are not as expected, in words."""
    wanted, placed = expected.facts["placement"], answer.facts["placement"]
    pairs = zip(wanted, placed, strict=False)
    first = next((n for n, pair in enumerate(pairs) if pair[0] != pair[1]), None)
    if first is None:  # there are more results than expected, or fewer
        return Evidence(case)
    shape = answer.leaves[first].shape
    return Evidence(
        case, answer.paths[first], _cut(wanted[first], shape), _cut(placed[first], shape)
    )


def _cut(parts: Sequence[Sequence[Sequence[int]]], shape: Sequence[int]) -> str:
    """Which part of an array each device holds, in words.

    >>> _cut([[[0, 2], [0, 3]], [[2, 4], [0, 3]]], (4, 3))
    'axis 0 in 2 parts'
    >>> _cut([[[0, 4]], [[0, 4]]], (4,))
    'a whole copy on every device'
    """
    cuts = [
        f"axis {axis} in {len({tuple(part[axis]) for part in parts})} parts"
        for axis, size in enumerate(shape)
        if any(part[axis] != [0, size] for part in parts)
    ]
    if not cuts:
        return "a whole copy on every device"
    kinds = {str(part) for part in parts}
    same = f", each part on {len(parts) // len(kinds)} devices" if len(kinds) < len(parts) else ""
    return f"{' and '.join(cuts)}{same}"


def _traffic(collectives: Mapping[str, Sequence[int]]) -> str:
    """What devices send, in words.

    >>> _traffic({"all-reduce": (1, 32)})
    '1 all-reduce, 32 bytes'
    """
    total = sum(size for _, size in collectives.values())
    kinds = ", ".join(f"{count} {kind}" for kind, (count, _) in collectives.items())
    return f"{kinds}, {total:,} bytes" if kinds else "nothing"


@dataclasses.dataclass(frozen=True)
class communicates_like_reference(Requirement):
    """No device sends more bytes than with the reference, whatever the collectives.

    Bytes are counted in the compiled program, in each turn of a loop. So collectives that the
    compiler adds for sharded arrays count like those in the code; see `collectives`. For exercises
    with meshes. Reason: `communication`.

    Args:
        factor: how many times the reference's bytes are allowed.
        same_kinds: also allow only the reference's kinds of collectives, each at most `factor`
            times as often.
    """

    factor: float = 1.0
    same_kinds: bool = False
    reason: ClassVar[str] = "communication"
    goal: ClassVar[str] = "no more communication than allowed"
    blind: ClassVar[str] = "when data are sent, and whether the devices compute meanwhile"
    compares: ClassVar[tuple[str, ...]] = ("collectives",)
    measures: ClassVar[bool] = True

    def judge(self, expected: Answers, answers: Answers) -> Finding | None:
        pairs = zip(expected["value"], answers["value"], strict=True)
        for case, (reference, answer) in enumerate(pairs):
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
                    f"The devices send each other more data than necessary, by {kinds}.",
                    "Ask which data each device needs, and send only those data.",
                    Evidence(case, expected=_traffic(allowed), got=_traffic(used)),
                )
        return None
