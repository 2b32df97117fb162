"""Which files of an assignment's folder are masters, told by their text and without running it."""

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
"""The tags of a master's cells: what kind of cell it is, and what belongs to it."""

_TAGGED = re.compile(rf"^# %%.*?[ \t]({'|'.join(TAGS)})[ \t]*=", re.MULTILINE)


def masters_in(folder: Path) -> list[Path]:
    """The masters in an assignment's folder; any other file there is released with it."""
    return [path for path in sorted(folder.glob("*.py")) if is_master(path)]


def is_master(path: Path) -> bool:
    """Whether this file is a master: it has a cell with one of our tags, damaged or not."""
    if not path.is_file():
        return False
    return bool(_TAGGED.search(path.read_text(encoding="utf-8", errors="replace")))
