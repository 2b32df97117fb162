"""Due dates: for students, in the release and in the gradebook; and what being late costs."""

import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import course_folder
import nbformat
import pytest
from course_folder import ASSIGNMENT, NOTEBOOK
from masters import ROOT, outline
from nbgrader import coursedir, utils
from nbgrader.api import Gradebook
from nbgrader.apps import zipcollectapp
from nbgrader.plugins import LateSubmissionPlugin
from traitlets import TraitError
from traitlets.config import Config

from autograder.authoring import course
from autograder.classroom import extension, nbgrader_patches
from autograder.exporters import MoodleExport
from autograder.late import GracePeriod, PerDay
from autograder.problem import Problem
from autograder.student import check_file, dates, standing
from autograder.student.check_file import SUFFIX
from autograder.student.progress import Progress

pytestmark = pytest.mark.filterwarnings("ignore:Object of type <Submitted")  # nbgrader's
DUE = datetime(2027, 3, 1, 17, tzinfo=UTC)
DAY = 24 * 60 * 60
LATE = (
    'c.AssignLatePenalties.plugin_class = "autograder.late.GracePeriod"\nc.GracePeriod.hours = 2\n'
)
HANDED_IN = {
    "early": "2027-03-01 16:59:59 UTC",
    "within_grace": "2027-03-01 20:00:00 +0100",
    "late": "2027-03-02 19:00:01 UTC",
    "extended": "2027-03-03 12:00:00 UTC",
}


def test_a_date_is_shown_in_the_zone_of_its_reader(monkeypatch):
    shown = {}
    for zone in ("Europe/Paris", "America/Buenos_Aires"):
        with monkeypatch.context() as patch:
            patch.setenv("TZ", zone)
            time.tzset()
            shown[zone] = dates.words(DUE)
    time.tzset()
    assert shown == {
        "Europe/Paris": "Monday 1 March 2027, 18:00 CET",
        "America/Buenos_Aires": "Monday 1 March 2027, 14:00 UTC-03",
    }


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(days=9, hours=23), "9 days left"),
        (timedelta(days=2), "2 days left"),
        (timedelta(hours=47, minutes=59), "47 hours left"),
        (timedelta(minutes=119), "119 minutes left"),
        (timedelta(seconds=61), "1 minute left"),
        (timedelta(0), "0 minutes left"),
        (-timedelta(seconds=1), "passed"),
        (-timedelta(days=400), "passed"),
    ],
)
def test_how_much_time_is_left_is_said_in_one_unit(before, words):
    assert dates.left(DUE, DUE - before) == words


def test_the_start_page_shows_due_dates_only_where_there_are_some(tmp_path):
    soon = datetime.now(UTC) + timedelta(days=2, minutes=1)
    first, second, *_ = outline().modules
    dated = standing.standing(Progress(), [replace(first, due=soon.isoformat()), second])
    words = f"{dates.words(soon, year=soon.astimezone().year != datetime.now().year)}, 2 days left"
    assert [row.due for row in dated.rows] == [words, ""]
    page = standing.drawn(dated, tmp_path)
    assert f"<br>due {words}<" in page["text/html"]
    assert f"{first.name} is due {words}." in page["text/plain"]
    assert standing.due_dates(dated) == [f"{first.name} is due {words}."]
    for_later = standing.standing(Progress(), [replace(first, due=soon.isoformat())], left=False)
    assert for_later.rows[0].due == words.removesuffix(", 2 days left")
    undated = standing.drawn(standing.standing(Progress(), [first, second]), tmp_path)
    assert not any(re.search(r"\bdue\b", text) for text in undated.values())


def test_what_a_reader_gets_has_the_dates_of_today(tmp_path):
    """Also if the course was built before its dates were written."""
    (tmp_path / "course").mkdir()
    text = (ROOT / course.FILE).read_text(encoding="utf-8")
    name = f'name = "{ASSIGNMENT}"\n'
    dated = text.replace(name, f"{name}due = 2027-03-01T18:00:00+01:00\n")
    (tmp_path / course.FILE).write_text(dated, encoding="utf-8")
    found = course.read(tmp_path).dated(outline())
    (due,) = (module.due for module in found.modules if module.due)
    assert datetime.fromisoformat(due) == DUE
    assert dates.in_notebook(datetime.fromisoformat(due)) == (
        "**Due: Monday 1 March 2027, 18:00 UTC+01:00**"
    )
    assert course.read(ROOT).dated(found) == outline()


