"""Explorables: what they say, and that people can use them with a mouse, keys, or no script."""

from __future__ import annotations

import re

import pytest

from autograder.markup import html, joined
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
