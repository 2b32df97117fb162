"""The file of attempts: there only where the course asks for it, told, readable, and harmless."""

import json
import shutil

import course_folder
import pytest
from course_folder import ASSIGNMENT, NOTEBOOK
from masters import ROOT

from autograder.authoring import course
from autograder.problem import Problem
from autograder.student import attempts, location, progress
from autograder.student.attempts import Attempts, Check
from autograder.student.learner import check

EXERCISE = "fast_track_vmap"
RIGHT, WRONG = (7, 5), (5, 7)


@pytest.fixture
def file(tmp_path, monkeypatch):
    """The file beside a notebook, which is not there yet."""
    shutil.copy(ROOT / "exercises" / ASSIGNMENT / f"{NOTEBOOK}.check", tmp_path)
    monkeypatch.setenv(location.VARIABLE, str(tmp_path))
    monkeypatch.setenv(progress.VARIABLE, str(tmp_path / "progress.json"))
    return tmp_path / attempts.name(ASSIGNMENT)


def checked(answer, monkeypatch):
    monkeypatch.setitem(globals(), EXERCISE, answer)
    check(EXERCISE)


def test_without_the_file_nothing_is_noted(file, monkeypatch):
    checked(WRONG, monkeypatch)
    assert not file.exists()


def test_checks_are_noted_until_the_first_that_passes_and_the_student_is_told_once(
    file, monkeypatch, capsys
):
    file.touch()
    told = []
    for answer in (..., WRONG, RIGHT, WRONG):
        checked(answer, monkeypatch)
        told.append("No grade depends on it" in capsys.readouterr().out)
    assert told == [False, True, False, False]
    noted = json.loads(file.read_text())
    assert "Your course asks you to hand it in" in noted["about"]
    assert list(noted["checks"]) == [EXERCISE]
    assert [each["passed"] for each in noted["checks"][EXERCISE]] == [False, True]
    assert [path.name for path in file.parent.glob("*attempts*")] == [file.name]


@pytest.mark.parametrize("content", ["mine", '{"checks": 3}', "[" * 9_999, '{"other": 1}'])
def test_a_file_that_holds_something_else_is_left_alone(file, monkeypatch, content):
    file.write_text(content)
    checked(WRONG, monkeypatch)
    assert file.read_text() == content


def test_no_more_checks_are_noted_than_anybody_reads(tmp_path):
    path = tmp_path / attempts.name("a")
    before = Attempts(checks={"x": (Check("2026-11-30T12:00:00+00:00", False),) * attempts.MOST})
    path.write_text(attempts.to_text(before))
    attempts.note([tmp_path], "a", "x", False)
    assert attempts.from_text(Attempts, path.read_text()) == before


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path, monkeypatch):
    (tmp_path / attempts.name("a")).touch()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(attempts.tempfile, "mkstemp", full)
    attempts.note([tmp_path], "a", "x", True)
    assert (tmp_path / attempts.name("a")).read_text() == ""


def test_course_toml_asks_for_it_with_true(tmp_path):
    (tmp_path / "course").mkdir()
    toml = tmp_path / "course" / "course.toml"
    head = 'id = "a"\ntitle = "A"\n[class_edition]\nattempts_handed_in = '
    toml.write_text(f"{head}true\n")
    assert course.read(tmp_path).class_edition.attempts_handed_in
    toml.write_text(f'{head}"yes"\n')
    with pytest.raises(Problem, match="has to be true or false"):
        course.read(tmp_path)
    assert not course.read(ROOT).class_edition.attempts_handed_in


@pytest.mark.slow
def test_the_file_is_released_and_what_is_handed_in_is_there_after_grading(tmp_path):
    folder = course_folder.make(tmp_path / "course")
    toml = folder / "course" / "course.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(f"{text}\n[class_edition]\nattempts_handed_in = true\n", encoding="utf-8")
    done = course_folder.nbgrader(folder, "generate_assignment", ASSIGNMENT)
    assert done.returncode == 0, done.stdout
    released = folder / "exercises" / ASSIGNMENT / attempts.name(ASSIGNMENT)
    assert released.read_bytes() == b""
    handed_in = folder / "submitted" / "ada" / ASSIGNMENT
    shutil.copytree(released.parent, handed_in)
    noted = '{"about": "", "checks": {}}'
    (handed_in / released.name).write_text(noted)
    done = course_folder.nbgrader(folder, "autograde", ASSIGNMENT)
    assert done.returncode == 0, done.stdout
    assert (folder / "autograded" / "ada" / ASSIGNMENT / released.name).read_text() == noted
