"""Nothing that is written into a cell's metadata can break the grading."""

from course_folder import cell_of


def edit(notebook):
    """Break the metadata of a cell in each of several ways."""
    cell_of(notebook, "check-predict_batch").metadata.nbgrader.points = "many"
    cell_of(notebook, "check-column_norms").metadata.nbgrader.points = None
    cell_of(notebook, "check-predict_columns").metadata.nbgrader.points = {"points": [{"n": 1}]}
    cell_of(notebook, "check-ensemble").metadata.nbgrader.schema_version = 0
    cell_of(notebook, "check-attention").metadata.nbgrader.schema_version = 99
    for name, garbage in (
        ("check-pairwise", None),
        ("check-per_example_gradients", ["grade", {}]),
        ("predict_batch", {"grade_id": {"nested": True}}),
        ("column_norms", "text"),
    ):
        cell_of(notebook, name).metadata["nbgrader"] = garbage
