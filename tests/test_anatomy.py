"""The facts of programs, against numbers worked out by hand."""

import dataclasses
import inspect
import json

import jax
import jax.numpy as jnp
import pytest
from jax import export, lax

from autograder.judge.anatomy import Anatomy, dissect


def anatomy(function, *arguments, platform="cpu", **options) -> Anatomy:
    exported = export.export(jax.jit(function, **options), platforms=(platform,))(*arguments)
    return dissect(exported.mlir_module_serialized)


def vector(n):
    return jax.ShapeDtypeStruct((n,), jnp.float32)


def matrix(*shape):
    return jax.ShapeDtypeStruct(shape, jnp.float32)


KEY = jax.ShapeDtypeStruct((2,), jnp.uint32)


# Operations and their names


def test_the_facts_of_a_small_program():
    # The module, main, a constant, its broadcast, a product, a sum and the return.
    names = {"add": 1, "broadcast_in_dim": 1, "constant": 1, "multiply": 1, "return": 1}
    assert anatomy(lambda x: x * 2 + x, vector(4)) == Anatomy(
        operations=7,
        written_out=5,
        by_name=names,
        always=names,
        work=8,
        loops=(),
        widest=32,
        donated=(),
        jitted=False,
        sliced=0,
        reused_keys=0,
    )


@jax.jit
def doubled(x):
    return jnp.where(x > 0, x, 0) * 2


@pytest.mark.parametrize(
    ("function", "is_jitted"),
    [
        (doubled, True),
        (lambda x: doubled(x), True),
        (jax.jit(lambda x, by: (x * by, x), static_argnums=1), True),
        (doubled.__wrapped__, False),
        (lambda x: doubled(x) + 1, False),
        (lambda x: x, False),
    ],
)
def test_a_function_that_is_jitted_as_a_whole_is_one_call(function, is_jitted):
    arguments = (3,) if "by" in inspect.signature(function).parameters else ()
    assert anatomy(lambda x: function(x, *arguments), vector(4)).jitted is is_jitted


@pytest.mark.parametrize(
    ("number", "bits"),
    [("uint8", 8), ("bool", 1), ("bfloat16", 16), ("float32", 32), ("complex64", 32)],
)
def test_the_widest_number(number, bits):
    assert anatomy(lambda x: x, jnp.zeros(3, number)).widest == bits


def test_the_facts_are_json():
    facts = dataclasses.asdict(anatomy(lambda x: lax.fori_loop(0, 3, lambda _, c: c + x, x), 1.0))
    assert json.loads(json.dumps(facts))["loops"] == [3]


def test_a_loop_is_counted_as_often_as_it_turns():
    scanned = anatomy(
        lambda x: lax.scan(lambda c, _: (jnp.sin(c), None), x, None, length=6)[0], 1.0
    )
    unrolled = anatomy(lambda x: [x := jnp.sin(x) for _ in range(6)][-1], 1.0)
    assert scanned.by_name["sine"] == unrolled.by_name["sine"] == 6
    assert scanned.by_name["while"] == 1
    assert scanned.by_name["compare"] == 7  # once more than the loop turns
    assert "while" not in unrolled.by_name


def test_what_stands_in_a_branch_is_not_always_carried_out():
    def function(x):
        again = lax.fori_loop(0, 3, lambda _, c: lax.cond(c[0] > 0, jnp.sin, jnp.cos, c), x)
        return jnp.cos(lax.cond(x[0] > 1, jnp.sort, lambda x: x, again))

    found = anatomy(function, vector(4))
    assert (found.by_name["sine"], found.by_name["cosine"], found.by_name["sort"]) == (3, 4, 1)
    assert found.always["cosine"] == 1
    assert found.always["case"] == 1 + 3
    assert found.always.keys().isdisjoint({"sine", "sort"})


