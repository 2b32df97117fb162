"""The table that maps the talk to the course names sections and exercises that exist."""

import re

import jupytext
from masters import ROOT, loaded

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "deck.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and "---" not in line
][1:]


def test_every_slide_is_taught_where_the_table_says():
    exercises = {master.assignment: set(master.prompts) for master in loaded()}
    assert len(ROWS) >= 12
    assert {row[2].split("`")[1] for row in ROWS} == set(exercises)
    for _, _, lesson, named in ROWS:
        module, sections = lesson.removeprefix("`").split("`: ", 1)
        text = (ROOT / "course" / f"{module}.py").read_text(encoding="utf-8")
        headings = re.findall(r"^# ## (.*)$", text, re.MULTILINE)
        for section in sections.split("; "):
            assert section in headings, (module, section)
        assert set(re.findall(r"`(\w+)`", named)) <= exercises[module], module


def test_every_slide_here_is_in_the_table_by_its_number():
    cells = jupytext.read(ROOT / "slides" / "deck.py").cells
    sources = [cell.source for cell in cells if cell.cell_type == "markdown"]
    titles = [match[1] for source in sources if (match := re.match(r"##? (.*)", source))]
    told = [(int(n), title) for row in ROWS for n, title in re.findall(r"(\d+) · ([^;]+)", row[1])]
    assert all(titles[number - 1] == title for number, title in told), told
    assert {number for number, _ in told} == set(range(1, len(titles) + 1))
