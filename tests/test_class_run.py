"""A class at once: several together, equal answers once, nothing lost when it is interrupted."""

import dataclasses
import logging
import signal
import subprocess
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import course_folder
import nbformat
import pytest
from course_folder import ASSIGNMENT
from masters import loaded
from nbformat.v4 import new_code_cell, new_notebook

from autograder.classroom.cache import Cache, key
from autograder.classroom.class_run import Ahead, Graded, Tally
from autograder.classroom.gradebook import Totals
from autograder.classroom.grader import Grader
from autograder.classroom.roles import GradingJail
from autograder.jail.process import Limits
from autograder.judge.verdict import Finding, Status, Verdict
from autograder.problem import Problem

(VMAP,) = [one for one in loaded() if one.assignment == "05_vmap"]
TWO = {name: VMAP.exercises[name] for name in ("predict_batch", "column_norms")}
GIVEN = "import jax\nimport jax.numpy as jnp\ndef predict(W, b, x):\n    return W @ x + b\n"
PREDICT = "def predict_batch(W, b, xs):\n    return jax.vmap(predict, (None, None, 0))(W, b, xs)\n"
NORMS = "def column_norms(A):\n    return jnp.sqrt(jnp.sum(A * A, axis=0))\n"
RENAMED = """
@jax.jit
def quadrat(matrix):
    return matrix * matrix

# The same, by somebody else.
def column_norms(matrix):
    gross = quadrat(matrix)
    return jnp.sqrt(jnp.sum(gross, axis=0))
"""


class Counted(GradingJail):
    """Writes down what it is asked to run."""

    def __init__(self):
        super().__init__(Limits(seconds=20))
        self.ran = []

    def run(self, role, request, steps, late=None):
        self.ran.append((role, [step for step in steps if step in TWO]))
        return super().run(role, request, steps, late)


@pytest.fixture(scope="module")
def one_jail():
    with Counted() as jail:
        yield jail


@pytest.fixture
def jail(one_jail):
    one_jail.ran.clear()
    return one_jail


@pytest.fixture(scope="module")
def first_grader(one_jail):
    return Grader(TWO, 1, one_jail)


@pytest.fixture
def grader(first_grader, jail):
    """A grader that has judged nothing. A copy shares with its original what references do."""
    return dataclasses.replace(first_grader, cache=Cache())


def answers(*cells):
    return new_notebook(cells=[new_code_cell(GIVEN), *map(new_code_cell, cells)])


def test_several_runners_share_the_programs_of_a_notebook(jail):
    verdicts = Grader(TWO, 1, jail, runners=3).grade(answers(PREDICT, NORMS))
    assert {name: verdict.status for name, verdict in verdicts.items()} == dict.fromkeys(
        TWO, "passed"
    )
    shares = [steps for role, steps in jail.ran if role == "runner"]
    assert sorted(shares) == [["column_norms"], ["predict_batch"]]


def test_programs_are_known_by_what_they_do(grader, jail):
    first = grader.grade(answers(PREDICT, NORMS))
    jitted = grader.grade(answers(PREDICT, RENAMED))
    again = grader.grade(answers("", "", RENAMED.replace("quadrat", "square"), PREDICT))
    assert {one.status for many in (first, jitted, again) for one in many.values()} == {"passed"}
    assert first["predict_batch"].program == jitted["predict_batch"].program
    assert jitted["column_norms"].program != first["column_norms"].program
    assert jitted["column_norms"].program == again["column_norms"].program
    # An inner function of one's own is another program, and the last notebook has none of its own.
    assert [steps for role, steps in jail.ran if role == "runner"] == [
        ["predict_batch", "column_norms"],
        ["column_norms"],
    ]


