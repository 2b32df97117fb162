"""nbgrader reads this file: where the course's folders are, and the autograder plugged in."""

from autograder.plug import plug_in

c = get_config()  # noqa: F821  (nbgrader defines it)

c.CourseDirectory.course_id = "numpy-to-jax"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"

plug_in(c)
