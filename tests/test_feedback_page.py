"""The page that a student gets back."""

import base64
import datetime
from dataclasses import replace

import course_folder
import pytest
from bs4 import BeautifulSoup
from lab_server import browser, picture
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
)
from plain_course import HIDDEN, hidden_only, problem_set, tagged
from traitlets.config import Config, LoggingConfigurable

from autograder.classroom.feedback_pages import feedback_page, feedback_tasks
from autograder.classroom.feedback_pages.feedback_page import Assignment, Graded
from autograder.classroom.feedback_pages.feedback_tasks import Points
from autograder.classroom.feedback_pages.resubmission import policy, sentence
from autograder.classroom.kept import Kept, keep
from autograder.classroom.log import LoggedVerdict
from autograder.judge.verdict import Part, Status

NOW = datetime.datetime(2027, 3, 2, 12, 0)
BEFORE, AFTER = NOW - datetime.timedelta(days=1), NOW + datetime.timedelta(days=1)
WHY = {"norms": "Because of `in_axes`.", "pairs": "Because of two maps."}
ANOTHER = {name: f"def {name}(x):\n    return other(x)" for name in WHY}
CARD = '<div role="status">the card of {}</div>'
FULL = {"check-norms": Points(2, 2, False), "check-pairs": Points(0, 3, False)}
FULL |= {"written-words": Points(0, 2, True)}
HOSTILE = (
    "</pre></style><script>alert(1)</script><img src=x onerror=alert(1)>"
    "[x](javascript:alert(1)) {{ 7 * 7 }} ]]>"
)


def kept_by(name, status):
    verdict = LoggedVerdict(status, float(status is Status.PASSED))
    return Kept(verdict, WHY[name], ANOTHER[name])


def graded_notebook():
    """A notebook as grading leaves it: one answer passed, one is wrong, one is a text."""
    cells = [new_markdown_cell("# Maps\n\nHow to do it."), new_code_cell("import jax")]
    for number, (name, status) in enumerate(
        {"norms": Status.PASSED, "pairs": Status.WRONG}.items()
    ):
        cells.append(new_markdown_cell(f"## {number} · Many `{name}`\n\nWrite it."))
        cells.append(
            tagged(new_code_cell(f"def {name}(x):\n    return {number}"), name, solution=True)
        )
        check = tagged(new_code_cell(f"check({name})"), f"check-{name}", 1, locked=True)
        card = CARD.format(name)
        check.outputs = [new_output("display_data", {"text/html": card, "text/plain": name})]
        keep(check, kept_by(name, status))
        cells.append(check)
    cells.append(new_markdown_cell("## 2 · In words"))
    cells.append(tagged(new_markdown_cell("It is **so**."), "written-words", 2, solution=True))
    cells.append(new_code_cell("my_own = 1"))
    return new_notebook(cells=cells, metadata={"autograder": "graded"})


def assignment(notebook=None, **changes):
    source = (notebook or graded_notebook()).cells
    made = Assignment("Maps of `vmap`", "A course", source, True, True, lambda *_: 0.0)
    return replace(made, **changes)


def graded(**changes):
    return replace(Graded("ada", "Ada Lovelace", None, None, 0.0, FULL, {}), **changes)


def page(notebook=None, about=None, book=None):
    notebook = notebook or graded_notebook()
    return feedback_page.page(notebook, about or assignment(), book or graded(), NOW)


def soup(*arguments, **named):
    return BeautifulSoup(page(*arguments, **named), "html.parser")


def words(part):
    return " ".join(part.get_text(" ").split())


def section(made, title):
    return next(one for one in made.find_all("section") if one.h2 and title in words(one.h2))


def test_the_exercises_are_listed_by_their_titles_with_points_and_a_mark():
    made = soup()
    assert words(made.h1) == "Maps of vmap"
    assert [words(line) for line in made.nav.find_all("li")] == [
        "0 · Many norms ✓ full points 2 of 2 points",
        "1 · Many pairs ✗ no points 0 of 3 points",
        "2 · In words … waits for a person ? of 2 points",
    ]
    for link in made.nav.find_all("a"):
        assert made.find(id=link["href"].removeprefix("#")).name == "section"
    assert words(made.find(class_="total")) == "2 of 7 points"
    assert "One answer waits for a person." in words(made.header)


