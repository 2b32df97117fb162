"""Runs requests on the machines of a Dask cluster, when a class is too large for one machine.

What is sent is a request to a jail and its results: cells and shapes, programs and inputs. The
references, the expected results, the seed and the verdicts stay here. Dask decides which machine
runs which request, and gives it to another one when a machine is lost.
"""

from __future__ import annotations

import functools
import socket
from collections.abc import Sequence
from concurrent.futures import wait
from pathlib import Path

from autograder.classroom import cache
from autograder.classroom.roles import GradingJail, require
from autograder.jail.process import Ending, Limits
from autograder.jail.walls import Level
from autograder.judge.devices import Device
from autograder.problem import CannotGrade, Problem

ANSWER_SECONDS = 30
"""How long to wait for the scheduler to answer, and for the first worker."""
NO_WORKERS = (
    "The scheduler at {address} has no workers any more: run `dask worker {address}` on some "
    "machines."
)
AGAIN = "Then run the same command again: it goes on where this one stopped."


_JailArguments = tuple[Limits, Device, Level, Path | None, tuple[Path, ...]]
"""The arguments of a `GradingJail`."""


class Cluster:
    """Runs requests in jails on a cluster's machines; implements `roles.Runs`.

    Args:
        address: of Dask's scheduler, such as `tcp://10.0.0.1:8786`. Anybody who can reach it can
            run code on the workers: use a closed network, or `tls://`.
        limits: of each process.
        device: the device that the processes use.
        strongest: the highest level of isolation to try.
        root, readable: see `GradingJail`; the machines have them at the same paths, or not at all.

    Raises:
        Problem: Dask is not installed, no scheduler answers, or it has no worker.
    """

    def __init__(
        self,
        address: str,
        limits: Limits,
        device: Device,
        strongest: Level = Level.FULL,
        root: Path | None = None,
        readable: Sequence[Path] = (),
    ) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise Problem(
                'Grading on a cluster needs Dask: run `pip install "numpy-to-jax[cluster]"`.'
            ) from None
        self._jail: _JailArguments = (limits, device, strongest, root, tuple(readable))
        try:
            client = Client(address, timeout=ANSWER_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise Problem(f"No scheduler of Dask answers at {address}: {error}") from None
        try:
            client.wait_for_workers(1, timeout=ANSWER_SECONDS)
        except TimeoutError:
            client.close()
            raise Problem(
                f"The scheduler at {address} has no workers: run `dask worker {address}` on some "
                "machines."
            ) from None
        threads = client.nthreads()
        answers = client.run(level_here, self._jail, on_error="return")
        # A worker that was lost meanwhile is ignored; every other error is reported.
        levels = {worker: at for worker, at in answers.items() if not isinstance(at, OSError)}
        for level in levels.values():
            if isinstance(level, BaseException):
                client.close()
                raise Problem(f"A worker at {address} cannot grade: {level}") from None
        if not levels:
            client.close()
            raise Problem(NO_WORKERS.format(address=address))
        # Twice as many as threads, because the grader itself is busy with some of them.
        self.at_once = 2 * sum(threads.get(worker, 1) for worker in levels)
        self.level, self.weaker_because = max(levels.values(), key=lambda pair: pair[0].weakness)
        """The weakest level of all machines; machines that join later must not be weaker."""
        self._address, self._client = address, client
        self._executor = client.get_executor(pure=False)

    def run(
        self, role: str, request: bytes, steps: Sequence[str], late: bytes | None = None
    ) -> dict[str, bytes | Ending]:
        arguments = (role, request, list(steps), late)
        machine = (cache.versions(), self._jail, self.level)
        results = self._executor.submit(run_here, *machine, *arguments)
        while not wait([results], ANSWER_SECONDS).done:
            self._require_workers()
        return results.result()

    def _require_workers(self) -> None:
        """Make sure that there is a worker; without one, Dask would wait for ever.

        Raises:
            CannotGrade: there is none.
        """
        try:
            threads = self._client.nthreads()
        except (OSError, RuntimeError):
            raise CannotGrade(f"The scheduler at {self._address} was lost. {AGAIN}") from None
        if not threads:
            raise CannotGrade(f"{NO_WORKERS.format(address=self._address)} {AGAIN}")


def level_here(arguments: _JailArguments) -> tuple[Level, list[str]]:
    """The level of isolation of this machine, and why it is not higher."""
    jail = _jail(*arguments)
    return jail.level, jail.weaker_because


def run_here(
    versions: Sequence[str],
    arguments: _JailArguments,
    weakest: Level,
    role: str,
    request: bytes,
    steps: Sequence[str],
    late: bytes | None,
) -> dict[str, bytes | Ending]:
    """Run a request on this machine, for a grader on another one.

    Raises:
        Problem: this machine has other versions, which might give another verdict; or its level
            of isolation is below `weakest`.
    """
    versions_here = cache.versions()
    if list(versions) != versions_here:
        raise CannotGrade(
            f"The worker on {socket.gethostname()} has {' '.join(versions_here)} and the grader "
            f"{' '.join(versions)} (jax, jaxlib, numpy, autograder): install the same on both."
        )
    jail = _jail(*arguments)
    require(weakest, jail)
    return jail.run(role, request, steps, late)


@functools.cache
def _jail(
    limits: Limits, device: Device, strongest: Level, root: Path | None, readable: tuple[Path, ...]
) -> GradingJail:
    return GradingJail(limits, device, strongest, root=root, readable=readable)
