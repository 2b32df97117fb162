"""A class on a JupyterHub with real accounts, in headless Chromium: from release to feedback."""

import contextlib
import json
import re
import time
from pathlib import Path

import course_folder
import hub as deployed
import lab_server
import nbformat
import pytest
from course_folder import ASSIGNMENT, NOTEBOOK, WRITTEN
from lab_server import done, grade_by_hand, opened, picture
from masters import ROOT
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.api import Gradebook

pytestmark = pytest.mark.slow
PANELS = ("Create Assignment", "Formgrader", "Course List")
LOOPED = (
    "def pairwise(xs, ys):\n"
    "    return jnp.stack([jax.vmap(distance, in_axes=(None, 0))(x, ys) for x in xs])"
)
COMMENT = "Right, and short."


@pytest.fixture(scope="module")
def hub():
    with deployed.running() as hub:
        yield hub


@contextlib.contextmanager
def logged_in(hub, *names):
    """A page for each of these accounts, in one Chromium but with cookies of its own."""
    with lab_server.browser() as (first, _):
        chromium = first.context.browser
        pages = {}
        for name in names:
            page = chromium.new_context(viewport={"width": 1400, "height": 1000}).new_page()
            page.set_default_timeout(180_000)
            log_in(page, hub, name, deployed.PASSWORD)
            page.wait_for_selector("#jupyterlab-splash", state="detached")
            page.get_by_role("menuitem", name="File").wait_for()
            pages[name] = page
        yield pages


def log_in(page, hub, name, password):
    page.goto(f"{hub.address}/hub/login")
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", password)
    page.click("input[type=submit], button[type=submit]")


def offered(page):
    """What nbgrader's menu and the sidebars offer."""
    page.click('.lm-MenuBar-itemLabel:text-is("Nbgrader")')
    items = page.locator(".lm-Menu-itemLabel").all_inner_texts()
    page.keyboard.press("Escape")
    tabs = [tab.get_attribute("title") or "" for tab in page.locator(".lm-TabBar-tab").all()]
    return [name for name in PANELS if any(name in word for word in items + tabs)]


def of_nbgrader(page, item):
    page.click('.lm-MenuBar-itemLabel:text-is("Nbgrader")')
    page.click(f'.lm-Menu-itemLabel:text-is("{item}")')


def test_a_class_releases_solves_and_grades(hub):
    with logged_in(hub, hub.teacher, hub.ada, hub.ben) as pages:
        teacher = pages[hub.teacher]
        release(hub, teacher)
        for name in (hub.ada, hub.ben):
            solve_and_submit(hub, pages[name], name)
        collect_and_grade(hub, teacher)
        fetch_feedback(hub, pages[hub.ada])


def release(hub, page):
    assert offered(page) == list(PANELS)
    of_nbgrader(page, "Formgrader")
    frame = page.frame_locator("iframe")
    frame.locator(f"td:has-text('{ASSIGNMENT}')").wait_for()
    picture(page, "hub_formgrader_in_lab")
    page.goto(f"{hub.address}/user/{hub.teacher}/formgrader/manage_assignments")
    row = f"tr:has-text('{ASSIGNMENT}')"
    done(page, f"{row} .assign a")
    done(page, f"{row} .release a")
    picture(page, "hub_released")


