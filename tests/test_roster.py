"""The gradebook's students come from a list of Canvas, of Moodle, or of one's own."""

import course_folder
import pytest
from click.testing import CliRunner
from nbgrader.api import Gradebook

from autograder.classroom import roster
from autograder.cli import main
from autograder.problem import Problem

CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,vmap (77),Final Score
,,,,,Manual Posting,
    Points Possible,,,,,20.00,(read only)
"Lovelace, Ada",4101,s0012,ada,JAX 1,17.5,90
"O'Brien, Bob",4102,s0013,bob,"JAX 1 and JAX 2",,
Łoś,4103,s0014,cai,JAX 2,,
"Student, Test",4199,,a1b2c3d4e5,JAX 1,,
"Gone, Long",4104,s0015,,JAX 1,,
"""
MOODLE = """\
"First name","Last name","ID number","Email address",Groups
Ada,Lovelace,12,ada@example.org,A
Bob,O'Brien,13,bob@example.org,
Cai,Łoś,14,cai@example.org,B
"""
OWN = """\
id,first_name,last_name,email
ada,Ada,Lovelace,ada@example.org
bob,Bob,O'Brien,
"""
PEOPLE = {
    "ada": ("Ada", "Lovelace"),
    "bob": ("Bob", "O'Brien"),
    "cai": ("Cai", "Łoś"),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A course's folder, in which the command is run."""
    monkeypatch.setenv("PATH", course_folder.path())
    monkeypatch.chdir(tmp_path)
    course_folder.new_gradebook(tmp_path / "gradebook.db").close()
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\n")
    return tmp_path


def load(folder, content, *options):
    """Run the command on a file with this content; the lines that it prints."""
    path = folder / "students.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    run = CliRunner().invoke(main, ["roster", "students.csv", *options])
    assert run.exit_code in (0, 2), run
    assert (run.exit_code == 2) == (not run.stdout)
    return run.output.splitlines()


def students(folder):
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        return {
            one.id: (one.first_name, one.last_name, one.email, one.lms_user_id)
            for one in gradebook.students
        }


def test_the_export_of_canvas_fills_the_gradebook(folder):
    assert load(folder, CANVAS) == [
        "A list of Canvas: 3 students, with their ids in column 'SIS Login ID'.",
        "Left out: the test student of Canvas, line 7.",
        "Left out: line 8 (Gone, Long) has no SIS Login ID.",
        "New: ada (Ada Lovelace).",
        "New: bob (Bob O'Brien).",
        "New: cai (Łoś).",
    ]
    assert students(folder) == {
        "ada": ("Ada", "Lovelace", "", "4101"),
        "bob": ("Bob", "O'Brien", "", "4102"),
        "cai": ("", "Łoś", "", "4103"),
    }


def test_the_same_file_again_changes_nothing(folder):
    load(folder, CANVAS)
    before = students(folder)
    assert load(folder, CANVAS)[3:] == [
        "The gradebook has all of this already: nothing was changed."
    ]
    assert students(folder) == before


def test_what_changes_is_said_and_nobody_is_removed_and_nothing_is_emptied(folder):
    load(folder, OWN)
    changed = "id,first_name,last_name,email\nada,,Byron,ada@example.com\ncai,Cai,Łoś,\n"
    assert load(folder, changed)[1:] == [
        "Changed: last name of ada, from Lovelace to Byron.",
        "Changed: email of ada, from ada@example.org to ada@example.com.",
        "New: cai (Cai Łoś).",
        "In the gradebook, but not in the file; they stay: bob.",
    ]
    assert students(folder) == {
        "ada": ("Ada", "Byron", "ada@example.com", ""),
        "bob": ("Bob", "O'Brien", "", ""),
        "cai": ("Cai", "Łoś", "", ""),
    }


def test_the_list_of_moodle_names_the_option_that_exports_need(folder):
    assert load(folder, MOODLE) == [
        "A list of Moodle: 3 students, with their ids in column 'ID number'.",
        "New: 12 (Ada Lovelace).",
        "New: 13 (Bob O'Brien).",
        "New: 14 (Cai Łoś).",
        'So that exports have the same ids, write `c.MoodleExport.identifies = "ID number"` into '
        "nbgrader_config.py.",
    ]
    assert students(folder)["14"] == ("Cai", "Łoś", "cai@example.org", "")


def test_the_column_of_the_ids_is_the_one_that_is_asked_for_or_that_exports_use(folder):
    (folder / "nbgrader_config.py").write_text(
        'c = get_config()\nc.CanvasExport.identifies = "SIS User ID"\n'
    )
    assert not any("identifies" in line for line in load(folder, CANVAS))
    assert sorted(students(folder)) == ["s0012", "s0013", "s0014", "s0015"]
    (folder / "gradebook.db").unlink()
    lines = load(folder, CANVAS, "--id", "id")
    assert 'c.CanvasExport.identifies = "ID"' in lines[-1]
    assert sorted(students(folder)) == ["4101", "4102", "4103", "4104"]


def test_an_own_list_may_have_other_columns_and_other_names_for_them(folder):
    text = "ID;First Name;LAST_NAME;Group\n007;Ada;Lovelace;3\n"
    assert load(folder, text)[1:] == ["New: 007 (Ada Lovelace)."]
    assert students(folder) == {"007": ("Ada", "Lovelace", "", "")}


