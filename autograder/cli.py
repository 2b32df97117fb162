"""The command `autograder`. It only declares options; the work is elsewhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

from autograder.problem import Problem


class Sentence(click.Group):
    """Shows a `Problem` as its sentence and exits with status 2."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except Problem as problem:
            click.echo(str(problem), err=True)
            ctx.exit(2)


@click.group(cls=Sentence)
@click.version_option(package_name="numpy-to-jax")
def main() -> None:
    """The course that teaches NumPy people JAX, and its autograder."""


@main.command()
def lab() -> None:
    """Open JupyterLab on the start page."""
    page = "/lab/tree/course/start.md?factory=Markdown%20Preview"
    options = [f"--LabApp.default_url={page}", "--LabApp.news_url=None"]
    sys.exit(subprocess.call([sys.executable, "-m", "jupyterlab", *options], cwd=_root()))


@main.command()
@click.argument("assignment", required=False)
@click.option("--check", is_flag=True, help="Change nothing; fail if a generated file has drifted.")
def build(assignment: str | None, check: bool) -> None:
    """Make every generated file from its master, or those of one ASSIGNMENT."""
    from autograder import build as builder

    if check:
        drifted = list(builder.drift(_root(), assignment))
        if drifted:
            raise Problem("\n".join([*drifted, "Run `uv run autograder build` and commit."]))
        click.echo("Every generated file is what its master makes.")
        return
    for path in builder.build(_root(), assignment):
        click.echo(path.relative_to(_root()))


def _root() -> Path:
    for folder in (Path.cwd(), *Path.cwd().parents):
        if (folder / "nbgrader_config.py").is_file() and (folder / "solutions").is_dir():
            return folder
    raise Problem("This is not the course's folder: go to where nbgrader_config.py is.")
