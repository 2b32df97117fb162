"""A copy of a gradebook, what changes in it, and what stays when it is graded again."""

from __future__ import annotations

import datetime
import io
import shutil
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

import course_folder
import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook
from rich.console import Console
from test_exporters import server  # noqa: F401  (a fixture)

from autograder.classroom import gradebook as books
from autograder.classroom.regrading import gradebook_changes, manual_work, scores
from autograder.classroom.regrading.gradebook_changes import Rows
from autograder.classroom.regrading.regrade import State, Submissions, report
from autograder.problem import Problem

PLACE = ("one", "ps1")
KINDS = {"f": "solution", "check-f": "check", "g": "solution", "check-g": "check", "why": "written"}


def fill(opened: Gradebook) -> None:
    """A gradebook in which ada and bob have handed in two exercises and a written answer."""
    with opened as gradebook:
        gradebook.add_assignment("ps1", duedate="2027-03-01 17:00:00 UTC")
        gradebook.add_notebook(*PLACE)
        for name, kind in KINDS.items():
            cell_type = "markdown" if kind == "written" else "code"
            if kind in ("check", "written"):
                gradebook.add_grade_cell(name, *PLACE, max_score=4.0, cell_type=cell_type)
            if kind in ("solution", "written"):
                gradebook.add_solution_cell(name, *PLACE)
            gradebook.add_source_cell(name, *PLACE, cell_type=cell_type, source="")
        for student, points in {"ada": 4.0, "bob": 0.0}.items():
            gradebook.add_student(student)
            submission = gradebook.add_submission("ps1", student)
            submission.extension = datetime.timedelta(days=2)
            for name in ("check-f", "check-g"):
                grade = gradebook.find_grade(name, *PLACE, student)
                grade.auto_score, grade.needs_manual_grade = points, False
            grade = gradebook.find_grade("why", *PLACE, student)
            grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 3.0, 0.5, False
            gradebook.find_submission_notebook(*PLACE, student).late_submission_penalty = 0.25
        gradebook.db.commit()


def read(url: str) -> Rows:
    with Gradebook(url, "numerics") as gradebook:
        return gradebook_changes.rows(gradebook)


def change(url: str, student: str, name: str, **values: Any) -> None:
    """Change a grade, as a person or a run does."""
    with Gradebook(url, "numerics") as gradebook:
        grade = gradebook.find_grade(name, *PLACE, student)
        for column, value in values.items():
            setattr(grade, column, value)
        gradebook.db.commit()


