"""The groups of a class: who is in one, what is the same program, and what is only a hint."""

import re

import lab_server
import made_up_class
import pytest
from made_up_class import ASSIGNMENT, Student, missing, passed, wrong
from rich.console import Console
from test_same_text import LONG, MASTER, OTHERS

from autograder.classroom.statistics import groups, groups_shown, report_page
from autograder.classroom.statistics.answer_texts import Texts
from autograder.classroom.statistics.report import report
from autograder.schema import to_text
from autograder.student.attempts import Attempts, Check

POINTS = {"step": 2.0}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Two copies, five who wrote on their own, and three whose answer is missing."""
    copied = Student({"step": passed("11111111", meaning="m")}, sources={"step": LONG})
    reordered = passed("22222222", meaning="m")
    own = {
        f"own{n}": Student({"step": wrong(program=f"3333333{n}")}, sources={"step": source})
        for n, source in enumerate(OTHERS)
    }
    own["own0"] = Student({"step": reordered}, sources={"step": OTHERS[0]})
    none = {
        f"none{n}": Student({"step": missing(message, f"4444444{n}")})
        for n, message in enumerate(("There is nothing called step.", "Nothing written.", ""))
    }
    students = {"<ada>": copied, "bob": copied, **own, **none}
    folder = tmp_path_factory.mktemp("class")
    return made_up_class.make(folder, students, POINTS, MASTER)


@pytest.fixture
def found(course):
    texts = Texts(course, ASSIGNMENT)
    by_exercise = groups.groups(course, ASSIGNMENT, texts)
    return by_exercise, groups.hints(by_exercise, texts)


def test_answers_that_are_missing_are_one_group_whatever_the_reason(found):
    (first, *others) = found[0]["step"]
    assert (first.name, first.students) == ("missing", ("none0", "none1", "none2"))
    assert all("none" not in student for group in others for student in group.students)


def test_programs_that_are_equal_up_to_names_and_order_point_at_each_other(found):
    same = {group.name: group.same_as for group in found[0]["step"] if group.same_as}
    assert same == {"11111111": ("22222222",), "22222222": ("11111111",)}


def test_an_equal_text_is_a_hint_that_says_what_it_is_not(found, tmp_path):
    ((hint,),) = found[1].values()
    assert hint.students == ("<ada>", "bob")
    text = " ".join(written(found, tmp_path, names=False).split())
    assert "The same text: 2 answers differ only in comments and formatting" in text
    assert "That is a hint and not a verdict: working together, a common source" in text


def written(found, folder, names):
    groups_shown.write_page(*found, ASSIGNMENT, folder / "page.html", names)
    return (folder / "page.html").read_text(encoding="utf-8")


def printed(found, names):
    console = Console(width=200)
    with console.capture() as capture:
        console.print(groups_shown.as_tables(*found, names))
    assert "\N{REPLACEMENT CHARACTER}" not in capture.get()
    return capture.get()


def test_names_are_shown_only_if_they_are_asked_for(found, tmp_path):
    for names in (False, True):
        page, terminal = written(found, tmp_path, names), printed(found, names)
        assert ("own3" in page) is ("own3" in terminal) is names
        assert ("&lt;ada&gt;" in page) is ("<ada>" in terminal) is names
        assert "<ada>" not in page
    assert "<ada> and bob differ only in" in " ".join(terminal.split())


def test_a_notebook_that_was_changed_or_deleted_since_leaves_only_its_text_out(course, tmp_path):
    for student, content in (("own1", b"{"), ("own2", b'{"cells": [3]}'), ("own3", b"\xff")):
        (path,) = (course / "autograded" / student).rglob("*.ipynb")
        before = path.read_bytes()
        path.write_bytes(content)
        (group,) = [
            group
            for group in groups.groups(course, ASSIGNMENT)["step"]
            if group.students == (student,)
        ]
        assert group.sample == ""
        path.write_bytes(before)


def test_the_page_can_be_used_with_a_keyboard_and_loads_nothing(found, tmp_path):
    text = written(found, tmp_path, names=True)
    assert re.findall(r'role="region" tabindex="0" aria-label="([^"]+)"', text) == [
        "Groups of step"
    ]
    assert not re.search(r"(src|href)=", text)


@pytest.mark.slow
def test_both_pages_can_be_read_by_everybody_on_a_telephone_in_the_dark_and_on_paper(
    course, found, tmp_path
):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    written(found, tmp_path, names=True)
    times = [f"2026-11-30T11:{minute}:00+00:00" for minute in range(10, 40, 7)]
    told = {"step": tuple(Check(time, time == times[-1]) for time in times)}
    students = {
        "ada": Student({"step": passed()}, written=1.0, attempts=to_text(Attempts("", told)))
    }
    small = made_up_class.make(tmp_path / "small", students, POINTS)
    report_page.write(report(small, ASSIGNMENT), tmp_path / "report.html", names=True)
    with lab_server.browser() as (page, asked):
        for name in ("page", "report"):
            page.goto((tmp_path / f"{name}.html").as_uri())
            for scheme, media, width in (
                ("light", "screen", 1100),
                ("dark", "screen", 390),
                ("light", "print", 718),
            ):
                page.emulate_media(color_scheme=scheme, media=media)
                page.set_viewport_size({"width": width, "height": 900})
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                assert axe.run(page).response["violations"] == []
                lab_server.picture(page, f"class_{name}_{scheme}_{media}")
            regions = page.locator("[role=region]")
            page.keyboard.press("Tab")
            assert regions.first.evaluate("region => region === document.activeElement")
        assert [address for address in asked if "axe" not in address] == []
