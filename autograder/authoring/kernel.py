"""Runs a master's notebook in a kernel of its own, which nothing on the machine can hold up."""

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
    """What lets a kernel talk over files of its own, as configuration of its manager.

    Jupyter looks for free ports, and the kernel takes them a second later: another process can
    have one by then, and the kernel never answers. On Windows, which has no such files, ports it
    is.
    """
    if not hasattr(socket, "AF_UNIX"):
        yield Config()
        return
    # A socket's path may have 107 characters, so the folder of a test is often too deep.
    with tempfile.TemporaryDirectory() as folder:
        yield Config({"KernelManager": {"transport": "ipc", "ip": f"{folder}/kernel"}})


def execute(
    notebook: NotebookNode, written: Path, folder: Path, variables: Mapping[str, str]
) -> None:
    """Run every cell of a notebook, in place.

    Args:
        notebook: what to run.
        written: the master that it was read from, for the message.
        folder: where the kernel works.
        variables: of its environment, besides this process's own.

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
