"""A class on a JupyterHub, as `deploy/jupyterhub/README.md` sets it up, with accounts to try it.

Everything lies in one folder of its own. At the end, the accounts, their processes, their group and
the folder are removed.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import colab_runtime
import lab_server
import psutil
import pytest
from masters import ROOT

DEPLOY = ROOT / "deploy" / "jupyterhub"
COURSE = "numpy-to-jax"
SYSTEM = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PASSWORD = secrets.token_urlsafe()


@dataclass(frozen=True)
class Hub:
    """A hub that runs.

    Attributes:
        address: where it listens.
        folder: the folder with all of it.
        teacher: the account of the instructor.
        ada: the account of a student.
        ben: the account of another student.
        cyd: the account of a student who has no home folder.
    """

    address: str
    folder: Path
    teacher: str
    ada: str
    ben: str
    cyd: str

    @property
    def environment(self) -> Path:
        return self.folder / "environment"

    @property
    def shared(self) -> Path:
        return self.folder / "shared"

    def home(self, name: str) -> Path:
        return Path(pwd.getpwnam(name).pw_dir)

    def course(self) -> Path:
        """The course's folder in the instructor's home."""
        return self.home(self.teacher) / COURSE

    def run(self, name: str, *command: str, folder: Path | None = None) -> str:
        """What a command of this user prints, like in a terminal of theirs."""
        user = pwd.getpwnam(name)
        ran = subprocess.run(
            command, cwd=folder or user.pw_dir, user=user.pw_uid, group=user.pw_gid,
            extra_groups=os.getgrouplist(name, user.pw_gid), umask=0o022,
            env={"HOME": user.pw_dir, "PATH": f"{self.environment}/bin:{SYSTEM}"},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout
        return ran.stdout

    def can_read(self, name: str, path: Path) -> bool:
        """Whether this user can list the folder, or read the file."""
        command = ["ls" if path.is_dir() else "cat", str(path)]
        user = pwd.getpwnam(name)
        groups = os.getgrouplist(name, user.pw_gid)
        ran = subprocess.run(
            command, user=user.pw_uid, group=user.pw_gid, extra_groups=groups, capture_output=True
        )
        return ran.returncode == 0

    def write(self, name: str, path: Path, content: str) -> None:
        """Write a file as this user."""
        user = pwd.getpwnam(name)
        path.write_text(content, encoding="utf-8")
        os.chown(path, user.pw_uid, user.pw_gid)


def python_for_all() -> str:
    """A Python that every account can run; that of a test may lie in a private home."""
    nobody = pwd.getpwnam("nobody")
    enough = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"
    for python in ("/usr/bin/python3", "/usr/local/bin/python3", sys.base_prefix + "/bin/python3"):
        with contextlib.suppress(OSError):
            ran = subprocess.run([python, "-c", enough], user=nobody.pw_uid, capture_output=True)
            if ran.returncode == 0:
                return python
    pytest.skip("needs a Python 3.11 or newer, with venv, that every account can run")


@contextlib.contextmanager
def running() -> Iterator[Hub]:
    """A hub with an instructor and two students."""
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("useradd") is None:
        pytest.skip("needs root on Linux: it makes accounts")
    python = python_for_all()
    number = secrets.token_hex(3)
    names = [f"{name}-{number}" for name in ("teacher", "ada", "ben", "cyd")]
    group = f"class-{number}"
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="hub-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        ports = _free_ports(3)
        hub = Hub(f"http://{lab_server.HERE}:{ports[0]}", folder, *names)
        _run("groupadd", group)
        stack.callback(subprocess.run, ["groupdel", group])
        (folder / "home").mkdir()
        for name in names:
            groups = [] if name == hub.teacher else ["--groups", group]
            _run(
                "useradd", "--create-home", "--base-dir", str(folder / "home"),
                "--shell", "/bin/bash", "--key", "HOME_MODE=0700", *groups, name,
            )  # fmt: skip
            stack.callback(_remove, name)
            _run("chpasswd", words=f"{name}:{PASSWORD}\n")
        shutil.rmtree(hub.home(hub.cyd))
        _install(hub, group, python)
        _hand_out(hub)
        stack.enter_context(_served(hub, ports))
        yield hub


def _install(hub: Hub, group: str, python: str) -> None:
    settings = hub.environment / "etc" / "jupyter" / "class.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(
        f'course = "{COURSE}"\ninstructor = "{hub.teacher}"\nstudents = "{group}"\n'
        f'shared = "{hub.shared}"\n'
    )
    wheel = colab_runtime.wheel(hub.folder / "wheel")
    _run("sh", f"{DEPLOY}/install.sh", str(wheel), str(hub.environment), PYTHON=python)


def _hand_out(hub: Hub) -> None:
    """What the instructor does at the start of a course."""
    teacher = pwd.getpwnam(hub.teacher)
    hub.course().mkdir()
    for path in [lab_server.course(hub.course()), *hub.course().rglob("*")]:
        os.chown(path, teacher.pw_uid, teacher.pw_gid)
    current = hub.shared / "lessons" / "current"
    hub.run(
        hub.teacher, "autograder", "pack", "learner", "--lessons", "--folder", str(current),
        folder=hub.course(),
    )  # fmt: skip
    for name, first, last in ((hub.ada, "Ada", "Lovelace"), (hub.ben, "Ben", "Franklin")):
        hub.run(
            hub.teacher, "nbgrader", "db", "student", "add", name,
            f"--first-name={first}", f"--last-name={last}", folder=hub.course(),
        )  # fmt: skip


@contextlib.contextmanager
def _served(hub: Hub, ports: list[int]) -> Iterator[None]:
    log = hub.folder / "hub.log"
    here = lab_server.HERE
    with log.open("wb") as file:
        server = subprocess.Popen(
            [
                f"{hub.environment}/bin/jupyterhub",
                f"--config={hub.environment}/etc/jupyter/jupyterhub_config.py",
                f"--JupyterHub.bind_url={hub.address}",
                f"--JupyterHub.hub_bind_url=http://{here}:{ports[1]}",
                f"--ConfigurableHTTPProxy.api_url=http://{here}:{ports[2]}",
                "--LocalProcessSpawner.interrupt_timeout=1",  # a server asks first, in vain
            ],
            cwd=hub.shared / "hub", env={"HOME": "/root", "PATH": SYSTEM},
            stdout=file, stderr=file, start_new_session=True,
        )  # fmt: skip
    try:
        for _ in range(240):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{hub.address}/hub/health")
                break
            assert server.poll() is None, log.read_text()
            time.sleep(0.5)
        else:
            pytest.fail(f"JupyterHub did not answer: {log.read_text()}")
        yield
    finally:
        server.terminate()  # it stops its proxy and the servers of users
        try:
            server.wait(15)  # the servers of users are told to stop within two seconds
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, 9)
        if kept := os.environ.get("SCREENSHOTS"):
            shutil.copy(log, f"{kept}/hub.log")


def _remove(name: str) -> None:
    """Remove an account with its processes and files."""
    uid = pwd.getpwnam(name).pw_uid
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.uids().real == uid:
                process.kill()
    subprocess.run(["userdel", "--force", "--remove", name], capture_output=True)
    with contextlib.suppress(KeyError):  # where it did not go with its account
        grp.getgrnam(name)
        subprocess.run(["groupdel", name], capture_output=True)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((lab_server.HERE, 0))
        return [one.getsockname()[1] for one in sockets]


def _run(*command: str, words: str = "", **variables: str) -> None:
    ran = subprocess.run(
        command, input=words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, **variables}, timeout=900,
    )  # fmt: skip
    assert ran.returncode == 0, f"{command[0]}: {ran.stdout}"