def test_each_exercise_has_its_answer_its_card_and_what_was_asked_for():
    one = section(soup(), "Many pairs")
    assert words(one.find("pre", class_="code")) != ""
    assert "the card of pairs" in words(one)
    assert "return 1" in one.text
    asked = one.details
    assert asked.summary.text == "The cells above your answer"
    assert "Write it." in asked.text
    assert "norms" not in one.text
    last = section(soup(), "In words")
    assert last.strong.text == "so"


def test_cells_of_ones_own_stay_readable_and_are_folded():
    made = soup()
    fold = next(one for one in made.find_all("details") if one.summary.text == "Your other cells")
    assert "my_own = 1" in fold.text
    assert not fold.has_attr("open")


def test_a_check_that_was_moved_or_deleted_stays_with_its_exercise():
    notebook = graded_notebook()
    check = next(cell for cell in notebook.cells if cell.id == "check-norms")
    notebook.cells.remove(check)
    notebook.cells.append(check)
    made = soup(notebook)
    assert "the card of norms" in words(section(made, "Many norms"))
    assert len(made.nav.find_all("li")) == 3
    gone = [cell for cell in notebook.cells if cell.id != "pairs"]
    one = section(soup(new_notebook(cells=gone)), "Many pairs")
    assert "There is no answer in the notebook that you handed in." in words(one)


def test_titles_come_from_the_assignment_and_not_from_the_student():
    notebook = graded_notebook()
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            cell.source = "## Mine"
    assert "Mine" not in words(soup(notebook).nav)
    assert "Mine" in words(soup(notebook, assignment(source=())).nav)


@pytest.mark.parametrize(
    ("due", "tells", "shown"),
    [
        (None, True, True),
        (BEFORE, True, True),
        (AFTER, True, False),
        (None, False, False),
        (BEFORE, False, False),
    ],
)
def test_who_passed_has_earned_the_solution_and_others_get_it_after_the_due_date(due, tells, shown):
    made = soup(None, assignment(tells=tells), graded(due=due))
    passed, failed = section(made, "Many norms"), section(made, "Many pairs")
    assert "Because of in_axes ." in words(passed)
    assert "return other(x)" in passed.text
    assert ("Because of two maps." in words(failed)) is shown
    assert ("return other(x)" in failed.text) is shown
    assert ("can still be earned" in words(made.header)) is not shown


def test_an_answer_that_waits_for_a_person_does_not_show_its_solution():
    points = FULL | {"check-pairs": Points(0, 3, True)}
    assert "Because of two maps" not in page(book=graded(points=points))


def test_an_answer_that_a_person_gave_all_points_has_earned_the_solution():
    points = FULL | {"check-pairs": Points(3, 3, False)}
    made = soup(None, assignment(tells=False), graded(points=points))
    assert "Because of two maps." in words(section(made, "Many pairs"))


def test_a_written_answer_has_its_comment_and_points():
    points = FULL | {"written-words": Points(1.5, 2, False)}
    comments = {"written-words": "- 0.5: says **why** $O(n^2)$", "norms": "Well named."}
    made = soup(book=graded(points=points, comments=comments))
    one = section(made, "In words")
    assert "◐ part of the points 1.5 of 2 points" in words(one)
    assert one.find(class_="comment").strong.text == "why"
    assert one.find("math") is not None
    assert "Well named." in words(section(made, "Many norms"))


def test_lateness_and_its_penalty_are_told():
    late = BEFORE + datetime.timedelta(hours=3)
    made = soup(book=graded(due=BEFORE, handed_in=late, penalty=0.5))
    head = words(made.header)
    assert "1.5 of 7 points" in head
    assert "Your answers earned 2 points. Being late cost 0.5 of them." in head
    assert "Handed in Monday 1 March 2027, 15:00 UTC, 3 hours late." in head


def again(due=None, shown=False, penalty=lambda *_: 0.0, earned=12.0):
    open_points = [("All pairs", 3.0), ("In words", 0.5)]
    return sentence("ada", open_points, earned, 20.0, due, NOW, shown, penalty)


