"""Keeps verdicts, so that the same answer is not judged twice, and the seed of each assignment.

Both are in one SQLite file, in a folder that may be deleted at any time: the next run then judges
everything again, on the same inputs, since `verdicts.jsonl` has the seed too. Two runs can use the
file at once, and a run that is killed loses nothing. It holds JSON, and nothing in it is executed.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from autograder.judge.verdict import Verdict
from autograder.problem import Problem
from autograder.schema import MalformedError, from_text, to_text

FOLDER = ".verdicts"
"""The folder of the cache, in the course's folder."""
MOST = 300_000
"""How many entries are kept, of a few hundred bytes each; the least recently used go first."""
DAY = 86_400.0
TABLES = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, value TEXT NOT NULL, used REAL NOT NULL);
CREATE TABLE IF NOT EXISTS seeds (assignment TEXT PRIMARY KEY, seed INTEGER NOT NULL);
"""


class Cache:
    """Texts and verdicts by key; safe to use from several threads and processes.

    Args:
        folder: where the file is, created if missing; without one, nothing outlives the process.
        most: how many entries are kept.

    Raises:
        Problem: the file is not a cache file, or cannot be written.
    """

    def __init__(self, folder: Path | None = None, most: int = MOST) -> None:
        path = folder / "verdicts.db" if folder else ":memory:"
        self.most = most
        self._lock = threading.Lock()
        self._kept = 0
        try:
            if folder:
                folder.mkdir(exist_ok=True)
            self._base = sqlite3.connect(path, timeout=30.0, check_same_thread=False)
            self._base.executescript(TABLES)
            self._forget()
        except (OSError, sqlite3.Error) as error:
            raise Problem(
                f"{path} cannot be used ({error}): delete {folder}, which costs time only."
            ) from None

    def seed(self, assignment: str, graded_with: Callable[[], int | None] = lambda: None) -> int:
        """The seed of an assignment, drawn the first time.

        Args:
            assignment: its name.
            graded_with: called if the cache has no seed; returns the seed to use, or None to draw
                one.
        """
        with self._lock, self._base:
            query = "SELECT seed FROM seeds WHERE assignment = ?"
            if (row := self._base.execute(query, (assignment,)).fetchone()) is None:
                seed = graded_with()
                if seed is None:
                    seed = secrets.randbits(63)
                insert = "INSERT OR IGNORE INTO seeds VALUES (?, ?)"
                self._base.execute(insert, (assignment, seed))
                # Another run may have been faster: then its seed counts.
                row = self._base.execute(query, (assignment,)).fetchone()
            return int(row[0])

    def get(self, key: str) -> str | None:
        """The text that was put under this key, if there is one."""
        try:
            with self._lock, self._base:
                query = "SELECT value, used FROM kept WHERE key = ?"
                row = self._base.execute(query, (key,)).fetchone()
                now = time.time()
                if row and row[1] < now - DAY:
                    self._base.execute("UPDATE kept SET used = ? WHERE key = ?", (now, key))
        except sqlite3.Error:  # a failing disk costs time, but no grade
            return None
        return str(row[0]) if row else None

    def put(self, key: str, text: str) -> None:
        """Keep a text."""
        row = (key, text, time.time())
        try:
            with self._lock, self._base:
                self._base.execute("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", row)
                self._kept += 1
                if self._kept % 1000 == 0:
                    self._forget()
        except sqlite3.Error:
            return

    def _forget(self) -> None:
        self._base.execute(
            "DELETE FROM kept WHERE key IN "
            "(SELECT key FROM kept ORDER BY used DESC, key LIMIT -1 OFFSET ?)",
            (self.most,),
        )

    def verdict(self, key: str) -> Verdict | None:
        """The verdict under this key, if there is one."""
        text = self.get(key)
        with contextlib.suppress(MalformedError):
            return None if text is None else from_text(Verdict, text)
        return None

    def put_verdict(self, key: str, verdict: Verdict) -> None:
        """Keep a verdict, whose findings have no `evidence`."""
        self.put(key, to_text(verdict))


class NoCache(Cache):
    """Keeps nothing."""

    def get(self, key: str) -> Any:
        return None

    def put(self, key: str, value: Any) -> None:
        pass

    def put_verdict(self, key: str, verdict: Verdict) -> None:
        pass


def key(*parts: Any) -> str:
    """A key that depends on these parts, and on the versions of JAX and of this package.

    Args:
        parts: values that JSON can hold, as in `key("row_sums", 42)`.
    """
    text = json.dumps([versions(), *parts], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


@functools.cache
def versions() -> list[str]:
    """The versions of jax, jaxlib and numpy, and a hash of this package."""
    package = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        package.update(path.read_bytes())
    return [*map(version, ("jax", "jaxlib", "numpy")), package.hexdigest()[:12]]