def test_a_date_in_a_file_for_check_is_one_or_the_file_is_damaged():
    (first, *_) = outline().modules
    for due in ("soon", "0001-01-01T00:00:00+14:00"):
        with pytest.raises((ValueError, OverflowError)):
            replace(first, due=due)
    kept = check_file.read(ROOT / "tests" / "kept" / "vmap_of_0_1.check")
    assert not any(module.due for module in kept.outline.modules)


@pytest.mark.parametrize(
    ("policy", "late", "penalty"),
    [
        (PerDay(), 1, 1),
        (PerDay(), DAY, 1),
        (PerDay(), DAY + 0.5, 2),
        (PerDay(), 30 * DAY, 10),
        (PerDay(share=0.25, floor=0.4), 30 * DAY, 6),
        (PerDay(share=0.25, floor=0.4, last_day=2), 2 * DAY, 5),
        (PerDay(share=0.25, floor=0.4, last_day=2), 2 * DAY + 1, 10),
        (PerDay(share=0), 3 * DAY, 0),
        (GracePeriod(minutes=30), 30 * 60, 0),
        (GracePeriod(minutes=30), 30 * 60 + 1, 1),
        (GracePeriod(hours=24), 2 * DAY, 1),
        (GracePeriod(hours=1, minutes=1, then=LateSubmissionPlugin), 2 * DAY, None),
    ],
)
def test_what_late_work_costs(policy, late, penalty):
    assert policy.late_submission_penalty("ada", 10.0, late) == penalty


def test_the_policy_after_a_grace_period_is_configured_on_its_own():
    config = Config()
    config.PerDay.share = 0.5
    config.GracePeriod.update(minutes=10, then="autograder.late.PerDay")
    policy = GracePeriod(config=config)
    assert policy.late_submission_penalty("ada", 10.0, 11 * 60) == 5
    with pytest.raises(TraitError):
        PerDay(share=10)


@pytest.fixture(scope="module")
def term(tmp_path_factory):
    """A course with a due date, in which four students have handed in; the log of the release."""
    folder = course_folder.make(tmp_path_factory.mktemp("term"))
    for path in (folder / "solutions").iterdir():
        if path.name != ASSIGNMENT:
            (folder / "solutions" / path.name).rename(folder / path.name)
    text = (folder / course.FILE).read_text(encoding="utf-8")
    due = "due = 2027-03-01T17:00:00Z\n"
    text = text.replace(f'name = "{ASSIGNMENT}"\n', f'name = "{ASSIGNMENT}"\n{due}')
    (folder / course.FILE).write_text(text, encoding="utf-8")
    with (folder / "nbgrader_config.py").open("a", encoding="utf-8") as config:
        config.write(LATE)
    run = course_folder.nbgrader(folder, "generate_assignment", ASSIGNMENT)
    assert run.returncode == 0, run.stdout
    return folder


def due_in_gradebook(folder):
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        return gradebook.find_assignment(ASSIGNMENT).duedate


@pytest.mark.slow
def test_a_due_date_is_in_the_release_and_in_the_gradebook(term):
    released = term / "exercises" / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
    (first, *_) = nbformat.read(released, as_version=4).cells
    assert first.source.splitlines()[:4] == [
        "# Exercises: `vmap`", "", "**Due: Monday 1 March 2027, 17:00 UTC**", "",
    ]  # fmt: skip
    modules = check_file.read(released.with_suffix(SUFFIX)).outline.modules
    assert {module.name: module.due for module in modules if module.due} == {
        ASSIGNMENT: "2027-03-01T17:00:00+00:00"
    }
    assert due_in_gradebook(term) == DUE.replace(tzinfo=None)


