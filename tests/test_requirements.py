"""Each requirement on right answers and on wrong ones, told apart by the reason."""

import dataclasses
import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

from autograder import schema
from autograder.judge import program, vetting
from autograder.judge.anatomy import dissect
from autograder.judge.comparison import close
from autograder.judge.judge import judge
from autograder.judge.outcomes import outcomes
from autograder.judge.requirements import (
    KNOWN,
    AnyRequirement,
    Requirement,
    donates_like_reference,
    grows_with_batch,
    is_pure,
    leaks_nothing,
    lowers_everywhere,
    matches_gradient,
    matches_reference,
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
from autograder.judge.tree import Arguments, flatten, static
from autograder.judge.verdict import Answer, Failure, Status
from autograder.judge.views import Draw
from autograder.problem import Problem
from autograder.schema import DTYPES

rng = np.random.default_rng(7)


def arguments(draw, sizes=(8, 24)):
    return {Draw(size): Arguments(*flatten(draw(size))) for size in sizes}


ROWS = arguments(lambda n: (rng.normal(size=(n, 4)).astype("float32"),))
KEY = arguments(lambda n: (np.array([n, 7], "uint32"),))
PAIR = arguments(lambda n: (np.zeros((n, 2), "float32"), np.ones((n, 2), "float32")))
VECTOR = arguments(lambda n: (rng.normal(size=n).astype("float32"),), (64, 512))

LONG = arguments(lambda n: (rng.normal(size=n).astype("float32"),), (4096, 8192))
POWERS = arguments(lambda n: (rng.normal(size=4).astype("float32"), static(n)), (2, 3))


def verdict(requires, reference, function, given):
    """The verdict on a function, judged as in a grading."""
    expected = outcomes(reference, requires, given)
    assert not any(isinstance(one, Failure) for many in expected.values() for one in many)
    return judge("it", requires, expected, outcomes(function, requires, given))


def softplus(x):
    return jnp.log1p(jnp.exp(x))


@jax.custom_vjp
def clipped(x):
    return softplus(x)


clipped.defvjp(
    lambda x: (softplus(x), x), lambda x, g: (jnp.clip(g * jax.nn.sigmoid(x), -0.1, 0.1),)
)


@jax.custom_vjp
def other_primal(x):
    return softplus(x)


other_primal.defvjp(lambda x: (x, x), lambda x, g: (g * jax.nn.sigmoid(x),))

counter = itertools.count()


@functools.partial(jax.jit, donate_argnums=0)
def step(state, update):
    return state + 2 * update


gives_the_other = jax.jit(step.__wrapped__, donate_argnums=1)


def split_in_two(key):
    one, other = jax.random.split(key)
    return jax.random.normal(one, (3,)) + jax.random.uniform(other, (3,))


def used_twice(key):
    return jax.random.normal(key, (3,)) + jax.random.uniform(key, (3,))


def folded_twice(key):
    keys = [jax.random.fold_in(jax.random.wrap_key_data(key), n) for n in (1, 2, 1)]
    return sum(jax.random.normal(one, (3,)) for one in keys)


def stopped(x):
    return jax.lax.stop_gradient(softplus(x))


def row_by_row(x):
    return jnp.stack([softplus(row) for row in x])


def scanned(x):
    return jax.lax.scan(lambda c, v: (c + v, c + v), jnp.float32(0), x)[1]


def sorts_in_branch(x):
    return jax.lax.cond(x[0] > 0, jnp.sort, lambda same: same, x)


def sorts_first(x):
    in_order = jnp.sort(x)
    return jax.lax.cond(x[0] > 0, lambda: in_order, lambda: x)


def sorts_everywhere(x):
    return jnp.where(x[0] > 0, jnp.sort(x), x)


def in_64_bits(dtype):
    def function(x):
        x64 = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64
        with x64(True):
            return jnp.abs(x.astype(dtype) * 2).astype("float32")

    return function


def unrolled(x):
    total, out = jnp.float32(0), []
    for value in x[:8]:
        total = total + value
        out.append(total)
    return jnp.concatenate([jnp.stack(out), jnp.cumsum(x)[8:]])


def all_pairs(x):
    return jnp.sum(jnp.where(jnp.arange(x.size)[:, None] >= jnp.arange(x.size), x, 0.0), axis=1)


def chain(x):
    """The gradient of a long chain, whose links are all kept for the backward pass."""
    return jax.grad(lambda y: jax.lax.fori_loop(0, 64, lambda _, c: jnp.sin(c) * 1.1, y).sum())(x)


def remembers_little(x):
    """The same, where only every eighth is kept."""

    @jax.checkpoint
    def eight(c):
        return jax.lax.fori_loop(0, 8, lambda _, d: jnp.sin(d) * 1.1, c)

    return jax.grad(lambda y: jax.lax.fori_loop(0, 8, lambda _, c: eight(c), y).sum())(x)


@jax.jit
def compiled(x):
    return jnp.sin(x) * 2


def compiles_anew(x):
    return jax.jit(lambda y: jnp.sin(y) * 2)(x)


@functools.partial(jax.jit, static_argnums=1)
def power(x, n):
    return x**n


kept = []


def keeps(x):
    kept.append(x)
    return x + 1


def named(value):
    return str(value) if isinstance(value, Requirement | str) else "_"


@pytest.mark.parametrize(
    ("requires", "reference", "right", "given"),
    [
        (matches_gradient(), softplus, lambda x: jnp.logaddexp(x, 0.0), ROWS),
        (matches_gradient(), clipped, clipped, ROWS),
        (grows_with_batch("not at all"), softplus, jax.vmap(softplus), ROWS),
        (is_pure(), softplus, softplus, ROWS),
        (is_pure(), softplus, jax.jit(softplus), ROWS),
        (uses_keys_once(), split_in_two, split_in_two, KEY),
        (uses_keys_once(), split_in_two, jax.random.normal, KEY),
        (donates_like_reference(), step, step, PAIR),
        (donates_like_reference(), step.__wrapped__, step.__wrapped__, PAIR),
        (lowers_everywhere(), jnp.linalg.qr, jnp.linalg.qr, ROWS),
        (work_grows("linear"), scanned, scanned, VECTOR),
        (work_grows("n log n"), jnp.sort, jnp.sort, VECTOR),
        (work_grows("n log n"), jnp.cumsum, jnp.cumsum, VECTOR),
        (work_grows("quadratic"), all_pairs, all_pairs, VECTOR),
        (work_grows("not at all"), jnp.sum, lambda x: x[0] + x[1], VECTOR),
        (uses("while", at_most=1), scanned, scanned, VECTOR),
        (runs_on_demand("sort"), sorts_in_branch, sorts_in_branch, VECTOR),
        (runs_on_demand("sort"), sorts_in_branch, jnp.sin, VECTOR),
        (stays_in_32_bits(), softplus, lambda x: x.astype(jnp.bfloat16) + x, VECTOR),
        (uses("dot_general"), softplus, lambda x: x @ x.T, ROWS),
        (work_within(1.5), softplus, lambda x: jnp.log(1 + jnp.exp(x)), ROWS),
        (memory_within(2), remembers_little, remembers_little, LONG),
        (memory_within(2), chain, remembers_little, LONG),
        (traces_like_reference(), compiled, jax.jit(lambda x: 2 * jnp.sin(x)), ROWS),
        (traces_like_reference(), power, power, POWERS),
        (leaks_nothing(), softplus, jax.jit(softplus), ROWS),
        (leaks_nothing(), scanned, scanned, VECTOR),
        (uses_primitive("custom_vjp_call"), clipped, jax.jit(clipped), ROWS),
        (uses_primitive("scan"), scanned, scanned, VECTOR),
        (weak_type_like_reference(), softplus, jax.nn.relu, ROWS),
        (uses("dot_general", at_least=0, at_most=0), softplus, softplus, ROWS),
    ],
    ids=named,
)
def test_right_answers_meet_it(requires, reference, right, given):
    assert verdict([requires], reference, right, given).passed


@pytest.mark.parametrize(
    ("requires", "reference", "wrong", "given", "reason"),
    [
        (matches_reference(), softplus, jax.nn.relu, ROWS, "values"),
        (matches_reference(), softplus, lambda x: softplus(x).T, ROWS, "shape"),
        (matches_reference(), softplus, lambda x: [softplus(x)], ROWS, "structure"),
        (matches_reference(), softplus, lambda x: softplus(x) > 0, ROWS, "dtype"),
        (matches_gradient(), softplus, stopped, ROWS, "gradient"),
        (matches_gradient(), clipped, softplus, ROWS, "gradient"),
        (matches_gradient(), softplus, lambda x: jnp.round(softplus(x)), ROWS, "gradient"),
        (matches_gradient(), softplus, other_primal, ROWS, "gradient"),
        (grows_with_batch(), softplus, row_by_row, ROWS, "batch loop"),
        (is_pure(), softplus, lambda x: softplus(x) + next(counter), ROWS, "impure"),
        (is_pure(), softplus, lambda x: x + np.random.default_rng().normal(), ROWS, "impure"),
        (is_pure(), softplus, jax.jit(lambda x: x + next(counter)), ROWS, "impure"),
        (uses_keys_once(), split_in_two, used_twice, KEY, "key reuse"),
        (uses_keys_once(), split_in_two, folded_twice, KEY, "key reuse"),
        (donates_like_reference(), step, step.__wrapped__, PAIR, "donation"),
        (donates_like_reference(), step, gives_the_other, PAIR, "donation"),
        (donates_like_reference(), step.__wrapped__, step, PAIR, "donation"),
        (work_grows("linear"), scanned, all_pairs, VECTOR, "work"),
        (work_grows("n log n"), jnp.sort, all_pairs, VECTOR, "work"),
        (work_grows("not at all"), lambda x: x[0], jnp.sum, VECTOR, "work"),
        (uses("while"), scanned, jnp.cumsum, VECTOR, "operation"),
        (runs_on_demand("sort"), sorts_in_branch, sorts_first, VECTOR, "branch"),
        (runs_on_demand("sort"), sorts_in_branch, sorts_everywhere, VECTOR, "branch"),
        (stays_in_32_bits(), softplus, in_64_bits("float64"), VECTOR, "64 bits"),
        (stays_in_32_bits(), softplus, in_64_bits("int64"), VECTOR, "64 bits"),
        (stays_in_32_bits(), softplus, in_64_bits("complex128"), VECTOR, "64 bits"),
        (uses("while"), scanned, unrolled, VECTOR, "operation"),
        (uses("while", at_least=0, at_most=0), jnp.cumsum, scanned, VECTOR, "operation"),
        (work_within(1.5), softplus, lambda x: softplus(softplus(x)), ROWS, "work"),
        (work_within(2), scanned, all_pairs, VECTOR, "work"),
        (memory_within(2), remembers_little, chain, LONG, "memory"),
        (memory_within(2), jnp.sum, lambda x: jnp.sort(x).sum(), LONG, "memory"),
        (traces_like_reference(), compiled, compiles_anew, ROWS, "traces"),
        (traces_like_reference(), compiled, compiled.__wrapped__, ROWS, "traces"),
        (traces_like_reference(), power.__wrapped__, power, POWERS, "traces"),
        (leaks_nothing(), softplus, keeps, ROWS, "leak"),
        (leaks_nothing(), softplus, jax.jit(keeps), ROWS, "leak"),
        (uses_primitive("custom_vjp_call"), clipped, softplus, ROWS, "primitive"),
        (uses_primitive("scan", at_least=0, at_most=0), unrolled, scanned, VECTOR, "primitive"),
        (weak_type_like_reference(), softplus, lambda x: 2.0, ROWS, "weak type"),
    ],
    ids=named,
)  # fmt: skip
def test_wrong_answers_are_told_by_the_reason(requires, reference, wrong, given, reason):
    found = verdict([requires], reference, wrong, given)
    assert found.status is (Status.PARTLY if requires.share < 1 else Status.WRONG)
    assert found.reason == reason
    assert found.findings[0].message


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("not at all", "The work grows with the batch."),
        ("linear", "The work grows with the batch, and the growth is faster than linear."),
    ],
)
def test_work_that_grows_too_fast_is_told_in_a_sentence(how, sentence):
    found = verdict([work_grows(how)], lambda x: x[0], all_pairs, VECTOR)
    assert found.findings[0].message == sentence


