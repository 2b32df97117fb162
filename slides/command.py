"""The command `autograder slides`, which `course/course.toml` names."""

from pathlib import Path

import click
from autograder.authoring import course
from autograder.problem import Problem


@click.command("slides")
def main() -> None:
    """Build the deck, the quick references and the tables into slides/build, as HTML and PDF.

    Code that has not changed is not run again; to run all of it, delete slides/build.
    """
    from autograder.student import waiting
    from slides import making  # slow: it imports matplotlib and nbconvert

    root = course.find().root
    paths, total = [], making.count(root)
    try:
        with waiting.bar("Building the slides") as bar:
            bar.step(0, total)
            for path in making.build(root):
                paths.append(path)
                bar.step(len(paths), total)
    finally:
        for path in paths:
            click.echo(path.relative_to(root))


def built(root: Path) -> Path:
    """The folder with what `autograder slides` builds; what is there is not built again.

    Raises:
        Problem: something cannot be built. Without Chromium there are no PDFs, and that is no
            problem.
    """
    folder = root / "slides" / "build"
    if not (folder / "deck.html").is_file():
        from slides import making
        from slides.making import browser

        try:
            list(making.build(root))
        except Problem:
            if browser.chromium() is not None:
                raise
    return folder
