"""Sphinx's settings for the website of this course; `autograder site` copies and reads this file.

It also writes the pages that are made from code: the slides, the commands and the settings.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import click

import course
from autograder import cli
from autograder.authoring.site_settings import *
from autograder.classroom.grading import GradingRun
from slides.command import built

HERE = Path(__file__).parent

# GitHub shows these.
exclude_patterns = ["README.md", "CHANGELOG.md", "CODE_OF_CONDUCT.md"]
html_extra_path = ["extra"]

SLIDES = """\
# Deck and quick references

Each is one file that needs no network. In the deck, S opens the speaker's notes, and D
switches between dark and light. [Where each slide is in the lessons](docs/deck.md)

| what | page | print |
| --- | --- | --- |
"""
COMMANDS = "# Commands\n\nWhat `autograder COMMAND --help` says.\n"
SETTINGS = """\
# Settings of a grading

Lines of `nbgrader_config.py`, such as `c.GradingRun.seconds = 20`; or options of
`nbgrader autograde`, such as `--GradingRun.seconds=20`.

| `c.GradingRun.` | without the line | what it is |
| --- | --- | --- |
"""


def slides(folder: Path) -> Iterator[str]:
    """A line for each page of the slides, with its PDF if there is one."""
    # The deck and the table first, then the quick references in their order.
    for html in sorted(folder.glob("*.html"), key=lambda path: (path.name[0].isdigit(), path.name)):
        title = re.search("<title>(.*?)</title>", html.read_text(encoding="utf-8"))[1]
        pdf = f'<a href="slides/{html.stem}.pdf">PDF</a>' * html.with_suffix(".pdf").exists()
        yield f'| {title} | <a href="slides/{html.name}">open</a> | {pdf} |\n'


def commands(group: click.Group, name: str) -> Iterator[str]:
    """A section for each command of the grader."""
    for command in group.commands.values():
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} {command.name}")
        else:
            help_text = click.Context(command, info_name=f"{name} {command.name}").get_help()
            yield f"\n## `{name} {command.name}`\n\n```text\n{help_text}\n```\n"


def settings() -> Iterator[str]:
    """A line for each setting."""
    for name, trait in sorted(GradingRun.class_own_traits(config=True).items()):
        yield f"| `{name}` | `{trait.default()!r}` | {trait.help} |\n"


shutil.copytree(built(Path(course.__file__).parents[1]), HERE / "extra" / "slides")
for page, lines in {
    "slides.md": (SLIDES, *slides(HERE / "extra" / "slides")),
    "api/commands.md": (COMMANDS, *commands(cli.main, "autograder")),
    "api/settings.md": (SETTINGS, *settings()),
}.items():
    (HERE / page).write_text("".join(lines), encoding="utf-8")
