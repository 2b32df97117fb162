"""The call in `nbgrader_config.py` that connects the autograder to nbgrader.

It gives classes by name and does not import them, because every command of nbgrader reads the
configuration.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
import warnings
from pathlib import Path

import nbgrader
from traitlets.config import Config

from autograder import text


def plug_in(config: Config) -> None:
    """Make nbgrader generate releases without hidden tests and grade with the autograder.

    Args:
        config: nbgrader's, as `get_config()` gives it in `nbgrader_config.py`.
    """
    text.write_anything()
    # nbgrader needs `alembic` on PATH, but it is not there if nbgrader was called by its path.
    if shutil.which("alembic") is None:
        scripts = sysconfig.get_path("scripts")
        os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", os.defpath), scripts])
    # nbgrader causes these warnings at every submission, and an instructor cannot avoid them.
    warnings.filterwarnings("ignore", message="Object of type <Submitted")
    # Without nbgrader's converters, as in `autograder report`, there is nothing to patch.
    if "nbgrader.converters" in sys.modules:
        from autograder.classroom import nbgrader_patches

        nbgrader_patches.install()
    if "nbgrader.server_extensions.formgrader.formgrader" in sys.modules:
        from autograder.classroom.formgrader import patches as formgrader_patches

        formgrader_patches.install()
    # nbgrader would copy the master, which is beside its notebook.
    config.GenerateAssignment.exporter_class = "autograder.classroom.release.ReleaseExporter"
    config.GenerateSolution.exporter_class = "autograder.classroom.release.ReleaseExporter"
    config.GenerateAssignment.force = True
    # nbgrader's own preprocessors, in its order, and those of ours.
    config.GenerateAssignment.preprocessors = [
        *_stock("IncludeHeaderFooter", "InstantiateTests", "LockCells"),
        "autograder.classroom.release.ClearSolutions",
        *_stock("ClearOutput", "CheckCellMetadata"),
        "autograder.classroom.release.ClearHiddenTests",
        *_stock("ComputeChecksums"),
        "autograder.classroom.release.SaveCells",
        *_stock("ClearHiddenTests", "ClearMarkScheme", "ComputeChecksums", "CheckCellMetadata"),
        "autograder.classroom.release.ShowDueDate",
    ]  # fmt: skip
    config.Autograde.exporter_class = "autograder.classroom.submission.SubmissionExporter"
    # After RestoreCells, all metadata are as released: nothing has to be checked or overwritten.
    config.Autograde.sanitize_preprocessors = [
        "nbgrader.preprocessors.ClearOutput",
        "autograder.classroom.submission.RestoreCells",
    ]
    config.Autograde.autograde_preprocessors = [
        "autograder.classroom.grades.JudgeNotebook",
        "autograder.classroom.grades.SaveVerdicts",
        "nbgrader.preprocessors.AssignLatePenalties",
    ]
    config.GenerateFeedback.exporter_class = (
        "autograder.classroom.feedback_pages.feedback_page.FeedbackExporter"
    )
    config.GenerateFeedback.preprocessors = []
    config.ExportApp.plugin_class = "autograder.exporters.CsvExport"
    # The formgrader's pages need no network, and run nothing a student wrote.
    config.HTMLExporter.filters = {"markdown2html": "autograder.classroom.markdown.markdown2html"}
    config.HTMLExporter.extra_template_basedirs = [
        str(Path(__file__).parent / "classroom" / "templates"),
        str(Path(nbgrader.__file__).parent / "server_extensions" / "formgrader" / "templates"),
    ]


def _stock(*names: str) -> list[str]:
    return [f"nbgrader.preprocessors.{name}" for name in names]
