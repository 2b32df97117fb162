"""What `exercise.Exercise` draws: sizes and values by the seed."""

from dataclasses import replace

import jax
import ml_dtypes
import numpy as np
import pytest

from autograder.judge.comparison import shortened
from autograder.judge.judge import Misconception, judge
from autograder.judge.outcomes import outcomes
from autograder.judge.references import expected_answers
from autograder.judge.requirements import (
    distributed_like_reference,
    independent_streams,
    matches_reference,
)
from autograder.judge.specification import Exercise
from autograder.judge.verdict import Answer


def spec(*sizes):
    return Exercise("it", None, lambda rng, n: (rng.normal(size=n),), (), (), "", "", (), sizes, ())


def sizes(one, seed):
    return [draw.size for draw in one.draws(one.sizes, seed=seed)]


def test_sizes_of_a_range_differ_from_seed_to_seed():
    one = spec(range(5, 10), 1, range(61, 101))
    drawn = [sizes(one, seed) for seed in range(40)]
    assert all(
        5 <= first < 10 and middle == 1 and 61 <= last < 101 for first, middle, last in drawn
    )
    assert len({first for first, _, _ in drawn}) == 5
    assert len({last for _, _, last in drawn}) > 15
    assert drawn[7] == sizes(one, 7)


@pytest.mark.parametrize("seed", range(20))
def test_one_size_is_odd_and_one_is_even(seed):
    first, last = sizes(spec(range(5, 10), range(61, 101)), seed)
    assert (first - last) % 2 == 1


def test_a_range_of_even_sizes_alone_is_no_problem():
    first, last = sizes(spec(range(24, 41, 8), range(64, 105, 8)), 3)
    assert first % 8 == last % 8 == 0


def test_a_size_that_is_named_twice_is_drawn_twice_with_other_values():
    one = spec(8, 8, 24)
    first, again, _ = one.draws(one.sizes)
    assert first != again
    (values,), (others,) = (one.draw(1, draw).leaves for draw in (first, again))
    assert values.shape == others.shape
    assert not np.array_equal(values, others)


def test_what_is_expected_of_a_sample_is_its_distribution_and_not_its_numbers():
    def noise(key):
        return jax.random.normal(key, (6000,))

    drawing = replace(
        spec(8, 8),
        reference=noise,
        requires=(distributed_like_reference(), independent_streams()),
        inputs=lambda rng, n: (rng.integers(0, 2**32, 2, dtype="uint32"),),
    )
    expected = expected_answers(drawing, 3, drawing.sizes)
    first, again = expected["value"]
    assert not first.leaves[0].any()
    assert len(first.facts["distribution"]) == 1
    assert not np.array_equal(first.facts["distribution"][0], again.facts["distribution"][0])
    drawn = {draw: drawing.draw(3, draw) for draw in drawing.draws(drawing.sizes, seed=3)}
    reasons = [
        judge("it", drawing.requires, expected, outcomes(answer, drawing.requires, drawn)).reason
        for answer in (noise, lambda key: noise(key) * 1.1, lambda key: noise(key[:1].repeat(2)))
    ]
    assert reasons == ["passed", "distribution", "passed"]


def test_of_a_long_result_of_a_wrong_answer_its_beginning_is_kept():
    short, long = np.arange(256.0), np.arange(1.0, 600.0)
    assert shortened(short) is short
    assert shortened(long).shape == long.shape
    assert shortened(long).nonzero()[0].tolist() == list(range(128))
    assert np.array_equal(shortened(shortened(long)), shortened(long))


def test_a_long_result_in_half_precision_is_known_by_the_side_of_the_right_one_it_lies_on():
    def answers(factor):
        leaf = np.full(600, factor, ml_dtypes.bfloat16)
        return {"value": [Answer("*", ("",), (leaf,))]}

    (released,) = answers(1.5)["value"]
    released = replace(released, leaves=tuple(map(shortened, released.leaves)))
    known = Misconception("rounds up", "values", "", {"value": [released]})
    verdicts = [
        judge("it", (matches_reference(),), answers(1.0), answers(factor), [known])
        for factor in (1.75, 0.5)
    ]
    assert [verdict.misconception for verdict in verdicts] == ["rounds up", ""]
