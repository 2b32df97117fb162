"""Keys that are used twice are found, and keys that are used once are not accused."""

import contextlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export, lax, random
from jax.sharding import PartitionSpec as P

from autograder.judge.anatomy import dissect

KEY = jax.ShapeDtypeStruct((2,), jnp.uint32)
NORMAL = random.normal
KEY_DATA = getattr(random, "key_data")  # noqa: B009  # the same on a raw key


def reused(function, *arguments):
    exported = export.export(jax.jit(function))(*(arguments or (KEY,)))
    return dissect(exported.mlir_module_serialized).reused_keys


def typed(function):
    return lambda data: function(random.wrap_key_data(data))


@contextlib.contextmanager
def partitionable(is_on):
    before = jax.config.jax_threefry_partitionable
    jax.config.update("jax_threefry_partitionable", is_on)
    jax.clear_caches()
    yield
    jax.config.update("jax_threefry_partitionable", before)
    jax.clear_caches()


def parent_of_a_matrix(key):
    one, _ = random.split(key)
    return NORMAL(key, (5, 7)).sum() + NORMAL(one, (3,)).sum()


def parent_after_a_chain(key):
    net = []
    for width in (3, 4, 5):
        net.append(NORMAL(key, (width, 2)))
        key = random.split(key)[0]
    return net


def two_ranks(key):
    return NORMAL(key, (3, 4)).sum() + random.uniform(key, (5,)).sum()


def two_ranges(key):
    return random.uniform(key, (9,)) + random.uniform(key, (9,), minval=-1.0, maxval=3.0)


def two_dtypes(key):
    return NORMAL(key, (9,)).sum() + NORMAL(key, (8,), "bfloat16").sum()


def scalar_and_matrix(key):
    return NORMAL(key) + NORMAL(key, (3, 4)).sum()


def two_scalars(key):
    return NORMAL(key) + random.uniform(key)


def bits_and_normal(key):
    return random.bits(key, (3,)).sum() + NORMAL(key, (6,)).sum()


def permutation_and_choice(key):
    return random.permutation(key, 7) + random.choice(key, 5, (7,))


def gumbel_and_categorical(key):
    return random.gumbel(key, (4,)).sum() + random.categorical(key, jnp.ones(6))


def bernoulli_and_truncated(key):
    return random.bernoulli(key, 0.3, (4,)) + random.truncated_normal(key, -2, 2, (4,))


def gamma_and_beta_of_one_key(key):
    return random.gamma(key, 2.0, (4,)) + random.gamma(key, 3.0, (4,))


def two_splits(key):
    return NORMAL(random.split(key)[0], (3,)) + NORMAL(random.split(key)[0], (3,))


def splits_of_two_widths(key):
    return NORMAL(random.split(key, 2)[1], (3,)) + NORMAL(random.split(key, 5)[3], (3,))


def first_child_and_zero_folded_in(key):
    return NORMAL(random.split(key)[0], (3,)) + NORMAL(random.fold_in(key, 0), (3,))


def drawn_and_folded_in(key):
    return NORMAL(key, (3,)) + NORMAL(random.fold_in(key, 99), (3,))


def drawn_and_folded_with_an_unknown(key):
    number = jnp.asarray(KEY_DATA(key)[0] % 7, jnp.int32)
    return NORMAL(key, (3,)) + NORMAL(random.fold_in(key, number), (3,))


def unknown_number_folded_in_twice(key):
    number = jnp.asarray(KEY_DATA(key)[0] % 7, jnp.int32)
    return NORMAL(random.fold_in(key, number)) + NORMAL(random.fold_in(key, number), (4,)).sum()


def in_a_branch_and_before(key):
    drawn = NORMAL(key, (2, 2)).sum()
    return lax.cond(drawn > 0, lambda: NORMAL(key, (3,)).sum(), lambda: 0.0) + drawn


def in_a_branch_and_after(key):
    flip, one = random.split(key)
    drawn = lax.switch(
        random.randint(flip, (), 0, 3), [lambda: 0.0, lambda: NORMAL(one), lambda: 1.0]
    )
    return drawn + NORMAL(one, (4,)).sum()


def twice_in_one_branch(key):
    flip, one = random.split(key)
    return lax.cond(
        random.bernoulli(flip), lambda: NORMAL(one) + NORMAL(one, (4,)).sum(), lambda: 0.0
    )


def comes_back_in_a_loop(key):
    keys = random.split(key, 3)
    return lax.fori_loop(0, 6, lambda i, c: c + NORMAL(keys[i % 3]), 0.0)


