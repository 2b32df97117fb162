"""Two programs have one hash where they are the same function, and where they are not, two."""

from functools import partial

import jax
import jax.numpy as jnp
import pytest
from jax import export, lax
from jax.sharding import AbstractMesh, AxisType
from jax.sharding import PartitionSpec as P

from autograder.judge.meaning import meaning
from autograder.judge.views import ALL_PLATFORMS

VECTOR = jax.ShapeDtypeStruct((8,), jnp.float32)


def exported(function, *arguments, platforms=("cpu",)):
    jitted = function if hasattr(function, "lower") else jax.jit(function)
    return export.export(jitted, platforms=platforms)(*(arguments or (VECTOR,)))


def of(function, *arguments, **options):
    return meaning(exported(function, *arguments, **options))


@jax.jit
def twice(x):
    return jnp.sin(jnp.sin(x))


def loop(x):
    return lax.scan(lambda c, y: (jnp.sin(c + y), c), 0.0, x)


def branch(x):
    return lax.cond(x[0] > 0, jnp.sin, lambda x: lax.fori_loop(0, 3, lambda i, c: c * i, x), x)


def sharded(x):
    mesh = AbstractMesh((8,), ("i",), axis_types=(AxisType.Auto,))
    one = jax.shard_map(lambda x: jnp.dot(x, x) * lax.psum(x, "i"), mesh=mesh, in_specs=P("i"),
                        out_specs=P("i"))  # fmt: skip
    return one(x)


FUNCTIONS = {
    "called": lambda x: twice(twice(x)),
    "loop": loop,
    "branch": branch,
    "composite": lambda x: (lax.erf(x), lax.top_k(x, 3)),
    "random": lambda x: jax.random.normal(jax.random.key(x[0].astype(int)), (3,)),
    "gamma": lambda x: jax.random.gamma(jax.random.key(3), x, (8,)),
    "linear algebra": lambda x: jnp.linalg.svd(jnp.outer(x, x)),
    "solve": lambda x: jnp.linalg.solve(jnp.outer(x, x), x),
    "complex": lambda x: jnp.abs(jnp.fft.fft(x) * (1 + 2j) + jnp.array([1j, 2.0] * 4)),
    "sorted": lambda x: jnp.median(x) + jnp.argsort(x),
    "gradient": jax.grad(lambda x: loop(x)[0]),
    "by platform": lambda x: lax.platform_dependent(x, cpu=jnp.sin, default=jnp.cos),
    "in a loop by platform": lambda x: lax.fori_loop(
        0, 3, lambda _, c: lax.platform_dependent(c, cpu=jnp.sin, default=jnp.cos), x
    ),
    "sharded": sharded,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_views_of_one_function_are_one_program(name):
    function = FUNCTIONS[name]
    plain = of(function)
    assert plain
    assert of(lambda x: function(x)) == plain
    assert of(jax.jit(lambda x: jax.jit(function)(x))) == plain
    assert of(function, platforms=ALL_PLATFORMS) == plain


def test_neither_order_nor_calls_nor_what_is_not_used_changes_it():
    def first(x, y):
        a = jnp.sin(x)
        b = jnp.cos(y)
        return a + b

    def second(x, y):
        b = jax.jit(jnp.cos)(y)
        jnp.tanh(x)
        a = jnp.sin(x)
        return a + b

    assert of(first, VECTOR, VECTOR) == of(second, VECTOR, VECTOR)


def test_memory_that_is_given_away_does_not_change_it():
    def halve(x, unused):
        return x / 2

    donating = jax.jit(halve, donate_argnums=0)
    assert "aliasing_output" in exported(donating, VECTOR, VECTOR).mlir_module()
    assert of(donating, VECTOR, VECTOR) == of(halve, VECTOR, VECTOR)


def scanned(step):
    return lambda x: lax.scan(step, 0.0, x)[0]


def shifted(x, by):
    return jnp.roll(x, by)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (jnp.sin, jnp.cos),
        (lambda x: x + 1, lambda x: x + 2),
        (lambda x: x[:4], lambda x: x[4:]),
        (lambda x: (x, x + 1), lambda x: (x + 1, x)),
        (lambda x: x - x[0], lambda x: x[0] - x),
        (scanned(lambda c, y: (c + y, None)), scanned(lambda c, y: (c - y, None))),
        (lambda x: jnp.sum(x), lambda x: jnp.max(x)),
        (partial(shifted, by=1), partial(shifted, by=2)),
        (lambda x: x * (1 + 2j), lambda x: x * (1 + 3j)),
        (lambda x: lax.cond(x[0] > 0, jnp.sin, jnp.cos, x),
         lambda x: lax.cond(x[0] > 0, jnp.cos, jnp.sin, x)),
        (lambda x: lax.fori_loop(0, 3, lambda _, c: jnp.sin(c) + x, x),
         lambda x: lax.fori_loop(0, 3, lambda _, c: jnp.sin(c) + c, x)),
        (lambda x: lax.composite(jnp.sin, name="my.own")(x),
         lambda x: lax.composite(jnp.cos, name="my.own")(x)),
    ],
    ids=range(12),
)  # fmt: skip
def test_other_functions_are_other_programs(one, other):
    assert of(one) != of(other)


def test_which_argument_is_used_counts_where_another_is_dropped():
    assert of(lambda x, y: x, VECTOR, VECTOR) != of(lambda x, y: y, VECTOR, VECTOR)


def test_only_the_part_for_the_first_platform_is_hashed():
    def one(x):
        return lax.platform_dependent(x, cpu=jnp.sin, default=jnp.cos)

    def other(x):
        return lax.platform_dependent(x, cpu=jnp.tan, default=jnp.cos)

    assert of(one, platforms=ALL_PLATFORMS) == of(jnp.sin)
    assert of(one, platforms=ALL_PLATFORMS) != of(other, platforms=ALL_PLATFORMS)


def test_of_a_program_that_is_too_long_nothing_is_said():
    def bomb(x):
        for _ in range(17):
            x = jax.jit(lambda x, before=x: jnp.sin(before) + x)(x)
        return x

    def doubling(n):
        if n == 0:
            return jnp.sin
        inner = jax.jit(doubling(n - 1))
        return lambda x: inner(inner(x))

    assert of(bomb)
    assert of(doubling(18)) == ""
