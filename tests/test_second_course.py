"""Another lecturer's course, with nothing but the wheel: from its masters to the gradebook.

The course is `tests/second_course`; the environment has the wheel and no file of this repository.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import colab_runtime
import nbformat
import pytest
from course_folder import cell_of
from masters import ROOT
from nbgrader.api import Gradebook

MOST = 500_000
ASSIGNMENT, NOTEBOOK = "01_roots", "roots"
ANSWERS = {
    "ada": "def newton_step(x):\n    return x - f(x) / jax.vmap(jax.grad(f))(x)",
    "bob": "def newton_step(x):\n    return x + f(x) / jax.vmap(jax.grad(f))(x)",
    "eve": "def newton_step(x):\n    return jnp.sort(x, axis=3)",
}
"""One right, one with a listed misconception, and one that raises."""


def test_the_grader_holds_no_course():
    """Code and page templates are all that the wheel is made of."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"] == {"only-include": ["autograder"]}
    kinds = {
        path.suffix
        for path in (ROOT / "autograder").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert kinds == {".py", ".pyi", ".typed", ".j2", ".tpl", ".css", ".js", ".svg"}


class Machine:
    """A fresh environment with the wheel in it, and a folder to work in."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        environment = folder / "environment"
        colab_runtime.uv("venv", "-q", "--python", sys.executable, str(environment))
        self._bin = environment / "bin"
        frozen = subprocess.run(
            [*colab_runtime.command(), "pip", "freeze", "--exclude-editable"],
            env={**os.environ, "VIRTUAL_ENV": sys.prefix},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        pins = folder / "pins.txt"
        pins.write_text(frozen, encoding="utf-8")
        python = str(self._bin / "python")
        wanted = ("--constraint", str(pins), f"{wheel}[classroom]", "pytest")
        colab_runtime.uv("pip", "install", "-q", "--python", python, *wanted)
        hidden = ("PYTHONPATH", "VIRTUAL_ENV", "JAX_PLATFORMS", "XLA_FLAGS")
        self._variables = {name: value for name, value in os.environ.items() if name not in hidden}
        self._variables["PATH"] = os.pathsep.join([str(self._bin), os.environ["PATH"]])
        self._variables["AUTOGRADER_PROGRESS"] = str(folder / "progress.json")
        self._variables["COLUMNS"] = "200"

    def run(self, *words: str, within: str = ".") -> tuple[int, str]:
        """Run a command of the environment; its exit status, and what it wrote."""
        done = subprocess.run(
            [str(self._bin / words[0]), *words[1:]],
            cwd=self.folder / within,
            env=self._variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
        )
        assert "Traceback" not in done.stdout, done.stdout
        return done.returncode, done.stdout

    def succeed(self, *words: str, within: str = ".") -> str:
        """What a command wrote, which has to succeed."""
        status, output = self.run(*words, within=within)
        assert status == 0, output
        return output


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return colab_runtime.wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def machine(wheel, tmp_path_factory):
    return Machine(tmp_path_factory.mktemp("machine"), wheel)


@pytest.fixture(scope="module")
def course(machine):
    """The course, to which an exercise was added, proved, built and released."""
    shutil.copytree(ROOT / "tests" / "second_course", machine.folder / "numerics")
    words = ("autograder", "new", "exercise", "square", "03_time_stepping")
    machine.succeed(*words, within="numerics")
    proved = machine.succeed("autograder", "prove", within="numerics")
    for row in ("newton_step │ 6 of 6", "jacobi_sweeps │ 5 of 5", "march", "square"):
        assert row in re.sub(" +", " ", proved)
    machine.succeed("autograder", "build", within="numerics")
    machine.succeed("nbgrader", "generate_assignment", ASSIGNMENT, within="numerics")
    return machine.folder / "numerics"


@pytest.fixture(scope="module")
def handed_out(course, machine):
    """What a student was mailed, alone in a folder, with each answer that somebody gives."""
    for student, answer in ANSWERS.items():
        folder = machine.folder / "students" / student / ASSIGNMENT
        shutil.copytree(course / "exercises" / ASSIGNMENT, folder)
        notebook = nbformat.read(folder / f"{NOTEBOOK}.ipynb", as_version=4)
        cell_of(notebook, "newton_step").source = answer
        cell_of(notebook, "written-why_quadratic").source = "The error is squared in each step."
        nbformat.write(notebook, folder / f"{NOTEBOOK}.ipynb")
    return machine.folder / "students"


@pytest.fixture(scope="module")
def graded(course, handed_out, machine):
    """The course, in which three submissions were graded."""
    for student in ANSWERS:
        shutil.copytree(
            handed_out / student / ASSIGNMENT, course / "submitted" / student / ASSIGNMENT
        )
    machine.succeed("nbgrader", "autograde", ASSIGNMENT, within="numerics")
    return course


@pytest.mark.slow
def test_the_wheel_is_small_and_holds_the_grader_only(wheel, capsys):
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"autograder", "numpy_to_jax"}
    with capsys.disabled():
        print(f"\nThe wheel has {wheel.stat().st_size:,} bytes.")
    assert wheel.stat().st_size < MOST


@pytest.mark.slow
def test_what_is_released_holds_no_solution(course):
    released = {path.name for path in (course / "exercises" / ASSIGNMENT).iterdir()}
    assert f"{NOTEBOOK}.ipynb" in released
    assert f"{NOTEBOOK}.py" not in released
    text = (course / "exercises" / ASSIGNMENT / f"{NOTEBOOK}.ipynb").read_text(encoding="utf-8")
    assert "climbs along the tangent" not in text
    assert "raise NotImplementedError()" in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("student", "status", "words"),
    [("ada", 0, "passed"), ("bob", 1, "climbs along the tangent"), ("eve", 1, "error")],
)
def test_check_works_in_a_folder_that_was_mailed(handed_out, machine, student, status, words):
    here = f"students/{student}/{ASSIGNMENT}"
    done, output = machine.run("autograder", "check", f"{NOTEBOOK}.ipynb", within=here)
    assert (done, words in output) == (status, True), output


@pytest.mark.slow
def test_a_course_has_no_command_of_another(course, machine):
    status, output = machine.run("autograder", "slides", within="numerics")
    assert status == 2
    assert "No such command 'slides'" in output


@pytest.mark.slow
def test_nbgrader_validates_what_is_right_and_not_what_is_wrong(handed_out, machine):
    notebook = f"{ASSIGNMENT}/{NOTEBOOK}.ipynb"
    right = machine.succeed("nbgrader", "validate", notebook, within="students/ada")
    assert "Success" in right
    _, wrong = machine.run("nbgrader", "validate", notebook, within="students/bob")
    assert "Success" not in wrong


@pytest.mark.slow
def test_three_submissions_get_their_points_and_wait_for_the_written_answer(graded):
    with Gradebook(f"sqlite:///{graded}/gradebook.db") as gradebook:
        points = {
            one.student.id: (one.score, one.needs_manual_grade)
            for one in gradebook.assignment_submissions(ASSIGNMENT)
        }
    assert points == {"ada": (3.0, True), "bob": (0.0, True), "eve": (0.0, True)}
    lines = (graded / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()
    verdicts = {
        record["student"]: record["verdicts"]["newton_step"] for record in map(json.loads, lines)
    }
    assert [verdicts[name]["status"] for name in ANSWERS] == ["passed", "wrong", "error"]


@pytest.mark.slow
def test_feedback_groups_report_and_progress(graded, machine):
    machine.succeed("nbgrader", "generate_feedback", ASSIGNMENT, within="numerics")
    page = (graded / "feedback" / "bob" / ASSIGNMENT / f"{NOTEBOOK}.html").read_text()
    assert "climbs along the tangent" in page
    groups = machine.succeed("autograder", "groups", ASSIGNMENT, within="numerics")
    assert "newton_step" in groups
    machine.succeed("autograder", "report", ASSIGNMENT, "--html=report.html", within="numerics")
    assert "newton_step" in (graded / "report.html").read_text(encoding="utf-8")
    progress = machine.succeed("autograder", "progress", within="numerics/solutions")
    assert "Newton's method" in progress or ASSIGNMENT in progress
    assert "05_vmap" not in progress


@pytest.mark.slow
def test_a_class_is_graded_again_when_points_have_changed(graded, machine):
    master = graded / "solutions" / ASSIGNMENT / f"{NOTEBOOK}.py"
    text = master.read_text(encoding="utf-8")
    text = text.replace("minutes=8 points=3", "minutes=8 points=2")
    master.write_text(text.replace('"01_roots" points=5', '"01_roots" points=4'), encoding="utf-8")
    said = machine.succeed("autograder", "regrade", ASSIGNMENT, "--yes", within="numerics")
    assert "newton_step: 3 → 2" in said
    assert "The points of 1 of 3 submissions change." in said
    with Gradebook(f"sqlite:///{graded}/gradebook.db") as gradebook:
        points = {
            one.student.id: (one.score, one.max_score)
            for one in gradebook.assignment_submissions(ASSIGNMENT)
        }
    assert points == {"ada": (2.0, 4.0), "bob": (0.0, 4.0), "eve": (0.0, 4.0)}


@pytest.mark.slow
def test_pytest_proves_an_exercise_of_the_course(course, machine):
    output = machine.succeed("pytest", "-q", "solutions", "-k", "march", within="numerics")
    assert "1 passed" in output


@pytest.mark.slow
def test_learners_get_a_folder_that_works_with_the_wheel_alone(course, machine):
    zipped = machine.folder / "handed" / "numerics.zip"
    zipped.parent.mkdir()
    machine.succeed(
        "autograder", "pack", "learner", f"--folder={zipped.with_suffix('')}", within="numerics"
    )
    with zipfile.ZipFile(zipped) as file:
        file.extractall(machine.folder / "learner")
    here = "learner/numerics"
    text = (machine.folder / here / "course" / "01_roots.ipynb").read_text(encoding="utf-8")
    assert 'predicted(\\"my_factor\\")' in text
    assert "right digits doubles" not in text
    assert not list((machine.folder / here).rglob("*.py"))
    # JupyterLab says its version and ends; by then the folder was opened.
    assert re.search(r"^4\.", machine.succeed("autograder", "lab", "--version", within=here), re.M)
    assert "Predictions: 0 of 1" in machine.succeed("autograder", "progress", within=here)


@pytest.mark.slow
def test_a_course_begins_in_an_empty_folder(machine):
    (machine.folder / "empty").mkdir()
    machine.succeed("autograder", "new", "course", "optics", within="empty")
    machine.succeed("autograder", "new", "assignment", "02_lenses", within="empty")
    machine.succeed("autograder", "new", "exercise", "focal_length", within="empty")
    assert "6 of 6" in machine.succeed("autograder", "prove", within="empty")
    machine.succeed("autograder", "build", within="empty")
    machine.succeed("nbgrader", "generate_assignment", "02_lenses", within="empty")
    output = machine.succeed("autograder", "build", "--check", within="empty")
    assert "Every generated file is up to date." in output