def test_loops_in_loops_multiply():
    def inner(c, _):
        return lax.fori_loop(0, 5, lambda _, c: jnp.sin(c), c), None

    found = anatomy(lambda x: lax.scan(inner, x, None, length=4)[0], 1.0)
    assert found.loops == (4, 5)
    assert found.by_name["sine"] == 20
    assert found.by_name["while"] == 1 + 4


def test_a_function_is_counted_at_each_call():
    @jax.jit
    def twice(x):
        return jnp.sin(jnp.sin(x))

    found = anatomy(lambda x: twice(twice(twice(x))), 1.0)
    assert found.by_name["sine"] == 6
    assert found.by_name["call"] == 3
    assert found.operations == 1 + 2 + 3 + 1 + 2 + 1  # the module; main; twice
    assert found.written_out == 3 + 1 + 3 * (2 + 1)


def test_branches_are_added_up():
    branches = [jnp.sin, lambda x: jnp.sin(jnp.sin(x)), jnp.cos]
    found = anatomy(lambda i, x: lax.switch(i, branches, x), 0, 1.0)
    assert (found.by_name["sine"], found.by_name["cosine"]) == (3, 1)


def test_what_goes_by_the_name_of_its_target():
    found = anatomy(
        lambda a: (jax.scipy.special.erf(a), lax.top_k(a, 2), jnp.linalg.cholesky(a)), matrix(3, 3)
    )
    assert {"erf", "top_k"} <= found.by_name.keys()
    assert found.by_name.keys() & {"lapack_spotrf_ffi", "cholesky"}


def test_a_composite_cannot_pass_for_an_operation():
    imitate = lax.composite(jnp.cos, name="chlo.sort")

    def pretend(x):
        return lax.composite(jnp.sin, name="chlo.all_reduce")(x) * imitate(x)

    found = anatomy(pretend, vector(8))
    assert found.by_name["composite"] == 2
    assert found.by_name["sine"] == found.by_name["cosine"] == 1
    assert found.by_name.keys().isdisjoint({"all_reduce", "sort"})
    assert found.work == 24


# Loops


@pytest.mark.parametrize(
    ("function", "turns"),
    [
        (lambda x: lax.scan(lambda c, y: (c + y, c), 0.0, x), 8),
        (lambda x: lax.scan(lambda c, y: (c + y, c), 0.0, x, reverse=True), 8),
        (lambda x: lax.map(jnp.sum, x), 8),
        (lambda x: lax.fori_loop(3, 9, lambda i, c: c + i, x), 6),
        (lambda x: lax.fori_loop(-3, 9, lambda i, c: c * i, x), 12),
        (lambda x: lax.while_loop(lambda c: c[0] < 10, lambda c: (c[0] + 1, c[1] * 2), (0, x)), 10),
        (lambda x: lax.while_loop(lambda c: c[0] <= 10, lambda c: (c[0] + 3, c[1]), (0, x)), 4),
        (
            lambda x: lax.while_loop(
                lambda c: lax.lt(4, c[0]), lambda c: (c[0] - 1, c[1]), (10, x)
            ),
            6,
        ),
        (lambda x: lax.while_loop(lambda c: c[0] >= 0, lambda c: (c[0] - 1, c[1]), (10, x)), 11),
        (lambda x: lax.while_loop(lambda c: c[0] != 0, lambda c: (c[0] - 2, c[1]), (10, x)), 5),
        (lambda x: lax.while_loop(lambda c: c[0] > 10, lambda c: (c[0] + 1, c[1]), (0, x)), None),
        (lambda x: lax.while_loop(lambda c: c[0] < 10, lambda c: (c[0] * 2, c[1]), (1, x)), None),
        (lambda x: lax.while_loop(lambda c: c.sum() < 10, lambda c: c * 2, x), None),
        (lambda x: lax.fori_loop(0, x[0].astype(int), lambda i, c: c + i, x), None),
        (
            lambda x: lax.while_loop(
                lambda c: (c[0] < 10) & (c[1][0] < 3), lambda c: (c[0] + 1, c[1] * 2), (0, x)
            ),
            None,
        ),
    ],
    ids=range(15),
)
def test_how_often_a_loop_turns(function, turns):
    assert anatomy(function, vector(8)).loops == (turns,)


