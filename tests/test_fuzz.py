"""Damaged programs and messages cost nothing but themselves: each ends in a verdict."""

import functools
import json
import random
import time
from collections import Counter
from dataclasses import replace

import jax
import jax.numpy as jnp
import nbformat
import numpy as np
import pytest
from jax import export, lax
from jax.extend.mlir import ir
from jax.extend.mlir.dialects import stablehlo

from autograder.classroom import claims
from autograder.classroom.cache import NoCache
from autograder.classroom.grader import Grader
from autograder.classroom.messages import Job, ProgramCase, RunnerRequest
from autograder.classroom.roles import GradingJail
from autograder.jail.process import Limits
from autograder.jail.walls import Level
from autograder.judge import specification
from autograder.judge.module import parse
from autograder.judge.requirements import (
    distributed_like_reference,
    donates_like_reference,
    grows_with_batch,
    independent_streams,
    is_pure,
    leaks_nothing,
    lowers_everywhere,
    matches_gradient,
    matches_reference,
    matches_when_called,
    memory_within,
    runs_on_demand,
    stays_in_32_bits,
    traces_like_reference,
    uses,
    uses_keys_once,
    uses_primitive,
    weak_type_like_reference,
    work_grows,
    work_within,
)
from autograder.judge.specification import Exercise
from autograder.judge.verdict import Answer, Failure, Status
from autograder.judge.views import Case, Draw
from autograder.schema import LENGTHS, encode

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


def judged(programs: list[bytes]) -> list[Answer | Failure]:
    """What the runner makes of each program, all in one request."""
    case = Case("value", Draw(8))
    jobs = tuple(
        Job(str(number), (ProgramCase(case, (), artifact, (X,)),), (), {}, False)
        for number, artifact in enumerate(programs)
    )
    steps = [job.name for job in jobs]
    with GradingJail(Limits(seconds=3, total_seconds=900)) as jail:
        results = jail.run("runner", encode(RunnerRequest(jobs, "cpu")), steps)
    assert set(results) == set(steps)
    return [claims.outcomes(results[step], [case])[0] for step in steps]


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
    assert [one.status for one in refused] == [Status.NOT_ALLOWED] * 2
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
            if outcome.status is Status.NOT_ALLOWED:
                ends[outcome.message[:60]] += 1
        else:
            ends["ran"] += 1
    print(f"{count} damaged programs in {time.monotonic() - started:.0f} s:", dict(ends))
    return ends


def test_damaged_programs():
    ends = survive(30)
    assert ends["ran"] + ends["not allowed"] + ends["error"] > 0


@pytest.mark.slow
def test_very_many_damaged_programs():
    survive(300)


# Whatever a worker or a runner says


def noisy(key, x):
    return {"noise": jax.random.normal(jax.random.wrap_key_data(key), (64,)), "x": [x * 2]}


def lengths(x):
    return [float(len(x)), "three"]


@jax.jit
def traced(x):
    return jnp.sin(x)


def exercise(reference, *requires, key=False):
    def inputs(rng, n):
        x = rng.normal(size=n).astype("float32")
        return (np.array([n, 7], "uint32"), x) if key else (x,)

    return Exercise(reference.__name__, reference, inputs, requires, (), "", "", (), (4, 9), (3,))


