"""What the grader knows: no course, and nothing of this repository."""

import re

import pytest
from masters import ROOT

from autograder.authoring import course

GRADER = sorted(path for kind in ("*.py", "*.j2") for path in (ROOT / "autograder").rglob(kind))


@pytest.mark.parametrize("path", GRADER, ids=[str(path.relative_to(ROOT)) for path in GRADER])
def test_a_file_of_the_grader_names_nothing_of_this_repository(path):
    modules = [re.escape(module.name) for module in course.read(ROOT).modules]
    words = re.compile("|".join([*modules, r"pyproject\.toml", r"\btests/", r"course[/.]pictures"]))
    text = path.read_text(encoding="utf-8")
    if path.parent.name == "authoring" and path.name == "new.py":
        text = text.replace("pyproject.toml", "")  # which a new course gets
    assert words.findall(text) == []