def test_a_bound_carried_through_the_loop():
    def count(x):
        start = (jnp.int32(0), jnp.int32(7), x)
        return lax.while_loop(lambda c: c[0] < c[1], lambda c: (c[0] + 1, c[1], c[2] * 2), start)

    assert anatomy(count, vector(2)).loops == (7,)


def test_the_loops_of_a_gradient():
    def total(x):
        return lax.scan(lambda c, y: (jnp.sin(c * y), None), 1.0, x)[0]

    assert anatomy(jax.grad(total), vector(9)).loops == (9, 9)


@pytest.mark.parametrize(
    "function",
    [
        lambda key: jax.random.gamma(key, 2.0, (3,)),
        lambda key: jax.random.poisson(key, 2.0, (3,)),
        lambda key: jnp.linalg.solve(jax.random.normal(key, (3, 3)), jnp.ones(3)),
    ],
)
def test_loops_of_the_library_are_listed_too(function):
    assert set(anatomy(function, KEY).loops) >= {5}
    assert anatomy(function, KEY).work > 0


# Work


@pytest.mark.parametrize(
    ("function", "arguments", "work"),
    [
        (lambda a, b: a @ b, (matrix(3, 4), matrix(4, 5)), 2 * 3 * 4 * 5),
        (lambda a, b: jnp.einsum("bij,bjk->bik", a, b), (matrix(2, 3, 4), matrix(2, 4, 5)), 240),
        (lambda x: jnp.sum(x), (vector(10),), 10),
        (lambda x: x.max(axis=0), (matrix(3, 5),), 15),
        (lambda x: x.T.reshape(-1)[::-1][2:], (matrix(3, 5),), 0),
        (lambda x: jnp.broadcast_to(x[:, None], (8, 8)), (vector(8),), 0),
        (lambda x: x[:, None] * x, (vector(8),), 64),
        (lambda x: lax.sort(x), (vector(16),), 16 * 4),
        (lambda x: lax.sort(x, dimension=0), (matrix(16, 3),), 48 * 4),
        (lambda x: lax.cumsum(x), (vector(16),), 16 * 4),
        (lambda x: lax.cumsum(x, reverse=True), (vector(16),), 16 * 4),
        (lambda x: lax.cummax(x, axis=1), (matrix(3, 16),), 48 * 4),
        (
            lambda x: lax.reduce_window(x, -jnp.inf, lax.max, (3,), (1,), "SAME"),
            (vector(16),),
            16 * 3,
        ),
        (
            lambda x, k: lax.conv(x, k, (1, 1), "VALID"),
            (matrix(1, 2, 8, 8), matrix(5, 2, 3, 3)),
            2 * (5 * 6 * 6) * (2 * 3 * 3),
        ),
        (lambda x: jnp.fft.fft(x), (jax.ShapeDtypeStruct((16,), jnp.complex64),), 16 * 4),
        (lambda x: x.astype(jnp.bfloat16), (vector(8),), 0),
        (lambda x, y: lax.dynamic_update_slice(x, y, (2,)), (vector(64), vector(4)), 4),
    ],
    ids=range(17),
)
def test_work_by_hand(function, arguments, work):
    # What comes with it is scalars: where an index starts, a window's first value.
    assert work <= anatomy(function, *arguments).work <= work + 6


def growth(function, small=256, factor=16):
    """How many times the work grows when the input grows by `factor`."""
    least, most = (anatomy(function, vector(n)).work for n in (small, small * factor))
    return most / least


def by_pairs(x):
    return (jnp.abs(x[:, None] - x) < 0.1).sum()


def by_scan(x):
    return lax.scan(lambda c, y: (c + y, c * y), 0.0, x)


