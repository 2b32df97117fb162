"""The groups of a class: who is in one, what is the same program, and what is only a hint."""

import re

import made_up_class
import pytest
from made_up_class import ASSIGNMENT, Student, missing, passed, wrong
from rich.console import Console
from test_same_text import LONG, MASTER, OTHERS

from autograder.classroom import groups, groups_shown
from autograder.classroom.answer_texts import Texts

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
