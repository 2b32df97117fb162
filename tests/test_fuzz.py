"""Damaged programs cost nothing but themselves: the runner answers for every one of them."""

import time
from collections import Counter
from dataclasses import asdict, replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export, lax
from jax.extend.mlir import ir
from jax.extend.mlir.dialects import stablehlo

from autograder.jail import claims
from autograder.jail.jail import Jail
from autograder.jail.process import Limits
from autograder.judge.frames import Frame
from autograder.judge.module import parse
from autograder.judge.verdict import Answer, Failure, Status
from autograder.judge.views import Case, Draw

SEED = 20_261_124
X = np.linspace(0.5, 2.0, 8, dtype=np.float32)


def newton(x):
    return lax.while_loop(lambda y: jnp.abs(y * y - x).max() > 1e-5, lambda y: (y + x / y) / 2, x)


FUNCTIONS = [
    lambda x: jnp.sin(x) * x.sum(),
    lambda x: lax.scan(lambda c, y: (c + y, c * y), 0.0, x)[1],
    newton,
    lambda x: jnp.outer(x, x) @ x,
    lambda x: lax.cond(x.sum() > 3, jnp.sort, jnp.cumsum, x),
    lambda x: jax.random.normal(jax.random.key(3), x.shape) + x,
    lambda x: jnp.linalg.cholesky(jnp.outer(x, x) + jnp.eye(8)),
    jax.grad(lambda x: lax.top_k(lax.erf(x), 3)[0].sum()),
]


def damaged(generator: np.random.Generator, artifact: bytes) -> bytes:
    """The artifact with some bytes flipped, a part left out, doubled or zeroed, or cut short."""
    data = bytearray(artifact)
    start, length = int(generator.integers(len(data))), int(generator.integers(1, 64))
    match generator.choice(
        ["bits", "bytes", "cut", "without", "twice", "zeros"], p=[0.4, 0.3, 0.1, 0.06, 0.06, 0.08]
    ):
        case "bits":
            for where in generator.integers(len(data), size=generator.integers(1, 9)):
                data[where] ^= 1 << int(generator.integers(8))
        case "bytes":
            for where in generator.integers(len(data), size=generator.integers(1, 5)):
                data[where] = int(generator.integers(256))
        case "cut":
            del data[start:]
        case "without":
            del data[start : start + length]
        case "twice":
            data[start:start] = data[start : start + length]
        case "zeros":
            data[start : start + length] = bytes(len(data[start : start + length]))
    return bytes(data)


CASE = {**asdict(Case("value", Draw(8))), "specs": []}


def judged(programs: list[bytes]) -> list[Answer | Failure]:
    """What the runner makes of each program, all in one request."""
    jobs, blob = [], b""
    for number, artifact in enumerate(programs):
        span = {"offset": len(blob), "length": len(artifact)}
        cases = [{**CASE, "inputs": [0], **span}]
        known = {"requires": [], "expected": {}}
        jobs.append({"step": str(number), "cases": cases, **known})
        blob += artifact
    steps = [job["step"] for job in jobs]
    with Jail(Limits(seconds=3, total_seconds=900)) as jail:
        results = jail.run("runner", Frame({"jobs": jobs, "device": "cpu"}, (X,), blob), steps)
    assert set(results) == set(steps)
    made = []
    for step in steps:
        assert isinstance(results[step], Frame | Failure)
        (outcome,) = claims.outcomes(results[step], [Case("value", Draw(8))])
        made.append(outcome)
    return made


def test_a_hostile_program_is_refused_before_it_is_compiled():
    """Compiled, the first would crash and the second would never end."""
    callback = """%y = stablehlo.custom_call @xla_ffi_python_cpu_callback(%x)
        {api_version = 4 : i32} : (tensor<8xf32>) -> tensor<8xf32>"""
    call = "%y = func.call @f{}(%{}) : (tensor<8xf32>) -> tensor<8xf32>"
    function = "func.func {}(%x: tensor<8xf32>) -> tensor<8xf32> {{ {} return %y : tensor<8xf32> }}"
    bomb = function.format("private @f0", "%y = stablehlo.sine %x : tensor<8xf32>")
    for n in range(30):
        twice = call.format(n, "x").replace("%y", "%a", 1) + call.format(n, "a")
        bomb += function.format(f"private @f{n + 1}", twice)
    good = export.export(jax.jit(lambda x: [x + 1]), platforms=("cpu",))(X)
    context = parse(good.mlir_module_serialized).context
    programs = []
    for body, others in ((callback, ""), (call.format(30, "x"), bomb)):
        module = ir.Module.parse(function.format("public @main", body) + others, context)
        version = stablehlo.get_current_version()
        artifact = bytes(stablehlo.serialize_portable_artifact(module, version))
        programs.append(bytes(replace(good, mlir_module_serialized=artifact).serialize()))
    *refused, ran = judged([*programs, bytes(good.serialize())])
    assert [one.status for one in refused] == [Status.BROKE_THE_RULES] * 2
    assert "xla_ffi_python_cpu_callback" in refused[0].message
    assert "far too often" in refused[1].message
    np.testing.assert_allclose(ran.leaves[0], X + 1)


def survive(count: int) -> Counter[str]:
    """Have `count` damaged programs run with good ones among them; how each of them ended."""
    generator = np.random.default_rng(SEED)
    shape = jax.ShapeDtypeStruct(X.shape, X.dtype)
    listed = [jax.jit(lambda x, one=one: [one(x)]) for one in FUNCTIONS]
    artifacts = [bytes(export.export(one, platforms=("cpu",))(shape).serialize()) for one in listed]
    expected = [np.asarray(jax.jit(one)(X)) for one in FUNCTIONS]
    programs: list[bytes] = []
    good: dict[int, int] = {}
    for number in range(count):
        which = number % len(artifacts)
        programs.append(damaged(generator, artifacts[which]))
        if number % 10 == 9:
            good[len(programs)] = which
            programs.append(artifacts[which])
    started = time.monotonic()
    outcomes = judged(programs)
    ends: Counter[str] = Counter()
    for number, outcome in enumerate(outcomes):
        if number in good:
            assert isinstance(outcome, Answer), (good[number], outcome)
            np.testing.assert_allclose(outcome.leaves[0], expected[good[number]], rtol=1e-4)
        elif isinstance(outcome, Failure):
            crashed = outcome.error == "process ended"
            ends["crashed" if crashed else str(outcome.status)] += 1
            if outcome.status is Status.BROKE_THE_RULES:
                ends[outcome.message[:60]] += 1
        else:
            ends["ran"] += 1
    print(f"{count} damaged programs in {time.monotonic() - started:.0f} s:", dict(ends))
    return ends


def test_damaged_programs():
    ends = survive(150)
    assert ends["ran"] + ends["broke the rules"] + ends["error"] > 0


@pytest.mark.slow
def test_very_many_damaged_programs():
    survive(2_000)
