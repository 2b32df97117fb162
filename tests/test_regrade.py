"""`autograder regrade`: after a change of a master, the class is graded again."""

from __future__ import annotations

import ast
import hashlib
import io
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import course_folder
import hostile_class
import nbformat
import pytest
from course_folder import ASSIGNMENT, NOTEBOOK, Score
from nbgrader.api import Gradebook
from rich.console import Console

from autograder.authoring import build
from autograder.classroom.grading import locked
from autograder.classroom.regrading import regrade as regrading
from autograder.problem import Problem

WRITTEN = "written-why"
QUESTION = """
# %% [markdown] written="why" minutes=1 points=2
# ### BEGIN SOLUTION
# Because.
# ### END SOLUTION
"""
CONFIGURATION = """
from nbgrader.plugins import LateSubmissionPlugin

class Half(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return score / 2

c.AssignLatePenalties.plugin_class = Half

from autograder.classroom.grader import Grader

judge = Grader._judge

def fails_at_a_mark(self, name, outcomes, lines):
    if "# the grader fails here" in lines and name == "square":
        raise RuntimeError("out of order")
    return judge(self, name, outcomes, lines)

Grader._judge = fails_at_a_mark
"""
LATE = "2027-03-05 12:00:00 UTC"
ANSWERS = {
    "ada": {},
    "bob": {"square": "def square(xs):\n    return 2 * xs"},
    "eve": {"row_sums": "def row_sums(xs):\n    return xs[:, 0]"},
    "late": {},
    "extended": {},
    "gone": {},
    "fault": {"square": "# the grader fails here\ndef square(xs):\n    return xs * xs + 0"},
}
KEPT = ("gradebook.db", "verdicts.jsonl", "autograded", "exercises", "solutions")


