"""`course.toml`: what is read of it, and the sentence for each mistake."""

import os
import re
import subprocess
import tomllib

import pytest
from click.testing import CliRunner
from masters import ROOT

from autograder.authoring import course
from autograder.authoring.course import CourseModule, Demands
from autograder.cli import main
from autograder.problem import Problem

SMALL = 'id = "numerics"\ntitle = "Numerical methods"\n'
MODULE = f'{SMALL}[[modules]]\nname = "a"\n'


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "course").mkdir()
    return tmp_path


def written(folder, text):
    (folder / "course" / "course.toml").write_text(text, encoding="utf-8")
    return course.read(folder)


def test_what_the_file_says_is_read(folder):
    found = written(
        folder,
        SMALL
        + 'jax = ">=0.8"\nmay_read = ["course/plots", "nowhere"]\n[exercises]\nanother = false\n'
        + '[[modules]]\nname = "01_a"\ntitle = "A"\nminutes = 5\n'
        + '[[modules]]\nname = "02_b"\nneeds = ["01_a"]\n',
    )
    assert (found.id, found.title, found.jax) == ("numerics", "Numerical methods", ">=0.8")
    assert found.exercises == Demands(another=False)
    assert found.modules == (CourseModule("01_a", "A", 5), CourseModule("02_b", needs=("01_a",)))
    (folder / "course" / "plots").mkdir()
    assert found.readable == [folder / "course" / "plots"]


MISTAKES = [
    ("id = ", "is not valid TOML"),
    ('title = "T"', 'id is missing; add a line such as id = "…".'),
    (SMALL + "[[modules]]", "name in module 1 is missing"),
    (SMALL + "modules = [1]", "begin module 1 with the line [[modules]]."),
    (SMALL + "jax = 8", "jax is 8; it has to be a text in quotes."),
    (SMALL + 'jax = "new"', "jax is 'new'; write the versions of JAX as in"),
    (SMALL + 'colour = "red"', "colour is not known; use one of id, title,"),
    (SMALL + "[exercises]\nhints = 3", "hints in [exercises] is 3; it has to be true or false."),
    (SMALL + "[exercises]\nwrong_answers = true", "it has to be a whole number."),
    (SMALL + "[exercises]\nwrong_answers = -1", "write 0 to ask for none."),
    (SMALL + "[exercises]\nhint = true", "hint in [exercises] is not known"),
    (SMALL + 'after_build = ["tables"]', "'tables' is not a function"),
    (SMALL + "after_build = [3]", "every entry of after_build has to be a text in quotes."),
    (SMALL + "[commands]\nx = 3", "every entry of commands has to be a text in quotes."),
    (SMALL + 'may_read = ["../secret"]', "within the course's folder."),
    (SMALL + 'may_read = ["/etc"]', "within the course's folder."),
    ('id = "my course"\ntitle = "T"', "use letters, digits, dashes and dots only."),
    (SMALL + '[[modules]]\nname = "a"\nneeds = ["b"]', "a needs b, which has to be a module"),
    (SMALL + '[[modules]]\nname = "a"\n[[modules]]\nname = "a"', "a is listed twice"),
    (SMALL + '[[modules]]\nname = "a/b"', "a module is called 'a/b'"),
    (SMALL + '[[modules]]\nname = "a"\nminutes = -5', "write 0 or more."),
    (MODULE + "due = 2027-03-01", "due in module 1 is 2027-03-01; it has to be a date with its"),
    (MODULE + "due = 17:00:00", "it has to be a date with its time and zone, without quotes"),
    (MODULE + 'due = "2027-03-01T17:00:00Z"', "without quotes, as in 2027-03-01T17:00:00Z."),
    (
        MODULE + "due = 2027-03-01T17:00:00",
        "due of a is 2027-03-01 17:00:00; write it with its zone",
    ),
    (MODULE + "due = 0001-01-01T00:00:00+14:00", "write it with its zone, as in 2027"),
]


@pytest.mark.parametrize(("text", "words"), MISTAKES, ids=[words for _, words in MISTAKES])
def test_a_mistake_is_one_sentence(folder, text, words):
    with pytest.raises(Problem, match=re.escape(words)):
        written(folder, text)


def test_all_mistakes_are_said_at_once(folder):
    with pytest.raises(Problem) as raised:
        written(folder, SMALL + "jax = 8\nmay_read = 3\n[exercises]\nhints = 1")
    assert len(str(raised.value).splitlines()) == 3


