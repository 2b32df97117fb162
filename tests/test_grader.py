"""The grader alone: what it takes from workers and runners, and what it makes of it."""

import dataclasses

import nbformat
import numpy as np
import pytest
from masters import ROOT, loaded
from nbformat.v4 import new_code_cell, new_notebook

from autograder.classroom.grader import Grader, code_of
from autograder.jail import claims
from autograder.jail.jail import Jail
from autograder.jail.process import Limits
from autograder.jail.walls import Level
from autograder.judge.frames import Frame
from autograder.judge.verdict import Failure, Status

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

    def counted(role, request, steps, *late):
        runs.append((role, len(steps)))
        return run(role, request, steps, *late)

    monkeypatch.setattr(jail, "run", counted)
    grader = Grader(TWO, 1, jail)
    first, again = grader.grade(solved), grader.grade(solved)
    assert first == again
    assert all(verdict.passed for verdict in first.values())
    assert [role for role, _ in runs] == ["worker", "runner"]
    replaced(solved, "column_norms", "def column_norms(A):\n    return jnp.linalg.norm(A, axis=0)")
    assert grader.grade(solved)["column_norms"].passed
    assert runs[-1] == ("runner", 1)


def test_a_reference_that_fails_is_a_grader_fault_for_its_exercise_alone(jail, solved):
    def predict_batch(W, b, xs):
        raise RuntimeError("the author's mistake")

    broken = dataclasses.replace(TWO["predict_batch"], reference=predict_batch)
    verdicts = Grader(TWO | {"predict_batch": broken}, 1, jail).grade(solved)
    assert verdicts["predict_batch"].status is Status.GRADER_FAULT
    assert verdicts["column_norms"].passed


def test_a_jail_that_fails_is_a_grader_fault(solved):
    class NoJail:
        level = Level.PROCESS

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
    read = claims.failure_in({"failure": claimed})
    assert isinstance(read, Failure)
    assert read.status is status
    assert isinstance(read.message, str)


GOOD = {"structure": "PyTreeDef(*)", "paths": [""], "length": 3}


@pytest.mark.parametrize(
    "cases",
    [
        None,
        "passed",
        [],
        [GOOD],
        [GOOD, 3],
        [GOOD, {}],
        [GOOD, GOOD | {"structure": 3}],
        [GOOD, GOOD | {"paths": "x"}],
        [GOOD, GOOD | {"paths": [1]}],
        [GOOD, GOOD | {"length": -1}],
        [GOOD, GOOD | {"length": True}],
    ],
)
def test_a_worker_that_sends_something_else_broke_the_rules(cases):
    read = claims.answers(Frame({"cases": cases}, blob=b"abcdef"), [False, False])
    assert [one.status for one in read] == [Status.BROKE_THE_RULES] * 2


def test_programs_are_cut_out_of_the_frame():
    cases = [GOOD, {"failure": {"status": "error"}}, GOOD]
    first, failed, second = claims.answers(Frame({"cases": cases}, blob=b"abcdef"), [False] * 3)
    assert (first.artifact, second.artifact) == (b"abc", b"def")
    assert failed.status is Status.ERROR


@pytest.mark.parametrize(
    "cases",
    [None, [], [{}], [{"facts": {}}], [{"facts": "1", "leaves": 1}], [{"facts": {}, "leaves": 0}],
     [{"facts": {}, "leaves": 2}], [{"facts": {}, "leaves": -1}]],
)  # fmt: skip
def test_a_runner_that_sends_something_else_broke_the_rules(cases):
    claim = claims.Claim("PyTreeDef(*)", ("",), b"abc", "0.7.2")
    (read,) = claims.outcomes(Frame({"cases": cases}, (np.ones(1),)), [claim], [True])
    assert read.status is Status.BROKE_THE_RULES


CALLED = {"structure": "PyTreeDef(*)", "paths": [""], "leaves": 1, "facts": {}}


