"""Builds the website of a course with Sphinx, without a network.

The pages are the built lessons and assignments, the files of `docs/` and `site/`, and the Markdown
files beside them. They are copied to a temporary folder, where they lie as they do in the course's
folder, so that links between them work on the website as on GitHub.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import nbformat
from jinja2 import Environment, PackageLoader, StrictUndefined
from nbformat import NotebookNode

from autograder.authoring import address, colab, site_pages
from autograder.authoring.course import Course
from autograder.authoring.site_pages import DATA, SiteData
from autograder.problem import Problem

MARK = "objects.inv"
"""A file that Sphinx writes into every website."""
PACKAGES = ("sphinx", "myst_nb", "sphinx_book_theme")
CONF = "from autograder.authoring.site_settings import *\n"


def build(course: Course, target: Path, repository: str = "") -> Path:
    """Build the website.

    Args:
        course: a course whose lessons and assignments are built.
        target: the folder to write; an older website there is replaced.
        repository: the address of its repository, see `address.find`.

    Returns:
        The path of its first page.

    Raises:
        Problem: Sphinx is not installed, a lesson is not built, or a page has a mistake, such as
            a broken link or a picture without a text; there is a line for each.
    """
    if missing := [name for name in PACKAGES if importlib.util.find_spec(name) is None]:
        raise Problem(
            f"The website needs {', '.join(missing)}: run "
            '`pip install "numpy-to-jax[classroom,site]"`, or `uv sync` in the repository.'
        )
    _require_own(target)
    where = address.find(course.root, repository or course.repository)
    with tempfile.TemporaryDirectory() as folder:
        pages, built = Path(folder, "pages"), Path(folder, "built")
        pictures = _write_pages(course, pages, built, where)
        inside = SiteData(str(course.root), where, pictures)
        (pages / DATA).write_text(json.dumps(asdict(inside)), encoding="utf-8")
        warnings = _run_sphinx(course, pages, built)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(built, target)
    if warnings:
        raise Problem(f"The website in {target} has mistakes:\n{warnings}")
    return target / "index.html"


def _require_own(target: Path) -> None:
    """Make sure that a website may be written to the folder `target`.

    Raises:
        Problem: it holds something else than an older website.
    """
    is_free = not target.exists() or (target.is_dir() and not any(target.iterdir()))
    if not is_free and not (target / MARK).is_file():
        raise Problem(f"{target} holds something else than a website: give another folder.")


def _write_pages(course: Course, pages: Path, built: Path, where: str) -> dict[str, str]:
    """Fill the folder `pages`; return the texts of the lessons' pictures by their hash."""
    root, own = course.root, course.root / "site"
    hidden = shutil.ignore_patterns("build", ".*", "__pycache__")
    if own.is_dir():
        shutil.copytree(own, pages, ignore=hidden)
    if (root / "docs").is_dir():
        shutil.copytree(root / "docs", pages / "docs", ignore=hidden)
    for path in root.glob("*.md"):
        shutil.copy(path, pages)
    pages.mkdir(exist_ok=True)
    if not (pages / "conf.py").is_file():
        (pages / "conf.py").write_text(CONF, encoding="utf-8")
    pictures, notebooks = {}, list(_notebooks(course))
    colab.write(course, built / colab.FOLDER, where)
    for path in notebooks:
        notebook = _read(path)
        for data, text in site_pages.descriptions(notebook):
            pictures[hashlib.sha256(base64.b64decode(data)).hexdigest()] = text
        place = path.relative_to(root)
        up = "../" * (len(place.parts) - 1)
        name = f"{colab.FOLDER}/{place.as_posix()}"
        links = site_pages.buttons(f"{up}{name}", address.on_colab(where, name, colab.BRANCH))
        (pages / place).parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(site_pages.page(notebook, links), pages / place)
    if not (pages / "index.md").is_file():
        loader = PackageLoader("autograder.authoring", "templates/site")
        template = Environment(loader=loader, undefined=StrictUndefined).get_template("index.md.j2")
        places = [path.relative_to(root).with_suffix("").as_posix() for path in notebooks]
        text = template.render(course=course, pages=places)
        (pages / "index.md").write_text(text, encoding="utf-8")
    return pictures


def _notebooks(course: Course) -> Iterator[Path]:
    """The built lessons and assignments of the course, module by module.

    Raises:
        Problem: one is not built.
    """
    for module in course.modules:
        lesson = course.root / "course" / f"{module.name}.ipynb"
        if lesson.with_suffix(".py").is_file() or lesson.is_file():
            yield _existing(lesson)
        if (course.root / "solutions" / module.name).is_dir():
            folder = course.root / "exercises" / module.name
            _existing(folder)
            yield from sorted(folder.glob("*.ipynb"))


def _existing(path: Path) -> Path:
    if not path.exists():
        raise Problem(f"{path} does not exist: run `autograder build` first.")
    return path


def _read(path: Path) -> NotebookNode:
    try:
        return nbformat.read(path, as_version=4)
    except Exception:
        raise Problem(f"{path} is not a notebook: run `autograder build` again.") from None


def _run_sphinx(course: Course, pages: Path, built: Path) -> str:
    """Run Sphinx and return its warnings, a line for each.

    It runs in a process of its own, since it registers what it loads once for a process.

    Raises:
        Problem: it stopped.
    """
    warnings = pages / ".warnings"
    title = ["-D", f"project={course.title}", "-D", f"html_title={course.title}"]
    files = [str(pages), str(built), "-d", str(pages / ".doctrees"), "-w", str(warnings)]
    command = [sys.executable, "-m", "sphinx", "-q", "--no-color", *title, *files]
    ran = subprocess.run(
        command, env={**os.environ, **course.environment}, capture_output=True, text=True
    )
    text = warnings.read_text(encoding="utf-8") if warnings.exists() else ""
    # Sphinx names the copies in the temporary folder.
    for folder in (pages.resolve(), pages):
        text = text.replace(f"{folder}{os.sep}", "")
    if ran.returncode:
        raise Problem(f"The website cannot be built: {text.strip() or ran.stderr.strip()}")
    return text.strip()
