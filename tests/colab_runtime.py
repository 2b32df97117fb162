"""A Python as on Colab: JAX 0.7.2, nothing of this repository, and no network."""

from __future__ import annotations

import functools
import glob
import json
import os
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest
import shared
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from masters import ROOT
from nbclient import NotebookClient
from nbformat import NotebookNode

from autograder.authoring import colab, course
from autograder.authoring.kernel import socket_files

# What Colab has of what a notebook needs; FACTS of November 2026. It has more, such as pandas.
PACKAGES = (
    "jax==0.7.2", "numpy==2.1.*", "matplotlib==3.10.*", "ipython==7.34.*", "ipykernel==6.17.*",
    "rich==13.*", "click==8.*", "filelock", "platformdirs", "markupsafe==3.*", "pip", "setuptools",
    "flax==0.12.0", "optax==0.2.*", "orbax-checkpoint==0.12.*",
)  # fmt: skip
PYTHON = "3.13"
NO_NETWORK = """\
import socket

_connect = socket.socket.connect

def connect(self, address):
    if self.family != socket.AF_UNIX:
        raise OSError("this test has no network")
    return _connect(self, address)

def getaddrinfo(*arguments, **named):
    raise OSError("this test has no network")

socket.socket.connect = connect
socket.getaddrinfo = getaddrinfo
"""


@functools.cache
def python() -> str:
    """The path of Colab's version of Python on this machine; a test that needs it is skipped."""
    root = os.environ.get("PYENV_ROOT", str(Path.home() / ".pyenv"))
    found = glob.glob(f"{root}/versions/{PYTHON}.*/bin/python") + [
        path for path in [shutil.which(f"python{PYTHON}")] if path
    ]
    for path in found:
        if subprocess.run([path, "-c", ""], capture_output=True).returncode == 0:
            return path
    pytest.skip(f"SKIPPED: Colab has Python {PYTHON}, which is not on this machine")


def command() -> list[str]:
    """What calls uv on this machine; a test that needs it is skipped where it is not there."""
    # `uv run` names itself to what it runs.
    if found := os.environ.get("UV") or shutil.which("uv"):
        return [found]
    pytest.skip("SKIPPED: needs uv, which makes the runtime")


def uv(*arguments: str) -> None:
    """Run one command of uv, which has to succeed, without the network where that can be."""
    # Compiling all files takes ten times as long as installing them, and few are ever imported.
    environment = {**os.environ, "UV_COMPILE_BYTECODE": "0"}
    for offline in (["--offline"], []):
        words = [*command(), *arguments, *offline]
        done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True)
        if done.returncode == 0:
            return
    raise AssertionError(done.stderr)


def wheel(folder: Path) -> Path:
    """The project's wheel, built in this folder."""
    uv("build", "--wheel", "-q", "--out-dir", str(folder))
    return next(folder.glob("*.whl"))


@functools.cache
def notebooks() -> dict[str, NotebookNode]:
    """The course's notebooks for Colab that carry the grader, by their paths."""
    return colab.notebooks(course.read(ROOT))


def shared_runtime(temporary: pytest.TempPathFactory) -> Path:
    """The path of the Python of a runtime that no test changes; made by the first that asks."""
    with shared.folder(temporary, "colab") as folder:
        if not (folder / "made").exists():
            runtime(folder)
            (folder / "made").touch()
    return _python_in(folder)


def _python_in(folder: Path) -> Path:
    return folder / "runtime" / "bin" / "python"


def runtime(folder: Path) -> Path:
    """Make a runtime in a folder that has none; the path of its Python."""
    uv("venv", "-q", "--clear", "--python", python(), str(folder / "runtime"))
    here = _python_in(folder)
    uv("pip", "install", "-q", "--python", str(here), *PACKAGES)
    packages = next((folder / "runtime").glob("lib/python*/site-packages"))
    (packages / "sitecustomize.py").write_text(NO_NETWORK, encoding="utf-8")
    stand_in = packages / "google" / "colab"
    stand_in.mkdir(parents=True)
    (stand_in / "__init__.py").write_text('"""Stands for the package by which Colab is known."""\n')
    return here


def run(notebook: NotebookNode, python: Path, folder: Path) -> NotebookNode:
    """Run a notebook in a kernel that has only what the notebook brings.

    Args:
        notebook: the notebook, which is not changed.
        python: of the runtime.
        folder: an empty one, where the kernel works.

    Returns:
        The notebook as it was run. A cell that raises ends it.
    """
    kernel = folder / "kernels" / "colab"
    kernel.mkdir(parents=True)
    command = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    described = {"argv": command, "display_name": "Colab", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(described), encoding="utf-8")
    opened = nbformat.from_dict(nbformat.v4.upgrade(notebook.copy()))
    (folder / "content").mkdir()
    # Nothing of this environment may be seen.
    hidden = ("PYTHONPATH", "VIRTUAL_ENV", "JAX_PLATFORMS", "XLA_FLAGS", "AUTOGRADER_PROGRESS")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {"PATH": os.pathsep.join([str(python.parent), os.defpath]), "HOME": str(folder)}
    with socket_files() as config:
        manager = AsyncKernelManager(
            config=config,
            kernel_name="colab",
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[str(kernel.parent)]),
        )
        client = NotebookClient(
            opened,
            km=manager,
            timeout=300,
            resources={"metadata": {"path": str(folder / "content")}},
        )
        client.execute(env=environment, cleanup_kc=True)
    return opened


def texts(cell: NotebookNode) -> str:
    """What a cell displayed, as plain text."""
    return "\n".join(
        output["data"]["text/plain"]
        for output in cell.outputs
        if output.output_type == "display_data"
    )
