"""Which cells the answer to an exercise depends on."""

import pytest

from autograder.classroom import slices

GIVEN = "import jax.numpy as jnp"
TWICE = "def twice(x):\n    return 2 * x"
NEGATED = "def negated(x):\n    return -x"


def steps(*sources: str, name: str = "twice") -> tuple[str, ...] | None:
    """Which cells are in the slice of `twice`."""
    found = slices.slices({f"{n}": source for n, source in enumerate(sources)}, [name])
    return found[name].steps if found else None


@pytest.mark.parametrize(
    ("sources", "inside"),
    [
        ((GIVEN, TWICE, NEGATED), "1"),
        ((GIVEN, "def twice(x):\n    return jnp.add(x, x)", NEGATED), "01"),
        (("two = 2", "def double(x):\n    return two * x", "twice = jit(double)", NEGATED), "012"),
        ((TWICE, "print(twice(3))", NEGATED), "01"),
        ((TWICE, "print(negated(3))", NEGATED), "012"),
        ((TWICE, "y = negated(3)", NEGATED), "012"),
        ((TWICE, "for x in range(3):\n    pass", NEGATED), "01"),
        ((TWICE, "from math import *", NEGATED), "01"),
        ((TWICE, "negated.mark = 1", NEGATED), "012"),
        ((TWICE, "from jax import numpy as twice"), "01"),
        ((TWICE, "import twice.of"), "01"),
        ((NEGATED, "class A:\n    def f(self):\n        return negated"), "01"),
        ((NEGATED, TWICE[4:]), None),
        ((NEGATED, "y = 3"), ""),
        ((TWICE, "%time twice(3)"), None),
        ((TWICE, "def broken("), None),
        ((TWICE, "x = " + "-" * 50_000 + "1"), None),
        ((TWICE, "x = " + "'" + "a" * 200_000 + "'"), None),
    ],
)
def test_which_cells_are_in_a_slice(sources, inside):
    assert steps(*sources) == (None if inside is None else tuple(inside))


def test_the_text_is_that_of_the_program():
    told = 'def twice(x):\n    """Tells."""\n\n    return (2*x)  # by me'
    other = TWICE.replace("2", "3")
    first, again, another = (
        slices.slices({"a": source}, ["twice"])["twice"].text for source in (TWICE, told, other)
    )
    assert first == again != another
