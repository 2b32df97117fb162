"""What a jail tells the first process, the zygote, and what that answers."""

from __future__ import annotations

from dataclasses import dataclass

from autograder.jail.walls import Walls


@dataclass(frozen=True)
class Build:
    """Try these walls on a child; comes first."""

    walls: Walls


@dataclass(frozen=True)
class Start:
    """Fork a child; comes with three descriptors: the request, the answers, the printed output."""

    role: str
    memory_mib: int | None
    cpu_seconds: int


@dataclass(frozen=True)
class Measure:
    """Say how much processor time a child has used."""

    child: int


@dataclass(frozen=True)
class Finish:
    """End a child, and whatever it has made."""

    child: int


Order = Build | Start | Measure | Finish


@dataclass(frozen=True)
class Reply:
    """What came of an order.

    Attributes:
        trouble: what stood in the way of the walls; empty where they stood.
        child: the number of the child that was started.
        seconds: the processor time that it has used, where it is there.
        status: its wait status, where it was there.
    """

    trouble: str = ""
    child: int = 0
    seconds: float | None = None
    status: int | None = None
