"""Devices by name: there or not, each with its tolerance."""

import shutil
import subprocess
import sys
from dataclasses import replace

import jax
import numpy as np
import pytest
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P
from masters import ROOT, catalogue, exercises

from autograder.classroom.grader import Grader
from autograder.classroom.roles import GradingJail
from autograder.jail.process import Limits
from autograder.judge import devices, meshes, outcomes, program, references
from autograder.judge.comparison import SLACK, TOLERANCE, close
from autograder.judge.judge import judge
from autograder.judge.requirements import matches_reference
from autograder.judge.specification import Exercise
from autograder.judge.views import Case
from autograder.problem import Problem
from autograder.student import learner


def has(name):
    try:
        devices.here(devices.named(name))
    except Problem:
        return False
    return True


@pytest.mark.parametrize(
    ("name", "backend", "platform", "mesh"),
    [
        ("cpu", "cpu", "cpu", ()),
        ("gpu", "gpu", "cuda", ()),
        ("tpu", "tpu", "tpu", ()),
        ("mesh:8", "cpu", "cpu", (8,)),
        ("mesh:4x2", "cpu", "cpu", (4, 2)),
        ("gpu:4", "gpu", "cuda", (4,)),
        ("gpu:2x2", "gpu", "cuda", (2, 2)),
        ("gpu:1", "gpu", "cuda", (1,)),
        ("tpu:8", "tpu", "tpu", (8,)),
    ],
)
def test_a_device_by_its_name(name, backend, platform, mesh):
    found = devices.named(name)
    assert (found.backend, found.platform, found.mesh) == (backend, platform, mesh)


@pytest.mark.parametrize(
    "name",
    [
        "", "cuda:0", "quantum", "mesh", "mesh:", "mesh:0", "mesh:4x4", "cpu:4", "gpu:", "gpu:0",
        "gpu:16", "gpu:2x", "gpu:x2", "gpu:2,2", "gpu:-1", "gpu 4", "GPU:4", ":4", "gpu:4:2",
    ],
)  # fmt: skip
def test_a_name_that_is_none(name):
    with pytest.raises(Problem, match="choose cpu, gpu, tpu, or a mesh of up to 8"):
        devices.named(name)


@pytest.mark.parametrize("name", ["gpu", "tpu", "gpu:2x2", "tpu:8"])
def test_a_device_that_is_not_there_is_a_sentence(name):
    kind = name.partition(":")[0]
    if has(kind):
        pytest.skip(f"there is a {kind}")
    with pytest.raises(Problem, match=f"There is no {kind} here that JAX can use"):
        Grader({}, 0, GradingJail(Limits()), devices.named(name))


def test_fewer_devices_than_the_mesh_has_are_a_sentence(monkeypatch):
    monkeypatch.setattr(jax, "devices", lambda kind: ["first", "second"])
    assert devices.here(devices.named("gpu:2")) == "first"
    with pytest.raises(Problem) as problem:
        devices.here(devices.named("gpu:2x2"))
    assert str(problem.value) == (
        "gpu:2x2 takes 4 devices, and JAX finds 2 here: choose a mesh of 2 at most, or a simulated "
        "one such as mesh:4."
    )


def double(mesh, xs):
    return jax.lax.with_sharding_constraint(2 * xs, NamedSharding(mesh, P("x")))


DOUBLE = Exercise(
    "double", double, lambda rng, n, mesh: (mesh, rng.normal(size=(n, 4))), (matches_reference(),),
    (), "", "", (), (8, 16), (4,), meshes=("x=4,y=2", "x=8"), in_specs=(None, ("x",)),
)  # fmt: skip


def test_an_exercise_is_judged_on_gpus_where_one_of_its_meshes_has_their_shape():
    first, *_ = DOUBLE.draws((8, 16), devices.named("gpu:4x2"))
    assert first.mesh == "gpu:x=4,y=2"
    assert meshes.shape(first.mesh) == {"x": 4, "y": 2}
    for others in ("gpu", "gpu:2x2", "mesh:4x2"):
        assert DOUBLE.draws((8, 16), devices.named(others))[0].mesh == "x=4,y=2"
    plain = replace(DOUBLE, meshes=())
    assert {draw.mesh for draw in plain.draws((8, 16), devices.named("gpu:4"))} == {"gpu:i=4"}
    assert {draw.mesh for draw in plain.draws((8, 16), devices.named("gpu"))} == {""}


def test_a_release_is_spread_over_gpus_as_a_grading_is():
    gpus = devices.named("gpu:2x2")
    released = next(one for one in catalogue().values() if not one.is_question)
    placed = released.arguments_on(gpus)
    assert {draw.mesh for draw in placed} == {"gpu:i=2,j=2"}
    assert len(placed) == len(released.arguments)
    assert any(spec for drawn in placed.values() for spec in drawn.specs)


