"""A warm process that has imported its roles, started no backend, and forks a child a request.

A fresh interpreter needs over a second until JAX answers, a forked child a few milliseconds.
Forking is safe as long as no backend exists here: this file imports and never computes. Its
arguments are the roles, such as `worker=package.module:main`.

It reads one order after the other, see `orders`, from the socket on its standard input, and answers
each.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import resource
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Sequence

import psutil

from autograder.jail import confinement
from autograder.jail.confinement import Child
from autograder.jail.frames import Connection, Inside, Role
from autograder.jail.orders import Build, Measure, Order, Reply, Start
from autograder.jail.walls import FIRST_USER, HOMES, USERS, Level, Walls
from autograder.schema import decode, encode

NOBODY = "nobody"
"""The role that does nothing, with which walls are tried."""


def main() -> None:
    """Serve requests until the socket is closed, then end every child."""
    roles = dict(map(_role, sys.argv[1:]))
    with socket.socket(fileno=os.dup(0)) as channel:
        zygote = Zygote(channel, roles)
        while message := socket.recv_fds(channel, 2**18, 4):
            data, descriptors, *_ = message
            if not data:
                break
            channel.sendall(encode(zygote.answer(decode(Order, data), descriptors)))
        zygote.end_all()


def _role(argument: str) -> tuple[str, Role]:
    """The name of a role, and the function, whose module is made ready for all children."""
    name, _, place = argument.partition("=")
    module_name, _, function = place.partition(":")
    module = importlib.import_module(module_name)
    getattr(module, "prepare", lambda: None)()
    return name, getattr(module, function)


class Zygote:
    """What one of these has made: the walls that it was told of, and its children.

    Args:
        channel: the socket to the grader, which no child may keep.
        roles: what a child can be.
    """

    def __init__(self, channel: socket.socket, roles: dict[str, Role]) -> None:
        self._channel = channel
        self._roles = {**roles, NOBODY: lambda connection: None}
        self._walls = Walls(Level.PROCESS)
        self._made = 0
        self._children: dict[int, contextlib.ExitStack] = {}

    def answer(self, order: Order, descriptors: list[int]) -> Reply:
        """Do what an order asks for."""
        match order:
            case Build(walls):
                self._walls = walls
                return Reply(trouble=self._try())
            case Start():
                return Reply(child=self._start(order, descriptors))
            case Measure(child):
                return Reply(seconds=self._seconds(child))
            case _:
                child = order.child
                return Reply(status=self._end(child) if child in self._children else None)

    def _start(self, order: Start, descriptors: Sequence[int]) -> int:
        with contextlib.ExitStack() as later:
            folder = later.enter_context(confinement.own_folder(self._walls.level))
            self._made += 1
            user = FIRST_USER + (self._walls.offset + self._made) % USERS
            given = Child(folder, user, order.memory_mib, order.cpu_seconds)
            with confinement.forking_into_own_processes(self._walls.level):
                child = os.fork()
                if child == 0:
                    self._channel.close()
                    _become(self._roles[order.role], descriptors, self._walls, given)
            for descriptor in descriptors:
                os.close(descriptor)
            self._children[child] = later.pop_all()
        return child

    def _seconds(self, child: int) -> float | None:
        """The processor time of a child, its threads and what it has waited for."""
        if child not in self._children:
            return None
        with contextlib.suppress(psutil.Error):
            return float(sum(psutil.Process(child).cpu_times()[:4]))
        return None

    def _try(self) -> str:
        """Build the walls around a child that does nothing else; what stood in the way."""
        told, tell = os.pipe()
        asked, ask = os.pipe()
        try:
            child = self._start(Start(NOBODY, None, 60), [asked, tell, os.dup(tell)])
        except OSError as error:
            return str(error)
        os.close(ask)
        with os.fdopen(told, "rb") as file:
            said = [line for line in file.read().decode(errors="replace").splitlines() if line]
        status = self._end(child, kill=False)
        return (said or ["The first child died."])[-1] if status else ""

    def _end(self, child: int, kill: bool = True) -> int:
        """Kill a child and whatever it has made, see it gone; its wait status."""
        if kill:
            for kill_it in (os.killpg, os.kill):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    kill_it(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
        self._children.pop(child).close()
        return status

    def end_all(self) -> None:
        """End every child that is left."""
        for child in list(self._children):
            self._end(child)


def _become(role: Role, descriptors: Sequence[int], walls: Walls, given: Child) -> None:
    """Turn this forked child into what its role is; never returns."""
    status = 1
    try:
        asked, answers, printed = descriptors
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        _keep_only({0, 1, 2, asked, answers})
        confinement.enter(walls, given)
        os.environ.update(dict.fromkeys(HOMES, given.folder))
        tempfile.tempdir = given.folder
        connection = Connection(asked, answers)
        connection.say(Inside())
        role(connection)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):  # a notebook may have left anything there
            sys.stdout.flush()
        os._exit(status)


def _keep_only(kept: set[int]) -> None:
    """Close every other descriptor, whatever opened it."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    first = 0
    for one in [*sorted(kept), min(most, 2**20) if most > 0 else 2**16]:
        if first < one:  # an empty range at 0 closes everything
            os.closerange(first, one)
        first = one + 1


if __name__ == "__main__":
    main()