def test_what_handing_in_again_may_still_earn():
    until = "You can hand in again until Wednesday 3 March 2027, 12:00 UTC. 3.5 points can still be"
    named = "earned: 3 in “All pairs”, 0.5 in “In words”. The newest submission counts."
    assert again(AFTER) == f"{until} {named}"
    assert again().startswith("You can hand in again: there is no due date. 3.5 points can")
    passed = "The due date, Monday 1 March 2027, 12:00 UTC, has passed. "
    assert again(BEFORE).startswith(f"{passed}Being late costs nothing here, so 3.5 points can")
    assert again(BEFORE, penalty=lambda *_: 20) == f"{passed}Handing in again cannot earn more."
    assert again(BEFORE, penalty=lambda *_: 4).startswith(
        f"{passed}Being late costs points: when this page was made, a submission in which "
        "everything is right would have earned 16 of 20 points. Open are 3 in"
    )
    shown = "This page shows the solutions: ask your instructor before you hand in again."
    assert again(BEFORE, shown=True) == passed + shown
    assert again(shown=True) == shown
    assert sentence("ada", [], 20.0, 20.0, AFTER, NOW, False, lambda *_: 0.0) == ""


def test_a_late_policy_that_fails_costs_one_sentence():
    def fails(*_):
        raise ZeroDivisionError

    said = again(BEFORE, penalty=fails)
    assert said.endswith("Ask your instructor whether you can hand in again.")


def test_the_late_policy_is_asked_about_this_student_and_moment():
    asked = []
    again(BEFORE, penalty=lambda *arguments: asked.append(arguments) or 1.0)
    assert asked == [("ada", 20.0, 86400.0)]


def test_the_late_policy_is_the_one_that_is_configured():
    config = Config()
    config.LateSubmissionPlugin.penalty_method = "zero"
    penalty = policy(LoggingConfigurable(config=config))
    assert penalty("ada", 20.0, 60.0) == 20
    assert again(BEFORE, penalty=penalty).endswith("cannot earn more.")
    config.AssignLatePenalties.plugin_class = "nothing.Here"
    mistaken = policy(LoggingConfigurable(config=config))
    assert again(BEFORE, penalty=mistaken).endswith("whether you can hand in again.")


def hostile_notebook():
    notebook = graded_notebook()
    for cell in notebook.cells:
        if cell.id in ("norms", "written-words"):
            cell.source = HOSTILE
        elif cell.cell_type == "markdown":
            cell.source += f"\n\n# task-1\n\n{HOSTILE}\n\n![far](https://example.org/a.png)"
    return notebook