def test_what_runs_on_gpus_is_lowered_for_them_by_a_process_that_has_none():
    (draw, *_) = DOUBLE.draws((8, 16), devices.named("gpu:4x2"))
    case = Case("value", draw)
    exported = program.lower(double, DOUBLE.draw(1, draw), case, "cuda")
    assert (exported.platforms, exported.nr_devices) == (("cuda",), 8)
    answer = program.read(exported, case, devices.named("gpu:4x2"))
    assert answer.facts["platforms"] == ["cuda"]


def test_a_program_is_run_on_the_devices_that_its_mesh_names(monkeypatch):
    simulated = jax.devices("cpu")
    kinds = {"cpu": simulated[:4], "gpu": simulated[4:]}
    monkeypatch.setattr(jax, "devices", lambda kind: kinds[kind])
    (placed,) = meshes.placements("gpu:x=2,y=2", [("x",)], meshes.backend("gpu:x=2,y=2"))
    assert list(placed.mesh.devices.flat) == kinds["gpu"]
    (traced,) = meshes.placements("gpu:x=2,y=2", [("x",)])
    assert list(traced.mesh.devices.flat) == kinds["cpu"]


def test_check_without_the_device_is_a_sentence(tmp_path):
    if has("gpu"):
        pytest.skip("there is a gpu")
    shutil.copy(ROOT / "exercises" / "05_vmap" / "vmap.check", tmp_path)
    script = tmp_path / "answer.py"
    script.write_text(
        "from autograder import Problem, check\n"
        "def predict_batch(W, b, xs): return xs\n"
        "try: check(predict_batch, device='gpu')\n"
        "except Problem as problem: raise SystemExit(str(problem))\n"
    )
    (data,) = (ROOT / "exercises" / "05_vmap").glob("*.check")
    shutil.copy(data, tmp_path)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1
    assert done.stderr.startswith("There is no gpu here that JAX can use")


@pytest.mark.parametrize("platform", SLACK)
def test_tolerances_follow_the_device(platform):
    one = np.float32([1.0])
    far = one * (1 + 2 * TOLERANCE["float32"])
    assert not close(one, far).any()
    assert close(one, far, platform).all()
    assert not close(one, one * (1 + 4 * SLACK[platform] * TOLERANCE["float32"]), platform).any()
    assert not close(np.int32([1]), np.int32([2]), platform).any()


@pytest.mark.gpu
@pytest.mark.skipif(not has("gpu"), reason="there is no gpu")
@pytest.mark.parametrize("spec", exercises(), ids=lambda spec: spec.name)
def test_every_exercise_on_a_gpu(spec):
    """The reference passes there, against itself on the CPU."""
    gpu = devices.named("gpu")
    drawn = {draw: spec.draw(1, draw) for draw in spec.draws(spec.sizes, gpu, seed=1)}
    got = outcomes.outcomes(spec.reference, spec.requires, drawn, gpu)
    expected = references.expected_answers(spec, 1, spec.sizes)
    assert judge(spec.name, spec.requires, expected, got).passed


@pytest.mark.gpu
@pytest.mark.skipif(not has("gpu"), reason="there is no gpu")
@pytest.mark.parametrize("spec", [*exercises(), DOUBLE], ids=lambda spec: spec.name)
def test_every_exercise_on_a_mesh_of_all_the_gpus(spec):
    count = min(8, len(jax.devices("gpu")))
    gpus = devices.named(f"gpu:{count}")
    spec = replace(spec, meshes=(f"x={count}",)) if spec.meshes == DOUBLE.meshes else spec
    drawn = {draw: spec.draw(1, draw) for draw in spec.draws(spec.sizes, gpus, seed=1)}
    got = outcomes.outcomes(spec.reference, spec.requires, drawn, gpus)
    expected = references.expected_answers(spec, 1, spec.sizes, gpus)
    assert judge(spec.name, spec.requires, expected, got).passed


def test_a_mesh_is_simulated_on_the_cpu_where_there_is_an_accelerator(monkeypatch):
    # As on a Colab runtime with a GPU: `check` finds it, and the mesh has CPU devices all the same.
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    monkeypatch.setattr(devices, "here", lambda device: jax.devices("cpu")[0])
    platforms = []
    lower = program.lower

    def noted(function, arguments, case, platform):
        lowered = lower(function, arguments, case, platform)
        platforms.append((platform, *lowered.platforms))
        return lowered

    monkeypatch.setattr(program, "lower", noted)
    spec = next(spec for spec in exercises() if spec.meshes)
    released = catalogue()[spec.name]
    chosen = devices.named(jax.default_backend())
    assert learner.examine(spec.reference, released, chosen).passed
    assert set(platforms) == {("cuda", "cpu")}
