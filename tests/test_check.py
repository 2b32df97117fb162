"""The student's check: what it finds, what its card says, where it is shown."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from masters import ROOT, catalogue, exercises

import autograder
from autograder.judge.verdict import Status
from autograder.problem import Problem
from autograder.student import card, learner, location

SPECS = {spec.name: spec for spec in exercises()}
predict = SPECS["predict_batch"].reference.__globals__["predict"]


@pytest.fixture(autouse=True)
def beside(monkeypatch):
    """The data of one assignment are beside the notebook."""
    monkeypatch.setenv(location.VARIABLE, str(ROOT / "exercises" / "05_vmap"))


def verdict(name, function):
    return learner.examine(function, catalogue()[name])


def shown(name, function, hints=0):
    return card.of_check(verdict(name, function), catalogue()[name], hints)


def swapped(W, b, xs):
    return jax.vmap(predict, in_axes=(None, None, 0), out_axes=1)(W, b, xs)


def test_a_wrong_shape_says_all_that_helps():
    text = shown("predict_batch", swapped).text
    assert "✗ not yet: predict_batch" in text
    assert "Called with: W: float32[3, 4], b: float32[3], xs: float32[4, 4]" in text
    assert "Expected: float32[4, 3]" in text
    assert "Came back: float32[3, 4]" in text
    assert "This looks like: an answer that puts the batch on the last axis" in text
    assert "What to try: Without `out_axes`" in text


def test_a_card_shows_the_hints_that_were_asked_for_and_how_to_get_the_next():
    cards = [shown("predict_batch", swapped, hints=n) for n in range(4)]
    assert [one.text.count("Hint ") for one in cards] == [0, 1, 2, 3]
    assert [one.html.count("Hint ") for one in cards] == [0, 1, 2, 3]
    for n, one in enumerate(cards[:3], 1):
        assert f'Stuck? `hint("predict_batch")` shows hint {n} of 3.' in one.text
    assert "Stuck?" not in cards[3].text


def test_passing_the_fast_track_says_that_the_lesson_may_be_skipped():
    answer = SPECS["fast_track_vmap"].reference
    assert "it counts as read" in shown("fast_track_vmap", answer).text


def test_passing_explains_and_shows_a_second_solution():
    text = shown("predict_batch", lambda W, b, xs: xs @ W.T + b).text
    assert text.startswith("✓ passed: predict_batch")
    assert SPECS["predict_batch"].explanation in text
    assert "return xs @ W.T + b" in text


def test_values_that_differ_are_marked():
    def off_by_one_entry(W, b, xs):
        return SPECS["predict_batch"].reference(W, b, xs).at[0, 0].add(1.0)

    html = shown("predict_batch", off_by_one_entry).html
    assert html.count("≠ ") == 1


@pytest.mark.parametrize(
    ("function", "status", "words"),
    [
        (lambda W, b, xs: np.asarray(xs) @ W.T, Status.ERROR, "NumPy was given a traced array"),
        (lambda W, b, xs: xs @ W.T if xs.sum() > 0 else b, Status.ERROR, "asked for the truth"),
        (lambda W, b, xs: xs @ W, Status.ERROR, "The line: `(lambda W, b, xs: xs @ W,"),
        (lambda W, b, xs: (xs @ W.T + b).astype(jnp.float16), Status.WRONG, "is float16"),
        (lambda W, b, xs: "text", Status.ERROR, "TypeError"),
        (lambda W, b, xs: None, Status.WRONG, "not the pytree"),
        (lambda W, b: W, Status.ERROR, "TypeError"),
    ],
)
def test_what_goes_wrong_is_said(function, status, words):
    found = verdict("predict_batch", function)
    assert found.status is status
    assert words in found.findings[0].message


def test_a_debug_print_is_no_mistake(capfd):
    def chatty(W, b, xs):
        jax.debug.print("xs is {}", xs)
        return xs @ W.T + b

    assert verdict("predict_batch", chatty).passed


def run_in_ipython(code: str, **environment: str) -> str:
    """What a terminal's IPython prints for a cell after `check` was imported."""
    program = (
        "from IPython.terminal.interactiveshell import TerminalInteractiveShell as Shell\n"
        "shell = Shell.instance(colors='nocolor')\n"
        "shell.run_cell('import jax, jax.numpy as jnp; from autograder import check')\n"
        f"shell.run_cell({code!r})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    return done.stdout + done.stderr


def test_in_a_terminal_the_card_is_text():
    out = run_in_ipython("def predict_batch(W, b, xs): return xs @ W.T\ncheck(predict_batch)")
    assert "✗ not yet: predict_batch" in out
    assert "This looks like: an answer that forgets the bias" in out
    assert "<div" not in out


def test_under_validate_a_failed_check_is_an_error_without_a_traceback():
    out = run_in_ipython(
        "def predict_batch(W, b, xs): return xs @ W.T\ncheck(predict_batch)",
        NBGRADER_EXECUTION="validate",
    )
    assert "✗ not yet: predict_batch" in out
    assert "Traceback" not in out
    assert "learner.py" not in out


def test_a_name_without_an_exercise_is_one_sentence():
    out = run_in_ipython("check(jnp.sin)")
    assert "check does not know an exercise called sin" in out
    assert "Traceback" not in out


def test_a_function_is_found_by_the_variable_it_is_bound_to(capsys):
    """A vmapped function carries the name of the function inside it."""
    names = {"check": autograder.check, "jax": jax, "predict": predict}
    exec("predict_batch = jax.vmap(predict, in_axes=(None, None, 0))\ncheck(predict_batch)", names)
    assert "passed: predict_batch" in capsys.readouterr().out


def test_a_missing_function_is_named():
    with pytest.raises(Problem, match="nothing called pairwise yet"):
        autograder.check("pairwise")


@pytest.mark.parametrize(
    ("guess", "actual", "words"),
    [
        ((10, 3), (10, 3), "as predicted"),
        ([10, 3], (10, 3), "as predicted"),
        ((3, 10), (10, 3), "you predicted (3, 10); it is (10, 3)"),
        (2, np.int32(2), "as predicted"),
        ("ValueError", "valueerror", "as predicted"),
        (..., (10, 3), "no prediction yet"),
        (True, False, "you predicted True; it is False"),
    ],
)
def test_predictions(guess, actual, words, capsys):
    autograder.predicted(guess, actual, why="because")
    out = capsys.readouterr().out
    assert words in out
    assert ("because" in out) == (guess is not ...)


@pytest.mark.parametrize("names", [{"fast_track_vmap": ...}, {"fast_track_vmap": "no"}, {}])
def test_under_validate_what_is_worth_no_points_is_no_error(monkeypatch, names):
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    exec('check("fast_track_vmap")', {"check": autograder.check, **names})
    with pytest.raises(learner.NotPassed):
        exec("check(predict_batch)", {"check": autograder.check, "predict_batch": swapped})


def test_under_validate_a_warning_is_no_lost_point(monkeypatch, capsys):
    """nbgrader gives nothing for a cell that has written to standard error."""

    def predict_batch(W, b, xs):
        print("predicting", file=sys.stderr)
        return xs @ W.T + b

    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    exec("check(predict_batch)", {"check": autograder.check, "predict_batch": predict_batch})
    seen = capsys.readouterr()
    assert "predicting" in seen.out
    assert not seen.err
