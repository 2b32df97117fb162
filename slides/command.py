"""The command `autograder slides`, which `course/course.toml` names."""

import click
from autograder.authoring import course


@click.command("slides")
def main() -> None:
    """Build the deck, the quick references and the tables into slides/build, as HTML and PDF."""
    from slides.making import build  # slow: it imports matplotlib and nbconvert

    root = course.find().root
    for path in build(root):
        click.echo(path.relative_to(root))
