"""Where grades go: files for Canvas and Moodle, and a gradebook on PostgreSQL."""

import csv
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import course_folder
import pytest
from course_folder import ASSIGNMENT
from nbgrader.api import Gradebook
from nbgrader.plugins import CsvExportPlugin, ExportPlugin

from autograder.exporters import CanvasExport, CsvExport, MoodleExport

pytestmark = pytest.mark.filterwarnings("ignore:Object of type <Submitted")  # nbgrader's
PEOPLE = {
    "ada": {"first_name": "Ada", "last_name": "Byron, Lovelace", "email": "ada@example.org"},
    "bob": {},
    "cai": {"first_name": "Cai", "last_name": "Łoś"},
    "dan": {},
}
FORMULA = tuple("=+-@\t\r")
FORMULAS = ("=cmd|' /C calc'!A0", "@SUM(1)", "+1+1", "-1-1", "  =1+1", "\t=1")


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """The file of a gradebook."""
    path = tmp_path_factory.mktemp("gradebook") / "gradebook.db"
    with course_folder.new_gradebook(path) as gradebook:
        for name, most in (("05_vmap", 20), ("06_pytrees", 2.5)):
            gradebook.add_assignment(name)
            gradebook.add_notebook("n", name)
            gradebook.add_grade_cell("check", "n", name, max_score=most, cell_type="code")
        for student, known in PEOPLE.items():
            gradebook.add_student(student, **known)
        for student, assignment, points, waits in (
            ("ada", "05_vmap", 17.5, False),
            ("bob", "05_vmap", 1 / 3, False),
            ("bob", "06_pytrees", 0.0, False),
            ("cai", "05_vmap", 5.0, True),
        ):
            gradebook.add_submission(assignment, student)
            grade = gradebook.find_grade("check", "n", assignment, student)
            grade.auto_score, grade.needs_manual_grade = points, waits
        gradebook.db.commit()
    return path


@pytest.fixture
def gradebook(filled, tmp_path):
    """A gradebook of one's own."""
    path = shutil.copy(filled, tmp_path)
    with Gradebook(f"sqlite:///{path}") as gradebook:
        yield gradebook


def exported(plugin: ExportPlugin, gradebook: Gradebook, path: Path) -> list[list[str]]:
    plugin.to = str(path)
    plugin.export(gradebook)
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_the_file_for_canvas(gradebook, tmp_path):
    # Field by field what lib/gradebook_importer.rb of instructure/canvas-lms reads: `Student` and
    # `ID` in the first two columns, the two SIS columns in the third and fourth, `Section` in the
    # last before the assignments, points in a line whose first field holds "Points Possible".
    assert exported(CanvasExport(), gradebook, tmp_path / "canvas.csv") == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "05_vmap", "06_pytrees"],
        ["Points Possible", "", "", "", "", "20", "2.5"],
        ["Byron, Lovelace, Ada", "", "", "ada", "", "17.5", ""],
        ["bob", "", "", "bob", "", "0.3333", "0"],
        ["Łoś, Cai", "", "", "cai", "", "", ""],
        ["dan", "", "", "dan", "", "", ""],
    ]
    plugin = CanvasExport(identifies="SIS User ID", student=["cai"], unfinished=True)
    plugin.assignment = ["05_vmap"]
    assert exported(plugin, gradebook, tmp_path / "canvas.csv")[2:] == [
        ["Łoś, Cai", "", "cai", "", "", "5"]
    ]


def read_by_canvas(path, known):
    """The points that Canvas's import finds, by its numbers of assignments and of students.

    In the manner of lib/gradebook_importer.rb of instructure/canvas-lms.

    Args:
        path: the file.
        known: for each student of the course, the number, and the SIS user and login ids.
    """
    with path.open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    assert len(head) > 3
    assert "Student" in head[0]
    assert "ID" in head[1]
    assert re.search(r"SIS\s+User\s+ID", head[2])
    assert re.search(r"SIS\s+Login\s+ID", head[3])
    assert "Section" in head[4]
    titles = [re.fullmatch(r"(.*)\s\((\d+)\)", title) for title in head[5:]]
    found = {}
    for row in rows:
        assert len(row) == len(head)
        if "Points Possible" in row[0]:
            continue
        (student,) = (
            number
            for number, sis_user, sis_login in known
            if row[1] == number
            or (not row[1] and (row[2] == sis_user != "" or row[3] == sis_login != ""))
        )
        for title, points in zip(titles, row[5:], strict=True):
            assert re.fullmatch(r"[\d.]*", points)
            if points:
                found[title[2], student] = float(points)
    return found


