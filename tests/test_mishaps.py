"""Everything in `docs/mishaps.md` happens here, and is seen as it is written there."""

import json
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from click.testing import CliRunner
from masters import ROOT
from mishaps import IN_NOTEBOOK, IN_TERMINAL, document

from autograder.cli import main
from autograder.judge import devices
from autograder.problem import Problem

# One process that has imported everything forks one kernel's stand-in for each mishap, before JAX
# starts, so that each finds a fresh one.
SHELLS = """
import json, os, sys, tempfile
import jax, IPython
from IPython.terminal.interactiveshell import TerminalInteractiveShell as Shell
from autograder.judge import meshes
from autograder.student import hints, learner, stubs, undefined

for cells in json.load(sys.stdin):
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryDirectory() as folder:
        child = os.fork()
        if child == 0:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
            os.environ["AUTOGRADER_PROGRESS"] = folder + "/progress.json"
            shell = Shell.instance(colors="nocolor")
            undefined.watch()
            for cell in cells:
                shell.run_cell(cell)
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)
        os.waitpid(child, 0)
        out.seek(0)
        said = out.read()
    print(json.dumps(said), flush=True)
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    asked = json.dumps([one.cells for one in IN_NOTEBOOK])
    command = [sys.executable, "-c", SHELLS]
    folder = tmp_path_factory.mktemp("notebook")
    for path in ROOT.glob("exercises/*/*.check"):
        shutil.copy(path, folder)
    done = subprocess.run(command, input=asked, capture_output=True, text=True, cwd=folder)
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(said) == len(IN_NOTEBOOK), done.stderr
    return dict(zip([one.what for one in IN_NOTEBOOK], said, strict=True))


def is_seen(words, said):
    """Whether the words are in what was said, in this order; `…` stands for anything."""
    parts = [re.escape(part.strip()) for part in " ".join(words.split()).split("…")]
    return re.search(".*".join(parts), " ".join(said.split()))


@pytest.mark.parametrize("mishap", IN_NOTEBOOK, ids=lambda one: one.what)
def test_in_a_notebook(mishap, seen):
    if "no tpu" in mishap.seen and has_tpu():
        pytest.skip("there is a tpu")
    said = seen[mishap.what]
    assert is_seen(mishap.seen, said)
    # Python itself says the names that are not there; nothing of ours may end in a traceback.
    assert "Traceback" not in said or "NameError" in mishap.cells[-1] + said
    assert "autograder/student/learner.py" not in said


def has_tpu():
    try:
        return bool(devices.here(devices.named("tpu")))
    except Problem:
        return False


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for path in (ROOT / "exercises" / "05_vmap").iterdir():
        shutil.copy(path, tmp_path)
    (tmp_path / "damaged.ipynb").write_text('{"cells": [')
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "empty.ipynb")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("mishap", IN_TERMINAL, ids=lambda one: one.what)
def test_in_a_terminal(mishap, folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    done = CliRunner().invoke(main, mishap.command.split()[1:])
    assert done.exit_code == 2
    assert is_seen(mishap.seen, done.output)
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_the_document_is_what_the_tests_prove():
    assert (ROOT / "docs" / "mishaps.md").read_text(encoding="utf-8") == document()
