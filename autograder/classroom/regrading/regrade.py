"""`autograder regrade`: grades an assignment again after its master has changed.

Everything is made in a folder of its own first: the built assignment, a copy of the gradebook, the
graded notebooks. So what changes is known, and shown, before anything is written. Answers to an
exercise that has not changed have their verdicts in the cache, and are not judged again.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbgrader import utils
from nbgrader.coursedir import CourseDirectory
from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.authoring import build, configuration, course
from autograder.classroom import gradebook as books
from autograder.classroom import intake, log
from autograder.classroom.class_run import counted
from autograder.classroom.grading import locked
from autograder.classroom.intake import STAMP
from autograder.classroom.regrading import gradebook_changes, manual_work, scores
from autograder.classroom.regrading.gradebook_changes import Rows
from autograder.classroom.regrading.scores import CellName, Scores
from autograder.problem import Problem
from autograder.student.check_file import SUFFIX
from autograder.text import printable

FOLDER = ".regrading"
"""The folder in the course's folder that holds what is not written yet."""


@dataclass(frozen=True)
class State:
    """What a gradebook says of an assignment.

    Attributes:
        rows: everything in the gradebook.
        most: the points of the assignment.
        students: the points of each student.
    """

    rows: Rows
    most: float
    students: Mapping[str, Scores]

    @classmethod
    def of(cls, rows: Rows, assignment: str) -> State:
        """The state that these rows describe."""
        return cls(rows, scores.most(rows, assignment), scores.of_class(rows, assignment))


@dataclass(frozen=True)
class Submissions:
    """The students of an assignment, by what is there to grade.

    Attributes:
        graded: those whose submission was graded, and is still there.
        gone: those whose submission was graded, and is not in `submitted/` any more.
        new: those who were never graded.
    """

    graded: tuple[str, ...]
    gone: tuple[str, ...]
    new: tuple[str, ...]


def regrade(root: Path, assignment: str, agrees: Callable[[], bool], console: Console) -> bool:
    """Build an assignment, grade it again, print who moves, and write it if `agrees()` says so.

    Args:
        root: the course's folder.
        assignment: its name.
        agrees: asks whether to write it; it is called only if grades or feedback change.
        console: where it prints.

    Returns:
        False if nothing was written because `agrees` said so.

    Raises:
        Problem: it cannot be graded again; nothing was written.
    """
    masters = course.masters(root, assignment)
    there = _directory(root, assignment)
    with contextlib.ExitStack() as closing:
        closing.callback(locked(root).release)
        aside = _aside(closing, root, assignment)
        with books.opened(there) as gradebook:
            books.assignment(gradebook, assignment)
            before = State.of(gradebook_changes.rows(gradebook), assignment)
        submissions = _submissions(there, before.students)
        console.print(f"Building {assignment} …", highlight=False)
        for path in masters:
            build.build_assignment(path, root, root / FOLDER)
        source = root / FOLDER / "solutions" / assignment
        fitting = manual_work.without_removed_cells(before.rows, assignment, source)
        gradebook_changes.write_copy(fitting, aside.db_url)
        _generate(aside)
        if submissions.graded:
            console.print(
                f"Grading {counted(len(submissions.graded), 'submission')} again …", highlight=False
            )
            _autograde(there, aside, submissions.new)
        with books.opened(aside) as gradebook:
            after = State.of(gradebook_changes.rows(gradebook), assignment)
        graded = {student: after.students[student] for student in submissions.graded}
        same, again = _compared(there, aside, graded)
        rows = manual_work.keep_reviews(after.rows, before.students, after.students, same)
        after = State.of(rows, assignment)
        for part in report(before, after, submissions, again):
            # An id may look like rich's markup.
            console.print(Text(part) if isinstance(part, str) else part)
        changes = gradebook_changes.changes(before.rows, after.rows)
        if changes or _pages_change(there, aside, submissions.graded):
            if not agrees():
                return False
            with books.opened(there) as gradebook:
                gradebook_changes.write(gradebook, changes)
                _place_notebooks(there, aside, submissions.graded)
                # Last: if this command is interrupted, the next one finds that it has work left.
                gradebook.db.commit()
            console.print("Written.")
            if submissions.graded:
                told = f"`nbgrader generate_feedback {assignment} --force` tells the students."
                console.print(told, highlight=False)
        _place_release(there, aside)
        build.update_outlines(course.read(root), root)
    return True


