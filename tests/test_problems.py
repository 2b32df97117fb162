"""Bad input: one sentence that says what to do, a non-zero exit, no traceback."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from masters import ROOT

from autograder.authoring import faults, master
from autograder.authoring.course import Demands
from autograder.judge import devices
from autograder.problem import Problem, require_jax

MASTER = (ROOT / "solutions" / "05_vmap" / "vmap.py").read_text()

LAST = "stars=3 importance=2 minutes=15"


def edited(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    """The vmap master with some text replaced, in a folder of its own."""
    text = MASTER
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "05_vmap" / "vmap.py"
    path.parent.mkdir()
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ([(f"{LAST} points=3", f"{LAST} points=4")], "add up to 21"),
        ([(f"{LAST} points=3", "minutes=8 points=3")], "it needs"),
        ([("exercise(\n    pairwise,", "dict(\n    a=pairwise,")], "pairwise has no reference"),
        ([('# %% solution="pairwise"', "# %%")], "pairwise needs one cell tagged solution"),
        ([('# %% check="pairwise"', '# %% check="pairs"')], "pairwise needs one cell tagged check"),
        ([("return jnp.dot(W, x) + b", "return jnp.dot(W, x) +")], "SyntaxError"),
        ([('assignment="05_vmap"', 'assignment="06_vmap"')], "the folder 05_vmap"),
        ([('assignment="05_vmap" points=20', "")], 'the tags assignment="…"'),
        (
            [(f"{LAST} points=3", f"{LAST} points=0"), ('vmap" points=20', 'vmap" points=17')],
            "has no points; only the question of the fast track may have none",
        ),
    ],
)  # fmt: skip
def test_a_master_that_does_not_fit_together(tmp_path, changes, sentence):
    with pytest.raises(Problem, match=re.escape(sentence)):
        master.load(edited(tmp_path, *changes))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            ('"`in_axes` may be a plain number if there is only one argument.",', ""),
            "has 2 hints; it",
        ),
        (("explanation=", "explanation='' and "), ""),
        (('rejected_by="batch loop"', 'rejected_by="batch lop"'), "did you mean 'batch loop'?"),
        (('rejected_by="shape"', 'rejected_by="Shape"'), "did you mean 'shape'?"),
        ((f"{LAST} points=3", f"{LAST} points=4"), "add up to 21"),
        ((f"{LAST} points=3", f'{LAST} points="3"'), "the tag points='3' has to be a number"),
        (('exercise="pairwise"', "exercise=5"), "the tag exercise=5 has to be a text in quotes."),
        (("# ---\n", "\ufeff# ---\n"), ""),
        (("return jnp.dot(W, x) + b", "return jnp.dot(W, x) +"), "invalid syntax."),
    ],
)
def test_the_text_of_a_master_tells_what_is_wrong(tmp_path, change, sentence):
    found = faults.of_text(edited(tmp_path, change), Demands())
    assert sentence in " ".join(found)
    assert len(found) == bool(sentence)


def test_all_that_is_wrong_is_said_at_once_and_before_jax_is_imported(tmp_path):
    path = edited(
        tmp_path,
        (f"{LAST} points=3", f"{LAST} points=4"),
        ('rejected_by="batch loop"', 'rejected_by="batch lop"'),
        ("import jax\n", "import jax, nothing_of_this_name\n"),
    )
    (tmp_path / "solutions").mkdir()
    path.parent.rename(tmp_path / "solutions" / "05_vmap")
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\n")
    program = (
        "import sys; from autograder.cli import main; main(['prove'], standalone_mode=False); "
        "print('jax' in sys.modules)"
    )
    done = command(sys.executable, "-c", program, folder=tmp_path)
    assert done.stdout == "False\n"
    first, second = done.stderr.splitlines()
    assert "the points add up to 21" in first
    assert "no answer is ever rejected by 'batch lop'" in second


@pytest.mark.parametrize(
    ("demands", "exercise"),
    [
        (Demands(hints=False), "hints=[]"),
        (Demands(explanation=False), "explanation=''"),
        (Demands(another=False), "another=''"),
        (Demands(wrong_answers=0), "wrong_answers=[]"),
    ],
    ids=["hints", "explanation", "another", "wrong answers"],
)
def test_what_a_course_does_not_ask_for_may_be_left_out(tmp_path, demands, exercise):
    whole = ["hints=['a', 'b', 'c']", "explanation='e'", "another='a'", "wrong_answers=[1, 2, 3]"]
    without = [one for one in whole if one.split("=")[0] != exercise.split("=")[0]]
    path = tmp_path / "a" / "a.py"
    path.parent.mkdir()
    head = '# %% [markdown] assignment="a" points=0\n# # A\n\n# %%\n'
    for arguments in ([*without, exercise], without):
        path.write_text(head + f"exercise(f, {', '.join(arguments)})\n")
        assert faults.of_text(path, demands) == []
        (sentence,) = faults.of_text(path, Demands())
        assert "switches this off." in sentence


def test_what_is_only_known_when_a_master_has_run_is_asked_for_then(tmp_path):
    change = ('hints=[\n        "Only one', 'hints=2 * [\n        "Only one')
    path = edited(tmp_path, change)
    assert faults.of_text(path, Demands()) == []
    (sentence,) = faults.of_exercises(path, master.load(path).exercises.values(), Demands())
    assert "predict_batch has 6 hints; it needs 3" in sentence


def test_a_missing_master(tmp_path):
    with pytest.raises(Problem, match="every assignment needs one"):
        master.load(tmp_path / "nothing.py")


def test_an_unknown_device():
    with pytest.raises(Problem, match='There is no device "quantum" to judge on: choose cpu'):
        devices.named("quantum")


@pytest.mark.parametrize("version", ["0.4.38", "0.7.1", "0.6.9.dev1"])
def test_a_jax_too_old(version):
    with pytest.raises(Problem, match=rf"needs JAX 0\.7\.2 or newer, but {version} is installed"):
        require_jax(version)


@pytest.mark.parametrize("version", ["0.7.2", "0.10.2", "0.11.2", "0.12.0.1"])
def test_a_jax_new_enough(version, recwarn):
    require_jax(version)
    assert not recwarn


def test_a_newer_jax_than_any_that_was_tried_is_no_obstacle():
    with pytest.warns(
        UserWarning, match=r"tested with JAX 0\.7\.2 to 0\.12, but 1\.0 is installed"
    ):
        require_jax("1.0")


def command(*words: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        words, cwd=folder, capture_output=True, text=True, env={**os.environ, "PATH": path}
    )


def test_build_of_an_unknown_assignment():
    done = command("autograder", "build", "99_nothing")
    assert done.returncode == 2
    assert "There is no assignment 99_nothing" in done.stderr
    assert "05_vmap" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_command_outside_the_course(tmp_path):
    done = command("autograder", "build", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("There is no course here: go to the folder of one")


def test_autograde_of_an_unknown_assignment(tmp_path):
    done = command("nbgrader", "autograde", "99_nothing", folder=tmp_path)
    assert done.returncode != 0
    assert "No notebooks were matched" in done.stderr
    assert "Traceback" not in done.stderr