@pytest.mark.parametrize(
    ("limits", "count", "sentence"),
    [
        ({}, 0, "has no scan; it needs at least 1."),
        ({"at_least": 3}, 2, "has 2 scan; it needs at least 3."),
        ({"at_least": 0, "at_most": 1}, 2, "has 2 scan; at most 1 is allowed."),
        ({"at_most": 2}, 4, "has 4 scan; at most 2 are allowed."),
        ({"at_most": 0}, 1, "has 1 scan; none is allowed."),
        ({"at_most": 0}, 0, ""),
        ({}, 1, ""),
    ],
)
def test_operations_and_primitives_are_counted_in_the_same_way(limits, count, sentence):
    for requires, view, fact, holder in (
        (uses("scan", **limits), "value", "by_name", "The program"),
        (uses_primitive("scan", **limits), "reported", "primitives", "The jaxpr"),
    ):
        counts = {"scan": count} if count else {}
        found = requires.judge({}, {view: [Answer("", (), (), {fact: counts})]})
        assert (found.message if found else "") == (f"{holder} {sentence}" if sentence else "")


def test_a_function_that_cannot_be_differentiated_is_wrong_for_that_reason():
    def function(x):
        once = jax.lax.while_loop(lambda c: c[1] < 1, lambda c: (c[0] * 2 / 2, c[1] + 1), (x, 0))
        return softplus(once[0])

    found = verdict([matches_reference(), matches_gradient()], softplus, function, ROWS)
    assert (found.status, found.reason) == (Status.WRONG, "gradient")
    assert "cannot be differentiated" in found.findings[0].message


