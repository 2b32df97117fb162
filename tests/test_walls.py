"""The isolation level: which is found, what it is called, and what happens when it is not there."""

from __future__ import annotations

import dataclasses
import errno
import os
import shutil
import struct
import sys
from pathlib import Path

import masters
import psutil
import pytest

from autograder.authoring import course
from autograder.authoring.master import Master
from autograder.classroom import claims
from autograder.classroom.grader import Grader
from autograder.classroom.messages import Cell, WorkerRequest
from autograder.classroom.roles import GradingJail, require
from autograder.jail import syscalls, walls
from autograder.jail.process import Limits
from autograder.jail.walls import Level
from autograder.judge.devices import named
from autograder.judge.verdict import Failure, Status
from autograder.problem import Problem
from autograder.schema import encode

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="walls are Linux's")
LOOKS = """
import os
def loot(path):
    try:
        return open(path).read(4)
    except OSError as error:
        return type(error).__name__
raise RuntimeError(f"{loot('/etc/passwd')} {os.environ.get('SECRET')} {os.listdir()}")
"""


def seen(jail: GradingJail, source: str = LOOKS) -> str:
    """What a cell finds that looks around."""
    failure = ran(jail, source)
    assert failure is not None
    return failure.message.removeprefix("It raised RuntimeError: ")


def ran(jail: GradingJail, source: str) -> Failure | None:
    """Why a cell failed, if it did."""
    request = encode(WorkerRequest((Cell("cell", source),), (), ("cell",), "cpu"))
    return claims.failure_of_cell(jail.run("worker", request, ["cell"])["cell"])


def test_every_level_keeps_what_it_promises(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of files, of the environment, and of the folder that it starts in."""
    monkeypatch.setenv("SECRET", "hunter2")
    files = {"full": "FileNotFoundError", "partial": "PermissionError", "process": "root"}
    for level in Level:
        with GradingJail(Limits(), strongest=level) as jail:
            found = jail.level
            assert bool(jail.weaker_because) == (found is not level)
            assert seen(jail).startswith(f"{files[found]} None [")


@pytest.mark.slow
@pytest.mark.parametrize("master", masters.loaded(), ids=lambda master: master.assignment)
def test_a_compiler_finds_all_that_it_reads_behind_landlock(master: Master) -> None:
    """Every reference earns full marks; the corpus of answers shows that of the other levels."""
    with GradingJail(Limits(), strongest=Level.PARTIAL) as jail:
        verdicts = Grader(master.exercises, 1, jail).grade(masters.answered(master.assignment))
    assert {name for name, verdict in verdicts.items() if not verdict.passed} == set()


@pytest.mark.slow
def test_a_weaker_level_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without bubblewrap, what to install; without libseccomp too, the code is trusted."""
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with GradingJail(Limits()) as jail:
        assert jail.level is not Level.FULL
        assert jail.weaker_because[0] == "Not full: Install bubblewrap (apt install bubblewrap)."
        with pytest.raises(Problem, match=r"level full is required, and this is .*apt install"):
            require(Level.FULL, jail)

    def absent(signals: bool) -> bytes:
        raise ImportError("no libseccomp")

    monkeypatch.setattr(syscalls, "program", absent)
    with GradingJail(Limits()) as jail:
        assert jail.level is Level.PROCESS
        assert "install libseccomp2" in jail.weaker_because[1]
        assert "TRUSTED" in jail.level.lacks


@pytest.mark.slow
def test_a_gpu_has_no_walls() -> None:
    """Its driver needs the machine's device files; the level says so."""
    with GradingJail(Limits(), named("gpu")) as jail:
        assert jail.level is Level.PROCESS
        assert jail.weaker_because[0] == "Not full: A gpu cannot be used behind walls."


def test_walls_that_do_not_stand_are_a_grader_fault() -> None:
    """Nothing of the student's was run, so it is no zero; the next one is confined again."""

    with GradingJail(Limits()) as jail:
        honest, limits = seen(jail), jail.limits
        jail.limits = dataclasses.replace(limits, memory_mib=2**60)
        with pytest.raises(RuntimeError, match=r"(?s)not be confined.*too large"):
            seen(jail)
        jail.limits = limits
        assert seen(jail) == honest


@pytest.mark.slow
@pytest.mark.parametrize("source", ["bytearray(2**31)", "__import__('mmap').mmap(-1, 2**31)"])
def test_memory_is_limited_whatever_holds_it(source: str) -> None:
    """Shared mappings count too, without a control group, which few machines let us make."""
    with GradingJail(Limits(memory_mib=2048)) as jail:
        failure = ran(jail, source)
    assert failure is not None
    told = "Cannot allocate memory" in failure.message
    assert failure.status is Status.OUT_OF_MEMORY or told


WITHOUT_FILTER = """
import os, socket, time
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
try:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("127.0.0.1", 9))
    found = "loopback"
except OSError as error:
    found = error.errno
here = [one for one in os.listdir("/proc") if one.isdigit()]
raise RuntimeError(f"{found} {socket.gethostname()} {len(here) > 3} {os.getpid()} {os.getppid()}")
"""


@pytest.mark.slow
def test_namespaces_hold_without_the_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where every system call is allowed: no network, and daemons end with their first process."""
    allow = struct.pack("HBBI", 6, 0, 0, 0x7FFF_0000)
    monkeypatch.setattr(syscalls, "program", lambda signals: allow)
    with GradingJail(Limits()) as jail:
        if jail.level is not Level.FULL:
            pytest.skip(" ".join(jail.weaker_because))
        first = psutil.Process(jail.first_process)
        before = first.children(recursive=True)
        found = seen(jail, WITHOUT_FILTER)
        assert first.children(recursive=True) == before
    assert found.split(" The line")[0] == f"{errno.ENETUNREACH} jail True 1 0."


def test_a_notebook_imports_what_its_course_lets_it_read(tmp_path: Path) -> None:
    """And finds nothing else of the course."""
    for name in ("helpers", "solutions"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"word = 'of {name}'")
    source = f"""
import helpers
try:
    found = open({str(tmp_path / "solutions" / "__init__.py")!r}).read()
except OSError:
    found = "no solutions"
raise RuntimeError(helpers.word + ", " + found)
"""
    readable = [tmp_path / "helpers"]
    for level in (Level.FULL, Level.PARTIAL):
        with GradingJail(Limits(), strongest=level, root=tmp_path, readable=readable) as jail:
            if jail.level is not Level.PROCESS:
                assert seen(jail, source).startswith("of helpers, no solutions")


def test_what_may_be_read_holds_no_course() -> None:
    """Neither the masters nor a grade lie in a folder that a child sees."""
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for folder in walls.folders(course.read(masters.ROOT).readable):
        for secret in ("solutions", "gradebook.db", "tests", "verdicts.jsonl"):
            assert folder not in (path := walls.Path(root, secret)).parents
            assert folder != path
