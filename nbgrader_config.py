"""nbgrader's configuration: the folders of the course, and the autograder."""

from pathlib import Path

from autograder.plug import plug_in

c = get_config()  # noqa: F821  (nbgrader defines it)

c.CourseDirectory.course_id = "numpy-to-jax"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"

# Assignment List copies assignments and submissions through this folder. If a class shares one
# machine, use a folder that every account may write to.
exchange = Path(__file__).resolve().parent / "exchange"
exchange.mkdir(exist_ok=True)
c.Exchange.root = str(exchange)
# Fetched assignments are as deep as `exercises/`, so that their links to the lessons work.
c.Exchange.path_includes_course = True

plug_in(c)
