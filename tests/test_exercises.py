"""The proof that the exercises are good: for every exercise of the course.

On the public cases always; on secret inputs, as in a grading, in the slow tests.
"""

import functools
import itertools
from dataclasses import replace
from unittest import mock

import jax
import jax.numpy as jnp
import nbformat
import numpy as np
import pytest
from jax.test_util import check_grads
from masters import ROOT, catalogue, exercises, loaded

from autograder.judge import comparison, outcomes, references
from autograder.judge.judge import judge
from autograder.judge.requirements import matches_gradient, matches_reference
from autograder.judge.verdict import Status
from autograder.student import learner, personal

SEED = 20_261_123
ALL_STATIC = {"result_bytes"}
"""Exercises without an array among their arguments."""
SPECS = {spec.name: spec for spec in exercises()}


@functools.cache
def computes_float16():
    """Whether XLA can compile float16 for this processor."""
    try:
        jax.jit(lambda x: x + 1)(jnp.zeros(3, jnp.float16)).block_until_ready()
    except jax.errors.JaxRuntimeError:
        return False
    return True


def slug(wrong):
    return wrong.title.replace(" ", "_").replace("`", "")


FUNCTIONS = {name: spec for name, spec in SPECS.items() if not spec.is_question}

# One of its wrong answers loops over 1,000 samples in Python, which takes 25 s to trace.
SLOW = {"bootstrap_means": pytest.mark.slow}

each = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
each_function = pytest.mark.parametrize("spec", FUNCTIONS.values(), ids=FUNCTIONS)
each_wrong = pytest.mark.parametrize(
    ("spec", "wrong"),
    [
        pytest.param(spec, wrong, id=f"{name}-{slug(wrong)}", marks=SLOW.get(name, ()))
        for name, spec in SPECS.items()
        for wrong in spec.wrong_answers
    ],
)


@functools.cache
def known(name):
    """What the reference and the wrong answers do on the secret sizes."""
    spec = SPECS[name]
    return (
        references.expected_answers(spec, SEED, spec.sizes),
        references.misconceptions(spec, SEED, spec.sizes),
    )


def drawn(spec, sizes):
    return {draw: spec.draw(SEED, draw) for draw in spec.draws(sizes, seed=SEED)}


def check_of(spec, function):
    """The verdict of the student's own `check`."""
    return learner.examine(function, catalogue()[spec.name])


def grade_of(spec, function):
    """The verdict on inputs drawn as in a grading, with the tolerance and with three times as much.

    What is wrong by less than that, another processor might round to a right answer.
    """
    expected, misconceptions = known(spec.name)
    drawn_once = drawn(spec, spec.sizes)
    got = outcomes.outcomes(function, spec.requires, drawn_once, expected=expected)
    verdict = judge(spec.name, spec.requires, expected, got, misconceptions)
    wide = {dtype: 3 * tolerance for dtype, tolerance in comparison.TOLERANCE.items()}
    with mock.patch.dict(comparison.TOLERANCE, wide):
        assert judge(spec.name, spec.requires, expected, got).passed == verdict.passed
    return verdict


checked = pytest.param(check_of, id="checked")
graded = pytest.param(grade_of, id="graded", marks=pytest.mark.slow)


def _python(function):
    """The Python function inside a jitted one."""
    return getattr(function, "__wrapped__", function)


def another(spec):
    names = dict(_python(spec.reference).__globals__)
    exec(spec.another, names)
    return names[spec.name]


@pytest.mark.parametrize("judged", [checked, graded])
@each
def test_reference_passes(spec, judged):
    assert judged(spec, spec.reference).passed


@pytest.mark.parametrize("judged", [checked, graded])
@each_function
def test_second_solution_passes(spec, judged):
    function = another(spec)
    assert function is not spec.reference
    assert judged(spec, function).passed


@each
def test_stub_fails(spec):
    # The stub is what nbgrader leaves in the released notebook.
    (home,) = [one for one in loaded() if spec.name in one.exercises]
    path = ROOT / "exercises" / home.assignment / f"{home.path.stem}.ipynb"
    (cell,) = [one for one in nbformat.read(path, as_version=4).cells if one.id == spec.name]
    names = {"numbers": personal.numbers}
    if not spec.is_question:
        names = dict(_python(spec.reference).__globals__)
    # A decorator of the master's own cell may stay in the released one.
    with personal.given({spec.name: spec.numbers}):
        exec(cell.source, names)
    assert names[spec.name] is not spec.reference
    assert check_of(spec, names[spec.name]).status is Status.MISSING