def is_harmless(made):
    """Whether nothing in this page runs, and nothing is loaded from elsewhere by our own tags."""
    policy = made.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    for tag in made.find_all(True):
        assert tag.name not in ("script", "iframe", "object", "embed", "form", "base", "link")
        assert not [name for name in tag.attrs if name.startswith("on")]
        assert "script:" not in str(tag.attrs)
    ids = [tag["id"] for tag in made.find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert len(made.find_all("style")) == 1
    return True


def test_nothing_that_a_student_wrote_runs_or_breaks_the_page():
    book = graded(student=HOSTILE, comments=dict.fromkeys(("norms", "written-words"), HOSTILE))
    made = soup(hostile_notebook(), book=book)
    assert is_harmless(made)
    assert len(made.nav.find_all("li")) == 3
    assert "49" not in made.text
    assert HOSTILE in made.header.text


def test_half_a_character_does_not_keep_a_page_from_being_written():
    assert page(book=graded(student="ad\ud83da")).encode()


@pytest.mark.parametrize("text", ["x" * 10_000_000, "(" * 100_000, "\u202e" * 50_000])
def test_what_is_very_long_is_cut(text):
    notebook = graded_notebook()
    notebook.cells[3].source = text
    made = page(notebook)
    assert len(made) < 200_000
    assert "more characters are in your notebook." in made


def test_a_notebook_that_an_older_version_graded_shows_its_cards():
    notebook = graded_notebook()
    for cell in notebook.cells:
        cell.metadata.pop("autograder", None)
    made = soup(notebook)
    assert "the card of pairs" in words(section(made, "Many pairs"))
    assert len(made.nav.find_all("li")) == 3


def test_the_parts_of_the_points_are_listed_once():
    notebook = graded_notebook()
    parts = (Part("the values", 0.5, True), Part("a short program", 0.5, True))
    for name, status in {"norms": Status.PASSED, "pairs": Status.PARTLY}.items():
        check = next(cell for cell in notebook.cells if cell.id == f"check-{name}")
        kept = kept_by(name, status)
        keep(check, replace(kept, verdict=replace(kept.verdict, parts=parts)))
    made = soup(notebook)
    assert "✓ a short program 1 of 1" in words(section(made, "Many norms").table)
    assert section(made, "Many pairs").table is None, "the card of a partly right answer has them"


def test_what_check_shows_is_on_the_page():
    notebook = graded_notebook()
    check = next(cell for cell in notebook.cells if cell.id == "check-pairs")
    keep(check, replace(kept_by("pairs", Status.WRONG), checked="<table><td>1.5</td></table>"))
    assert section(soup(notebook), "Many pairs").find("td").text == "1.5"


def test_feedback_is_released_also_where_a_file_did_not_come_through_the_exchange(tmp_path):
    (tmp_path / "nbgrader_config.py").write_text(
        "from autograder.plug import plug_in\n"
        "c = get_config()\n"
        "c.CourseDirectory.course_id = 'course'\n"
        f"c.Exchange.root = {str(tmp_path / 'exchange')!r}\n"
        "plug_in(c)\n"
    )
    (tmp_path / "exchange").mkdir(mode=0o777)
    (tmp_path / "exchange").chmod(0o777)
    for student in ("ada", "ben", "[cyd]"):
        folder = tmp_path / "feedback" / student / "a1"
        folder.mkdir(parents=True)
        (folder / "maps.html").write_text(student)
        (folder / "timestamp.txt").write_text("2027-03-02 12:00:00 UTC")
    (tmp_path / "feedback" / "ada" / "a1" / "submission_secret.txt").write_text("secret")
    run = course_folder.nbgrader(tmp_path, "release_feedback", "a1")
    assert run.returncode == 0, run.stdout
    assert "Traceback" not in run.stdout
    assert "did not submit through the exchange: [cyd], ben. Give them" in run.stdout
    (released,) = (tmp_path / "exchange" / "course" / "feedback").iterdir()
    assert released.read_text() == "ada"


@pytest.mark.slow
def test_everybody_can_read_the_page_on_any_screen_and_on_paper(tmp_path):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    points = FULL | {"written-words": Points(1.5, 2, False)}
    comments = {"written-words": f"Look: {HOSTILE}"}
    path = tmp_path / "feedback.html"
    made = page(hostile_notebook(), book=graded(points=points, comments=comments, due=AFTER))
    path.write_text(made, encoding="utf-8")
    with browser() as (shown, asked):
        shown.goto(path.as_uri())
        for theme in ("light", "dark"):
            for width in (1100, 390):
                shown.emulate_media(color_scheme=theme)
                shown.set_viewport_size({"width": width, "height": 900})
                picture(shown, f"feedback_{theme}_{width}")
                for is_open in ("false", "true"):
                    folds = "document.querySelectorAll('details')"
                    shown.evaluate(f"{folds}.forEach(fold => fold.open = {is_open})")
                    assert shown.evaluate("document.documentElement.scrollWidth") <= width
                found = axe.run(shown).response["violations"]
                serious = [one for one in found if one["impact"] in ("serious", "critical")]
                assert serious == []
        shown.reload()
        fold = shown.get_by_text("my_own = 1")
        assert not fold.is_visible()
        shown.keyboard.press("Tab")
        shown.keyboard.press("Enter")
        assert shown.url.endswith("#task-1")
        shown.emulate_media(media="print")
        assert fold.is_visible()
        picture(shown, "feedback_print")
        assert "taken" not in shown.title()
    assert asked == []


# ------------------------------------------------------------------------------- plain notebooks


def plain_page(notebook, points, comments=None):
    about = Assignment("squares", "", notebook.cells, False, True, lambda *_: 0.0)
    return soup(notebook, about, graded(points=points, comments=comments or {}))


def test_a_plain_assignment_has_a_page_too():
    points = {
        "test_squares": Points(2, 2, False),
        "test_errors": Points(0, 1, False),
        "test_partial": Points(1.5, 3, False),
        "why": Points(2, 2, False),
    }
    made = plain_page(problem_set(), points, {"why": "Good."})
    assert [words(line) for line in made.nav.find_all("li")] == [
        "squares ◐ part of the points 3.5 of 6 points",
        "why ✓ full points 2 of 2 points",
    ]
    assert "test_partial , 1.5 of 3 points" in words(section(made, "squares"))
    assert "Good." in words(section(made, "why"))


def test_hidden_tests_and_what_they_print_are_not_shown():
    notebook = hidden_only()
    test = notebook.cells[1]
    test.outputs = [
        new_output("stream", name="stdout", text="called with 3"),
        new_output("error", ename="AssertionError", evalue="3", traceback=["assert double(3)"]),
        new_output("error", ename="E3", evalue="3", traceback=["E3"]),
    ]
    made = plain_page(notebook, {"test_double": Points(0, 4, False)})
    text = words(section(made, "double"))
    assert "It raised AssertionError" in text
    assert "hidden tests" in text
    for secret in ("assert", "called with", "E3", "HIDDEN", "(3)"):
        assert secret not in text, secret


def test_hidden_tests_without_an_end_are_not_shown_either():
    notebook = hidden_only()
    notebook.cells[1].source = "assert True\n" + HIDDEN.format("assert double(3) == 6").replace(
        "### END HIDDEN TESTS", ""
    )
    made = plain_page(notebook, {"test_double": Points(0, 4, False)})
    assert "assert True" in made.text
    assert "== 6" not in made.text


def test_an_output_is_text_or_a_picture_that_cannot_run():
    notebook = problem_set()
    png = base64.encodebytes(b"\x89PNG" * 40).decode()
    notebook.cells[1].outputs = [
        new_output("display_data", {"text/html": HOSTILE, "text/plain": "a table"}),
        new_output("display_data", {"image/svg+xml": f"<svg>{HOSTILE}</svg>"}),
        new_output("display_data", {"image/png": png}),
        new_output("display_data", {"image/png": 'x" onerror="alert(1)', "text/plain": "none"}),
        new_output("display_data", {"application/javascript": "alert(1)"}),
        new_output("stream", name="stdout", text=f"\x1b[31m{HOSTILE}"),
        new_output("error", ename="E", evalue="e", traceback=[HOSTILE]),
    ]
    notebook.cells[2].outputs = notebook.cells[1].outputs
    points = {"test_squares": Points(0, 2, False)}
    made = plain_page(notebook, points)
    assert is_harmless(made)
    pictures = made.find_all("img")
    assert len(pictures) == 2
    assert all(one["alt"] for one in pictures)
    assert "a table" in made.text


def test_a_plain_notebook_cannot_bring_cards_of_its_own():
    notebook = graded_notebook()
    for cell in notebook.cells:
        if cell.id == "check-pairs":
            keep(cell, replace(kept_by("pairs", Status.PASSED), checked="<b>forged</b>"))
    made = plain_page(notebook, FULL)
    assert "forged" not in made.text
    assert "the card of" not in made.text


def test_answers_that_are_tested_together_are_one_task():
    cells = [
        tagged(new_code_cell("a = 1"), "a", solution=True),
        tagged(new_code_cell("b = 1"), "b", solution=True),
        tagged(new_code_cell("assert a"), "test", 1.0, locked=True),
        tagged(new_code_cell("c = 1"), "c", 1.0, solution=True),
        tagged(new_code_cell("assert c"), "last", 1.0, locked=True),
    ]
    points = {name: Points(1, 1, False) for name in ("test", "c", "last")}
    tasks, rest = feedback_tasks.tasks(new_notebook(cells=cells), cells, points, {}, False)
    assert [(task.name, task.most, len(task.answer)) for task in tasks] == [
        ("a", 1, 2),
        ("c", 2, 1),
    ]
    assert rest == []
