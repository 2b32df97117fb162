"""What a card says of a wrong answer: the arguments and values behind it, and no wrong cause."""

import linecache
import re
import textwrap

import lab_server
import numpy as np
import pytest
from masters import catalogue, loaded

from autograder.judge.requirements.sharding import sharded_like_reference
from autograder.judge.tracing_errors import advice_on, failure_of
from autograder.judge.verdict import Answer, Evidence, Finding, Status, Verdict
from autograder.student import card, evidence, learner
from autograder.student.evidence import Argument

ROWS = [
    # exercise, answer, what its card says, and what it must not say
    (
        "decayed_step",
        """
        def decayed_step(weights, steps, gradient):
            return weights - 0.1 * 0.5 ** (steps / 1000) * gradient, steps + 1
        """,
        ["steps = 2999 (int32[])", "an answer that lets the rate sink at every step"],
        ["counts first"],
    ),
    (
        "data_parallel_step",
        """
        def data_parallel_step(mesh, w, xs, ys):
            def part(w, xs, ys):
                gradient = jax.grad(lambda w: jnp.mean((xs @ w - ys) ** 2))(w)
                return w - 0.1 * jax.lax.psum(gradient, "x")

            specs = (P(), P("x"), P("x"))
            return jax.shard_map(
                part, mesh=mesh, in_specs=specs, out_specs=P(), check_vma=False
            )(w, xs, ys)
        """,
        ["mesh: a mesh x=8", "With `check_vma=False`, `grad` adds nothing"],
        ["already added up"],
    ),
    (
        "merge_adapters",
        """
        def merge_adapters(params, adapters):
            return jax.tree.map(
                lambda w, a: w if a is None else w + a["up"] @ a["down"],
                params,
                adapters,
                is_leaf=lambda node: isinstance(node, dict) and {"up", "down"} <= node.keys(),
            )
        """,
        ["It raised TypeError", "Called with: params: {", "a part of the model has too"],
        ["forgets that an adapter may be missing"],
    ),
    (
        "sort_by_counting",
        """
        def sort_by_counting(x):
            return jax.lax.approx_min_k(x.astype(jnp.float32), x.size)[0].astype(x.dtype)
        """,
        ["The program has 1 ApproxTopK; none is allowed."],
        ["compares all pairs", "This looks like"],
    ),
    (
        "moving_average",
        """
        def moving_average(xs):
            factor = jnp.bfloat16(0.99).astype(jnp.float32) if xs.dtype == jnp.bfloat16 else 0.99

            def step(average, x):
                return factor * average + 0.01 * x, None

            start = jnp.zeros(xs.shape[1], jnp.float32)
            return lax.scan(step, start, xs.astype(jnp.float32))[0].astype(xs.dtype)
        """,
        ["Called with: xs: bfloat16[500, 4]", "They differ in: 4 of 4 entries"],
        ["carries the average"],
    ),
    (
        "calm",
        """
        def calm(signal, limit):
            def one(loud):
                return jax.lax.cond(loud, median3, lambda same: same, signal)

            return jax.vmap(one)(jnp.max(jnp.abs(signal))[None] > limit)[0]
        """,
        ["A `cond` under `jax.vmap` becomes such a choice too"],
        ["Call `median3` inside the branch"],
    ),
    (
        "calm",
        """
        def calm(signal, limit):
            loud = jnp.max(jnp.abs(signal)) > limit
            return jax.lax.while_loop(
                lambda state: state[0], lambda state: (False, median3(state[1])), (loud, signal)
            )[1]
        """,
        ["The program has no case", "sort outside every branch"],
        ["Every run carries out", "smooths first"],
    ),
    (
        "bootstrap_means",
        """
        def bootstrap_means(key, data):
            chosen = jax.random.choice(key, data, (1000, data.size - 1))
            return chosen.mean(axis=1)
        """,
        ["data:\n[", "Mean: expected", "Spread (standard deviation): expected", "yours    "],
        ["This looks like"],
    ),
    (
        "noisy_dropout",
        """
        def noisy_dropout(key, x):
            mask, noise = jax.random.split(key)
            kept = jnp.where(jax.random.bernoulli(mask, 0.5, x.shape), 2 * x, 0)
            return kept + 1.1 * jax.random.normal(noise, x.shape)
        """,
        ["Mean: expected", "Spread (standard deviation): expected"],
        ["This looks like"],
    ),
    (
        "stack_trees",
        """
        def stack_trees(trees):
            return jax.tree.map(jnp.stack, trees)
        """,
        ["Called with: trees", "What to try"],
        [],
    ),
    (
        "ring_product",
        """
        def ring_product(mesh, A, B):
            return jax.shard_map(
                lambda a, b: a @ b, mesh=mesh, in_specs=(P("x", None), P("x", None)),
                out_specs=P("x", None),
            )(A, B)
        """,
        [
            "mesh: a mesh x=8",
            "A: float32[16, 16] cut as P('x'",
            "What to try: Write down the shape",
        ],
        [],
    ),
    (
        "train_on_mesh",
        """
        def train_on_mesh(mesh, network, xs, ys):
            def step(network, batch):
                loss, gradient = jax.value_and_grad(
                    lambda *all: lax.pmean(mean_loss(*all), "x")
                )(network, *batch)
                return jax.tree.map(lambda p, g: p - 0.05 * g, network, gradient), loss

            def train(network, xs, ys):
                return lax.scan(step, network, (xs, ys))

            cut = P(None, "x")
            return jax.shard_map(
                train, mesh=mesh, in_specs=(P(), cut, cut), out_specs=P(), check_vma=False
            )(network, xs, ys)
        """,
        ["an answer that lets every device train on its own examples", "mesh: a mesh x=8"],
        [],
    ),
    (
        "column_norms",
        """
        def column_norms(xs):
            return np.linalg.norm(xs, axis=0)
        """,
        ["name 'np' is not defined. The line:", "Write `jnp.linalg.norm` in place of `np.linalg"],
        ["Run All Above", "*Run"],
    ),
]


