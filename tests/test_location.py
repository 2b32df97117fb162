"""`check` and its like find their data from where the notebook lies, in any course."""

import dataclasses
import shutil
import subprocess
import sys

import course_folder
import nbformat
import pytest
from click.testing import CliRunner
from masters import ROOT, catalogue, outline

from autograder.cli import main
from autograder.problem import Problem
from autograder.student import check_file, hints, learner, location, lookup, progress, released
from autograder.student.outline import Module, Outline, Task

VMAP = ROOT / "exercises" / "05_vmap" / "vmap.check"
JUPYTER = "JPY_SESSION_NAME"


def predict_batch(W, b, xs):
    return xs @ W.T + b


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A kernel that was started where nothing lies, and knows of no notebook."""
    for name in (JUPYTER, location.VARIABLE):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv(progress.VARIABLE, str(tmp_path / "progress.json"))


@pytest.fixture
def mailed(tmp_path):
    """A folder with a notebook and its data that was mailed."""
    folder = tmp_path / "Downloads [1]" / "vmap ✓"
    folder.mkdir(parents=True)
    for path in VMAP.parent.iterdir():
        shutil.copy(path, folder)
    return folder


def in_jupyter(folder, monkeypatch):
    monkeypatch.setenv(JUPYTER, str(folder / "vmap.ipynb"))
    return {}


def in_vs_code(folder, monkeypatch):
    return {"__vsc_ipynb_file__": str(folder / "vmap.ipynb")}


def in_a_script(folder, monkeypatch):
    return {"__file__": str(folder / "answers.py")}


def in_its_folder(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return {}


def named_by_a_cell(folder, monkeypatch):
    monkeypatch.setenv(location.VARIABLE, str(folder))
    return {}


@pytest.mark.parametrize(
    "opened", [in_jupyter, in_vs_code, in_a_script, in_its_folder, named_by_a_cell]
)
def test_data_are_found_where_the_notebook_is_opened(opened, mailed, monkeypatch):
    variables = opened(mailed, monkeypatch)
    assert lookup.find("pairwise", variables).prompt.assignment == "05_vmap"
    assert lookup.find(predict_batch, {**variables, "predict_batch": predict_batch})


def test_a_notebook_that_changes_its_folder_keeps_its_data(mailed):
    cell = "import os; os.chdir('/'); from autograder import hint; hint('pairwise')"
    script = (
        "from IPython.core.interactiveshell import InteractiveShell as Shell\n"
        f"Shell.instance().run_cell({cell!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=mailed, capture_output=True, text=True
    )
    assert "Hint 1 of 3" in done.stdout, done.stderr


def test_a_kernel_that_a_terminal_started_takes_the_folder_of_its_notebook(mailed, monkeypatch):
    """A console has no file, and its session a name that is no path."""
    monkeypatch.setenv(JUPYTER, "console-1-0d1a")
    monkeypatch.chdir(mailed)
    assert lookup.find("pairwise", {})


def test_a_notebook_whose_folder_was_renamed_keeps_its_data(mailed, monkeypatch):
    """Its session still has the old name; the kernel's folder has the new one."""
    monkeypatch.setenv(JUPYTER, str(mailed / "vmap.ipynb"))
    monkeypatch.chdir(mailed)
    mailed.rename(mailed.with_name("renamed"))
    assert lookup.find("pairwise", {})


def test_without_data_one_sentence_says_what_to_do(tmp_path):
    with pytest.raises(Problem) as caught:
        lookup.find(predict_batch, {})
    assert str(caught.value) == (
        "check finds no data: the assignment's file that ends in .check is not in "
        f"{tmp_path / 'elsewhere'}. Get the folder of the assignment again, and put your notebook "
        "there."
    )


def small_course(folder, course, assignment, *names):
    """Data of another course, whose exercises are called so."""
    made = [
        dataclasses.replace(
            one, prompt=dataclasses.replace(one.prompt, name=name, assignment=assignment)
        )
        for one, name in zip(catalogue().values(), names, strict=False)
    ]
    tasks = tuple(Task(name, name.title(), 5) for name in names)
    path = f"exercises/{assignment}/a.ipynb"
    about = Outline(course, course, (Module(assignment, "Newton", 0, "", path, tasks),))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.check").write_bytes(check_file.encode(about, released.encode(made)))
    return about


