"""The proof that the exercises are good: for every exercise of the course."""

import functools
import itertools

import jax
import jax.numpy as jnp
import nbformat
import numpy as np
import pytest
from masters import ROOT, exercises, loaded

from autograder import exercise, learner, public
from autograder.exercise import PUBLIC_SIZES
from autograder.judge import judge
from autograder.tree import flatten
from autograder.verdict import Status

SEED = 20_261_123
SPECS = {spec.name: spec for spec in exercises()}


def slug(wrong):
    return wrong.title.replace(" ", "_").replace("`", "")


each = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
each_wrong = pytest.mark.parametrize(
    ("spec", "wrong"),
    [
        pytest.param(spec, wrong, id=f"{name}-{slug(wrong)}")
        for name, spec in SPECS.items()
        for wrong in spec.wrong_answers
    ],
)


@functools.cache
def known(name):
    """What the reference and the wrong answers do on the secret sizes."""
    spec = SPECS[name]
    return (
        exercise.expected_answers(spec, SEED, spec.sizes),
        exercise.lookalikes(spec, SEED, spec.sizes),
    )


def drawn(spec, sizes):
    return {size: spec.draw(SEED, size) for size in sizes}


def judged(spec, function):
    """The verdict on a function, on inputs drawn as in grading."""
    got = exercise.outcomes(function, spec.requires, drawn(spec, spec.sizes))
    expected, lookalikes = known(spec.name)
    return judge(spec.name, spec.requires, expected, got, lookalikes)


def another(spec):
    names = dict(spec.reference.__globals__)
    exec(spec.another, names)
    return names[spec.name]


@each
def test_reference_passes(spec):
    assert judged(spec, spec.reference).passed
    assert learner.examine(spec.reference, public.catalogue()[spec.name]).passed


@each
def test_second_solution_passes(spec):
    function = another(spec)
    assert function is not spec.reference
    assert judged(spec, function).passed
    assert learner.examine(function, public.catalogue()[spec.name]).passed


@each
def test_stub_fails(spec):
    # The stub is what nbgrader leaves in the released notebook.
    (notebook,) = [one.path.stem for one in loaded() if spec.name in one.exercises]
    (folder,) = [one.assignment for one in loaded() if spec.name in one.exercises]
    released = nbformat.read(ROOT / "exercises" / folder / f"{notebook}.ipynb", as_version=4)
    (cell,) = [
        cell
        for cell in released.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") == spec.name
    ]
    names = dict(spec.reference.__globals__)
    exec(cell.source, names)
    assert names[spec.name] is not spec.reference
    assert judged(spec, names[spec.name]).status is Status.MISSING


@each_wrong
def test_wrong_answer_fails_for_its_reason(spec, wrong):
    for verdict in (
        judged(spec, wrong.function),
        learner.examine(wrong.function, public.catalogue()[spec.name]),
    ):
        assert not verdict.passed
        assert verdict.fraction == 0
        assert verdict.reason == wrong.rejected_by
        assert verdict.lookalike == wrong.title
        assert verdict.findings[0].advice == wrong.advice


@each
def test_wrong_answers_differ_from_each_other(spec):
    titles = [wrong.title for wrong in spec.wrong_answers]
    assert len(set(titles)) == len(titles)
    advice = [wrong.advice for wrong in spec.wrong_answers]
    assert all(one != other for one, other in itertools.combinations(advice, 2))


@each
def test_public_cases_do_not_give_the_answer_away(spec):
    """An answer that is a table of all that was released passes `check` and fails the grading."""
    released = public.catalogue()[spec.name]
    assert not set(PUBLIC_SIZES) & set(spec.sizes)

    def shapes(arguments):
        return tuple(leaf.shape for leaf in flatten(arguments)[1])

    table = {
        shapes(arguments): jax.tree.unflatten(
            jax.tree.structure(spec.reference(*arguments)), answer.leaves
        )
        for arguments, answer in zip(
            released.arguments.values(), released.expected["value"], strict=True
        )
    }

    def looked_up(*arguments):
        like = jax.eval_shape(spec.reference, *arguments)
        zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), like)
        return jax.tree.map(jnp.asarray, table.get(shapes(arguments), zeros))

    assert learner.examine(looked_up, released).reason in ("passed", "batch loop")
    for sizes in (spec.sizes, PUBLIC_SIZES):
        got = exercise.outcomes(looked_up, spec.requires, drawn(spec, sizes))
        expected = exercise.expected_answers(spec, SEED, sizes)
        assert judge(spec.name, spec.requires, expected, got).reason == "values"


@each
def test_a_draw_can_be_reproduced(spec):
    once, again = (flatten(spec.draw(SEED, 8))[1] for _ in range(2))
    other = flatten(spec.draw(SEED + 1, 8))[1]
    assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(once, other, strict=True))


def test_names_are_unique_in_the_course():
    names = [spec.name for spec in exercises()]
    assert len(set(names)) == len(names)