EXERCISES = {
    "noisy": exercise(
        noisy, matches_reference(), grows_with_batch(), work_grows("linear"), work_within(2.0),
        memory_within(), uses("while", at_least=0), runs_on_demand("sort"),
        is_pure(), donates_like_reference(), lowers_everywhere(), uses_keys_once(),
        distributed_like_reference(), independent_streams(), key=True,
    ),
    "lengths": exercise(lengths, matches_when_called()),
    "traced": exercise(
        traced, matches_reference(), stays_in_32_bits(), matches_gradient(),
        traces_like_reference(), leaks_nothing(), uses_primitive("sin"), weak_type_like_reference(),
    ),
    "answer": specification.question(
        "answer", answer=["cos", 2.5], hints=(), explanation="", mistakes=()
    ),
}  # fmt: skip
SOURCE = """
import jax, jax.numpy as jnp

def noisy(key, x):
    return {"noise": jax.random.normal(jax.random.wrap_key_data(key), (64,)), "x": [x * 2]}

def lengths(x):
    return [float(len(x)), "three"]

@jax.jit
def traced(x):
    return jnp.sin(x)

answer = ["cos", 2.5]
"""
JUNK = (
    None, True, -1, 0, 7, 2**31, 10**400, 0.5, 1e308, "", "raises ValueError", "\ud800\x1b[2J",
    "x" * 300_000, [], [[]], [None], ["a", 1], {}, {"a": 1}, {"kind": "Failure"}, {"kind": 3},
    {"kind": "Failure", "status": "grader fault", "message": "", "facts": {"operations": 10**9}},
    {"kind": "Failure", "status": "passed", "message": "\ud800", "facts": {"operations": -1}},
    ["float32", [2**31] * 3], ["uint32", []], ["int8", [0, 2**31, 2**31, 2**31]],
    functools.reduce(lambda inner, _: [inner], range(400), 1),
)  # fmt: skip


class Recorded:
    """Gives back what a jail gave back once, changed in a place or two."""

    level = Level.PROCESS
    weaker_because = ()
    at_once = 1

    def __init__(self, jail):
        self.jail, self.results, self.random = jail, {}, None

    def run(self, role, request, steps, late=None):
        if role not in self.results:
            self.results[role] = self.jail.run(role, request, steps, late)
        if self.random is None or role != self.changed:
            return self.results[role]
        return {step: self.spoilt(result) for step, result in self.results[role].items()}

    def spoilt(self, result):
        length, _ = LENGTHS.unpack_from(result)
        start = LENGTHS.size + length
        header, body = json.loads(result[LENGTHS.size : start]), bytearray(result[start:])
        for _ in range(self.random.choice([1, 1, 1, 2, 5])):
            self.spoil(header)
        if body and self.random.random() < 0.3:
            where, length = self.random.randrange(len(body)), self.random.choice([1, 4, 64])
            match self.random.choice(["gone", "twice", "changed", "huge"]):
                case "gone":
                    del body[where : where + length]
                case "twice":
                    body[where:where] = body[where : where + length]
                case "changed":
                    body[where] = self.random.randrange(256)
                case "huge":
                    body[where : where + length] = b"\xff" * len(body[where : where + length])
        text = json.dumps(header).encode()
        return LENGTHS.pack(len(text), len(body)) + text + body

    def spoil(self, node):
        """Change one place of a header, as likely a deep one as a shallow one."""
        while True:
            keys = list(node) if isinstance(node, dict) else range(len(node))
            if not keys:
                return
            key = self.random.choice(list(keys))
            if isinstance(node[key], dict | list) and self.random.random() < 0.8:
                node = node[key]
                continue
            if self.random.random() < 0.1:
                del node[key]
            elif isinstance(node, dict) and self.random.random() < 0.1:
                node["more"] = 1
            else:
                node[key] = json.loads(json.dumps(self.random.choice(JUNK)))
            return


@pytest.fixture(scope="module")
def recorded():
    with GradingJail(Limits(seconds=60)) as jail:
        runs = Recorded(jail)
        grader = Grader(EXERCISES, 1, runs, cache=NoCache())
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SOURCE)])
        verdicts = grader.grade(notebook)
        assert {name: one for name, one in verdicts.items() if not one.passed} == {}
        yield runs, grader, notebook


@pytest.mark.slow
@pytest.mark.parametrize("role", ["worker", "runner"])
def test_whatever_a_process_says_is_no_fault_of_the_grader(recorded, role):
    runs, grader, notebook = recorded
    ends = Counter()
    for seed in range(250):
        runs.random, runs.changed = random.Random(seed), role
        verdicts = grader.grade(notebook)
        faults = {n: v for n, v in verdicts.items() if v.status is Status.GRADER_FAULT}
        assert not faults, (seed, faults)
        ends.update(verdict.status for verdict in verdicts.values())
    runs.random = None
    assert ends["not allowed"] > 100
