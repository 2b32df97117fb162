"""The quick references: their snippets run, they say what they should, and each is one page."""

import contextlib
import re
import shutil
from unittest import mock

import jax
import jupytext
import numpy as np
import pypdf
import pytest
import shared
from masters import ROOT
from nbformat.v4 import new_markdown_cell, new_notebook

from autograder.problem import Problem
from slides import making as slides
from slides.making import browser, functions, references
from slides.making.pages import page

MODULES = sorted(path.stem for path in (ROOT / "course").glob("[0-9]*.py"))


def test_there_is_one_for_the_course_and_for_every_module():
    names = [path.stem for path in references.masters(ROOT)]
    assert names == ["00_course", *MODULES]


def test_a_value_stands_behind_its_expression():
    source = "x = 3\nx + 1\nprint(x)\n[x][7]  # raises\nlong = 'a' * 60\nlong"
    annotated, figures = references.annotate(source, {})
    assert figures == []
    assert annotated.splitlines() == [
        "x = 3",
        "x + 1  # → 4",
        "print(x)  # → 3",
        "[x][7]  # → IndexError",
        "long = 'a' * 60",
        "long",
        "# → " + "a" * 60,
    ]


def test_an_array_in_a_container_is_shown_as_its_numbers():
    source = "import jax.numpy as jnp\n(jnp.ones(2), {'b': jnp.zeros(())})"
    assert references.annotate(source, {})[0].endswith("# → ([1., 1.], {'b': 0.})")


@pytest.mark.parametrize(
    ("source", "error"), [("[][0]", IndexError), ("1 + 1  # raises", AssertionError)]
)
def test_a_line_that_does_not_do_what_it_says_is_an_error(source, error):
    with pytest.raises(error):
        references.annotate(source, {})


def test_a_snippet_that_fails_is_named(tmp_path):
    broken = tmp_path / "10_broken.py"
    broken.write_text("# %% [markdown]\n# # Broken\n\n# %%\n1 / 0\n")
    with pytest.raises(Problem, match=r"10_broken\.py does not run: ZeroDivisionError"):
        references._annotated(broken)


def test_the_table_of_functions_is_of_the_installed_versions():
    table = {row.name: row for row in functions.rows()}
    assert len(table) > 400
    assert table["sin"].present
    assert "casting" in table["sin"].only_numpy
    assert table["linalg.norm"].only_numpy == ()
    assert "size" in table["nonzero"].only_jax
    assert "unless given `size=`" in table["nonzero"].difference
    assert not table["putmask"].present
    for name in functions.DIFFERENCES:  # what is listed as different is different
        numpys, jaxs = table[name].difference.rsplit("`: ", 1)[1].split("; ")
        assert numpys != jaxs, name


def test_an_update_does_what_the_numpy_line_beside_it_does():
    text = (ROOT / "slides" / "references" / "02_mutability.py").read_text(encoding="utf-8")
    rows = re.findall(r"^# \| `([^`]+)` \| `(a = [^`]+)`", text, re.MULTILINE)
    assert len(rows) >= 8
    for in_numpy, in_jax in rows:
        may_differ = re.fullmatch(r"a\[i\] \S*= v", in_numpy)  # where an index repeats
        for index in ([1, 3], [1, 1, 3])[: 1 if may_differ else 2]:
            names = {"np": np, "jnp": jax.numpy, "i": np.array(index), "v": np.float32(0.5)}
            here = names | {"a": np.arange(5, dtype=np.float32)}
            there = names | {"a": jax.numpy.arange(5.0)}
            exec(in_numpy, here)
            exec(in_jax, there)
            assert np.allclose(here["a"], there["a"]), (in_numpy, in_jax, index)


@pytest.mark.slow
def test_all_snippets_run_and_each_reference_prints_on_one_page(tmp_path_factory):
    with shared.folder(tmp_path_factory, "slides") as folder:
        made = list(references.build_references(ROOT, folder))
    assert [path.stem for path in made] == ["00_course", *MODULES]
    with browser.opened() as opened:
        for html in made:
            text = html.read_text(encoding="utf-8")
            assert text.count('<span class="value">→') >= 5, html
            assert "# raises" not in text
            browser.show(opened, html)
            assert browser.beyond_one_page(opened) == []
            (sheet,) = pypdf.PdfReader(browser.print_page(opened, html)).pages
            width, height = (float(side) * 25.4 / 72 for side in sheet.mediabox[2:])
            assert (round(width), round(height)) == (210, 297)
            assert "quick reference" in sheet.extract_text()


