"""The learner's folder: what it holds, and that an update loses nothing that the learner wrote."""

import json
import os
import re
import shutil
import socket
import subprocess
import zipfile
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner
from masters import ROOT
from nbformat.sign import NotebookNotary

from autograder.authoring import course, learner_folder
from autograder.authoring.learner_folder import LIST
from autograder.classroom import lab
from autograder.cli import main
from autograder.problem import Problem
from autograder.student import check_file, location, progress
from autograder.student.outline import Module, Outline, Task

NEWTON = """\
# %% [markdown]
# # Newton
# ![A curve](pictures/curve.svg) and [the table](../docs/table.md), [not there](nothing.md)

# %%
from autograder import predicted
from helpers import one

my_factor = ...

# %%
predicted(my_factor, one() + 1, why="It doubles.")
"""
START = """\
# %% [markdown]
# # Start
# [the table](../docs/table.md) [first](05_newton.ipynb#a)

# %%
from autograder import resume

resume()
"""
TOML = (
    'id = "numerics"\ntitle = "Numerics"\nmay_read = ["course"]\n[[modules]]\nname = "05_newton"\n'
)
LESSON = "course/05_newton.ipynb"
NEW = "course/05_newton (new).ipynb"


@pytest.fixture(autouse=True)
def own_progress(tmp_path_factory, monkeypatch):
    monkeypatch.setenv(progress.VARIABLE, str(tmp_path_factory.mktemp("p") / "progress.json"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))


