"""Writes a notebook for each lesson and each assignment that works alone, on Colab and elsewhere.

Its first cell, which is folded, carries the data that the notebook needs, and the part of the
grader that learners need; so it asks for no network. Where the repository has a public address,
the grader is installed from there instead, and a badge opens the notebook on Colab.
"""

from __future__ import annotations

import ast
import base64
import functools
import hashlib
import io
import lzma
import mimetypes
import posixpath
import re
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

import autograder
from autograder.authoring import address, learner_files
from autograder.authoring.course import Course
from autograder.problem import Problem
from autograder.student import check_file
from autograder.student.check_file import SUFFIX
from autograder.student.outline import Outline

BRANCH, FOLDER = "gh-pages", "notebooks"
"""Where the website's branch has these notebooks; Colab opens them there."""
LARGEST = 250_000
"""The most bytes that a notebook should have: Colab becomes slow with large ones."""
CELL = "unpack"
"""The id of the first cell."""
BADGE = "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({target})"
LINK = re.compile(
    r"(?P<is_picture>!?)\[(?P<words>[^\[\]]*)\]\((?P<target>[^()\s:#]+)(?:#[^()\s]*)?\)"
)
"""A link or a picture in Markdown, if its target is a relative path."""
PARTS = (
    "__init__.py", "__init__.pyi", "markup.py", "problem.py", "schema.py", "text.py",
    "student/**/*.py", "judge/**/*.py",
)  # fmt: skip
"""What learners need of the grader."""
WITH_COMMENTS = {
    f"student/{name}.py"
    for name in ("hints", "learner", "lessons", "personal", "predictions", "stubs")
} | {"__init__.py", "__init__.pyi"}
"""The files whose functions learners call, so that they can read the docstrings."""
NEEDS = ("numpy", "jax", "matplotlib", "markupsafe", "rich", "platformdirs", "filelock")
"""The packages that this part, and the pictures of lessons, import; Colab has all of them."""
TEMPLATE = Path(__file__).parent / "templates" / "first_cell.py"


@dataclass(frozen=True)
class _Handout:
    """What the notebooks are made from.

    Attributes:
        files: the files of the learner's folder, by their paths in it.
        root: the course's folder.
        repository: the public address; empty for none.
    """

    files: Mapping[str, bytes]
    root: Path
    repository: str

    def link(self, name: str) -> str:
        """The address of a file of the learner's folder; empty if it has none."""
        if name.endswith(".ipynb") and name in self.files and name != learner_files.START:
            return address.on_colab(self.repository, f"{FOLDER}/{name}", BRANCH)
        if self.repository and (self.root / name).is_file() and not name.endswith(".ipynb"):
            return f"{self.repository}/blob/HEAD/{name}"
        return ""


def write(about: Course, folder: Path, repository: str = "") -> list[Path]:
    """Write the notebooks of a course; the files written.

    Args:
        about: the course, which is built.
        folder: where to write; the notebooks have the same paths there as in the learner's folder.
        repository: the public address of the repository, or of a wheel of the grader. If it is
            empty, the notebooks carry the grader.

    Raises:
        Problem: one of them is there already, the course is not built, or as in
            `learner_files.contents`.
    """
    made = {folder / name: notebook for name, notebook in notebooks(about, repository).items()}
    if there := [path for path in made if path.exists()]:
        raise Problem(
            f"{there[0]} is there already: remove it, or name another folder with --folder."
        )
    for path, notebook in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{nbformat.writes(notebook)}\n", encoding="utf-8")
    return list(made)


def notebooks(about: Course, repository: str = "") -> dict[str, NotebookNode]:
    """The notebooks by their paths, see `write`."""
    learner_files.require_released(about)
    handout = _Handout(learner_files.contents(about), about.root, repository)
    names = [name for name in handout.files if name.endswith(".ipynb")]
    return {name: _alone(name, handout) for name in names if name != learner_files.START}