def test_a_page_that_is_too_long_is_found(tmp_path):
    """The check that all references pass can fail."""
    if browser.chromium() is None:
        pytest.skip("needs Chromium")
    cells = [new_markdown_cell("# Long"), *(new_markdown_cell("## Box\n\ntext") for _ in range(80))]
    long = tmp_path / "long.html"
    long.write_text(page(new_notebook(cells=cells), "reference", ROOT, title="", foot=""))
    with browser.opened() as opened:
        browser.show(opened, long)
        assert "reaches beyond the page" in browser.beyond_one_page(opened)[0]


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A course with two quick references, and a list of those that were run."""
    ran = []

    def run(paths):
        for path in paths:
            ran.append(path.stem)
            yield jupytext.read(path)

    monkeypatch.setattr(references, "run", run)
    shutil.copytree(ROOT / "slides" / "templates", tmp_path / "slides" / "templates")
    (tmp_path / "slides" / "references").mkdir()
    (tmp_path / "helpers.py").write_text("one = 1\n")
    for name, code in (("00_course", "1"), ("01_numbers", "from helpers import one")):
        text = f"# %% [markdown]\n# # {name}\n\n# %%\n{code}\n"
        (tmp_path / "slides" / "references" / f"{name}.py").write_text(text)
    return tmp_path, ran


def test_a_reference_is_run_again_only_if_it_or_what_it_imports_changed(small):
    root, ran = small
    pages = list(references.build_references(root, root))
    assert [path.name for path in pages] == ["00_course.html", "01_numbers.html"]
    written = [path.read_bytes() for path in pages]
    assert list(references.build_references(root, root)) == pages
    assert [path.read_bytes() for path in pages] == written
    assert ran == ["00_course", "01_numbers"]
    for changed, again in (
        ("helpers.py", ["01_numbers"]),
        ("slides/references/00_course.py", ["00_course"]),
        ("slides/templates/reference/reference.css", ["00_course", "01_numbers"]),
    ):
        ran.clear()
        with (root / changed).open("a") as file:
            file.write("\n")
        list(references.build_references(root, root))
        assert ran == again, changed


def test_a_page_that_was_not_finished_is_made_again(small):
    root, ran = small
    first, _ = references.build_references(root, root)
    first.write_text(first.read_text(encoding="utf-8")[:-10], encoding="utf-8")
    list(references.build_references(root, root))
    assert ran == ["00_course", "01_numbers", "00_course"]


def test_the_bar_of_the_slides_is_full_at_the_last_file(monkeypatch, tmp_path):
    pages = [tmp_path / f"{path.stem}.html" for path in references.masters(ROOT)]
    page = mock.MagicMock()
    page.evaluate.return_value = 0
    monkeypatch.setattr(browser, "opened", lambda: contextlib.nullcontext(page))
    monkeypatch.setattr(browser, "beyond_one_page", lambda page: [])
    monkeypatch.setattr(slides.functions, "build_table", lambda root, target: target / "t.html")
    monkeypatch.setattr(slides, "build_references", lambda root, target: pages)
    monkeypatch.setattr(slides, "build_deck", lambda root, target: target / "deck.html")
    files = list(slides.build(ROOT, tmp_path))
    assert len(set(files)) == slides.count(ROOT)
    assert page.goto.call_count == len(pages) + 3  # the deck is opened to read it and to print it


def test_without_chromium_the_html_is_there_and_a_sentence_says_what_is_missing(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(browser.shutil, "which", lambda name: None)
    monkeypatch.setattr(slides.functions, "build_table", lambda root, target: target / "t.html")
    monkeypatch.setattr(slides, "build_references", lambda root, target: [])
    monkeypatch.setattr(slides, "build_deck", lambda root, target: target / "deck.html")
    built = slides.build(ROOT, tmp_path)
    assert [next(built).name, next(built).name] == ["t.html", "deck.html"]
    with pytest.raises(Problem, match="The HTML files are built, but the PDFs need Chromium"):
        next(built)
