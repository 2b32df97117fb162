"""The same class on a cluster: a real scheduler and real workers, over TCP on this machine."""

import json
import logging
import shutil
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import Future

import course_folder
import pytest
from course_folder import ASSIGNMENT, CLASSROOM
from hostile_class import MASTER
from nbformat.v4 import new_code_cell, new_notebook

from autograder.authoring import master
from autograder.classroom.cluster import Cluster, run_here
from autograder.classroom.grader import Grader
from autograder.classroom.grading import stopping
from autograder.jail.process import Limits
from autograder.jail.walls import Level
from autograder.judge.devices import CPU
from autograder.problem import CannotGrade, Problem


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def cluster(tmp_path):
    """A scheduler's address, and its two workers."""
    address = f"tcp://127.0.0.1:{free_port()}"

    def start(program, *options):
        command = [sys.executable, "-m", f"distributed.cli.dask_{program}", *options]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen([*command, "--no-dashboard"], cwd=tmp_path, **quiet)

    host, port = address.removeprefix("tcp://").split(":")
    scheduler = start("scheduler", "--host", host, "--port", port)
    deadline = time.monotonic() + 240
    while socket.socket().connect_ex((host, int(port))) and time.monotonic() < deadline:
        time.sleep(0.1)
    worker = ("worker", address, "--host", host, "--nthreads", "1", "--no-nanny")
    workers = [start(*worker) for _ in range(2)]
    try:
        yield address, workers
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()


def verdicts(folder):
    return {one["student"]: json.dumps(one["verdicts"]) for one in course_folder.records(folder)}


@pytest.mark.slow
def test_a_class_on_a_cluster_that_loses_a_worker(cluster, tmp_path_factory):
    address, workers = cluster
    folder = course_folder.make(tmp_path_factory.mktemp("course"), seed=1, seconds=60.0)
    run = course_folder.nbgrader(folder, "generate_assignment", ASSIGNMENT)
    assert run.returncode == 0, run.stdout
    right = course_folder.right_answers(folder)
    students = [one.name for one in sorted(CLASSROOM.glob("r*"))]
    for student in students:
        course_folder.submit(folder, student, course_folder.submission(CLASSROOM / student, right))
    away = shutil.copytree(folder, tmp_path_factory.mktemp("away") / "course")
    run = course_folder.nbgrader(folder, "autograde", ASSIGNMENT)
    assert run.returncode == 0, run.stdout
    command = ["autograde", ASSIGNMENT, f"--GradingRun.cluster={address}"]
    with open(away / "said", "w") as said:
        grading = subprocess.Popen(
            ["nbgrader", *command],
            cwd=away,
            env={"PATH": course_folder.path()},
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + 240
        while grading.poll() is None and not (away / "verdicts.jsonl").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        workers[0].send_signal(signal.SIGKILL)
        assert grading.wait(300) == 0, (away / "said").read_text()
    assert workers[0].wait() == -signal.SIGKILL
    assert verdicts(away) == verdicts(folder)
    assert verdicts(away).keys() == set(students)
    assert "grader fault" not in "".join(verdicts(away).values())
    assert course_folder.scores(away) == course_folder.scores(folder)


@pytest.mark.slow
@pytest.mark.parametrize("lost", [1, 2])
def test_workers_that_are_killed_while_the_client_starts(cluster, monkeypatch, lost):
    """The run goes on with those that are left; where none is, one sentence says so."""
    address, workers = cluster
    from distributed import Client  # slow to import, and not for who collects the tests

    threads = Client.nthreads
    monkeypatch.setattr("autograder.classroom.cluster.ANSWER_SECONDS", 300)
    with Client(address, timeout=300, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=300)

    def kill_first(client):
        found = threads(client)
        for worker in workers[:lost]:
            worker.kill()
        return found

    monkeypatch.setattr(Client, "nthreads", kill_first)
    if lost == 2:
        with pytest.raises(Problem, match=f"{address} has no workers any more: run `dask worker"):
            Cluster(address, Limits(), CPU)
    else:
        assert Cluster(address, Limits(), CPU).at_once == 2


def fake(monkeypatch, answers, left=True):
    """A cluster whose workers gave these answers to the first question, and none after it."""

    class Executor:
        def submit(self, *_):
            return Future()

    class Fake:
        def __init__(self, *_, **__):
            self.asked = 0

        def wait_for_workers(self, *_, **__):
            pass

        def close(self):
            pass

        def nthreads(self):
            self.asked += 1
            if self.asked > 1 and left is None:
                raise OSError("the scheduler is gone")
            return dict.fromkeys(answers, 1) if self.asked == 1 or left else {}

        def run(self, *_, **__):
            return answers

        def get_executor(self, **_):
            return Executor()

    monkeypatch.setattr("autograder.classroom.cluster.ANSWER_SECONDS", 0.1)
    monkeypatch.setattr("distributed.Client", Fake)
    return Cluster("tcp://a", Limits(), CPU)


FULL, PARTIAL = (Level.FULL, []), (Level.PARTIAL, ["Not full: why"])


def test_the_level_is_that_of_the_weakest_worker_that_is_left(monkeypatch):
    from distributed.comm.core import CommClosedError

    made = fake(monkeypatch, {"a": FULL, "b": CommClosedError(), "c": PARTIAL})
    assert (made.level, made.at_once) == (Level.PARTIAL, 4)


def test_a_worker_that_cannot_grade_is_one_sentence(monkeypatch):
    with pytest.raises(Problem, match="A worker at tcp://a cannot grade: no walls"):
        fake(monkeypatch, {"a": FULL, "b": Problem("no walls")})


@pytest.mark.parametrize(
    ("left", "words"), [(False, "has no workers any more"), (None, "was lost")]
)
def test_where_nobody_is_left_the_run_ends_with_one_sentence(monkeypatch, left, words):
    made = fake(monkeypatch, {"a": FULL}, left)
    with pytest.raises(CannotGrade, match=f"{words}.* it goes on where this one stopped"):
        made.run("worker", b"", [])
    spec = {"square": master.load(MASTER).exercises["square"]}
    with pytest.raises(CannotGrade):
        Grader(spec, 1, made).grade(new_notebook(cells=[new_code_cell("square = abs")]))
    with pytest.raises(SystemExit), stopping(logging.getLogger("nbgrader")):
        made.run("worker", b"", [])


def test_no_scheduler_is_one_sentence(monkeypatch):
    monkeypatch.setattr("autograder.classroom.cluster.ANSWER_SECONDS", 1)
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(Problem, match=f"No scheduler of Dask answers at {address}"):
        Cluster(address, Limits(), CPU)


def test_a_worker_with_other_versions_is_a_problem():
    here = ((Limits(), CPU, Level.FULL, None, ()), Level.PROCESS)
    with pytest.raises(Problem, match=r"the grader 0\.1 .*: install the same on both\."):
        run_here(["0.1"], *here, "worker", b"", [], None)
