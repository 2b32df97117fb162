"""The levels of isolation, and what a machine needs for each.

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
"""The first user id that root gives to its children, and the number of ids; each gets its own."""
MAKES_CHILDREN = ("SYS_ADMIN", "SETPCAP", "SETUID", "SETGID", "KILL")
"""The capabilities that the zygote keeps inside, to build a child's walls and to end it."""
OWN_FOLDER = "/own"
"""The folder that a child can write to, at `full`; not /tmp, which may hold an environment."""
HOMES = ("HOME", "TMPDIR", "IPYTHONDIR", "MPLCONFIGDIR")
"""The variables that point to the folder that a process may write to."""
DEVICES = ("null", "zero", "full", "random", "urandom")


class Level(StrEnum):
    """How well student code is isolated, the strongest level first."""

    FULL = "full"
    PARTIAL = "partial"
    PROCESS = "process"

    @property
    def weakness(self) -> int:
        """0 for the strongest level, 1 for the next, and so on."""
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
"""Other files that may be read. YNNPACK, with which XLA multiplies some matrices, reads the
processor's features from the second, and fails without it."""


@dataclass(frozen=True)
class Walls:
    """What the zygote needs to know to build the walls of a child.

    Attributes:
        level: how strong they are.
        filter: the system calls that are refused, see `syscalls`.
        readable: the folders and files that the child may read.
        is_root: whether root grades.
        offset: added to the user ids of the children, so that other graders use other ids.
    """

    level: Level
    filter: bytes = b""
    readable: tuple[str, ...] = ()
    is_root: bool = False
    offset: int = 0


class Unavailable(Exception):  # noqa: N818  (it says what is not there)
    """A level that this machine does not offer, with the reason and what to do."""


def folders(readable: Sequence[Path] = ()) -> list[Path]:
    """The folders that student code may read: the interpreter and the installed packages.

    An environment may lie in the course's folder or be that folder. So only its parts with packages
    are listed; of editable installs, only this package.

    Args:
        readable: more folders and files.
    """
    paths = [Path("/usr"), Path("/lib"), Path("/lib64"), Path(__file__).parents[1], *readable]
    for prefix in (sys.base_prefix, sys.prefix):
        paths += [Path(prefix, part) for part in ("bin", "lib", "lib64", "pyvenv.cfg")]
    paths += [
        Path(folder) for folder in sys.path if folder.endswith(("site-packages", "dist-packages"))
    ]
    existing = sorted(
        {path for folder in paths if folder.exists() for path in (folder, folder.resolve())}
    )
    return [path for path in existing if not any(other in path.parents for other in existing)]


def for_level(level: Level, readable: Sequence[Path] = ()) -> Walls:
    """The walls of this level.

    Raises:
        Unavailable: this machine does not offer the level.
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
    """The command that starts the zygote; append its roles.

    Raises:
        Unavailable: this machine does not offer the level.
    """
    zygote = [sys.executable, "-m", "autograder.jail.zygote"]
    if level is not Level.FULL:
        return zygote
    bubblewrap = shutil.which("bwrap")
    if bubblewrap is None:
        raise Unavailable("Install bubblewrap (apt install bubblewrap).")
    arguments = [bubblewrap, *([] if _is_root() else ["--unshare-user"])]
    arguments += [
        f"--unshare-{namespace}" for namespace in ("pid", "ipc", "uts", "net", "cgroup-try")
    ]
    arguments += ["--clearenv", "--cap-drop", "ALL"]
    for capability in MAKES_CHILDREN:
        arguments += ["--cap-add", f"CAP_{capability}"]
    parents: set[Path] = set()
    for folder in folders(readable):
        for parent in sorted(set(folder.parents) - parents - {Path("/")}):
            # Without a mode, only the owner could enter it.
            arguments += ["--perms", "0755", "--dir", str(parent)]
        parents |= set(folder.parents)
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
    if Path("/tmp") not in parents:
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
