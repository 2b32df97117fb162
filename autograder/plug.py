"""The one call in `nbgrader_config.py` that puts the autograder into nbgrader.

It names classes and imports none of them, because nbgrader reads its configuration on every
command.
"""

from __future__ import annotations

import os
import shutil
import sysconfig
import warnings
from pathlib import Path

import nbgrader
from traitlets.config import Config

from autograder import text
from autograder.classroom import nbgrader_patches


def plug_in(config: Config) -> None:
    """Make nbgrader generate releases without hidden tests and grade with the autograder.

    Args:
        config: nbgrader's, as `get_config()` gives it in `nbgrader_config.py`.
    """
    text.write_anything()
    # nbgrader looks for `alembic` on PATH, where it is not if nbgrader was called by its path.
    if shutil.which("alembic") is None:
        programs = sysconfig.get_path("scripts")
        os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", os.defpath), programs])
    # nbgrader's own, on every submission; nobody who grades can do anything about them.
    warnings.filterwarnings("ignore", message="Object of type <Submitted")
    nbgrader_patches.install()
    # A master lies beside its notebook, and nbgrader would copy it.
    config.GenerateAssignment.exporter_class = "autograder.classroom.release.ReleaseExporter"
    config.GenerateSolution.exporter_class = "autograder.classroom.release.ReleaseExporter"
    config.GenerateAssignment.force = True
    # nbgrader's own, in its order, and two of ours that look for a master.
    config.GenerateAssignment.preprocessors = [
        *_stock("IncludeHeaderFooter", "InstantiateTests", "LockCells"),
        "autograder.classroom.release.ClearSolutions",
        *_stock("ClearOutput", "CheckCellMetadata"),
        "autograder.classroom.release.ClearHiddenTests",
        *_stock(
            "ComputeChecksums", "SaveCells", "ClearHiddenTests", "ClearMarkScheme",
            "ComputeChecksums", "CheckCellMetadata",
        ),
    ]  # fmt: skip
    config.Autograde.exporter_class = "autograder.classroom.submission.SubmissionExporter"
    # Once, when all preprocessors have run, instead of after each.
    config.SubmissionExporter.optimistic_validation = True
    # RestoreCells leaves no metadata but what was released, so nothing is checked or overwritten.
    config.Autograde.sanitize_preprocessors = [
        "nbgrader.preprocessors.ClearOutput",
        "autograder.classroom.submission.RestoreCells",
    ]
    config.Autograde.autograde_preprocessors = [
        "autograder.classroom.grades.JudgeNotebook",
        "autograder.classroom.grades.SaveVerdicts",
        "nbgrader.preprocessors.AssignLatePenalties",
    ]
    config.ExportApp.plugin_class = "autograder.exporters.CsvExport"
    # The formgrader's pages and the feedback ask no network, and run nothing a student wrote.
    config.HTMLExporter.filters = {"markdown2html": "autograder.classroom.markdown.markdown2html"}
    config.HTMLExporter.extra_template_basedirs = [
        str(Path(__file__).parent / "templates"),
        str(Path(nbgrader.__file__).parent / "server_extensions" / "formgrader" / "templates"),
    ]


def _stock(*names: str) -> list[str]:
    return [f"nbgrader.preprocessors.{name}" for name in names]
