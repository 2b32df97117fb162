"""`nbgrader zip_collect` of the zips that Canvas and Moodle make of a class's files."""

import re
import shutil
import zipfile
from pathlib import Path

import course_folder
import pytest
from nbgrader.api import Gradebook
from nbgrader.apps.zipcollectapp import ZipCollectApp
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.collect import Canvas, Moodle

pytestmark = pytest.mark.filterwarnings("ignore:Object of type <Submitted")  # nbgrader's
PEOPLE = {
    "ada": ("Ada", "Lovelace", "ada@example.org", "4101"),
    "bob": ("Bob", "O'Brien", "bob@example.org", "4102"),
    "cai": ("Cai", "Łoś", "cai@example.org", "4103"),
    "twin1": ("Dan", "Doe", "dan1@example.org", "4104"),
    "twin2": ("Dan", "Doe", "dan2@example.org", "4105"),
}
DUE = "2027-03-01 17:00 UTC"
WORKSHEET = """\
Identifier,Full name,Email address,Status,Grade,"Last modified (submission)"
Participant 51,Ada Lovelace,ADA@example.org,Submitted for grading,,"Monday, 1 March 2027, 5:30 PM"
Participant 52,Bob O'Brien,bob@example.org,No submission,,-
Participant 54,Dan Doe,dan1@example.org,Submitted for grading,,"Tuesday, 2 March 2027, 9:00 AM"
Participant 55,Dan Doe,dan2@example.org,Submitted for grading,,yesterday
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A course's folder in which nothing was collected yet."""
    folder = tmp_path_factory.mktemp("made")
    released = folder / "release" / "05_vmap"
    released.mkdir(parents=True)
    (released / "vmap.ipynb").write_text("released")
    with course_folder.new_gradebook(folder / "gradebook.db") as gradebook:
        gradebook.add_assignment("05_vmap", duedate=DUE)
        for student, (first, last, email, number) in PEOPLE.items():
            gradebook.add_student(
                student, first_name=first, last_name=last, email=email, lms_user_id=number
            )
    return folder


