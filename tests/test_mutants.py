"""Every small change to a reference is rejected, or is listed beside its exercise as equal."""

import functools
import textwrap

import jax
import pytest
import verdicts as table
from masters import loaded

from autograder.authoring import trials
from autograder.authoring.mutants import mutants

HOMES = {one.assignment: one for one in loaded()}
FUNCTIONS = [
    pytest.param(home, name, id=name)
    for home in HOMES.values()
    for name, spec in home.exercises.items()
    if not spec.is_question
]


@functools.cache
def tallies(assignment):
    home = HOMES[assignment]
    return trials.prove_mutants(home.path, list(home.prompts), processes=2)


@pytest.mark.slow
@pytest.mark.parametrize(("home", "name"), FUNCTIONS)
def test_every_mutant_is_rejected_or_listed(home, name):
    tally = tallies(home.assignment)[name]
    assert tally.fates
    assert not tally.faults, "\n".join(tally.faults)


@pytest.mark.slow
@pytest.mark.skipif(jax.__version__ != table.made_with(), reason="of another JAX")
@pytest.mark.parametrize("assignment", HOMES)
def test_the_table_says_what_the_mutants_came_to(assignment):
    written = table.written(assignment)
    assert written["exercises"] == len(HOMES[assignment].prompts)
    # On another processor one more may be caught by its digits, or by the time that it takes.
    seen = table.of_mutants(tallies(assignment).values())
    assert (seen[0], seen[-1]) == (written["mutants"], written["survived"])


def changed(code):
    """The mutants of a code as their descriptions."""
    return {one.description: one.code for one in mutants(textwrap.dedent(code))}


@pytest.mark.parametrize(
    ("line", "description", "becomes"),
    [
        ("a < b", "< → <= (line 2)", "a <= b"),
        ("a < b", "< → >= (line 2)", "a >= b"),
        ("a + b", "+ → - (line 2)", "a - b"),
        ("a & b", "& → | (line 2)", "a | b"),
        ("a and b", "and → or (line 2)", "a or b"),
        ("a - b", "a - b → b - a (line 2)", "b - a"),
        ("-a", "-a → a (line 2)", "a"),
        ("a if b else c", "if b → if not (line 2)", "a if not b else c"),
        ("a[3]", "3 → 4 (line 2)", "a[4]"),
        ("a[3]", "3 → 2 (line 2)", "a[2]"),
        ("0.5 * a", "0.5 → 0.505 (line 2)", "0.505 * a"),
        ("0.5 * a", "0.5 → 0.525 (line 2)", "0.525 * a"),
        ("0.5 * a", "0.5 → 0.55 (line 2)", "0.55 * a"),
        ("0.5 * a", "0.5 → 0.45 (line 2)", "0.45 * a"),
        ("2 * a", "2 → 2.1 (line 2)", "2.1 * a"),
        ("a + b", "a + b → without b (line 2)", "a"),
        ("a[b]", "a[b] → a (line 2)", "a"),
        ("a.at[b].set(c)", ".set(…) → nothing (line 2)", "a"),
        ("lax.while_loop(a, b, c)", "while a → while not (line 2)",
         "lax.while_loop(lambda *state: ~a(*state), b, c)"),
        ("jnp.sum(a, axis=0)", "0 → 1 (line 2)", "jnp.sum(a, axis=1)"),
        ("jnp.sum(a, axis=0)", "0 → None (line 2)", "jnp.sum(a, axis=None)"),
        ("jnp.sum(a, axis=0)", "axis=0 → nothing (line 2)", "jnp.sum(a)"),
        ("jnp.sum(a, axis=0)", "sum → mean (line 2)", "jnp.mean(a, axis=0)"),
        ("jnp.sum(a, keepdims=True)", "True → False (line 2)", "jnp.sum(a, keepdims=False)"),
        ("jnp.exp(a)", "exp(…) → its first argument (line 2)", "a"),
        ("a.astype(b)", ".astype(…) → nothing (line 2)", "a"),
        ("a.astype(jnp.float32)", "float32 → bfloat16 (line 2)", "a.astype(jnp.bfloat16)"),
        ("f(a, b)", "a, b → swapped (line 2)", "f(b, a)"),
        ("jnp.where(a, b, c)", "b, c → swapped (line 2)", "jnp.where(a, c, b)"),
        ("jnp.minimum(a, b)", "minimum → maximum (line 2)", "jnp.maximum(a, b)"),
        ("lax.psum(a, 'x')", "psum → pmean (line 2)", "lax.pmean(a, 'x')"),
        ("lax.psum(a, 'x') + lax.psum(a, 'y')", "'x' → 'y' (line 2)",
         "lax.psum(a, 'y') + lax.psum(a, 'y')"),
        ("P('x', None)", "'x', None → swapped (line 2)", "P(None, 'x')"),
        ("P('x', None)", "P('x', None) → P() (line 2)", "P()"),
        ("P('x')", "'x' → None (line 2)", "P(None)"),
        ("a.at[b].add(c, mode='drop')", "'drop' → 'clip' (line 2)", "a.at[b].add(c, mode='clip')"),
        ("a[b:]", "b: → b + 1: (line 2)", "a[b + 1:]"),
        ("a[b:]", "b: → without b (line 2)", "a[:]"),
        ("jax.random.normal(a)", "normal(…) → 1.05 times it (line 2)",
         "1.05 * jax.random.normal(a)"),
        ("jax.random.bernoulli(a, b)", "b → 1.01 times it (line 2)",
         "jax.random.bernoulli(a, 1.01 * b)"),
        ("jnp.einsum('ij,jk->ik', a, b)", "'ij,jk->ik' → 'ij,jk->ki' (line 2)",
         "jnp.einsum('ij,jk->ki', a, b)"),
        ("(a, b)", "a, b → swapped (line 2)", "(b, a)"),
    ],
)  # fmt: skip
def test_a_change_of_an_expression(line, description, becomes):
    made = changed(f"def f(a, b, c):\n    return {line}")
    assert made[description] == f"def f(a, b, c):\n    return {becomes}"


