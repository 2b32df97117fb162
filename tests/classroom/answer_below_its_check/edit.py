"""The check of an exercise was moved above its answer."""

from course_folder import cell_of


def edit(notebook):
    """Move it."""
    check = cell_of(notebook, "check-column_norms")
    notebook.cells.remove(check)
    notebook.cells.insert(1, check)
