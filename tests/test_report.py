"""The page about a class counts every student once, names nobody unasked, and runs nothing."""

import dataclasses
import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import made_up_class
import pytest
from made_up_class import ASSIGNMENT, WRITTEN, Student, missing, passed, wrong

from autograder.classroom.log import LoggedVerdict
from autograder.classroom.statistics import items, report_page
from autograder.classroom.statistics.attempts import Track
from autograder.classroom.statistics.items import ENOUGH, Earned, Item, Kind
from autograder.classroom.statistics.report import Report, report
from autograder.judge.verdict import Part, Status
from autograder.problem import Problem
from autograder.schema import to_text
from autograder.student.attempts import Attempts, Check

STEP = Item("step", 2.0, Counter({Kind.PASSED: 3, Kind.FAILED: 2, Kind.WAITING: 1}), 0.6, None)
FAULT = LoggedVerdict(Status.GRADER_FAULT)


@pytest.fixture
def page(tmp_path):
    """The page of a report, as text."""

    def written(names=False, **parts):
        summary = Report(**{"assignment": "02_newton", "most": 20.0, "items": (STEP,), **parts})
        report_page.write(summary, tmp_path / "page.html", names)
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
    text = page(most=most, scores={f"s{number}": score for number, score in enumerate(scores)})
    columns = re.findall(r"<div>(\d*)<i style=\"height: [\d.]+rem\"></i><span>(.*?)</span>", text)
    assert len(columns) == 10
    assert {label: int(count) for count, label in columns if count} == counts


def test_a_bar_has_a_piece_for_each_kind_that_there_is_and_is_told_in_words(page):
    text = page()
    pieces = re.findall(r'class="kind (\w+)" style="width: ([\d.]+)%">(\d*)<', text)
    assert pieces == [("passed", "50.00", "3"), ("failed", "33.33", "2"), ("waiting", "16.67", "1")]
    assert 'aria-label="step: 3 passed, 2 not passed, 1 waiting for a person."' in text


def test_the_page_says_when_its_numbers_nearly_name_people(page):
    few, many = ({str(n): 1.0 for n in range(count)} for count in (3, 30))
    assert "With 3 submissions, the numbers on this page nearly name people" in page(scores=few)
    assert "nearly name people" not in page(scores=many)


def test_the_median_of_an_even_number_is_between_the_two(page):
    text = page(scores={"a": 1.0, "b": 2.0, "c": 5.0, "d": 9.0})
    assert "median 3.5, mean 4.2, from 1 to 9" in text


def test_the_share_is_that_of_those_who_attempted_the_exercise():
    earned = [
        {"step": Earned(Kind.PASSED, 2.0, 1.0)},
        {"step": Earned(Kind.PARTLY, 1.0, 0.5)},
        {"step": Earned(Kind.MISSING, 0.0, 0.0)},
        {"step": Earned(Kind.WAITING, 0.0, 0.0)},
        {},
    ]
    (item,) = items.analysed({"step": 2.0}, earned)
    assert (item.attempts, item.share, item.counts.total()) == (2, 0.75, 4)


