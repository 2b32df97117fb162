"""The programs of an exercise are compiled as one, and still have an outcome each."""

import jax.numpy as jnp
import numpy as np
import pytest

from autograder.judge import program
from autograder.judge.outcomes import outcomes
from autograder.judge.requirements import matches_gradient, matches_reference, memory_within
from autograder.judge.tree import Arguments, flatten
from autograder.judge.verdict import Answer, Failure
from autograder.judge.views import Draw

SIZES = (3, 8, 24)
REQUIRES = [matches_reference(), matches_gradient()]


def arguments(*draws):
    return {
        draw: Arguments(*flatten((np.linspace(0, 1, draw.size, dtype=draw.dtype),)))
        for draw in draws
    }


DRAWS = arguments(*map(Draw, SIZES))


def wave(x):
    return jnp.sin(x) * jnp.sum(x)


@pytest.fixture
def compiled(monkeypatch):
    """The cases that are compiled together, as a list that grows."""
    seen = []
    run = program.run

    def noted(group, *others):
        seen.append([(unrun.case.view, unrun.case.draw.size) for unrun in group])
        return run(group, *others)

    monkeypatch.setattr(program, "run", noted)
    return seen


def test_all_short_programs_are_compiled_as_one_and_each_has_its_own_results(compiled):
    found = outcomes(wave, REQUIRES, DRAWS)
    assert compiled == [[(view, size) for view in ("value", "gradient") for size in SIZES]]
    for answer, given in zip(found["value"], DRAWS.values(), strict=True):
        np.testing.assert_allclose(answer.leaves[0], wave(*given.leaves), rtol=1e-5)
    assert [len(answer.leaves) for answer in found["gradient"]] == [2, 2, 2]


def test_programs_whose_memory_is_measured_are_compiled_alone(compiled):
    found = outcomes(wave, [matches_reference(), memory_within()], DRAWS)
    assert [len(group) for group in compiled] == [1, 1, 1]
    assert all("temporaries" in answer.facts for answer in found["value"])


def test_programs_of_another_dtype_are_compiled_apart(compiled):
    outcomes(wave, [matches_reference()], arguments(Draw(3), Draw(3, dtype="float64"), Draw(8)))
    assert compiled == [[("value", 3), ("value", 8)], [("value", 3)]]


def test_together_they_are_no_longer_than_a_program_that_is_compiled_quickly(monkeypatch, compiled):
    length = outcomes(wave, [matches_reference()], DRAWS)["value"][0].facts["written_out"]
    compiled.clear()
    monkeypatch.setattr(program, "ONCE_UP_TO", 2 * length)
    outcomes(wave, [matches_reference()], DRAWS)
    assert compiled == [[("value", 3), ("value", 8)], [("value", 24)]]


def test_programs_that_together_need_much_memory_run_one_after_the_other(monkeypatch, compiled):
    monkeypatch.setattr(program, "MOST_TEMPORARIES", -1)
    found = outcomes(wave, [matches_reference()], DRAWS)
    assert [len(group) for group in compiled] == [3, 1, 1, 1]
    assert all(isinstance(answer, Answer) and answer.ran for answer in found["value"])


def test_one_that_fails_costs_no_other_its_results(monkeypatch):
    run = program.run

    def failing(group, *others):
        if any(unrun.case.draw.size == 8 for unrun in group):
            raise FloatingPointError("it fails")
        return run(group, *others)

    monkeypatch.setattr(program, "run", failing)
    found = outcomes(wave, [matches_reference()], DRAWS)["value"]
    assert [isinstance(outcome, Failure) for outcome in found] == [False, True, False]
    assert found[1].error == "FloatingPointError"