def test_two_courses_may_call_an_exercise_the_same(mailed, tmp_path, monkeypatch, capsys):
    small_course(tmp_path / "numerics" / "01", "numerics", "01", "newton", "pairwise")
    monkeypatch.setenv(progress.VARIABLE, str(tmp_path))
    monkeypatch.chdir(tmp_path / "numerics" / "01")
    hints.hint("pairwise")
    assert progress.read("numerics").last == "01"
    monkeypatch.chdir(mailed)
    hints.hint("pairwise")
    assert progress.read(outline().course).last == "05_vmap"
    assert capsys.readouterr().out.count("Hint ") == 2
    assert list(progress.read("numerics").exercises) == ["pairwise"]


def test_several_notebooks_in_a_folder_work(mailed):
    shutil.copy(ROOT / "exercises" / "07_grad" / "grad.check", mailed)
    for name, assignment in (("pairwise", "05_vmap"), ("deep_gradient", "07_grad")):
        found = lookup.find(name, {"__file__": str(mailed / "x.py")})
        assert found.prompt.assignment == assignment


def test_of_two_files_with_an_exercise_the_notebook_s_own_counts(mailed):
    """As after a second download, which a browser calls `vmap (1)`."""
    one = catalogue()["pairwise"]
    data = released.encode([dataclasses.replace(one, stub="# older")])
    for name in ("a.check", "vmap (1).check"):
        (mailed / name).write_bytes(check_file.encode(outline(), data))
    for name, stub in (("vmap.ipynb", one.stub), ("vmap (1).ipynb", "# older")):
        variables = {"__vsc_ipynb_file__": str(mailed / name)}
        assert lookup.find("pairwise", variables).stub == stub


def run(*words):
    done = CliRunner(env={"COLUMNS": "100"}).invoke(main, [str(word) for word in words])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done


def test_a_terminal_finds_data_in_its_folder_and_below(mailed, monkeypatch):
    for folder in (mailed, mailed.parent, mailed.parent.parent):
        monkeypatch.chdir(folder)
        assert "Hint" in run("hint", "pairwise").output
        assert "05_vmap" in run("progress").output
    (mailed / "figures").mkdir()
    monkeypatch.chdir(mailed / "figures")
    assert "Hint" in run("hint", "pairwise").output


def test_a_terminal_where_no_course_is_gets_one_sentence():
    for words in (["progress"], ["hint", "pairwise"]):
        done = run(*words)
        assert done.exit_code == 2
        assert done.output == (
            "There is no file here that ends in .check: go to the folder of the course, or of one "
            "of its notebooks.\n"
        )


def test_a_name_of_two_assignments_asks_which_is_meant(tmp_path, monkeypatch):
    for assignment in ("01", "02"):
        small_course(tmp_path / "numerics" / assignment, "numerics", assignment, "newton")
    monkeypatch.chdir(tmp_path / "numerics")
    done = run("hint", "newton")
    assert done.exit_code == 2
    assert done.output == (
        "newton is an exercise of 01 and 02: go to the folder of the one you mean.\n"
    )
    monkeypatch.chdir(tmp_path / "numerics" / "02")
    assert run("hint", "newton").exit_code == 0


def test_the_progress_of_several_courses_asks_which_is_meant(mailed, tmp_path, monkeypatch):
    small_course(tmp_path / "numerics" / "01", "numerics", "01", "newton")
    monkeypatch.chdir(tmp_path)
    done = run("progress")
    assert done.exit_code == 2
    assert done.output == (
        "There are several courses here, numerics, numpy-to-jax: go to the folder of one of them.\n"
    )


def test_a_course_without_lessons_has_progress(tmp_path, monkeypatch):
    about = small_course(tmp_path / "numerics" / "a", "numerics", "newton", "newton", "jacobi")
    monkeypatch.chdir(tmp_path / "numerics")
    progress.checked("numerics", "newton", "newton", True)
    done = run("progress")
    assert done.exit_code == 0
    assert "1 of 2" in done.output
    assert about.modules[0].exercises in done.output


def test_reset_in_a_terminal_takes_the_data_beside_the_file(mailed, tmp_path):
    notebook = nbformat.read(mailed / "vmap.ipynb", as_version=4)
    (cell,) = (one for one in notebook.cells if one.id == "pairwise")
    stub, cell.source = cell.source, "pass"
    nbformat.write(notebook, mailed / "mine.ipynb")
    assert run("reset", mailed / "mine.ipynb", "pairwise").exit_code == 0
    (cell,) = (
        one
        for one in nbformat.read(mailed / "mine.ipynb", as_version=4).cells
        if one.id == "pairwise"
    )
    assert cell.source == stub


