"""A term as an instructor has it: a roster, dates, two assignments, twelve students, grades."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import course_folder
import lab_server
import nbformat
import pytest
from course_folder import ASSIGNMENT, CLASSROOM, NOTEBOOK, WRITTEN
from lab_server import opened, picture
from masters import answered
from nbformat import NotebookNode
from nbgrader.api import Gradebook

pytestmark = pytest.mark.slow
SECOND, SECOND_NOTEBOOK = "10_debug_and_measure", "debug_and_measure"
SECOND_WRITTEN = "written-which_tool"
DUE = {ASSIGNMENT: "2027-03-01T17:00:00Z", SECOND: "2027-03-15T17:00:00Z"}
IN_TIME, LATE = "2027-03-10 12:00:00 UTC", "2027-03-17 09:00:00 UTC"
"""When the second assignment was handed in; late is the second day after its due date."""
STUDENTS = {
    "ada": "Lovelace, Ada",
    "ben": "Banneker, Benjamin",
    "cyd": "Curie, Cydney",
    "dan": "Descartes, Dan",
    "eve": "Euler, Eve",
    "fay": "Fermat, Fay",
    "gus": "Gauss, Gus",
    "hal": "Hilbert, Hal",
    "ina": "Ito, Ina",
    "jon": "Jordan, Jonathan",
    "kim": "Kovalevskaya, Kim",
    "lea": "Legendre, Léa",
}
HANDED_IN = {
    "ben": "loops_over_the_batch",
    "eve": "not_json",
    "fay": "exits_halfway",
    "ina": "wrong_axis",
    "kim": "raises",
}
"""What some students hand in. The others are right, but `gus` writes nothing, `jon` copies from
`ina`, and `lea` hands in nothing."""
NUMBERS = {student: 700 + place for place, student in enumerate(STUDENTS)}
"""Canvas's own numbers of the students."""
JON = """\
def pairwise(left, right):
    # every x against every y
    inner = jax.vmap(distance, in_axes=(0, None))
    return jax.vmap(inner, in_axes=(None, 0))(left, right)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A course with due dates, for a class that uses Canvas and loses points by the day."""
    folder = lab_server.course(tmp_path)
    toml = folder / "course" / "course.toml"
    text = toml.read_text(encoding="utf-8")
    for module, due in DUE.items():
        text = text.replace(f'name = "{module}"\n', f'name = "{module}"\ndue = {due}\n')
    toml.write_text(text, encoding="utf-8")
    with (folder / "nbgrader_config.py").open("a", encoding="utf-8") as config:
        config.write('\nc.ZipCollectApp.collector_plugin = "autograder.collect.Canvas"\n')
        config.write('c.AssignLatePenalties.plugin_class = "autograder.late.PerDay"\n')
    return folder


def test_a_term_from_the_roster_to_the_exported_grades(folder: Path) -> None:
    fill_the_roster(folder)
    release(folder)
    hand_in(folder)
    with (
        lab_server.served(folder, lab_server.TEACH) as address,
        lab_server.browser() as (page, asked),
    ):
        opened(page, address, "lab?token=test")
        for assignment, count in ((ASSIGNMENT, 11), (SECOND, 4)):
            autograde_all(page, address, assignment, count)
        check_grades(folder)
        grade_with_the_rubric(page, address, folder)
        regrade(folder)
        read_feedback(page, folder)
        read_report(page, folder)
        read_groups(page, folder)
        assert asked == [], "a page asked a network"
    read_exports(folder)


def succeeds(folder: Path, *command: str) -> str:
    """What a command prints, which has to succeed."""
    run = course_folder.run(folder, *command)
    assert run.returncode == 0, run.stdout
    assert "Traceback" not in run.stdout
    return run.stdout