SAVED = {
    "by Excel in Europe": CANVAS.replace('"Lovelace, Ada"', "Lovelace§ Ada")
    .replace('"O\'Brien, Bob"', "O'Brien§ Bob")
    .replace('"Student, Test"', "Student§ Test")
    .replace('"Gone, Long"', "Gone§ Long")
    .replace(",", ";")
    .replace("§", ",")
    .encode("utf-8-sig"),
    "as Unicode text": CANVAS.replace(",", "\t").replace("\t ", ", ").encode("utf-16"),
    "big-endian": CANVAS.encode("utf-16-be"),
    "on Windows": ("sep=,\n" + CANVAS).replace("\n", "\r\n").encode(),
    "in Latin-1": CANVAS.replace("Łoś", "Mérida").encode("latin-1"),
    "on an old Mac": CANVAS.replace("\n", "\r").encode(),
    "with the zeros kept": CANVAS.replace(",ada,", ',"=""ada""",').encode(),
}


@pytest.mark.parametrize("saved", SAVED.values(), ids=SAVED)
def test_a_list_is_read_however_it_was_saved(folder, saved):
    assert load(folder, saved)[0].startswith("A list of Canvas: 3 students")
    found = students(folder)
    assert found.pop("cai")[1] in ("Łoś", "Mérida")
    assert found == {
        "ada": ("Ada", "Lovelace", "", "4101"),
        "bob": ("Bob", "O'Brien", "", "4102"),
    }


@pytest.mark.parametrize(
    "head", ["LastName,FirstName,ID,SIS Login ID,Section", "Student Name,Student ID,Student SIS ID"]
)
def test_other_lists_of_canvas_are_read_too(folder, head):
    name = "Lovelace,Ada" if head.startswith("Last") else "Ada Lovelace"
    lines = load(folder, f"{head}\n{name},4101,ada,\n")
    advice = [line for line in lines if 'c.CanvasExport.identifies = "SIS User ID"' in line]
    assert len(advice) == (not head.startswith("Last"))
    assert students(folder) == {"ada": ("Ada", "Lovelace", "", "4101")}


FAULTS = {
    "": "students.csv is empty.",
    "name;grade\nada;3\n": "students.csv has no columns that are known: it needs id, first_name,",
    "id\n": "students.csv has no students with an id in the column 'id'.",
    "id,email\nada b,\n": "students.csv, line 2: the id ada b has a space or a slash; choose",
    "id,email\n../b,\n": "line 2: the id ../b has a space or a slash",
    "id,email\n..,\n": "line 2: the id .. cannot be the name of a folder.",
    "id,email\n=cmd(),\n": "line 2: the id =cmd() begins like a formula; choose another column",
    "id,email\n-1,\n": "line 2: the id -1 begins like a formula",
    "id,email\nada,a@b\n\nbob,\nada,c@d\n": "lines 2 and 5 have the same id, ada, but are",
    "id,first_name\nada,Ada,Byron\n": "line 2 has 3 cells, but the first line has 2: put quotes",
    'id,first_name\nada,"Ada\nbob,Bob\n': "line 2: the quotes of a cell are not closed.",
    f"id,email\nada,{'a' * 129}\n": "line 2: the email has more than 128 characters.",
    "PK\x03\x04": "students.csv is not text: save the spreadsheet as CSV, and use that file.",
}


@pytest.mark.parametrize("text", FAULTS, ids=FAULTS.values())
def test_a_bad_line_is_one_sentence_and_nothing_is_changed(folder, text):
    good = text.replace("\n", "\nzoe,\n", 1) if text.count("\n") > 1 else text
    for content in (text, good):
        lines = load(folder, content)
        assert FAULTS[text].split("line")[0] in lines[0]
        assert not any("Traceback" in line for line in lines)
    assert FAULTS[text] in load(folder, text)[0]
    assert students(folder) == {}


def test_all_bad_lines_are_said_at_once(folder):
    lines = load(folder, "id,email\na b,\nc d,\nada,\n")
    assert [line[:20] for line in lines] == [
        "students.csv, line 2",
        "students.csv, line 3",
        "Nothing was changed.",
    ]


def test_a_column_that_is_not_there_is_answered_with_those_that_are(folder):
    (line,) = load(folder, CANVAS, "--id", "Matrikel")
    assert line.startswith(
        "students.csv has no column 'Matrikel': use --id with one of Student, ID,"
    )


def test_nobody_is_added_twice_under_another_id(folder):
    load(folder, "id,email\nada,ada@example.org\n")
    (line,) = load(folder, MOODLE)
    assert line.startswith(
        "ada@example.org is ada in the gradebook, but 12 in the column 'ID number'"
    )
    assert list(students(folder)) == ["ada"]


def test_a_file_that_is_not_there_is_one_sentence(folder):
    run = CliRunner().invoke(main, ["roster", "nowhere.csv"])
    assert run.exit_code == 2
    assert run.output == "nowhere.csv cannot be read or written: No such file or directory.\n"


def test_a_name_like_a_formula_is_what_it_was_before_our_exports_wrote_it(folder):
    load(folder, "id,first_name,last_name\nada,'=Ada,'t Hooft\n")
    assert students(folder) == {"ada": ("=Ada", "'t Hooft", "", "")}


def test_names_control_no_terminal(folder):
    lines = load(folder, "id,first_name\nada,\x1b[31mAda\n")
    assert lines[1] == "New: ada (\N{REPLACEMENT CHARACTER}[31mAda)."


def test_a_change_is_whole_or_not_at_all(folder, monkeypatch):
    load(folder, OWN)
    before = students(folder)

    def fail(*_):
        raise Problem("The disk is full.")
        yield

    monkeypatch.setattr(roster, "_require_same_ids", lambda *_: None)
    bring = roster._bring
    monkeypatch.setattr(roster, "_bring", lambda *given: [*bring(*given), *fail()])
    load(folder, "id,email\nada,new@example.org\nzoe,zoe@example.org\n")
    assert students(folder) == before