def _directory(root: Path, assignment: str, **others: str) -> CourseDirectory:
    """nbgrader's folders of the course; `others` count more than the course's configuration."""
    config = configuration.read(root)
    return CourseDirectory(config=config, root=str(root), assignment_id=assignment, **others)


def _aside(closing: contextlib.ExitStack, root: Path, assignment: str) -> CourseDirectory:
    """The course with folders and a gradebook of their own, which are deleted at the end."""
    folder = root / FOLDER
    shutil.rmtree(folder, ignore_errors=True)  # what a killed command left
    folder.mkdir(mode=0o700)
    closing.callback(shutil.rmtree, folder, ignore_errors=True)
    # nbgrader finds the files in any course only if their path is relative to the course's folder.
    return _directory(
        root,
        assignment,
        source_directory=f"{FOLDER}/solutions",
        release_directory=f"{FOLDER}/exercises",
        autograded_directory=f"{FOLDER}/autograded",
        db_url=f"sqlite:///{folder}/gradebook.db",
    )


def _submissions(there: CourseDirectory, known: Mapping[str, Scores]) -> Submissions:
    handed_in = {student for student, _ in intake.students(there, there.submitted_directory)}
    with_notebook = {student for student, _ in intake.students(there, there.autograded_directory)}
    graded = {
        student
        for student, own in known.items()
        if student in with_notebook
        or any(score.automatic is not None for score in own.cells.values())
    }
    left = {*there.student_id_exclude.split(","), ""}
    # nbgrader cannot leave out an id with a comma, so this student is graded with the others.
    new = {student for student in handed_in - graded - left if "," not in student}
    return Submissions(
        tuple(sorted(handed_in - new - left)),
        tuple(sorted(graded - handed_in - left)),
        tuple(sorted(new)),
    )


def _generate(aside: CourseDirectory) -> None:
    done = _nbgrader(aside, "generate_assignment", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        *_, last = done.stdout.splitlines() or ["it says nothing"]
        raise Problem(
            f"nbgrader cannot generate {aside.assignment_id}, so nothing was written: {last}"
        )


def _autograde(there: CourseDirectory, aside: CourseDirectory, left_out: Sequence[str]) -> None:
    excluded = ",".join(filter(None, [there.student_id_exclude, *left_out]))
    done = _nbgrader(
        aside,
        "autograde",
        f"--CourseDirectory.student_id_exclude={excluded}",
        f"--GradingRun.aside={FOLDER}",
        "--Application.log_level=ERROR",
    )
    if done.returncode:
        raise Problem(
            f"{aside.assignment_id} was not graded again for the reason above, and nothing was "
            "written."
        )


def _nbgrader(aside: CourseDirectory, step: str, *options: str, **streams: Any) -> Any:
    """Run a step of nbgrader on the folders and the gradebook of `aside`."""
    names = ("source_directory", "release_directory", "autograded_directory", "db_url")
    chosen = [f"--CourseDirectory.{name}={getattr(aside, name)}" for name in names]
    command = [sys.executable, "-m", "nbgrader", step, aside.assignment_id, *chosen, *options]
    return subprocess.run(command, cwd=aside.root, text=True, **streams)


def _compared(
    there: CourseDirectory, aside: CourseDirectory, graded: Mapping[str, Scores]
) -> tuple[set[tuple[str, CellName]], set[str]]:
    """The cells of students whose answers are as they were graded, and who handed in again."""
    same, again = set[tuple[str, CellName]](), set[str]()
    for student, own in graded.items():
        after = _answers(aside, student)
        before = {
            name: source for name, source in _answers(there, student).items() if name in after
        }
        dates = [_stamp(directory, student) for directory in (there, aside)]
        same |= {
            (student, name)
            for name in own.cells
            if before == after or (name in before and before[name] == after[name])
        }
        if before and (before != after or dates[0] != dates[1]):
            again.add(student)
    return same, again


def _answers(directory: CourseDirectory, student: str) -> dict[CellName, str]:
    """What a student has written into each cell for an answer, in the graded notebooks."""
    found = {}
    for path in _autograded(directory, student).glob("*.ipynb"):
        with contextlib.suppress(ValueError):  # a grading that was killed leaves half a file
            for cell in nbformat.reads(path.read_text(encoding="utf-8"), as_version=4).cells:
                if utils.is_solution(cell):
                    found[path.stem, cell.metadata.nbgrader["grade_id"]] = cell.source
    return found


def _stamp(directory: CourseDirectory, student: str) -> bytes:
    path = _autograded(directory, student) / STAMP
    return path.read_bytes() if path.is_file() else b""


def _autograded(directory: CourseDirectory, student: str) -> Path:
    step = directory.autograded_directory
    return Path(directory.format_path(step, student, directory.assignment_id))


def _pages_change(there: CourseDirectory, aside: CourseDirectory, graded: Sequence[str]) -> bool:
    """Whether the graded notebooks change, from which nbgrader makes the feedback."""
    return any(_pages(there, student) != _pages(aside, student) for student in graded)


def _pages(directory: CourseDirectory, student: str) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes() for path in _autograded(directory, student).glob("*.ipynb")
    }


