"""What an instructor's nbgrader runs: a class graded, grouped, reported and exported."""
