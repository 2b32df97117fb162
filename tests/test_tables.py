"""The tables about the course are computed once, and from what is there now."""

import pytest
from masters import exercises

from autograder.judge import program
from course import tables


@pytest.fixture
def lowered(monkeypatch):
    """The views and platforms for which references are lowered; none fails."""
    calls = []

    def lower(function, arguments, case, platform):
        calls.append((case.view, platform))

    monkeypatch.setattr(program, "lower", lower)
    return calls


SPEC = next(spec for spec in exercises() if spec.name == "pairwise")


def test_a_reference_that_lowers_for_all_platforms_is_lowered_once(lowered):
    assert "| `pairwise` | yes | yes | yes |" in tables.portability_table([SPEC])
    assert lowered == [("everywhere", "")]


def test_a_reference_that_fails_on_one_platform_is_told_for_each(monkeypatch):
    def lower(function, arguments, case, platform):
        if case.view == "everywhere" or platform == "tpu":
            raise NotImplementedError

    monkeypatch.setattr(program, "lower", lower)
    row = "| `pairwise` | yes | yes | no: NotImplementedError |"
    assert row in tables.portability_table([SPEC])


def test_the_table_that_is_committed_is_right_for_what_has_one_mesh_and_one_device():
    committed = (tables.Path(__file__).parents[1] / "docs" / "portability.md").read_text("utf-8")
    chosen = [spec for spec in exercises() if spec.name in ("pairwise", "eigen", "matmul_2d")]
    rows = tables.portability_table(chosen).splitlines()[-len(chosen) :]
    assert set(rows) <= set(committed.splitlines())
