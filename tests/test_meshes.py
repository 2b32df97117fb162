"""Exercises on meshes of simulated devices, judged as in a grading: worker, runner, grader."""

import jax
import jax.numpy as jnp
import nbformat
import pytest
from jax import lax
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P
from nbformat.v4 import new_code_cell, new_notebook

from autograder.classroom.grader import Grader
from autograder.classroom.roles import GradingJail
from autograder.jail.process import Limits
from autograder.judge import devices, meshes
from autograder.judge.requirements import (
    communicates_like_reference,
    distributed_like_reference,
    lowers_everywhere,
    matches_gradient,
    matches_reference,
    sharded_like_reference,
    uses_keys_once,
)
from autograder.judge.specification import exercise, wrong
from autograder.judge.verdict import Status
from autograder.problem import Problem

meshes.simulate_devices()
SPEC = {"hints": "", "explanation": "e", "another": "a"}
REQUIRES = [matches_reference(), sharded_like_reference(), communicates_like_reference()]


def multiply(mesh, a, b):
    def block(a, b):
        return lax.psum(a @ b, "y")

    specs = (P("x", "y"), P("y", None))
    return jax.shard_map(block, mesh=mesh, in_specs=specs, out_specs=P("x", None))(a, b)


MULTIPLY = exercise(
    multiply,
    inputs=lambda rng, n, mesh: (mesh, rng.normal(size=(n, 16)), rng.normal(size=(16, 4))),
    requires=REQUIRES,
    meshes=("x=4,y=2", "x=2,y=4", "x=1,y=8"),
    in_specs=(None, P("x", "y"), P("y", None)),
    wrong_answers=[
        wrong(lambda mesh, a, b: a @ b + 1, "adds", rejected_by="values", advice="Do not.")
    ],
    **SPEC,
)


def total(mesh, xs):
    return lax.with_sharding_constraint(jnp.sum(xs, axis=0), NamedSharding(mesh, P()))


TOTAL = exercise(
    total,
    inputs=lambda rng, n, mesh: (mesh, rng.normal(size=(n, 3))),
    requires=REQUIRES,
    meshes=("i=8",),
    in_specs=(None, P("i")),
    wrong_answers=[],
    **SPEC,
)

HEAD = """
import jax
import jax.numpy as jnp
from functools import partial
from jax import device_put, lax
from jax.sharding import NamedSharding, PartitionSpec as P

def multiply(mesh, a, b):
    specs = dict(mesh=mesh, in_specs=(P("x", "y"), P("y", None)))
"""


@pytest.fixture(scope="module")
def graded():
    """Grades an answer. What a reference does is found out once for all of them."""
    graders = {}
    with GradingJail(Limits(seconds=20)) as jail:

        def grade(spec, source, device="cpu"):
            grader = graders.setdefault(
                (spec.name, device), Grader({spec.name: spec}, 5, jail, devices.named(device))
            )
            notebook = nbformat.from_dict(new_notebook(cells=[new_code_cell(source)]))
            return grader.grade(notebook)[spec.name]

        yield grade


@pytest.mark.parametrize(
    "body",
    [
        "return jax.shard_map(lambda a, b: lax.psum(a @ b, 'y'), out_specs=P('x'), **specs)(a, b)",
        "return lax.with_sharding_constraint(a @ b, NamedSharding(mesh, P('x')))",
        "return jax.device_put(a @ b, NamedSharding(mesh, P('x')))",
        "return device_put(a @ b, NamedSharding(mesh, P('x')))",
    ],
    ids=["by hand", "by a constraint", "by device_put", "by its own name"],
)
def test_right_answers_pass_on_every_mesh(graded, body):
    verdict = graded(MULTIPLY, HEAD + "    " + body)
    assert verdict.passed, verdict


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            "return jax.shard_map(lambda a, b: a @ b, out_specs=P('x'), check_vma=False, **specs)"
            "(a, b)",
            "values",
        ),
        ("return jax.shard_map(lambda a, b: a @ b, out_specs=P('x'), **specs)(a, b)", "ValueError"),
        (
            "return jax.shard_map(lambda a, b: lax.psum_scatter(a @ b, 'y', tiled=True), "
            "out_specs=P(('x', 'y')), **specs)(a, b)",
            "sharding",
        ),
        (
            "return lax.with_sharding_constraint(a @ b, NamedSharding(mesh, P()))",
            "sharding",
        ),
        (
            "return jax.shard_map(lambda a, b: lax.all_gather(a, 'y', axis=1, tiled=True) @ "
            "lax.all_gather(b, 'y', tiled=True), out_specs=P('x'), check_vma=False, **specs)(a, b)",
            "communication",
        ),
        (
            "return jax.shard_map(lambda a, b: lax.psum(a @ b, 'y') + 0 * lax.psum(jnp.sin(a @ b), "
            "'y'), out_specs=P('x'), **specs)(a, b)",
            "communication",
        ),
        ("return (a @ b)[:2]", "shape"),
        ("return jax.make_mesh((64,), ('z',))", "ValueError"),
    ],
    ids=[
        "forgets psum", "forgets psum, checked", "scatters", "replicates", "gathers",
        "sends twice", "shape", "another mesh",
    ],
)  # fmt: skip
def test_wrong_answers_are_told_by_the_reason(graded, body, reason):
    verdict = graded(MULTIPLY, HEAD + "    " + body)
    assert verdict.reason == reason, verdict
    assert not verdict.passed


