"""Begins a course, an assignment or an exercise, each of which works before you change it."""

from __future__ import annotations

import ast
import keyword
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from autograder.authoring import course
from autograder.authoring.course import FILE, Course
from autograder.problem import OLDEST_JAX, Problem

IMPORTED = ("exercise", "wrong")
"""The names that the hidden part of an exercise needs."""


def new_course(name: str, root: Path) -> list[Path]:
    """Make a course with one assignment in a folder; the files written.

    Raises:
        Problem: the name is not allowed, or a file exists already; then nothing is written.
    """
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", name):
        raise Problem(
            f"{name!r} cannot be the name of a course: use letters, digits and dashes, as in "
            "`autograder new course numerics`."
        )
    about = {"id": name, "title": _title(name), "jax": f">={'.'.join(map(str, OLDEST_JAX))}"}
    first = "01_first_steps"
    module = _render("module.toml.j2", name=first, title=_title(first))
    files = {
        Path(template.removeprefix("course/").removesuffix(".j2")): _render(template, **about)
        for template in _templates().list_templates()
        if template.startswith("course/")
    }
    files[FILE] += module
    files[_master_path(first)] = _assignment_text(first)
    return _write({root / path: text for path, text in files.items()})


def new_assignment(name: str, about: Course) -> list[Path]:
    """Make an assignment with one exercise, and list it in `course.toml`; the files written.

    Raises:
        Problem: the name is not allowed, or the assignment exists already.
    """
    if not course.NAME.fullmatch(name) or not _stem(name).isidentifier():
        raise Problem(
            f"{name!r} cannot be the name of an assignment: use letters, digits and underscores, "
            "as in `autograder new assignment 02_newton`."
        )
    folder = about.root / "solutions" / name
    if folder.exists():
        raise Problem(f"{folder} exists already: choose another name.")
    listed, toml = about.root / FILE, ""
    if listed.is_file() and name not in [module.name for module in about.modules]:
        toml = listed.read_text(encoding="utf-8-sig").rstrip("\n") + "\n"
        toml += _render("module.toml.j2", name=name, title=_title(name))
        _require_toml(toml, listed, name)
    written = _write({about.root / _master_path(name): _assignment_text(name)})
    if toml:
        _replace(listed, toml)
        written.append(listed)
    return written


def new_exercise(name: str, assignment: str | None, about: Course) -> Path:
    """Add an exercise at the end of an assignment's master; the path of the master.

    Args:
        name: the name of the function that students will write.
        assignment: its name; by default that of the working folder, or the last of the course.
        about: the course.

    Raises:
        Problem: the name is not allowed or is taken, or there is no such assignment.
    """
    if not name.isidentifier() or keyword.iskeyword(name):
        raise Problem(
            f"{name!r} cannot be the name of an exercise: use the name of the function that "
            "students write, as in `autograder new exercise newton_step`."
        )
    from autograder.authoring import faults  # imported late: it takes half a second

    path = _master_of(assignment, about)
    text = path.read_text(encoding="utf-8-sig")
    _, tags = faults.read(path)
    names = [tag["exercise"] for tag in tags if "exercise" in tag]
    try:
        used = _names(ast.parse(text))
    except SyntaxError as error:
        raise Problem(f"{path}, line {error.lineno}: {error.msg}. Correct this first.") from None
    if name in used or name in names:
        raise Problem(f"{path} has something called {name} already: choose another name.")
    title = re.compile(r"^(# %%.*?[ \t]assignment[ \t]*=.*?[ \t]points[ \t]*=[ \t]*)([\d.]+)", re.M)
    if title.search(text) is None:
        raise Problem(f'{path}: the title cell needs the tags assignment="…" and points=….')
    text = title.sub(lambda match: f"{match[1]}{float(match[2]) + 1:g}", text, count=1)
    _replace(path, text.rstrip("\n") + "\n\n" + _exercise_text(name, len(names) + 1, used))
    return path


def _names(tree: ast.AST) -> set[str]:
    """Every name that a program imports, defines or uses."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name)
    return names


def _master_of(assignment: str | None, about: Course) -> Path:
    solutions = about.root / "solutions"
    here = Path.cwd().resolve()
    if assignment is None and here.is_relative_to(solutions) and here != solutions:
        assignment = here.relative_to(solutions).parts[0]
    *_, last = course.masters(about.root, assignment)
    return last


def _assignment_text(name: str) -> str:
    exercise = _exercise_text(f"square_{_stem(name)}", 1, {"check", *IMPORTED})
    return _render("assignment.py.j2", name=name, title=_title(name), exercise=exercise)


def _exercise_text(name: str, number: int, used: set[str]) -> str:
    missing = ", ".join(imported for imported in IMPORTED if imported not in used)
    return _render(
        "exercise.py.j2",
        name=name,
        number=number,
        imports=missing,
        imports_check="check" not in used,
    )


def _stem(name: str) -> str:
    return re.sub(r"^\d+_", "", name)


def _title(name: str) -> str:
    return re.sub(r"[_.-]+", " ", _stem(name)).strip().capitalize()


def _master_path(assignment: str) -> Path:
    return Path("solutions", assignment, f"{_stem(assignment)}.py")


def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("autograder.authoring"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
    )


def _render(template: str, **values: Any) -> str:
    return _templates().get_template(template).render(values)


def _require_toml(text: str, path: Path, name: str) -> None:
    try:
        tomllib.loads(text)
    except ValueError:
        raise Problem(
            f"{path} lists its modules in a form that cannot be extended: begin each with a line "
            f"[[modules]], or add {name} yourself."
        ) from None


def _write(files: Mapping[Path, str]) -> list[Path]:
    """Write new files, if none of them exists yet."""
    existing = [str(path) for path in files if os.path.lexists(path)]
    if existing:
        raise Problem(f"Nothing was written, since this exists already: {', '.join(existing)}.")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(files)


def _replace(path: Path, text: str) -> None:
    """Replace the text of a file in one step, so that the file is never half written."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
