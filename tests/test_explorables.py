"""Explorables: what they say, and that people can use them with a mouse, keys, or no script."""

from __future__ import annotations

import functools
import inspect
import re
import sys

import jax
import jax.numpy as jnp
import lab_server
import nbconvert
import nbformat
import numpy as np
import pytest
import test_site
from axe_playwright_python.sync_playwright import Axe
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from autograder.authoring import site
from autograder.markup import html, joined
from course import explore
from course.explore import tapes, timelines
from course.explore.stage import LARGEST, Explorable, Scene, Step, at, code

# ---------------------------------------------------------------------------- the shared page


def halving(title="Halving `8`"):
    lines = joined(html("<div {at}>line {n}</div>", at=at(now=[n]), n=n) for n in (1, 2, 3))
    steps = [
        Step(f"`x` is {n}.", html("<b {at}>{n}</b>", at=at(same="x"), n=n), f"x = {n}")
        for n in (8, 4, 2)
    ]
    return Explorable(title, Scene(steps, html('<div class="x-code">{lines}</div>', lines=lines)))


def choosing():
    scenes = {
        (axis, spec): Scene([Step(f"{axis} and {spec}, step {n}.") for n in (1, 2)])
        for axis in ("0", "None")
        for spec in ("x", "y")
    }
    return Explorable("Axes", scenes, {"in_axes": ("0", "None"), "spec": ("x", "y")})


def test_the_text_tells_every_step_in_words():
    assert repr(halving()) == (
        "Halving 8\n\n1. x is 8.\n   x = 8\n2. x is 4.\n   x = 4\n3. x is 2.\n   x = 2"
    )
    assert "\n\nin_axes: None, spec: y\n1. None and y, step 1.\n" in repr(choosing())


def test_an_explorable_is_shown_as_html_and_as_text():
    shown = halving()._repr_mimebundle_()
    assert shown["text/plain"].startswith("Halving 8")
    assert shown["text/html"].count("<details") == 3
    assert "<summary>1. <span><code>x</code> is 8.</span></summary>" in shown["text/html"]


def test_equal_explorables_are_the_same_bytes_and_others_have_another_key():
    one, same, other = (
        halving()._repr_html_(),
        halving()._repr_html_(),
        halving("?")._repr_html_(),
    )
    keys = [re.search(r'data-k="(\w{10})"', page)[1] for page in (one, other)]
    assert one == same
    assert keys[0] != keys[1]
    assert "@key@" not in one


def test_the_shared_part_leaves_room_for_the_facts():
    assert len(halving()._repr_html_().encode()) < LARGEST / 6


def test_text_is_escaped():
    shown = Explorable("<i>", Scene([Step("`<b>`", code(["<script>"]))]))._repr_html_()
    assert "&lt;i&gt;" in shown
    assert "<code>&lt;b&gt;</code>" in shown
    assert "<div>&lt;script&gt;</div>" in shown


def test_a_choice_without_a_scene_is_refused():
    with pytest.raises(ValueError, match=r"There is no scene for \[\('1',\)\]\."):
        Explorable("Axes", {("0",): Scene([Step("a")])}, {"axis": ("0", "1")})


# --------------------------------------------------------------------------------- trace


def wave(x):
    inner = jnp.cos(x)
    print("x is", inner.shape)
    return jnp.sin(inner) * jnp.tanh(x)


def balance(deposits):
    def step(carry, deposit):
        carry = 1.5 * carry + deposit
        return carry, carry

    last, _ = jax.lax.scan(
        step, 0, deposits,
    )  # fmt: skip
    return jax.lax.cond(last > 0, jnp.sin, jnp.cos, last)


def magnitude(x):
    doubled = x * 2
    if doubled > 0:
        return x
    return -x


def long(x):
    for _ in range(400):
        x = 0.5 * (x + 2 / x)
    return x


