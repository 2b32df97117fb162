"""Devices by name: there or not, each with its tolerance."""

import subprocess
import sys

import jax
import numpy as np
import pytest
from masters import ROOT, exercises

from autograder.classroom.grader import Grader
from autograder.classroom.roles import GradingJail
from autograder.jail.process import Limits
from autograder.judge import devices, outcomes, program, references
from autograder.judge.comparison import SLACK, TOLERANCE, close
from autograder.judge.judge import judge
from autograder.problem import Problem
from autograder.student import learner, public


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
    ],
)
def test_a_device_by_its_name(name, backend, platform, mesh):
    found = devices.named(name)
    assert (found.backend, found.platform, found.mesh) == (backend, platform, mesh)


@pytest.mark.parametrize("name", ["", "cuda:0", "quantum", "mesh", "mesh:", "mesh:0", "mesh:4x4"])
def test_a_name_that_is_none(name):
    with pytest.raises(Problem, match="choose cpu, gpu, tpu, or a mesh of up to 8"):
        devices.named(name)


@pytest.mark.parametrize("name", ["gpu", "tpu"])
def test_a_device_that_is_not_there_is_a_sentence(name):
    if has(name):
        pytest.skip(f"there is a {name}")
    with pytest.raises(Problem, match=f"There is no {name} here that JAX can use"):
        Grader({}, 0, GradingJail(Limits()), devices.named(name))


def test_check_without_the_device_is_a_sentence(tmp_path):
    if has("gpu"):
        pytest.skip("there is a gpu")
    script = tmp_path / "answer.py"
    script.write_text(
        "from autograder import Problem, check\n"
        "def predict_batch(W, b, xs): return xs\n"
        "try: check(predict_batch, device='gpu')\n"
        "except Problem as problem: raise SystemExit(str(problem))\n"
    )
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
    released = public.catalogue()[spec.name]
    chosen = devices.named(jax.default_backend())
    assert learner.examine(spec.reference, released, chosen).passed
    assert set(platforms) == {("cuda", "cpu")}
