"""The grader alone: what it takes from workers and runners, and what it makes of it."""

import dataclasses
import functools
import json

import jax
import jax.numpy as jnp
import nbformat
import numpy as np
import pytest
from masters import ROOT, loaded
from nbformat.v4 import new_code_cell, new_notebook

from autograder.classroom import claims, feedback
from autograder.classroom.cache import Cache
from autograder.classroom.grader import Grader, code_of
from autograder.classroom.roles import GradingJail
from autograder.jail.process import Limits
from autograder.jail.walls import Level
from autograder.judge.requirements import (
    donates_like_reference,
    is_pure,
    lowers_everywhere,
    matches_reference,
)
from autograder.judge.specification import Exercise
from autograder.judge.verdict import Failure, Status
from autograder.judge.views import Case, Draw
from autograder.schema import LARGEST, LENGTHS

(VMAP,) = [one for one in loaded() if one.assignment == "05_vmap"]
TWO = {name: VMAP.exercises[name] for name in ("predict_batch", "column_norms")}


@pytest.fixture(scope="module")
def jail():
    with GradingJail(Limits(seconds=10)) as jail:
        yield jail


@pytest.fixture(scope="module")
def first_grader(jail):
    return Grader(TWO, 1, jail)


@pytest.fixture
def grader(first_grader):
    """A grader that has judged nothing. A copy shares with its original what references do."""
    return dataclasses.replace(first_grader, cache=Cache())


@pytest.fixture
def solved():
    return nbformat.read(ROOT / "solutions" / "05_vmap" / "vmap.ipynb", as_version=4)


def replaced(notebook, name, source):
    (cell,) = [one for one in notebook.cells if one.id == name]
    cell.source = source
    return notebook


def test_identical_programs_run_once(grader, jail, solved, monkeypatch):
    runs = []
    run = jail.run

    def counted(role, request, steps, *late):
        runs.append((role, len(steps)))
        return run(role, request, steps, *late)

    monkeypatch.setattr(jail, "run", counted)
    first, again = grader.grade(solved), grader.grade(solved)
    assert first == again
    assert all(verdict.passed for verdict in first.values())
    assert [role for role, _ in runs] == ["worker", "runner"]
    replaced(solved, "column_norms", "def column_norms(A):\n    return jnp.linalg.norm(A, axis=0)")
    assert grader.grade(solved)["column_norms"].passed
    assert runs[-1] == ("runner", 1)


def test_programs_that_differ_in_names_calls_and_order_have_one_meaning(grader, solved):
    answers = [
        "def column_norms(A):\n    a, b = A * A, jnp.zeros(A.shape[1])\n"
        "    return jnp.sqrt(a.sum(0)) + b",
        "@jax.jit\ndef squares(x):\n    return x * x\n"
        "def column_norms(A):\n    zeros, all_of_it = jnp.zeros(A.shape[1]), squares(A)\n"
        "    return jnp.sqrt(all_of_it.sum(0)) + zeros",
        "def column_norms(A):\n    return jnp.sqrt((A * A).sum(0))",
    ]
    verdicts = [
        grader.grade(replaced(solved, "column_norms", answer))["column_norms"] for answer in answers
    ]
    assert all(verdict.passed and verdict.meaning for verdict in verdicts)
    assert len({verdict.program for verdict in verdicts}) == 3
    first, same, other = (verdict.meaning for verdict in verdicts)
    assert first == same != other
    assert len(first) == 32


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

        weaker_because = ()
        at_once = 1

        def run(self, *_):
            raise OSError("no processes left")

    verdicts = Grader(TWO, 1, NoJail()).grade(solved)
    assert {verdict.status for verdict in verdicts.values()} == {Status.GRADER_FAULT}
    assert "no processes left" in verdicts["predict_batch"].findings[0].message


def raw(header, body=b""):
    """A message as a process might write it."""
    text = json.dumps(header).encode()
    return LENGTHS.pack(len(text), len(body)) + text + body


@pytest.mark.parametrize(
    ("claimed", "status"),
    [
        ({"status": "error", "message": "m"}, Status.ERROR),
        ({"status": "missing", "message": "m"}, Status.MISSING),
        ({"status": "passed", "message": "m"}, Status.ERROR),
        ({"status": "grader fault", "message": "m"}, Status.ERROR),
        ({"status": "excellent", "message": "m"}, Status.NOT_ALLOWED),
        ({"status": ["passed"], "message": {"a": 1}}, Status.NOT_ALLOWED),
        ({"status": "error", "message": "", "facts": {"size": "many"}}, Status.NOT_ALLOWED),
        ("passed", Status.NOT_ALLOWED),
        (3, Status.NOT_ALLOWED),
    ],
)
def test_a_worker_cannot_claim_a_status_it_would_profit_from(claimed, status):
    read = claims.failure_of_cell(raw({"failure": claimed}))
    assert isinstance(read, Failure)
    assert read.status is status
    assert isinstance(read.message, str)


