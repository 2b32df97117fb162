"""The button that autogrades a whole assignment: what a run tells, and what the page shows."""

import os
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import psutil
import pytest
from nbgrader.converters.base import NbGraderException

from autograder import schema
from autograder.classroom.formgrader import autograde_all, progress
from autograder.classroom.formgrader.autograde_all import shown
from autograder.classroom.formgrader.progress import NotGraded, Progress, Watched
from autograder.classroom.intake import Taken
from autograder.classroom.restore import KEY
from autograder.judge.verdict import Failure, Status, Verdict

HERE = Progress("05_vmap", os.getpid(), psutil.Process().create_time())
ENDED = replace(HERE, has_ended=True)


@pytest.fixture
def converter(tmp_path):
    """As much of nbgrader's `Autograde` as a run is watched by."""
    course = SimpleNamespace(root=str(tmp_path), student_id="*", assignment_id="05_vmap")
    taken = {("dan", "vmap"): Taken("vmap (1).ipynb", "it is a PDF")}
    return SimpleNamespace(coursedir=course, intake=SimpleNamespace(refused=[], taken=taken))


def last(tmp_path, state):
    """What the page of 05_vmap says when this is the last run's progress."""
    (tmp_path / progress.FILE).write_text(schema.to_text(state))
    return shown(tmp_path, "05_vmap", None)


def resources(student, status, message):
    """What nbgrader's steps pass on about a notebook with one verdict."""
    names = {"student": student, "notebook": "vmap", "assignment": "05_vmap"}
    verdict = Verdict.of_failure("pairwise", Failure(status, message))
    return {"nbgrader": names, KEY: {"pairwise": verdict}}


def test_a_run_tells_how_far_it_has_come(tmp_path, converter):
    watched = Watched(converter)
    with watched.until_the_end():
        assert progress.read(tmp_path) == HERE
        assert progress.read(tmp_path).is_running
        watched.expect(2)
        watched.starts("ada")
        watched.ends()
        assert progress.read(tmp_path) == replace(HERE, total=2, done=1)
    assert progress.read(tmp_path) == replace(HERE, total=2, done=1, has_ended=True)


def test_a_run_names_the_student_and_the_file_that_a_person_has_to_look_at(tmp_path, converter):
    watched = Watched(converter)
    with watched.until_the_end():
        for student in ("ada", "bob", "cyd", "dan"):
            watched.starts(student)
            if student == "bob":
                continue  # nbgrader drops a submission after an exception
            status = Status.UNREADABLE if student == "dan" else Status.GRADER_FAULT
            watched.judged(resources(student, status, "It is a PDF. A person will look at it."))
            watched.ends()
        converter.intake.refused.append("'a\\nb' cannot be graded")
    fault = "The grader failed on pairwise: a person has to look at it."
    state = progress.read(tmp_path)
    assert state.done == 4
    assert state.failed == (
        NotGraded("ada", "vmap.ipynb", fault),
        NotGraded("bob", "", "It could not be graded. The log says why."),
        NotGraded("cyd", "vmap.ipynb", fault),
        NotGraded("dan", "vmap (1).ipynb", "It is a PDF. A person will look at it."),
        NotGraded("", "", "'a\\nb' cannot be graded"),
    )


def test_a_right_answer_is_not_listed(tmp_path, converter):
    watched = Watched(converter)
    with watched.until_the_end():
        watched.judged(resources("ada", Status.TIMEOUT, "It took too long."))
    assert progress.read(tmp_path).failed == ()


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (NbGraderException("There is no master."), "There is no master."),
        (SystemExit(1), "The run was stopped. The log says why."),
        (KeyboardInterrupt(), "The run was stopped. The log says why."),
    ],
)
def test_a_run_that_cannot_grade_says_why(tmp_path, converter, error, problem):
    with pytest.raises(type(error)), Watched(converter).until_the_end():
        raise error
    assert progress.read(tmp_path).problem == problem
    assert last(tmp_path, progress.read(tmp_path)).sentence == problem


