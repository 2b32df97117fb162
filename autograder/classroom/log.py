"""Reads `verdicts.jsonl`, in which every grading run writes a line about every notebook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from autograder.problem import Problem

LOG = "verdicts.jsonl"
"""The log of all verdicts, in the course's folder; nothing is ever taken out of it."""


def newest(root: Path, assignment: str) -> list[dict[str, Any]]:
    """The newest line about each student's notebook in an assignment, ordered by student.

    Raises:
        Problem: nothing of the assignment was graded.
    """
    log = root / LOG
    if not log.is_file():
        raise Problem(f"Nothing has been graded here yet: there is no {log}.")
    found: dict[tuple[str, str], dict[str, Any]] = {}
    with log.open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            if record["assignment"] == assignment:
                found[record["student"], record["notebook"]] = record
    if not found:
        raise Problem(f"{log} has no verdict in {assignment}.")
    return [found[which] for which in sorted(found)]
