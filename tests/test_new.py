"""`autograder new`: a course, an assignment and an exercise that work before they are changed."""

import pytest
from click.testing import CliRunner
from masters import ROOT

from autograder.authoring import course, faults, master, proof
from autograder.cli import main


def run(*words):
    done = CliRunner().invoke(main, words)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("new", "course", "numerics").exit_code == 0
    return tmp_path


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_new_course_is_read_and_its_first_exercise_holds_what_is_asked_of_it(folder):
    found = course.find()
    assert (found.root, found.id, found.title) == (folder, "numerics", "Numerics")
    found.require_jax()
    found.require_modules()
    (path,) = course.masters(folder)
    assert faults.of_text(path, found.exercises) == []
    claims = proof.claims(master.load(path), "square_first_steps")
    assert len(claims) == 6
    assert all(claim.holds for claim in claims)


def test_nbgrader_is_configured_as_in_this_course(folder):
    ours = (ROOT / course.CONFIGURATION).read_text(encoding="utf-8")
    new = (folder / course.CONFIGURATION).read_text(encoding="utf-8")
    assert new == ours.replace('"numpy-to-jax"', '"numerics"')


def test_assignments_and_exercises_are_added_to_it(folder, monkeypatch):
    assert run("new", "assignment", "02_newton").exit_code == 0
    done = run("new", "exercise", "newton_step")
    assert done.output.startswith("solutions/02_newton/newton.py\n")
    monkeypatch.chdir(folder / "solutions" / "01_first_steps")
    done = run("new", "exercise", "second")
    assert done.output.startswith("solutions/01_first_steps/first_steps.py\n")
    done = run("new", "exercise", "third", "02_newton")
    assert done.output.startswith("solutions/02_newton/newton.py\n")
    assert [module.name for module in course.find().modules] == ["01_first_steps", "02_newton"]
    loaded = master.load(folder / "solutions" / "02_newton" / "newton.py")
    assert list(loaded.prompts) == ["square_newton", "newton_step", "third"]
    assert loaded.points == 3


def test_an_exercise_brings_the_imports_that_a_master_lacks(folder):
    path = folder / "solutions" / "01_first_steps" / "first_steps.py"
    path.write_text('# %% [markdown] assignment="01_first_steps" points=0\n# # A\n')
    run("new", "exercise", "first")
    assert list(master.load(path).exercises) == ["first"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("course", "other"), "Nothing was written, since this exists already: "),
        (("course", "my course"), "'my course' cannot be the name of a course"),
        (("course", "-x-"), "cannot be the name of a course"),
        (("course", ""), "cannot be the name of a course"),
        (("assignment", "01_first_steps"), "01_first_steps exists already"),
        (("assignment", "../outside"), "cannot be the name of an assignment"),
        (("assignment", "02-b"), "cannot be the name of an assignment"),
        (("assignment", "02"), "cannot be the name of an assignment"),
        (("exercise", "two words"), "cannot be the name of an exercise"),
        (("exercise", "lambda"), "cannot be the name of an exercise"),
        (("exercise", "square_first_steps"), "has something called square_first_steps already"),
        (("exercise", "jnp"), "has something called jnp already"),
        (("exercise", "a", "09_nothing"), "There is no assignment 09_nothing"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else "",
)
def test_what_cannot_be_begun_is_one_sentence_and_changes_nothing(folder, words, sentence):
    before = files(folder)
    done = run("new", words[0], "--", *words[1:])
    assert done.exit_code == 2
    assert sentence in done.output
    assert len(done.output.splitlines()) == 1
    assert files(folder) == before


def test_a_list_of_modules_that_cannot_be_added_to_stays_as_it_is(folder):
    path = folder / "course" / "course.toml"
    path.write_text('id = "n"\ntitle = "N"\nmodules = [{ name = "01_first_steps" }]\n')
    before = files(folder)
    done = run("new", "assignment", "02_newton")
    assert done.exit_code == 2
    assert "or add 02_newton yourself." in done.output
    assert files(folder) == before
