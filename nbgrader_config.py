"""The configuration of nbgrader: where the course's folders are, and the autograder."""

from pathlib import Path

from autograder.plug import plug_in

c = get_config()  # noqa: F821  (nbgrader defines it)

c.CourseDirectory.course_id = "numpy-to-jax"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"

# Assignment List releases and collects assignments in this folder. On a machine that a class
# shares, use a folder that every account may write to.
exchange = Path(__file__).resolve().parent / "exchange"
exchange.mkdir(exist_ok=True)
c.Exchange.root = str(exchange)
# Fetched assignments lie as deep as those in `exercises/`, so that links to the lessons work.
c.Exchange.path_includes_course = True

plug_in(c)
