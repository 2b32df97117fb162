"""The page about a class counts every student once, and writes nothing that a browser runs."""

import re
from collections import Counter

import pytest

from autograder.classroom.report import Report, write_page

STATUSES = {"step": Counter({"passed": 3, "wrong": 1, "missing": 1, "grader fault": 1})}


@pytest.fixture
def page(tmp_path):
    """The page of a class with these scores, as text."""

    def written(most, *scores, statuses=STATUSES):
        names = {f"s{number}": score for number, score in enumerate(scores)}
        summary = Report("02_newton", most, names, statuses, Counter(), 0)
        write_page(summary, tmp_path / "page.html")
        return (tmp_path / "page.html").read_text(encoding="utf-8")

    return written


@pytest.mark.parametrize(
    ("most", "scores", "counts"),
    [
        (20, [0, 1.9, 2, 20], {"0–2": 2, "2–4": 1, "18–20": 1}),
        (3, [0.9, 3.5, -1], {"0–0.3": 1, "0.9–1.2": 1, "2.7–3": 1}),
        (0, [0, 0], {"0–0": 2}),
        (20, [], {}),
    ],
)
def test_every_score_is_in_one_column_also_above_all_points(page, most, scores, counts):
    columns = re.findall(
        r"<div>(\d*)<i style=\"height: [\d.]+rem\"></i>(.*?)</div>", page(most, *scores)
    )
    assert len(columns) == 10
    assert {label: int(count) for count, label in columns if count} == counts


def test_a_bar_has_a_piece_for_each_kind_that_there_is(page):
    pieces = re.findall(r'width: ([\d.]+)%; background: #\w+">(\d+)<', page(20, 1))
    assert pieces == [("50.00", "3"), ("33.33", "2"), ("16.67", "1")]


def test_the_name_of_an_exercise_is_text(page):
    text = page(20, 1, statuses={"<script>": Counter({"passed": 1})})
    assert "<script" not in text
    assert "&lt;script&gt;" in text