def of_class(size):
    """A class in which who passes `step` does well elsewhere, and `luck` depends on nothing."""
    kinds = [
        {"step": float(n % 2), "luck": float(n // 2 % 2), "rest": 10.0 * (n % 2), "same": 1.0}
        for n in range(size)
    ]
    return [
        {name: Earned(Kind.PASSED, points, points) for name, points in one.items()} for one in kinds
    ]


def test_discrimination_is_the_correlation_with_everything_else():
    found = items.analysed(dict.fromkeys(("step", "luck", "same"), 1.0), of_class(40))
    step, luck, same = (item.discrimination for item in found)
    assert step == pytest.approx(5 / 25.25**0.5)
    assert luck == pytest.approx(0.0)
    assert same is None


def test_nothing_is_said_of_discrimination_with_too_few_students():
    for size, is_said in ((ENOUGH - 1, False), (ENOUGH, True)):
        (item,) = items.analysed({"step": 1.0}, of_class(size))
        assert (item.discrimination is not None) == is_said


CLASS = {
    "ada": Student({"column_norms": passed(), "pairwise": wrong(0.5)}, written=1.0),
    "bob": Student(
        {
            "column_norms": wrong(misconception="forgets the square root"),
            "pairwise": missing("There is nothing called pairwise.", "1"),
            "predict_batch": missing("Nothing has been written here yet.", "2"),
        },
        untouched=("predict_batch", WRITTEN),
    ),
    "cai": Student({"column_norms": FAULT, "predict_batch": passed()}),
    "dee": None,
}


def test_the_report_keeps_apart_what_is_partly_right_missing_and_waiting(tmp_path):
    made = report(made_up_class.make(tmp_path, CLASS), ASSIGNMENT)
    assert (made.most, made.absent, made.waiting) == (8.0, 1, 2)
    assert made.scores == {"ada": 5.0, "bob": 0.0, "cai": 0.0}
    assert [item.name for item in made.items] == [
        "column_norms", "pairwise", "predict_batch", "when_to_vmap",
    ]  # fmt: skip
    kinds = {
        student: {name: answer.kind for name, answer in answers.items()}
        for student, answers in made.earned.items()
    }
    assert kinds["ada"] == {
        "column_norms": Kind.PASSED, "pairwise": Kind.PARTLY, "predict_batch": Kind.WAITING,
        "when_to_vmap": Kind.PARTLY,
    }  # fmt: skip
    assert kinds["bob"] == {
        "column_norms": Kind.FAILED, "pairwise": Kind.MISSING, "predict_batch": Kind.MISSING,
        "when_to_vmap": Kind.MISSING,
    }  # fmt: skip
    assert (kinds["cai"]["column_norms"], kinds["cai"]["predict_batch"]) == (
        Kind.WAITING,
        Kind.PASSED,
    )
    assert made.misconceptions == {("column_norms", "forgets the square root"): 1}


def test_the_report_says_which_parts_of_the_points_answers_with_right_results_earn(page, tmp_path):
    whole, half = (
        (Part("the results", 0.5, True), Part("no <loop>", 0.5, met)) for met in (True, False)
    )
    verdicts = [
        dataclasses.replace(passed(), parts=whole),
        dataclasses.replace(wrong(0.5), status=Status.PARTLY, parts=half),
        wrong(),
    ]
    students = {f"s{n}": Student({"pairwise": verdict}) for n, verdict in enumerate(verdicts)}
    made = report(made_up_class.make(tmp_path / "class", students), ASSIGNMENT)
    text = page(parts=made.parts)
    rows = re.findall(r'<th scope="row">pairwise</th>((?:<td.*?</td>)+)', text)
    assert [re.findall(r">([^<]+)</td>", row) for row in rows] == [
        ["the results", "50%", "2", "0"],
        ["no &lt;loop&gt;", "50%", "1", "1"],
    ]


def test_an_assignment_with_written_answers_only_has_a_report(tmp_path):
    students = {"ada": Student(written=2.0), "bob": Student()}
    folder = made_up_class.make(tmp_path, students, points={})
    (folder / "verdicts.jsonl").unlink()
    made = report(folder, ASSIGNMENT)
    (item,) = made.items
    assert (item.name, item.share, made.waiting) == ("when_to_vmap", 1.0, 1)


def test_a_class_of_which_nothing_was_graded_is_one_sentence_and_makes_no_gradebook(tmp_path):
    made_up_class.make(tmp_path / "nobody", {"dee": None})
    with pytest.raises(Problem, match="Nothing has been graded here yet"):
        report(tmp_path / "nobody", ASSIGNMENT)
    (tmp_path / "nobody" / "gradebook.db").unlink()
    with pytest.raises(Problem, match="Nothing has been graded here yet"):
        report(tmp_path / "nobody", ASSIGNMENT)
    assert not (tmp_path / "nobody" / "gradebook.db").exists()


def checks(*minutes, passes=True):
    """Checks at these minutes before noon, of which the last one passes."""
    times = [f"2026-11-30T{11 - n // 60:02}:{59 - n % 60:02}:00+00:00" for n in minutes]
    return tuple(Check(time, passes and time == times[-1]) for time in times)


def test_attempts_are_read_strictly_and_impossible_times_are_left_out(tmp_path):
    odd = (
        Check("1999-01-01T00:00:00+00:00", False),
        Check("2026-12-24T00:00:00+00:00", False),
        Check("2026-11-30T11:00:00", False),
        Check("soon", False),
    )
    told = {"column_norms": odd + checks(30, 20), "<b>": checks(1), "pairwise": odd}
    files = {
        "ada": to_text(Attempts(checks=told)),
        "bob": to_text(Attempts(checks={"column_norms": checks(50, 40, passes=False)})),
        "cai": '{"checks": {"column_norms": 3}}',
        "dee": "",
    }
    students = {name: Student(attempts=text) for name, text in files.items()}
    made = report(made_up_class.make(tmp_path, students), ASSIGNMENT)
    assert list(made.tracks) == ["column_norms"]
    ada, bob = made.tracks["column_norms"]
    assert [(len(track.times), track.passed) for track in (ada, bob)] == [(2, True), (2, False)]
    assert ada.times[1] - ada.times[0] == timedelta(minutes=10)


def test_the_time_line_counts_every_check_and_names_nobody(page):
    begun = datetime(2026, 11, 30, 8, tzinfo=UTC)
    tracks = tuple(
        Track(tuple(begun + timedelta(minutes=5 * n) for n in range(count)), is_passed)
        for count, is_passed in ((1, True), (3, True), (4, False))
    )
    text = page(tracks={"step": tracks})
    assert 'aria-label="step: 8 checks, of which 2 passed."' in text
    numbers = text.partition("Attempts in numbers")[2]
    row = re.search(r'<th scope="row">step</th>((?:<td.*?</td>)+)', numbers)
    assert re.findall(r">([^<]+)</td>", row[1]) == ["3", "2", "2", "4", "5 min"]
    assert "Nobody can check it, and no grade depends on it." in " ".join(text.split())


def test_names_are_there_only_if_they_are_asked_for(tmp_path):
    made = report(made_up_class.make(tmp_path, CLASS), ASSIGNMENT)
    for names in (False, True):
        report_page.write(made, tmp_path / "page.html", names)
        text = (tmp_path / "page.html").read_text(encoding="utf-8")
        assert (">ada<" in text) is (">bob<" in text) is names
    row = re.search(r'<th scope="row">bob</th>((?:<td.*?</td>)+)', text)
    assert re.findall(r">([^<]+)</td>", row[1]) == ["0", "0", "–", "–", "–"]


def test_what_a_course_or_a_student_wrote_is_text(page):
    nasty = "<script>"
    item = dataclasses.replace(STEP, name=nasty)
    begun = datetime(2026, 11, 30, 8, tzinfo=UTC)
    text = page(
        names=True,
        items=(item,),
        scores={nasty: 1.0},
        earned={nasty: {nasty: Earned(Kind.PASSED, 2.0, 1.0)}},
        misconceptions=Counter({(nasty, nasty): 1}),
        tracks={nasty: (Track((begun,), True),)},
    )
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 6
    assert not re.search(r"(src|href)=", text)


def test_a_class_of_three_hundred_is_reported_with_a_few_queries(tmp_path, monkeypatch):
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    verdicts = {name: passed() for name in made_up_class.POINTS}
    counts = []
    for size in (2, 12):
        students = {f"s{n}": Student(verdicts, written=1.0) for n in range(size)}
        folder = made_up_class.make(tmp_path / str(size), students)
        asked = []
        note = lambda *arguments, asked=asked: asked.append(arguments[2])  # noqa: E731
        event.listen(Engine, "before_cursor_execute", note)
        assert len(report(folder, ASSIGNMENT).scores) == size
        event.remove(Engine, "before_cursor_execute", note)
        counts.append(len(asked))
    assert counts[1] - counts[0] <= 1, counts
