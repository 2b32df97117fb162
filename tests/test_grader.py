"""The grader alone: what it takes from workers and runners, and what it makes of it."""

import dataclasses

import nbformat
import numpy as np
import pytest
from masters import ROOT, loaded

from autograder.classroom.grader import Grader
from autograder.jail import claims
from autograder.jail.jail import Jail
from autograder.jail.process import Limits
from autograder.jail.walls import Level
from autograder.judge.frames import Frame
from autograder.judge.verdict import Failure, Status
from autograder.judge.views import Case, Draw

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
        ({"status": ["passed"], "message": {"a": 1}}, Status.BROKE_THE_RULES),
        ({"status": "error", "facts": {"operations": "many"}}, Status.BROKE_THE_RULES),
        ("passed", Status.BROKE_THE_RULES),
        (None, Status.BROKE_THE_RULES),
    ],
)
def test_a_worker_cannot_claim_a_status_it_would_profit_from(claimed, status):
    read = claims.failure_in({"failure": claimed})
    assert isinstance(read, Failure)
    assert read.status is status
    assert isinstance(read.message, str)


VALUE, CALL = Case("value", Draw(8)), Case("called", Draw(8))
GOOD = {"length": 3}


@pytest.mark.parametrize(
    "cases",
    [
        None,
        "passed",
        [],
        [GOOD],
        [GOOD, 3],
        [GOOD, {}],
        [GOOD, {"length": -1}],
        [GOOD, {"length": True}],
        [GOOD, {"length": 3.0}],
        [GOOD, GOOD | {"jax": "99.0"}],
        [GOOD, GOOD | {"structure": "PyTreeDef({'a': *})"}],
    ],
)
def test_a_worker_that_sends_something_else_broke_the_rules(cases):
    read = claims.answers(Frame({"cases": cases}, blob=b"abcdef"), [VALUE, VALUE])
    assert [one.status for one in read] == [Status.BROKE_THE_RULES] * 2


def test_programs_are_cut_out_of_the_frame():
    cases = [GOOD, {"failure": {"status": "error"}}, GOOD]
    first, failed, second = claims.answers(Frame({"cases": cases}, blob=b"abcdef"), [VALUE] * 3)
    assert (first.artifact, second.artifact) == (b"abc", b"def")
    assert failed.status is Status.ERROR


FACTS = {
    "operations": 3, "written_out": 3, "by_name": {"add": 1}, "always": {}, "work": 1, "loops": [],
    "widest": 32, "donated": [], "reused_keys": 0, "size": 1, "again": 0, "platforms": ["cpu"],
    "digest": "",
}  # fmt: skip
RAN = {"structure": "PyTreeDef(*)", "paths": [""], "leaves": 1, "facts": FACTS, "ran": True}


@pytest.mark.parametrize(
    "cases",
    [None, [], [{}], [RAN, RAN], [RAN | {"facts": {}}], [RAN | {"facts": "1"}],
     [RAN | {"leaves": 0}], [RAN | {"leaves": 2}], [RAN | {"leaves": -1}], [RAN | {"ran": 1}], [RAN | {"paths": []}],
     [RAN | {"paths": [3]}], [RAN | {"structure": None}],
     *([RAN | {"facts": FACTS | {name: value}}] for name in FACTS for value in (-1, None, [[]]))],
)  # fmt: skip
def test_a_runner_that_sends_something_else_broke_the_rules(cases):
    (read,) = claims.outcomes(Frame({"cases": cases}, (np.ones(1),)), [VALUE])
    assert read.status is Status.BROKE_THE_RULES


def test_what_the_grader_knows_of_a_case_is_not_the_runners_to_say():
    (read,) = claims.outcomes(Frame({"cases": [RAN]}, (np.ones(1),)), [VALUE])
    assert (read.facts["size"], read.facts["again"]) == (8, 0)


def test_a_count_of_any_size_is_cut_to_one_that_can_be_compared():
    facts = FACTS | {"work": 10**400}
    (read,) = claims.outcomes(Frame({"cases": [RAN | {"facts": facts}]}, (np.ones(1),)), [VALUE])
    assert read.facts["work"] == 2**62


CALLED = {"structure": "PyTreeDef(*)", "paths": [""], "leaves": 1, "facts": {}}


@pytest.mark.parametrize(
    "case",
    [{}, CALLED | {"facts": 3}, CALLED | {"leaves": 0}, CALLED | {"leaves": 2},
     CALLED | {"paths": []}, CALLED | {"structure": None}],
)  # fmt: skip
def test_a_call_that_is_told_in_another_way_broke_the_rules(case):
    (read,) = claims.answers(Frame({"cases": [case]}, (np.ones(1),)), [CALL])
    assert read.status is Status.BROKE_THE_RULES
    (good,) = claims.answers(Frame({"cases": [CALLED]}, (np.ones(1),)), [CALL])
    assert good.leaves[0].tolist() == [1.0]


def test_sizes_of_secret_cases_are_not_told(jail, solved):
    replaced(solved, "column_norms", "def column_norms(A):\n    return A.reshape(5, 4)[0, :4]")
    message = Grader(TWO, 1, jail).grade(solved)["column_norms"].findings[0].message
    assert "cannot reshape array of shape (…, …)" in message
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
