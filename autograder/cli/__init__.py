"""The command `autograder`. The files here only declare options; other modules do the work."""

from __future__ import annotations

import atexit
import gc

import click

from autograder import text
from autograder.cli import authors, instructors, learners
from autograder.cli.context import course_here
from autograder.problem import Problem


class Commands(click.Group):
    """The commands, and those that the course here adds in its `course.toml`.

    A `Problem`, or a file that cannot be used, is shown as one sentence; the exit status is 2.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        try:
            return [*super().list_commands(ctx), *course_here().commands]
        except Problem:
            return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if built_in := super().get_command(ctx, cmd_name):
            return built_in
        try:
            here = course_here()
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


@click.group(cls=Commands)
@click.version_option(package_name="numpy-to-jax")
def main() -> None:
    """Make, teach and take courses whose exercises ask for JAX programs."""
    # Python's last collections would look at all of JAX, and free nothing that anybody needs.
    atexit.register(gc.freeze)


for _command in (
    learners.lab,
    learners.unpack,
    learners.check,
    learners.hint,
    learners.reset,
    learners.progress,
    authors.pack,
    authors.colab,
    authors.build,
    authors.site,
    authors.prove,
    authors.new,
    instructors.replay,
    instructors.groups,
    instructors.report,
    instructors.roster,
    instructors.extend,
    instructors.regrade,
):
    main.add_command(_command)
