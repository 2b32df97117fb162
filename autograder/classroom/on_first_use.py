"""An extension of JupyterLab's server that loads nbgrader's pages on their first use.

nbgrader takes as long to import as all the rest of the server, and the start page needs none of it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from tornado.httputil import HTTPServerRequest
from tornado.routing import PathMatches, Rule
from tornado.web import RequestHandler

from autograder.classroom.lab import EXTENSIONS

ADDRESSES = r"/(assignments|courses|formgraders?|nbgrader_version)(/.*)?"
"""Where nbgrader's pages are."""


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Called by the server as it starts."""
    from jupyter_core.paths import jupyter_config_path
    from jupyter_server.extension.config import ExtensionConfigManager
    from jupyter_server.utils import url_path_join

    def load() -> None:
        # What was disabled for this account or this machine stays disabled.
        manager = ExtensionConfigManager(read_config_path=jupyter_config_path())
        for name, is_enabled in manager.get_jpserver_extensions().items():
            if is_enabled and name in EXTENSIONS:
                importlib.import_module(name)._load_jupyter_server_extension(server)

    addresses = url_path_join(server.base_url, ADDRESSES)
    server.web_app.add_handlers(".*$", [Rule(OnFirstUse(addresses, load), RequestHandler)])


class OnFirstUse(PathMatches):
    """Calls a function at the first request for one of these addresses.

    It never matches, so that the request goes on to the handlers that the function has added.
    """

    def __init__(self, addresses: str, load: Callable[[], None]) -> None:
        super().__init__(addresses)
        self._load, self._is_loaded = load, False

    def match(self, request: HTTPServerRequest) -> None:
        """Call the function if the request is the first one."""
        if not self._is_loaded and super().match(request) is not None:
            self._is_loaded = True
            self._load()
