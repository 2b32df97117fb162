"""Functions that are called as Python: in the student's process, on inputs that come late."""

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.classroom.grader import Grader
from autograder.classroom.roles import GradingJail
from autograder.jail.process import Limits
from autograder.judge.requirements import matches_when_called
from autograder.judge.specification import exercise, wrong
from autograder.judge.tree import Arguments, flatten
from autograder.judge.verdict import Status
from autograder.judge.views import VIEWS


def batches(xs, size):
    if size < 1:
        raise ValueError("a batch has one row at least")
    return [xs[start : start + int(size)] for start in range(0, len(xs), int(size))]


def summary(xs):
    return {"mean": float(np.mean(xs)), "count": len(xs), "name": "xs"}


SPEC = {
    "hints": ["", "", ""],
    "explanation": "",
    "another": "",
    "requires": [matches_when_called()],
    "wrong_answers": [
        wrong(lambda xs, size: [xs], "makes one batch", rejected_by="structure", advice="Cut it.")
    ],
}
BATCHES = exercise(batches, inputs=lambda rng, n: (rng.normal(size=(n, 2)), np.int32(3)), **SPEC)
REFUSES = exercise(batches, inputs=lambda rng, n: (rng.normal(size=(n, 2)), np.int32(0)), **SPEC)
SUMMARY = exercise(
    summary, inputs=lambda rng, n: (rng.normal(size=n),), **{**SPEC, "wrong_answers": []}
)


@pytest.fixture(scope="module")
def jail():
    with GradingJail(Limits(seconds=5)) as jail:
        yield jail


def graded(jail, spec, source, seed=3) -> object:
    notebook = new_notebook(cells=[new_code_cell(source)])
    return Grader({spec.name: spec}, seed, jail).grade(nbformat.from_dict(notebook))[spec.name]


RIGHT = """
def batches(xs, size):
    if size <= 0:
        raise ValueError("no")
    out = []
    while len(xs):
        out.append(xs[:size])
        xs = xs[size:]
    return out
"""


@pytest.mark.parametrize("spec", [BATCHES, REFUSES], ids=["cuts", "refuses"])
def test_a_right_answer_passes(jail, spec):
    assert graded(jail, spec, RIGHT).passed


@pytest.mark.parametrize(
    ("source", "status", "reason"),
    [
        ("def batches(xs, size): return [xs]", Status.WRONG, "structure"),
        ("def batches(xs, size): return [x for x in xs]", Status.WRONG, "structure"),
        (RIGHT.replace("xs[:size])", "-xs[:size])"), Status.WRONG, "values"),
        (RIGHT.replace("xs[:size])", "xs[:size, 0])"), Status.WRONG, "shape"),
        ("def batches(xs, size): return xs.nothing", Status.WRONG, "AttributeError"),
        ("def batches(xs, size): return [object()]", Status.WRONG, "TypeError"),
        pytest.param(
            "def batches(xs, size):\n    while True: pass",
            Status.TIMEOUT,
            "timeout",
            marks=pytest.mark.slow,
        ),
        ("import os\ndef batches(xs, size): os._exit(0)", Status.ERROR, "process ended"),
        ("x = 1", Status.MISSING, "missing"),
    ],
)
def test_a_wrong_answer_fails_for_its_reason(jail, source, status, reason):
    verdict = graded(jail, BATCHES, source)
    assert (verdict.status, verdict.reason) == (status, reason)


def test_what_one_function_left_does_not_end_another(jail):
    """A process that has died of what an earlier step left there is not the later step's fault."""
    leaves = "import os\nleft = []\ndef summary(xs): left.append(1); return {}\n"
    source = leaves + RIGHT.replace("    out = []", "    if left: os._exit(0)\n    out = []")
    notebook = nbformat.from_dict(new_notebook(cells=[new_code_cell(source)]))
    specs = {one.name: one for one in (SUMMARY, BATCHES)}
    verdicts = Grader(specs, 3, jail).grade(notebook)
    assert not verdicts["summary"].passed
    assert verdicts["batches"].passed


def test_a_misconception_is_named(jail):
    assert (
        graded(jail, BATCHES, "def batches(xs, size): return [xs]").misconception
        == "makes one batch"
    )


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def batches(xs, size): return []", "structure"),
        ("def batches(xs, size): raise TypeError('no')", "TypeError"),
    ],
)
def test_the_exception_that_was_asked_for_has_to_come(jail, source, reason):
    assert graded(jail, REFUSES, source).reason == reason


def test_plain_numbers_and_words_are_compared(jail):
    right = (
        "import numpy as np\ndef summary(xs): return dict(mean=xs.mean(), count=xs.size, name='xs')"
    )
    assert graded(jail, SUMMARY, right).passed
    assert graded(jail, SUMMARY, right.replace("'xs'", "'x'")).reason == "shape"
    assert graded(jail, SUMMARY, right.replace("'xs'", "'ys'")).reason == "values"


@pytest.mark.parametrize(
    ("moment", "reason"),
    [
        ("seen = found()\ndef batches(xs, size): return [1 / len(seen)]", "ZeroDivisionError"),
        ("def batches(xs, size): return [1 / len(found())]", "structure"),
    ],
    ids=["while_its_cells_run", "when_it_is_called"],
)
def test_inputs_come_only_when_the_cells_have_run(jail, moment, reason):
    """A search through everything the process holds finds them in the call, and not before."""
    search = (
        "import gc\nimport numpy as np\n"
        "def is_input(one): return isinstance(one, np.ndarray) and one.shape[1:] == (2,)\n"
        "def found():\n"
        "    return [o for o in gc.get_objects() if type(o) is tuple and any(map(is_input, o))]\n"
    )
    assert graded(jail, BATCHES, search + moment).reason == reason


def test_an_answer_cannot_change_its_arguments():
    given = Arguments(*flatten((np.zeros(3),)))
    assert VIEWS["called"].outcome(lambda xs: xs.fill(1), given).leaves == ()
    assert not given.leaves[0].any()
