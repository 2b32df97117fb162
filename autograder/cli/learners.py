"""Commands for learners."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from autograder.cli.context import course_here, say


@click.command(context_settings={"ignore_unknown_options": True})
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
        sys.exit(jupyterlab.teach(course_here(), options))
    sys.exit(jupyterlab.learn(folder, options))


@click.command()
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


@click.command()
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


@click.command()
@click.argument("exercise")
def hint(exercise: str) -> None:
    """Show the next hint of an EXERCISE."""
    from autograder.student import hints

    hints.hint_near(Path.cwd(), exercise)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("exercise")
def reset(file: Path, exercise: str) -> None:
    """Restore the stub of an EXERCISE in the notebook FILE, and keep a copy of the notebook."""
    from autograder.student import stubs

    copy = stubs.reset_file(file, exercise)
    say(f"{exercise} has its stub again. The notebook as it was before is in {copy}.")


@click.command()
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
