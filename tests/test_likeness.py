"""A misconception is named only where the behaviour of an answer singles it out."""

import numpy as np

from autograder.judge.judge import Misconception, judge
from autograder.judge.requirements import (
    grows_with_batch,
    matches_reference,
    runs_on_demand,
    uses,
)
from autograder.judge.verdict import Answer, Failure, Status

FACTS = {"operations": 3, "size": 4, "again": 0}


def answer(values, **facts):
    return {"value": [Answer("*", ("",), (np.float32(values),), {**FACTS, **facts})]}


def named(listed, given, requires, expected):
    known = [Misconception(title, *rest) for title, *rest in listed]
    return judge("it", requires, expected, given, known).misconception


def test_two_that_stray_by_nearly_the_same_are_told_apart():
    expected, listed = answer([1.0, 1.0]), [("rounds", "values", "", answer([1.0, 1.003]))]
    requires = [matches_reference()]
    assert named(listed, answer([1.0, 1.003]), requires, expected) == "rounds"
    assert named(listed, answer([1.0, 1.00308]), requires, expected) == ""


def test_of_two_listed_ones_that_do_the_same_none_is_named():
    expected, wrong = answer([1.0]), answer([2.0])
    listed = [("doubles", "values", "", wrong), ("adds one", "values", "", wrong)]
    assert named(listed, wrong, [matches_reference()], expected) == ""
    assert named(listed[:1], wrong, [matches_reference()], expected) == "doubles"


def test_a_program_with_another_forbidden_operation_is_not_the_listed_one():
    requires = [matches_reference(), uses("sort", 0, 0), uses("top_k", 0, 0)]
    expected = answer([1.0], by_name={})
    listed = [("sorts", "operation", "", answer([1.0], by_name={"sort": 1}))]
    assert named(listed, answer([1.0], by_name={"sort": 2, "gather": 1}), requires, expected)
    assert not named(listed, answer([1.0], by_name={"top_k": 1}), requires, expected)


def test_a_program_without_a_needed_operation_has_to_work_like_the_listed_one():
    requires = [matches_reference(), uses("case")]
    expected = answer([1.0], by_name={"case": 1})
    listed = [("picks", "operation", "", answer([1.0], by_name={"sort": 1, "select": 1}))]
    assert named(listed, answer([1.0], by_name={"sort": 2, "add": 1}), requires, expected)
    assert not named(listed, answer([1.0], by_name={"sort": 1, "while": 1}), requires, expected)


def test_a_second_use_outside_of_a_branch_is_not_the_listed_one():
    requires = [matches_reference(), runs_on_demand("sort")]
    expected = answer([1.0], by_name={"case": 1, "sort": 1}, always={"case": 1})
    once, twice = (
        answer([1.0], by_name={"case": 1, "sort": n}, always={"case": 1, "sort": 1}) for n in (1, 2)
    )
    listed = [("smooths first", "branch", "", once)]
    assert named(listed, once, requires, expected)
    assert not named(listed, twice, requires, expected)


def lengths(*pairs):
    return {
        "value": [
            Answer("*", ("",), (np.float32([1.0]),), {"operations": n, "size": size, "again": 0})
            for size, n in pairs
        ]
    }


def test_a_loop_over_something_else_is_not_the_listed_loop():
    requires = [matches_reference(), grows_with_batch("not at all")]
    expected, listed = (
        lengths((4, 5), (30, 5)),
        [("loops over the batch", "batch loop", "", lengths((4, 44), (30, 330)))],
    )
    assert named(listed, lengths((4, 80), (30, 610)), requires, expected)
    assert not named(listed, lengths((4, 44), (30, 130)), requires, expected)


def test_the_same_class_of_exception_with_another_message_is_not_the_listed_one():
    requires, expected = [matches_reference()], answer([1.0])

    def raised(message):
        return {"value": [Failure(Status.ERROR, f"It raised TypeError: {message}.", "TypeError")]}

    listed = [("forgets None", "TypeError", "", raised("'NoneType' object is not subscriptable"))]
    assert named(listed, raised("'NoneType' object is not subscriptable"), requires, expected)
    other = raised("unsupported operand type(s) for @: 'dict' and 'NoneType'")
    assert not named(listed, other, requires, expected)
