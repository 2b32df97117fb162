"""The command `autograder`. It only declares options; the work is elsewhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

from autograder import text
from autograder.problem import Problem


class Sentence(click.Group):
    """Shows a `Problem`, or a file that cannot be used, as one sentence; the exit status is 2."""

    def invoke(self, ctx: click.Context) -> object:
        text.write_anything()
        try:
            return super().invoke(ctx)
        except Problem as problem:
            said = str(problem)
        except BrokenPipeError:
            raise
        except OSError as error:
            where = error.filename or "A file"
            said = f"{where} cannot be read or written: {error.strerror or error}."
        click.echo(text.printable(said, lines=True), err=True)
        ctx.exit(2)


def _say(words: str) -> None:
    """Print what may hold text of others."""
    click.echo(text.printable(words, lines=True))


@click.group(cls=Sentence)
@click.version_option(package_name="numpy-to-jax")
def main() -> None:
    """The course that teaches NumPy people JAX, and its autograder."""


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def lab(options: tuple[str, ...]) -> None:
    """Open JupyterLab on the start page; OPTIONS are passed on to it, such as --no-browser."""
    root = _root()
    # The settings keep JupyterLab from asking the network for news.
    ours = [
        "--LabApp.default_url=/lab/tree/course/start.ipynb",
        f"--LabApp.app_settings_dir={root / 'course' / 'jupyterlab'}",
    ]
    command = [sys.executable, "-m", "jupyterlab", *ours, *options]
    sys.exit(subprocess.call(command, cwd=root))


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("exercise", required=False, default="")
@click.option("--device", default="cpu", help="Where to run: cpu, gpu, tpu, or such as mesh:8.")
def check(file: Path, exercise: str, device: str) -> None:
    """Check the notebook FILE, or one EXERCISE of it, as `check` does in the notebook.

    The exit status is 1 where something did not pass.
    """
    from rich.console import Console

    from autograder.classroom import notebook_check

    if not notebook_check.check(file, exercise, device, Console()):
        sys.exit(1)


@main.command()
@click.argument("exercise")
def hint(exercise: str) -> None:
    """Show the next hint of an EXERCISE."""
    from autograder.student import hints

    hints.hint(exercise)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("exercise")
def reset(file: Path, exercise: str) -> None:
    """Bring back the stub of an EXERCISE in the notebook FILE, of which a copy is kept."""
    from autograder.student import stubs

    copy = stubs.reset_file(file, exercise)
    _say(f"{exercise} has its stub again. What the notebook was before is in {copy}.")


@main.command()
def progress() -> None:
    """Show what you have done of the course, and what is next."""
    from rich.console import Console

    from autograder.student import progress as kept
    from autograder.student import standing, syllabus

    now = standing.standing(kept.read(), syllabus.read())
    console = Console()
    console.print(standing.table(now))
    console.print(standing.sentence(now), highlight=False)
    if now.next is not None:
        console.print(f"Open {now.next.path} after `autograder lab`.", highlight=False)


@main.command()
@click.argument("assignment", required=False)
@click.option("--check", is_flag=True, help="Change nothing; fail if a generated file has drifted.")
def build(assignment: str | None, check: bool) -> None:
    """Make every generated file from its master, or those of one ASSIGNMENT."""
    root = _root()
    from autograder.authoring import build as builder

    if check:
        drifted = list(builder.drift(root, assignment))
        if drifted:
            raise Problem("\n".join([*drifted, "Run `uv run autograder build` and commit."]))
        click.echo("Every generated file is what its master makes.")
        return
    for path in builder.build(root, assignment):
        click.echo(path.relative_to(root))


@main.command()
@click.argument("assignment", required=False)
@click.argument("exercise", required=False)
@click.option("--mutants", is_flag=True, help="Judge every small change to the references, too.")
@click.option("-j", "processes", default=1, help="How many mutants are judged at a time.")
@click.option("--json", "as_json", is_flag=True, help="Print what came of each mutant as JSON.")
def prove(
    assignment: str | None, exercise: str | None, mutants: bool, processes: int, as_json: bool
) -> None:
    """Prove the exercises of the course, of one ASSIGNMENT, or one EXERCISE.

    The stub has to fail, the reference and the second solution have to pass, and each listed wrong
    answer has to be rejected for its reason. The exit status is 1 where something is otherwise.
    """
    root = _root()
    from rich.console import Console

    from autograder.authoring import proof

    if not proof.report(root, assignment, exercise, mutants, processes, as_json, Console()):
        sys.exit(1)


@main.command()
def slides() -> None:
    """Build the deck, the quick references and the tables into slides/build, as HTML and PDF."""
    root = _root()
    from slides.making import build as build_slides

    for path in build_slides(root):
        click.echo(path.relative_to(root))


@main.command()
@click.argument("assignment")
@click.argument("student")
@click.argument("exercise")
def replay(assignment: str, student: str, exercise: str) -> None:
    """Grade a STUDENT's one EXERCISE again, from the seed of the run that graded it.

    The exit status is 1 where the verdict is another than then.
    """
    root = _root()
    from autograder.classroom.replay import replay as again
    from autograder.student.card import of_grade

    done = again(root, assignment, student, exercise)
    record = done.record
    if done.level.lacks:
        _say(f"Isolation level {done.level}: {done.level.lacks}.")
    _say(
        f"{record.time}, seed {record.seed}, {record.device}, JAX {record.jax}: "
        f"{done.before.status} ({done.before.reason})"
    )
    _say(f"now, JAX {done.jax}: {done.verdict.status} ({done.verdict.reason})")
    _say(of_grade(done.verdict, done.verdict.fraction * done.points, done.points).text)
    if not done.same:
        raise click.ClickException("The verdict is another than then.")


@main.command()
@click.argument("assignment")
@click.option("--html", type=click.Path(path_type=Path), help="Write a page to this file instead.")
@click.option(
    "--comment",
    nargs=3,
    metavar="EXERCISE GROUP TEXT",
    help="Write TEXT to every student of the group, to be shown in nbgrader's feedback.",
)
def groups(assignment: str, html: Path | None, comment: tuple[str, str, str] | None) -> None:
    """Show which programs a graded class wrote for each exercise, and how many wrote each."""
    root = _root()
    from rich.console import Console

    from autograder.classroom import groups as grouping

    if comment:
        group = grouping.comment(root, assignment, *comment)
        _say(
            f"Written to {len(group.students)} students; "
            f"`nbgrader generate_feedback {assignment} --force` shows it to them."
        )
        return
    found = grouping.groups(root, assignment)
    if html:
        grouping.write_page(found, assignment, html)
        _say(str(html))
    else:
        Console().print(grouping.as_tables(found))


@main.command()
@click.argument("assignment")
@click.option(
    "--html",
    type=click.Path(path_type=Path),
    help="The file to write; ASSIGNMENT.html in this folder when it is not given.",
)
@click.option("--names", is_flag=True, help="List every student's score.")
def report(assignment: str, html: Path | None, names: bool) -> None:
    """Write a page about a graded class: scores, exercises, misconceptions."""
    root = _root()
    from autograder.classroom import report as reporting

    path = html or Path(f"{assignment}.html")
    reporting.write_page(reporting.report(root, assignment), path, names)
    _say(str(path))


def _root() -> Path:
    for folder in (Path.cwd(), *Path.cwd().parents):
        if (folder / "nbgrader_config.py").is_file() and (folder / "solutions").is_dir():
            return folder
    raise Problem("This is not the course's folder: go to where nbgrader_config.py is.")
