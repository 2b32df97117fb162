"""The website: what its pages show, and what they hide, in a browser without a network."""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
import shared
import snowballstemmer
from axe_playwright_python.sync_playwright import Axe
from click.testing import CliRunner
from masters import ROOT
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import sync_playwright

from autograder.authoring import address, course, site, site_pages
from autograder.cli import main
from autograder.problem import Problem
from autograder.student import check_file
from autograder.student.outline import Outline
from slides.making.references import build_references

SCRIPTS = Path(sys.executable).parent
CHROMIUM = "/usr/bin/chromium"
HERE = "127.0.0.1"
LESSONS = sorted(path for path in (ROOT / "course").glob("[0-9]*.ipynb"))
GUIDES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

# ---------------------------------------------------------------------------- notebooks as pages


def printed(text: str):
    return [new_output("stream", name="stdout", text=text)]


def lesson(card: str):
    """A lesson with one prediction, whose card is `card`."""
    return new_notebook(
        cells=[
            new_markdown_cell("# 1. Shapes\n\n> What it is about."),
            new_code_cell("x.shape", outputs=printed("(2, 3)")),
            new_code_cell("# Your prediction\nmy_shape = ..."),
            new_code_cell("print(x.T.shape)", outputs=printed("(3, 2)")),
            new_code_cell(
                'predicted(my_shape, x.T.shape, why="Axes are exchanged.")',
                outputs=[new_output("display_data", {"text/html": card, "text/plain": "…"})],
            ),
            new_code_cell("y = 1", outputs=printed("after")),
        ]
    )


CARD = (
    "<div>no prediction yet"
    "<details><summary>Show</summary><p>It is (3, 2). Axes…</p></details></div>"
)
LINKS = site_pages.buttons("../notebooks/a.ipynb", "")


def test_what_is_printed_between_a_prediction_and_its_answer_is_hidden():
    page = site_pages.page(lesson(CARD), LINKS)
    tagged = [cell.source for cell in page.cells if "hide-output" in cell.metadata.get("tags", [])]
    assert tagged == ["print(x.T.shape)"]


def test_the_answer_of_a_prediction_is_one_fold_and_its_source_is_not_on_the_page():
    page = site_pages.page(lesson(CARD), LINKS)
    sources = [cell.source for cell in page.cells]
    assert (
        '<details class="answer"><summary>Show the answer</summary>'
        "<p>It is (3, 2). Axes…</p></details>" in sources
    )
    assert not any("why=" in source for source in sources)


def test_a_card_without_a_fold_is_folded_whole():
    page = site_pages.page(lesson("<p>It is (3, 2).</p>"), LINKS)
    assert any(
        cell.source.endswith("answer</summary><p>It is (3, 2).</p></details>")
        for cell in page.cells
    )


def test_the_buttons_stand_under_the_title():
    page = site_pages.page(lesson(CARD), LINKS)
    assert [cell.source for cell in page.cells[:3]] == [
        "# 1. Shapes", str(LINKS), "\n> What it is about.",
    ]  # fmt: skip


def test_a_page_leaves_the_notebook_as_it_is():
    notebook = lesson(CARD)
    before = json.dumps(notebook)
    site_pages.page(notebook, LINKS)
    assert json.dumps(notebook) == before


@pytest.mark.parametrize(
    ("ground", "letters"), [("#393b79", "#ffffff"), ("#d6616b", "#000000"), ("#8ca252", "#000000")]
)
def test_letters_on_a_coloured_ground_are_easy_to_read(ground, letters):
    drawn = (
        f'<span style="color: #ffffff; text-decoration-color: #ffffff; background-color: {ground}">'
    )
    expected = f'<span style="color: {letters}; background-color: {ground}">'
    assert site_pages.readable(drawn) == expected


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_prediction_of_the_course_is_folded(path):
    notebook = nbformat.read(path, as_version=4)
    page = site_pages.page(notebook, LINKS)
    asked = sum("predicted(" in cell.source for cell in notebook.cells if cell.cell_type == "code")
    folds = [cell.source for cell in page.cells if cell.source.startswith(site_pages.ANSWER)]
    assert len(folds) == asked > 0
    # A fold in a fold would need two clicks.
    assert not any(fold.count("<details") > 1 for fold in folds)