def test_a_function_for_the_cpu_only_is_wrong_for_that_reason():
    def function(x):
        return jnp.linalg.eigvals(x.T @ x).real

    requires = [matches_reference(), lowers_everywhere()]
    made = outcomes(function, requires, ROWS)
    found = judge("it", requires, made, made)
    assert (found.status, found.reason) == (Status.WRONG, "platform")


def test_what_is_reported_costs_a_quarter_and_says_so():
    found = verdict([matches_reference(), leaks_nothing()], lambda x: x + 1, keeps, ROWS)
    assert (found.status, found.reason, found.fraction) == (Status.PARTLY, "leak", 0.75)
    assert found.findings[0].reported
    found = verdict([matches_reference(), leaks_nothing()], softplus, keeps, ROWS)
    assert (found.reason, found.fraction) == ("values", 0)


def test_an_argument_that_has_to_be_static_is_a_plain_value():
    found = verdict([matches_reference()], power, jax.jit(lambda x, n: x * (1 + n // 2)), POWERS)
    assert not found.passed
    repeat = jax.jit(lambda x, n: jnp.stack([x] * n))
    static_too = jax.jit(lambda x, n: jnp.stack([x] * n), static_argnums=1)
    assert verdict([matches_reference()], static_too, static_too, POWERS).passed
    assert verdict([matches_reference()], static_too, repeat, POWERS).reason == "TypeError"


@pytest.mark.parametrize(
    ("function", "passes"),
    [
        (lambda x: x * 2, True),
        (lambda x: (x.astype("float32") * 2).astype(x.dtype), True),
        (lambda x: x.astype("float32") * 2, False),
        (lambda x: x * np.float32(2), False),
    ],
)
def test_several_dtypes(function, passes):
    drawn = {
        Draw(8, dtype=name): Arguments(*flatten((np.arange(8).astype(DTYPES[name]),)))
        for name in ("float32", "bfloat16", "float64")
    }
    found = verdict([matches_reference()], lambda x: x * 2, function, drawn)
    assert found.passed is passes
    assert passes or found.reason == "dtype"


def by_size(function, sizes):
    """The finding of `grows_with_batch`; nothing is compiled."""
    answers = [
        Answer("", (), (), {"size": n, **dataclasses.asdict(anatomy_of(function, n))})
        for n in sizes
    ]
    found = grows_with_batch().judge({}, {"value": answers})
    return found and found.reason


@functools.cache
def anatomy_of(function, n):
    rows = jax.ShapeDtypeStruct((n, 3), jnp.float32)
    return dissect(export.export(jax.jit(function))(rows).mlir_module_serialized)


def prefixes(x):
    return jax.lax.associative_scan(lambda a, b: a * 0.5 + b * jnp.cos(a), x)


def doubling(x):
    step = 1
    while step < len(x):
        x = x + jnp.concatenate([jnp.zeros((step, 3)), x[:-step]])
        step *= 2
    return x


def unrolled_scan(x):
    return jax.lax.scan(lambda c, row: (c + row, None), jnp.zeros(3), x, unroll=8)[0]


@jax.jit
def long(x):
    for _ in range(100):
        x = jnp.sin(x)
    return x


def prefixes_of_calls(x):
    return jax.lax.associative_scan(lambda a, b: a * 0.5 + long(b), x)


def calls_for_pairs(x):
    """A loop whose body is in the program twice if the batch is odd."""
    return jnp.concatenate([long(x[n : n + 2]) for n in range(0, len(x), 2)])


SIZES = [(5, 1, 61), (5, 1, 64), (7, 1, 64), (7, 1, 100), (8, 1, 65), (9, 1, 61), (9, 1, 96)]


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize(
    "function", [prefixes, prefixes_of_calls, doubling, unrolled_scan, jnp.sort, jnp.fft.fft]
)
def test_growth_like_the_logarithm_is_no_batch_loop(function, sizes):
    assert by_size(function, sizes) is None


def over_halves(x):
    half = len(x) // 2
    return jnp.stack([x[n] * x[half + n] for n in range(half)]) if half else x


def in_chunks_of_four(x):
    return jnp.concatenate([jnp.sin(x[n : n + 4]) * 2 for n in range(0, len(x), 4)])


def over_pairs(x):
    return sum(x[n] * x[n + 1] for n in range(0, len(x) - 1, 2)) + jnp.zeros(3)


def of_a_fixed_length(x):
    rows = [jnp.sin(x[min(n, len(x) - 1)]) for n in range(64)]
    return jnp.stack(rows)[: len(x)]


@pytest.mark.parametrize("sizes", [*SIZES, (4, 1, 10), (8, 24)])
@pytest.mark.parametrize(
    "function",
    [row_by_row, over_halves, in_chunks_of_four, over_pairs, calls_for_pairs, of_a_fixed_length],
)
def test_a_python_loop_over_the_batch_is_found(function, sizes):
    assert by_size(function, sizes) == "batch loop"


@pytest.mark.parametrize("turns", [2_000, pytest.param(8_000, marks=pytest.mark.slow)])
def test_a_long_python_loop_ends_in_a_verdict(turns):
    def loop(x):
        for _ in range(turns):
            x = jnp.sin(x) * 2
        return x

    # JAX 0.10 crashes on the first if it is compiled as short programs are.
    found = verdict([matches_reference()], softplus, loop, VECTOR)
    assert found.reason == ("values" if turns == 2_000 else "ProgramTooLongError")


def test_every_finding_counts_and_the_first_required_decides():
    requires = [matches_reference(), matches_gradient(), is_pure()]
    found = verdict(requires, softplus, lambda x: x * x + next(counter), ROWS)
    assert [finding.reason for finding in found.findings] == ["values", "gradient", "impure"]


def test_an_answer_that_its_facts_reject_is_not_compiled(monkeypatch):
    def not_compiled(*_):
        raise AssertionError("it was compiled")

    requires = [matches_reference(), grows_with_batch(), work_within(2), uses("while")]
    expected = outcomes(softplus, requires, ROWS)
    monkeypatch.setattr(program, "run", not_compiled)
    got = outcomes(lambda x: jnp.stack([2 * r for r in x]), requires, ROWS, expected=expected)
    found = judge("it", requires, expected, got)
    assert [finding.reason for finding in found.findings] == ["batch loop", "operation"]
    assert found.fraction == 0
    assert not any(answer.ran for answer in got["value"])


def test_an_answer_that_was_not_run_does_not_pass():
    """A runner that has run a hostile program could say so of any."""
    made = outcomes(softplus, [matches_reference()], ROWS)
    unrun = {"value": [dataclasses.replace(one, leaves=(), ran=False) for one in made["value"]]}
    found = judge("it", [matches_reference()], made, unrun)
    assert found.status is Status.NOT_ALLOWED


def test_a_double_loop_is_told_by_its_growth_before_it_is_compiled():
    def pairs(x, y):
        return jnp.stack([jnp.stack([jnp.sqrt(jnp.sum((a - b) ** 2)) for b in y]) for a in x])

    def distances(x, y):
        return jnp.sqrt(jnp.sum((x[:, None] - y[None]) ** 2, axis=-1))

    given = arguments(lambda n: (np.ones((n, 2), "float32"), np.ones((n + 2, 2), "float32")))
    found = verdict([matches_reference(), grows_with_batch()], distances, pairs, given)
    assert (found.status, found.reason) == (Status.WRONG, "batch loop")


def test_growth_is_seen_in_a_program_that_is_too_long_to_be_run(monkeypatch):
    def loop(x):
        return jnp.stack([jnp.sin(jnp.cos(row)) for row in x])

    monkeypatch.setattr(vetting, "MOST_OPERATIONS", 60)
    made = outcomes(loop, [matches_reference()], ROWS)
    assert made["value"][-1].error == "ProgramTooLongError"
    found = verdict([matches_reference(), grows_with_batch()], softplus, loop, ROWS)
    assert (found.status, found.reason) == (Status.WRONG, "batch loop")


@pytest.mark.parametrize("name", KNOWN)
def test_a_requirement_is_written_as_plain_data(name):
    given = {
        "work_grows": {"how": "linear"},
        "uses": {"operation": "while", "at_most": 3},
        "runs_on_demand": {"operation": "sort"},
        "work_within": {"factor": 2.0},
        "uses_primitive": {"primitive": "scan"},
        "answers_question": {"digest": "0", "salt": "s"},
    }
    made = KNOWN[name](**given.get(name, {}))
    written = schema.encode(made, AnyRequirement)
    assert schema.decode(AnyRequirement, written) == made


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: grows_with_batch("wildly"), 'not "wildly"'),
        (lambda: work_grows("cubic"), 'not "cubic"'),
    ],
)
def test_a_requirement_that_is_not_known_is_a_problem(make, words):
    with pytest.raises(Problem, match=words):
        make()


@pytest.mark.parametrize(
    ("expected", "got", "same"),
    [
        (np.float32([1, np.nan, np.inf]), np.float32([1, np.nan, np.inf]), [True, True, True]),
        (np.float32([np.nan, np.inf]), np.float32([0, -np.inf]), [False, False]),
        (np.float32([1000, 0]), np.float32([1000.01, 0.01]), [True, True]),
        (np.float32([1, 0]), np.float32([1.01, 0]), [False, True]),
        (np.int32([1, 2]), np.int32([1, 3]), [True, False]),
        (np.array([True, False]), np.array([True, True]), [True, False]),
        (np.complex64([1 + 1j]), np.complex64([1 - 1j]), [False]),
        (np.array([1.0], jnp.bfloat16), np.array([1.01], jnp.bfloat16), [True]),
        (np.float32([]), np.float32([]), []),
    ],
)
def test_close_follows_the_dtype(expected, got, same):
    assert close(np.asarray(expected), np.asarray(got)).tolist() == same
