"""Limits on time: of the student's own processor, whatever else the machine does."""

import contextlib
import threading

import load
import pytest
from masters import loaded
from nbformat.v4 import new_code_cell, new_notebook

from autograder.classroom import endings
from autograder.classroom.grader import Grader
from autograder.classroom.roles import GradingJail
from autograder.jail import process
from autograder.jail.frames import Begin, Ours
from autograder.jail.process import Limits, Meter
from autograder.jail.turns import Turns
from autograder.jail.walls import Level
from autograder.judge.requirements import matches_reference
from autograder.judge.specification import exercise
from autograder.judge.verdict import Status


def double(xs):
    return xs * 2


DOUBLE = exercise(
    double,
    inputs=lambda rng, n: (rng.normal(size=n),),
    requires=[matches_reference()],
    hints=["", "", ""],
    explanation="",
    another="",
    wrong_answers=[],
    sizes=(4,),
)
RIGHT = "def double(xs): return xs + xs\n"


class Times:
    """A clock and the processor time of a process, moved by hand."""

    def __init__(self, monkeypatch, **limits):
        self.clock = self.used = 0.0
        monkeypatch.setattr(process.time, "monotonic", lambda: self.clock)
        self.meter = Meter(Limits(**limits), lambda: self.used)

    def pass_(self, clock, used, steps=100):
        """Let time pass, a little at a time; why the process was stopped."""
        for _ in range(steps):
            self.clock += clock / steps
            if used is None:
                self.used = None
            else:
                self.used += used / steps
            if stopped := self.meter.stopped():
                return endings.failure(stopped).message
        return ""


@pytest.fixture
def times(monkeypatch):
    return Times(monkeypatch, seconds=10, clock_factor=6)


def test_a_busy_machine_ends_nobody(times):
    assert times.pass_(clock=50, used=9) == ""


def test_processor_time_ends_a_step_and_says_so(times):
    assert "still running after 10 seconds of processor time" in times.pass_(clock=12, used=12)


def test_many_threads_use_their_time_up_sooner(times):
    assert "still running" in times.pass_(clock=4, used=16)


def test_the_clock_ends_what_waits_and_says_that_it_waited(times):
    message = times.pass_(clock=61, used=0.1, steps=1000)
    assert message == "It had not ended after 60 seconds, and was waiting for most of them."


def test_what_computes_too_slowly_by_the_clock_is_not_said_to_wait(times):
    assert times.pass_(clock=61, used=8, steps=1000) == "It had not ended after 60 seconds."


def test_each_step_has_its_own_time(times):
    for step in range(5):
        times.meter.note(Begin(str(step)))
        assert times.pass_(clock=9, used=9) == ""
    assert times.meter.used == pytest.approx(45, abs=1)


def test_our_own_work_counts_for_nobody(times):
    times.meter.note(Begin("f"))
    times.meter.note(Ours(True))
    assert times.pass_(clock=40, used=40) == ""
    times.meter.note(Ours(False))
    assert times.pass_(clock=9, used=9) == ""
    assert times.meter.used == pytest.approx(9, abs=1)


def test_who_says_ours_for_ever_meets_the_clock(times):
    times.meter.note(Begin("f"))
    times.meter.note(Ours(True))
    assert "more than 60 seconds" in times.pass_(clock=61, used=61)
    times.meter.note(Begin("g"))
    assert "still running" in times.pass_(clock=11, used=11)


def test_where_nobody_knows_the_processor_time_the_clock_is_taken(times):
    assert "still running" in times.pass_(clock=12, used=None)


def test_one_alone_waits_for_the_others_and_those_behind_wait_for_it():
    turns, order, inside = Turns(), [], threading.Semaphore(0)
    go = {name: threading.Event() for name in ("first", "second")}

    def enter(name, alone):
        with turns.turn(alone):
            order.append(name)
            inside.release()
            if name in go:
                go[name].wait(60)

    def start(name, alone=False):
        thread = threading.Thread(target=enter, args=(name, alone), daemon=True)
        thread.start()
        return thread

    many = [start("first"), start("second")]
    for _ in many:
        assert inside.acquire(timeout=60)
    for count, (name, alone) in enumerate([("alone", True), ("third", False)], 1):
        many.append(start(name, alone))
        while len(turns.waiting) < count:
            pass
    go["first"].set()
    many[0].join(60)
    assert set(order) == {"first", "second"}
    go["second"].set()
    for one in many:
        one.join(60)
    assert order[2:] == ["alone", "third"]


