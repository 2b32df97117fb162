"""Bad input, disks and terminals: one sentence, an exit status that is not zero, nothing lost."""

import json
import os
import shutil
import subprocess

import course_folder
import nbformat
import pytest
from click.testing import CliRunner
from course_folder import cell_of
from masters import ROOT

from autograder.authoring import build, configuration, master
from autograder.classroom import log
from autograder.classroom.statistics import groups, report
from autograder.classroom.statistics.groups import Group
from autograder.cli import main
from autograder.judge.verdict import Status
from autograder.problem import Problem
from autograder.student import notebook, progress, stubs
from course import tables as overview

RELEASED = ROOT / "exercises" / "05_vmap" / "vmap.ipynb"
ANSWER = "def column_norms(A): return jnp.sum(A**2, axis=0)"


def run(*words):
    """The output of a command that ends in one sentence."""
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


@pytest.fixture
def answered(tmp_path):
    made = nbformat.read(RELEASED, as_version=4)
    cell_of(made, "column_norms").source = ANSWER
    path = tmp_path / "mine.ipynb"
    path.write_text(json.dumps(made))
    # Beside it, since elsewhere the data of the whole course would be read.
    shutil.copy(RELEASED.with_suffix(".check"), tmp_path)
    return path


ODD = [
    None, "x", 3, True, [], [1], {}, {"grade_id": []}, {"grade_id": None}, {"grade_id": {}},
    {"grade_id": 3, "grade": "x", "solution": []}, {"grade": True}, [{"grade_id": "pairwise"}],
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=str)
@pytest.mark.parametrize("where", ["column_norms", "check-column_norms", "everywhere"])
def test_nbgraders_metadata_may_be_anything(answered, odd, where):
    made = json.loads(answered.read_text())
    for cell in made["cells"]:
        if where in (cell["id"], "everywhere"):
            cell["metadata"]["nbgrader"] = odd
    answered.write_text(json.dumps(made))
    assert "column_norms" in notebook.answers(notebook.read(answered))
    stubs.reset_file(answered, "column_norms")
    changed = json.loads(answered.read_text())
    assert [cell["metadata"] for cell in changed["cells"]] == [
        cell["metadata"] for cell in made["cells"]
    ]


def test_a_notebook_with_odd_metadata_is_checked(answered, monkeypatch, tmp_path):
    monkeypatch.setenv(progress.VARIABLE, str(tmp_path / "progress.json"))
    made = json.loads(answered.read_text())
    others = [cell for cell in made["cells"] if cell["id"] != "column_norms"]
    for cell, odd in zip(others, ODD * 9, strict=False):
        cell["metadata"]["nbgrader"] = odd
    answered.write_text(json.dumps(made))
    done = run("check", answered, "column_norms")
    assert done.exit_code == 1
    assert "leaves out the square root" in done.output


def test_a_byte_order_mark_is_no_damage(answered):
    answered.write_bytes(b"\xef\xbb\xbf" + answered.read_bytes())
    assert "column_norms" in notebook.answers(notebook.read(answered))


