"""Progress: one file that loses nothing, and that nothing but bars and hints depends on."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from masters import ROOT, catalogue, outline

from autograder.authoring import course
from autograder.student import hints, lessons, location, progress
from autograder.student.learner import check
from autograder.student.progress import Progress, Record
from autograder.student.standing import FINISHED, sentence, standing

COURSE, MODULES = outline().course, outline().modules
BESIDE = progress.BESIDE.format(COURSE)


@pytest.fixture
def file(tmp_path, monkeypatch):
    made = tmp_path / "kept" / "progress.json"
    monkeypatch.setenv(progress.VARIABLE, str(made))
    monkeypatch.setattr(progress, "unsaved", {})
    monkeypatch.setenv(location.VARIABLE, str(ROOT / "exercises" / "05_vmap"))
    return made


def test_nothing_is_done_at_first_and_reading_makes_no_file(file):
    assert progress.read(COURSE) == Progress()
    assert not file.parent.exists()


def test_attempts_count_until_the_first_pass(file):
    for passed in (False, False, True, False, True):
        progress.checked(COURSE, "pairwise", "05_vmap", passed)
    record = progress.read(COURSE).of("pairwise")
    assert record.attempts == 3
    assert record.passed


def test_a_hint_is_remembered_and_there_are_no_more_than_there_are(file):
    counts = [
        progress.hinted(COURSE, "pairwise", "05_vmap", 3).of("pairwise").hints for _ in range(4)
    ]
    assert counts == [1, 2, 3, 3]


def test_hints_go_on_in_another_kernel(file, capsys):
    hints.hint("pairwise")
    first = capsys.readouterr().out
    again = "from autograder import hint\nhint('pairwise')"
    done = subprocess.run([sys.executable, "-c", again], capture_output=True, text=True)
    assert first.count("Hint ") == 1
    assert done.stdout.count("Hint ") == 2, done.stderr


WRITER = """
import sys
from dataclasses import replace
from autograder.student import progress
for n in range(40):
    progress.hinted("numpy-to-jax", f"{sys.argv[1]}-{n}", "05_vmap", 3)
    progress.hinted("numpy-to-jax", "shared", "05_vmap", 1000)
