"""The views: which of them are programs, which are calls, and what each asks for."""

import jax.numpy as jnp
import numpy as np
import pytest

from autograder.judge import program, tree
from autograder.judge.tree import Arguments
from autograder.judge.verdict import Answer
from autograder.judge.views import ALL_PLATFORMS, VIEWS, Call, Case, Draw, Export, cases, tied

DRAWS = [Draw(5), Draw(1), Draw(70)]
ONES = Arguments(*tree.flatten((np.ones(3, np.float32),)))


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_is_either_a_program_or_a_call(name):
    case = Case(name, DRAWS[0])
    assert isinstance(VIEWS[name], Export) != isinstance(VIEWS[name], Call)
    if case.call is None:
        assert program.lower(jnp.sin, ONES, case).platforms == case.platforms("cpu")
    else:
        assert not hasattr(case.call.outcome(jnp.sin, ONES), "mlir_module_serialized")
        with pytest.raises(TypeError, match=name):
            case.platforms("cpu")


def test_what_has_no_results_and_what_answers_a_question_is_asked_for_once():
    asked = cases(list(VIEWS), DRAWS)
    once = {name for name in VIEWS if sum(case.view == name for case in asked) == 1}
    assert once == {"answered", "again", "as written", "everywhere"}
    without = {case.view for case in asked if not case.has_results()}
    assert without == {"reported", "again", "as written", "everywhere"}


def test_only_the_own_jit_and_the_export_for_all_platforms_are_tied_to_the_values():
    asked = cases(list(VIEWS), DRAWS)
    assert tied(asked) == {Case(name, DRAWS[0]) for name in ("value", "as written", "everywhere")}
    assert not tied(cases(["value", "gradient", "again"], DRAWS))


def test_the_export_for_all_platforms_is_so_on_any_device():
    assert Case("everywhere", DRAWS[0]).platforms("cuda") == ALL_PLATFORMS
    assert Case("value", DRAWS[0]).platforms("cuda") == ("cuda",)
    assert Case("value", Draw(8, "x=8")).platforms("cuda") == ("cpu",)


def test_only_the_answer_to_a_question_stays_out_of_the_release():
    expected = [Answer("*", ("",), (np.ones(2),))]
    hidden = {name for name, view in VIEWS.items() if view.released(expected) != expected}
    assert hidden == {"answered"}
