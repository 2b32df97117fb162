"""A course as its `course/course.toml` describes it. The package knows nothing else of a course."""

from __future__ import annotations

import importlib
import os
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from autograder.authoring import tags
from autograder.problem import Problem
from autograder.student.outline import Outline

FILE = Path("course", "course.toml")
CONFIGURATION = "nbgrader_config.py"
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
"""Names that can be folders in nbgrader and on every system, and parts of an address."""


def importing_from(folder: Path) -> dict[str, str]:
    """Environment variables with which a process can import from this folder."""
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(paths)}


class NoCourse(Problem):
    """The working folder belongs to no course."""


@dataclass(frozen=True)
class CourseModule:
    """A lesson and its assignment, or one of the two.

    Attributes:
        name: the name of the lesson and of the assignment's folder, such as `02_newton`.
        title: the title on the start page.
        minutes: how long the lesson takes.
        needs: the names of the modules to do before this one.
        due: when the assignment is due, with its time zone; None for no date.
    """

    name: str
    title: str = ""
    minutes: int = 0
    needs: tuple[str, ...] = ()
    due: datetime | None = None


@dataclass(frozen=True)
class Demands:
    """What every exercise of a course must have; `autograder prove` asks for it.

    Attributes:
        hints: whether it needs three hints, from a nudge to nearly the answer.
        another: whether it needs a second solution.
        explanation: whether it needs a text that is shown after passing.
        wrong_answers: how many wrong answers it must list; a question may have one less.
    """

    hints: bool = True
    another: bool = True
    explanation: bool = True
    wrong_answers: int = 3


@dataclass(frozen=True)
class ClassEdition:
    """What nbgrader releases to a class. Learners on their own get everything.

    Attributes:
        check_questions: whether `check` judges questions that have points. It needs a digest of the
            answer in what is released, and whoever tries all answers finds the right one. Without
            it, `check` says that the answer is noted.
        solutions_in_feedback: whether feedback shows the explanation and the second solution of an
            exercise to those who did not pass it, once their due date is over.
        attempts_handed_in: whether students are asked to hand in when they checked each exercise,
            see `student/attempts.py`.
    """

    check_questions: bool = True
    solutions_in_feedback: bool = True
    attempts_handed_in: bool = False


@dataclass(frozen=True)
class Course:
    """A course, read from its `course.toml`; without that file it has the defaults.

    Attributes:
        root: the folder with `nbgrader_config.py`, `course`, `solutions` and `exercises`.
        id: a short name without spaces.
        title: the title that people read.
        repository: the address of its public repository; empty for none.
        jax: the versions of JAX that it is made for, such as `>=0.7.2,<0.13`.
        modules: its modules, in their order.
        exercises: what every exercise must have.
        class_edition: what a class gets.
        may_read: files and folders that student code may read and import from.
        lesson_environment: environment variables that are set while the build executes lessons.
        after_build: functions, as `package.module:function`. After every build they are called
            with the course and the target folder, and return the files that they wrote.
        commands: click commands to add to `autograder`, by name.
    """

    root: Path
    id: str
    title: str
    repository: str = ""
    jax: str = ""
    modules: tuple[CourseModule, ...] = ()
    exercises: Demands = field(default_factory=Demands)
    class_edition: ClassEdition = field(default_factory=ClassEdition)
    may_read: tuple[str, ...] = ()
    lesson_environment: Mapping[str, str] = field(default_factory=dict)
    after_build: tuple[str, ...] = ()
    commands: Mapping[str, str] = field(default_factory=dict)

    @property
    def readable(self) -> list[Path]:
        """The paths of `may_read` that exist."""
        paths = [self.root / path for path in self.may_read]
        return [path for path in paths if path.exists()]

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables with which a kernel can import from the course's folder."""
        return importing_from(self.root)

    def data_for_learners(self, notebook: str) -> Path:
        """The data of an assignment for learners on their own; beside its notebook if it has none.

        Args:
            notebook: the released notebook in the course's folder, as in
                `exercises/02_newton/newton.ipynb`. What lies beside it is the class edition.
        """
        from autograder.student.check_file import SUFFIX  # slow: it imports NumPy

        beside = self.root / Path(notebook).with_suffix(SUFFIX)
        own = self.root / "solutions" / beside.parent.name / beside.name
        return own if own.is_file() else beside

    def module(self, name: str) -> CourseModule:
        """The module with this name; one with only a name if `course.toml` does not list it."""
        found = (module for module in self.modules if module.name == name)
        return next(found, CourseModule(name, name))

    def dated(self, outline: Outline) -> Outline:
        """The outline of this course with the due dates that `course.toml` has now."""
        due = {module.name: module.due.isoformat() for module in self.modules if module.due}
        modules = (replace(module, due=due.get(module.name, "")) for module in outline.modules)
        return replace(outline, modules=tuple(modules))

    def load(self, target: str) -> Any:
        """Import `package.module:name`, with the course's folder on the path.

        Raises:
            Problem: it does not exist, or its file fails.
        """
        if str(self.root) not in sys.path:
            sys.path.insert(0, str(self.root))
        module, _, name = target.partition(":")
        try:
            return getattr(importlib.import_module(module), name)
        except Exception as error:
            raise Problem(
                f"{self.root / FILE} names {target}, which cannot be loaded: "
                f"{type(error).__name__}: {error}"
            ) from None

    def require_modules(self) -> None:
        """Make sure that every module has a lesson or an assignment.

        Raises:
            Problem: a module has neither; there is a sentence for each such module.
        """
        missing = [
            f"{self.root / FILE} lists {name}, but there is neither course/{name}.py nor "
            f"solutions/{name}: write one of them (`autograder new assignment {name}`), or "
            "remove it from the list."
            for name in (module.name for module in self.modules)
            if not (self.root / "course" / f"{name}.py").is_file()
            and not (self.root / "solutions" / name).is_dir()
        ]
        if missing:
            raise Problem("\n".join(missing))

    def require_jax(self) -> None:
        """Make sure that the course is made for the installed version of JAX.

        Raises:
            Problem: it is not.
        """
        installed = version("jax")
        if not SpecifierSet(self.jax).contains(installed, prereleases=True):
            raise Problem(
                f"{self.title} is made for JAX {self.jax} and found {installed}: run "
                f'`pip install "jax{self.jax}"`, or change `jax` in {self.root / FILE}.'
            )