@pytest.mark.slow
def test_a_late_student_pays_and_an_extended_one_does_not(term):
    right = nbformat.writes(course_folder.right_answers(term)).encode()
    for student, stamp in HANDED_IN.items():
        path = course_folder.submit(term, student, right)
        path.with_name("timestamp.txt").write_text(stamp, encoding="utf-8")
    with Gradebook(f"sqlite:///{term}/gradebook.db") as gradebook:
        gradebook.add_student("extended")
    run = course_folder.run(term, "autograder", "extend", ASSIGNMENT, "extended", "--days", "2")
    assert run.returncode == 0, run.stdout
    assert "05_vmap of extended is due on Wednesday 3 March 2027, 17:00 UTC." in run.stdout
    run = course_folder.nbgrader(term, "autograde", ASSIGNMENT)
    assert run.returncode == 0, run.stdout
    with Gradebook(f"sqlite:///{term}/gradebook.db") as gradebook:
        costs = {
            one.student.id: (one.late_submission_penalty or 0) / one.score
            for one in gradebook.assignment_submissions(ASSIGNMENT)
        }
    run = course_folder.nbgrader(term, "autograde", ASSIGNMENT, "--PerDay.share=20", "--force")
    assert run.returncode == 1
    assert (
        "The policy for late work in nbgrader_config.py cannot be used: The value of" in run.stdout
    )
    assert "Traceback" not in run.stdout
    late = pytest.approx(0.2)  # of the second day, counted from the end of the grace period
    assert costs == {"early": 0, "within_grace": 0, "late": late, "extended": 0}


@pytest.fixture
def gradebook(tmp_path, monkeypatch):
    """A course folder whose gradebook knows one student and one assignment with a due date."""
    monkeypatch.setenv("PATH", course_folder.path())
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\n")
    with course_folder.new_gradebook(tmp_path / "gradebook.db") as gradebook:
        gradebook.add_assignment("ps1", duedate="2027-03-01 17:00 UTC")
        gradebook.add_assignment("undated")
        gradebook.add_notebook("n", "ps1")
        gradebook.add_grade_cell("check", "n", "ps1", max_score=2, cell_type="code")
        gradebook.add_student("ada")
        yield gradebook


def test_an_extension_before_anything_is_handed_in_is_no_score(gradebook, tmp_path):
    for days in (1, 3):
        due = extension.extend(tmp_path, "ps1", "ada", timedelta(days=days))
        assert due == DUE + timedelta(days=days)
    assert gradebook.find_submission("ps1", "ada").extension == timedelta(days=3)
    MoodleExport(to=str(tmp_path / "moodle.csv")).export(gradebook)
    assert (tmp_path / "moodle.csv").read_text().splitlines()[1] == "ada,,,-,-"
    extension.extend(tmp_path, "ps1", "ada", timedelta(0))
    gradebook.db.expire_all()
    assert gradebook.assignment_submissions("ps1") == []


def test_an_extended_student_is_graded_if_the_due_date_is_taken_away(gradebook, tmp_path):
    nbgrader_patches.install()
    extension.extend(tmp_path, "ps1", "ada", timedelta(days=1))
    submission = gradebook.find_submission("ps1", "ada")
    submission.timestamp = datetime(2027, 3, 2, 17, 0, 5)
    assert submission.total_seconds_late == 5
    gradebook.find_assignment("ps1").duedate = None
    assert submission.total_seconds_late == 0


@pytest.mark.parametrize("date", ["2027-03-01 18:00 +0100", "2027-03-01T18:00+01:00"])
def test_a_date_may_have_its_zone_in_figures(date):
    nbgrader_patches.install()
    for module in (utils, coursedir, zipcollectapp):
        assert module.parse_utc(date) == DUE.replace(tzinfo=None)
    assert utils.parse_utc("2027-03-01 18:00 Europe/Paris") == DUE.replace(tzinfo=None)


@pytest.mark.parametrize(
    ("assignment", "student", "words"),
    [
        ("undated", "ada", "undated has no due date in the gradebook: write `due = …`"),
        ("ps1", "bob", "The gradebook has no student bob"),
        ("ps2", "ada", "The gradebook has no assignment ps2"),
    ],
)
def test_an_extension_of_nothing_is_one_sentence(gradebook, tmp_path, assignment, student, words):
    with pytest.raises(Problem, match=words):
        extension.extend(tmp_path, assignment, student, timedelta(days=1))


@pytest.mark.slow
def test_a_date_that_somebody_set_in_the_gradebook_is_kept(term):
    course_folder.nbgrader(
        term, "db", "assignment", "add", ASSIGNMENT, "--duedate=2027-03-08 18:00 +0100"
    )
    run = course_folder.nbgrader(term, "generate_assignment", ASSIGNMENT)
    assert run.returncode == 0, run.stdout
    assert (
        "The due date of 05_vmap in the gradebook, Monday 8 March 2027, 17:00 UTC, is kept, "
        "although course/course.toml has another one. "
        "To change it, run `nbgrader db assignment add 05_vmap "
        '--duedate="2027-03-01 17:00 UTC"`'
    ) in run.stdout
    assert due_in_gradebook(term) == datetime(2027, 3, 8, 17)
