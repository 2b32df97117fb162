"""The orders of a jail to its first process, the zygote, and the reply."""

from __future__ import annotations

from dataclasses import dataclass

from autograder.jail.walls import Walls


@dataclass(frozen=True)
class Build:
    """Try these walls on a child; this order comes first."""

    walls: Walls


@dataclass(frozen=True)
class Start:
    """Fork a child; three descriptors come with it: for requests, answers and printed output."""

    role: str
    memory_mib: int | None
    cpu_seconds: int


@dataclass(frozen=True)
class Measure:
    """Report how much processor time a child has used."""

    child: int


@dataclass(frozen=True)
class Finish:
    """End a child, and every process that it has started."""

    child: int


Order = Build | Start | Measure | Finish


@dataclass(frozen=True)
class Reply:
    """The answer to an order.

    Attributes:
        trouble: why the walls could not be built; empty if they were.
        child: the process id of the child that was started.
        seconds: the processor time that it has used; None if it is gone.
        status: its wait status; None if it was gone already.
    """

    trouble: str = ""
    child: int = 0
    seconds: float | None = None
    status: int | None = None
