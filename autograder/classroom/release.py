"""What nbgrader leaves in the place of an answer when it makes a release."""

from __future__ import annotations

import re
from typing import Any

from nbformat import NotebookNode
from nbgrader import preprocessors


class ClearSolutions(preprocessors.ClearSolutions):
    """nbgrader's own, which leaves `name = ...` where an answer is a value and not a function."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, Any], cell_index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        name = re.escape(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
        usual: dict[str, str] = self.code_stub  # type: ignore[has-type]
        if re.search(rf"^### BEGIN SOLUTION\n{name} = ", cell.source, re.MULTILINE):
            self.code_stub = {**usual, "python": f"{name} = ...  # your answer"}
        try:
            return super().preprocess_cell(cell, resources, cell_index)
        finally:
            self.code_stub = usual
