"""What students hand in: every kind of file that was seen, and what has to come of it."""

from __future__ import annotations

import copy
import gzip
import io
import json
import os
import re
import socket
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_folder import WRITTEN, cell_of
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

Notebook = dict[str, Any]
RIGHT, ASKS = 18.0, 0.0
STUB = "YOUR ANSWER HERE"
SAID = "Broadcasting to scale a table; vmap for a gradient each."


@dataclass(frozen=True)
class Kind:
    """One kind of submission.

    Attributes:
        hand_in: puts it into the student's folder, given the notebook with all answers right.
        score: the points without a person.
        asks: whether a person is asked to grade all of it, since it cannot be read.
        written: whether a person is asked to grade the written answer.
        says: a pattern of what the log has to say, in a line with the student's name.
    """

    hand_in: Callable[[Path, NotebookNode], None]
    score: float = RIGHT
    asks: bool = False
    written: bool = True
    says: str = ""


KINDS: dict[str, Kind] = {}


def kind(**expected: Any) -> Callable[[Callable[[Path, NotebookNode], Any]], None]:
    """Note a function as a kind of submission, under its name."""

    def note(function: Callable[[Path, NotebookNode], Any]) -> None:
        KINDS[function.__name__] = Kind(function, **expected)

    return note


def asks(says: str) -> Callable[[Callable[[Path, NotebookNode], Any]], None]:
    """The same of one that nobody can read."""
    return kind(score=ASKS, asks=True, says=says)


def text(notebook: NotebookNode) -> str:
    return json.dumps(notebook, indent=1)