def by_scan_over_all(x):
    return lax.scan(lambda c, y: (c + (x < y).sum(), None), 0, x)


@pytest.mark.parametrize(
    ("function", "low", "high"),
    [
        (jnp.sin, 15.9, 16.1),
        (jnp.sum, 15.9, 16.1),
        (by_scan, 15.9, 16.1),
        (lambda x: lax.associative_scan(jnp.add, x), 15, 17),
        (lambda x: x.at[::2].add(1.0), 15, 17),
        (jnp.cumsum, 17, 25),
        (jnp.sort, 17, 25),
        (jnp.argsort, 17, 25),
        (jnp.median, 17, 25),
        (lambda x: jnp.fft.rfft(x), 17, 25),
        (by_pairs, 200, 256.1),
        (by_scan_over_all, 200, 256.1),
        (lambda x: jnp.outer(x, x), 200, 256.1),
        (lambda x: jnp.convolve(x, x), 200, 260),
    ],
    ids=range(14),
)
def test_growth_tells_linear_from_n_log_n_from_quadratic(function, low, high):
    assert low < growth(function) < high


@pytest.mark.parametrize("platform", ["cpu", "cuda", "tpu"])
def test_a_cumulative_sum_is_not_quadratic(platform):
    least, most = (anatomy(jnp.cumsum, vector(n), platform=platform).work for n in (256, 4096))
    assert 15 < most / least < 25


def test_growth_of_matrices():
    def times(function):
        least, most = (anatomy(function, matrix(n, n)).work for n in (16, 64))
        return most / least

    assert times(lambda a: a + a.T) == pytest.approx(16, rel=0.1)
    for cubic in (lambda a: a @ a, jnp.linalg.cholesky, jnp.linalg.inv, jnp.linalg.svd):
        assert times(cubic) == pytest.approx(64, rel=0.35)


# Donation


def test_donated_arguments():
    def step(a, b, c):
        return b + 1, c * a.sum()

    arguments = vector(3), vector(8), vector(5)
    assert anatomy(step, *arguments).donated == ()
    assert anatomy(step, *arguments, donate_argnums=1).donated == (1,)
    assert anatomy(step, *arguments, donate_argnums=(2, 1)).donated == (1, 2)


# Keys

NORMAL = jax.random.normal


def typed(function):
    return lambda data: function(jax.random.wrap_key_data(data))


def same_key_twice(key):
    return NORMAL(key, (3,)) + jax.random.uniform(key, (3,))


def same_key_for_two_lengths(key):
    return NORMAL(key, (3,)).sum() + jax.random.uniform(key, (5,)).sum()


def same_key_in_two_layers(key):
    x = jnp.ones((4, 4))
    for _ in range(2):
        x = jnp.where(jax.random.bernoulli(key, 0.5, x.shape), x / 0.5, 0.0)
    return x


def key_used_after_its_split(key):
    one, _ = jax.random.split(key)
    return NORMAL(one, (2,)) + NORMAL(key, (2,))


def number_folded_in_twice(key):
    return NORMAL(jax.random.fold_in(key, 7), (3,)) * NORMAL(jax.random.fold_in(key, 7), (3,))


def same_key_in_every_turn(key):
    return lax.scan(lambda c, _: (c + NORMAL(key, (3,)), None), jnp.zeros(3), None, length=4)[0]


def same_key_in_every_turn_of_two(key):
    def outer(c, y):
        return lax.fori_loop(0, 3, lambda _, c: c + y * NORMAL(key), c), None

    return lax.scan(outer, 0.0, jnp.arange(4.0))[0]


def same_key_through_jit(key):
    draw = jax.jit(lambda key: NORMAL(key, (3,)))
    return draw(key) * draw(key)


def branch_repeats_what_came_before(key):
    drawn = NORMAL(key)
    return lax.cond(drawn > 0, lambda: NORMAL(key), lambda: 0.0) + drawn