def test_what_is_known_is_not_run_again(grader, jail, tmp_path):
    def graded(**others):
        # As the next run does: from the file alone.
        return dataclasses.replace(grader, cache=Cache(tmp_path), **others).grade(notebook)

    notebook = answers(PREDICT, "def column_norms(A):\n    return jnp.sum(A**2, axis=0)\n")
    first = graded()
    assert [one.status for one in first.values()] == ["passed", "wrong"]
    jail.ran.clear()
    assert graded() == first
    assert jail.ran == []
    alone = ["column_norms"]
    changed = dataclasses.replace(TWO["column_norms"], source="# edited\n")
    assert Grader(TWO | {"column_norms": changed}, 1, jail, cache=Cache(tmp_path)).grade(notebook)
    assert jail.ran == [("worker", alone), ("runner", alone)]
    jail.ran.clear()
    Grader(TWO, 2, jail, cache=Cache(tmp_path)).grade(notebook)
    assert [role for role, _ in jail.ran] == ["worker", "runner"]


VARIANTS = {
    "a decorator": "@(lambda f: setattr(jnp, 'sum', jnp.max) or f)\ndef other(x):\n    return x",
    "a default argument": "def other(x=setattr(jnp, 'sum', jnp.max)):\n    return x",
    "a name that is put together": "globals().get('j' + 'np').sum = jnp.max",
    "exec": "exec('jnp.s' + 'um = jnp.max')",
    "another answer": PREDICT.replace("\n", "\n    jnp.sum = jnp.max\n", 1),
}


@pytest.mark.parametrize("what", VARIANTS)
def test_no_verdict_is_inherited_past_other_code_that_changes_an_answer(grader, what):
    for number in range(2):
        passed = grader.grade(answers(f"# {number}\n{PREDICT}", NORMS))
        assert all(one.passed for one in passed.values())
    cells = (VARIANTS[what],) if "answer" in what else (PREDICT, VARIANTS[what])
    assert not grader.grade(answers(*cells, NORMS))["column_norms"].passed


def test_the_bar_shows_what_nbgrader_has_taken_up():
    """What is graded ahead is not done yet: of a large class, most of the time would follow."""
    tally = Tally(3, 1, logging.getLogger("tally"))
    graded = Graded("", {"a": Verdict("a", Status.PASSED)}, 1.0)
    ready: Future[Graded] = Future()
    ready.set_result(graded)
    for _ in range(2):
        tally.ready(ready)
    tally.took("s1", graded.seconds)
    (bar,) = tally._progress.tasks
    assert (bar.completed, bar.total, bar.fields["verdicts"]) == (1, 3, "passed 2")


def test_the_summary_is_of_those_who_are_in_the_gradebook(caplog):
    """Whatever became of the others, and also where a student has two notebooks."""
    tally = Tally(4, 2, logging.getLogger("tally"))
    for student, statuses in {"a": "passed", "b": "unreadable", "c": "grader fault"}.items():
        tally.took(student, 1.0)
        tally.collected(student, {"f": Verdict("f", Status(statuses))}, student != "a")
    tally.took("d", 9.0)
    with caplog.at_level(logging.INFO):
        tally.sum_up(Totals("ps1", (4.0, 0.0, 0.5), 4.0, 2))
    for words in (
        "Graded 3 submissions",
        "f  1 of 3 passed",
        "slowest: d (9.0 s)",
        "submissions that wait for a person: 2 (b, c)",
        "files that cannot be read, see above: b",
        "faults of the grader, see above: c (f)",
        "notebooks that were not graded, see above: 1",
        "The gradebook has 3 submissions of ps1, on average 1.5 of 4 points; 2 of them wait for a ",
    ):
        assert words in caplog.text


def test_the_source_of_an_exercise_is_what_it_depends_on():
    for name, spec in VMAP.exercises.items():
        has = [
            other.name
            for other in VMAP.exercises.values()
            if other.wrong_answers[0].title in spec.source
        ]
        assert has == [name]


VERDICT = Verdict("a", Status.WRONG, (Finding("values", "é", "b"),), "forgets", 0.5, "program")


