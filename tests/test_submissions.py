"""A class of which everybody hands in something else, graded from release to export."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import course_folder
import handed_in
import nbformat
import pytest
from course_folder import ASSIGNMENT, NOTEBOOK, WRITTEN, Score
from handed_in import IMPOSSIBLE, KINDS, NAMES

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Class:
    """What one run over the class left behind.

    Attributes:
        folder: the course's.
        before: every regular file below `submitted/`, as it was handed in.
        code: the exit status of autograde; `said` is what it printed.
        scores: the gradebook.
        feedback: what generate_feedback printed, and its exit status.
        exported: the rows of `grades.csv` by student.
    """

    folder: Path
    before: dict[Path, bytes]
    code: int
    said: str
    scores: dict[str, dict[str, Score]]
    feedback: tuple[int, str]
    exported: dict[str, dict[str, str]]


def small_files(folder: Path) -> dict[Path, bytes]:
    """The regular files below a folder that are no larger than 10 MB."""
    return {
        path: path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and path.stat().st_size < 10**7
    }


@pytest.fixture(scope="module")
def classroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    """Everybody, graded at once."""
    folder = course_folder.make(tmp_path_factory.mktemp("course"), seconds=20.0)
    run = course_folder.nbgrader(folder, "generate_assignment", ASSIGNMENT)
    assert run.returncode == 0, run.stdout
    right = course_folder.right_answers(folder)
    for student, kind in KINDS.items():
        where = folder / "submitted" / student / ASSIGNMENT
        where.mkdir(parents=True)
        kind.hand_in(where, right)
    for student in (*NAMES, *IMPOSSIBLE):
        where = folder / "submitted" / student / ASSIGNMENT
        handed_in.put(where, handed_in.text(right))
    before = small_files(folder / "submitted")
    run = course_folder.run(folder, "nbgrader", "autograde", ASSIGNMENT, seconds=1200)
    feedback = course_folder.run(folder, "nbgrader", "generate_feedback", ASSIGNMENT, seconds=1200)
    export = course_folder.nbgrader(folder, "export")
    assert export.returncode == 0, export.stdout
    with (folder / "grades.csv").open(encoding="utf-8") as file:
        exported = {row["student_id"]: row for row in csv.DictReader(file)}
    yield Class(
        folder,
        before,
        run.returncode,
        run.stdout,
        course_folder.scores(folder),
        (feedback.returncode, feedback.stdout),
        exported,
    )
    # Links to devices and files with holes are not for pytest to keep.
    shutil.rmtree(folder)


@pytest.mark.parametrize("student", KINDS)
def test_every_submission_gets_a_verdict_or_asks_for_a_person(
    classroom: Class, student: str
) -> None:
    """What can be read is graded; what cannot has no points yet, and the log says why."""
    kind, scores = KINDS[student], classroom.scores[student]
    waiting = {name for name, score in scores.items() if score.needs_manual_grade}
    assert waiting == (set(scores) if kind.asks else {WRITTEN} if kind.written else set())
    assert sum(score.auto or 0.0 for score in scores.values()) == kind.score
    if kind.asks:
        assert {score.auto for score in scores.values()} == {None}
    if kind.says:
        lines = [line for line in classroom.said.splitlines() if re.search(kind.says, line)]
        assert [line for line in lines if student in line]


@pytest.mark.parametrize("student", NAMES)
def test_any_name_of_a_student_is_graded(classroom: Class, student: str) -> None:
    """Signs that mean something to a shell or to Python mean nothing in a name."""
    assert sum(score.auto or 0.0 for score in classroom.scores[student].values()) == 18.0
    page = classroom.folder / "feedback" / student / ASSIGNMENT / f"{NOTEBOOK}.html"
    assert "passed" in page.read_text(encoding="utf-8")


def test_an_impossible_name_is_one_sentence(classroom: Class) -> None:
    """The others are graded, and the command says by its status that somebody was not."""
    assert classroom.scores.keys() == {*KINDS, *NAMES}
    assert classroom.code == 1
    for student in IMPOSSIBLE:
        said = ascii(student)[1:-1]
        lines = [
            line for line in classroom.said.splitlines() if "cannot be graded: a student" in line
        ]
        assert [line for line in lines if said in line and line.endswith("run the command again.")]
        assert student not in classroom.said


def test_nobody_sees_a_traceback(classroom: Class) -> None:
    """Neither of autograde nor of the commands after it."""
    assert "Traceback" not in classroom.said
    assert classroom.feedback[0] == 0, classroom.feedback[1][-2000:]
    assert "Traceback" not in classroom.feedback[1]
    # nbgrader writes a comma in a name as it is into its CSV.
    everybody = {name for name in (*KINDS, *NAMES) if "," not in name}
    assert everybody <= classroom.exported.keys()


def test_the_summary_has_the_counts_of_the_gradebook(classroom: Class) -> None:
    """Of everybody who is in it."""
    everybody = len(KINDS) + len(NAMES)
    summary = classroom.said[classroom.said.index(f"Graded {everybody} submissions in ") :]
    for name in ("pairwise", "attention"):
        check = f"check-{name}"
        passed = sum(scores[check].auto == 3.0 for scores in classroom.scores.values())
        assert re.search(rf"{name} +{passed} of {everybody} passed", summary)
    waiting = [
        one for one in classroom.scores.values() if any(s.needs_manual_grade for s in one.values())
    ]
    assert f"submissions that wait for a person: {len(waiting)} (" in summary
    points = [sum(score.auto or 0 for score in own.values()) for own in classroom.scores.values()]
    assert (
        f"The gradebook has {everybody} submissions of {ASSIGNMENT}, on average "
        f"{sum(points) / everybody:.4g} of 20 points; {len(waiting)} of them wait for a person."
    ) in summary


def test_what_was_handed_in_is_not_changed(classroom: Class) -> None:
    """Not a byte."""
    assert small_files(classroom.folder / "submitted") == classroom.before


def test_nothing_of_the_target_of_a_link_is_copied(classroom: Class) -> None:
    """Into what was graded, or into what students get back."""
    secrets = {"BEGIN HIDDEN", "rejected_by", Path("/etc/passwd").read_text().splitlines()[0]}
    for folder in ("autograded", "feedback"):
        for student in ("a_link_to_the_master", "a_link_to_the_system", "links_beside_it"):
            text = b"".join(small_files(classroom.folder / folder / student).values()).decode()
            assert text
            assert [one for one in secrets if one in text] == []
    there = {path.name for path in (classroom.folder / "autograded" / "links_beside_it").rglob("*")}
    assert there == {ASSIGNMENT, f"{NOTEBOOK}.ipynb"}


def test_files_beside_the_notebook_come_along(classroom: Class) -> None:
    """As nbgrader has it, but no more of them than a folder may hold."""
    folder = classroom.folder / "autograded" / "files_beside_it" / ASSIGNMENT
    assert (folder / "data" / "a b.bin").read_bytes() == b"\xff\0"
    assert (folder / "utils.py").read_text(encoding="utf-8") == "x = 1"
    many = classroom.folder / "autograded" / "too_much_beside_it" / ASSIGNMENT / "many"
    assert 900 < len(list(many.iterdir())) <= 1000


@pytest.mark.parametrize(
    "student",
    [name for name in KINDS if name.startswith(("metadata", "written", "new_ids", "cells_moved"))],
)
def test_a_written_answer_is_where_a_person_looks_for_it(classroom: Class, student: str) -> None:
    """In the cell that carries its points."""
    path = classroom.folder / "autograded" / student / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
    source = course_folder.cell_of(nbformat.read(path, as_version=4), WRITTEN).source
    assert source == (handed_in.SAID if KINDS[student].written else handed_in.STUB)