def test_a_notebook_that_was_mailed_alone_gets_one_sentence(mailed, tmp_path):
    alone = tmp_path / "alone.ipynb"
    shutil.move(mailed / "vmap.ipynb", alone)
    for words in (["check", alone], ["reset", alone, "pairwise"]):
        done = run(*words)
        assert done.exit_code == 2
        assert done.output == (
            f"{alone} has no data: the assignment's file that ends in .check is not beside it. Get "
            "the folder of the assignment again, and put the notebook there.\n"
        )


def test_a_submission_is_checked_with_the_data_of_the_course(mailed, tmp_path, monkeypatch):
    """As an instructor does, from the course's folder."""
    submitted = tmp_path / "submitted" / "jane" / "05_vmap" / "vmap.ipynb"
    submitted.parent.mkdir(parents=True)
    shutil.move(mailed / "vmap.ipynb", submitted)
    shutil.copytree(mailed, tmp_path / "exercises" / "05_vmap")
    monkeypatch.chdir(tmp_path)
    done = run("reset", submitted, "pairwise")
    assert "there is nothing to bring back" in done.output


def test_a_lesson_that_was_handed_on_alone_can_be_read(capsys):
    from autograder import lesson_read

    lesson_read("05_vmap")
    assert capsys.readouterr().out == (
        "You have read the lesson. This is not recorded: the course's folder was not found.\n"
    )


def test_the_lessons_have_the_outline_beside_them(monkeypatch, capsys):
    from autograder import lesson_read, resume

    monkeypatch.chdir(ROOT / "course")
    assert [path.name for path in location.of_notebook({})] == ["numpy-to-jax.check"]
    lesson_read("05_vmap")
    assert "exercises/05_vmap/vmap.ipynb" in capsys.readouterr().out
    resume()
    assert "05_vmap" in capsys.readouterr().out
    assert check_file.read(ROOT / "course" / "numpy-to-jax.check").packed == b""


def test_nothing_of_jax_is_imported_to_read_the_outline():
    script = (
        "import pathlib, sys; from autograder.student import location, standing\n"
        "location.outline_near(pathlib.Path('.'))\n"
        "assert not {'jax', 'IPython'} & sys.modules.keys()"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT / "course", capture_output=True)
    assert done.returncode == 0, done.stderr


def test_the_start_page_does_not_import_jax():
    script = "from autograder import resume; resume(); import sys; print('jax' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT / "course", capture_output=True, text=True,
    )  # fmt: skip
    assert "05_vmap" in done.stdout, done.stderr
    assert done.stdout.endswith("False\n")


def test_a_notebook_does_not_wait_for_a_bar_that_only_terminals_show():
    script = "from autograder import check; import sys; print('rich' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr


def test_one_exercise_is_checked_with_the_data_of_its_folder(mailed, monkeypatch, capsys):
    monkeypatch.chdir(mailed)
    learner.check(predict_batch)
    assert "✓ passed: predict_batch" in capsys.readouterr().out


@pytest.mark.slow
def test_an_assignment_that_was_fetched_has_its_data_and_validates(tmp_path):
    """Released and fetched by nbgrader's own commands, and validated from another folder."""
    folder, student = tmp_path / "course", tmp_path / "student"
    student.mkdir()
    folder.mkdir()
    course_folder.make(folder)
    shutil.copy(folder / "nbgrader_config.py", student)
    with (student / "nbgrader_config.py").open("a") as config:
        config.write(f"\nc.Exchange.root = {str(folder / 'exchange')!r}\n")
    for where, command in (
        (folder, "generate_assignment"),
        (folder, "release_assignment"),
        (student, "fetch_assignment"),
    ):
        ran = course_folder.run(where, "nbgrader", command, course_folder.ASSIGNMENT)
        assert ran.returncode == 0, ran.stdout
    fetched = student / outline().course / course_folder.ASSIGNMENT
    assert (fetched / "vmap.check").read_bytes() == VMAP.read_bytes()
    (fetched / "vmap.ipynb").chmod(0o644)
    nbformat.write(course_folder.right_answers(folder), fetched / "vmap.ipynb")
    ran = course_folder.run(tmp_path, "nbgrader", "validate", str(fetched / "vmap.ipynb"))
    assert "Success" in ran.stdout, ran.stdout