def test_a_cache_keeps_verdicts_and_seeds(tmp_path):
    cache = Cache(tmp_path / ".verdicts")
    assert cache.verdict("x") is None
    cache.put_verdict("x", VERDICT)
    seed = cache.seed("05_vmap")
    other = Cache(tmp_path / ".verdicts")
    assert other.verdict("x") == VERDICT
    assert other.seed("05_vmap") == seed != other.seed("06_pytrees")
    assert key("a", 1) != key("a", 2)


def test_a_cache_is_bounded(tmp_path):
    cache = Cache(tmp_path, most=500)
    for number in range(2000):
        cache.put(str(number), str(number))
    held = [number for number in range(2000) if cache.get(str(number)) is not None]
    assert held == list(range(1500, 2000))


def test_a_cache_may_be_used_by_many_at_once(tmp_path):
    def write(which):
        cache = Cache(tmp_path)
        for number in range(100):
            cache.put(f"{which} {number}", str(number))
        return cache.seed("a")

    with ThreadPoolExecutor(4) as pool:
        seeds = set(pool.map(write, range(4)))
    assert len(seeds) == 1
    assert all(
        Cache(tmp_path).get(f"{which} {number}") == str(number)
        for which in range(4)
        for number in (0, 99)
    )


def test_a_broken_cache_is_one_sentence(tmp_path):
    (tmp_path / "verdicts.db").write_text("not a database, and rather longer than its header is")
    with pytest.raises(Problem, match=r"cannot be used .*: delete .*, which costs time only\."):
        Cache(tmp_path)


def test_several_are_graded_at_once_and_taken_in_any_order():
    together = threading.Barrier(2, timeout=30)
    done = []

    def grade(which, path):
        together.wait()
        if which == "b":
            raise OSError("no file")
        return Graded(str(path), {}, 0.0)

    ahead = Ahead({one: Path(one) for one in "abcd"}, grade, 2, done.append)
    assert ahead.take("d").code == "d"
    assert ahead.take("b") is None
    assert ahead.take("nobody") is None
    assert ahead.take("a").code == "a"
    assert ahead["c"].result(timeout=30).code == "c"
    assert list(ahead) == ["c"]
    # Those that are told are told after those that wait.
    deadline = time.monotonic() + 30
    while len(done) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(done) == 4


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    folder = course_folder.make(tmp_path_factory.mktemp("course"), seconds=30.0, workers=2)
    run = course_folder.nbgrader(folder, "generate_assignment", ASSIGNMENT)
    assert run.returncode == 0, run.stdout
    return folder


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on_where_it_was(release):
    right = course_folder.right_answers(release)
    endless = nbformat.from_dict(right)
    for student in ("a", "b", "y"):
        course_folder.submit(release, student, nbformat.writes(right).encode())
    course_folder.cell_of(endless, "column_norms").source = "while True: pass"
    course_folder.submit(release, "x", nbformat.writes(endless).encode())
    path = {"PATH": course_folder.path()}
    command = ["nbgrader", "autograde", ASSIGNMENT]
    killed = subprocess.Popen(command, cwd=release, env=path, stderr=subprocess.DEVNULL)
    graded = release / "autograded" / "b" / ASSIGNMENT / f"{course_folder.NOTEBOOK}.ipynb"
    deadline = time.monotonic() + 200
    while not graded.exists() or '"autograder": "graded"' not in graded.read_text("utf-8"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    before = course_folder.records(release)
    assert [one["student"] for one in before] == ["a", "b"]
    run = course_folder.nbgrader(release, *command[1:], "--GradingRun.seconds=3")
    assert run.returncode == 0, run.stdout
    records = course_folder.records(release)
    assert [one["student"] for one in records] == ["a", "b", "x", "y"]
    assert len({one["seed"] for one in records}) == 1
    assert records[3]["verdicts"] == records[0]["verdicts"]
    assert "timeout" not in str(records[3])
    assert "Graded 2 submissions" in run.stdout
    assert f"{'column_norms':16}" in run.stdout