def test_trace_says_which_line_writes_which_equation_and_what_python_sees():
    told = repr(explore.trace(wave, jnp.ones(3)))
    assert (
        "4. Line 4 writes 3 equations: sin, tanh, mul.\n"
        "   return jnp.sin(inner) * jnp.tanh(x)\n"
        "   ⇒ c:f32[3] = sin b\n"
        "   ⇒ d:f32[3] = tanh a\n"
        "   ⇒ e:f32[3] = mul c d\n"
        "   returns: tracer float32[3]\n"
    ) in told
    assert "3. Line 3 writes no equation: only Python is at work." in told
    assert "Python prints: x is (3,)" in told
    assert told.endswith("The program returns e")


def test_trace_enters_functions_that_stand_in_the_source_and_shows_programs_within():
    told = repr(explore.trace(balance, jnp.ones(4)))
    assert re.search(r"Line 3, inside step, writes 2 equations: mul, add\.", told)
    assert "Lines 6 to 8 start, and Python enters step." in told
    assert "Lines 6 to 8 finish, and write 1 equation: scan." in told
    assert told.index("write 1 equation: scan") > told.index("writes 2 equations: mul, add")
    # JAX traces the body twice here, since 0 becomes a float; the first time is forgotten.
    assert told.count("Line 3, inside step,") == 1
    assert "⇒     " in told  # within the loop, lines are indented


@pytest.mark.parametrize(
    ("transformed", "seen"),
    [
        (jax.vmap(wave), "tracer float32[], one of a batch"),
        (jax.jit(wave), "tracer float32[3]"),
        (functools.partial(wave), "tracer float32[3]"),
        (jax.grad(lambda x: wave(x).sum()), None),
        (jax.vmap(jax.grad(wave)), "tracer float32[] that carries a derivative"),
    ],
)
def test_trace_knows_the_lines_of_a_transformed_function(transformed, seen):
    told = repr(explore.trace(transformed, jnp.ones(3)))
    assert seen is None or f"x: {seen}" in told
    assert "= cos " in told


def test_the_way_back_of_a_gradient_belongs_to_the_lines_that_it_comes_from():
    told = repr(explore.trace(jax.grad(wave), 1.0))
    back = re.findall(r"On the way back, line (\d) adds", told)
    assert back == ["4", "2"]


def test_a_jitted_function_is_traced_again_even_if_it_was_called_before():
    fast = jax.jit(wave)
    fast(jnp.ones(3))
    assert "Line 2 writes 1 equation: cos." in repr(explore.trace(fast, jnp.ones(3)))


def test_static_arguments_stay_python_values():
    def ramp(start, n):
        return start + jnp.arange(n)

    assert "n: 4" in repr(explore.trace(jax.jit(ramp, static_argnames="n"), 10.0, n=4))
    assert "mode: 'fast'" in repr(explore.trace(lambda x, mode: x + len(mode), 1.0, "fast"))


@pytest.mark.parametrize("function", [magnitude, jax.jit(magnitude)])
def test_where_tracing_fails_the_line_and_the_error_are_shown_in_one_sentence(function):
    told = repr(explore.trace(function, -2.0))
    assert "2. Line 2 writes 1 equation: mul." in told
    assert "3. Line 3 raises TracerBoolConversionError." in told
    assert re.search(r"\. Tracing ends here, with TracerBoolConversionError: Attempted bool", told)
    assert "Traceback" not in told
    assert ".py" not in told


class Model:
    def __call__(self, x):
        return x * 2


def scaled(f):
    return functools.wraps(f)(lambda x: f(x) * 2)


@scaled
def shifted(x):
    return x + 1


def nested(x):
    @jax.jit
    def doubled(y):
        return y * 2

    return doubled(x) + doubled(x + 1)


def careful(x):
    try:
        return bool(x)
    except jax.errors.TracerBoolConversionError:
        return x


def generated(x):
    def parts():
        for i in range(2):
            yield x * i

    return sum(part for part in parts())


