"""A warm process that has imported JAX, started no backend, and forks a child for each request.

A fresh interpreter needs over a second until JAX answers, a forked child a few milliseconds.
Forking is safe as long as no backend exists here: this file imports and never computes.

It reads one JSON message a request from the socket on its standard input and answers each with
one. `start` comes with three descriptors: the request, the frames, the printed output.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

import jaxlib.mlir.dialects.mhlo  # noqa: F401  (imported on the first compile otherwise)
import scipy.linalg  # noqa: F401  (loaded later, it would change the digits of LAPACK calls)

from autograder import frames, meshes, runner, worker

ROLES: dict[str, Callable[[frames.Send, frames.Receive], None]] = {
    "worker": worker.main,
    "runner": runner.main,
}


def main() -> None:
    """Serve requests until the socket is closed, then end every child."""
    meshes.simulate_devices()
    with socket.socket(fileno=os.dup(0)) as channel:
        children: set[int] = set()
        while message := _receive(channel):
            request, descriptors = message
            if request["do"] == "start":
                child = os.fork()
                if child == 0:
                    channel.close()
                    _become(request, descriptors)
                for descriptor in descriptors:
                    os.close(descriptor)
                children.add(child)
                reply: dict[str, int | None] = {"child": child}
            else:
                child = request["child"]
                reply = {"status": _end(child) if child in children else None}
                children.discard(child)
            channel.sendall(json.dumps(reply).encode() + b"\n")
        for child in children:
            _end(child)


def _receive(channel: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    data, descriptors, _, _ = socket.recv_fds(channel, 65536, 3)
    return (json.loads(data), descriptors) if data else None


def _end(child: int) -> int:
    """Kill a child and whatever shares its process group; its wait status."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def _become(request: dict[str, Any], descriptors: list[int]) -> None:
    """Turn this forked child into a worker or a runner; never returns."""
    status = 1
    try:
        asked, answers, printed = descriptors
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        _limit(request["memory_mib"])
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

        ROLES[request["role"]](send, receive)
        status = 0
    finally:
        sys.stdout.flush()
        os._exit(status)


def _limit(memory_mib: int | None) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux" and memory_mib is not None:
        resource.setrlimit(resource.RLIMIT_AS, (memory_mib * 2**20,) * 2)


if __name__ == "__main__":
    main()
