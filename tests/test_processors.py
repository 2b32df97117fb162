"""What differs from processor to processor costs nobody a point, and hides no misconception."""

import functools

import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from jax import lax
from masters import exercises

from autograder.authoring import release_data
from autograder.judge.judge import Misconception, judge
from autograder.judge.outcomes import outcomes
from autograder.judge.references import expected_answers, misconceptions
from autograder.judge.requirements import matches_reference
from autograder.judge.verdict import Answer

SEED = 5
AVERAGE = next(spec for spec in exercises() if spec.name == "moving_average")
TITLE = AVERAGE.wrong_answers[0].title


def carried_in_short(step):
    def moving_average(xs):
        start = jnp.zeros(xs.shape[1], xs.dtype)
        return lax.scan(lambda average, x: (step(average, x), None), start, xs)[0]

    return moving_average


@functools.cache
def known():
    """Inputs drawn as in a grading, so that no released file is needed, and what has to come."""
    drawn = {draw: AVERAGE.draw(SEED, draw) for draw in AVERAGE.draws(AVERAGE.sizes, seed=SEED)}
    return drawn, *(
        made(AVERAGE, SEED, AVERAGE.sizes) for made in (expected_answers, misconceptions)
    )


def graded(function):
    """The verdict on the known inputs."""
    drawn, expected, listed = known()
    got = outcomes(function, AVERAGE.requires, drawn)
    return judge(AVERAGE.name, AVERAGE.requires, expected, got, listed)


def wide(step):
    """The step, rounded once at its end, as processors do that have bfloat16 products."""
    return lambda average, x: step(*(one.astype(jnp.float32) for one in (average, x))).astype(
        x.dtype
    )


@pytest.mark.parametrize(
    "step",
    [
        lambda average, x: 0.99 * average + 0.01 * x,
        wide(lambda average, x: 0.99 * average + 0.01 * x),
        wide(lambda average, x: average + 0.01 * (x - average)),
        lambda average, x: average - 0.01 * (average - x),
    ],
    ids=[
        "as XLA rounds here",
        "rounded once",
        "rounded once, written otherwise",
        "written otherwise",
    ],
)
def test_a_misconception_in_half_precision_is_known_by_the_side_on_which_it_strays(step):
    verdict = graded(carried_in_short(step))
    assert (verdict.reason, verdict.misconception) == ("values", TITLE)


def bfloat16(*values):
    return np.array(values, ml_dtypes.bfloat16)


def named(wrong, got, want):
    one, other, expected = ({"value": [Answer("*", ("",), (x,))]} for x in (wrong, got, want))
    listed = Misconception("strays", "values", "", one)
    return judge("it", [matches_reference()], expected, other, [listed]).misconception


def test_the_side_on_which_a_result_strays_has_to_be_the_same_everywhere():
    want = bfloat16(3, 3, 3)
    assert named(bfloat16(2, 2.2, 3), bfloat16(2.6, 2, 2.5), want) == "strays"
    assert not named(bfloat16(2, 2.2, 3), bfloat16(2.6, 4, 2.5), want)
    assert not named(bfloat16(2, 2.2, 3), bfloat16(4, 4, 4), want)


def test_in_single_precision_the_digits_have_to_be_the_same():
    want, wrong, other = (np.float32([3, 3, 3]) + by for by in (0, -1, -0.6))
    assert named(wrong, wrong * np.float32(1 + 1e-6), want) == "strays"
    assert not named(wrong, other, want)


def test_integers_that_were_cut_off_floats_are_known_though_their_last_digits_differ():
    want, wrong = np.int32([7, 1_000_000_007]), np.int32([7, 650_000_000])
    assert named(wrong, wrong + np.int32([0, 128]), want) == "strays"
    assert not named(wrong, wrong + np.int32([0, 10_000_000]), want)
    small = np.int32([7, 650])
    assert not named(small, small + np.int32([0, 1]), np.int32([7, 1_000]))


@pytest.mark.parametrize(
    ("kept", "fresh", "is_same"),
    [
        (bfloat16(2, 4), bfloat16(2.4, 4.5), True),
        (bfloat16(2, 4), bfloat16(2, 9), False),
        (np.float32([1, 2, 3]), np.float32([1, 2, 3]) * np.float32(1 + 1e-6), True),
        (np.float32([1, 2, 3]), np.float32([1, 2, 3.1]), False),
        (np.int32([650_000_000]), np.int32([650_000_128]), True),
        (np.int32([650]), np.int32([651]), False),
    ],
)
def test_what_was_built_on_another_processor_has_not_drifted(kept, fresh, is_same):
    assert release_data.same_data(kept, fresh) is is_same
