"""The grader alone: what it takes from workers and runners, and what it makes of it."""

import dataclasses

import nbformat
import pytest
from masters import ROOT, loaded

from autograder import grader as grading
from autograder.frames import Frame
from autograder.grader import Grader
from autograder.jail import Jail, Limits
from autograder.verdict import Failure, Status

pytestmark = pytest.mark.xdist_group("grader")
(VMAP,) = [one for one in loaded() if one.assignment == "05_vmap"]
TWO = {name: VMAP.exercises[name] for name in ("predict_batch", "column_norms")}


@pytest.fixture(scope="module")
def jail():
    with Jail(Limits(seconds=10)) as jail:
        yield jail


@pytest.fixture
def solved():
    return nbformat.read(ROOT / "solutions" / "05_vmap" / "vmap.ipynb", as_version=4)


def replaced(notebook, name, source):
    (cell,) = [one for one in notebook.cells if one.id == name]
    cell.source = source
    return notebook


def test_identical_programs_run_once(jail, solved, monkeypatch):
    runs = []
    run = jail.run

    def counted(role, request, steps):
        runs.append((role, len(steps)))
        return run(role, request, steps)

    monkeypatch.setattr(jail, "run", counted)
    grader = Grader(TWO, 1, jail)
    first, again = grader.grade(solved), grader.grade(solved)
    assert first == again
    assert all(verdict.passed for verdict in first.values())
    assert [role for role, _ in runs] == ["worker", "runner", "worker"]
    replaced(solved, "column_norms", "def column_norms(A):\n    return jnp.linalg.norm(A, axis=0)")
    assert grader.grade(solved)["column_norms"].passed
    assert runs[-1] == ("runner", 2)


def test_a_reference_that_fails_is_a_grader_fault_for_its_exercise_alone(jail, solved):
    def predict_batch(W, b, xs):
        raise RuntimeError("the author's mistake")

    broken = dataclasses.replace(TWO["predict_batch"], reference=predict_batch)
    verdicts = Grader(TWO | {"predict_batch": broken}, 1, jail).grade(solved)
    assert verdicts["predict_batch"].status is Status.GRADER_FAULT
    assert verdicts["column_norms"].passed


def test_a_jail_that_fails_is_a_grader_fault(solved):
    class NoJail:
        def run(self, *_):
            raise OSError("no processes left")

    verdicts = Grader(TWO, 1, NoJail()).grade(solved)
    assert {verdict.status for verdict in verdicts.values()} == {Status.GRADER_FAULT}
    assert "no processes left" in verdicts["predict_batch"].findings[0].message


@pytest.mark.parametrize(
    ("claimed", "status"),
    [
        ({"status": "error", "message": "m"}, Status.ERROR),
        ({"status": "missing", "message": "m"}, Status.MISSING),
        ({"status": "passed", "message": "m"}, Status.ERROR),
        ({"status": "grader fault", "message": "m"}, Status.ERROR),
        ({"status": ["passed"], "message": {"a": 1}}, Status.ERROR),
        ("passed", Status.BROKE_THE_RULES),
        (None, Status.BROKE_THE_RULES),
    ],
)
def test_a_worker_cannot_claim_a_status_it_would_profit_from(claimed, status):
    read = grading._checked(Frame({"end": "x", "failure": claimed}))
    assert isinstance(read, Failure)
    assert read.status is status
    assert isinstance(read.message, str)


@pytest.mark.parametrize(
    "header",
    [{}, {"structure": 3, "paths": []}, {"structure": "x", "paths": "y"},
     {"structure": "x", "paths": [1]}, {"structure": "x", "paths": ["a", "b"]}],
)  # fmt: skip
def test_a_worker_that_lies_about_its_result_broke_the_rules(header):
    outcome = grading._answer(Frame(header), Frame({"operations": 1}, (grading.frames.np.ones(1),)))
    assert isinstance(outcome, Failure)
    assert outcome.status is Status.BROKE_THE_RULES


def test_feedback_holds_no_values(jail, solved):
    replaced(solved, "column_norms", "def column_norms(A):\n    return jnp.sum(A**2, axis=0)")
    verdict = Grader(TWO, 1, jail).grade(solved)["column_norms"]
    assert verdict.reason == "values"
    assert verdict.lookalike == "leaves out the square root"
    assert verdict.findings[0].difference is None
