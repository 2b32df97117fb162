"""What `check` says of answers that grading rejected."""

import logging
import shutil

import pytest
from masters import ROOT
from nbformat.v4 import new_code_cell, new_notebook

from autograder.classroom.cache import Cache
from autograder.classroom.examples import Examples
from autograder.classroom.roles import GradingJail
from autograder.jail.process import Limits
from autograder.jail.walls import Level
from autograder.judge.devices import CPU
from autograder.judge.verdict import Status, Verdict

DATA = ROOT / "solutions" / "05_vmap" / "vmap.check"
GIVEN = "import jax, jax.numpy as jnp\ndef norm(v):\n    return jnp.sqrt(jnp.sum(v**2))"
ROWS = "def column_norms(A):\n    return jax.vmap(norm)(A)"
RIGHT = "def column_norms(A):\n    return jax.vmap(norm, in_axes=1)(A)"
RAISES = "def column_norms(A):\n    raise ValueError(f'got {A.shape}')"
LOG = logging.getLogger("examples")


class Watched(GradingJail):
    """A jail that notes what it is asked to run."""

    def run(self, role, *arguments):
        self.ran.append(role)
        return super().run(role, *arguments)


@pytest.fixture(scope="module")
def jail():
    with Watched(Limits(seconds=10)) as made:
        made.ran = []
        if made.level is not Level.FULL:
            pytest.skip("needs the level full")
        yield made


def rejected(program="a", status=Status.WRONG):
    return {"column_norms": Verdict("column_norms", status, program=program)}


def card(jail, answer, kept=None, **verdict):
    notebook = new_notebook(cells=[new_code_cell(GIVEN), new_code_cell(answer)])
    examples = Examples(DATA, jail, CPU, kept or Cache(), LOG)
    return examples.cards(notebook, rejected(**verdict)).get("column_norms", "")


def test_a_rejected_answer_is_shown_with_values_of_a_public_case(jail):
    shown = card(jail, ROWS)
    assert "Expected values" in shown
    assert "Your values" in shown
    assert "hint(" not in shown
    assert "What to try" not in shown


def test_an_exception_is_shown_with_its_message_which_grading_keeps_secret(jail):
    assert "ValueError: got (5, 4)" in card(jail, RAISES, status=Status.ERROR)


def test_an_answer_that_check_passes_is_told_so(jail):
    assert "<code>check</code> passes this answer" in card(jail, RIGHT)


def test_equal_programs_are_shown_once_and_others_again(jail):
    kept = Cache()
    first = card(jail, ROWS, kept)
    jail.ran.clear()
    assert card(jail, ROWS, kept) == first
    assert jail.ran == []
    assert card(jail, RIGHT, kept, program="b") != first
    assert jail.ran == ["worker", "runner"]


@pytest.mark.parametrize(
    "status", [Status.PASSED, Status.MISSING, Status.TIMEOUT, Status.UNREADABLE, Status.NOT_ALLOWED]
)
def test_other_answers_are_not_run_again(jail, status):
    jail.ran.clear()
    assert card(jail, ROWS, status=status) == ""
    assert jail.ran == []


@pytest.mark.parametrize("level", [Level.PARTIAL, Level.PROCESS])
def test_behind_weaker_walls_nothing_is_shown(level):
    """Code could leave secret inputs in a file, and return them as values of a public case."""
    with GradingJail(Limits(seconds=10), strongest=level) as open_jail:
        assert card(open_jail, ROWS) == ""


@pytest.mark.parametrize("content", [None, b"", b"autograder check data 99, made by 9\n"])
def test_data_that_cannot_be_read_cost_one_line_of_the_log(jail, content, tmp_path, caplog):
    path = tmp_path / "vmap.check"
    if content is not None:
        shutil.copy(DATA, path)
        path.write_bytes(content)
    examples = Examples(path, jail, CPU, Cache(), LOG)
    assert examples.cards(new_notebook(), rejected()) == {}
    (line,) = caplog.messages
    assert line.startswith("Feedback shows no values of the public cases: ")


def test_a_card_that_cannot_be_made_costs_no_verdict(jail, monkeypatch, caplog):
    def fails(*_):
        raise ZeroDivisionError("nothing")

    monkeypatch.setattr("autograder.student.card.of_check", fails)
    assert card(jail, ROWS) == ""
    assert caplog.messages == [
        "Feedback shows no values of column_norms: ZeroDivisionError: nothing"
    ]