def find(start: Path | None = None) -> Course:
    """The course that the folder `start`, by default the working folder, belongs to.

    Raises:
        NoCourse: the folder belongs to no course.
        Problem: `course.toml` has mistakes.
    """
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / FILE).is_file() or (folder / CONFIGURATION).is_file():
            return read(folder)
    raise NoCourse(
        f"There is no course here: go to the folder of one, where {FILE} is, or begin one with "
        "`autograder new course NAME`."
    )


def masters(root: Path, assignment: str | None = None) -> list[Path]:
    """The masters of the course in the order of `course.toml`, or those of one assignment.

    Raises:
        Problem: there are none.
    """
    folders = {path.name: path for path in sorted((root / "solutions").glob("*")) if path.is_dir()}
    listed = [module.name for module in read(root).modules if module.name in folders]
    others = [name for name in folders if name not in listed]
    names = [assignment] if assignment else [*listed, *others]
    paths = [path for name in names if name in folders for path in tags.masters_in(folders[name])]
    if assignment in folders and not paths:
        raise Problem(
            f"{assignment} has no master, a .py file with our tags, so nbgrader alone grades it: "
            f"after a change, run `nbgrader generate_assignment {assignment}` and "
            f"`nbgrader autograde {assignment} --force`."
        )
    if not paths:
        raise Problem(
            f"There is no assignment {assignment or ''} in {root / 'solutions'}: "
            f"it holds {', '.join(folders) or 'none'}."
        )
    return paths


def read(root: Path) -> Course:
    """The course in this folder; without a `course.toml` it has the defaults.

    Raises:
        Problem: the file cannot be read or has mistakes; there is a sentence for each.
    """
    path = root / FILE
    if not path.is_file():
        return Course(root, root.name, root.name)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise Problem(f"{path} is not valid TOML: {error}.") from None
    mistakes = [f"{path}: {mistake}" for mistake in _mistakes(data)]
    if mistakes:
        raise Problem("\n".join(mistakes))
    modules = tuple(
        CourseModule(**{**module, "needs": tuple(module.get("needs", ()))})
        for module in data.get("modules", ())
    )
    lists = {name: tuple(data.get(name, ())) for name in ("may_read", "after_build")}
    tables = {name: kind(**data.get(name, {})) for name, kind in _TABLES.items()}
    values: dict[str, Any] = {**data, **lists, **tables, "modules": modules}
    return Course(root, **values)


