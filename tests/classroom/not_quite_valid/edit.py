"""Jupyter opens such a notebook, so it has to be graded."""

from course_folder import cell_of


def edit(notebook):
    """Break two rules of the notebook format that no grade depends on."""
    notebook.nbformat_minor = 2
    cell_of(notebook, "ensemble").outputs = [{"output_type": "stream", "lines": ["4.0"]}]
