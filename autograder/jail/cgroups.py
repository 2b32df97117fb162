"""A limit on the memory of everything that a child does, by control group, where we may make one.

The limit on address space (`confinement.py`) is there anyway; this one also counts what a child's
own file system holds.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_numbers = itertools.count()


class MemoryGroup:
    """One control group, version 1 or 2.

    Attributes:
        procs: its open `cgroup.procs`; a process that writes "0" into it moves itself in.
    """

    def __init__(self, folder: Path, memory_mib: int) -> None:
        self._folder = folder
        folder.mkdir()
        try:
            most = str(memory_mib * 2**20)
            for name in ("memory.max", "memory.limit_in_bytes"):
                if (folder / name).exists():
                    (folder / name).write_text(most)
            # Memory that may be swapped out is not limited; not every kernel counts it.
            for name, value in (("memory.swap.max", "0"), ("memory.memsw.limit_in_bytes", most)):
                with contextlib.suppress(OSError):
                    (folder / name).write_text(value)
            self.procs = os.open(folder / "cgroup.procs", os.O_WRONLY)
        except OSError:
            folder.rmdir()
            raise

    def ran_out(self) -> bool:
        """Whether the kernel killed a process in it for want of memory."""
        for name in ("memory.events", "memory.oom_control"):
            with contextlib.suppress(OSError):
                return bool(re.search(r"^oom_kill [1-9]", (self._folder / name).read_text(), re.M))
        return False

    def remove(self) -> None:
        """Remove it, when what was in it is gone."""
        os.close(self.procs)
        with contextlib.suppress(OSError):
            self._folder.rmdir()


@contextlib.contextmanager
def memory_group(memory_mib: int | None) -> Iterator[MemoryGroup | None]:
    """A group with this limit, or nothing where none can be made."""
    parent = place()
    if memory_mib is None or parent is None:
        yield None
        return
    group = MemoryGroup(parent / f"autograder-{os.getpid()}-{next(_numbers)}", memory_mib)
    try:
        yield group
    finally:
        group.remove()


@cache
def place() -> Path | None:
    """The folder in which this process may make groups, found by making one."""
    for folder in _candidates():
        _remove_left_behind(folder)
        with contextlib.suppress(OSError):
            group = MemoryGroup(folder / f"autograder-{os.getpid()}-try", 4096)
            group.remove()
            return folder
    return None


def _candidates() -> Iterator[Path]:
    """Our own group and the one above it, of the hierarchy that limits memory."""
    try:
        mine = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
        mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    except OSError:
        return
    for _, controllers, path in mine:
        kind = "cgroup" if "memory" in controllers.split(",") else "cgroup2"
        if kind == "cgroup2" and controllers:
            continue
        for fields in mounts:
            after = fields[fields.index("-") + 1 :]
            if after[0] != kind or (kind == "cgroup" and "memory" not in after[2].split(",")):
                continue
            folder = Path(fields[4]) / os.path.relpath(path, fields[3])
            for one in (folder, folder.parent):
                enabled = one / "cgroup.subtree_control"
                if kind == "cgroup" or (enabled.exists() and "memory" in enabled.read_text()):
                    yield one


def _remove_left_behind(folder: Path) -> None:
    """The empty groups of graders that were killed."""
    for group in folder.glob("autograder-*"):
        grader = group.name.split("-")[1]
        if grader.isdigit() and not Path("/proc", grader).exists():
            with contextlib.suppress(OSError):
                group.rmdir()
