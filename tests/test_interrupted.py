"""A grading run that ends too early: what was graded stays, the rest is graded by the next."""

from __future__ import annotations

import ctypes
import json
import random
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import course_folder
import hostile_class
import psutil
import pytest
from course_folder import ASSIGNMENT, NOTEBOOK
from hostile_class import POINTS
from nbformat.v4 import new_code_cell

from autograder.authoring import master
from autograder.classroom.grading import LOCK

KILLS = 30
MANY, FEW = 400, 3
LARGEST = 2**20
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with an assignment that is quick to grade."""
    notebook = master.load(hostile_class.MASTER).notebook
    return hostile_class.course_of(tmp_path_factory.mktemp("released"), notebook, seconds=20.0)


def handed_in(released: Path, folder: Path, count: int) -> Path:
    """A course in which so many students have handed in right answers."""
    course = shutil.copytree(released, folder / "course")
    right = course_folder.right_answers(course)
    for number in range(count):
        # Each in words of its own, for what is known already is graded in no time.
        own = [*right.cells, new_code_cell(f"print({number})", id="own")]
        content = json.dumps({**right, "cells": own}).encode()
        course_folder.submit(course, f"student{number:03}", content)
    return course


def finished(course: Path) -> dict[str, bytes]:
    """The notebooks of those whom nobody needs to grade again."""
    found = {}
    for path in course.glob(f"autograded/*/{ASSIGNMENT}/{NOTEBOOK}.ipynb"):
        content = path.read_bytes()
        if b'"autograder": "graded"' in content and content.rstrip().endswith(b"}"):
            found[path.parts[-3]] = content
    return found


def points(course: Path) -> dict[str, dict[str, float | None]]:
    """What the gradebook has."""
    return {
        student: {name.removeprefix("check-"): score.auto for name, score in cells.items()}
        for student, cells in course_folder.scores(course).items()
    }


def lines(course: Path) -> list[str]:
    """Whom `verdicts.jsonl` names, a line each."""
    log = course / "verdicts.jsonl"
    return [one["student"] for one in course_folder.records(course)] if log.exists() else []


def kill_a_run(course: Path, generator: random.Random) -> None:
    """Start grading, and kill it in its first steps or while it grades."""
    before = set(course.glob("autograded/*"))
    grading = subprocess.Popen(
        [sys.executable, "-m", "nbgrader", "autograde", ASSIGNMENT],
        cwd=course,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if generator.random() < 0.2:
        time.sleep(generator.uniform(0, 4))
    else:
        while grading.poll() is None and set(course.glob("autograded/*")) == before:
            time.sleep(0.01)
        time.sleep(generator.uniform(0, 0.7))
    assert grading.poll() is None, "it came to its end"
    grading.kill()
    grading.wait()


def test_a_run_that_is_killed_loses_nothing(released: Path, tmp_path: Path) -> None:
    """By SIGKILL, at random moments, over and over; no process outlives it either."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # orphans become this process's own
    others = {one.pid for one in psutil.Process().children(recursive=True)}
    course = handed_in(released, tmp_path, MANY)
    generator = random.Random(11)
    kept: dict[str, bytes] = {}
    for _ in range(KILLS):
        kill_a_run(course, generator)
        now = finished(course)
        assert {student: now.get(student) for student in kept} == kept
        graded = points(course)
        assert [student for student in now if graded[student] != POINTS] == []
        assert now.keys() <= set(lines(course))
        kept = now
        _gone(others)
    assert 0 < len(kept) < MANY
    run = course_folder.nbgrader(course, "autograde", ASSIGNMENT)
    assert run.returncode == 0, run.stdout[-2000:]
    now = finished(course)
    assert {student: now[student] for student in kept} == kept
    assert set(now) == {f"student{number:03}" for number in range(MANY)}
    assert list(points(course).values()) == [POINTS] * MANY
    # Whoever was being graded when it was killed may have a line of then, and one of later.
    assert len(lines(course)) - MANY <= KILLS
    print(f"{KILLS} times killed, {len(kept)} of {MANY} graded by then, {len(lines(course))} lines")


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _gone(others: set[int]) -> None:
    deadline = time.monotonic() + 60
    while any(
        _lives(one) for one in psutil.Process().children(recursive=True) if one.pid not in others
    ):
        assert time.monotonic() < deadline, "what the run had started lives on"
        time.sleep(0.05)


def test_no_room_for_a_verdict(released: Path, tmp_path: Path) -> None:
    """One sentence, the log as it was, and the next run goes on."""
    course = handed_in(released, tmp_path, FEW)
    log = course / "verdicts.jsonl"
    line = json.dumps({"student": "of_another_year", "assignment": "old", "verdicts": {}}) + "\n"
    log.write_text(line * ((LARGEST - 200) // len(line)), encoding="utf-8")
    full = log.read_bytes()
    grading = subprocess.run(
        [sys.executable, "-m", "nbgrader", "autograde", ASSIGNMENT],
        cwd=course,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST, LARGEST)),
    )
    assert grading.returncode != 0
    assert (
        "Nothing more can be written: [Errno 28] No space left on device. Make room"
        in grading.stdout
    )
    assert "Traceback" not in grading.stdout
    assert log.read_bytes() == full
    log.write_bytes(full[: -len(line)])
    _all_is_graded(course)


