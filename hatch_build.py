"""Gives the package the addresses of the repository that it is released from.

GitHub's workflows say which that is. Anywhere else the package has no addresses: a copy of the
course must not send its users to somebody else's repository.
"""

import os

from hatchling.metadata.plugin.interface import MetadataHookInterface


class Addresses(MetadataHookInterface):
    """Fills in `project.urls`."""

    def update(self, metadata):
        server, repository = map(os.environ.get, ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY"))
        if not repository:
            return
        address = f"{server or 'https://github.com'}/{repository}"
        metadata["urls"] = {
            "Repository": address,
            "Issues": f"{address}/issues",
            "Changelog": f"{address}/blob/main/CHANGELOG.md",
        }
