"""`autograder prove`: what is said of a good exercise, and of one with a hole."""

import dataclasses
import json
import shutil
from types import SimpleNamespace

import conftest
import masters
import nbformat
import pytest
from click.testing import CliRunner
from masters import ROOT, exercises
from nbformat.v4 import new_code_cell, new_notebook

from autograder.authoring import master, rehearsal, trials
from autograder.authoring.mutants import Mutant
from autograder.cli import main

MASTER = """\
# %% [markdown] assignment="99_proved" points=1
# # Proved

# %%
import itertools

import jax.numpy as jnp

from autograder import check

### BEGIN HIDDEN TESTS
from autograder.judge.specification import exercise, wrong

### END HIDDEN TESTS

# %% [markdown] exercise="answer" stars=1 importance=1 minutes=1 points=1
# ## 1 · Answer

# %% solution="answer"
def answer(x):
    ### BEGIN SOLUTION
CODE
    ### END SOLUTION

# %% check="answer"
check(answer)
### BEGIN HIDDEN TESTS
exercise(
    answer,
    inputs=lambda rng, n: (rng.uniform(1, 2, size=n),),
    hints=["one", "two", "three"],
    explanation="So it is.",
    another="def answer(x):\\n    return ANOTHER",
    wrong_answers=[
        wrong(lambda x: -x, "negates", rejected_by="REASON", advice="Do not."),
        wrong(lambda x: x[:1], "cuts", rejected_by="shape", advice="Leave it whole."),
        wrong(lambda x: x * 9, "multiplies by nine", rejected_by="values", advice="Do not so."),
    ],
    equal_mutants=LISTED,
)
### END HIDDEN TESTS
"""


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of one exercise, of which the code is given."""
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    (tmp_path / "solutions" / "99_proved").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)

    def write(code, another="jnp.abs(x)", reason="values", listed="{}"):
        text = MASTER.replace("CODE", code).replace("ANOTHER", another)
        path = tmp_path / "solutions" / "99_proved" / "proved.py"
        path.write_text(text.replace("REASON", reason).replace("LISTED", listed))
        return path

    return write


def prove(*options):
    return CliRunner(env={"COLUMNS": "200"}).invoke(main, ["prove", *options])


def test_of_a_good_exercise_nothing_is_said_but_a_row(course):
    course("    return jnp.abs(x)")
    done = prove("99_proved")
    assert done.exit_code == 0
    assert "answer" in done.output
    assert "6 of 6" in done.output


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"another": "x + 1"}, "answer: the answer “another” should be passed, but is values."),
        ({"reason": "shape"}, "answer: the answer “negates” should be shape, but is values."),
    ],
)
def test_an_answer_with_another_verdict_is_a_fault(course, wrong, words):
    course("    return jnp.abs(x)", **wrong)
    done = prove("99_proved", "answer")
    assert done.exit_code == 1
    assert words in done.output


def test_a_master_that_changed_since_it_was_built_is_said_and_is_no_fault(course):
    path = course("    return jnp.abs(x)")
    built = new_notebook(cells=[new_code_cell("# put there by the build")])
    built.cells += master.load(path).notebook.cells
    nbformat.write(built, path.with_suffix(".ipynb"))
    assert "build" not in prove("99_proved").output
    course("    return jnp.where(x > 0, x, -x)")
    done = prove("99_proved")
    assert done.exit_code == 0
    assert (
        "proved.py has changed since it was built: until you run `autograder build 99_proved`, "
        "the notebook and `check` have the old exercises.\n"
    ) in done.output


def test_tests_that_fail_say_which_masters_were_not_built_since_they_changed(course, monkeypatch):
    path = course("    return jnp.abs(x)")
    nbformat.write(new_notebook(), path.with_suffix(".ipynb"))
    monkeypatch.setattr(masters, "loaded", lambda: [master.load(path)])
    said = []
    reporter = SimpleNamespace(write_line=lambda line, **_: said.append(line))
    conftest.pytest_terminal_summary(reporter, pytest.ExitCode.OK)
    assert said == []
    conftest.pytest_terminal_summary(reporter, pytest.ExitCode.TESTS_FAILED)
    assert [line.split(":")[0] for line in said] == ["proved.py has changed since it was built"]


def test_an_exercise_that_is_not_there_is_said_in_a_sentence(course):
    course("    return jnp.abs(x)")
    done = prove("99_proved", "anser")
    assert done.exit_code == 2
    assert done.output == "99_proved has no exercise anser: it has answer.\n"


@pytest.mark.slow
def test_a_mutant_that_passes_is_a_fault_unless_it_is_listed_as_equal(course):
    course("    return jnp.abs(x)")
    done = prove("99_proved", "--mutants")
    assert done.exit_code == 1
    assert "answer: abs(…) → its first argument (line 2) passes." in done.output
    course("    return jnp.abs(x)", listed='{"abs(…) → its first argument (line 2)": "x > 0"}')
    assert prove("99_proved", "--mutants").exit_code == 0


def tally_of(listed, **fates):
    """What is said where mutants came to these fates, of `1 → 0` and `1 → 2` in line 2."""
    spec = dataclasses.replace(exercises()[0], name="answer", equal_mutants=listed)
    made = [Mutant(f"1 → {number} (line 2)", "return 1", "") for number in (0, 2)]
    return trials.tally(spec, made, [fates["to_0"], fates["to_2"]])


def test_all_changes_of_one_place_are_listed_at_once():
    listed = {"1 → anything (line 2)": "it is multiplied by zero"}
    both = tally_of(listed, to_0="", to_2="")
    assert [one.fate for one in both.fates] == ["listed", "listed"]
    assert both.faults == ()
    assert tally_of(listed, to_0="equal", to_2="").faults == ()
    (fault,) = tally_of(listed, to_0="values", to_2="").faults
    assert fault.endswith("but 1 → 0 (line 2) is rejected (values).")


def test_what_is_listed_has_to_survive_by_another_program():
    listed = {"1 → 0 (line 2)": "no reason"}
    assert tally_of(listed, to_0="", to_2="shape").faults == ()
    (fault,) = tally_of(listed, to_0="equal", to_2="shape").faults
    words = "but the program is the same: remove it from the list."
    assert fault == f"answer lists 1 → 0 (line 2) as equal, {words}"
    (fault,) = tally_of({"1 → 3 (line 2)": "so"}, to_0="shape", to_2="shape").faults
    assert fault == "answer lists 1 → 3 (line 2) as equal, but there is no such mutant."


@pytest.mark.slow
def test_a_mutant_that_never_ends_is_caught_and_the_next_ones_are_judged(course):
    endless = (
        "    for i in itertools.count():\n        if i > 3:\n            break\n    return x + i"
    )
    path = course(endless, "x + 4")
    tally = trials.prove_mutants(path, ["answer"])["answer"]
    reasons = {one.description: one.reason for one in tally.fates}
    assert reasons["drop if i > 3: (line 3)"] == "time or memory"
    assert reasons["3 → 4 (line 3)"] == "values"
    assert tally.count("survived") == 0


@pytest.mark.slow
def test_the_fates_can_be_had_as_json(course):
    course("    return x - 0.5", "-0.5 + x")
    fates = json.loads(prove("99_proved", "--mutants", "--json").output)
    assert {one["fate"] for one in fates} == {"caught", "equal"}
    assert fates[0].keys() == {"exercise", "description", "line", "fate", "reason"}


def test_the_stub_is_what_nbgrader_releases():
    home = master.load(ROOT / "solutions" / "05_vmap" / "vmap.py")
    (path,) = (ROOT / "exercises" / "05_vmap").glob("*.ipynb")
    released = {one["id"]: "".join(one["source"]) for one in json.loads(path.read_text())["cells"]}
    for name in home.prompts:
        made, given = {}, {}
        exec(f"import jax\n{rehearsal.stub(home, name)}", made)
        exec(f"import jax\n{released[name]}", given)
        assert callable(made[name]) == callable(given[name])
