"""How a course is made: `course.toml` and masters read and proved, notebooks built."""
