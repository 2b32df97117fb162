"""Tells whether the files that were built from a master are up to date."""

from __future__ import annotations

import nbformat

from autograder.authoring.master import Master


def out_of_date(loaded: Master) -> str:
    """A sentence that says what to build; empty if nothing was built, or if all is up to date.

    The notebook beside the master is compared: it has all cells and is built together with the
    release.
    """
    path = loaded.path.with_suffix(".ipynb")
    if not path.is_file():
        return ""
    cells = loaded.notebook.cells
    # The build puts cells of its own above those of the master.
    built = nbformat.read(path, as_version=4).cells[-len(cells) :]
    if [cell.source for cell in built] == [cell.source for cell in cells]:
        return ""
    return (
        f"{loaded.path.name} has changed since it was built: until you run `autograder build "
        f"{loaded.assignment}`, the notebook and `check` have the old exercises."
    )
