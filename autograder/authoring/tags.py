"""Finds the masters in an assignment's folder, from the text of the files."""

from __future__ import annotations

import re
from pathlib import Path

TAGS = {
    "assignment": {"assignment", "points"},
    "exercise": {"exercise", "stars", "importance", "minutes", "points"},
    "written": {"written", "minutes", "points"},
    "given": {"given"},
    "solution": {"solution"},
    "check": {"check"},
}
"""By the tag that says the kind of a cell, all tags that such a cell has."""

_TAGGED = re.compile(rf"^# %%.*?[ \t]({'|'.join(TAGS)})[ \t]*=", re.MULTILINE)


def masters_in(folder: Path) -> list[Path]:
    """The masters in an assignment's folder; all other files there are released with it."""
    return [path for path in sorted(folder.glob("*.py")) if is_master(path)]


def is_master(path: Path) -> bool:
    """Whether this file is a master, perhaps a damaged one: a cell has one of our tags."""
    if not path.is_file():
        return False
    return bool(_TAGGED.search(path.read_text(encoding="utf-8", errors="replace")))