@pytest.mark.parametrize(
    ("function", "sentences"),
    [
        (Model(), ["How JAX traces Model", "Line 2 writes 1 equation: mul."]),
        (Model().__call__, ["self: a Model"]),
        (shifted, ["Line 3 writes 1 equation: add.", "1 equation comes from outside"]),
        (nested, ["Lines 2 to 3 write no equation", "Line 4, inside doubled, writes"]),
        (careful, ["Line 3 raises TracerBoolConversionError.", "Line 5 writes no equation"]),
        (generated, ["Line 4, inside parts, writes 1 equation: mul."]),
        (lambda x: None, ["The program has no equations.", "The program returns nothing"]),
        (jax.hessian(lambda x: x**3), ["On the way back, line"]),
        (jax.vmap(lambda x: x), ["Tracing ends here, with ValueError: vmap was requested to map"]),
        (len, ["Tracing ends here, with TypeError: len() of"]),
        (Model, ["Tracing ends here, with TypeError"]),
        ("hello", ["Tracing ends here, with TypeError: 'str' object is not callable"]),
    ],
)
def test_trace_shows_whatever_a_reader_calls(function, sentences):
    told = repr(explore.trace(function, 1.0))
    for sentence in sentences:
        assert sentence in told
    assert "Traceback" not in told
    assert ".py" not in told


@pytest.mark.parametrize("function", [wave, jax.grad(wave), magnitude, jax.jit(magnitude)])
def test_watching_a_trace_keeps_no_tracer(function):
    with jax.checking_leaks():
        assert "Leaked" not in repr(explore.trace(function, 1.0))


def test_a_function_without_source_is_shown_by_its_program():
    # Since Python 3.13, `<string>` is the program after `python -c`.
    made = eval(compile("lambda x: x + 1", "<made>", "eval"), {})
    told = repr(explore.trace(made, 1.0))
    assert "Python does not have the source of this function" in told
    assert told.endswith("⇒ b:f32[] = add a 1.0\n   The program returns b")


def test_a_constant_array_is_named_by_its_type():
    weights = jnp.ones((3, 4))
    told = repr(explore.trace(lambda x: weights @ x, jnp.ones(4)))
    assert "f32[3,4]" in told
    assert "[[" not in told


def test_a_long_trace_stays_small_and_says_what_it_leaves_out():
    shown = explore.trace(long, 1.0)
    assert re.search(r"3\d\d more visits to lines 3, 4 write 1\d\d\d equations", repr(shown))
    assert "more equations</div>" in shown._repr_html_()
    assert len(shown._repr_html_().encode()) <= LARGEST


def long_inside(x):
    def helper(y):
        for _ in range(400):
            y = 0.5 * (y + 2 / y)
        return y

    return helper(x)


@pytest.mark.parametrize("function", [long, long_inside])
def test_the_text_of_a_long_trace_is_short_too(function):
    shown = explore.trace(function, 1.0)
    assert len(shown._repr_html_().encode()) <= LARGEST
    assert len(repr(shown)) < 10_000
    assert "more visits to lines" in repr(shown)


def test_watching_a_trace_changes_neither_the_tracer_of_python_nor_the_result():
    def own(*_):
        return None

    before = sys.gettrace()
    sys.settrace(own)
    try:
        explore.trace(wave, 1.0)
        assert sys.gettrace() is own
    finally:
        sys.settrace(before)
    np.testing.assert_allclose(jax.jit(wave)(1.0), wave(1.0), rtol=1e-6)


# ---------------------------------------------------------------------------------- tape


def loss(params, x, y):
    guess = params["w"] * x + params["b"]
    return (guess - y) ** 2


@jax.custom_vjp
def clipped(x):
    return x


clipped.defvjp(lambda x: (x, None), lambda _, c: (jnp.clip(c, -1, 1),))
MATRIX = jnp.arange(6.0).reshape(2, 3) / 5