@pytest.mark.parametrize("key", [typed, lambda function: function], ids=["typed", "raw"])
@pytest.mark.parametrize(
    "function",
    [
        same_key_twice,
        same_key_for_two_lengths,
        same_key_in_two_layers,
        key_used_after_its_split,
        number_folded_in_twice,
        same_key_in_every_turn,
        same_key_in_every_turn_of_two,
        same_key_through_jit,
        branch_repeats_what_came_before,
    ],
)
def test_a_key_used_again_is_found(function, key):
    assert anatomy(key(function), KEY).reused_keys >= 1


def test_every_repetition_counts():
    def draw(key):
        return sum(NORMAL(key, (3,)) for _ in range(4))

    assert anatomy(draw, KEY).reused_keys == 3


def split_and_both_used(key):
    one, other = jax.random.split(key)
    return NORMAL(one, (3,)) + NORMAL(other, (3,))


def split_in_a_chain(key):
    total = 0.0
    for _ in range(4):
        key, sub = jax.random.split(key)
        total += NORMAL(sub)
    return total


def different_numbers_folded_in(key):
    return sum(NORMAL(jax.random.fold_in(key, n), (3,)) for n in range(4))


def split_in_a_scan(key):
    def step(key, _):
        key, sub = jax.random.split(key)
        return key, NORMAL(sub, (3,))

    return lax.scan(step, key, None, length=5)[1]


def scan_over_keys(key):
    return lax.map(lambda key: NORMAL(key, (3,)), jax.random.split(key, 5))


def fold_in_the_step(key):
    return lax.fori_loop(0, 5, lambda i, c: c + NORMAL(jax.random.fold_in(key, i)), 0.0)


def vmap_over_keys(key):
    return jax.vmap(lambda key: NORMAL(key, (3,)))(jax.random.split(key, 5))


def vmap_over_numbers(key):
    def draw(n):
        return NORMAL(jax.random.fold_in(key, n))

    return jax.vmap(draw)(jnp.arange(5)) + jax.vmap(draw)(5 + jnp.arange(5))


def dropout_in_two_layers(key):
    x = jnp.ones((4, 4))
    for sub in jax.random.split(key):
        x = jnp.where(jax.random.bernoulli(sub, 0.5, x.shape), x / 0.5, 0.0)
    return x


def gradient_of_dropout(key):
    def loss(w):
        x = jnp.ones((4, 4))
        for sub in jax.random.split(key):
            x = jnp.where(jax.random.bernoulli(sub, 0.5, x.shape), jnp.tanh(x @ w), 0.0)
        return x.sum()

    return jax.grad(loss)(jnp.eye(4)), jax.grad(jax.jit(loss))(jnp.eye(4))


def gradient_of_remat(key):
    @jax.checkpoint
    def layer(x, key):
        return jnp.where(jax.random.bernoulli(key, 0.5, x.shape), jnp.sin(x), 0.0)

    def loss(x):
        one, other = jax.random.split(key)
        return layer(layer(x, one), other).sum()

    return jax.grad(loss)(jnp.ones(4))


def gradient_of_a_scan_over_layers(key):
    def loss(w):
        @jax.checkpoint
        def layer(x, key):
            return jnp.where(jax.random.bernoulli(key, 0.5, x.shape), jnp.tanh(x @ w), 0.0), None

        return lax.scan(layer, jnp.ones(4), jax.random.split(key, 6))[0].sum()

    return jax.grad(loss)(jnp.eye(4))


def one_branch_or_the_other(key):
    flip, sub = jax.random.split(key)
    return lax.cond(
        jax.random.bernoulli(flip),
        lambda: NORMAL(sub, (3,)),
        lambda: 2.0 * NORMAL(sub, (3,)),
    )


def random_walks(key):
    def walk(key):
        def step(carry, key):
            carry = carry + jax.random.choice(key, jnp.array([-1.0, 1.0]))
            return carry, carry

        return lax.scan(step, 0.0, jax.random.split(key, 7))[1]

    return jax.vmap(walk)(jax.random.split(key, 3))