# -------------------------------------------------------------------------------- the address


@pytest.mark.parametrize(
    ("remote", "found"),
    [
        ("git@github.com:owner/name.git", "https://github.com/owner/name"),
        ("ssh://git@github.com/owner/name", "https://github.com/owner/name"),
        ("https://user:secret@github.com/owner/name.git", "https://github.com/owner/name"),
        ("https://git.example.org/group/sub/name/", "https://git.example.org/group/sub/name"),
        ("/srv/git/name.git", ""),
        ("", ""),
    ],
)
def test_the_address_is_that_of_gits_remote_without_its_password(
    tmp_path, monkeypatch, remote, found
):
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    if remote:
        subprocess.run(["git", "-C", tmp_path, "remote", "add", "origin", remote], check=True)
    assert address.find(tmp_path) == found


def test_a_workflow_knows_its_repository_and_a_person_knows_better(tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/name")
    assert address.find(tmp_path) == "https://github.com/owner/name"
    assert address.find(tmp_path, "https://github.com/a/b") == "https://github.com/a/b"
    with pytest.raises(Problem, match=r"write it as in https://github.com/owner/name\.$"):
        address.find(tmp_path, "my repository")


def test_only_a_repository_on_github_has_a_button_to_colab():
    colab = address.on_colab("https://github.com/owner/name", "notebooks/a.ipynb", "gh-pages")
    assert colab.endswith("/github/owner/name/blob/gh-pages/notebooks/a.ipynb")
    assert "Open in Colab" in site_pages.buttons("a.ipynb", colab)
    assert address.on_colab("https://git.example.org/owner/name", "a.ipynb", "main") == ""
    assert "Colab" not in site_pages.buttons("a.ipynb", "")


# ---------------------------------------------------------------------------------- bad input


def small_course(folder: Path, lesson_text: str = "# 1. Roots\n\nText.") -> course.Course:
    """A course with one lesson, built, and no folder `site/`."""
    (folder / "course").mkdir(parents=True)
    (folder / "course" / "course.toml").write_text(
        'id = "small"\ntitle = "A small course"\n[[modules]]\nname = "01_roots"\n'
    )
    (folder / "course" / "01_roots.py").write_text("# %% [markdown]\n# # 1. Roots\n")
    notebook = new_notebook(cells=[new_markdown_cell(lesson_text)])
    nbformat.write(notebook, folder / "course" / "01_roots.ipynb")
    about = course.read(folder)
    outline = Outline(about.id, about.title, ())
    (folder / "course" / "small.check").write_bytes(check_file.encode(outline))
    return about


def test_a_folder_with_something_else_is_not_overwritten(tmp_path):
    here = small_course(tmp_path / "course")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("text")
    with pytest.raises(Problem, match="holds something else than a website: give another folder"):
        site.build(here, tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "text"


def test_a_lesson_that_is_not_built_is_named(tmp_path):
    here = small_course(tmp_path / "course")
    (here.root / "course" / "01_roots.ipynb").unlink()
    with pytest.raises(Problem, match=r"01_roots\.ipynb does not exist: run `autograder build`"):
        site.build(here, tmp_path / "out")


def test_without_sphinx_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(site, "PACKAGES", ("sphinx", "no_such_theme"))
    with pytest.raises(Problem, match=r'needs no_such_theme: run `pip install "numpy-to-jax\['):
        site.build(small_course(tmp_path / "course"), tmp_path / "out")


# ------------------------------------------------------------------------------------- guides


def commands() -> list[str]:
    """The commands in the shell blocks and in the text of the guides, without their arguments."""
    found = set()
    for guide in GUIDES:
        text = guide.read_text(encoding="utf-8")
        lines = [
            line
            for block in re.findall(r"```sh\n(.*?)```", text, re.S)
            for line in block.splitlines()
        ]
        lines += re.findall(r"`((?:autograder|nbgrader) [^`]+)`", text)
        for line in lines:
            words = shlex.split(line.strip(), comments=True)
            words = words[2:] if words[:1] == ["python3"] and words[1:2] == ["start.py"] else words
            words = words[2:] if words[:2] == ["uv", "run"] else words
            if words[:1] in (["autograder"], ["nbgrader"]):
                found.add(" ".join(words))
    return sorted(found)


def subcommand(words: list[str]) -> list[str]:
    """The words that name a command of nbgrader."""
    return words[:3] if words[0] == "db" else words[:1]


def test_every_command_of_the_grader_in_a_guide_exists_with_its_options(monkeypatch):
    monkeypatch.chdir(ROOT)
    for command in commands():
        if not command.startswith("autograder "):
            continue
        words = shlex.split(command)[1:]
        names = [word for word in words[:2] if re.fullmatch("[a-z]+", word)]
        depth = 2 if names[:1] and names[0] in ("new", "pack") else 1
        result = CliRunner().invoke(main, [*words[:depth], "--help"])
        assert result.exit_code == 0, command
        for option in re.findall(r"--[\w-]+", command):
            # `lab` hands its options to JupyterLab.
            assert option in result.output or names[0] == "lab", command


@pytest.mark.slow
def test_every_command_of_nbgrader_in_a_guide_exists(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    wanted = {
        tuple(subcommand(shlex.split(command)[1:]))
        for command in commands()
        if command.startswith("nbgrader ")
    }
    assert ("zip_collect",) in wanted
    for words in sorted(wanted):
        result = subprocess.run(
            [SCRIPTS / "nbgrader", *words, "--help"], capture_output=True, text=True
        )
        assert result.returncode == 0, words


def test_the_workflows_are_valid():
    if shutil.which("actionlint") is None:
        pytest.skip("actionlint is not on this machine (https://github.com/rhysd/actionlint)")
    files = sorted(map(str, (ROOT / ".github" / "workflows").glob("*.yml")))
    result = subprocess.run(["actionlint", *files], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


# -------------------------------------------------------------------------------- the website


@pytest.fixture(scope="module")
def website(tmp_path_factory) -> Path:
    """The website of this course, built as in its README, in a folder of its own."""
    folder = tmp_path_factory.mktemp("clone") / "course"
    others = ("__pycache__", ".*", "dist", "exchange", "submitted", "autograded", "feedback")
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*others))
    # The command keeps the quick references that are there, and makes the deck.
    with shared.folder(tmp_path_factory, "slides") as slides:
        list(build_references(ROOT, slides))
        shutil.copytree(
            slides,
            folder / "slides" / "build",
            ignore=shutil.ignore_patterns("deck*"),
            dirs_exist_ok=True,
        )
    result = subprocess.run(
        [SCRIPTS / "autograder", "site", "--address", "https://github.com/owner/name"],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    # A warning of Sphinx is a mistake, and ends the command with 2.
    assert result.returncode == 0, result.stderr
    return folder / "site" / "build"


def html_files(website: Path) -> list[Path]:
    """All pages; Sphinx's `_static` has parts of pages."""
    return [path for path in sorted(website.rglob("*.html")) if "_static" not in path.parts]


class Links(HTMLParser):
    """The links, the ids and the pictures of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.alts: list[str | None] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.ids.update(filter(None, (values.get("id"), values.get("name"))))
        self.links += [values[key] for key in ("href", "src") if values.get(key)]
        if tag == "img":
            self.alts.append(values.get("alt"))


@pytest.mark.slow
def test_no_link_is_broken_and_every_picture_has_a_text(website):
    pages = {path: Links(path) for path in html_files(website)}
    broken, nameless = [], []
    for path, page in pages.items():
        nameless += [path.name for alt in page.alts if not alt or re.search(r"\w{32}|\.png", alt)]
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            places = {parts.fragment, unquote(parts.fragment)} - {""}
            ids = pages[target].ids if target in pages else set()
            if not target.exists() or (places and not places & ids):
                broken.append(f"{path.relative_to(website)}: {link}")
    assert broken == []
    assert nameless == []
    assert sum(len(page.alts) for page in pages.values()) > 40


@pytest.mark.slow
def test_every_notebook_has_a_download_that_works_alone_and_a_button_to_colab(website):
    for path in [*LESSONS, *sorted(ROOT.glob("exercises/*/*.ipynb"))]:
        place = path.relative_to(ROOT).as_posix()
        up = "../" * place.count("/")
        page = (website / place).with_suffix(".html").read_text(encoding="utf-8")
        assert f'href="{up}notebooks/{place}" download' in page
        assert f"github/owner/name/blob/gh-pages/notebooks/{place}" in page
        notebook = nbformat.read(website / "notebooks" / place, as_version=4)
        assert not any(cell.get("outputs") for cell in notebook.cells)
        assert "why=" not in "".join(cell.source for cell in notebook.cells)
        assert "unpack" in [cell.id for cell in notebook.cells[:2]]


@pytest.mark.slow
def test_nothing_but_the_folds_tells_the_answer_to_a_prediction(website):
    for path in LESSONS:
        text = (website / "course" / f"{path.stem}.html").read_text(encoding="utf-8")
        folded = re.sub(
            r'<details class="(answer|admonition hide).*?</details>', "", text, flags=re.S
        )
        notebook = nbformat.read(path, as_version=4)
        whys = re.findall(r'why="([^"]{20,40})', "\n".join(cell.source for cell in notebook.cells))
        assert len(whys) > 5
        assert [why for why in whys if why in folded] == []
        assert "why=" not in folded


def stems(text: str) -> set[str]:
    """The words of a text as the search knows them."""
    stem = snowballstemmer.stemmer("english").stemWord
    return set(map(stem, re.findall(r"[a-z]{3,}", text.lower())))


@pytest.mark.slow
def test_the_search_index_does_not_have_the_answers(website):
    script = (website / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(script.removeprefix("Search.setIndex(").removesuffix(")"))
    found, looked_up = [], 0
    for path in LESSONS:
        number = index["docnames"].index(f"course/{path.stem}")
        page = (website / "course" / f"{path.stem}.html").read_text(encoding="utf-8")
        fold = r'<details class="answer">.*?</details>'
        answers = " ".join(re.findall(fold, page, re.S))
        for word in stems(answers) - stems(re.sub(fold, "", page, flags=re.S)):
            looked_up += 1
            numbers = index["terms"].get(word, [])
            if number in (numbers if isinstance(numbers, list) else [numbers]):
                found.append(word)
    assert found == []
    assert looked_up > 50


@contextlib.contextmanager
def browsing(website: Path, width: int, theme: str) -> Iterator[tuple[Any, str]]:
    """A page of a Chromium that finds nothing but this website, and the website's address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=website)
    server = http.server.ThreadingHTTPServer((HERE, 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with sync_playwright() as tools:
            rules = f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {HERE}"
            browser = tools.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", rules]
            )
            context = browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme=theme
            )
            page = context.new_page()
            page.set_default_timeout(120_000)
            yield page, f"http://{HERE}:{server.server_port}"
            browser.close()
    finally:
        server.shutdown()


def listened(page: Any, home: str) -> list[str]:
    """What goes wrong on a page from now on: errors, and requests that fail or leave us."""
    log: list[str] = []
    page.on("console", lambda m: log.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: log.append(str(error)))
    page.on("request", lambda r: None if r.url.startswith((home, "data:")) else log.append(r.url))
    page.on("response", lambda r: log.append(f"{r.status} {r.url}") if r.status >= 400 else None)
    return log


def beyond(page: Any) -> bool:
    """Whether a page has to be moved sideways."""
    return page.evaluate("document.documentElement.scrollWidth > window.innerWidth")


@pytest.mark.slow
@pytest.mark.parametrize(("width", "theme"), [(1300, "light"), (390, "dark")])
def test_every_page_works_without_a_network_and_can_be_read_by_everybody(website, width, theme):
    """Both themes and both widths; axe-core finds nothing serious, with all folds open."""
    mistakes: list[str] = []
    axe = Axe()
    with browsing(website, width, theme) as (first, home):
        for path in html_files(website):
            at = path.relative_to(website).as_posix()
            page = first.context.new_page()
            log = listened(page, home)
            page.goto(f"{home}/{at}", wait_until="load")
            # A deck is drawn for a screen of its own.
            if at != "slides/deck.html" and beyond(page):
                mistakes.append(f"{at} is wider than {width} pixels")
            page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
            page.evaluate("Promise.all(document.getAnimations().map(each => each.finished))")
            mistakes += [f"{at}: {line}" for line in log]
            for found in axe.run(page).response["violations"]:  # axe itself asks for style sheets
                if found["impact"] in ("serious", "critical"):
                    mistakes.append(f"{at}: {found['help']}: {found['nodes'][0]['target']}")
            page.close()
    assert mistakes == []


@pytest.mark.slow
def test_search_finds_a_lesson_and_shows_none_of_its_answers(website):
    with browsing(website, 1300, "light") as (page, home):
        page.goto(f"{home}/search.html?q=broadcasting")
        page.wait_for_selector("#search-results a[href*='05_vmap']")
        shown = page.evaluate(
            "fetch('course/05_vmap.html').then(r => r.text()).then(t => Search.htmlToText(t, ''))"
        )
    assert "When broadcasting is the better answer" in shown
    assert "dot contracts over the examples" not in shown


@pytest.mark.slow
def test_a_prediction_opens_with_a_click_and_the_theme_can_be_chosen(website):
    with browsing(website, 390, "light") as (page, home):
        page.goto(f"{home}/course/05_vmap.html")
        why = page.get_by_text("dot contracts over the examples")
        assert not why.is_visible()
        page.get_by_text("Show the answer").first.click()
        assert why.is_visible()
        page.get_by_label("Color mode").first.click()
        page.get_by_role("button", name="Dark").click()
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"


# ------------------------------------------------------------------------------- other courses


@pytest.mark.slow
def test_a_course_without_a_folder_site_gets_a_website_with_its_formulas(tmp_path):
    here = small_course(tmp_path / "course", "# 1. Roots\n\nThe root of $x^2 - 2$.\n\n$$x = 1$$")
    text = site.build(here, tmp_path / "out").read_text(encoding="utf-8")
    assert "A small course" in text
    assert "1. Roots" in text
    page = (tmp_path / "out" / "course" / "01_roots.html").read_text(encoding="utf-8")
    assert page.count("<math") == 2
    # It can be built again, over the older one.
    assert site.build(here, tmp_path / "out").is_file()


@pytest.mark.slow
def test_a_broken_link_and_a_picture_without_a_text_are_named(tmp_path):
    png = (
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGD4DwABBAEAX+XDSwAAAABJRU5E"
        "rkJggg=="
    )
    here = small_course(tmp_path / "course", "# 1. Roots\n\n[Next](02_nothing.ipynb)")
    path = here.root / "course" / "01_roots.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(
        new_code_cell("1", outputs=[new_output("display_data", {"image/png": png})])
    )
    nbformat.write(notebook, path)
    with pytest.raises(Problem) as caught:
        site.build(here, tmp_path / "out")
    message = str(caught.value)
    assert "course/01_roots.ipynb" in message
    assert "target not found: '02_nothing.ipynb'" in message
    assert "a picture has no text" in message