@pytest.mark.parametrize(
    ("function", "args"),
    [
        (lambda x: jnp.sin(jnp.cos(x)) * jnp.tanh(x), (1.0,)),
        (lambda x: x * x, (3.0,)),
        (loss, ({"w": 2.0, "b": 1.0}, 3.0, 4.0)),
        (lambda x: jnp.tanh(MATRIX @ x), (jnp.arange(3.0),)),
        (lambda x: jnp.where(x > 0, jax.nn.relu(x), 3.0) + clipped(10 * x), (1.5,)),
        (lambda x: jax.lax.fori_loop(0, 3, lambda _, y: y * jnp.sin(x), x), (1.5,)),
        (jax.jit(lambda x, n: jax.jit(jnp.sin)(x) ** n), (2.0, 3)),
        (jax.checkpoint(lambda x: jnp.exp(x) / x), (2.0,)),
        (lambda x: (x * 2, x + 1), (1.5,)),
    ],
)
def test_the_cotangents_of_a_tape_are_those_of_grad(function, args):
    tape = tapes.record(function, *args)

    def total(*given):
        return sum(jnp.sum(leaf) for leaf in jax.tree.leaves(function(*given)))

    leaves = jax.tree.leaves(args)
    real = [
        n for n, leaf in enumerate(leaves) if jnp.issubdtype(jnp.result_type(leaf), jnp.floating)
    ]

    def of_real(*chosen):
        filled = list(leaves)
        for n, one in zip(real, chosen, strict=True):
            filled[n] = one
        return total(*jax.tree.unflatten(jax.tree.structure(args), filled))

    expected = jax.grad(of_real, tuple(range(len(real))))(*(leaves[n] for n in real))
    for n, slope in zip(real, expected, strict=True):
        np.testing.assert_allclose(tape.cotangent(n), slope, rtol=1e-5)


def test_a_value_that_is_read_twice_gets_two_cotangents_which_are_added():
    told = repr(explore.tape(lambda x: jnp.sin(jnp.cos(x)) * jnp.tanh(x), 1.0))
    assert "mul reads sin and tanh" in told
    assert "tanh reads x" in told
    assert "so its cotangents are added: 0.216 + (-0.5496) = -0.3335." in told
    assert "to cos: 0.7616 × 0.8576 = 0.6531" in told