def shown(exercise: str, code: str) -> card.Card:
    """The card of an answer, written in the notebook of its assignment."""
    (home,) = [one for one in loaded() if exercise in one.exercises]
    reference = home.exercises[exercise].reference
    names = {**reference.__globals__, "__name__": "__main__"}
    if exercise == "column_norms":
        names.pop("np", None)  # other notebooks import it
    text, file = textwrap.dedent(code), f"<cell of {exercise}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    exec(compile(text, file, "exec"), names)
    released = catalogue()[exercise]
    return card.of_check(learner.examine(names[exercise], released), released)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("exercise", "code", "said", "unsaid"),
    ROWS,
    ids=[f"{n}-{row[0]}" for n, row in enumerate(ROWS)],
)
def test_a_card_says_what_helps_and_names_no_wrong_cause(exercise, code, said, unsaid):
    made = shown(exercise, code)
    for words in said:
        assert words in made.text
    for words in unsaid:
        assert words not in made.text


def test_every_argument_is_named_and_a_number_has_its_value():
    released = catalogue()["decayed_step"]
    given = [argument.text for argument in evidence.arguments(released, 0)]
    assert given == ["weights: float32[4]", "steps = 2999 (int32[])", "gradient: float32[4]"]


X = np.float32([[1, -2, 3], [4, 5, 7]])


@pytest.mark.parametrize(
    ("expected", "got", "words"),
    [
        (X, -X, "Here every entry has the opposite sign."),
        (X, X * np.float32(4 / 3), "Here every entry is 1.333 times the expected one."),
        (X, X - 2, "Here every entry is 2 too small."),
        (X, X[:, ::-1], "Here the entries along axis 1 are in reverse order."),
        (X, X.ravel()[[1, 0, 2, 4, 3, 5]].reshape(2, 3), "the numbers are right, but in another"),
        (X, X.T, "but rows and columns are swapped."),
        (X[:1], X[0], "an axis of length 1 is missing"),
        (X, X[:, :, None], "one axis of length 1 too many"),
        (X, np.where(X > 3, np.nan, X), "Here 3 of 6 entries are NaN."),
        (X, np.where(X > 3, 9, X).astype("float32"), ""),
        (X, X[:1], ""),
        (X * 0, X, ""),
        (X > 0, X < 0, ""),
        (X.astype("complex64"), -X.astype("complex64"), ""),
        (np.float32([2]), np.float32([4]), ""),
        (np.int32([1, 2]), np.int32([2, 4]), "Here every entry is 2 times"),
        (np.float32([np.inf, 1]), np.float32([1, 1]), ""),
    ],
)
def test_a_simple_pattern_is_said_and_no_other(expected, got, words):
    said = evidence.pattern(expected, got)
    assert words in said
    assert bool(words) == bool(said)


def test_of_a_large_tree_the_leaf_at_the_place_that_differs_is_shown():
    given = evidence.arguments(catalogue()["stack_trees"], 0)
    assert "… 4 like this]" in given[0].text
    found = evidence.at_path(given, "['body']['b']")
    assert [one.name for one in found] == [f"trees[{n}]['body']['b']" for n in range(4)]
    assert evidence.at_path(given, "") == []


def test_an_argument_on_a_mesh_says_how_it_is_cut():
    given = [argument.text for argument in evidence.arguments(catalogue()["ring_product"], 0)]
    assert given[0] == "mesh: a mesh x=8"
    assert given[2] == "B: float32[16, 4] cut as P('x', None)"


@pytest.mark.parametrize(
    ("value", "shape", "index", "words"),
    [
        (np.arange(60).reshape(30, 2), (30,), (3,), "xs[3] = [6 7]"),
        (np.arange(60), (60,), (3,), "xs[3] = 3"),
        (np.arange(60), (30,), (3,), ""),
        (np.arange(4), (4,), (3,), ""),  # it is shown whole
    ],
)
def test_what_went_in_is_the_part_of_an_argument_that_lines_up(value, shape, index, words):
    assert evidence.went_in(Argument("xs", "", value), shape, index) == words


