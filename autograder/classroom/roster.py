"""Fills the gradebook's students from a file of Canvas, of Moodle or of one's own.

Students are added and updated, and never removed. An empty cell changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

from nbgrader.api import Gradebook, Student
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.authoring import configuration
from autograder.authoring.course import CONFIGURATION
from autograder.classroom import gradebook as books
from autograder.classroom import spreadsheet
from autograder.classroom.spreadsheet import Line, Table
from autograder.problem import Problem
from autograder.text import FORMULA

LONGEST = 128
"""How many characters nbgrader keeps of an id, a name or an address."""
TEST_STUDENT = "Student, Test"
"""Canvas shows a teacher the course as this student."""


@dataclass(frozen=True)
class Person:
    """A student as in the gradebook; `lms_user_id` is the number that Canvas gave."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_user_id: str = ""


@dataclass(frozen=True)
class Kind:
    """Where a file comes from.

    Attributes:
        name: of the platform.
        columns: the columns by which it is recognised.
        ids: the columns that can hold the ids of students, the usual one first, and what exports
            call them.
        export: the plug-in that writes its grades, whose option `identifies` names the column.
        fields: the columns of names, addresses and numbers; `name` stands for both names.
    """

    name: str
    columns: frozenset[str]
    ids: Mapping[str, str]
    export: str
    fields: Mapping[str, str]


_CANVAS_IDS = {name: name for name in ("SIS Login ID", "SIS User ID", "ID")}
_MOODLE = {
    "first name": "first_name", "last name": "last_name", "surname": "last_name",
    "full name": "name", "email address": "email",
}  # fmt: skip
_MOODLE_IDS = {name: name for name in ("Username", "ID number", "Email address")}
_OWN = {name.replace("_", " "): name for name in ("first_name", "last_name", "email")}
KINDS = (
    Kind("Canvas", frozenset({"student", "id"}), _CANVAS_IDS, "CanvasExport",
         {"student": "name", "id": "lms_user_id"}),
    Kind("Canvas", frozenset({"lastname", "firstname", "id"}), _CANVAS_IDS, "CanvasExport",
         {"lastname": "last_name", "firstname": "first_name", "id": "lms_user_id"}),
    Kind("Canvas", frozenset({"student name", "student id"}),
         {"Student SIS ID": "SIS User ID", "Student ID": "ID"}, "CanvasExport",
         {"student name": "name", "student id": "lms_user_id", "email": "email"}),
    Kind("your own", frozenset({"id"}), {"id": "id"}, "", {**_OWN, "lms user id": "lms_user_id"}),
    Kind("Moodle", frozenset({"first name", "last name"}), _MOODLE_IDS, "MoodleExport", _MOODLE),
    Kind("Moodle", frozenset({"first name", "surname"}), _MOODLE_IDS, "MoodleExport", _MOODLE),
    Kind("Moodle", frozenset({"full name", "email address"}), _MOODLE_IDS, "MoodleExport", _MOODLE),
)  # fmt: skip
KNOWN = {name for kind in KINDS for name in {*kind.columns, *map(spreadsheet.plain, kind.ids)}}


@dataclass(frozen=True)
class Roster:
    """The students in a file.

    Attributes:
        kind: where the file comes from.
        column: the column with their ids, as it is written there.
        people: the students.
        left_out: a sentence for each person that is left out.
    """

    kind: Kind
    column: str
    people: tuple[Person, ...]
    left_out: tuple[str, ...]


def load(root: Path, path: Path, column: str = "") -> list[str]:
    """Bring the students of a file into the gradebook of a course; the sentences to print.

    Args:
        root: the course's folder.
        path: the file.
        column: the column with the ids; by default the one that exports use, or a usual one.

    Raises:
        Problem: the file cannot be used. Nothing is changed then.
    """
    config = configuration.read(root)
    roster = read(path, column, config)
    count = f"{len(roster.people)} student{'' if len(roster.people) == 1 else 's'}"
    said = [f"A list of {roster.kind.name}: {count}, with their ids in column {roster.column!r}."]
    with books.opened(CourseDirectory(config=config, root=str(root))) as gradebook:
        known = {student.id: student for student in gradebook.students}
        _require_same_ids(roster, known.values())
        said += roster.left_out
        said += _bring(gradebook, known, roster.people)
        gradebook.db.commit()
    kind = roster.kind
    exported = kind.ids.get(roster.column)
    if exported and kind.export and exported != _identifies(config, kind):
        said.append(
            f'So that exports have the same ids, write `c.{kind.export}.identifies = "{exported}"` '
            f"into {CONFIGURATION}."
        )
    return said


def _bring(
    gradebook: Gradebook, known: Mapping[str, Student], people: tuple[Person, ...]
) -> Iterator[str]:
    """Add and change students, without a commit; a sentence for each change."""
    changed = False
    for person in people:
        values = {name: value for name, value in vars(person).items() if value}
        student = known.get(person.id)
        if student is None:
            # The Formgrader would show a missing name as "None", but not an empty one.
            gradebook.db.add(Student(**vars(person)))
            name = " ".join(filter(None, (person.first_name, person.last_name)))
            yield f"New: {person.id}{f' ({name})' if name else ''}."
            changed = True
            continue
        for name, value in values.items():
            if (before := getattr(student, name)) != value:
                setattr(student, name, value)
                words = name.replace("_", " ")
                yield f"Changed: {words} of {person.id}, from {before or 'nothing'} to {value}."
                changed = True
    if not changed:
        yield "The gradebook has all of this already: nothing was changed."
    if others := sorted(known.keys() - {person.id for person in people}):
        yield f"In the gradebook, but not in the file; they stay: {', '.join(others)}."