def test_what_the_compiler_sends_is_compared(graded):
    right = "import jax.numpy as jnp\ndef total(mesh, xs): return jnp.sum(xs, axis=0)"
    assert graded(TOTAL, right).passed
    gathers = """
import jax
import jax.numpy as jnp
from jax.sharding import NamedSharding, PartitionSpec as P
def total(mesh, xs):
    everywhere = jax.lax.with_sharding_constraint(xs, NamedSharding(mesh, P()))
    return jnp.sum(jnp.sin(everywhere) * 0 + everywhere, axis=0)
"""
    assert graded(TOTAL, gathers).reason == "communication"


def test_a_device_picks_one_of_the_meshes(graded):
    assert [draw.mesh for draw in MULTIPLY.draws((24,), devices.named("mesh:2x4"))] == ["x=2,y=4"]
    assert len(MULTIPLY.draws((24,), devices.named("mesh:8"))) == 3
    right = HEAD + '    return lax.with_sharding_constraint(a @ b, NamedSharding(mesh, P("x")))'
    assert graded(MULTIPLY, right, "mesh:2x4").passed


def rows(xs):
    return xs - jnp.mean(xs, axis=0)


ROWS = exercise(rows, inputs=lambda rng, n: (rng.normal(size=(n, 3)),), wrong_answers=[], **SPEC)


@pytest.mark.parametrize("device", ["cpu", "mesh:8", "mesh:4x2", "mesh:2"])
def test_an_exercise_without_meshes_is_judged_on_one_unchanged(graded, device):
    if device != "cpu":
        assert {draw.mesh for draw in ROWS.draws((8, 24), devices.named(device))} != {""}
    source = "import jax.numpy as jnp\ndef rows(xs): return xs - jnp.mean(xs, axis=0)"
    assert graded(ROWS, source, device).passed
    assert graded(ROWS, source.replace("mean", "max"), device).reason == "values"


def product(a, b):
    return jnp.matmul(a, b, out_sharding=P("x", None))


PRODUCT = exercise(
    product,
    inputs=lambda rng, n, mesh: (rng.normal(size=(n, 16)), rng.normal(size=(16, 4))),
    requires=REQUIRES,
    meshes=("x=4,y=2 explicit", "x=2,y=4 explicit"),
    in_specs=(P("x", "y"), P("y", None)),
    wrong_answers=[],
    **SPEC,
)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return jnp.matmul(a, b, out_sharding=P('x', None))", "passed"),
        ("return jax.sharding.auto_axes(jnp.matmul, out_sharding=P('x', None))(a, b)", "passed"),
        (
            "return jax.shard_map(lambda a, b: lax.psum(a @ b, 'y'), out_specs=P('x'))(a, b)",
            "passed",
        ),
        ("return device_put(jnp.matmul(a, b, out_sharding=P('x', None)), P())", "sharding"),
        ("return jnp.matmul(a, b, out_sharding=P())", "sharding"),
        ("return a @ b", "ShardingTypeError"),
        ("return a @ jax.sharding.reshard(b, P())", "communication"),
        ("return jax.sharding.reshard(a, P('x')) @ jax.sharding.reshard(b, P())", "communication"),
    ],
)
def test_answers_on_a_mesh_with_explicit_axes_are_told_apart(graded, body, reason):
    head = HEAD.split("def multiply")[0] + "def product(a, b):\n    "
    verdict = graded(PRODUCT, head + body)
    assert verdict.reason == reason, verdict


