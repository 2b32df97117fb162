"""Commands for those who teach a class."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from autograder.cli.context import checked_root, root_here, say


@click.command()
@click.argument("assignment")
@click.argument("student")
@click.argument("exercise")
def replay(assignment: str, student: str, exercise: str) -> None:
    """Judge one EXERCISE of a STUDENT again, with the seed of the run that graded it.

    Nothing is written: the command shows whether the same verdict is reached again. The exit
    status is 1 if the verdict has changed.
    """
    root = root_here()
    from autograder.classroom import nbgrader_parts

    nbgrader_parts.only()
    from autograder.classroom import replay as replaying
    from autograder.student.card import of_grade

    result = replaying.replay(root, assignment, student, exercise)
    record = result.record
    if result.level.lacks:
        say(f"Isolation level {result.level}: {result.level.lacks}.")
    say(
        f"{record.time}, seed {record.seed}, {record.device}, JAX {record.jax}: "
        f"{result.before.status} ({result.before.reason})"
    )
    say(f"now, JAX {result.jax}: {result.verdict.status} ({result.verdict.reason})")
    say(of_grade(result.verdict, result.verdict.points(result.points), result.points).text)
    if not result.same:
        raise click.ClickException("The verdict has changed.")


@click.command()
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
    root = root_here()
    from rich.console import Console

    from autograder.classroom import nbgrader_parts

    nbgrader_parts.only()
    from autograder.classroom.statistics import groups as grouping

    if comment:
        group = grouping.comment(root, assignment, *comment)
        say(
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
        say(str(html))
    else:
        Console().print(groups_shown.as_tables(by_exercise, hints, names))


@click.command()
@click.argument("assignment")
@click.option(
    "--html",
    type=click.Path(path_type=Path),
    help="The file to write; by default ASSIGNMENT.html in this folder.",
)
@click.option("--names", is_flag=True, help="List what every student earned.")
def report(assignment: str, html: Path | None, names: bool) -> None:
    """Write a page about a graded class: scores, exercises, misconceptions, attempts."""
    root = root_here()
    from autograder.classroom import nbgrader_parts

    nbgrader_parts.only()
    from autograder.classroom.statistics import report as reporting
    from autograder.classroom.statistics import report_page

    path = html or Path(f"{assignment}.html")
    report_page.write(reporting.report(root, assignment), path, names)
    say(str(path))


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--id", "column", default="", help="The column with the ids of the students.")
def roster(file: Path, column: str) -> None:
    """Add the students in FILE to the gradebook, and update those that are there.

    FILE is Canvas's export of the gradebook, Moodle's list of participants, or a table with the
    columns id, first_name, last_name and email. Nobody is removed.
    """
    root = root_here()
    from autograder.classroom import nbgrader_parts

    nbgrader_parts.only()
    from autograder.classroom import roster as students

    for sentence in students.load(root, file, column):
        say(sentence)


@click.command()
@click.argument("assignment")
@click.argument("student")
@click.option("--days", type=click.FloatRange(0, 3650), default=0, help="How many days more.")
@click.option("--hours", type=click.FloatRange(0, 3650), default=0, help="How many hours more.")
def extend(assignment: str, student: str, days: float, hours: float) -> None:
    """Give a STUDENT more time for an ASSIGNMENT; without days and hours, take it back.

    The extension counts from the due date, and replaces an earlier one.
    """
    root = root_here()
    from datetime import UTC, timedelta

    from autograder.classroom import nbgrader_parts

    nbgrader_parts.only()
    from autograder.classroom import extension
    from autograder.student import dates

    more = timedelta(days=days, hours=hours)
    due = extension.extend(root, assignment, student, more)
    say(f"{assignment} of {student} is due on {dates.words(due, UTC)}.")
    say(
        "If it was graded as late already, grade it again: "
        f'`nbgrader autograde {assignment} --student="{student}" --force`.'
    )


@click.command()
@click.argument("assignment")
@click.option("--yes", is_flag=True, help="Write it without asking.")
def regrade(assignment: str, yes: bool) -> None:
    """Grade an ASSIGNMENT again after its master has changed.

    The command builds the assignment, generates it, and grades its graded submissions again, in a
    folder aside. It prints whose points change, and asks before it writes anything. Points and
    comments that a person gave stay as they are.
    """
    root = checked_root(assignment)
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
