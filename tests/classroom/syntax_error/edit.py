"""A bracket is missing."""

from course_folder import cell_of

SOURCE = """def predict_columns(W, b, xs):
    return jax.vmap(predict, in_axes=(None, None, 1), out_axes=1(W, b, xs)
"""


def edit(notebook):
    """Hand in the cell as it is."""
    cell_of(notebook, "predict_columns").source = SOURCE