def _alone(name: str, handout: _Handout) -> NotebookNode:
    notebook = nbformat.reads(handout.files[name].decode(), as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = LINK.sub(lambda found: _linked(found, name, handout), cell.source)
    needed = dict(_needed(name, notebook, handout))
    beside = [
        posixpath.relpath(path, posixpath.dirname(name))
        for path in needed
        if name.startswith("exercises/")
        and path.startswith(f"{posixpath.dirname(name)}/")
        and not path.endswith(SUFFIX)
    ]
    requirement = _requirement(handout.repository)
    if not requirement:
        needed |= _grader()
    first = [_first_cell(needed, posixpath.dirname(name), requirement, beside)]
    if target := handout.link(name):
        first.insert(0, new_markdown_cell(BADGE.format(target=target), id="badge"))
    notebook.cells = first + notebook.cells
    return notebook


def _requirement(repository: str) -> str:
    """What pip installs; empty if the notebook carries the grader."""
    if not repository:
        return ""
    source = repository if repository.endswith(".whl") else f"git+{repository}"
    return f"{check_file.PACKAGE} @ {source}"


def _needed(name: str, notebook: NotebookNode, handout: _Handout) -> Iterator[tuple[str, bytes]]:
    """The files that a notebook needs: its data, what it imports, and what lies beside it."""
    folder = f"{posixpath.dirname(name)}/"
    imported = _imported(notebook, handout.root)
    data = PurePosixPath(name).with_suffix(SUFFIX).as_posix()
    for path, content in handout.files.items():
        if path == data:
            yield path, _with_links(handout, content)
        elif path.endswith((".ipynb", SUFFIX)):
            continue
        elif path in imported or (name.startswith("exercises/") and path.startswith(folder)):
            yield path, content


def _imported(notebook: NotebookNode, root: Path) -> set[str]:
    """The files of the course that the notebook's cells import, by their paths in its folder."""
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "cells.py")
        script.write_text(TransformerManager().transform_cell(code), encoding="utf-8")
        return {path.relative_to(root).as_posix() for path in learner_files.imported(script, root)}


def _with_links(handout: _Handout, data: bytes) -> bytes:
    """The data of a notebook, whose outline says where to find exercises: on Colab, or nowhere."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"data{SUFFIX}")
        path.write_bytes(data)
        file = check_file.read(path)
    modules = tuple(
        replace(module, exercises=handout.link(module.exercises)) for module in file.outline.modules
    )
    outline: Outline = replace(file.outline, modules=modules)
    if file.lesson is not None:
        return check_file.encode_lesson(outline, file.lesson)
    return check_file.encode(outline, file.packed, file.version)


def _linked(found: re.Match[str], name: str, handout: _Handout) -> str:
    """A link that leads somewhere from a notebook that is alone; otherwise its words."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(name), found["target"]))
    if not found["is_picture"]:
        target = handout.link(path)
        return f"[{found['words']}]({target})" if target else found["words"]
    content = handout.files.get(path)
    if content is None:
        return found[0]
    kind = mimetypes.guess_type(path)[0] or "image/png"
    return f"![{found['words']}](data:{kind};base64,{base64.b64encode(content).decode()})"


def _first_cell(
    files: Mapping[str, bytes], data: str, requirement: str, beside: Sequence[str]
) -> NotebookNode:
    packed = _packed(files)
    needs = [] if requirement else list(NEEDS)
    checksum = hashlib.sha256(packed).hexdigest()
    arguments = (data, requirement, list(beside), needs, checksum)
    source = (
        f"{TEMPLATE.read_text(encoding='utf-8')}\n\n"
        f"_unpack({', '.join(map(repr, arguments))})\n"
        f"# packed: {base64.b85encode(packed).decode()}"
    )
    folded = {"cellView": "form", "jupyter": {"source_hidden": True}}
    return new_code_cell(source, id=CELL, metadata=folded)


def _packed(files: Mapping[str, bytes]) -> bytes:
    """The files in an archive. It is compressed as a whole, since they are much alike."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, content in sorted(files.items()):
            file.writestr(zipfile.ZipInfo(name), content)
    return lzma.compress(archive.getvalue(), preset=9 | lzma.PRESET_EXTREME)


@functools.cache
def _grader() -> dict[str, bytes]:
    """The part of the grader that a notebook carries, by the paths of its files."""
    package = Path(autograder.__file__).parent
    files = {}
    for path in sorted({path for part in PARTS for path in package.glob(part)}):
        name = path.relative_to(package).as_posix()
        content = path.read_text(encoding="utf-8")
        if name not in WITH_COMMENTS:
            content = _without_comments(content)
        files[f"autograder/{name}"] = content.encode()
    return files


def _without_comments(code: str) -> str:
    """The code without comments and docstrings."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        # A string that stands alone documents the definition above it.
        node.body = [line for line in node.body if not _is_text(line)] or [ast.Pass()]
    return ast.unparse(tree)


def _is_text(line: ast.stmt) -> bool:
    return (
        isinstance(line, ast.Expr)
        and isinstance(line.value, ast.Constant)
        and isinstance(line.value.value, str)
    )