FINE = [
    split_and_both_used,
    split_in_a_chain,
    different_numbers_folded_in,
    split_in_a_scan,
    scan_over_keys,
    fold_in_the_step,
    vmap_over_keys,
    vmap_over_numbers,
    dropout_in_two_layers,
    gradient_of_remat,
    gradient_of_a_scan_over_layers,
    one_branch_or_the_other,
    random_walks,
]


@pytest.mark.parametrize("key", [typed, lambda function: function], ids=["typed", "raw"])
@pytest.mark.parametrize("function", FINE)
def test_keys_used_once_are_not_accused(function, key):
    assert anatomy(key(function), KEY).reused_keys == 0


@pytest.mark.parametrize("key", [typed, lambda function: function], ids=["typed", "raw"])
def test_two_gradients_draw_twice(key):
    # The same loss twice, for two gradients, does repeat its draws.
    assert anatomy(key(lambda key: gradient_of_dropout(key)[0]), KEY).reused_keys == 0
    assert anatomy(key(lambda key: gradient_of_dropout(key)[1]), KEY).reused_keys == 0
    assert anatomy(key(gradient_of_dropout), KEY).reused_keys > 0


DRAWS = {
    "ball": (2, 2, (3,)),
    "bernoulli": (0.5, (3,)),
    "beta": (1.0, 2.0, (3,)),
    "binomial": (5, 0.5, (3,)),
    "bits": ((3,),),
    "categorical": (jnp.ones(4),),
    "cauchy": ((3,),),
    "chisquare": (3.0, (3,)),
    "choice": (10, (3,), False),
    "dirichlet": (jnp.ones(3), (2,)),
    "double_sided_maxwell": (0.0, 1.0, (3,)),
    "exponential": ((3,),),
    "f": (2.0, 3.0, (3,)),
    "gamma": (2.0, (3,)),
    "generalized_normal": (2.0, (3,)),
    "geometric": (0.5, (3,)),
    "gumbel": ((3,),),
    "loggamma": (2.0, (3,)),
    "multivariate_normal": (jnp.zeros(3), jnp.eye(3)),
    "orthogonal": (3,),
    "permutation": (jnp.arange(12).reshape(4, 3), 1, True),
    "poisson": (2.0, (3,)),
    "rademacher": ((3,),),
    "randint": ((3,), 0, 10),
    "split": (3,),
    "t": (2.0, (3,)),
    "truncated_normal": (-1.0, 1.0, (3,)),
    "wald": (1.0, (3,)),
}


@pytest.mark.parametrize("name", DRAWS)
def test_no_draw_of_the_library_is_accused(name):
    function = getattr(jax.random, name)
    assert anatomy(typed(lambda key: function(key, *DRAWS[name])), KEY).reused_keys == 0


def test_a_shuffle_of_a_long_vector():
    # Long enough for the several rounds of sorting.
    found = anatomy(typed(lambda key: jax.random.permutation(key, 3000)), KEY)
    assert found.reused_keys == 0


def test_a_scatter_tells_what_it_promises_of_several_places():
    def promised(function):
        names = anatomy(function, vector(9), jax.ShapeDtypeStruct((4,), jnp.int32)).by_name
        return {name for name in names if name.startswith("scatter with ")}

    unique, in_order = "scatter with unique_indices", "scatter with indices_are_sorted"
    assert promised(lambda x, i: x.at[i].add(1)) == set()
    assert promised(lambda x, i: x.at[i].add(1, unique_indices=True)) == {unique}
    assert promised(lambda x, i: x.at[i].add(1, indices_are_sorted=True)) == {in_order}
    # What JAX itself promises of a single place is true.
    assert promised(lambda x, i: x.at[i[0]].add(1)) == set()
    assert promised(lambda x, i: jax.vmap(lambda one: x.at[one].add(1))(i)) == set()
