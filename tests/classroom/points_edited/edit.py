"""Points are what the gradebook says, not what the submission says."""


def edit(notebook):
    """Raise them all."""
    for cell in notebook.cells:
        if "points" in cell.metadata.get("nbgrader", {}):
            cell.metadata.nbgrader.points = 100
