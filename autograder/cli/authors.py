"""Commands for the authors of a course."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from autograder.cli.context import checked_root, course_here, say
from autograder.problem import Problem


@click.group()
def pack() -> None:
    """Write the files for learners who do not have the course's folder."""


@pack.command("learner")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    required=True,
    help="Where to write it; FOLDER.zip is written beside it.",
)
@click.option("--lessons", is_flag=True, help="Leave out the exercises, which a class fetches.")
def pack_learner(folder: Path, lessons: bool) -> None:
    """Write the learner's folder, which `autograder lab` opens on any machine."""
    here = course_here()
    from autograder.authoring import learner_folder

    for path in learner_folder.pack(here, folder.absolute(), exercises=not lessons):
        say(str(path))


@click.command()
@click.option(
    "--folder", type=click.Path(path_type=Path), required=True, help="Where to write the notebooks."
)
@click.option(
    "--address",
    default="",
    help="Of the public repository, or of a wheel; by default course.toml, GITHUB_REPOSITORY or "
    "git's remote says it.",
)
@click.option("--alone", is_flag=True, help="Write notebooks that need no address.")
def colab(folder: Path, address: str, alone: bool) -> None:
    """Write a notebook for each lesson and each assignment that runs on Colab, on its own.

    With an address, a notebook installs the grader from there; without one, it carries it.
    """
    here = course_here()
    from autograder.authoring import address as addresses
    from autograder.authoring import colab as notebooks

    repository = "" if alone else addresses.find(here.root, address or here.repository)
    for path in notebooks.write(here, folder.absolute(), repository):
        say(str(path))


@click.command()
@click.argument("assignment", required=False)
@click.option("--check", is_flag=True, help="Change nothing; fail if a file is not up to date.")
def build(assignment: str | None, check: bool) -> None:
    """Generate all files that are made from masters, or those of one ASSIGNMENT."""
    root = checked_root(assignment)
    from autograder.authoring import build as builder

    if check:
        drifted = list(builder.drift(root, assignment))
        if drifted:
            raise Problem("\n".join([*drifted, "Run `uv run autograder build` and commit."]))
        click.echo("Every generated file is up to date.")
        return
    for path in builder.build(root, assignment):
        click.echo(path.relative_to(root))


@click.command()
@click.option(
    "--address",
    default="",
    help="Of the public repository; by default GITHUB_REPOSITORY or git's remote says it.",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="The folder to write; by default site/build in the course's folder.",
)
def site(address: str, folder: Path | None) -> None:
    """Build the course's website with Sphinx; it needs no network."""
    here = course_here()
    from autograder.authoring import site as website

    click.echo(website.build(here, folder or here.root / "site" / "build", address))


@click.command()
@click.argument("assignment", required=False)
@click.argument("exercise", required=False)
@click.option("--mutants", is_flag=True, help="Judge every small change to the references, too.")
@click.option("-j", "processes", default=1, help="How many mutants are judged at once.")
@click.option("--json", "as_json", is_flag=True, help="Print the result of each mutant as JSON.")
def prove(
    assignment: str | None, exercise: str | None, mutants: bool, processes: int, as_json: bool
) -> None:
    """Prove the exercises of the course, of one ASSIGNMENT, or one EXERCISE.

    The stub has to fail, the reference and the second solution have to pass, and each listed wrong
    answer has to be rejected for its reason. If anything else happens, the exit status is 1.
    """
    root = checked_root(assignment)
    from rich.console import Console

    from autograder.authoring import proof

    if not proof.report(root, assignment, exercise, mutants, processes, as_json, Console()):
        sys.exit(1)


@click.group()
def new() -> None:
    """Start a new course, assignment or exercise; existing files are not overwritten."""


@new.command("course")
@click.argument("name")
def new_course(name: str) -> None:
    """Start the course NAME in this folder, with a first assignment to try and to change."""
    from autograder.authoring import new

    for path in new.new_course(name, Path.cwd()):
        click.echo(path.relative_to(Path.cwd()))
    click.echo("Now run `autograder prove` and `autograder build`.")
    click.echo("The title of the course is in course/course.toml.")


@new.command("assignment")
@click.argument("name")
def new_assignment(name: str) -> None:
    """Start the assignment NAME of this course, such as 02_newton."""
    here = course_here()
    from autograder.authoring import new

    for path in new.new_assignment(name, here):
        click.echo(path.relative_to(here.root))
    click.echo(f"Now run `autograder prove {name}` and `autograder build {name}`.")


@new.command("exercise")
@click.argument("name")
@click.argument("assignment", required=False)
def new_exercise(name: str, assignment: str | None) -> None:
    """Add the exercise NAME to an ASSIGNMENT.

    NAME is the function that students write. Without ASSIGNMENT, the exercise is added to the
    assignment in whose folder you are, or else to the last one of the course.
    """
    here = course_here()
    from autograder.authoring import new

    path = new.new_exercise(name, assignment, here)
    click.echo(path.relative_to(here.root))
    click.echo(f"Now run `autograder prove {path.parent.name} {name}`.")
