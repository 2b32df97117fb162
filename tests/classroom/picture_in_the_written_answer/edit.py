"""JupyterLab keeps a picture that is pasted into a Markdown cell as an attachment."""

from course_folder import WRITTEN, cell_of

DOT = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5"
    "ErkJggg=="
)


def edit(notebook):
    """Paste one in."""
    cell = cell_of(notebook, WRITTEN)
    cell.source = "Broadcasting for a table; vmap for this: ![a dot](attachment:dot.png)"
    cell.attachments = {"dot.png": {"image/png": DOT}}
