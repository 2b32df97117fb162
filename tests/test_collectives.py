"""What devices say to each other in a compiled program, counted and weighed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

from autograder.judge import meshes
from autograder.judge.collectives import collectives
from course.pictures import shards

meshes.simulate_devices()


def counted(function, specs, *arguments, mesh="i=8"):
    """The collectives of a jitted function whose arguments lie on the mesh as the specs say."""
    places = tuple(meshes.placements(mesh, specs))
    compiled = jax.jit(function, in_shardings=places).lower(*arguments).compile()
    return collectives(compiled.as_text(), 8)


def sharded(function, mesh="i=8", spec=("i",)):
    return jax.shard_map(
        function, mesh=meshes.make(mesh), in_specs=P(*spec), out_specs=P(*spec), check_vma=False
    )


VECTOR = np.arange(32, dtype="float32")
AROUND = [(n, (n + 1) % 8) for n in range(8)]


# Every device has 4 of the 32 floats, that is 16 bytes.
@pytest.mark.parametrize(
    ("function", "kind", "sent"),
    [
        (lambda x: x + lax.psum(x, "i"), "all-reduce", 2 * 7 * 16 // 8),
        (lambda x: x + lax.pmax(x, "i"), "all-reduce", 2 * 7 * 16 // 8),
        (
            lambda x: x + jnp.flip(lax.all_gather(x, "i", tiled=True))[:4],
            "all-gather",
            7 * 16,
        ),
        (
            lambda x: lax.psum_scatter(jnp.sin(jnp.tile(x, 8)), "i", tiled=True),
            "reduce-scatter",
            7 * 128 // 8,
        ),
        (lambda x: lax.ppermute(x, "i", AROUND), "collective-permute", 16),
        (
            lambda x: lax.all_to_all(jnp.sin(jnp.tile(x, 8)), "i", 0, 0, tiled=True)[:4],
            "all-to-all",
            7 * 128 // 8,
        ),
    ],
    ids=["psum", "pmax", "all_gather", "psum_scatter", "ppermute", "all_to_all"],
)
def test_one_collective(function, kind, sent):
    assert counted(sharded(function), [("i",)], VECTOR) == {kind: (1, sent)}


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("psum", lambda x: x + lax.psum(x, "i")),
        ("psum_scatter", lambda x: lax.psum_scatter(x, "i", tiled=True)),
        ("all_gather", lambda x: lax.all_gather(x, "i", tiled=True)),
        ("all_to_all", lambda x: lax.all_to_all(x, "i", 0, 0, tiled=True)),
        ("ppermute", lambda x: lax.ppermute(x, "i", AROUND)),
    ],
)
def test_the_lesson_and_the_grader_count_the_same_bytes(name, function):
    block = 8 * 4
    counted_here = counted(sharded(function), [("i",)], np.arange(64, dtype="float32"))
    ((_, sent),) = counted_here.values()
    assert shards.sent_bytes(block, devices=8)[name] == sent


def test_collectives_in_a_scan():
    def steps(x):
        def step(carry, _):
            around = lax.ppermute(carry, "i", AROUND)
            return around + lax.pmean(jnp.sin(carry), "i"), None

        return lax.scan(step, x, None, length=6)[0]

    assert counted(sharded(steps), [("i",)], VECTOR) == {
        "all-reduce": (6, 6 * 2 * 7 * 16 // 8),
        "collective-permute": (6, 6 * 16),
    }


def test_a_loop_within_a_loop():
    def steps(x):
        def inner(_, c):
            return lax.ppermute(c, "i", AROUND) + 1

        return lax.fori_loop(0, 5, lambda _, c: lax.fori_loop(0, 3, inner, c) * 2, x)

    found = counted(sharded(steps), [("i",)], VECTOR)
    assert found == {"collective-permute": (15, 15 * 16)}


@pytest.mark.parametrize(("axes", "n"), [(("i",), 4), (("j",), 2), (("i", "j"), 8)])
def test_a_group_is_a_part_of_the_mesh(axes, n):
    matrix = np.ones((8, 4), "float32")  # 2 × 2 floats on every device
    function = sharded(lambda x: x + lax.psum(x, axes), "i=4,j=2", ("i", "j"))
    found = counted(function, [("i", "j")], matrix, mesh="i=4,j=2")
    assert found == {"all-reduce": (1, 2 * (n - 1) * 16 // n)}


def test_what_the_compiler_puts_in_counts():
    a, b = np.ones((16, 32), "float32"), np.ones((32, 8), "float32")
    found = counted(jnp.matmul, [(None, "i"), ("i", None)], a, b)
    assert found == {"all-reduce": (1, 2 * 7 * 16 * 8 * 4 // 8)}
    assert counted(jnp.matmul, [("i", None), ()], a, b) == {}


def test_both_branches_of_a_conditional_count():
    def either(x):
        there = [(n, (n + 1) % 8) for n in range(8)]
        back = [(n, (n - 1) % 8) for n in range(8)]
        return lax.cond(
            lax.psum(x.sum(), "i") > 0,
            lambda y: lax.ppermute(y, "i", there) + 1,
            lambda y: lax.ppermute(y, "i", back) * 2,
            x,
        )

    found = counted(sharded(either), [("i",)], VECTOR)
    assert found["collective-permute"] == (2, 32)
    assert found["all-reduce"] == (1, 2 * 7 * 4 // 8)


def test_no_collective_without_a_need():
    assert counted(jnp.sin, [("i",)], VECTOR) == {}


def test_where_a_result_lies():
    mesh = meshes.make("x=4,y=2")
    on = NamedSharding(mesh, P("y", "x"))
    placed = jax.device_put(np.zeros((4, 8), "float32"), on)
    held = meshes.blocks(placed)
    assert held[0] == [[0, 2], [0, 2]]
    assert held[1] == [[2, 4], [0, 2]]
    assert held[7] == [[2, 4], [6, 8]]