@pytest.mark.parametrize("identifies", ["ID", "SIS User ID", "SIS Login ID"])
def test_canvas_finds_students_and_assignments_by_its_own_numbers(gradebook, tmp_path, identifies):
    """A student without a number is found by the id."""
    numbers = {"ada": "4101", "bob": "4102", "cai": "4103"}
    for student, number in numbers.items():
        gradebook.find_student(student).lms_user_id = number
    columns = {"05_vmap": "Write for one (77)", "06_pytrees": "Pytrees (78)"}
    plugin = CanvasExport(identifies=identifies, columns=columns)
    exported(plugin, gradebook, tmp_path / "canvas.csv")
    place = ["ID", "SIS User ID", "SIS Login ID"].index(identifies)
    known = []
    for student, number in {**numbers, "dan": "4104"}.items():
        one = [number, "", ""]
        one[place] = student
        known.append(one)
    found = read_by_canvas(tmp_path / "canvas.csv", known)
    ada, bob = ("ada", "bob") if identifies == "ID" else ("4101", "4102")
    assert found == {("77", ada): 17.5, ("77", bob): 0.3333, ("78", bob): 0}


def read_by_moodle(path, column, users):
    """The grades that Moodle's import finds, by column and user.

    In the manner of grade/import/csv/classes/load_data.php of moodle/moodle: where the user is
    missing, the one of the line above stays.

    Args:
        path: the file.
        column: the one that is mapped to the user.
        users: those of the course.
    """
    with path.open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    user, found = None, {}
    for row in rows:
        user = row[head.index(column)].strip() or user
        assert user in users, "one unknown user ends the whole import"
        for title, points in list(zip(head, row, strict=True)):
            if title[:2] in ("05", "06") and points.strip() not in ("", "-"):
                found[title, user] = float(points)
    return found


@pytest.mark.parametrize("everybody_has_one", [True, False])
def test_moodle_gives_nobody_the_grades_of_another_student(gradebook, tmp_path, everybody_has_one):
    """Not even if the column of addresses is mapped to the user."""
    students = list(PEOPLE)
    if everybody_has_one:
        for student in students:
            gradebook.find_student(student).email = f"{student}@example.org"
    (head, *rows) = exported(MoodleExport(), gradebook, tmp_path / "moodle.csv")
    assert ("Email address" in head) == everybody_has_one
    columns = [name for name in head if name in ("Username", "Email address")]
    for column in columns:
        ending = "" if column == "Username" else "@example.org"
        users = [f"{student}{ending}" for student in students]
        assert read_by_moodle(tmp_path / "moodle.csv", column, users) == {
            ("05_vmap", users[0]): 17.5, ("05_vmap", users[1]): 0.3333, ("06_pytrees", users[1]): 0,
        }  # fmt: skip
    assert rows[2][-2:] == ["-", "-"]


@pytest.mark.parametrize("identifies", ["Username", "ID number", "Email address"])
def test_the_first_column_for_moodle_holds_the_ids(gradebook, tmp_path, identifies):
    rows = exported(MoodleExport(identifies=identifies), gradebook, tmp_path / "moodle.csv")
    assert rows[:2] == [
        [identifies, "First name", "Last name", "05_vmap", "06_pytrees"],
        ["ada", "Ada", "Byron, Lovelace", "17.5", "-"],
    ]
    renamed = MoodleExport(identifies=identifies, columns={"05_vmap": "Assignment: vmap"})
    assert exported(renamed, gradebook, tmp_path / "moodle.csv")[0][-2:] == [
        "Assignment: vmap", "06_pytrees",
    ]  # fmt: skip


def test_the_file_of_nbgrader_itself(gradebook, tmp_path):
    CsvExportPlugin(to=str(tmp_path / "stock.csv")).export(gradebook)
    with (tmp_path / "stock.csv").open(encoding="utf-8") as file:
        stock = [line.split(",") for line in file.read().splitlines() if "Byron" not in line]
    ours = exported(CsvExport(), gradebook, tmp_path / "grades.csv")
    assert [row for row in ours if "Byron, Lovelace" not in row] == stock
    assert len(ours) == 1 + 2 * len(PEOPLE)


