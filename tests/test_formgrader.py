"""An instructor's way through the formgrader, in headless Chromium and without a network."""

import time
from pathlib import Path

import course_folder
import lab_server
import nbformat
import pytest
from course_folder import ASSIGNMENT, CLASSROOM, NOTEBOOK, WRITTEN
from lab_server import done, opened, picture
from masters import loaded
from nbgrader.api import Gradebook

pytestmark = pytest.mark.slow
FORMULA = r"The norm $\|x\|_2$ needs **no** vmap. <script>document.title = 'taken'</script>"

(MASTER,) = (master for master in loaded() if master.path.parent.name == ASSIGNMENT)
GRADED = len(MASTER.exercises)
COMMENT, SECOND = "Say why: $O(n^2)$.", "And when?"
MARKUP = "<img src=x onerror=document.title='taken'>"
"""As the id of a student, and in the name of a file."""
LINES = [
    "- 1: a computation for broadcasting, with a reason that fits it",
    "- 1: a computation for `vmap`, with a reason that fits it",
]
"""The first lines of the rubric of the written answer."""


def submitted(folder: Path) -> None:
    """A small class: one is right, one wrong, one ends its process, one sends no notebook."""
    right = course_folder.right_answers(folder)
    course_folder.cell_of(right, WRITTEN).source = FORMULA
    course_folder.submit(folder, "ada", nbformat.writes(right).encode())
    for student, case in ((MARKUP, "loops_over_the_batch"), ("cyd", "exits_halfway")):
        content = course_folder.submission(CLASSROOM / case, right)
        course_folder.submit(folder, student, content)
    path = course_folder.submit(folder, "dan", b"no notebook")
    path.rename(path.with_name(f"{MARKUP} (1).ipynb"))
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        gradebook.add_student("ada", first_name=MARKUP, last_name="Lovelace")


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
        assert LINES[0] not in generated.read_text(encoding="utf-8")

        submitted(folder)
        page.goto(f"{address}/formgrader/manage_submissions/{ASSIGNMENT}")
        autograde_all(page)
        words = table(page)
        picture(page, "instructor_submissions")
        assert page.title() == "nbgrader formgrade", "a script of a student ran"
        assert words.count("needs manual grading") >= 3
        assert "18 / 20" in words
        failed = page.locator("#autograde-all tbody").inner_text()
        assert f"dan\t{MARKUP} (1).ipynb\t" in failed
        assert failed.count("\n") == 0, "only what cannot be read waits for a person"
        done(page, "tr:has(.student-id:text-is('cyd')) .autograde a")
        scores = course_folder.scores(folder)
        totals = {
            student: sum(score.auto or 0 for score in cells.values())
            for student, cells in scores.items()
        }
        assert totals["ada"] == 18
        assert 0 < totals[MARKUP] < 18
        assert 0 < totals["cyd"] < 18
        assert totals["dan"] == 0
        waiting = [
            name for name, cells in scores.items() if cells["check-pairwise"].needs_manual_grade
        ]
        assert waiting == ["dan"], "only what cannot be read waits for a person"

        open_submission(page, address, folder, "ada")
        cards = page.locator("[role=heading][aria-level='4']").all_inner_texts()
        assert len(cards) == GRADED
        assert all("passed" in card for card in cards)
        assert page.locator("math msub").count() == 1
        assert page.title() == NOTEBOOK, "a script of a student ran"
        network = page.context.new_cdp_session(page)
        grade_with_the_rubric(page, network, folder)
        open_submission(page, address, folder, "cyd")
        use_an_earlier_comment(page, network, folder)
        open_submission(page, address, folder, "dan")
        comments = page.locator(".rubric button").all_text_contents()
        assert comments == [f"{COMMENT}\n\n{SECOND}", COMMENT], "the newest one is first"

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
                assert page.locator(f"li:has-text('{LINES[0][2:]}')").count() == 1
                assert LINES[1][5:30] not in page.locator("body").inner_text()
            name = f"{MARKUP} Lovelace" if student == "ada" else student
            assert page.title() == f"Exercises: vmap: feedback for {name}"
            assert "HIDDEN" not in page.content()
        assert asked == [], "a page asked a network"


def autograde_all(page):
    """Press the button, leave the page, come back, and wait for the end of the run."""
    place = page.url
    state = page.locator("#autograde-all [role=status]")
    page.click("#autograde-all button")
    page.locator("#autograde-all [role=progressbar]").wait_for()
    picture(page, "instructor_autograde_all_begins")
    refused = page.evaluate(
        """address => fetch(address, {method: "POST", headers: {"X-CSRFToken": getCookie("_xsrf")}})
            .then(answer => answer.json().then(body => [answer.status, body.message]))""",
        page.url.replace("manage_submissions", "api/assignment") + "/autograde_all",
    )
    assert refused[0] == 409
    assert "wait until it has ended" in refused[1]
    unsafe = page.evaluate(
        "address => fetch(address, {method: 'POST'}).then(answer => answer.status)",
        page.url.replace("manage_submissions", "api/assignment") + "/autograde_all",
    )
    assert unsafe == 403, "another site could start a run"
    page.goto("about:blank")
    page.goto(place)
    page.locator("#autograde-all [role=status]:has-text('4 submissions graded')").wait_for()
    page.locator("#autograde-all [role=progressbar]").wait_for(state="hidden")
    assert state.inner_text() == "The last run has ended: 4 of 4 submissions graded."
    picture(page, "instructor_autograde_all_ended")


