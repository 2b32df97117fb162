"""Requirements on samples: right ones pass, wrong ones fail, and the rate of false alarms holds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import random

from autograder.exercise import outcomes
from autograder.judge.judge import judge
from autograder.judge.tree import Arguments, flatten
from autograder.judge.views import Draw
from autograder.requirements import distributed_like_reference, independent_streams


def keys(seed=0, sizes=(2000, 4000)):
    rng = np.random.default_rng(seed)
    return {
        Draw(n): Arguments(*flatten((rng.integers(0, 2**32, 2, dtype="uint32"),))) for n in sizes
    }


def verdict(requires, reference, function, drawn):
    expected = outcomes(reference, requires, drawn)
    return judge("it", requires, expected, outcomes(function, requires, drawn))


def normal(key):
    return random.normal(key, (2000,))


def table(key):
    return random.normal(key, (4, 1000))


@pytest.mark.parametrize(
    "right",
    [
        normal,
        lambda key: random.normal(random.split(key)[0], (2000,)),
        lambda key: -normal(key),
        lambda key: jnp.sqrt(2.0) * jax.scipy.special.erfinv(random.uniform(key, (2000,)) * 2 - 1),
    ],
)
def test_samples_of_the_distribution_pass(right):
    assert verdict([distributed_like_reference()], normal, right, keys()).passed


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (lambda key: random.uniform(key, (2000,)), "distribution"),
        (lambda key: normal(key) + 0.3, "distribution"),
        (lambda key: normal(key) * 1.5, "distribution"),
        (lambda key: jnp.full((2000,), random.normal(key)), "distribution"),
        (lambda key: normal(key) * jnp.nan, "distribution"),
        (lambda key: random.normal(key, (1000,)), "shape"),
        (lambda key: normal(key).astype("bfloat16"), "dtype"),
    ],
)
def test_samples_of_another_distribution_do_not(wrong, reason):
    assert verdict([distributed_like_reference()], normal, wrong, keys()).reason == reason


def test_bernoulli_samples_pass():
    drop = distributed_like_reference()
    assert verdict(
        [drop],
        lambda key: random.bernoulli(key, 0.3, (5000,)),
        lambda key: random.uniform(key, (5000,)) < 0.3,
        keys(),
    ).passed
    assert not verdict(
        [drop],
        lambda key: random.bernoulli(key, 0.3, (5000,)),
        lambda key: random.bernoulli(key, 0.7, (5000,)),
        keys(),
    ).passed


@pytest.mark.parametrize(
    "wrong",
    [
        lambda key: jnp.tile(random.normal(key, (1000,)), (4, 1)),
        lambda key: random.normal(random.key(0), (4, 1000)),
        lambda key: table(key) + random.normal(random.split(key)[0], (1000,)),
        lambda key: jnp.cumsum(table(key), axis=0),
    ],
    ids=["one key for all rows", "a key of its own", "something shared", "sums"],
)
def test_streams_that_depend_on_each_other_are_found(wrong):
    assert verdict([independent_streams()], table, wrong, keys()).reason == "correlated"


def test_independent_streams_pass():
    assert verdict([independent_streams()], table, table, keys()).passed
    by_row = jax.vmap(lambda key: random.normal(key, (1000,)))
    split = lambda key: by_row(random.split(random.wrap_key_data(key), 4))  # noqa: E731
    assert verdict([independent_streams()], table, split, keys()).passed


@pytest.mark.parametrize("other", [lambda x: x, lambda x: -x, lambda x: x[:500]])
def test_leaves_that_depend_on_each_other_are_found(other):
    def twice(key):
        drawn = random.normal(random.wrap_key_data(key), (1000,))
        return {"one": drawn, "other": other(drawn)}

    def apart(key):
        one, two = random.split(random.wrap_key_data(key))
        return {"one": random.normal(one, (1000,)), "other": other(random.normal(two, (1000,)))}

    assert verdict([independent_streams()], apart, twice, keys()).reason == "correlated"
    assert verdict([independent_streams()], apart, apart, keys()).passed


def test_the_rate_of_false_alarms_is_below_what_is_written():
    """At a rate of one in twenty, 400 right answers of 3 rows; 400 · 0.05 would be 20 alarms."""
    distribution, streams = distributed_like_reference(0.05), independent_streams(0.05)
    alarms = {"distribution": 0, "correlated": 0}
    for number in range(400):
        drawn = keys(number, (1500, 1501))
        expected = {"value": [answer(draw, number) for draw in drawn]}
        got = {"value": [answer(draw, number + 1000) for draw in drawn]}
        for want in (distribution, streams):
            found = want.judge(expected, got)
            alarms[want.reason] += found is not None
    assert alarms["distribution"] <= 20
    assert alarms["correlated"] <= 20
    assert sum(alarms.values()) > 0  # so loose a rate does raise some


def answer(draw, seed):
    from autograder.judge.verdict import Answer

    rows = np.random.default_rng([seed, draw.size]).normal(size=(3, 1500)).astype("float32")
    return Answer("PyTreeDef(*)", ("",), (rows,), {"size": draw.size})