@pytest.fixture(scope="module")
def gradebooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a gradebook and the copy that a run makes of it."""
    folder = tmp_path_factory.mktemp("gradebooks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", course_folder.path())  # for a new gradebook, nbgrader runs alembic
        fill(course_folder.new_gradebook(folder / "gradebook.db", "numerics"))
        content = read(f"sqlite:///{folder}/gradebook.db")
        gradebook_changes.write_copy(content, f"sqlite:///{folder}/aside.db")
    return folder


@pytest.fixture
def url(gradebooks: Path, tmp_path: Path) -> str:
    """The address of a gradebook."""
    return f"sqlite:///{shutil.copy(gradebooks / 'gradebook.db', tmp_path)}"


@pytest.fixture
def aside(gradebooks: Path, tmp_path: Path) -> str:
    """The address of the copy of the gradebook."""
    return f"sqlite:///{shutil.copy(gradebooks / 'aside.db', tmp_path)}"


def write(url: str, before: Rows, after: Rows) -> None:
    with Gradebook(url, "numerics") as gradebook:
        gradebook_changes.write(gradebook, gradebook_changes.changes(before, after))
        gradebook.db.commit()


def check_that_only_changes_are_written(url: str, aside: str) -> None:
    before = read(url)
    assert gradebook_changes.changes(before, read(aside)) == []
    change(aside, "ada", "check-f", auto_score=2.0)
    change(url, "ada", "check-f", manual_score=1.0, needs_manual_grade=True)
    change(url, "bob", "why", manual_score=4.0)
    write(url, before, read(aside))
    after = scores.of_class(read(url), "ps1")
    graded = after["ada"].cells["one", "check-f"]
    assert (graded.automatic, graded.manual, graded.waits) == (2.0, 1.0, True)
    assert after["bob"].cells["one", "why"].manual == 4.0
    (extension,) = {row["extension"] for row in read(url)["submitted_assignment"].values()}
    assert extension == datetime.timedelta(days=2)


def test_what_a_person_grades_meanwhile_stays(url: str, aside: str) -> None:
    check_that_only_changes_are_written(url, aside)


@pytest.mark.slow
def test_what_a_person_grades_meanwhile_stays_in_postgresql(
    server: str,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", course_folder.path())
    fill(Gradebook(server, "numerics"))
    aside = f"sqlite:///{tmp_path}/aside.db"
    gradebook_changes.write_copy(read(server), aside)
    check_that_only_changes_are_written(server, aside)
    before = read(server)
    write(server, before, fitted(before, tmp_path / "source", without("g", "check-g")))
    left = {name for _, name in scores.of_class(read(server), "ps1")["ada"].cells}
    assert left == {"check-f", "why"}


def test_if_somebody_changed_the_same_grade_nothing_is_written(url: str, aside: str) -> None:
    before = read(url)
    change(aside, "ada", "check-f", auto_score=2.0)
    change(aside, "bob", "check-f", auto_score=2.0)
    change(url, "bob", "check-f", auto_score=1.0)
    with pytest.raises(Problem, match="Somebody has changed the gradebook"):
        write(url, before, read(aside))
    assert scores.of_class(read(url), "ps1")["ada"].cells["one", "check-f"].automatic == 4.0


def test_an_interrupted_write_leaves_the_gradebook_as_it_was(url: str, aside: str) -> None:
    before = read(url)
    change(aside, "ada", "check-f", auto_score=2.0)
    with Gradebook(url, "numerics") as gradebook:
        gradebook_changes.write(gradebook, gradebook_changes.changes(before, read(aside)))
    assert read(url) == before


def test_a_formgrader_that_is_open_sees_the_new_grades(url: str, aside: str) -> None:
    before = read(url)
    change(aside, "ada", "check-f", auto_score=2.0)
    with Gradebook(url, "numerics") as formgrader:
        assert formgrader.find_submission("ps1", "ada").score == 11.5
        write(url, before, read(aside))
        formgrader.db.expire_all()
        assert formgrader.find_submission("ps1", "ada").score == 9.5


def test_points_are_those_of_nbgrader(url: str) -> None:
    content = read(url)
    with Gradebook(url, "numerics") as gradebook:
        expected = {
            submission.student.id: submission.score - submission.late_submission_penalty
            for submission in gradebook.assignment_submissions("ps1")
        }
        assert scores.most(content, "ps1") == gradebook.find_assignment("ps1").max_score
    found = {student: own.points for student, own in scores.of_class(content, "ps1").items()}
    assert found == expected == {"ada": 11.25, "bob": 3.25}


def cells_of(names: dict[str, str]) -> Iterator[NotebookNode]:
    for name, kind in names.items():
        cell = (new_markdown_cell if kind == "written" else new_code_cell)("", id=name)
        cell.metadata["nbgrader"] = {
            "grade_id": name,
            "grade": kind in ("check", "written"),
            "solution": kind in ("solution", "written"),
            "locked": kind == "check",
            "task": False,
        }
        yield cell


def fitted(content: Rows, folder: Path, names: dict[str, str]) -> Rows:
    """The rows for an assignment that has only these cells now."""
    folder.mkdir()
    nbformat.write(new_notebook(cells=list(cells_of(names))), folder / "one.ipynb")
    return manual_work.without_removed_cells(content, "ps1", folder)


def without(*names: str) -> dict[str, str]:
    return {name: kind for name, kind in KINDS.items() if name not in names}


def test_an_assignment_with_the_same_cells_leaves_all_rows(url: str, tmp_path: Path) -> None:
    assert fitted(read(url), tmp_path / "source", KINDS) == read(url)


def test_a_removed_exercise_takes_its_points_along(url: str, tmp_path: Path) -> None:
    before = read(url)
    after = fitted(before, tmp_path / "source", without("g", "check-g"))
    write(url, before, after)
    assert read(url) == after
    assert scores.most(after, "ps1") == 8
    assert {name for _, name in scores.of_class(after, "ps1")["ada"].cells} == {"check-f", "why"}


def test_an_exercise_that_a_person_has_graded_is_not_removed(url: str, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"^why was removed from ps1, but \w+ has points or a commen"):
        fitted(read(url), tmp_path / "source", without("why"))
    change(url, "bob", "check-f", manual_score=0.0)
    with pytest.raises(Problem, match=r"^f was removed from ps1, but bob has points"):
        fitted(read(url), tmp_path / "other", without("f", "check-f"))


def test_an_added_or_renamed_exercise_is_one_sentence(url: str, tmp_path: Path) -> None:
    names = {**without("f", "check-f"), "h": "solution", "check-h": "check"}
    with pytest.raises(Problem, match=r"^h cannot be added to ps1, because .* former name again\."):
        fitted(read(url), tmp_path / "source", names)


def test_exercises_come_and_go_while_nobody_has_handed_in(url: str, tmp_path: Path) -> None:
    with Gradebook(url, "numerics") as gradebook:
        for student in ("ada", "bob"):
            gradebook.remove_submission("ps1", student)
    content = read(url)
    assert fitted(content, tmp_path / "source", {"h": "solution"}) == content


@pytest.mark.parametrize(
    ("what", "is_same", "waits"),
    [
        ("nothing", True, False),
        ("another answer", False, True),
        ("other points", True, True),
    ],
)
def test_a_person_looks_again_only_where_something_changed(
    url: str, aside: str, what: str, is_same: bool, waits: bool
) -> None:
    """nbgrader asks for it wherever a person gave points."""
    before = scores.of_class(read(url), "ps1")
    change(aside, "ada", "why", needs_manual_grade=True)
    if what == "other points":
        with Gradebook(aside, "numerics") as gradebook:
            gradebook.find_grade_cell("why", *PLACE).max_score = 2.0
            gradebook.db.commit()
    content = read(aside)
    same = {("ada", ("one", "why"))} if is_same else set()
    kept = manual_work.keep_reviews(content, before, scores.of_class(content, "ps1"), same)
    score = scores.of_class(kept, "ps1")["ada"].cells["one", "why"]
    assert (score.manual, score.extra, score.waits) == (3.0, 0.5, waits)


def test_the_totals_are_those_of_whoever_has_handed_in(url: str) -> None:
    """A student who was only given more time has a row in the gradebook, too."""
    with Gradebook(url, "numerics") as gradebook:
        gradebook.add_student("fay")
        gradebook.add_submission("ps1", "fay").extension = datetime.timedelta(days=2)
        gradebook.db.commit()
        assert len(gradebook.assignment_submissions("ps1")) == 3
        totals = books.totals(gradebook, "ps1")
    assert (totals.most, sorted(totals.points), totals.waiting) == (12, [3.25, 11.25], 0)


def shown(before: Rows, after: Rows, again: Set[str] = frozenset()) -> str:
    """What a regrading prints of this change, without the lines of the table."""
    printed = io.StringIO()
    states = [State.of(content, "ps1") for content in (before, after)]
    for part in report(*states, Submissions(("ada", "bob"), (), ()), again):
        Console(file=printed, width=100).print(part, highlight=False)
    return " ".join(printed.getvalue().split())


def test_a_regrading_shows_who_moves_and_why(url: str, aside: str) -> None:
    change(aside, "ada", "check-f", auto_score=2.0)
    change(aside, "ada", "why", needs_manual_grade=True)
    with Gradebook(aside, "numerics") as gradebook:
        notebook = gradebook.find_submission_notebook(*PLACE, "ada")
        notebook.late_submission_penalty = 0.0
        gradebook.find_grade_cell("why", *PLACE).max_score = 2.0
        gradebook.db.commit()
    printed = shown(read(url), read(aside), {"bob"})
    for words in (
        "ada │ 11.25 │ 9.5 │ f: 4 → 2",
        "why: 3.5 of 2 by hand, waits for a person",
        "late: −0.25 → −0",
        "bob │ 3.25 │ 3.25 │ handed in again since",
        "The points of 1 of 2 submissions change.",
        "The assignment has 10 points instead of 12.",
    ):
        assert words in printed


def test_if_nobody_moves_it_is_one_sentence(url: str) -> None:
    assert shown(read(url), read(url)) == "Nobody's points change."


def test_a_removed_exercise_is_shown_to_whom_it_gave_points(url: str, tmp_path: Path) -> None:
    before = read(url)
    printed = shown(before, fitted(before, tmp_path / "source", without("g", "check-g")))
    assert "ada │ 11.25 │ 7.25 │ g: 4 → removed" in printed
    assert "bob" not in printed


def test_a_student_who_is_graded_for_the_first_time_moves_from_zero(url: str, aside: str) -> None:
    with Gradebook(url, "numerics") as gradebook:
        gradebook.remove_submission("ps1", "ada")
    printed = shown(read(url), read(aside))
    assert "ada │ 0 │ 11.25 │ f: 0 → 4" in printed
    assert "The points of 1 of 2 submissions change." in printed