def solve_and_submit(hub, page, name):
    assert offered(page) == []
    page.wait_for_selector("h1:has-text('NumPy to JAX: start here')")
    picture(page, f"hub_{short(name)}_start")
    of_nbgrader(page, "Assignment List")
    page.click("button:has-text('Fetch')")
    page.locator("button:has-text('Submit')").wait_for()
    picture(page, f"hub_{short(name)}_fetched")
    fetched = hub.home(name) / "exercises" / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
    assert fetched.owner() == name
    hub.write(name, fetched, nbformat.writes(answers(looped=name == hub.ben)))

    opened(page, hub.address, f"user/{name}/lab/tree/exercises/{ASSIGNMENT}/{NOTEBOOK}.ipynb?reset")
    page.get_by_text("| Idle").wait_for()
    page.locator("text=import jax.numpy").first.wait_for()
    names = page.locator(".jp-DirListing-itemText").all_inner_texts()
    assert names == [f"{NOTEBOOK}.ipynb"]
    page.click("text=Run")
    page.click("text=Run All Cells")
    page.get_by_text("| Busy").wait_for()
    page.get_by_text("| Idle").wait_for()
    picture(page, f"hub_{short(name)}_solved")
    page.get_by_text("Validate", exact=True).click()  # saves it, too
    dialog = page.locator(".jp-Dialog")
    dialog.wait_for()
    picture(page, f"hub_{short(name)}_validated")
    words = dialog.inner_text()
    assert ("partly right: pairwise" if name == hub.ben else "Success") in words
    assert "Traceback" not in words
    dialog.locator("button").last.click()
    dialog.wait_for(state="detached")

    notebook = page.locator(".jp-NotebookPanel:visible")
    link = notebook.locator("a[href*='course/05_vmap.ipynb']").first
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Home")
    link.scroll_into_view_if_needed()
    link.click()
    page.wait_for_selector("h1:has-text('Write for one')")
    picture(page, f"hub_{short(name)}_lesson")

    opened(page, hub.address, f"user/{name}/lab?reset")
    of_nbgrader(page, "Assignment List")
    page.locator("button:has-text('Submit')").click()
    page.locator("button:has-text('Fetch Feedback')").wait_for()
    picture(page, f"hub_{short(name)}_submitted")


def collect_and_grade(hub, page):
    formgrader = f"{hub.address}/user/{hub.teacher}/formgrader"
    page.goto(f"{formgrader}/manage_assignments")
    done(page, f"tr:has-text('{ASSIGNMENT}') .collect a")
    submitted = hub.course() / "submitted"
    assert {path.name for path in submitted.iterdir()} == {hub.ada, hub.ben}
    page.goto(f"{formgrader}/manage_submissions/{ASSIGNMENT}")
    page.click("#autograde-all button:text-is('Autograde all')")
    ended = "The last run has ended: 2 of 2 submissions graded."
    page.locator(f"#autograde-all [role=status]:text-is('{ended}')").wait_for()
    page.reload()
    page.locator("td.student-id").nth(1).wait_for()
    table = page.locator("#main-table").inner_text()
    picture(page, "hub_graded")
    assert "Lovelace, Ada" in table
    assert "18 / 20" in table
    assert table.count("needs manual grading") == 2

    page.goto(f"{formgrader}/gradebook/{ASSIGNMENT}/{NOTEBOOK}")
    with Gradebook(f"sqlite:///{hub.course()}/gradebook.db") as gradebook:
        number = gradebook.find_submission_notebook(NOTEBOOK, ASSIGNMENT, hub.ada).id
    page.locator("a.name-hidden").nth(1).wait_for()
    page.click(f"a.name-hidden[href*='{number}']")
    grade_by_hand(page, WRITTEN, "1.5", COMMENT)
    picture(page, "hub_written_answer")
    deadline = time.monotonic() + 60
    while by_hand(hub) != (1.5, COMMENT):
        assert time.monotonic() < deadline, by_hand(hub)
        time.sleep(0.5)

    page.goto(f"{formgrader}/manage_submissions/{ASSIGNMENT}")
    for name in (hub.ada, hub.ben):
        row = f"tr:has(.student-id:text-is('{name}'))"
        done(page, f"{row} .generate-feedback a")
        done(page, f"{row} .release-feedback a")
    picture(page, "hub_feedback_released")


def fetch_feedback(hub, page):
    opened(page, hub.address, f"user/{hub.ada}/lab?reset")
    of_nbgrader(page, "Assignment List")
    page.locator("button:has-text('Fetch Feedback')").click()
    page.get_by_text("View Feedback").first.wait_for()
    picture(page, "hub_feedback_fetched")
    feedback = hub.home(hub.ada) / "exercises" / ASSIGNMENT / "feedback"
    (file,) = feedback.rglob(f"{NOTEBOOK}.html")
    path = file.relative_to(hub.home(hub.ada))
    page.goto(f"{hub.address}/user/{hub.ada}/files/{path}")
    words = page.locator("body").inner_text()
    picture(page, "hub_feedback")
    assert "19.5 of 20 points" in words
    assert COMMENT in words