_KINDS = {
    "id": str, "title": str, "repository": str, "jax": str, "modules": list, "exercises": dict,
    "class_edition": dict, "may_read": list, "lesson_environment": dict, "after_build": list,
    "commands": dict,
}  # fmt: skip
_TABLES: Mapping[str, type] = {"exercises": Demands, "class_edition": ClassEdition}
_KINDS_OF_TABLES: Mapping[str, Mapping[str, type]] = {
    "exercises": {"hints": bool, "another": bool, "explanation": bool, "wrong_answers": int},
    "class_edition": {
        "check_questions": bool,
        "solutions_in_feedback": bool,
        "attempts_handed_in": bool,
    },
}
_KINDS_OF_MODULE = {"name": str, "title": str, "minutes": int, "needs": list, "due": datetime}
_WORDS = {
    str: "a text in quotes", int: "a whole number", bool: "true or false",
    list: "a list in brackets", dict: "a table",
    datetime: "a date with its time and zone, without quotes, as in 2027-03-01T17:00:00Z",
}  # fmt: skip


def _mistakes(data: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each mistake in the file."""
    wrong_kinds = list(_wrong_kinds(data, _KINDS, "", ("id", "title")))
    exercises, modules = data.get("exercises", {}), data.get("modules", [])
    for name, kinds in _KINDS_OF_TABLES.items():
        if isinstance(table := data.get(name, {}), dict):
            wrong_kinds += _wrong_kinds(table, kinds, f" in [{name}]", ())
    if isinstance(modules, list):
        for number, module in enumerate(modules, 1):
            place = f" in module {number}"
            if isinstance(module, dict):
                wrong_kinds += _wrong_kinds(module, _KINDS_OF_MODULE, place, ("name",))
            else:
                wrong_kinds.append(f"begin module {number} with the line [[modules]].")
    for name in ("may_read", "after_build", "lesson_environment", "commands"):
        entries = data.get(name, ())
        values = entries.values() if isinstance(entries, dict) else entries
        if isinstance(entries, list | dict) and not all(isinstance(value, str) for value in values):
            wrong_kinds.append(f"every entry of {name} has to be a text in quotes.")
    if wrong_kinds:
        yield from wrong_kinds
        return
    if not NAME.fullmatch(data["id"]):
        yield f"id is {data['id']!r}; use letters, digits, dashes and dots only."
    try:
        SpecifierSet(data.get("jax", ""))
    except InvalidSpecifier:
        yield f'jax is {data["jax"]!r}; write the versions of JAX as in ">=0.7.2,<0.13".'
    if exercises.get("wrong_answers", 0) < 0:
        yield "wrong_answers in [exercises] is negative; write 0 to ask for none."
    for target in (*data.get("after_build", ()), *data.get("commands", {}).values()):
        if not re.fullmatch(r"[\w.]+:\w+", target):
            yield f'{target!r} is not a function; write it as in "package.module:function".'
    for path in data.get("may_read", ()):
        if Path(path).is_absolute() or ".." in Path(path).parts or not Path(path).parts:
            yield f"may_read has {path!r}; name files and folders within the course's folder."
    yield from _mistakes_of_modules(modules)


def _wrong_kinds(
    data: Mapping[str, Any], kinds: Mapping[str, type], place: str, needed: tuple[str, ...]
) -> Iterator[str]:
    for name in needed:
        if not data.get(name):
            yield f'{name}{place} is missing; add a line such as {name} = "…".'
    for name, value in data.items():
        if name not in kinds:
            yield f"{name}{place} is not known; use one of {', '.join(kinds)}."
        elif type(value) is not kinds[name]:
            shown = value if isinstance(value, date | time) else repr(value)
            yield f"{name}{place} is {shown}; it has to be {_WORDS[kinds[name]]}."


def _is_moment(due: datetime) -> bool:
    """Whether a date has a time zone, and is a date in every other zone too."""
    try:
        return due.tzinfo is not None and 1 < due.astimezone(UTC).year < 9999
    except OverflowError:
        return False


def _mistakes_of_modules(modules: list[dict[str, Any]]) -> Iterator[str]:
    before: list[str] = []
    for module in modules:
        name = module["name"]
        if not NAME.fullmatch(name):
            yield f"a module is called {name!r}; use letters, digits, dashes and dots only."
        if name in before:
            yield f"the module {name} is listed twice; delete one of the two."
        if module.get("minutes", 0) < 0:
            yield f"the lesson of {name} takes {module['minutes']} minutes; write 0 or more."
        if (due := module.get("due")) and not _is_moment(due):
            yield f"due of {name} is {due}; write it with its zone, as in 2027-03-01T17:00:00Z."
        for need in module.get("needs", ()):
            if need not in before:
                yield f"{name} needs {need}, which has to be a module that is listed above it."
        before.append(name)