def open_submission(page, address, folder, student):
    """Open the page on which a person grades this student's notebook."""
    page.goto(f"{address}/formgrader/gradebook/{ASSIGNMENT}/{NOTEBOOK}")
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        number = gradebook.find_submission_notebook(NOTEBOOK, ASSIGNMENT, student).id
    page.locator("a.name-hidden").nth(3).wait_for()
    page.click(f"a.name-hidden[href*='{number}']")
    page.locator(".rubric input:enabled").first.wait_for()
    page.wait_for_function("!$(':animated').length")  # it scrolls to the last place


def grade_with_the_rubric(page, network, folder):
    """Choose lines by mouse and keyboard, on a slow network that loses one request, then type."""
    boxes = page.locator(".rubric input")
    assert boxes.count() == 4
    page.click("summary:text-is('Model answer')")
    assert "standardising the columns" in page.locator(".rubric details").first.inner_text()
    slow_down(network, 700)
    page.route("**/api/comment/*", lambda route: route.abort(), times=1)
    for number in (0, 1, 2):
        boxes.nth(number).click()
    boxes.nth(2).press("Space")  # takes it back
    wait_for(folder, "ada", (2.0, False, "\n".join(LINES)))
    page.focus(f"#{WRITTEN}_extra_credit")
    for key in ("Tab", "Tab", "Tab", "Space"):  # the rubric, its first line, its second line
        page.keyboard.press(key)
    wait_for(folder, "ada", (1.0, False, LINES[0]))
    boxes.nth(0).press("Space")
    wait_for(folder, "ada", (None, True, None))
    page.keyboard.press("Space")
    page.fill(f"#{WRITTEN}", "1.5")  # while the server saves the click
    wait_for(folder, "ada", (1.0, False, LINES[0]))
    page.wait_for_timeout(1000)
    assert page.input_value(f"#{WRITTEN}") == "1.5"
    comment = page.locator(f"#{WRITTEN}-comment")
    comment.fill(f"{comment.input_value()}\n\n{COMMENT}")
    comment.blur()
    wait_for(folder, "ada", (1.5, False, f"{LINES[0]}\n\n{COMMENT}"))
    slow_down(network, 0)
    picture(page, "instructor_manual_grade")
    page.reload()
    page.locator(".rubric input:enabled").first.wait_for()
    assert [box.is_checked() for box in boxes.all()] == [True, False, False, False]
    assert page.input_value(f"#{WRITTEN}") == "1.5"


def use_an_earlier_comment(page, network, folder):
    """Use a comment again that another student got, and go on before all is saved."""
    page.click("summary:text-is('Earlier comments (1)')")
    page.click(f".rubric button:text-is('{COMMENT}')")
    wait_for(folder, "cyd", (None, True, COMMENT))
    slow_down(network, 700)
    page.fill(f"#{WRITTEN}-comment", f"{COMMENT}\n\n{SECOND}")
    page.locator(".rubric input").nth(1).click()
    picture(page, "instructor_earlier_comment")
    place = page.url.partition("?")[0]
    page.keyboard.press("Control+.")  # to the next submission
    page.wait_for_url(lambda address: not address.startswith(place))
    assert by_hand(folder, "cyd") == (1.0, False, f"{LINES[1]}\n\n{COMMENT}\n\n{SECOND}")
    slow_down(network, 0)


def slow_down(network, milliseconds):
    """Let every answer of the server take this much longer.

    Args:
        network: a session of Chromium's tools for developers.
        milliseconds: how much.
    """
    network.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": milliseconds,
            "downloadThroughput": -1,
            "uploadThroughput": -1,
        },
    )


def wait_for(folder, student, expected):
    """Wait until the gradebook says this of a written answer."""
    deadline = time.monotonic() + 60
    while by_hand(folder, student) != expected:
        assert time.monotonic() < deadline, by_hand(folder, student)
        time.sleep(0.2)


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


def by_hand(folder, student):
    """What the gradebook says of a written answer: points, whether it waits, the comment."""
    score = course_folder.scores(folder)[student][WRITTEN]
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        comment = gradebook.find_comment(WRITTEN, NOTEBOOK, ASSIGNMENT, student).manual_comment
    return score.manual, score.needs_manual_grade, comment


def table(page):
    """The words of the table of submissions, as a page that is opened anew shows it."""
    page.reload()
    page.locator("td.student-id").nth(3).wait_for()
    return page.locator("#main-table").inner_text()