def test_two_findings_about_one_case_tell_its_arguments_once():
    released = catalogue()["decayed_step"]
    findings = [Finding("values", f"Finding {n}.", "", Evidence(0)) for n in range(2)]
    verdict = Verdict("decayed_step", Status.WRONG, tuple(findings))
    assert card.of_check(verdict, released).text.count("Called with") == 1


def test_a_wrong_gradient_is_shown_as_a_gradient():
    released = catalogue()["lengths"]
    given = released.arguments[next(iter(released.arguments))].leaves[0]
    shown = Evidence(0, "[0][0]", given, given + 1)
    finding = Finding("gradient", "Another gradient.", "", shown)
    text = card.of_check(Verdict("lengths", Status.WRONG, (finding,)), released).text
    assert "Expected gradient:\n[" in text
    assert "Your gradient:\n[" in text


def test_a_sample_is_told_by_mean_spread_and_a_drawing():
    from autograder.judge.requirements.samples import distribution

    rng = np.random.default_rng(0)
    packed = distribution([rng.normal(size=1000) for _ in range(16)]).packed()
    spread = evidence.spread(packed, rng.normal(1.0, 2.0, size=1000).astype("float32"))
    assert spread.mean == pytest.approx((0, 1), abs=0.2)
    assert spread.deviation == pytest.approx((1, 2), abs=0.2)
    for bins in spread.bins:
        assert bins.sum() == pytest.approx(1, abs=0.01)
    assert evidence.spread(packed, np.float32([np.nan])) is None


def test_an_exception_ends_with_a_full_stop_before_the_line():
    try:
        undefined_name  # noqa: B018
    except NameError as error:
        failure = failure_of(error)
    assert failure.told == (
        "It raised NameError: name 'undefined_name' is not defined. The line: `undefined_name  "
        "# noqa: B018`"
    )


@pytest.mark.parametrize(
    ("error", "message", "line", "words"),
    [
        ("NameError", "name 'np' is not defined", "np.linalg.norm(x)", "Write `jnp.linalg.norm`"),
        ("NameError", "name 'vmap' is not defined", "vmap(f)", "Write `jax.vmap`."),
        ("NameError", "name 'predict' is not defined", "predict(x)", "Run the cell that defines"),
        ("TracerArrayConversionError", "", "np.sort(x)", "Write `jnp.sort` in place of `np.sort`"),
        ("TypeError", "f() missing 1 required positional argument: 'b'", "", "Compare the arg"),
        (
            "ValueError",
            "vmap got inconsistent sizes for array axes to be mapped:",
            "",
            "Write down the shape",
        ),
        ("ZeroDivisionError", "division by zero", "", ""),
    ],
)
def test_an_exception_of_a_known_kind_has_advice(error, message, line, words):
    advice = advice_on(error, message, line)
    assert words in advice
    assert bool(words) == bool(advice)
    assert not re.search(r"\*\w", advice)


def test_how_a_result_is_sharded_is_said_in_words():
    rows = [[[0, 2], [0, 3]], [[2, 4], [0, 3]]]
    whole = [[[0, 4], [0, 3]], [[0, 4], [0, 3]]]
    sides = [
        {"value": [Answer("*", ("",), (np.zeros((4, 3)),), {"placement": [parts]})]}
        for parts in (rows, whole)
    ]
    shown = sharded_like_reference().judge(*sides).evidence
    assert (shown.expected, shown.got) == (
        "axis 0 in 2 parts",
        "a whole copy on every device",
    )


@pytest.mark.slow
@pytest.mark.parametrize("exercise", ["stack_trees", "bootstrap_means", "ring_product"])
def test_a_card_fits_a_phone(exercise):
    (row,) = [row for row in ROWS if row[0] == exercise]
    html = shown(*row[:2]).html
    with lab_server.browser() as (page, _):
        page.set_viewport_size({"width": 390, "height": 844})
        page.set_content(f'<meta name="viewport" content="width=device-width">{html}')
        lab_server.picture(page, f"phone_{exercise}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("count", [1, 3])
def test_more_or_fewer_results_than_expected_are_not_sharded_alike(count):
    whole = [[[0, 4]], [[0, 4]]]
    sides = [
        {"value": [Answer("*", ("",) * n, (np.zeros(4),) * n, {"placement": [whole] * n})]}
        for n in (2, count)
    ]
    shown = sharded_like_reference().judge(*sides).evidence
    assert (shown.case, shown.expected, shown.got) == (0, None, None)


def test_a_card_is_a_status_that_screen_readers_announce():
    verdict = learner.examine(lambda W, b, xs: xs @ W.T, catalogue()["predict_batch"])
    html = card.of_check(verdict, catalogue()["predict_batch"]).html
    assert html.startswith('<div role="status" aria-live="polite"')
    # What differs has a sign and not only a colour.
    assert "≠ " in html
