"""Finds the public address of the repository that a course is in; it is never written in a file."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from autograder.problem import Problem

GITHUB = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+)")
_FORM = re.compile(r"https://[\w.-]+(/[\w.~-]+)+")
_SSH = re.compile(r"(?:ssh://)?git@([\w.-]+)[:/](.+)")
_HTTPS = re.compile(r"https?://(?:[^@/]*@)?(.+)")


def find(root: Path, given: str = "") -> str:
    """The address, such as `https://github.com/owner/name`; empty if none is known.

    Args:
        root: the course's folder.
        given: an address that somebody typed. Without it, the environment variable
            `GITHUB_REPOSITORY` is used, or else the remote `origin` of the git repository.

    Raises:
        Problem: the given address has another form.
    """
    if given:
        if not _FORM.fullmatch(address := _tidy(given)):
            raise Problem(
                f"{given} is not the address of a repository: "
                "write it as in https://github.com/owner/name."
            )
        return address
    if repository := os.environ.get("GITHUB_REPOSITORY", ""):
        server = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
        return _tidy(f"{server}/{repository}")
    try:
        command = ["git", "-C", str(root), "remote", "get-url", "origin"]
        remote = subprocess.run(command, capture_output=True, text=True, timeout=10).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
    address = _tidy(remote)
    return address if _FORM.fullmatch(address) else ""


def on_colab(address: str, path: str, branch: str) -> str:
    """The address that opens a notebook on Colab; empty if the repository is not on GitHub.

    Args:
        address: the repository's address.
        path: where the notebook is in the repository.
        branch: the branch that has it.
    """
    if match := GITHUB.fullmatch(address):
        return f"https://colab.research.google.com/github/{match[1]}/blob/{branch}/{path}"
    return ""


def _tidy(address: str) -> str:
    """An address without user, password, `.git` and a slash at the end; ssh becomes https.

    >>> _tidy("git@github.com:owner/name.git")
    'https://github.com/owner/name'
    """
    address = address.strip()
    if match := _SSH.fullmatch(address):
        address = f"https://{match[1]}/{match[2]}"
    elif match := _HTTPS.fullmatch(address):
        address = f"https://{match[1]}"
    return address.rstrip("/").removesuffix(".git")
