"""What answers are judged by: from a master and a secret seed, or from what was released."""

import numpy as np
import pytest
from masters import catalogue

from autograder.classroom.cache import NoCache
from autograder.classroom.notebook_check import FromRelease
from autograder.classroom.standards import FromMaster
from autograder.judge.devices import CPU
from autograder.judge.requirements import matches_reference
from autograder.judge.specification import Exercise
from autograder.judge.verdict import Status, Verdict

calls = []


def double(xs):
    calls.append("double")
    return 2 * xs


DOUBLE = Exercise(
    "double", double, lambda rng, n: (rng.normal(size=n),), (matches_reference(),), (), "", "", (),
    sizes=(5, 9), public_sizes=(3,), source="double",
)  # fmt: skip


def test_the_shapes_of_a_grading_tell_nothing_of_its_inputs():
    standard = FromMaster(DOUBLE, 7, CPU)
    for draw in standard.draws():
        (shown,), (secret,) = standard.shapes(draw).leaves, standard.arguments(draw).leaves
        assert (shown.shape, shown.dtype) == (secret.shape, secret.dtype)
        assert not np.isin(secret, shown).any()


def test_a_reference_is_run_once_however_often_it_is_asked_for():
    standard = FromMaster(DOUBLE, 7, CPU)
    calls.clear()
    standard.begin()
    first = standard.expected()
    traced = len(calls)
    assert traced
    assert standard.expected() is first
    assert len(calls) == traced
    np.testing.assert_allclose(
        first["value"][0].leaves[0], 2 * standard.arguments(standard.draws()[0]).leaves[0]
    )


def test_facts_are_made_only_where_a_requirement_compares_some():
    calls.clear()
    assert FromMaster(DOUBLE, 7, CPU).facts() == {}
    assert not calls


@pytest.mark.parametrize("name", ["pairwise", "column_norms"])
def test_a_release_is_judged_by_on_the_inputs_that_were_released(name):
    released = catalogue()[name]
    standard = FromRelease(released, 0, CPU)
    assert standard.requires == released.requires
    assert standard.draws() == list(released.arguments)
    assert standard.expected() is released.expected
    for draw in standard.draws():
        assert standard.shapes(draw) is standard.arguments(draw)
    verdict = Verdict(name, Status.WRONG)
    assert standard.in_public_words(verdict, {}, set()) is verdict


def test_what_keeps_nothing_knows_nothing():
    cache = NoCache()
    cache.put("key", 1)
    cache.put_verdict("verdict", Verdict("double", Status.PASSED))
    assert cache.get("key") is None
    assert cache.verdict("verdict") is None