def by_hand(hub):
    with Gradebook(f"sqlite:///{hub.course()}/gradebook.db") as gradebook:
        grade = gradebook.find_grade(WRITTEN, NOTEBOOK, ASSIGNMENT, hub.ada)
        comment = gradebook.find_comment(WRITTEN, NOTEBOOK, ASSIGNMENT, hub.ada)
        return grade.manual_score, comment.comment


def answers(looped):
    notebook = course_folder.right_answers(ROOT)
    if looped:
        course_folder.cell_of(notebook, "pairwise").source = LOOPED
    return notebook


def short(name):
    return re.sub("-.*", "", name)


def test_a_student_reads_and_changes_nothing_of_others(hub):
    outbound = hub.shared / "exchange" / deployed.COURSE
    hub.write(hub.teacher, hub.course() / "gradebook.txt", "secret")
    for path in (
        hub.home(hub.teacher), hub.course() / "gradebook.txt", hub.home(hub.ada),
        outbound / "inbound", outbound / "feedback", hub.shared / "hub",
    ):  # fmt: skip
        assert not hub.can_read(hub.ben, path), path
    assert hub.can_read(hub.ben, hub.shared / "lessons" / "current")
    with pytest.raises(AssertionError, match=r"Operation not permitted|Permission denied"):
        hub.run(hub.ben, "mv", str(outbound), str(outbound.with_name("mine")))
    assert Path(outbound / "inbound").owner() == hub.teacher


def test_students_have_neither_the_formgrader_nor_the_servers_of_others(hub):
    with logged_in(hub, hub.ben) as pages:
        page = pages[hub.ben]
        for path in (f"user/{hub.ben}/formgrader", f"user/{hub.ben}/course_list"):
            assert page.request.get(f"{hub.address}/{path}").status == 404
        assert page.request.get(f"{hub.address}/user/{hub.ada}/lab").status == 403


def test_somebody_without_an_account_is_told_whom_to_ask(hub):
    with lab_server.browser() as (page, _):
        log_in(page, hub, "nobody-knows", "secret")
        page.get_by_text("Invalid username or password").wait_for()
        assert page.get_by_text("write to your instructor").count() == 1
        picture(page, "hub_no_account")


def test_an_account_without_a_home_is_told_whom_to_ask(hub):
    with lab_server.browser() as (page, _):
        log_in(page, hub, hub.cyd, deployed.PASSWORD)
        page.get_by_text("Your account has no home folder").wait_for()
        picture(page, "hub_no_home")


def test_nobody_can_read_along_with_the_kernel_of_another(hub):
    with logged_in(hub, hub.ben) as pages:
        pages[hub.ben].get_by_text("| Idle").wait_for()
        runtime = hub.home(hub.ben) / ".jupyter-run"
        kernels = [json.loads(path.read_text()) for path in runtime.glob("kernel-*.json")]
        assert {kernel["transport"] for kernel in kernels} == {"ipc"}
        assert {Path(kernel["ip"]).parent for kernel in kernels} == {runtime}
        assert not hub.can_read(hub.ada, runtime)


def test_nobody_can_read_along_while_a_notebook_is_validated(hub):
    tags = {
        "grade": True, "grade_id": "x", "locked": True, "points": 1, "schema_version": 3,
        "solution": False, "task": False, "cell_type": "code",
    }  # fmt: skip
    cell = new_code_cell(
        "import json\n"
        "from ipykernel.connect import get_connection_info\n"
        "assert json.loads(get_connection_info())['transport'] == 'ipc'",
        metadata={"nbgrader": tags},
    )
    hub.write(hub.ben, hub.home(hub.ben) / "x.ipynb", nbformat.writes(new_notebook(cells=[cell])))
    assert "Success" in hub.run(hub.ben, "nbgrader", "validate", "x.ipynb")
