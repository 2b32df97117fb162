"""An instructor's way through the formgrader, in headless Chromium and without a network."""

import time
from pathlib import Path

import course_folder
import lab_server
import nbformat
import pytest
from course_folder import ASSIGNMENT, CLASSROOM, NOTEBOOK, WRITTEN
from lab_server import done, grade_by_hand, opened, picture
from masters import loaded
from nbgrader.api import Gradebook

pytestmark = pytest.mark.slow
FORMULA = r"The norm $\|x\|_2$ needs **no** vmap. <script>document.title = 'taken'</script>"

(MASTER,) = (master for master in loaded() if master.path.parent.name == ASSIGNMENT)
GRADED = len(MASTER.exercises)
COMMENT = "Say why: $O(n^2)$."


def submitted(folder: Path) -> None:
    """A small class: one is right, one wrong, one ends its process, one sends no notebook."""
    right = course_folder.right_answers(folder)
    course_folder.cell_of(right, WRITTEN).source = FORMULA
    course_folder.submit(folder, "ada", nbformat.writes(right).encode())
    for student, case in (("ben", "loops_over_the_batch"), ("cyd", "exits_halfway")):
        content = course_folder.submission(CLASSROOM / case, right)
        course_folder.submit(folder, student, content)
    course_folder.submit(folder, "dan", b"no notebook")


def test_an_instructor_generates_grades_and_gives_feedback(tmp_path):
    folder = lab_server.course(tmp_path)
    with (
        lab_server.served(folder, lab_server.TEACH) as address,
        lab_server.browser() as (page, asked),
    ):
        opened(page, address, "lab?token=test")
        for item, sign in (("Course List", "text=numpy-to-jax"), ("Formgrader", "iframe")):
            page.click('.lm-MenuBar-itemLabel:text-is("Nbgrader")')
            page.click(f'.lm-Menu-itemLabel:text-is("{item}")')
            page.locator(f".lm-DockPanel >> {sign}").first.wait_for()
        page.frame_locator("iframe").locator(f"td:has-text('{ASSIGNMENT}')").wait_for()
        picture(page, "instructor_formgrader")

        generated = folder / "exercises" / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
        before = generated.stat().st_mtime_ns
        page.goto(f"{address}/formgrader/manage_assignments")
        done(page, f"tr:has-text('{ASSIGNMENT}') .assign a")
        assert generated.stat().st_mtime_ns > before
        assert "HIDDEN" not in generated.read_text(encoding="utf-8")

        submitted(folder)
        page.goto(f"{address}/formgrader/manage_submissions/{ASSIGNMENT}")
        for student in ("ada", "ben", "cyd", "dan"):
            done(page, f"tr:has(.student-id:text-is('{student}')) .autograde a")
        words = table(page)
        picture(page, "instructor_submissions")
        assert words.count("needs manual grading") >= 3
        assert "18 / 20" in words
        scores = course_folder.scores(folder)
        totals = {
            student: sum(score.auto or 0 for score in cells.values())
            for student, cells in scores.items()
        }
        assert totals["ada"] == 18
        assert 0 < totals["ben"] < 18
        assert 0 < totals["cyd"] < 18
        assert totals["dan"] == 0
        waiting = [
            name for name, cells in scores.items() if cells["check-pairwise"].needs_manual_grade
        ]
        assert waiting == ["dan"], "only what cannot be read waits for a person"

        page.goto(f"{address}/formgrader/gradebook/{ASSIGNMENT}/{NOTEBOOK}")
        with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
            number = gradebook.find_submission_notebook(NOTEBOOK, ASSIGNMENT, "ada").id
        page.locator("a.name-hidden").nth(3).wait_for()
        page.click(f"a.name-hidden[href*='{number}']")
        page.locator(".nbgrader_cell").first.wait_for()
        cards = page.locator("[role=heading][aria-level='4']").all_inner_texts()
        assert len(cards) == GRADED
        assert all("passed" in card for card in cards)
        assert page.locator("math msub").count() == 1
        assert page.title() != "taken"
        grade_by_hand(page, WRITTEN, "1.5", COMMENT)
        picture(page, "instructor_manual_grade")
        deadline = time.monotonic() + 60
        while by_hand(folder) != (1.5, False, COMMENT):
            assert time.monotonic() < deadline, by_hand(folder)
            time.sleep(0.5)

        page.goto(f"{address}/formgrader/manage_submissions/{ASSIGNMENT}")
        for student in ("ada", "cyd"):
            done(page, f"tr:has(.student-id:text-is('{student}')) .generate-feedback a")
        assert "19.5 / 20" in table(page)
        for student in ("ada", "cyd"):
            feedback = folder / "feedback" / student / ASSIGNMENT / f"{NOTEBOOK}.html"
            page.goto(feedback.as_uri())
            picture(page, f"instructor_feedback_{student}")
            if student == "ada":
                assert page.locator(".total").inner_text() == "19.5 of 20 points"
                assert page.locator("math msup").count() == 1
            assert page.title() == f"Exercises: vmap: feedback for {student}"
            assert "HIDDEN" not in page.content()
        assert asked == [], "a page asked a network"


def test_create_assignment_shows_what_a_master_became(tmp_path):
    folder = lab_server.course(tmp_path)
    with (
        lab_server.served(folder, lab_server.TEACH) as address,
        lab_server.browser() as (page, asked),
    ):
        opened(page, address, f"lab/tree/solutions/{ASSIGNMENT}/{NOTEBOOK}.ipynb?token=test")
        page.locator("text=import jax.numpy").first.wait_for()
        page.click(".lm-TabBar-tab:has-text('Create Assignment')")
        page.locator("text=Total points").wait_for()
        picture(page, "instructor_create_assignment")
        assert page.locator(".nbgrader-TotalPointsInput").input_value() == "20"
        kinds = page.locator(".nbgrader-CellType select").evaluate_all(
            "selects => selects.map(select => select.value)"
        )
        counts = {kind: kinds.count(kind) for kind in ("solution", "tests", "manual")}
        assert counts == {"solution": GRADED, "tests": GRADED, "manual": 1}
        assert asked == []


def by_hand(folder):
    """What the gradebook says of ada's written answer: points, whether it waits, the comment."""
    score = course_folder.scores(folder)["ada"][WRITTEN]
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        comment = gradebook.find_comment(WRITTEN, NOTEBOOK, ASSIGNMENT, "ada").comment
    return score.manual, score.needs_manual_grade, comment


def table(page):
    """The words of the table of submissions, as a page that is opened anew shows it."""
    page.reload()
    page.locator("td.student-id").nth(3).wait_for()
    return page.locator("#main-table").inner_text()
