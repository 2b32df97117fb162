"""Runs the notebook of a master in a kernel of its own, without taking ports on the machine."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from traitlets.config import Config

from autograder.problem import Problem


@contextmanager
def socket_files() -> Iterator[Config]:
    """The configuration with which a kernel uses socket files in place of ports.

    Jupyter looks for free ports, and the kernel takes them a second later: another process may
    have taken one by then, and the kernel never answers. Windows has no such files and uses ports.
    """
    if not hasattr(socket, "AF_UNIX"):
        yield Config()
        return
    # The path of a socket may have at most 107 characters; the folder of a test is often longer.
    with tempfile.TemporaryDirectory() as folder:
        yield Config({"KernelManager": {"transport": "ipc", "ip": f"{folder}/kernel"}})


def execute(
    notebook: NotebookNode, written: Path, folder: Path, variables: Mapping[str, str]
) -> None:
    """Run every cell of a notebook, in place.

    Args:
        notebook: the notebook to run.
        written: the master that it was read from, for the message.
        folder: the kernel's working folder.
        variables: environment variables to add to those of this process.

    Raises:
        Problem: a cell that is not tagged `raises-exception` raised.
    """
    with socket_files() as config:
        client = NotebookClient(
            notebook,
            config=config,
            timeout=300,
            coalesce_streams=True,
            resources={"metadata": {"path": folder}},
            # A full traceback names folders of the machine that built the page.
            extra_arguments=["--InteractiveShell.xmode=Minimal"],
        )
        try:
            client.execute(env={**os.environ, **variables})
        except CellExecutionError as error:
            raise Problem(f"{written} does not run: {error}") from None