def test_a_gradebook_that_is_held(released: Path, tmp_path: Path) -> None:
    """By another program: one sentence, and the next run grades everybody."""
    course = handed_in(released, tmp_path, FEW)
    with sqlite3.connect(course / "gradebook.db") as held:
        held.execute("begin exclusive")
        run = course_folder.nbgrader(course, "autograde", ASSIGNMENT)
        held.rollback()
    assert run.returncode != 0
    assert "Nothing more can be written: database is locked. Make room, close" in run.stdout
    assert "Traceback" not in run.stdout
    assert lines(course) == []
    _all_is_graded(course)


def _all_is_graded(course: Path) -> None:
    run = course_folder.nbgrader(course, "autograde", ASSIGNMENT)
    assert run.returncode == 0, run.stdout[-2000:]
    assert list(points(course).values()) == [POINTS] * FEW
    assert sorted(set(lines(course)) - {"of_another_year"}) == sorted(finished(course))
    assert len(finished(course)) == FEW


def autograde(course: Path, *options: str) -> str:
    """What a run says that does not come to its end, in one sentence and without a traceback."""
    run = course_folder.nbgrader(course, "autograde", ASSIGNMENT, *options)
    assert run.returncode != 0, run.stdout
    assert "Traceback" not in run.stdout, run.stdout
    return run.stdout


def test_a_second_run_says_that_one_is_going_on(released: Path, tmp_path: Path) -> None:
    """And a run that was killed blocks nobody, though its file is still there."""
    course = handed_in(released, tmp_path, FEW)
    hold = (
        "import sys, time; from filelock import FileLock; "
        "lock = FileLock(sys.argv[1]); lock.acquire(); print(1, flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", hold, str(course / LOCK)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        first.stdout.readline()
        try:
            said = autograde(course, "--force")
        finally:
            first.kill()
    assert f"Another run is grading in {course}: wait until it has ended" in said
    assert lines(course) == []
    assert (course / LOCK).exists()
    _all_is_graded(course)


def test_the_lock_is_free_when_a_run_of_the_formgrader_has_ended(
    released: Path, tmp_path: Path
) -> None:
    """Its process lives on, and so may another one's run."""
    course = handed_in(released, tmp_path, FEW)
    twice = (
        "from nbgrader.apps import NbGraderAPI; "
        "from autograder.authoring import configuration; from pathlib import Path; "
        "import subprocess, sys; config = configuration.read(Path('.')); "
        f"print(NbGraderAPI(config=config).autograde('{ASSIGNMENT}', 'student000')['success']); "
        f"run = subprocess.run(['nbgrader', 'autograde', '{ASSIGNMENT}']); sys.exit(run.returncode)"
    )
    run = course_folder.run(course, sys.executable, "-c", twice, seconds=900)
    assert run.returncode == 0, run.stdout
    assert "True" in run.stdout
    assert list(points(course).values()) == [POINTS] * FEW


def test_the_cache_deleted_costs_time_only(released: Path, tmp_path: Path) -> None:
    """The same inputs are drawn again, from the seed in the log."""
    course = handed_in(released, tmp_path, FEW)
    _all_is_graded(course)
    shutil.rmtree(course / ".verdicts")
    run = course_folder.nbgrader(course, "autograde", ASSIGNMENT, "--force")
    assert run.returncode == 0, run.stdout[-2000:]
    records = course_folder.records(course)
    assert len(records) == 2 * FEW
    assert len({one["seed"] for one in records}) == 1


def test_a_gradebook_that_is_gone_or_damaged(released: Path, tmp_path: Path) -> None:
    """One sentence that says what to do, after which everything is graded."""
    course = handed_in(released, tmp_path, FEW)
    whole = (course / "gradebook.db").read_bytes()
    (course / "gradebook.db").write_bytes(b"not a database, though rather long" * 100)
    assert (
        "cannot be used (file is not a database): close the program that has it open"
        in autograde(course)
    )
    (course / "gradebook.db").unlink()
    said = autograde(course)
    assert (
        f"has no assignment {ASSIGNMENT}: run `nbgrader generate_assignment {ASSIGNMENT}`" in said
    )
    assert lines(course) == []
    (course / "gradebook.db").write_bytes(whole)
    _all_is_graded(course)


def test_nbgrader_called_by_its_path(released: Path, tmp_path: Path) -> None:
    """Without the environment activated, and before there is a gradebook, it simply works."""
    course = handed_in(released, tmp_path, FEW)
    (course / "gradebook.db").unlink()
    nbgrader = str(Path(sys.executable).parent / "nbgrader")
    for command in ("generate_assignment", "autograde"):
        words = (nbgrader, command, ASSIGNMENT)
        run = course_folder.run(course, *words, seconds=900, PATH="/usr/bin:/bin")
        assert run.returncode == 0, run.stdout
    assert list(points(course).values()) == [POINTS] * FEW