@pytest.mark.parametrize(
    "case",
    [{}, CALLED | {"facts": 3}, CALLED | {"leaves": 0}, CALLED | {"leaves": 2},
     CALLED | {"paths": []}, CALLED | {"structure": None}],
)  # fmt: skip
def test_a_call_that_is_told_in_another_way_broke_the_rules(case):
    (read,) = claims.answers(Frame({"cases": [case]}, (np.ones(1),)), [True])
    assert read.status is Status.BROKE_THE_RULES
    (good,) = claims.answers(Frame({"cases": [CALLED]}, (np.ones(1),)), [True])
    assert good.leaves[0].tolist() == [1.0]


def test_sizes_of_secret_cases_are_not_told(jail, solved):
    replaced(solved, "column_norms", "def column_norms(A):\n    return A.reshape(5, 4)[0, :4]")
    message = Grader(TWO, 1, jail).grade(solved)["column_norms"].findings[0].message
    assert message.startswith("It raised TypeError. ")
    assert "The line: `return A.reshape(5, 4)[0, :4]`" in message


def test_feedback_holds_no_values(jail, solved):
    replaced(solved, "column_norms", "def column_norms(A):\n    return jnp.sum(A**2, axis=0)")
    verdict = Grader(TWO, 1, jail).grade(solved)["column_norms"]
    assert verdict.reason == "values"
    assert verdict.lookalike == "leaves out the square root"
    assert verdict.findings[0].difference is None


def test_a_jail_that_fails_once_is_asked_again(jail, solved, monkeypatch):
    run, failing = jail.run, [OSError("its zygote was killed by another notebook")]

    def fails_first(*request):
        if failing:
            raise failing.pop()
        return run(*request)

    monkeypatch.setattr(jail, "run", fails_first)
    assert all(verdict.passed for verdict in Grader(TWO, 1, jail).grade(solved).values())
    assert not failing


def order(*cells):
    made = new_notebook(cells=[new_code_cell(source, id=name) for name, source in cells])
    return code_of(made).steps(["f", "g"])


def test_answers_are_judged_where_their_check_stands_and_else_at_the_end():
    assert order(("a", ""), ("check-f", ""), ("b", "")) == ["cell 0", "f", "cell 2", "g"]
    assert order(("check-g", ""), ("check-f", ""), ("a", "")) == ["g", "f", "cell 2"]
    assert order(("check-h", ""), ("a", "")) == ["cell 1", "f", "g"]


def test_of_two_checks_the_first_counts():
    made = new_notebook(cells=[new_code_cell("", id=str(number)) for number in range(4)])
    for number in (1, 3):
        made.cells[number].metadata["nbgrader"] = {"grade": True, "grade_id": "check-f"}
    assert code_of(made).steps(["f"]) == ["cell 0", "f", "cell 2"]


@pytest.mark.parametrize("metadata", [None, [], "x", 3, {"grade_id": []}])
def test_damaged_metadata_leaves_a_cell_to_be_run(metadata):
    made = new_notebook(cells=[new_code_cell("f = 1", id="a")])
    made.cells[0].metadata["nbgrader"] = metadata
    assert code_of(made).steps(["f"]) == ["cell 0", "f"]


def test_what_an_answer_is_at_its_check_counts(jail):
    """Names that change below, a stub above, and no check at all, in one notebook."""
    cells = (
        ("given", "import jax.numpy as jnp\nscale = 1.0"),
        ("one", "def predict_batch(W, b, xs): return scale * (xs @ W.T) + b"),
        ("check-predict_batch", ""),
        ("two", "scale = 2.0\ndef column_norms(A): raise NotImplementedError"),
        ("check-column_norms", ""),
        ("three", "def column_norms(A): return jnp.sqrt((A**2).sum(0))"),
        ("four", "def predict_batch(W, b, xs): return b"),
    )
    notebook = new_notebook(cells=[new_code_cell(source, id=name) for name, source in cells])
    verdicts = Grader(TWO, 1, jail).grade(notebook)
    assert all(verdict.passed for verdict in verdicts.values())
    notebook.cells = [cell for cell in notebook.cells if not cell.id.startswith("check")]
    verdicts = Grader(TWO, 1, jail).grade(notebook)
    assert [one.passed for one in verdicts.values()] == [False, True]
