"""Runs requests on the machines of a Dask cluster, when a class outgrows this one.

What travels is a request to a jail and what came of it: cells and shapes, programs and inputs. The
references, what is expected and the seed stay here, and so do the verdicts. Which machine takes
which request is Dask's business, as is giving it to another one when a machine is lost.
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
"""How long a scheduler may take to answer, and the first worker to be there."""
NO_WORKERS = (
    "The scheduler at {address} has no workers any more: run `dask worker {address}` on some "
    "machines."
)
AGAIN = "Then run the same command again: it goes on where this one stopped."


_Jail = tuple[Limits, Device, Level, Path | None, tuple[Path, ...]]
"""What makes a `GradingJail`."""


class Cluster:
    """Runs requests in the jails of a cluster's machines; what `roles.Runs` asks for is there.

    Args:
        address: of Dask's scheduler, such as `tcp://10.0.0.1:8786`. Whoever can reach it can run
            code on the workers, so it belongs into a closed network, or behind `tls://`.
        limits: of each process.
        device: what the processes shall find.
        strongest: the highest level of isolation to try.
        root, readable: see `GradingJail`; the machines have them in the same place, or not at all.

    Raises:
        Problem: Dask is not installed, nothing answers, or no worker is there.
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
        self._jail: _Jail = (limits, device, strongest, root, tuple(readable))
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
        # A worker that was lost meanwhile is none; any other trouble is.
        found = {at: one for at, one in answers.items() if not isinstance(one, OSError)}
        for one in found.values():
            if isinstance(one, BaseException):
                client.close()
                raise Problem(f"A worker at {address} cannot grade: {one}") from None
        if not found:
            client.close()
            raise Problem(NO_WORKERS.format(address=address))
        # Some of those under way are with the grader.
        self.at_once = 2 * sum(threads.get(at, 1) for at in found)
        self.level, self.weaker_because = max(found.values(), key=lambda one: one[0].weakness)
        """That of the machine with the weakest one; those that come later must not be weaker."""
        self._address, self._client = address, client
        self._executor = client.get_executor(pure=False)

    def run(
        self, role: str, request: bytes, steps: Sequence[str], late: bytes | None = None
    ) -> dict[str, bytes | Ending]:
        asked = (role, request, list(steps), late)
        where = (cache.versions(), self._jail, self.level)
        answer = self._executor.submit(run_here, *where, *asked)
        while not wait([answer], ANSWER_SECONDS).done:
            self._require_workers()
        return answer.result()

    def _require_workers(self) -> None:
        """Make sure that somebody is there to answer; Dask would wait for ever.

        Raises:
            CannotGrade: nobody is.
        """
        try:
            left = self._client.nthreads()
        except (OSError, RuntimeError):
            raise CannotGrade(f"The scheduler at {self._address} was lost. {AGAIN}") from None
        if not left:
            raise CannotGrade(f"{NO_WORKERS.format(address=self._address)} {AGAIN}")


def level_here(asked: _Jail) -> tuple[Level, list[str]]:
    """The level of isolation of this machine, and why it is no higher one."""
    jail = _jail(*asked)
    return jail.level, jail.weaker_because


def run_here(
    versions: Sequence[str],
    asked: _Jail,
    weakest: Level,
    role: str,
    request: bytes,
    steps: Sequence[str],
    late: bytes | None,
) -> dict[str, bytes | Ending]:
    """Run a request on this machine, for a grader on another one.

    Raises:
        Problem: this machine has other versions, and might come to another verdict; or its level
            of isolation is below `weakest`.
    """
    ours = cache.versions()
    if list(versions) != ours:
        raise CannotGrade(
            f"The worker on {socket.gethostname()} has {' '.join(ours)} and the grader "
            f"{' '.join(versions)} (jax, jaxlib, numpy, autograder): install the same on both."
        )
    jail = _jail(*asked)
    require(weakest, jail)
    return jail.run(role, request, steps, late)


@functools.cache
def _jail(
    limits: Limits, device: Device, strongest: Level, root: Path | None, readable: tuple[Path, ...]
) -> GradingJail:
    return GradingJail(limits, device, strongest, root=root, readable=readable)