def test_reset_where_nothing_can_be_written_changes_nothing(answered, monkeypatch):
    before = answered.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    for name in ("copy2", "copyfile"):
        monkeypatch.setattr(shutil, name, full)
    done = run("reset", answered, "column_norms")
    assert done.exit_code == 2
    assert "was not changed: nothing can be written in" in done.output
    assert answered.read_bytes() == before
    assert {path.name for path in answered.parent.iterdir()} == {"mine.ipynb", "vmap.check"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root can write everywhere")
def test_reset_in_a_folder_that_is_read_only(answered):
    answered.parent.chmod(0o500)
    done = run("reset", answered, "column_norms")
    assert done.exit_code == 2
    assert "nothing can be written in" in done.output


def test_a_reset_keeps_half_a_character_that_stands_elsewhere(answered):
    made = json.loads(answered.read_text())
    made["cells"][0]["source"] = "\ud83d"
    answered.write_text(json.dumps(made))
    stubs.reset_file(answered, "column_norms")
    assert json.loads(answered.read_text())["cells"][0]["source"] == ["\ud83d"]


@pytest.mark.parametrize("command", ["report", "groups"])
def test_a_page_that_cannot_be_written_is_one_sentence(command, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(report, "report", lambda *_: report.Report(assignment="05_vmap"))
    monkeypatch.setattr(groups, "groups", lambda *_: {})
    done = run(command, "05_vmap", f"--html={tmp_path}/nowhere/page.html")
    assert done.exit_code == 2
    assert "page.html cannot be written: No such file or directory." in done.output


def test_any_other_file_that_cannot_be_used_is_one_sentence(monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)

    def fails(*_):
        raise OSError(30, "Read-only file system", str(tmp_path / "a\x1b[2J"))

    for where, command in ((build, ["build"]), (groups, ["groups", "05_vmap"])):
        monkeypatch.setattr(where, command[0], fails)
        done = run(*command)
        assert done.exit_code == 2
        said = f"{tmp_path}/a\N{REPLACEMENT CHARACTER}[2J cannot be read or written: Read-only file"
        assert said in done.output


def test_progress_that_cannot_be_kept_stops_nobody(monkeypatch, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(progress.VARIABLE, str(tmp_path / "file" / "progress.json"))
    assert run("progress").exit_code == 0
    assert progress.checked("numpy-to-jax", "a", "05_vmap", True).of("a").passed
    assert "cannot be saved in" in capsys.readouterr().out
    progress.unsaved.clear()


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_every_command_prints_to_a_terminal_with_few_characters(encoding, answered, tmp_path):
    few = {
        "PYTHONIOENCODING": encoding, "LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0", progress.VARIABLE: str(tmp_path / "p.json"),
        "PATH": course_folder.path(), "COLUMNS": "100",
    }  # fmt: skip
    for words, status in (
        (["progress"], 0),
        (["hint", "column_norms"], 0),
        (["check", str(answered), "column_norms"], 1),
        (["check", str(answered)], 1),
        (["reset", str(answered), "column_norms"], 0),
        (["report", "05_vmap"], 2),
        (["groups", "05_vmap"], 2),
        (["--help"], 0),
    ):
        done = subprocess.run(
            ["autograder", *words], cwd=ROOT, env=few, capture_output=True, timeout=300
        )
        assert done.returncode == status, (words, done.stderr)
        assert b"Traceback" not in done.stderr + done.stdout, words


def test_groups_send_no_command_to_a_terminal(monkeypatch):
    sample = "# \x1b]0;title\x07\x1b[2J\u202e\ndef f(x):\n\treturn x"
    verdict = log.LoggedVerdict(Status.WRONG, reason="\x1b[2J[red]x", program="p")
    one = Group("\x9bp", "f", "n", ("\x1b[1m",), verdict, sample)
    monkeypatch.setattr(groups, "groups", lambda *_: {"[bold]f\x1b": [one]})
    monkeypatch.chdir(ROOT)
    done = run("groups", "05_vmap", "--names")
    assert not any(character in done.output for character in "\x1b\x07\x9b\u202e")
    assert "return x" in done.output
    assert "[red]x" in done.output


def test_the_build_of_one_assignment_makes_the_tables_of_all_anew(monkeypatch, tmp_path):
    made = {name: tmp_path / name for name in ("assignment", "lesson", "tables")}
    monkeypatch.setattr(build, "build_assignment", lambda *_: [made["assignment"]])
    monkeypatch.setattr(build, "build_lesson", lambda *_: made["lesson"])
    monkeypatch.setattr(build, "build_overview", lambda *_: [made["tables"]])
    outline = tmp_path / "course" / "numpy-to-jax.check"
    expected = [made["assignment"], outline, made["lesson"], made["tables"]]
    assert build.build(ROOT, "05_vmap", tmp_path) == expected


def test_the_table_of_modules_takes_the_lessons_that_were_built_anew_first(tmp_path):
    (loaded,) = (master.load(path) for path in build.masters(ROOT, "05_vmap"))
    lesson = nbformat.read(ROOT / "course" / "05_vmap.ipynb", as_version=4)
    lesson.metadata["seconds"] = 4321
    nbformat.write(lesson, tmp_path / "05_vmap.ipynb")
    course = ROOT / "course"
    assert "| 4321 |" in overview.modules_table([loaded], [tmp_path, course])
    assert "| 4321 |" not in overview.modules_table([loaded], [tmp_path / "no", course])
    with pytest.raises(Problem, match=r"05_vmap\.ipynb does not exist: run `autograder build`"):
        overview.modules_table([loaded], [tmp_path / "no"])


HEAD = b'# %% [markdown] assignment="a" points=0\n# # A\n\n# %%\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD + b"def (", "fails when it is run: SyntaxError"),
        (HEAD + b"raise SystemExit(3)", "fails when it is run: SystemExit"),
        (HEAD + b"1 / 0", "fails when it is run: ZeroDivisionError"),
        (b"\xff\xfe", "cannot be read as a master"),
        (b"1 / 0", "the title cell needs the tags"),
    ],
)  # fmt: skip
def test_a_master_that_cannot_be_read_is_one_sentence(tmp_path, text, words):
    path = tmp_path / "a" / "a.py"
    path.parent.mkdir()
    path.write_bytes(text)
    with pytest.raises(Problem, match=words):
        master.load(path)


@pytest.mark.parametrize("text", ["c = (", "1 / 0", "import nothing_of_this_name", "exit()"])
def test_a_broken_configuration_is_one_sentence(tmp_path, text):
    (tmp_path / "nbgrader_config.py").write_text(text)
    with pytest.raises(Problem, match=r"nbgrader_config\.py fails when it is read: "):
        configuration.read(tmp_path)


def test_the_log_of_nobody_is_one_sentence(monkeypatch, tmp_path):
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\n")
    (tmp_path / "solutions").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", course_folder.path())
    for words in (["groups", "a"], ["report", "a"], ["replay", "a", "b", "c"]):
        done = run(*words)
        assert done.exit_code == 2
        assert "Nothing has been graded here yet" in done.output
    record = log.Record(student="s", assignment="a", notebook="n", seed=1, verdicts={})
    log.append(tmp_path, record)
    (tmp_path / "gradebook.db").write_bytes(b"no database at all, but long enough" * 99)
    done = run("report", "a")
    assert done.exit_code == 2
    assert "gradebook.db cannot be used (file is not a database)" in done.output
    (tmp_path / "gradebook.db").unlink()
    done = run("report", "a")
    assert done.exit_code == 2
    assert "The gradebook has no assignment a: run `nbgrader generate_assignment a`" in done.output
