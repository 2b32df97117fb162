"""Print what CHANGELOG.md says of a version, for the release with this tag.

python3 .github/release_notes.py v0.2.0
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def notes(tag: str, project: str, changelog: str) -> str:
    """The section of a version.

    Args:
        tag: the tag of the release.
        project: the content of pyproject.toml.
        changelog: the content of CHANGELOG.md.

    Raises:
        SystemExit: the tag is not the version, or the section is missing.
    """
    version = tomllib.loads(project)["project"]["version"]
    if tag != f"v{version}":
        sys.exit(f"The tag is {tag}, and pyproject.toml has version {version}: tag v{version}.")
    head = rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d\n(.*?)(?=^## |\Z)"
    section = re.search(head, changelog, re.MULTILINE | re.DOTALL)
    if section is None or not section[1].strip():
        sys.exit(f"CHANGELOG.md says nothing of {version}: add ## [{version}] - DATE, and why.")
    return section[1].strip()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Give the tag, as in: python3 .github/release_notes.py v0.2.0")
    texts = ((ROOT / name).read_text("utf-8") for name in ("pyproject.toml", "CHANGELOG.md"))
    print(notes(sys.argv[1], *texts))