@pytest.mark.parametrize("kind", [CsvExport, CanvasExport, MoodleExport])
def test_no_cell_is_a_formula(gradebook, tmp_path, kind):
    for number, name in enumerate(FORMULAS):
        gradebook.add_student(name, first_name=name, last_name=name, email=name)
        gradebook.add_submission("05_vmap", name)
        grade = gradebook.find_grade("check", "n", "05_vmap", name)
        grade.auto_score, grade.needs_manual_grade = 1.5 + number, False
    gradebook.db.commit()
    rows = exported(kind(), gradebook, tmp_path / "grades.csv")
    cells = [cell for row in rows for cell in row]
    assert {cell for cell in cells if cell[:1] in FORMULA and cell != "-"} == set()
    assert {f"{1.5 + number:g}" for number in range(len(FORMULAS))} <= set(cells)


@pytest.mark.slow
def test_nbgrader_export_uses_it(tmp_path):
    folder = course_folder.make(tmp_path)
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        gradebook.add_assignment("05_vmap")
        gradebook.add_student("=cmd")
    run = course_folder.nbgrader(folder, "export")
    assert run.returncode == 0, run.stdout
    assert "05_vmap,,,'=cmd,,,,0.0,0.0,0.0,0" in (folder / "grades.csv").read_text()


def postgres() -> str:
    """The folder of PostgreSQL's programs; Debian keeps them off PATH."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    found = shutil.which("initdb")
    return str(folders[-1]) if folders else str(Path(found).parent) if found else ""


@pytest.fixture
def server():
    """The address of a database on a PostgreSQL server of its own."""
    programs = postgres()
    if not programs:
        pytest.skip("SKIPPED: no PostgreSQL on this machine (Debian: apt-get install postgresql)")
    # The server refuses to run as root, and pytest's own folders are root's alone.
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    user = pwd.getpwnam("postgres") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    if os.getuid() == 0:
        os.chown(folder, user.pw_uid, user.pw_gid)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(program, *arguments):
        subprocess.run(
            [f"{programs}/{program}", *arguments],
            check=True,
            cwd=folder,
            user=user.pw_uid if os.getuid() == 0 else None,
            group=user.pw_gid if os.getuid() == 0 else None,
            extra_groups=[] if os.getuid() == 0 else None,
            stdout=subprocess.DEVNULL,
        )

    data = str(folder / "data")
    run("initdb", "-D", data, "-U", "grader", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
    run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql+psycopg://grader@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.mark.slow
def test_a_class_with_its_gradebook_on_postgresql(server, tmp_path):
    folder = course_folder.make(tmp_path)
    with (folder / "nbgrader_config.py").open("a", encoding="utf-8") as config:
        config.write(f'c.CourseDirectory.db_url = "{server}"\n')
    run = course_folder.nbgrader(folder, "generate_assignment", ASSIGNMENT)
    assert run.returncode == 0, run.stdout
    right = course_folder.right_answers(folder)
    classroom = course_folder.CLASSROOM
    for student in ("right_as_the_reference", "not_json", "raises"):
        content = course_folder.submission(classroom / student, right)
        course_folder.submit(folder, student, content)
    for command in (
        ["autograde", ASSIGNMENT],
        ["generate_feedback", ASSIGNMENT],
        [
            "export",
            "--exporter=autograder.exporters.MoodleExport",
            "--MoodleExport.unfinished=True",
        ],
    ):
        run = course_folder.nbgrader(folder, *command)
        assert run.returncode == 0, run.stdout
    run = course_folder.run(folder, "autograder", "groups", ASSIGNMENT)
    assert run.returncode == 0, run.stdout
    with Gradebook(server) as gradebook:
        scores = {one.student.id: one.score for one in gradebook.assignment_submissions(ASSIGNMENT)}
    assert scores["right_as_the_reference"] == 18
    assert scores["not_json"] == 0
    assert 0 < scores["raises"] < 18
    assert not (folder / "gradebook.db").exists()
    with (folder / "moodle.csv").open(encoding="utf-8") as file:
        rows = {row["Username"]: row[ASSIGNMENT] for row in csv.DictReader(file)}
    assert {student: float(points) for student, points in rows.items()} == scores
    run = course_folder.run(folder, "autograder", "report", ASSIGNMENT)
    assert run.returncode == 0, run.stdout