def test_a_byte_order_mark_is_no_mistake(folder):
    assert written(folder, f"\ufeff{SMALL}").id == "numerics"


def test_a_course_is_found_from_its_folders(folder, monkeypatch):
    written(folder, SMALL)
    inside = folder / "solutions" / "01_a"
    inside.mkdir(parents=True)
    for here in (folder, folder / "course", inside):
        monkeypatch.chdir(here)
        assert course.find().root == folder


def test_an_nbgrader_course_without_the_file_has_the_defaults(folder):
    (folder / "nbgrader_config.py").write_text("c = get_config()\n")
    found = course.find(folder)
    assert (found.root, found.id, found.modules) == (folder, folder.name, ())


def test_where_no_course_is_a_sentence_says_how_to_begin_one(folder, monkeypatch):
    monkeypatch.chdir(folder)
    with pytest.raises(Problem, match=r"There is no course here: .* `autograder new course NAME`"):
        course.find()


def test_another_jax_than_the_courses_is_said_in_one_sentence(folder):
    written(folder, SMALL + 'jax = ">=0.7"').require_jax()
    with pytest.raises(Problem, match=r"Numerical methods is made for JAX <0\.7 and found"):
        written(folder, SMALL + 'jax = "<0.7"').require_jax()


def test_a_hook_that_is_not_there_is_one_sentence(folder):
    with pytest.raises(Problem, match="names nothing_here:write, which cannot be loaded: Module"):
        written(folder, SMALL).load("nothing_here:write")


def test_the_notebooks_of_a_course_may_import_what_its_folder_has(folder, monkeypatch):
    written(folder, SMALL)
    monkeypatch.chdir(folder / "course")
    monkeypatch.setenv("PYTHONPATH", "before")
    called = {}
    monkeypatch.setattr(subprocess, "call", lambda *words, **how: called.update(how) or 0)
    CliRunner().invoke(main, ["lab", "--teach", "--no-browser"])
    assert called["cwd"] == folder
    assert called["env"]["PYTHONPATH"] == os.pathsep.join([str(folder), "before"])


COMMAND = """\
import click

@click.command()
def main():
    "Say hello."
    click.echo("hello")

no_command = 3
"""


def test_a_course_has_commands_of_its_own(folder, monkeypatch):
    (folder / "hello_of_this_course.py").write_text(COMMAND)
    names = ("main", "no_command", "nothing")
    lines = [f'{name} = "hello_of_this_course:{name}"\n' for name in names]
    written(folder, SMALL + "[commands]\n" + "".join(lines))
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    run = CliRunner().invoke
    assert "main        Say hello." in run(main, ["--help"]).output
    assert run(main, ["main"]).output == "hello\n"
    assert "is not a command that was made with click" in run(main, ["no_command"]).output
    assert "cannot be loaded: AttributeError" in run(main, ["nothing"]).output
    assert run(main, ["slides"]).exit_code == 2


def test_the_file_of_this_course_agrees_with_its_lessons_and_pins():
    mine = course.read(ROOT)
    for module in mine.modules:
        text = (ROOT / "course" / f"{module.name}.py").read_text(encoding="utf-8")
        (before,) = re.findall(r"\*\*Read before\*\*(.*)$", text, re.MULTILINE)
        assert re.search(r"^# # \d+\. (.*)$", text, re.MULTILINE)[1] == module.title
        assert f"**Time** about {module.minutes} minutes" in text
        assert tuple(re.findall(r"`(\w+)`", before)) == module.needs
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"jax{mine.jax}" in project["dependencies"]


@pytest.mark.parametrize("page", ["README.md", "site/index.md", "docs/learning.md"])
def test_the_pages_say_how_long_a_lesson_takes(page):
    minutes = [module.minutes for module in course.read(ROOT).modules]
    text = " ".join((ROOT / page).read_text(encoding="utf-8").split())
    assert f"a lesson of {min(minutes)} to {max(minutes)} minutes" in text


def test_an_assignment_without_a_master_is_left_to_nbgrader(tmp_path):
    (tmp_path / "solutions" / "plain").mkdir(parents=True)
    with pytest.raises(
        Problem, match=r"^plain has no master, .* `nbgrader autograde plain --force`\.$"
    ):
        course.masters(tmp_path, "plain")