@pytest.fixture
def root(tmp_path):
    """A small course with one lesson and one assignment, built."""
    files = {
        "course/course.toml": TOML,
        "course/05_newton.py": NEWTON,
        "course/05_newton.ipynb": "{}",  # the executed lesson, which has all the answers
        "course/start.py": START,
        "course/notes.txt": "for readers",
        "course/pictures/curve.svg": "<svg/>",
        "docs/table.md": "| a |",
        "docs/other.md": "not linked",
        "helpers.py": "def one():\n    return 1\n",
        "solutions/05_newton/newton.py": "secret = 1",
        "exercises/05_newton/data.csv": "1,2",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    exercises = "exercises/05_newton/newton.ipynb"
    module = Module("05_newton", "Newton", 20, LESSON, exercises, (Task("root", "A root", 5),))
    outline = check_file.encode(Outline("numerics", "Numerics", (module,)))
    for name in ("course/numerics.check", "exercises/05_newton/newton.check"):
        (tmp_path / name).write_bytes(outline)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")])
    nbformat.write(notebook, tmp_path / exercises)
    return tmp_path


def updated(root, folder=None):
    """The learner's folder, after an update."""
    folder = folder or root / "work"
    learner_folder.update(course.read(root), folder)
    learner_folder.draw(folder)
    return folder


def changed(path, source="my_factor = 3", cell=1):
    """Change a cell of a notebook as a learner does."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[cell].source = source
    nbformat.write(notebook, path)
    return path.read_bytes()


def new_release(root, text="# # Newton, again"):
    master = root / "course" / "05_newton.py"
    master.write_text(master.read_text().replace("# # Newton", text))


def files(folder):
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def test_the_folder_holds_what_a_learner_needs_and_nothing_else(root):
    folder = updated(root)
    assert files(folder) == [
        ".gitignore", LIST, "course/05_newton.check", LESSON, "course/notes.txt",
        "course/pictures/curve.svg", "docs/table.md", "exercises/05_newton/data.csv",
        "exercises/05_newton/newton.check", "exercises/05_newton/newton.ipynb", "helpers.py",
        "start.ipynb",
    ]  # fmt: skip
    everything = b"".join((folder / name).read_bytes() for name in files(folder))
    assert b"It doubles" not in everything
    assert b"secret" not in everything


def test_git_sees_nothing_of_the_folder(root):
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    updated(root)
    status = subprocess.run(
        ["git", "status", "--porcelain", "-uall"], cwd=root, capture_output=True, text=True
    )
    assert "helpers.py" in status.stdout
    assert "work" not in status.stdout


def test_links_of_the_start_page_hold_where_it_lies(root):
    folder = updated(root)
    text = nbformat.read(folder / "start.ipynb", as_version=4).cells[0].source
    assert "(docs/table.md)" in text
    assert "(course/05_newton.ipynb#a)" in text


def test_the_start_page_is_drawn_and_trusted_before_it_is_run(root):
    folder = updated(root)
    notebook = nbformat.read(folder / "start.ipynb", as_version=4)
    (output,) = notebook.cells[1].outputs
    assert 'href="course/05_newton.ipynb"' in output.data["text/html"]
    assert "0 of 1" in output.data["text/html"]
    for path in folder.rglob("*.ipynb"):
        assert NotebookNotary().check_signature(nbformat.read(path, as_version=4)), path
    progress.predicted("numerics", "05_newton", "my_factor", True)
    before = (folder / "start.ipynb").read_bytes()
    updated(root)
    assert b"Predictions: 1 of 1; 1 was right." in (folder / "start.ipynb").read_bytes()
    assert b"Predictions: 0 of 1" in before


def test_nothing_is_written_where_nothing_changed(root, monkeypatch):
    folder = updated(root)
    monkeypatch.setattr(learner_folder, "_write", lambda *_: pytest.fail("written"))
    updated(root)
    assert (folder / LESSON).is_file()


def test_a_lesson_that_the_learner_did_not_touch_is_updated(root):
    folder = updated(root)
    new_release(root)
    (root / "helpers.py").write_text("def one():\n    return 1.0\n")
    updated(root)
    assert "Newton, again" in (folder / LESSON).read_text()
    assert "1.0" in (folder / "helpers.py").read_text()
    assert not (folder / NEW).exists()


def test_a_new_lesson_comes_in(root):
    folder = updated(root)
    (root / "course" / "06_more.py").write_text("# %%\n1\n")
    updated(root)
    assert (folder / "course" / "06_more.ipynb").is_file()


def test_what_the_learner_changed_stays_and_the_new_version_is_beside_it(root):
    folder = updated(root)
    mine = changed(folder / LESSON)
    new_release(root)
    updated(root)
    assert (folder / LESSON).read_bytes() == mine
    assert "Newton, again" in (folder / NEW).read_text()
    page = (folder / "start.ipynb").read_text()
    assert "05_newton.ipynb has changed in the course: your file is unchanged" in page


def test_a_cell_that_was_run_is_the_learners_too(root):
    folder = updated(root)
    notebook = nbformat.read(folder / LESSON, as_version=4)
    notebook.cells[1].outputs = [nbformat.v4.new_output("stream", text="1")]
    nbformat.write(notebook, folder / LESSON)
    mine = (folder / LESSON).read_bytes()
    new_release(root)
    updated(root)
    assert (folder / LESSON).read_bytes() == mine
    assert (folder / NEW).is_file()


def test_opening_and_saving_changes_nothing(root):
    folder = updated(root)
    notebook = json.loads((folder / LESSON).read_text())
    notebook["metadata"]["language_info"] = {"name": "python"}
    for cell in notebook["cells"]:
        cell["id"] = "another"
        cell["metadata"]["trusted"] = True
        cell["source"] = (
            cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        )
    (folder / LESSON).write_text(json.dumps(notebook))
    new_release(root)
    updated(root)
    assert "Newton, again" in (folder / LESSON).read_text()
    assert not (folder / NEW).exists()


def test_one_release_is_offered_once_and_the_next_one_again(root):
    folder = updated(root)
    changed(folder / LESSON)
    new_release(root)
    updated(root)
    (folder / NEW).unlink()
    updated(root)
    assert not (folder / NEW).exists()
    new_release(root, "# # Newton, once more")
    updated(root)
    assert "once more" in (folder / NEW).read_text()


def test_a_newer_version_replaces_the_one_beside_only_if_that_is_untouched(root):
    folder = updated(root)
    changed(folder / LESSON)
    new_release(root, "# # Newton 2")
    updated(root)
    new_release(root, "# # Newton 3")
    updated(root)
    assert "Newton 3" in (folder / NEW).read_text()
    mine = changed(folder / NEW)
    new_release(root, "# # Newton 4")
    updated(root)
    assert (folder / NEW).read_bytes() == mine
    assert "Newton 4" in (folder / "course" / "05_newton (new 2).ipynb").read_text()
    assert len(location.newer(folder)) == 2


def test_a_learner_who_takes_the_new_version_is_up_to_date(root):
    folder = updated(root)
    changed(folder / LESSON)
    new_release(root)
    updated(root)
    (folder / NEW).replace(folder / LESSON)
    updated(root)
    new_release(root, "# # Newton, once more")
    updated(root)
    assert "once more" in (folder / LESSON).read_text()
    assert not (folder / NEW).exists()


def test_a_notebook_that_was_deleted_comes_back(root):
    folder = updated(root)
    (folder / LESSON).unlink()
    updated(root)
    assert (folder / LESSON).is_file()


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"written": {"a": 3}}', "\udcff"])
def test_with_a_damaged_list_nothing_is_overwritten(root, text):
    folder = updated(root)
    mine = changed(folder / LESSON)
    new_release(root)
    if text is None:
        (folder / LIST).unlink()
    else:
        (folder / LIST).write_bytes(text.encode(errors="surrogateescape"))
    updated(root)
    assert (folder / LESSON).read_bytes() == mine
    assert (folder / NEW).is_file()


def test_a_notebook_that_the_learner_broke_is_kept(root):
    folder = updated(root)
    for name in (LESSON, "start.ipynb"):
        (folder / name).write_text("{ broken")
    updated(root)
    new_release(root)
    updated(root)
    assert (folder / LESSON).read_text() == "{ broken"
    assert (folder / "start.ipynb").read_text() == "{ broken"
    assert "Newton, again" in (folder / NEW).read_text()


def test_data_for_check_are_replaced_since_old_ones_do_not_fit(root):
    folder = updated(root)
    data = folder / "exercises" / "05_newton" / "newton.check"
    data.write_bytes(b"damaged")
    new_release(root)
    updated(root)
    assert check_file.read(data).outline.modules[0].predictions == 1


def test_an_update_that_is_interrupted_loses_nothing(root, monkeypatch):
    folder = updated(root)
    mine = changed(folder / LESSON)
    new_release(root)
    write = learner_folder._write

    def fails(path, content):
        if path.name == LIST:
            raise OSError(28, "No space left on device", str(path))
        write(path, content)

    monkeypatch.setattr(learner_folder, "_write", fails)
    with pytest.raises(Problem, match="No space left on device"):
        updated(root)
    monkeypatch.setattr(learner_folder, "_write", write)
    updated(root)
    assert (folder / LESSON).read_bytes() == mine
    assert [path.name for path in folder.rglob("*(new*")] == ["05_newton (new).ipynb"]


@pytest.mark.parametrize("name", [".", "course", "exercises/05_newton", "solutions/mine"])
def test_the_authors_own_folders_are_refused(root, name):
    with pytest.raises(Problem, match="is the folder of the course's author"):
        updated(root, root / name)


def test_a_folder_that_cannot_be_written_is_one_sentence(root):
    (root / "file").write_text("")
    with pytest.raises(
        Problem, match=r"cannot be written .*choose another folder with --folder\.$"
    ):
        updated(root, root / "file")


@pytest.mark.parametrize("name", ["course/numerics.check", "exercises/05_newton/newton.ipynb"])
def test_a_course_that_is_not_built_says_so(root, name):
    (root / name).unlink()
    with pytest.raises(Problem, match="run `autograder build`"):
        updated(root)


def test_a_folder_is_packed_with_its_zip_file(root, tmp_path_factory):
    place = tmp_path_factory.mktemp("out") / "numerics"
    progress.lesson_read("numerics", "05_newton")
    made = learner_folder.pack(course.read(root), place)
    assert made == [place, place.with_name("numerics.zip")]
    with zipfile.ZipFile(made[1]) as zipped:
        assert sorted(zipped.namelist()) == [f"numerics/{name}" for name in files(place)]
    assert "· to read" in (place / "start.ipynb").read_text()  # not the packer's own progress
    with pytest.raises(Problem, match="is there already"):
        learner_folder.pack(course.read(root), place)


def test_a_packed_folder_is_brought_in_and_overwrites_nothing(root, tmp_path_factory):
    packed, home = tmp_path_factory.mktemp("class") / "lessons", tmp_path_factory.mktemp("home")
    about = course.read(root)
    learner_folder.pack(about, packed, exercises=False)
    assert not (packed / "exercises").exists()
    (home / "diary.txt").write_text("mine")
    ran = CliRunner().invoke(main, ["unpack", str(packed), "--folder", str(home)])
    assert ran.exit_code == 0, ran.output
    assert (home / LESSON).read_bytes() == (packed / LESSON).read_bytes()
    assert not (home / ".gitignore").exists()
    page = (home / "start.ipynb").read_text()
    assert "course/05_newton.ipynb" in page
    assert "exercises/" not in page  # no link to what the student has not fetched
    mine = changed(home / LESSON)

    shutil.rmtree(packed)
    packed.with_name("lessons.zip").unlink()
    new_release(root)
    learner_folder.pack(about, packed, exercises=False)
    learner_folder.unpack(packed, home)
    assert (home / LESSON).read_bytes() == mine
    assert b"Newton, again" in (home / NEW).read_bytes()
    assert (home / "diary.txt").read_text() == "mine"


def test_a_folder_that_was_not_packed_is_one_sentence(tmp_path):
    (tmp_path / "lessons").mkdir()
    for content in (None, '{"course": "c", "source": "", "written": {"../x": "0"}}'):
        if content is not None:
            (tmp_path / "lessons" / LIST).write_text(content)
            (tmp_path / "x").write_text("not of the lessons")
        ran = CliRunner().invoke(
            main, ["unpack", str(tmp_path / "lessons"), "--folder", str(tmp_path / "home")]
        )
        assert ran.exit_code == 2
        assert "is not a folder that `autograder pack learner` wrote" in ran.output
        assert "Traceback" not in ran.output


def test_two_courses_are_not_mixed_in_one_folder(root, tmp_path_factory):
    packed, home = tmp_path_factory.mktemp("class") / "lessons", tmp_path_factory.mktemp("home")
    learner_folder.pack(course.read(root), packed, exercises=False)
    text = (packed / LIST).read_text()
    learner_folder.unpack(packed, home)
    (packed / LIST).write_text(text.replace('"numerics"', '"algebra"'))
    with pytest.raises(Problem, match="belongs to the course numerics"):
        learner_folder.unpack(packed, home)


def test_no_answer_of_the_author_is_packed(tmp_path):
    shutil.copytree(ROOT / "exercises" / "05_vmap", tmp_path / "exercises" / "05_vmap")
    notebook = tmp_path / "exercises" / "05_vmap" / "vmap.ipynb"
    content = nbformat.read(notebook, as_version=4)
    (cell,) = [cell for cell in content.cells if cell.id == "pairwise"]
    cell.source = "def pairwise(xs, ys): ..."
    nbformat.write(content, notebook)
    with pytest.raises(Problem, match="is not as it was released, pairwise differs"):
        learner_folder.pack(course.read(tmp_path), tmp_path / "out")


@pytest.fixture
def started(monkeypatch):
    """How JupyterLab was started: its words, its folder, and the files of its settings."""
    calls = []

    def call(words, **how):
        (settings,) = [word for word in words if "app_settings_dir" in word]
        folder = Path(settings.partition("=")[2])
        how["config"] = {path.name: json.loads(path.read_text()) for path in folder.iterdir()}
        calls.append({"words": words, **how})
        return 0

    monkeypatch.setattr(subprocess, "call", call)
    return calls


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def test_the_command_opens_the_learners_folder_without_instructors_panels(
    root, started, monkeypatch
):
    monkeypatch.chdir(root / "solutions")
    monkeypatch.setenv("PYTHONPATH", "before")
    assert run("lab", "--no-browser").exit_code == 0
    (one,) = started
    assert one["cwd"] == root / "work"
    assert one["env"]["PYTHONPATH"].split(os.pathsep) == [str(root / "work"), "before"]
    assert "--no-browser" in one["words"]
    assert "--LabApp.default_url=/lab/tree/start.ipynb" in one["words"]
    assert "--ContentsManager.hide_globs=*.check" in one["words"]
    assert one["config"]["page_config.json"]["disabledExtensions"] == [
        "@jupyter/nbgrader:create-assignment", "@jupyter/nbgrader:formgrader",
        "@jupyter/nbgrader:course-list",
    ]  # fmt: skip
    assert "notification" in str(one["config"]["overrides.json"])


def test_the_author_sees_everything(root, started, monkeypatch):
    monkeypatch.chdir(root)
    assert run("lab", "--teach").exit_code == 0
    (one,) = started
    assert one["cwd"] == root
    assert one["config"]["page_config.json"]["disabledExtensions"] == []
    assert not (root / "work").exists()


def test_the_courses_own_settings_are_added(root, started, monkeypatch):
    monkeypatch.chdir(root)
    (root / "course" / "jupyterlab").mkdir()
    file = root / "course" / "jupyterlab" / "page_config.json"
    file.write_text('{"terminalsAvailable": false, "disabledExtensions": ["mine"]}')
    assert run("lab").exit_code == 0
    config = started[0]["config"]["page_config.json"]
    assert config["terminalsAvailable"] is False
    assert len(config["disabledExtensions"]) == 4
    file.write_text("[")
    done = run("lab")
    assert (done.exit_code, done.output) == (2, f"{file} is not a JSON object: correct it.\n")


def test_a_folder_may_lie_elsewhere_and_is_opened_there_without_the_course(
    root, started, monkeypatch, tmp_path_factory
):
    place = tmp_path_factory.mktemp("elsewhere") / "mine"
    monkeypatch.chdir(root)
    assert run("lab", "--folder", place).exit_code == 0
    monkeypatch.chdir(place / "course")
    assert run("lab").exit_code == 0
    monkeypatch.chdir(place.parent)
    assert run("lab", "--folder", "mine").exit_code == 0
    assert [one["cwd"] for one in started] == [place] * 3


def test_without_a_course_and_a_folder_one_sentence_says_what_to_do(
    started, monkeypatch, tmp_path_factory
):
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))
    done = run("lab")
    assert done.exit_code == 2
    assert done.output.startswith("There is no course here")
    assert not started


def test_a_folder_that_is_open_already_is_not_opened_twice(root, started, monkeypatch):
    monkeypatch.chdir(root)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        running = {"root_dir": str(root / "work"), "url": url, "token": "abc"}
        file = os.path.join(os.environ["JUPYTER_RUNTIME_DIR"], "jpserver-1.json")
        with open(file, "w") as text:
            json.dump(running, text)
        done = run("lab", "--no-browser")
        assert f"open already: go on at {url}lab?token=abc." in done.output
        assert not started
    assert run("lab", "--no-browser").exit_code == 0  # that server has ended
    assert len(started) == 1


def test_a_folder_of_a_newer_release_is_one_sentence(started, monkeypatch, root, tmp_path_factory):
    place = updated(root, tmp_path_factory.mktemp("elsewhere") / "mine")
    data = place / "course" / "05_newton.check"
    data.write_bytes(data.read_bytes().replace(b"lesson data 1", b"lesson data 2"))
    monkeypatch.chdir(place)
    done = run("lab")
    assert done.exit_code == 2
    assert "update the package" in done.output
    assert len(done.output.splitlines()) == 1


def test_without_jupyterlab_one_sentence_says_what_to_install(root, started, monkeypatch):
    monkeypatch.chdir(root)
    monkeypatch.setattr(lab.importlib.util, "find_spec", lambda name: None)
    done = run("lab")
    assert done.exit_code == 2
    assert re.fullmatch(r"JupyterLab is not installed: run `pip install .*\n", done.output)