@pytest.fixture
def folder(made, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", course_folder.path())
    return Path(shutil.copytree(made, tmp_path / "course"))


def archive(folder, name, files, when=(2027, 3, 2, 8, 0, 0)):
    """Write what a platform gives: a zip of files, or one file."""
    place = folder / "downloaded" / "05_vmap" / "archive"
    place.mkdir(parents=True, exist_ok=True)
    if isinstance(files, str):
        (place / name).write_text(files)
        return
    with zipfile.ZipFile(place / name, "w") as content:
        for path, text in files.items():
            content.writestr(zipfile.ZipInfo(path, when), text)


def collected(folder, plugin, config=None):
    """Let nbgrader collect: the content and the date of each student's notebook."""
    app = ZipCollectApp(config=config or Config(), force=True)
    app.coursedir = CourseDirectory(root=str(folder), assignment_id="05_vmap", parent=app)
    app.collector_plugin = plugin
    app.init_plugins()
    app.extract_archive_files()
    app.process_extracted_files()
    found = {}
    for path in sorted((folder / "submitted").glob("*/05_vmap/*.ipynb*")):
        stamp = path.with_name("timestamp.txt")
        student, name = path.parent.parent.name, "" if path.stem == "vmap" else f"/{path.name}"
        found[student + name] = path.read_text(), stamp.read_text() if stamp.exists() else ""
    return found


def said(capsys):
    """What the command has logged since the last time."""
    return capsys.readouterr().err


def not_collected(capsys):
    """Why files were not collected, and which."""
    return sorted(re.findall(r"Not collected, because (.*)", said(capsys)))


def test_files_of_canvas_go_to_the_students_with_those_numbers(folder):
    archive(
        folder,
        "submissions.zip",
        {
            "lovelaceada_4101_9001_vmap.ipynb": "of Ada",
            "obrienbob_LATE_4102_9002_vmap-2.ipynb": "of Bob",
            "łoścai_4103_9003_12_34_solution.ipynb": "of Cai",
            "doedan_4104_9004_VMAP (1).ipynb": "of Dan",
            "doedan_4105_9005_vmap-12.ipynb.txt": "of the other Dan",
        },
    )
    assert collected(folder, Canvas) == {
        "ada": ("of Ada", ""),
        "bob": ("of Bob", "2027-03-01 17:00:01"),
        "cai/12_34_solution.ipynb": ("of Cai", ""),  # the only one, so it is graded
        "twin1": ("of Dan", ""),
        "twin2/vmap.ipynb.txt": ("of the other Dan", ""),
    }


def test_the_newest_attempt_counts_for_canvas(folder):
    """It has the larger number, wherever it is."""
    archive(folder, "a.zip", {"lovelaceada_4101_9003_vmap-1.ipynb": "third"})
    archive(
        folder,
        "b.zip",
        {
            "lovelaceada_LATE_4101_988_vmap.ipynb": "first",
            "lovelaceada_4101_9002_vmap-2.ipynb": "second",
        },
    )
    assert collected(folder, Canvas) == {"ada": ("third", "")}


def test_a_newer_zip_counts_even_if_the_file_has_another_name(folder):
    archive(folder, "b.zip", {"lovelaceada_4101_9001_vmap.ipynb": "first"})
    files = {"lovelaceada_4101_9002_solution.ipynb": "second"}
    archive(folder, "a.zip", files)
    assert collected(folder, Canvas) == {"ada/solution.ipynb": ("second", "")}
    files |= {"lovelaceada_4101_9000_vmap.ipynb": "second", "obrienbob_4102_8_vmap.ipynb": "of Bob"}
    archive(folder, "a.zip", files)
    shutil.rmtree(folder / "submitted")
    assert set(collected(folder, Canvas)) == {"ada", "ada/solution.ipynb", "bob"}


def test_the_name_of_a_file_controls_no_terminal(folder, capsys):
    archive(folder, "a.zip", {"lovelaceada_4101_9001_\x1b[31mvmap.ipynb": "of Ada"})
    assert [content for content, _ in collected(folder, Canvas).values()] == ["of Ada"]
    assert "\x1b" not in said(capsys).replace("\x1b[1;", "")  # nbgrader's own colours


def test_a_file_that_nobody_has_is_said_with_what_to_do(folder, capsys):
    archive(
        folder,
        "submissions.zip",
        {
            "gone_4999_9001_vmap.ipynb": "of a guest",
            "anon_x7Fg2_9002_vmap.ipynb": "of somebody",
            "lovelaceada_4101_9003_vmap.ipynb": "of Ada",
            "__MACOSX/._lovelaceada_4101_9009_vmap.ipynb": "junk",
            "lovelaceada_4101_9004_notes.txt": "a text",
        },
    )
    assert collected(folder, Canvas) == {"ada": ("of Ada", "")}
    assert not_collected(capsys) == [
        "Canvas gives no such name: submissions/anon_x7Fg2_9002_vmap.ipynb",
        "no student in the gradebook has Canvas's number 4999 "
        "(`autograder roster`): submissions/gone_4999_9001_vmap.ipynb",
    ]


def test_a_zip_in_a_zip_is_its_students(folder):
    archive(folder, "inner.zip", {"work/vmap.ipynb": "of Ada"})
    inner = folder / "downloaded" / "05_vmap" / "archive" / "inner.zip"
    content = inner.read_bytes()
    inner.unlink()
    archive(folder, "submissions.zip", {"lovelaceada_4101_9001_work.zip": content})
    assert collected(folder, Canvas) == {"ada": ("of Ada", "")}


def test_late_in_canvas_costs_an_extended_student_nothing(folder, capsys):
    archive(folder, "submissions.zip", {"obrienbob_LATE_4102_9002_vmap.ipynb": "of Bob"})
    assert collected(folder, Canvas)["bob"][1] == "2027-03-01 17:00:01"
    assert "Marked as late, without a date, and collected as one second late: bob." in said(capsys)
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        submission = gradebook.add_submission("05_vmap", "bob", timestamp="2027-03-01 17:00:01")
        assert submission.total_seconds_late == 1
        gradebook.grant_extension("05_vmap", "bob", days=1)
        assert submission.total_seconds_late == 0
        gradebook.find_assignment("05_vmap").duedate = None
        gradebook.db.commit()
    assert collected(folder, Canvas)["bob"][1] == ""
    assert "Marked as late, but 05_vmap has no due date in the gradebook: bob." in said(capsys)


MOODLE = {
    "folders of today": "{}_assignsubmission_file/vmap.ipynb",
    "folders of before": "{}_assignsubmission_file_/vmap.ipynb",
    "folders in folders": "{}_assignsubmission_file/week 5/vmap.ipynb",
    "files": "{}_assignsubmission_file_vmap.ipynb",
}


@pytest.mark.parametrize("form", MOODLE.values(), ids=MOODLE)
def test_files_of_moodle_go_to_the_students_with_those_names(folder, form, capsys):
    names = {"Ada Lovelace_51": "of Ada", "OBrien Bob_52": "of Bob", "CAI ŁOŚ_53": "of Cai"}
    names |= {"Dan Doe_54": "of a twin", "Participant_55": "of nobody"}
    archive(folder, "JAX-vmap-77.zip", {form.format(name): text for name, text in names.items()})
    assert collected(folder, Moodle) == {
        "ada": ("of Ada", ""), "bob": ("of Bob", ""), "cai": ("of Cai", ""),
    }  # fmt: skip
    assert [text.split(":")[0] for text in not_collected(capsys)] == [
        "2 students in the gradebook have this name",
        "no student in the gradebook has this name (`autograder roster`)",
    ]


def test_the_zip_that_was_downloaded_last_counts_for_moodle(folder):
    name = "Ada Lovelace_51_assignsubmission_file/vmap.ipynb"
    archive(folder, "z-old.zip", {name: "first"}, (2027, 3, 1, 8, 0, 0))
    archive(folder, "a-new.zip", {name: "second"}, (2027, 3, 1, 8, 0, 2))
    assert collected(folder, Moodle) == {"ada": ("second", "")}


def test_the_worksheet_of_moodle_has_dates_and_tells_twins_apart(folder, capsys):
    files = {
        f"{name}_assignsubmission_file/vmap.ipynb": name
        for name in ("Ada Lovelace_51", "Dan Doe_54", "Dan Doe_55")
    }
    archive(folder, "JAX-vmap-77.zip", files)
    archive(folder, "Grades.csv", WORKSHEET)
    config = Config()
    config.Moodle.timezone = "Europe/Paris"
    assert collected(folder, Moodle, config) == {
        "ada": ("Ada Lovelace_51", "2027-03-01 16:30:00"),
        "twin1": ("Dan Doe_54", "2027-03-02 08:00:00"),
        "twin2": ("Dan Doe_55", ""),
    }
    assert "Not a date: yesterday, in line 5 of the worksheet." in said(capsys)
    shutil.rmtree(folder / "submitted")
    assert {stamp for _, stamp in collected(folder, Moodle).values()} == {""}
    config.Moodle.timezone = "Paris"
    with pytest.raises(SystemExit):
        collected(folder, Moodle, config)
    assert "c.Moodle.timezone is 'Paris' in the configuration, which is not a time" in said(capsys)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("plugin", "name"),
    [
        ("Canvas", "lovelaceada_LATE_4101_9001_vmap-2.ipynb"),
        ("Moodle", "Ada Lovelace_51_assignsubmission_file/vmap.ipynb"),
    ],
)
def test_one_line_of_configuration_is_enough(folder, plugin, name):
    config = (course_folder.ROOT / "nbgrader_config.py").read_text(encoding="utf-8")
    config = config.replace('"exercises"', '"release"')
    line = f'c.ZipCollectApp.collector_plugin = "autograder.collect.{plugin}"\n'
    assert f"# {line}" in config
    (folder / "nbgrader_config.py").write_text(config.replace(f"# {line}", line), encoding="utf-8")
    archive(folder, "submissions.zip", {name: "of Ada"})
    run = course_folder.nbgrader(folder, "zip_collect", "05_vmap")
    assert run.returncode == 0, run.stdout
    submitted = folder / "submitted" / "ada" / "05_vmap"
    assert (submitted / "vmap.ipynb").read_text() == "of Ada"
    assert (submitted / "timestamp.txt").exists() == (plugin == "Canvas")