@pytest.mark.parametrize("judged", [checked, graded])
@each_wrong
def test_wrong_answer_fails_for_its_reason(spec, wrong, judged):
    verdict = judged(spec, wrong.function)
    assert not verdict.passed
    if verdict.reason == "JaxRuntimeError" and not computes_float16():
        pytest.skip("XLA has no float16 on a processor without F16C")
    assert verdict.fraction == wrong.earns
    assert verdict.reason == wrong.rejected_by
    # What was released has another JAX's words for an exception; if they are quite others, none is
    # named.
    unsaid = judged is check_of and verdict.status is Status.ERROR and not verdict.misconception
    if not unsaid:
        assert verdict.misconception == wrong.title
        assert verdict.findings[0].advice == wrong.advice


@each
def test_wrong_answers_differ_from_each_other(spec):
    titles = [wrong.title for wrong in spec.wrong_answers]
    assert len(set(titles)) == len(titles)
    advice = [wrong.advice for wrong in spec.wrong_answers]
    assert all(one != other for one, other in itertools.combinations(advice, 2))


@pytest.mark.slow
@each_function
def test_public_cases_do_not_give_the_answer_away(spec):
    """An answer that is a table of all that was released passes `check` and fails the grading."""
    released = catalogue()[spec.name]
    if "value" not in released.expected:
        return

    def kinds(arguments):
        leaves = jax.tree.leaves(arguments)
        return tuple((np.shape(x), str(x.dtype)) if hasattr(x, "dtype") else str(x) for x in leaves)

    table = {
        kinds(drawn.values): answer.leaves
        for drawn, answer in zip(
            released.arguments.values(), released.expected["value"], strict=True
        )
    }

    def looked_up(*arguments):
        zeros = jax.tree.map(jnp.zeros_like, spec.reference(*arguments))
        leaves = table.get(kinds(arguments), jax.tree.leaves(zeros))
        return jax.tree.unflatten(jax.tree.structure(zeros), map(jnp.asarray, leaves))

    values = [want for want in spec.requires if want.views == ("value",)]
    unchecked = ("passed", "batch loop", "operation", "work", "sharding", "communication")
    checked = learner.examine(looked_up, replace(released, requires=tuple(values)))
    # Two cases of one shape have one place in the table.
    assert checked.reason in unchecked or len(table) < len(released.arguments)
    sizes = [spec.sizes]
    # A sample of the right distribution is one whatever its key, so there the sizes tell.
    sizes += [spec.public_sizes] * (matches_reference() in spec.requires)
    for some in sizes:
        got = outcomes.outcomes(looked_up, values, drawn(spec, some))
        expected = references.expected_answers(spec, SEED, some)
        assert not judge(spec.name, values, expected, got).passed


@each_function
def test_a_draw_can_be_reproduced(spec):
    draw = spec.draws(spec.sizes)[0]
    once, again, other = (spec.draw(seed, draw) for seed in (SEED, SEED, SEED + 1))

    def is_equal(arguments, others):
        pairs = zip(arguments.leaves, others.leaves, strict=True)
        return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)

    assert is_equal(once, again)
    # A static argument depends on the size alone, so there has to be another one.
    assert spec.name in ALL_STATIC or not is_equal(once, other)


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(spec, id=name)
        for name, spec in FUNCTIONS.items()
        if matches_gradient() in spec.requires
    ],
)
def test_a_reference_has_the_gradient_of_its_values(spec):
    """But for a custom rule, whose exercise asks for the rule itself."""
    if any(getattr(want, "primitive", "").startswith("custom_") for want in spec.requires):
        pytest.skip("its gradient is made by a rule of its own, on purpose")
    drawn_once = spec.draw(SEED, spec.draws(spec.sizes)[0])
    floating = [n for n, leaf in enumerate(drawn_once.leaves) if leaf.dtype.kind == "f"]

    def of_floats(*some):
        leaves = list(drawn_once.leaves)
        for n, leaf in zip(floating, some, strict=True):
            leaves[n] = leaf
        result = spec.reference(*replace(drawn_once, leaves=tuple(leaves)).values)
        return [
            leaf for leaf in jax.tree.leaves(result) if jnp.issubdtype(leaf.dtype, jnp.floating)
        ]

    some = [jnp.asarray(drawn_once.leaves[n]) for n in floating]
    check_grads(of_floats, some, order=1, modes=["rev"], atol=0.02, rtol=0.02)


def test_names_are_unique_in_the_course():
    names = [spec.name for spec in exercises()]
    assert len(set(names)) == len(names)