def put(folder: Path, content: bytes | str, name: str = "vmap.ipynb") -> Path:
    """Write a file of the submission."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def edited(change: Callable[[NotebookNode], Any]) -> Callable[[Path, NotebookNode], None]:
    """Hand in the right answers after a change to the notebook."""

    def hand_in(folder: Path, right: NotebookNode) -> None:
        notebook = copy.deepcopy(right)
        change(notebook)
        put(folder, text(notebook))

    hand_in.__name__ = change.__name__
    return hand_in


def edit(**expected: Any) -> Callable[[Callable[[NotebookNode], Any]], None]:
    return lambda change: kind(**expected)(edited(change))


def bytes_of(**expected: Any) -> Callable[[Callable[[str], bytes]], None]:
    """Note a function from the text of the right notebook to what is handed in."""

    def note(function: Callable[[str], bytes]) -> None:
        def hand_in(folder: Path, right: NotebookNode) -> None:
            put(folder, function(text(right)))

        hand_in.__name__ = function.__name__
        kind(**expected)(hand_in)

    return note


# Encodings: Windows editors, learning platforms, e-mail.


@bytes_of()
def begins_with_a_mark(right: str) -> bytes:
    return b"\xef\xbb\xbf" + right.encode()


@bytes_of()
def begins_with_two_marks(right: str) -> bytes:
    return b"\xef\xbb\xbf\xef\xbb\xbf" + right.encode()


@bytes_of()
def in_utf16(right: str) -> bytes:
    return right.encode("utf-16")


@bytes_of()
def in_utf16_without_a_mark(right: str) -> bytes:
    return right.encode("utf-16-le")


@bytes_of()
def in_big_endian_utf16(right: str) -> bytes:
    return right.encode("utf-16-be")


@bytes_of()
def in_utf32(right: str) -> bytes:
    return right.encode("utf-32")


@bytes_of()
def in_cp1252(right: str) -> bytes:
    return right.replace("gradient each", "gradient each – naïve, “für” mich").encode("cp1252")


@bytes_of()
def with_bytes_that_are_no_text(right: str) -> bytes:
    return (
        right.replace("gradient each", "gradient each @@ à é ü ö ä")
        .encode()
        .replace(b"@@", b"\xff\xfe\x81")
    )


@bytes_of()
def with_half_a_character(right: str) -> bytes:
    return right.replace("gradient each", r"gradient \ud83d each").encode()


@bytes_of()
def with_a_whole_character_in_two(right: str) -> bytes:
    return right.replace("gradient each", r"gradient \ud83d\ude00 each").encode()


@edit()
def half_a_character_everywhere(notebook: NotebookNode) -> None:
    notebook.metadata["title"] = "\ud83d"
    notebook.cells.append(new_code_cell('emoji = "\ud83d"  # 😀', metadata={"tags": ["\udc00"]}))
    cell_of(notebook, "pairwise").outputs = [
        {"output_type": "stream", "name": "stdout", "text": "\ud83d"}
    ]


@bytes_of()
def windows_lines(right: str) -> bytes:
    return right.replace("\n", "\r\n").replace(r"\n", r"\r\n").encode()


@bytes_of()
def garbage_after_the_end(right: str) -> bytes:
    return right.encode() + b'\n   }\n ]\n}\n"nbformat_minor": 5'


@bytes_of()
def zeros_after_the_end(right: str) -> bytes:
    return right.encode() + bytes(4096)


@bytes_of()
def tabs_inside_of_texts(right: str) -> bytes:
    return right.replace("gradient each", "gradient\teach").encode()


# What is no notebook.


@bytes_of(score=ASKS, asks=True, says=r"vmap\.ipynb is empty\. A person has to grade it")
def nothing_in_it(right: str) -> bytes:
    return b""


@bytes_of(score=ASKS, asks=True, says="is empty")
def only_zeros(right: str) -> bytes:
    return bytes(10_000)


@bytes_of(score=ASKS, asks=True, says="is a web page")
def a_page_that_asks_to_log_in(right: str) -> bytes:
    return b"\n<!DOCTYPE html>\n<html><title>Log in</title></html>"


@bytes_of(score=ASKS, asks=True, says="is an archive")
def gzipped(right: str) -> bytes:
    return gzip.compress(right.encode())


@bytes_of(score=ASKS, asks=True, says="is an archive")
def zipped(right: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("vmap.ipynb", right)
    return file.getvalue()


@bytes_of(score=ASKS, asks=True, says="is a PDF")
def a_pdf(right: str) -> bytes:
    return b"%PDF-1.7\n..."


@bytes_of(score=ASKS, asks=True, says="RTF")
def rich_text(right: str) -> bytes:
    return rb"{\rtf1\ansi " + right.encode() + b"}"


@bytes_of(score=ASKS, asks=True, says="is not a Jupyter notebook")
def a_script(right: str) -> bytes:
    return b"import jax\n\n# %%\ndef pairwise(xs, ys):\n    return xs\n"


@bytes_of(score=ASKS, asks=True, says="cut off or damaged")
def cut_off(right: str) -> bytes:
    return right.encode()[: len(right) // 2]


@bytes_of(score=ASKS, asks=True, says="unfinished merge")
def an_unfinished_merge(right: str) -> bytes:
    return right.replace(
        ' "metadata"', '\n<<<<<<< HEAD\n "metadata"\n=======\n>>>>>>> theirs\n "metadata"', 1
    ).encode()


@bytes_of(score=ASKS, asks=True, says="pointer of Git LFS")
def a_pointer(right: str) -> bytes:
    return b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@bytes_of(score=ASKS, asks=True, says="JSON, but not a Jupyter notebook")
def other_json(right: str) -> bytes:
    return b'{"url": "https://drive.google.com/open?id=1", "doc_id": "1"}'


@bytes_of(score=ASKS, asks=True, says="JSON, but not a Jupyter notebook")
def cells_are_null(right: str) -> bytes:
    return b'{"cells": null, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


@bytes_of(score=ASKS, asks=True, says="JSON, but not a Jupyter notebook")
def a_list(right: str) -> bytes:
    return b"[" + right.encode() + b"]"


@bytes_of(score=ASKS, asks=True, says="nested too deeply")
def nested_deeply(right: str) -> bytes:
    return b'{"cells": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"


@bytes_of(score=ASKS, asks=True, says="has 100,000 cells, and at most 2,000 can be graded")
def a_hundred_thousand_cells(right: str) -> bytes:
    return json.dumps({"cells": [{"cell_type": "code", "source": "pass"}] * 100_000}).encode()


@bytes_of(score=ASKS, asks=True, says="characters of text")
def a_very_long_cell(right: str) -> bytes:
    return json.dumps({"cells": [{"cell_type": "raw", "source": "x" * 10_000_001}]}).encode()


@bytes_of(score=ASKS, asks=True)
def a_number_that_is_too_long(right: str) -> bytes:
    return b'{"cells": [], "nbformat": ' + b"4" * 10_000 + b"}"


# Notebooks that another program wrote.


@edit()
def another_format(notebook: NotebookNode) -> None:
    notebook.nbformat, notebook.nbformat_minor = 5, 9


@edit()
def many_cells(notebook: NotebookNode) -> None:
    notebook.cells += [new_code_cell("pass") for _ in range(1500)]


@edit()
def no_version(notebook: NotebookNode) -> None:
    del notebook["nbformat"], notebook["nbformat_minor"]
    notebook["metadata"] = None


@kind()
def format_three(folder: Path, right: NotebookNode) -> None:
    cells = []
    for cell in copy.deepcopy(right.cells):
        if cell.cell_type == "code":
            cell["input"] = cell.pop("source").splitlines(keepends=True)
            cell["language"], cell["prompt_number"] = "python", cell.pop("execution_count")
        cells.append(cell)
    cells.insert(0, {"cell_type": "heading", "level": 2, "source": ["vmap"], "metadata": {}})
    sheets = [{"cells": cells, "metadata": {}}]
    put(folder, json.dumps({"nbformat": 3, "nbformat_minor": 0, "worksheets": sheets}))


@edit()
def sources_are_lists(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        cell["source"] = cell.source.splitlines(keepends=True)


@edit()
def sources_are_lists_of_bare_lines(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        cell["source"] = cell.source.split("\n")


@edit()
def cells_of_every_kind(notebook: NotebookNode) -> None:
    notebook.cells += [
        None, 3, "text", [], {}, {"cell_type": "code"}, {"source": None}, {"cell_type": "sql"},
        {"cell_type": "code", "source": {"a": 1}, "metadata": [], "outputs": "none", "id": 7},
        {"cell_type": "markdown", "source": "x", "attachments": {"a.png": {"image/png": 3}}},
        {"cell_type": "markdown", "source": "x", "attachments": ["a"], "id": "pairwise"},
        {"cell_type": [], "source": 5, "metadata": {"nbgrader": 4}},
    ]  # fmt: skip


@bytes_of()
def numbers_that_json_has_not(right: str) -> bytes:
    return right.replace('"metadata": {}', '"metadata": {"a": NaN, "b": -Infinity}', 1).encode()


@bytes_of()
def keys_twice(right: str) -> bytes:
    return right.replace('"metadata": {', '"metadata": {}, "metadata": {', 1).encode()


@edit()
def huge_outputs(notebook: NotebookNode) -> None:
    cell_of(notebook, "pairwise").outputs = [
        {"output_type": "stream", "name": "stdout", "text": ["0123456789" * 100_000] * 20}
    ]


@edit()
def outputs_of_no_kind(notebook: NotebookNode) -> None:
    cell_of(notebook, "pairwise").outputs = [3, None, {"output_type": "x"}, {"data": "y"}]


@kind()
def as_jupyter_sends_it(folder: Path, right: NotebookNode) -> None:
    put(folder, json.dumps({"name": "vmap.ipynb", "type": "notebook", "content": right}))


@edit()
def metadata_of_colab(notebook: NotebookNode) -> None:
    notebook.nbformat_minor = 0
    notebook.metadata = {"colab": {"provenance": []}, "accelerator": "GPU", "kernelspec": 3}
    for number, cell in enumerate(notebook.cells):
        cell.pop("id")
        cell.metadata["id"] = f"x{number}"
        cell.metadata["colab"] = {"base_uri": "https://localhost:8080/"}


# Metadata of cells that are gone or wrong.


def without_metadata(notebook: NotebookNode) -> None:
    notebook.metadata = {}
    for cell in notebook.cells:
        cell.metadata = {}


def without_ids(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        cell.pop("id")


@edit()
def metadata_gone(notebook: NotebookNode) -> None:
    without_metadata(notebook)


@edit()
def metadata_and_ids_gone(notebook: NotebookNode) -> None:
    without_metadata(notebook)
    without_ids(notebook)


@edit(written=False)
def metadata_and_ids_gone_and_nothing_written(notebook: NotebookNode) -> None:
    cell_of(notebook, WRITTEN).source = STUB
    without_metadata(notebook)
    without_ids(notebook)


@edit()
def new_ids_and_cells_between(notebook: NotebookNode) -> None:
    without_metadata(notebook)
    cells = []
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{number:08x}"
        cells += [cell, new_code_cell(f"scratch = {number}")]
    notebook.cells = cells


@edit()
def the_written_answer_is_gone(notebook: NotebookNode) -> None:
    notebook.cells.remove(cell_of(notebook, WRITTEN))


@edit()
def written_in_a_cell_below(notebook: NotebookNode) -> None:
    place = notebook.cells.index(cell_of(notebook, WRITTEN))
    notebook.cells[place].source = STUB
    notebook.cells.insert(place + 1, new_markdown_cell(SAID))


@edit()
def written_in_a_copy(notebook: NotebookNode) -> None:
    cell = cell_of(notebook, WRITTEN)
    first = copy.deepcopy(cell)
    first.source = STUB
    notebook.cells.insert(notebook.cells.index(cell), first)


@edit()
def written_as_code(notebook: NotebookNode) -> None:
    cell_of(notebook, WRITTEN).cell_type = "code"


@edit()
def cells_moved(notebook: NotebookNode) -> None:
    cell = cell_of(notebook, WRITTEN)
    notebook.cells.remove(cell)
    notebook.cells.insert(0, cell)


@edit()
def names_of_other_exercises(notebook: NotebookNode) -> None:
    names = ["pairwise", "attention", "ensemble", "check-pairwise"]
    cells = [cell_of(notebook, name) for name in names]
    for cell, name in zip(cells, names[1:] + names[:1], strict=True):
        cell.metadata["nbgrader"] = {**cell.metadata["nbgrader"], "grade_id": name}


@edit()
def one_name_for_all(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata["nbgrader"] = {**cell.metadata["nbgrader"], "grade_id": "check-pairwise"}


@edit()
def metadata_of_every_type(notebook: NotebookNode) -> None:
    values = [None, "x", 3, [], {"grade_id": []}, {"grade_id": {}}, {}, {"grade_id": "nobody"}]
    for number, cell in enumerate(notebook.cells):
        cell.metadata = {"nbgrader": values[number % len(values)]}


@edit()
def metadata_of_cells_is_null(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        cell["metadata"] = None


@edit()
def given_cells_deleted(notebook: NotebookNode) -> None:
    notebook.cells = [cell for cell in notebook.cells if not cell.id.startswith("given-")]


@edit()
def split_answers(notebook: NotebookNode) -> None:
    cell = cell_of(notebook, "column_norms")
    place = notebook.cells.index(cell)
    cell.source = "helper = 3\n"
    notebook.cells.insert(
        place + 1,
        new_code_cell("def column_norms(A):\n    return jnp.sqrt((A * A).sum(0))"),
    )


@edit(score=ASKS, asks=True)
def every_cell_deleted(notebook: NotebookNode) -> None:
    notebook.cells = []


@edit(score=ASKS, asks=True)
def a_notebook_of_ones_own(notebook: NotebookNode) -> None:
    notebook.cells = [new_markdown_cell("# My diary"), new_code_cell("print(1)")]


# Names of files.


def named(name: str) -> Callable[[Path, NotebookNode], None]:
    """Hand in the right answers under this name."""

    def hand_in(folder: Path, right: NotebookNode) -> None:
        put(folder, text(right), name)

    return hand_in


for student, file in {
    "downloaded_twice": "vmap (1).ipynb",
    "named_by_moodle": "jane_12345_vmap.ipynb",
    "in_capitals": "VMAP.IPYNB",
    "copied": "vmap-Copy1.ipynb",
    "named_by_canvas": "doejane_LATE_123_4567_vmap-2.ipynb",
    "copied_on_a_mac": "vmap copy 2.ipynb",
    "copied_by_colab": "Copy of vmap.ipynb",
    "with_a_second_suffix": "vmap.ipynb.txt",
    "saved_by_safari": "vmap.ipynb.json",
    "saved_as_json": "vmap.json",
    "with_another_name": "Untitled7.ipynb",
    "in_a_folder": "homework/week 5/vmap.ipynb",
    "in_a_folder_with_another_name": "homework/my solution.ipynb",
}.items():
    KINDS[student] = Kind(named(file), says=rf"There is no vmap\.ipynb; {re.escape(file)} is taken")


@kind()
def two_notebooks(folder: Path, right: NotebookNode) -> None:
    put(folder, text(right))
    put(folder, "no notebook", "vmap (1).ipynb")
    put(folder, "no notebook", "old/vmap.ipynb")


@asks(r"may be any of vmap \(1\)\.ipynb, vmap \(2\)\.ipynb")
def two_that_may_be_it(folder: Path, right: NotebookNode) -> None:
    put(folder, text(right), "vmap (1).ipynb")
    put(folder, text(right), "vmap (2).ipynb")


@kind(says=r"vmap \(1\)\.ipynb is taken")
def one_that_is_called_so(folder: Path, right: NotebookNode) -> None:
    put(folder, text(right), "vmap (1).ipynb")
    put(folder, "{}", "diary.ipynb")
    put(folder, "{}", "__MACOSX/._vmap.ipynb")
    put(folder, "{}", ".ipynb_checkpoints/vmap-checkpoint.ipynb")


@asks(r"no vmap\.ipynb in the submission, but report\.pdf")
def another_file_only(folder: Path, right: NotebookNode) -> None:
    put(folder, "%PDF", "report.pdf")


@asks(r"no vmap\.ipynb in the submission, but nothing")
def an_empty_folder(folder: Path, right: NotebookNode) -> None:
    pass


@kind()
def files_beside_it(folder: Path, right: NotebookNode) -> None:
    put(folder, text(right))
    put(folder, b"\xff\0", "data/a b.bin")
    put(folder, "x = 1", "utils.py")
    put(folder, "x", "täst\u00a0😀.csv")
    (folder / "empty").mkdir()


# Dates.


def dated(stamp: bytes, says: str = "") -> None:
    """Note a submission with this date."""

    def hand_in(folder: Path, right: NotebookNode) -> None:
        put(folder, text(right))
        put(folder, stamp, "timestamp.txt")

    KINDS[f"dated_{len(KINDS)}"] = Kind(hand_in, says=says)


DATE = "2026-11-30 05:40:00.123456 UTC"
NO_DATE = r"date in timestamp\.txt .* cannot be read"
dated(DATE.encode())
dated(b"\xef\xbb\xbf" + DATE.encode())
dated(DATE.encode("utf-16"))
dated(DATE.encode("utf-16-le"))
dated(b"9999-12-31 23:59:59 UTC")
dated(b"0001-01-01 00:00:00 UTC")
dated(b"", NO_DATE)
dated(b"yesterday, I think", NO_DATE)
dated(b"99999-99-99 99:99:99 UTC", NO_DATE)
dated(bytes(range(256)), NO_DATE)
dated(b"2" * 100_000, NO_DATE)


# Files that are no files.


@asks("is a link to another file")
def a_link_to_the_master(folder: Path, right: NotebookNode) -> None:
    (folder / "vmap.ipynb").symlink_to(folder.parents[2] / "solutions" / "05_vmap" / "vmap.ipynb")


@asks("is a link to another file")
def a_link_to_the_system(folder: Path, right: NotebookNode) -> None:
    (folder / "vmap.ipynb").symlink_to("/etc/passwd")


@asks("is a link to another file")
def a_link_to_zeros(folder: Path, right: NotebookNode) -> None:
    (folder / "vmap.ipynb").symlink_to("/dev/zero")


@asks("is a link to another file")
def a_link_to_nothing(folder: Path, right: NotebookNode) -> None:
    (folder / "vmap.ipynb").symlink_to("nowhere")


@asks("is a pipe")
def a_pipe(folder: Path, right: NotebookNode) -> None:
    os.mkfifo(folder / "vmap.ipynb")


@asks("is a folder|no vmap.ipynb")
def a_folder(folder: Path, right: NotebookNode) -> None:
    put(folder, "x", "vmap.ipynb/inside.txt")


@asks("is a socket")
def a_socket(folder: Path, right: NotebookNode) -> None:
    here = os.getcwd()
    os.chdir(folder)
    try:
        socket.socket(socket.AF_UNIX).bind("vmap.ipynb")
    finally:
        os.chdir(here)


@asks("a hard link")
def a_hard_link(folder: Path, right: NotebookNode) -> None:
    os.link(put(folder.parent, text(right), "elsewhere"), folder / "vmap.ipynb")


@asks("is larger than 100,000 kB")
def a_file_with_a_hole(folder: Path, right: NotebookNode) -> None:
    with put(folder, b"{").open("ab") as file:
        file.truncate(100 * 2**30)


@asks("The folder 05_vmap is a link to another folder")
def a_folder_that_is_a_link(folder: Path, right: NotebookNode) -> None:
    folder.rmdir()
    put(folder.parent / "real", text(right))
    folder.symlink_to("real")


@kind(says="Left out of what .* handed in: .*link")
def links_beside_it(folder: Path, right: NotebookNode) -> None:
    put(folder, text(right))
    (folder / "master.txt").symlink_to(folder.parents[2] / "solutions" / "05_vmap" / "vmap.py")
    (folder / "system").symlink_to("/etc")
    (folder / "zeros.csv").symlink_to("/dev/zero")
    (folder / "timestamp.txt").symlink_to("/dev/zero")


@kind(says="Left out of what .* handed in: .*pipe")
def a_pipe_beside_it(folder: Path, right: NotebookNode) -> None:
    put(folder, text(right))
    os.mkfifo(folder / "data.csv")
    os.mkfifo(folder / "timestamp.txt")


@kind(says="Left out of what .* handed in")
def too_much_beside_it(folder: Path, right: NotebookNode) -> None:
    put(folder, text(right))
    for number in range(1100):
        put(folder, "x", f"many/{number}.txt")
    with put(folder, b"x", "hole.bin").open("ab") as file:
        file.truncate(100 * 2**30)


# Names of students.

NAMES = ["[abc]*", "{student}", "%s %d", "a b", " Ada ", "..ada", "ÅÄÖ 李 😀", "x" * 200, "ada,ben"]
IMPOSSIBLE = ["line\nbreak", "es\x1b[2Jcape", "carriage\rreturn"]
