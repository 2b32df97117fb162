"""HTML is escaped once, whatever is put into whatever."""

import doctest
from collections import Counter

import pytest

from autograder import markup, problem, schema, text
from autograder.classroom.log import LoggedVerdict
from autograder.classroom.statistics import groups_shown, report_page
from autograder.classroom.statistics.groups import Group
from autograder.classroom.statistics.items import Earned, Item, Kind
from autograder.classroom.statistics.report import Report
from autograder.classroom.statistics.same_text import Hint
from autograder.judge import calling, comparison, devices, meshes, tree
from autograder.judge.verdict import Finding, Status, Verdict
from autograder.markup import html, joined, prose

NASTY = "<script>alert(\"1\" & '2')</script>"
SHOWN = "&lt;script&gt;alert(&#34;1&#34; &amp; &#39;2&#39;)&lt;/script&gt;"


@pytest.mark.parametrize(
    "module", [calling, comparison, devices, markup, meshes, problem, schema, text, tree]
)
def test_the_examples_in_docstrings_are_true(module):
    failed, attempted = doctest.testmod(module)
    assert attempted
    assert not failed


def test_text_is_escaped_and_html_is_not():
    inner = html("<b>{words}</b>", words=NASTY)
    assert inner == f"<b>{SHOWN}</b>"
    assert html("<p>{inner}{words}</p>", inner=inner, words=NASTY) == f"<p>{inner}{SHOWN}</p>"
    assert joined([inner, NASTY]) == f"{inner}{SHOWN}"
    assert joined(["a", "b"], "<br>") == "a<br>b"


def test_the_pages_show_what_students_and_masters_wrote_as_it_was_written(tmp_path):
    exercise, student = f"exercise{NASTY}", f"student{NASTY}"
    wrong = Verdict(exercise, Status.WRONG, (Finding("values", ""),), misconception=NASTY)
    verdict = LoggedVerdict.of(wrong)
    sample, another = f"code{NASTY}", f"other{NASTY}"
    group = Group("abc", exercise, "vmap", (student,), verdict, sample, (f"group{NASTY}",))
    hint = Hint(exercise, (student, student), True, another)
    paths = {name: tmp_path / f"{name}.html" for name in ("groups", "report")}
    of_class = ({exercise: [group]}, {exercise: [hint]})
    groups_shown.write_page(*of_class, NASTY, paths["groups"], names=True)
    made = Report(
        assignment=NASTY,
        scores={student: 3.0},
        items=(Item(exercise, 4.0, Counter({Kind.FAILED: 1}), 0.0, None),),
        earned={student: {exercise: Earned(Kind.FAILED, 0.0, 0.0)}},
        misconceptions=Counter({(exercise, NASTY): 1}),
    )
    report_page.write(made, paths["report"], names=True)
    for page, texts in (
        ("groups", (exercise, NASTY, sample, another, student, f"group{NASTY}")),
        ("report", (exercise, NASTY, student)),
    ):
        written = (tmp_path / f"{page}.html").read_text(encoding="utf-8")
        assert "<script" not in written
        assert "&amp;lt;" not in written
        for piece in texts:
            assert f"{piece.removesuffix(NASTY)}{SHOWN}" in written


def test_an_attribute_cannot_be_left():
    assert html('<a href="{target}">', target='" onclick="x') == '<a href="&#34; onclick=&#34;x">'


def test_prose_sets_code_and_paragraphs():
    assert prose("use `a < b`\n\nor `c`, not d") == (
        "use <code>a &lt; b</code><br><br>or <code>c</code>, not d"
    )
    assert prose(NASTY) == SHOWN