def noisy(key, xs):
    return xs + jax.random.normal(key, xs.shape, out_sharding=P("x", None))


NOISY = exercise(
    noisy,
    inputs=lambda rng, n, mesh: (rng.integers(0, 2**32, 2, "uint32"), rng.normal(size=(16 * n, 8))),
    requires=[
        distributed_like_reference(),
        sharded_like_reference(),
        uses_keys_once(),
        lowers_everywhere(),
    ],
    meshes=("x=4,y=2 explicit",),
    in_specs=(P(), P("x", None)),
    wrong_answers=[],
    **SPEC,
)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return xs + jax.random.normal(key, xs.shape, out_sharding=P('x', None))", "passed"),
        ("return xs + jax.random.normal(jax.random.fold_in(key, 1), xs.shape)", "passed"),
        ("return xs + 2 * jax.random.normal(key, xs.shape)", "distribution"),
        ("return jax.sharding.reshard(xs + jax.random.normal(key, xs.shape), P())", "sharding"),
    ],
)
def test_random_answers_on_a_mesh_with_explicit_axes_are_told_apart(graded, body, reason):
    head = HEAD.split("def multiply")[0] + "def noisy(key, xs):\n    "
    verdict = graded(NOISY, head + body)
    assert verdict.reason == reason, verdict


def squares(xs):
    return jnp.sum(xs**2, axis=0)


SQUARES = exercise(
    squares,
    inputs=lambda rng, n, mesh: (rng.normal(size=(n, 8)),),
    requires=[matches_reference(), sharded_like_reference(), matches_gradient()],
    meshes=("x=4,y=2 explicit",),
    in_specs=(P("x", "y"),),
    wrong_answers=[],
    **SPEC,
)


def test_gradients_on_a_mesh_with_explicit_axes_are_compared(graded):
    head = "import jax\nimport jax.numpy as jnp\ndef squares(xs):\n    return "
    assert graded(SQUARES, head + "jnp.einsum('nk,nk->k', xs, xs, out_sharding=jax.P('y'))").passed
    stopped = graded(SQUARES, head + "jnp.sum(xs * jax.lax.stop_gradient(xs), axis=0)")
    assert stopped.reason == "gradient"


def test_a_mesh_that_a_notebook_has_set_changes_no_verdict(graded):
    block = "lambda a, b: lax.psum(a @ b, 'y')"
    right = HEAD + f"    return jax.shard_map({block}, out_specs=P('x'), **specs)(a, b)\n"
    verdict = graded(MULTIPLY, right + "jax.set_mesh(jax.make_mesh((8,), ('z',)))")
    assert verdict.passed, verdict


@pytest.mark.parametrize("name", ["jax.set_mesh", "set_mesh"])
def test_an_answer_may_set_its_mesh_itself(graded, name):
    source = HEAD.replace("import device_put", "import device_put, set_mesh") + (
        f"    with {name}(mesh):\n"
        "        block = lambda a, b: lax.psum(a @ b, 'y')\n"
        "        return jax.shard_map(block, in_specs=specs['in_specs'], out_specs=P('x'))(a, b)\n"
    )
    verdict = graded(MULTIPLY, source)
    assert verdict.passed, verdict


def test_too_few_devices_are_a_sentence(monkeypatch):
    monkeypatch.setattr(jax, "devices", lambda *_: [object()])
    with pytest.raises(Problem, match="already started with 1: restart the kernel"):
        meshes.make("x=4,y=2")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x=4;y=2", "is not a mesh"),
        ("x=4 manual", "is not a mesh"),
        ("x=16", "more than the 8"),
        ("", "is not a mesh"),
    ],
)
def test_a_mesh_that_cannot_be(text, words):
    with pytest.raises(Problem, match=words):
        meshes.shape(text)


def test_a_crash_on_a_mesh_is_a_verdict(graded):
    source = HEAD + "    import os; os._exit(1)"
    assert graded(MULTIPLY, source).status is Status.ERROR
