"""The same class on a cluster: a real scheduler and real workers, over TCP on this machine."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import time

import course_folder
import pytest
from course_folder import ASSIGNMENT, CLASSROOM

from autograder.classroom.cluster import Cluster, run_here
from autograder.jail.process import Limits
from autograder.jail.walls import Level
from autograder.judge.devices import CPU
from autograder.judge.frames import Frame
from autograder.problem import Problem


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


def test_no_scheduler_is_one_sentence(monkeypatch):
    monkeypatch.setattr("autograder.classroom.cluster.ANSWER_SECONDS", 1)
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(Problem, match=f"No scheduler of Dask answers at {address}"):
        Cluster(address, Limits(), CPU)


def test_a_worker_with_other_versions_is_a_problem():
    here = (Limits(), CPU, Level.FULL, Level.PROCESS)
    with pytest.raises(Problem, match=r"the grader 0\.1 .*: install the same on both\."):
        run_here(["0.1"], *here, "worker", Frame({}), [], None)
