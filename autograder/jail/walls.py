"""The levels of isolation, and what a machine must have for each.

`docs/isolation.md` says what is promised at each level and what is not.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from autograder.jail import syscalls

FIRST_USER, USERS = 20_001, 40_000
"""The user ids that root gives its children, one each."""
MAKES_CHILDREN = ("SYS_ADMIN", "SETPCAP", "SETUID", "SETGID", "KILL")
"""The capabilities that the zygote keeps inside, to build a child's walls and to end it."""
OWN_FOLDER = "/own"
"""The one that a child can write to, at `full`; an environment may lie in /tmp."""
HOMES = ("HOME", "TMPDIR", "IPYTHONDIR", "MPLCONFIGDIR")
"""The variables that name the folder that a process may write to."""
DEVICES = ("null", "zero", "full", "random", "urandom")


class Level(StrEnum):
    """How well student code is kept in, the strongest first."""

    FULL = "full"
    PARTIAL = "partial"
    PROCESS = "process"

    @property
    def weakness(self) -> int:
        """0 for the strongest level."""
        return list(Level).index(self)

    @property
    def lacks(self) -> str:
        """What is missing, as the end of a sentence; empty for `full`."""
        return {
            Level.FULL: "",
            Level.PARTIAL: "the code has no namespaces of its own: it sees the names of files, "
            "though it cannot open them, and what it writes fills the disk",
            Level.PROCESS: "the code is TRUSTED: it can read and change whatever the account that "
            "grades can",
        }[self]


FILES = ("/etc/ld.so.cache", "/proc/cpuinfo")
"""What may be read besides: YNNPACK, which XLA multiplies some matrices with, asks the second what
the processor can do, and fails where it is not told."""


@dataclass(frozen=True)
class Walls:
    """What the zygote has to know to build the walls of a child.

    Attributes:
        level: how strong they are.
        filter: the system calls that are refused, see `syscalls`.
        readable: the folders and files that the child may read.
        is_root: whether root grades.
        offset: of the user ids of its children, among those of other graders on this machine.
    """

    level: Level
    filter: bytes = b""
    readable: tuple[str, ...] = ()
    is_root: bool = False
    offset: int = 0


class Unavailable(Exception):  # noqa: N818  (it says what is not there)
    """A level that this machine cannot give, with the reason and what to do."""


def folders(readable: Sequence[Path] = ()) -> list[Path]:
    """What the code may read of this machine: the interpreter and the installed packages.

    An environment may lie in the course's folder or be that folder, so that only those of its
    parts are named that hold packages; of an editable install, only this one.

    Args:
        readable: what it may read besides.
    """
    wanted = [Path("/usr"), Path("/lib"), Path("/lib64"), Path(__file__).parents[1], *readable]
    for prefix in (sys.base_prefix, sys.prefix):
        wanted += [Path(prefix, part) for part in ("bin", "lib", "lib64", "pyvenv.cfg")]
    wanted += [Path(one) for one in sys.path if one.endswith(("site-packages", "dist-packages"))]
    there = sorted({path for one in wanted if one.exists() for path in (one, one.resolve())})
    return [path for path in there if not any(other in path.parents for other in there)]


def around(level: Level, readable: Sequence[Path] = ()) -> Walls:
    """The walls of this level.

    Raises:
        Unavailable: the level cannot be had here.
    """
    if level is Level.PROCESS:
        return Walls(level)
    if sys.platform != "linux":
        raise Unavailable(f"Only Linux has the level {level}.")
    try:
        refused = syscalls.program(signals=level is Level.PARTIAL)
    except (ImportError, OSError, RuntimeError) as error:
        raise Unavailable(
            f"System calls cannot be filtered here ({error}): install libseccomp2 and pyseccomp."
        ) from None
    return Walls(level, refused, (*map(str, folders(readable)), *FILES), _is_root())


def command(level: Level, readable: Sequence[Path], environment: dict[str, str]) -> list[str]:
    """How to start the zygote; its roles come after it.

    Raises:
        Unavailable: the level cannot be had here.
    """
    zygote = [sys.executable, "-m", "autograder.jail.zygote"]
    if level is not Level.FULL:
        return zygote
    bubblewrap = shutil.which("bwrap")
    if bubblewrap is None:
        raise Unavailable("Install bubblewrap (apt install bubblewrap).")
    arguments = [bubblewrap, *([] if _is_root() else ["--unshare-user"])]
    arguments += [f"--unshare-{one}" for one in ("pid", "ipc", "uts", "net", "cgroup-try")]
    arguments += ["--clearenv", "--cap-drop", "ALL"]
    for capability in MAKES_CHILDREN:
        arguments += ["--cap-add", f"CAP_{capability}"]
    made: set[Path] = set()
    for folder in folders(readable):
        for parent in sorted(set(folder.parents) - made - {Path("/")}):
            # Without a mode of its own, it is made for its owner only.
            arguments += ["--perms", "0755", "--dir", str(parent)]
        made |= set(folder.parents)
        if folder.is_symlink() and folder.parent == Path("/"):
            arguments += ["--symlink", os.readlink(folder), str(folder)]
        else:
            arguments += ["--ro-bind", str(folder), str(folder)]
    for file in ("/etc/ld.so.cache", "/etc/alternatives"):
        arguments += ["--perms", "0755", "--dir", "/etc", "--ro-bind-try", file, file]
    arguments += ["--proc", "/proc", "--perms", "0755", "--tmpfs", "/dev"]
    for device in DEVICES:
        arguments += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
    arguments += ["--symlink", "/proc/self/fd", "/dev/fd", "--remount-ro", "/dev"]
    arguments += ["--perms", "0755", "--dir", OWN_FOLDER, "--chdir", OWN_FOLDER]
    if Path("/tmp") not in made:
        arguments += ["--symlink", OWN_FOLDER, "/tmp"]
    inside = {name: environment[name] for name in environment if name not in ("PATH", "TZ")}
    imports = [str(Path(__file__).parents[2]), environment.get("PYTHONPATH", "")]
    inside |= {"LANG": "C.UTF-8", "PYTHONPATH": os.pathsep.join(filter(None, imports))}
    inside |= dict.fromkeys(HOMES, OWN_FOLDER)
    for name, value in inside.items():
        arguments += ["--setenv", name, value]
    return [*arguments, "--remount-ro", "/", "--", *zygote]


def _is_root() -> bool:
    return os.geteuid() == 0
