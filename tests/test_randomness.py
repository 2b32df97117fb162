"""Requirements on samples: right ones pass, wrong ones fail, and the rate of false alarms holds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import random

from autograder.judge.judge import judge
from autograder.judge.outcomes import outcomes
from autograder.judge.requirements import distributed_like_reference, independent_streams
from autograder.judge.requirements.samples import Distribution, distribution
from autograder.judge.tree import Arguments, flatten
from autograder.judge.verdict import Answer
from autograder.judge.views import Draw


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


def answers(*draws):
    """Answers with these leaves, one for each draw; all of one size, for different keys."""
    return {
        "value": [
            Answer("", ("",) * len(leaves), leaves, {"size": 8, "again": n})
            for n, leaves in enumerate(draws)
        ]
    }


def known(sample, size, *results):
    """Answers of the reference, as the grader knows them, and those of somebody else."""
    generator = np.random.default_rng(1)
    packed = [distribution([sample(generator, size) for _ in range(24)]).packed()]
    zeros = np.zeros_like(results[0])
    facts = {"size": 8, "again": 0, "distribution": packed}
    return {"value": [Answer("", ("",), (zeros,), facts)]}, answers(results)


def gauss(generator, size=20_000):
    return generator.normal(size=size).astype("float32")


def cut_at(bound):
    def sample(generator, size):
        drawn = gauss(generator, 2 * size)
        return drawn[np.abs(drawn) < bound][:size]

    return sample


def coins(p):
    return lambda generator, size: (generator.random(size) < p).astype("float32")


def means(picked):
    data = np.float32([0.3, 1.1, 4.0])
    return lambda generator, size: data[generator.integers(0, 3, (size, picked))].mean(axis=1)


@pytest.mark.parametrize(
    ("right", "wrong", "size"),
    [
        (gauss, cut_at(2), 20_000),
        (gauss, cut_at(2.5), 20_000),
        (gauss, cut_at(3), 20_000),
        (gauss, lambda g, n: 1.07 * gauss(g, n), 20_000),
        (gauss, lambda g, n: 0.95 * gauss(g, n), 20_000),
        (gauss, lambda g, n: gauss(g, n) + 0.08, 20_000),
        (gauss, lambda g, n: g.uniform(-(3**0.5), 3**0.5, n).astype("float32"), 20_000),
        (gauss, lambda g, n: g.standard_t(10, n).astype("float32") * 0.8**0.5, 20_000),
        (gauss, lambda g, n: np.tile(gauss(g, n // 2), 2), 20_000),
        (gauss, lambda g, n: np.round(gauss(g, n), 2), 20_000),
        (coins(0.5), coins(0.51), 160_000),
        (lambda g, n: g.uniform(-1, 1, n), lambda g, n: g.uniform(-0.9, 1, n), 2000),
        (lambda g, n: g.uniform(-1, 1, n), lambda g, n: g.uniform(-1.15, 1.15, n), 2000),
        (means(3), means(2), 1000),
        (means(3), lambda g, n: means(3)(g, 99).mean() + g.normal(size=n) * 0.9, 1000),
    ],
)
def test_samples_that_differ_a_little_are_told_apart(right, wrong, size):
    require = distributed_like_reference()
    generator = np.random.default_rng(2)
    assert require.judge(*known(right, size, right(generator, size))) is None
    found = require.judge(*known(right, size, wrong(generator, size)))
    assert found is not None
    assert found.reason == "distribution"


def of_one(change):
    return lambda one, other, generator: change(one)


@pytest.mark.parametrize(
    "second",
    [
        of_one(lambda one: one[::-1]),
        of_one(lambda one: np.roll(one, 3)),
        of_one(lambda one: np.roll(one, 3000)[::-1]),
        of_one(np.sort),
        of_one(np.square),
        of_one(np.abs),
        of_one(lambda one: np.concatenate([one[5000:], one[:5000][::-1]])),
        of_one(lambda one: one.reshape(100, 100).T.ravel()),
        lambda one, other, generator: generator.permutation(one),
        lambda one, other, generator: one * generator.choice([-1, 1], one.size),
        lambda one, other, generator: generator.permutation(one.reshape(100, -1)).ravel(),
        lambda one, other, generator: 0.15 * one + other,
        lambda one, other, generator: np.abs(other) * np.sign(one),
        lambda one, other, generator: np.abs(one) ** 0.1 * other,
        lambda one, other, generator: np.tile(other[:5000], 2),
        lambda one, other, generator: np.concatenate([other[:5000], -other[:5000][::-1]]),
    ],
)
def test_second_numbers_that_are_made_of_the_first_are_found(second):
    generator = np.random.default_rng(3)
    one, other = gauss(generator, 10_000), gauss(generator, 10_000)
    require = independent_streams()
    fine = answers((one, other))
    assert require.judge(fine, fine) is None
    made = answers((one, second(one, other, generator).astype("float32")))
    assert require.judge(fine, made).reason == "correlated"


def test_equal_results_for_two_keys_are_found_and_different_ones_pass():
    generator = np.random.default_rng(4)
    one, other = gauss(generator, 2000), gauss(generator, 2000)
    require = independent_streams()
    assert require.judge(answers((one,), (one,)), answers((one,), (one,))).reason == "correlated"
    assert require.judge(answers((one,), (other,)), answers((one,), (other,))) is None


def test_the_same_few_numbers_in_two_results_are_no_copies():
    """Means of few data are of few values, which any two results share."""
    generator = np.random.default_rng(5)
    data = np.sort(generator.lognormal(size=7)).astype("float32")
    drawn = [data[generator.integers(0, 7, (1000, 7))].mean(axis=1) for _ in range(10)]
    facts = {"size": 8, "distribution": [distribution(drawn[2:]).packed()]}
    expected = {"value": [Answer("", ("",), (drawn[0],), facts)] * 2}
    both = answers((drawn[0],), (drawn[1],))
    assert independent_streams().judge(expected, both) is None
    assert independent_streams().judge(both, both).reason == "correlated"  # nothing is known


def test_a_distribution_is_released_as_one_array():
    made = distribution([gauss(np.random.default_rng(n), 3000) for n in range(20)])
    packed = made.packed()
    assert packed.dtype == np.float32
    assert packed.nbytes < 1000
    again = Distribution.unpacked(packed)
    fresh = gauss(np.random.default_rng(99), 3000)
    assert np.isclose(again.surprise(fresh), made.surprise(fresh), rtol=0.01)


@pytest.mark.slow
@pytest.mark.parametrize(
    "sample",
    [
        gauss,
        coins(0.5),
        means(3),
        means(40),
        lambda g, n: np.where(g.random(n) < 0.5, 2 * (2 + gauss(g, n)), 0).astype("float32"),
    ],
    ids=["normal", "coins", "means of 3", "means of 40", "noise and dropout"],
)
def test_a_right_answer_is_rejected_less_than_once_in_10_000_gradings(sample):
    """4,000 gradings of five kinds, of two draws each: 20,000 in all, where 0.8 would be alarms."""
    generator = np.random.default_rng(6)
    facts = [distribution([sample(generator, 1000) for _ in range(64)]).packed()]
    zeros = np.zeros(1000, "float32")
    expected = {
        "value": [
            Answer("", ("",), (zeros,), {"size": 8, "again": n, "distribution": facts})
            for n in range(2)
        ]
    }
    alarms = 0
    for _ in range(4000):
        got = answers(*[(sample(generator, 1000).astype("float32"),) for _ in range(2)])
        alarms += distributed_like_reference().judge(expected, got) is not None
        alarms += independent_streams().judge(expected, got) is not None
    assert alarms == 0


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
    rows = np.random.default_rng([seed, draw.size]).normal(size=(3, 1500)).astype("float32")
    return Answer("PyTreeDef(*)", ("",), (rows,), {"size": draw.size})


def test_a_leaf_of_another_shape_is_seen_behind_one_of_the_right_shape():
    def two(key, *shape):
        return {"a": random.normal(key, (2000,)), "b": random.normal(key, shape)}

    wanted, turned = (lambda key: two(key, 10, 300)), (lambda key: two(key, 300, 10))
    assert verdict([distributed_like_reference()], wanted, turned, keys()).reason == "shape"


def test_an_answer_that_also_returns_its_key_is_told_that_its_structure_is_wrong():
    requires = [distributed_like_reference(), independent_streams()]
    found = verdict(requires, normal, lambda key: (normal(key), random.split(key)[0]), keys())
    assert found.reason == "structure"
