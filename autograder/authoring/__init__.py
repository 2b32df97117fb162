"""For authors: reads `course.toml` and masters, proves exercises and builds notebooks."""