def read(path: Path, column: str, config: Config) -> Roster:
    """The students in a file.

    Raises:
        Problem: it is not a list of students, or lines of it cannot be used; there is a sentence
            for each of them.
    """
    table = spreadsheet.read(path, KNOWN)
    kind = next((kind for kind in KINDS if kind.columns <= table.written.keys()), None)
    if kind is None:
        raise Problem(
            f"{path} has no columns that are known: it needs id, first_name, last_name and email, "
            "or what Canvas and Moodle write in English. Its first line is "
            f"{', '.join(table.written.values()) or 'empty'}."
        )
    column = _id_column(path, table, kind, column, _identifies(config, kind))
    people: dict[str, tuple[int, Person]] = {}
    left_out, faults = [], []
    for line in table.lines:
        person = _person(line, kind, line[spreadsheet.plain(column)])
        name = ", ".join(filter(None, (person.last_name, person.first_name)))
        if kind.name == "Canvas" and _is_about_assignments(line, person):
            continue
        if kind.name == "Canvas" and name == TEST_STUDENT and not line["sis user id"]:
            left_out.append(f"Left out: the test student of Canvas, line {line.number}.")
        elif not person.id:
            left_out.append(f"Left out: line {line.number} ({name}) has no {column}.")
        elif fault := _fault(person):
            faults.append(f"{path}, line {line.number}: {fault}")
        elif (first := people.get(person.id)) and first[1] != person:
            faults.append(
                f"{path}, lines {first[0]} and {line.number} have the same {column}, {person.id}, "
                "but are different: delete one of them."
            )
        else:
            people[person.id] = line.number, person
    if faults:
        raise Problem("\n".join([*faults, "Nothing was changed."]))
    if not people:
        raise Problem(f"{path} has no students with an id in the column {column!r}.")
    found = tuple(person for _, person in people.values())
    return Roster(kind, table.written[spreadsheet.plain(column)], found, tuple(left_out))


def _is_about_assignments(line: Line, person: Person) -> bool:
    """Whether a line of Canvas has points, or says how grades are posted."""
    first = next(iter(line.cells.values()), "")
    return "Points Possible" in first or not (first or person.id)


def _identifies(config: Config, kind: Kind) -> str:
    """What exports call the ids, as it is configured or usual."""
    usual = {"CanvasExport": "SIS Login ID", "MoodleExport": "Username"}.get(kind.export, "id")
    return str(config[kind.export].get("identifies", usual)) if kind.export else usual


def _id_column(path: Path, table: Table, kind: Kind, asked: str, used: str) -> str:
    if asked:
        if spreadsheet.plain(asked) in table.written:
            return asked
        listed = ", ".join(table.written.values())
        raise Problem(f"{path} has no column {asked!r}: use --id with one of {listed}.")
    # What exports use comes before the others.
    names = sorted(kind.ids, key=lambda name: kind.ids[name] != used)
    found = next((name for name in names if spreadsheet.plain(name) in table.written), None)
    if found is None:
        listed = ", ".join(table.written.values())
        raise Problem(f"{path} has no usual column of ids: use --id with one of {listed}.")
    return found


def _person(line: Line, kind: Kind, student: str) -> Person:
    person = Person(student)
    for column, field in kind.fields.items():
        cell = " ".join(line[column].split())
        if cell and field == "name":
            last, comma, first = (part.strip() for part in cell.partition(","))
            if not comma:
                first, _, last = cell.rpartition(" ")
            person = replace(person, first_name=first, last_name=last)
        elif cell:
            person = replace(person, **{field: cell})
    return person


def _fault(person: Person) -> str:
    """What is wrong with a line; empty if it can be used. An id is also the name of a folder."""
    if person.id.startswith(FORMULA):
        return f"the id {person.id} begins like a formula; choose another column with --id."
    if re.search(r"[\s/\\]", person.id) or not person.id.isprintable():
        return f"the id {person.id} has a space or a slash; choose another column with --id."
    if person.id in (".", ".."):
        return f"the id {person.id} cannot be the name of a folder."
    for one in fields(person):
        if len(getattr(person, one.name)) > LONGEST:
            return f"the {one.name.replace('_', ' ')} has more than {LONGEST} characters."
    return ""


def _require_same_ids(roster: Roster, known: Iterable[Student]) -> None:
    """Make sure that nobody is added who is in the gradebook under another id."""
    listed = {person.id for person in roster.people}
    before = {}
    for student in known:
        if student.id not in listed:
            for value in filter(None, (student.email, student.lms_user_id)):
                before[value.casefold()] = student.id
    for person in roster.people:
        for value in filter(None, (person.email, person.lms_user_id)):
            if other := before.get(value.casefold()):
                raise Problem(
                    f"{value} is {other} in the gradebook, but {person.id} in the column "
                    f"{roster.column!r} of the file: choose the column with the ids of the "
                    "gradebook with --id. Nothing was changed."
                )
