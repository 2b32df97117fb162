"""What was measured on a GPU is shown where it belongs; where nothing was, nothing is shown."""

from __future__ import annotations

import json
import runpy
import subprocess
from pathlib import Path
from typing import Any

import pytest
from course_folder import ROOT

from course import tables
from course.pictures import measured

FOUND = {
    "gpu": "Stand-in 1",
    "machine": "one Stand-in 1 and 3 CPU cores",
    "versions": "jax 1.2.3",
    "times": {
        "sizes": [10, 1000],
        "seconds": {
            "NumPy float64": [1e-6, 36e-3],
            "jit float32": [2e-6, 2e-3],
            "NumPy float32": [1e-6, 1e-3],
        },
    },
    "errors": {"5 all distances": ["3e-07", True]},
    "references": {"pairwise": True, "ensemble": False},
    "class": {"submissions": 16, "seconds": 12.3, "full": 15},
}
ROWS = {"5 all distances": [("7 ops", True)], "9 eigvals": [("refused", False)]}


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Measurements of a GPU that does not exist."""
    path = tmp_path / "measured" / "gpu.json"
    path.parent.mkdir()
    path.write_text(json.dumps(FOUND), encoding="utf-8")
    monkeypatch.setattr(measured, "GPU", path)
    return path


def exercises() -> list[Any]:
    loaded = tables.master.load(ROOT / "solutions" / "05_vmap" / "vmap.py")
    return list(loaded.exercises.values())


def test_a_table_has_a_column_for_a_gpu_that_was_measured(
    stand_in: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, columns = measured.with_gpu(ROWS, ("cpu",))
    assert columns == ("cpu", "error on Stand-in 1")
    assert rows["5 all distances"] == [("7 ops", True), ("3e-07", True)]
    assert rows["9 eigvals"][-1] == ("not measured", True)
    measured.print_times(1000)
    shown = capsys.readouterr().out
    assert "one Stand-in 1 and 3 CPU cores, jax 1.2.3" in shown
    assert "36000.0" in shown
    assert "10×10" not in shown
    assert "the talk's way 18.0, both float32 0.5" in shown

    table = tables.portability_table(exercises())
    assert "| reference | cpu | cuda | tpu | passes on Stand-in 1 |" in table
    assert "| `pairwise` | yes | yes | yes | yes |" in table
    assert "| `ensemble` | yes | yes | yes | no |" in table
    assert "| `attention` | yes | yes | yes | not run |" in table
    assert "in 12 s from a cold start, and 15 of them" in table


def test_a_table_has_no_column_where_nothing_was_measured(
    stand_in: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in.unlink()
    assert measured.with_gpu(ROWS, ("cpu",)) == (ROWS, ("cpu",))
    measured.print_times()
    assert capsys.readouterr().out == ""
    table = tables.portability_table(exercises()[:1])
    assert "| reference | cpu | cuda | tpu |\n" in table


def test_only_tests_that_ran_on_a_gpu_are_results(tmp_path: Path) -> None:
    case = '<testcase name="test_every_exercise_on_a_gpu[{}]">{}</testcase>'
    other = '<testcase name="test_every_exercise_on_a_mesh_of_all_the_gpus[f]"/>'
    cases = case.format("f", ""), case.format("g", "<failure/>"), case.format("h", "<skipped/>")
    path = tmp_path / "tests.xml"
    path.write_text(f"<testsuites>{''.join(cases)}{other}</testsuites>", encoding="utf-8")
    script = runpy.run_path(str(ROOT / "benchmarks" / "on_gpu.py"))
    assert script["passed"](path) == {"f": True, "g": False}


def test_the_script_for_a_gpu_is_good_bash() -> None:
    script = ROOT / "benchmarks" / "on_gpu.sh"
    subprocess.run(["bash", "-n", script], check=True)