VALUE, CALL = Case("value", Draw(8)), Case("called", Draw(8))
GOOD = {"kind": "ProgramClaim", "artifact": 3}
CALLED = {
    "kind": "CallClaim", "structure": "PyTreeDef(*)", "paths": [""], "leaves": [["float64", [1]]],
    "facts": {},
}  # fmt: skip
FAILED = {"kind": "Failure", "status": "error", "message": ""}


@pytest.mark.parametrize(
    "cases",
    [
        None,
        "passed",
        [],
        [GOOD],
        [GOOD, 3],
        [GOOD, {}],
        [GOOD, GOOD, GOOD],
        [GOOD, GOOD | {"artifact": -1}],
        [GOOD, GOOD | {"artifact": True}],
        [GOOD, GOOD | {"artifact": 3.0}],
        [GOOD, GOOD | {"artifact": 4}],
        [GOOD, GOOD | {"artifact": 2}],
        [GOOD, GOOD | {"kind": "Verdict"}],
        [GOOD, GOOD | {"jax": "99.0"}],
        [GOOD, GOOD | {"structure": "PyTreeDef({'a': *})"}],
        [GOOD, CALLED | {"leaves": []}],
    ],
)
def test_a_worker_that_sends_something_else_broke_the_rules(cases):
    read = claims.answers(raw({"cases": cases}, b"abcdef"), [VALUE, VALUE])
    assert [one.status for one in read] == [Status.NOT_ALLOWED] * 2


def test_programs_are_cut_out_of_the_message():
    cases = [GOOD, FAILED, GOOD]
    first, failed, second = claims.answers(raw({"cases": cases}, b"abcdef"), [VALUE] * 3)
    assert (first.artifact, second.artifact) == (b"abc", b"def")
    assert failed.status is Status.ERROR


FACTS = {
    "operations": 3, "written_out": 3, "by_name": {"add": 1}, "always": {}, "work": 1, "loops": [],
    "widest": 32, "donated": [], "jitted": False, "sliced": 0, "reused_keys": 0, "size": 1,
    "again": 0, "platforms": ["cpu"], "digest": "",
}  # fmt: skip
LEAF = ["float64", [1]]
ONE = np.ones(1).tobytes()
RAN = {
    "kind": "RunClaim", "structure": "PyTreeDef(*)", "paths": [""], "leaves": [LEAF],
    "facts": FACTS, "ran": True,
}  # fmt: skip


@pytest.mark.parametrize(
    "cases",
    [None, [], [{}], [RAN, RAN], [RAN | {"facts": {}}], [RAN | {"facts": "1"}],
     [RAN | {"leaves": []}], [RAN | {"leaves": [LEAF, LEAF]}], [RAN | {"leaves": 1}],
     [RAN | {"leaves": [["float64", [2]]]}], [RAN | {"leaves": [["object", [1]]]}],
     [RAN | {"ran": 1}], [RAN | {"paths": []}], [RAN | {"paths": [3]}],
     [RAN | {"structure": None}],
     *([RAN | {"facts": FACTS | {name: value}}] for name in FACTS for value in (-1, None, [[]]))],
)  # fmt: skip
def test_a_runner_that_sends_something_else_broke_the_rules(cases):
    (read,) = claims.outcomes(raw({"cases": cases}, ONE), [VALUE])
    assert read.status is Status.NOT_ALLOWED


def test_what_the_grader_knows_of_a_case_is_not_the_runners_to_say():
    (read,) = claims.outcomes(raw({"cases": [RAN]}, ONE), [VALUE])
    assert (read.facts["size"], read.facts["again"]) == (8, 0)


def test_a_count_of_any_size_is_cut_to_one_that_can_be_compared():
    facts = FACTS | {"work": 10**400}
    (read,) = claims.outcomes(raw({"cases": [RAN | {"facts": facts}]}, ONE), [VALUE])
    assert read.facts["work"] == LARGEST


@pytest.mark.parametrize(
    "case",
    [{}, CALLED | {"facts": 3}, CALLED | {"leaves": []}, CALLED | {"leaves": [LEAF, LEAF]},
     CALLED | {"paths": []}, CALLED | {"structure": None}, GOOD | {"artifact": 8}],
)  # fmt: skip
def test_a_call_that_is_told_in_another_way_broke_the_rules(case):
    (read,) = claims.answers(raw({"cases": [case]}, ONE), [CALL])
    assert read.status is Status.NOT_ALLOWED
    (good,) = claims.answers(raw({"cases": [CALLED]}, ONE), [CALL])
    assert good.leaves[0].tolist() == [1.0]