def fill_the_roster(folder: Path) -> None:
    rows = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]]
    rows += [["    Points Possible", "", "", "", ""]]
    rows += [[name, str(NUMBERS[one]), "", one, "JAX"] for one, name in STUDENTS.items()]
    rows += [["Student, Test", "1", "", "test", "JAX"]]
    with (folder / "people.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    assert "12" in succeeds(folder, "autograder", "roster", "people.csv")
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        names = {one.id: f"{one.last_name}, {one.first_name}" for one in gradebook.students}
    assert names == STUDENTS


def release(folder: Path) -> None:
    for assignment in DUE:
        succeeds(folder, "nbgrader", "generate_assignment", assignment)
        succeeds(folder, "nbgrader", "release_assignment", assignment)
        with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
            due = gradebook.find_assignment(assignment).duedate
        assert f"{due:%Y-%m-%dT%H:%M:%SZ}" == DUE[assignment]
    (released,) = (folder / "exchange").glob(f"**/{ASSIGNMENT}/{NOTEBOOK}.ipynb")
    assert "1 March 2027" in released.read_text(encoding="utf-8")
    for student in ("dan",):
        for assignment in DUE:
            succeeds(folder, "autograder", "extend", assignment, student, "--days", "3")


def hand_in(folder: Path) -> None:
    """The first assignment comes from Canvas in a zip, the second in files with their times."""
    right = course_folder.right_answers(folder)
    archive = folder / "downloaded" / ASSIGNMENT / "archive" / "submissions.zip"
    archive.parent.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w") as file:
        for place, student in enumerate(STUDENTS):
            if student != "lea":
                name = canvas_name(student, 9000 + place, late=student in ("cyd", "dan"))
                file.writestr(name, first_notebook(folder, student, right))
        older = course_folder.submission(CLASSROOM / "wrong_axis", right)
        file.writestr(canvas_name("hal", 8000), older)
    succeeds(folder, "nbgrader", "zip_collect", ASSIGNMENT)
    submitted = {path.parts[-3]: path.read_bytes() for path in folder.glob("submitted/*/*/*.ipynb")}
    assert set(submitted) == STUDENTS.keys() - {"lea"}
    assert submitted["hal"] == nbformat.writes(right).encode()

    for student, time in (("ada", IN_TIME), ("ben", IN_TIME), ("cyd", LATE), ("dan", LATE)):
        path = folder / "submitted" / student / SECOND / f"{SECOND_NOTEBOOK}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(second_notebook(student), path)
        path.with_name("timestamp.txt").write_text(time, encoding="utf-8")


def canvas_name(student: str, number: int, late: bool = False) -> str:
    """The name that Canvas gives to a file which this student handed in."""
    name = re.sub(r"\W", "", STUDENTS[student]).lower()
    mark = "_LATE" if late else ""
    return f"{name}{mark}_{NUMBERS[student]}_{number}_{NOTEBOOK}-1.ipynb"


def first_notebook(folder: Path, student: str, right: NotebookNode) -> bytes:
    if student == "gus":
        return (folder / "exercises" / ASSIGNMENT / f"{NOTEBOOK}.ipynb").read_bytes()
    if student == "jon":
        notebook = nbformat.reads(
            course_folder.submission(CLASSROOM / "wrong_axis", right).decode(), as_version=4
        )
        course_folder.cell_of(notebook, "pairwise").source = JON
        return nbformat.writes(notebook).encode()
    if case := HANDED_IN.get(student):
        return course_folder.submission(CLASSROOM / case, right)
    return nbformat.writes(right).encode()


def second_notebook(student: str) -> NotebookNode:
    notebook = answered(SECOND)
    course_folder.cell_of(notebook, SECOND_WRITTEN).source = f"{student} prints the shapes first."
    return notebook


def autograde_all(page: Any, address: str, assignment: str, count: int) -> None:
    page.goto(f"{address}/formgrader/manage_submissions/{assignment}")
    page.click("#autograde-all button")
    page.locator("#autograde-all [role=progressbar]").wait_for()
    ended = f"The last run has ended: {count} of {count} submissions graded."
    page.locator(f"#autograde-all [role=status]:text-is('{ended}')").wait_for(timeout=300_000)
    page.locator("#main-table:has-text('needs autograding')").wait_for(state="hidden")
    picture(page, f"term_autograded_{assignment}")


def points(folder: Path, assignment: str) -> dict[str, tuple[float, float]]:
    """The points of each submission before and after its late penalty."""
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        return {
            one.student.id: (one.score, one.score - (one.late_submission_penalty or 0.0))
            for one in gradebook.assignment_submissions(assignment)
        }


def check_grades(folder: Path) -> None:
    first = points(folder, ASSIGNMENT)
    whole = first["ada"][0]
    assert whole == 18, "the written answer waits"
    assert first["hal"] == first["dan"] == (whole, whole), "the newest attempt, and an extension"
    assert first["cyd"] == (whole, pytest.approx(0.9 * whole)), "one day late"
    assert 0 < first["ben"][0] < whole, "a loop earns a part"
    assert first["gus"] == (0, 0)
    scores = course_folder.scores(folder)
    assert all(score.needs_manual_grade for score in scores["eve"].values()), "a person reads it"
    second = points(folder, SECOND)
    assert second["ada"] == second["dan"]
    assert second["cyd"][1] == pytest.approx(0.8 * second["cyd"][0]), "on the second day"


def grade_with_the_rubric(page: Any, address: str, folder: Path) -> None:
    page.goto(f"{address}/formgrader/gradebook/{ASSIGNMENT}/{NOTEBOOK}")
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        number = gradebook.find_submission_notebook(NOTEBOOK, ASSIGNMENT, "ada").id
    page.click(f"a.name-hidden[href*='{number}']")
    page.locator(".rubric input:enabled").first.wait_for()
    page.wait_for_function("!$(':animated').length")
    page.locator(".rubric input").first.click()
    page.locator(".score-saved:visible").first.wait_for(state="hidden")
    page.wait_for_function("!$(':animated').length")
    picture(page, "term_rubric")
    for student in points(folder, ASSIGNMENT).keys() - {"ada", "eve", "gus"}:
        course_folder.give_by_hand(folder, student, WRITTEN, 2.0)
    assert course_folder.scores(folder)["ada"][WRITTEN].manual == 1.0


def regrade(folder: Path) -> None:
    """An exercise gets another point: the command says who moves before it writes."""
    master = folder / "solutions" / ASSIGNMENT / f"{NOTEBOOK}.py"
    text = master.read_text(encoding="utf-8")
    changed, times = re.subn(r'(exercise="pairwise" .*points=)3\b', r"\g<1>4", text)
    changed = changed.replace(
        f'assignment="{ASSIGNMENT}" points=20', f'assignment="{ASSIGNMENT}" points=21'
    )
    assert times == 1
    master.write_text(changed, encoding="utf-8")
    before = points(folder, ASSIGNMENT)
    asked = course_folder.run(folder, "autograder", "regrade", ASSIGNMENT)
    assert asked.returncode != 0
    assert points(folder, ASSIGNMENT) == before, "nothing is written without a yes"
    assert "ada" in asked.stdout
    assert "ina" not in asked.stdout.split(), "nobody is named who does not move"
    succeeds(folder, "autograder", "regrade", ASSIGNMENT, "--yes")
    after = points(folder, ASSIGNMENT)
    assert after["ada"][0] == before["ada"][0] + 1
    assert after["ina"] == before["ina"]
    assert course_folder.scores(folder)["ada"][WRITTEN].manual == 1.0, "manual points stay"


def read_feedback(page: Any, folder: Path) -> None:
    for assignment in DUE:
        succeeds(folder, "nbgrader", "generate_feedback", assignment)
    for student in ("ada", "ben", "cyd"):
        path = folder / "feedback" / student / ASSIGNMENT / f"{NOTEBOOK}.html"
        page.goto(path.as_uri())
        words = page.locator("body").inner_text()
        assert "HIDDEN" not in page.content()
        assert "pairwise" in words
        picture(page, f"term_feedback_{student}")


def read_report(page: Any, folder: Path) -> None:
    succeeds(folder, "autograder", "report", ASSIGNMENT, "--html", "report.html")
    page.goto((folder / "report.html").as_uri())
    words = page.locator("body").inner_text()
    assert not [name for name in STUDENTS.values() if name in words]
    assert "discrimination" in words.lower()
    picture(page, "term_report")


def read_groups(page: Any, folder: Path) -> None:
    succeeds(folder, "autograder", "groups", ASSIGNMENT, "--html", "groups.html", "--names")
    page.goto((folder / "groups.html").as_uri())
    assert "ina" in page.locator("body").inner_text()
    picture(page, "term_groups")


def read_exports(folder: Path) -> None:
    """Canvas and Moodle find every student again, and the points of those who are graded."""
    after = points(folder, ASSIGNMENT)
    succeeds(folder, "nbgrader", "export", "--exporter=autograder.exporters.CanvasExport")
    rows = list(csv.DictReader(io.StringIO((folder / "canvas.csv").read_text(encoding="utf-8"))))
    most, *lines = rows
    assert most["Student"] == "Points Possible"
    assert float(most[ASSIGNMENT]) == 21
    assert {line["SIS Login ID"]: int(line["ID"]) for line in lines} == NUMBERS
    canvas = {line["SIS Login ID"]: line[ASSIGNMENT] for line in lines}
    assert float(canvas["ada"]) == after["ada"][1]
    assert float(canvas["cyd"]) == pytest.approx(after["cyd"][1])
    assert canvas["eve"] == canvas["lea"] == "", "not graded, and not handed in"
    succeeds(folder, "nbgrader", "export", "--exporter=autograder.exporters.MoodleExport")
    lines = list(csv.DictReader(io.StringIO((folder / "moodle.csv").read_text(encoding="utf-8"))))
    moodle = {line["Username"]: line[ASSIGNMENT] for line in lines}
    assert moodle == {student: score or "-" for student, score in canvas.items()}