"""


def test_two_kernels_writing_at_once_lose_nothing(file):
    both = [subprocess.Popen([sys.executable, "-c", WRITER, name]) for name in ("one", "two")]
    assert [one.wait() for one in both] == [0, 0]
    done = progress.read(COURSE)
    assert done.of("shared").hints == 80
    assert len(done.exercises) == 81
    assert sorted(path.name for path in file.parent.iterdir()) == [
        "progress.json", "progress.json.lock",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        b"{", b"\xff\xfe", b"[]", b"3", b"{}",
        b'{"exercises": {"a": 3}, "lessons": {}, "last": ""}',
        b'{"exercises": {"a": {"hints": "x"}}, "lessons": {}, "last": ""}',
        b'{"exercises": {"a": {"other": 1}}, "lessons": {}, "last": ""}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_damaged_file_is_kept_aside_and_a_new_one_begun(file, content, capsys):
    file.parent.mkdir()
    file.write_bytes(content)
    assert progress.read(COURSE) == Progress()
    check("fast_track_vmap")
    (aside,) = file.parent.glob("progress.damaged-*.json")
    out = capsys.readouterr().out
    assert aside.read_bytes() == content
    assert str(aside) in out
    assert "not yet: fast_track_vmap" in out
    assert progress.read(COURSE).of("fast_track_vmap").attempts == 1


fast_track_vmap = (1, 2)


def test_checking_a_stub_is_no_attempt(file, monkeypatch):
    monkeypatch.setitem(globals(), "fast_track_vmap", ...)
    check("fast_track_vmap")
    assert progress.read(COURSE) == Progress()


def test_the_fast_track_is_the_question_without_points():
    names = {name: one.prompt.is_fast_track for name, one in catalogue().items()}
    fast = [name for name, is_fast in names.items() if is_fast]
    assert len(fast) == len(MODULES)
    prompt = catalogue()["pairwise"].prompt
    assert not replace(prompt, name="fast_track_of_a_particle").is_fast_track


def test_an_empty_file_beside_the_notebooks_keeps_progress_there(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv(progress.VARIABLE)
    folder = tmp_path / "exercises" / "05_vmap"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    assert progress.path(COURSE).is_relative_to(tmp_path) is False
    (tmp_path / BESIDE).touch()
    progress.lesson_read(COURSE, "05_vmap")
    assert progress.path(COURSE) == tmp_path / BESIDE
    assert "05_vmap" in json.loads((tmp_path / BESIDE).read_text())["lessons"]
    assert capsys.readouterr().out == ""


def test_the_progress_of_two_courses_does_not_mix(tmp_path, monkeypatch):
    monkeypatch.delenv(progress.VARIABLE)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert progress.path(COURSE) == tmp_path / "numpy-to-jax" / "progress.json"
    progress.checked(COURSE, "newton", "05_vmap", True)
    assert progress.read("numerics") == Progress()
    progress.checked("numerics", "newton", "01_newton", False)
    assert progress.read(COURSE).last == "05_vmap"
    monkeypatch.setenv(progress.VARIABLE, str(tmp_path))
    assert progress.path("numerics") == tmp_path / "numerics-progress.json"
    assert progress.path(COURSE) == tmp_path / BESIDE


def test_a_place_that_cannot_be_written_is_said_once_and_hints_go_on(file, capsys):
    file.parent.write_text("a file where a folder should be")
    for count in (1, 2):
        hints.hint("pairwise")
        out = capsys.readouterr().out
        assert out.count("Hint ") == count
        assert out.count("cannot be saved in") == (count == 1)


def test_deleting_the_file_loses_the_bars_only(file):
    progress.checked(COURSE, "pairwise", "05_vmap", True)
    file.unlink()
    assert progress.read(COURSE) == Progress()
    assert progress.checked(COURSE, "pairwise", "05_vmap", True).of("pairwise").attempts == 1


def test_passing_the_fast_track_marks_the_lesson_as_read(file):
    progress.checked(COURSE, "fast_track_vmap", "05_vmap", False, fast_track=True)
    assert not progress.read(COURSE).lessons
    progress.checked(COURSE, "fast_track_vmap", "05_vmap", True, fast_track=True)
    assert list(progress.read(COURSE).lessons) == ["05_vmap"]


def test_a_module_without_a_lesson_has_none_to_read():
    (first, *_) = outline().modules
    for done, words in ((Progress(), "· to read"), (Progress({}, {first.name: "now"}), "✓ read")):
        assert standing(done, [first]).rows[0].lesson == words
        assert standing(done, [replace(first, lesson="")]).rows[0].lesson == ""


def test_a_lesson_ends_with_the_way_to_its_exercises(file, capsys):
    lessons.lesson_read("05_vmap")
    assert "exercises/05_vmap/vmap.ipynb" in capsys.readouterr().out
    assert list(progress.read(COURSE).lessons) == ["05_vmap"]


ALL = sum(one.minutes + sum(task.minutes for task in one.tasks) for one in MODULES)


def passed(*names):
    return {name: Record(1, 0, "now") for name in names}


def test_the_outline_knows_every_module_with_its_fast_track():
    assert [one.name for one in MODULES] == [one.name for one in course.read(ROOT).modules]
    assert all(one.minutes >= 20 and one.tasks and one.fast_track for one in MODULES)


def test_what_is_next():
    vmap = MODULES[4]
    names = [task.name for task in vmap.tasks]
    at_first = standing(Progress(), MODULES)
    assert at_first.minutes == ALL
    assert at_first.next.path == "course/01_numpy_to_jax.ipynb"
    # Where one stopped comes before what one skipped.
    in_vmap = standing(Progress(passed(names[0]), {}, "05_vmap"), MODULES)
    assert (in_vmap.next.path, in_vmap.next.cell) == ("exercises/05_vmap/vmap.ipynb", names[1])
    assert in_vmap.minutes == ALL - vmap.tasks[0].minutes
    # A lesson whose exercises have all passed is not asked for any more.
    done = standing(Progress(passed(*names), {}, "05_vmap"), MODULES)
    assert done.rows[4].finished
    assert done.next.path == "course/01_numpy_to_jax.ipynb"
    read = standing(Progress({}, {"05_vmap": "now"}, "05_vmap"), MODULES)
    assert read.next.cell == names[0]
    assert read.minutes == ALL - vmap.minutes


def test_the_end_of_the_course_is_said():
    everything = passed(*(task.name for one in MODULES for task in one.tasks))
    now = standing(Progress(everything), MODULES)
    assert now.next is None
    assert now.minutes == 0
    assert sentence(now) == FINISHED


def test_the_command_shows_bars_and_what_is_next(file):
    progress.checked(COURSE, "predict_batch", "05_vmap", True)
    command = [os.path.join(os.path.dirname(sys.executable), "autograder"), "progress"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    (row,) = [line for line in done.stdout.splitlines() if "05_vmap" in line and "│" in line]
    assert "■□□□□□□□□□" in row
    assert "1 of 8" in row
    assert "Another axis" in done.stdout