def test_grading_one_student_leaves_the_progress_of_the_class(tmp_path, converter):
    converter.coursedir.student_id = "ada"
    with Watched(converter).until_the_end():
        pass
    assert progress.read(tmp_path) is None


def test_a_run_that_has_to_wait_does_not_hide_the_one_that_grades(tmp_path, converter):
    grades = psutil.Process(os.getppid())
    other = replace(HERE, process=grades.pid, begun=grades.create_time(), total=3, done=1)
    assert last(tmp_path, other).is_running
    with pytest.raises(NbGraderException), Watched(converter).until_the_end():
        raise NbGraderException("Another run is grading.")
    assert progress.read(tmp_path) == other


def test_grading_goes_on_where_no_progress_can_be_written(tmp_path, converter):
    (tmp_path / progress.FILE).mkdir()
    with Watched(converter).until_the_end():
        pass


@pytest.mark.parametrize(
    ("state", "is_running", "sentence"),
    [
        (HERE, True, "05_vmap: the grader starts …"),
        (replace(HERE, total=1), True, "05_vmap: 0 of 1 submission graded."),
        (
            replace(HERE, assignment="06", total=3, done=1),
            True,
            "06: 1 of 3 submissions graded.",
        ),
        (replace(ENDED, assignment="06", total=3, done=3), False, ""),
        (
            replace(ENDED, total=3, done=3),
            False,
            "The last run has ended: 3 of 3 submissions graded.",
        ),
        (replace(ENDED, total=0), False, "The last run found nothing new to grade."),
        (
            replace(HERE, begun=0.0, total=3, done=1),
            False,
            "The last run was interrupted: 1 of 3 submissions graded. Press the button again to "
            "go on.",
        ),
    ],
)
def test_the_page_says_what_the_last_run_does_or_did(tmp_path, state, is_running, sentence):
    found = last(tmp_path, state)
    assert (found.is_running, found.sentence) == (is_running, sentence)


def test_the_page_of_a_course_without_a_run_shows_nothing(tmp_path):
    assert shown(tmp_path, "05_vmap", None) == autograde_all.Shown()
    (tmp_path / progress.FILE).write_text("{")
    assert shown(tmp_path, "05_vmap", None) == autograde_all.Shown()


def started(tmp_path, monkeypatch, code):
    """A run whose process runs this code in place of nbgrader."""
    (tmp_path / "sitecustomize.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return autograde_all.Run(tmp_path, "05_vmap", again=False)


def test_a_run_is_shown_from_the_click_on_and_not_the_one_before(tmp_path, monkeypatch):
    last(tmp_path, replace(ENDED, begun=1.0, total=3, done=3))
    run = started(tmp_path, monkeypatch, "import time; time.sleep(60)")
    try:
        assert shown(tmp_path, "06", run).sentence == "05_vmap: the grader starts …"
        assert shown(tmp_path, "06", run).is_running
    finally:
        run.process.kill()
        run.process.wait()


def test_a_run_that_ends_before_it_tells_anything_shows_its_last_line(tmp_path, monkeypatch):
    code = "import os; print('\\x1b[31mThere is no\\nconfiguration.', flush=True); os._exit(3)"
    run = started(tmp_path, monkeypatch, code)
    assert run.process.wait() == 3
    found = shown(tmp_path, "05_vmap", run)
    assert found.sentence == "Nothing was graded. configuration."
    assert found.log == "\N{REPLACEMENT CHARACTER}[31mThere is no\nconfiguration.\n"
    assert shown(tmp_path, "06", run) == autograde_all.Shown()


def test_a_process_that_waits_for_its_parent_is_not_running(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", ""], cwd=tmp_path)
    begun = psutil.Process(child.pid).create_time()
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        pass
    assert not replace(HERE, process=child.pid, begun=begun).is_running
    child.wait()