class Watched(Turns):
    """Sees how many others run beside each process."""

    def __init__(self):
        super().__init__()
        self.beside = []
        self.running = 0

    @contextlib.contextmanager
    def turn(self, alone):
        with super().turn(alone):
            self.beside.append(self.running)
            self.running += 1
            try:
                yield
            finally:
                self.running -= 1


@contextlib.contextmanager
def watched(**limits):
    turns = Watched()
    with GradingJail(Limits(**limits), strongest=Level.PROCESS, turns=turns) as jail:
        yield jail, turns.beside


def graded(jail, source):
    notebook = new_notebook(cells=[new_code_cell(source)])
    return Grader({"double": DOUBLE}, 1, jail).grade(notebook)["double"]


ONCE = """
import os, pathlib, signal
def first_time():
    mark = pathlib.Path({mark!r})
    is_first = not mark.exists()
    mark.write_text("")
    return is_first
"""


def passes_at_the_second_try(tmp_path, limit, **limits):
    source = ONCE.format(mark=str(tmp_path / "mark"))
    source += f"def double(xs):\n    if first_time():\n        {limit}\n    return xs + xs\n"
    with watched(**limits) as (jail, beside):
        return graded(jail, source).passed and beside == [0, 0, 0]


@pytest.mark.parametrize(
    "limit",
    [
        pytest.param("while True: pass", marks=pytest.mark.slow),
        "os.kill(os.getpid(), signal.SIGKILL)",
    ],
)
def test_a_limit_that_was_reached_once_is_no_verdict(tmp_path, limit):
    assert passes_at_the_second_try(tmp_path, limit, seconds=2, clock_factor=100)


@pytest.mark.slow
def test_what_waited_once_is_tried_again(tmp_path):
    limit = "import time; time.sleep(1000)"
    assert passes_at_the_second_try(tmp_path, limit, seconds=10, clock_factor=2)


def timeout(source, **limits):
    with watched(**limits) as (jail, beside):
        verdict = graded(jail, source)
        assert len(beside) == 2
    assert verdict.status is Status.TIMEOUT
    return verdict.findings[0].message


def test_what_never_ends_is_tried_twice_and_accused_of_it():
    message = timeout("def double(xs):\n    while True: pass", seconds=1, clock_factor=100)
    assert "still running after 1 seconds of processor time" in message


@pytest.mark.slow
@pytest.mark.parametrize(
    "source",
    [
        "import time\ndef double(xs): time.sleep(1000)",
        "import threading\nlock = threading.Lock()\nlock.acquire()\ndef double(xs): lock.acquire()",
    ],
)
def test_what_waits_for_ever_is_tried_twice_and_not_accused_of_a_loop(source):
    assert "waiting for most of them" in timeout(source, seconds=10, clock_factor=0.6)


@pytest.mark.slow
def test_a_class_of_endless_loops_gets_every_verdict_and_each_second_try_is_alone():
    sources = [RIGHT, "def double(xs):\n    while True: pass"] * 4
    verdicts = {}
    with watched(seconds=1) as (jail, beside):
        jail.level  # noqa: B018  (found before the threads ask for it)

        def grade(number):
            verdicts[number] = graded(jail, sources[number])

        threads = [threading.Thread(target=grade, args=[number]) for number in range(8)]
        for one in threads:
            one.start()
        for one in threads:
            one.join(300)
        assert [verdicts[number].status for number in range(8)] == [
            Status.PASSED,
            Status.TIMEOUT,
        ] * 4
        assert beside.count(0) >= 4


DOUBLE_LOOP = """import jax
import jax.numpy as jnp
def distance(x, y): return jnp.sqrt(jnp.sum((x - y) ** 2))
def pairwise(xs, ys): return jnp.stack([jnp.stack([distance(x, y) for y in ys]) for x in xs])
"""


@pytest.mark.slow
@pytest.mark.parametrize("processes", [0, 4])
def test_a_double_loop_is_a_batch_loop_however_busy_the_machine_is(processes):
    (vmap,) = [one for one in loaded() if one.assignment == "05_vmap"]
    notebook = new_notebook(cells=[new_code_cell(DOUBLE_LOOP)])
    with load.busy(processes), GradingJail(Limits()) as jail:
        verdict = Grader({"pairwise": vmap.exercises["pairwise"]}, 1, jail).grade(notebook)
    one = verdict["pairwise"]
    assert (one.status, one.reason, one.fraction) == (Status.PARTLY, "batch loop", 0.5)
