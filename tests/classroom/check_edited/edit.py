"""Test cells that say something else than they were released with."""

from course_folder import cell_of


def edit(notebook):
    """One in favour of the student, one that prints, one that fails."""
    cell_of(notebook, "check-column_norms").source = "assert True"
    cell_of(notebook, "check-pairwise").source = "print('3.0')"
    cell_of(notebook, "check-attention").source = "assert False"
