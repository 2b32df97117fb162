"""nbgrader reads this file: where the course's folders are, and the autograder plugged in."""

from pathlib import Path

from autograder.plug import plug_in

c = get_config()  # noqa: F821  (nbgrader defines it)

c.CourseDirectory.course_id = "numerics-2027"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"

# Assignment List hands out and takes in through this folder. On a machine that a class shares,
# name one that every account may write to.
exchange = Path(__file__).resolve().parent / "exchange"
exchange.mkdir(exist_ok=True)
c.Exchange.root = str(exchange)
# What is fetched lies as deep as `exercises/` does, so that its links to the lessons hold.
c.Exchange.path_includes_course = True

plug_in(c)
