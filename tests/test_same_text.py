"""Equal texts are pointed out only where that is unlikely; honest answers never are."""

import functools

import corpus
import pytest
from masters import ROOT, loaded

from autograder.classroom.statistics import same_text
from autograder.classroom.statistics.same_text import form_of, shown_in

OTHERS = [
    "def step(f, x):\n    return x - f(x) / jax.grad(f)(x)",
    "def step(f, x):\n    value, slope = jax.value_and_grad(f)(x)\n    return x - value / slope",
    "def step(f, x):\n    return x + f(x)",
    "def step(f, x):\n    slope = jax.grad(f)\n    return x - f(x) / slope(x)",
    "def step(f, x):\n    return jnp.sqrt(x)",
    "def step(f, x):\n    return f(x)",
]
MASTER = "def step(f, x):\n    return x - f(x) / jax.grad(f)(x)\n"
LONG = '''\
def step(f, x):
    """One step."""
    widths = jnp.geomspace(1e-3, 1e-1, 7)  # half of the width
    slopes = jnp.stack([(f(x + width) - f(x - width)) / (2 * width) for width in widths])
    weights = jnp.exp(-jnp.abs(slopes - jnp.median(slopes)) * 40)
    steepness = (weights * slopes).sum() / jnp.maximum(weights.sum(), 1e-6)
    return jnp.where(steepness == 0, x + 1e-4, x - f(x) / steepness)
'''
RENAMED = (
    LONG.replace("width", "h").replace("slopes", "d").replace("weights", "w")
    .replace("(f, x", "(g, y").replace("f(x", "g(y").replace("x +", "y +").replace("x -", "y -")
    .replace('    """One step."""\n', "").replace("  # half of the width", "\n    # step sizes")
    .replace("steepness", "s")
)  # fmt: skip
ALONE = {f"other{n}": source for n, source in enumerate(OTHERS)}


def hints(sources, shown=MASTER, students=20):
    return same_text.find("step", sources, shown_in(shown), students)


def told(*sources, others=ALONE, **settings):
    """Who is pointed out if these students hand these in, and whether their names are equal."""
    answers = {f"s{n}": source for n, source in enumerate(sources)}
    return [(hint.students, hint.same_names) for hint in hints({**others, **answers}, **settings)]


def test_a_long_copy_is_found_with_other_comments_and_with_other_names():
    commented = LONG.replace("One step.", "A step of mine.").replace("  # half of the width", "")
    assert told(LONG, commented + "\n\n") == [(("s0", "s1"), True)]
    assert told(LONG, RENAMED) == [(("s0", "s1"), False)]


def test_words_that_nobody_else_uses_count_too_but_not_alone():
    code = (
        "def step(f, x):\n    slope = jax.grad(f)(x){}\n    damped = slope * abs(slope)\n"
        "    bounded = damped / (1 + abs(x))\n    moved = x - bounded - 3\n"
        "    return max(moved, -bounded)"
    )
    comment = "  # remarkably careless weighting, borrowed from nowhere whatsoever"
    alike = code.format(comment)
    assert told(alike, alike) == [(("s0", "s1"), True)]
    assert told(alike, code.format("").replace("damped", "b").replace("bounded", "c")) == []
    short = f"def step(f, x):{comment}\n    return f(x) - 2"
    assert told(short, short) == []


def test_a_short_answer_is_not_marked_however_many_wrote_it():
    short = "def step(f, x):\n    return jnp.where(x > 0, x - f(x), x)"
    assert told(short, short) == []
    assert told(*OTHERS, *OTHERS) == []


def test_what_the_course_shows_is_not_counted():
    for shown in (
        MASTER + LONG,
        f"{MASTER}\nexercise(step, another={LONG!r})",
        f"{MASTER}\n# ```python\n" + "".join(f"# {line}\n" for line in LONG.splitlines()) + "# ```",
    ):
        assert told(LONG, LONG, shown=shown) == []