def test_sizes_of_secret_cases_are_not_told(grader, solved):
    replaced(solved, "column_norms", "def column_norms(A):\n    return A.reshape(5, 4)[0, :4]")
    message = grader.grade(solved)["column_norms"].findings[0].message
    assert message.startswith("It raised TypeError. ")
    assert "The line: `return A.reshape(5, 4)[0, :4]`" in message


def test_feedback_holds_no_values(grader, solved):
    replaced(solved, "column_norms", "def column_norms(A):\n    return jnp.sum(A**2, axis=0)")
    verdict = grader.grade(solved)["column_norms"]
    assert verdict.reason == "values"
    assert verdict.misconception == "leaves out the square root"
    assert verdict.findings[0].evidence is None


def test_a_jail_that_fails_once_is_asked_again(grader, jail, solved, monkeypatch):
    run, failing = jail.run, [OSError("its zygote was killed by another notebook")]

    def fails_first(*request):
        if failing:
            raise failing.pop()
        return run(*request)

    monkeypatch.setattr(jail, "run", fails_first)
    assert all(verdict.passed for verdict in grader.grade(solved).values())
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


def test_what_an_answer_is_at_its_check_counts(grader):
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
    verdicts = grader.grade(notebook)
    assert all(verdict.passed for verdict in verdicts.values())
    notebook.cells = [cell for cell in notebook.cells if not cell.id.startswith("check")]
    verdicts = grader.grade(notebook)
    assert [one.passed for one in verdicts.values()] == [False, True]


# All views of a function are one program

OTHER_PROGRAM = """
from autograder.judge import program
from autograder.judge.views import Case

honest = program.lower


def lowered(function, arguments, case, platform):
    if case.view == VIEW:
        return honest(OTHER, arguments, AS, platform)
    return honest(function, arguments, case, platform)


program.lower = lowered
"""


def forged(exercise, view, answer, other, shown_as="case"):
    """The notebook of an answer whose worker exports another function in one view."""
    attack = OTHER_PROGRAM.replace("VIEW", repr(view)).replace("AS", shown_as)
    attack = f"{other}\nother = {exercise}\n{attack.replace('OTHER', 'other')}\n"
    cells = ["import functools, time, jax, jax.numpy as jnp", attack, answer]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in cells])
    made.cells[-1].metadata["nbgrader"] = {"grade_id": exercise, "grade": False, "solution": True}
    return made


def specification(reference, *requires):
    return Exercise(
        reference.__name__, reference, lambda rng, n: (rng.normal(size=n).astype("float32"),),
        (matches_reference(), *requires), (), "", "", (), sizes=(4, 9), public_sizes=(3,),
    )  # fmt: skip


@functools.partial(jax.jit, donate_argnums=0)
def cool(x):
    return 0.5 * x


def spread(x):
    return jnp.sum(x * jnp.conj(x)).real


PLAIN = "def cool(x):\n    return 0.5 * x"
DONATES = "@functools.partial(jax.jit, donate_argnums=0)\ndef cool(x):\n    return BODY"


@pytest.mark.parametrize(
    ("view", "answer", "other", "reason"),
    [
        ("as written", PLAIN, DONATES.replace("BODY", "x + 1"), "donation"),
        ("everywhere", PLAIN, "def cool(x):\n    return x / 2", "platform"),
    ],
)
def test_a_view_that_is_another_program_does_not_count(jail, view, answer, other, reason):
    want = donates_like_reference() if view == "as written" else lowers_everywhere()
    verdicts = Grader({"cool": specification(cool, want)}, 1, jail).grade(
        forged("cool", view, answer, other)
    )
    assert (verdicts["cool"].status, verdicts["cool"].reason) == (Status.WRONG, reason)
    assert verdicts["cool"].fraction == 0


def test_purity_is_marked_as_reported_and_worth_a_quarter(jail):
    """A worker can send one program twice, so nothing that it sends proves purity."""
    spec = specification(spread, is_pure())
    answer = "def spread(x):\n    return jnp.sum(x * x) + 1e-12 * (time.time_ns() % 1_000_003)"
    honest = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("import time, jax.numpy as jnp"),
            nbformat.v4.new_code_cell(answer),
        ]
    )
    impure = Grader({"spread": spec}, 1, jail).grade(honest)["spread"]
    assert (impure.reason, impure.fraction, impure.reported) == ("impure", 0.75, ("impure",))
    twice = forged("spread", "again", answer, "def spread(x):\n    return jnp.sum(x * x)")
    met = Grader({"spread": spec}, 1, jail).grade(twice)["spread"]
    assert met.reported == ("impure",)


def test_a_program_that_is_too_long_is_still_told_by_its_growth():
    """What a student reads is judged anew, without what was made where the secret inputs are."""
    long = Failure(Status.ERROR, "", "ProgramTooLongError", facts={"operations": 9**5, "size": 99})
    kept = feedback.without_secrets("f", {"value": [long]}, {}, set())
    assert kept["value"][0].facts == long.facts
