"""The two kinds of processes that grade submissions in a jail: workers and runners."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from autograder.jail.jail import Jail
from autograder.jail.process import Ending, Limits
from autograder.jail.turns import Turns
from autograder.jail.walls import Level
from autograder.judge.devices import CPU, Device
from autograder.problem import Problem

ROLES = {
    "worker": "autograder.classroom.worker:main",
    "runner": "autograder.classroom.runner:main",
}
ENVIRONMENT = {
    "MPLBACKEND": "agg",
    # The references run at the same time on the same GPU.
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
}
DRIVERS = ("LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "TPU_LIBRARY_PATH")
"""The environment variables with which JAX finds the drivers of a GPU or a TPU."""


class Runs(Protocol):
    """Runs requests in disposable processes, here or on other machines; see `Jail`."""

    @property
    def level(self) -> Level: ...

    @property
    def weaker_because(self) -> Sequence[str]: ...

    @property
    def at_once(self) -> int: ...

    def run(
        self, role: str, request: bytes, steps: Sequence[str], late: bytes | None = None
    ) -> dict[str, bytes | Ending]: ...


def require(weakest: Level, runs: Runs) -> None:
    """Make sure that the level of isolation is at least `weakest`.

    Raises:
        Problem: it is weaker.
    """
    if runs.level.weakness > weakest.weakness:
        why = " ".join(runs.weaker_because)
        raise Problem(f"Isolation level {weakest} is required, and this is {runs.level}. {why}")


class GradingJail(Jail):
    """A jail that has workers and runners.

    Args:
        limits: of each process.
        device: the device that the processes use. With a GPU or a TPU there is no limit on address
            space, since its driver reserves far more than it uses, and there are no walls, since
            it needs the machine's device files.
        root: the course's folder; notebooks may import what is readable in it.
        strongest, readable, ended, turns: see `Jail`.
    """

    def __init__(
        self,
        limits: Limits,
        device: Device = CPU,
        strongest: Level = Level.FULL,
        *,
        root: Path | None = None,
        readable: Sequence[Path] = (),
        ended: Callable[[str], None] = lambda step: None,
        turns: Turns | None = None,
    ) -> None:
        no_walls, environment = "", ENVIRONMENT | {"JAX_PLATFORMS": "cpu"}
        if root is not None:
            environment["PYTHONPATH"] = str(root)
        if device.backend != "cpu":
            limits = dataclasses.replace(limits, memory_mib=None)
            no_walls = f"A {device.name} cannot be used behind walls."
            environment |= {name: os.environ[name] for name in DRIVERS if name in os.environ}
            environment["JAX_PLATFORMS"] = f"{device.platform},cpu"
        super().__init__(
            ROLES,
            limits,
            strongest,
            readable=readable,
            environment=environment,
            no_walls=no_walls,
            ended=ended,
            turns=turns,
        )