def submission(folder: Path, answers: dict[str, str]) -> bytes:
    """The right answers, apart from these."""
    notebook = course_folder.right_answers(folder)
    for name, source in {WRITTEN: "Because it is so.", **answers}.items():
        course_folder.cell_of(notebook, name).source = source
    return nbformat.writes(notebook).encode()


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course whose class was graded, also by a person."""
    folder = tmp_path_factory.mktemp("graded")
    masters = folder / "masters" / ASSIGNMENT
    masters.mkdir(parents=True)
    text = hostile_class.MASTER.read_text(encoding="utf-8") + QUESTION
    text = text.replace('assignment="05_vmap" points=10', 'assignment="05_vmap" points=12')
    (masters / f"{NOTEBOOK}.py").write_text(text, encoding="utf-8")
    course = course_folder.make(folder / "course", masters.parent, workers=2)
    with (course / "nbgrader_config.py").open("a", encoding="utf-8") as config:
        config.write(CONFIGURATION)
    build.build_assignment(course / "solutions" / ASSIGNMENT / f"{NOTEBOOK}.py", course, course)
    run = course_folder.nbgrader(course, "generate_assignment", ASSIGNMENT)
    assert run.returncode == 0, run.stdout
    for student, answers in ANSWERS.items():
        path = course_folder.submit(course, student, submission(course, answers))
        if student in ("late", "extended"):
            path.with_name("timestamp.txt").write_text(LATE)
    with opened(course) as gradebook:
        gradebook.add_student("absent")
        gradebook.update_or_create_assignment(ASSIGNMENT, duedate="2027-03-01 17:00:00 UTC")
        gradebook.add_student("extended")
        gradebook.add_submission(ASSIGNMENT, "extended")
        gradebook.grant_extension(ASSIGNMENT, "extended", days=9)
    course_folder.submit(course, "unreadable", b"no notebook")
    run = course_folder.nbgrader(course, "autograde", ASSIGNMENT)
    assert run.returncode == 0, run.stdout
    (folder / "said").write_text(run.stdout, encoding="utf-8")
    (folder / "totals").write_text(repr(totals(course)), encoding="utf-8")
    for student in ANSWERS:
        course_folder.give_by_hand(course, student, WRITTEN, 1.5)
    course_folder.give_by_hand(course, "bob", "check-square", 1.5)
    with opened(course) as gradebook:
        grade = gradebook.find_grade("check-row_sums", NOTEBOOK, ASSIGNMENT, "ada")
        grade.extra_credit = 0.5
        comment = gradebook.find_comment("square", NOTEBOOK, ASSIGNMENT, "bob")
        comment.manual_comment = "Nearly."
        gradebook.db.commit()
    shutil.rmtree(course / "submitted" / "gone")
    course_folder.submit(course, "12345", submission(course, {}))
    return course


@pytest.fixture
def course(graded: Path, tmp_path: Path) -> Path:
    return shutil.copytree(graded, tmp_path / "course", symlinks=True)


def opened(course: Path) -> Gradebook:
    return Gradebook(f"sqlite:///{course}/gradebook.db", "numpy-to-jax")


def edit(course: Path, changes: dict[str, str]) -> None:
    """Change the master."""
    path = course / "solutions" / ASSIGNMENT / f"{NOTEBOOK}.py"
    text = path.read_text(encoding="utf-8")
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def points_of(exercise: str, old: int, new: int) -> dict[str, str]:
    """The change of a master that gives an exercise other points."""
    tags = f'exercise="{exercise}" stars=1 importance=1 minutes=1 points='
    title = 'assignment="05_vmap" points='
    return {f"{tags}{old}": f"{tags}{new}", f"{title}12": f"{title}{12 - old + new}"}


def written(course: Path) -> dict[str, str]:
    """A hash of each file that a regrading may change."""
    master = course / "solutions" / ASSIGNMENT / f"{NOTEBOOK}.py"
    paths = [path for name in KEPT for path in (course / name, *(course / name).rglob("*"))]
    return {
        str(path.relative_to(course)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
        if path.is_file() and path != master
    }


def known_verdicts(course: Path) -> int:
    with sqlite3.connect(course / ".verdicts" / "verdicts.db") as verdicts:
        # Only verdicts are JSON; the cache has keys and cards, too.
        query = "select count(*) from kept where value like '{%'"
        return int(verdicts.execute(query).fetchone()[0])


def totals(course: Path) -> dict[str, float]:
    """The points of each student, without those for being late."""
    with opened(course) as gradebook:
        return {
            one.student.id: one.score - (one.late_submission_penalty or 0)
            for one in gradebook.assignment_submissions(ASSIGNMENT)
        }


def regrade(course: Path, agrees: Callable[[], bool] = lambda: True) -> tuple[bool, str]:
    """Whether everything was written, and what was printed."""
    printed = io.StringIO()
    done = regrading.regrade(course, ASSIGNMENT, agrees, Console(file=printed, width=100))
    return done, printed.getvalue()


@pytest.mark.slow
def test_a_run_says_what_the_gradebook_has(graded: Path) -> None:
    """Whatever was handed in; what needs a person is named with the student and the file."""
    said = (graded.parent / "said").read_text(encoding="utf-8")
    points = ast.literal_eval((graded.parent / "totals").read_text(encoding="utf-8"))
    everybody = len(ANSWERS) + 1
    assert points == {
        "ada": 10,
        "bob": 8,
        "eve": 6,
        "late": 5,
        "extended": 10,
        "gone": 10,
        "fault": 8,
        "unreadable": 0,
    }
    for words in (
        f"Graded {everybody} submissions in ",
        f"square    5 of {everybody} passed",
        f"submissions that wait for a person: {everybody} (ada, bob, eve and 5 more)",
        "files that cannot be read, see above: unreadable",
        "faults of the grader, see above: fault (square)",
        f"The gradebook has {everybody} submissions of {ASSIGNMENT}, on average "
        f"{sum(points.values()) / everybody:.4g} of 12 points; {everybody} of them wait for a ",
        "unreadable (vmap.ipynb): vmap.ipynb is not a Jupyter notebook. A person has to grade it.",
        "fault (vmap.ipynb): the grader itself failed at square, so a person has to give the",
        "ada (vmap.ipynb): square: passed, ladder: passed, row_sums: passed",
    ):
        assert words in said


@pytest.mark.slow
def test_other_points_move_those_whom_they_concern_and_nothing_is_judged_again(
    course: Path,
) -> None:
    before, known, files = totals(course), known_verdicts(course), written(course)
    lines = len(course_folder.records(course))
    edit(course, points_of("square", 2, 1))

    def agrees() -> bool:
        assert written(course) == files
        with pytest.raises(Problem, match="Another run is grading"):
            locked(course)
        course_folder.give_by_hand(course, "eve", WRITTEN, 2.0)
        return True

    done, printed = regrade(course, agrees)
    assert done
    assert known_verdicts(course) == known
    assert before == {
        "ada": 12,
        "bob": 11,
        "eve": 7.5,
        "late": 6.5,
        "extended": 11.5,
        "gone": 11.5,
        "fault": 9.5,
        "unreadable": 0,
    }
    assert totals(course) == {
        "ada": 11,
        "bob": 11,
        "eve": 7,
        "late": 5.25,
        "extended": 10.5,
        "gone": 11.5,
        "fault": 9.5,
        "unreadable": 0,
    }
    for words in (
        "ada │ 12 │ 11 │ square: 2 → 1",
        "eve │ 7.5 │ 6.5 │ square: 2 → 1",
        "late │ 6.5 │ 5.25 │ square: 2 → 1",
        "bob │ 11 │ 11 │ square: 1.5 of 1 by hand, waits for a person",
        "The points of 4 of 7 submissions change.",
        "The assignment has 11 points instead of 12.",
        "the submission is not there any more: gone.",
        "Not graded yet, so `nbgrader autograde` will do it by the new rules: 12345.",
    ):
        assert words in " ".join(printed.split()), printed
    scores = course_folder.scores(course)
    assert scores["ada"][WRITTEN] == Score(None, 1.5, 2.0, False)
    assert scores["bob"]["check-square"] == Score(0.0, 1.5, 1.0, True)
    assert scores["eve"][WRITTEN] == Score(None, 2.0, 2.0, False)
    with opened(course) as gradebook:
        comment = gradebook.find_comment("square", NOTEBOOK, ASSIGNMENT, "bob")
        assert comment.manual_comment == "Nearly."
    assert len(course_folder.records(course)) == lines + 7
    released = course / "exercises" / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
    assert "· 1 point\\n" in released.read_text(encoding="utf-8")
    assert not (course / regrading.FOLDER).exists()
    files = written(course)
    done, printed = regrade(course, lambda: pytest.fail("There is nothing to ask."))
    assert done
    assert "Nobody's points change." in printed
    assert written(course) == files


@pytest.mark.slow
def test_another_specification_is_judged_again_also_after_an_interruption(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(
        course,
        {
            "return jnp.sum(xs, axis=1)": "return xs[:, 0]",
            "lambda xs: xs[:, 0], ": "lambda xs: jnp.sum(xs, axis=1), ",
        },
    )
    place = regrading._replace
    placed = []

    def killed(old: Path, new: Path, folder: Path) -> None:
        if placed:
            raise KeyboardInterrupt
        placed.append(place(old, new, folder))

    before, known = course_folder.scores(course), known_verdicts(course)
    with monkeypatch.context() as patch:
        patch.setattr(regrading, "_replace", killed)
        with pytest.raises(KeyboardInterrupt):
            regrade(course)
    assert course_folder.scores(course) == before
    assert known_verdicts(course) > known
    # A command that was killed leaves its folder.
    (course / regrading.FOLDER).mkdir()
    (course / regrading.FOLDER / "gradebook.db").write_bytes(b"half a gradebook")
    # Meanwhile, one student has handed in again, and a file came that cannot be read.
    again = submission(course, {"ladder": "def ladder(xs):\n    return xs"})
    (course / "submitted" / "bob" / ASSIGNMENT / f"{NOTEBOOK}.ipynb").write_bytes(again)
    (course / "submitted" / "eve" / ASSIGNMENT / f"{NOTEBOOK}.ipynb").write_bytes(b"no notebook")
    done, printed = regrade(course)
    assert done
    scores = course_folder.scores(course)
    assert scores["ada"]["check-row_sums"].auto == 0
    assert scores["ada"]["check-square"] == before["ada"]["check-square"]
    assert scores["bob"]["check-square"] == Score(2.0, 1.5, 2.0, True)
    assert scores["bob"]["check-ladder"].auto == 0
    assert scores["eve"]["check-row_sums"] == Score(None, None, 4.0, True)
    for words in ("ada │ 12 │ 8 │ row_sums: 4.5 → 0.5", "handed in again since"):
        assert words in " ".join(printed.split()), printed


@pytest.mark.slow
def test_without_a_terminal_it_prints_who_moves_and_writes_nothing(course: Path) -> None:
    edit(course, points_of("ladder", 4, 2))
    files = written(course)
    run = course_folder.run(course, "autograder", "regrade", ASSIGNMENT)
    assert run.returncode == 1
    for words in ("ladder: 4 → 2", "add --yes to write it", "Nothing was written."):
        assert words in run.stdout
    assert written(course) == files
