"""A Python as on Colab, made anew for one notebook: JAX 0.7.2, no repository, no classroom."""

from __future__ import annotations

import functools
import glob
import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from masters import ROOT
from nbclient import NotebookClient
from nbformat import NotebookNode

from autograder.authoring.kernel import socket_files
from autograder.student import colab

# What Colab has of what a notebook needs; FACTS of November 2026.
PACKAGES = (
    "jax==0.7.2", "numpy==2.1.*", "matplotlib==3.10.*", "ipython==7.34.*", "ipykernel==6.17.*",
    "rich==13.*", "click==8.*", "pip", "setuptools",
)  # fmt: skip
PYTHON = "3.13"


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
    for offline in (["--offline"], []):
        words = [*command(), *arguments, *offline]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
        if done.returncode == 0:
            return
    raise AssertionError(done.stderr)


def wheel(folder: Path) -> Path:
    """The project's wheel, built in this folder."""
    uv("build", "--wheel", "-q", "--out-dir", str(folder))
    return next(folder.glob("*.whl"))


def run(
    notebook: NotebookNode, wheel: Path, folder: Path, data: Iterable[Path] = ()
) -> NotebookNode:
    """Run a notebook as Colab does: alone, from its first cell, which installs the wheel.

    Args:
        notebook: as it lies in the repository.
        wheel: stands for the address of the repository.
        folder: an empty one, where the runtime is made.
        data: files that lie beside the notebook.

    Returns:
        The notebook as it was run. A cell that raises ends it.
    """
    runtime = folder / "runtime"
    uv("venv", "-q", "--python", python(), str(runtime))
    here = runtime / "bin" / "python"
    uv("pip", "install", "-q", "--python", str(here), *PACKAGES)
    _stand_in_for_colab(next(runtime.glob("lib/python*/site-packages")))
    kernel = folder / "kernels" / "colab"
    kernel.mkdir(parents=True)
    command = [str(here), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    said = {"argv": command, "display_name": "Colab", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(said), encoding="utf-8")
    opened = nbformat.from_dict(nbformat.v4.upgrade(notebook.copy()))
    cells = colab.first_cells("https://colab.invalid/course", "")
    (install,) = (cell for cell in cells if cell.cell_type == "code")
    assert "git+https://colab.invalid/course" in install.source
    install.source = install.source.replace(
        "git+https://colab.invalid/course", wheel.resolve().as_uri()
    )
    opened.cells = [install, *(cell for cell in opened.cells if cell.id not in _STAMPED)]
    # The lessons' pictures, which are no part of the wheel, lie where Colab's notebooks run.
    pictures = Path("course", "pictures")
    shutil.copytree(ROOT / pictures, folder / "content" / pictures)
    shutil.copy(ROOT / "course" / "__init__.py", folder / "content" / "course")
    for path in data:
        shutil.copy(path, folder / "content")
    # `%pip` has to find the runtime's own pip, and nothing of this environment may be seen.
    hidden = ("PYTHONPATH", "VIRTUAL_ENV", "JAX_PLATFORMS", "XLA_FLAGS")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {"PATH": os.pathsep.join([str(here.parent), os.defpath]), "HOME": str(folder)}
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


_STAMPED = ("badge", "install")


def _stand_in_for_colab(packages: Path) -> None:
    stand_in = packages / "google" / "colab"
    stand_in.mkdir(parents=True)
    (stand_in / "__init__.py").write_text('"""Stands for the package by which Colab is known."""\n')
