"""`pytest solutions/…` proves exercises, and pytest is as it was everywhere else."""

import subprocess
import sys

import pytest

from autograder.authoring import new

RUN = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist")


@pytest.fixture
def folder(tmp_path):
    new.new_course("numerics", tmp_path)
    return tmp_path


def run(folder, *words):
    done = subprocess.run([*RUN, *words], cwd=folder, capture_output=True, text=True)
    return done.returncode, done.stdout


def test_a_good_exercise_passes_and_a_bad_one_fails_with_a_sentence(folder):
    path = folder / "solutions" / "01_first_steps" / "first_steps.py"
    good = path.read_text(encoding="utf-8")
    status, output = run(folder, "-k", "square_first_steps")
    assert (status, output.splitlines()[-1].split(" in ")[0]) == (0, "1 passed")
    path.write_text(good.replace('rejected_by="values"', 'rejected_by="shape"'), encoding="utf-8")
    status, output = run(folder, str(path))
    assert status == 1
    assert "the answer “doubles” should be shape, but is values." in output
    assert "Traceback" not in output


def test_what_the_text_of_a_master_tells_is_said_when_it_is_collected(folder):
    path = folder / "solutions" / "01_first_steps" / "first_steps.py"
    text = path.read_text(encoding="utf-8").replace("points=1\n# # First", "points=2\n# # First")
    path.write_text(text.replace('rejected_by="values"', 'rejected_by="valus"'), encoding="utf-8")
    status, output = run(folder, "--collect-only")
    assert status == 2
    assert "the points add up to 1, the title says 2." in output
    assert "did you mean 'values'?" in output
    assert "Traceback" not in output


PROGRAM = """\
import sys

import pytest

status = pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist"])
heavy = {"jax", "numpy", "nbformat", "jupytext", "autograder.authoring.course"}
print(int(status), heavy & set(sys.modules))
"""


def test_other_projects_are_collected_as_ever_and_nothing_is_imported_for_them(tmp_path):
    (tmp_path / "solutions" / "a").mkdir(parents=True)
    files = {
        "test_own.py": "def test_it(): pass\n",
        "solutions/a/test_it.py": "def test_it(): pass\n",
        # Tagged like a master, and not in a course.
        "solutions/a/a.py": '# %% [markdown] assignment="a" points=1\n# # A\nraise SystemExit\n',
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "0 set()"
    assert "2 passed" in done.stdout