def test_a_statement_is_dropped_unless_a_name_would_be_undefined():
    made = changed(
        """
        def f(x):
            y = 1
            x = x + y
            print(x)
            return x
        """
    )
    dropped = [words for words in made if words.startswith("drop")]
    assert dropped == ["drop x = x + y (line 3)", "drop print(x) (line 4)"]


def test_a_key_is_used_twice_or_not_split():
    made = changed(
        """
        def f(key):
            a, b = jax.random.split(key)
            return g(a), h(b)
        """
    )
    assert {"a → b (line 3)", "b → a (line 3)", "a → key (line 3)", "b → key (line 3)"} <= set(made)


def test_a_decorator_is_dropped():
    assert "drop @jax.jit (line 2)" in changed("@jax.jit\ndef f(x):\n    return x")


def test_a_forward_rule_returns_another_primal_and_a_backward_rule_other_tangents():
    made = changed(
        """
        @jax.custom_vjp
        def f(x):
            return x

        def forward(x):
            return f(x), (x,)

        def backward(residuals, g):
            return (g * residuals[0],)

        f.defvjp(forward, backward)
        """
    )
    codes = "\n".join(made.values())
    assert "return (x, (x,))" in codes
    assert "return (2 * f(x), (x,))" in codes
    assert "return (0 * f(x), (x,))" in codes
    assert "return (f(x), tuple((2 * entry for entry in (x,))))" in codes
    assert "return (1.01 * (g * residuals[0]),)" in codes


def test_descriptions_do_not_depend_on_formatting_or_comments():
    plain = "def f(x):\n    y = x + 1\n    return jnp.sum(y, axis=0)"
    other = (
        'def f(x):\n    """What it does."""\n\n    # why\n    y = (\n        x + 1\n    )\n'
        "    return jnp.sum(\n        y,\n        axis=0,\n    )  ### END SOLUTION"
    )
    assert changed(plain) == changed(other)


def test_descriptions_are_unique_and_mutants_differ():
    made = mutants("def f(x):\n    return x + x + x + 1 + 1")
    assert len({one.description for one in made}) == len({one.code for one in made}) == len(made)


def test_imports_docstrings_and_annotations_are_left_alone():
    made = changed('import jax.numpy as jnp\ndef f(x: "1") -> "2":\n    """3"""\n    return x')
    assert list(made) == ["return x → stop_gradient of it (line 4)"]
