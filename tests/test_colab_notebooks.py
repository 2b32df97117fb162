"""Notebooks that work alone: what they carry, what their first cell does and says."""

import ast
import base64
import io
import itertools
import linecache
import lzma
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner
from colab_runtime import notebooks
from masters import loaded

from autograder.authoring import address, colab, course
from autograder.cli import main
from autograder.student import check_file, location, silence
from autograder.student.outline import Module, Outline, Task

TOML = 'id = "numerics"\ntitle = "Numerics"\n[[modules]]\nname = "05_newton"\n'
NEWTON = """\
# %% [markdown]
# # Newton
# ![A curve](pictures/curve.svg), [the table](../docs/table.md),
# [the exercises](../exercises/05_newton/newton.ipynb#root), [JAX](https://docs.jax.dev)

# %%
from autograder import predicted
from helpers import one

my_factor = ...

# %%
predicted(my_factor, one() + 1, why="It doubles.")
"""
LESSON, EXERCISES = "course/05_newton.ipynb", "exercises/05_newton/newton.ipynb"
ADDRESS = "https://github.com/owner/name"
numbers = itertools.count()


@pytest.fixture(autouse=True)
def no_address(monkeypatch):
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A small course with one lesson and one assignment, built."""
    root = tmp_path_factory.mktemp("numerics")
    files = {
        "course/course.toml": TOML,
        "course/05_newton.py": NEWTON,
        "course/pictures/curve.svg": "<svg/>",
        "course/unused.py": "",
        "docs/table.md": "| a |",
        "helpers.py": "def one():\n    return 1\n",
        "exercises/05_newton/data.csv": "1,2",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    module = Module("05_newton", "Newton", 20, LESSON, EXERCISES, (Task("root", "A root", 5),))
    outline = check_file.encode(Outline("numerics", "Numerics", (module,)))
    for name in ("course/numerics.check", "exercises/05_newton/newton.check"):
        (root / name).write_bytes(outline)
    cells = [nbformat.v4.new_code_cell("%matplotlib inline\nopen('data.csv')")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), root / EXERCISES)
    return root


@pytest.fixture(scope="module")
def made(root):
    return colab.notebooks(course.read(root))


def code(notebook):
    """The first cell of code."""
    return next(cell for cell in notebook.cells if cell.cell_type == "code")


def carried(notebook):
    """The archive in the first cell."""
    packed = base64.b85decode(code(notebook).source.rpartition("# packed: ")[2])
    return zipfile.ZipFile(io.BytesIO(lzma.decompress(packed)))


def run(source):
    """Run a cell in this process, as IPython does: its source is in the line cache."""
    name = f"<cell {next(numbers)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    exec(compile(source, name, "exec"), {"__name__": "__main__"})


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working folder, and a process whose settings are put back."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delenv(location.VARIABLE, raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    yield tmp_path / "here"
    os.environ.pop(location.VARIABLE, None)


def in_a_kernel(source, folder, *paths, then=""):
    """What IPython prints when it runs a cell and another one.

    Args:
        source: the cell.
        folder: the working folder.
        paths: folders to put first on Python's path.
        then: the other cell.
    """
    script = (
        "import sys\n"
        f"sys.path[:0] = {list(map(str, paths))!r}\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance(colors='nocolor')\n"
        "shell.run_cell(open('cell').read(), store_history=True)\n"
        f"shell.run_cell({then!r})\n"
    )
    (folder / "cell").write_text(source, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != location.VARIABLE}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, env=environment
    )
    return (done.stdout + done.stderr).strip()


def said(cell, error=Exception):
    with pytest.raises(error) as caught:
        run(cell)
    return str(caught.value)


def test_there_is_a_notebook_for_each_lesson_and_each_assignment(root, tmp_path, monkeypatch):
    monkeypatch.chdir(root)
    done = CliRunner().invoke(main, ["colab", "--folder", str(tmp_path / "out")])
    assert (done.exit_code, done.output.split()) == (
        0,
        [str(tmp_path / "out" / name) for name in (LESSON, EXERCISES)],
    )
    for name in (LESSON, EXERCISES):
        nbformat.validate(nbformat.read(tmp_path / "out" / name, as_version=4))


def test_nothing_that_is_there_is_overwritten(root, monkeypatch):
    monkeypatch.chdir(root)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    done = CliRunner().invoke(main, ["colab", "--folder", "."])
    assert (done.exit_code, done.output) == (
        2,
        f"{root / EXERCISES} is there already: remove it, or name another folder with --folder.\n",
    )
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_a_folder_that_cannot_be_made_is_said_in_one_sentence(root, tmp_path, monkeypatch):
    monkeypatch.chdir(root)
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(main, ["colab", "--folder", str(tmp_path / "file" / "out")])
    assert done.exit_code == 2
    assert "cannot be read or written: Not a directory." in done.output


def test_the_first_cell_is_folded_and_its_data_is_one_line(made):
    for notebook in made.values():
        first = notebook.cells[0]
        assert first.metadata == {"cellView": "form", "jupyter": {"source_hidden": True}}
        assert first.source.startswith("# @title ")
        *lines, packed = first.source.splitlines()
        assert max(map(len, lines)) < 200 < len(packed)


def test_a_notebook_carries_its_own_data_what_it_imports_and_the_learners_part_of_the_grader(made):
    names = {name: set(carried(made[name]).namelist()) for name in made}
    grader = {file for file in names[LESSON] if file.startswith("autograder/")}
    assert names[LESSON] - grader == {"course/05_newton.check", "helpers.py"}
    assert names[EXERCISES] - grader == {
        "exercises/05_newton/newton.check",
        "exercises/05_newton/data.csv",
    }
    rooms = {file.split("/")[1] for file in grader}
    assert rooms == {
        "__init__.py", "__init__.pyi", "markup.py", "problem.py", "schema.py", "text.py",
        "student", "judge",
    }  # fmt: skip


def test_equal_courses_give_equal_notebooks(root, made):
    assert colab.notebooks(course.read(root)) == made


def test_the_part_that_is_carried_imports_nothing_but_itself_and_what_colab_has(made):
    archive = carried(made[LESSON])
    modules = [name for name in archive.namelist() if re.fullmatch(r"autograder/.*\.py", name)]
    known = {name.removesuffix("/__init__.py").removesuffix(".py") for name in modules}
    known |= {str(Path(name).parent) for name in modules}
    others = set()
    for name in modules:
        for node in ast.parse(archive.read(name)).body:
            found = [alias.name for alias in getattr(node, "names", ())]
            if isinstance(node, ast.ImportFrom):
                module = str(node.module)
                submodules = {f"{module}.{one}".replace(".", "/") for one in found} & known
                found = [module] if not submodules else list(submodules)
            elif not isinstance(node, ast.Import):
                continue
            for one in found:
                if one.startswith("autograder"):
                    assert one.replace(".", "/") in known, (name, one)
                else:
                    others.add(one.partition(".")[0])
    # JAX brings jaxlib and ml_dtypes.
    assert others - {"jaxlib", "ml_dtypes"} - sys.stdlib_module_names <= set(colab.NEEDS)


def test_what_is_carried_without_comments_is_the_same_code(made):
    archive = carried(made[LESSON])
    for name in archive.namelist():
        if name.startswith("autograder/judge/"):
            path = Path(silence.__file__).parents[2] / name
            whole = ast.parse(path.read_text(encoding="utf-8"))
            whole = ast.parse(colab._without_comments(ast.unparse(whole)))
            assert ast.dump(ast.parse(archive.read(name))) == ast.dump(whole)


def test_pictures_are_in_the_notebook_and_links_that_lead_nowhere_are_words(made):
    text = made[LESSON].cells[1].source
    picture = base64.b64encode(b"<svg/>").decode()
    assert f"![A curve](data:image/svg+xml;base64,{picture}), the table," in text
    assert "the exercises, [JAX](https://docs.jax.dev)" in text


def test_the_first_cell_unpacks_the_data_and_puts_the_grader_on_the_path(made, here):
    source = made[LESSON].cells[0].source
    probe = "import autograder.text as one, helpers; print(one.__file__, helpers.one())"
    printed = in_a_kernel(source, here, then=probe)
    assert re.search(r"^\S+/autograder-\w+/autograder/text.py 1$", printed), printed


def test_files_beside_an_assignment_come_to_the_working_folder_and_replace_nothing(made, here):
    run(code(made[EXERCISES]).source)
    assert (here / "data.csv").read_text() == "1,2"
    (here / "data.csv").write_text("mine")
    run(code(made[EXERCISES]).source)
    assert (here / "data.csv").read_text() == "mine"
    assert Path(os.environ[location.VARIABLE]).name == "05_newton"


def test_nothing_is_unpacked_while_a_submission_is_graded(made, here):
    with silence.silence():
        run(code(made[EXERCISES]).source)
    assert location.VARIABLE not in os.environ
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("left", [0.3, 0.5, 0.99])
def test_a_cell_that_was_cut_says_so_in_one_sentence(left, made, here):
    source = made[LESSON].cells[0].source
    assert in_a_kernel(source[: int(left * len(source))], here) == (
        "The end of this cell is missing: download the notebook again, and upload the file itself."
    )


def test_a_line_that_an_editor_wrapped_is_read(made, here):
    source = made[LESSON].cells[0].source
    head, _, packed = source.rpartition("# packed: ")
    lines = [packed[at : at + 76] for at in range(0, len(packed), 76)]
    run(head + "# packed: " + "\n# ".join(lines) + "\n")
    assert location.VARIABLE in os.environ


def test_a_folder_that_cannot_be_written_is_said_in_one_sentence(made, here, monkeypatch):
    def fail(**_):
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp', '/content']")

    monkeypatch.setattr(tempfile, "mkdtemp", fail)
    assert said(made[LESSON].cells[0].source) == (
        "This notebook cannot unpack its files (No usable temporary directory found in ['/tmp', "
        "'/content']): make room on the disk, or set the variable TMPDIR to a folder that can be "
        "written, and restart the kernel."
    )


def test_a_jax_that_is_too_old_is_said_by_the_first_cell_in_one_sentence(made, here):
    old = here / "old" / "jax-0.4.30.dist-info"
    old.mkdir(parents=True)
    (old / "METADATA").write_text("Metadata-Version: 2.1\nName: jax\nVersion: 0.4.30\n")
    assert in_a_kernel(made[LESSON].cells[0].source, here, old.parent) == (
        "This course needs JAX 0.7.2 or newer, but 0.4.30 is installed: run "
        '`pip install -U "jax>=0.7.2"` and restart the kernel.'
    )


def test_packages_that_are_missing_are_named(made, here, monkeypatch):
    import importlib.util

    real = importlib.util.find_spec
    gone = ("rich", "filelock")
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in gone else real(name)
    )
    assert said(made[LESSON].cells[0].source) == (
        "Packages are missing: run `%pip install rich filelock` in a new cell, then run this cell "
        "again."
    )


def test_an_old_python_is_said(made, here, monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 1))
    assert said(made[LESSON].cells[0].source) == (
        "This notebook needs Python 3.11 or newer: choose another kernel."
    )


def test_with_an_address_the_grader_comes_from_there_and_a_badge_opens_the_notebook(root):
    made = colab.notebooks(course.read(root), ADDRESS)
    assert made[LESSON].cells[0].source == (
        "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
        "(https://colab.research.google.com/github/owner/name/blob/gh-pages/notebooks/"
        "course/05_newton.ipynb)"
    )
    assert '"numpy-to-jax @ git+https://github.com/owner/name"' in code(
        made[LESSON]
    ).source.replace("'", '"')
    assert set(carried(made[LESSON]).namelist()) == {"course/05_newton.check", "helpers.py"}
    text = made[LESSON].cells[2].source
    assert (
        "[the exercises](https://colab.research.google.com/github/owner/name/blob/gh-pages/"
        "notebooks/exercises/05_newton/newton.ipynb)" in text
    )
    assert "[the table](https://github.com/owner/name/blob/HEAD/docs/table.md)" in text


def test_the_address_of_a_wheel_is_what_pip_installs(root):
    wheel = "https://example.org/wheels/numpy_to_jax-0.1.0-py3-none-any.whl"
    made = colab.notebooks(course.read(root), address.find(root, wheel))
    assert f"numpy-to-jax @ {wheel}" in made[LESSON].cells[0].source


def test_where_pip_fails_one_sentence_says_so(root, here, monkeypatch):
    import importlib.util

    made = colab.notebooks(course.read(root), ADDRESS)
    asked = []

    class Shell:
        def run_line_magic(self, *words):
            asked.append(words)

    monkeypatch.setattr("IPython.get_ipython", Shell)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert said(code(made[LESSON]).source) == (
        "The grader is not installed: see above why pip could not install numpy-to-jax @ "
        "git+https://github.com/owner/name, and run this cell again."
    )
    assert asked == [("pip", 'install -q "numpy-to-jax @ git+https://github.com/owner/name"')]


@pytest.mark.parametrize(
    ("repository", "link"),
    [("", ""), (ADDRESS, address.on_colab(ADDRESS, f"notebooks/{EXERCISES}", "gh-pages"))],
)
def test_the_card_at_a_lessons_end_links_to_exercises_only_where_there_are_some(
    root, repository, link, here, monkeypatch, capsys
):
    made = colab.notebooks(course.read(root), repository)
    run(code(made[LESSON]).source)
    monkeypatch.setenv("AUTOGRADER_PROGRESS", str(here / "progress.json"))
    run('from autograder import lesson_read\nlesson_read("05_newton", skip=True)')
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == ", ".join(filter(None, ["Now you: the 1 exercises of 05_newton", link]))


def test_an_address_of_another_form_is_refused_in_one_sentence(root, tmp_path, monkeypatch):
    monkeypatch.chdir(root)
    done = CliRunner().invoke(main, ["colab", "--folder", "out", "--address", "github"])
    assert done.exit_code == 2
    assert "github is not the address of a repository" in done.output
    assert not (root / "out").exists()


@pytest.mark.slow
def test_no_notebook_of_the_course_is_larger_than_250_kilobytes():
    sizes = {name: len(nbformat.writes(made).encode()) for name, made in notebooks().items()}
    assert len(sizes) == 2 * len(loaded()), "a lesson and an assignment for each module"
    assert {name: size for name, size in sizes.items() if size > colab.LARGEST} == {}
