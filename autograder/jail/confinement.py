"""How a forked child confines itself before it runs anything.

The zygote imports this. The code calls the kernel directly, because Python has some of these calls
only since 3.12, and others not at all.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import shutil
import struct
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.jail.walls import OWN_FOLDER, Level, Walls

NEW_MOUNTS, NEW_NAMES, NEW_IPC = 0x0002_0000, 0x0400_0000, 0x0800_0000
NEW_USERS, NEW_PROCESSES, NEW_NETWORK = 0x1000_0000, 0x2000_0000, 0x4000_0000
NO_SETUID, NO_DEVICES, NO_PROGRAMS = 2, 4, 8
DIE_WITH_PARENT, SECCOMP, DROP_BOUND, NO_NEW_PRIVILEGES, AMBIENT = 1, 22, 24, 38, 47
CAPABILITIES_V3 = 0x2008_0522

OWN_MIB, OWN_FILES = 64, 4096
"""The writable folder of a child: its size in MiB, and the most files in it."""
THREADS = 256 + 16 * (os.cpu_count() or 1)
"""The most threads of a child: XLA starts several per core."""
DESCRIPTORS = 256


@dataclass(frozen=True)
class Child:
    """The folder, user and limits of a child.

    Attributes:
        folder: the only folder that it may write to.
        user: the user that it becomes if root grades.
        memory_mib, cpu_seconds: its limits, see `orders.Start`.
    """

    folder: str
    user: int
    memory_mib: int | None
    cpu_seconds: int


@contextlib.contextmanager
def forking_into_own_processes(level: Level) -> Iterator[None]:
    """Make the child that is forked inside the first process of its own namespace.

    When such a process ends, the kernel first kills every other process in its namespace. So once
    its parent has waited for it, the whole tree is gone.
    """
    if level is not Level.FULL:
        yield
        return
    namespace = os.open("/proc/self/ns/pid", os.O_RDONLY)
    try:
        _kernel("unshare", NEW_PROCESSES)
        yield
    finally:
        _kernel("setns", namespace, NEW_PROCESSES)
        os.close(namespace)


def enter(walls: Walls, child: Child) -> None:
    """Confine this process for good.

    Raises:
        OSError: the kernel refused to build one of the walls.
    """
    level = walls.level
    if level is Level.FULL:
        _own_namespaces(child.user if walls.is_root else os.geteuid())
    if level is Level.PARTIAL:
        _landlock(walls.readable, child.folder)
    if level is Level.FULL:
        if walls.is_root:
            _drop_capabilities_for_good()
            os.setgroups([])
            os.setresgid(*[child.user] * 3)
            os.setresuid(*[child.user] * 3)
        else:
            # The new namespace does not know its user, and it does not own its other namespaces.
            _kernel("unshare", NEW_USERS)
            _drop_capabilities_for_good()
    os.chdir(child.folder)
    _limit(child, level)
    if sys.platform == "linux":
        _control(DIE_WITH_PARENT, 9)
    if level is not Level.PROCESS:
        if level is Level.FULL or walls.is_root:
            _kernel("capset", struct.pack("Ii", CAPABILITIES_V3, 0), bytes(24))
        _control(NO_NEW_PRIVILEGES, 1)
        _filter(walls.filter)


@contextlib.contextmanager
def own_folder(level: Level) -> Iterator[str]:
    """The only folder that a child may write to; it is deleted with the child."""
    if level is Level.FULL:
        yield OWN_FOLDER  # its own file system, which ends with its namespace
        return
    folder = tempfile.mkdtemp(prefix="child-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _own_namespaces(user: int) -> None:
    _kernel("unshare", NEW_MOUNTS | NEW_NAMES | NEW_IPC | NEW_NETWORK)
    name = b"jail"
    _kernel("sethostname", name, len(name))
    safe = NO_SETUID | NO_DEVICES
    _kernel("mount", b"proc", b"/proc", b"proc", safe | NO_PROGRAMS, None)
    options = f"size={OWN_MIB}m,nr_inodes={OWN_FILES},mode=0700,uid={user}"
    _kernel("mount", b"tmpfs", OWN_FOLDER.encode(), b"tmpfs", safe, options.encode())


def _landlock(readable: Sequence[str], folder: str) -> None:
    from landlockpy import AccessFS, Ruleset, Scope

    read = AccessFS.READ_FILE | AccessFS.READ_DIR
    everything = ~(AccessFS.MAKE_CHAR | AccessFS.MAKE_BLOCK | AccessFS.MAKE_SOCK | AccessFS.EXECUTE)
    with Ruleset(scoped=Scope.ABSTRACT_UNIX_SOCKET | Scope.SIGNAL) as rules:
        for path in readable:
            rules.allow_path(path, read if os.path.isdir(path) else AccessFS.READ_FILE)
        for device in ("/dev/null", "/dev/zero", "/dev/urandom"):
            rules.allow_path(device, AccessFS.READ_FILE | AccessFS.WRITE_FILE)
        rules.allow_path(folder, everything)
        rules.restrict()


def _limit(child: Child, level: Level) -> None:
    limits: dict[int, int] = {resource.RLIMIT_CORE: 0}
    if sys.platform == "linux" and child.memory_mib is not None:
        # This counts shared mappings too, and a child cannot start another process.
        limits[resource.RLIMIT_AS] = child.memory_mib * 2**20
    if level is Level.FULL:
        # The kernel counts per user; at other levels that includes everything the account runs.
        limits[resource.RLIMIT_NPROC] = THREADS
    if level is not Level.PROCESS:
        limits |= {
            resource.RLIMIT_NOFILE: DESCRIPTORS,
            resource.RLIMIT_FSIZE: OWN_MIB * 2**20,
            resource.RLIMIT_CPU: child.cpu_seconds,
            resource.RLIMIT_MEMLOCK: 0,
            resource.RLIMIT_MSGQUEUE: 0,
        }
    for limit, most in limits.items():
        allowed = resource.getrlimit(limit)[1]
        value = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
        resource.setrlimit(limit, (value, value))


def _drop_capabilities_for_good() -> None:
    _control(AMBIENT, 4)
    with contextlib.suppress(OSError):  # raised by the first number that is not a capability
        for capability in range(64):
            _control(DROP_BOUND, capability)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def _filter(program: bytes) -> None:
    filter_program = _Program(len(program) // 8, program)
    _control(SECCOMP, 2, ctypes.addressof(filter_program))


def _control(option: int, *values: int) -> None:
    _kernel("prctl", option, *[ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]])


def _kernel(name: str, *arguments: Any) -> None:
    if getattr(_libc(), name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
