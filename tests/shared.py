"""Folders that all processes of a run of pytest share, for what takes long to make."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import filelock
import pytest


@contextlib.contextmanager
def folder(temporary: pytest.TempPathFactory, name: str) -> Iterator[Path]:
    """The folder of this name, in which nobody else makes anything meanwhile."""
    base = temporary.getbasetemp()
    # pytest-xdist gives each process a folder of its own in that of the run.
    path = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    path.mkdir(exist_ok=True)
    with filelock.FileLock(f"{path}.lock"):
        yield path
