"""A warm process that has imported JAX, started no backend, and forks a child for each request.

A fresh interpreter needs over a second until JAX answers, a forked child a few milliseconds.
Forking is safe as long as no backend exists here: this file imports and never computes.

It reads one JSON message a request from the socket on its standard input and answers each with
one. `build` comes first, with what `walls.around` made, and says whether a child could be put
behind such walls. `start` comes with three descriptors, which are the request, the frames and the
printed output, and with a fourth where the child has a control group. `measure` asks for the
processor time of a child, and `end` ends it.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Callable
from typing import Any

# ruff: noqa: F401
# What has no other use here, every child would import for itself.
import IPython.core.application
import IPython.core.completer
import IPython.core.completerlib
import IPython.core.crashhandler
import IPython.core.logger
import IPython.core.magics
import IPython.core.oinspect
import jax.experimental.multihost_utils
import jaxlib.mlir.dialects.builtin
import jaxlib.mlir.dialects.mhlo
import psutil
import scipy.linalg  # loaded later, it would also change the digits of LAPACK calls

import autograder.student.hints
import autograder.student.stubs
from autograder.classroom import runner, worker
from autograder.jail import confinement, frames
from autograder.jail.walls import FIRST_USER, USERS
from autograder.judge import meshes

ROLES: dict[str, Callable[[frames.Send, frames.Receive], None]] = {
    "worker": worker.main,
    "runner": runner.main,
    "nobody": lambda send, receive: None,
}
HOMES = ("HOME", "TMPDIR", "IPYTHONDIR", "MPLCONFIGDIR")


def main() -> None:
    """Serve requests until the socket is closed, then end every child."""
    meshes.simulate_devices()
    with socket.socket(fileno=os.dup(0)) as channel:
        zygote = Zygote(channel)
        while message := _receive(channel):
            reply = zygote.answer(*message)
            channel.sendall(json.dumps(reply).encode() + b"\n")
        zygote.end_all()


class Zygote:
    """What one of these has made: the walls that it was told of, and its children.

    Args:
        channel: the socket to the grader, which no child may keep.
    """

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._walls: dict[str, Any] = {}
        self._made = 0
        self._children: dict[int, contextlib.ExitStack] = {}

    def answer(self, request: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
        """Do what one message asks for."""
        match request["do"]:
            case "build":
                self._walls = request["walls"]
                return {"trouble": self._try()}
            case "start":
                return {"child": self._start(request, descriptors)}
            case "measure":
                return {"seconds": self._seconds(request["child"])}
            case _:
                child = request["child"]
                return {"status": self._end(child) if child in self._children else None}

    def _start(self, request: dict[str, Any], descriptors: list[int]) -> int:
        level = self._walls["level"]
        with contextlib.ExitStack() as later:
            folder = later.enter_context(confinement.own_folder(self._walls))
            self._made += 1
            user = FIRST_USER + (self._walls.get("offset", 0) + self._made) % USERS
            with confinement.forking_into_own_processes(level):
                child = os.fork()
                if child == 0:
                    self._channel.close()
                    _become(request, descriptors, {**self._walls, "folder": folder, "user": user})
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

    def _try(self) -> str | None:
        """Build the walls around a child that does nothing else; what stood in the way."""
        told, tell = os.pipe()
        asked, ask = os.pipe()
        try:
            request = {"role": "nobody", "memory_mib": None, "cpu_seconds": 60}
            child = self._start(request, [asked, tell, os.dup(tell)])
        except OSError as error:
            return str(error)
        os.close(ask)
        with os.fdopen(told, "rb") as file:
            said = [line for line in file.read().decode(errors="replace").splitlines() if line]
        status = self._end(child, kill=False)
        return (said or ["The first child died."])[-1] if status else None

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


def _receive(channel: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    data, descriptors, _, _ = socket.recv_fds(channel, 2**18, 4)
    return (json.loads(data), descriptors) if data else None


def _become(request: dict[str, Any], descriptors: list[int], walls: dict[str, Any]) -> None:
    """Turn this forked child into a worker or a runner; never returns."""
    status = 1
    try:
        asked, answers, printed, *memory_group = descriptors
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        _keep_only({0, 1, 2, asked, answers, *memory_group})
        confinement.enter(walls, request, memory_group[0] if memory_group else None)
        os.environ.update(dict.fromkeys(HOMES, walls["folder"]))
        tempfile.tempdir = walls["folder"]
        reader = frames.Reader(largest=2**31)
        arrived: list[frames.Frame] = []

        def receive() -> frames.Frame:
            while not arrived:
                data = os.read(asked, 2**20)
                if not data:
                    raise EOFError("the grader is gone")
                arrived.extend(reader.feed(data))
            return arrived.pop(0)

        def send(frame: frames.Frame) -> None:
            data = memoryview(frames.encode(frame))
            while data:
                data = data[os.write(answers, data) :]

        send(frames.Frame({"inside": True}))
        ROLES[request["role"]](send, receive)
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