def _place_notebooks(there: CourseDirectory, aside: CourseDirectory, graded: Sequence[str]) -> None:
    """Move the graded notebooks to their places in the course, and log their verdicts."""
    for student in graded:
        _replace(_autograded(there, student), _autograded(aside, student), Path(aside.root, FOLDER))
    for record in log.records(Path(aside.root, FOLDER), aside.assignment_id):
        log.append(Path(there.root), record)


def _place_release(there: CourseDirectory, aside: CourseDirectory) -> None:
    """Move the built assignment to its place in the course."""
    folder = Path(aside.root, FOLDER)
    for made in (folder / "solutions" / there.assignment_id).iterdir():
        if made.suffix in (".ipynb", SUFFIX):
            made.replace(Path(there.root, "solutions", there.assignment_id, made.name))
    old, new = (
        Path(directory.format_path(directory.release_directory, ".", there.assignment_id))
        for directory in (there, aside)
    )
    _replace(old, new, folder)


def _replace(old: Path, new: Path, folder: Path) -> None:
    """Put the folder `new` in the place of `old`, which goes to this folder."""
    if old.exists():
        old.replace(folder / f"former {len(list(folder.iterdir()))}")
    old.parent.mkdir(parents=True, exist_ok=True)
    new.replace(old)


def report(
    before: State, after: State, submissions: Submissions, again: Set[str]
) -> Iterator[str | Table]:
    """What changes: a table of those who move, and sentences.

    Args:
        before: the gradebook as it is.
        after: the gradebook as it will be.
        submissions: what there is to grade.
        again: the students who have handed in another submission since they were graded.
    """
    table = Table("student", "before", "after", "what changes", show_lines=True)
    moved = 0
    for student in submissions.graded:
        old = before.students.get(student, Scores({}, 0.0))
        new = after.students[student]
        moved += _number(old.points) != _number(new.points)
        changes = list(_changes(old, new))
        if student in again:
            changes.insert(0, "handed in again since")
        if changes:
            cells = (student, _number(old.points), _number(new.points), "\n".join(changes))
            table.add_row(*(Text(printable(cell, lines=True)) for cell in cells))
    if table.row_count:
        yield table
    count = counted(len(submissions.graded), "submission")
    yield f"The points of {moved} of {count} change." if moved else "Nobody's points change."
    if before.most != after.most:
        yield (
            f"The assignment has {_number(after.most)} points instead of {_number(before.most)}."
        )
    if submissions.gone:
        yield (
            "Not graded again, because the submission is not there any more: "
            f"{_listed(submissions.gone)}."
        )
    if submissions.new:
        yield (
            "Not graded yet, so `nbgrader autograde` will do it by the new rules: "
            f"{_listed(submissions.new)}."
        )


def _changes(old: Scores, new: Scores) -> Iterator[str]:
    """What changes for one student, by exercise."""
    for name in dict.fromkeys([*old.cells, *new.cells]):
        first, then = old.cells.get(name), new.cells.get(name)
        shown = manual_work.shown(name[1])
        points = first.points if first else 0.0
        if then is None:
            if points:
                yield f"{shown}: {_number(points)} → removed"
            continue
        if _number(points) != _number(then.points):
            yield f"{shown}: {_number(points)} → {_number(then.points)}"
        if then.waits and not (first and first.waits):
            given = (
                f"{_number(then.points)} of {_number(then.most)} by hand, "
                if then.manual is not None
                else ""
            )
            yield f"{shown}: {given}waits for a person"
    if _number(old.penalty) != _number(new.penalty):
        yield f"late: −{_number(old.penalty)} → −{_number(new.penalty)}"


def _number(points: float) -> str:
    return f"{points:.4f}".rstrip("0").rstrip(".")


def _listed(students: Sequence[str]) -> str:
    return printable(", ".join(students))