def swapped_in_a_loop(key):
    def step(pair, _):
        return pair[::-1], NORMAL(pair[0], (3,))

    return lax.scan(step, random.split(key), None, length=3)[1]


def carried_unsplit(key):
    return lax.scan(lambda k, _: (k, NORMAL(k, (3,))), key, None, length=4)[1]


def drawn_and_then_split_in_a_loop(key):
    def step(key, _):
        return random.split(key)[0], NORMAL(key, (3,))

    return lax.scan(step, key, None, length=4)[1]


def in_an_endless_loop(key):
    return lax.while_loop(lambda x: x < 3, lambda x: x + NORMAL(key) ** 2, 0.0)


def half_of_the_turns(key):
    return lax.fori_loop(0, 4, lambda i, c: c + NORMAL(random.fold_in(key, i // 2)), 0.0)


def outside_and_in_a_loop(key):
    one = random.split(key)[0]
    loop = lax.fori_loop(0, 3, lambda i, c: c + NORMAL(random.fold_in(one, i)), 0.0)
    return loop + NORMAL(one, (8,)).sum()


def across_jitted_calls(key):
    return jax.jit(lambda k: NORMAL(k, (3, 2)))(key).sum() + jax.jit(NORMAL)(key)


def one_of_the_mapped_again(key):
    keys = random.split(key, 4)
    return jax.vmap(lambda k: NORMAL(k, (3,)))(keys).sum() + NORMAL(keys[2], (5,)).sum()


def some_of_the_mapped_again(key):
    keys = random.split(key, 6)
    draw = jax.vmap(lambda k: NORMAL(k, (3,)))
    return draw(keys[:4]) + draw(keys[2:])


def gathered_again(key):
    keys = random.split(key, 6)
    return jax.vmap(NORMAL)(keys[jnp.array([0, 3, 5, 3])])


def stacked_copies(key):
    return jax.vmap(lambda k: NORMAL(k, (3,)))(jnp.stack([key] * 4))


def many_keys_twice(key):
    keys = random.split(key, 100_000)
    return jax.vmap(NORMAL)(keys) + jax.vmap(random.uniform)(keys)


def one_own_key_twice(key):
    del key
    return NORMAL(random.key(0), (3,)) + random.uniform(random.key(0), (4,)).sum()


def reversed_keys_beside_keys(key):
    keys = random.split(key, 4)
    draw = jax.vmap(lambda k: NORMAL(k, (3,)))
    return draw(keys) + draw(keys[::-1])


WRONG = [
    parent_of_a_matrix,
    parent_after_a_chain,
    two_ranks,
    two_ranges,
    two_dtypes,
    scalar_and_matrix,
    two_scalars,
    bits_and_normal,
    permutation_and_choice,
    gumbel_and_categorical,
    bernoulli_and_truncated,
    gamma_and_beta_of_one_key,
    two_splits,
    splits_of_two_widths,
    first_child_and_zero_folded_in,
    drawn_and_folded_in,
    drawn_and_folded_with_an_unknown,
    unknown_number_folded_in_twice,
    in_a_branch_and_before,
    in_a_branch_and_after,
    twice_in_one_branch,
    comes_back_in_a_loop,
    swapped_in_a_loop,
    carried_unsplit,
    drawn_and_then_split_in_a_loop,
    in_an_endless_loop,
    half_of_the_turns,
    outside_and_in_a_loop,
    across_jitted_calls,
    one_of_the_mapped_again,
    some_of_the_mapped_again,
    gathered_again,
    stacked_copies,
    many_keys_twice,
    one_own_key_twice,
    reversed_keys_beside_keys,
]
each_kind = pytest.mark.parametrize("key", [typed, lambda f: f], ids=["typed", "raw"])


@each_kind
@pytest.mark.parametrize("function", WRONG)
def test_a_key_that_is_used_again_is_found(function, key):
    if function is stacked_copies and key is typed:
        pytest.skip("stacks raw keys")
    assert reused(key(function)) >= 1


def widest_fold(key):
    return sum(NORMAL(random.fold_in(key, n), (3, n + 1)).sum() for n in range(4))


def folds_mapped_and_one_more(key):
    keys = jax.vmap(lambda n: random.fold_in(key, n))(jnp.arange(3))
    return jax.vmap(NORMAL)(keys).sum() + NORMAL(random.fold_in(key, 3))


def folds_by_name(key):
    names = {"bias": 0, "query": 1, "value": 2}
    return {name: NORMAL(random.fold_in(key, n), (n + 1, 4)) for name, n in names.items()}


def both_branches(key):
    flip, one = random.split(key)
    return lax.cond(
        random.bernoulli(flip), lambda: NORMAL(one, (3,)), lambda: random.uniform(one, (3,))
    )


def both_branches_under_vmap(key):
    flip, one = random.split(key)
    keys, flips = random.split(one, 4), random.bernoulli(flip, 0.5, (4,))

    def draw(key, flip):
        return lax.cond(flip, lambda: NORMAL(key, (3,)), lambda: random.uniform(key, (3,)))

    return jax.vmap(draw)(keys, flips)


def chosen_by_where(key):
    flip, one = random.split(key)
    return jnp.where(random.bernoulli(flip, 0.5, (3,)), NORMAL(one, (3,)), random.cauchy(one, (3,)))


def three_branches_under_vmap(key):
    keys = random.split(key, 4)
    kinds = [NORMAL, random.uniform, random.exponential]
    return jax.vmap(lambda i, k: lax.switch(i, kinds, k))(jnp.array([0, 2, 1, 0]), keys)


def keys_by_place(key):
    keys = random.split(key, 3)
    return [NORMAL(keys[i], (4, 4)) for i in range(3)]


def keys_gathered_once_each(key):
    keys = random.split(key, 4)
    return jax.vmap(NORMAL)(keys[jnp.array([3, 1, 0, 2])])


def keys_through_a_tree(key):
    keys = dict(zip("abc", random.split(key, 3), strict=True))
    return jax.tree.map(lambda k: random.gamma(k, 2.0, (3,)), keys)


def split_into_a_table(key):
    keys = random.split(key, (2, 3))
    return jax.vmap(jax.vmap(lambda k: NORMAL(k, (3,))))(keys)


def rejection(key):
    def again(state):
        key, _ = state
        key, now = random.split(key)
        return key, NORMAL(now)

    return lax.while_loop(lambda state: state[1] < 1, again, (key, -1.0))[1]


def rejection_under_vmap(key):
    return jax.vmap(rejection)(random.split(key, 5))


def long_walk(key):
    def step(x, key):
        return 0.5 * x + NORMAL(key, x.shape), None

    return lax.scan(step, jnp.zeros(50), random.split(key, 3000))[0]


def nested_loops(key):
    def outer(key, _):
        key, now = random.split(key)
        draw = lax.fori_loop(0, 4, lambda i, c: c + NORMAL(random.fold_in(now, i)), 0.0)
        return key, draw

    return lax.scan(outer, key, None, length=5)[1]


def last_key_of_a_loop(key):
    def step(key, _):
        key, now = random.split(key)
        return key, NORMAL(now)

    key, drawn = lax.scan(step, key, None, length=3)
    return drawn.sum() + NORMAL(key)


def bootstrap(key):
    data = jnp.arange(40.0)
    means = jax.vmap(lambda k: random.choice(k, data, data.shape).mean())
    return means(random.split(key, 1000))


def many_samplers(key):
    keys = iter(random.split(key, 6))
    return (
        random.poisson(next(keys), 4.0, (5,)).sum()
        + random.beta(next(keys), 1.0, 2.0, (5,)).sum()
        + random.binomial(next(keys), 9, 0.4, (5,)).sum()
        + random.permutation(next(keys), 9).sum()
        + random.multivariate_normal(next(keys), jnp.zeros(2), jnp.eye(2)).sum()
        + random.categorical(next(keys), jnp.ones((4, 5)), shape=(4,)).sum()
    )


def one_key_shared_on_purpose(key):
    drawn = NORMAL(key, (3,))
    return jax.vmap(lambda x: x * drawn)(jnp.ones((4, 3)))


def one_key_for_a_whole_vmap(key):
    return jax.vmap(lambda x: x + NORMAL(key, (3,)))(jnp.ones((4, 3)))


def second_half_of_a_wide_split(key):
    keys = random.split(key, 8)
    draw = jax.vmap(lambda k: NORMAL(k, (3,)))
    return draw(keys[:4]) + draw(keys[4:])


def children_and_a_number_beyond(key):
    one, other = random.split(key)
    return NORMAL(one, (3,)) + NORMAL(other, (3,))


def kept_and_renewed(key):
    state = {"key": key, "total": jnp.zeros(3)}
    for _ in range(3):
        now, state["key"] = random.split(state["key"])
        state["total"] += NORMAL(now, (3,))
    return state["total"]


def gradient_through_noise(key):
    one, other = random.split(key)

    def loss(x):
        kept = random.bernoulli(one, 0.5, x.shape)
        return jnp.sum(jnp.where(kept, jnp.sin(x) * NORMAL(other, x.shape), 0.0))

    return jax.value_and_grad(loss)(jnp.ones(4))


def seeds(key):
    del key
    return jax.vmap(lambda seed: NORMAL(random.key(seed), (2,)))(jnp.arange(5))


def a_key_for_each_of_many(key):
    def one(key):
        first, second = random.split(key)
        return NORMAL(first) + random.uniform(second)

    return jax.vmap(one)(random.split(key, 100_000))


def large_draws(key):
    one, other = random.split(key)
    return NORMAL(one, (600, 1000)).sum() + random.uniform(other, (600_000,)).sum()


RIGHT = [
    widest_fold,
    folds_mapped_and_one_more,
    folds_by_name,
    both_branches,
    both_branches_under_vmap,
    chosen_by_where,
    three_branches_under_vmap,
    keys_by_place,
    keys_gathered_once_each,
    keys_through_a_tree,
    split_into_a_table,
    rejection,
    rejection_under_vmap,
    long_walk,
    nested_loops,
    last_key_of_a_loop,
    bootstrap,
    many_samplers,
    one_key_shared_on_purpose,
    one_key_for_a_whole_vmap,
    second_half_of_a_wide_split,
    children_and_a_number_beyond,
    kept_and_renewed,
    gradient_through_noise,
    seeds,
    large_draws,
    a_key_for_each_of_many,
]


@each_kind
@pytest.mark.parametrize("function", RIGHT)
def test_keys_that_are_used_once_are_not_accused(function, key):
    assert reused(key(function)) == 0


@pytest.mark.slow
@pytest.mark.parametrize("function", WRONG)
def test_a_key_that_is_used_again_is_found_without_partitionable_threefry(function):
    if function in (splits_of_two_widths, first_child_and_zero_folded_in):
        pytest.skip("the children differ there")
    with partitionable(False):
        assert reused(function) >= 1


@pytest.mark.slow
@pytest.mark.parametrize("function", RIGHT)
def test_keys_are_not_accused_without_partitionable_threefry(function):
    with partitionable(False):
        assert reused(function) == 0


def on_devices(inside, in_specs, out_specs):
    mesh = jax.sharding.AbstractMesh((4,), ("x",), axis_types=(jax.sharding.AxisType.Auto,))
    return jax.shard_map(inside, mesh=mesh, in_specs=in_specs, out_specs=out_specs, check_vma=False)


def test_a_key_inside_and_outside_of_shard_map_is_found():
    def twice(key):
        noise = on_devices(lambda key: NORMAL(key, (2,)), (P(),), P("x"))(key)
        return noise + NORMAL(key, (8,))

    def once(key):
        one, other = random.split(key)
        noise = on_devices(
            lambda key: NORMAL(random.fold_in(key, lax.axis_index("x")), (2,)), (P(),), P("x")
        )(one)
        return noise + NORMAL(other, (8,))

    def by_device(key):
        draw = on_devices(lambda keys: NORMAL(keys[0], (2,)), (P("x"),), P("x"))
        return draw(random.split(key, 4))

    assert reused(twice) >= 1
    assert reused(once) == 0
    assert reused(by_device) == 0


def test_values_that_follow_from_constants_are_computed_as_xla_does():
    """Keys that are picked by computed places are the picked ones."""
    places = (np.arange(6) * 5 - 7) % 6

    def computed(key):
        keys = random.split(key, 6)
        at = (jnp.arange(6) * 5 - 7) % 6
        drawn = jax.vmap(lambda k: NORMAL(k, (3,)))(keys[at])
        return drawn.sum() + NORMAL(keys[int(places[4])], (7,)).sum()

    assert reused(computed) >= 1


def test_constants_of_several_flags_are_read():
    def masked(key):
        kept = jnp.array([True, False, True, False])
        keys = jnp.where(kept[:, None], random.split(key, 4), random.split(key, 8)[4:])
        return jax.vmap(NORMAL)(keys).sum() + NORMAL(random.fold_in(key, 2))

    assert reused(masked) >= 1


def test_two_keys_for_very_many_numbers_are_told_apart():
    def apart(key):
        return jax.vmap(lambda one: random.normal(one, (20_000,)))(random.split(key))

    def alike(key):
        return jax.vmap(lambda one: random.normal(one, (20_000,)))(jnp.stack([key, key]))

    assert reused(apart) == 0
    assert reused(alike) > 0
