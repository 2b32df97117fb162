"""What nbgrader is given in place of what was handed in: regular files that it can read."""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import course_folder
import handed_in
import nbformat
import pytest
from course_folder import ASSIGNMENT, NOTEBOOK, ROOT, WRITTEN
from handed_in import IMPOSSIBLE, KINDS, NAMES
from nbformat.v4 import new_notebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import parse_utc

from autograder.classroom.intake import Intake
from autograder.classroom.restore import ASK, FOREIGN, KEY, restore, text_of


class TakenIn:
    """A whole class, taken in; the folder that nbgrader sees stays until the tests are done."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(ROOT / "solutions" / ASSIGNMENT, folder / "source" / ASSIGNMENT)
        self.right = course_folder.right_answers(ROOT)
        self.course = CourseDirectory(root=str(folder), assignment_id=ASSIGNMENT)
        self.submitted = folder / "submitted"
        for student, kind in KINDS.items():
            where = self.folder(student)
            where.mkdir(parents=True)
            kind.hand_in(where, self.right)
        for student in (*NAMES, *IMPOSSIBLE):
            handed_in.put(self.folder(student), handed_in.text(self.right))
        self.log = logging.getLogger("intake")
        self.intake = Intake(SimpleNamespace(coursedir=self.course, log=self.log))

    def folder(self, student: str) -> Path:
        return self.submitted / student / ASSIGNMENT

    def clean(self, student: str) -> Path:
        return Path(self.course.submitted_directory, student, ASSIGNMENT)


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TakenIn]:
    made = TakenIn(tmp_path_factory.mktemp("course"))
    with made.intake:
        yield made
    assert made.course.submitted_directory == "submitted"
    shutil.rmtree(made.submitted)


@pytest.fixture(scope="module")
def released() -> tuple[nbformat.NotebookNode, frozenset[str]]:
    """The cells of the release that nbgrader knows, and the texts of the others."""
    path = ROOT / "exercises" / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
    cells = nbformat.read(path, as_version=4).cells
    known = [cell for cell in cells if "nbgrader" in cell.metadata]
    others = frozenset(text_of(cell) for cell in cells if "nbgrader" not in cell.metadata)
    return new_notebook(cells=known), others


@pytest.mark.parametrize("student", KINDS)
def test_nbgrader_is_given_a_notebook_that_it_can_read(
    taken_in: TakenIn, released: tuple[nbformat.NotebookNode, frozenset[str]], student: str
) -> None:
    """With the written answer in its place, or a sentence that says why a person is asked."""
    kind, taken = KINDS[student], taken_in.intake.taken[student, NOTEBOOK]
    path = taken_in.clean(student) / f"{NOTEBOOK}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    restored = restore(notebook, *released)
    asked = restored.metadata[KEY].get(ASK, "")
    assert bool(asked) == kind.asks
    assert taken.ask == ("" if asked == FOREIGN else asked)
    names = [one.metadata.nbgrader.grade_id for one in restored.cells if one.metadata]
    assert len(set(names)) == len(names)
    assert {one.id for one in released[0].cells if one.metadata.nbgrader.grade} <= set(names)
    said = f"{taken.note} {asked}. A person has to grade it"
    if kind.says and not kind.says.startswith(("Left out", handed_in.NO_DATE)):
        assert re.search(kind.says, said)
    if not kind.asks:
        written = course_folder.cell_of(restored, WRITTEN).source
        assert (written == handed_in.STUB) != kind.written


@pytest.mark.parametrize("student", [name for name in KINDS if name.startswith("dated")])
def test_a_date_can_be_read_or_is_not_there(taken_in: TakenIn, student: str) -> None:
    """And means what the student's file says."""
    stamp = taken_in.clean(student) / "timestamp.txt"
    assert stamp.exists() == (not KINDS[student].says)
    if stamp.exists():
        parse_utc(stamp.read_text(encoding="ascii"))


def test_any_name_of_one_line_is_a_student(taken_in: TakenIn) -> None:
    """And one sentence tells of each other folder."""
    assert {student for student, _ in taken_in.intake.taken} == {*KINDS, *NAMES}
    assert len(taken_in.intake.refused) == len(IMPOSSIBLE)
    assert all(sentence.isprintable() for sentence in taken_in.intake.refused)


def test_files_are_there_while_a_student_is_graded(taken_in: TakenIn) -> None:
    """Those of everybody would fill the disk."""
    clean = taken_in.clean("files_beside_it")
    before = set(clean.iterdir())
    with taken_in.intake.files_of("files_beside_it"):
        assert (clean / "data" / "a b.bin").read_bytes() == b"\xff\0"
        assert (clean / "utils.py").exists()
    assert set(clean.iterdir()) == before


@pytest.mark.parametrize("student", ["links_beside_it", "a_pipe_beside_it", "too_much_beside_it"])
def test_links_pipes_and_holes_are_left_out(
    taken_in: TakenIn, student: str, caplog: pytest.LogCaptureFixture
) -> None:
    with taken_in.intake.files_of(student):
        there = [path for path in taken_in.clean(student).rglob("*") if not path.is_dir()]
        assert all(path.stat().st_size < 10**6 for path in there)
        assert not any(path.is_symlink() for path in there)
        assert len(there) <= 1001
    assert re.search(KINDS[student].says, caplog.text)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_asks_for_a_person(tmp_path: Path) -> None:
    folder = tmp_path / "submitted" / "ada" / ASSIGNMENT
    handed_in.put(tmp_path / "source" / ASSIGNMENT, "{}")
    handed_in.put(folder, "{}").chmod(0)
    course = CourseDirectory(root=str(tmp_path), assignment_id=ASSIGNMENT)
    with Intake(SimpleNamespace(coursedir=course, log=logging.getLogger())) as intake:
        assert (
            intake.taken["ada", NOTEBOOK].ask
            == "vmap.ipynb may not be read by the account that grades"
        )


def test_one_student_whose_name_is_a_pattern_is_that_student(taken_in: TakenIn) -> None:
    """As the formgrader asks for one: nobody else is graded again."""
    course = CourseDirectory(root=taken_in.course.root, assignment_id=ASSIGNMENT)
    course.student_id = "[abc]*"
    with Intake(SimpleNamespace(coursedir=course, log=logging.getLogger())) as intake:
        assert set(intake.taken) == {("[abc]*", NOTEBOOK)}


def test_several_notebooks_are_told_apart_by_their_names(tmp_path: Path) -> None:
    """One that was not handed in stays so, which nbgrader says."""
    for name in ("one", "one_more", "last"):
        handed_in.put(tmp_path / "source" / "ps1", handed_in.text(new_notebook()), f"{name}.ipynb")
    folder = tmp_path / "submitted" / "ada" / "ps1"
    content = handed_in.text(new_notebook())
    for name in ("one.ipynb", "ONE_MORE (2).ipynb", "thoughts.ipynb"):
        handed_in.put(folder, content, name)
    course = CourseDirectory(root=str(tmp_path), assignment_id="ps1")
    with Intake(SimpleNamespace(coursedir=course, log=logging.getLogger())) as intake:
        found = {name: taken.file for (_, name), taken in intake.taken.items()}
    assert found == {"one": "one.ipynb", "one_more": "ONE_MORE (2).ipynb"}
