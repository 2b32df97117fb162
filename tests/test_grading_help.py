"""What the formgrader shows beside a written answer; nothing on its pages is a script of others."""

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import course_folder
import nbformat
import pytest
from masters import ROOT
from nbformat.v4 import new_markdown_cell, new_notebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.server_extensions.formgrader.formgrader import FormgradeExtension

from autograder.classroom.formgrader import grading_help
from autograder.classroom.formgrader import patches as formgrader_patches

ASSIGNMENT, NOTEBOOK, CELL = "05_vmap", "vmap", "written-when_to_vmap"
LINE = "- 1: a computation for broadcasting, with a reason that fits it"
SCRIPT = "<script>document.title = 'taken'</script>"


@pytest.fixture
def course(tmp_path):
    """A course folder with a master and nbgrader's configuration."""
    (tmp_path / "solutions" / ASSIGNMENT).mkdir(parents=True)
    for name in ("nbgrader_config.py", f"solutions/{ASSIGNMENT}/{NOTEBOOK}.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    return CourseDirectory(root=str(tmp_path), source_directory="solutions")


@pytest.fixture(scope="module")
def gradebook(tmp_path_factory):
    """A gradebook with the written answers of five students and comments on them."""
    comments = {
        "ada": f"{LINE}\n\nWhy?",
        "ben": "Why?",
        "cyd": f"One <b>more</b>.\n{SCRIPT}",
        "dan": LINE,
        "eve": None,
    }
    folder = tmp_path_factory.mktemp("gradebook")
    with course_folder.new_gradebook(folder / "gradebook.db") as gradebook:
        gradebook.add_assignment(ASSIGNMENT)
        gradebook.add_notebook(NOTEBOOK, ASSIGNMENT)
        gradebook.add_notebook("other", ASSIGNMENT)
        for name in (NOTEBOOK, "other"):
            settings = {"cell_type": "markdown", "max_score": 2}
            gradebook.add_grade_cell(CELL, name, ASSIGNMENT, **settings)
            gradebook.add_solution_cell(CELL, name, ASSIGNMENT)
        for student, comment in comments.items():
            gradebook.add_student(student)
            gradebook.add_submission(ASSIGNMENT, student)
            for name, text in ((NOTEBOOK, comment), ("other", "Of another question.")):
                gradebook.find_comment(CELL, name, ASSIGNMENT, student).manual_comment = text
        gradebook.db.commit()
        yield gradebook


def help_for(course, gradebook, cell=CELL, notebook=NOTEBOOK):
    return grading_help.of_cell(course, gradebook, ASSIGNMENT, notebook, cell)


def master_of(course) -> Path:
    return Path(course.root, "solutions", ASSIGNMENT, f"{NOTEBOOK}.py")


def test_a_written_answer_has_its_rubric_and_the_model_answer(course, gradebook):
    found = help_for(course, gradebook)
    assert str(found.lines[0]) == LINE
    assert found.answer.startswith("Broadcasting: standardising")
    assert found.problem == ""


def test_comments_are_offered_once_without_the_lines_of_the_rubric(course, gradebook):
    assert help_for(course, gradebook).comments == ("Why?", f"One <b>more</b>.\n{SCRIPT}")
    assert help_for(course, gradebook, notebook="other").comments == ("Of another question.",)


def test_a_rubric_that_changed_is_shown_without_a_release(course, gradebook):
    help_for(course, gradebook)
    path = master_of(course)
    path.write_text(path.read_text().replace("for broadcasting, with", "for NumPy's way, with"))
    os.utime(path, ns=(1, 1))
    found = help_for(course, gradebook)
    assert found.lines[0].words.startswith("a computation for NumPy's way")
    assert any(LINE in comment for comment in found.comments), "what was said before stays"


def test_a_notebook_without_a_master_has_comments_only(course, gradebook):
    master_of(course).unlink()
    found = help_for(course, gradebook)
    assert (found.lines, found.answer, len(found.comments)) == ((), "", 4)


def test_a_master_that_cannot_be_read_is_one_sentence(course, gradebook, monkeypatch):
    monkeypatch.setattr("jupytext.read", lambda path: 1 / 0)
    found = help_for(course, gradebook)
    assert found.problem == f"{master_of(course)} cannot be read as a master: division by zero"
    assert found.lines == ()


@pytest.fixture
def formgrader(course, gradebook, monkeypatch):
    """nbgrader's settings of a server, with its templates and our patches."""
    monkeypatch.chdir(course.root)
    formgrader_patches.install()
    extension = FormgradeExtension()
    extension.root_dir = course.root
    extension.initialize([])
    app = SimpleNamespace(settings={})
    extension.init_tornado_settings(app)
    return app.settings | {"nbgrader_gradebook": gradebook}, app


def page_of(formgrader, source=SCRIPT, **names):
    """The page of one submission with a written answer."""
    settings, app = formgrader
    app.settings.update(settings)
    tags = {
        "schema_version": 3, "grade_id": CELL, "grade": True, "solution": True, "locked": False,
        "task": False, "points": 2, "cell_type": "markdown",
    }  # fmt: skip
    notebook = new_notebook(cells=[new_markdown_cell(source, metadata={"nbgrader": tags})])
    resources = {
        "assignment_id": ASSIGNMENT, "notebook_id": NOTEBOOK, "submission_id": "7", "index": 0,
        "total": 1, "base_url": "/user/teacher", "student": "ada", "first_name": None,
        "last_name": None, "notebook_path": "ada/vmap.ipynb", **names,
    }  # fmt: skip
    nbformat.validate(notebook)
    return settings["nbgrader_exporter"].from_notebook_node(notebook, resources=resources)[0]


def test_the_page_of_a_submission_shows_the_help_below_a_hub_too(formgrader):
    page = page_of(formgrader)
    assert 'src="/user/teacher/formgrader/autograder/rubric.js"' in page
    assert LINE in page
    assert "Earlier comments (2)" in page
    assert ">ada" in "".join(page.split())


@pytest.mark.parametrize("field", ["source", "student", "first_name", "last_name", "notebook_path"])
def test_nothing_that_a_student_wrote_is_markup(formgrader, field):
    names = {"first_name": "Ada", "last_name": "Lovelace"} if "name" in field else {}
    page = page_of(formgrader, **(names | {field: f'">{SCRIPT}'}))
    assert SCRIPT not in page
    assert "&lt;script&gt;document.title" in page


def test_a_missing_notebook_is_a_page_that_says_so(formgrader):
    settings, _ = formgrader
    resources = {"filename": f"{SCRIPT}.ipynb", "index": 0, "total": 1, "base_url": ""}
    page = settings["nbgrader_jinja2_env"].get_template("formgrade_404.tpl")
    assert "not found: &lt;script&gt;" in page.render(resources=resources)


@pytest.mark.parametrize(
    "name", ["manage_students_assignments.tpl", "manage_students_notebook_submissions.tpl"]
)
def test_the_id_of_a_student_cannot_end_a_text_of_a_script(formgrader, name):
    settings, _ = formgrader
    template = settings["nbgrader_jinja2_env"].get_template(name)
    page = template.render(student_id='"; alert(1); "', assignment_id=ASSIGNMENT, base_url="")
    assert '"; alert(1)' not in page


def test_the_page_of_submissions_has_the_button(formgrader):
    settings, _ = formgrader
    template = settings["nbgrader_jinja2_env"].get_template("manage_submissions.tpl")
    page = template.render(assignment_id=ASSIGNMENT, base_url="/user/teacher", course_dir="/course")
    assert 'src="/user/teacher/formgrader/autograder/autograde_all.js"' in page
    assert "Autograde all</button>" in page