def test_a_tape_is_drawn_as_the_graph_that_it_is():
    shown = explore.tape(lambda x: jnp.sin(jnp.cos(x)) * jnp.tanh(x), 1.0)._repr_html_()
    # x → cos, x → tanh, cos → sin, sin → mul, tanh → mul; each once in both directions.
    assert shown.count('class="x-edge"') == shown.count('class="x-edge x-home"') == 5
    assert shown.count("<rect") == 5


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (long, "consists of 1200 operations, but at most 24 can be drawn."),
        (lambda x: x > 0, "No cotangent comes back"),
        (lambda x: x.no_such_thing, "There is nothing to show: <lambda> raises AttributeError"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_a_sentence(function, sentence):
    assert sentence in repr(explore.tape(function, 1.0))


# ------------------------------------------------------------------------------ time line


def test_a_time_line_measures_what_the_first_call_does_and_the_second_does_not():
    first, second = timelines.measure(lambda x: jnp.sin(x) @ x, jnp.ones((50, 50)))
    assert min(first.trace, first.lower, first.compile) > 0
    assert second.trace == second.lower == second.compile == 0
    assert first.returned <= first.ready
    assert first.trace + first.lower + first.compile <= first.returned


def test_a_function_that_was_called_before_is_compiled_again_for_its_time_line():
    fast = jax.jit(lambda x: x + 1)
    fast(1.0)
    first, _ = timelines.measure(fast, 1.0)
    assert min(first.trace, first.compile) > 0


FIRST = timelines.Call(trace=0.002, lower=0.003, compile=0.05, returned=0.056, ready=0.068)
SECOND = timelines.Call(trace=0, lower=0, compile=0, returned=0.00008, ready=0.012)


def test_a_time_line_says_what_a_stopwatch_without_waiting_shows():
    told = repr(timelines.draw("heavy", FIRST, SECOND, "cpu"))
    assert "a stopwatch without block_until_ready shows 80 µs, but the result takes 12 ms." in told
    together = timelines.Call(trace=0, lower=0, compile=0, returned=3.0e-5, ready=3.1e-5)
    assert "both stopwatches show nearly the same" in repr(
        timelines.draw("small", FIRST, together, "cpu")
    )


def test_a_time_line_of_a_function_that_fails_is_one_sentence():
    told = repr(explore.timeline(lambda x: x.no_such_thing, 1.0))
    assert "There is nothing to measure: <lambda> raises AttributeError" in told


# ------------------------------------------------------------------------------- all of them


def reuse(key):
    one, other = jax.random.split(key)
    return jax.random.normal(one) + jax.random.uniform(one) + jax.random.normal(other)


MADE = {
    "trace": "explore.trace(wave, 1.0)",
    "trace of a gradient": "explore.trace(jax.grad(wave), 1.0)",
    "tape": "explore.tape(loss, {'w': 2.0, 'b': 1.0}, 3.0, 4.0)",
    "time line": "timelines.draw('heavy', FIRST, SECOND, 'cpu')",
    "memory": "explore.memory('a = jnp.arange(3.0)\\nb = np.asarray(a)\\nc = b[1:]\\nb[0] = 1')",
    "keys": "explore.keys(reuse, jax.random.key(0))",
    "axes": "explore.axes(jnp.dot, jnp.ones((3, 4)), jnp.ones(4))",
    "tree": "explore.tree({'w': [1, 2], 'b': 3}, {'w': [3, 4], 'b': 5}, map=lambda x, y: x + y)",
    "mesh": "explore.mesh(jnp.ones((8, 4)), jax.make_mesh((4, 2), ('x', 'y')), "
    "[jax.sharding.PartitionSpec(axis) for axis in 'xy'], over=['x'])",
}
"""How a reader makes each explorable of the course. All of them are tested below."""
PRELUDE = (wave, loss, reuse)
"""The functions that these lines use."""


def made(name):
    return eval(MADE[name], globals())


@pytest.mark.parametrize("name", MADE)
def test_an_explorable_is_small_the_same_each_time_and_tells_all_in_text(name):
    first, again = made(name), made(name)
    page, text = first._repr_html_(), repr(first)
    assert page == again._repr_html_()
    assert len(page.encode()) <= LARGEST
    assert "0x" not in page
    assert not re.search(r"https?://(?!www\.w3\.org)", page)
    assert "`" not in text
    for words in re.findall(r"<summary>\d+\. <span>(.*?)</span>", page):
        assert html_text(words) in text


def html_text(page: str) -> str:
    plain = re.sub(r"<[^>]*>", "", page)
    for name, letter in (("lt", "<"), ("gt", ">"), ("#39", "'"), ("#34", '"'), ("amp", "&")):
        plain = plain.replace(f"&{name};", letter)
    return plain


# ------------------------------------------------------------------------------ in a browser

BROKEN = "e => e.scrollWidth > e.clientWidth + 1"


def notebook(sources, outputs=()):
    cells = [new_code_cell(source) for source in sources]
    for cell, output in zip(cells, outputs, strict=False):
        cell.outputs = [new_output("display_data", output._repr_mimebundle_())]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def go_through(page, stage):
    """Go through an explorable with mouse and keys; every step has to show."""
    words, count = stage.locator(".x-words"), stage.locator(".x-bar span")
    assert words.get_attribute("aria-live") == "polite"
    if not stage.locator(".x-bar").is_visible():  # a single step
        return
    last = int(count.text_content().split("/")[1])
    stage.get_by_role("slider").press("Home")  # another choice keeps the step
    said = [words.inner_text()]
    for step in range(2, last + 1):
        stage.get_by_role("button", name="Next").click()
        assert count.inner_text() == f"{step} / {last}"
        said.append(words.inner_text())
    assert all(said)
    assert stage.get_by_role("button", name="Next").get_attribute("aria-disabled") == "true"
    stage.get_by_role("button", name="Back").click()
    assert words.inner_text() == said[-2]
    slider = stage.get_by_role("slider")
    slider.focus()
    for key, step in (
        ("Home", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("ArrowUp", 2), ("ArrowDown", 1),
        ("End", last), ("ArrowRight", last),
    ):  # fmt: skip
        page.keyboard.press(key)
        assert words.inner_text() == said[step - 1], key
    assert slider.get_attribute("aria-valuetext").startswith(f"{last} of {last}: ")
    bodies = stage.locator(".x-scene:not([hidden]) > .x-bodies > div")
    seen = bodies.evaluate_all("all => all.map(e => getComputedStyle(e).visibility)")
    assert seen == ["hidden"] * (last - 1) + ["visible"]


def choose(page, stage):
    """Every combination of choices has a scene of its own."""
    picks = stage.get_by_role("combobox")
    for place in range(picks.count()):
        pick = picks.nth(place)
        for value in pick.locator("option").all_inner_texts():
            pick.select_option(value)
            assert stage.locator(".x-scene:not([hidden])").count() == 1
            go_through(page, stage)


def moving(page, stage, wish):
    """How many things move at a step, for a reader who prefers this."""
    page.emulate_media(reduced_motion=wish)
    page.evaluate("document.getAnimations().forEach(each => each.finish())")
    stage.get_by_role("slider").press("Home")
    page.evaluate("document.getAnimations().forEach(each => each.finish())")
    stage.get_by_role("slider").press("ArrowRight")
    return page.evaluate("document.getAnimations().length")


@pytest.fixture(scope="module")
def outputs():
    return [*(made(name) for name in MADE), halving(), halving(), choosing()]


@pytest.mark.slow
@pytest.mark.parametrize(("theme", "width"), [("light", 1300), ("dark", 390)])
def test_on_a_static_page_mouse_and_keys_go_through_every_step(tmp_path, outputs, theme, width):
    exporter = nbconvert.HTMLExporter(theme=theme)
    path = tmp_path / "page.html"
    path.write_text(exporter.from_notebook_node(notebook(["1"] * len(outputs), outputs))[0])
    with lab_server.browser() as (page, _):
        wrong = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(path.as_uri(), wait_until="domcontentloaded")
        stages = page.locator(".x-stage[data-on]")
        assert stages.count() == len(outputs)
        for place in range(stages.count()):
            go_through(page, stages.nth(place))
            choose(page, stages.nth(place))
            assert not stages.nth(place).evaluate(BROKEN), place
        lab_server.picture(page, f"explorables_{theme}")
        found = Axe().run(page, ".x-stage").response["violations"]
        assert [one for one in found if one["impact"] in ("serious", "critical")] == []
        assert moving(page, stages.nth(len(MADE)), "no-preference") > 0
        assert moving(page, stages.nth(len(MADE)), "reduce") == 0
        assert [one for one in wrong if "require" not in one] == []  # nbconvert's own, offline


@pytest.mark.slow
def test_without_scripts_all_folds_can_be_opened(tmp_path, outputs):
    path = tmp_path / "page.html"
    exporter = nbconvert.HTMLExporter()
    path.write_text(exporter.from_notebook_node(notebook(["1"] * len(outputs), outputs))[0])
    with lab_server.browser() as (first, _):
        page = first.context.browser.new_context(java_script_enabled=False).new_page()
        page.goto(path.as_uri(), wait_until="domcontentloaded")
        for place, output in enumerate(outputs):
            stage = page.locator(".x-stage").nth(place)
            folds = stage.locator("details")
            for fold in range(folds.count()):
                if folds.nth(fold).get_attribute("open") is None:
                    folds.nth(fold).locator("> summary").click()
            assert stage.get_by_role("combobox").count() == 0
            text = " ".join(stage.inner_text().split())
            for words in re.findall(r"^\d+\. (.*)$", repr(output), re.M):
                assert " ".join(words.split()) in text


@pytest.mark.slow
def test_on_the_website_they_follow_the_theme_that_is_chosen(tmp_path, outputs):
    about = test_site.small_course(tmp_path / "course")
    lesson = notebook(["1"] * len(outputs), outputs)
    lesson.cells.insert(0, new_markdown_cell("# 1. Roots"))
    nbformat.write(lesson, about.root / "course" / "01_roots.ipynb")
    site.build(about, tmp_path / "site")
    with test_site.browsing(tmp_path / "site", 1300, "light") as (page, home):
        log = test_site.listened(page, home)
        page.goto(f"{home}/course/01_roots.html")
        grounds = []
        for theme in ("Light", "Dark"):
            page.get_by_label("Color mode").first.click()
            page.get_by_role("button", name=theme).click()
            for stage in page.locator(".x-stage[data-on]").all():
                go_through(page, stage)
            ground = "e => getComputedStyle(e).backgroundColor"
            grounds.append(page.locator(".x-stage").first.evaluate(ground))
            page.evaluate("Promise.all(document.getAnimations().map(each => each.finished))")
            assert log == []
            found = Axe().run(page, ".x-stage").response["violations"]
            log.clear()  # axe itself asks for style sheets
            assert [one for one in found if one["impact"] in ("serious", "critical")] == []
            lab_server.picture(page, f"explorables_site_{theme}")
        assert grounds == ["rgb(255, 255, 255)", "rgb(23, 25, 28)"]


@pytest.mark.slow
def test_in_jupyterlab_they_work_when_run_and_stay_folds_when_not_trusted(tmp_path, outputs):
    sources = [
        "import jax, jax.numpy as jnp\nfrom course import explore\n"
        'jax.config.update("jax_num_cpu_devices", 8)\n'
        "from course.explore import timelines\n"
        f"FIRST, SECOND = timelines.{FIRST}, timelines.{SECOND}",
        *map(inspect.getsource, PRELUDE),
        *MADE.values(),
    ]
    folder = lab_server.course(tmp_path)
    with lab_server.served(folder) as address, lab_server.browser() as (page, asked):
        shown = folder / "work" / "course" / "explorables.ipynb"
        nbformat.write(notebook(sources), shown)
        saved = folder / "work" / "course" / "saved.ipynb"
        nbformat.write(notebook(["1"] * len(outputs), outputs), saved)
        lab_server.opened(page, address, "lab/tree/course/saved.ipynb?token=test&reset")
        stage = page.locator(".x-stage").first
        stage.wait_for()
        assert stage.get_attribute("data-on") is None
        stage.locator("summary").first.click()
        assert stage.locator("td").first.is_visible()
        lab_server.picture(page, "explorables_untrusted")
        lab_server.opened(page, address, "lab/tree/course/explorables.ipynb?token=test&reset")
        page.get_by_text("| Idle").wait_for()
        page.click("text=Run")
        page.click("text=Run All Cells")
        page.locator(".x-stage[data-on]").first.wait_for()
        cells = page.locator(".jp-Cell").count()
        for theme in ("light", "dark"):
            if theme == "dark":
                page.click("text=Settings")
                page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Theme$")).hover()
                page.click("text=JupyterLab Dark")
                page.wait_for_selector("body[data-jp-theme-light='false']", state="attached")
            go_to_all(page)
            lab_server.picture(page, f"explorables_lab_{theme}")
        assert page.locator(".jp-Cell").count() == cells
        assert asked == []


def go_to_all(page):
    """Go through all explorables of a notebook, whose cells are rendered near the window only."""
    seen = set()
    # At once, while a turn of the wheel would still be moving cells when they are looked at.
    scroll = "all => all.forEach(panel => panel.scrollBy(0, {}))"
    panels = page.locator(".jp-WindowedPanel-outer")
    panels.evaluate_all(scroll.format(-100_000))
    for _ in range(60):
        keys = "all => all.map(e => e.dataset.k)"
        for key in page.locator(".x-stage[data-on]").evaluate_all(keys):
            stage = page.locator(f'.x-stage[data-on][data-k="{key}"]')
            if key not in seen and stage.is_visible():
                seen.add(key)
                stage.scroll_into_view_if_needed()
                go_through(page, stage)
                page.keyboard.press("b")  # in command mode it would insert a cell
        if len(seen) == len(MADE):
            return
        panels.evaluate_all(scroll.format(500))
        page.wait_for_timeout(200)
    pytest.fail(f"only {len(seen)} of {len(MADE)} explorables were found")
