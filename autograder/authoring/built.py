"""Whether what was built from a master is still what the master says."""

from __future__ import annotations

import nbformat

from autograder.authoring.master import Master


def out_of_date(loaded: Master) -> str:
    """A sentence that says what to build; empty where nothing was built, or all is up to date.

    The notebook beside the master is compared, which holds all of its cells and is built together
    with the release.
    """
    path = loaded.path.with_suffix(".ipynb")
    if not path.is_file():
        return ""
    cells = loaded.notebook.cells
    # What the build puts above them is not the master's.
    before = nbformat.read(path, as_version=4).cells[-len(cells) :]
    if [cell.source for cell in before] == [cell.source for cell in cells]:
        return ""
    return (
        f"{loaded.path.name} has changed since it was built: until you run `autograder build "
        f"{loaded.assignment}`, the notebook and `check` have the old exercises."
    )
