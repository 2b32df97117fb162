"""The command `autograder`. It only declares options; the work is elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autograder import text
from autograder.problem import Problem

if TYPE_CHECKING:
    from autograder.authoring.course import Course


class Commands(click.Group):
    """The commands, with those that the course here adds in its `course.toml`.

    A `Problem`, or a file that cannot be used, is shown as one sentence; the exit status is 2.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        try:
            return [*super().list_commands(ctx), *_course().commands]
        except Problem:
            return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if known := super().get_command(ctx, cmd_name):
            return known
        try:
            here = _course()
        except Problem:
            return None
        if cmd_name not in here.commands:
            return None
        try:
            command = here.load(here.commands[cmd_name])
        except Problem as problem:
            return _failing(cmd_name, problem)  # only where it is called, and not in --help
        if isinstance(command, click.Command):
            return command
        target = here.commands[cmd_name]
        return _failing(cmd_name, Problem(f"{target} is not a command that was made with click."))

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


def _failing(name: str, problem: Problem) -> click.Command:
    def fail(**_: object) -> None:
        raise problem

    return click.Command(name, callback=fail, help="It cannot be loaded.")


def _say(words: str) -> None:
    """Print what may hold text of others."""
    click.echo(text.printable(words, lines=True))


@click.group(cls=Commands)
@click.version_option(package_name="numpy-to-jax")
def main() -> None:
    """Make, teach and take courses whose exercises ask for JAX programs."""


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def lab(options: tuple[str, ...]) -> None:
    """Open JupyterLab on the start page; OPTIONS are passed on to it, such as --no-browser."""
    here = _course()
    root = here.root
    start, settings = Path("course", "start.ipynb"), root / "course" / "jupyterlab"
    chosen = []
    if (root / start).is_file():
        chosen.append(f"--LabApp.default_url=/lab/tree/{start.as_posix()}")
    if settings.is_dir():
        chosen.append(f"--LabApp.app_settings_dir={settings}")
    command = [sys.executable, "-m", "jupyterlab", *chosen, *options]
    sys.exit(subprocess.call(command, cwd=root, env={**os.environ, **here.environment}))


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("exercise", required=False, default="")
@click.option(
    "--device",
    default="cpu",
    help="Where to run: cpu, gpu, tpu, or a mesh such as mesh:8 or gpu:4.",
)
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

    hints.hint_near(Path.cwd(), exercise)


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

    from autograder.student import location, standing
    from autograder.student import progress as kept

    outline = location.outline_near(Path.cwd())
    now = standing.standing(kept.read(outline.course), outline.modules)
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
    root = _checked(assignment)
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
    root = _checked(assignment)
    from rich.console import Console

    from autograder.authoring import proof

    if not proof.report(root, assignment, exercise, mutants, processes, as_json, Console()):
        sys.exit(1)


@main.group()
def new() -> None:
    """Begin a course, an assignment or an exercise; nothing that is there is overwritten."""


@new.command("course")
@click.argument("name")
def new_course(name: str) -> None:
    """Begin the course NAME in this folder, with a first assignment to try and to change."""
    from autograder.authoring import new

    for path in new.new_course(name, Path.cwd()):
        click.echo(path.relative_to(Path.cwd()))
    click.echo("Now `autograder prove` and `autograder build`; course/course.toml has the title.")


@new.command("assignment")
@click.argument("name")
def new_assignment(name: str) -> None:
    """Begin the assignment NAME of the course here, such as 02_newton."""
    about = _course()
    from autograder.authoring import new

    for path in new.new_assignment(name, about):
        click.echo(path.relative_to(about.root))
    click.echo(f"Now `autograder prove {name}` and `autograder build {name}`.")


@new.command("exercise")
@click.argument("name")
@click.argument("assignment", required=False)
def new_exercise(name: str, assignment: str | None) -> None:
    """Add the exercise NAME to an ASSIGNMENT.

    NAME is that of the function which is asked for. Without ASSIGNMENT it is the one whose folder
    this is, or else the last of the course.
    """
    about = _course()
    from autograder.authoring import new

    path = new.new_exercise(name, assignment, about)
    click.echo(path.relative_to(about.root))
    click.echo(f"Now `autograder prove {path.parent.name} {name}`.")


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


def _course() -> Course:
    from autograder.authoring import course

    return course.find()


def _root() -> Path:
    return _course().root


def _checked(assignment: str | None) -> Path:
    """The course's folder, once no text of its masters has a mistake, which needs no JAX to say."""
    from autograder.authoring import course, faults

    about = _course()
    about.require_jax()
    paths = course.masters(about.root, assignment)
    faults.require(words for path in paths for words in faults.of_text(path, about.exercises))
    return about.root
