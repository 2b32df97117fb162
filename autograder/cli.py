"""The command `autograder`. This file only declares options; other modules do the work."""

from __future__ import annotations

import atexit
import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autograder import text
from autograder.problem import Problem

if TYPE_CHECKING:
    from autograder.authoring.course import Course


class Commands(click.Group):
    """The commands, and those that the course here adds in its `course.toml`.

    A `Problem`, or a file that cannot be used, is shown as one sentence; the exit status is 2.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        try:
            return [*super().list_commands(ctx), *_course().commands]
        except Problem:
            return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if built_in := super().get_command(ctx, cmd_name):
            return built_in
        try:
            here = _course()
        except Problem:
            return None
        if cmd_name not in here.commands:
            return None
        try:
            command = here.load(here.commands[cmd_name])
        except Problem as problem:
            return _failing(cmd_name, problem)  # --help has to work, so the command itself fails
        if isinstance(command, click.Command):
            return command
        target = here.commands[cmd_name]
        return _failing(cmd_name, Problem(f"{target} is not a command that was made with click."))

    def invoke(self, ctx: click.Context) -> object:
        text.write_anything()
        try:
            return super().invoke(ctx)
        except Problem as problem:
            message = str(problem)
        except BrokenPipeError:
            raise
        except OSError as error:
            file = error.filename or "A file"
            message = f"{file} cannot be read or written: {error.strerror or error}."
        click.echo(text.printable(message, lines=True), err=True)
        ctx.exit(2)


def _failing(name: str, problem: Problem) -> click.Command:
    def fail(**_: object) -> None:
        raise problem

    return click.Command(name, callback=fail, help="It cannot be loaded.")


def _print(message: str) -> None:
    """Print a message that may contain text from a student or an instructor."""
    click.echo(text.printable(message, lines=True))


@click.group(cls=Commands)
@click.version_option(package_name="numpy-to-jax")
def main() -> None:
    """Make, teach and take courses whose exercises ask for JAX programs."""
    # Python's last collections would look at all of JAX, and free nothing that anybody needs.
    atexit.register(gc.freeze)


@main.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="The learner's folder; by default the folder `work` of the course.",
)
@click.option("--teach", is_flag=True, help="Open the course's own folder, as its author sees it.")
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def lab(folder: Path | None, teach: bool, options: tuple[str, ...]) -> None:
    """Open the learner's folder in JupyterLab, which gets the OPTIONS, such as --no-browser.

    The command makes the folder or updates it. Files that you changed stay as they are, and newer
    versions are put beside them.
    """
    from autograder.classroom import lab as jupyterlab

    if teach:
        sys.exit(jupyterlab.teach(_course(), options))
    sys.exit(jupyterlab.learn(folder, options))


@main.group()
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
    here = _course()
    from autograder.authoring import learner_folder

    for path in learner_folder.pack(here, folder.absolute(), exercises=not lessons):
        _print(str(path))


@main.command()
@click.argument("packed", type=click.Path(path_type=Path))
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    required=True,
    help="The learner's folder, which may hold older versions.",
)
def unpack(packed: Path, folder: Path) -> None:
    """Update a learner's folder from the folder PACKED, which `autograder pack learner` wrote.

    Files that were changed stay as they are, and newer versions are put beside them.
    """
    from autograder.authoring import learner_folder

    learner_folder.unpack(packed.absolute(), folder.absolute())


@main.command()
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
    here = _course()
    from autograder.authoring import address as addresses
    from autograder.authoring import colab as notebooks

    repository = "" if alone else addresses.find(here.root, address or here.repository)
    for path in notebooks.write(here, folder.absolute(), repository):
        _print(str(path))


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("exercise", required=False, default="")
@click.option(
    "--device",
    default="cpu",
    help="Where to run: cpu, gpu, tpu, or a mesh such as mesh:8 or gpu:4.",
)
@click.option(
    "--student",
    default="",
    help="Under which name it is handed in, where a question has other numbers for everybody.",
)
def check(file: Path, exercise: str, device: str, student: str) -> None:
    """Check the notebook FILE, or one EXERCISE of it, as `check` does in the notebook.

    The exit status is 1 if something did not pass.
    """
    from rich.console import Console

    from autograder.classroom import notebook_check

    if not notebook_check.check(file, exercise, device, student, Console()):
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
    """Restore the stub of an EXERCISE in the notebook FILE, and keep a copy of the notebook."""
    from autograder.student import stubs

    copy = stubs.reset_file(file, exercise)
    _print(f"{exercise} has its stub again. The notebook as it was before is in {copy}.")


@main.command()
def progress() -> None:
    """Show what you have done in the course, and what is next."""
    from rich.console import Console

    from autograder.student import location, standing
    from autograder.student import progress as saved_progress

    outline = location.outline_near(Path.cwd())
    now = standing.standing(saved_progress.read(outline.course), outline.modules)
    console = Console()
    console.print(standing.table(now))
    for line in (standing.sentence(now), *standing.due_dates(now)):
        console.print(line, highlight=False)
    if predictions := standing.predictions(now):
        console.print(predictions, highlight=False)
    if now.next is not None:
        console.print(f"Open {now.next.path} after `autograder lab`.", highlight=False)


@main.command()
@click.argument("assignment", required=False)
@click.option("--check", is_flag=True, help="Change nothing; fail if a file is not up to date.")
def build(assignment: str | None, check: bool) -> None:
    """Generate all files that are made from masters, or those of one ASSIGNMENT."""
    root = _checked(assignment)
    from autograder.authoring import build as builder

    if check:
        drifted = list(builder.drift(root, assignment))
        if drifted:
            raise Problem("\n".join([*drifted, "Run `uv run autograder build` and commit."]))
        click.echo("Every generated file is up to date.")
        return
    for path in builder.build(root, assignment):
        click.echo(path.relative_to(root))


@main.command()
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
    here = _course()
    from autograder.authoring import site as website

    click.echo(website.build(here, folder or here.root / "site" / "build", address))


@main.command()
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
    root = _checked(assignment)
    from rich.console import Console

    from autograder.authoring import proof

    if not proof.report(root, assignment, exercise, mutants, processes, as_json, Console()):
        sys.exit(1)


@main.group()
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
    here = _course()
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
    here = _course()
    from autograder.authoring import new

    path = new.new_exercise(name, assignment, here)
    click.echo(path.relative_to(here.root))
    click.echo(f"Now run `autograder prove {path.parent.name} {name}`.")


@main.command()
@click.argument("assignment")
@click.argument("student")
@click.argument("exercise")
def replay(assignment: str, student: str, exercise: str) -> None:
    """Judge one EXERCISE of a STUDENT again, with the seed of the run that graded it.

    Nothing is written: the command shows whether the same verdict is reached again. The exit
    status is 1 if the verdict has changed.
    """
    root = _root()
    from autograder.classroom import nbgrader_parts

    nbgrader_parts.only()
    from autograder.classroom import replay as replaying
    from autograder.student.card import of_grade

    result = replaying.replay(root, assignment, student, exercise)
    record = result.record
    if result.level.lacks:
        _print(f"Isolation level {result.level}: {result.level.lacks}.")
    _print(
        f"{record.time}, seed {record.seed}, {record.device}, JAX {record.jax}: "
        f"{result.before.status} ({result.before.reason})"
    )
    _print(f"now, JAX {result.jax}: {result.verdict.status} ({result.verdict.reason})")
    _print(of_grade(result.verdict, result.verdict.points(result.points), result.points).text)
    if not result.same:
        raise click.ClickException("The verdict has changed.")


@main.command()
@click.argument("assignment")
@click.option("--html", type=click.Path(path_type=Path), help="Write a page to this file instead.")
@click.option(
    "--comment",
    nargs=3,
    metavar="EXERCISE GROUP TEXT",
    help="Write TEXT to every student of the group, to be shown in nbgrader's feedback.",
)
@click.option("--names", is_flag=True, help="List who is in each group.")
def groups(
    assignment: str, html: Path | None, comment: tuple[str, str, str] | None, names: bool
) -> None:
    """Show which programs a graded class wrote for each exercise, and how many wrote each.

    Equal texts that are unlikely to be chance are pointed out, as a hint and not as a verdict.
    """
    root = _root()
    from rich.console import Console

    from autograder.classroom import nbgrader_parts

    nbgrader_parts.only()
    from autograder.classroom.statistics import groups as grouping

    if comment:
        group = grouping.comment(root, assignment, *comment)
        _print(
            f"Written to {len(group.students)} students; "
            f"`nbgrader generate_feedback {assignment} --force` shows it to them."
        )
        return
    from autograder.classroom.statistics import groups_shown
    from autograder.classroom.statistics.answer_texts import Texts

    texts = Texts(root, assignment)
    by_exercise = grouping.groups(root, assignment, texts)
    hints = grouping.hints(by_exercise, texts)
    if html:
        groups_shown.write_page(by_exercise, hints, assignment, html, names)
        _print(str(html))
    else:
        Console().print(groups_shown.as_tables(by_exercise, hints, names))


@main.command()
@click.argument("assignment")
@click.option(
    "--html",
    type=click.Path(path_type=Path),
    help="The file to write; by default ASSIGNMENT.html in this folder.",
)
@click.option("--names", is_flag=True, help="List what every student earned.")
def report(assignment: str, html: Path | None, names: bool) -> None:
    """Write a page about a graded class: scores, exercises, misconceptions, attempts."""
    root = _root()
    from autograder.classroom import nbgrader_parts

    nbgrader_parts.only()
    from autograder.classroom.statistics import report as reporting
    from autograder.classroom.statistics import report_page

    path = html or Path(f"{assignment}.html")
    report_page.write(reporting.report(root, assignment), path, names)
    _print(str(path))


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--id", "column", default="", help="The column with the ids of the students.")
def roster(file: Path, column: str) -> None:
    """Add the students in FILE to the gradebook, and update those that are there.

    FILE is Canvas's export of the gradebook, Moodle's list of participants, or a table with the
    columns id, first_name, last_name and email. Nobody is removed.
    """
    root = _root()
    from autograder.classroom import nbgrader_parts

    nbgrader_parts.only()
    from autograder.classroom import roster as students

    for sentence in students.load(root, file, column):
        _print(sentence)


@main.command()
@click.argument("assignment")
@click.argument("student")
@click.option("--days", type=click.FloatRange(0, 3650), default=0, help="How many days more.")
@click.option("--hours", type=click.FloatRange(0, 3650), default=0, help="How many hours more.")
def extend(assignment: str, student: str, days: float, hours: float) -> None:
    """Give a STUDENT more time for an ASSIGNMENT; without days and hours, take it back.

    The extension counts from the due date, and replaces an earlier one.
    """
    root = _root()
    from datetime import UTC, timedelta

    from autograder.classroom import nbgrader_parts

    nbgrader_parts.only()
    from autograder.classroom import extension
    from autograder.student import dates

    more = timedelta(days=days, hours=hours)
    due = extension.extend(root, assignment, student, more)
    _print(f"{assignment} of {student} is due on {dates.words(due, UTC)}.")
    _print(
        "If it was graded as late already, grade it again: "
        f'`nbgrader autograde {assignment} --student="{student}" --force`.'
    )


@main.command()
@click.argument("assignment")
@click.option("--yes", is_flag=True, help="Write it without asking.")
def regrade(assignment: str, yes: bool) -> None:
    """Grade an ASSIGNMENT again after its master has changed.

    The command builds the assignment, generates it, and grades its graded submissions again, in a
    folder aside. It prints whose points change, and asks before it writes anything. Points and
    comments that a person gave stay as they are.
    """
    root = _checked(assignment)
    from rich.console import Console

    from autograder.classroom.regrading import regrade as regrading

    def agrees() -> bool:
        if yes:
            return True
        if not sys.stdin.isatty():
            click.echo("Nobody can be asked here: add --yes to write it.")
            return False
        return click.confirm("Write it?")

    if not regrading.regrade(root, assignment, agrees, Console()):
        raise click.ClickException("Nothing was written.")


def _course() -> Course:
    from autograder.authoring import course

    return course.find()


def _root() -> Path:
    return _course().root


def _checked(assignment: str | None) -> Path:
    """The course's folder, after a check of its masters' text that does not need JAX."""
    from autograder.authoring import course, faults

    here = _course()
    here.require_jax()
    paths = course.masters(here.root, assignment)
    faults.require(fault for path in paths for fault in faults.of_text(path, here.exercises))
    return here.root
