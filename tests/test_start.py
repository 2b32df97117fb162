"""The README's commands: `start.py` finds uv or gets one, whatever the system's Python allows."""

import importlib.util
import os
import re
import runpy
import shutil
import stat
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
START = ROOT / "start.py"
ACCOUNT = "course-newcomer"
PORT = 18765
NOT_THERE = ("bwrap", "chromium", "node", "npm", "pipx", "psql", "uv", "uvx")
"""What a fresh machine has not, though this one may."""
WITHOUT_FILES = ("anatomy", "exercises", "explored_facts", "keys", "randomness", "requirements")
"""Tests that write no file and start no process, so they do not depend on the account; they take
half of the time of all. The README's command runs them as whoever calls it."""


def commands():
    """The commands of the README's first two blocks of code."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    first, second = re.findall(r"```sh\n(.*?)\n```", text, re.DOTALL)[:2]
    return first, second


def copied(folder):
    shutil.copy(START, folder / "start.py")
    return runpy.run_path(str(folder / "start.py"))


def test_the_readme_starts_with_one_short_command_each():
    assert commands() == ("python3 start.py", "python3 start.py pytest")


@pytest.mark.parametrize(("status", "is_taken"), [(0, True), (127, False)])
def test_a_uv_that_works_is_taken(tmp_path, monkeypatch, status, is_taken):
    uv = tmp_path / "uv"
    uv.write_text(f"#!/bin/sh\nexit {status}\n")
    uv.chmod(uv.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert copied(tmp_path)["find_uv"]() == (str(uv) if is_taken else None)


def test_a_python_that_can_install_nothing_gets_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="apt install python3-venv"):
        copied(tmp_path)["install_uv"]()
    assert not (tmp_path / ".uv").exists()


def test_a_pip_that_fails_gets_one_sentence(tmp_path, monkeypatch):
    started = copied(tmp_path)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(subprocess, "call", lambda command: 1)
    with pytest.raises(SystemExit, match="Is the network there"):
        started["main"]()


@pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="there is no system Python")
def test_the_file_is_plain_enough_for_any_python_3(tmp_path):
    # What an old Python cannot compile it cannot explain either.
    import ast

    ast.parse(START.read_text(encoding="utf-8"), feature_version=(3, 8))
    said = subprocess.run(["/usr/bin/python3", "-m", "py_compile", str(START)], cwd=tmp_path)
    assert said.returncode == 0


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory):
    """A fresh account with a clone of this repository; runs a command there, and removes it.

    Its PATH holds what `/usr/bin` does, but for the programs that a fresh machine has not.
    """
    if os.geteuid() != 0 or not shutil.which("useradd") or sys.platform != "linux":
        pytest.skip("only root on Linux can make an account to try the README's commands in")
    subprocess.run(["userdel", "--remove", "--force", ACCOUNT], capture_output=True)
    subprocess.run(["useradd", "--create-home", "--shell", "/bin/bash", ACCOUNT], check=True)
    home = Path(f"~{ACCOUNT}").expanduser()
    programs = home / "programs"
    programs.mkdir()
    for program in Path("/usr/bin").iterdir():
        if not program.name.startswith(NOT_THERE):
            (programs / program.name).symlink_to(program)
    bundle = tmp_path_factory.mktemp("clone") / "course.bundle"
    subprocess.run(["git", "bundle", "create", "-q", bundle, "HEAD"], cwd=ROOT, check=True)
    shutil.copy(bundle, home / "course.bundle")
    subprocess.run(["chown", "-R", f"{ACCOUNT}:", home], check=True)

    def run(command):
        script = f"export PATH={programs}; cd ~/course; {command}"
        return subprocess.Popen(
            ["su", "-", ACCOUNT, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    clone = f"su - {ACCOUNT} -c 'git clone -q course.bundle course'"
    subprocess.run(clone, shell=True, check=True)
    yield run
    subprocess.run(["pkill", "-KILL", "-u", ACCOUNT])
    subprocess.run(["userdel", "--remove", "--force", ACCOUNT], capture_output=True)


@pytest.mark.slow
def test_the_first_command_starts_the_course_for_a_new_account(newcomer):
    # There is no browser to open, and the usual port may be in use.
    process = newcomer(f"export BROWSER=true JUPYTER_PORT={PORT}; {commands()[0]}")
    try:
        said, address = b"", None
        while address is None:
            line = process.stdout.readline()
            said += line
            assert line, said.decode()
            address = re.search(rb"http://127\.0\.0\.1:\d+/\S+", line)
        for _ in range(60):
            try:
                page = urllib.request.urlopen(address[0].decode()).read()
                break
            except OSError:
                time.sleep(1)
        assert b"JupyterLab" in page
    finally:
        process.kill()


@pytest.mark.parametrize("name", WITHOUT_FILES)
def test_what_a_new_account_does_not_run_has_nothing_to_do_with_accounts(name):
    text = (ROOT / "tests" / f"test_{name}.py").read_text(encoding="utf-8")
    assert not re.search(r"tmp_path|subprocess|os\.environ|Jail|CliRunner|write_", text)


@pytest.mark.slow
def test_the_second_command_passes_the_tests_for_a_new_account(newcomer):
    ignored = " ".join(f"--ignore=tests/test_{name}.py" for name in WITHOUT_FILES)
    process = newcomer(f"export PYTEST_ADDOPTS='{ignored}'; {commands()[1]}")
    said = process.communicate()[0].decode()
    assert process.returncode == 0, said[-5000:]
    assert re.search(r"\d+ passed", said)