def test_what_anybody_else_wrote_too_is_not_counted():
    similar = {**ALONE, "other": LONG.replace("1e-4", "2e-4")}
    assert told(LONG, LONG, others=similar) == []


def test_a_text_that_many_share_has_a_common_source_and_is_not_marked():
    assert told(LONG, LONG, LONG, LONG) == []
    assert len(told(LONG, LONG, LONG, LONG, students=40)) == 1


def test_a_small_class_says_too_little_about_what_is_usual():
    few = {name: ALONE[name] for name in list(ALONE)[:3]}
    assert told(LONG, LONG, others=few) == []


def test_without_a_master_nothing_is_marked():
    assert told(LONG, LONG, shown="") == []


@pytest.mark.parametrize(
    "source",
    [
        "def step(", "\0", "%time x = 1\n!ls", "-" * 9_000 + "1", "(" * 9_000, "x" + ".a" * 4_000,
        "x = " + "1+" * 9_000 + "1", "lambda: " * 2_000 + "0", "f'{" * 200, "a" * 30_000,
        "x = [" * 900 + "]" * 900, "\ud83d = 1", "match x:\n  case {'a': [1, *_]}: pass",
        "try:\n    pass\nexcept* E as e:\n    pass", "x = 1e999 + 1j", "del (x)", "x: int = 3",
    ],
    ids=range(17),
)  # fmt: skip
def test_whatever_students_write_is_read_or_left_out(source):
    form_of(source, "step")
    assert told(source, source) == []


def test_names_that_are_not_chosen_count():
    for one, other in (("jnp.sin(x)", "jnp.cos(x)"), ("len(x)", "sum(x)"), ("x + 1", "x + 2")):
        forms = [form_of(f"def step(x):\n    return {code}", "step") for code in (one, other)]
        assert forms[0].shape != forms[1].shape
    swapped = [form_of(f"def step(a, b):\n    return {code}") for code in ("a - b", "b - a")]
    assert swapped[0].shape != swapped[1].shape


@functools.cache
def shown(assignment):
    (master,) = [one for one in loaded() if one.assignment == assignment]
    lesson = ROOT / "course" / f"{assignment}.py"
    return shown_in(master.path.read_text(), lesson.read_text())


def honest(assignment, exercise):
    """Honest answers: everything in the corpus, and what the course itself calls a solution."""
    (home,) = [one for one in loaded() if one.assignment == assignment]
    spec = home.exercises[exercise]
    written = [one.code for one in corpus.of(assignment) if one.exercise == exercise]
    (reference,) = [
        cell.source
        for cell in home.notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") == exercise
    ]
    return written, list(filter(None, (reference, spec.another)))


@pytest.mark.parametrize("assignment", [path.stem for path in corpus.FOLDER.glob("*.py")])
def test_no_honest_answer_is_marked_also_if_many_write_what_the_course_shows(assignment):
    (home,) = [one for one in loaded() if one.assignment == assignment]
    count = 0
    for exercise in home.exercises:
        written, solutions = honest(assignment, exercise)
        # Two students each found the course's own solutions; all others have one of their own.
        sources = {f"own{n}": code for n, code in enumerate(written)}
        sources |= {f"found{n}": code for n, code in enumerate(2 * solutions)}
        count += len(sources)
        assert same_text.find(exercise, sources, shown(assignment), len(sources)) == []
    assert count >= 30


def test_two_who_write_the_same_short_answer_are_not_marked_whatever_it_is():
    others = {f"other{n}": f"x = {n}" for n in range(20)}
    short = [one for one in corpus.everything() if len(one.code.splitlines()) <= 4]
    assert len(short) > 500
    for answer in short:
        sources = {**others, "one": answer.code, "two": answer.code}
        found = same_text.find(answer.exercise, sources, shown(answer.assignment), len(sources))
        assert found == [], answer.code
