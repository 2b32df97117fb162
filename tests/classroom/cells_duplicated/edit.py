"""JupyterLab copies a cell with everything that is in it."""

import copy

from course_folder import cell_of

FORGETS_THE_BIAS = """def ensemble(params, x):
    return jnp.tanh(params["W"] @ x)
"""
STUB = """def pairwise(xs, ys):
    raise NotImplementedError()
"""


def edit(notebook):
    """Copy an answer to end in a worse one, another to end in a better one, and a test."""
    for name in ("ensemble", "pairwise", "check-attention"):
        cell = cell_of(notebook, name)
        notebook.cells.insert(notebook.cells.index(cell) + 1, copy.deepcopy(cell))
    first = cell_of(notebook, "ensemble")
    notebook.cells[notebook.cells.index(first) + 1].source = FORGETS_THE_BIAS
    cell_of(notebook, "pairwise").source = STUB
