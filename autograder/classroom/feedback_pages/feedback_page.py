"""The page that a student gets back: one file, which needs no network and runs nothing.

It is made from the graded notebook and the gradebook. The assignment's source notebook gives the
titles; without it the page has fewer of them.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from nbconvert.exporters import Exporter
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from traitlets import default

from autograder.authoring import course, tags
from autograder.classroom.feedback_pages import feedback_tasks, resubmission
from autograder.classroom.feedback_pages.feedback_tasks import Points, Task, code, folded
from autograder.classroom.feedback_pages.resubmission import Penalty
from autograder.classroom.kept import kept
from autograder.classroom.restore import KEY
from autograder.judge.verdict import Part
from autograder.markup import plain, prose
from autograder.problem import Problem
from autograder.text import printable

Resources = dict[str, Any]
MARKS = {"done": "✓", "partly": "◐", "open": "✗", "waiting": "…"}
WORDS = {
    "done": "full points",
    "partly": "part of the points",
    "open": "no points",
    "waiting": "waits for a person",
}


@dataclass(frozen=True)
class Assignment:
    """What a notebook is an answer to.

    Attributes:
        title: its title; backticks mark code.
        course: the title of the course.
        source: the cells of the assignment as its author wrote it; may be empty.
        has_master: whether this package graded it, and not nbgrader.
        tells: whether the page has the explanation and the second solution of what was not passed,
            once the due date is over.
        penalty: the late policy.
    """

    title: str
    course: str
    source: Sequence[NotebookNode]
    has_master: bool
    tells: bool
    penalty: Penalty


@dataclass(frozen=True)
class Graded:
    """What the gradebook says of one student's notebook.

    Attributes:
        id: nbgrader's id of the student.
        student: the student's name, else the id.
        handed_in: when, in UTC.
        due: the due date, with the student's extension.
        penalty: the points that being late costs.
        points: by the names of the graded cells.
        comments: Markdown, by the names of the cells.
    """

    id: str
    student: str
    handed_in: datetime.datetime | None
    due: datetime.datetime | None
    penalty: float
    points: Mapping[str, Points]
    comments: Mapping[str, str]


@dataclass(frozen=True)
class Section:
    """A task as the page shows it.

    Attributes:
        task: the task.
        tells: whether its explanation and second solution are shown.
    """

    task: Task
    tells: bool

    @property
    def mark(self) -> str:
        return MARKS[self.task.state]

    @property
    def words(self) -> str:
        if self.task.most:
            return WORDS[self.task.state]
        return {"done": "right", "waiting": WORDS["waiting"]}.get(self.task.state, "not right")

    @property
    def points(self) -> str:
        if not self.task.most:
            return "no points"
        # A score of zero that waits for a person is not a score.
        is_known = self.task.score or not self.task.waits
        return (
            f"{self.task.score:g} of {self.task.most:g}" if is_known else f"? of {self.task.most:g}"
        )

    @property
    def parts(self) -> Sequence[Part]:
        """The parts of the points, where there are several and the card does not list them."""
        return self.task.kept.verdict.parts if self.task.kept and self.task.passed else ()

    @property
    def checked(self) -> Markup:
        """What `check` says of the answer."""
        return Markup(self.task.kept.checked) if self.task.kept else Markup("")

    @property
    def explanation(self) -> Markup:
        known = self.tells and self.task.kept is not None and self.task.kept.explanation
        return prose(known) if known else Markup("")

    @property
    def another(self) -> Markup:
        known = self.tells and self.task.kept is not None and self.task.kept.another
        return code(known) if known else Markup("")


class FeedbackExporter(Exporter):
    """Makes the page of one graded notebook, for `nbgrader generate_feedback`."""

    output_mimetype = "text/html"

    def __init__(self, **kw: Any) -> None:
        super().__init__(**kw)
        self._said: set[str] = set()

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".html"

    def from_notebook_node(
        self, nb: NotebookNode, resources: Resources | None = None, **kw: Any
    ) -> tuple[Any, Resources]:
        nb, made = super().from_notebook_node(nb, resources, **kw)
        names = made["nbgrader"]
        assignment = self._assignment(names["assignment"], names["notebook"])
        now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        if assignment.has_master and nb.metadata.get(KEY) and not any(map(kept, nb.cells)):
            self._say_once(
                f"{names['assignment']} was graded by an older version, so its feedback says less. "
                f"To say everything, run `nbgrader autograde {names['assignment']} --force`."
            )
        return page(nb, assignment, _graded(names), now), made

    def _assignment(self, name: str, notebook: str) -> Assignment:
        converter: Any = self.parent
        directory = converter.coursedir
        folder = Path(directory.format_path(directory.source_directory, ".", name))
        source = _source(folder / f"{notebook}.ipynb")
        title, tells = _course(Path(directory.root))
        return Assignment(
            feedback_tasks.title(source) or notebook,
            title,
            source,
            tags.is_master(folder / f"{notebook}.py"),
            tells,
            resubmission.policy(self),
        )

    def _say_once(self, sentence: str) -> None:
        """Warn the instructor once, and not for every student."""
        if sentence not in self._said:
            self._said.add(sentence)
            self.log.warning("%s", sentence)


def page(
    notebook: NotebookNode, assignment: Assignment, graded: Graded, now: datetime.datetime
) -> str:
    """The page of a graded notebook.

    Args:
        notebook: the graded notebook.
        assignment: what it is an answer to.
        graded: what the gradebook says of it.
        now: in UTC, without a time zone.
    """
    tasks, rest = feedback_tasks.tasks(
        notebook, assignment.source, graded.points, graded.comments, assignment.has_master
    )
    is_open = graded.due is not None and now <= graded.due
    # A file that nobody could read is often handed in again, so its solutions wait too.
    sections = [
        Section(task, task.passed or (assignment.tells and not is_open and not task.waits))
        for task in tasks
    ]
    left = [one for one in sections if one.task.score < one.task.most and not one.task.waits]
    earned = sum(task.score for task in tasks)
    most = sum(task.most for task in tasks)
    again = resubmission.sentence(
        graded.id,
        [(one.task.title.striptags(), one.task.most - one.task.score) for one in left],
        earned - graded.penalty,
        most,
        graded.due,
        now,
        any(one.explanation or one.another for one in left),
        assignment.penalty,
    )
    made: str = _template().render(
        assignment=assignment,
        title=prose(assignment.title),
        heading=plain(assignment.title).replace("`", ""),
        graded=graded,
        late=_late(graded),
        sections=sections,
        score=f"{max(earned - graded.penalty, 0):g}",
        before_penalty=f"{earned:g}",
        most=f"{most:g}",
        waiting=sum(task.waits for task in tasks),
        again=again,
        rest=folded("Your other cells", rest),
        date=resubmission.date,
        now=now,
        folded=folded,
    )
    # A student's id can hold half a character, which cannot be written.
    return made.encode(errors="replace").decode()


def _graded(names: Mapping[str, str]) -> Graded:
    with Gradebook(names["db_url"]) as gradebook:
        notebook = gradebook.find_submission_notebook(
            names["notebook"], names["assignment"], names["student"]
        )
        submission, student = notebook.assignment, notebook.student
        name = " ".join(filter(None, (student.first_name, student.last_name))) or student.id
        return Graded(
            student.id,
            printable(name),
            submission.timestamp,
            submission.duedate,
            notebook.late_submission_penalty or 0.0,
            {
                grade.name: Points(
                    grade.score or 0.0, grade.max_score or 0.0, bool(grade.needs_manual_grade)
                )
                for grade in notebook.grades
            },
            {comment.name: comment.comment for comment in notebook.comments if comment.comment},
        )


def _late(graded: Graded) -> str:
    """How late a submission was, in words; empty if it was not."""
    if graded.handed_in is None or graded.due is None or graded.handed_in <= graded.due:
        return ""
    minutes = -(-(graded.handed_in - graded.due).total_seconds() // 60)
    for size, unit in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = int(minutes // size)
            return f"{count} {unit}{'' if count == 1 else 's'} late"
    return ""


@functools.cache
def _course(root: Path) -> tuple[str, bool]:
    """The title of the course, and whether feedback shows solutions of what was not passed."""
    try:
        about = course.read(root)
    except Problem:  # grading needs the file, and has said so
        return "", False
    return about.title, about.class_edition.solutions_in_feedback


def _source(path: Path) -> Sequence[NotebookNode]:
    """The cells of the assignment as its author wrote it; none if it cannot be read."""
    try:
        cells: Sequence[NotebookNode] = nbformat.read(path, as_version=4).cells
    except Exception:  # of many kinds; the feedback only loses titles
        return ()
    return cells


@functools.cache
def _template() -> Any:
    loader = PackageLoader("autograder", "classroom/templates")
    environment = Environment(
        loader=loader, undefined=StrictUndefined, autoescape=True, trim_blocks=True
    )
    return environment.get_template("feedback.html.j2")
