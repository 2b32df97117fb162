"""What an instructor's nbgrader runs: grading a class, grouping its answers and reporting on it."""
