"""Partial credit: what an answer with right results earns that does not meet every requirement."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from masters import catalogue

from autograder import schema
from autograder.authoring import faults
from autograder.classroom import log
from autograder.classroom.log import LoggedVerdict, Record
from autograder.classroom.replay import Replay
from autograder.jail.walls import Level
from autograder.judge import program
from autograder.judge.judge import MOST_RUN, judge
from autograder.judge.outcomes import outcomes
from autograder.judge.requirements import (
    communicates_like_reference,
    grows_with_batch,
    is_pure,
    leaks_nothing,
    matches_gradient,
    matches_reference,
    memory_within,
    stays_in_32_bits,
    uses,
    uses_keys_once,
    work_within,
)
from autograder.judge.specification import exercise, wrong
from autograder.judge.tree import Arguments, flatten
from autograder.judge.verdict import Part, Status, Verdict
from autograder.judge.views import Draw
from autograder.student import card, learner, progress

VALUES, LOOP = "the values", "a program that does not grow with the batch"
HALF = (matches_reference(), grows_with_batch(share=0.5))
rng = np.random.default_rng(3)


def drawn(*sizes, width=3):
    return {
        Draw(size): Arguments(*flatten((rng.normal(size=(size, width)).astype("float32"),)))
        for size in sizes
    }


ROWS = drawn(6, 1, 40)


def verdict(requires, reference, function, given=ROWS):
    expected = outcomes(reference, requires, given)
    return judge("f", requires, expected, outcomes(function, requires, given, expected=expected))


def total(x):
    return jnp.sum(x**2, axis=1)


def by_loop(x):
    return jnp.stack([jnp.sum(row**2) for row in x])


def wrong_by_loop(x):
    return jnp.stack([jnp.sum(row) for row in x])


def test_right_values_by_a_loop_earn_exactly_their_part():
    found = verdict(HALF, total, by_loop)
    assert (found.status, found.reason, found.fraction) == (Status.PARTLY, "batch loop", 0.5)
    assert found.parts == (Part(VALUES, 0.5, True), Part(LOOP, 0.5, False))
    assert not found.passed


def test_wrong_values_by_a_loop_earn_nothing_and_the_values_are_named_first():
    found = verdict(HALF, total, wrong_by_loop)
    assert (found.status, found.fraction, found.parts) == (Status.WRONG, 0, ())
    assert [one.reason for one in found.findings] == ["values", "batch loop"]


def test_a_loop_that_is_wrong_only_at_the_largest_size_earns_nothing():
    def wrong_late(x):
        return jnp.stack([jnp.sum(row**2) for row in x[:20]] + [row[0] for row in x[20:]])

    found = verdict(HALF, total, wrong_late)
    assert (found.reason, found.fraction) == ("values", 0)


def test_a_right_answer_has_all_parts():
    found = verdict(HALF, total, lambda x: jnp.einsum("ij,ij->i", x, x))
    assert (found.status, found.fraction) == (Status.PASSED, 1)
    assert [part.met for part in found.parts] == [True, True]


def test_without_a_share_nothing_is_split_and_a_loop_earns_nothing():
    found = verdict((matches_reference(), grows_with_batch()), total, by_loop)
    assert (found.status, found.fraction, found.parts) == (Status.WRONG, 0, ())
    assert verdict((matches_reference(), grows_with_batch()), total, total).parts == ()


def test_each_requirement_that_is_not_met_costs_its_own_share():
    requires = (
        matches_reference(),
        grows_with_batch(share=0.3),
        uses("sine", at_least=0, at_most=0, share=0.1),
        stays_in_32_bits(share=0.2),
    )

    def function(x):
        return by_loop(x) + 0 * jnp.sin(x[:, 0])

    found = verdict(requires, total, function)
    assert [one.reason for one in found.findings] == ["batch loop", "operation"]
    assert (found.status, found.fraction) == (Status.PARTLY, 0.6)
    assert [(part.share, part.met) for part in found.parts] == [
        (0.4, True),
        (0.3, False),
        (0.1, False),
        (0.2, True),
    ]
    assert found.parts[2].name == "no sine"


def test_a_requirement_without_a_share_costs_everything_beside_one_that_has_one():
    requires = (matches_reference(), grows_with_batch(share=0.5), uses("sine"))
    found = verdict(requires, lambda x: total(x) + 0 * jnp.sin(x[:, 0]), by_loop)
    assert (found.status, found.fraction, found.parts) == (Status.WRONG, 0, ())


def test_shares_may_take_all_that_the_values_would_have():
    requires = (
        matches_reference(),
        grows_with_batch(share=0.7),
        uses("sine", at_least=0, at_most=0, share=0.3),
    )
    found = verdict(requires, total, lambda x: by_loop(x) + 0 * jnp.sin(x[:, 0]))
    assert (found.status, found.fraction) == (Status.WRONG, 0)
    assert verdict(requires, total, by_loop).fraction == 0.3


def test_a_gradient_that_is_wrong_costs_its_share():
    requires = (matches_reference(), matches_gradient(share=0.25), grows_with_batch(share=0.5))

    def function(x):
        return by_loop(jax.lax.stop_gradient(x))

    assert verdict(requires, total, by_loop).fraction == 0.5
    found = verdict(requires, total, function)
    assert ([one.reason for one in found.findings], found.fraction) == (
        ["gradient", "batch loop"],
        0.25,
    )


def test_what_is_reported_costs_at_most_a_quarter_beside_a_share():
    calls = iter(range(100))

    def impure(x):
        return by_loop(x) + 1e-9 * next(calls)

    found = verdict((*HALF, is_pure()), total, impure)
    assert found.fraction == 0.25
    assert found.reported == ("impure",)


LONG = drawn(6, 1, 28)


def pairs(x):
    return jnp.sum(jnp.abs(x[:, None] - x[None]), axis=-1)


def pairs_by_loops(x):
    return jnp.stack([jnp.stack([jnp.sum(jnp.abs(a - b)) for b in x]) for a in x])


def test_of_a_loop_that_is_too_long_the_short_programs_are_run():
    found = verdict(HALF, pairs, pairs_by_loops, LONG)
    assert (found.reason, found.fraction) == ("batch loop", 0.5)
    found = verdict(HALF, pairs, lambda x: 2 * pairs_by_loops(x), LONG)
    assert (found.reason, found.fraction) == ("values", 0)
    expected = outcomes(pairs, HALF, LONG)
    got = outcomes(pairs_by_loops, HALF, LONG, expected=expected)
    assert [one.ran for one in got["value"]] == [True, True, False]
    assert got["value"][2].facts["written_out"] > MOST_RUN


@pytest.mark.slow
def test_a_loop_whose_program_is_longer_than_the_grader_reads_still_has_its_part():
    given = drawn(6, 1, 96)
    found = verdict(HALF, pairs, pairs_by_loops, given)
    assert (found.reason, found.fraction) == ("batch loop", 0.5)


def test_a_loop_that_is_too_long_at_the_usual_size_earns_nothing():
    found = verdict(HALF, pairs, pairs_by_loops, drawn(28, 1, 36))
    assert [one.reason for one in found.findings] == ["batch loop"]
    assert (found.status, found.fraction, found.parts) == (Status.WRONG, 0, ())


def test_what_only_long_programs_would_show_is_not_taken_for_met():
    requires = (matches_reference(), memory_within(2), grows_with_batch(share=0.5))
    found = verdict(requires, pairs, pairs_by_loops, LONG)
    assert [one.reason for one in found.findings] == ["batch loop", "memory"]
    assert found.fraction == 0
    assert "too long to find out about no more memory" in found.findings[1].message


def test_evidence_names_the_draw_that_it_is_of():
    def wrong_at_one(x):
        return pairs_by_loops(x) + (len(x) == 1)

    found = verdict(HALF, pairs, wrong_at_one, drawn(6, 28, 1, 34))
    assert found.reason == "values"
    assert found.findings[0].evidence.case == 2


def test_a_short_program_that_was_not_run_does_not_pass_for_a_long_one():
    """A runner that has run a hostile program could say so of any."""
    expected = outcomes(total, HALF, ROWS)
    got = outcomes(by_loop, HALF, ROWS, expected=expected)
    hidden = [*got["value"][:2], replace(got["value"][2], leaves=(), ran=False)]
    found = judge("f", HALF, expected, {"value": hidden})
    assert (found.status, found.fraction) == (Status.NOT_ALLOWED, 0)


def test_an_answer_that_earns_nothing_anyway_is_not_compiled(monkeypatch):
    requires = (matches_reference(), grows_with_batch(share=0.5), uses("while"))
    expected = outcomes(total, requires, ROWS)
    monkeypatch.setattr(program, "run", lambda *_: pytest.fail("it was compiled"))
    got = outcomes(by_loop, requires, ROWS, expected=expected)
    assert not any(one.ran for one in got["value"])


@pytest.mark.parametrize(
    ("requires", "earns", "words"),
    [
        ((matches_reference(share=0.5),), 0, "matches_reference cannot have a share"),
        ((matches_reference(), grows_with_batch(share=0)), 0, "has share=0; above 0"),
        ((matches_reference(), grows_with_batch(share=1.5)), 0, "has share=1.5; above 0"),
        (
            (matches_reference(), grows_with_batch(share=0.6), work_within(share=0.6, factor=2)),
            0,
            "add up to 1.2; 1 is the most",
        ),
        ((grows_with_batch(share=0.5),), 0, "none judges the results"),
        (HALF, 1.5, "has earns=1.5"),
        (HALF, -0.5, "has earns=-0.5"),
    ],
)
def test_shares_that_cannot_be_are_a_sentence_each(requires, earns, words):
    spec = exercise(
        total,
        inputs=lambda rng, n: (rng.normal(size=(n, 3)),),
        requires=requires,
        wrong_answers=[wrong(by_loop, "loops", rejected_by="batch loop", advice="", earns=earns)],
    )
    (sentence,) = faults._of_shares(spec)
    assert words in sentence
    assert sentence.startswith("total: ")


def test_shares_of_one_tenth_add_up():
    shares = [uses("sine", at_least=0, share=0.1) for _ in range(10)]
    spec = exercise(total, inputs=lambda rng, n: (), requires=[matches_reference(), *shares])
    assert list(faults._of_shares(spec)) == []


@pytest.mark.parametrize(
    "requirement",
    [grows_with_batch(share=0.5), uses_keys_once(share=0.2), communicates_like_reference(share=1)],
)
def test_a_share_is_released_and_an_older_release_has_none(requirement):
    kind = type(requirement)
    text = schema.to_text(requirement)
    assert schema.from_text(kind, text) == requirement
    assert f'"share": {requirement.share:.1f}' in text
    older = text.replace(f', "share": {requirement.share:.1f}', "").replace(
        f'"share": {requirement.share:.1f}, ', ""
    ).replace(f'"share": {requirement.share:.1f}', "")  # fmt: skip
    assert schema.from_text(kind, older).share == 1
    assert schema.from_text(leaks_nothing, "{}").share == 0.25


def test_shares_are_no_numbers_that_feedback_may_show():
    assert "0.5" not in repr(HALF)


PARTLY = Verdict(
    "f",
    Status.PARTLY,
    verdict(HALF, total, by_loop).findings,
    fraction=0.5,
    parts=(Part(VALUES, 0.5, True), Part(LOOP, 0.5, False)),
)


def test_the_log_has_the_parts_and_an_older_line_without_them_is_read(tmp_path):
    record = Record(
        student="ada",
        assignment="a",
        notebook="n",
        seed=1,
        verdicts={"f": LoggedVerdict.of(PARTLY)},
    )
    log.append(tmp_path, record)
    assert log.newest(tmp_path, "a") == [record]
    text = (tmp_path / log.LOG).read_text()
    head, _, tail = text.partition(', "parts": [')
    older = head.replace("partly right", "wrong") + tail[tail.index("]") + 1 :]
    (tmp_path / log.LOG).write_text(older)
    (read,) = log.newest(tmp_path, "a")
    assert read.verdicts["f"] == replace(record.verdicts["f"], parts=())
    again = Replay(read, read.verdicts["f"], PARTLY, 2.0, Level.FULL, "")
    assert again.same
    other = replace(PARTLY, fraction=0.75)
    assert not replace(again, verdict=other).same


def test_the_card_of_a_grade_says_which_parts_it_has():
    text = card.of_grade(PARTLY, 1, 2).text.splitlines()
    assert text[:3] == [
        "◐ partly right: f, 1 of 2 points",
        "1 of 1: for the values",
        "0 of 1: for a program that does not grow with the batch",
    ]


def test_the_card_of_check_says_what_it_would_earn():
    released = catalogue()["pairwise"]
    made = card.of_check(replace(PARTLY, exercise="pairwise"), released)
    lines = made.text.splitlines()
    assert lines[:3] == [
        "◐ partly right: pairwise, 1.5 of 3 points",
        "1.5 of 1.5: for the values",
        "0 of 1.5: for a program that does not grow with the batch",
    ]
    assert lines[3].startswith("The program grows with the batch")
    assert "not yet" not in made.text


def test_a_part_is_not_a_pass(tmp_path, monkeypatch):
    monkeypatch.setenv(progress.VARIABLE, str(tmp_path / "progress.json"))
    monkeypatch.setattr(progress, "unsaved", {})
    made = learner.record(replace(PARTLY, exercise="pairwise"), catalogue()["pairwise"])
    record = made.of("pairwise")
    assert (record.attempts, bool(record.passed)) == (1, False)


@pytest.mark.parametrize(("share", "most", "points"), [(0.7, 3, 2.1), (1 / 3, 1, 0.333333)])
def test_points_are_rounded_to_what_people_read(share, most, points):
    assert replace(PARTLY, fraction=share).points(most) == points
