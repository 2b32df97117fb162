"""The attacks that patch the grader's own code still patch something."""

import ast
import importlib

import pytest
from masters import ROOT

PATCHES = sorted(
    path
    for path in (ROOT / "tests" / "hostile").glob("*/answers.py")
    if "from autograder" in path.read_text(encoding="utf-8")
)


def imported(tree):
    """What the names stand for that the attack imports of the grader."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("autograder"):
            for alias in node.names:
                try:
                    found = importlib.import_module(f"{node.module}.{alias.name}")
                except ImportError:
                    found = getattr(importlib.import_module(node.module), alias.name)
                yield alias.asname or alias.name, found


@pytest.mark.parametrize("path", PATCHES, ids=lambda path: path.parent.name)
def test_an_attack_replaces_only_what_is_there(path):
    """A new name in its place would make it an honest answer, or an attack of nothing."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = dict(imported(tree))
    assigned = [node for node in ast.walk(tree) if isinstance(node, ast.Assign)]
    for target in [target for node in assigned for target in node.targets]:
        owner = getattr(target, "value", None)
        if isinstance(target, ast.Attribute) and getattr(owner, "id", "") in names:
            assert hasattr(names[owner.id], target.attr), target.attr
