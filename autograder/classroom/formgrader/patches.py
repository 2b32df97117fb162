"""Patches of nbgrader 0.9.6's formgrader, which has no hook for pages and handlers of others.

- Beside a written answer, its page shows the rubric, the model answer and earlier comments.
- The page of submissions has a button that autogrades all of them.
- Its templates write names into the page as they are, so a student called `<script>` would run one.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader
from jupyter_server.utils import url_path_join
from nbgrader.server_extensions.formgrader import handlers
from nbgrader.server_extensions.formgrader.formgrader import FormgradeExtension
from tornado.web import StaticFileHandler

if TYPE_CHECKING:
    from autograder.classroom.formgrader.grading_help import GradingHelp

PAGES = Path(__file__).parent / "pages"
"""Our templates, which extend those of nbgrader by the name `nbgrader/…`, and our scripts."""

FILES = r"/formgrader/autograder/([a-z_]+\.(?:js|css))"


def install() -> None:
    """Patch the formgrader in this process, once."""
    if not hasattr(FormgradeExtension.init_handlers, "__wrapped__"):
        FormgradeExtension.init_tornado_settings = _init_tornado_settings(
            FormgradeExtension.init_tornado_settings
        )
        FormgradeExtension.init_handlers = _init_handlers(FormgradeExtension.init_handlers)


def _init_tornado_settings(stock: Any) -> Any:
    @functools.wraps(stock)
    def init_tornado_settings(self: Any, webapp: Any) -> None:
        stock(self, webapp)

        def help_for(assignment: str, notebook: str, cell: str) -> GradingHelp:
            # Imported late, because every command of nbgrader imports this file.
            from autograder.classroom.formgrader import grading_help

            # Another course may be chosen later; the page has opened its gradebook.
            gradebook = webapp.settings["nbgrader_gradebook"]
            return grading_help.of_cell(self.coursedir, gradebook, assignment, notebook, cell)

        pages: Environment = webapp.settings["nbgrader_jinja2_env"]
        pages.autoescape = True
        pages.loader = _with_ours(pages.loader, PAGES)
        submission: Environment = webapp.settings["nbgrader_exporter"].environment
        submission.loader = _with_ours(submission.loader, PAGES / "formgrade")
        submission.globals["help_for"] = help_for

    return init_tornado_settings


def _with_ours(stock: Any, folder: Path) -> ChoiceLoader:
    theirs = PrefixLoader({"nbgrader": FileSystemLoader(handlers.template_path)})
    return ChoiceLoader([FileSystemLoader(folder), theirs, stock])


def _init_handlers(stock: Any) -> Any:
    @functools.wraps(stock)
    def init_handlers(self: Any, webapp: Any) -> None:
        from autograder.classroom.formgrader import autograde_all

        def at(address: str) -> str:
            return url_path_join(webapp.settings["base_url"], address)

        ours: list[Any] = [
            (at(FILES), StaticFileHandler, {"path": PAGES}),
            (at(autograde_all.ADDRESS), autograde_all.AutogradeAllHandler),
        ]
        webapp.add_handlers(".*$", ours)
        stock(self, webapp)

    return init_handlers
