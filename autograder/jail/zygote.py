"""A warm process that has imported its roles and forks one child per request.

A fresh interpreter needs over a second until JAX is ready, a forked child a few milliseconds.
Forking is safe only before a backend of JAX exists, so this process imports and never computes.

Its arguments are the roles, such as `worker=package.module:main`. It reads orders, see `orders`,
from the socket on its standard input, and answers each of them.
"""

from __future__ import annotations

import contextlib
import gc
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
"""A role that does nothing, to try the walls."""


def main() -> None:
    """Serve requests until the socket is closed, then end every child."""
    gc.disable()
    roles = dict(map(_role, sys.argv[1:]))
    # No child ever has to look at what was imported.
    gc.freeze()
    gc.enable()
    with socket.socket(fileno=os.dup(0)) as channel:
        zygote = Zygote(channel, roles)
        while message := socket.recv_fds(channel, 2**18, 4):
            data, descriptors, *_ = message
            if not data:
                break
            channel.sendall(encode(zygote.answer(decode(Order, data), descriptors)))
        zygote.end_all()


def _role(argument: str) -> tuple[str, Role]:
    """The name and the function of a role; its module is prepared for all children."""
    name, _, place = argument.partition("=")
    module_name, _, function = place.partition(":")
    module = importlib.import_module(module_name)
    getattr(module, "prepare", lambda: None)()
    return name, getattr(module, function)


class Zygote:
    """The state of the zygote: its walls and its children.

    Args:
        channel: the socket to the grader, which every child closes.
        roles: the functions that a child can run.
    """

    def __init__(self, channel: socket.socket, roles: dict[str, Role]) -> None:
        self._channel = channel
        self._roles = {**roles, NOBODY: lambda connection: None}
        self._walls = Walls(Level.PROCESS)
        self._made = 0
        self._children: dict[int, contextlib.ExitStack] = {}

    def answer(self, order: Order, descriptors: list[int]) -> Reply:
        """Carry out an order."""
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
        with contextlib.ExitStack() as cleanup:
            folder = cleanup.enter_context(confinement.own_folder(self._walls.level))
            self._made += 1
            user = FIRST_USER + (self._walls.offset + self._made) % USERS
            settings = Child(folder, user, order.memory_mib, order.cpu_seconds)
            with confinement.forking_into_own_processes(self._walls.level):
                child = os.fork()
                if child == 0:
                    self._channel.close()
                    _become(self._roles[order.role], descriptors, self._walls, settings)
            for descriptor in descriptors:
                os.close(descriptor)
            self._children[child] = cleanup.pop_all()
        return child

    def _seconds(self, child: int) -> float | None:
        """The processor time of a child, its threads, and processes that it has waited for."""
        if child not in self._children:
            return None
        with contextlib.suppress(psutil.Error):
            return float(sum(psutil.Process(child).cpu_times()[:4]))
        return None

    def _try(self) -> str:
        """Build the walls around a child that does nothing; return what failed, or nothing."""
        output_out, output_in = os.pipe()
        request_out, request_in = os.pipe()
        try:
            child = self._start(
                Start(NOBODY, None, 60), [request_out, output_in, os.dup(output_in)]
            )
        except OSError as error:
            return str(error)
        os.close(request_in)
        with os.fdopen(output_out, "rb") as file:
            lines = [line for line in file.read().decode(errors="replace").splitlines() if line]
        status = self._end(child, kill=False)
        return (lines or ["The first child died."])[-1] if status else ""

    def _end(self, child: int, kill: bool = True) -> int:
        """Kill a child and the processes that it has started; return its wait status."""
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


def _become(role: Role, descriptors: Sequence[int], walls: Walls, child: Child) -> None:
    """Confine this forked child and run its role; never returns."""
    status = 1
    try:
        requests, answers, printed = descriptors
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        _keep_only({0, 1, 2, requests, answers})
        confinement.enter(walls, child)
        os.environ.update(dict.fromkeys(HOMES, child.folder))
        tempfile.tempdir = child.folder
        connection = Connection(requests, answers)
        connection.say(Inside())
        role(connection)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):  # a notebook may have replaced it by anything
            sys.stdout.flush()
        os._exit(status)


def _keep_only(kept: set[int]) -> None:
    """Close every descriptor but these."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    first = 0
    for descriptor in [*sorted(kept), min(limit, 2**20) if limit > 0 else 2**16]:
        if first < descriptor:  # an empty range at 0 closes everything
            os.closerange(first, descriptor)
        first = descriptor + 1


if __name__ == "__main__":
    main()
    # Python would first take apart all that was imported, and the grader waits for the end.
    os._exit(0)
